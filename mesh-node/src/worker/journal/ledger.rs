//! What the workers' log comes to: for each task at each agent, begun or ended.

use mesh_core::message::TaskSaid;
use mesh_core::operation::task::TaskId;
use mesh_core::place::AgentId;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// Ended tasks that are remembered at most: those of many times the longest wait for an outcome.
const ENDED_MAX: usize = 16_384;
/// Bytes of their results at most.
const ENDED_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// What an entry without a result takes, with its frame.
const ENTRY_BYTES: u64 = 96;

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Entry {
    /// A task begins at an agent: from here on it may have touched the world.
    Began(AgentId, TaskId),
    /// It has ended there, and this is what is said of it to whoever asks again.
    Ended(AgentId, TaskId, TaskSaid),
}

/// What is known of a task at an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// It began, and nothing is known of an end.
    Began,
    /// It ended like this.
    Ended(TaskSaid),
}

type Key = (AgentId, TaskId);

/// All that is known.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    known: BTreeMap<Key, Known>,
    /// Those that ended, the oldest first. One that ended twice stands here twice, and counts at the second.
    ended: VecDeque<Key>,
    bytes: u64,
}

impl Ledger {
    pub(super) fn take(&mut self, entry: Entry) {
        let (key, known) = match entry {
            Entry::Began(agent, task) => ((agent, task), Known::Began),
            Entry::Ended(agent, task, said) => {
                self.ended.push_back((agent, task.clone()));
                ((agent, task), Known::Ended(said))
            }
        };
        self.bytes += size(&known);
        if let Some(before) = self.known.insert(key.clone(), known) {
            self.bytes -= size(&before);
            if let Known::Ended(_) = before
                && let Some(at) = self.ended.iter().position(|ended| *ended == key)
            {
                self.ended.remove(at);
            }
        }
        while self.ended.len() > ENDED_MAX || self.bytes > ENDED_BYTES_MAX {
            let Some(oldest) = self.ended.pop_front() else {
                break;
            };
            if let Some(gone) = self.known.remove(&oldest) {
                self.bytes -= size(&gone);
            }
        }
    }

    /// The process that began them is dead: what has no end was interrupted. How many.
    pub(super) fn interrupt_all(&mut self) -> u64 {
        let open = self.known.iter();
        let open = open.filter(|(_, known)| **known == Known::Began);
        let open: Vec<Key> = open.map(|(key, _)| key.clone()).collect();
        let count = open.len() as u64;
        for (agent, task) in open {
            self.take(Entry::Ended(agent, task, TaskSaid::Interrupted));
        }
        count
    }

    pub(super) fn known(&self, agent: AgentId, task: &TaskId) -> Option<Known> {
        self.known.get(&(agent, task.clone())).cloned()
    }

    /// About so many bytes are needed for what counts.
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What counts: those that ended in the order in which they did.
    pub(super) fn entries(&self) -> impl Iterator<Item = Entry> + '_ {
        let began = self.known.iter();
        let began = began.filter(|(_, known)| **known == Known::Began);
        let began = began.map(|((agent, task), _)| Entry::Began(*agent, task.clone()));
        let ended = self.ended.iter().filter_map(|key| {
            let Known::Ended(said) = self.known.get(key)? else {
                return None;
            };
            Some(Entry::Ended(key.0, key.1.clone(), said.clone()))
        });
        began.chain(ended)
    }
}

fn size(known: &Known) -> u64 {
    let said = match known {
        Known::Began => 0,
        Known::Ended(TaskSaid::Done(result)) => result.len(),
        Known::Ended(TaskSaid::Failed(why)) => why.raw().len(),
        Known::Ended(_) => 0,
    };
    ENTRY_BYTES + said as u64
}
