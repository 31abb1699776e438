//! Time as the protocol knows it (PROTOCOL §2): nobody's clock is set, everybody's is estimated.
//!
//! [`Micros`] is a length of time, [`Moment`] a reading of one node's monotonic clock; the types keep them from being
//! mixed up. A moment means nothing on another node until it is translated with a [`clock`] estimate.

pub mod clock;
mod micros;

pub use micros::{Boot, Micros, Moment, WallTime};
