//! Takes what happens and keeps it by the hour.

use super::report::Report;
use super::rollup::{Rollup, ThrowRecord};
use crate::place::scope::Region;
use crate::place::{ClusterId, SectorId};
use crate::time::{Micros, Moment};
use crate::unit::Share;
use std::collections::{BTreeMap, VecDeque};

/// Hours that are kept: 31 days, for what §11 reports monthly. Some 300 bytes each, and 4 for each mesh-wide cascade.
pub const HOURS_MAX: usize = 744;
/// Incidents that are open at once: every cluster and sector of the largest usual mesh. What comes beyond is not measured.
pub const INCIDENTS_MAX: usize = 16_384;

const HOUR: Micros = Micros::seconds(3_600);

/// The running figures.
#[derive(Debug, Clone, Default)]
pub struct Meter {
    /// By hour of the keeper's clock, rising, the last is running.
    hours: VecDeque<(i64, Rollup)>,
    /// Whether at least 95 % are active, and until when that has been counted.
    active: Option<(bool, Moment)>,
    clusters: BTreeMap<ClusterId, Moment>,
    sectors: BTreeMap<SectorId, Moment>,
}

impl Meter {
    /// The share of agents that must be active for the mesh to be available (§11).
    pub const AVAILABLE: f64 = 0.95;
    /// Within which a cluster is to be back (§11).
    pub const CLUSTER_TARGET: Micros = Micros::seconds(300);
    /// Within which a sector is to be back (§11).
    pub const SECTOR_TARGET: Micros = Micros::seconds(900);

    /// Nothing has happened.
    pub fn new() -> Self {
        Self::default()
    }

    /// A throw has ended.
    pub fn throw(&mut self, record: &ThrowRecord, now: Moment) {
        self.hour(now).throw(record);
    }

    /// So large a share of the agents is active from now on, people left out.
    pub fn active(&mut self, share: Share, now: Moment) {
        self.count_time(now);
        self.active = Some((share.value() >= Self::AVAILABLE, now));
    }

    /// A failure of a cluster or sector was detected; what is open already stays as it is. Agents are replaced, and the
    /// mesh as a whole is availability: neither is an incident here.
    pub fn failed(&mut self, region: Region, now: Moment) {
        if self.clusters.len() + self.sectors.len() >= INCIDENTS_MAX {
            return;
        }
        match region {
            Region::Cluster(id) => {
                self.clusters.entry(id).or_insert(now);
            }
            Region::Sector(id) => {
                self.sectors.entry(id).or_insert(now);
            }
            Region::All | Region::Agent(_) | Region::Class(_) => {}
        }
    }

    /// It is restored. Gives how long it took, when it was an open incident.
    pub fn restored(&mut self, region: Region, now: Moment) -> Option<Micros> {
        let began = match region {
            Region::Cluster(id) => self.clusters.remove(&id),
            Region::Sector(id) => self.sectors.remove(&id),
            Region::All | Region::Agent(_) | Region::Class(_) => None,
        };
        let span = now - began?;
        let hour = self.hour(now);
        match region {
            Region::Sector(_) => hour.sector.add(span, Self::SECTOR_TARGET),
            Region::All | Region::Cluster(_) | Region::Agent(_) | Region::Class(_) => {
                hour.cluster.add(span, Self::CLUSTER_TARGET);
            }
        }
        Some(span)
    }

    /// The last `hours` hours added up, the running one among them.
    pub fn total(&mut self, hours: usize, now: Moment) -> Rollup {
        self.count_time(now);
        let first = hour_of(now).saturating_sub(hours.max(1) as i64 - 1);
        let mut total = Rollup::default();
        for (hour, rollup) in &self.hours {
            if *hour >= first {
                total.merge(rollup);
            }
        }
        total
    }

    /// The figures of the last `hours` hours. An incident that is still open counts with the time it has taken so far, so
    /// that what is never mended does not look well.
    pub fn report(&mut self, hours: usize, now: Moment) -> Report {
        let mut total = self.total(hours, now);
        for began in self.clusters.values() {
            total.cluster.add(now - *began, Self::CLUSTER_TARGET);
        }
        for began in self.sectors.values() {
            total.sector.add(now - *began, Self::SECTOR_TARGET);
        }
        Report::of(&total)
    }

    /// The hours that are kept, oldest first, with their number on the keeper's clock.
    pub fn hours(&self) -> impl Iterator<Item = (i64, &Rollup)> {
        self.hours.iter().map(|(hour, rollup)| (*hour, rollup))
    }

    /// Puts back an hour that was saved before a restart, numbered on the present clock (before its zero is negative).
    pub fn recover(&mut self, hour: i64, rollup: &Rollup) {
        let at = self.place(hour);
        if let Some((_, own)) = at.and_then(|at| self.hours.get_mut(at)) {
            own.merge(rollup);
        }
    }

    /// Counts the time since the last look, hour by hour.
    fn count_time(&mut self, now: Moment) {
        let Some((available, mut since)) = self.active else {
            return;
        };
        // A keeper that slept for longer than is kept need not count what nobody can ask for.
        since = since.max(now - Micros(HOUR.0 * HOURS_MAX as i64));
        while since < now {
            let end = Moment((hour_of(since) + 1) * HOUR.0).min(now);
            let span = end - since;
            let hour = self.hour(since);
            hour.watched += span;
            if available {
                hour.available += span;
            }
            since = end;
        }
        self.active = Some((available, since));
    }

    fn hour(&mut self, now: Moment) -> &mut Rollup {
        let last = self.hours.back().map(|(hour, _)| *hour);
        // A clock that goes back counts into the running hour.
        let hour = hour_of(now).max(last.unwrap_or(i64::MIN));
        if last != Some(hour) {
            if self.hours.len() >= HOURS_MAX {
                self.hours.pop_front();
            }
            self.hours.push_back((hour, Rollup::default()));
        }
        let running = self.hours.back_mut();
        &mut running.expect("an hour was pushed when there was none").1
    }

    /// Where `hour` is kept, made if there is room.
    fn place(&mut self, hour: i64) -> Option<usize> {
        match self.hours.binary_search_by_key(&hour, |(own, _)| *own) {
            Ok(at) => Some(at),
            Err(_) if self.hours.len() >= HOURS_MAX => None,
            Err(at) => {
                self.hours.insert(at, (hour, Rollup::default()));
                Some(at)
            }
        }
    }
}

const fn hour_of(now: Moment) -> i64 {
    now.0.div_euclid(HOUR.0)
}
