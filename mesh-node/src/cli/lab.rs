//! `mesh-node lab`: a whole mesh in this process, with a door for consoles, until it is told to end.

use super::{Lab, SituationArg, say};
use anyhow::Context;
use mesh_core::place::AgentId;
use mesh_node::door::Address;
use mesh_node::door::socket::Socket;
use mesh_node::drive::local::{Config, Local, Situation};
use mesh_node::observe::{self, Logs, Metrics, Page, Unit};
use mesh_node::worker::Spec;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};

/// Runs until a signal comes.
pub(super) fn run(args: &Lab) -> anyhow::Result<bool> {
    observe::init(&Logs {
        filter: args.log.clone(),
        json: args.log_json,
    })?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the door's runtime")?;
    runtime.block_on(serve(args))?;
    Ok(true)
}

async fn serve(args: &Lab) -> anyhow::Result<()> {
    // The signals first: a mesh that is there can be ended.
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    let socket = Socket::bind(&args.name)?;
    let config = Config {
        name: match &args.name {
            Address::Name(name) => name.clone(),
            Address::Path(path) => {
                let stem = path.file_stem().unwrap_or_default();
                stem.to_string_lossy().into_owned()
            }
        },
        seed: args.seed,
        store: args.store.clone(),
        threads: args.threads.map(usize::from),
        situation: match args.situation {
            SituationArg::Calm => Situation::Calm,
            SituationArg::StuckPis => Situation::StuckPis,
        },
        workers: workers(&args.worker)?,
        worker_log: worker_log(args)?,
        ..Config::lab(args.agents)
    };
    let real = config.workers.len();
    let local = Arc::new(Local::start(config)?);
    let page = match args.metrics {
        Some(at) => Some(page(at, &local).await?),
        None => None,
    };
    let real = match real {
        0 => String::new(),
        1 => ", 1 of them with a real worker".to_owned(),
        many => format!(", {many} of them with real workers"),
    };
    let metrics = page
        .as_ref()
        .map(|page| format!(", metrics at http://{}/metrics", page.at()));
    let up = format!(
        "LAB {}: {} agents on modelled devices{real}, door at {}{}",
        local.porter().welcome().mesh,
        args.agents,
        socket.path().display(),
        metrics.unwrap_or_default()
    );
    say(&format!("{up}\n"));
    let unit = Unit::default();
    unit.ready(&up);
    let pages = page.map(|page| tokio::spawn(page.serve(std::future::pending())));
    let door = tokio::spawn(socket.serve(Arc::clone(local.porter())));
    let reason = tokio::select! {
        _ = terminate.recv() => "the lab was terminated",
        _ = interrupt.recv() => "the lab was interrupted",
        () = unit.watch(|| true) => unreachable!("a watch does not end"),
    };
    unit.stopping();
    if let Some(pages) = pages {
        pages.abort();
        // What the page held of the mesh is let go with it.
        let _ = pages.await;
    }
    if let Some(local) = Arc::into_inner(local) {
        local.stop(reason);
    }
    // Connections get the reason before the runtime goes; who does not read it has a moment and no more.
    let guests = tokio::time::sleep(std::time::Duration::from_millis(100));
    let (door, ()) = tokio::join!(door, guests);
    door.context("the door failed")
}

/// The pages of a lab: its counts, and whether somebody orchestrates.
async fn page(at: SocketAddr, local: &Arc<Local>) -> anyhow::Result<Page> {
    let metrics = Metrics::install()?;
    let (counted, asked) = (Arc::clone(local), Arc::clone(local));
    let page = Page::bind(
        at,
        metrics,
        move || counted.publish(),
        move || asked.health(),
    );
    Ok(page.await?)
}

/// Who runs what: `PLACE=WORKER`, each place once.
fn workers(given: &[(AgentId, Spec)]) -> anyhow::Result<BTreeMap<AgentId, Spec>> {
    let mut workers = BTreeMap::new();
    for (place, spec) in given {
        if workers.insert(*place, spec.clone()).is_some() {
            anyhow::bail!("{place} was given two workers; an agent has one");
        }
    }
    Ok(workers)
}

/// Where the workers' log is: as it was said, or under the state directory.
fn worker_log(args: &Lab) -> anyhow::Result<Option<PathBuf>> {
    if args.worker.is_empty() || args.worker_log.is_some() {
        return Ok(args.worker_log.clone());
    }
    let absolute = |name: &str| {
        let path = PathBuf::from(std::env::var_os(name)?);
        path.is_absolute().then_some(path)
    };
    let state = absolute("XDG_STATE_HOME")
        .or_else(|| Some(absolute("HOME")?.join(".local/state")))
        .context("there is no state directory: set XDG_STATE_HOME or HOME, or name a file with --worker-log")?;
    let name = match &args.name {
        Address::Name(name) => name.clone(),
        Address::Path(path) => {
            let stem = path.file_stem().unwrap_or_default();
            stem.to_string_lossy().into_owned()
        }
    };
    Ok(Some(state.join("mesh").join(name).join("workers.log")))
}
