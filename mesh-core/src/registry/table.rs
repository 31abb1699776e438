//! The table: a row for every agent, as columns, sector by sector in order of place (§2.3, §8.1, PROTOCOL §7).
//!
//! Rows of a sector are sorted by place, so a cluster is a contiguous stretch of them and a filter is a scan of columns.
//! A bitmap a cluster finds a row: its stretch begins at `start`, and as many rows come before the agent's as there are
//! agents with smaller slots. Adding or taking away an agent moves the rows of one sector (some 300), never the mesh's.

use super::row::{Columns, NEVER_HEARD, NO_IMPEDANCE, Packed};
use super::{Capabilities, Counts, Row, RowUpdate, State, TaskId, Tasks};
use crate::place::scope::{Mark, Marks, Name, Region};
use crate::place::{AgentId, Class, ClusterId, SectorId, Shape, Slots};
use crate::time::{Boot, Micros, Moment};
use core::ops::Range;
use std::collections::VecDeque;

/// Removed agents remembered at most: what one operation takes away in the default shape.
const GONE_MAX: usize = 4_096;
/// Rows by which a sector's columns grow: about a cluster.
const GROWTH: usize = 32;

/// What is known of every agent of a mesh, a sector, or a cluster.
#[derive(Debug, Clone)]
pub struct Table {
    sectors: Vec<Sector>,
    counts: Counts,
    capabilities: Capabilities,
    tasks: Tasks,
    /// What changes now bears this stamp; see [`Table::look`].
    stamp: u32,
    /// Who was removed last, with its stamp; older ones are known by `forgotten` alone.
    gone: VecDeque<(u32, AgentId)>,
    /// The greatest stamp that is no longer in `gone`.
    forgotten: u32,
}

/// The rows of one sector.
#[derive(Debug, Clone)]
pub(super) struct Sector {
    pub(super) id: SectorId,
    pub(super) rows: Columns,
    clusters: Vec<Stretch>,
    counts: Counts,
    stamp: u32,
}

/// Where a cluster's rows are within its sector.
#[derive(Debug, Clone, Copy, Default)]
struct Stretch {
    present: Slots,
    start: u32,
    counts: Counts,
    stamp: u32,
}

/// What a report did to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// The agent was not known. It bears no mark of desired state yet: whoever keeps that (a frozen mesh stays frozen
    /// for late joiners) marks it next.
    Added,
    /// Its operational state was this one and is another now.
    Changed(State),
    /// Only its figures changed.
    Refreshed,
}

/// A report that changed nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No mesh has such a place.
    #[error("agent {0}: places go from 1-1-1 to 1000-128-128")]
    Place(AgentId),
    /// A report of an earlier life of the agent.
    #[error("agent {agent}: a report of boot {}, but boot {} has been heard", told.0, held.0)]
    OldBoot {
        /// Whose report.
        agent: AgentId,
        /// The boot that the report speaks of.
        told: Boot,
        /// The boot that the table knows.
        held: Boot,
    },
}

impl Default for Table {
    fn default() -> Self {
        Self::new()
    }
}

impl Table {
    /// A table of nobody.
    pub fn new() -> Self {
        Self {
            sectors: Vec::new(),
            counts: Counts::default(),
            capabilities: Capabilities::default(),
            tasks: Tasks::default(),
            // Every row has changed since look 0.
            stamp: 1,
            gone: VecDeque::new(),
            forgotten: 0,
        }
    }

    /// A table of everybody in `shape`, offline and never heard, of the class that `class` gives.
    pub fn of_shape(shape: Shape, class: impl Fn(AgentId) -> Class, now: Moment) -> Self {
        let mut table = Self::new();
        for agent in shape.all_agents() {
            table.put(agent, &RowUpdate::unknown(class(agent)), now);
        }
        table
    }

    /// Takes what a report says of an agent; an unknown one is added. Marks that are desired state (avoided, frozen)
    /// stay as they are. A refused report changes nothing.
    pub fn apply(
        &mut self,
        agent: AgentId,
        update: &RowUpdate,
        now: Moment,
    ) -> Result<Applied, Refused> {
        let children = 1..=Shape::CHILDREN_MAX;
        let exists = (1..=Shape::SECTORS_MAX).contains(&agent.sector().0)
            && children.contains(&agent.cluster.cluster)
            && children.contains(&agent.agent);
        if !exists {
            return Err(Refused::Place(agent));
        }
        let held = self
            .find(agent)
            .map(|(sector, at)| Boot(self.sectors[sector].rows.boot[at]));
        if let Some(held) = held
            && update.boot < held
        {
            let told = update.boot;
            return Err(Refused::OldBoot { agent, told, held });
        }
        Ok(self.put(agent, update, now))
    }

    /// Sets only the operational state, as news of it come ahead of the next report. Gives the state before; `None`
    /// when the agent is unknown.
    pub fn set_state(&mut self, agent: AgentId, state: State, now: Moment) -> Option<State> {
        let (sector, at) = self.find(agent)?;
        let mut row = self.sectors[sector].rows.get(at);
        let (before, state) = (row.state(), state.for_class(row.class()));
        row.marks = row.marks.without(before.mark()).with(state.mark());
        if before != state {
            row.since = now;
        }
        self.replace(sector, at, row);
        Some(before)
    }

    /// Sets for every agent of `region` whether it is routed around, as desired state has it. Gives how many changed.
    pub fn avoid(&mut self, region: Region, avoided: impl Fn(AgentId, Class) -> bool) -> usize {
        self.mark(region, Mark::Avoided, avoided)
    }

    /// Sets for every agent of `region` whether it is stopped, as desired state has it. Gives how many changed.
    pub fn freeze(&mut self, region: Region, frozen: impl Fn(AgentId, Class) -> bool) -> usize {
        self.mark(region, Mark::Frozen, frozen)
    }

    /// Marks as stale what was not reported for longer than `limit`. Gives how many were not stale before.
    pub fn sweep(&mut self, now: Moment, limit: Micros) -> usize {
        let mut found = 0;
        for sector in 0..self.sectors.len() {
            for at in 0..self.sectors[sector].rows.place.len() {
                let rows = &self.sectors[sector].rows;
                if !rows.stale[at] && now - rows.reported[at] > limit {
                    let mut row = rows.get(at);
                    row.stale = true;
                    self.replace(sector, at, row);
                    found += 1;
                }
            }
        }
        found
    }

    /// Sets what an agent is doing, as whoever gives out tasks knows it; false when the agent is unknown.
    pub fn set_task(&mut self, agent: AgentId, task: Option<&Name>) -> bool {
        let Some((sector, at)) = self.find(agent) else {
            return false;
        };
        let mut row = self.sectors[sector].rows.get(at);
        self.tasks.drop(row.task);
        row.task = self.tasks.take(task);
        self.replace(sector, at, row);
        true
    }

    /// Forgets an agent; false when it was unknown.
    pub fn remove(&mut self, agent: AgentId) -> bool {
        let Some((sector, at)) = self.find(agent) else {
            return false;
        };
        let row = self.sectors[sector].rows.get(at);
        self.tasks.drop(row.task);
        self.count(sector, row, |counts, one| *counts -= one);
        self.touch(sector, agent.cluster);
        if self.gone.len() >= GONE_MAX
            && let Some((stamp, _)) = self.gone.pop_front()
        {
            self.forgotten = stamp;
        }
        self.gone.push_back((self.stamp, agent));
        let Sector { rows, clusters, .. } = &mut self.sectors[sector];
        rows.remove(at);
        let slot = usize::from(agent.cluster.slot());
        clusters[slot].present.remove(agent.slot());
        for later in &mut clusters[slot + 1..] {
            later.start -= 1;
        }
        while clusters.last().is_some_and(|last| last.present.is_empty()) {
            clusters.pop();
        }
        if clusters.is_empty() {
            self.sectors.remove(sector);
        }
        true
    }

    /// Forgets all agents of a region. Gives how many.
    pub fn remove_region(&mut self, region: Region) -> usize {
        let places: Vec<AgentId> = self.rows(region).map(|row| row.place()).collect();
        places.iter().filter(|place| self.remove(**place)).count()
    }

    /// Ends a look: gives its stamp; what changes from now on bears a greater one.
    pub const fn look(&mut self) -> u32 {
        let stamp = self.stamp;
        self.stamp = stamp.wrapping_add(1);
        stamp
    }

    /// The stamp that changes bear now.
    pub const fn stamp(&self) -> u32 {
        self.stamp
    }

    /// The rows that changed after the look with this stamp, in order of place.
    pub fn changed(&self, since: u32) -> impl Iterator<Item = Row> {
        let sectors = self.sectors.iter();
        let sectors = sectors.filter(move |sector| sector.stamp > since);
        sectors.flat_map(move |sector| {
            let stamps = sector.rows.stamp.iter().enumerate();
            let changed = stamps.filter(move |(_, stamp)| **stamp > since);
            changed.map(|(at, _)| sector.rows.get(at))
        })
    }

    /// The clusters with a row that changed or went after the look with this stamp, in order; those that are empty now
    /// and were the last of their sector are left out.
    pub fn changed_clusters(&self, since: u32) -> impl Iterator<Item = ClusterId> {
        let sectors = self.sectors.iter();
        let sectors = sectors.filter(move |sector| sector.stamp > since);
        sectors.flat_map(move |sector| {
            let slots = sector.clusters.iter().zip(0u8..);
            let changed = slots.filter(move |(stretch, _)| stretch.stamp > since);
            changed.map(|(_, slot)| sector.id.cluster(slot))
        })
    }

    /// The same for sectors.
    pub fn changed_sectors(&self, since: u32) -> impl Iterator<Item = SectorId> {
        let sectors = self.sectors.iter();
        sectors
            .filter(move |sector| sector.stamp > since)
            .map(|sector| sector.id)
    }

    /// Who went after the look with this stamp; `None` when that is too long ago to be known.
    pub fn gone(&self, since: u32) -> Option<impl Iterator<Item = AgentId>> {
        let gone = self.gone.iter();
        let gone = gone.filter(move |(stamp, _)| *stamp > since);
        (self.forgotten <= since).then(|| gone.map(|(_, agent)| *agent))
    }

    /// The names of capabilities, to intern those of a report.
    pub fn capabilities_mut(&mut self) -> &mut Capabilities {
        &mut self.capabilities
    }

    /// The names of capabilities.
    pub const fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// The names of tasks.
    pub const fn tasks(&self) -> &Tasks {
        &self.tasks
    }

    /// How many agents it knows.
    pub const fn len(&self) -> usize {
        self.counts.agents as usize
    }

    /// Whether it knows nobody.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The row of an agent.
    pub fn row(&self, agent: AgentId) -> Option<Row> {
        let (sector, at) = self.find(agent)?;
        Some(self.sectors[sector].rows.get(at))
    }

    /// What an agent is doing.
    pub fn task(&self, agent: AgentId) -> Option<TaskId> {
        let (sector, at) = self.find(agent)?;
        Some(self.sectors[sector].rows.task[at])
    }

    /// The rows of a region, in order of place.
    pub fn rows(&self, region: Region) -> impl Iterator<Item = Row> {
        self.stretches(region).flat_map(move |(sector, range)| {
            let rows = range.map(|at| sector.rows.get(at));
            rows.filter(move |row| region.covers(row.place(), row.class()))
        })
    }

    /// The lead times of those of a cluster's agents that a throw can reach now, with their slots: active, with a usable
    /// clock, and no people.
    pub fn leads(&self, cluster: ClusterId, agents: Slots) -> impl Iterator<Item = (u8, Micros)> {
        let stretch = self
            .sector(cluster.sector)
            .into_iter()
            .flat_map(move |sector| {
                let range = sector.range(Region::Cluster(cluster));
                range.map(move |at| (&sector.rows, at))
            });
        stretch.filter_map(move |(rows, at)| {
            let slot = (rows.place[at].0 as u8).wrapping_sub(1);
            let reachable = agents.has(slot)
                && rows.lead[at] != NO_IMPEDANCE
                && !rows.marks[at].has(Mark::Offline);
            reachable.then(|| (slot, Micros(rows.lead[at].into())))
        })
    }

    /// The class of an agent; `None` when it is unknown.
    pub fn class(&self, agent: AgentId) -> Option<Class> {
        let (sector, at) = self.find(agent)?;
        Some(self.sectors[sector].rows.class[at])
    }

    /// All sectors that it knows, in order.
    pub fn sector_ids(&self) -> impl Iterator<Item = SectorId> {
        self.sectors.iter().map(|sector| sector.id)
    }

    /// All clusters that it knows, in order, with the agents of each.
    pub fn clusters(&self) -> impl Iterator<Item = (ClusterId, Slots)> {
        self.sectors.iter().flat_map(|sector| {
            let slots = sector.clusters.iter().zip(0u8..);
            slots
                .filter(|(stretch, _)| !stretch.present.is_empty())
                .map(|(stretch, slot)| (sector.id.cluster(slot), stretch.present))
        })
    }

    /// The agents of a cluster; nobody when it is unknown.
    pub fn agents(&self, cluster: ClusterId) -> Slots {
        self.stretch(cluster)
            .map_or(Slots::EMPTY, |stretch| stretch.present)
    }

    /// The number of a sector's last cluster; 0 when the sector is unknown.
    pub(super) fn clusters_in(&self, sector: SectorId) -> u8 {
        self.sector(sector).map_or(0, |s| s.clusters.len() as u8)
    }

    /// The counts of the whole table.
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// The counts of a region: kept ready for all, a sector and a cluster, counted for a class.
    pub fn counts_of(&self, region: Region) -> Counts {
        match region {
            Region::All => self.counts,
            Region::Sector(id) => self.sector(id).map_or(Counts::default(), |s| s.counts),
            Region::Cluster(id) => self.stretch(id).map_or(Counts::default(), |s| s.counts),
            Region::Agent(_) | Region::Class(_) => self.rows(region).map(count_one).sum(),
        }
    }

    /// Bytes held for rows and their index, used or not.
    pub fn bytes(&self) -> usize {
        let sectors = self
            .sectors
            .iter()
            .map(|sector| sector.rows.bytes() + sector.clusters.capacity() * size_of::<Stretch>());
        sectors.sum::<usize>() + self.sectors.capacity() * size_of::<Sector>()
    }

    /// All sectors' rows, for scans.
    pub(super) fn sectors(&self) -> &[Sector] {
        &self.sectors
    }

    /// The stretches of rows that hold all agents of a region; of a class it is everything.
    pub(super) fn stretches(
        &self,
        region: Region,
    ) -> impl Iterator<Item = (&Sector, Range<usize>)> {
        let ranges = self.ranges(region).into_iter();
        ranges.map(|(sector, range)| (&self.sectors[sector], range))
    }

    fn ranges(&self, region: Region) -> Vec<(usize, Range<usize>)> {
        let sectors = match region.sector() {
            None => 0..self.sectors.len(),
            Some(id) => self.position(id).map_or(0..0, |at| at..at + 1),
        };
        sectors
            .map(|at| (at, self.sectors[at].range(region)))
            .collect()
    }

    /// Writes the row of a place that is known to be possible.
    fn put(&mut self, agent: AgentId, update: &RowUpdate, now: Moment) -> Applied {
        let task = self.tasks.take(update.task.as_ref());
        let Some((sector, at)) = self.find(agent) else {
            self.insert(Row::new(agent, update, task, Marks::NONE, now));
            return Applied::Added;
        };
        // Every row comes every beat: only the columns that matter are read of what it was.
        let rows = &self.sectors[sector].rows;
        self.tasks.drop(rows.task[at]);
        let before = State::of(rows.marks[at]);
        let kept = rows.marks[at].without(before.mark());
        let mut row = Row::new(agent, update, task, kept, now);
        // A heartbeat that was heard stays heard, whatever a report says that crossed it.
        row.heard = row.heard.max(rows.heard[at]);
        let changed = row.state() != before;
        if !changed {
            row.since = rows.since[at];
        }
        self.replace(sector, at, row);
        if changed {
            Applied::Changed(before)
        } else {
            Applied::Refreshed
        }
    }

    fn mark(
        &mut self,
        region: Region,
        mark: Mark,
        wanted: impl Fn(AgentId, Class) -> bool,
    ) -> usize {
        let mut changed = 0;
        for (sector, range) in self.ranges(region) {
            for at in range {
                let rows = &self.sectors[sector].rows;
                let (place, class) = (rows.place[at].place(), rows.class[at]);
                let on = wanted(place, class);
                if region.covers(place, class) && on != rows.marks[at].has(mark) {
                    let mut row = rows.get(at);
                    row.marks = if on {
                        row.marks.with(mark)
                    } else {
                        row.marks.without(mark)
                    };
                    self.replace(sector, at, row);
                    changed += 1;
                }
            }
        }
        changed
    }

    fn insert(&mut self, mut row: Row) {
        let place = row.place();
        row.stamp = self.stamp;
        let sector = self.position(place.sector()).unwrap_or_else(|at| {
            self.sectors.insert(at, Sector::new(place.sector()));
            at
        });
        let Sector { rows, clusters, .. } = &mut self.sectors[sector];
        let slot = usize::from(place.cluster.slot());
        if clusters.len() <= slot {
            let start = rows.place.len() as u32;
            let empty = Stretch {
                start,
                ..Stretch::default()
            };
            clusters.resize(slot + 1, empty);
        }
        let stretch = &mut clusters[slot];
        stretch.present.insert(place.slot());
        let at = stretch.start as usize + before(stretch.present, place.slot());
        for later in &mut clusters[slot + 1..] {
            later.start += 1;
        }
        if rows.place.len() == rows.place.capacity() {
            rows.reserve(GROWTH);
        }
        rows.insert(at, row);
        self.count(sector, row, |counts, one| *counts += one);
        self.touch(sector, place.cluster);
    }

    fn replace(&mut self, sector: usize, at: usize, mut row: Row) {
        row.stamp = self.stamp;
        self.touch(sector, row.place().cluster);
        let rows = &mut self.sectors[sector].rows;
        let before = Counts::one(rows.class[at], rows.marks[at], rows.stale[at]);
        if before == count_one(row) {
            rows.set(at, row);
        } else {
            let old = rows.get(at);
            rows.set(at, row);
            self.count(sector, old, |counts, one| *counts -= one);
            self.count(sector, row, |counts, one| *counts += one);
        }
    }

    /// Adds a row to, or takes it from, the counts of its cluster, its sector and the whole.
    fn count(&mut self, sector: usize, row: Row, change: fn(&mut Counts, Counts)) {
        let one = count_one(row);
        change(&mut self.counts, one);
        let sector = &mut self.sectors[sector];
        change(&mut sector.counts, one);
        let slot = usize::from(row.place().cluster.slot());
        change(&mut sector.clusters[slot].counts, one);
    }

    /// Something in this cluster is another now.
    fn touch(&mut self, sector: usize, cluster: ClusterId) {
        let sector = &mut self.sectors[sector];
        sector.stamp = self.stamp;
        sector.clusters[usize::from(cluster.slot())].stamp = self.stamp;
    }

    fn find(&self, agent: AgentId) -> Option<(usize, usize)> {
        let sector = self.position(agent.sector()).ok()?;
        Some((sector, self.sectors[sector].find(agent)?))
    }

    /// Where a sector is, or would be. In a table of all sectors it is where its number says.
    fn position(&self, id: SectorId) -> Result<usize, usize> {
        let guess = usize::from(id.0).wrapping_sub(1);
        if self
            .sectors
            .get(guess)
            .is_some_and(|sector| sector.id == id)
        {
            return Ok(guess);
        }
        self.sectors.binary_search_by_key(&id, |sector| sector.id)
    }

    fn sector(&self, id: SectorId) -> Option<&Sector> {
        self.position(id).ok().map(|at| &self.sectors[at])
    }

    fn stretch(&self, id: ClusterId) -> Option<&Stretch> {
        self.sector(id.sector)?.stretch(id)
    }
}

impl Sector {
    fn new(id: SectorId) -> Self {
        Self {
            id,
            rows: Columns::default(),
            clusters: Vec::new(),
            counts: Counts::default(),
            stamp: 0,
        }
    }

    fn stretch(&self, id: ClusterId) -> Option<&Stretch> {
        self.clusters.get(usize::from(id.cluster).wrapping_sub(1))
    }

    fn find(&self, agent: AgentId) -> Option<usize> {
        let stretch = self.stretch(agent.cluster)?;
        let slot = agent.agent.checked_sub(1)?;
        stretch
            .present
            .has(slot)
            .then(|| stretch.start as usize + before(stretch.present, slot))
    }

    /// The rows of a region that is not of another sector.
    fn range(&self, region: Region) -> Range<usize> {
        match region {
            Region::All | Region::Sector(_) | Region::Class(_) => 0..self.rows.place.len(),
            Region::Agent(agent) => self.find(agent).map_or(0..0, |at| at..at + 1),
            Region::Cluster(cluster) => self.stretch(cluster).map_or(0..0, |stretch| {
                let start = stretch.start as usize;
                start..start + stretch.present.len()
            }),
        }
    }
}

/// How many of `slots` come before `slot`.
fn before(slots: Slots, slot: u8) -> usize {
    slots.and(Slots::first(slot)).len()
}

fn count_one(row: Row) -> Counts {
    Counts::one(row.class, row.marks, row.stale)
}

/// Microseconds of silence as filters count them.
pub(super) fn silence(heard: Moment, now: Moment) -> u64 {
    if heard == NEVER_HEARD {
        return i64::MAX as u64;
    }
    (now - heard).0.max(0) as u64
}

/// The packed place of a cluster without its agents.
pub(super) fn packed_cluster(cluster: ClusterId) -> u32 {
    Packed::from(cluster.agent(0)).0 >> 8
}

#[cfg(test)]
pub(super) mod tests;
