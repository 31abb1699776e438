//! Tasks in the simulator: the mesh's store, every worker's own log, how long the work takes, and the books that say
//! whether each task had exactly one outcome.

use super::node::NodeId;
use super::world::{Event, World};
use mesh_core::message::{Epoch, TaskOrder, TaskSaid};
use mesh_core::operation::Operation;
use mesh_core::operation::task::{TaskId, TaskState};
use mesh_core::operation::value::Seconds;
use mesh_core::place::Class;
use mesh_core::role::{
    Desk, HostAct, Input, KeptTask, Record, Saved, Ticket, WorkerEvent, ability,
};
use mesh_core::time::{Boot, Micros, Moment};
use mesh_core::unit::Weight;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A write with a sync, or a read of what is open.
const DISK: Micros = Micros::millis(4);
/// How long after its deadline a task may be without an outcome: the death of an orchestrator and the start of the next.
const GRACE: Micros = Micros::seconds(60);
/// How long the load's tasks may take.
const TIMEOUT: Micros = Micros::seconds(60);
/// A task is so much more than the processing of a payload.
const HEAVY: Weight = Weight(500);

/// Everything about tasks.
#[derive(Debug, Default)]
pub(super) struct Chores {
    /// The store, which outlives every node. A lower epoch than the highest that wrote is fenced off.
    store: BTreeMap<TaskId, KeptTask>,
    desk: Option<Desk>,
    fence: Epoch,
    /// The logs of the workers, by agent and task, on disk.
    logs: BTreeMap<(u32, TaskId), usize>,
    runs: Vec<Run>,
    begun: BTreeMap<TaskId, u32>,
    delegated: u64,
    told_lost: BTreeMap<TaskId, ()>,
}

/// One agent's work on one task.
#[derive(Debug)]
struct Run {
    agent: u32,
    order: Arc<TaskOrder>,
    /// The start of the agent in which it goes on.
    boot: Boot,
    at: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Queued,
    Begun,
    Ended,
    Dropped,
}

/// Tasks in numbers.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tally {
    /// With an outcome.
    pub(super) ended: u64,
    /// Done.
    pub(super) done: u64,
    /// Accepted, past their time, and without an outcome.
    pub(super) lost: u64,
    /// Begun twice though they may not be.
    pub(super) twice: u64,
}

impl World {
    /// The first task of the standing load.
    pub(super) fn schedule_tasks(&mut self) {
        let per_minute = self.scenario.load.tasks_per_minute;
        if per_minute > 0.0 {
            let gap = -libm::log(1.0 - self.chance.unit()) * 60e6 / per_minute;
            let start = Moment(self.scenario.load.start.0).max(self.now);
            self.queue.push(start + Micros(gap as i64), Event::Delegate);
        }
    }

    /// One task of the standing load.
    pub(super) fn delegate(&mut self) {
        let number = self.chores.delegated;
        self.chores.delegated += 1;
        let requires = self.capability();
        let operation = Operation::Delegate {
            task: format!("load {number}"),
            to: None,
            timeout_s: Some(Seconds(TIMEOUT)),
            requires,
            priority: None,
            idempotent: Some(number.is_multiple_of(3)),
        };
        self.ask(operation, false);
        self.schedule_tasks();
    }

    /// What a task needs: mostly something that a class can do.
    fn capability(&mut self) -> Option<String> {
        let class = Class::ALL[self.chance.below(6) as usize];
        let able = self
            .clusters
            .iter()
            .any(|info| info.class == class && !class.is_human());
        let names = ability::of_class(class);
        able.then(|| names[self.chance.below(names.len() as u64) as usize].to_owned())
    }

    /// A worker is given a task. What its log knows of it counts.
    pub(super) fn chore(&mut self, agent: u32, order: &Arc<TaskOrder>) {
        let boot = self.agents[agent as usize].host.boot;
        let key = (agent, order.id.clone());
        if let Some(&run) = self.chores.logs.get(&key) {
            let known = &mut self.chores.runs[run];
            let alive = known.boot == boot;
            match known.at {
                Stage::Ended => return self.say_soon(agent, run),
                Stage::Begun if alive => return self.say_soon(agent, run),
                Stage::Begun if !order.idempotent => return self.say_soon(agent, run),
                Stage::Queued if alive => return,
                Stage::Queued | Stage::Begun | Stage::Dropped => {}
            }
        }
        let run = self.chores.runs.len();
        self.chores.logs.insert(key, run);
        self.chores.runs.push(Run {
            agent,
            order: Arc::clone(order),
            boot,
            at: Stage::Queued,
        });
        let wait = self.chance.span(Micros::millis(1), Micros::millis(20));
        self.queue
            .push(self.now + wait, Event::Chore(agent, run as u32));
    }

    /// The next step of a run, or what its log says to whoever asks again.
    pub(super) fn step(&mut self, agent: u32, run: u32) {
        let node = &self.agents[agent as usize];
        let (up, boot) = (node.host.up, node.host.boot);
        let known = &self.chores.runs[run as usize];
        let id = known.order.id.clone();
        if !up {
            return;
        }
        let said = match known.at {
            Stage::Dropped => return,
            Stage::Ended => TaskSaid::done("ok"),
            Stage::Begun if known.boot != boot => TaskSaid::Interrupted,
            Stage::Queued if known.boot != boot => return,
            Stage::Queued
                if self.agents[agent as usize]
                    .role
                    .applied()
                    .frozen()
                    .is_some() =>
            {
                let later = self.now + Micros::seconds(1);
                return self.queue.push(later, Event::Chore(agent, run));
            }
            Stage::Queued => {
                let took = self.duration(agent);
                self.chores.runs[run as usize].at = Stage::Begun;
                self.begun(&id, run);
                self.queue.push(self.now + took, Event::Chore(agent, run));
                TaskSaid::Started
            }
            Stage::Begun => {
                self.chores.runs[run as usize].at = Stage::Ended;
                TaskSaid::done("ok")
            }
        };
        self.give(
            NodeId::Agent(agent),
            Input::Worker(WorkerEvent::Task(id, said)),
        );
    }

    /// A worker is asked to give a task up.
    pub(super) fn give_up(&mut self, agent: u32, id: TaskId) {
        let key = (agent, id);
        match self.chores.logs.get(&key).copied() {
            Some(run) if self.chores.runs[run].at != Stage::Queued => self.say_soon(agent, run),
            found => {
                if let Some(run) = found {
                    self.chores.runs[run].at = Stage::Dropped;
                    self.chores.logs.remove(&key);
                }
                // Said from a step of its own: roles are not called from within their own outputs.
                let order = TaskOrder {
                    id: key.1,
                    agent: self.agents[agent as usize].role.place(),
                    act: mesh_core::message::TaskAct::GiveUp,
                    name: "".into(),
                    requires: None,
                    input: Arc::from(""),
                    idempotent: false,
                    priority: 0,
                    left: Micros::ZERO,
                    warrant: mesh_core::message::Warrant::default(),
                };
                self.queue.push(
                    self.now + Micros(1),
                    Event::GivenUp(agent, self.chores.runs.len() as u32),
                );
                let boot = self.agents[agent as usize].host.boot;
                self.chores.runs.push(Run {
                    agent,
                    order: Arc::new(order),
                    boot,
                    at: Stage::Dropped,
                });
            }
        }
    }

    /// The worker has given a task up.
    pub(super) fn given_up(&mut self, agent: u32, run: u32) {
        let id = self.chores.runs[run as usize].order.id.clone();
        self.give(
            NodeId::Agent(agent),
            Input::Worker(WorkerEvent::Task(id, TaskSaid::GivenUp)),
        );
    }

    /// A worker is told to end a task. What has begun ends without effect on the mesh: its outcome is set already.
    pub(super) fn drop_chore(&mut self, agent: u32, id: &TaskId) {
        if let Some(&run) = self.chores.logs.get(&(agent, id.clone()))
            && self.chores.runs[run].at == Stage::Queued
        {
            self.chores.runs[run].at = Stage::Dropped;
        }
    }

    /// A record for the store.
    pub(super) fn keep(&mut self, node: NodeId, ticket: Ticket, record: Record) {
        let NodeId::Seat(seat) = node else { return };
        if ticket.epoch < self.chores.fence {
            return;
        }
        self.chores.fence = ticket.epoch;
        match record {
            Record::Task(kept) => self.keep_task(*kept),
            Record::Desk(desk) => self.chores.desk = Some(*desk),
            // Sheets come as events too, and nobody reads the audit trail of a run.
            Record::Sheet(_) | Record::Audit(_) => return,
        }
        self.queue
            .push(self.now + DISK, Event::Stored(seat, ticket));
    }

    fn keep_task(&mut self, kept: KeptTask) {
        let id = kept.task.id.clone();
        let held = self.chores.store.get(&id).map(|held| &held.task);
        if let Some(held) = held
            && held.state().is_final()
            && held.outcome() != kept.task.outcome()
        {
            let (now, was) = (self.now, held.state());
            let to = kept.task.state();
            return self
                .truth
                .violate(now, &format!("task {id} was {was} and is {to} now"));
        }
        self.truth.mix(kept.task.state() as u64);
        self.chores.store.insert(id, kept);
    }

    /// A new orchestrator asks what there is.
    pub(super) fn recall(&mut self, node: NodeId) {
        if let NodeId::Seat(seat) = node {
            self.queue.push(self.now + DISK, Event::Recalled(seat));
        }
    }

    /// It is told.
    pub(super) fn recalled(&mut self, seat: u32) {
        let open = self.chores.store.values();
        let open = open.filter(|kept| !kept.task.state().is_final()).cloned();
        let saved = Saved {
            tasks: open.collect(),
            desk: self.chores.desk.clone(),
        };
        self.give(NodeId::Seat(seat), Input::Recalled(Box::new(saved)));
    }

    /// A host is asked to start an agent again, or to put another in its place.
    pub(super) fn host_act(&mut self, act: HostAct) {
        let (HostAct::Restart(agent) | HostAct::Replace(agent)) = act;
        let cluster = self.cluster_index(agent.cluster);
        let slot = usize::from(agent.slot());
        if let Some(&index) = self.clusters[cluster].agents.get(slot) {
            let wait = self.chance.span(Micros::seconds(1), Micros::seconds(3));
            self.queue
                .push(self.now + wait, Event::Restart(NodeId::Agent(index)));
        }
    }

    /// Tasks in numbers, and those that were lost as broken invariants.
    pub(super) fn tally(&mut self) -> Tally {
        let mut tally = Tally::default();
        let now = self.now;
        let serving = self
            .orchestrators
            .into_iter()
            .any(|index| self.seats[index as usize].role.serving());
        let wall = self.wall();
        let mut lost = Vec::new();
        for (id, kept) in &self.chores.store {
            let state = kept.task.state();
            tally.ended += u64::from(state.is_final());
            tally.done += u64::from(state == TaskState::Done);
            if !state.is_final() && kept.task.deadline + GRACE < wall && serving {
                tally.lost += 1;
                if !self.chores.told_lost.contains_key(id) {
                    lost.push((id.clone(), state));
                }
            }
        }
        for (id, state) in lost {
            self.truth.violate(
                now,
                &format!("task {id} is {state} past its time and has no outcome"),
            );
            self.chores.told_lost.insert(id, ());
        }
        let may = |id: &TaskId| {
            let kept = self.chores.store.get(id);
            kept.is_some_and(|kept| kept.task.idempotent)
        };
        let twice = self
            .chores
            .begun
            .iter()
            .filter(|(id, begun)| **begun > 1 && !may(id));
        tally.twice = twice.count() as u64;
        tally
    }

    /// A run begins: that is on the worker's disk before anybody hears of it.
    fn begun(&mut self, id: &TaskId, run: u32) {
        let begun = self.chores.begun.entry(id.clone()).or_default();
        *begun += 1;
        if *begun > 1 && !self.chores.runs[run as usize].order.idempotent {
            let (now, times) = (self.now, *begun);
            self.truth.violate(
                now,
                &format!("task {id} was begun {times} times and may run once"),
            );
        }
    }

    fn duration(&mut self, agent: u32) -> Micros {
        let node = &self.agents[agent as usize];
        let queue = u32::from(node.device.queue());
        node.device.processing(HEAVY, queue, &mut self.chance)
    }

    fn say_soon(&mut self, agent: u32, run: usize) {
        self.queue
            .push(self.now + Micros(1), Event::Say(agent, run as u32));
    }

    /// The worker says how a run stands, without going on with it.
    pub(super) fn say(&mut self, agent: u32, run: u32) {
        let node = &self.agents[agent as usize];
        let known = &self.chores.runs[run as usize];
        if !node.host.up {
            return;
        }
        let said = match known.at {
            Stage::Ended => TaskSaid::done("ok"),
            Stage::Begun if known.boot != node.host.boot => TaskSaid::Interrupted,
            Stage::Begun => TaskSaid::Started,
            Stage::Queued => TaskSaid::Queued,
            Stage::Dropped => return,
        };
        let id = known.order.id.clone();
        self.give(
            NodeId::Agent(agent),
            Input::Worker(WorkerEvent::Task(id, said)),
        );
    }
}
