//! What keeps the mesh whole: failures, breakers, modes, desired state, floods, threats, and the figures that say how
//! well it goes (§6, §9.2, §11; PROTOCOL §6 and §8).
//!
//! Everything here is a plain value that takes `now` and an observation and gives back at most one small typed outcome;
//! the roles carry it out. Deadlines are asked for with `next_deadline()`; asking too early or too late is harmless.
//!
//! | module | what it is |
//! |---|---|
//! | [`level`] | desired state as levels with epochs: freeze, avoid, quarantine, breaker, capability rules, context |
//! | [`freeze`] | a freeze until each agent has signed that it stopped |
//! | [`failure`] | the six failure classes of §6.1, suspicion, backoff, cascades |
//! | [`breaker`] | circuit breakers of cluster, sector and mesh |
//! | [`mode`] | the five operational modes, admission, held operations |
//! | [`flood`] | rate limits that drop the unimportant first |
//! | [`tamper`] | detectors for the threats of §9.2 |
//! | [`kpi`] | the seven figures of §11 |

pub mod breaker;
pub mod failure;
pub mod flood;
pub mod freeze;
pub mod kpi;
pub mod level;
pub mod mode;
pub mod tamper;
