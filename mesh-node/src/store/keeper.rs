//! The thread that writes beside a mesh that runs: what waits is gathered and committed at once, so that one sync of the
//! disk serves many. While the store is in trouble, what was to be written waits and is tried again.

use super::write::{Failure, Write};
use super::{Location, Store, StoreError};
use crate::drive::local::clock::RealClock;
use mesh_core::guard::level::Entry;
use mesh_core::message::Epoch;
use mesh_core::operation::refusal::Ground;
use mesh_core::operation::word::LogKind;
use mesh_core::role::{Brought, Record, Saved, Ticket};
use mesh_core::time::{Boot, Micros};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Jobs that wait at most; past that nothing more is taken, and so nothing more is accepted.
const JOBS_MAX: usize = 65_536;
/// Jobs that one transaction takes at most.
const BATCH_MAX: usize = 1_024;
/// How often what is old is tidied away.
const TIDY_EVERY: Duration = Duration::from_secs(60);
/// How long a store in trouble is left alone at first, and at most.
const RETRY: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(3));

/// What is asked of the store.
#[derive(Debug, Clone)]
pub enum Job {
    /// Something to be written that nobody waits for.
    Write(Write),
    /// Something to be written for the node at this index, which is told when it is.
    Keep(u32, Ticket, Arc<Record>),
    /// The node at this index orchestrates now, with this epoch, and wants to know what there is.
    Recall(u32, Epoch),
    /// It wants the last backup.
    ReadBackup(u32, Ticket),
    /// It wants a log recomputed.
    Verify(u32, Ticket, LogKind),
}

/// What the store says.
#[derive(Debug)]
pub enum Told {
    /// It is on the disk.
    Stored(u32, Ticket),
    /// This is what there is.
    Recalled(u32, Box<Saved>),
    /// This came of a service.
    Brought(u32, Ticket, Box<Brought>),
}

/// How the store does, for metrics and health.
#[derive(Debug, Default)]
pub struct Trouble {
    said: Mutex<Option<String>>,
    written: AtomicU64,
    refused: AtomicU64,
    dropped: AtomicU64,
}

impl Trouble {
    /// What is wrong with it now.
    pub fn now(&self) -> Option<String> {
        let said = self.said.lock();
        said.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Writes that were committed, that the store refused, and that found no room to wait in.
    pub fn counts(&self) -> [u64; 3] {
        [&self.written, &self.refused, &self.dropped].map(|count| count.load(Ordering::Relaxed))
    }

    fn set(&self, said: Option<String>) {
        *self.said.lock().unwrap_or_else(PoisonError::into_inner) = said;
    }
}

/// Whoever has this has the store. The thread ends when this is dropped, after it has written what waits.
#[derive(Debug)]
pub struct Keeper {
    jobs: Option<SyncSender<Job>>,
    trouble: Arc<Trouble>,
    ending: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    at: Location,
    boot: Boot,
    fence: Epoch,
    levels: BTreeMap<Arc<str>, Vec<Entry>>,
}

impl Keeper {
    /// Opens a store and a thread beside it; `tell` is called from there.
    pub fn open(
        at: &Location,
        clock: RealClock,
        tell: impl Fn(Told) + Send + 'static,
    ) -> Result<Self, StoreError> {
        let (jobs, inbox) = sync_channel(JOBS_MAX);
        let (ready, opened) = sync_channel(1);
        let (trouble, ending) = (Arc::<Trouble>::default(), Arc::<AtomicBool>::default());
        let (theirs, told) = (Arc::clone(&trouble), Arc::clone(&ending));
        let place = at.clone();
        let thread = std::thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build();
                let runtime = match runtime {
                    Ok(runtime) => runtime,
                    Err(error) => return drop(ready.send(Err(StoreError::Thread(error)))),
                };
                let opened = runtime.block_on(async {
                    let mut store = Store::open(&place).await?;
                    let begins = (store.fence().await?, store.levels().await?);
                    Ok::<_, StoreError>((store, begins))
                });
                match opened {
                    Ok((store, (fence, levels))) => {
                        let _ = ready.send(Ok((store.boot(), fence, levels)));
                        let writer = Writer {
                            store,
                            runtime,
                            clock,
                            tell,
                            trouble: theirs,
                            ending: told,
                        };
                        writer.run(&inbox);
                    }
                    Err(error) => drop(ready.send(Err(error))),
                }
            })
            .map_err(StoreError::Thread)?;
        let ended = || StoreError::Thread(std::io::Error::other("it ended while it began"));
        let (boot, fence, levels) = opened.recv().map_err(|_| ended())??;
        Ok(Self {
            jobs: Some(jobs),
            trouble,
            ending,
            thread: Some(thread),
            at: at.clone(),
            boot,
            fence,
            levels,
        })
    }

    /// Asks it for something; without room it is not done, which only counts.
    pub fn ask(&self, job: Job) {
        let taken = self.jobs.as_ref().map(|jobs| jobs.try_send(job));
        if !matches!(taken, Some(Ok(()))) {
            self.trouble.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How it does.
    pub const fn trouble(&self) -> &Arc<Trouble> {
        &self.trouble
    }

    /// Whether what is written is there after this process.
    pub fn lasts(&self) -> bool {
        self.at != Location::Memory
    }

    /// From which number on starts are counted.
    pub const fn boot(&self) -> Boot {
        self.boot
    }

    /// The highest epoch that had written when the store was opened: nobody orchestrates with that or a lower one.
    pub const fn fence(&self) -> Epoch {
        self.fence
    }

    /// Desired state of a node as it was when the store was opened.
    pub fn levels(&self, holder: &str) -> &[Entry] {
        self.levels.get(holder).map_or(&[], Vec::as_slice)
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        // What waits is written first; a store in trouble is not waited for.
        self.ending.store(true, Ordering::Relaxed);
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has told so itself.
            let _ = thread.join();
        }
    }
}

/// The thread's side.
struct Writer<T> {
    store: Store,
    runtime: tokio::runtime::Runtime,
    clock: RealClock,
    tell: T,
    trouble: Arc<Trouble>,
    ending: Arc<AtomicBool>,
}

impl<T: Fn(Told)> Writer<T> {
    fn run(mut self, inbox: &Receiver<Job>) {
        let mut tidied = self.clock.now();
        loop {
            let first = match inbox.recv_timeout(TIDY_EVERY) {
                Ok(job) => Some(job),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => break,
            };
            let mut jobs: Vec<Job> = first.into_iter().collect();
            jobs.extend(inbox.try_iter().take(BATCH_MAX));
            let now = self.clock.now();
            if now.since(tidied) >= Micros(TIDY_EVERY.as_micros() as i64) {
                tidied = now;
                jobs.push(Job::Write(Write::Tidy));
            }
            self.serve(jobs);
        }
        let closed = self.runtime.block_on(self.store.close());
        if let Err(error) = closed {
            tracing::warn!(%error, "the store was not closed in order; it will be put right at the next start");
        }
    }

    /// Jobs in their order: writes together, with what is read between them.
    fn serve(&mut self, jobs: Vec<Job>) {
        let mut writes = Vec::with_capacity(jobs.len());
        for job in jobs {
            match job {
                Job::Write(write) => writes.push((write, None)),
                Job::Keep(seat, ticket, record) => {
                    let write = Write::Record(ticket.epoch, record);
                    writes.push((write, Some((seat, ticket))));
                }
                Job::Recall(seat, epoch) => {
                    // From here on nobody before it writes, so what is read stays true.
                    writes.push((Write::Fence(epoch), None));
                    self.commit(core::mem::take(&mut writes));
                    if let Some(saved) = self.read(&async |store: &mut Store| store.saved().await) {
                        (self.tell)(Told::Recalled(seat, Box::new(saved)));
                    }
                }
                Job::ReadBackup(seat, ticket) => {
                    self.commit(core::mem::take(&mut writes));
                    let last = self.runtime.block_on(self.store.last_backup());
                    let brought = last.map(|last| Brought::Backup(last.map(Box::new)));
                    self.bring(seat, ticket, brought);
                }
                Job::Verify(seat, ticket, log) => {
                    self.commit(core::mem::take(&mut writes));
                    let found = self.runtime.block_on(async {
                        match log {
                            LogKind::Conflicts => self.store.verify_conflicts().await,
                            LogKind::Audit => self.store.verify_audit().await,
                        }
                    });
                    let brought = found.map(|found| Brought::Verified {
                        rows: found.rows,
                        altered: found.altered.map(|altered| altered.number),
                    });
                    self.bring(seat, ticket, brought);
                }
            }
        }
        self.commit(writes);
    }

    /// Whoever asked is told what came of it, or why nothing did.
    fn bring(&self, seat: u32, ticket: Ticket, brought: Result<Brought, StoreError>) {
        let brought = brought.unwrap_or_else(|error| {
            Brought::Nothing(Ground::Unavailable, error.to_string().as_str().into())
        });
        (self.tell)(Told::Brought(seat, ticket, Box::new(brought)));
    }

    /// One transaction; again without what is refused, and again after a while when the store is in trouble.
    fn commit(&mut self, mut writes: Vec<(Write, Option<(u32, Ticket)>)>) {
        let mut wait = RETRY.0;
        while !writes.is_empty() {
            let all: Vec<Write> = writes.iter().map(|(write, _)| write.clone()).collect();
            let done = self
                .runtime
                .block_on(self.store.write(self.clock.wall(), &all));
            match done {
                Ok(()) => {
                    self.well();
                    let count = writes.len() as u64;
                    self.trouble.written.fetch_add(count, Ordering::Relaxed);
                    let waiting = writes.drain(..).filter_map(|(_, waits)| waits);
                    for (seat, ticket) in waiting {
                        (self.tell)(Told::Stored(seat, ticket));
                    }
                }
                Err(Failure {
                    at: Some(at),
                    error,
                }) if error.is_refusal() => {
                    self.trouble.refused.fetch_add(1, Ordering::Relaxed);
                    if matches!(error, StoreError::Fenced { .. }) {
                        tracing::info!(%error, "a holder of the seat from before wrote too late");
                    } else {
                        tracing::error!(%error, "the store refused a write");
                    }
                    writes.remove(at);
                }
                Err(Failure { error, .. }) => {
                    if !self.wait(&error, &mut wait) {
                        tracing::error!(lost = writes.len(), "ended before it could be written");
                        return;
                    }
                }
            }
        }
    }

    /// What is read must be read, or there is no orchestrator: it is tried until the end.
    fn read<V>(&mut self, read: &impl AsyncFn(&mut Store) -> Result<V, StoreError>) -> Option<V> {
        let mut wait = RETRY.0;
        loop {
            match self.runtime.block_on(read(&mut self.store)) {
                Ok(value) => {
                    self.well();
                    return Some(value);
                }
                Err(error) => {
                    if !self.wait(&error, &mut wait) {
                        return None;
                    }
                }
            }
        }
    }

    fn well(&self) {
        if self.trouble.now().is_some() {
            self.trouble.set(None);
            tracing::info!("the store can be used again");
        }
    }

    /// The store is in trouble: after a while it is connected to anew. Whether it is worth trying again.
    fn wait(&mut self, error: &StoreError, wait: &mut Duration) -> bool {
        let said = error.to_string();
        if self.trouble.now().as_ref() != Some(&said) {
            tracing::error!(%error, "the store is in trouble; nothing new is accepted until it is well");
            self.trouble.set(Some(said));
        }
        if self.ending.load(Ordering::Relaxed) {
            return false;
        }
        // A disk does not say when it has room again.
        std::thread::sleep(*wait);
        *wait = (*wait * 2).min(RETRY.1);
        // One in memory would be another one.
        if self.store.at != Location::Memory
            && let Ok(store) = self.runtime.block_on(self.store.again())
        {
            self.store = store;
        }
        true
    }
}
