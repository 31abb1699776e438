//! What holds for one agent, out of all entries that cover it.

use super::entry::{Entry, Kind, Rank, Stamp, Value};
use super::region::Node;
use super::store::{Levels, span};
use crate::chance::Chance;
use crate::place::scope::{Name, Region};
use crate::place::{AgentId, Class};
use crate::unit::Digest;
use serde::{Deserialize, Serialize};

/// What a breaker lets through (§6.2).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    /// Everything.
    #[default]
    Closed,
    /// A tenth of the traffic, to see whether it goes well.
    HalfOpen,
    /// Nothing new.
    Open,
}

impl Gate {
    /// The share of the traffic that a half-open breaker lets through.
    pub const HALF_OPEN_SHARE: f64 = 0.1;

    /// Whether one more message may pass; asked once per message, for the strictest of the gates on its way.
    pub fn admits(self, chance: &mut Chance) -> bool {
        match self {
            Self::Closed => true,
            Self::HalfOpen => chance.happens(Self::HALF_OPEN_SHARE),
            Self::Open => false,
        }
    }
}

/// What holds for one agent.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent levels, each with a name of its own in the protocol"
)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Effective {
    /// The epoch of the freeze or seal in force; a proof of stop names it.
    pub frozen: Option<Stamp>,
    /// Whether the freeze is a seal, which only the root key lifts.
    pub sealed: bool,
    /// Routed around.
    pub avoided: bool,
    /// Neither routed to nor believed.
    pub quarantined: bool,
    /// The strictest breaker on the way.
    pub breaker: Gate,
    /// Impedance weights are locked.
    pub weights_locked: bool,
    /// The head of the context it shall hold, if one was ever set.
    pub context: Option<Digest>,
}

impl Effective {
    /// Whether something new may be routed to the agent now.
    pub fn is_routable(&self, chance: &mut Chance) -> bool {
        self.frozen.is_none() && !self.avoided && !self.quarantined && self.breaker.admits(chance)
    }
}

impl Levels {
    /// What holds for the agent of `class` at `agent`. A few look-ups for each kind that has entries at all: nothing but
    /// eight empty look-ups in a calm mesh.
    pub fn effective(&self, agent: AgentId, class: Class) -> Effective {
        let at = Region::Agent(agent);
        let holds = |kind, least| self.in_force(kind, at, Some(class), least);
        let seal = holds(&Kind::Seal, Value::Hold);
        let breaker = if holds(&Kind::Breaker, Value::Hold).is_some() {
            Gate::Open
        } else if holds(&Kind::Breaker, Value::Half).is_some() {
            Gate::HalfOpen
        } else {
            Gate::Closed
        };
        Effective {
            frozen: seal.max(holds(&Kind::Freeze, Value::Hold)),
            sealed: seal.is_some(),
            avoided: holds(&Kind::Avoid, Value::Hold).is_some(),
            quarantined: holds(&Kind::Quarantine, Value::Hold).is_some(),
            breaker,
            weights_locked: holds(&Kind::Weights, Value::Hold).is_some(),
            context: self.context(at, Some(class)),
        }
    }

    /// Whether the capability is denied to the agent of `class` at `agent`.
    pub fn denies(&self, agent: AgentId, class: Class, capability: &Name) -> bool {
        let at = Region::Agent(agent);
        // The key owns its name; without rules the clone is not made.
        self.kinds.keys().any(|kind| {
            matches!(kind, Kind::Capability(own) if own == capability)
                && self.in_force(kind, at, Some(class), Value::Hold).is_some()
        })
    }

    /// The stamp of the hold in force for the whole of `region`, whatever narrower entries say: what a person sees when
    /// asking for a sector or cluster.
    pub fn standing(&self, kind: &Kind, region: Region) -> Option<Stamp> {
        self.in_force(kind, region, None, Value::Hold)
    }

    /// The latest stamp of an entry of at least `least` that no covering, later entry below `least` lifts, where only the
    /// same rank or a higher one lifts.
    fn in_force(
        &self,
        kind: &Kind,
        region: Region,
        class: Option<Class>,
        least: Value,
    ) -> Option<Stamp> {
        let mut held = [None; RANKS];
        let mut lifted = [None; RANKS];
        for (rank, entry) in self.covering(kind, region, class) {
            let side = if entry.value >= least {
                &mut held
            } else {
                &mut lifted
            };
            let slot = &mut side[rank as usize];
            *slot = (*slot).max(Some(entry.stamp));
        }
        let stays = |rank: usize| {
            let lift = lifted[rank..].iter().max().copied().flatten();
            held[rank].filter(|stamp| lift.is_none_or(|lift| lift <= *stamp))
        };
        (0..RANKS).filter_map(stays).max()
    }

    fn context(&self, region: Region, class: Option<Class>) -> Option<Digest> {
        self.covering(&Kind::Context, region, class)
            .max_by_key(|(rank, entry)| (entry.stamp, *rank, entry.value))
            .and_then(|(_, entry)| match entry.value {
                Value::Head(head) => Some(head),
                Value::Lift | Value::Half | Value::Hold => None,
            })
    }

    fn covering(
        &self,
        kind: &Kind,
        region: Region,
        class: Option<Class>,
    ) -> impl Iterator<Item = (Rank, &Entry)> {
        let nodes = self.kinds.get(kind);
        nodes.into_iter().flat_map(move |nodes| {
            region
                .line()
                .chain(class.map(Region::Class))
                .flat_map(|own| nodes.range(span(own.node(), own.node())))
                .map(|((_, rank), held)| (*rank, &held.entry))
        })
    }
}

const RANKS: usize = Rank::Root as usize + 1;
