use super::*;
use crate::chance::Chance;
use proptest::prelude::*;

/// Two clocks that run at their own rates, and a link of any delays; true time is in µs.
struct World {
    chance: Chance,
    /// Rates and offsets of my clock and theirs.
    mine: (f64, i64),
    theirs: (f64, i64),
    /// The least delays there and back, and the scale of what comes on top.
    least: (f64, f64),
    jitter: f64,
}

impl World {
    fn read(clock: (f64, i64), time: f64) -> Moment {
        Moment(libm::floor(time * (1.0 + clock.0)) as i64 + clock.1)
    }

    fn delay(&mut self, least: f64) -> f64 {
        least - self.jitter * libm::log(1.0 - self.chance.unit())
    }

    /// One exchange that starts at `time` and waits `pause` at the other end.
    fn exchange(&mut self, estimate: &mut ClockEstimate, time: f64, pause: f64) -> (Heard, f64) {
        let (there, back) = (self.delay(self.least.0), self.delay(self.least.1));
        let ends = [
            time,
            time + there,
            time + there + pause,
            time + there + pause + back,
        ];
        let heard = estimate.exchange(
            Self::read(self.mine, ends[0]),
            Self::read(self.theirs, ends[1]),
            Self::read(self.theirs, ends[2]),
            Self::read(self.mine, ends[3]),
        );
        (heard, ends[3])
    }

    /// How far the translation of `time` is off, both ways, and the bounds that were given.
    fn errors(&self, estimate: &ClockEstimate, time: f64) -> [(i64, i64); 2] {
        let (mine, theirs) = (Self::read(self.mine, time), Self::read(self.theirs, time));
        let (there, there_bound) = estimate.to_theirs(mine).expect("there were exchanges");
        let (here, here_bound) = estimate.to_mine(theirs).expect("there were exchanges");
        [
            ((there - theirs).abs().0, there_bound.0),
            ((here - mine).abs().0, here_bound.0),
        ]
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn the_bound_holds_whatever_the_link_and_the_clocks(
        seed: u64,
        drifts in (-100e-6..100e-6f64, -100e-6..100e-6f64),
        offsets in (-3_600_000_000i64..3_600_000_000, -3_600_000_000i64..3_600_000_000),
        least in (0.0..300_000.0f64, 0.0..300_000.0f64),
        jitter in 0.0..200_000.0f64,
        pause in 0.0..5_000_000.0f64,
        apart in 50_000.0..30_000_000.0f64,
    ) {
        let mut world = World {
            chance: Chance::new(seed),
            mine: (drifts.0, offsets.0),
            theirs: (drifts.1, offsets.1),
            least,
            jitter,
        };
        let mut estimate = ClockEstimate::default();
        let mut time = 0.0;
        for _ in 0..120 {
            let pause = pause * world.chance.unit();
            let (heard, end) = world.exchange(&mut estimate, time, pause);
            prop_assert_eq!(heard, Heard::Taken);
            for ahead in [-2_000_000.0, 0.0, 100_000.0, 5_000_000.0, 60_000_000.0, 3_600_000_000.0] {
                for (error, bound) in world.errors(&estimate, end + ahead) {
                    prop_assert!(error <= bound, "off by {error} us, bound {bound} us, {ahead} us ahead");
                }
            }
            time = end + apart * world.chance.unit();
        }
    }
}

#[test]
fn on_an_even_link_the_estimate_is_far_better_than_its_bound() {
    for (rtt_ms, beat_s) in [(20.0, 5.0), (100.0, 5.0), (500.0, 5.0)] {
        let mut errors = Vec::new();
        for seed in 0..30 {
            let mut world = World {
                chance: Chance::new(seed),
                mine: (80e-6, 3_000_000_000),
                theirs: (-90e-6, -17),
                least: (rtt_ms * 400.0, rtt_ms * 400.0),
                jitter: rtt_ms * 100.0,
            };
            let mut estimate = ClockEstimate::default();
            let mut time = 0.0;
            for _ in 0..8 {
                time = world.exchange(&mut estimate, time, 0.0).1 + 50_000.0;
            }
            for turn in 0..120 {
                let pause = world.chance.between(0.0, beat_s * 1e6);
                let end = world.exchange(&mut estimate, time, pause).1;
                time = end + 1e6;
                if turn > 20 {
                    errors.push(world.errors(&estimate, time)[0].0);
                }
            }
        }
        errors.sort_unstable();
        let p99 = errors[errors.len() * 99 / 100] as f64 / 1e3;
        assert!(
            p99 < 0.4 + rtt_ms * 0.035,
            "{rtt_ms} ms: p99 of errors {p99} ms"
        );
        assert!(errors[errors.len() / 2] < 2_500);
    }
}

#[test]
fn the_skew_is_found_within_minutes() {
    let mut world = World {
        chance: Chance::new(1),
        mine: (100e-6, 0),
        theirs: (-100e-6, 0),
        least: (5_000.0, 5_000.0),
        jitter: 2_000.0,
    };
    let mut estimate = ClockEstimate::default();
    let mut time = 0.0;
    for _ in 0..60 {
        time = world.exchange(&mut estimate, time, 0.0).1 + 5e6;
    }
    let (slowest, fastest) = estimate.skew();
    assert!(
        slowest <= -199e-6 && (-201e-6..-140e-6).contains(&fastest),
        "{slowest} {fastest}"
    );
}

#[test]
fn a_step_of_either_clock_starts_the_estimate_again() {
    let mut world = World {
        chance: Chance::new(2),
        mine: (0.0, 0),
        theirs: (50e-6, 5),
        least: (10_000.0, 12_000.0),
        jitter: 3_000.0,
    };
    let mut estimate = ClockEstimate::default();
    let mut time = 0.0;
    for step in [100_000, -100_000, 3_600_000_000, -7_200_000_000] {
        for _ in 0..10 {
            time = world.exchange(&mut estimate, time, 0.0).1 + 1e6;
        }
        assert!(estimate.ready());
        world.theirs.1 += step;
        assert_eq!(
            world.exchange(&mut estimate, time, 0.0).0,
            Heard::Restarted,
            "{step}"
        );
        assert!(!estimate.ready());
        let (error, bound) = world.errors(&estimate, time)[0];
        assert!(error <= bound);
    }
}

#[test]
fn a_step_of_less_than_a_round_trip_is_noticed_by_the_next_exchange_and_the_bound_holds_again() {
    // Between half a round trip and a whole one a step fits between old ceilings and new floors, and is out of bounds.
    for step in [-19_000, -13_000, 12_500, 16_000, 20_000] {
        let mut world = World {
            chance: Chance::new(3),
            mine: (20e-6, 0),
            theirs: (-40e-6, 5),
            least: (10_000.0, 11_000.0),
            jitter: 800.0,
        };
        let mut estimate = ClockEstimate::default();
        let mut time = 0.0;
        for _ in 0..40 {
            time = world.exchange(&mut estimate, time, 0.0).1 + 5e6;
        }
        world.theirs.1 += step;
        let (before, claimed) = world.errors(&estimate, time)[0];
        assert!(before > claimed, "{step}: nothing to mend");
        for _ in 0..20 {
            time = world.exchange(&mut estimate, time, 0.0).1;
            for (error, bound) in world.errors(&estimate, time) {
                assert!(
                    error <= bound,
                    "{step}: off by {error} us, bound {bound} us"
                );
            }
            time += 5e6;
        }
    }
}

#[test]
fn a_clock_that_runs_ten_times_too_fast_is_followed_within_a_quarter_of_a_round_trip() {
    let mut world = World {
        chance: Chance::new(4),
        mine: (0.0, 0),
        theirs: (50e-6, 0),
        least: (40_000.0, 40_000.0),
        jitter: 2_000.0,
    };
    let mut estimate = ClockEstimate::default();
    let mut time = 0.0;
    for _ in 0..60 {
        time = world.exchange(&mut estimate, time, 0.0).1 + 5e6;
    }
    // Their clock goes on from where it is, at another rate.
    let now = World::read(world.theirs, time);
    world.theirs = (1_000e-6, 0);
    world.theirs.1 = now.0 - World::read(world.theirs, time).0;
    let mut worst = 0;
    for _ in 0..120 {
        time = world.exchange(&mut estimate, time, 0.0).1 + 5e6;
        worst = worst.max(world.errors(&estimate, time)[0].0);
    }
    assert!(worst < 25_000, "off by {worst} us");
}

#[test]
fn four_exchanges_make_it_ready_and_a_new_boot_unmakes_it() {
    let mut estimate = ClockEstimate::default();
    assert_eq!(estimate.to_theirs(Moment(0)), None);
    assert_eq!(estimate.bound(Moment(0)), Micros::MAX);
    for turn in 0..4 {
        assert!(!estimate.ready());
        let at = |us: i64| Moment(turn * 50_000 + us);
        assert_eq!(
            estimate.exchange(at(0), at(7_000), at(7_100), at(10_100)),
            Heard::Taken
        );
    }
    assert!(estimate.ready());
    // The offset ((t2-t1)+(t3-t4))/2 is 2 ms, half the delay (t4-t1)-(t3-t2) is 5 ms (RFC 5905 §8).
    let (offset, bound) = estimate.offset_at(Moment(160_100)).expect("four exchanges");
    assert!(
        (offset.0 - 2_000).abs() <= 50 && (5_000..5_100).contains(&bound.0),
        "{offset} {bound}"
    );
    estimate.void();
    assert!(!estimate.ready() && estimate.to_mine(Moment(0)).is_none());
}

#[test]
fn what_cannot_be_is_refused() {
    let mut estimate = ClockEstimate::default();
    let m = Moment;
    for (t1, t2, t3, t4) in [
        (m(10), m(0), m(0), m(9)),
        (m(0), m(9), m(8), m(10)),
        (m(0), m(0), m(1_000), m(500)),
        (m(0), m(0), m(0), m(301_000_000)),
        (m(i64::MIN), m(i64::MAX), m(i64::MIN), m(i64::MAX)),
        (m(i64::MAX), m(i64::MIN), m(i64::MAX), m(i64::MIN)),
    ] {
        assert_eq!(
            estimate.exchange(t1, t2, t3, t4),
            Heard::Refused,
            "{t1} {t2} {t3} {t4}"
        );
    }
    assert_eq!(estimate, ClockEstimate::default());
}

proptest! {
    #[test]
    fn no_timestamps_break_it(points in prop::collection::vec(any::<(i64, i64, i64, i64)>(), 1..40), near: i64, at: i64) {
        let mut estimate = ClockEstimate::default();
        for (a, b, c, d) in points {
            let near = |us: i64| Moment(near.saturating_add(us >> 32));
            estimate.exchange(near(a), near(b), near(c), near(d));
            estimate.exchange(Moment(a), Moment(b), Moment(c), Moment(d));
            estimate.to_theirs(Moment(at));
            estimate.to_mine(Moment(at));
        }
    }
}

#[test]
fn a_probing_is_eight_exchanges_fifty_milliseconds_apart() {
    let mut probing = Probing::start(Moment(0));
    let mut sent = Vec::new();
    for ms in 0..1_000 {
        if probing.take(Moment(ms * 1_000)) {
            sent.push(ms);
        }
    }
    assert_eq!(sent, [0, 50, 100, 150, 200, 250, 300, 350]);
    assert_eq!(probing.next(), None);
}
