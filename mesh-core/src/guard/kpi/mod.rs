//! The seven key figures of §11, computed the same way in the simulator and in life.
//!
//! [`Meter`] takes what happens (throws, how many agents are active, incidents) and keeps one [`Rollup`] an hour. Rollups
//! add up: of hours, of sectors, of runs. A [`Report`] holds each figure against its target.

mod latencies;
mod meter;
mod report;
mod rollup;
#[cfg(test)]
mod tests;

pub use latencies::{LATENCIES_MAX, Latencies};
pub use meter::{HOURS_MAX, INCIDENTS_MAX, Meter};
pub use report::{Figure, Kpi, Report};
pub use rollup::{Recovery, Rollup, ThrowRecord};
