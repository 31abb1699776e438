//! Circuit breakers of cluster, sector and mesh, so that a failing region does not pull down the rest (§6.2, PROTOCOL §8).
//!
//! A failure is an agent that ends UNREACHABLE, crashes or refuses. Being late is none. What counts is how many different
//! agents fail within a sliding minute, and what share of the traffic, once there is a minimum of it.
//!
//! ```text
//! CLOSED -- too many failing --> OPEN 30 s -- probe answered --> HALF_OPEN 60 s -- healthy --> CLOSED
//!                                  ^  |                             |
//!                                  |  +-- probe failed: 60 s more   |
//!                                  +------ still failing: 60 s -----+
//! ```

mod set;
mod single;
#[cfg(test)]
mod tests;

pub use set::{BreakerEvent, Breakers};
pub use single::{Breaker, Limits, Step, Why};
