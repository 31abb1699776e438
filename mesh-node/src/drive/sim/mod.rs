//! The simulator: virtual time, seeded faults, the same roles as in life.
//!
//! A [`Scenario`] says how large the mesh is, what is asked of it and what goes wrong; [`World`] runs it, one event after
//! the other, in an order that depends on the seed alone; [`run`] makes the report. The truth that no node knows (the
//! true time, who really lives) is kept beside the roles, and the invariants are held against it.

mod chores;
pub(super) mod clock;
mod conduct;
mod courier;
pub(super) mod disk;
mod errands;
mod figures;
pub mod fuzz;
mod incident;
mod invariant;
pub(super) mod link;
pub(super) mod node;
pub(super) mod notary;
mod operate;
mod places;
mod post;
pub(super) mod queue;
mod sabotage;
pub mod scenario;
mod settle;
mod signing;
mod standing;
mod strike;
mod truth;
mod vault;
mod verdict;
pub(super) mod world;

pub use figures::{Kpi, Report, run, run_with};
pub use invariant::Violation;
pub use sabotage::Sabotage;
pub use scenario::Scenario;
pub use signing::Signatures;
pub use verdict::Verdict;
pub use world::World;
