//! A newcomer's way into the routing pool: until its profile is stable it gets no traffic, then a tenth, a quarter, a
//! half, and all of its share (§10.2 steps 6 to 8).

use crate::time::{Micros, Moment};
use crate::unit::{Impedance, Share};
use serde::{Deserialize, Serialize};

/// The longest wait for a stable profile; then it is admitted as it is, and noted.
pub const SETTLING_MAX: Micros = Micros::seconds(300);
/// Beats in a row within the bound that make a profile stable: half a minute of five-second beats.
pub const STABLE_BEATS: u8 = 6;
/// How far one beat's Z may be from the running mean, as a part of it: the specification's bound for drift (§4.2).
pub const DRIFT_BOUND: f64 = 0.5;
/// The shares of its traffic, in turn.
pub const SHARES: [Share; 4] = [
    Share::new(0.10),
    Share::new(0.25),
    Share::new(0.50),
    Share::ALL,
];
/// How long each share lasts before the next.
pub const SHARE_FOR: Micros = Micros::seconds(30);
/// Conflicts among its answers above which it gets no larger share (§11).
pub const CONFLICTS_MAX: f64 = 0.01;
/// Conflicts above which it goes a share back.
pub const CONFLICTS_BACK: f64 = 0.05;

/// How far a newcomer, or a group that joined together, is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Settling {
    joined: Moment,
    mean: Option<Micros>,
    steady: u8,
    stage: Stage,
    since: Moment,
    stable: bool,
}

/// The stages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Its profile is not stable yet.
    Profiling,
    /// It gets [`SHARES`] at this index.
    Admitted(u8),
    /// It gets all of its share: nothing is left to settle.
    Settled,
}

impl Settling {
    /// Joined now.
    pub const fn new(now: Moment) -> Self {
        Self {
            joined: now,
            mean: None,
            steady: 0,
            stage: Stage::Profiling,
            since: now,
            stable: false,
        }
    }

    /// A beat with the Z that its parent measured.
    pub fn beat(&mut self, z: Impedance) {
        let measured = z.0.as_millis_f64();
        let steady = self.mean.is_some_and(|mean| {
            let mean = mean.as_millis_f64();
            libm::fabs(measured - mean) <= DRIFT_BOUND * mean.max(1.0)
        });
        self.steady = if steady {
            self.steady.saturating_add(1)
        } else {
            0
        };
        // An eighth of the new, as round trips are smoothed (RFC 6298).
        self.mean = Some(
            self.mean
                .map_or(z.0, |mean| mean + (z.0 - mean).scale(0.125)),
        );
    }

    /// Goes on to the next stage when it is due; `conflicts` are those among its answers since the last step. True when
    /// the share changed.
    pub fn step(&mut self, conflicts: Share, now: Moment) -> bool {
        let before = self.stage;
        self.stage = match self.stage {
            Stage::Profiling if self.steady >= STABLE_BEATS => {
                self.stable = true;
                Stage::Admitted(0)
            }
            Stage::Profiling if now.since(self.joined) >= SETTLING_MAX => Stage::Admitted(0),
            Stage::Admitted(index) if conflicts.value() > CONFLICTS_BACK => {
                Stage::Admitted(index.saturating_sub(1))
            }
            Stage::Admitted(index)
                if now.since(self.since) >= SHARE_FOR && conflicts.value() <= CONFLICTS_MAX =>
            {
                match usize::from(index) + 2 {
                    next if next < SHARES.len() => Stage::Admitted(index + 1),
                    _ => Stage::Settled,
                }
            }
            stage @ (Stage::Profiling | Stage::Admitted(_) | Stage::Settled) => stage,
        };
        if self.stage != before || conflicts.value() > CONFLICTS_BACK {
            self.since = now;
        }
        self.stage != before
    }

    /// What part of its traffic it gets.
    pub const fn share(&self) -> Share {
        match self.stage {
            Stage::Profiling => Share::NONE,
            // Indices stay below the last, which is `Settled`.
            Stage::Admitted(index) => SHARES[index as usize],
            Stage::Settled => Share::ALL,
        }
    }

    /// Where it is.
    pub const fn stage(&self) -> Stage {
        self.stage
    }

    /// Whether its profile was stable when it was admitted; otherwise time was up.
    pub const fn was_stable(&self) -> bool {
        self.stable
    }

    /// When to step at the latest.
    pub fn next_wake(&self) -> Moment {
        match self.stage {
            Stage::Profiling => self.joined + SETTLING_MAX,
            Stage::Admitted(_) => self.since + SHARE_FOR,
            Stage::Settled => Moment::NEVER,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn beat(ms: i64) -> Impedance {
        Impedance(Micros::millis(ms))
    }

    /// §10.2 steps 6 and 7.
    #[test]
    fn a_steady_newcomer_is_admitted_in_four_shares() {
        let mut settling = Settling::new(Moment(0));
        let mut now = Moment(0);
        let mut shares = vec![];
        while settling.stage() != Stage::Settled {
            now = now + Micros::seconds(5);
            settling.beat(beat(100));
            if settling.step(Share::NONE, now) {
                shares.push(settling.share().value());
            }
        }
        assert_eq!(shares, [0.10, 0.25, 0.50, 1.0]);
        assert!(settling.was_stable() && now < Moment(0) + SETTLING_MAX);
        assert_eq!(settling.next_wake(), Moment::NEVER);
    }

    #[test]
    fn one_that_never_settles_is_admitted_after_five_minutes() {
        let mut settling = Settling::new(Moment(0));
        for n in 0..59 {
            settling.beat(beat(if n % 2 == 0 { 50 } else { 500 }));
            assert!(
                !settling.step(Share::NONE, Moment(0) + Micros::seconds(5 * n)),
                "{n}"
            );
        }
        assert_eq!(settling.next_wake(), Moment(0) + SETTLING_MAX);
        assert!(settling.step(Share::NONE, Moment(0) + SETTLING_MAX));
        assert_eq!(
            (settling.share(), settling.was_stable()),
            (SHARES[0], false)
        );
    }

    #[test]
    fn conflicts_hold_a_newcomer_back() {
        let mut settling = Settling::new(Moment(0));
        (0..10).for_each(|_| settling.beat(beat(100)));
        let at = |s: i64| Moment(0) + Micros::seconds(s);
        assert!(settling.step(Share::NONE, at(50)));
        assert!(settling.step(Share::NONE, at(80)));
        assert!(!settling.step(Share::new(0.02), at(200)), "held");
        assert!(settling.step(Share::new(0.10), at(201)), "back");
        assert_eq!(settling.share(), SHARES[0]);
        assert!(!settling.step(Share::NONE, at(230)) && settling.step(Share::NONE, at(231)));
    }
}
