//! The mesh as the console knows it: one column a field for all agents, and sums for clusters and sectors.
//!
//! Rows are numbered by place in a shape that only grows. Whoever changes a row marks its cluster; [`Mesh::settle`] sums up
//! what was marked. Views ask for windows ([`super::select`]), never for all rows.

use mesh_core::operation::answer::Status;
use mesh_core::operation::follow::{AgentSeen, View};
use mesh_core::operation::view::BreakerAt;
use mesh_core::place::scope::{Mark, Marks, Subject};
use mesh_core::place::{AgentId, Class, ClusterId, SectorId, Shape};
use mesh_core::registry::State as Standing;
use mesh_core::time::Micros;
use mesh_core::trust::seat::Seat;
use mesh_core::unit::{Impedance, Share};
use std::collections::BTreeMap;

/// A beat (PROTOCOL §11). Whoever is not told of was heard within the last one.
const BEAT: Micros = Micros::seconds(5);
/// No Z: a person, or somebody who was never measured.
const NONE: u32 = u32::MAX;

/// A number of a row.
pub(crate) type RowNo = u32;

/// All that is known of the mesh.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mesh {
    shape: Option<Shape>,
    known: Vec<bool>,
    class: Vec<Class>,
    marks: Vec<Marks>,
    impedance: Vec<u32>,
    queue: Vec<u16>,
    reliability: Vec<u16>,
    drift: Vec<u16>,
    /// When it was last heard, on the console's clock.
    beat: Vec<i64>,
    context: Vec<u64>,
    task: Vec<u16>,
    stale: Vec<bool>,
    usual: Vec<u32>,
    latency: Vec<u32>,
    processing: Vec<u32>,
    capabilities: Vec<u64>,
    tasks: BTreeMap<u16, String>,
    abilities: Vec<String>,
    dirty: Vec<bool>,
    clusters: Vec<Region>,
    sectors: Vec<Region>,
    /// Breakers that are not closed; whether open.
    pub(crate) breakers: BTreeMap<BreakerAt, bool>,
    /// Sectors whose coordinator is gone.
    pub(crate) vacant: Vec<SectorId>,
    /// The head figures, as the mesh tells them.
    pub(crate) status: Option<Status>,
    /// Now, on the console's clock, as of the last news.
    pub(crate) now: i64,
}

/// Sums of a cluster or of a sector.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Region {
    /// Agents that sit there.
    pub(crate) agents: u32,
    /// Active ones, people among them.
    pub(crate) active: u32,
    /// Degraded.
    pub(crate) degraded: u32,
    /// Offline.
    pub(crate) offline: u32,
    /// Quarantined.
    pub(crate) quarantined: u32,
    /// Frozen.
    pub(crate) frozen: u32,
    /// Avoided.
    pub(crate) avoided: u32,
    /// Silent for too long.
    pub(crate) stale: u32,
    /// Mean Z in microseconds of those that have one.
    pub(crate) mean: Option<u32>,
    /// The 95th percentile of them.
    pub(crate) p95: Option<u32>,
    /// The slowest of them.
    pub(crate) worst: Option<u32>,
    /// Agents with a Z beyond 500 ms.
    pub(crate) slow: u32,
    /// Pending operations.
    pub(crate) queue: u32,
    /// Mean drift in thousandths.
    pub(crate) drift: u32,
    /// Conflicts in the last hour, as events told them.
    pub(crate) conflicts: u32,
}

/// What a cell shows beside its value, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Flag {
    /// Nobody there answers.
    Unreachable,
    /// Its breaker is open.
    Open,
    /// It is stopped.
    Frozen,
    /// Its breaker tries again.
    HalfOpen,
    /// Many conflicts.
    Conflicts,
    /// At most 95 % active.
    Degraded,
    /// Not heard of lately.
    Stale,
    /// Well.
    Well,
}

impl Flag {
    /// As one character.
    pub(crate) const fn sign(self) -> &'static str {
        match self {
            Self::Unreachable => "x",
            Self::Open => "!",
            Self::Frozen => "*",
            Self::HalfOpen => ":",
            Self::Conflicts => "c",
            Self::Degraded => "~",
            Self::Stale => "?",
            Self::Well => " ",
        }
    }
}

impl Mesh {
    /// An empty mesh of this shape; rows come as they are told.
    pub(crate) fn new(shape: Shape) -> Self {
        let mut mesh = Self::default();
        mesh.grow(shape);
        mesh
    }

    /// The shape, or one with nobody in it.
    pub(crate) fn shape_or_none(&self) -> Shape {
        self.shape.unwrap_or(Shape {
            sectors: 0,
            clusters: 0,
            agents: 0,
        })
    }

    /// Room for `shape` at least; rows keep what they hold.
    fn grow(&mut self, shape: Shape) {
        let before = self.shape;
        let wanted = before.map_or(shape, |old| Shape {
            sectors: old.sectors.max(shape.sectors),
            clusters: old.clusters.max(shape.clusters),
            agents: old.agents.max(shape.agents),
        });
        if before == Some(wanted) {
            return;
        }
        let size = wanted.agent_count();
        let mut next = Self {
            shape: Some(wanted),
            known: vec![false; size],
            class: vec![Class::Edge; size],
            marks: vec![Marks::NONE; size],
            impedance: vec![NONE; size],
            queue: vec![0; size],
            reliability: vec![0; size],
            drift: vec![0; size],
            beat: vec![0; size],
            context: vec![0; size],
            task: vec![0; size],
            stale: vec![false; size],
            usual: vec![NONE; size],
            latency: vec![0; size],
            processing: vec![0; size],
            capabilities: vec![0; size],
            abilities: std::mem::take(&mut self.abilities),
            dirty: vec![true; wanted.cluster_count()],
            clusters: vec![Region::default(); wanted.cluster_count()],
            sectors: vec![Region::default(); usize::from(wanted.sectors)],
            tasks: std::mem::take(&mut self.tasks),
            breakers: std::mem::take(&mut self.breakers),
            vacant: std::mem::take(&mut self.vacant),
            status: self.status.take(),
            now: self.now,
        };
        for id in before.into_iter().flat_map(Shape::all_agents) {
            if let (Some(from), Some(to)) = (self.row_of(id), next.row_of(id)) {
                let (from, to) = (from as usize, to as usize);
                next.known[to] = self.known[from];
                next.class[to] = self.class[from];
                next.marks[to] = self.marks[from];
                next.impedance[to] = self.impedance[from];
                next.queue[to] = self.queue[from];
                next.reliability[to] = self.reliability[from];
                next.drift[to] = self.drift[from];
                next.beat[to] = self.beat[from];
                next.context[to] = self.context[from];
                next.task[to] = self.task[from];
                next.stale[to] = self.stale[from];
                next.usual[to] = self.usual[from];
                next.latency[to] = self.latency[from];
                next.processing[to] = self.processing[from];
                next.capabilities[to] = self.capabilities[from];
            }
        }
        *self = next;
    }

    /// Takes in what is seen: everything, or what has changed.
    pub(crate) fn take(&mut self, view: &View) {
        for id in &view.gone {
            self.remove(*id);
        }
        self.tasks.extend(
            view.tasks
                .iter()
                .map(|(number, name)| (*number, name.to_string())),
        );
        if !view.capabilities.is_empty() {
            self.abilities = view.capabilities.iter().map(ToString::to_string).collect();
        }
        for seen in &view.agents {
            self.put(seen);
        }
        for line in &view.clusters {
            if let Some(at) = self.cluster_no(line.id) {
                self.clusters[at].conflicts = line.conflicts;
                self.dirty[at] = true;
            }
        }
        self.breakers = view
            .breakers
            .iter()
            .map(|line| (line.at, line.open))
            .collect();
        self.vacant = view
            .vacant
            .iter()
            .filter_map(|seat| match seat {
                Seat::Coordinator(sector) => Some(*sector),
                Seat::Lead(_) | Seat::Orchestrator => None,
            })
            .collect();
        self.status = Some(view.status.clone());
        self.settle();
    }

    /// Takes in what is seen of one agent, as of `now`.
    fn put(&mut self, seen: &AgentSeen) {
        let id = seen.id;
        if self.row_of(id).is_none() {
            let old = self.shape_or_none();
            self.grow(Shape {
                sectors: old.sectors.max(id.sector().0).min(Shape::SECTORS_MAX),
                clusters: old
                    .clusters
                    .max(id.cluster.cluster)
                    .min(Shape::CHILDREN_MAX),
                agents: old.agents.max(id.agent).min(Shape::CHILDREN_MAX),
            });
        }
        let Some(row) = self.row_of(id) else {
            // Beyond the largest mesh that there can be.
            return;
        };
        let at = row as usize;
        let micros = |span: Micros| span.0.clamp(0, i64::from(NONE - 1)) as u32;
        self.known[at] = true;
        self.class[at] = seen.class;
        self.marks[at] = seen.marks;
        self.stale[at] = seen.stale;
        self.impedance[at] = seen.impedance.map_or(NONE, |z| micros(z.0));
        self.usual[at] = seen.usual.map_or(NONE, |z| micros(z.0));
        self.latency[at] = micros(seen.latency);
        self.processing[at] = micros(seen.processing);
        self.queue[at] = u16::try_from(seen.queue).unwrap_or(u16::MAX);
        self.reliability[at] = seen.reliability;
        self.drift[at] = seen.drift;
        self.beat[at] = seen
            .silent
            .map_or(i64::MIN / 2, |silent| self.now.saturating_sub(silent.0));
        self.context[at] = seen.context;
        self.task[at] = seen.task;
        self.capabilities[at] = seen.capabilities.0;
        self.mark(row);
    }

    /// The agent is gone from its place.
    fn remove(&mut self, id: AgentId) {
        if let Some(row) = self.row_of(id) {
            self.known[row as usize] = false;
            self.mark(row);
        }
    }

    fn mark(&mut self, row: RowNo) {
        let per = usize::from(self.shape_or_none().agents).max(1);
        if let Some(dirty) = self.dirty.get_mut(row as usize / per) {
            *dirty = true;
        }
    }

    /// Sums up the clusters that have changed, and their sectors.
    pub(crate) fn settle(&mut self) {
        let shape = self.shape_or_none();
        let (per_sector, per_cluster) = (usize::from(shape.clusters), usize::from(shape.agents));
        let mut delays = Vec::with_capacity(per_sector * per_cluster);
        for sector in 0..usize::from(shape.sectors) {
            let clusters = sector * per_sector..(sector + 1) * per_sector;
            if !self.dirty[clusters.clone()].iter().any(|dirty| *dirty) {
                continue;
            }
            for cluster in clusters.clone() {
                if std::mem::take(&mut self.dirty[cluster]) {
                    let conflicts = self.clusters[cluster].conflicts;
                    let rows = cluster * per_cluster..(cluster + 1) * per_cluster;
                    self.clusters[cluster] = Region {
                        conflicts,
                        ..self.sum(rows, &mut delays)
                    };
                }
            }
            let rows = clusters.start * per_cluster..clusters.end * per_cluster;
            let conflicts = self.clusters[clusters]
                .iter()
                .map(|cluster| cluster.conflicts)
                .sum();
            self.sectors[sector] = Region {
                conflicts,
                ..self.sum(rows, &mut delays)
            };
        }
    }

    fn sum(&self, rows: core::ops::Range<usize>, delays: &mut Vec<u32>) -> Region {
        let mut region = Region::default();
        let mut drift = 0_u64;
        delays.clear();
        for at in rows {
            if !self.known[at] {
                continue;
            }
            region.agents += 1;
            let marks = self.marks[at];
            match Standing::of(marks) {
                Standing::Active => region.active += 1,
                Standing::Degraded => region.degraded += 1,
                Standing::Offline => region.offline += 1,
                Standing::Quarantined => region.quarantined += 1,
            }
            region.frozen += u32::from(marks.has(Mark::Frozen));
            region.avoided += u32::from(marks.has(Mark::Avoided));
            region.stale += u32::from(self.is_stale(at));
            region.queue += u32::from(self.queue[at]);
            drift += u64::from(self.drift[at]);
            let z = self.impedance[at];
            if z != NONE && !self.class[at].is_human() {
                delays.push(z);
                region.slow += u32::from(z > 500_000);
            }
        }
        if !delays.is_empty() {
            let sum: u64 = delays.iter().copied().map(u64::from).sum();
            region.mean = Some((sum / delays.len() as u64) as u32);
            region.worst = delays.iter().copied().max();
            let at = (delays.len() * 95).div_ceil(100).saturating_sub(1);
            region.p95 = Some(*delays.select_nth_unstable(at).1);
        }
        region.drift = (drift / u64::from(region.agents.max(1))) as u32;
        region
    }

    fn is_stale(&self, at: usize) -> bool {
        self.stale[at]
    }

    /// The sums of a cluster.
    pub(crate) fn cluster(&self, id: ClusterId) -> Region {
        self.cluster_no(id)
            .map_or_else(Region::default, |at| self.clusters[at])
    }

    /// The sums of a sector.
    pub(crate) fn sector(&self, id: SectorId) -> Region {
        let at = usize::from(id.0).wrapping_sub(1);
        self.sectors.get(at).copied().unwrap_or_default()
    }

    /// The sums of everything.
    pub(crate) fn whole(&self) -> Region {
        let mut all = Region::default();
        let (mut sum, mut with) = (0_u64, 0_u64);
        for sector in &self.sectors {
            all.agents += sector.agents;
            all.active += sector.active;
            all.degraded += sector.degraded;
            all.offline += sector.offline;
            all.quarantined += sector.quarantined;
            all.frozen += sector.frozen;
            all.avoided += sector.avoided;
            all.stale += sector.stale;
            all.queue += sector.queue;
            all.conflicts += sector.conflicts;
            all.slow += sector.slow;
            all.worst = all.worst.max(sector.worst);
            all.p95 = all.p95.max(sector.p95);
            if let Some(mean) = sector.mean {
                sum += u64::from(mean) * u64::from(sector.agents);
                with += u64::from(sector.agents);
            }
        }
        all.mean = (with > 0).then(|| (sum / with.max(1)) as u32);
        all
    }

    /// What a sector's cell says, worst first.
    pub(crate) fn sector_flag(&self, id: SectorId) -> Flag {
        let breaker = self.breakers.get(&BreakerAt::Sector(id)).copied();
        flag(&self.sector(id), breaker, self.vacant.contains(&id))
    }

    /// What a cluster's cell says, worst first.
    pub(crate) fn cluster_flag(&self, id: ClusterId) -> Flag {
        let breaker = self.breakers.get(&BreakerAt::Cluster(id)).copied();
        flag(&self.cluster(id), breaker, false)
    }

    /// Agents of each class, A to F, and how many of those are active.
    pub(crate) fn classes(&self) -> [(u32, u32); 6] {
        let mut classes = [(0, 0); 6];
        for at in (0..self.known.len()).filter(|&at| self.known[at]) {
            let (agents, active) = &mut classes[self.class[at] as usize];
            *agents += 1;
            *active += u32::from(self.marks[at].has(Mark::Active));
        }
        classes
    }

    /// How many rows there are, known or not.
    pub(crate) fn len(&self) -> RowNo {
        self.known.len() as RowNo
    }

    /// The row of a place.
    pub(crate) fn row_of(&self, id: AgentId) -> Option<RowNo> {
        let shape = self.shape.filter(|shape| shape.has_agent(id))?;
        let cluster = self.cluster_no(id.cluster)?;
        Some((cluster * usize::from(shape.agents) + usize::from(id.agent) - 1) as RowNo)
    }

    fn cluster_no(&self, id: ClusterId) -> Option<usize> {
        let shape = self.shape.filter(|shape| shape.has_cluster(id))?;
        Some(
            (usize::from(id.sector.0) - 1) * usize::from(shape.clusters) + usize::from(id.cluster)
                - 1,
        )
    }

    /// The place of a row.
    pub(crate) fn place(&self, row: RowNo) -> AgentId {
        let shape = self.shape_or_none();
        let (agents, clusters) = (
            u32::from(shape.agents).max(1),
            u32::from(shape.clusters).max(1),
        );
        let cluster = row / agents;
        AgentId {
            cluster: ClusterId {
                sector: SectorId((cluster / clusters + 1) as u16),
                cluster: (cluster % clusters + 1) as u8,
            },
            agent: (row % agents + 1) as u8,
        }
    }

    /// One agent; none where nobody is known to sit.
    pub(crate) fn agent(&self, id: AgentId) -> Option<Agent<'_>> {
        self.row_of(id).and_then(|row| self.at(row))
    }

    /// One row; none where nobody is known to sit.
    pub(crate) fn at(&self, row: RowNo) -> Option<Agent<'_>> {
        let known = self.known.get(row as usize).copied().unwrap_or(false);
        known.then_some(Agent { mesh: self, row })
    }
}

fn flag(region: &Region, breaker: Option<bool>, vacant: bool) -> Flag {
    let active = u64::from(
        region.active
            + region
                .frozen
                .min(region.agents - region.active.min(region.agents)),
    );
    match breaker {
        _ if vacant || region.agents > 0 && region.offline == region.agents => Flag::Unreachable,
        Some(true) => Flag::Open,
        _ if region.frozen > 0 && region.frozen * 2 >= region.agents => Flag::Frozen,
        Some(false) => Flag::HalfOpen,
        // One response in a hundred is the target (§11); an hour of a sector holds some three hundred.
        _ if region.conflicts * 100 > region.agents.max(1) * 3 => Flag::Conflicts,
        _ if active * 100 <= u64::from(region.agents) * 95 && region.agents > 0 => Flag::Degraded,
        _ if region.stale * 20 > region.agents => Flag::Stale,
        None => Flag::Well,
    }
}

/// One agent as it is shown and filtered.
#[derive(Clone, Copy)]
pub(crate) struct Agent<'m> {
    mesh: &'m Mesh,
    row: RowNo,
}

impl Agent<'_> {
    /// Its row.
    pub(crate) const fn row(self) -> RowNo {
        self.row
    }

    /// Its operational state.
    pub(crate) fn state(self) -> Standing {
        Standing::of(self.marks())
    }

    /// Its marks.
    pub(crate) fn marks(self) -> Marks {
        self.mesh.marks[self.row as usize]
    }

    /// Z in microseconds.
    pub(crate) fn z(self) -> Option<u32> {
        let z = self.mesh.impedance[self.row as usize];
        (z != NONE).then_some(z)
    }

    /// Its class.
    pub(crate) fn kind(self) -> Class {
        self.mesh.class[self.row as usize]
    }

    /// Pending operations.
    pub(crate) fn pending(self) -> u16 {
        self.mesh.queue[self.row as usize]
    }

    /// How often it succeeds.
    pub(crate) fn success(self) -> Share {
        Share::new(f64::from(self.mesh.reliability[self.row as usize]) / 10_000.0)
    }

    /// How much Z varies.
    pub(crate) fn variation(self) -> f64 {
        f64::from(self.mesh.drift[self.row as usize]) / 1_000.0
    }

    /// Since its last beat; none when it was never heard. Who is well and not told of was heard within a beat.
    pub(crate) fn silence(self) -> Option<Micros> {
        let at = self.row as usize;
        let silent = Micros(self.mesh.now.saturating_sub(self.mesh.beat[at]).max(0));
        let heard = silent < Micros::seconds(366 * 86_400);
        let beats = !self.stale() && self.state() != Standing::Offline;
        heard.then(|| if beats { silent.min(BEAT) } else { silent })
    }

    /// Its own average of Z, in microseconds.
    pub(crate) fn usual(self) -> Option<u32> {
        let z = self.mesh.usual[self.row as usize];
        (z != NONE).then_some(z)
    }

    /// The round trip, in microseconds.
    pub(crate) fn latency(self) -> u32 {
        self.mesh.latency[self.row as usize]
    }

    /// The processing, in microseconds.
    pub(crate) fn processing(self) -> u32 {
        self.mesh.processing[self.row as usize]
    }

    /// What it can do.
    pub(crate) fn abilities(&self) -> impl Iterator<Item = &str> {
        let set = self.mesh.capabilities[self.row as usize];
        let names = self.mesh.abilities.iter().enumerate();
        names.filter_map(move |(bit, name)| {
            (bit < 64 && set >> bit & 1 == 1).then_some(name.as_str())
        })
    }

    /// Whether that is too long.
    pub(crate) fn stale(self) -> bool {
        self.mesh.is_stale(self.row as usize)
    }

    /// What it does.
    pub(crate) fn work(&self) -> Option<&str> {
        let number = self.mesh.task[self.row as usize];
        self.mesh
            .tasks
            .get(&number)
            .map(String::as_str)
            .filter(|_| number != 0)
    }

    /// The start of its context's hash.
    pub(crate) fn holds(self) -> u64 {
        self.mesh.context[self.row as usize]
    }
}

impl Subject for Agent<'_> {
    fn place(&self) -> AgentId {
        self.mesh.place(self.row)
    }
    fn class(&self) -> Class {
        self.kind()
    }
    fn marks(&self) -> Marks {
        Agent::marks(*self)
    }
    fn impedance(&self) -> Option<Impedance> {
        self.z()
            .filter(|_| !self.kind().is_human())
            .map(|z| Impedance(Micros(i64::from(z))))
    }
    fn queue(&self) -> u32 {
        u32::from(self.pending())
    }
    fn reliability(&self) -> u16 {
        self.mesh.reliability[self.row as usize]
    }
    fn drift(&self) -> u16 {
        self.mesh.drift[self.row as usize]
    }
    fn can(&self, capability: &str) -> bool {
        self.abilities().any(|ability| ability == capability)
    }
    fn context(&self) -> u64 {
        self.holds()
    }
    fn silent_for(&self) -> Option<Micros> {
        self.silence()
    }
    fn task(&self) -> Option<&str> {
        self.work()
    }
}
