//! Seats over a broker: one key of a `JetStream` key-value bucket for each, compare-and-set by its revision (PROTOCOL §8).
//!
//! Whoever holds a seat writes its row anew at a third of the lease. Whoever stands by sees each of these writes and keeps
//! its own time: a row that nobody has written for the length of the lease is free. Nobody's clock is compared with the
//! broker's. Safety does not come from here but from the fence that children keep, so a bucket that was lost does no harm
//! but a takeover more.

use super::keys::Keys;
use async_nats::jetstream;
use async_nats::jetstream::kv;
use bytes::Bytes;
use futures_util::StreamExt as _;
use mesh_core::message::Epoch;
use mesh_core::time::{Micros, Moment};
use mesh_core::trust::KeyId;
use mesh_core::trust::seat::{Claim, Seat, SeatAnswer};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long the broker may take to answer; a claim that waits longer is asked again.
const ANSWER_MAX: Duration = Duration::from_secs(2);
/// How often a write of another's row is tried when others write it at the same time.
const TRIES: usize = 5;
/// How long a watch that broke off rests before it is begun anew.
const WATCH_AGAIN: Duration = Duration::from_millis(500);

/// A seat's row, as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Row {
    holder: KeyId,
    epoch: Epoch,
    lease: Micros,
    /// Given up or taken away: anybody else may have it at once.
    freed: bool,
    /// Whoever may not have it until another is deposed.
    deposed: Option<KeyId>,
}

/// A row with its revision, and when that was first seen here.
#[derive(Debug, Clone, Copy)]
struct Seen {
    row: Option<Row>,
    revision: u64,
    at: Moment,
}

/// What is known of a claim before the broker is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// Write this over that revision; none where there is no row.
    Write(Row, Option<u64>),
    /// No.
    Refuse(KeyId, Epoch),
}

/// The grantor.
#[derive(Debug)]
pub(super) struct Grantor {
    store: kv::Store,
    seen: Mutex<BTreeMap<Seat, Seen>>,
    keys: Arc<Keys>,
    clock: crate::drive::local::clock::RealClock,
}

/// The bucket cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("the bucket {bucket}: {why}; the broker needs JetStream (nats-server -js)")]
pub struct BucketError {
    pub(super) bucket: String,
    pub(super) why: String,
}

impl Grantor {
    /// Opens the bucket of this mesh, or makes it.
    pub(super) async fn open(
        client: &async_nats::Client,
        mesh: &str,
        replicas: usize,
        keys: Arc<Keys>,
        clock: crate::drive::local::clock::RealClock,
    ) -> Result<Arc<Self>, BucketError> {
        let bucket = format!("mesh_{mesh}_seats");
        let context = jetstream::new(client.clone());
        let config = kv::Config {
            bucket: bucket.clone(),
            history: 1,
            num_replicas: replicas,
            max_value_size: 1_024,
            ..kv::Config::default()
        };
        let store = match context.get_key_value(&bucket).await {
            Ok(store) => Ok(store),
            Err(_) => context.create_key_value(config).await,
        };
        let store = store.map_err(|error| BucketError {
            bucket,
            why: error.to_string(),
        })?;
        Ok(Arc::new(Self {
            store,
            seen: Mutex::default(),
            keys,
            clock,
        }))
    }

    /// Follows the rows of these seats for as long as the connection lives.
    pub(super) async fn follow(self: Arc<Self>, seats: Vec<Seat>) {
        if seats.is_empty() {
            return;
        }
        let names: BTreeMap<String, Seat> =
            seats.into_iter().map(|seat| (name(seat), seat)).collect();
        loop {
            let watch = self.store.watch_many_with_history(names.keys()).await;
            if let Ok(mut watch) = watch {
                while let Some(Ok(entry)) = watch.next().await {
                    if let Some(&seat) = names.get(&entry.key) {
                        self.see(seat, read(&entry.value), entry.revision);
                    }
                }
            }
            tokio::time::sleep(WATCH_AGAIN).await;
        }
    }

    /// Decides a claim.
    pub(super) async fn claim(&self, claim: Claim) -> SeatAnswer {
        let answer = tokio::time::timeout(ANSWER_MAX, self.try_claim(claim)).await;
        answer.unwrap_or(SeatAnswer::Unknown)
    }

    async fn try_claim(&self, claim: Claim) -> SeatAnswer {
        let now = self.clock.now();
        let known = self.known(claim.seat);
        let known = match known {
            Some(known) => known,
            None => match self.look(claim.seat).await {
                Some(known) => known,
                None => return SeatAnswer::Unknown,
            },
        };
        let known = self.unless_revoked(known);
        let (row, revision) = match decide(claim, known, now) {
            Verdict::Write(row, revision) => (row, revision),
            Verdict::Refuse(holder, epoch) => return SeatAnswer::Refused { holder, epoch },
        };
        match self.write(claim.seat, row, revision).await {
            Written::Done(revision) => {
                self.see(claim.seat, Some(row), revision);
                SeatAnswer::Granted { epoch: claim.epoch }
            }
            Written::Raced => match self.look(claim.seat).await.and_then(|seen| seen.row) {
                Some(row) => SeatAnswer::Refused {
                    holder: row.holder,
                    epoch: row.epoch,
                },
                None => SeatAnswer::Unknown,
            },
            Written::Unknown => SeatAnswer::Unknown,
        }
    }

    /// The seat of whoever belongs to the mesh no longer is free.
    fn unless_revoked(&self, mut known: Seen) -> Seen {
        if let Some(row) = &mut known.row {
            row.freed |= self.keys.is_revoked(row.holder);
        }
        known
    }

    /// Its holder gives a seat up.
    pub(super) async fn vacate(&self, seat: Seat, holder: KeyId, epoch: Epoch) {
        self.change(seat, |row| {
            (row.holder == holder && row.epoch == epoch).then_some(Row { freed: true, ..row })
        })
        .await;
    }

    /// This node goes: every seat that it holds is free.
    pub(super) async fn leave(&self, holder: KeyId) {
        let held: Vec<Seat> = {
            let seen = self.seen();
            let held = |(seat, seen): (&Seat, &Seen)| {
                let row = seen.row.filter(|row| row.holder == holder && !row.freed);
                row.map(|_| *seat)
            };
            seen.iter().filter_map(held).collect()
        };
        let free = |row: Row| (row.holder == holder).then_some(Row { freed: true, ..row });
        let all = held.into_iter().map(|seat| self.change(seat, free));
        futures_util::future::join_all(all).await;
    }

    /// Somebody above takes a seat from whoever holds it with this epoch or a lower one.
    pub(super) async fn depose(&self, seat: Seat, epoch: Epoch) {
        self.change(seat, |row| {
            (row.epoch <= epoch).then_some(Row {
                freed: true,
                deposed: Some(row.holder),
                ..row
            })
        })
        .await;
    }

    /// Changes a row until that is written or not wanted any more.
    async fn change(&self, seat: Seat, to: impl Fn(Row) -> Option<Row>) {
        for _ in 0..TRIES {
            let looked = tokio::time::timeout(ANSWER_MAX, self.look(seat)).await;
            let Ok(Some(seen)) = looked else { continue };
            let Some(row) = seen.row.and_then(&to) else {
                return;
            };
            let write = self.write(seat, row, Some(seen.revision));
            if let Ok(Written::Done(revision)) = tokio::time::timeout(ANSWER_MAX, write).await {
                return self.see(seat, Some(row), revision);
            }
        }
    }

    /// Reads a row from the broker; none when that is not possible.
    async fn look(&self, seat: Seat) -> Option<Seen> {
        let entry = self.store.entry(name(seat)).await.ok()?;
        match entry {
            Some(entry) => {
                let row = match entry.operation {
                    kv::Operation::Put => read(&entry.value),
                    kv::Operation::Delete | kv::Operation::Purge => None,
                };
                self.see(seat, row, entry.revision);
                self.known(seat)
            }
            None => Some(Seen {
                row: None,
                revision: 0,
                at: self.clock.now(),
            }),
        }
    }

    async fn write(&self, seat: Seat, row: Row, revision: Option<u64>) -> Written {
        let name = name(seat);
        // Writing it to memory cannot fail: plain numbers.
        let value = Bytes::from(serde_json::to_vec(&row).unwrap_or_default());
        match revision {
            Some(revision) => match self.store.update(name, value, revision).await {
                Ok(revision) => Written::Done(revision),
                Err(error) if error.kind() == kv::UpdateErrorKind::WrongLastRevision => {
                    Written::Raced
                }
                Err(_) => Written::Unknown,
            },
            None => match self.store.create(name, value).await {
                Ok(revision) => Written::Done(revision),
                Err(error) if error.kind() == kv::CreateErrorKind::AlreadyExists => Written::Raced,
                Err(_) => Written::Unknown,
            },
        }
    }

    fn known(&self, seat: Seat) -> Option<Seen> {
        self.seen().get(&seat).copied()
    }

    fn see(&self, seat: Seat, row: Option<Row>, revision: u64) {
        let at = self.clock.now();
        let mut seen = self.seen();
        let known = seen.get(&seat).map_or(0, |known| known.revision);
        // The same revision seen again says nothing of its holder.
        if revision > known {
            seen.insert(seat, Seen { row, revision, at });
        }
    }

    /// After a reconnection: what was seen may be of a broker that has forgotten it.
    pub(super) fn forget(&self) {
        self.seen().clear();
    }

    fn seen(&self) -> MutexGuard<'_, BTreeMap<Seat, Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written {
    Done(u64),
    Raced,
    Unknown,
}

/// Whether a claim may be written over what is known: its holder may renew with the epoch it has; whoever comes above that
/// epoch may take a seat that is free, run out, or its own.
fn decide(claim: Claim, known: Seen, now: Moment) -> Verdict {
    let fresh = Row {
        holder: claim.holder,
        epoch: claim.epoch,
        lease: claim.lease,
        freed: false,
        deposed: known.row.and_then(|row| row.deposed),
    };
    let revision = (known.revision > 0).then_some(known.revision);
    let Some(row) = known.row else {
        return Verdict::Write(fresh, revision);
    };
    let same = row.holder == claim.holder;
    let renews = same && claim.renewal && row.epoch == claim.epoch && !row.freed;
    let over = row.freed || now >= known.at + row.lease;
    let takes = claim.epoch > row.epoch && (same || over);
    if row.deposed == Some(claim.holder) || !renews && !takes {
        return Verdict::Refuse(row.holder, row.epoch);
    }
    Verdict::Write(fresh, revision)
}

fn read(value: &[u8]) -> Option<Row> {
    serde_json::from_slice(value).ok()
}

/// The key of a seat's row.
fn name(seat: Seat) -> String {
    match seat {
        Seat::Orchestrator => "top".to_owned(),
        Seat::Coordinator(sector) => format!("{}", sector.0),
        Seat::Lead(id) => format!("{}.{}", id.sector.0, id.cluster),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEASE: Micros = Micros::seconds(3);

    fn claim(holder: u64, epoch: u32, renewal: bool) -> Claim {
        Claim {
            seat: Seat::Orchestrator,
            holder: KeyId(holder),
            epoch: Epoch(epoch),
            renewal,
            lease: LEASE,
        }
    }

    fn held(holder: u64, epoch: u32) -> Seen {
        Seen {
            row: Some(Row {
                holder: KeyId(holder),
                epoch: Epoch(epoch),
                lease: LEASE,
                freed: false,
                deposed: None,
            }),
            revision: 7,
            at: Moment(0),
        }
    }

    fn granted(claim: Claim, seen: Seen, now: Moment) -> bool {
        matches!(decide(claim, seen, now), Verdict::Write(..))
    }

    #[test]
    fn a_seat_is_taken_when_its_row_was_not_written_for_a_lease_and_not_before() {
        let seen = held(1, 4);
        let late = Moment(0) + LEASE;
        let early = Moment(late.0 - 1);
        assert!(!granted(claim(2, 5, false), seen, early));
        assert!(granted(claim(2, 5, false), seen, late));
        assert!(
            !granted(claim(2, 4, false), seen, late),
            "only above its epoch"
        );
        assert!(
            granted(claim(1, 4, true), seen, late),
            "its holder renews, however late"
        );
        assert!(
            !granted(claim(1, 4, false), seen, early),
            "a new start needs a new epoch"
        );
        assert!(
            granted(claim(1, 5, false), seen, early),
            "and takes the seat from itself"
        );
    }

    #[test]
    fn what_is_given_up_is_free_and_who_was_deposed_does_not_get_it() {
        let mut seen = held(1, 4);
        if let Some(row) = seen.row.as_mut() {
            (row.freed, row.deposed) = (true, Some(KeyId(1)));
        }
        assert!(granted(claim(2, 5, false), seen, Moment(1)));
        assert!(!granted(claim(1, 5, false), seen, Moment(1)));
        assert!(
            !granted(claim(1, 4, true), seen, Moment(1)),
            "nor does it renew"
        );
        let Verdict::Write(row, revision) = decide(claim(2, 5, false), seen, Moment(1)) else {
            panic!("it is free");
        };
        assert_eq!(
            (row.deposed, revision),
            (Some(KeyId(1)), Some(7)),
            "and that is remembered"
        );
    }

    #[test]
    fn a_seat_that_nobody_had_is_made_and_not_overwritten() {
        let nobody = Seen {
            row: None,
            revision: 0,
            at: Moment(0),
        };
        let verdict = decide(claim(1, 1, false), nobody, Moment(0));
        assert!(matches!(verdict, Verdict::Write(_, None)));
    }
}
