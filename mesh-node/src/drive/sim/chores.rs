//! Tasks in the simulator: the mesh's store, every worker's own log, how long the work takes, and the books that say
//! whether each task had exactly one outcome.

use super::node::NodeId;
use super::operate::Wanted;
use super::sabotage::Sabotage;
use super::world::{Event, World};
use mesh_core::message::{Epoch, MessageId, TaskOrder, TaskSaid};
use mesh_core::operation::Operation;
use mesh_core::operation::resource::Resource;
use mesh_core::operation::task::{Outcome, TaskId, TaskState};
use mesh_core::operation::value::Seconds;
use mesh_core::place::Class;
use mesh_core::role::{Desk, Input, KeptTask, Record, Saved, Ticket, WorkerEvent, ability};
use mesh_core::time::{Boot, Micros, Moment};
use mesh_core::unit::Weight;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A write with a sync, or a read of what is open.
const DISK: Micros = Micros::millis(4);
/// How long after its deadline a task may be without an outcome: the death of an orchestrator and the start of the next.
const GRACE: Micros = Micros::seconds(60);
/// How long the load's tasks may take.
const TIMEOUT: Micros = Micros::seconds(60);
/// How much slower a machine is while a task waits in vain for what it has not.
const BUSY_WAITING: f64 = 6.0;
/// Between two tries to get it.
const TRIES_AGAIN: Micros = Micros::seconds(2);
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
    told_lost: BTreeSet<TaskId>,
    /// By when each is to have an outcome, in true time.
    due: BTreeMap<TaskId, Moment>,
}

/// One agent's work on one task.
#[derive(Debug)]
struct Run {
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
        self.ask(operation, Wanted::Either);
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
        if let Some(&run) = self.chores.logs.get(&key)
            && !self.broken_by(Sabotage::AmnesicWorkers)
        {
            let known = &mut self.chores.runs[run];
            let alive = known.boot == boot;
            match known.at {
                Stage::Ended => return self.say_soon(agent, run),
                Stage::Begun if alive => return self.say_soon(agent, run),
                Stage::Begun if !order.idempotent => return self.say_soon(agent, run),
                Stage::Queued if alive => return,
                // Given up is given up: an order that was under way meanwhile, or comes twice, begins nothing.
                Stage::Dropped => {
                    let again = self.now + Micros(1);
                    return self.queue.push(again, Event::GivenUp(agent, run as u32));
                }
                Stage::Queued | Stage::Begun => {}
            }
        }
        let run = self.chores.runs.len();
        self.chores.logs.insert(key, run);
        self.chores.runs.push(Run {
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
        let lacks = lacks(&known.order, node.role.class());
        let said = match known.at {
            Stage::Dropped => {
                // What it waited for is wanted no more: its machine is itself again.
                if lacks.is_some() {
                    self.agents[agent as usize].device.slow_down(1.0);
                }
                return;
            }
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
            Stage::Queued if lacks.is_some() => {
                // It waits in vain, and keeps its machine busy with that.
                self.agents[agent as usize].device.slow_down(BUSY_WAITING);
                self.queue
                    .push(self.now + TRIES_AGAIN, Event::Chore(agent, run));
                let resource = lacks.unwrap_or(Resource::GpuMemory);
                TaskSaid::Waits(resource, format!("{} allocation", resource.word()).into())
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
                } else {
                    // Kept for an order that comes later than the word that takes it back.
                    self.chores.logs.insert(key.clone(), self.chores.runs.len());
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
        if !self.broken_by(Sabotage::OpenStore) {
            if ticket.epoch < self.chores.fence {
                return;
            }
            self.chores.fence = ticket.epoch;
        }
        match record {
            Record::Task(kept) => self.sabotaged_keep(*kept),
            Record::Desk(desk) => self.chores.desk = Some(*desk),
            Record::Backup(backup) => self.vault.backup = Some(*backup),
            Record::Audit(row) => return self.audited(&row),
            // Sheets come as events too.
            Record::Sheet(_) => return,
        }
        self.queue
            .push(self.now + DISK, Event::Stored(seat, ticket));
    }

    /// Keeps a task, unless somebody sees to it that its outcome is lost or set twice.
    fn sabotaged_keep(&mut self, kept: KeptTask) {
        let over = kept.task.state().is_final();
        let before = self.chores.store.get(&kept.task.id).cloned();
        if over && self.broken_by(Sabotage::LostOutcomes) {
            return;
        }
        self.keep_task(kept);
        if let (true, Some(mut other)) = (over && self.broken_by(Sabotage::TwoOutcomes), before) {
            let state = other.task.state();
            let ended = other.task.end(state, Outcome::Expired, Moment(0));
            if ended.is_ok() {
                self.keep_task(other);
            }
        }
    }

    fn keep_task(&mut self, kept: KeptTask) {
        let id = kept.task.id.clone();
        let now = self.now;
        let until = self.chores.due.entry(id.clone());
        until.or_insert_with(|| {
            // The id says when it was made, by the same clock that its deadline was set by.
            let made = id
                .as_str()
                .parse::<MessageId>()
                .map_or(0, |id| (id.0 >> 80) as i64);
            let timeout = Micros(kept.task.deadline.0 - made * 1_000);
            now + timeout.max(TIMEOUT)
        });
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
    pub(super) fn recall(&mut self, node: NodeId, epoch: Epoch) {
        if let NodeId::Seat(seat) = node {
            if !self.broken_by(Sabotage::OpenStore) {
                self.chores.fence = self.chores.fence.max(epoch);
            }
            self.queue.push(self.now + DISK, Event::Recalled(seat));
        }
    }

    /// It is told.
    pub(super) fn recalled(&mut self, seat: u32) {
        let all = self.chores.store.values().cloned();
        let (ended, tasks) = all.partition(|kept| kept.task.state().is_final());
        let saved = Saved {
            tasks,
            ended,
            audit: self.audit_trail(),
            desk: self.chores.desk.clone(),
            backup: self.vault.backup.as_ref().map(|backup| backup.at),
        };
        self.give(NodeId::Seat(seat), Input::Recalled(Box::new(saved)));
    }

    /// Tasks in numbers, and those that were lost as broken invariants.
    pub(super) fn tally(&mut self) -> Tally {
        let now = self.now;
        for (id, state) in self.lost() {
            if self.chores.told_lost.insert(id.clone()) {
                let what = format!("task {id} is {state} past its time and has no outcome");
                self.truth.violate(now, &what);
            }
        }
        self.counted()
    }

    /// Tasks past their time without an outcome, while somebody is there to give them one.
    fn lost(&self) -> Vec<(TaskId, TaskState)> {
        let serving = self
            .orchestrators
            .into_iter()
            .any(|index| self.seats[index as usize].role.serving());
        if !serving {
            return Vec::new();
        }
        // In true time: an orchestrator's wall clock may be off by hours, and then its deadlines are.
        let late = self.chores.store.iter().filter(|(id, kept)| {
            let due = self.chores.due.get(*id);
            !kept.task.state().is_final() && due.is_some_and(|due| *due + GRACE < self.now)
        });
        late.map(|(id, kept)| (id.clone(), kept.task.state()))
            .collect()
    }

    /// Tasks in numbers.
    pub(super) fn counted(&self) -> Tally {
        let mut tally = Tally {
            lost: self.lost().len() as u64,
            ..Tally::default()
        };
        for kept in self.chores.store.values() {
            let state = kept.task.state();
            tally.ended += u64::from(state.is_final());
            tally.done += u64::from(state == TaskState::Done);
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

/// What an order needs and hosts of this class have not.
fn lacks(order: &TaskOrder, class: Class) -> Option<Resource> {
    let need = ability::need(order.requires.as_deref()?)?;
    need.hardware
        .filter(|resource| !ability::hardware(class).has(*resource))
}
