//! A small mesh for tests: a root, the orchestrator's node as delegate, two nodes with seats, an agent, an operator.

use super::certificate::{Grant, Statement};
use super::seat::Seat;
use super::{Holder, KeyId, Keyring, Limits, Right, Rights, Scheme, SecretKey, Signer, World};
use crate::message::Epoch;
use crate::place::AgentId;
use crate::time::WallTime;

pub(crate) const NOW: WallTime = WallTime(1_700_000_000_000_000);

pub(crate) struct Mesh {
    pub(crate) ring: Keyring,
    pub(crate) root: SecretKey,
    /// The orchestrator's node, which is the delegate.
    pub(crate) top: SecretKey,
    /// Coordinator of sector 7.
    pub(crate) middle: SecretKey,
    /// Lead of 7-4, and host of 7-4-12.
    pub(crate) lead: SecretKey,
    pub(crate) agent: SecretKey,
    pub(crate) operator: SecretKey,
}

pub(crate) fn place(text: &str) -> AgentId {
    text.parse().unwrap()
}

impl Mesh {
    pub(crate) fn new() -> Self {
        Self::with(&Scheme::StandIn(World::new(1)))
    }

    pub(crate) fn with(scheme: &Scheme) -> Self {
        let key = |n: u8| scheme.key(&[n; 32]);
        let root = key(1);
        let ring = Keyring::new(scheme.clone(), root.public(), 100).unwrap();
        let mut mesh = Self {
            ring,
            root,
            top: key(2),
            middle: key(3),
            lead: key(4),
            agent: key(5),
            operator: key(6),
        };
        let (top, middle, lead) = (mesh.top.public(), mesh.middle.public(), mesh.lead.public());
        let (agent, operator) = (mesh.agent.public(), mesh.operator.public());
        let seat = |seat| Grant::Seat {
            seat,
            epoch: Epoch(3),
        };
        let at = place("7-4-12");
        let rights = Rights::default().with(Right::Look).with(Right::Stop);
        for (subject, grant) in [
            (top, Grant::Admit(Holder::Node)),
            (top, Grant::Delegate),
            (operator, Grant::Admit(Holder::Operator(rights))),
        ] {
            let statement = mesh.statement(subject, grant);
            mesh.ring.admit(&statement.sign(&mesh.root), NOW).unwrap();
        }
        for (subject, grant) in [
            (top, seat(Seat::Orchestrator)),
            (middle, Grant::Admit(Holder::Node)),
            (middle, seat(Seat::Coordinator(at.sector()))),
            (lead, Grant::Admit(Holder::Node)),
            (lead, seat(Seat::Lead(at.cluster))),
            (agent, Grant::Admit(Holder::Agent(Limits::ANY))),
            (
                agent,
                Grant::Place {
                    at,
                    host: lead.id(),
                },
            ),
        ] {
            let statement = mesh.statement(subject, grant);
            mesh.ring.admit(&statement.sign(&mesh.top), NOW).unwrap();
        }
        mesh
    }

    pub(crate) fn statement(&self, subject: super::PublicKey, grant: Grant) -> Statement {
        Statement::new(self.ring.root(), subject, NOW, grant)
    }

    /// Says something of `subject`, signed by `issuer`.
    pub(crate) fn say(
        &mut self,
        issuer: &SecretKey,
        subject: &SecretKey,
        grant: Grant,
    ) -> Result<KeyId, super::Refusal> {
        let statement = self.statement(subject.public(), grant);
        self.ring.admit(&statement.sign(issuer), NOW)
    }

    pub(crate) fn key(&self, n: u8) -> SecretKey {
        self.ring.scheme().key(&[n; 32])
    }
}
