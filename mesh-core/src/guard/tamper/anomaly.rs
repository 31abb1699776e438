//! Odd behaviour of one agent, and its spread through a cluster or sector.

use super::{Evidence, Finding, Threat};
use crate::place::scope::Region;
use crate::place::{AgentId, ClusterId, SectorId};
use crate::time::{Micros, Moment};
use serde::{Deserialize, Serialize};

/// One odd thing that an agent did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Anomaly {
    /// Its answer contradicts the majority of its peers.
    Contradiction,
    /// What it says of itself contradicts what its parent measured.
    FalseClaim,
    /// A message in its name with a signature that does not hold.
    BadSignature,
    /// It used or asked for a capability that it does not have.
    Capability,
    /// It spoke for another place, in an old epoch, or said the same again.
    Replay,
    /// Its context is nothing that it was given.
    Context,
}

impl Anomaly {
    /// How many there are.
    pub const COUNT: usize = 6;
    /// All of them.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Contradiction,
        Self::FalseClaim,
        Self::BadSignature,
        Self::Capability,
        Self::Replay,
        Self::Context,
    ];

    /// How much one counts. A bit that flips makes one bad signature; nothing innocent makes three odd things in a few
    /// minutes.
    pub const fn weight(self) -> f32 {
        match self {
            Self::Contradiction | Self::FalseClaim | Self::Replay => 1.0,
            Self::Capability | Self::Context | Self::BadSignature => 1.5,
        }
    }
}

/// How oddly one agent behaves, fading with time. 32 bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AnomalyScore {
    score: f32,
    when: Moment,
    seen: [u8; Anomaly::COUNT],
    told: bool,
}

const _: () = assert!(size_of::<AnomalyScore>() <= 32);

impl AnomalyScore {
    /// The score that makes a rogue: three contradictions within five minutes, two graver things within two.
    pub const LIMIT: f32 = 2.5;
    /// After this time a score counts half.
    pub const HALF_LIFE: Micros = Micros::seconds(600);

    /// Nothing odd yet.
    pub const fn new() -> Self {
        Self {
            score: 0.0,
            when: Moment(0),
            seen: [0; Anomaly::COUNT],
            told: false,
        }
    }

    /// The agent did something odd. Gives the finding once, until [`AnomalyScore::forgiven`].
    pub fn observe(&mut self, agent: AgentId, anomaly: Anomaly, now: Moment) -> Option<Finding> {
        self.score = self.at(now) + anomaly.weight();
        self.when = now;
        let count = &mut self.seen[anomaly as usize];
        *count = count.saturating_add(1);
        if self.told || self.score < Self::LIMIT {
            return None;
        }
        self.told = true;
        let evidence = Evidence::Anomalies {
            score: f64::from(self.score),
            limit: f64::from(Self::LIMIT),
            seen: self.seen,
        };
        Some(Finding::new(
            Threat::RogueAgent,
            Region::Agent(agent),
            evidence,
            now,
        ))
    }

    /// The score as it has faded by now.
    pub fn at(&self, now: Moment) -> f32 {
        let lives = (now - self.when).as_seconds_f64().max(0.0) / Self::HALF_LIFE.as_seconds_f64();
        self.score * libm::exp2(-lives) as f32
    }

    /// Let out of quarantine, or replaced.
    pub const fn forgiven(&mut self) {
        *self = Self::new();
    }
}

impl Default for AnomalyScore {
    fn default() -> Self {
        Self::new()
    }
}

/// Follows how many different members of a region behave oddly: agents of a cluster (each odd thing an agent does is
/// observed) or clusters of a sector (each compromised cluster is).
#[derive(Debug, Clone)]
pub struct SpreadWatch {
    subject: Region,
    threat: Threat,
    window: Micros,
    least: usize,
    /// Members by slot and when last; a slot is at most 127, so there are at most 128.
    seen: Vec<(u8, Moment)>,
    told: bool,
}

impl SpreadWatch {
    /// For a cluster: three different agents within ten minutes, or a tenth of a large one.
    pub const fn cluster(id: ClusterId) -> Self {
        Self::new(
            Region::Cluster(id),
            Threat::ClusterCompromise,
            Micros::seconds(600),
            3,
        )
    }

    /// For a sector: two different compromised clusters within half an hour, or a tenth.
    pub const fn sector(id: SectorId) -> Self {
        Self::new(
            Region::Sector(id),
            Threat::SectorCompromise,
            Micros::seconds(1_800),
            2,
        )
    }

    const fn new(subject: Region, threat: Threat, window: Micros, least: usize) -> Self {
        Self {
            subject,
            threat,
            window,
            least,
            seen: Vec::new(),
            told: false,
        }
    }

    /// The member in `slot` of `of` members behaved oddly. Gives the finding once per spread.
    pub fn observe(&mut self, slot: u8, of: usize, now: Moment) -> Option<Finding> {
        let window = self.window;
        self.seen
            .retain(|(own, when)| *own != slot && now - *when < window);
        // An earlier spread that has faded is over; the next one is another.
        self.told = self.told && self.seen.len() + 1 >= self.limit(of);
        if slot >= crate::place::Shape::CHILDREN_MAX {
            return None;
        }
        self.seen.push((slot, now));
        if self.told || self.seen.len() < self.limit(of) {
            return None;
        }
        self.told = true;
        let evidence = Evidence::Spread {
            members: self.seen.len(),
            of,
            within: window,
        };
        Some(Finding::new(self.threat, self.subject, evidence, now))
    }

    fn limit(&self, of: usize) -> usize {
        self.least.max(of / 10)
    }
}
