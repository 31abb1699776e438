//! The simulator: virtual time, seeded faults, the same roles as in life.

pub mod clock;
pub mod link;
pub mod queue;
pub mod scenario;
pub mod world;
