//! The throw: schedule, gather, cascade, quorum, proof sheet (§3).

pub mod quorum;
