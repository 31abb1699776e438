//! Who sits where in a cluster, as it changes while the lead serves (§10.2, §10.3), and measuring them afresh (§9.2).

use super::{Lead, Record};
use crate::impedance::{ClassSlopes, Profile};
use crate::message::{Body, ClusterReport, TaskNews, TaskOrder, TaskSaid};
use crate::operation::task::TaskId;
use crate::place::{Class, Slots};
use crate::role::downlink::Measured;
use crate::role::{Outputs, PROBES, Sitter, To};
use crate::time::Moment;
use std::sync::Arc;

/// Agents that are measured afresh, with the exchanges that are still to come and who wants to know.
pub(super) type Calibrations = Vec<(u8, u8, TaskId)>;

impl Lead {
    /// Who sits where, by the certificates of place. Whoever came is known anew, and may only speak
    /// with the key of the certificate; who left is
    /// not reported, sent to or waited for any more.
    pub(super) fn seated(&mut self, now: Moment, sitters: &[Option<Sitter>], out: &mut Outputs) {
        let was_vacant = self.vacant;
        let before = Arc::clone(&self.classes);
        let class_of = |(slot, sitter): (usize, &Option<Sitter>)| {
            let known = before.get(slot).copied().unwrap_or(Class::Edge);
            sitter.map_or(known, |sitter| sitter.class)
        };
        self.classes = sitters.iter().enumerate().map(class_of).collect();
        let empty = sitters.iter().zip(0u8..);
        self.vacant = empty
            .filter(|(sitter, _)| sitter.is_none())
            .map(|(_, slot)| slot)
            .collect();
        if !self.serving() {
            return;
        }
        self.agents.truncate(sitters.len());
        let mut fresh = Slots::EMPTY;
        for (slot, sitter) in sitters.iter().enumerate() {
            let record = self.agents.get(slot);
            let same = record.is_some_and(|record| {
                let known = |sitter: &Sitter| record.class == sitter.class;
                sitter.as_ref().is_some_and(known) && !was_vacant.has(slot as u8)
            });
            if same {
                // The same agent, with the key that it has now.
                if let (Some(record), Some(sitter)) = (self.agents.get_mut(slot), sitter) {
                    (record.key, record.cloned) = (Some(sitter.key), false);
                }
                continue;
            }
            fresh.insert(slot as u8);
            let mut record = self.record(self.classes[slot]);
            record.key = sitter.map(|sitter| sitter.key);
            if slot < self.agents.len() {
                self.agents[slot] = record;
            } else {
                self.agents.push(record);
            }
        }
        self.vigil.reseat(sitters.len(), fresh, self.vacant, now);
        self.calibrating.retain(|(slot, ..)| !fresh.has(*slot));
        self.levels_changed(now, out);
    }

    fn record(&mut self, class: Class) -> Record {
        let known = self.slopes.iter().position(|(known, _)| *known == class);
        let manner = known.unwrap_or_else(|| {
            self.slopes.push((class, ClassSlopes::default()));
            self.slopes.len() - 1
        });
        Record::new(class, manner as u8, Arc::make_mut(&mut self.names))
    }

    /// What is known of an agent's delays is given up; eight exchanges make it anew, also where the weights are locked.
    pub(super) fn calibrate(&mut self, order: &TaskOrder) {
        let slot = order.agent.slot();
        if let Some(record) = self.agents.get_mut(usize::from(slot)) {
            record.profile = Profile::new(record.class);
            self.calibrating.retain(|(own, ..)| *own != slot);
            self.calibrating.push((slot, PROBES, order.id.clone()));
        }
    }

    /// What the lead before us knew of agents that we know nothing of.
    pub(super) fn inherit(&mut self, now: Moment, report: &ClusterReport) {
        for row in &report.rows {
            if row.active {
                self.vigil.expect(row.slot, now);
            }
            let Some(record) = self.agents.get_mut(usize::from(row.slot)) else {
                continue;
            };
            // Reports about it go on from this start of it, or those above would take them for old ones.
            record.known_boot = record.known_boot.max(row.boot);
            if record.profile.heard().is_none() {
                record.profile = Profile::from_digest(record.class, &row.digest);
            }
        }
    }

    /// Whether nothing is learnt of this agent now.
    pub(super) fn is_locked(&self, slot: u8) -> bool {
        self.locked.has(slot) && !self.calibrating.iter().any(|(own, ..)| *own == slot)
    }

    /// An exchange with an agent was taken in: with the eighth its calibration is done.
    pub(super) fn exchanged(&mut self, slot: u8, measured: &Measured, out: &mut Outputs) {
        if measured.down.is_none() || self.calibrating.is_empty() {
            return;
        }
        let own = self.calibrating.iter().position(|(own, ..)| *own == slot);
        let Some(at) = own else { return };
        self.calibrating[at].1 -= 1;
        if self.calibrating[at].1 == 0 {
            let (_, _, id) = self.calibrating.swap_remove(at);
            let news = TaskNews {
                id,
                agent: self.cluster.agent(slot),
                said: TaskSaid::Here,
            };
            out.send(To::Parent, self.epoch, Body::TaskNews(Arc::new(news)));
        }
    }
}
