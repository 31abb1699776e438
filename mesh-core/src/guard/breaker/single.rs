//! One breaker: what it counts, and when it opens and closes.

use crate::guard::level::Gate;
use crate::time::{Micros, Moment};
use serde::{Deserialize, Serialize};

/// When a breaker opens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// More different failing members than this within a minute open it (§6.2).
    pub failing_max: u16,
    /// A larger share of failed attempts than this opens it too, when at least `failing_min` members fail.
    pub rate_max: f64,
    /// See `rate_max`; two, because one member that fails is its own trouble and not the region's.
    pub failing_min: u16,
    /// Attempts in the minute below which it never opens.
    pub traffic_min: u32,
}

impl Limits {
    /// A cluster: more than 5 agents of 30, or half of the traffic.
    pub const CLUSTER: Self = Self {
        failing_max: 5,
        rate_max: 0.5,
        failing_min: 2,
        traffic_min: 10,
    };
    /// A sector: more than 50 agents of 300, or half of the traffic.
    pub const SECTOR: Self = Self {
        failing_max: 50,
        rate_max: 0.5,
        failing_min: 4,
        traffic_min: 20,
    };
    /// The mesh: its members are sectors, and a sector fails while its breaker is open. More than 10, or more than half
    /// of them.
    pub const GLOBAL: Self = Self {
        failing_max: 10,
        rate_max: 0.5,
        failing_min: 2,
        traffic_min: 0,
    };
}

/// Why a breaker changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// More different members failed in the minute than are allowed.
    Count,
    /// Too large a share of the traffic failed.
    Rate,
    /// The probe was not answered well, or not in time.
    ProbeFailed,
    /// The probe was answered.
    ProbeAnswered,
    /// The trial at a tenth of the traffic went badly.
    TrialFailed,
    /// The trial went well.
    Healthy,
    /// Failures spread (§6.1).
    Cascade,
    /// Whoever holds the region's seat is not to be believed (§9.2).
    Compromised,
    /// Somebody said so.
    ByHand,
}

/// What the holder of a breaker has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Write the new gate as a level, tell the lead or coordinator, log it.
    Change {
        /// The gate until now.
        from: Gate,
        /// The gate from now on.
        to: Gate,
        /// Why.
        why: Why,
    },
    /// Send a probe and report with [`Breaker::probed`].
    Probe,
}

/// Different failing members that are remembered: more than any limit, and each needs 16 bytes. A region with more is open
/// by count long before.
const FAILING_MAX: usize = 256;
const MINUTE: Micros = Micros::seconds(60);
const SLICE: Micros = Micros::seconds(10);
const SLICES: usize = 6;

/// One circuit breaker.
#[derive(Debug, Clone)]
pub struct Breaker {
    limits: Limits,
    phase: Phase,
    /// Opened by hand: stays so until it is reset by hand.
    pinned: bool,
    /// Members that failed and when last, by member.
    failing: Vec<(u32, Moment)>,
    /// Attempts and failed ones in slices of ten seconds; the last is the running one.
    traffic: [(u32, u32); SLICES],
    /// The slice that `traffic` ends with.
    slice: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Closed,
    Open { until: Moment },
    Probing { until: Moment },
    HalfOpen { until: Moment },
}

impl Breaker {
    /// OPEN until the first probe (§6.2).
    pub const FIRST_WAIT: Micros = Micros::seconds(30);
    /// OPEN after a failed probe or trial (§6.2).
    pub const LONG_WAIT: Micros = Micros::seconds(60);
    /// `HALF_OPEN` until it is judged (§6.2).
    pub const TRIAL: Micros = Micros::seconds(60);
    /// How long an answer to a probe may take.
    pub const PROBE_WAIT: Micros = Micros::seconds(10);

    /// Closed.
    pub const fn new(limits: Limits) -> Self {
        Self {
            limits,
            phase: Phase::Closed,
            pinned: false,
            failing: Vec::new(),
            traffic: [(0, 0); SLICES],
            slice: i64::MIN,
        }
    }

    /// Goes on where the level says that the seat's last holder was: an open breaker is probed after its first wait, a
    /// half-open one has its trial again.
    pub fn resume(&mut self, gate: Gate, now: Moment) {
        self.forget();
        self.pinned = false;
        self.phase = match gate {
            Gate::Closed => Phase::Closed,
            Gate::HalfOpen => Phase::HalfOpen {
                until: now + Self::TRIAL,
            },
            Gate::Open => Phase::Open {
                until: now + Self::FIRST_WAIT,
            },
        };
    }

    /// An attempt at `member` went well (late counts as well).
    pub fn succeeded(&mut self, now: Moment) {
        self.advance(now);
        self.traffic[SLICES - 1].0 = self.traffic[SLICES - 1].0.saturating_add(1);
    }

    /// So many attempts went well.
    pub fn all_succeeded(&mut self, attempts: u32, now: Moment) {
        self.advance(now);
        self.traffic[SLICES - 1].0 = self.traffic[SLICES - 1].0.saturating_add(attempts);
    }

    /// An attempt at `member` ended UNREACHABLE, crashed or was refused.
    pub fn failed(&mut self, member: u32, now: Moment) -> Option<Step> {
        self.advance(now);
        let running = &mut self.traffic[SLICES - 1];
        *running = (running.0.saturating_add(1), running.1.saturating_add(1));
        self.failing.retain(|(_, when)| now - *when < MINUTE);
        if let Some(known) = self.failing.iter_mut().find(|(own, _)| *own == member) {
            known.1 = now;
        } else if self.failing.len() < FAILING_MAX {
            self.failing.push((member, now));
        }
        match self.phase {
            Phase::Closed => {
                let why = self.verdict()?;
                Some(self.open(now, Self::FIRST_WAIT, why))
            }
            Phase::HalfOpen { .. } => {
                self.verdict()?;
                Some(self.open(now, Self::LONG_WAIT, Why::TrialFailed))
            }
            Phase::Open { .. } | Phase::Probing { .. } => None,
        }
    }

    /// The probe came back (or could not be sent). Answers that nobody waits for any more change nothing.
    pub fn probed(&mut self, answered: bool, now: Moment) -> Option<Step> {
        let Phase::Probing { .. } = self.phase else {
            return None;
        };
        if !answered {
            return changed(self.open(now, Self::LONG_WAIT, Why::ProbeFailed));
        }
        self.forget();
        self.phase = Phase::HalfOpen {
            until: now + Self::TRIAL,
        };
        Some(Step::Change {
            from: Gate::Open,
            to: Gate::HalfOpen,
            why: Why::ProbeAnswered,
        })
    }

    /// Opened for what its holder counts itself (the mesh's breaker counts open sectors); nothing while it is open.
    pub(super) fn open_for(&mut self, why: Why, now: Moment) -> Option<Step> {
        match self.phase {
            Phase::Closed => Some(self.open(now, Self::FIRST_WAIT, why)),
            Phase::HalfOpen { .. } => Some(self.open(now, Self::LONG_WAIT, Why::TrialFailed)),
            Phase::Open { .. } | Phase::Probing { .. } => None,
        }
    }

    /// Opened by hand: stays open, without probes, until [`Breaker::reset`] (§10.3: the cause is mended first).
    pub fn trip(&mut self, now: Moment) -> Option<Step> {
        let step = self.open(now, Self::FIRST_WAIT, Why::ByHand);
        self.pinned = true;
        self.phase = Phase::Open {
            until: Moment::NEVER,
        };
        changed(step)
    }

    /// Closed by hand, and what was counted is forgotten.
    pub fn reset(&mut self) -> Option<Step> {
        let from = self.gate();
        self.phase = Phase::Closed;
        self.pinned = false;
        self.forget();
        changed(Step::Change {
            from,
            to: Gate::Closed,
            why: Why::ByHand,
        })
    }

    /// Looks at the time.
    pub fn poll(&mut self, now: Moment) -> Option<Step> {
        if now < self.next_deadline() {
            return None;
        }
        match self.phase {
            Phase::Closed => None,
            Phase::Open { .. } => {
                self.phase = Phase::Probing {
                    until: now + Self::PROBE_WAIT,
                };
                Some(Step::Probe)
            }
            Phase::Probing { .. } => changed(self.open(now, Self::LONG_WAIT, Why::ProbeFailed)),
            Phase::HalfOpen { .. } => {
                self.advance(now);
                self.phase = Phase::Closed;
                self.forget();
                Some(Step::Change {
                    from: Gate::HalfOpen,
                    to: Gate::Closed,
                    why: Why::Healthy,
                })
            }
        }
    }

    /// When [`Breaker::poll`] has something to do.
    pub const fn next_deadline(&self) -> Moment {
        match self.phase {
            Phase::Closed => Moment::NEVER,
            Phase::Open { until } | Phase::Probing { until } | Phase::HalfOpen { until } => until,
        }
    }

    /// What it lets through.
    pub const fn gate(&self) -> Gate {
        match self.phase {
            Phase::Closed => Gate::Closed,
            Phase::Open { .. } | Phase::Probing { .. } => Gate::Open,
            Phase::HalfOpen { .. } => Gate::HalfOpen,
        }
    }

    /// Whether it was opened by hand and waits for a hand.
    pub const fn is_pinned(&self) -> bool {
        self.pinned
    }

    /// Different members that failed within the last minute, as of the last failure.
    pub fn failing(&self) -> usize {
        self.failing.len()
    }

    /// Attempts within the last minute, and how many of them failed.
    pub fn traffic(&self) -> (u32, u32) {
        self.traffic.iter().fold((0, 0), |sum, slice| {
            (sum.0.saturating_add(slice.0), sum.1.saturating_add(slice.1))
        })
    }

    fn verdict(&self) -> Option<Why> {
        let (attempts, failed) = self.traffic();
        // A trial runs on a tenth of the traffic, and so needs a tenth of the minimum.
        let least = match self.phase {
            Phase::HalfOpen { .. } => self.limits.traffic_min / 10,
            Phase::Closed | Phase::Open { .. } | Phase::Probing { .. } => self.limits.traffic_min,
        };
        let failing = self.failing.len();
        if attempts < least {
            None
        } else if failing > usize::from(self.limits.failing_max) {
            Some(Why::Count)
        } else if failing >= usize::from(self.limits.failing_min)
            && f64::from(failed) > self.limits.rate_max * f64::from(attempts)
        {
            Some(Why::Rate)
        } else {
            None
        }
    }

    fn open(&mut self, now: Moment, wait: Micros, why: Why) -> Step {
        let from = self.gate();
        self.forget();
        self.phase = Phase::Open { until: now + wait };
        Step::Change {
            from,
            to: Gate::Open,
            why,
        }
    }

    fn forget(&mut self) {
        self.failing.clear();
        self.traffic = [(0, 0); SLICES];
    }

    /// Brings the slices up to `now`; a clock that stands or goes back changes nothing.
    fn advance(&mut self, now: Moment) {
        let slice = now.0.div_euclid(SLICE.0);
        let passed = slice.saturating_sub(self.slice).clamp(0, SLICES as i64) as usize;
        self.traffic.rotate_left(passed % SLICES);
        self.traffic[SLICES - passed..].fill((0, 0));
        self.slice = self.slice.max(slice);
    }
}

/// A step that changes no gate is none.
fn changed(step: Step) -> Option<Step> {
    match step {
        Step::Change { from, to, .. } if from == to => None,
        Step::Change { .. } | Step::Probe => Some(step),
    }
}
