//! Certificates over the broker: each node lays down its own and reads those of whom it hears. The broker is not believed: a
//! certificate proves itself, so all that a broker can do is withhold one.
//!
//! | key in the bucket | what is there |
//! |---|---|
//! | `node.KEY` | what was said of a node: its admission, its seats |
//! | `agent.7.4.12.KEY` | what was said of an agent: its admission, its place |
//! | `revoked.KEY` | that a key is believed no longer; everybody reads these |

use super::BucketError;
use super::frame;
use super::keys::Keys;
use crate::drive::local::clock::RealClock;
use crate::drive::local::{Hosting, Mail};
use async_nats::jetstream::{self, kv};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use mesh_core::place::{AgentId, ClusterId, Shape};
use mesh_core::trust::KeyId;
use mesh_core::trust::seat::Seat;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::Duration;

/// How long a watch that broke off rests before it is begun anew.
const WATCH_AGAIN: Duration = Duration::from_secs(1);
/// How long what is there already may take to come before roles begin.
pub(super) const FIRST_MAX: Duration = Duration::from_secs(10);

/// The certificates of a mesh, on its broker.
#[derive(Debug)]
pub(super) struct Certificates {
    store: kv::Store,
    keys: Arc<Keys>,
    clock: RealClock,
    names: Vec<String>,
}

impl Certificates {
    /// Opens the bucket of this mesh, or makes it.
    pub(super) async fn open(
        client: &async_nats::Client,
        mesh: &str,
        replicas: usize,
        keys: Arc<Keys>,
        clock: RealClock,
        hosting: &Hosting,
        shape: Shape,
    ) -> Result<Self, BucketError> {
        Ok(Self {
            store: bucket(client, mesh, replicas).await?,
            keys,
            clock,
            names: wanted(hosting, shape),
        })
    }

    /// Lays down what was said of this node and its agents, where that is not what is there.
    pub(super) async fn lay_down(&self, own: &[Vec<u8>]) {
        for (name, value) in self.keys.named(own) {
            let value = value.freeze();
            let there = self.store.get(name.clone()).await;
            if matches!(&there, Ok(Some(there)) if *there == value) {
                continue;
            }
            if let Err(error) = self.store.put(&name, value).await {
                tracing::warn!(%error, name, "a certificate could not be laid down");
            }
        }
    }

    /// Reads what is there; true when that was all.
    pub(super) async fn read_all(&self) -> bool {
        let Ok(mut watch) = self.store.watch_many_with_history(&self.names).await else {
            return false;
        };
        let mut pending = true;
        while pending {
            match tokio::time::timeout(FIRST_MAX, watch.next()).await {
                Ok(Some(Ok(entry))) => {
                    self.take(entry.value);
                    pending = !entry.seen_current;
                }
                // An empty bucket says nothing at all.
                Ok(Some(Err(_)) | None) | Err(_) => return false,
            }
        }
        true
    }

    /// Reads whatever is laid down from now on.
    pub(super) async fn follow(self, mesh: SyncSender<Mail>) {
        loop {
            if let Ok(mut watch) = self.store.watch_many_with_history(&self.names).await {
                while let Some(Ok(entry)) = watch.next().await {
                    self.take(entry.value);
                    if let Some(cluster) = cluster_in(&entry.key) {
                        // A mesh with no room learns it with the next.
                        let _ = mesh.try_send(Mail::Seated(cluster));
                    }
                }
            }
            tokio::time::sleep(WATCH_AGAIN).await;
        }
    }

    fn take(&self, value: Bytes) {
        let now = self.clock.wall();
        for certificate in frame::each(value).map_while(Result::ok) {
            if let Err(refusal) = self.keys.admit(&certificate, now) {
                tracing::debug!(%refusal, "a certificate is not taken");
            }
        }
    }
}

/// Lays down that keys are believed no longer. Whoever runs hears of it at once, whoever starts later reads it first.
pub(super) async fn lay_down_revoked(
    client: &async_nats::Client,
    mesh: &str,
    replicas: usize,
    revoked: Vec<(KeyId, Vec<u8>)>,
) -> Result<(), BucketError> {
    let store = bucket(client, mesh, replicas).await?;
    for (key, certificate) in revoked {
        let mut bundle = BytesMut::new();
        frame::add(&mut bundle, &certificate);
        let put = store.put(format!("revoked.{key}"), bundle.freeze()).await;
        put.map_err(|error| BucketError {
            bucket: store.name.clone(),
            why: error.to_string(),
        })?;
    }
    Ok(())
}

/// The bucket of this mesh, made where there is none.
async fn bucket(
    client: &async_nats::Client,
    mesh: &str,
    replicas: usize,
) -> Result<kv::Store, BucketError> {
    let bucket = format!("mesh_{mesh}_certificates");
    let context = jetstream::new(client.clone());
    let config = kv::Config {
        bucket: bucket.clone(),
        history: 1,
        num_replicas: replicas,
        max_value_size: 1024 * 1024,
        ..kv::Config::default()
    };
    let store = match context.get_key_value(&bucket).await {
        Ok(store) => Ok(store),
        Err(_) => context.create_key_value(config).await,
    };
    store.map_err(|error| BucketError {
        bucket,
        why: error.to_string(),
    })
}

/// The keys of whom a process hears, as far as their names tell: all nodes, and the agents of the clusters that it may lead;
/// whoever may orchestrate checks every agent's word.
fn wanted(hosting: &Hosting, shape: Shape) -> Vec<String> {
    let stands = |seat: Seat| hosting.stands(seat, 0) || hosting.stands(seat, 1);
    let mut names = vec!["revoked.>".to_owned(), "node.>".to_owned()];
    if stands(Seat::Orchestrator) {
        names.push("agent.>".to_owned());
        return names;
    }
    for sector in shape.all_sectors() {
        if stands(Seat::Coordinator(sector)) {
            names.push(format!("agent.{}.>", sector.0));
            continue;
        }
        let clusters = (0..shape.clusters).map(|slot| sector.cluster(slot));
        let own = clusters.filter(|cluster| stands(Seat::Lead(*cluster)));
        names.extend(own.map(|id| format!("agent.{}.{}.>", id.sector.0, id.cluster)));
    }
    names
}

/// Groups certificates by whom they are about.
pub(super) fn group(
    about: impl IntoIterator<Item = (KeyId, Option<AgentId>, Vec<u8>)>,
) -> BTreeMap<String, BytesMut> {
    let mut places = BTreeMap::new();
    let mut all: BTreeMap<KeyId, BytesMut> = BTreeMap::new();
    for (key, place, certificate) in about {
        if let Some(place) = place {
            places.insert(key, place);
        }
        // A node with more seats than a bundle holds is heard for the first of them.
        frame::add(all.entry(key).or_default(), &certificate);
    }
    all.into_iter()
        .map(|(key, bundle)| {
            let name = match places.get(&key) {
                Some(place) => {
                    let id = place.cluster;
                    format!("agent.{}.{}.{}.{key}", id.sector.0, id.cluster, place.agent)
                }
                None => format!("node.{key}"),
            };
            (name, bundle)
        })
        .collect()
}

fn cluster_in(name: &str) -> Option<ClusterId> {
    let mut parts = name.strip_prefix("agent.")?.split('.');
    let (sector, cluster) = (parts.next()?, parts.next()?);
    format!("{sector}-{cluster}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_lie_where_whoever_needs_them_looks() {
        let place: AgentId = "7-4-12".parse().expect("a place");
        let about = [
            (KeyId(1), None, vec![1]),
            (KeyId(2), None, vec![2]),
            (KeyId(2), Some(place), vec![3]),
        ];
        let all = group(about);
        let names: Vec<&str> = all.keys().map(String::as_str).collect();
        let agent = "agent.7.4.12.0000000000000002";
        assert_eq!(names, [agent, "node.0000000000000001"]);
        assert_eq!(cluster_in(agent), Some(place.cluster));
        assert_eq!(cluster_in("node.0000000000000001"), None);
        let two = frame::each(all[agent].clone().freeze());
        assert_eq!(two.count(), 2);
    }
}
