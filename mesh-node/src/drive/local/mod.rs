//! The driver `local`: a whole mesh in one process and in real time, with nothing to install.
//!
//! Sectors are dealt out to shards, one thread a core. A shard holds the coordinators, leads and agents of its sectors
//! and one queue of what is due; there is no task and no timer an agent. Shards hand each other what crosses between
//! orchestrator and coordinators through bounded channels. Seats are granted by one table in memory.
//!
//! Two things are done in an order of their own. What is due at one instant is all handled before anything that came of
//! it is sent, so that thirty thousand agents release before the first acknowledgement is under way. And a message is
//! stamped when it is handed over and when it would have been read from a socket, so that a shard that is busy is no
//! delay of the network.
//!
//! | file | what it is |
//! |---|---|
//! | `clock` | the one place where real time is read |
//! | `config` | how large a mesh, and what its devices are |
//! | `crew` | who sits where, made from the configuration |
//! | `shard` | the loop: what is due, what has come, how long to rest |
//! | `post` | how messages travel |
//! | `act` | what a role asks for beside messages |
//! | `chores` | tasks on modelled devices |
//! | `hire` | real workers |
//! | `hosting` | which share of the mesh is here |
//! | `fault` | what can be made to go wrong while it runs |
//! | `publish` | counts for Prometheus, and whether all is well |
//! | `watch` | what the mesh came to, for benchmarks and tests |

mod act;
mod chores;
pub mod clock;
pub mod config;
mod crew;
pub mod fault;
mod hire;
pub mod hosting;
mod post;
mod publish;
mod shard;
#[cfg(test)]
mod tests;
pub mod watch;

pub use config::{Config, ConfigError, Devices, Situation};
pub use fault::Fault;
pub use hosting::{Hosting, Part};
pub use watch::{Figures, Seen};

use super::nats::Wire;
use crate::door::frame::{VERSION, Welcome};
use crate::door::{Porter, Request};
use crate::store::{Keeper, Told};
use clock::RealClock;
use mesh_core::message::envelope::Address;
use mesh_core::message::{Body, Epoch, MessageId};
use mesh_core::place::{ClusterId, SectorId, Shape, Slots};
use mesh_core::role::{From, HostAct, Order};
use mesh_core::time::{Micros, Moment};
use mesh_core::trust::seat::{SeatAnswer, SeatTable};
use mesh_core::trust::{KeyId, Rights};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// Letters that wait at a shard: a throw to a thousand sectors and their accounts, several times over.
const INBOX_MAX: usize = 16_384;
/// Operations whose true T is remembered.
const THROWS_MAX: usize = 64;

/// A mesh that runs. It stops when this is dropped.
#[derive(Debug)]
pub struct Local {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
    staff: Option<hire::StaffThread>,
    porter: Arc<Porter>,
}

/// What all shards have in common.
#[derive(Debug)]
struct Shared {
    clock: RealClock,
    config: Config,
    shape: Shape,
    boxes: Vec<SyncSender<Mail>>,
    /// Real workers, where there are any.
    staff: Option<Arc<hire::Staff>>,
    seats: Mutex<SeatTable>,
    /// What must outlive roles, and processes where the store does.
    keeper: Keeper,
    /// The last operations with their T in true time, which no role knows.
    throws: Mutex<VecDeque<(MessageId, Moment)>>,
    /// Messages from role to role.
    messages: AtomicU64,
    /// Inputs given to roles.
    handled: AtomicU64,
    /// Messages lost for want of room.
    dropped: AtomicU64,
    watchers: Mutex<Vec<SyncSender<Seen>>>,
}

/// What comes to a shard from outside.
#[derive(Debug)]
pub(in crate::drive) enum Mail {
    /// A message from another shard.
    Parcel(Box<Crossing>),
    /// From the door, for the orchestrator.
    Door(Request),
    /// A throw that nobody asked for at the door.
    Throw(Box<Order>),
    /// Something goes wrong.
    Fault(Fault, Option<Micros>),
    /// For the process that hosts this agent.
    Host(HostAct),
    /// How long holds were off, to be told and begun anew.
    Spread(SyncSender<watch::Spread>),
    /// Messages from other processes, verified.
    Heard(Vec<Heard>),
    /// Who sits where in this cluster may have changed.
    Seated(ClusterId),
    /// Whoever grants seats has answered the node at this index, which asked with this epoch.
    Seat(u32, Epoch, SeatAnswer),
    /// The store has answered.
    Told(Told),
    /// A real worker has said something.
    Worked,
    /// It is about to end in good order: seats are free for those who stand by.
    Leave,
    /// The end.
    Stop,
}

/// A message from another process.
#[derive(Debug)]
pub(in crate::drive) struct Heard {
    pub(in crate::drive) to: Address,
    /// Which of those behind the address; all of them without.
    pub(in crate::drive) slots: Option<Slots>,
    pub(in crate::drive) from: Address,
    pub(in crate::drive) signer: KeyId,
    pub(in crate::drive) epoch: Epoch,
    pub(in crate::drive) sent: Moment,
    /// When the socket was read, in true time.
    pub(in crate::drive) at: Moment,
    pub(in crate::drive) body: Body,
}

/// A message that crosses from shard to shard.
#[derive(Debug)]
pub(in crate::drive) struct Crossing {
    to: Across,
    /// When it arrives, where that is known; otherwise when it was sent.
    at: Moment,
    from: From,
    signer: KeyId,
    epoch: Epoch,
    sent: Moment,
    body: Body,
}

#[derive(Debug, Clone, Copy)]
pub(in crate::drive) enum Across {
    /// Whoever orchestrates.
    Top,
    /// Whoever coordinates this sector.
    Sector(SectorId),
}

impl Local {
    /// Starts a mesh. It is there when this returns, and its agents become active within the next second.
    pub fn start(config: Config) -> Result<Self, ConfigError> {
        Self::begin(config, RealClock::start(), None, |_| {})
    }

    /// The same, for a share of a mesh whose other parts are reached by wire; all of it is one shard then, and `hears` is
    /// given its box before anybody speaks.
    pub(in crate::drive) fn begin(
        config: Config,
        clock: RealClock,
        wire: Option<Wire>,
        hears: impl FnOnce(&SyncSender<Mail>),
    ) -> Result<Self, ConfigError> {
        let shape = config.shape()?;
        let shards = if wire.is_some() {
            1
        } else {
            config.shards(shape)
        };
        let (boxes, inboxes): (Vec<_>, Vec<_>) =
            (0..shards).map(|_| sync_channel(INBOX_MAX)).unzip();
        let welcome = Welcome {
            version: VERSION,
            program: concat!("mesh-node ", env!("CARGO_PKG_VERSION")).to_owned(),
            mesh: config.name.clone(),
            driver: if wire.is_some() { "nats" } else { "local" }.to_owned(),
            lab: config.is_lab(),
            shape,
            caller: String::new(),
            rights: Rights::ALL,
        };
        let told = boxes[0].clone();
        let keeper = Keeper::open(&config.store, clock, move |said| {
            // Without the shard nobody waits for it any more.
            let _ = told.send(Mail::Told(said));
        })?;
        let (staff, staff_thread) = hire::hire(&config, shape, &boxes)?.unzip();
        let shared = Arc::new(Shared {
            clock,
            config,
            shape,
            boxes,
            staff,
            seats: Mutex::default(),
            keeper,
            throws: Mutex::default(),
            messages: AtomicU64::new(0),
            handled: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            watchers: Mutex::default(),
        });
        let door = shared.boxes[0].clone();
        let porter = Porter::new(
            welcome,
            Box::new(move |request| match door.try_send(Mail::Door(request)) {
                Ok(()) => Ok(()),
                Err(
                    TrySendError::Full(Mail::Door(request))
                    | TrySendError::Disconnected(Mail::Door(request)),
                ) => Err(request),
                Err(_) => unreachable!("what comes back is what was sent"),
            }),
        );
        hears(&shared.boxes[0]);
        let mut wire = wire;
        let threads = inboxes.into_iter().enumerate().map(|(index, inbox)| {
            let wire = wire.take();
            let (shared, porter) = (Arc::clone(&shared), Arc::clone(&porter));
            std::thread::Builder::new()
                .name(format!("shard-{index}"))
                .spawn(move || shard::run(index, &shared, &porter, wire, &inbox))
                .map_err(ConfigError::Thread)
        });
        let threads = threads.collect::<Result<_, _>>()?;
        Ok(Self {
            shared,
            threads,
            staff: staff_thread,
            porter,
        })
    }

    /// Its door.
    pub const fn porter(&self) -> &Arc<Porter> {
        &self.porter
    }

    /// Its shape.
    pub fn shape(&self) -> Shape {
        self.shared.shape
    }

    /// Something goes wrong from now on, for so long; what ends nothing of itself needs no time.
    pub fn inject(&self, fault: &Fault, lasts: Option<Micros>) {
        for inbox in &self.shared.boxes {
            // A shard that has ended has no agents to hurt.
            let _ = inbox.send(Mail::Fault(fault.clone(), lasts));
        }
    }

    /// Throws to everybody, past the door: for measurements.
    pub fn throw(&self, order: Order) {
        let _ = self.shared.boxes[0].send(Mail::Throw(Box::new(order)));
    }

    /// Tells what happens from now on; what finds no room in the channel is left out.
    pub fn watch(&self) -> Receiver<Seen> {
        let (to, from) = sync_channel(4_096);
        lock(&self.shared.watchers).push(to);
        from
    }

    /// An operation that another process threw has this T, in true time: releases are measured against it.
    pub fn expect(&self, operation: MessageId, target: Moment) {
        self.shared.thrown(operation, target);
    }

    /// How far holds were off since this was last asked.
    pub fn spread(&self) -> watch::Spread {
        let (to, from) = sync_channel(self.shared.boxes.len());
        for inbox in &self.shared.boxes {
            let _ = inbox.send(Mail::Spread(to.clone()));
        }
        drop(to);
        let mut all = watch::Spread::default();
        for spread in from {
            all.add_all(&spread);
        }
        all
    }

    /// What it came to so far.
    pub fn figures(&self) -> Figures {
        Figures {
            messages: self.shared.messages.load(Ordering::Relaxed),
            handled: self.shared.handled.load(Ordering::Relaxed),
            dropped: self.shared.dropped.load(Ordering::Relaxed),
        }
    }

    /// What real workers came to so far.
    pub fn worker_figures(&self) -> crate::worker::Figures {
        let staff = self.shared.staff.as_ref();
        staff.map(|staff| staff.host.figures()).unwrap_or_default()
    }

    /// How the mesh's store does.
    pub fn store(&self) -> &crate::store::Trouble {
        self.shared.keeper.trouble()
    }

    /// True time of this mesh.
    pub fn now(&self) -> Moment {
        self.shared.clock.now()
    }

    /// Ends it: connections are shown out, threads come to their end.
    pub fn stop(mut self, reason: &str) {
        self.end(reason);
    }

    /// Real workers begin nothing more and have so long to end what runs; whether all of it ended. What comes of it still goes
    /// its way.
    pub async fn drain(&self, within: std::time::Duration) -> bool {
        match &self.shared.staff {
            Some(staff) => staff.host.drain(within).await,
            None => true,
        }
    }

    /// Seats are given up, so that whoever stands by takes them at once; then it is to be ended.
    pub(in crate::drive) fn leave(&self) {
        for inbox in &self.shared.boxes {
            let _ = inbox.send(Mail::Leave);
        }
    }

    /// Tells it to end; its threads come to their end when this is dropped.
    pub(in crate::drive) fn close(&self, reason: &str) {
        self.porter.close(reason);
        for inbox in &self.shared.boxes {
            let _ = inbox.send(Mail::Stop);
        }
    }

    fn end(&mut self, reason: &str) {
        self.close(reason);
        for thread in self.threads.drain(..) {
            // A thread that panicked has told so itself.
            let _ = thread.join();
        }
        if let Some(staff) = self.staff.take() {
            staff.end();
        }
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        self.end("the mesh was stopped");
    }
}

impl Shared {
    /// An operation was thrown, with this T in true time.
    fn thrown(&self, operation: MessageId, target: Moment) {
        let mut throws = lock(&self.throws);
        if throws.len() == THROWS_MAX {
            throws.pop_front();
        }
        throws.push_back((operation, target));
    }

    /// T of an operation in true time.
    fn target(&self, operation: MessageId) -> Option<Moment> {
        let throws = lock(&self.throws);
        throws
            .iter()
            .rev()
            .find(|(id, _)| *id == operation)
            .map(|&(_, target)| target)
    }

    /// Tells whoever watches.
    fn tell(&self, seen: &Seen) {
        lock(&self.watchers).retain(|watcher| {
            !matches!(
                watcher.try_send(seen.clone()),
                Err(TrySendError::Disconnected(_))
            )
        });
    }

    /// Which shard holds a sector.
    fn shard_of(&self, sector: SectorId) -> usize {
        sector.index() % self.boxes.len()
    }
}

/// What is behind the lock is whole after every step.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
