//! The yardstick: the same tree over the same broker with nothing but publish and reply, and, signed, the same number of
//! Ed25519 signatures and batch verifications with nothing around them.
//!
//! The top publishes once for each sector; a sector publishes once for each of its clusters; a cluster publishes once for all
//! its agents, and each of those replies with a message of its own. A cluster that has heard all of them tells its sector, a
//! sector that has heard all of its clusters tells the top. Signed, one command is verified for each cluster, and a cluster
//! verifies its agents' replies in batches.

use super::BenchError;
use super::host::Setup;
use super::nats::Yardstick;
use crate::drive::local::Hosting;
use crate::drive::nats::{Layout, LinkError};
use async_nats::{Client, Subscriber};
use bytes::Bytes;
use futures_util::StreamExt as _;
use mesh_core::place::{ClusterId, SectorId};
use mesh_core::trust::key::Signature;
use mesh_core::trust::{PublicKey, Scheme, SecretKey, Signer as _};
use std::collections::BTreeMap;
use std::path::Path;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Bytes of a command and of a reply, about those of the mesh's own.
const COMMAND: usize = 400;
const REPLY: usize = 200;
const SIGNATURE: usize = 64;
/// Rounds before those that count.
const WARM_UP: u32 = 3;
/// How long a round may take.
const ROUND_MAX: Duration = Duration::from_secs(30);

/// What all processes agree on.
#[derive(Debug, Clone)]
struct Shape {
    root: String,
    seed: u64,
    signed: bool,
    clusters: BTreeMap<ClusterId, u8>,
}

/// One process of it.
#[derive(Debug)]
pub(super) struct Host {
    end: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Shape {
    fn of(setup: &Setup) -> Result<(Self, Layout), BenchError> {
        let config = setup.config();
        let layout = Layout::new(&config, setup.hosts, false).ok_or(BenchError::Hosts {
            hosts: setup.hosts,
            least: Layout::HOSTS_MIN,
        })?;
        let shape = Self {
            root: format!("{}.raw", setup.mesh),
            seed: setup.seed,
            signed: setup.signed,
            clusters: layout.all_clusters().collect(),
        };
        Ok((shape, layout))
    }

    fn key(&self, number: u32) -> SecretKey {
        let mut seed = [7; 32];
        seed[..4].copy_from_slice(&number.to_be_bytes());
        seed[4..12].copy_from_slice(&self.seed.to_be_bytes());
        Scheme::Ed25519.key(&seed)
    }

    fn command(&self) -> Bytes {
        self.sealed(&self.key(0), COMMAND)
    }

    /// So many bytes, with a signature behind them where they bear one.
    fn sealed(&self, key: &SecretKey, size: usize) -> Bytes {
        let mut bytes = vec![1; size];
        if self.signed {
            bytes.extend_from_slice(&key.sign(&bytes).0);
        }
        bytes.into()
    }

    fn is_genuine(&self, key: &PublicKey, message: &[u8]) -> bool {
        !self.signed
            || split(message)
                .is_some_and(|(bytes, signature)| Scheme::Ed25519.verify(key, bytes, &signature))
    }
}

fn split(message: &[u8]) -> Option<(&[u8], Signature)> {
    let (bytes, signature) = message.split_last_chunk::<SIGNATURE>()?;
    Some((bytes, Signature(*signature)))
}

/// Gathers so many times; how long each took, in milliseconds.
pub(super) async fn run(
    setup: &Setup,
    rounds: u32,
    program: &Path,
) -> Result<Vec<f64>, BenchError> {
    let (shape, _) = Shape::of(setup)?;
    let hosts = Yardstick::start(setup, program)?;
    let client = connect(&setup.server).await?;
    let mut done = subscribe(&client, format!("{}.top", shape.root)).await?;
    let sectors = sectors(&shape);
    let mut took = Vec::new();
    for round in 0..WARM_UP + rounds {
        let begun = Instant::now();
        let command = shape.command();
        for sector in &sectors {
            let subject = format!("{}.sector.{}", shape.root, sector.0);
            let sent = client.publish(subject, command.clone()).await;
            sent.map_err(|error| broken(&setup.server, &error))?;
        }
        for _ in &sectors {
            let heard = tokio::time::timeout(ROUND_MAX, done.next()).await;
            if !matches!(heard, Ok(Some(_))) {
                return Err(BenchError::Late {
                    what: "the end of a round of the yardstick",
                    seconds: ROUND_MAX.as_secs(),
                    seen: format!("round {round}"),
                });
            }
        }
        if round >= WARM_UP {
            took.push(begun.elapsed().as_secs_f64() * 1e3);
        }
    }
    hosts.end();
    Ok(took)
}

fn sectors(shape: &Shape) -> Vec<SectorId> {
    let mut all: Vec<SectorId> = shape.clusters.keys().map(|id| id.sector).collect();
    all.dedup();
    all
}

impl Host {
    /// Starts this process's share; it answers from when this returns.
    pub(super) fn start(setup: &Setup) -> Result<Self, BenchError> {
        let (shape, layout) = Shape::of(setup)?;
        let hosting = layout.hosting(setup.host);
        let server = setup.server.clone();
        let (end, ended) = oneshot::channel();
        let (ready, started) = std::sync::mpsc::sync_channel(1);
        let failed = |source| BenchError::System {
            what: "a thread for the yardstick",
            source,
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(failed)?;
        let thread = std::thread::Builder::new()
            .name("yardstick".to_owned())
            .spawn(move || {
                runtime.block_on(async move {
                    let begun = begin(&shape, &hosting, &server).await;
                    let fine = begun.is_ok();
                    let _ = ready.send(begun);
                    if fine {
                        let _ = ended.await;
                    }
                });
            })
            .map_err(failed)?;
        let begun = started.recv();
        begun.map_err(|_| BenchError::Link(LinkError::Ended))??;
        Ok(Self { end, thread })
    }

    pub(super) fn stop(self) {
        let _ = self.end.send(());
        let _ = self.thread.join();
    }
}

/// Listens as what is hosted here, and answers.
async fn begin(shape: &Shape, hosting: &Hosting, server: &str) -> Result<(), BenchError> {
    let Hosting::Part(part) = hosting else {
        return Ok(());
    };
    let client = connect(server).await?;
    let root = &shape.root;
    for sector in part.coordinators.keys() {
        let commands = subscribe(&client, format!("{root}.sector.{}", sector.0)).await?;
        let ends = subscribe(&client, format!("{root}.told.{}", sector.0)).await?;
        let own: Vec<ClusterId> = shape
            .clusters
            .keys()
            .copied()
            .filter(|cluster| cluster.sector == *sector)
            .collect();
        tokio::spawn(sector_task(
            client.clone(),
            root.clone(),
            own,
            commands,
            ends,
        ));
    }
    for cluster in part.leads.keys() {
        let Some(&places) = shape.clusters.get(cluster) else {
            continue;
        };
        let name = format!("{}.{}", cluster.sector.0, cluster.cluster);
        let commands = subscribe(&client, format!("{root}.cluster.{name}")).await?;
        let replies = subscribe(&client, format!("{root}.reply.{name}")).await?;
        let lead = Lead {
            client: client.clone(),
            shape: shape.clone(),
            name,
            told: format!("{root}.told.{}", cluster.sector.0),
            keys: (0..places)
                .map(|slot| shape.key(1 + cluster.agent(slot).pack()).public())
                .collect(),
        };
        tokio::spawn(lead.run(commands, replies));
    }
    for (cluster, slots) in &part.agents {
        let name = format!("{}.{}", cluster.sector.0, cluster.cluster);
        let mut commands = subscribe(&client, format!("{root}.agents.{name}")).await?;
        let keys: Vec<(u8, SecretKey)> = slots
            .iter()
            .map(|slot| (slot, shape.key(1 + cluster.agent(slot).pack())))
            .collect();
        let (client, shape) = (client.clone(), shape.clone());
        let reply = format!("{root}.reply.{name}");
        let top = shape.key(0).public();
        tokio::spawn(async move {
            while let Some(command) = commands.next().await {
                if !shape.is_genuine(&top, &command.payload) {
                    continue;
                }
                for (slot, key) in &keys {
                    let mut bytes = vec![*slot; REPLY];
                    if shape.signed {
                        bytes.extend_from_slice(&key.sign(&bytes).0);
                    }
                    // A broker that is gone ends the round, and the benchmark.
                    let _ = client.publish(reply.clone(), bytes.into()).await;
                }
            }
        });
    }
    let flushed = client.flush().await;
    flushed.map_err(|error| broken(server, &error))
}

async fn sector_task(
    client: Client,
    root: String,
    own: Vec<ClusterId>,
    mut commands: Subscriber,
    mut ends: Subscriber,
) {
    while let Some(command) = commands.next().await {
        for cluster in &own {
            let subject = format!("{root}.cluster.{}.{}", cluster.sector.0, cluster.cluster);
            let _ = client.publish(subject, command.payload.clone()).await;
        }
        for _ in &own {
            if ends.next().await.is_none() {
                return;
            }
        }
        let _ = client.publish(format!("{root}.top"), Bytes::new()).await;
    }
}

struct Lead {
    client: Client,
    shape: Shape,
    name: String,
    told: String,
    keys: Vec<PublicKey>,
}

impl Lead {
    async fn run(self, mut commands: Subscriber, mut replies: Subscriber) {
        while let Some(command) = commands.next().await {
            let subject = format!("{}.agents.{}", self.shape.root, self.name);
            let _ = self.client.publish(subject, command.payload).await;
            let mut all = Vec::with_capacity(self.keys.len());
            while all.len() < self.keys.len() {
                let Some(reply) = replies.next().await else {
                    return;
                };
                all.push(reply.payload);
            }
            if self.shape.signed && !self.all_genuine(&all) {
                return;
            }
            let _ = self.client.publish(self.told.clone(), Bytes::new()).await;
        }
    }

    fn all_genuine(&self, replies: &[Bytes]) -> bool {
        let items: Option<Vec<_>> = replies
            .iter()
            .map(|reply| {
                let (bytes, signature) = split(reply)?;
                let key = self.keys.get(usize::from(*bytes.first()?))?;
                Some((*key, bytes, signature))
            })
            .collect();
        items.is_some_and(|items| Scheme::Ed25519.verify_all(&items))
    }
}

async fn connect(server: &str) -> Result<Client, BenchError> {
    let connected = async_nats::ConnectOptions::new()
        .client_capacity(8_192)
        .connect(server)
        .await;
    connected.map_err(|error| broken(server, &error))
}

async fn subscribe(client: &Client, subject: String) -> Result<Subscriber, BenchError> {
    let subscribed = client.subscribe(subject.clone()).await;
    subscribed.map_err(|error| {
        BenchError::Link(LinkError::Subscribe {
            subject,
            why: error.to_string(),
        })
    })
}

fn broken(server: &str, error: &dyn std::error::Error) -> BenchError {
    BenchError::Link(LinkError::Connect {
        servers: server.to_owned(),
        why: error.to_string(),
    })
}
