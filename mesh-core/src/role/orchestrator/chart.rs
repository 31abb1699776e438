//! What a throw would look like, reckoned by the code that fires it: T, who makes it, who would be left out (§3.1).

use super::Orchestrator;
use super::replica::{Replica, by_sector};
use super::throws::{Aim, Order};
use crate::impedance::{ClassSlopes, Lead};
use crate::message::{SkipReason, Strategy};
use crate::operation::answer::{NAMES_MAX, Plan, Skipped};
use crate::place::scope::Region;
use crate::place::{AgentId, ClusterId, Slots};
use crate::registry::State;
use crate::role::BUCKET;
use crate::role::lead::ON_TIME;
use crate::throw::Account;
use crate::throw::quorum::Thresholds;
use crate::time::Micros;
use crate::unit::Share;
use std::sync::Arc;

/// Of the eligible, this share shall make T when the order leaves T open.
const SHARE_WANTED: Share = Share::new(0.992);
/// The latest T that is chosen for an order that leaves it open: whoever needs longer is skipped, and told so.
const EARLIEST_MAX: Micros = Micros::seconds(5);
/// What a role's own work may add on each hop.
const HOP_SLACK: Micros = Micros::millis(1);
/// The unit of the lead times that the orchestrator sets itself.
const LEAD_UNIT: Micros = Micros(100);

/// A throw, reckoned.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chart {
    /// From now to T.
    pub(super) until: Micros,
    /// From now until all leads have it and may send.
    pub(super) tree: Micros,
    /// The earliest T, from now, that the wanted share of the eligible can make.
    pub(super) earliest: Micros,
}

impl Chart {
    /// Of a throw of `order` at `aim`.
    pub(super) fn new(order: &Order, aim: &Aim, mesh: &Orchestrator) -> Self {
        let gate = if order.strategy == Strategy::Wave {
            gate_time(aim, mesh)
        } else {
            Micros::ZERO
        };
        let weight = 1.0 + 0.5 * order.weight.value();
        // Each agent needs the way down to its lead, and the lead time that its lead gives it.
        let mut needs: Vec<i64> = Vec::new();
        let mut tree = Micros::ZERO;
        for (sector, range) in by_sector(aim) {
            let Some(record) = mesh.sectors.get(sector.index()) else {
                continue;
            };
            let path = gate + record.trip.down() + record.need.down + HOP_SLACK + HOP_SLACK;
            tree = tree.max(path);
            for &(cluster, agents) in &aim[range] {
                let those = mesh.replica.table.leads(cluster, agents);
                needs.extend(those.map(|(_, lead)| (path + lead.scale(weight)).0));
            }
        }
        let earliest = if needs.is_empty() {
            tree
        } else {
            let rank = ((needs.len() as f64 * SHARE_WANTED.value()) as usize).min(needs.len() - 1);
            let (_, need, _) = needs.select_nth_unstable(rank);
            Micros(*need)
        };
        Self {
            until: order.within.unwrap_or(earliest.min(EARLIEST_MAX)),
            tree,
            earliest,
        }
    }

    /// The lead times of a cluster's agents, by slot, for a throw that the orchestrator schedules itself; 0 leaves it to
    /// the lead. `copy`: how long after the first a second copy goes out, if one does.
    pub(super) fn leads(
        order: &Order,
        cluster: ClusterId,
        agents: Slots,
        replica: &Replica,
        copy: Option<Micros>,
    ) -> Arc<[u16]> {
        let last = agents.iter().last().map_or(0, |slot| usize::from(slot) + 1);
        let mut leads = vec![0u16; last];
        let as_known = order.weight.0 == 0 && order.on_time == ON_TIME;
        for (slot, known) in replica.table.leads(cluster, agents) {
            let lead = if as_known {
                known
            } else {
                let digest = replica
                    .table
                    .row(cluster.agent(slot))
                    .and_then(|row| row.digest());
                digest.map_or(known, |digest| {
                    let slopes = ClassSlopes::default();
                    let queue = digest.queue();
                    digest
                        .total(&slopes, order.weight, queue, copy)
                        .at(order.on_time)
                })
            };
            let units = (lead.0 + LEAD_UNIT.0 - 1) / LEAD_UNIT.0;
            leads[usize::from(slot)] = u16::try_from(units).unwrap_or(u16::MAX);
        }
        Arc::from(leads)
    }

    /// The plan: what is predicted of everybody. `spared` says why desired state leaves an agent out.
    pub(super) fn plan(
        &self,
        order: &Order,
        aim: &Aim,
        replica: &Replica,
        copy: Option<Micros>,
        spared: impl Fn(AgentId, &crate::registry::Row) -> Option<SkipReason>,
    ) -> Plan {
        let left = self.until - self.tree;
        let mut counts = Account::default();
        let mut skipped = Vec::new();
        let mut chances: Vec<(Share, AgentId)> = Vec::new();
        let mut ready = 0.0;
        let slopes = ClassSlopes::default();
        for &(cluster, agents) in aim {
            for row in replica.table.rows(Region::Cluster(cluster)) {
                let agent = row.place();
                if !agents.has(agent.slot()) {
                    continue;
                }
                counts.targeted += 1;
                let mut leave = |why, lead| {
                    counts.skipped += 1;
                    if skipped.len() < NAMES_MAX {
                        skipped.push(Skipped { agent, why, lead });
                    }
                };
                if row.class().is_human() {
                    leave(SkipReason::Human, None);
                    continue;
                }
                if let Some(why) = spared(agent, &row) {
                    leave(why, None);
                    continue;
                }
                if row.state() == State::Offline {
                    counts.unreachable += 1;
                    chances.push((Share::NONE, agent));
                    continue;
                }
                let (Some(_), Some(digest)) = (row.lead(), row.digest()) else {
                    leave(SkipReason::Clock, None);
                    continue;
                };
                let queue = digest.queue();
                let total = digest.total(&slopes, order.weight, queue, copy);
                let lead = Lead::new(total, order.on_time, Micros::ZERO);
                if lead.lead > left {
                    leave(SkipReason::Lead, Some(lead.lead));
                    continue;
                }
                // It is sent to in the bucket before its lead time begins, and no earlier than the throw arrives.
                let sent = Micros((lead.lead.0 + BUCKET.0 - 1) / BUCKET.0 * BUCKET.0).min(left);
                let chance = lead.probability(sent);
                ready += chance.value();
                chances.push((chance, agent));
            }
        }
        let eligible = chances.len();
        counts.ready = libm::round(ready) as u32;
        counts.transit = counts.targeted
            - counts.skipped
            - counts.unreachable
            - counts.ready.min(counts.targeted);
        let least = eligible.min(NAMES_MAX);
        let order_of = |a: &(Share, AgentId), b: &(Share, AgentId)| {
            a.0.value()
                .total_cmp(&b.0.value())
                .then(a.1.pack().cmp(&b.1.pack()))
        };
        if least < eligible {
            chances.select_nth_unstable_by(least, order_of);
            chances.truncate(least);
        }
        chances.sort_unstable_by(order_of);
        chances.retain(|(chance, _)| *chance < order.on_time);
        Plan {
            counts,
            until_t: self.until,
            ready: Share::new(if eligible == 0 {
                0.0
            } else {
                ready / eligible as f64
            }),
            fire_within: (self.until - self.earliest).max(Micros::ZERO),
            stragglers: chances.into_iter().map(|(share, id)| (id, share)).collect(),
            skipped,
            refusal: None,
        }
    }
}

/// When the gate will be open: enough coordinators have taken the throw in.
fn gate_time(aim: &Aim, mesh: &Orchestrator) -> Micros {
    let sectors = by_sector(aim).into_iter();
    let records = sectors.filter_map(|(sector, _)| mesh.sectors.get(sector.index()));
    let mut rounds: Vec<Micros> = records.map(|record| record.trip.usual()).collect();
    rounds.sort_unstable();
    let enough = (rounds.len() as f64 * Thresholds::SECTOR_GATE.ready.value()) as usize;
    rounds
        .get(enough.min(rounds.len().saturating_sub(1)))
        .copied()
        .unwrap_or_default()
}
