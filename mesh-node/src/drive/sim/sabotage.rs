//! Guards switched off on purpose, one at a time, so that tests see the invariant behind each of them fire.
//!
//! All of it happens in the driver: it hands roles something else than what came, or does something else than what they
//! asked for. No role knows of it.

use super::node::NodeId;
use super::world::World;
use mesh_core::guard::level::Entry;
use mesh_core::message::{Body, Exchange, Fold};
use mesh_core::role::{Arrival, Event, From, Output, Outputs, Work};
use mesh_core::time::{Micros, Moment};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What is broken on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sabotage {
    /// Agents are told that whatever comes and goes did so before it did, always by as much: their clock estimates are off
    /// by more than they know, and nothing contradicts them.
    EarlyStamps,
    /// Agents are given a later time than their clocks show.
    HastyClocks,
    /// Whatever an agent asks of its worker is done twice.
    TwiceDone,
    /// Leads count one agent in two sets.
    DoubleCount,
    /// Leads count one agent as READY that has not answered.
    FalseReady,
    /// Sheets say one READY more than there are.
    Miscount,
    /// Messages from holders that were deposed are shown as from those that are obeyed.
    OpenFence,
    /// Throws reach agents ten seconds late and look fresh.
    StaleMail,
    /// The end of an operation is told twice.
    EndsTwice,
    /// Whatever happens after 25 s, the orchestrator does not hear of it.
    DeafTop,
    /// What a role has open is never let go: the worker's READY is lost.
    NeverReady,
    /// Every message that an agent gets is posted to it twice again.
    MailLoop,
    /// After 25 s agents are not woken any more.
    LostTimers,
    /// A wake brings about another wake at the same instant.
    EndlessWake,
    /// Agents are told that every numbered message is the next one.
    AnyOrder,
    /// Leads are told that their agents have whatever was sent to them.
    FalseReceipts,
    /// Those that died stay dead when all faults end.
    StayDead,
    /// The store takes what any orchestrator writes, deposed or not.
    OpenStore,
    /// The store forgets every outcome that is written.
    LostOutcomes,
    /// Every task whose outcome is written gets another one.
    TwoOutcomes,
    /// Workers keep no log of what they have begun.
    AmnesicWorkers,
    /// A row of a chain of conflicts is altered after it was hashed.
    AlteredRow,
    /// What a seat holds is replaced by what it held before.
    OldLevels,
    /// Agents hear nothing of desired state.
    DeafAgents,
}

/// When those that wait for the mesh to have settled begin.
const LATER: Moment = Moment(25_000_000);
/// By how much stamps are early.
const EARLY: Micros = Micros::millis(80);
/// By how much clocks are hasty.
const HASTY: Micros = Micros::millis(20);
/// How long throws lie around.
const STALE: Micros = Micros::seconds(10);

/// A saboteur at work.
#[derive(Debug)]
pub(super) struct Saboteur {
    what: Sabotage,
    /// Parcels that have lain around already.
    held: BTreeSet<u32>,
    /// Desired state as seats have kept it last.
    kept: BTreeMap<NodeId, Arc<[Entry]>>,
}

impl World {
    /// Breaks a guard on purpose.
    #[must_use]
    pub fn sabotaged(mut self, what: Sabotage) -> Self {
        self.saboteur = Some(Saboteur {
            what,
            held: BTreeSet::new(),
            kept: BTreeMap::new(),
        });
        self
    }

    /// Whether this is broken.
    pub(super) fn broken_by(&self, what: Sabotage) -> bool {
        self.saboteur
            .as_ref()
            .is_some_and(|saboteur| saboteur.what == what)
    }

    /// Whether a node is left without what is for it.
    pub(super) fn deprived(&self, node: NodeId, waking: bool) -> bool {
        let later = self.now >= LATER;
        match node {
            NodeId::Agent(_) => waking && later && self.broken_by(Sabotage::LostTimers),
            NodeId::Seat(index) => {
                later && self.orchestrators.contains(&index) && self.broken_by(Sabotage::DeafTop)
            }
        }
    }

    /// The time that a role is given.
    pub(super) fn told_time(&self, node: NodeId, local: Moment) -> Moment {
        match node {
            NodeId::Agent(_) if self.broken_by(Sabotage::HastyClocks) => local + HASTY,
            NodeId::Agent(_) | NodeId::Seat(_) => local,
        }
    }

    /// A parcel that is to lie around first.
    pub(super) fn lies_around(&mut self, node: NodeId, parcel: u32) -> Option<Micros> {
        let throw = matches!(node, NodeId::Agent(_)) && self.post.is_throw(parcel);
        let saboteur = self.saboteur.as_mut()?;
        let holds = saboteur.what == Sabotage::StaleMail && throw;
        (holds && saboteur.held.insert(parcel)).then_some(STALE)
    }

    /// What a role is told of a message.
    pub(super) fn doctored(&mut self, node: NodeId, parcel: u32, arrival: &mut Arrival) {
        match (node, &mut arrival.body) {
            (NodeId::Agent(index), Body::Numbered(numbered))
                if self.broken_by(Sabotage::AnyOrder) =>
            {
                let role = &self.agents[index as usize].role;
                let next = role.mailbox().settled(arrival.epoch) + 1;
                let slot = u16::from(role.place().slot());
                Arc::make_mut(numbered).numbers = vec![(slot, next)];
            }
            (NodeId::Seat(_), Body::Beat(beat)) if self.broken_by(Sabotage::FalseReceipts) => {
                beat.delivered = u32::MAX;
            }
            (NodeId::Seat(_), Body::Ack(ack)) if self.broken_by(Sabotage::FalseReceipts) => {
                ack.sequence = u32::MAX;
            }
            _ => {}
        }
        let Some(saboteur) = &mut self.saboteur else {
            return;
        };
        match (saboteur.what, node) {
            (Sabotage::EarlyStamps, NodeId::Agent(index)) => {
                arrival.received = arrival.received - EARLY;
                let slot = u16::from(self.agents[index as usize].role.place().slot());
                if let Some(exchange) = exchange_of(&mut arrival.body, slot) {
                    exchange.sent = exchange.sent - EARLY;
                }
            }
            (Sabotage::StaleMail, NodeId::Agent(_)) if saboteur.held.remove(&parcel) => {
                arrival.sent = arrival.sent + STALE;
            }
            (Sabotage::OpenFence, _) if arrival.from == From::Parent => {
                if let Some((epoch, holder)) = self.host(node).obeys
                    && epoch >= arrival.epoch
                {
                    (arrival.epoch, arrival.signer) = (epoch, holder);
                }
            }
            (Sabotage::DeafAgents, NodeId::Agent(_)) => {
                if let body @ (Body::Levels(_) | Body::LevelsHave(_)) = &mut arrival.body {
                    *body = Body::Hail;
                }
            }
            _ => {}
        }
    }

    /// What a role is said to have asked for.
    pub(super) fn twisted(&mut self, node: NodeId, out: &mut Outputs) {
        let Some(saboteur) = &mut self.saboteur else {
            return;
        };
        let what = saboteur.what;
        let twice = |output: &Output| match output {
            Output::Work(Work::Release { .. }) => what == Sabotage::TwiceDone,
            Output::Event(Event::Sealed(_)) => what == Sabotage::EndsTwice,
            _ => false,
        };
        let again: Vec<Output> = out
            .0
            .iter()
            .filter(|output| twice(output))
            .cloned()
            .collect();
        out.0.extend(again);
        if let (Sabotage::OldLevels, NodeId::Seat(_)) = (what, node) {
            let kept = out.0.iter().filter_map(|output| match output {
                Output::Keep(entries) => Some(Arc::clone(entries)),
                _ => None,
            });
            let fresh: Vec<_> = kept.collect();
            for entries in fresh {
                if let Some(before) = saboteur.kept.insert(node, entries) {
                    out.0.push(Output::Keep(before));
                }
            }
        }
        for output in &mut out.0 {
            match output {
                Output::Send {
                    body: Body::Fold(fold),
                    ..
                } => twist(what, Arc::make_mut(fold)),
                Output::Event(Event::Sealed(sheet)) if what == Sabotage::Miscount => {
                    sheet.account.ready += 1;
                    sheet.account.targeted += 1;
                    sheet.account.ready += sheet.account.transit;
                    sheet.account.transit = 0;
                }
                Output::Record(row) if what == Sabotage::AlteredRow => {
                    row.bytes.iter_mut().take(1).for_each(|byte| *byte ^= 1);
                }
                _ => {}
            }
        }
    }
}

fn twist(what: Sabotage, fold: &mut Fold) {
    let Some(slot) = fold.transit.or(fold.skipped).iter().next() else {
        return;
    };
    match what {
        Sabotage::DoubleCount => fold.ready.insert(slot),
        Sabotage::FalseReady => {
            fold.transit.remove(slot);
            fold.skipped.remove(slot);
            fold.ready.insert(slot);
        }
        _ => {}
    }
}

/// The exchange that a message closes for the child at `slot`.
fn exchange_of(body: &mut Body, slot: u16) -> Option<&mut Exchange> {
    match body {
        Body::Echo(echo) => {
            let mut entries = Arc::make_mut(echo).entries.iter_mut();
            let entry = entries.find(|entry| entry.slot == slot)?;
            Some(&mut entry.exchange)
        }
        Body::Probed(probed) => Some(&mut probed.exchange),
        _ => None,
    }
}
