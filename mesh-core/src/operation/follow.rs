//! What whoever follows the mesh is given: all of it once, and then what has changed since.
//!
//! The follower keeps a [`Cursor`] and gives it back; the orchestrator keeps nothing for anybody. So nothing can pile up:
//! who looks seldom is told of each row once, as it is by then. A look is as large as the rows that changed, thirty
//! thousand at most, some 50 bytes each on the wire.
//!
//! What *happened* is told as it happens, as [`super::event::Stamped`]; what *is* is told here.

use super::answer::{AgentLine, BreakerLine, RegionLine, Status};
use crate::message::{ERROR_EDGES, ErrorHistogram};
use crate::place::scope::{Mark, Marks};
use crate::place::{AgentId, Class, ClusterId, SectorId};
use crate::registry::{CapabilitySet, State};
use crate::text::Foreign;
use crate::throw::Account;
use crate::time::{Micros, WallTime};
use crate::trust::seat::Seat;
use crate::unit::{Impedance, Share};
use serde::{Deserialize, Serialize};

/// Where a follower is. It means something to the orchestrator that gave it, as long as that one has its seat; to any other
/// it means "everything, please".
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct Cursor {
    /// Of the orchestrator's seat.
    pub epoch: u64,
    /// What has a greater stamp is news.
    pub stamp: u32,
}

/// How the mesh is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "sight", rename_all = "snake_case")]
pub enum Sight {
    /// Nobody holds the orchestrator's seat here; what was seen last is old.
    Nobody,
    /// All of it: what is not in here is not there.
    Snapshot(Box<View>),
    /// What has changed since the cursor; everything else is as it was, a beat older.
    Changes(Box<View>),
}

impl Sight {
    /// What is seen, if there is somebody to show it.
    pub fn view(&self) -> Option<&View> {
        match self {
            Self::Nobody => None,
            Self::Snapshot(view) | Self::Changes(view) => Some(view),
        }
    }
}

/// All of the mesh, or what has changed of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct View {
    /// The wall where the orchestrator is.
    pub at: WallTime,
    /// The head figures; always there.
    pub status: Status,
    /// Agents that are gone from their places; in a snapshot nobody. To be taken in before `agents`, for somebody else may
    /// sit there by now.
    pub gone: Vec<AgentId>,
    /// Agents, in order of place.
    pub agents: Vec<AgentSeen>,
    /// Names of the tasks that `agents` speak of.
    pub tasks: Vec<(u16, Foreign)>,
    /// Names of capabilities by bit; told when `agents` are.
    pub capabilities: Vec<Foreign>,
    /// Clusters with their figures.
    pub clusters: Vec<RegionLine<ClusterId>>,
    /// Sectors with theirs.
    pub sectors: Vec<RegionLine<SectorId>>,
    /// All breakers that are not closed; always there.
    pub breakers: Vec<BreakerLine>,
    /// All seats above agents that nobody is known to hold; always there.
    pub vacant: Vec<Seat>,
    /// Throws that are under way, and those that have ended since.
    pub throws: Vec<ThrowSeen>,
}

impl View {
    /// The agents as lines of a list.
    pub fn lines(&self) -> impl Iterator<Item = AgentLine> {
        self.agents.iter().map(|agent| self.line(agent))
    }

    /// One agent of it as a line of a list.
    pub fn line(&self, agent: &AgentSeen) -> AgentLine {
        AgentLine {
            id: agent.id,
            class: agent.class,
            state: agent.state(),
            avoided: agent.marks.has(Mark::Avoided),
            frozen: agent.marks.has(Mark::Frozen),
            impedance: agent.impedance,
            queue: u16::try_from(agent.queue).unwrap_or(u16::MAX),
            reliability: Share::new(f64::from(agent.reliability) / 10_000.0),
            drift: f32::from(agent.drift) / 1_000.0,
            beat: agent.silent.unwrap_or(Micros::MAX),
            task: self.task(agent).cloned(),
            context: agent.context,
        }
    }

    /// What an agent of it does now.
    pub fn task(&self, agent: &AgentSeen) -> Option<&Foreign> {
        let found = self.tasks.iter().find(|(number, _)| *number == agent.task);
        found.map(|(_, name)| name)
    }

    /// What an agent of it can do.
    pub fn capabilities(&self, agent: &AgentSeen) -> impl Iterator<Item = &Foreign> {
        let set = agent.capabilities.0;
        let names = self.capabilities.iter().enumerate();
        names.filter_map(move |(bit, name)| (set >> bit & 1 == 1).then_some(name))
    }
}

/// An agent as it is followed; on the wire a tuple, for there are many.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(from = "Packed", into = "Packed")]
pub struct AgentSeen {
    /// Where.
    pub id: AgentId,
    /// What kind.
    pub class: Class,
    /// Its state, avoided, frozen.
    pub marks: Marks,
    /// Nothing was reported of it for too long.
    pub stale: bool,
    /// Its Z; none for people and for who was never measured.
    pub impedance: Option<Impedance>,
    /// Its own average of Z.
    pub usual: Option<Impedance>,
    /// The round trip.
    pub latency: Micros,
    /// The processing.
    pub processing: Micros,
    /// Pending operations.
    pub queue: u32,
    /// Success rate in ten-thousandths.
    pub reliability: u16,
    /// Drift coefficient in thousandths.
    pub drift: u16,
    /// Since its last beat, to a millisecond; none when it was never heard.
    pub silent: Option<Micros>,
    /// What it does, by a number that [`View::task`] names; 0 is nothing.
    pub task: u16,
    /// The start of its context's hash.
    pub context: u64,
    /// What it can do, by bits that [`View::capabilities`] names.
    pub capabilities: CapabilitySet,
}

impl AgentSeen {
    /// Its operational state.
    pub fn state(&self) -> State {
        State::of(self.marks)
    }
}

/// [`AgentSeen`] on the wire: place, class, marks with stale above, then numbers, `u32::MAX` for none.
type Packed = (
    u32,
    Class,
    u16,
    (u32, u32),
    (u32, u32, u32),
    (u16, u16),
    u32,
    u16,
    u64,
    u64,
);

/// Stands for "none" on the wire.
const NONE: u32 = u32::MAX;
/// Above the marks on the wire.
const STALE: u16 = 1 << 8;

impl From<AgentSeen> for Packed {
    fn from(seen: AgentSeen) -> Self {
        let micros = |time: Micros| time.0.clamp(0, i64::from(NONE - 1)) as u32;
        let z = |z: Option<Impedance>| z.map_or(NONE, |z| micros(z.0));
        (
            seen.id.pack(),
            seen.class,
            u16::from(seen.marks.bits()) | if seen.stale { STALE } else { 0 },
            (z(seen.impedance), z(seen.usual)),
            (micros(seen.latency), micros(seen.processing), seen.queue),
            (seen.reliability, seen.drift),
            seen.silent
                .map_or(NONE, |time| micros(Micros(time.0 / 1_000))),
            seen.task,
            seen.context,
            seen.capabilities.0,
        )
    }
}

impl From<Packed> for AgentSeen {
    fn from(packed: Packed) -> Self {
        let (place, class, marks, (z, usual), times, (reliability, drift), silent, ..) = packed;
        let (.., task, context, capabilities) = packed;
        let known = |value: u32| (value != NONE).then_some(i64::from(value));
        let micros = |value: u32| Micros(i64::from(value));
        Self {
            id: AgentId::unpack(place),
            class,
            marks: Marks::from_bits(marks as u8),
            stale: marks & STALE != 0,
            impedance: known(z).map(|z| Impedance(Micros(z))),
            usual: known(usual).map(|z| Impedance(Micros(z))),
            latency: micros(times.0),
            processing: micros(times.1),
            queue: times.2,
            reliability,
            drift,
            silent: known(silent).map(Micros::millis),
            task,
            context,
            capabilities: CapabilitySet(capabilities),
        }
    }
}

/// A throw under way, or ended a moment ago.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ThrowSeen {
    /// Its id, for `proof`.
    pub id: String,
    /// What was thrown: its command line; of the standing load, its verb.
    pub line: Foreign,
    /// How it goes down.
    pub strategy: String,
    /// Since it was accepted.
    pub since: Micros,
    /// From now to T; negative once T has passed.
    pub until_t: Micros,
    /// How long after T answers count.
    pub window: Micros,
    /// Everybody accounted for.
    pub counts: Account,
    /// READY, but after T.
    pub late: u32,
    /// Coordinators: how many have taken it in, and when, against T.
    pub sectors: TierSeen,
    /// Leads: how many have told anything of their agents, and when, against T.
    pub clusters: TierSeen,
    /// Agents: how many were READY, and when, against T.
    pub agents: TierSeen,
    /// The same agents, class by class.
    pub classes: Vec<ClassSeen>,
    /// The decision of §5.2, once it has ended.
    pub decision: Option<String>,
}

/// One tier's part of a throw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TierSeen {
    /// How many are meant.
    pub of: u32,
    /// How many have come.
    pub come: u32,
    /// When they came, against T.
    pub arrivals: Arrivals,
}

/// One class's part of a throw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassSeen {
    /// Which.
    pub class: Class,
    /// Whom it was for.
    pub targeted: u32,
    /// Of those, without people and without the skipped.
    pub eligible: u32,
    /// READY.
    pub ready: u32,
    /// CONFLICT.
    pub conflict: u32,
    /// READY by T.
    pub in_window: u32,
    /// When they were READY, against T.
    pub arrivals: Arrivals,
}

/// Counts by how long before (negative) or after T something came. Bin `i` reaches up to [`Arrivals::EDGES`]`[i]`
/// milliseconds, the last one without end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Arrivals(pub [u32; 18]);

impl Arrivals {
    /// Upper edges of the bins, in milliseconds after T.
    pub const EDGES: [i64; 17] = ERROR_EDGES;

    /// Counts one.
    pub fn count(&mut self, after_t: Micros) {
        let mut one = ErrorHistogram::default();
        one.add(after_t);
        self.add(&one);
    }

    /// Takes in what a lead counted.
    pub fn add(&mut self, counted: &ErrorHistogram) {
        for (all, part) in self.0.iter_mut().zip(counted.0) {
            *all = all.saturating_add(u32::from(part));
        }
    }

    /// Takes in others.
    pub fn join(&mut self, other: &Self) {
        for (all, part) in self.0.iter_mut().zip(other.0) {
            *all = all.saturating_add(part);
        }
    }

    /// How many were counted.
    pub fn total(&self) -> u32 {
        self.0.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_comes_back_from_the_wire_as_it_was() {
        let seen = AgentSeen {
            id: "7-4-12".parse().unwrap(),
            class: Class::Local,
            marks: Marks::of(Mark::Degraded),
            stale: true,
            impedance: Some(Impedance(Micros::millis(847))),
            usual: None,
            latency: Micros::millis(61),
            processing: Micros::millis(790),
            queue: 14,
            reliability: 9_876,
            drift: 412,
            silent: Some(Micros::seconds(2)),
            task: 3,
            context: 0xA1B2_C3D4,
            capabilities: CapabilitySet(0b101),
        };
        let never = AgentSeen {
            stale: false,
            impedance: None,
            silent: None,
            ..seen
        };
        for one in [seen, never] {
            let bytes = rmp_serde::to_vec_named(&one).unwrap();
            assert!(bytes.len() <= 64, "{} bytes", bytes.len());
            assert_eq!(rmp_serde::from_slice::<AgentSeen>(&bytes).unwrap(), one);
            let text = serde_json::to_string(&one).unwrap();
            assert_eq!(serde_json::from_str::<AgentSeen>(&text).unwrap(), one);
        }
    }

    #[test]
    fn an_arrival_falls_into_the_bin_that_reaches_it() {
        let mut arrivals = Arrivals::default();
        for millis in [-1_000, -3, 0, 1, 600] {
            arrivals.count(Micros::millis(millis));
        }
        let bin = |edge| Arrivals::EDGES.iter().position(|&e| e == edge).unwrap();
        assert_eq!(arrivals.0[0], 1);
        assert_eq!(arrivals.0[bin(0)], 2);
        assert_eq!(arrivals.0[bin(2)], 1);
        assert_eq!(arrivals.0[17], 1);
        assert_eq!(arrivals.total(), 5);
    }
}
