//! Tasks at the orchestrator: accepted when the store has them, given to whoever does them best, followed until each has
//! exactly one outcome (PROTOCOL §5).
//!
//! Where a task is, is written down before it is sent there, so that whoever takes the seat next asks there and nowhere
//! else. One that may not run twice leaves its agent only when that agent says that nothing has happened.

use super::Orchestrator;
use super::door::{AUDIT_MAX, progress};
use crate::guard::level::Gate;
use crate::message::{Body, TaskAct, TaskNews, TaskOrder, TaskSaid, Warrant};
use crate::operation::answer::{Answer, Progress};
use crate::operation::event::Event as Happened;
use crate::operation::review;
use crate::operation::task::{Failure, Outcome, Reassign, Task, TaskId, TaskState};
use crate::operation::{Refusal, Scopes, refusal::Ground};
use crate::place::AgentId;
use crate::place::scope::{Name, Region, Scope, ScopeSet};
use crate::registry::{Demand, Router, State};
use crate::role::{AskId, KeptTask, Outputs, Record, Saved, Ticket, To};
use crate::time::{Micros, Moment};
use crate::unit::{Digest, Share};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// Ended tasks remembered to be listed; the store has all.
const ENDED_MAX: usize = 4_096;
/// Agents that a task is kept away from since they did not take it; the oldest is forgotten.
const AVOIDED_MAX: usize = 8;
/// The first question for what is not heard of; the wait doubles.
const ASK_FIRST: Micros = Micros::seconds(1);
/// Between two questions at most.
const ASK_MOST: Micros = Micros::seconds(15);
/// Between two looks for somebody who can.
const LOOK_AGAIN: Micros = Micros::seconds(2);
/// How long nobody may be known who can do it: three beats, in which everybody has been reported.
const NOBODY_FOR: Micros = Micros::seconds(15);
/// How long a task may take when nobody says (§7.1).
const TIMEOUT: Micros = Micros::seconds(300);

/// All tasks.
#[derive(Debug, Default)]
pub(super) struct Board {
    open: BTreeMap<TaskId, Entry>,
    /// When each is looked at next.
    due: BTreeSet<(Moment, TaskId)>,
    pub(super) ended: VecDeque<KeptTask>,
    router: Router,
    writes: BTreeMap<Ticket, (TaskId, After)>,
    /// Outcomes on their way to the disk: whoever asked is told when they are there.
    ending: BTreeMap<Ticket, (AskId, KeptTask)>,
    /// The store has told what there was; before that nobody can say whether something is new.
    pub(super) recalled: bool,
}

/// What is done when a write is on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum After {
    /// The caller is told, and somebody is looked for.
    Accepted,
    /// It is sent.
    Send,
}

#[derive(Debug)]
struct Entry {
    kept: KeptTask,
    asked: Option<AskId>,
    /// The store has it where it is now; before that nothing is sent.
    written: bool,
    next: Moment,
    gap: Micros,
    deadline: Moment,
    not_at: VecDeque<AgentId>,
    /// It is to leave where it is.
    leaves: bool,
    /// Whoever waits for it beside a caller: a pipeline.
    sent: Moment,
}

/// What is known of a task under the id of a request.
#[derive(Debug)]
pub(super) enum Known {
    /// Nothing.
    Not,
    /// It is under way.
    Open,
    /// How it ended.
    Ended(Box<Answer>),
}

/// What is delegated.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    pub(super) name: String,
    pub(super) to: Option<Scopes>,
    pub(super) timeout: Option<Micros>,
    pub(super) requires: Option<String>,
    pub(super) priority: u8,
    pub(super) idempotent: bool,
    pub(super) input: Option<Arc<str>>,
}

impl Board {
    /// Open tasks.
    pub(super) fn open(&self) -> impl Iterator<Item = &Task> {
        self.open.values().map(|entry| &entry.kept.task)
    }

    /// Open tasks with what is kept beside them.
    pub(super) fn kept(&self) -> impl Iterator<Item = &KeptTask> {
        self.open.values().map(|entry| &entry.kept)
    }

    /// A task, open or lately ended, with what is kept beside it.
    pub(super) fn find(&self, id: &str) -> Option<&KeptTask> {
        let open = self.open.values().map(|entry| &entry.kept);
        open.chain(&self.ended)
            .find(|kept| kept.task.id.as_str() == id)
    }

    /// When something is due.
    pub(super) fn next_wake(&self) -> Moment {
        self.due.first().map_or(Moment::NEVER, |(at, _)| *at)
    }

    fn plan(&mut self, id: &TaskId, at: Moment) {
        if let Some(entry) = self.open.get_mut(id) {
            self.due.remove(&(entry.next, id.clone()));
            entry.next = at.min(entry.deadline);
            self.due.insert((entry.next, id.clone()));
        }
    }
}

impl Orchestrator {
    /// Takes a task in; it counts as accepted when the store has it.
    pub(super) fn delegate(
        &mut self,
        now: Moment,
        asked: Option<AskId>,
        wanted: Wanted,
        out: &mut Outputs,
    ) -> Result<TaskId, Refusal> {
        if self.board.open.len() >= crate::operation::task::TASKS_MAX {
            return Err(Refusal::new(
                Ground::TooMuch,
                "as many tasks are open as the mesh keeps; cancel some first",
            ));
        }
        let wall = self.wall_at(now);
        let timeout = wanted.timeout.unwrap_or(TIMEOUT);
        let id = TaskId::try_from(self.mint.next(wall).to_string())
            .map_err(|error| Refusal::new(Ground::Wrong, error.to_string()))?;
        let input = wanted.input.unwrap_or_else(|| Arc::from(""));
        let mut task = Task::accepted(
            id.clone(),
            wanted.name.as_str().into(),
            Digest::of(input.as_bytes()),
            wall + timeout,
            now,
        );
        task.requires = wanted.requires;
        task.idempotent = wanted.idempotent;
        task.priority = wanted.priority;
        let deadline = now + timeout;
        let entry = Entry {
            kept: KeptTask {
                task,
                to: wanted.to,
                input,
                result: None,
                asked: asked.clone(),
            },
            asked,
            written: false,
            next: deadline,
            gap: ASK_FIRST,
            deadline,
            not_at: VecDeque::new(),
            leaves: false,
            sent: now,
        };
        self.board.due.insert((deadline, id.clone()));
        self.board.open.insert(id.clone(), entry);
        self.write_task(&id, Some(After::Accepted), out);
        Ok(id)
    }

    /// The store has what was written under this ticket.
    pub(super) fn task_stored(&mut self, now: Moment, ticket: Ticket, out: &mut Outputs) {
        if let Some((asked, kept)) = self.board.ending.remove(&ticket) {
            let answer = delegated(&kept, now);
            return self.task_ended(now, &asked, &kept, answer, out);
        }
        let Some((id, after)) = self.board.writes.remove(&ticket) else {
            return;
        };
        let Some(entry) = self.board.open.get_mut(&id) else {
            return;
        };
        entry.written = true;
        match after {
            After::Accepted => {
                if let Some(asked) = entry.asked.clone() {
                    progress(&asked, Progress::Accepted, out);
                }
                self.tell_task(now, &id, out);
                self.place_task(now, &id, out);
            }
            After::Send => self.send_order(now, &id, TaskAct::Run, out),
        }
    }

    /// A caller asks again for what an orchestrator before this one has accepted: it is the same task, and the caller is told
    /// when it ends.
    pub(super) fn asked_again(&mut self, now: Moment, asked: &AskId) -> Known {
        let same = |kept: &KeptTask| kept.asked.as_ref() == Some(asked);
        if self.board.ending.values().any(|(by, _)| by == asked) {
            return Known::Open;
        }
        if let Some(ended) = self.board.ended.iter().rev().find(|kept| same(kept)) {
            return Known::Ended(Box::new(delegated(ended, now)));
        }
        let mut open = self.board.open.values_mut();
        let Some(entry) = open.find(|entry| same(&entry.kept)) else {
            return Known::Not;
        };
        entry.asked = Some(Arc::clone(asked));
        Known::Open
    }

    /// What the store had when the seat was taken.
    pub(super) fn recalled(&mut self, now: Moment, saved: Saved) {
        let wall = self.wall_at(now);
        let ended = saved.ended.into_iter().map(|mut kept| {
            kept.task.recall(now, wall);
            kept
        });
        self.board.ended = ended.collect();
        self.board.recalled = true;
        for mut kept in saved.tasks {
            kept.task.recall(now, wall);
            let id = kept.task.id.clone();
            let deadline = now + (kept.task.deadline - wall).max(Micros::ZERO);
            let entry = Entry {
                kept,
                asked: None,
                written: true,
                next: now,
                gap: ASK_FIRST,
                deadline,
                not_at: VecDeque::new(),
                leaves: false,
                sent: now,
            };
            self.board.due.insert((now, id.clone()));
            self.board.open.insert(id, entry);
        }
        let since = core::mem::take(&mut self.door.audit);
        self.door.audit = saved.audit.into_iter().chain(since).collect();
        while self.door.audit.len() > AUDIT_MAX {
            self.door.audit.pop_front();
        }
        if let Some(desk) = saved.desk {
            self.door.desk = desk;
        }
    }

    /// Everything about tasks that is due.
    pub(super) fn advance_tasks(&mut self, now: Moment, out: &mut Outputs) {
        while let Some((at, id)) = self.board.due.first().cloned()
            && now >= at
        {
            self.board.due.remove(&(at, id.clone()));
            let Some(entry) = self.board.open.get_mut(&id) else {
                continue;
            };
            if now >= entry.deadline {
                self.end_task(now, &id, Outcome::Expired, out);
                continue;
            }
            let (state, written) = (entry.kept.task.state(), entry.written);
            let (gap, leaves) = (entry.gap, entry.leaves);
            entry.gap = (gap + gap).min(ASK_MOST);
            self.board.plan(&id, now + gap);
            if !written {
                continue;
            }
            match state {
                TaskState::Accepted => self.place_task(now, &id, out),
                TaskState::Queued | TaskState::Started if self.is_lost(&id) => {
                    self.take_back(now, &id, out);
                }
                TaskState::Queued | TaskState::Started => {
                    let act = if leaves {
                        TaskAct::GiveUp
                    } else {
                        TaskAct::Run
                    };
                    self.send_order(now, &id, act, out);
                }
                TaskState::Done | TaskState::Failed | TaskState::Expired => {}
            }
        }
    }

    /// An agent says something of a task.
    pub(super) fn task_news(&mut self, now: Moment, news: &TaskNews, out: &mut Outputs) {
        if matches!(news.said, TaskSaid::Here) || self.asked_news(now, news, out) {
            return self.pong(now, news, out);
        }
        let Some(entry) = self.board.open.get_mut(&news.id) else {
            // It has an outcome: whoever still works on it need not.
            if matches!(news.said, TaskSaid::Queued | TaskSaid::Started) {
                self.order_off(now, news, out);
            }
            return;
        };
        let (task, agent) = (&mut entry.kept.task, news.agent);
        if task.at() != Some(agent) || !entry.written {
            return;
        }
        let state = task.state();
        match &news.said {
            TaskSaid::Queued | TaskSaid::Here => {}
            TaskSaid::Started => {
                if state == TaskState::Queued && task.start(state, now).is_ok() {
                    self.write_task(&news.id, None, out);
                    self.tell_task(now, &news.id, out);
                }
            }
            TaskSaid::Waits(resource, detail) => task.waits(*resource, detail.clone(), now),
            TaskSaid::GoesOn => task.goes_on(),
            TaskSaid::Done(result) => {
                let took = now.since(entry.sent);
                entry.kept.result = Some(Arc::clone(result));
                self.board.router.answered(agent, took, now);
                let outcome = Outcome::Done(Digest::of(result.as_bytes()));
                self.end_task(now, &news.id, outcome, out);
            }
            TaskSaid::Failed(why) => {
                self.board.router.lost(agent);
                let outcome = Outcome::Failed(Failure::Worker(why.clone()));
                self.end_task(now, &news.id, outcome, out);
            }
            TaskSaid::Interrupted => {
                self.board.router.lost(agent);
                if entry.kept.task.idempotent {
                    self.take_back(now, &news.id, out);
                } else {
                    let outcome = Outcome::Failed(Failure::Interrupted);
                    self.end_task(now, &news.id, outcome, out);
                }
            }
            TaskSaid::GivenUp | TaskSaid::Incapable | TaskSaid::Busy => {
                self.take_back(now, &news.id, out);
            }
        }
    }

    /// Tasks go elsewhere: those that can at once, the others when their agents have given them up. How many.
    pub(super) fn reassign(
        &mut self,
        now: Moment,
        ids: &[TaskId],
        to: Option<&Scopes>,
        out: &mut Outputs,
    ) -> u64 {
        let mut count = 0;
        for id in ids {
            let Some(entry) = self.board.open.get_mut(id) else {
                continue;
            };
            if let Some(to) = to {
                entry.kept.to = Some(to.clone());
            }
            let how = entry.kept.task.reassign();
            count += u64::from(how != Reassign::TooLate);
            match (how, entry.kept.task.at()) {
                (Reassign::TooLate, _) => {}
                (Reassign::Now, None) => self.place_task(now, id, out),
                (Reassign::Now | Reassign::AfterGivingUp(_), _) => {
                    entry.leaves = true;
                    entry.gap = ASK_FIRST;
                    self.send_order(now, id, TaskAct::GiveUp, out);
                    self.board.plan(id, now + ASK_FIRST);
                }
            }
        }
        count
    }

    /// Tasks end. How many.
    pub(super) fn cancel(&mut self, now: Moment, ids: &[TaskId], out: &mut Outputs) -> u64 {
        let mut count = 0;
        for id in ids
            .iter()
            .filter(|id| self.board.open.contains_key(*id))
            .cloned()
            .collect::<Vec<_>>()
        {
            self.end_task(now, &id, Outcome::Failed(Failure::Cancelled), out);
            count += 1;
        }
        count
    }

    /// A person has decided on a task of theirs.
    pub(super) fn task_decided(
        &mut self,
        now: Moment,
        id: &TaskId,
        yes: bool,
        said: Option<&str>,
        out: &mut Outputs,
    ) {
        let Some(entry) = self.board.open.get_mut(id) else {
            return;
        };
        let outcome = if yes {
            let result: Arc<str> = Arc::from(said.unwrap_or("approved"));
            entry.kept.result = Some(Arc::clone(&result));
            Outcome::Done(Digest::of(result.as_bytes()))
        } else {
            Outcome::Failed(Failure::Worker(said.unwrap_or("rejected").into()))
        };
        self.end_task(now, id, outcome, out);
    }

    /// Looks for whoever does it best, and writes down where it goes.
    fn place_task(&mut self, now: Moment, id: &TaskId, out: &mut Outputs) {
        let Some(entry) = self.board.open.get(id) else {
            return;
        };
        let requires = entry.kept.task.requires.clone();
        let accepted = entry.kept.task.accepted;
        match self.pick(now, id) {
            Ok(agent) => {
                let class = self.replica.table.class(agent);
                let Some(entry) = self.board.open.get_mut(id) else {
                    return;
                };
                (entry.gap, entry.leaves, entry.sent) = (ASK_FIRST, false, now);
                let task = &mut entry.kept.task;
                let name = task.name.clone();
                let priority = task.priority;
                let deadline = task.deadline;
                if task.queue(TaskState::Accepted, agent, now).is_err() {
                    return;
                }
                let human = class.is_some_and(crate::place::Class::is_human);
                if human {
                    let from = review::From::Task(id.clone());
                    let reviews = &mut self.door.desk.reviews;
                    // A full desk leaves it to the deadline.
                    let _ = reviews.add(from, name, None, priority, Some(deadline));
                    self.door.dirty = true;
                    self.board.plan(id, Moment::NEVER);
                }
                let after = (!human).then_some(After::Send);
                self.write_task(id, after, out);
                self.tell_task(now, id, out);
                if !human {
                    self.board.plan(id, now + ASK_FIRST);
                }
            }
            Err(capable) => {
                if capable == 0 && requires.is_some() && now.since(accepted) > NOBODY_FOR {
                    let outcome = Outcome::Failed(Failure::NobodyCapable);
                    return self.end_task(now, id, outcome, out);
                }
                self.board.plan(id, now + LOOK_AGAIN);
            }
        }
    }

    /// Whom to give it; an error says how many could do it if they might be asked.
    fn pick(&mut self, now: Moment, id: &TaskId) -> Result<AgentId, u32> {
        let Some(entry) = self.board.open.get(id) else {
            return Err(0);
        };
        let task = &entry.kept.task;
        let (region, inside) = match entry.kept.to.as_ref().map(Scopes::as_slice) {
            None => (Region::All, None),
            Some([Scope::Region(region)]) => (*region, None),
            Some(_) => {
                // Several scopes, or a filter: whoever is in them now.
                let to = entry.kept.to.clone().unwrap_or_else(Scopes::all);
                let places = self.replica.table.select(&ScopeSet::new(to), now);
                (
                    Region::All,
                    Some(places.places().collect::<BTreeSet<AgentId>>()),
                )
            }
        };
        let denied = task
            .requires
            .as_deref()
            .and_then(|wanted| Name::new(wanted).ok());
        let calm = self.desired.levels().is_empty();
        let healthy_only = self.door.mode.mode().restrictions().healthy_sectors_only;
        // Work for everybody is no work for people unless it says so.
        let for_people = matches!(region, Region::Class(class) if class.is_human())
            || matches!(region, Region::Agent(_))
            || task.requires.is_some();
        let (desired, replica, not_at) = (&self.desired, &self.replica, &entry.not_at);
        let newcomers = &self.door.newcomers;
        let admit = |agent: AgentId| {
            let class = replica.table.class(agent);
            let Some(class) = class else {
                return Share::NONE;
            };
            if not_at.contains(&agent)
                || inside
                    .as_ref()
                    .is_some_and(|places| !places.contains(&agent))
                || class.is_human() && !for_people
                || healthy_only && !replica.healthy(agent.sector())
            {
                return Share::NONE;
            }
            let admitted = newcomers
                .get(&agent)
                .map_or(Share::ALL, super::growth::Newcomer::share);
            if calm {
                return admitted;
            }
            let rule = denied
                .as_ref()
                .is_some_and(|wanted| desired.levels().denies(agent, class, wanted));
            match desired.effective(agent, class).breaker {
                _ if rule => Share::NONE,
                Gate::Open => Share::NONE,
                Gate::HalfOpen => Share::new(Gate::HALF_OPEN_SHARE * admitted.value()),
                Gate::Closed => admitted,
            }
        };
        let demand = Demand {
            capability: task.requires.as_deref(),
            region,
        };
        let picked = self
            .board
            .router
            .route(&replica.table, demand, now, &mut self.chance, admit);
        picked.map_err(|none| none.capable)
    }

    /// Whether it is with somebody who is gone and may run elsewhere.
    fn is_lost(&self, id: &TaskId) -> bool {
        let Some(entry) = self.board.open.get(id) else {
            return false;
        };
        let row = entry
            .kept
            .task
            .at()
            .and_then(|at| self.replica.table.row(at));
        entry.kept.task.idempotent && row.is_some_and(|row| row.state() == State::Offline)
    }

    /// It is with nobody again: somebody else is looked for.
    fn take_back(&mut self, now: Moment, id: &TaskId, out: &mut Outputs) {
        let Some(entry) = self.board.open.get_mut(id) else {
            return;
        };
        let Some(at) = entry.kept.task.at() else {
            return;
        };
        if entry.kept.task.runs() >= crate::operation::task::RUNS_MAX {
            let outcome = Outcome::Failed(Failure::TooOften);
            return self.end_task(now, id, outcome, out);
        }
        if entry.kept.task.given_up(at, now).is_err() {
            return;
        }
        if entry.not_at.len() >= AVOIDED_MAX {
            entry.not_at.pop_front();
        }
        entry.not_at.push_back(at);
        self.board.router.lost(at);
        self.replica.table.set_task(at, None);
        self.write_task(id, None, out);
        self.tell_task(now, id, out);
        self.place_task(now, id, out);
    }

    /// Its one outcome.
    fn end_task(&mut self, now: Moment, id: &TaskId, outcome: Outcome, out: &mut Outputs) {
        let Some(entry) = self.board.open.get_mut(id) else {
            return;
        };
        let task = &mut entry.kept.task;
        if task.state() == TaskState::Queued && matches!(outcome, Outcome::Done(_)) {
            // Its beginning was not heard of; that it was done says that it began.
            let _ = task.start(TaskState::Queued, now);
        }
        if task.end(task.state(), outcome, now).is_err() {
            return;
        }
        let (at, done) = (task.at(), task.state() == TaskState::Done);
        if let (Some(at), false) = (at, done) {
            self.send_order(now, id, TaskAct::Cancel, out);
            self.board.router.lost(at);
        }
        if let Some(at) = at {
            self.replica.table.set_task(at, None);
        }
        let ticket = self.write_task(id, None, out);
        self.tell_task(now, id, out);
        let Some(entry) = self.board.open.remove(id) else {
            return;
        };
        self.board.due.remove(&(entry.next, id.clone()));
        if self.board.ended.len() >= ENDED_MAX {
            self.board.ended.pop_front();
        }
        self.board.ended.push_back(entry.kept.clone());
        if let (Some(asked), Some(ticket)) = (entry.asked, ticket) {
            self.board.ending.insert(ticket, (asked, entry.kept));
        }
    }

    fn send_order(&mut self, now: Moment, id: &TaskId, act: TaskAct, out: &mut Outputs) {
        let Some(entry) = self.board.open.get(id) else {
            return;
        };
        let Some(agent) = entry.kept.task.at() else {
            return;
        };
        let task = &entry.kept.task;
        let order = TaskOrder {
            id: id.clone(),
            agent,
            act,
            name: task.name.clone(),
            requires: task.requires.clone(),
            input: Arc::clone(&entry.kept.input),
            idempotent: task.idempotent,
            priority: task.priority,
            left: (entry.deadline - now).max(Micros::ZERO),
            warrant: Warrant::default(),
        };
        self.order(now, order, out);
    }

    /// Sends an order down.
    pub(super) fn order(&mut self, now: Moment, mut order: TaskOrder, out: &mut Outputs) {
        order.warrant = self.warrant();
        let order = self.desired.warrant_task(order);
        let to = To::Child(order.agent.sector().index() as u16);
        // Each order wants an answer of its own, also one that repeats another; so none need outlive the next.
        let lasting = if order.act == TaskAct::Run {
            order.left.min(ASK_MOST)
        } else {
            ASK_MOST
        };
        let body = Body::Task(Arc::new(order));
        let letter = self.mailing.letter(now, lasting, body);
        let (epoch, sectors) = (self.epoch, &mut self.sectors);
        self.mailing.post(now, epoch, sectors, to, letter, out);
    }

    fn order_off(&mut self, now: Moment, news: &TaskNews, out: &mut Outputs) {
        let order = TaskOrder {
            id: news.id.clone(),
            agent: news.agent,
            act: TaskAct::Cancel,
            name: "".into(),
            requires: None,
            input: Arc::from(""),
            idempotent: false,
            priority: 0,
            left: Micros::ZERO,
            warrant: Warrant::default(),
        };
        self.order(now, order, out);
    }

    fn write_task(
        &mut self,
        id: &TaskId,
        after: Option<After>,
        out: &mut Outputs,
    ) -> Option<Ticket> {
        let ticket = self.ticket();
        let entry = self.board.open.get_mut(id)?;
        if let Some(after) = after {
            entry.written = false;
            self.board.writes.insert(ticket, (id.clone(), after));
        }
        let kept = Box::new(entry.kept.clone());
        out.0
            .push(crate::role::Output::Store(ticket, Record::Task(kept)));
        let task = &entry.kept.task;
        if let Some(at) = task.at()
            && !task.state().is_final()
        {
            let name = task.requires.as_deref().unwrap_or("task");
            let name = Name::new(name).ok();
            self.replica.table.set_task(at, name.as_ref());
        }
        Some(ticket)
    }

    fn tell_task(&mut self, now: Moment, id: &TaskId, out: &mut Outputs) {
        let Some(entry) = self.board.open.get(id) else {
            return;
        };
        let task = &entry.kept.task;
        let event = Happened::Task {
            id: id.clone(),
            name: task.name.clone(),
            state: task.state(),
            at: task.at(),
        };
        self.tell(now, event, out);
    }
}

/// A task's end as it is answered.
pub(super) fn delegated(kept: &KeptTask, now: Moment) -> Answer {
    Answer::Delegated {
        task: kept.task.id.clone(),
        at: kept.task.at(),
        state: kept.task.state(),
        result: kept.result.as_deref().map(Into::into),
        took: now.since(kept.task.accepted),
    }
}
