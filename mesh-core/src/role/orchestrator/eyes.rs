//! The mesh as previews, diagnosis and healing look at it: rows made of the replica, the tasks and desired state.

use super::Orchestrator;
use crate::guard::level::{Effective, Gate, Kind};
use crate::message::SkipReason;
use crate::operation::scope::Scopes;
use crate::operation::task::Task;
use crate::operation::view::{
    AgentRow, BreakerAt, BreakerRow, ClusterRow, ConflictRow, HostId, Need, QuarantineReason,
    SeatRow, Spare, Upkeep, View,
};
use crate::place::scope::{Region, ScopeSet};
use crate::place::{AgentId, Class, ClusterId, SectorId};
use crate::registry::{self, State};
use crate::role::ability;
use crate::time::{Micros, Moment};
use crate::trust::seat::Seat;
use crate::unit::Impedance;

/// A coordinator not heard of for longer has left its seat empty: two beats and some.
const VACANT: Micros = Micros::seconds(12);

/// The mesh at a moment.
pub(super) struct Eyes<'a> {
    pub(super) mesh: &'a Orchestrator,
    pub(super) now: Moment,
}

impl Eyes<'_> {
    fn row(&self, row: &registry::Row) -> AgentRow {
        let (id, class) = (row.place(), row.class());
        let held = self.mesh.desired.effective(id, class);
        let state = if held.quarantined {
            State::Quarantined
        } else {
            row.state()
        };
        AgentRow {
            id,
            class,
            state,
            state_since: row.since(),
            quarantine: (state == State::Quarantined).then(|| self.reason(row, &held)),
            avoided: held.avoided,
            frozen: held.frozen.is_some(),
            impedance: row.impedance(),
            usual: row.usual(),
            drift: row.drift() as f32,
            queue: u16::try_from(row.queue()).unwrap_or(u16::MAX),
            reliability: row.reliability(),
            last_beat: self.now - row.silent_for(self.now).unwrap_or(Micros::MAX.half()),
            context: row.context(),
            context_wanted: held
                .context
                .map_or(row.context(), crate::unit::Digest::short),
            host: HostId(id.pack()),
            host_up: true,
            hardware: ability::hardware(class),
            clock_usable: row.lead().is_some() || class.is_human(),
            weights_locked: held.weights_locked,
        }
    }

    /// Why an agent is in quarantine, as far as what it holds tells.
    fn reason(&self, row: &registry::Row, held: &Effective) -> QuarantineReason {
        let known = self.mesh.door.quarantines.get(&row.place()).copied();
        known.unwrap_or_else(|| match held.context {
            Some(head) if head.short() != row.context() => QuarantineReason::ContextDivergence,
            Some(_) | None => QuarantineReason::Operator,
        })
    }

    fn breaker(&self, at: BreakerAt, region: Region) -> Option<BreakerRow> {
        let levels = self.mesh.desired.levels();
        levels.standing(&Kind::Breaker, region).map(|_| BreakerRow {
            at,
            open: true,
            since: self
                .mesh
                .door
                .breakers
                .get(&at)
                .copied()
                .unwrap_or(self.now),
            failures: 0,
        })
    }
}

impl View for Eyes<'_> {
    fn now(&self) -> Moment {
        self.now
    }

    fn agents<'a>(
        &'a self,
        scope: &Scopes,
        except: Option<&Scopes>,
    ) -> Box<dyn Iterator<Item = AgentRow> + 'a> {
        let set = ScopeSet {
            scopes: scope.clone(),
            except: except.cloned(),
        };
        let selection = self.mesh.replica.table.select(&set, self.now);
        let rows: Vec<AgentRow> = selection.rows().map(|row| self.row(&row)).collect();
        Box::new(rows.into_iter())
    }

    fn agent(&self, id: AgentId) -> Option<AgentRow> {
        self.mesh.replica.table.row(id).map(|row| self.row(&row))
    }

    fn may_do(&self, id: AgentId, capability: &str) -> bool {
        let table = &self.mesh.replica.table;
        let wanted = table.capabilities().find(capability);
        let Some((row, wanted)) = table.row(id).zip(wanted) else {
            return false;
        };
        let name = crate::place::scope::Name::new(capability).ok();
        let levels = self.mesh.desired.levels();
        let denied = name.is_some_and(|name| levels.denies(id, row.class(), &name));
        row.capabilities().has(wanted) && !denied
    }

    fn need(&self, capability: &str) -> Option<Need> {
        ability::need(capability)
    }

    fn clusters<'a>(&'a self) -> Box<dyn Iterator<Item = ClusterRow> + 'a> {
        let table = &self.mesh.replica.table;
        let rows = table.clusters().map(move |(id, _)| self.cluster(id));
        Box::new(rows)
    }

    fn seats<'a>(&'a self) -> Box<dyn Iterator<Item = SeatRow> + 'a> {
        let sectors = self.mesh.sectors.iter().enumerate();
        let coordinators = sectors.map(move |(index, record)| {
            let heard = record.link.heard();
            let there = heard.is_some_and(|heard| self.now.since(heard) <= VACANT);
            SeatRow {
                seat: Seat::Coordinator(SectorId::at(index)),
                holder: there.then_some(HostId(index as u32)),
                since: heard.unwrap_or_default(),
                takeovers: record.takeovers,
            }
        });
        Box::new(coordinators.chain(core::iter::once(SeatRow {
            seat: Seat::Orchestrator,
            holder: Some(HostId(0)),
            since: self.mesh.begun,
            takeovers: 0,
        })))
    }

    fn breakers<'a>(&'a self) -> Box<dyn Iterator<Item = BreakerRow> + 'a> {
        if self.mesh.desired.levels().is_empty() {
            return Box::new(core::iter::empty());
        }
        let mesh = self.breaker(BreakerAt::Mesh, Region::All);
        if mesh.is_some() {
            return Box::new(mesh.into_iter());
        }
        let table = &self.mesh.replica.table;
        let sectors: Vec<BreakerRow> = table
            .sector_ids()
            .filter_map(|id| self.breaker(BreakerAt::Sector(id), Region::Sector(id)))
            .collect();
        let within = |id: ClusterId| {
            sectors
                .iter()
                .any(|row| row.at == BreakerAt::Sector(id.sector))
        };
        let clusters: Vec<BreakerRow> = table
            .clusters()
            .filter(|(id, _)| !within(*id))
            .filter_map(|(id, _)| self.breaker(BreakerAt::Cluster(id), Region::Cluster(id)))
            .collect();
        Box::new(sectors.into_iter().chain(clusters))
    }

    fn tasks<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Task> + 'a> {
        Box::new(self.mesh.board.open())
    }

    fn conflicts<'a>(&'a self) -> Box<dyn Iterator<Item = ConflictRow> + 'a> {
        Box::new(self.mesh.door.conflicts.iter().cloned())
    }

    fn spares<'a>(&'a self) -> Box<dyn Iterator<Item = Spare> + 'a> {
        Box::new(core::iter::empty())
    }

    fn upkeep(&self) -> Upkeep {
        Upkeep {
            joined: self.mesh.replica.joined,
            lost: self.mesh.replica.lost,
            breakers_opened: self.mesh.door.breakers.len() as u32,
            conflicts: self
                .mesh
                .door
                .conflict_count(self.now, Micros::seconds(86_400)),
            ..self.mesh.upkeep(self.now)
        }
    }
}

impl Eyes<'_> {
    fn cluster(&self, id: ClusterId) -> ClusterRow {
        let replica = &self.mesh.replica;
        let counts = replica.table.counts_of(Region::Cluster(id));
        let (mut z, mut usual, mut measured, mut known) = (0i64, 0i64, 0i64, 0i64);
        let mut class: Option<Class> = None;
        let mut mixed = false;
        for row in replica.table.rows(Region::Cluster(id)) {
            mixed |= class.is_some_and(|class| class != row.class());
            class = Some(row.class());
            if let Some(Impedance(own)) = row.impedance() {
                (z, measured) = (z + own.0, measured + 1);
            }
            if let Some(Impedance(own)) = row.usual() {
                (usual, known) = (usual + own.0, known + 1);
            }
        }
        let mean = |sum: i64, count: i64| Impedance(Micros(sum.checked_div(count).unwrap_or(0)));
        let series = replica.of_cluster(id);
        let queue = replica.queue(id);
        ClusterRow {
            id,
            class: class.filter(|_| !mixed),
            places: self.mesh.shape.agents.max(counts.agents as u8),
            agents: counts.agents as u8,
            active: counts.active as u8,
            impedance: mean(z, measured),
            impedance_before: mean(usual, known),
            queue,
            queue_before: series
                .and_then(|series| series.first())
                .map_or(queue, super::series::Point::queue),
            conflicts: self.mesh.door.conflicts_of(id, self.now),
            answers: 0,
        }
    }

    /// What desired state has against an agent's taking part in a throw.
    pub(super) fn spared(&self, agent: AgentId, row: &registry::Row) -> Option<SkipReason> {
        if self.mesh.desired.levels().is_empty() {
            return None;
        }
        let held = self.mesh.desired.effective(agent, row.class());
        if held.frozen.is_some() {
            Some(SkipReason::Frozen)
        } else if held.quarantined {
            Some(SkipReason::Quarantined)
        } else if held.avoided {
            Some(SkipReason::Avoided)
        } else {
            (held.breaker == Gate::Open).then_some(SkipReason::Breaker)
        }
    }
}
