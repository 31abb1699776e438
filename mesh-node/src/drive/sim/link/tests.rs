//! The models against what was measured.

use super::chaos::Fate;
use super::*;
use mesh_core::unit::Weight;

/// What a trace shows, in milliseconds: least, p10, p50, p90, p99, autocorrelation at lag 1.
struct Measured {
    file: &'static str,
    profile: Profile,
    quantiles: [f64; 4],
    lag1: f64,
}

/// From the traces named in `curve`.
const MEASURED: [Measured; 4] = [
    Measured {
        file: "gigabit.csv",
        profile: Profile::Gigabit,
        quantiles: [6.0, 6.0, 7.0, 9.0],
        lag1: 0.04,
    },
    Measured {
        file: "4g-phone.csv",
        profile: Profile::Phone,
        quantiles: [107.0, 119.0, 123.0, 157.0],
        lag1: 0.009,
    },
    Measured {
        file: "wifi-home-isp.csv",
        profile: Profile::HomeWifi,
        quantiles: [102.0, 117.0, 145.0, 225.0],
        lag1: 0.061,
    },
    Measured {
        file: "intercontinental-wifi.csv",
        profile: Profile::Intercontinental,
        quantiles: [304.0, 373.0, 478.0, 981.0],
        lag1: 0.555,
    },
];

fn round_trips(profile: Profile, count: usize) -> Vec<f64> {
    let mut link = Link::measured(profile);
    let mut chance = Chance::new(11);
    (0..count)
        .map(|_| {
            let down = link.sample(Direction::Down, &mut chance);
            (down + link.sample(Direction::Up, &mut chance)).as_millis_f64()
        })
        .collect()
}

fn quantiles(values: &[f64]) -> [f64; 4] {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    [0.1, 0.5, 0.9, 0.99].map(|p| sorted[(p * (sorted.len() - 1) as f64) as usize])
}

fn lag1(values: &[f64]) -> f64 {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let all: f64 = values.iter().map(|x| (x - mean) * (x - mean)).sum();
    let pairs: f64 = values
        .windows(2)
        .map(|pair| (pair[0] - mean) * (pair[1] - mean))
        .sum();
    pairs / all
}

fn assert_fits(name: &str, model: &[f64], wanted: [f64; 4], wanted_lag1: f64) {
    for (got, wanted) in quantiles(model).into_iter().zip(wanted) {
        // 3 %, and 0.6 ms because the traces are whole milliseconds.
        assert!(
            (got - wanted).abs() <= 0.6 + 0.03 * wanted,
            "{name}: {got} ms, measured {wanted} ms"
        );
    }
    let got = lag1(model);
    assert!(
        (got - wanted_lag1).abs() <= 0.05,
        "{name}: autocorrelation {got}, measured {wanted_lag1}"
    );
}

#[test]
fn round_trips_are_distributed_and_correlated_as_measured() {
    for Measured {
        file,
        profile,
        quantiles,
        lag1,
    } in MEASURED
    {
        assert_fits(file, &round_trips(profile, 200_000), quantiles, lag1);
    }
}

/// Also against the files themselves, where `MESH_TRACES` names their folder.
#[test]
fn the_constants_are_those_of_the_traces() {
    let Some(folder) = std::env::var_os("MESH_TRACES") else {
        return;
    };
    for measured in MEASURED {
        let path = std::path::Path::new(&folder).join(measured.file);
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let trace: Vec<f64> = text.lines().filter_map(|line| line.parse().ok()).collect();
        assert!(trace.len() > 900, "{}", measured.file);
        let model = round_trips(measured.profile, 200_000);
        assert_fits(measured.file, &model, quantiles(&trace), lag1(&trace));
    }
}

#[test]
fn the_directions_of_a_link_differ_by_up_to_three_per_cent_of_the_round_trip() {
    let mut chance = Chance::new(3);
    let mut widest = 0.0f64;
    for _ in 0..2_000 {
        let link = Link::new(Profile::Phone, Link::ASYMMETRY, &mut chance);
        let (down, up) = (link.least(Direction::Down), link.least(Direction::Up));
        let share = (down - up).0 as f64 / (down + up).0 as f64;
        widest = widest.max(share.abs());
        let round = (down + up).as_millis_f64();
        assert!((86.0 * 0.5 - 0.1..=86.0 + 0.1).contains(&round), "{round}");
    }
    assert!((0.029..=0.0301).contains(&widest), "{widest}");
}

#[test]
fn no_message_is_faster_than_the_least_delay_of_its_direction() {
    let mut chance = Chance::new(4);
    for profile in [
        Profile::Gigabit,
        Profile::Phone,
        Profile::Datacentre,
        Profile::HomeWifi,
        Profile::Intercontinental,
    ] {
        let mut link = Link::new(profile, Link::ASYMMETRY, &mut chance);
        for i in 0..20_000 {
            let direction = if chance.bits() & 1 == 0 {
                Direction::Down
            } else {
                Direction::Up
            };
            let delay = link.sample(direction, &mut chance);
            assert!(delay >= link.least(direction), "{profile:?} {i}: {delay}");
        }
    }
}

#[test]
fn messages_are_lost_doubled_and_held_up_as_often_as_asked() {
    let rates = FaultRates {
        loss: 0.02,
        duplication: 0.03,
        reordering: 0.05,
        ..FaultRates::NONE
    };
    let (mut link, mut chance) = (Link::measured(Profile::Gigabit), Chance::new(5));
    let faults = LinkFaults::new(&rates);
    let fates: Vec<Fate> = (0..100_000)
        .map(|_| link.send(Direction::Down, &faults, &mut chance))
        .collect();
    let share = |count: usize| count as f64 / fates.len() as f64;
    let lost = share(fates.iter().filter(|fate| fate.delay.is_none()).count());
    let twice = share(fates.iter().filter(|fate| fate.copy.is_some()).count());
    let late = share(
        fates
            .iter()
            .filter(|fate| fate.delay.is_some_and(|delay| delay > Micros::millis(12)))
            .count(),
    );
    assert!((0.018..0.022).contains(&lost), "{lost}");
    assert!((0.027..0.033).contains(&twice), "{twice}");
    assert!((0.035..0.05).contains(&late), "{late}");
}

#[test]
fn bursts_lose_neighbours_together() {
    let rates = FaultRates {
        burst: Some(Burst {
            enter: 0.01,
            leave: 0.2,
            loss: 1.0,
        }),
        ..FaultRates::NONE
    };
    let (mut link, mut chance) = (Link::measured(Profile::Gigabit), Chance::new(6));
    let faults = LinkFaults::new(&rates);
    let lost: Vec<bool> = (0..100_000)
        .map(|_| {
            link.send(Direction::Up, &faults, &mut chance)
                .delay
                .is_none()
        })
        .collect();
    let all = lost.iter().filter(|lost| **lost).count() as f64;
    let pairs = lost.windows(2).filter(|pair| pair[0] && pair[1]).count() as f64;
    // In the long run enter / (enter + leave) of the messages; a lost one is followed by a lost one with 1 - leave.
    assert!((0.04..0.056).contains(&(all / 1e5)), "{all}");
    assert!((0.75..0.85).contains(&(pairs / all)), "{pairs} of {all}");
}

#[test]
fn processing_follows_the_specification_closely_but_not_exactly() {
    let mut chance = Chance::new(8);
    for (class, low, high) in [
        (Class::Edge, 9.0, 11.0),
        (Class::Serverless, 45.0, 55.0),
        (Class::Persistent, 180.0, 220.0),
        (Class::Gpu, 150.0, 300.0),
        (Class::Local, 135.0, 165.0),
    ] {
        let device = Device::new(class, &mut chance);
        let base = device.base().as_millis_f64();
        assert!((low..=high).contains(&base), "{class}: {base}");
        let mut median = |weight, queue| {
            let mut times: Vec<i64> = (0..4_001)
                .map(|_| device.processing(Weight(weight), queue, &mut chance).0)
                .collect();
            times.sort_unstable();
            times[2_000] as f64 / 1_000.0 / base
        };
        assert!((0.98..1.02).contains(&median(0, 0)), "{class}");
        assert!((1.35..1.65).contains(&median(100, 0)), "{class}");
        assert!((1.13..1.42).contains(&median(0, 3)), "{class}");
    }
}

#[test]
fn the_queue_of_a_machine_is_mostly_empty_and_never_long() {
    let mut chance = Chance::new(9);
    let mut device = Device::new(Class::Edge, &mut chance);
    let queues: Vec<u8> = (0..40_000).map(|_| device.stir(&mut chance)).collect();
    let empty = queues.iter().filter(|queue| **queue < 1).count();
    assert!((22_000..26_000).contains(&empty), "{empty}");
    assert_eq!(queues.iter().max(), Some(&Device::QUEUE_MAX));
}
