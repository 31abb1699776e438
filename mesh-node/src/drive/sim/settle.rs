//! The end of a trial: every fault ends, the mesh is left alone, and then it must work.
//!
//! Invariants say that nothing bad happens; a mesh that does nothing keeps them all. What is asked here is that it comes
//! back: each seat has one holder whom everyone below obeys, nothing is left open, and a last cascade reaches everyone.

use super::link::{FaultRates, LinkFaults};
use super::node::{NodeId, SeatRole};
use super::sabotage::Sabotage;
use super::scenario::{Fault, FaultKind, Misconduct};
use super::world::{Event, World};
use mesh_core::place::scope::Scope;
use mesh_core::role::Order;
use mesh_core::throw::Sheet;
use mesh_core::throw::quorum::Decision;
use mesh_core::time::{Micros, Moment};
use mesh_core::trust::seat::Seat;

/// Between the last cascades, and from the last one to the end: past the latest window.
const CALL_EVERY: Micros = Micros::seconds(10);
/// Last cascades, of which one has to reach quorum: one agent of sixteen that wakes slowly is too many once.
const CALLS: i64 = 3;
/// The least time to settle: for the last cascades, and as long before them.
pub(super) const SETTLE_LEAST: Micros = Micros::seconds(60);
/// Drift of a usable clock, parts per million (PROTOCOL §2).
const DRIFT_MAX: f64 = 100.0;

impl World {
    /// Ends all faults, gives the mesh the scenario's time to settle, throws to everyone, and looks whether all is well.
    /// Does nothing for a scenario that leaves no time to settle.
    pub fn settle(&mut self) {
        let settle = self.scenario.settle;
        if settle == Micros::ZERO || self.halted {
            return;
        }
        let end = Moment((self.scenario.duration + settle).0);
        self.calm();
        let first = Moment(end.0 - CALLS * CALL_EVERY.0);
        self.advance(first);
        let before = self.truth.sheets.len();
        for call in 1..=CALLS {
            self.throw(&Order::default(), &Scope::ALL);
            self.advance(Moment(first.0 + call * CALL_EVERY.0));
        }
        self.look_at_end(before);
    }

    /// Everything that is wrong is put right, and nothing more goes wrong.
    fn calm(&mut self) {
        self.calmed = true;
        self.relent_all();
        self.reform_all();
        self.faults[0] = LinkFaults::new(&FaultRates::NONE);
        self.agents
            .iter_mut()
            .for_each(|agent| agent.device.slow_down(1.0));
        let seats: Vec<Seat> = self.seats.iter().map(|seat| seat.seat).collect();
        for seat in seats {
            self.seat_table.pardon(seat);
        }
        let nodes: Vec<NodeId> = self.all_nodes().collect();
        for node in nodes {
            let (now, host) = (self.now, self.host_mut(node));
            host.silent = false;
            host.faults = 0;
            if host.clock.drift().abs() > DRIFT_MAX {
                let drift = host.clock.drift().clamp(-DRIFT_MAX, DRIFT_MAX);
                host.clock.set_drift(now, drift);
                self.upset(node);
                self.wake_again(node);
            }
            if !self.broken_by(Sabotage::StayDead) {
                self.restart(node);
            }
        }
    }

    fn all_nodes(&self) -> impl Iterator<Item = NodeId> + use<> {
        let seats = (0..self.seats.len() as u32).map(NodeId::Seat);
        seats.chain((0..self.agents.len() as u32).map(NodeId::Agent))
    }

    fn look_at_end(&mut self, before: usize) {
        let mut wrong = Vec::new();
        let holders = |of: [u32; 2]| {
            of.into_iter()
                .filter(|index| self.seats[*index as usize].role.serving())
                .collect::<Vec<_>>()
        };
        let mut seat = |name: Seat, of: [u32; 2], below: Vec<NodeId>| {
            let held = holders(of);
            let &[holder] = &held[..] else {
                return wrong.push(format!("the {name} has {} holders at the end", held.len()));
            };
            let key = self.seats[holder as usize].host.key;
            let stray = below.iter().find(|node| {
                let serves = match node {
                    NodeId::Seat(index) => self.seats[*index as usize].role.serving(),
                    NodeId::Agent(_) => true,
                };
                serves
                    && self
                        .host(**node)
                        .obeys
                        .is_none_or(|(_, obeyed)| obeyed != key)
            });
            if let Some(stray) = stray {
                let who = self.name_of(*stray);
                wrong.push(format!("{who} does not obey the {name} at the end"));
            }
        };
        let seats = |of: &[u32; 2]| of.map(NodeId::Seat);
        let coordinators = self
            .sectors
            .iter()
            .flat_map(|info| seats(&info.coordinators));
        seat(
            Seat::Orchestrator,
            self.orchestrators,
            coordinators.collect(),
        );
        for (index, info) in self.sectors.iter().enumerate() {
            let leads = info
                .clusters
                .iter()
                .flat_map(|cluster| seats(&self.clusters[*cluster as usize].leads));
            let name = Seat::Coordinator(super::world::sector_at(index as u32));
            seat(name, info.coordinators, leads.collect());
        }
        for info in &self.clusters {
            let agents = info.agents.iter().copied().map(NodeId::Agent);
            seat(Seat::Lead(info.id), info.leads, agents.collect());
        }
        let last = &self.truth.sheets[before.min(self.truth.sheets.len())..];
        if last.len() < CALLS as usize {
            wrong.push(format!("{} of the last {CALLS} cascades ended", last.len()));
        }
        let reached = |sheet: &&Sheet| {
            sheet.account.targeted as usize == self.agents.len()
                && (sheet.decision == Decision::Proceed || sheet.eligible() == 0)
        };
        let holds_still = self.was_misled() && self.suspects_commands();
        if let (None, Some(sheet), false) = (last.iter().find(reached), last.last(), holds_still) {
            wrong.push(format!(
                "no cascade reaches everyone at the end: {:?}, {:?}, skipped {:?}",
                sheet.decision, sheet.account, sheet.skips
            ));
        }
        self.everything_arrived(&mut wrong);
        for what in wrong {
            let now = self.now;
            self.truth.violate(now, &what);
        }
    }

    /// Whether a holder of a seat gave commands that are not usual here: then the mesh may hold still after a last cascade
    /// that completes the picture, until the root key says otherwise, which nobody says in a trial (§9.2).
    fn was_misled(&self) -> bool {
        let unusual = |fault: &Fault| match &fault.kind {
            FaultKind::Compromise { conduct, .. } => *conduct == Misconduct::UnusualCommands,
            _ => false,
        };
        self.scenario.faults.iter().any(unusual)
    }

    fn suspects_commands(&self) -> bool {
        self.seats.iter().any(|seat| match &seat.role {
            SeatRole::Coordinator(role) => role.serving() && role.lookout().suspects_commands(),
            SeatRole::Orchestrator(_) | SeatRole::Lead(_) => false,
        })
    }
}

/// Whether an event is none of the mesh's own, and is left out once everything has ended.
pub(super) const fn is_trouble(event: &Event) -> bool {
    matches!(event, Event::Cascade | Event::Churn | Event::Fault(_))
}
