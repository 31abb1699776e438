//! The way out: what roles say is signed, bundled by place, and handed to the connection.

use super::super::address::meant;
use super::frame;
use super::keys::Keys;
use super::link::{Command, Traffic};
use super::subject::Subjects;
use bytes::{Bytes, BytesMut};
use mesh_core::message::envelope::{self, Address, Encoding, Head};
use mesh_core::message::{Body, Epoch};
use mesh_core::place::{ClusterId, Slots};
use mesh_core::role::{Notary, Sitter, To};
use mesh_core::time::{Boot, Micros, Moment, WallTime};
use mesh_core::trust::KeyId;
use mesh_core::trust::seat::{Claim, Seat};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::mpsc::Sender;

/// How long a message may live on its way: longer than any delay that is no outage.
const TTL: Micros = Micros::seconds(60);

/// What is said in an envelope: to which of those behind its address (all of them without), and what.
#[derive(Debug, Serialize)]
struct Spoken<'a>(Option<Slots>, &'a Body);

/// The same, as it is heard.
#[derive(Debug, Deserialize)]
pub(super) struct Heard(pub(super) Option<Slots>, pub(super) Body);

/// The sending half of a process's connection. It belongs to the one thread on which its roles run.
#[derive(Debug)]
pub(in crate::drive) struct Wire {
    keys: Arc<Keys>,
    subjects: Subjects,
    boot: Boot,
    /// How much was said in whose name in this boot.
    counts: BTreeMap<Address, u64>,
    bundles: BTreeMap<Address, BytesMut>,
    full: Vec<(Address, Bytes)>,
    out: Sender<Command>,
    traffic: Arc<Traffic>,
}

impl Wire {
    pub(super) fn new(
        keys: Arc<Keys>,
        subjects: Subjects,
        boot: Boot,
        out: Sender<Command>,
        traffic: Arc<Traffic>,
    ) -> Self {
        Self {
            keys,
            subjects,
            boot,
            counts: BTreeMap::new(),
            bundles: BTreeMap::new(),
            full: Vec::new(),
            out,
            traffic,
        }
    }

    /// Which start of the process this is.
    pub(in crate::drive) const fn boot(&self) -> Boot {
        self.boot
    }

    /// The key that stands for seats here.
    pub(in crate::drive) fn node(&self) -> KeyId {
        self.keys.node()
    }

    /// Signs and vouches for all that is hosted here.
    pub(in crate::drive) fn notary(&self) -> Arc<dyn Notary> {
        Arc::clone(&self.keys) as Arc<dyn Notary>
    }

    /// Who sits where in a cluster, as far as certificates tell.
    pub(in crate::drive) fn sitters(
        &self,
        cluster: ClusterId,
        places: u8,
    ) -> Arc<[Option<Sitter>]> {
        self.keys.sitters(cluster, places)
    }

    /// Certificates are looked at by this wall time from now on.
    pub(in crate::drive) fn set_wall(&self, now: WallTime) {
        self.keys.set_wall(now);
    }

    /// Says something, as `own`, at this time by its clock. It leaves with [`Wire::ship`].
    pub(in crate::drive) fn say(
        &mut self,
        own: Address,
        to: To,
        epoch: Epoch,
        sent: Moment,
        body: &Body,
    ) {
        let Some((to, slots)) = meant(own, to) else {
            return;
        };
        let Some(key) = self.keys.signer(own) else {
            return;
        };
        let count = self.counts.entry(own).or_default();
        *count += 1;
        let head = Head {
            boot: self.boot,
            sequence: *count,
            sent,
            ttl: TTL,
            epoch,
            from: own,
            to,
        };
        match envelope::seal(&head, &Spoken(slots, body), Encoding::MessagePack, key) {
            Ok(sealed) => {
                let bundle = self.bundles.entry(to).or_default();
                if !frame::add(bundle, &sealed) {
                    let full = core::mem::take(bundle).freeze();
                    self.full.push((to, full));
                    frame::add(bundle, &sealed);
                }
            }
            Err(error) => {
                self.traffic.unsendable.fetch_add(1, Ordering::Relaxed);
                tracing::error!(%error, from = %own, %to, "a message cannot be sent");
            }
        }
    }

    /// Hands over everything that was said. What finds no room is lost, and counted: the roles say again what matters.
    pub(in crate::drive) fn ship(&mut self) {
        if self.bundles.is_empty() {
            return;
        }
        let full = self.full.drain(..);
        let rest = core::mem::take(&mut self.bundles).into_iter();
        let parcels: Vec<_> = full
            .chain(rest.map(|(to, bundle)| (to, bundle.freeze())))
            .map(|(to, bytes)| (self.subjects.of(to), bytes))
            .collect();
        let count = parcels.len() as u64;
        if self.out.try_send(Command::Publish(parcels)).is_err() {
            self.traffic.unsent.fetch_add(count, Ordering::Relaxed);
        }
    }

    /// A seat here is served from now on, or no longer: its messages are wanted, or not.
    pub(in crate::drive) fn serve(&mut self, seat: Seat, serves: bool) {
        self.hand(Command::Serve(seat, serves));
    }

    /// Asks for a seat for the node at `index`; the answer comes as mail.
    pub(in crate::drive) fn claim(&mut self, index: u32, claim: Claim) {
        self.hand(Command::Claim(index, claim));
    }

    /// Gives a seat up.
    pub(in crate::drive) fn vacate(&mut self, seat: Seat, epoch: Epoch) {
        self.hand(Command::Vacate(seat, epoch));
    }

    /// Gives all seats up that this node holds.
    pub(in crate::drive) fn leave(&mut self) {
        self.hand(Command::Leave);
    }

    /// Takes a seat from whoever holds it with this epoch or a lower one.
    pub(in crate::drive) fn depose(&mut self, seat: Seat, epoch: Epoch) {
        self.hand(Command::Depose(seat, epoch));
    }

    fn hand(&self, command: Command) {
        // Where there is no room the connection hangs: what is not answered is asked again, and subscriptions are
        // compared with what is served at every reconnection.
        if self.out.try_send(command).is_err() {
            self.traffic.unsent.fetch_add(1, Ordering::Relaxed);
        }
    }
}
