//! The way in: bundles are taken apart, every message is verified before it is looked at, and what holds is handed to the
//! roles. One thread does this, so that roles are never late for the arithmetic of signatures.

use super::super::local::{Heard as Incoming, Mail};
use super::frame;
use super::keys::{Keys, Ring};
use super::link::Traffic;
use super::wire::Heard;
use crate::drive::local::Hosting;
use crate::drive::local::clock::RealClock;
use bytes::Bytes;
use mesh_core::message::envelope::{Address, Dropped, Reason, Reception};
use mesh_core::time::Moment;
use mesh_core::trust::batch::Batch;
use mesh_core::trust::{Genuine, Refusal};
use std::sync::atomic::Ordering;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc::Receiver;

/// Bundles that are looked at together, when so many wait.
const TOGETHER_MAX: usize = 64;
/// Messages verified at once: twice a cluster costs hardly less each than more would.
const BATCH_MAX: usize = 64;

/// A bundle, and when the socket was read.
#[derive(Debug)]
pub(super) struct Parcel {
    pub(super) at: Moment,
    pub(super) bytes: Bytes,
}

/// The desk of a process.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) keys: Arc<Keys>,
    pub(super) hosting: Hosting,
    pub(super) clock: RealClock,
    pub(super) traffic: Arc<Traffic>,
    pub(super) reception: Arc<Mutex<Reception>>,
}

/// What waits to be verified.
type Waiting = Batch<Bytes, Moment>;

impl Desk {
    /// Works until the connection or the mesh has ended.
    pub(super) fn run(self, mut parcels: Receiver<Parcel>, mesh: &SyncSender<Mail>) {
        let mut waiting = Waiting::new();
        let mut heard = Vec::new();
        while let Some(parcel) = parcels.blocking_recv() {
            let mut reception = self
                .reception
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let ring = self.keys.ring();
            self.unpack(parcel, &ring, &mut reception, &mut waiting, &mut heard);
            for _ in 1..TOGETHER_MAX {
                let Ok(parcel) = parcels.try_recv() else {
                    break;
                };
                self.unpack(parcel, &ring, &mut reception, &mut waiting, &mut heard);
            }
            self.check(&ring, &mut reception, &mut waiting, &mut heard);
            drop((ring, reception));
            if !heard.is_empty() && mesh.send(Mail::Heard(core::mem::take(&mut heard))).is_err() {
                return;
            }
        }
    }

    fn unpack(
        &self,
        parcel: Parcel,
        ring: &Ring,
        reception: &mut Reception,
        waiting: &mut Waiting,
        heard: &mut Vec<Incoming>,
    ) {
        let wall = self.clock.wall();
        let size = parcel.bytes.len() as u64;
        self.traffic.bytes_in.fetch_add(size, Ordering::Relaxed);
        self.traffic.bundles_in.fetch_add(1, Ordering::Relaxed);
        let mut count = 0;
        for message in frame::each(parcel.bytes) {
            let Ok(bytes) = message else {
                reception.refuse(Reason::Malformed);
                continue;
            };
            let Ok((sealed, key)) = reception.receive(bytes, &ring.keyring, wall) else {
                continue;
            };
            waiting.push(parcel.at, sealed, key, parcel.at);
            count += 1;
            if count % BATCH_MAX == 0 {
                self.check(ring, reception, waiting, heard);
            }
        }
    }

    fn check(
        &self,
        ring: &Ring,
        reception: &mut Reception,
        waiting: &mut Waiting,
        heard: &mut Vec<Incoming>,
    ) {
        for (result, at) in waiting.check(ring.keyring.scheme()) {
            match result {
                Ok(genuine) => heard.extend(self.hear(ring, reception, genuine, at)),
                Err(forged) => {
                    let refusal = Refusal::BadSignature { key: forged.by() };
                    reception.refuse(Reason::from(&Dropped::from(refusal)));
                }
            }
        }
    }

    fn hear(
        &self,
        ring: &Ring,
        reception: &mut Reception,
        genuine: Genuine<Bytes>,
        at: Moment,
    ) -> Option<Incoming> {
        let wall = self.clock.wall();
        let envelope = reception
            .admit(genuine, &ring.keyring, wall, |to| self.is_here(to))
            .ok()?;
        let Heard(slots, body) = match envelope.body() {
            Ok(heard) => heard,
            Err(error) => {
                reception.refuse(Reason::from(&Dropped::from(error)));
                return None;
            }
        };
        let head = envelope.head;
        // An agent is known by its own key, whoever carried its word.
        let own = match head.from {
            Address::Agent(place) => ring.keyring.at(place),
            _ => None,
        };
        Some(Incoming {
            to: head.to,
            slots,
            from: head.from,
            signer: own.unwrap_or_else(|| envelope.by()),
            epoch: head.epoch,
            sent: head.sent,
            at,
            body,
        })
    }

    fn is_here(&self, to: Address) -> bool {
        match to {
            Address::Seat(seat) => self.hosting.stands(seat, 0) || self.hosting.stands(seat, 1),
            Address::Agent(place) => self.hosting.slots(place.cluster).has(place.slot()),
            Address::Agents(cluster) => !self.hosting.slots(cluster).is_empty(),
            // Only those who serve listen to these at all.
            Address::Leads(_) | Address::Coordinators => true,
            Address::Key(_) => false,
        }
    }
}
