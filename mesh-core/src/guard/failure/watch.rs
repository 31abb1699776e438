//! One agent as its lead watches it: silence, slowness, contradictions. 48 bytes.

use super::FailureClass;
use crate::place::Class;
use crate::time::{Micros, Moment};
use crate::unit::Impedance;
use serde::{Deserialize, Serialize};

/// What a lead takes an agent for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// Heard lately.
    Alive,
    /// Silent for longer than a beat and a half, or its link was reported down. Still routed to.
    Suspected,
    /// Taken for dead: 30 s of silence, or a link reported down and silence since.
    Crashed,
}

/// Something that the lead has to act on. Comes once per change, not once per look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// It may be gone: ask it directly, with backoff. Nobody is told.
    Suspected,
    /// A failure of §6.1, to be met with [`FailureClass::recovery`]; when `escalated`, the next tier is told.
    Failed {
        /// Which.
        class: FailureClass,
        /// Whether it goes to the next tier.
        escalated: bool,
    },
    /// What was noticed before is over.
    Recovered {
        /// What it was.
        class: FailureClass,
    },
}

/// What a lead remembers of one agent to notice its failures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Watch {
    heard: Moment,
    /// When the driver said that the link is down; [`Moment::NEVER`] while it is up.
    unlinked: Moment,
    /// When the present agent was put in as a replacement; [`Moment::NEVER`] when it was not.
    replaced: Moment,
    /// Long-run average of Z in milliseconds.
    average: f32,
    samples: u16,
    health: Health,
    /// Consecutive missed beats and timeouts.
    failures: u8,
    /// Beats of the present silence that are among `failures`.
    missed: u8,
    /// Consecutive measurements over (in a spike: under) the threshold.
    turns: u8,
    strikes: u8,
    flags: u8,
}

const _: () = assert!(size_of::<Watch>() <= 48);

/// The agent is in a spike.
const SPIKING: u8 = 1;
/// The third consecutive failure was told to the next tier.
const ESCALATED: u8 = 2;
/// Quarantined for contradictions; told once.
const DISBELIEVED: u8 = 4;

impl Watch {
    /// Beats without a sound until an agent is suspected. With 1 % loss one beat in a hundred is late by a whole beat;
    /// half a beat more is for jitter.
    pub const SUSPECT_BEATS: f64 = 1.5;
    /// Silence that means a crash (§6.1).
    pub const CRASH: Micros = Micros::seconds(30);
    /// Silence that means a crash once the driver has said that the link is down: a beat, for a link that only reconnects.
    pub const CRASH_UNLINKED: Micros = Micros::seconds(5);
    /// Consecutive failures that escalate (§6.1).
    pub const ESCALATE: u8 = 3;
    /// A replacement that crashes this soon has failed too (settling takes 5 minutes at most, §10.2).
    pub const REPLACEMENT: Micros = Micros::seconds(300);
    /// How many times its average Z makes a spike (§6.1), and below how many it ends.
    pub const SPIKE: f32 = 2.0;
    const SPIKE_ENDS: f32 = 1.5;
    /// Measurements before there is an average to compare with.
    pub const SPIKE_SAMPLES: u16 = 20;
    /// Consecutive measurements that start or end a spike, so that one outlier is none.
    pub const SPIKE_TURNS: u8 = 3;
    /// Contradictions by several peers, less agreements, that make an agent Byzantine ("again and again", PROTOCOL §8).
    pub const STRIKES: u8 = 3;
    /// The average forgets over some 512 measurements: 43 minutes of beats.
    const AVERAGE_MEMORY: u16 = 512;

    /// An agent first seen now.
    pub const fn new(now: Moment) -> Self {
        Self {
            heard: now,
            unlinked: Moment::NEVER,
            replaced: Moment::NEVER,
            average: 0.0,
            samples: 0,
            health: Health::Alive,
            failures: 0,
            missed: 0,
            turns: 0,
            strikes: 0,
            flags: 0,
        }
    }

    /// Anything signed by the agent has arrived.
    pub fn heard(&mut self, now: Moment) -> Option<Signal> {
        let was = self.health;
        self.heard = self.heard.max(now);
        self.unlinked = Moment::NEVER;
        self.health = Health::Alive;
        self.failures = 0;
        self.missed = 0;
        let told = self.clear(ESCALATED);
        match was {
            Health::Crashed => Some(FailureClass::AgentCrash),
            Health::Suspected | Health::Alive => told.then_some(FailureClass::TransientNetwork),
        }
        .map(|class| Signal::Recovered { class })
    }

    /// A message to it has timed out.
    pub fn timed_out(&mut self) -> Option<Signal> {
        match self.health {
            Health::Crashed => None,
            // One lost answer is as little as one lost beat: the agent is asked directly first.
            Health::Alive if self.failures == 0 => Some(self.suspect()),
            Health::Alive | Health::Suspected => self.failed_again(1),
        }
    }

    /// The driver says that the link to it is down: suspicion at once, a crash after [`Watch::CRASH_UNLINKED`] of silence.
    pub fn unlinked(&mut self, now: Moment) -> Option<Signal> {
        self.unlinked = self.unlinked.min(now);
        let alive = self.health == Health::Alive;
        alive.then(|| self.suspect())
    }

    /// Looks at the time; `beat` is the heartbeat interval (5 s by default).
    pub fn tick(&mut self, now: Moment, beat: Micros) -> Option<Signal> {
        if self.health == Health::Crashed {
            return None;
        }
        // The clock here went back: silence counts from now.
        self.heard = self.heard.min(now);
        if now >= self.crash_at() {
            return Some(self.crash(now));
        }
        if self.health == Health::Alive {
            return (now >= self.suspect_at(beat)).then(|| self.suspect());
        }
        // Half a beat of grace for each, as for the first.
        let beats = (now - self.heard).0 - beat.half().0;
        let missed = (beats / beat.0.max(1)).clamp(0, 255) as u8;
        let fresh = missed.saturating_sub(self.missed);
        self.missed = self.missed.max(missed);
        self.failed_again(fresh)
    }

    /// The agent's host says that its process has died.
    pub fn died(&mut self, now: Moment) -> Option<Signal> {
        (self.health != Health::Crashed).then(|| self.crash(now))
    }

    /// A replacement was started in the place. It has [`Watch::CRASH`] to be heard.
    pub const fn replaced(&mut self, now: Moment) {
        *self = Self::new(now);
        self.replaced = now;
    }

    /// Whoever is heard now was started in the place of one that had crashed: if it crashes soon, it has failed too.
    pub const fn stands_in(&mut self, now: Moment) {
        self.replaced = now;
    }

    /// Z as it is now estimated, from measurements (never from the agent's claim). People are never in a spike.
    pub fn measured(&mut self, z: Impedance, class: Class) -> Option<Signal> {
        if class.is_human() || z.0 <= Micros::ZERO {
            return None;
        }
        let z = z.0.as_millis_f64() as f32;
        let known = self.samples >= Self::SPIKE_SAMPLES;
        let (spiking, ratio) = (self.has(SPIKING), z / self.average.max(f32::MIN_POSITIVE));
        // What is over the threshold teaches no more than the threshold, so that a spike does not hide itself, and a
        // lasting change becomes the average in the end.
        let lesson = if known {
            z.min(self.average * Self::SPIKE)
        } else {
            z
        };
        self.samples = (self.samples + 1).min(Self::AVERAGE_MEMORY);
        self.average += (lesson - self.average) / f32::from(self.samples);
        let turning = known
            && if spiking {
                ratio < Self::SPIKE_ENDS
            } else {
                ratio > Self::SPIKE
            };
        self.turns = if turning { self.turns + 1 } else { 0 };
        if self.turns < Self::SPIKE_TURNS {
            return None;
        }
        self.turns = 0;
        self.flags ^= SPIKING;
        let class = FailureClass::ImpedanceSpike;
        Some(if spiking {
            Signal::Recovered { class }
        } else {
            Signal::Failed {
                class,
                escalated: false,
            }
        })
    }

    /// An answer was compared with its peers': `against` of them say otherwise, `with` the same. It is a strike when at
    /// least two, and the majority, are against; agreement takes one back.
    pub fn compared(&mut self, with: u16, against: u16) -> Option<Signal> {
        if against >= 2 && against > with {
            self.strikes = self.strikes.saturating_add(1);
        } else if with > 0 {
            self.strikes = self.strikes.saturating_sub(1);
        }
        if self.strikes < Self::STRIKES || self.has(DISBELIEVED) {
            return None;
        }
        self.flags |= DISBELIEVED;
        Some(Signal::Failed {
            class: FailureClass::ByzantineBehavior,
            escalated: true,
        })
    }

    /// It was let out of quarantine: strikes begin again.
    pub const fn forgiven(&mut self) {
        self.strikes = 0;
        self.flags &= !DISBELIEVED;
    }

    /// When [`Watch::tick`] may have something to say.
    pub fn next_deadline(&self, beat: Micros) -> Moment {
        match self.health {
            Health::Crashed => Moment::NEVER,
            Health::Alive => self.suspect_at(beat).min(self.crash_at()),
            Health::Suspected => {
                let next = Micros(beat.0.saturating_mul(i64::from(self.missed) + 1));
                (self.heard + next + beat.half()).min(self.crash_at())
            }
        }
    }

    /// What the lead takes it for.
    pub const fn health(&self) -> Health {
        self.health
    }

    /// Whether its Z is over twice its own average.
    pub const fn is_spiking(&self) -> bool {
        self.has(SPIKING)
    }

    /// Its long-run average of Z, once there are enough measurements.
    pub fn average(&self) -> Option<Impedance> {
        (self.samples >= Self::SPIKE_SAMPLES)
            .then(|| Impedance(Micros::from_millis_f64(f64::from(self.average))))
    }

    /// When it was last heard.
    pub const fn last_heard(&self) -> Moment {
        self.heard
    }

    fn suspect(&mut self) -> Signal {
        self.health = Health::Suspected;
        self.missed = 1;
        self.failures = self.failures.saturating_add(1);
        Signal::Suspected
    }

    fn failed_again(&mut self, times: u8) -> Option<Signal> {
        if times == 0 {
            return None;
        }
        self.failures = self.failures.saturating_add(times);
        let escalated = self.failures >= Self::ESCALATE;
        if escalated && self.has(ESCALATED) {
            return None;
        }
        if escalated {
            self.flags |= ESCALATED;
        }
        Some(Signal::Failed {
            class: FailureClass::TransientNetwork,
            escalated,
        })
    }

    fn crash(&mut self, now: Moment) -> Signal {
        self.health = Health::Crashed;
        let soon = self.replaced != Moment::NEVER && now - self.replaced <= Self::REPLACEMENT;
        Signal::Failed {
            class: FailureClass::AgentCrash,
            escalated: soon,
        }
    }

    fn suspect_at(&self, beat: Micros) -> Moment {
        self.heard + beat.scale(Self::SUSPECT_BEATS)
    }

    fn crash_at(&self) -> Moment {
        let unlinked = self.unlinked + Self::CRASH_UNLINKED;
        unlinked.min(self.heard + Self::CRASH)
    }

    const fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    const fn clear(&mut self, flag: u8) -> bool {
        let was = self.has(flag);
        self.flags &= !flag;
        was
    }
}

/// Whether spikes in a cluster go to the next tier: several agents (§6.1), which in a large cluster is a tenth of it, since
/// two of a hundred may well be chance.
pub const fn is_cluster_spike(spiking: usize, watched: usize) -> bool {
    let tenth = watched / 10;
    spiking >= if tenth > 2 { tenth } else { 2 }
}
