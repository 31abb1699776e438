//! Desired state at an agent: what concerns its cluster, shared with its neighbours, and the freeze that it obeys
//! (PROTOCOL §6).
//!
//! All agents of a cluster hold the same entries, so an agent keeps the list that its lead sent as it came; in one process
//! that is one list a cluster. A list that says less than what is held (from a lead that missed something, or leaves
//! something out) is merged into a list of the agent's own. An agent of a calm mesh holds nothing on the heap.

use super::desired::{merge_into, proven, say_what_is_here};
use super::notary::{Notary, Signatory};
use super::{Event, From, Output, Outputs, Refusal as Refused, Start, To, Work};
use crate::guard::freeze::stop_bytes;
use crate::guard::level::{Effective, Entry, Levels, Stamp};
use crate::message::{Body, Epoch, Stopped};
use crate::place::scope::{Name, Region};
use crate::place::{AgentId, Class};
use crate::time::{Micros, Moment};
use std::sync::Arc;

/// Between two questions to the lead.
const ASK_GAP: Micros = Micros::seconds(1);
/// A list in another order is compared up to this length: 1,024 comparisons.
const COMPARED_MAX: usize = 32;

/// What an agent keeps of desired state.
#[derive(Debug, Default)]
pub struct Applied {
    notary: Option<Arc<dyn Notary>>,
    held: Option<Arc<[Entry]>>,
    digest: u64,
    frozen: Option<Stamp>,
    /// After a freeze: the worker has said that nothing runs.
    still: bool,
    settled: bool,
    asked_at: Option<Moment>,
}

/// What a change of desired state asks of the agent itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turned {
    /// Nothing.
    Same,
    /// A freeze is in force that was not before: what it holds ends.
    Frozen,
    /// Nothing is frozen any more.
    Thawed,
}

impl Applied {
    /// A new start, with what was on disk.
    pub fn start(&mut self, agent: AgentId, class: Class, start: &Start, out: &mut Outputs) {
        *self = Self {
            notary: Some(Arc::clone(&start.notary)),
            ..Self::default()
        };
        if !start.levels.is_empty() {
            self.merge(agent, class, &start.levels, out);
        }
    }

    /// The lead says what its agents should hold.
    pub fn compared(
        &mut self,
        now: Moment,
        agent: AgentId,
        theirs: Option<u64>,
        out: &mut Outputs,
    ) {
        match theirs {
            Some(digest) if digest == self.digest => self.settled = true,
            Some(_) if self.may_ask(now) => {
                self.asked_at = Some(now);
                say_what_is_here(&self.levels(), Region::Cluster(agent.cluster), |summary| {
                    out.send(To::Parent, Epoch::default(), Body::LevelsHave(summary));
                });
            }
            None | Some(_) => {}
        }
    }

    /// Whether the last question is long enough ago, or from before a step of the clock.
    fn may_ask(&self, now: Moment) -> bool {
        self.asked_at
            .is_none_or(|at| now >= at + ASK_GAP || now < at)
    }

    /// A message about desired state.
    pub fn take(&mut self, agent: AgentId, class: Class, body: Body, out: &mut Outputs) -> Turned {
        match body {
            Body::Levels(entries) => {
                self.settled = true;
                let turned = self.merge(agent, class, &entries, out);
                if turned == Turned::Same {
                    // Who says again what is held already has not heard that we stopped.
                    self.say_stopped(agent, out);
                }
                return turned;
            }
            Body::LevelsHave(summary) => {
                let region = Region::Cluster(agent.cluster);
                let difference = self.levels().difference(region, &summary);
                if !difference.lacking.is_empty() {
                    let lacking = Body::Levels(proven(&self.levels(), difference.lacking));
                    out.send(To::Parent, Epoch::default(), lacking);
                }
                if !difference.wanted.is_empty() {
                    let wanted = Body::LevelsWanted(difference.wanted.into());
                    out.send(To::Parent, Epoch::default(), wanted);
                }
            }
            Body::LevelsWanted(prints) => {
                let picked = {
                    let levels = self.levels();
                    Body::Levels(proven(&levels, levels.pick(&prints)))
                };
                out.send(To::Parent, Epoch::default(), picked);
            }
            _ => out.refuse(Refused::Unexpected),
        }
        Turned::Same
    }

    /// The worker says that nothing runs.
    pub fn still(&mut self, agent: AgentId, out: &mut Outputs) {
        if self.frozen.is_some() {
            self.still = true;
            self.say_stopped(agent, out);
        }
    }

    /// Whom to believe.
    pub(super) const fn notary(&self) -> Option<&Arc<dyn Notary>> {
        self.notary.as_ref()
    }

    /// The epoch of the freeze in force.
    pub const fn frozen(&self) -> Option<Stamp> {
        self.frozen
    }

    /// Whether it has compared with its lead since its start.
    pub const fn settled(&self) -> bool {
        self.settled
    }

    /// For the beat.
    pub const fn digest(&self) -> u64 {
        self.digest
    }

    /// All that holds for the agent, worked out anew.
    pub fn effective(&self, agent: AgentId, class: Class) -> Effective {
        self.levels().effective(agent, class)
    }

    /// Whether a capability is denied to the agent.
    pub(super) fn denies(&self, agent: AgentId, class: Class, capability: &Name) -> bool {
        !self.entries().is_empty() && self.levels().denies(agent, class, capability)
    }

    /// The entries held.
    pub fn entries(&self) -> &[Entry] {
        self.held.as_deref().unwrap_or_default()
    }

    /// Says, signed, that it has stopped, if it has.
    fn say_stopped(&self, agent: AgentId, out: &mut Outputs) {
        if let (Some(epoch), true, Some(notary)) = (self.frozen, self.still, &self.notary) {
            let bytes = stop_bytes(agent, epoch);
            let signature = notary.sign(Signatory::Agent(agent), &bytes);
            let stopped = Box::new(Stopped { epoch, signature });
            out.send(To::Parent, Epoch::default(), Body::Stopped(stopped));
        }
    }

    fn merge(
        &mut self,
        agent: AgentId,
        class: Class,
        entries: &Arc<[Entry]>,
        out: &mut Outputs,
    ) -> Turned {
        let Some(notary) = self.notary.clone() else {
            return Turned::Same;
        };
        let mut levels = self.levels();
        let mut refused = Vec::new();
        let realm = Region::Cluster(agent.cluster);
        let applied = merge_into(&mut levels, realm, &*notary, entries, &mut refused);
        for refusal in refused {
            out.event(Event::LevelRefused(Some(From::Parent), Box::new(refusal)));
        }
        if applied.is_empty() {
            return Turned::Same;
        }
        self.digest = levels.digest(realm);
        let held = if says_the_same(entries, &levels) {
            Arc::clone(entries)
        } else {
            levels.entries().cloned().collect()
        };
        out.0.push(Output::Keep(Arc::clone(&held)));
        self.held = Some(held);
        self.obey(levels.effective(agent, class), agent, out)
    }

    /// What is in force now against what was.
    fn obey(&mut self, effective: Effective, agent: AgentId, out: &mut Outputs) -> Turned {
        let before = core::mem::replace(&mut self.frozen, effective.frozen);
        match (before, effective.frozen) {
            (None, Some(_)) => {
                self.still = false;
                out.work(Work::Freeze);
                Turned::Frozen
            }
            (Some(_), None) => {
                self.still = false;
                out.work(Work::Thaw);
                Turned::Thawed
            }
            (Some(before), Some(epoch)) if before != epoch => {
                self.say_stopped(agent, out);
                Turned::Same
            }
            (Some(_), Some(_)) | (None, None) => Turned::Same,
        }
    }

    /// What is held, to merge into and to compare; its term is the highest of what was accepted before.
    fn levels(&self) -> Levels {
        let mut levels = Levels::new();
        let highest = self.entries().iter().map(|entry| entry.stamp.term).max();
        levels.raise_term(highest.unwrap_or(0));
        for entry in self.entries() {
            levels.merge(entry.clone(), |_, _, _| true);
        }
        levels
    }
}

/// Whether a list holds exactly what was merged, signatures included: one that differs anywhere is not kept, since only
/// what was merged has been verified.
fn says_the_same(entries: &[Entry], levels: &Levels) -> bool {
    let found = |held: &Entry| entries.contains(held);
    entries.iter().eq(levels.entries())
        || entries.len() == levels.len()
            && entries.len() <= COMPARED_MAX
            && levels.entries().all(found)
}
