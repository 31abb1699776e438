//! Tasks on modelled devices: how long they take, what they wait for, what a freeze does to them.

use super::super::sim::node::NodeId;
use super::config::Devices;
use super::crew::busy_waiting;
use super::shard::{Event, Shard};
use mesh_core::message::{TaskOrder, TaskSaid};
use mesh_core::operation::task::TaskId;
use mesh_core::role::{Input, WorkerEvent, ability};
use mesh_core::time::{Boot, Micros};
use mesh_core::unit::Weight;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A task is so much more than the processing of a payload (§3.1).
const HEAVY: Weight = Weight(500);
/// Runs remembered; of more, the oldest that ended are forgotten.
const RUNS_MAX: usize = 10_000;
/// How long running work takes to stop.
const STOPPING: (Micros, Micros) = (Micros(500), Micros::millis(5));

/// All tasks on this shard's devices.
#[derive(Debug, Default)]
pub(super) struct Chores {
    runs: BTreeMap<u32, Run>,
    by_task: BTreeMap<(u32, TaskId), u32>,
    numbered: u32,
}

/// One device's work on one task.
#[derive(Debug)]
struct Run {
    agent: u32,
    order: Arc<TaskOrder>,
    boot: Boot,
    at: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Queued,
    /// It waits for hardware that the device does not have: for good.
    Stuck,
    Begun,
    Ended,
}

impl Shard {
    /// A device is given a task.
    pub(super) fn chore(&mut self, agent: u32, order: Arc<TaskOrder>) {
        let boot = self.agents[agent as usize].host.boot;
        let key = (agent, order.id.clone());
        if let Some(run) = self.chores.by_task.get(&key).copied() {
            let known = &self.chores.runs[&run];
            let again = known.at == Stage::Begun && known.boot != boot && order.idempotent
                || known.at == Stage::Queued && known.boot != boot;
            if !again {
                return self.say(run);
            }
            self.forget(run);
        }
        let run = self.chores.numbered;
        self.chores.numbered += 1;
        self.chores.by_task.insert(key, run);
        self.chores.runs.insert(
            run,
            Run {
                agent,
                order,
                boot,
                at: Stage::Queued,
            },
        );
        self.queue_up(agent, 1);
        self.tidy();
        let wait = self.chance.span(Micros::millis(1), Micros::millis(20));
        self.queue.push(self.now + wait, Event::Chore(run));
    }

    /// A run comes to its next step.
    pub(super) fn step(&mut self, run: u32) {
        let Some(known) = self.chores.runs.get(&run) else {
            return;
        };
        let (agent, order, at) = (known.agent, Arc::clone(&known.order), known.at);
        let node = &self.agents[agent as usize];
        if !node.host.up || known.boot != node.host.boot {
            return;
        }
        if node.role.applied().frozen().is_some() && at != Stage::Ended {
            // Paused: what runs goes on where it was when it is thawed.
            let later = self.now + Micros::seconds(1);
            return self.queue.push(later, Event::Chore(run));
        }
        let (next, said) = match at {
            Stage::Queued => {
                if let Some(said) = self.lacks(agent, &order) {
                    (Stage::Stuck, said)
                } else {
                    let took = self.duration(agent);
                    self.queue.push(self.now + took, Event::Chore(run));
                    (Stage::Begun, TaskSaid::Started)
                }
            }
            Stage::Begun => (Stage::Ended, TaskSaid::done(&self.result(agent, &order))),
            Stage::Stuck | Stage::Ended => return,
        };
        if let Some(known) = self.chores.runs.get_mut(&run) {
            known.at = next;
        }
        if next == Stage::Stuck {
            // It waits in vain, and keeps its machine busy with that.
            let device = &mut self.agents[agent as usize];
            device.device.slow_down(busy_waiting(device.role.place()));
        }
        if next == Stage::Ended {
            self.queue_up(agent, -1);
        }
        self.tell(agent, &order.id, said);
    }

    /// A device is asked to give a task up, if nothing has happened yet.
    pub(super) fn give_up(&mut self, agent: u32, id: &TaskId) {
        let key = (agent, id.clone());
        let run = self.chores.by_task.get(&key).copied();
        match run.map(|run| (run, self.chores.runs[&run].at)) {
            Some((run, Stage::Begun | Stage::Ended)) => self.say(run),
            Some((run, Stage::Queued | Stage::Stuck)) => {
                self.queue_up(agent, -1);
                self.forget(run);
                self.tell(agent, id, TaskSaid::GivenUp);
            }
            None => self.tell(agent, id, TaskSaid::GivenUp),
        }
    }

    /// A device is told to end a task; nothing need be said.
    pub(super) fn drop_chore(&mut self, agent: u32, id: &TaskId) {
        if let Some(run) = self.chores.by_task.get(&(agent, id.clone())).copied() {
            if self.chores.runs[&run].at != Stage::Ended {
                self.queue_up(agent, -1);
            }
            self.forget(run);
        }
    }

    /// Nothing new begins, and what runs is paused.
    pub(super) fn stop_work(&mut self, agent: u32) {
        let still = Event::Still(agent);
        if self.shared.config.devices != Devices::Modelled {
            return self.soon.push_back(still);
        }
        let after = self.chance.span(STOPPING.0, STOPPING.1);
        self.queue.push(self.now + after, still);
    }

    /// The worker says how a run stands, once the role that asked is done.
    fn say(&mut self, run: u32) {
        let Some(known) = self.chores.runs.get(&run) else {
            return;
        };
        let (agent, order) = (known.agent, Arc::clone(&known.order));
        let boot = self.agents[agent as usize].host.boot;
        let said = match known.at {
            Stage::Queued => TaskSaid::Queued,
            Stage::Stuck => match self.lacks(agent, &order) {
                Some(said) => said,
                None => TaskSaid::Queued,
            },
            Stage::Begun if known.boot != boot => TaskSaid::Interrupted,
            Stage::Begun => TaskSaid::Started,
            Stage::Ended => TaskSaid::done(&self.result(agent, &order)),
        };
        self.tell(agent, &order.id, said);
    }

    /// Roles are not called from within their own outputs, so what is said here is said as an event of its own.
    fn tell(&mut self, agent: u32, id: &TaskId, said: TaskSaid) {
        self.soon
            .push_back(Event::Said(agent, Box::new((id.clone(), said))));
    }

    /// What the worker says reaches its agent.
    pub(super) fn said(&mut self, agent: u32, id: TaskId, said: TaskSaid) {
        let event = WorkerEvent::Task(id, said);
        self.give(NodeId::Agent(agent), Input::Worker(event));
    }

    /// What a task waits for on a device without the hardware that it needs.
    fn lacks(&self, agent: u32, order: &TaskOrder) -> Option<TaskSaid> {
        let class = self.agents[agent as usize].role.class();
        let needed = ability::need(order.requires.as_deref()?)?.hardware?;
        let has = ability::hardware(class).has(needed);
        (!has).then(|| {
            let detail = format!("{} allocation", needed.word());
            TaskSaid::Waits(needed, detail.as_str().into())
        })
    }

    fn duration(&mut self, agent: u32) -> Micros {
        if self.shared.config.devices != Devices::Modelled {
            return Micros(1);
        }
        let node = &self.agents[agent as usize];
        let queue = u32::from(node.device.queue());
        node.device.processing(HEAVY, queue, &mut self.chance)
    }

    /// What a modelled device answers. It says that it is one.
    fn result(&self, agent: u32, order: &TaskOrder) -> String {
        let node = &self.agents[agent as usize];
        let asked = order.name.to_string().to_lowercase();
        if asked.contains("context") {
            return "no context loaded".to_owned();
        }
        if asked.contains("queue") || asked.contains("busy") {
            return format!("{} waiting", node.device.queue());
        }
        format!("done by a modelled {} device", node.role.class().word())
    }

    /// So many tasks more wait at a device.
    fn queue_up(&mut self, agent: u32, by: i16) {
        let agent = &mut self.agents[agent as usize];
        agent.waiting = agent.waiting.saturating_add_signed(by);
        let own = u16::from(agent.device.queue());
        agent.role.set_queue(own + agent.waiting);
    }

    fn forget(&mut self, run: u32) {
        if let Some(run) = self.chores.runs.remove(&run) {
            if run.at == Stage::Stuck {
                self.agents[run.agent as usize].device.slow_down(1.0);
            }
            self.chores
                .by_task
                .remove(&(run.agent, run.order.id.clone()));
        }
    }

    /// Forgets the oldest runs that have ended, when there are too many.
    fn tidy(&mut self) {
        if self.chores.runs.len() > RUNS_MAX {
            let ended = self.chores.runs.iter();
            let ended = ended.filter(|(_, run)| run.at == Stage::Ended);
            let oldest: Vec<u32> = ended.map(|(&run, _)| run).take(RUNS_MAX / 10).collect();
            for run in oldest {
                self.forget(run);
            }
        }
    }
}
