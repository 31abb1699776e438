//! What the protocol's own calculations cost for 30,000 agents: `cargo bench -p mesh-node --bench core`.
//!
//! One line for each: what it is, what is wanted, and the median and the best of several rounds, in microseconds. It is a
//! benchmark and no test: a busy machine makes every figure larger, the best of them least.

use mesh_core::chance::Chance;
use mesh_core::impedance::{Acknowledged, ClassSlopes, Predictor, Profile, Quantiles};
use mesh_core::place::scope::{Scope, ScopeSet};
use mesh_core::place::{Class, Shape};
use mesh_core::registry::{RowUpdate, State, Table};
use mesh_core::throw::quorum::{self, Counts, Thresholds, Trinary};
use mesh_core::throw::{Slotting, slotting};
use mesh_core::time::{Micros, Moment};
use mesh_core::unit::{Impedance, Share, Weight};
use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

const AGENTS: usize = 30_000;
const ROUNDS: usize = 25;
/// Agents that are READY by T when sent to as early as they are (PROTOCOL §3).
const ON_TIME: Share = Share::new(0.99);
/// Delays that every agent has shown: more than its predictor looks back on.
const SEEN: usize = 120;

/// Filters of different kinds, from one column to several.
const FILTERS: [&str; 5] = [
    "all",
    "class:gpu",
    "where:sector=7",
    "where:class=gpu state=active",
    "where:state=active impedance>20 queue<3",
];

fn main() {
    let mut chance = Chance::new(1);
    println!(
        "{:<44} {:>12} {:>12} {:>12}",
        "", "wanted us", "median us", "best us"
    );
    let mut predictors = predictors(&mut chance);
    let delays: Vec<Micros> = (0..AGENTS).map(|_| delay(&mut chance)).collect();
    let update = measure(|| {
        for (predictor, delay) in predictors.iter_mut().zip(&delays) {
            predictor.observe(*delay);
            black_box(predictor.quantile(ON_TIME));
        }
    });
    let each = update.map(|whole| whole / AGENTS as u32);
    tell("predictor: one sample in, one lead time out", 1.0, each);

    let profiles = profiles(&mut chance);
    let slopes = ClassSlopes::default();
    let scheduled = measure(|| black_box(schedule(&profiles, &slopes)));
    tell(
        "schedule for 30,000, from their profiles",
        10_000.0,
        scheduled,
    );

    let table = table(&mut chance);
    for text in FILTERS {
        let scope = Scope::parse(text).unwrap_or_else(|error| panic!("{error}"));
        let scope = ScopeSet::from(scope);
        let found = measure(|| black_box(table.select(&scope, Moment(0)).len()));
        tell(&format!("filter over 30,000: {text}"), 1_000.0, found);
    }

    let states: Vec<Trinary> = (0..AGENTS).map(|_| answer(&mut chance)).collect();
    let decided = measure(|| black_box(decide(&states)));
    tell("quorum over 30,000 answers", 1_000.0, decided);
}

/// The median and the best of [`ROUNDS`].
fn measure<T>(mut work: impl FnMut() -> T) -> [Duration; 2] {
    let mut took: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let begun = Instant::now();
            black_box(work());
            begun.elapsed()
        })
        .collect();
    took.sort_unstable();
    [took[ROUNDS / 2], took[0]]
}

fn tell(what: &str, wanted: f64, [median, best]: [Duration; 2]) {
    let micros = |span: Duration| span.as_secs_f64() * 1e6;
    println!(
        "{what:<44} {wanted:>12.1} {:>12.2} {:>12.2}",
        micros(median),
        micros(best)
    );
}

/// Some 10 to 90 ms, with a tail.
fn delay(chance: &mut Chance) -> Micros {
    let unit = chance.unit();
    Micros((10_000.0 + 20_000.0 * unit / (1.05 - unit)) as i64)
}

fn answer(chance: &mut Chance) -> Trinary {
    match chance.below(100) {
        0 => Trinary::Conflict,
        1..3 => Trinary::Transit,
        _ => Trinary::Ready,
    }
}

fn predictors(chance: &mut Chance) -> Vec<Predictor> {
    (0..AGENTS)
        .map(|_| {
            let mut predictor = Predictor::new(&Quantiles::network_prior(Class::Edge));
            for _ in 0..SEEN {
                predictor.observe(delay(chance));
            }
            predictor
        })
        .collect()
}

fn profiles(chance: &mut Chance) -> Vec<Profile> {
    let mut slopes = ClassSlopes::default();
    (0..AGENTS)
        .map(|_| {
            let mut profile = Profile::new(Class::Edge);
            for _ in 0..SEEN {
                let acknowledged = Acknowledged {
                    arrival: Some(delay(chance)),
                    processing: delay(chance),
                    weight: Weight::default(),
                    queue: 0,
                };
                profile.acknowledged(&acknowledged, &mut slopes, Moment(0));
            }
            profile
        })
        .collect()
}

/// §3.1 for everybody: lead times, send times, and who is sent to in which bucket.
fn schedule(profiles: &[Profile], slopes: &ClassSlopes) -> (BTreeMap<Moment, u32>, u32) {
    let (now, target) = (Moment(0), Moment(150_000));
    let (mut buckets, mut skipped) = (BTreeMap::new(), 0);
    for profile in profiles {
        let lead = profile.lead_time(slopes, Weight::default(), 0, ON_TIME, Micros(100));
        match slotting(now, target, lead.lead) {
            Slotting::Send(at) => *buckets.entry(at).or_default() += 1,
            Slotting::Skip { .. } => skipped += 1,
        }
    }
    (buckets, skipped)
}

/// A registry of the default shape, everybody active and measured.
fn table(chance: &mut Chance) -> Table {
    let now = Moment(0);
    let mut table = Table::of_shape(Shape::default(), |_| Class::Edge, now);
    for (index, agent) in Shape::default().all_agents().enumerate() {
        let class = Class::ALL[index / 30 % Class::ALL.len()];
        let update = RowUpdate {
            state: State::Active,
            queue: chance.below(5) as u32,
            impedance: (!class.is_human()).then(|| Impedance(delay(chance))),
            silent_for: Some(Micros::ZERO),
            ..RowUpdate::unknown(class)
        };
        if let Err(refused) = table.apply(agent, &update, now) {
            panic!("{refused}");
        }
    }
    table
}

fn decide(states: &[Trinary]) -> quorum::Quorum {
    let mut counts = Counts::default();
    for state in states {
        counts.count(*state);
    }
    quorum::decide(counts, Thresholds::DEFAULT)
}
