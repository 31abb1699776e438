//! The drivers that give the protocol time, network, disk, workers and keys.
//!
//! | module | what it is |
//! |---|---|
//! | [`drive`] | what holds the roles: `sim` (virtual time, seeded faults) |
//! | [`predict`] | the predictor over recorded round trips, beside its baselines |

pub mod drive;
pub mod predict;
