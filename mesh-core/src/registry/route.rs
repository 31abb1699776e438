//! Routing by capability: the better of two random candidates (Mitzenmacher 2001), better by a peak-sensitive Z, so
//! that nobody is sent everything and who slows down is left alone at once (§4.2, §4.3, PROTOCOL §3).

use super::map::GlobalMap;
use super::row::{NO_IMPEDANCE, routable};
use super::table::Sector;
use super::{Capabilities, CapabilitySet, Table};
use crate::chance::Chance;
use crate::place::scope::{Mark, Region};
use crate::place::{AgentId, Class, ClusterId};
use crate::text::excerpt;
use crate::time::{Micros, Moment};
use crate::unit::{Impedance, Share};
use std::collections::BTreeMap;

/// Time in which what a peak adds shrinks to a third: two heartbeats, after which Z itself knows.
const DECAY: Micros = Micros::seconds(10);

/// Nobody to send it to, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "no agent of {region} can do {capability} now: {capable} could, of which {inactive} are not active, {set_aside} avoided or frozen, {refused} behind a breaker"
)]
pub struct NoCapableAgent {
    /// What was asked for.
    pub capability: String,
    /// Where it was looked for.
    pub region: Region,
    /// Agents (or clusters, when routed by summaries) that can do it.
    pub capable: u32,
    /// Of these, degraded, offline or quarantined.
    pub inactive: u32,
    /// Of these, active but avoided or frozen.
    pub set_aside: u32,
    /// Of these, routable but not admitted.
    pub refused: u32,
}

/// What is to be routed: to whoever can do this, within a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Demand<'a> {
    /// What the agent must be able to do; `None` for work that anybody can do.
    pub capability: Option<&'a str>,
    /// Where it may sit, or what class it must be of.
    pub region: Region,
}

impl<'a> Demand<'a> {
    /// Whoever in `region` can do it.
    pub const fn new(capability: &'a str, region: Region) -> Self {
        Self {
            capability: Some(capability),
            region,
        }
    }

    /// The capability in bits of `names`; `None` when nobody has ever said to have it.
    fn wanted(&self, names: &Capabilities) -> Option<CapabilitySet> {
        self.capability
            .map_or(Some(CapabilitySet::EMPTY), |name| names.find(name))
    }

    fn unmet(&self) -> NoCapableAgent {
        NoCapableAgent {
            capability: excerpt(self.capability.unwrap_or("anything")),
            region: self.region,
            capable: 0,
            inactive: 0,
            set_aside: 0,
            refused: 0,
        }
    }
}

/// What one destination was last seen to take: jumps up at once, decays slowly towards Z.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Peak {
    took: Micros,
    at: Moment,
    pending: u32,
}

impl Peak {
    /// What the next message is expected to cost there: the longer of Z and what is left of the peak, once for every
    /// message that is out and once for this one.
    pub fn cost(&self, z: Impedance, now: Moment) -> f64 {
        self.expected(z.0, now).0.max(1) as f64 * (f64::from(self.pending) + 1.0)
    }

    fn expected(&self, z: Micros, now: Moment) -> Micros {
        let above = self.took - z;
        if above.0 <= 0 {
            return z;
        }
        let ages = (now - self.at).0.max(0) as f64 / DECAY.0 as f64;
        z + above.scale(libm::exp(-ages))
    }
}

/// Sends by capability, and remembers what its own sending met.
#[derive(Debug, Clone, Default)]
pub struct Router {
    peaks: BTreeMap<AgentId, Peak>,
}

impl Router {
    /// Destinations remembered at most: half a sector of the greatest shape, 40 bytes each. The longest unheard of is
    /// forgotten first.
    pub const PEAKS_MAX: usize = 8_192;

    /// One that has sent nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whom to send it, counted as sent until [`Router::answered`] or
    /// [`Router::lost`]. `admit` gives the share of traffic that an agent's breakers let through: all when CLOSED,
    /// none when OPEN, a tenth when `HALF_OPEN` (§6.2). Rows that are stale are taken only when there is no other.
    pub fn route(
        &mut self,
        table: &Table,
        demand: Demand<'_>,
        now: Moment,
        chance: &mut Chance,
        admit: impl Fn(AgentId) -> Share,
    ) -> Result<AgentId, NoCapableAgent> {
        let mut seen = Candidates::default();
        if let Some(wanted) = demand.wanted(table.capabilities()) {
            for (sector, range) in table.stretches(demand.region) {
                range.for_each(|at| seen.look(sector, at, wanted, demand.region));
            }
        }
        let admitted = |candidate: &Candidate| admit(candidate.place);
        let picked = [&mut seen.fresh, &mut seen.stale]
            .into_iter()
            .find_map(|list| {
                two(list, chance, admitted).map(|(a, b)| {
                    let better = b.filter(|b| self.cost(b, now) < self.cost(&a, now));
                    better.unwrap_or(a)
                })
            });
        let Some(picked) = picked else {
            return Err(seen.none(demand));
        };
        self.sent(picked.place, now);
        Ok(picked.place)
    }

    /// An answer came, `took` after the message was sent.
    pub fn answered(&mut self, agent: AgentId, took: Micros, now: Moment) {
        if let Some(peak) = self.peaks.get_mut(&agent) {
            // What is left of the old peak, with no Z to fall to.
            let left = peak.expected(Micros::ZERO, now);
            peak.took = left.max(took);
            peak.at = now;
            peak.pending = peak.pending.saturating_sub(1);
        }
    }

    /// No answer will come.
    pub fn lost(&mut self, agent: AgentId) {
        if let Some(peak) = self.peaks.get_mut(&agent) {
            peak.pending = peak.pending.saturating_sub(1);
        }
    }

    fn cost(&self, candidate: &Candidate, now: Moment) -> f64 {
        let idle = Peak {
            took: Micros::ZERO,
            at: now,
            pending: 0,
        };
        let peak = self.peaks.get(&candidate.place).unwrap_or(&idle);
        peak.cost(candidate.z, now)
    }

    fn sent(&mut self, agent: AgentId, now: Moment) {
        if self.peaks.len() >= Self::PEAKS_MAX && !self.peaks.contains_key(&agent) {
            let oldest = self
                .peaks
                .iter()
                .min_by_key(|(place, peak)| (peak.at, **place));
            if let Some(place) = oldest.map(|(place, _)| *place) {
                self.peaks.remove(&place);
            }
        }
        let peak = self.peaks.entry(agent).or_insert(Peak {
            took: Micros::ZERO,
            at: now,
            pending: 0,
        });
        peak.pending = peak.pending.saturating_add(1);
    }
}

/// One who may be sent to.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    place: AgentId,
    z: Impedance,
}

/// Who could do it, and how many may not be asked.
#[derive(Debug, Default)]
struct Candidates {
    fresh: Vec<Candidate>,
    stale: Vec<Candidate>,
    routable: u32,
    inactive: u32,
    set_aside: u32,
}

impl Candidates {
    fn look(&mut self, sector: &Sector, at: usize, wanted: CapabilitySet, region: Region) {
        let rows = &sector.rows;
        let elsewhere = matches!(region, Region::Class(class) if rows.class[at] != class);
        if elsewhere || !rows.capabilities[at].has(wanted) {
            return;
        }
        let marks = rows.marks[at];
        if !routable(marks) {
            if marks.has(Mark::Active) {
                self.set_aside += 1;
            } else {
                self.inactive += 1;
            }
            return;
        }
        self.routable += 1;
        let z = match rows.impedance[at] {
            NO_IMPEDANCE => unmeasured(rows.class[at]),
            micros => Impedance(Micros(micros.into())),
        };
        let place = rows.place[at].place();
        let list = if rows.stale[at] {
            &mut self.stale
        } else {
            &mut self.fresh
        };
        list.push(Candidate { place, z });
    }

    fn none(&self, demand: Demand<'_>) -> NoCapableAgent {
        NoCapableAgent {
            capable: self.routable + self.inactive + self.set_aside,
            inactive: self.inactive,
            set_aside: self.set_aside,
            refused: self.routable,
            ..demand.unmet()
        }
    }
}

/// What is assumed of who was never measured, people among them: the slow end of the class (§2.2).
fn unmeasured(class: Class) -> Impedance {
    Impedance(class.prior().typical_high)
}

/// Two different admitted members of a list at random, the second only if there is one. Who is refused is out for this
/// time, so what `HALF_OPEN` lets through is a share of the messages.
fn two<T>(
    list: &mut Vec<T>,
    chance: &mut Chance,
    admit: impl Fn(&T) -> Share,
) -> Option<(T, Option<T>)> {
    let mut next = || {
        while !list.is_empty() {
            let at = chance.below(list.len() as u64) as usize;
            let one = list.swap_remove(at);
            if chance.happens(admit(&one).value()) {
                return Some(one);
            }
        }
        None
    };
    let first = next()?;
    Some((first, next()))
}

impl Table {
    /// The `count` admitted agents with the smallest Z of at most `limit` that can do it, mesh-wide, best first (§4.3
    /// `find_best_agents_for_capability`; its limit is 500 ms unless said otherwise). Fewer when there are fewer.
    pub fn find_best(
        &self,
        capability: &str,
        count: usize,
        limit: Impedance,
        admit: impl Fn(AgentId) -> bool,
    ) -> Vec<AgentId> {
        let Some(wanted) = self.capabilities().find(capability) else {
            return Vec::new();
        };
        let mut seen = Candidates::default();
        for (sector, range) in self.stretches(Region::All) {
            let measured = range.filter(|at| sector.rows.impedance[*at] != NO_IMPEDANCE);
            measured.for_each(|at| seen.look(sector, at, wanted, Region::All));
        }
        let mut best: Vec<(bool, Impedance, AgentId)> = Vec::new();
        for (list, stale) in [(&seen.fresh, false), (&seen.stale, true)] {
            let near = list.iter().filter(|c| c.z <= limit && admit(c.place));
            best.extend(near.map(|c| (stale, c.z, c.place)));
        }
        if count < best.len() {
            best.select_nth_unstable(count);
            best.truncate(count);
        }
        best.sort_unstable();
        best.into_iter().map(|(_, _, place)| place).collect()
    }
}

impl GlobalMap {
    /// The cluster to hand it to, in the whole mesh or one sector: the better by mean Z of two that
    /// have a routable agent for it, drawn with the weight of their routable agents. The cluster's lead then picks the
    /// agent. `admit` is as for [`Router::route`].
    pub fn route(
        &self,
        demand: Demand<'_>,
        chance: &mut Chance,
        admit: impl Fn(ClusterId) -> Share,
    ) -> Result<ClusterId, NoCapableAgent> {
        let wanted = demand.wanted(self.capabilities());
        let mut list: Vec<_> = self
            .clusters()
            .filter(|summary| Region::Cluster(summary.cluster).within(demand.region))
            .filter(|summary| wanted.is_some_and(|one| summary.vitals.capabilities.has(one)))
            .collect();
        let capable = list.len() as u32;
        let cost = |summary: &super::ClusterSummary| {
            summary.vitals.mean().unwrap_or(unmeasured(Class::Human))
        };
        let picked = two(&mut list, chance, |summary| admit(summary.cluster));
        match picked {
            Some((a, Some(b))) if cost(b) < cost(a) => Ok(b.cluster),
            Some((a, _)) => Ok(a.cluster),
            None => Err(NoCapableAgent {
                capable,
                refused: capable,
                ..demand.unmet()
            }),
        }
    }
}

#[cfg(test)]
mod tests;
