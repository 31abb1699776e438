//! `mesh lab`: a mesh of modelled devices in this process, with a door that consoles may come to and leave.

use super::{AGENTS, Ending, address};
use anyhow::Context as _;
use clap::ArgMatches;
use mesh_node::door::socket::Socket;
use mesh_node::drive::local::{Config, Local, Situation};
use std::process::ExitCode;
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};

/// Until a signal comes.
pub(super) fn run(matches: &ArgMatches, connect: Option<&str>) -> anyhow::Result<ExitCode> {
    let agents = matches.get_one::<u32>("agents").copied().unwrap_or(AGENTS);
    let address = address(connect)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate()).context("listening for signals")?;
        let mut interrupt = signal(SignalKind::interrupt()).context("listening for signals")?;
        let socket = Socket::bind(&address)?;
        let mut config = Config::lab(agents);
        if let mesh_node::door::Address::Name(name) = &address {
            config.name.clone_from(name);
        }
        if agents >= crate::run::STUCK_MIN {
            config.situation = Situation::StuckPis;
        }
        let local = Local::start(config)?;
        println!(
            "LAB: {agents} agents on modelled devices; mesh --connect {address}   Ctrl-C ends it"
        );
        let door = tokio::spawn(socket.serve(Arc::clone(local.porter())));
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        local.stop("the lab has ended");
        // Whoever is connected is told so; nobody is waited for.
        let _ = tokio::time::timeout(std::time::Duration::from_millis(200), door).await;
        Ok(Ending::Well.into())
    })
}
