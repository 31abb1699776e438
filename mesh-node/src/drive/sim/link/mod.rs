//! Links: how long a message takes from one node to another, and what happens to it on the way.
//!
//! A [`Link`] is a pair of nodes with two directions. A direction has a least delay, and the two differ by a few per
//! cent of the round trip (nobody can see that from inside). On top comes jitter, drawn so that a round trip (one
//! message each way) is distributed as the measured traces are: see [`curve`]. A spike falls on one direction or on both
//! in any proportion, so that clock estimates have something to struggle with.
//!
//! The `typical_latency` of §2.2 is read as Z, network and processing together, as the budget of §8.3 adds them up: an
//! edge function with a round trip of 6 ms and 10 ms of processing is READY after 13 ms, within the 5 to 20 ms given.
//!
//! | class | profile | round trip |
//! |---|---|---|
//! | A edge | gigabit | fitted to `gigabit`, median 6.2 ms |
//! | B serverless | phone | fitted to `4g-phone`, median 119 ms |
//! | C persistent, D GPU | data centre | no trace fits: 10 to 60 ms, evenly over the logarithm, jitter shaped as gigabit's |
//! | E local | home Wi-Fi | fitted to `wifi-home-isp`, median 117 ms with a long tail |
//! | F people | home Wi-Fi | as E |
//!
//! Jitter correlates from one round trip to the next, not over time: the traces were measured back to back, and nothing
//! is known of how their correlation fades over a beat.

mod chaos;
pub(super) mod curve;
mod device;
#[cfg(test)]
mod tests;

pub(in crate::drive) use chaos::{Burst, FaultRates, LinkFaults};
pub(in crate::drive) use device::Device;

use curve::{Curve, DATACENTRE, GIGABIT, HOME_WIFI, INTERCONTINENTAL, PHONE};
use mesh_core::chance::Chance;
use mesh_core::place::Class;
use mesh_core::time::Micros;

/// Which way a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::drive) enum Direction {
    /// From parent to child.
    Down = 0,
    /// From child to parent.
    Up = 1,
}

/// What kind of network a link crosses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum Profile {
    /// An office's gigabit Ethernet.
    Gigabit,
    /// A phone on 4G, the server on fibre.
    Phone,
    /// Between machines of one or two data centres.
    Datacentre,
    /// Wi-Fi at home behind an internet provider.
    HomeWifi,
    /// Wi-Fi and an ocean; slow spells last for several messages.
    Intercontinental,
}

impl Profile {
    /// The network that agents of a class sit on, unless a scenario says otherwise.
    pub const fn of(class: Class) -> Self {
        match class {
            Class::Edge => Self::Gigabit,
            Class::Serverless => Self::Phone,
            Class::Persistent | Class::Gpu => Self::Datacentre,
            Class::Local | Class::Human => Self::HomeWifi,
        }
    }

    const fn curve(self) -> &'static Curve {
        match self {
            Self::Gigabit => &GIGABIT,
            Self::Phone => &PHONE,
            Self::Datacentre => &DATACENTRE,
            Self::HomeWifi => &HOME_WIFI,
            Self::Intercontinental => &INTERCONTINENTAL,
        }
    }
}

/// Two directions between two nodes: 20 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::drive) struct Link {
    /// Least delay down and up, microseconds.
    least: [u32; 2],
    /// Where on the curve the last round trip was, as a part of 2^32.
    rank: u32,
    /// Jitter of the present round trip that the way back still has to bear, microseconds.
    owed: u32,
    /// Factor on the curve's jitter, in 1/256.
    scale: u16,
    profile: Profile,
    /// Which direction `owed` belongs to (bit 0), whether there is any (bit 1), inside a burst of loss (bit 2).
    flags: u8,
}

const OWED_UP: u8 = 1;
const OWED: u8 = 2;
const IN_BURST: u8 = 4;

const _: () = assert!(size_of::<Link>() <= 24);

impl Link {
    /// By how much the least delays of the two directions differ at most, as a share of the round trip, by default.
    pub(in crate::drive) const ASYMMETRY: f64 = 0.03;

    /// One of many links of `profile`: its round trip is 0.5 to 1 times the measured one, for leads are
    /// placed nearer to their agents (§8.3 allows them 20 ms) than the servers of the traces were (a data centre's 10 to 60
    /// ms), and its directions differ by up to `asymmetry` of it.
    pub(in crate::drive) fn new(profile: Profile, asymmetry: f64, chance: &mut Chance) -> Self {
        let curve = profile.curve();
        let (round, scale) = if profile == Profile::Datacentre {
            let round = 10_000.0 * libm::pow(6.0, chance.unit());
            // Jitter grows with the number of queues on the way, slower than the distance.
            (round, libm::sqrt(round / f64::from(curve.least)))
        } else {
            let factor = chance.between(0.5, 1.0);
            (f64::from(curve.least) * factor, factor)
        };
        Self::with(profile, round, scale, asymmetry, chance)
    }

    /// A trunk between orchestrator, coordinators and leads: about `one_way` each way (0.6 to 1.4 times), with little
    /// jitter.
    pub(in crate::drive) fn trunk(one_way: Micros, asymmetry: f64, chance: &mut Chance) -> Self {
        let round = 2.0 * one_way.0 as f64 * chance.between(0.6, 1.4);
        Self::with(Profile::Gigabit, round, 1.0, asymmetry, chance)
    }

    /// Exactly as the trace that `profile` was fitted to, both directions alike.
    #[cfg(test)]
    pub(super) const fn measured(profile: Profile) -> Self {
        let half = profile.curve().least / 2;
        Self {
            least: [half, half],
            rank: 0,
            owed: 0,
            scale: 256,
            profile,
            flags: 0,
        }
    }

    fn with(profile: Profile, round: f64, scale: f64, asymmetry: f64, chance: &mut Chance) -> Self {
        // Halves, in microseconds: what one direction has more, the other has less.
        let half = round / 2.0;
        let more = half * chance.between(-asymmetry, asymmetry);
        Self {
            least: [(half + more) as u32, (half - more) as u32],
            rank: chance.bits() as u32,
            owed: 0,
            scale: (scale * 256.0) as u16,
            profile,
            flags: 0,
        }
    }

    /// How long the next message in `direction` takes.
    ///
    /// The first message draws the jitter of a round trip and bears its part of it, the first one the other way bears
    /// the rest.
    pub(in crate::drive) fn sample(&mut self, direction: Direction, chance: &mut Chance) -> Micros {
        let way = direction as u8;
        let jitter = if self.flags & (OWED | OWED_UP) == OWED | way {
            self.flags &= !OWED;
            self.owed
        } else {
            let bits = chance.bits();
            let curve = self.profile.curve();
            self.rank = curve.next_rank(self.rank, bits);
            let whole = ((u64::from(curve.at(self.rank)) * u64::from(self.scale)) >> 8) as u32;
            let middle = ((u64::from(curve.middle) * u64::from(self.scale)) >> 8) as u32;
            // Below the median both directions share alike, which keeps each above its least delay; what lies above it
            // falls on them in any proportion.
            let mine = if whole <= middle {
                whole / 2
            } else {
                let part = bits >> 56;
                middle / 2 + (u64::from(whole - middle) * part / 255) as u32
            };
            self.owed = whole - mine;
            self.flags = self.flags & IN_BURST | OWED | (1 - way);
            mine
        };
        Micros(i64::from(self.least[direction as usize] + jitter))
    }

    /// The least that a message in `direction` can take.
    #[cfg(test)]
    pub(super) const fn least(&self, direction: Direction) -> Micros {
        Micros(self.least[direction as usize] as i64)
    }
}

/// One way between orchestrator and coordinators: half of what §8.3 allows at most.
pub(in crate::drive) const TRUNK_TOP: Micros = Micros::millis(25);
/// One way between coordinators and leads: half of what §8.3 allows at most.
pub(in crate::drive) const TRUNK_SECTOR: Micros = Micros::millis(15);
