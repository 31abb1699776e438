//! The connection: one client of the broker for a whole process, on a thread and a runtime of its own.

use super::desk::Parcel;
use super::seats::Grantor;
use super::subject::Subjects;
use super::{LinkConfig, LinkError};
use crate::drive::local::clock::RealClock;
use crate::drive::local::{Hosting, Mail};
use async_nats::{Client, ConnectOptions, Event, Subject};
use bytes::Bytes;
use futures_util::StreamExt as _;
use mesh_core::message::Epoch;
use mesh_core::message::envelope::Address;
use mesh_core::place::{ClusterId, Shape};
use mesh_core::trust::KeyId;
use mesh_core::trust::seat::{Claim, Seat};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use std::time::Duration;
use tokio::sync::mpsc::{Receiver, Sender};
use tokio::sync::watch;
use tokio::task::AbortHandle;

/// The first wait after a connection was lost; each further one is twice as long, up to the longest.
const RECONNECT_FIRST: Duration = Duration::from_millis(50);
const RECONNECT_MOST: Duration = Duration::from_secs(5);
/// How long leaving may take.
const LEAVING: Duration = Duration::from_secs(2);

/// Something for the connection to do.
#[derive(Debug)]
pub(super) enum Command {
    /// Publish these.
    Publish(Vec<(Subject, Bytes)>),
    /// Listen to what is for this seat, or no longer.
    Serve(Seat, bool),
    /// Ask for a seat for the node at this index.
    Claim(u32, Claim),
    /// Give a seat up.
    Vacate(Seat, Epoch),
    /// Give all seats up that this node holds: it goes.
    Leave,
    /// Take a seat away.
    Depose(Seat, Epoch),
}

/// Counts of a connection.
#[derive(Debug, Default)]
pub struct Traffic {
    /// Bundles published.
    pub bundles_out: AtomicU64,
    /// Bytes published.
    pub bytes_out: AtomicU64,
    /// Bundles received.
    pub bundles_in: AtomicU64,
    /// Bytes received.
    pub bytes_in: AtomicU64,
    /// Bundles and questions that were not sent, since the connection was down or hung.
    pub unsent: AtomicU64,
    /// Messages with no form on the wire.
    pub unsendable: AtomicU64,
    /// Times that the broker was lost.
    pub lost: AtomicU64,
    /// Times that the client dropped what came in, since it was not taken up in time.
    pub slow: AtomicU64,
}

/// A connection that runs.
pub(super) struct Link {
    pub(super) client: Client,
    pub(super) subjects: Subjects,
    pub(super) shape: Shape,
    pub(super) hosting: Hosting,
    pub(super) clock: RealClock,
    pub(super) traffic: Arc<Traffic>,
    pub(super) node: KeyId,
    pub(super) grantor: Arc<Grantor>,
    pub(super) parcels: Sender<Parcel>,
    pub(super) mesh: SyncSender<Mail>,
    listening: BTreeMap<String, (usize, AbortHandle)>,
}

/// Connects, and keeps trying to until it may not wait any longer.
pub(super) async fn connect(
    config: &LinkConfig,
    traffic: &Arc<Traffic>,
    back: watch::Sender<u64>,
) -> Result<Client, LinkError> {
    let counted = Arc::clone(traffic);
    let back = Arc::new(back);
    let salt = crate::entropy::seed();
    let mut options = ConnectOptions::new()
        .name(format!("mesh-node {}", config.mesh))
        .retry_on_initial_connect()
        .max_reconnects(None)
        .client_capacity(8_192)
        .reconnect_delay_callback(move |tries| wait(tries, salt))
        .event_callback(move |event| {
            let (counted, back) = (Arc::clone(&counted), Arc::clone(&back));
            async move { note(&event, &counted, &back) }
        });
    if let Some(path) = &config.credentials {
        options =
            options
                .credentials_file(path)
                .await
                .map_err(|source| LinkError::Credentials {
                    path: path.clone(),
                    source,
                })?;
    }
    if let Some(path) = &config.authority {
        options = options
            .add_root_certificates(path.clone())
            .require_tls(true);
    }
    let client = options
        .connect(&config.servers)
        .await
        .map_err(|error| LinkError::Connect {
            servers: config.servers.join(", "),
            why: error.to_string(),
        })?;
    tokio::time::timeout(config.wait, client.flush())
        .await
        .map_err(|_| LinkError::Silent {
            servers: config.servers.join(", "),
            seconds: config.wait.as_secs(),
        })?
        .map_err(|error| LinkError::Connect {
            servers: config.servers.join(", "),
            why: error.to_string(),
        })?;
    Ok(client)
}

/// How long to wait before this try (from 1): doubled each time, and spread over the upper half, so that a broker that comes
/// back is not met by everybody in one instant.
fn wait(tries: usize, salt: u64) -> Duration {
    let doubled = RECONNECT_FIRST.saturating_mul(1 << tries.saturating_sub(1).min(10));
    let longest = doubled.min(RECONNECT_MOST);
    let mut chance = mesh_core::chance::Chance::new(salt).split(tries as u64);
    let half = (longest / 2).as_micros() as u64;
    longest / 2 + Duration::from_micros(chance.below(half.max(1)))
}

fn note(event: &Event, traffic: &Traffic, back: &watch::Sender<u64>) {
    match event {
        Event::Disconnected => {
            traffic.lost.fetch_add(1, Ordering::Relaxed);
            tracing::warn!("the broker is lost");
        }
        Event::Connected => {
            back.send_modify(|times| *times += 1);
            tracing::info!("connected to the broker");
        }
        Event::SlowConsumer(subscription) => {
            traffic.slow.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(
                subscription,
                "messages were dropped: this process is too slow"
            );
        }
        other => tracing::info!(event = %other, "the broker says something"),
    }
}

impl Link {
    #[expect(clippy::too_many_arguments, reason = "made in one place")]
    pub(super) fn new(
        client: Client,
        subjects: Subjects,
        shape: Shape,
        hosting: Hosting,
        clock: RealClock,
        traffic: Arc<Traffic>,
        node: KeyId,
        grantor: Arc<Grantor>,
        parcels: Sender<Parcel>,
        mesh: SyncSender<Mail>,
    ) -> Self {
        Self {
            client,
            subjects,
            shape,
            hosting,
            clock,
            traffic,
            node,
            grantor,
            parcels,
            mesh,
            listening: BTreeMap::new(),
        }
    }

    /// Listens for everybody who is hosted here.
    pub(super) async fn listen(&mut self, agents: u32) -> Result<(), LinkError> {
        let places = |cluster: ClusterId| {
            let own = usize::from(self.shape.clusters);
            let before = cluster.sector.index() * own + usize::from(cluster.slot());
            let left = (agents as usize).saturating_sub(before * usize::from(self.shape.agents));
            left.min(usize::from(self.shape.agents))
        };
        let mut wanted = Vec::new();
        for sector in self.shape.all_sectors() {
            for slot in 0..self.shape.clusters {
                let cluster = sector.cluster(slot);
                let all = places(cluster);
                let here = self.hosting.slots(cluster);
                let here: Vec<u8> = here
                    .iter()
                    .filter(|slot| usize::from(*slot) < all)
                    .collect();
                if here.is_empty() {
                    continue;
                }
                wanted.push(self.subjects.of(Address::Agents(cluster)));
                if here.len() == all {
                    wanted.push(self.subjects.each_of(cluster));
                } else {
                    let single = here.iter().map(|slot| Address::Agent(cluster.agent(*slot)));
                    wanted.extend(single.map(|agent| self.subjects.of(agent)));
                }
            }
        }
        for subject in wanted {
            self.take_up(subject).await?;
        }
        Ok(())
    }

    /// One more reason to listen to a subject.
    async fn take_up(&mut self, subject: Subject) -> Result<(), LinkError> {
        if let Some((reasons, _)) = self.listening.get_mut(subject.as_str()) {
            *reasons += 1;
            return Ok(());
        }
        let name = subject.to_string();
        let subscribed = self.client.subscribe(subject).await;
        let mut messages = subscribed.map_err(|error| LinkError::Subscribe {
            subject: name.clone(),
            why: error.to_string(),
        })?;
        let (parcels, clock) = (self.parcels.clone(), self.clock);
        let task = tokio::spawn(async move {
            while let Some(message) = messages.next().await {
                let parcel = Parcel {
                    at: clock.now(),
                    bytes: message.payload,
                };
                if parcels.send(parcel).await.is_err() {
                    return;
                }
            }
        });
        self.listening.insert(name, (1, task.abort_handle()));
        Ok(())
    }

    fn leave(&mut self, subject: &Subject) {
        let name = subject.as_str();
        let Some((reasons, task)) = self.listening.get_mut(name) else {
            return;
        };
        *reasons -= 1;
        if *reasons == 0 {
            // Its subscription ends with it.
            task.abort();
            self.listening.remove(name);
        }
    }

    /// Does what it is told until nobody is left to tell it anything.
    pub(super) async fn run(mut self, mut commands: Receiver<Command>) {
        while let Some(command) = commands.recv().await {
            match command {
                Command::Publish(parcels) => self.publish(parcels).await,
                Command::Serve(seat, serves) => self.serve(seat, serves).await,
                Command::Claim(index, claim) => {
                    let (grantor, mesh) = (Arc::clone(&self.grantor), self.mesh.clone());
                    tokio::spawn(async move {
                        let answer = grantor.claim(claim).await;
                        // A mesh with no room asks again.
                        let _ = mesh.try_send(Mail::Seat(index, claim.epoch, answer));
                    });
                }
                Command::Vacate(seat, epoch) => {
                    let (grantor, node) = (Arc::clone(&self.grantor), self.node);
                    tokio::spawn(async move { grantor.vacate(seat, node, epoch).await });
                }
                Command::Leave => {
                    let leaving = self.grantor.leave(self.node);
                    let _ = tokio::time::timeout(LEAVING, leaving).await;
                }
                Command::Depose(seat, epoch) => {
                    let grantor = Arc::clone(&self.grantor);
                    tokio::spawn(async move { grantor.depose(seat, epoch).await });
                }
            }
        }
        // What was published last is still on its way.
        let _ = tokio::time::timeout(LEAVING, self.client.flush()).await;
    }

    /// A broker that is lost loses what is for it, as any link that is down; the roles say again what matters.
    async fn publish(&self, parcels: Vec<(Subject, Bytes)>) {
        if self.client.connection_state() != async_nats::connection::State::Connected {
            let count = parcels.len() as u64;
            self.traffic.unsent.fetch_add(count, Ordering::Relaxed);
            return;
        }
        for (subject, bytes) in parcels {
            let size = bytes.len() as u64;
            if self.client.publish(subject, bytes).await.is_ok() {
                self.traffic.bundles_out.fetch_add(1, Ordering::Relaxed);
                self.traffic.bytes_out.fetch_add(size, Ordering::Relaxed);
            } else {
                self.traffic.unsent.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    async fn serve(&mut self, seat: Seat, serves: bool) {
        let from_above = match seat {
            Seat::Orchestrator => None,
            Seat::Coordinator(_) => Some(Address::Coordinators),
            Seat::Lead(cluster) => Some(Address::Leads(cluster.sector)),
        };
        let addresses = [Some(Address::Seat(seat)), from_above];
        for address in addresses.into_iter().flatten() {
            let subject = self.subjects.of(address);
            if !serves {
                self.leave(&subject);
            } else if let Err(error) = self.take_up(subject).await {
                tracing::error!(%error, %seat, "a seat cannot be heard");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_lost_the_broker_waits_longer_each_time_and_not_as_long_as_the_next() {
        let waits: Vec<Duration> = (1..=20).map(|tries| wait(tries, 7)).collect();
        assert!(waits[0] >= RECONNECT_FIRST / 2 && waits[0] <= RECONNECT_FIRST);
        assert!(waits.iter().all(|wait| *wait <= RECONNECT_MOST));
        assert!(waits[19] >= RECONNECT_MOST / 2);
        assert_ne!(wait(9, 1), wait(9, 2), "a herd would come back together");
    }
}
