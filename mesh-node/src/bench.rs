//! `mesh-node bench`: the figures of a mesh that runs, each with the definition that it has in the specification.

pub mod host;
mod local;
mod nats;
mod raw;
mod report;
pub mod store;

pub use report::{ErrorSpans, FreezeSpans, Raw, Report, Spans, SpreadSpans};

use crate::broker::BrokerError;
use crate::door::DoorError;
use crate::drive::local::ConfigError;
use crate::drive::nats::LinkError;
use mesh_core::trust::Refusal;
use std::path::PathBuf;

/// Who holds the mesh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Driver {
    /// One process.
    Local,
    /// Processes over a broker.
    Nats(Fleet),
}

/// Processes over a broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fleet {
    /// How many, this one among them.
    pub hosts: u32,
    /// Whether messages bear real signatures; otherwise stand-ins that cost next to nothing.
    pub signed: bool,
    /// Whether the bare yardstick is run as well.
    pub raw: bool,
    /// The broker; one is started for the time of the benchmark without it.
    pub server: Option<String>,
    /// What runs one more process: this program, told to be one.
    pub host: PathBuf,
}

/// What to measure.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Who holds the mesh.
    pub driver: Driver,
    /// Agents.
    pub agents: u32,
    /// Throws that count.
    pub rounds: u32,
    /// Threads; none is one a core.
    pub threads: Option<usize>,
    /// The seed.
    pub seed: u64,
}

/// Something that could not be measured.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The mesh could not be started.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A process of it could not take part.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// No broker.
    #[error(transparent)]
    Broker(#[from] BrokerError),
    /// The keys of a benchmark are made, not found.
    #[error("keys of a benchmark: {0}")]
    Keys(#[from] Refusal),
    /// The system gave no folder, process or pipe.
    #[error("{what}: {source}")]
    System {
        /// For what.
        what: &'static str,
        /// What it says.
        source: std::io::Error,
    },
    /// A process ended or said what it should not.
    #[error("process {host} of the benchmark: {why}")]
    Host {
        /// Which.
        host: u32,
        /// What happened.
        why: String,
    },
    /// A process is told nonsense.
    #[error("a line for a process of a benchmark: {0}; `mesh-node bench` starts these itself")]
    Input(String),
    /// Too few processes.
    #[error(
        "a mesh over a broker needs at least {least} processes, so that no parent is beside its children; {hosts} were asked for"
    )]
    Hosts {
        /// How many were asked for.
        hosts: u32,
        /// How many there must be.
        least: u32,
    },
    /// Its door failed.
    #[error(transparent)]
    Door(#[from] DoorError),
    /// Something that was waited for did not come.
    #[error("{what} did not come within {seconds} s: {seen}")]
    Late {
        /// What.
        what: &'static str,
        /// How long was waited.
        seconds: u64,
        /// What was seen instead.
        seen: String,
    },
}

/// Measures. `step` is told what is measured next.
pub async fn run(plan: &Plan, step: impl FnMut(&str)) -> Result<Report, BenchError> {
    match &plan.driver {
        Driver::Local => local::run(plan, step).await,
        Driver::Nats(fleet) => nats::run(plan, fleet, step).await,
    }
}
