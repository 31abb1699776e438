//! The table as scopes ask it: which places there are, and what is known of one agent.

use super::{Row, Table};
use crate::place::scope::{Marks, Places, Subject};
use crate::place::{AgentId, Class, ClusterId, SectorId};
use crate::time::{Micros, Moment};
use crate::unit::Impedance;

impl Table {
    /// An agent as filters see it.
    pub fn subject(&self, agent: AgentId, now: Moment) -> Option<impl Subject> {
        let row = self.row(agent)?;
        Some(Seen {
            table: self,
            row,
            now,
        })
    }
}

impl Places for Table {
    fn last_sector(&self) -> u16 {
        self.sectors().last().map_or(0, |sector| sector.id.0)
    }

    fn last_cluster(&self, sector: SectorId) -> u8 {
        self.clusters_in(sector)
    }

    fn last_agent(&self, cluster: ClusterId) -> u8 {
        128 - self.agents(cluster).0.leading_zeros() as u8
    }
}

/// A row with what is needed to answer filters about it.
struct Seen<'t> {
    table: &'t Table,
    row: Row,
    now: Moment,
}

impl Subject for Seen<'_> {
    fn place(&self) -> AgentId {
        self.row.place()
    }

    fn class(&self) -> Class {
        self.row.class
    }

    fn marks(&self) -> Marks {
        self.row.marks
    }

    fn impedance(&self) -> Option<Impedance> {
        self.row.impedance()
    }

    fn queue(&self) -> u32 {
        self.row.queue
    }

    fn reliability(&self) -> u16 {
        self.row.reliability
    }

    fn drift(&self) -> u16 {
        self.row.drift
    }

    fn can(&self, capability: &str) -> bool {
        let known = self.table.capabilities().find(capability);
        known.is_some_and(|one| self.row.capabilities.has(one))
    }

    fn context(&self) -> u64 {
        self.row.context
    }

    fn silent_for(&self) -> Option<Micros> {
        self.row.silent_for(self.now)
    }

    fn task(&self) -> Option<&str> {
        Some(self.table.tasks().name(self.row.task)?.as_str())
    }
}
