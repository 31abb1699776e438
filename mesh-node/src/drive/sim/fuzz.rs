//! Scenarios by chance until one breaks an invariant, and the smallest one that still does.

use super::figures::{Report, run};
use super::scenario::Scenario;
use mesh_core::chance::Chance;

/// Runs that shrinking may take: every simpler scenario is tried at most, and few have more than a hundred.
const TRIES_MAX: usize = 2_000;

/// So much of what is wrong tells one kind from another.
const KIND_MAX: usize = 40;

/// The scenario with this number among those of a seed. Each is independent of all others.
pub fn nth(seed: u64, number: u64) -> Scenario {
    let mut scenario = Scenario::random(&mut Chance::new(seed).split(number));
    scenario.name = format!("random {seed}/{number}");
    scenario
}

/// The simplest scenario that can be found from `scenario`, which came to `report`, in which the same thing is wrong first.
/// Stops early when `more` says that there is no time.
pub fn shrink(
    scenario: Scenario,
    report: Report,
    mut more: impl FnMut() -> bool,
) -> (Scenario, Report) {
    let wrong = wrong(&report);
    let mut smallest = (scenario, report);
    let mut tries = 0;
    'again: loop {
        let candidates: Vec<Scenario> = smallest.0.simpler().collect();
        for candidate in candidates {
            tries += 1;
            if tries > TRIES_MAX || !more() {
                return smallest;
            }
            let report = run(candidate.clone(), |_| {});
            if self::wrong(&report) == wrong {
                smallest = (candidate, report);
                continue 'again;
            }
        }
        return smallest;
    }
}

/// What is wrong first, without its numbers: who and when may differ from one scenario to a smaller one.
fn wrong(report: &Report) -> Option<String> {
    let broken = report.broken.first().map(|first| &first.what);
    let unmet = || report.verdicts.iter().find(|verdict| !verdict.met);
    let what = broken.or_else(|| unmet().map(|verdict| &verdict.what))?;
    Some(
        what.chars()
            .filter(|c| !c.is_ascii_digit())
            .take(KIND_MAX)
            .collect(),
    )
}
