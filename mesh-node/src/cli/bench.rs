//! `mesh-node bench`: the figures of a mesh that runs.

use super::{Bench, DriverName, say, watched};
use anyhow::Context;
use mesh_node::bench::{self, Driver, Fleet, Plan};
use std::fmt::Write;

/// Measures and prints.
pub(super) fn run(args: &Bench) -> anyhow::Result<bool> {
    let driver = match args.driver {
        DriverName::Local => Driver::Local,
        DriverName::Nats => Driver::Nats(Fleet {
            hosts: args.hosts,
            signed: args.signed,
            raw: args.raw,
            server: args.server.clone(),
            host: std::env::current_exe().context("cannot find this program")?,
        }),
    };
    let plan = Plan {
        driver,
        agents: args.agents,
        rounds: args.rounds,
        threads: args.threads.map(usize::from),
        seed: args.seed,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start a runtime")?;
    let show = watched();
    let report = runtime.block_on(bench::run(&plan, |next| {
        if show {
            eprintln!("{next}");
        }
    }))?;
    if args.json {
        say(&(serde_json::to_string(&report).context("cannot write the report")? + "\n"));
        return Ok(true);
    }
    let value = serde_json::to_value(&report).context("cannot write the report")?;
    let mut text = String::new();
    for (key, value) in value.as_object().into_iter().flatten() {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{key:<24} {value}");
    }
    say(&text);
    Ok(true)
}

/// Runs as one more process of a benchmark.
pub(super) fn host() -> anyhow::Result<bool> {
    bench::host::run(std::io::stdin().lock(), std::io::stdout().lock())?;
    Ok(true)
}
