//! The driver `nats`: the same mesh across processes and machines, over any NATS server from 2.10 on.
//!
//! One process hosts any mix of seats and agents. Its roles run on one thread, as a shard of the driver [`local`] does, with
//! the same devices, workers and door; only the way between roles is another. What a role says is signed, goes out bundled by
//! place, is verified by whoever it is for before it is looked at, and is stamped when the socket is read:
//!
//! ```text
//! roles -> wire: seal, bundle -> link: publish ==broker==> link: stamp -> desk: verify, read -> roles
//!          claims of seats    -> link: grantor ==bucket==> link: answer -----------------------> roles
//! ```
//!
//! | file | what it is |
//! |---|---|
//! | `subject` | subjects by place |
//! | `frame` | several messages in one of the broker |
//! | `layout` | who is hosted where |
//! | `certificates` | certificates of others over the broker |
//! | `keys` | the secrets of a process, and whom it believes |
//! | `wire` | the way out |
//! | `desk` | the way in |
//! | `link` | the connection, its losses and returns |
//! | `seats` | seats by compare-and-set in a key-value bucket |
//!
//! [`local`]: super::local

mod certificates;
mod desk;
mod frame;
mod keys;
mod layout;
mod link;
mod seats;
mod subject;
mod wire;

pub use keys::{Derived, Keys};
pub use layout::Layout;
pub use link::Traffic;
pub use seats::BucketError;
pub use subject::NameError;
pub(super) use wire::Wire;

use super::local::clock::RealClock;
use super::local::{Config, ConfigError, Hosting, Local};
use certificates::Certificates;
use desk::Desk;
use link::Link;
use mesh_core::message::envelope::{Reception, Refusals};
use mesh_core::place::Shape;
use mesh_core::time::Boot;
use mesh_core::trust::KeyId;
use mesh_core::trust::seat::Seat;
use seats::Grantor;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use subject::Subjects;
use tokio::sync::{mpsc, oneshot, watch};

/// Bundles that wait to go out: a throw to a thousand clusters, and more.
const OUT_MAX: usize = 4_096;
/// Bundles that wait to be verified; the client's own buffers are behind them.
const IN_MAX: usize = 16_384;

/// How a process reaches the mesh's broker.
#[derive(Debug, Clone)]
pub struct LinkConfig {
    /// The mesh's name.
    pub mesh: String,
    /// Addresses of servers, `nats://host:port`.
    pub servers: Vec<String>,
    /// A credentials file.
    pub credentials: Option<PathBuf>,
    /// The certificate of an authority that is trusted beside the system's; then the connection must be encrypted.
    pub authority: Option<PathBuf>,
    /// How long the first connection may take.
    pub wait: Duration,
    /// Copies of the buckets that the mesh keeps, on a broker that is a cluster: 1, 3 or 5.
    pub replicas: usize,
    /// Which start of this process this is: more than the last one.
    pub boot: Boot,
    /// What was said of this node and its agents, to be laid down where others find it, who do the same. Without any, who is
    /// believed was settled before.
    pub certificates: Vec<Vec<u8>>,
}

impl LinkConfig {
    /// To one server, with nothing special.
    pub fn to(mesh: &str, server: &str, boot: Boot) -> Self {
        Self {
            mesh: mesh.to_owned(),
            servers: vec![server.to_owned()],
            credentials: None,
            authority: None,
            wait: Duration::from_secs(10),
            replicas: 1,
            boot,
            certificates: Vec::new(),
        }
    }
}

/// A process that cannot take part in a mesh.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// What it should host makes no sense.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The mesh's name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// No bucket for seats.
    #[error(transparent)]
    Bucket(#[from] BucketError),
    /// No credentials.
    #[error("credentials file {path}: {source}", path = .path.display())]
    Credentials {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The broker does not let it in.
    #[error("cannot connect to {servers}: {why}")]
    Connect {
        /// To which.
        servers: String,
        /// What it says.
        why: String,
    },
    /// The broker does not answer.
    #[error("no broker answered at {servers} within {seconds} s; is nats-server running there?")]
    Silent {
        /// At which.
        servers: String,
        /// How long was waited.
        seconds: u64,
    },
    /// The broker does not let it listen.
    #[error("cannot listen to {subject}: {why}")]
    Subscribe {
        /// To what.
        subject: String,
        /// What it says.
        why: String,
    },
    /// No thread.
    #[error("cannot start a thread for the connection: {0}")]
    Thread(std::io::Error),
    /// It ended while it began.
    #[error("the connection ended while it began")]
    Ended,
}

/// A process's share of a mesh, which runs until this is dropped.
#[derive(Debug)]
pub struct Nats {
    local: Local,
    traffic: Arc<Traffic>,
    reception: Arc<Mutex<Reception>>,
    thread: Option<JoinHandle<()>>,
}

impl Nats {
    /// Connects, and starts what this process hosts. `clock` tells true time: the same instant is the same moment to all
    /// processes that were given the same origin.
    pub fn start(
        config: Config,
        link: LinkConfig,
        keys: Keys,
        clock: RealClock,
    ) -> Result<Self, LinkError> {
        let subjects = Subjects::new(&link.mesh)?;
        let shape = config.shape()?;
        let (traffic, reception) = (Arc::new(Traffic::default()), Arc::default());
        let keys = Arc::new(keys);
        keys.set_wall(clock.wall());
        let (out, commands) = mpsc::channel(OUT_MAX);
        let wire = Wire::new(
            Arc::clone(&keys),
            subjects.clone(),
            link.boot,
            out,
            Arc::clone(&traffic),
        );
        let hosting = config.hosting.clone();
        let agents = config.agents;
        // Roles begin when the broker is there: what they say first would be lost otherwise.
        let (ready, started) = std::sync::mpsc::sync_channel(1);
        let (begin, begun) = oneshot::channel();
        let desk = Desk {
            keys: Arc::clone(&keys),
            hosting: hosting.clone(),
            clock,
            traffic: Arc::clone(&traffic),
            reception: Arc::clone(&reception),
        };
        let told = Arc::clone(&traffic);
        let believing = Arc::clone(&keys);
        let node = keys.node();
        let thread = std::thread::Builder::new()
            .name("broker".to_owned())
            .spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build();
                let runtime = match runtime {
                    Ok(runtime) => runtime,
                    Err(error) => return drop(ready.send(Err(LinkError::Thread(error)))),
                };
                runtime.block_on(async move {
                    let (back, returned) = watch::channel(0);
                    let joined = join(&link, &told, back, &believing, clock).await;
                    let (client, grantor) = match joined {
                        Ok(joined) => joined,
                        Err(error) => return drop(ready.send(Err(error))),
                    };
                    let certificates =
                        match certified(&client, &link, believing, clock, &hosting, shape).await {
                            Ok(certificates) => certificates,
                            Err(error) => return drop(ready.send(Err(error.into()))),
                        };
                    if ready.send(Ok(())).is_err() {
                        return;
                    }
                    let Ok(mesh) = begun.await else { return };
                    let (parcels, arriving) = mpsc::channel(IN_MAX);
                    let theirs = std::sync::mpsc::SyncSender::clone(&mesh);
                    let desk = std::thread::Builder::new()
                        .name("desk".to_owned())
                        .spawn(move || desk.run(arriving, &theirs));
                    if let Err(error) = desk {
                        tracing::error!(%error, "cannot start a thread for what comes in");
                        return;
                    }
                    if let Some(certificates) = certificates {
                        tokio::spawn(certificates.follow(mesh.clone()));
                    }
                    let seats = stood_for(&hosting, shape);
                    tokio::spawn(Arc::clone(&grantor).follow(seats));
                    tokio::spawn(forget_when_back(Arc::clone(&grantor), returned));
                    let mut link = Link::new(
                        client, subjects, shape, hosting, clock, told, node, grantor, parcels, mesh,
                    );
                    if let Err(error) = link.listen(agents).await {
                        tracing::error!(%error, "some of what is hosted here cannot be heard");
                    }
                    link.run(commands).await;
                });
            })
            .map_err(LinkError::Thread)?;
        started.recv().map_err(|_| LinkError::Ended)??;
        let local = Local::begin(config, clock, Some(wire), |mesh| {
            let _ = begin.send(mesh.clone());
        })?;
        Ok(Self {
            local,
            traffic,
            reception,
            thread: Some(thread),
        })
    }

    /// The share itself: its door, its figures.
    pub const fn local(&self) -> &Local {
        &self.local
    }

    /// What went over the connection so far.
    pub fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    /// What was refused at the desk so far.
    pub fn refusals(&self) -> Refusals {
        let reception = self.reception.lock();
        *reception.unwrap_or_else(PoisonError::into_inner).refusals()
    }

    /// Puts its counts where metrics are rendered from: those of the share, of the connection, of what was refused.
    pub fn publish(&self) {
        self.local.publish();
        let traffic = &self.traffic;
        let counts = [
            ("mesh_broker_bundles_sent_total", &traffic.bundles_out),
            ("mesh_broker_bytes_sent_total", &traffic.bytes_out),
            ("mesh_broker_bundles_received_total", &traffic.bundles_in),
            ("mesh_broker_bytes_received_total", &traffic.bytes_in),
            ("mesh_broker_losses_total", &traffic.lost),
            ("mesh_broker_unsent_total", &traffic.unsent),
        ];
        for (name, count) in counts {
            metrics::counter!(name).absolute(count.load(Ordering::Relaxed));
        }
        for (reason, count) in self.refusals().iter() {
            metrics::counter!("mesh_messages_refused_total", "reason" => reason.words())
                .absolute(u64::from(count));
        }
    }

    /// Ends it in good order: whoever stands by for its seats takes them at once.
    pub fn stop(self, reason: &str) {
        self.local.leave();
        self.local.close(reason);
        drop(self);
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        // The shard's end of the wire ends the connection's work.
        self.local.close("the node was stopped");
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has told so itself.
            let _ = thread.join();
        }
    }
}

async fn join(
    link: &LinkConfig,
    traffic: &Arc<Traffic>,
    back: watch::Sender<u64>,
    keys: &Arc<Keys>,
    clock: RealClock,
) -> Result<(async_nats::Client, Arc<Grantor>), LinkError> {
    let client = link::connect(link, traffic, back).await?;
    let (mesh, keys) = (&link.mesh, Arc::clone(keys));
    let grantor = Grantor::open(&client, mesh, link.replicas, keys, clock).await?;
    Ok((client, grantor))
}

/// Tells a mesh that keys are believed no longer: each with the root's certificate that says so.
pub async fn announce_revoked(
    link: &LinkConfig,
    revoked: Vec<(KeyId, Vec<u8>)>,
) -> Result<(), LinkError> {
    Subjects::new(&link.mesh)?;
    let (back, _) = watch::channel(0);
    let client = link::connect(link, &Arc::default(), back).await?;
    certificates::lay_down_revoked(&client, &link.mesh, link.replicas, revoked).await?;
    Ok(())
}

/// Lays down this node's certificates and reads the others', where they are exchanged over the broker.
async fn certified(
    client: &async_nats::Client,
    link: &LinkConfig,
    keys: Arc<Keys>,
    clock: RealClock,
    hosting: &Hosting,
    shape: Shape,
) -> Result<Option<Certificates>, BucketError> {
    if link.certificates.is_empty() {
        return Ok(None);
    }
    let (mesh, replicas) = (&link.mesh, link.replicas);
    let open = Certificates::open(client, mesh, replicas, keys, clock, hosting, shape);
    let certificates = open.await?;
    certificates.lay_down(&link.certificates).await;
    if !certificates.read_all().await {
        tracing::warn!("the certificates of others did not come; they are taken when they do");
    }
    Ok(Some(certificates))
}

/// Whenever the broker is back it may be one that has forgotten.
async fn forget_when_back(grantor: Arc<Grantor>, mut returned: watch::Receiver<u64>) {
    returned.mark_unchanged();
    while returned.changed().await.is_ok() {
        grantor.forget();
    }
}

/// The seats that somebody here stands for.
fn stood_for(hosting: &Hosting, shape: Shape) -> Vec<Seat> {
    let sectors = shape.all_sectors().map(Seat::Coordinator);
    let clusters = shape
        .all_sectors()
        .flat_map(|sector| (0..shape.clusters).map(move |slot| Seat::Lead(sector.cluster(slot))));
    let all = core::iter::once(Seat::Orchestrator)
        .chain(sectors)
        .chain(clusters);
    all.filter(|seat| hosting.stands(*seat, 0) || hosting.stands(*seat, 1))
        .collect()
}
