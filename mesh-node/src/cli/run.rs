//! `mesh-node run`: this machine's share of a mesh over a broker, until it is told to end.

use super::{RunArgs, say};
use anyhow::Context;
use mesh_core::time::WallTime;
use mesh_core::trust::Scheme;
use mesh_core::trust::seat::Seat;
use mesh_node::config::Given;
use mesh_node::door::Address;
use mesh_node::door::socket::Socket;
use mesh_node::drive::local::clock::RealClock;
use mesh_node::drive::local::{Config, Devices, Hosting, Part};
use mesh_node::drive::nats::{Keys, LinkConfig, Nats};
use mesh_node::observe::{self, Logs, Metrics, Page, Unit};
use mesh_node::store::Location;
use mesh_node::trust::Home;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// How long the first connection may take.
const CONNECT: Duration = Duration::from_secs(10);

/// How long work has to come to its end when the node is to end.
const DRAIN: Duration = Duration::from_secs(20);

/// Runs until a signal comes.
pub(super) fn run(args: &RunArgs) -> anyhow::Result<bool> {
    let given = args.given()?;
    observe::init(&Logs {
        filter: given.log.clone().unwrap_or_else(|| Logs::default().filter),
        json: given.log_json.unwrap_or(false),
    })?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the door's runtime")?;
    runtime.block_on(serve(&given))?;
    Ok(true)
}

/// Where the keys and certificates of this node are.
pub(super) fn home(given: &Given) -> anyhow::Result<Home> {
    match &given.state {
        Some(folder) => Ok(Home::at(folder)),
        None => Home::of(given.mesh()?)
            .context("there is no state directory: set XDG_STATE_HOME or HOME, or give --state"),
    }
}

/// Where the store is: as it was said, or beside the keys.
pub(super) fn store(given: &Given) -> anyhow::Result<Location> {
    match &given.store {
        Some(location) => Ok(location.clone()),
        None => Ok(Location::File(home(given)?.folder().join("mesh.db"))),
    }
}

async fn serve(given: &Given) -> anyhow::Result<()> {
    // The signals first: a node that is there can be ended.
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    let mesh = given.mesh()?.to_owned();
    let clock = RealClock::start();
    let (config, link, keys) = prepare(given, &mesh, clock.wall())?;
    let orchestrates = given.seats.contains(&Seat::Orchestrator);
    // Two that stand for the seat on one machine have two states, but one door: whoever comes second has none.
    let socket = if orchestrates {
        Some(Socket::bind(&Address::Name(mesh.clone()))?)
    } else {
        None
    };
    let node = Arc::new(Nats::start(config, link, keys, clock)?);
    let page = match given.metrics {
        Some(at) => {
            let (counted, asked) = (Arc::clone(&node), Arc::clone(&node));
            let refresh = move || counted.publish();
            let health = move || asked.local().health();
            Some(Page::bind(at, Metrics::install()?, refresh, health).await?)
        }
        None => None,
    };
    let door = socket
        .as_ref()
        .map(|socket| format!(", door at {}", socket.path().display()));
    let metrics = page
        .as_ref()
        .map(|page| format!(", metrics at http://{}/metrics", page.at()));
    let up = format!(
        "{mesh}: stands for {} seats, hosts {} agents{}{}",
        given.seats.len(),
        given.agents.len(),
        door.unwrap_or_default(),
        metrics.unwrap_or_default(),
    );
    say(&format!("{up}\n"));
    let unit = Unit::default();
    unit.ready(&up);
    let pages = page.map(|page| tokio::spawn(page.serve(std::future::pending())));
    let door = socket.map(|socket| tokio::spawn(socket.serve(Arc::clone(node.local().porter()))));
    let reason = tokio::select! {
        _ = terminate.recv() => "the node was terminated",
        _ = interrupt.recv() => "the node was interrupted",
        () = unit.watch(|| true) => unreachable!("a watch does not end"),
    };
    unit.stopping();
    // What runs comes to its end, unless somebody says it again.
    tokio::select! {
        all = node.local().drain(DRAIN) => {
            if !all {
                tracing::warn!("some of what ran did not end within {} s and is ended now", DRAIN.as_secs());
            }
        }
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    if let Some(pages) = pages {
        pages.abort();
        // What the page held of the node is let go with it.
        let _ = pages.await;
    }
    if let Some(node) = Arc::into_inner(node) {
        node.stop(reason);
    }
    // Connections get the reason before the runtime goes; who does not read it has a moment and no more.
    tokio::time::sleep(Duration::from_millis(100)).await;
    if let Some(door) = door {
        door.abort();
    }
    Ok(())
}

/// What is to run, how the broker is reached, and with which keys.
fn prepare(given: &Given, mesh: &str, now: WallTime) -> anyhow::Result<(Config, LinkConfig, Keys)> {
    let shape = given.checked_shape()?;
    anyhow::ensure!(
        !given.servers.is_empty(),
        "no broker is named: write `servers` in the file, or give --server"
    );
    let home = home(given)?;
    let identity = home.identity(given.agents.keys().copied())?;
    let bundle = home.bundle()?.with_context(|| {
        format!(
            "this node was not admitted: there is no certificates.json in {}; make a request with `mesh-node keys request`, \
             have it answered with `mesh-node keys admit`, and take the answer in with `mesh-node keys install`",
            home.folder().display()
        )
    })?;
    bundle.check(&identity, now)?;
    let certificates = bundle.bytes().collect::<Result<Vec<_>, _>>()?;
    let keys = Keys::new(
        Scheme::Ed25519,
        bundle.root,
        identity.node,
        identity.agents,
        now,
    )?;
    for certificate in &certificates {
        keys.admit(certificate, now)?;
    }
    let mut part = Part::default();
    for seat in &given.seats {
        match seat {
            Seat::Orchestrator => part.orchestrator = Some(0),
            Seat::Coordinator(sector) => drop(part.coordinators.insert(*sector, 0)),
            Seat::Lead(cluster) => drop(part.leads.insert(*cluster, 0)),
        }
    }
    for place in given.agents.keys() {
        let slots = part.agents.entry(place.cluster).or_default();
        slots.insert(place.slot());
    }
    let config = Config {
        name: mesh.to_owned(),
        seed: u64::from(home.boot()?.0),
        devices: Devices::Real,
        shape: Some(shape),
        load_every: None,
        churn: 0.0,
        workers: given.agents.clone(),
        worker_log: (!given.agents.is_empty()).then(|| home.folder().join("workers.log")),
        store: store(given)?,
        hosting: Hosting::Part(Box::new(part)),
        ..Config::lab(shape.agent_count() as u32)
    };
    let link = LinkConfig {
        mesh: mesh.to_owned(),
        servers: given.servers.clone(),
        credentials: given.credentials.clone(),
        authority: given.authority.clone(),
        wait: CONNECT,
        replicas: given.replicas.unwrap_or(1),
        boot: mesh_core::time::Boot(config.seed as u32),
        certificates,
    };
    Ok((config, link, keys))
}
