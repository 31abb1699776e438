use super::*;
use crate::chance::Chance;

fn now(turn: i64) -> Moment {
    Moment(turn * 5_000_000)
}

/// An agent whose network and work have known distributions.
struct Agent {
    chance: Chance,
    network: f64,
    work: f64,
}

impl Agent {
    fn one_way(&mut self) -> f64 {
        self.network * libm::exp(0.3 * self.chance.normal())
    }

    fn work(&mut self, weight: Weight, queue: u16) -> f64 {
        self.work
            * (1.0 + 0.5 * weight.value())
            * (1.0 + 0.1 * f64::from(queue))
            * libm::exp(0.25 * self.chance.normal())
    }

    /// So many beats and throws; gives the leads that were frozen and the totals that came.
    fn live(
        &mut self,
        profile: &mut Profile,
        slopes: &mut ClassSlopes,
        turns: i64,
        on_time: Share,
    ) -> Vec<(Lead, Micros)> {
        let mut throws = Vec::new();
        for turn in 0..turns {
            let (there, back) = (self.one_way(), self.one_way());
            let queue = self.chance.below(4) as u16;
            profile.beat(
                Some(Micros::from_millis_f64(there + back)),
                queue,
                now(turn),
            );
            let weight = Weight(self.chance.below(150) as u16);
            let lead = profile.lead_time(slopes, weight, queue, on_time, Micros::ZERO);
            let (arrival, work) = (self.one_way(), self.work(weight, queue));
            let total = Micros::from_millis_f64(arrival + work);
            throws.push((lead, total));
            profile.outcome(&lead, total);
            profile.acknowledged(
                &Acknowledged {
                    arrival: Some(Micros::from_millis_f64(arrival)),
                    processing: Micros::from_millis_f64(work),
                    weight,
                    queue,
                },
                slopes,
                now(turn),
            );
        }
        throws
    }
}

fn agent(seed: u64) -> Agent {
    Agent {
        chance: Chance::new(seed),
        network: 60.0,
        work: 120.0,
    }
}

#[test]
fn throws_are_late_as_often_as_was_asked() {
    for (on_time, low, high) in [
        (0.95, 0.03, 0.07),
        (0.99, 0.003, 0.018),
        (0.999, 0.0, 0.006),
    ] {
        let (mut late, mut all) = (0, 0);
        for seed in 0..5 {
            let mut profile = Profile::new(Class::Gpu);
            let throws = agent(seed).live(
                &mut profile,
                &mut ClassSlopes::default(),
                600,
                Share::new(on_time),
            );
            for (lead, total) in &throws[50..] {
                all += 1;
                late += i32::from(*total > lead.lead);
            }
        }
        let share = f64::from(late) / f64::from(all);
        assert!((low..high).contains(&share), "{share} late at {on_time}");
    }
}

#[test]
fn confidence_is_calibrated_once_twenty_samples_are_in() {
    let mut chance = Chance::new(77);
    let mut bins = [(0.0, 0.0, 0.0); 5];
    let mut brier = (0.0, 0.0);
    for seed in 0..5 {
        let mut profile = Profile::new(Class::Gpu);
        let mut slopes = ClassSlopes::default();
        let mut agent = agent(seed);
        agent.live(&mut profile, &mut slopes, 100, Share::new(0.99));
        for _ in 0..400 {
            let throws = agent.live(&mut profile, &mut slopes, 1, Share::new(0.99));
            let (lead, total) = throws[0];
            let available = lead.median.scale(chance.between(0.6, 1.8));
            let said = profile.confidence(&lead, available, now(1)).value();
            let came = if total <= available { 1.0 } else { 0.0 };
            let bin = &mut bins[(said * 4.999) as usize];
            *bin = (bin.0 + 1.0, bin.1 + said, bin.2 + came);
            brier = (brier.0 + (said - came) * (said - came), brier.1 + 1.0);
        }
    }
    for (count, said, came) in bins {
        assert!(
            count < 50.0 || (said / count - came / count).abs() < 0.08,
            "{bins:?}"
        );
    }
    assert!(brier.0 / brier.1 < 0.14, "{}", brier.0 / brier.1);
}

#[test]
fn the_specifications_formula_speaks_until_something_is_known() {
    // §3.1 calculate_confidence: 0.5 reliability - 0.3 drift + 0.2 when heard within 10 s.
    for (reliability, drift, silence_s, wanted) in [
        (1.0, 0.0, 1, 0.7),
        (1.0, 0.5, 1, 0.55),
        (0.8, 0.2, 30, 0.34),
        (0.0, 1.0, 1, 0.0),
        (1.0, 0.0, 10, 0.5),
    ] {
        let confidence = Confidence {
            samples: 0,
            drift,
            reliability: Share::new(reliability),
            silence: Micros::seconds(silence_s),
        };
        let delay = Quantiles::exactly(Micros::millis(1));
        let said = confidence.of(&delay, Micros::seconds(9));
        assert!(
            (said.value() - wanted).abs() < 1e-9,
            "{confidence:?}: {said}"
        );
        assert_eq!(said, confidence.formula());
        let known = Confidence {
            samples: 20,
            ..confidence
        }
        .of(&delay, Micros::seconds(9));
        assert!((known.value() - 0.9999 * reliability).abs() < 1e-9);
    }
}

#[test]
fn a_round_trip_is_halved_and_a_one_way_delay_never() {
    let (mut beats, mut throws) = (Profile::new(Class::Edge), Profile::new(Class::Edge));
    for turn in 0..50 {
        beats.beat(Some(Micros::millis(80)), 0, now(turn));
        throws.one_way(Micros::millis(40), now(turn));
    }
    assert_eq!(beats.network().median(), throws.network().median());
    assert_eq!(beats.network().median(), Micros::millis(40));
}

#[test]
fn the_score_is_milliseconds_up_to_a_thousand_and_people_have_none() {
    let slopes = ClassSlopes::default();
    let mut profile = Profile::new(Class::Edge);
    for turn in 0..100 {
        profile.one_way(Micros::millis(837), now(turn));
    }
    // §7.2's "impedance 847ms": 837 on the way and the class's 10 of work.
    assert_eq!(profile.score(&slopes), Some(847));
    assert!(profile.flags(&slopes).degraded);
    for turn in 0..200 {
        profile.one_way(Micros::seconds(5), now(turn));
    }
    assert_eq!(profile.score(&slopes), Some(1_000));
    let mut person = Profile::new(Class::Human);
    person.beat(Some(Micros::seconds(3)), 9, now(0));
    assert_eq!(
        (person.score(&slopes), person.flags(&slopes)),
        (None, Flags::default())
    );
    assert!(person.impedance(&slopes).0 >= Micros::seconds(60));
}

#[test]
fn thresholds_of_the_specification_raise_their_flags() {
    let slopes = ClassSlopes::default();
    let steady = |ms: i64, turns: i64, profile: &mut Profile| {
        for turn in 0..turns {
            profile.one_way(Micros::millis(ms), now(turn));
        }
    };
    // §4.2 degraded above 800; §6.1 spike above twice the own average.
    let mut profile = Profile::new(Class::Edge);
    steady(780, 100, &mut profile);
    assert_eq!(profile.flags(&slopes), Flags::default());
    let mut profile = Profile::new(Class::Edge);
    steady(50, 300, &mut profile);
    assert!(!profile.flags(&slopes).spike);
    let usual = profile.usual();
    assert!((usual.0.as_millis_f64() - 60.0).abs() < 5.0, "{usual}");
    steady(200, 40, &mut profile);
    assert!(
        profile.flags(&slopes).spike,
        "{} against {}",
        profile.impedance(&slopes),
        profile.usual()
    );
    // §4.2 unstable above a drift of 0.5, dimensionless.
    let mut profile = Profile::new(Class::Edge);
    for turn in 0..200 {
        profile.one_way(
            Micros::millis(if turn % 2 == 0 { 10 } else { 200 }),
            now(turn),
        );
    }
    assert!(
        profile.flags(&slopes).unstable,
        "{}",
        profile.drift(&slopes)
    );
}

#[test]
fn a_heavier_payload_a_longer_queue_a_surer_lead_and_a_looser_clock_all_take_longer() {
    let mut profile = Profile::new(Class::Gpu);
    let mut slopes = ClassSlopes::default();
    agent(1).live(&mut profile, &mut slopes, 100, Share::new(0.99));
    let lead = |weight, queue, share, bound| {
        profile
            .lead_time(
                &slopes,
                Weight(weight),
                queue,
                Share::new(share),
                Micros::millis(bound),
            )
            .lead
    };
    let plain = lead(0, 0, 0.95, 0);
    assert!(
        lead(100, 0, 0.95, 0) > plain && lead(0, 5, 0.95, 0) > plain && lead(0, 0, 0.99, 0) > plain
    );
    assert_eq!(lead(0, 0, 0.95, 7), plain + Micros::millis(7));
}

#[test]
fn the_orchestrator_schedules_from_a_digest_as_the_lead_does_from_the_profile() {
    let mut profile = Profile::new(Class::Gpu);
    let mut slopes = ClassSlopes::default();
    agent(2).live(&mut profile, &mut slopes, 300, Share::new(0.99));
    let digest = profile.digest(&slopes, now(300));
    let again = Profile::from_digest(Class::Gpu, &digest);
    for share in [0.5, 0.95, 0.99, 0.999] {
        let of = |lead: Lead| lead.lead.0 as f64;
        let mine = of(profile.lead_time(&slopes, Weight(100), 2, Share::new(share), Micros::ZERO));
        let theirs = of(digest.lead_time(&slopes, Weight(100), 2, Share::new(share), Micros::ZERO));
        let heirs = of(again.lead_time(&slopes, Weight(100), 2, Share::new(share), Micros::ZERO));
        assert!(
            (theirs / mine - 1.0).abs() < 0.03,
            "{share}: {mine} {theirs}"
        );
        assert!((heirs / mine - 1.0).abs() < 0.1, "{share}: {mine} {heirs}");
    }
    let bytes = rmp_serde::to_vec(&digest).expect("a digest is plain data");
    assert_eq!(
        rmp_serde::from_slice::<ProfileDigest>(&bytes).expect("the same"),
        digest
    );
}
