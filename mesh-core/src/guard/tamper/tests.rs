use super::*;
use crate::chance::Chance;
use crate::place::{AgentId, ClusterId, SectorId};
use crate::unit::{Impedance, Share};

fn at(seconds: f64) -> Moment {
    Moment(0) + Micros::seconds(1).scale(seconds)
}
fn agent() -> AgentId {
    "7-4-12".parse().expect("a place")
}
fn cluster() -> ClusterId {
    agent().cluster
}
fn z(ms: f64) -> Impedance {
    Impedance(Micros::from_millis_f64(ms))
}

#[test]
fn what_carries_no_caller_makes_no_stranger_of_the_first_who_does() {
    let mut watch = CommandWatch::new(Region::Sector(crate::place::SectorId(2)));
    let command = |origin, destructive, seconds: i64| {
        let seen = CommandSeen {
            kind: 1,
            destructive,
            share: crate::unit::Share::ALL,
            hour: 9,
            origin,
        };
        (seen, Moment(seconds * 1_000_000))
    };
    // A coordinator that has just taken its seat is told that its sector is isolated, then asked for something.
    let (told, at) = command(CommandSeen::NO_ORIGIN, true, 0);
    assert_eq!(watch.observe(told, at), None);
    let (asked, at) = command(77, false, 5);
    assert_eq!(watch.observe(asked, at), None);
    assert!(!watch.is_suspicious());
}

#[test]
fn each_threat_has_the_answer_of_section_9_2() {
    let answers = [
        Answer::QuarantineAndReplace,
        Answer::IsolateAndPromote,
        Answer::TakeOverSector,
        Answer::Seal,
        Answer::LimitRate,
        Answer::LockWeights,
    ];
    assert_eq!(Threat::ALL.map(Threat::answer), answers);
}

#[test]
fn three_contradictions_in_five_minutes_make_a_rogue_and_one_an_hour_does_not() {
    let mut score = AnomalyScore::new();
    for hour in 0..24 {
        for anomaly in [Anomaly::Contradiction, Anomaly::BadSignature] {
            let when = f64::from(hour) * 3_600.0 + f64::from(anomaly as u8) * 900.0;
            assert_eq!(score.observe(agent(), anomaly, at(when)), None);
        }
    }
    score.forgiven();
    let found: Vec<_> = (0..9)
        .filter_map(|second| {
            score.observe(
                agent(),
                Anomaly::Contradiction,
                at(f64::from(second) * 150.0),
            )
        })
        .collect();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].subject, Region::Agent(agent()));
    assert!(matches!(
        found[0].evidence,
        Evidence::Anomalies {
            seen: [3, 0, 0, 0, 0, 0],
            ..
        }
    ));
}

#[test]
fn odd_agents_in_one_cluster_point_at_its_lead_and_odd_clusters_at_the_coordinator() {
    let mut watch = SpreadWatch::cluster(cluster());
    for second in 0..100 {
        let slot = (second % 2) as u8;
        assert_eq!(
            watch.observe(slot, 30, at(f64::from(second))),
            None,
            "two agents, again and again"
        );
    }
    let finding = watch.observe(2, 30, at(100.0)).expect("a third");
    assert_eq!(
        (finding.threat, finding.answer),
        (Threat::ClusterCompromise, Answer::IsolateAndPromote)
    );
    assert_eq!(watch.observe(3, 30, at(101.0)), None, "told once");

    let mut slow = SpreadWatch::cluster(cluster());
    for nth in 0..100 {
        let when = at(f64::from(nth) * 400.0);
        assert_eq!(
            slow.observe((nth % 30) as u8, 30, when),
            None,
            "never three in ten minutes"
        );
    }
    let mut sector = SpreadWatch::sector(SectorId(7));
    assert_eq!(sector.observe(0, 10, at(0.0)), None);
    assert_eq!(
        sector
            .observe(1, 10, at(60.0))
            .map(|finding| finding.threat),
        Some(Threat::SectorCompromise)
    );
}

#[test]
fn true_claims_with_jitter_are_believed_and_false_ones_found_within_eight() {
    let mut chance = Chance::new(8);
    let error = Micros::millis(1);
    let mut watch = ClaimWatch::default();
    for beat in 0..720 {
        let measured = Micros::millis(100).scale(libm::exp(0.3 * chance.normal()));
        let claimed = Micros::millis(100).scale(libm::exp(0.3 * chance.normal()));
        assert_eq!(
            watch.observe(agent(), claimed, measured, error, at(f64::from(beat) * 5.0)),
            None
        );
    }
    for false_claim in [Micros::millis(5), Micros::millis(400)] {
        let mut watch = ClaimWatch::default();
        let mut say =
            |claimed| watch.observe(agent(), claimed, Micros::millis(100), error, at(0.0));
        assert!((0..8).all(|_| say(Micros::millis(100)).is_none()));
        let found: Vec<_> = (0..8).filter_map(|_| say(false_claim)).collect();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].answer, Answer::LockWeights);
    }
}

/// Runs thirty agents for `beats`, each with its own base and jitter; `factor` multiplies from the beat given on.
fn timing(
    seed: u64,
    beats: u32,
    jitter: f64,
    factor: impl Fn(u8, u32) -> f64,
) -> Vec<(u32, Finding)> {
    let mut chance = Chance::new(seed);
    let bases: Vec<f64> = (0..30).map(|_| chance.between(10.0, 400.0)).collect();
    let mut watch = TimingWatch::new(Region::Cluster(cluster()));
    let mut found = Vec::new();
    for beat in 0..beats {
        for slot in 0..30u8 {
            let noise = libm::exp(jitter * chance.normal());
            let outlier = if chance.happens(0.02) { 5.0 } else { 1.0 };
            let value = bases[usize::from(slot)] * noise * outlier * factor(slot, beat);
            let now = at(f64::from(beat) * 5.0 + f64::from(slot) * 0.1);
            found.extend(
                watch
                    .observe(slot, z(value), false, now)
                    .map(|finding| (beat, finding)),
            );
        }
    }
    found
}

#[test]
fn an_hour_of_jitter_and_outliers_is_no_timing_attack() {
    for (seed, jitter) in [(1, 0.05), (2, 0.2), (3, 0.5)] {
        assert!(
            timing(seed, 720, jitter, |_, _| 1.0).is_empty(),
            "jitter {jitter}"
        );
    }
}

#[test]
fn agents_that_change_one_by_one_are_no_timing_attack() {
    let factor = |slot: u8, beat: u32| {
        if beat >= 60 + u32::from(slot) * 10 {
            2.0
        } else {
            1.0
        }
    };
    assert!(timing(4, 720, 0.1, factor).is_empty());
}

#[test]
fn half_a_cluster_that_doubles_or_halves_together_is_found_within_thirty_seconds() {
    for (seed, factor) in [(5, 2.0), (6, 0.5), (7, 3.0)] {
        let changed = |slot: u8, beat: u32| {
            if slot < 15 && beat >= 200 {
                factor
            } else {
                1.0
            }
        };
        let found = timing(seed, 240, 0.15, changed);
        assert_eq!(found.len(), 1, "{factor}: {found:?}");
        assert!(
            (200..=206).contains(&found[0].0),
            "{factor}: beat {}",
            found[0].0
        );
    }
}

#[test]
fn a_jump_with_a_known_cause_is_none() {
    let mut watch = TimingWatch::new(Region::Cluster(cluster()));
    for beat in 0..100 {
        for slot in 0..30 {
            let loaded = beat >= 50;
            let value = z(if loaded { 300.0 } else { 100.0 });
            let now = at(f64::from(beat) * 5.0);
            assert_eq!(watch.observe(slot, value, loaded, now), None);
        }
    }
}

/// A month of working days: some commands an hour from nine to six, from two origins, of ten kinds.
fn learnt_commands() -> (CommandWatch, f64) {
    let mut chance = Chance::new(9);
    let mut watch = CommandWatch::new(Region::All);
    watch.admit_origin(1);
    watch.admit_origin(2);
    for day in 0..20 {
        for hour in 9..18u8 {
            let start = f64::from(day) * 86_400.0 + f64::from(hour) * 3_600.0;
            for _ in 0..chance.below(8) {
                let now = at(start + chance.between(0.0, 3_600.0));
                let seen = usual(&mut chance, hour);
                assert_eq!(watch.observe(seen, now), None);
            }
        }
    }
    (watch, 20.0 * 86_400.0)
}
fn usual(chance: &mut Chance, hour: u8) -> CommandSeen {
    let destructive = chance.happens(0.1);
    CommandSeen {
        kind: chance.below(10) as u16,
        destructive,
        share: Share::new(if destructive { 0.01 } else { 1.0 }),
        hour,
        origin: 1 + chance.below(2),
    }
}

#[test]
fn ordinary_work_even_at_night_or_for_once_on_everything_freezes_nothing() {
    let (mut watch, start) = learnt_commands();
    let night = CommandSeen {
        kind: 3,
        destructive: true,
        share: Share::ALL,
        hour: 3,
        origin: 1,
    };
    assert_eq!(watch.observe(night, at(start)), None);
    let traveller = CommandSeen {
        hour: 10,
        destructive: false,
        origin: 77,
        ..night
    };
    assert_eq!(watch.observe(traveller, at(start + 7_200.0)), None);
    assert!(!watch.is_suspicious());
}

#[test]
fn a_stolen_console_that_destroys_is_stopped_by_the_command_that_makes_half_the_mesh() {
    let (watch, start) = learnt_commands();
    let saved = serde_json::to_string(watch.habits()).expect("encodes");
    let habits = serde_json::from_str(&saved).expect("decodes");
    let mut watch = CommandWatch::resume(Region::All, habits);
    let stolen = CommandSeen {
        kind: 3,
        destructive: true,
        share: Share::new(0.1),
        hour: 10,
        origin: 666,
    };
    let found: Vec<(u32, Finding)> = (0..20)
        .filter_map(|nth| Some((nth, watch.observe(stolen, at(start + f64::from(nth)))?)))
        .collect();
    assert_eq!(found.len(), 1, "told once");
    assert!(
        found[0].0 <= 5 && found[0].1.answer == Answer::Seal,
        "{found:?}"
    );
    assert!(watch.is_suspicious());
    watch.cleared();
    assert!(!watch.is_suspicious() && watch.signs(at(start + 30.0)) == Signs::default());
}

#[test]
fn a_known_credential_in_a_burst_of_destruction_is_found_too() {
    let (mut watch, start) = learnt_commands();
    let burst = CommandSeen {
        kind: 3,
        destructive: true,
        share: Share::new(0.02),
        hour: 10,
        origin: 1,
    };
    let found: Vec<_> = (0..60)
        .filter_map(|nth| watch.observe(burst, at(start + f64::from(nth))))
        .collect();
    assert_eq!(found.len(), 1);
    assert!(
        matches!(&found[0].evidence, Evidence::Commands { signs, .. }
        if signs.has(Sign::Rate) && signs.has(Sign::MassDestruction))
    );
}
