//! The host of workers: takes work for any number of agents, and runs no more of it at once than it may.

use super::desk::{Cast, Desk, Errand, Rein, Stage, Then};
use super::journal::{Entry, Known};
use super::{Contract, Journal, OnFreeze, Outlet, Spec, SpecError};
use mesh_core::message::{MessageId, TaskOrder, TaskSaid};
use mesh_core::operation::resource::Resource;
use mesh_core::operation::task::TaskId;
use mesh_core::place::AgentId;
use mesh_core::role::{Work, WorkerEvent};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{Notify, Semaphore, watch};

/// Pieces of work of one process that run at once, unless it is told another number.
const AT_ONCE: usize = 256;
/// Tasks that wait and run at one agent at most. An agent takes fewer ([`mesh_core::role`] says how many), so that this is
/// reached only by a driver that does not ask its role.
const TASKS_MAX: usize = 64;

/// The workers of one process. What runs is ended when it is dropped.
#[derive(Debug)]
pub struct Host {
    inner: Arc<Inner>,
}

/// What the host and all that it runs have in common.
#[derive(Debug)]
pub(super) struct Inner {
    desks: Mutex<BTreeMap<AgentId, Desk>>,
    pub(super) journal: Journal,
    pub(super) permits: Semaphore,
    at_once: usize,
    /// A permit came back.
    pub(super) returned: Notify,
    tokio: Handle,
    pub(super) counts: Arc<Counts>,
    this: Weak<Self>,
}

/// What workers came to, counted.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) begun: AtomicU64,
    pub(super) done: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) interrupted: AtomicU64,
    /// Processes that died and were started again.
    pub(super) restarts: AtomicU64,
    /// Lines of a worker that were none of ours.
    pub(super) garbage: AtomicU64,
    /// Writes of the workers' log that failed.
    pub(super) unwritten: AtomicU64,
    /// The last one did.
    pub(super) log_fails: AtomicBool,
}

/// What workers came to so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    /// Tasks begun.
    pub begun: u64,
    /// Tasks done.
    pub done: u64,
    /// Tasks failed.
    pub failed: u64,
    /// Tasks whose worker died.
    pub interrupted: u64,
    /// Worker processes that died and were started again.
    pub restarts: u64,
    /// Lines of workers that say nothing that is known.
    pub garbage: u64,
    /// Writes of the workers' log that failed.
    pub unwritten: u64,
    /// Whether it cannot be written now: nothing begins then.
    pub log_fails: bool,
}

impl Host {
    /// A host that runs its work on this runtime.
    pub fn new(tokio: Handle, journal: Journal) -> Self {
        Self::with(tokio, journal, AT_ONCE)
    }

    /// The same, running so much at once.
    pub fn with(tokio: Handle, journal: Journal, at_once: usize) -> Self {
        let inner = Arc::new_cyclic(|this| Inner {
            desks: Mutex::default(),
            journal,
            permits: Semaphore::new(at_once),
            at_once,
            returned: Notify::new(),
            tokio,
            counts: Arc::default(),
            this: this.clone(),
        });
        Self { inner }
    }

    /// An agent gets a worker; what it says comes out of `outlet`.
    pub fn employ(
        &self,
        agent: AgentId,
        spec: &Spec,
        outlet: &Arc<Outlet>,
    ) -> Result<Contract, SpecError> {
        let worker = spec.build(agent, &self.inner.counts)?;
        let contract = worker.contract().clone();
        let desk = Desk::new(worker, Arc::clone(outlet));
        self.inner.desks().insert(agent, desk);
        Ok(contract)
    }

    /// Whether an agent has a worker here.
    pub fn has(&self, agent: AgentId) -> bool {
        self.inner.desks().contains_key(&agent)
    }

    /// What the agent's worker has promised.
    pub fn contract(&self, agent: AgentId) -> Option<Contract> {
        let desks = self.inner.desks();
        Some(desks.get(&agent)?.worker.contract().clone())
    }

    /// How much waits and runs at an agent.
    pub fn load(&self, agent: AgentId) -> u16 {
        let desks = self.inner.desks();
        let load = desks.get(&agent).map_or(0, Desk::load);
        u16::try_from(load).unwrap_or(u16::MAX)
    }

    /// Work for an agent. Returns at once, and does nothing where it has no worker.
    pub fn give(&self, agent: AgentId, work: Work) {
        self.inner.give(agent, work);
    }

    /// The agent's process has died: all that ran for it ends with nothing said, and what was begun is interrupted.
    pub fn crash(&self, agent: AgentId) {
        let mut desks = self.inner.desks();
        let Some(desk) = desks.get_mut(&agent) else {
            return;
        };
        desk.clear();
    }

    /// Nothing begins any more; what runs has so long to come to its end. Whether all of it did.
    pub async fn drain(&self, within: Duration) -> bool {
        self.inner.permits.close();
        let inner = &self.inner;
        let all = async {
            loop {
                let returned = inner.returned.notified();
                if inner.permits.available_permits() >= inner.at_once {
                    return;
                }
                returned.await;
            }
        };
        tokio::time::timeout(within, all).await.is_ok()
    }

    /// Every worker ends what lives on; nothing begins any more.
    pub async fn stop(&self) {
        let workers: Vec<_> = {
            let mut desks = self.inner.desks();
            desks.values_mut().for_each(Desk::clear);
            std::mem::take(&mut *desks)
                .into_values()
                .map(|desk| desk.worker)
                .collect()
        };
        self.inner.permits.close();
        for worker in workers {
            worker.stop().await;
        }
    }

    /// What workers came to so far.
    pub fn figures(&self) -> Figures {
        let counts = &self.inner.counts;
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Figures {
            begun: read(&counts.begun),
            done: read(&counts.done),
            failed: read(&counts.failed),
            interrupted: read(&counts.interrupted),
            restarts: read(&counts.restarts),
            garbage: read(&counts.garbage),
            unwritten: read(&counts.unwritten),
            log_fails: counts.log_fails.load(Ordering::Relaxed),
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let mut desks = self.inner.desks();
        desks.values_mut().for_each(Desk::clear);
        desks.clear();
    }
}

impl Inner {
    /// What is behind the lock is whole after every step.
    pub(super) fn desks(&self) -> MutexGuard<'_, BTreeMap<AgentId, Desk>> {
        self.desks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An agent's worker says something.
    pub(super) fn say(&self, agent: AgentId, event: WorkerEvent) {
        let outlet = {
            let mut desks = self.desks();
            let Some(desk) = desks.get_mut(&agent) else {
                return;
            };
            if let WorkerEvent::Task(id, said) = &event
                && let Some(run) = desk.runs.get_mut(id)
            {
                run.waits = matches!(said, TaskSaid::Waits(..));
            }
            Arc::clone(&desk.outlet)
        };
        outlet.say(agent, event);
    }

    pub(super) fn tell(&self, agent: AgentId, id: &TaskId, said: TaskSaid) {
        self.say(agent, WorkerEvent::Task(id.clone(), said));
    }

    fn give(&self, agent: AgentId, work: Work) {
        match work {
            Work::Task(order) => self.take(agent, &order),
            Work::GiveUp(id) => self.give_up(agent, &id),
            Work::Drop(id) => self.drop_task(agent, &id),
            Work::Freeze => self.freeze(agent),
            Work::Thaw => self.thaw(agent),
            Work::Prepare { header, .. } => {
                let rein = watch::Sender::new(Rein::Go);
                let heard = rein.subscribe();
                let cast = Cast {
                    header: Arc::clone(&header),
                    rein,
                    runs: true,
                };
                let mut desks = self.desks();
                let Some(desk) = desks.get_mut(&agent) else {
                    return;
                };
                desk.casts.insert(header.id, cast);
                let worker = Arc::clone(&desk.worker);
                drop(desks);
                self.spawn(|inner| inner.prepare(agent, worker, header, heard));
            }
            Work::Release { operation, .. } => {
                let mut desks = self.desks();
                let Some(desk) = desks.get_mut(&agent) else {
                    return;
                };
                let Some(cast) = desk.casts.get_mut(&operation) else {
                    return;
                };
                cast.runs = true;
                let (header, heard) = (Arc::clone(&cast.header), cast.rein.subscribe());
                let worker = Arc::clone(&desk.worker);
                drop(desks);
                self.spawn(|inner| inner.act(agent, worker, header, heard));
            }
            Work::Cancel { operation } => self.cancel(agent, operation),
            Work::Errand(errand) => {
                let rein = watch::Sender::new(Rein::Go);
                let heard = rein.subscribe();
                let mut desks = self.desks();
                let Some(desk) = desks.get_mut(&agent) else {
                    return;
                };
                let open = Errand {
                    rein,
                    paused: false,
                };
                desk.errands.insert(errand.id, open);
                let worker = Arc::clone(&desk.worker);
                drop(desks);
                self.spawn(|inner| inner.errand(agent, worker, errand, heard));
            }
            // No kind of worker keeps a context of its own, and none asks anything of another yet.
            Work::Reload(_) | Work::Returned(_) => {}
        }
    }

    /// A task: run once. What is known of it counts.
    fn take(&self, agent: AgentId, order: &Arc<TaskOrder>) {
        let id = order.id.clone();
        let known = self.journal.known(agent, &id);
        let mut desks = self.desks();
        let Some(desk) = desks.get_mut(&agent) else {
            return;
        };
        if let Some(run) = desk.runs.get(&id) {
            let said = match run.at {
                Stage::Queued | Stage::Beginning => TaskSaid::Queued,
                Stage::Running | Stage::Paused => TaskSaid::Started,
            };
            drop(desks);
            return self.tell(agent, &id, said);
        }
        let said = match known {
            Some(Known::Ended(TaskSaid::Interrupted) | Known::Began) if !order.idempotent => {
                Some(TaskSaid::Interrupted)
            }
            Some(Known::Ended(TaskSaid::Interrupted) | Known::Began) | None => None,
            Some(Known::Ended(said)) => Some(said),
        };
        if let Some(said) = said {
            drop(desks);
            if said == TaskSaid::Interrupted {
                self.counts.interrupted.fetch_add(1, Ordering::Relaxed);
            }
            return self.tell(agent, &id, said);
        }
        if desk.runs.len() >= TASKS_MAX {
            drop(desks);
            return self.tell(agent, &id, TaskSaid::Busy);
        }
        desk.queue(order);
        let before = desk.before(&id);
        let waits = before >= desk.worker.contract().at_once;
        drop(desks);
        if waits {
            let detail = format!("its turn; {before} before it at this agent");
            let said = TaskSaid::Waits(Resource::Task, detail.as_str().into());
            self.tell(agent, &id, said);
        }
        self.begin_next(agent);
    }

    /// Begins what may begin now at an agent.
    pub(super) fn begin_next(&self, agent: AgentId) {
        loop {
            let mut desks = self.desks();
            let Some(desk) = desks.get_mut(&agent) else {
                return;
            };
            let Some((order, ticket)) = desk.next() else {
                return;
            };
            let worker = Arc::clone(&desk.worker);
            drop(desks);
            self.spawn(|inner| inner.run(agent, worker, order, ticket));
        }
    }

    /// A task is given up where nothing has happened; otherwise it is said how it stands.
    fn give_up(&self, agent: AgentId, id: &TaskId) {
        let mut desks = self.desks();
        let Some(desk) = desks.get_mut(&agent) else {
            return;
        };
        let Some(run) = desk.runs.get_mut(id) else {
            drop(desks);
            return match self.journal.known(agent, id) {
                None => self.end_unbegun(agent, id.clone(), true),
                Some(Known::Began) => self.tell(agent, id, TaskSaid::Interrupted),
                Some(Known::Ended(said)) => self.tell(agent, id, said),
            };
        };
        match run.at {
            Stage::Queued => {
                desk.runs.remove(id);
                drop(desks);
                self.end_unbegun(agent, id.clone(), true);
                self.begin_next(agent);
            }
            // Whoever begins it looks before anything happens, and says what came of it.
            Stage::Beginning => {
                run.then = Then::GiveUp;
                run.rein.send_replace(Rein::Stop);
            }
            Stage::Running | Stage::Paused => {
                drop(desks);
                self.tell(agent, id, TaskSaid::Started);
            }
        }
    }

    fn drop_task(&self, agent: AgentId, id: &TaskId) {
        let mut desks = self.desks();
        let Some(desk) = desks.get_mut(&agent) else {
            return;
        };
        let Some(run) = desk.runs.get_mut(id) else {
            return;
        };
        if run.at == Stage::Queued {
            desk.runs.remove(id);
            drop(desks);
            self.end_unbegun(agent, id.clone(), false);
        } else {
            run.then = Then::Drop;
            run.rein.send_replace(Rein::Stop);
        }
    }

    /// A task that never began will not begin here any more, also when its order comes late or twice.
    fn end_unbegun(&self, agent: AgentId, id: TaskId, tell: bool) {
        self.spawn(async move |inner: Arc<Self>| {
            let entry = Entry::Ended(agent, id.clone(), TaskSaid::GivenUp);
            match inner.journal.append(entry).await {
                Ok(()) if tell => inner.tell(agent, &id, TaskSaid::GivenUp),
                Ok(()) => {}
                // Nothing is promised that could not be kept; who asked asks again.
                Err(error) => inner.unwritten(&error),
            }
        });
    }

    fn cancel(&self, agent: AgentId, operation: MessageId) {
        let mut desks = self.desks();
        let Some(desk) = desks.get_mut(&agent) else {
            return;
        };
        if let Some(cast) = desk.casts.remove(&operation) {
            cast.rein.send_replace(Rein::Stop);
        }
        if let Some(errand) = desk.errands.remove(&operation) {
            errand.rein.send_replace(Rein::Stop);
        }
        drop(desks);
        self.settle(agent);
    }

    fn freeze(&self, agent: AgentId) {
        {
            let mut desks = self.desks();
            let Some(desk) = desks.get_mut(&agent) else {
                return;
            };
            (desk.frozen, desk.still) = (true, false);
            let what = desk.worker.contract().on_freeze;
            let rein = match what {
                OnFreeze::Pause => Some(Rein::Paused),
                OnFreeze::Abandon => Some(Rein::Stop),
                OnFreeze::Finish => None,
            };
            for run in desk.runs.values_mut() {
                if let (Stage::Running, Some(rein)) = (run.at, rein) {
                    if rein == Rein::Stop && run.then == Then::Tell {
                        run.then = Then::Abandon;
                    }
                    run.rein.send_replace(rein);
                }
            }
            for errand in desk.errands.values() {
                if let Some(rein) = rein {
                    errand.rein.send_replace(rein);
                }
            }
        }
        self.settle(agent);
    }

    fn thaw(&self, agent: AgentId) {
        {
            let mut desks = self.desks();
            let Some(desk) = desks.get_mut(&agent) else {
                return;
            };
            (desk.frozen, desk.still) = (false, false);
            let runs = desk.runs.values().map(|run| &run.rein);
            let errands = desk.errands.values().map(|errand| &errand.rein);
            for rein in runs.chain(errands) {
                rein.send_if_modified(|rein| {
                    let paused = *rein == Rein::Paused;
                    if paused {
                        *rein = Rein::Go;
                    }
                    paused
                });
            }
        }
        self.begin_next(agent);
    }

    /// A piece of work has stopped where it is, or goes on.
    pub(super) fn paused(&self, agent: AgentId, id: &str, is: bool) {
        {
            let mut desks = self.desks();
            let Some(desk) = desks.get_mut(&agent) else {
                return;
            };
            let mut runs = desk.runs.values_mut();
            if let Some(run) = runs.find(|run| run.order.id.as_str() == id) {
                match (run.at, is) {
                    (Stage::Running, true) => run.at = Stage::Paused,
                    (Stage::Paused, false) => run.at = Stage::Running,
                    (Stage::Queued | Stage::Beginning | Stage::Running | Stage::Paused, _) => {}
                }
            } else if let Some((_, errand)) = desk
                .errands
                .iter_mut()
                .find(|(known, _)| known.to_string() == id)
            {
                errand.paused = is;
            }
        }
        self.settle(agent);
    }

    /// Says that nothing runs, once, when that is so and is wanted.
    pub(super) fn settle(&self, agent: AgentId) {
        let outlet = {
            let mut desks = self.desks();
            let Some(desk) = desks.get_mut(&agent) else {
                return;
            };
            if !desk.frozen || desk.still || !desk.is_still() {
                return;
            }
            desk.still = true;
            Arc::clone(&desk.outlet)
        };
        outlet.say(agent, WorkerEvent::Still);
    }

    /// The workers' log could not be written.
    pub(super) fn unwritten(&self, error: &super::JournalError) {
        self.counts.unwritten.fetch_add(1, Ordering::Relaxed);
        self.counts.log_fails.store(true, Ordering::Relaxed);
        tracing::error!(%error, "the workers' log is not written");
    }

    /// Runs something on the host's runtime.
    fn spawn<F: Future<Output = ()> + Send + 'static>(&self, make: impl FnOnce(Arc<Self>) -> F) {
        if let Some(inner) = self.this.upgrade() {
            self.tokio.spawn(make(inner));
        }
    }
}
