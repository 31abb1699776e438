//! The registry: what is known of every agent, kept in memory, eventually consistent, and always saying how old it is
//! (§2.3, §4.2, §4.3, PROTOCOL §7).
//!
//! A lead is the authority on its agents. Coordinators and the orchestrator hold a [`Table`] that cluster reports
//! fill ([`Table::apply`]), select from it with the scopes of [`crate::place::scope`] ([`Table::select`]), sum it up
//! ([`ClusterSummary`], [`SectorSummary`], [`GlobalStats`]), and route by capability with a [`Router`]. A [`GlobalMap`]
//! made of cluster summaries alone lets a sector route when the orchestrator is gone.
//!
//! There is nothing here about *why* an agent is degraded or avoided: whoever judges (the profiler, the guard) says so.

mod counts;
pub mod map;
mod name;
pub mod query;
mod record;
pub mod route;
mod row;
mod scan;
pub mod sketch;
mod state;
mod subject;
pub mod summary;
pub mod table;

pub use counts::Counts;
pub use map::{GlobalMap, GlobalReport};
pub use name::{Capabilities, CapabilityError, CapabilitySet, TaskId, Tasks};
pub use query::{Group, GroupBy, Order, Selection, SortKey};
pub use record::AgentImpedance;
pub use route::{Demand, NoCapableAgent, Peak, Router};
pub use row::{Row, RowUpdate};
pub use sketch::Sketch;
pub use state::{HoldMode, State};
pub use summary::{ClusterSummary, GlobalStats, SectorSummary, Vitals};
pub use table::{Applied, Refused, Table};
