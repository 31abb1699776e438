//! What the simulated mesh keeps beside tasks: backups, the chained audit trail, keys; and the services that are about them.

use super::node::NodeId;
use super::world::{Event, World, key_of};
use mesh_core::operation::answer::{KeyLine, Keys, OperationLine};
use mesh_core::operation::refusal::Ground;
use mesh_core::operation::word::{KeyAct, LogKind};
use mesh_core::place::AgentId;
use mesh_core::role::{Backup, Brought, Input, KeyService, Service, Ticket};
use mesh_core::time::Micros;
use mesh_core::trust::KeyId;
use mesh_core::unit::Digest;
use std::collections::{BTreeMap, BTreeSet};

/// A read of what was kept.
const READ: Micros = Micros::millis(4);

/// What is kept.
#[derive(Debug, Default)]
pub(super) struct Vault {
    pub(super) backup: Option<Backup>,
    /// The audit trail: each row's text with the hash over it and the row before.
    pub(super) audit: Vec<(String, Digest)>,
    revoked: BTreeSet<KeyId>,
    keys_made: u64,
    tokens: u64,
    /// Services under way, and for whom.
    services: BTreeMap<Ticket, (u32, Brought)>,
    /// Appointments that wait for the seat.
    appointed: Vec<(KeyId, Ticket, u32)>,
}

impl World {
    /// A key that nobody had before.
    pub(super) fn fresh_key(&mut self, place: AgentId) -> KeyId {
        self.vault.keys_made += 1;
        KeyId(key_of(place).0 | self.vault.keys_made << 41)
    }

    /// A row of the audit trail.
    pub(super) fn audited(&mut self, row: &OperationLine) {
        let text = serde_json::to_string(row).unwrap_or_default();
        let hash = self.link_of(&text, self.vault.audit.len());
        self.vault.audit.push((text, hash));
    }

    /// What is in it.
    pub(super) fn audit_trail(&self) -> Vec<OperationLine> {
        let rows = self.vault.audit.iter();
        rows.filter_map(|(text, _)| serde_json::from_str(text).ok())
            .collect()
    }

    fn link_of(&self, text: &str, at: usize) -> Digest {
        let before = at
            .checked_sub(1)
            .map_or(Digest::default(), |before| self.vault.audit[before].1);
        Digest::of(format!("{before:?}{text}").as_bytes())
    }

    /// The orchestrator sends its driver on a service.
    pub(super) fn service(&mut self, node: NodeId, ticket: Ticket, service: Service) {
        let NodeId::Seat(seat) = node else { return };
        let brought = match service {
            Service::Appoint {
                agent,
                seat: wanted,
            } => match self.appoint(agent, wanted) {
                Some(key) => return self.vault.appointed.push((key, ticket, seat)),
                None => Brought::Nothing(
                    Ground::Unavailable,
                    "nobody stands by whose place it could take".into(),
                ),
            },
            Service::ReadBackup => Brought::Backup(self.vault.backup.clone().map(Box::new)),
            Service::Verify(LogKind::Conflicts) => {
                let (rows, altered) = self.truth.chains_checked();
                Brought::Verified { rows, altered }
            }
            Service::Verify(LogKind::Audit) => {
                let rows = &self.vault.audit;
                let right = |(at, (text, hash)): (usize, &(String, Digest))| {
                    self.link_of(text, at) == *hash
                };
                Brought::Verified {
                    rows: rows.len() as u64,
                    altered: rows
                        .iter()
                        .enumerate()
                        .position(|row| !right(row))
                        .map(|at| at as u64),
                }
            }
            Service::Keys(service) => self.keys(&service),
        };
        self.service_brings(seat, ticket, brought);
    }

    fn service_brings(&mut self, seat: u32, ticket: Ticket, brought: Brought) {
        self.vault.services.insert(ticket, (seat, brought));
        self.queue.push(self.now + READ, Event::Brought(ticket));
    }

    /// A service is done.
    pub(super) fn service_done(&mut self, ticket: Ticket) {
        if let Some((seat, brought)) = self.vault.services.remove(&ticket) {
            self.give(
                NodeId::Seat(seat),
                Input::Brought(ticket, Box::new(brought)),
            );
        }
    }

    /// A node has taken its seat: perhaps it was appointed.
    pub(super) fn seated(&mut self, node: NodeId, epoch: mesh_core::message::Epoch) {
        let key = self.host(node).key;
        let appointed = &mut self.vault.appointed;
        if let Some(at) = appointed.iter().position(|(own, ..)| *own == key) {
            let (_, ticket, seat) = appointed.swap_remove(at);
            self.service_brings(seat, ticket, Brought::Appointed(epoch));
        }
    }

    /// Whether nothing signed by this key is looked at any more.
    pub(super) fn is_revoked(&self, key: KeyId) -> bool {
        self.vault.revoked.contains(&key)
    }

    fn keys(&mut self, service: &KeyService) -> Brought {
        let meant = self.key_holders(service);
        if let (Some(key), true) = (&service.key, meant.is_empty()) {
            let why = format!("no key here begins with {key}");
            return Brought::Nothing(Ground::NotFound, why.into());
        }
        let changed = match service.act {
            KeyAct::Show => 0,
            KeyAct::Token => {
                self.vault.tokens += 1;
                let token = Digest::of(format!("token {}", self.vault.tokens).as_bytes());
                let keys = Keys {
                    keys: Vec::new(),
                    token: Some(token.to_string()),
                };
                return Brought::Keys(Box::new(keys), 1);
            }
            KeyAct::Admit => {
                let why = "no key waits to be admitted";
                return Brought::Nothing(Ground::NotFound, why.into());
            }
            KeyAct::Rotate => {
                for &index in &meant {
                    let place = self.agents[index as usize].role.place();
                    let key = self.fresh_key(place);
                    self.agents[index as usize].host.key = key;
                    self.reseat(place.cluster);
                }
                meant.len() as u64
            }
            KeyAct::Revoke => {
                let keys = meant
                    .iter()
                    .map(|&index| self.agents[index as usize].host.key);
                let keys: Vec<KeyId> = keys.collect();
                let fresh = keys
                    .into_iter()
                    .filter(|key| self.vault.revoked.insert(*key));
                fresh.count() as u64
            }
        };
        let line = |&index: &u32| {
            let agent = &self.agents[index as usize];
            KeyLine {
                key: agent.host.key.to_string(),
                holder: agent.role.place().to_string().into(),
                expires: None,
                standing: if self.is_revoked(agent.host.key) {
                    "revoked".into()
                } else {
                    "admitted".into()
                },
            }
        };
        let keys = Keys {
            keys: meant.iter().map(line).collect(),
            token: None,
        };
        Brought::Keys(Box::new(keys), changed)
    }

    /// The agents whose keys are meant: those of the places, or whose key begins so.
    fn key_holders(&self, service: &KeyService) -> Vec<u32> {
        let sitting = |index: &u32| !self.agents[*index as usize].host.retired;
        let all = (0..self.agents.len() as u32).filter(sitting);
        match &service.key {
            Some(start) => all
                .filter(|&index| {
                    let key = self.agents[index as usize].host.key.to_string();
                    key.starts_with(start.as_str())
                })
                .collect(),
            None if service.agents.is_empty() => all.collect(),
            None => {
                let named = service.agents.iter();
                named.filter_map(|agent| self.agent_at(*agent)).collect()
            }
        }
    }
}
