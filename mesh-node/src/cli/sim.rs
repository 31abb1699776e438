//! `mesh-node sim`: one scenario from its beginning to its end.

use super::{Sim, complain, fuzz, say, table, watched};
use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use mesh_core::time::Micros;
use mesh_node::drive::sim::scenario::MeshSize;
use mesh_node::drive::sim::{self, Report, Scenario, Signatures};
use std::fmt::Write;
use std::path::Path;

/// Whether everything held.
pub(super) fn run(args: &Sim) -> anyhow::Result<bool> {
    let scenario = scenario(args)?;
    let bar = watched().then(progress);
    let report = sim::run(scenario, |done| {
        if let Some(bar) = &bar {
            bar.set_position((done * 100.0) as u64);
        }
    });
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    if args.json {
        say(&(serde_json::to_string(&report).context("cannot write the report")? + "\n"));
    } else {
        say(&table::of(&report));
    }
    blame(&report, &replay(args, &report));
    Ok(report.holds())
}

/// The scenario that the arguments name, with what they change of it.
fn scenario(args: &Sim) -> anyhow::Result<Scenario> {
    let mut scenario = match (&args.scenario, args.random) {
        (Some(path), _) => Scenario::load(path)?,
        // The seed says which, and the scenario has one of its own.
        (None, Some(number)) => sim::fuzz::nth(args.seed.unwrap_or(fuzz::SEED), number),
        (None, None) => Scenario {
            name: "default".to_owned(),
            ..Scenario::default()
        },
    };
    if let Some(agents) = args.agents {
        scenario.mesh = MeshSize::of_agents(agents);
    }
    if let Some(seconds) = args.seconds {
        scenario.duration = Micros::seconds(i64::from(seconds));
    }
    if let Some(seed) = args.seed.filter(|_| args.random.is_none()) {
        scenario.seed = seed;
    }
    if let Some(signatures) = args.signatures {
        scenario.signatures = signatures;
    }
    let name = scenario.name.clone();
    scenario.check(&name)?;
    Ok(scenario)
}

/// What broke and what was not met, one line each, and how to see it again.
pub(super) fn blame(report: &Report, replay: &str) {
    for violation in &report.broken {
        complain(&format!(
            "seed {}, event {}, at {:.6} s: {}; again: {replay}",
            report.seed, violation.event, violation.at_s, violation.what
        ));
    }
    let told = report.broken.len() as u64;
    if report.violations > told {
        complain(&format!("and {} more", report.violations - told));
    }
    for verdict in report.verdicts.iter().filter(|verdict| !verdict.met) {
        complain(&format!(
            "expected {} {}: {}",
            verdict.what, verdict.wanted, verdict.found
        ));
    }
}

/// The command that runs the same again.
fn replay(args: &Sim, report: &Report) -> String {
    let mut line = "mesh-node sim".to_owned();
    // Writing to a string cannot fail.
    if let Some(path) = &args.scenario {
        let _ = write!(line, " --scenario {}", quoted(path));
    }
    if let Some(number) = args.random {
        let _ = write!(line, " --random {number}");
    }
    if let Some(agents) = args.agents {
        let _ = write!(line, " --agents {agents}");
    }
    if let Some(seconds) = args.seconds {
        let _ = write!(line, " --seconds {seconds}");
    }
    if args.signatures == Some(Signatures::Ed25519) {
        line.push_str(" --signatures ed25519");
    }
    let seed = match args.random {
        Some(_) => args.seed.unwrap_or(fuzz::SEED),
        None => report.seed,
    };
    let _ = write!(line, " --seed {seed}");
    line
}

/// A path as a shell takes it.
pub(super) fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:,@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

fn progress() -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {percent:>3} %  {elapsed}, {eta} left");
    // The template is a constant that is known to be right.
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(100).with_style(style)
}
