//! `mesh-node sim --fuzz`: random scenarios until the time is up or an invariant breaks; then the smallest that breaks it.

use super::sim::{blame, quoted};
use super::{Sim, complain, say, watched};
use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use mesh_node::drive::sim::{Report, fuzz, run as simulate};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Of the scenarios, where none is given.
pub(super) const SEED: u64 = 1;

/// Whether nothing was found.
pub(super) fn run(args: &Sim) -> anyhow::Result<bool> {
    let seed = args.seed.unwrap_or(SEED);
    let begun = Instant::now();
    let limit = Duration::from_secs(u64::from(args.fuzz.unwrap_or(0)));
    let most = args.count.unwrap_or(u64::MAX);
    if args.all {
        return Ok(all(args, seed, || begun.elapsed() < limit));
    }
    let bar = watched().then(spinner);
    let mut tried = 0;
    let mut found = None;
    while begun.elapsed() < limit && tried < most {
        let scenario = fuzz::nth(seed, args.from + tried);
        tried += 1;
        if let Some(bar) = &bar {
            bar.set_position(tried);
        }
        let report = simulate(scenario.clone(), |_| {});
        if !report.holds() {
            found = Some((scenario, report));
            break;
        }
    }
    let shrunk = found.map(|(scenario, report)| {
        // Shrinking has as long again as there was to search.
        fuzz::shrink(scenario, report, || begun.elapsed() < limit + limit)
    });
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    let summary = serde_json::json!({
        "scenarios": tried,
        "seed": seed,
        "wall_s": begun.elapsed().as_secs_f64(),
        "violations": shrunk.as_ref().map_or(0, |(_, report)| report.violations),
        "broken": shrunk.as_ref().map(|(_, report)| &report.broken),
        "scenario": shrunk.as_ref().map(|(scenario, _)| scenario.to_toml()),
    });
    let Some((scenario, report)) = shrunk else {
        say(&if args.json {
            format!("{summary}\n")
        } else {
            format!("{tried} random scenarios of seed {seed}: everything held\n")
        });
        return Ok(true);
    };
    let text = written(&scenario.to_toml(), &report, seed, args.from + tried - 1);
    let replay = match &args.out {
        Some(path) => {
            std::fs::write(path, &text)
                .with_context(|| format!("--out {}: cannot be written", path.display()))?;
            format!("mesh-node sim --scenario {}", quoted(path))
        }
        None => {
            "save the scenario as found.toml, then mesh-node sim --scenario found.toml".to_owned()
        }
    };
    if args.json {
        say(&format!("{summary}\n"));
    } else if args.out.is_none() {
        say(&text);
    }
    complain(&format!(
        "scenario {} of seed {seed} breaks what must hold",
        args.from + tried - 1
    ));
    blame(&report, &replay);
    Ok(false)
}

/// Runs on all cores until the time or the scenarios are used up, and names every one that breaks something as it is found.
/// Whether none did.
fn all(args: &Sim, seed: u64, in_time: impl Fn() -> bool + Sync) -> bool {
    let most = args.count.unwrap_or(u64::MAX);
    let (next, broken) = (AtomicU64::new(0), Mutex::new(Vec::new()));
    let bar = watched().then(spinner);
    let one = |number: u64| {
        let report = simulate(fuzz::nth(seed, number), |_| {});
        if let Some(bar) = &bar {
            bar.inc(1);
        }
        if report.holds() {
            return;
        }
        let what = first_wrong(&report);
        let mut broken = broken.lock().expect("no run panics with the lock in hand");
        broken.push(number);
        complain(&format!(
            "{what}; again: mesh-node sim --random {number} --seed {seed}"
        ));
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while in_time() {
                    let nth = next.fetch_add(1, Ordering::Relaxed);
                    if nth >= most {
                        break;
                    }
                    one(args.from + nth);
                }
            });
        }
    });
    if let Some(bar) = &bar {
        bar.finish_and_clear();
    }
    let broken = broken
        .into_inner()
        .expect("no run panics with the lock in hand");
    let tried = next.into_inner().min(most);
    say(&if args.json {
        let summary = serde_json::json!({ "scenarios": tried, "from": args.from, "seed": seed, "broken": broken });
        format!("{summary}\n")
    } else {
        format!(
            "{tried} random scenarios of seed {seed}: {} broke something\n",
            broken.len()
        )
    });
    broken.is_empty()
}

/// What is wrong first, in words.
fn first_wrong(report: &Report) -> String {
    if let Some(broken) = report.broken.first() {
        return format!("at {:.3} s: {}", broken.at_s, broken.what);
    }
    let unmet = report.verdicts.iter().find(|verdict| !verdict.met);
    unmet.map_or_else(String::new, |verdict| {
        format!(
            "expected {} {}: {}",
            verdict.what, verdict.wanted, verdict.found
        )
    })
}

/// The scenario as a file that says what it shows.
fn written(toml: &str, report: &Report, seed: u64, number: u64) -> String {
    let what = report
        .broken
        .first()
        .map_or("an expectation is not met", |first| first.what.as_str());
    format!(
        "# Found by chance, as number {number} of seed {seed}, and made smaller: {what}\n{toml}"
    )
}

fn spinner() -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {pos} scenarios, {elapsed}");
    // The template is a constant that is known to be right.
    let style = style.unwrap_or_else(|_| ProgressStyle::default_spinner());
    ProgressBar::new_spinner().with_style(style)
}
