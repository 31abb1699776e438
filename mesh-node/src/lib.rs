//! The drivers that give the protocol time, network, disk, workers and keys.
//!
//! | module | what it is |
//! |---|---|
//! | [`door`] | the one way in from above: frames, sockets, client |
//! | [`drive`] | what holds the roles: `sim` (virtual time, seeded faults) |
//! | [`predict`] | the predictor over recorded round trips, beside its baselines |

pub mod door;
pub mod drive;
mod entropy;
pub mod predict;
