//! Scenarios: a mesh, its load, its surroundings, and what goes wrong when, as TOML.
//!
//! ```toml
//! # What it shows, in a comment.
//! seconds = 120
//! mesh = { sectors = 5, clusters = 4, agents = 10 }
//!
//! [load]
//! every = "10s"
//!
//! [[fault]]
//! at = 30
//! kind = "kill"
//! role = "coordinator"
//! scope = "sector:2"
//!
//! [expect]
//! kpi.quorum_share = ">= 0.99"
//! kpi.takeover_coordinator_s = "<= 5"
//! ```
//!
//! Everything has a default, nothing unknown is accepted, and whatever is wrong is said in one line. Lengths of time are
//! numbers of seconds or texts such as `"150ms"`, `"10s"`, `"5m"`, `"1h"`. A scenario that was made at random can be
//! written back ([`Scenario::to_toml`]) and made smaller ([`Scenario::simpler`]).

mod check;
mod error;
mod expect;
mod fault;
mod random;
mod read;
mod settings;
mod shrink;
mod span;
mod target;
#[cfg(test)]
mod tests;

pub use error::ScenarioError;
pub use expect::{Bound, Expect, KPI_NAMES};
pub use fault::{Fault, FaultKind};
pub use settings::{Churn, ClassMix, Clocks, Load, MeshSize, Network};
pub use target::{Claim, Misconduct, Seat, StoreTrouble, Whom};

use super::signing::Signatures;
use mesh_core::place::Shape;
use mesh_core::time::Micros;
use serde::{Deserialize, Serialize};

/// One run: everything that decides it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Scenario {
    /// A short name; the file's by default.
    pub name: String,
    /// Length of the run in virtual time.
    #[serde(rename = "seconds", with = "span")]
    pub duration: Micros,
    /// Equal seeds give equal runs.
    pub seed: u64,
    /// How many agents, or sectors × clusters × agents.
    pub mesh: MeshSize,
    /// Proportions of the classes A to F.
    pub classes: ClassMix,
    /// What is asked of the mesh all the time.
    pub load: Load,
    /// What every link does to messages.
    pub network: Network,
    /// How wrong clocks are.
    pub clocks: Clocks,
    /// Agents that die and come back all the time.
    pub churn: Churn,
    /// What goes wrong, and when.
    #[serde(rename = "fault", skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Fault>,
    /// When not 0: after the run all faults end, the mesh is left alone for this long, and then it must work.
    #[serde(with = "span", skip_serializing_if = "is_zero")]
    pub settle: Micros,
    /// What must hold at the end.
    pub expect: Expect,
    /// How messages are signed.
    #[serde(skip_serializing_if = "is_stand_in")]
    pub signatures: Signatures,
}

impl Scenario {
    /// Faults in one scenario: a day of one every five minutes fits twice over.
    pub const FAULTS_MAX: usize = 1_000;
    /// The longest run: two days.
    pub const DURATION_MAX: Micros = Micros::seconds(2 * 86_400);
    /// Bytes of a scenario's text: a thousand faults of a kilobyte each.
    pub const TEXT_MAX: usize = 1 << 20;

    /// The default fault load: 1 % loss, 0.1 % of the agents a minute dying and coming back, clocks off by up to an hour
    /// and drifting by up to 100 ppm, directions that differ by 3 %, classes A to F in the proportions of §2.2, and a
    /// cascade to all every 10 s.
    pub fn default_load(agents: u32, seconds: u32, seed: u64) -> Self {
        Self {
            name: "default".to_owned(),
            duration: Micros::seconds(i64::from(seconds)),
            seed,
            mesh: MeshSize::of_agents(agents),
            ..Self::default()
        }
    }

    /// The shape of the mesh; that of 100 × 10 × 30 cut to the number of agents where only that is given.
    pub fn shape(&self) -> Shape {
        self.mesh.shape()
    }

    /// How many places have an agent at the start: the first ones, cluster by cluster.
    pub fn agent_count(&self) -> usize {
        self.mesh.agent_count()
    }

    /// As TOML that [`Scenario::parse`] reads back to the same value.
    pub fn to_toml(&self) -> String {
        // Every field is a plain number, text, list or table, which TOML can hold.
        toml::to_string(self).expect("a scenario is made of what TOML can hold")
    }
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            name: String::new(),
            duration: Micros::seconds(600),
            seed: 1,
            mesh: MeshSize::of_agents(Shape::DEFAULT.agent_count() as u32),
            classes: ClassMix::default(),
            load: Load::default(),
            network: Network::default(),
            clocks: Clocks::default(),
            churn: Churn::default(),
            faults: Vec::new(),
            settle: Micros::ZERO,
            expect: Expect::default(),
            signatures: Signatures::default(),
        }
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks for a reference"
)]
const fn is_zero(span: &Micros) -> bool {
    span.0 == 0
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks for a reference"
)]
const fn is_stand_in(signatures: &Signatures) -> bool {
    matches!(signatures, Signatures::StandIn)
}
