//! Nodes of the simulated mesh: a role, a clock that is wrong, and a link to its parent.

use super::clock::SimClock;
use super::invariant::Obeys;
use super::link::{Device, Link, LinkFaults};
use mesh_core::place::{Class, ClusterId};
use mesh_core::role::{Agent, Coordinator, Input, Lead, Orchestrator, Outputs};
use mesh_core::time::{Boot, Moment};
use mesh_core::trust::KeyId;
use mesh_core::trust::seat::Seat;

/// A node, by where it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::drive) enum NodeId {
    /// One that stands for a seat.
    Seat(u32),
    /// One that hosts an agent.
    Agent(u32),
}

/// What all nodes have.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own that may hold together with any other"
)]
pub(super) struct Host {
    pub(super) clock: SimClock,
    pub(super) link: Link,
    /// The true moment of its earliest wake in the queue; an earlier one replaces it.
    pub(super) armed: Moment,
    /// The one that was replaced last, which counts when the earliest has fired; any other in the queue is stale.
    pub(super) armed_next: Moment,
    pub(super) boot: Boot,
    pub(super) up: bool,
    /// It has left the mesh for good; it never starts again.
    pub(super) retired: bool,
    /// It lives and receives, and sends nothing.
    pub(super) silent: bool,
    /// It misbehaves in a way that [`super::conduct`] knows.
    pub(super) rogue: bool,
    pub(super) key: KeyId,
    /// Messages signed with it.
    pub(super) sequence: u32,
    /// Which of the world's link faults apply.
    pub(super) faults: u16,
    /// Until when nobody can trust its clock, since it stepped, stopped or ran faster than any clock may.
    pub(super) odd_until: Moment,
    /// Until when the standing churn has it away.
    pub(super) away_until: Moment,
    /// Whom it obeys, as seen from outside.
    pub(super) obeys: Obeys,
}

/// An agent's node.
#[derive(Debug)]
pub(super) struct AgentNode {
    pub(super) host: Host,
    pub(super) role: Agent,
    pub(super) device: Device,
    /// Which of the world's clusters it sits in.
    pub(super) cluster: u32,
}

/// A node that stands for a seat.
#[derive(Debug)]
pub(super) struct SeatNode {
    pub(super) host: Host,
    pub(super) role: SeatRole,
    pub(super) seat: Seat,
}

/// The role of a node that stands for a seat.
#[derive(Debug)]
pub(in crate::drive) enum SeatRole {
    Orchestrator(Box<Orchestrator>),
    Coordinator(Box<Coordinator>),
    Lead(Box<Lead>),
}

/// A cluster: where its agents are kept and who stands for its lead.
#[derive(Debug)]
pub(super) struct ClusterInfo {
    pub(super) id: ClusterId,
    pub(super) class: Class,
    /// The agent node of each slot.
    pub(super) agents: Vec<u32>,
    pub(super) leads: [u32; 2],
    pub(super) sector: u32,
}

/// A sector: its clusters and who stands for its coordinator.
#[derive(Debug)]
pub(super) struct SectorInfo {
    pub(super) clusters: Vec<u32>,
    pub(super) coordinators: [u32; 2],
}

impl Host {
    /// A node that is up from the start.
    pub(super) const fn new(clock: SimClock, link: Link, key: KeyId) -> Self {
        Self {
            clock,
            link,
            armed: Moment::NEVER,
            armed_next: Moment::NEVER,
            boot: Boot(1),
            up: true,
            retired: false,
            silent: false,
            rogue: false,
            key,
            sequence: 0,
            faults: 0,
            odd_until: Moment(i64::MIN),
            away_until: Moment(i64::MIN),
            obeys: None,
        }
    }
}

impl AgentNode {
    /// See [`mesh_core::warm`].
    pub(super) fn warm(&self) -> u64 {
        self.host.armed.0 as u64 ^ self.role.warm() ^ u64::from(self.device.queue())
    }
}

impl SeatNode {
    /// See [`mesh_core::warm`]: for a message from the child at this slot, or for a wake.
    pub(super) fn warm(&self, slot: Option<u16>) -> u64 {
        let role = match &self.role {
            SeatRole::Lead(role) => role.warm(slot),
            // There are few of them, and they are always busy.
            SeatRole::Orchestrator(_) | SeatRole::Coordinator(_) => 0,
        };
        self.host.armed.0 as u64 ^ role
    }
}

impl SeatRole {
    pub(in crate::drive) fn handle(&mut self, now: Moment, input: Input, out: &mut Outputs) {
        match self {
            Self::Orchestrator(role) => role.handle(now, input, out),
            Self::Coordinator(role) => role.handle(now, input, out),
            Self::Lead(role) => role.handle(now, input, out),
        }
    }

    pub(in crate::drive) fn next_wake(&self) -> Moment {
        match self {
            Self::Orchestrator(role) => role.next_wake(),
            Self::Coordinator(role) => role.next_wake(),
            Self::Lead(role) => role.next_wake(),
        }
    }

    /// Operations open here.
    pub(in crate::drive) fn open(&self) -> usize {
        match self {
            Self::Orchestrator(role) => role.open().count(),
            Self::Coordinator(role) => role.open(),
            Self::Lead(role) => role.open(),
        }
    }

    pub(in crate::drive) fn serving(&self) -> bool {
        match self {
            Self::Orchestrator(role) => role.serving(),
            Self::Coordinator(role) => role.serving(),
            Self::Lead(role) => role.serving(),
        }
    }
}

/// Link faults by number, so that a node holds two bytes of them; 0 is what the scenario sets for all.
pub(super) type FaultTable = Vec<LinkFaults>;
