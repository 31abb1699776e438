//! A small mesh made of rows, for tests of what reads a [`View`].

use super::*;
use std::collections::{BTreeMap, BTreeSet};

/// Rows that a test sets as it likes.
pub(crate) struct Sample {
    pub(crate) now: Moment,
    pub(crate) rows: BTreeMap<AgentId, AgentRow>,
    pub(crate) capabilities: BTreeSet<(AgentId, String)>,
    pub(crate) needs: BTreeMap<String, Need>,
    pub(crate) clusters: Vec<ClusterRow>,
    pub(crate) seats: Vec<SeatRow>,
    pub(crate) breakers: Vec<BreakerRow>,
    pub(crate) tasks: Vec<Task>,
    pub(crate) conflicts: Vec<ConflictRow>,
    pub(crate) spares: Vec<Spare>,
    pub(crate) upkeep: Upkeep,
}

pub(crate) fn place(text: &str) -> AgentId {
    text.parse().expect("a place")
}

impl Sample {
    /// `sectors` × `clusters` × `agents`, all well; the class of each from its cluster's number, A to E in turn.
    pub(crate) fn new(sectors: u16, clusters: u8, agents: u8) -> Self {
        let now = Moment(3_600_000_000);
        let shape = crate::place::Shape {
            sectors,
            clusters,
            agents,
        };
        let class_of = |id: ClusterId| Class::ALL[usize::from(id.cluster - 1) % 5];
        let rows = shape.all_agents().map(|id| {
            let class = class_of(id.cluster);
            let usual = Some(Impedance(class.prior().typical_low));
            let hardware = if class == Class::Gpu {
                Hardware::NONE.with(crate::operation::resource::Resource::GpuMemory)
            } else {
                Hardware::NONE
            };
            let row = AgentRow {
                id,
                class,
                state: State::Active,
                state_since: Moment(0),
                quarantine: None,
                avoided: false,
                frozen: false,
                impedance: usual,
                usual,
                drift: 0.1,
                queue: 1,
                reliability: Share::new(0.99),
                last_beat: now,
                context: 1,
                context_wanted: 1,
                host: HostId(u32::from(id.agent)),
                host_up: true,
                hardware,
                clock_usable: true,
                weights_locked: false,
            };
            (id, row)
        });
        let cluster = |id: ClusterId| ClusterRow {
            id,
            class: Some(class_of(id)),
            places: agents,
            agents,
            active: agents,
            impedance: Impedance(Micros::millis(100)),
            impedance_before: Impedance(Micros::millis(100)),
            queue: 30,
            queue_before: 30,
            conflicts: 0,
            answers: 1_000,
        };
        let held = |seat| SeatRow {
            seat,
            holder: Some(HostId(1)),
            since: Moment(0),
            takeovers: 0,
        };
        let hour = Some(Micros::seconds(3_600));
        Self {
            now,
            rows: rows.collect(),
            capabilities: BTreeSet::new(),
            needs: BTreeMap::new(),
            clusters: shape.all_clusters().map(cluster).collect(),
            seats: shape
                .all_clusters()
                .map(Seat::Lead)
                .chain(shape.all_sectors().map(Seat::Coordinator))
                .chain([Seat::Orchestrator])
                .map(held)
                .collect(),
            breakers: Vec::new(),
            tasks: Vec::new(),
            conflicts: Vec::new(),
            spares: Vec::new(),
            upkeep: Upkeep {
                registry_backup: hour,
                conflict_log_backup: hour,
                snapshots: hour,
                ..Upkeep::default()
            },
        }
    }

    pub(crate) fn row(&mut self, text: &str) -> &mut AgentRow {
        self.rows.get_mut(&place(text)).expect("in the sample")
    }

    pub(crate) fn grant(&mut self, class: Class, capability: &str) {
        let of_class: Vec<_> = self
            .rows
            .values()
            .filter(|row| row.class == class)
            .map(|row| row.id)
            .collect();
        self.capabilities
            .extend(of_class.into_iter().map(|id| (id, capability.to_owned())));
    }
}

fn matches(row: &AgentRow, scope: &Scopes) -> bool {
    scope.is_auto()
        || scope
            .regions()
            .any(|region| region.covers(row.id, row.class))
}

impl View for Sample {
    fn now(&self) -> Moment {
        self.now
    }
    fn agents<'a>(
        &'a self,
        scope: &Scopes,
        except: Option<&Scopes>,
    ) -> Box<dyn Iterator<Item = AgentRow> + 'a> {
        let inside: Vec<_> = self
            .rows
            .values()
            .filter(|row| matches(row, scope))
            .filter(|row| !except.is_some_and(|except| matches(row, except)))
            .copied()
            .collect();
        Box::new(inside.into_iter())
    }
    fn agent(&self, id: AgentId) -> Option<AgentRow> {
        self.rows.get(&id).copied()
    }
    fn may_do(&self, id: AgentId, capability: &str) -> bool {
        self.capabilities.contains(&(id, capability.to_owned()))
    }
    fn need(&self, capability: &str) -> Option<Need> {
        self.needs.get(capability).copied()
    }
    fn clusters<'a>(&'a self) -> Box<dyn Iterator<Item = ClusterRow> + 'a> {
        Box::new(self.clusters.iter().copied())
    }
    fn seats<'a>(&'a self) -> Box<dyn Iterator<Item = SeatRow> + 'a> {
        Box::new(self.seats.iter().copied())
    }
    fn breakers<'a>(&'a self) -> Box<dyn Iterator<Item = BreakerRow> + 'a> {
        Box::new(self.breakers.iter().copied())
    }
    fn tasks<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Task> + 'a> {
        Box::new(self.tasks.iter())
    }
    fn conflicts<'a>(&'a self) -> Box<dyn Iterator<Item = ConflictRow> + 'a> {
        Box::new(self.conflicts.iter().cloned())
    }
    fn spares<'a>(&'a self) -> Box<dyn Iterator<Item = Spare> + 'a> {
        Box::new(self.spares.iter().copied())
    }
    fn upkeep(&self) -> Upkeep {
        self.upkeep
    }
}
