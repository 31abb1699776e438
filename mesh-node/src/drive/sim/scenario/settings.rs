//! The standing parts of a scenario: mesh, classes, load, network, clocks, churn.

use super::super::link::{Burst, FaultRates, Link, Profile};
use super::span;
use mesh_core::message::Strategy;
use mesh_core::place::{Class, Shape};
use mesh_core::time::Micros;
use serde::{Deserialize, Serialize};

/// How large the mesh is: `{ agents = 30000 }`, or `{ sectors = 5, clusters = 4, agents = 10 }` with the agents of each
/// cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeshSize {
    /// Sectors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sectors: Option<u32>,
    /// Clusters in each sector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clusters: Option<u32>,
    /// Agents in each cluster where sectors or clusters are given, agents in all where they are not.
    pub agents: u32,
}

impl MeshSize {
    /// Agents of the largest mesh: 1,000 sectors × 128 × 128.
    pub const AGENTS_MAX: u32 = 16_384_000;

    /// `agents` in all, in clusters of 30 and sectors of 10 clusters while at most 1,000 sectors suffice.
    pub const fn of_agents(agents: u32) -> Self {
        Self {
            sectors: None,
            clusters: None,
            agents,
        }
    }

    /// Given in full.
    pub const fn of_shape(shape: Shape) -> Self {
        Self {
            sectors: Some(shape.sectors as u32),
            clusters: Some(shape.clusters as u32),
            agents: shape.agents as u32,
        }
    }

    /// The shape that holds them all; numbers no mesh can have are cut to those that it can.
    pub fn shape(self) -> Shape {
        if self.sectors.is_some() || self.clusters.is_some() {
            let fit = |number: u32, most: u32| number.clamp(1, most);
            return Shape {
                sectors: fit(self.sectors.unwrap_or(1), u32::from(Shape::SECTORS_MAX)) as u16,
                clusters: fit(self.clusters.unwrap_or(1), u32::from(Shape::CHILDREN_MAX)) as u8,
                agents: fit(self.agents, u32::from(Shape::CHILDREN_MAX)) as u8,
            };
        }
        let total = self.agents.clamp(1, Self::AGENTS_MAX);
        let per_sector = 300;
        if total < per_sector {
            let agents = total.min(30);
            return Shape {
                sectors: 1,
                clusters: total.div_ceil(agents) as u8,
                agents: agents as u8,
            };
        }
        let sectors = total
            .div_ceil(per_sector)
            .min(u32::from(Shape::SECTORS_MAX));
        // Past 300,000 agents clusters grow first, then sectors.
        let agents = total.div_ceil(sectors * 10).clamp(30, 128);
        let clusters = total.div_ceil(sectors * agents).clamp(10, 128);
        Shape {
            sectors: sectors as u16,
            clusters: clusters as u8,
            agents: agents as u8,
        }
    }

    /// Agents in all.
    pub fn agent_count(self) -> usize {
        let places = self.shape().agent_count();
        if self.sectors.is_some() || self.clusters.is_some() {
            places
        } else {
            places.min(self.agents.max(1) as usize)
        }
    }
}

/// Proportions of the classes: `{ edge = 10, gpu = 2 }`. Those that are not named are absent; without the table they are
/// as in §2.2.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassMix {
    /// Class A.
    #[serde(default)]
    pub edge: f64,
    /// Class B.
    #[serde(default)]
    pub serverless: f64,
    /// Class C.
    #[serde(default)]
    pub persistent: f64,
    /// Class D.
    #[serde(default)]
    pub gpu: f64,
    /// Class E.
    #[serde(default)]
    pub local: f64,
    /// Class F.
    #[serde(default)]
    pub human: f64,
}

impl ClassMix {
    /// Nobody at all: what mixes are made from.
    pub const NONE: Self = Self {
        edge: 0.0,
        serverless: 0.0,
        persistent: 0.0,
        gpu: 0.0,
        local: 0.0,
        human: 0.0,
    };

    /// Weights in the order A to F.
    pub const fn weights(&self) -> [f64; 6] {
        [
            self.edge,
            self.serverless,
            self.persistent,
            self.gpu,
            self.local,
            self.human,
        ]
    }

    /// How many of `total` things are of each class, A to F: largest remainders, so that they add up.
    pub fn counts(&self, total: usize) -> [usize; 6] {
        let weights = self.weights();
        let sum: f64 = weights.iter().sum();
        if sum <= 0.0 {
            return [total, 0, 0, 0, 0, 0];
        }
        let exact = weights.map(|weight| weight / sum * total as f64);
        let mut counts = exact.map(|share| share as usize);
        let mut order = [0, 1, 2, 3, 4, 5];
        let rest = |i: usize| exact[i] - libm::floor(exact[i]);
        order.sort_by(|&a, &b| rest(b).total_cmp(&rest(a)).then(a.cmp(&b)));
        let missing = total.saturating_sub(counts.iter().sum());
        for &i in order.iter().cycle().take(missing) {
            counts[i] += 1;
        }
        counts
    }
}

impl Default for ClassMix {
    fn default() -> Self {
        let share = |class: Class| f64::from(class.prior().allocation);
        Self {
            edge: share(Class::Edge),
            serverless: share(Class::Serverless),
            persistent: share(Class::Persistent),
            gpu: share(Class::Gpu),
            local: share(Class::Local),
            human: share(Class::Human),
        }
    }
}

/// What is asked of the mesh all the time: a cascade every so often, and tasks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Load {
    /// When the first cascade goes out: joining and the first estimates of clocks come before.
    #[serde(with = "span")]
    pub start: Micros,
    /// A cascade this often; 0 is none.
    #[serde(with = "span")]
    pub every: Micros,
    /// How it goes down.
    pub strategy: Strategy,
    /// Whom it is for, as a scope.
    pub scope: String,
    /// How heavy its payload is (§2.4).
    pub weight: f64,
    /// Length of the arrival window (§3.2).
    #[serde(with = "span")]
    pub window: Micros,
    /// Share of the eligible that must be READY (§5.2).
    pub quorum: f64,
    /// The largest release spread that is asked for; agents whose clocks are less sure are skipped.
    #[serde(with = "span::option", skip_serializing_if = "Option::is_none")]
    pub spread: Option<Micros>,
    /// Tasks delegated in a minute.
    pub tasks_per_minute: f64,
}

impl Default for Load {
    fn default() -> Self {
        Self {
            start: Micros::seconds(20),
            every: Micros::seconds(10),
            strategy: Strategy::Wave,
            scope: "all".to_owned(),
            weight: 0.0,
            window: Micros::millis(500),
            quorum: 0.95,
            spread: None,
            tasks_per_minute: 0.0,
        }
    }
}

/// What every link does to messages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Network {
    /// Share of messages lost.
    pub loss: f64,
    /// Loss in bursts beside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub burst: Option<Burst>,
    /// Share of messages that arrive twice.
    pub duplication: f64,
    /// Share of messages held up so that later ones overtake them.
    pub reordering: f64,
    /// For how long at most.
    #[serde(with = "span")]
    pub reordering_delay: Micros,
    /// Factor on every delay.
    pub delay_factor: f64,
    /// By how much the least delays of two directions differ at most, as a share of the round trip.
    pub asymmetry: f64,
    /// One profile for all agents' links in place of their classes'.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
}

impl Network {
    /// For the links.
    pub const fn rates(&self) -> FaultRates {
        FaultRates {
            loss: self.loss,
            burst: self.burst,
            duplication: self.duplication,
            reordering: self.reordering,
            reordering_delay: self.reordering_delay,
            delay_factor: self.delay_factor,
        }
    }
}

impl Default for Network {
    fn default() -> Self {
        Self {
            loss: 0.01,
            burst: None,
            duplication: 0.001,
            reordering: 0.001,
            reordering_delay: FaultRates::NONE.reordering_delay,
            delay_factor: 1.0,
            asymmetry: Link::ASYMMETRY,
            profile: None,
        }
    }
}

/// How wrong clocks are at the start.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Clocks {
    /// Off by up to this, either way.
    #[serde(with = "span")]
    pub offset: Micros,
    /// Drifting by up to this, parts per million, either way.
    pub drift_ppm: f64,
}

impl Default for Clocks {
    fn default() -> Self {
        Self {
            offset: Micros::seconds(3_600),
            drift_ppm: 100.0,
        }
    }
}

/// Agents that die and come back all the time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Churn {
    /// Share of the agents that crash in a minute.
    pub per_minute: f64,
    /// How long each is away.
    #[serde(with = "span")]
    pub away: Micros,
}

impl Default for Churn {
    fn default() -> Self {
        Self {
            per_minute: 0.001,
            away: Micros::seconds(20),
        }
    }
}
