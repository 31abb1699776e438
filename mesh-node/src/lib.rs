//! The drivers that give the protocol time, network, disk, workers and keys.
//!
//! | module | what it is |
//! |---|---|
//! | [`door`] | the one way in from above: frames, sockets, client |
//! | [`config`] | what a node is told |
//! | [`broker`] | a nats-server of one's own |
//! | [`drive`] | what holds the roles: `local` (one process), `nats` (many), `sim` (virtual time, seeded faults) |
//! | [`embed`](mod@embed) | a lab in this process, and a client at its door |
//! | [`bench`](mod@bench) | the figures of a mesh that runs |
//! | [`worker`] | what an agent really runs |
//! | [`probe`] | what hardware this is |
//! | [`store`] | what must outlive processes: tasks, desired state, logs |
//! | [`trust`] | keys and certificates on disk |
//! | [`observe`] | logs, metrics, health, systemd |
//! | [`predict`] | the predictor over recorded round trips, beside its baselines |

pub mod bench;
pub mod broker;
pub mod config;
pub mod door;
pub mod drive;
pub mod embed;
mod entropy;
pub mod observe;
pub mod predict;
pub mod probe;
pub mod store;
pub mod trust;
mod usage;
pub mod worker;

pub use embed::{Embedded, embed};
