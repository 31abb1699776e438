//! `mesh-node sim --fuzz`: random scenarios until the time is up or an invariant breaks; then the smallest that breaks it.

use super::sim::{blame, quoted};
use super::{Sim, complain, say, watched};
use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use mesh_node::drive::sim::{Report, fuzz, run as simulate};
use std::time::{Duration, Instant};

/// Whether nothing was found.
pub(super) fn run(args: &Sim) -> anyhow::Result<bool> {
    let seed = args.seed.unwrap_or(1);
    let begun = Instant::now();
    let limit = Duration::from_secs(u64::from(args.fuzz.unwrap_or(0)));
    let in_time = || begun.elapsed() < limit;
    let bar = watched().then(spinner);
    let mut tried = 0;
    let mut found = None;
    while in_time() {
        let scenario = fuzz::nth(seed, tried);
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
    let text = written(&scenario.to_toml(), &report, seed, tried - 1);
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
        tried - 1
    ));
    blame(&report, &replay);
    Ok(false)
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
