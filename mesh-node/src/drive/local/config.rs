//! How large a local mesh is, and what its devices are.

use super::super::sim::scenario::MeshSize;
use super::hosting::Hosting;
use crate::store::{Location, StoreError};
use crate::worker::{JournalError, Spec, SpecError};
use mesh_core::place::{AgentId, Shape};
use mesh_core::time::Micros;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A local mesh.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Its name, which its socket carries too.
    pub name: String,
    /// Agents in all, in clusters of thirty and sectors of ten clusters while that gives no more sectors than can be.
    pub agents: u32,
    /// The seed of everything that chance decides about devices.
    pub seed: u64,
    /// Threads; none means one a core.
    pub threads: Option<usize>,
    /// What its agents are.
    pub devices: Devices,
    /// What is so from the beginning.
    pub situation: Situation,
    /// A background throw to all this often; none without it. Teaches the predictors as a mesh in use would.
    pub load_every: Option<Micros>,
    /// Agents that die and come back, each minute, per thousand; those with a real worker are left alone.
    pub churn: f64,
    /// Agents that run something real.
    pub workers: BTreeMap<AgentId, Spec>,
    /// The file of the workers' log; in memory without it, so that nothing survives the process.
    pub worker_log: Option<PathBuf>,
    /// Where the mesh's store is.
    pub store: Location,
    /// Its shape, where that does not follow from how many agents there are.
    pub shape: Option<Shape>,
    /// Which share of the mesh is in this process.
    pub hosting: Hosting,
}

/// What agents run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Devices {
    /// Modelled: networks and processing times per class, from distributions fitted to recorded traces. A lab.
    #[default]
    Modelled,
    /// Nothing between roles and nothing to process: for measuring the protocol's own cost.
    Bare,
    /// What they are: every agent here has a real worker, and clocks and networks are those of this machine.
    Real,
}

/// What is so in a lab from the beginning, to be found and put right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Situation {
    /// All is well.
    #[default]
    Calm,
    /// The one of §7.2: two Raspberry Pis, 7-4-12 and 7-4-19, claim `llm_inference` and were given such a task; both wait
    /// for memory of a graphics processor that they do not have, and are slow. Sector 3's cluster 2 is a GPU cluster that
    /// could do it.
    StuckPis,
}

/// A mesh that cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Too few or too many.
    #[error("a local mesh of {agents} agents is not possible: 1 to {max}", max = Config::AGENTS_MAX)]
    Agents {
        /// How many were asked for.
        agents: u32,
    },
    /// The situation needs more of a mesh.
    #[error(
        "the situation stuck-pis needs 7 sectors, so at least 2,100 agents; {agents} were asked for"
    )]
    TooSmall {
        /// How many were asked for.
        agents: u32,
    },
    /// A worker for nobody.
    #[error("there is no agent {0} in this mesh that could have a worker; it has {1} agents")]
    NoAgent(AgentId, u32),
    /// A worker that cannot be had.
    #[error("the worker of {0}: {1}")]
    Worker(AgentId, SpecError),
    /// No log for workers.
    #[error(transparent)]
    WorkerLog(#[from] JournalError),
    /// No store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No thread.
    #[error("cannot start a thread for the mesh: {0}")]
    Thread(std::io::Error),
}

impl Config {
    /// Agents at most: what memory of a large machine holds.
    pub const AGENTS_MAX: u32 = 1_000_000;

    /// A lab of so many agents.
    pub fn lab(agents: u32) -> Self {
        Self {
            name: "lab".to_owned(),
            agents,
            seed: 1,
            threads: None,
            devices: Devices::Modelled,
            situation: Situation::Calm,
            load_every: Some(Micros::seconds(20)),
            churn: 0.2,
            workers: BTreeMap::new(),
            worker_log: None,
            store: Location::Memory,
            shape: None,
            hosting: Hosting::Everything,
        }
    }

    /// The bare protocol.
    pub fn bare(agents: u32) -> Self {
        Self {
            devices: Devices::Bare,
            load_every: None,
            churn: 0.0,
            ..Self::lab(agents)
        }
    }

    /// Whether its devices are modelled, which is to be shown wherever it is.
    pub const fn is_lab(&self) -> bool {
        // Bare roles are no real devices either.
        !matches!(self.devices, Devices::Real)
    }

    /// Its shape, when it is possible.
    pub fn shape(&self) -> Result<Shape, ConfigError> {
        let agents = self.agents;
        if !(1..=Self::AGENTS_MAX).contains(&agents) {
            return Err(ConfigError::Agents { agents });
        }
        let shape = self
            .shape
            .unwrap_or_else(|| MeshSize::of_agents(agents).shape());
        if self.situation == Situation::StuckPis && (shape.sectors < 7 || shape.agents < 19) {
            return Err(ConfigError::TooSmall { agents });
        }
        Ok(shape)
    }

    pub(super) fn shards(&self, shape: Shape) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        self.threads
            .unwrap_or_else(cores)
            .clamp(1, usize::from(shape.sectors))
    }
}
