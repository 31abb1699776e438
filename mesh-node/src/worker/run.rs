//! One piece of work from its turn to its end: written down, run, told.

use super::backoff::Backoff;
use super::desk::{Desk, Rein, Run, Stage, Then, Ticket};
use super::host::Inner;
use super::job::{ended, in_words};
use super::journal::Entry;
use super::{Asked, End, Job, Over, Prepared, Worker};
use mesh_core::message::errand::{Errand, Outcome};
use mesh_core::message::{Header, MessageId, TaskOrder, TaskSaid, Verb};
use mesh_core::operation::resource::Resource;
use mesh_core::operation::task::TaskId;
use mesh_core::place::AgentId;
use mesh_core::role::WorkerEvent;
use mesh_core::text::Foreign;
use mesh_core::time::Micros;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::watch;

/// Waits between two tries to write to a disk that is full.
const DISK_AGAIN: (Micros, Micros) = (Micros::millis(200), Micros::seconds(10));
/// How long after its grace a worker that does not end is dropped.
const BACKSTOP: Duration = Duration::from_secs(1);

impl Inner {
    /// A task whose turn it is.
    pub(super) async fn run(
        self: Arc<Self>,
        agent: AgentId,
        worker: Arc<dyn Worker>,
        order: Arc<TaskOrder>,
        ticket: Ticket,
    ) {
        let id = order.id.clone();
        let mut stopped = ticket.rein.clone();
        let permit = tokio::select! {
            permit = self.permits.acquire() => permit.ok(),
            _ = stopped.wait_for(|rein| *rein == Rein::Stop) => None,
        };
        if permit.is_none() {
            // It is wanted back, or the host ends.
            self.may_begin(agent, &id, &ticket).await;
        } else if self.write_beginning(agent, &id, &ticket).await {
            self.work_on(agent, &*worker, &order, ticket).await;
        }
        drop(permit);
        self.returned.notify_waiters();
        self.begin_next(agent);
        self.settle(agent);
    }

    /// Writes that a task begins, and says so. False when it does not: it was given up, dropped, or a freeze came first.
    async fn write_beginning(&self, agent: AgentId, id: &TaskId, ticket: &Ticket) -> bool {
        let mut backoff = Backoff::new(DISK_AGAIN.0, DISK_AGAIN.1);
        let mut stopped = ticket.rein.clone();
        loop {
            if !self.may_begin(agent, id, ticket).await {
                return false;
            }
            match self.journal.append(Entry::Began(agent, id.clone())).await {
                Ok(()) => {
                    self.counts.log_fails.store(false, Ordering::Relaxed);
                    break;
                }
                Err(error) => {
                    self.unwritten(&error);
                    let said = TaskSaid::Waits(Resource::Disk, Foreign::new(error.to_string()));
                    self.tell(agent, id, said);
                    tokio::select! {
                        () = tokio::time::sleep(backoff.next()) => {}
                        _ = stopped.wait_for(|rein| *rein == Rein::Stop) => {}
                    }
                }
            }
        }
        // Written, and still nothing has happened: whoever wants it back now can have it.
        if !self.may_begin(agent, id, ticket).await {
            return false;
        }
        let waited = {
            let mut desks = self.desks();
            let Some(run) = run_of(&mut desks, agent, id, ticket) else {
                return false;
            };
            run.at = Stage::Running;
            run.waits
        };
        self.counts.begun.fetch_add(1, Ordering::Relaxed);
        if waited {
            self.tell(agent, id, TaskSaid::GoesOn);
        }
        self.tell(agent, id, TaskSaid::Started);
        true
    }

    /// Whether a task that has its turn may still begin; one that a freeze has met goes back to its queue.
    async fn may_begin(&self, agent: AgentId, id: &TaskId, ticket: &Ticket) -> bool {
        let gives_back = {
            let mut desks = self.desks();
            let Some(desk) = desks.get_mut(&agent) else {
                return false;
            };
            let frozen = desk.frozen;
            let run = desk.runs.get_mut(id);
            match run.filter(|run| run.number == ticket.number) {
                None => return false,
                Some(run) if run.then != Then::Tell => true,
                Some(run) if frozen => {
                    run.at = Stage::Queued;
                    return false;
                }
                Some(_) => false,
            }
        };
        if gives_back {
            self.give_back(agent, id).await;
        }
        !gives_back
    }

    /// Nothing has happened, and nothing will: that is written down, and told where somebody asked.
    async fn give_back(&self, agent: AgentId, id: &TaskId) {
        let then = {
            let mut desks = self.desks();
            let desk = desks.get_mut(&agent);
            desk.and_then(|desk| desk.runs.remove(id))
                .map(|run| run.then)
        };
        // An agent whose process has died says nothing.
        let Some(then) = then else { return };
        let entry = Entry::Ended(agent, id.clone(), TaskSaid::GivenUp);
        match self.journal.append(entry).await {
            Ok(()) if then == Then::GiveUp => self.tell(agent, id, TaskSaid::GivenUp),
            Ok(()) => {}
            Err(error) => self.unwritten(&error),
        }
    }

    async fn work_on(
        self: &Arc<Self>,
        agent: AgentId,
        worker: &dyn Worker,
        order: &TaskOrder,
        ticket: Ticket,
    ) {
        let id = &order.id;
        let left = Duration::from_micros(order.left.0.max(0) as u64);
        let job = Job {
            id: id.as_str().to_owned(),
            agent,
            name: order.name.clone(),
            requires: order.requires.clone(),
            input: Arc::clone(&order.input),
            repeatable: order.idempotent,
            within: worker.contract().timeout.min(left),
            task: Some(id.clone()),
            rein: ticket.rein.clone(),
            inner: Arc::downgrade(self),
        };
        let result = bounded(worker, &job).await;
        let then = {
            let mut desks = self.desks();
            run_of(&mut desks, agent, id, &ticket).map(|run| run.then)
        };
        // Its process has died in the meantime: the log says what is known.
        let Some(then) = then else { return };
        if then == Then::Abandon && result == Err(End::Stopped) && order.idempotent {
            let mut desks = self.desks();
            if let Some(run) = run_of(&mut desks, agent, id, &ticket) {
                run.at = Stage::Queued;
                run.then = Then::Tell;
                run.rein.send_replace(Rein::Go);
            }
            return;
        }
        let said = match result {
            Ok(result) => TaskSaid::done(&result),
            Err(End::Failed(why)) => TaskSaid::Failed(why),
            Err(End::Interrupted) => TaskSaid::Interrupted,
            Err(End::Stopped) if then == Then::Abandon => {
                TaskSaid::Failed("it was ended for a freeze, and may not run twice".into())
            }
            Err(End::Stopped) => TaskSaid::Failed("it was ended before it was done".into()),
        };
        let counts = &self.counts;
        let count = match said {
            TaskSaid::Done(_) => &counts.done,
            TaskSaid::Interrupted => &counts.interrupted,
            _ => &counts.failed,
        };
        count.fetch_add(1, Ordering::Relaxed);
        let entry = Entry::Ended(agent, id.clone(), said.clone());
        if let Err(error) = self.journal.append(entry).await {
            // The end is told all the same: whoever hears it keeps it. Only a crash before that would call it interrupted.
            self.unwritten(&error);
        }
        {
            let mut desks = self.desks();
            if run_of(&mut desks, agent, id, &ticket).is_none() {
                return;
            }
            if let Some(desk) = desks.get_mut(&agent) {
                desk.runs.remove(id);
            }
        }
        if then != Then::Drop {
            self.tell(agent, id, said);
        }
    }

    /// Something that another worker asked for.
    pub(super) async fn errand(
        self: Arc<Self>,
        agent: AgentId,
        worker: Arc<dyn Worker>,
        errand: Arc<Errand>,
        rein: watch::Receiver<Rein>,
    ) {
        let permit = self.permits.acquire().await;
        if *rein.borrow() == Rein::Stop {
            return;
        }
        let text = String::from_utf8_lossy(&errand.payload).into_owned();
        let job = Job {
            id: errand.id.to_string(),
            agent,
            name: Foreign::from(""),
            requires: None,
            input: Arc::from(text),
            repeatable: false,
            within: worker.contract().timeout,
            task: None,
            rein,
            inner: Arc::downgrade(&self),
        };
        let outcome = match bounded(&*worker, &job).await {
            Ok(result) => Outcome::Done(Arc::from(result.into_bytes())),
            Err(End::Failed(why)) => Outcome::Failed(why),
            Err(End::Interrupted) => Outcome::Failed("the worker died in the middle of it".into()),
            Err(End::Stopped) => Outcome::Failed("it was ended before it was done".into()),
        };
        drop(permit);
        self.returned.notify_waiters();
        let wanted = {
            let mut desks = self.desks();
            let desk = desks.get_mut(&agent);
            desk.and_then(|desk| desk.errands.remove(&errand.id))
                .is_some()
        };
        if wanted {
            self.say(agent, WorkerEvent::Did(errand.id, Box::new(outcome)));
        }
        self.settle(agent);
    }

    /// A throw: the worker gets ready.
    pub(super) async fn prepare(
        self: Arc<Self>,
        agent: AgentId,
        worker: Arc<dyn Worker>,
        header: Arc<Header>,
        mut rein: watch::Receiver<Rein>,
    ) {
        let operation = header.id;
        let begun = acts(&header).then(|| TaskId::try_from(operation.to_string()).ok());
        if let Some(Some(id)) = begun
            && let Err(error) = self.journal.append(Entry::Began(agent, id)).await
        {
            // What is not on disk is not promised: the throw passes this agent by.
            return self.unwritten(&error);
        }
        let asked = Asked { agent, header };
        let prepared = tokio::select! {
            prepared = worker.prepare(&asked) => prepared,
            _ = rein.wait_for(|rein| *rein == Rein::Stop) => return self.settle(agent),
        };
        let said = match prepared {
            Prepared::Ready => WorkerEvent::Ready(operation),
            Prepared::Answered(result) => WorkerEvent::Answered(operation, result),
            Prepared::Conflict(kind) => WorkerEvent::Conflict(operation, kind),
            Prepared::Disputed(detail) => WorkerEvent::Disputed(operation, detail),
        };
        let wanted = {
            let mut desks = self.desks();
            let desk = desks.get_mut(&agent);
            let casts = desk.map(|desk| &mut desk.casts);
            let holds = matches!(said, WorkerEvent::Ready(_) | WorkerEvent::Answered(..));
            match casts {
                Some(casts) if holds => casts
                    .get_mut(&operation)
                    .map(|cast| cast.runs = false)
                    .is_some(),
                Some(casts) => casts.remove(&operation).is_some(),
                None => false,
            }
        };
        if wanted {
            self.say(agent, said);
        }
        self.settle(agent);
    }

    /// T has come.
    pub(super) async fn act(
        self: Arc<Self>,
        agent: AgentId,
        worker: Arc<dyn Worker>,
        header: Arc<Header>,
        mut rein: watch::Receiver<Rein>,
    ) {
        let operation = header.id;
        let asked = Asked { agent, header };
        let contract = worker.contract();
        let done = tokio::select! {
            done = worker.act(&asked) => done,
            () = tokio::time::sleep(contract.timeout) => Err(ended(Over::Late, contract.timeout, "the act")),
            _ = rein.wait_for(|rein| *rein == Rein::Stop) => Err(End::Stopped),
        };
        if acts(&asked.header)
            && let Ok(id) = TaskId::try_from(operation.to_string())
        {
            let said = match &done {
                Ok(()) => TaskSaid::done(""),
                Err(End::Failed(why)) => TaskSaid::Failed(why.clone()),
                Err(End::Interrupted | End::Stopped) => TaskSaid::Interrupted,
            };
            if let Err(error) = self.journal.append(Entry::Ended(agent, id, said)).await {
                self.unwritten(&error);
            }
        }
        if let Err(End::Failed(why)) = done {
            tracing::warn!(%agent, %operation, %why, "what was to be done at T failed");
        }
        self.forget_cast(agent, operation);
        self.settle(agent);
    }

    fn forget_cast(&self, agent: AgentId, operation: MessageId) {
        if let Some(desk) = self.desks().get_mut(&agent) {
            desk.casts.remove(&operation);
        }
    }
}

/// Whether a throw does something to the world at T.
fn acts(header: &Header) -> bool {
    header.verb == Verb::Act
}

/// The worker's own end, or the end of its time and grace, whichever comes first.
async fn bounded(worker: &dyn Worker, job: &Job) -> Result<String, End> {
    let contract = worker.contract();
    let past = async {
        let over = job.over().await;
        if !contract.grace.is_zero() {
            tokio::time::sleep(contract.grace + BACKSTOP).await;
        }
        over
    };
    tokio::select! {
        biased;
        result = worker.task(job) => result,
        over = past => {
            tracing::debug!(id = job.id, within = in_words(job.within), "a worker was dropped");
            Err(ended(over, job.within, contract.kind))
        }
    }
}

fn run_of<'a>(
    desks: &'a mut std::collections::BTreeMap<AgentId, Desk>,
    agent: AgentId,
    id: &TaskId,
    ticket: &Ticket,
) -> Option<&'a mut Run> {
    let run = desks.get_mut(&agent)?.runs.get_mut(id)?;
    (run.number == ticket.number).then_some(run)
}
