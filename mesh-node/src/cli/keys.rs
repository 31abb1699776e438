//! `mesh-node keys`: a mesh's root, and how nodes join.

use super::run::home;
use super::{CauseArg, KeysArgs, KeysCommand, say};
use anyhow::Context;
use mesh_core::time::{Boot, WallTime};
use mesh_core::trust::certificate::{Cause, LIFETIME_MAX};
use mesh_core::trust::{Keyring, Scheme, Signer as _};
use mesh_node::config::Given;
use mesh_node::drive::local::clock::RealClock;
use mesh_node::drive::nats::{LinkConfig, announce_revoked};
use mesh_node::trust::{AskedAgent, Bundle, Home, Request, Signed};
use std::fmt::Write as _;
use std::io::{BufRead as _, IsTerminal as _, Read as _, Write as _};
use std::path::Path;

/// Bytes of a request or a bundle at most.
const FILE_MAX: u64 = 128 * 1024 * 1024;
/// Microseconds of a day.
const DAY: i64 = 24 * 3_600 * 1_000_000;

/// Does what is asked.
pub(super) fn run(args: &KeysArgs) -> anyhow::Result<bool> {
    match &args.command {
        KeysCommand::Init { folder } => {
            let home = Home::at(folder);
            let root = home.make_root()?;
            say(&format!(
                "root {} of a new mesh: its secret is {}\nKeep it off the mesh's machines: whoever has it has the mesh.\n",
                root.id(),
                home.folder().join("root.key").display()
            ));
        }
        KeysCommand::Request(run) => {
            let given = run.given()?;
            given.checked_shape()?;
            let identity = home(&given)?.identity(given.agents.keys().copied())?;
            let agents = given.agents.iter().filter_map(|(place, spec)| {
                let key = identity.agents.get(place)?.public();
                let class = spec.class();
                let place = *place;
                Some(AskedAgent { place, class, key })
            });
            let request = Request {
                mesh: given.mesh()?.to_owned(),
                node: identity.node.public(),
                seats: given.seats.clone(),
                agents: agents.collect(),
            };
            let text = serde_json::to_string_pretty(&request.sign(&identity));
            say(&(text.context("cannot write the request")? + "\n"));
        }
        KeysCommand::Admit { request, root, yes } => {
            let signed: Signed = read(request)?;
            signed.check()?;
            let root = Home::at(root).root()?;
            eprint!("{}", described(&signed.request));
            if !yes && !confirmed()? {
                anyhow::bail!("nobody was admitted");
            }
            let bundle = signed.grant(&root, now())?;
            let text = serde_json::to_string_pretty(&bundle);
            say(&(text.context("cannot write the bundle")? + "\n"));
        }
        KeysCommand::Install { bundle, run } => {
            let given = run.given()?;
            let home = home(&given)?;
            let bundle: Bundle = read(bundle)?;
            let identity = home.identity(given.agents.keys().copied())?;
            bundle.check(&identity, now())?;
            home.keep(&bundle)?;
            say(&format!(
                "node {} belongs to the mesh of root {}\n",
                identity.node.id(),
                bundle.root.id()
            ));
        }
        KeysCommand::Revoke {
            request,
            root,
            cause,
        } => {
            let signed: Signed = read(request)?;
            signed.check()?;
            let root = Home::at(root).root()?;
            let cause = match cause {
                CauseArg::Compromised => Cause::Compromised,
                CauseArg::Left => Cause::Left,
                CauseArg::Misbehaved => Cause::Misbehaved,
            };
            let bundle = signed.request.revoke(&root, cause, now());
            let text = serde_json::to_string_pretty(&bundle);
            say(&(text.context("cannot write the revocation")? + "\n"));
        }
        KeysCommand::Announce { revocation, run } => announce(revocation, &run.given()?)?,
        KeysCommand::Show(run) => {
            let given = run.given()?;
            let home = home(&given)?;
            let identity = home.identity(given.agents.keys().copied())?;
            let mut text = format!("node {}\n", identity.node.id());
            for (place, key) in &identity.agents {
                // Writing to a string cannot fail.
                let _ = writeln!(text, "agent {place} {}", key.id());
            }
            match home.bundle()? {
                None => text.push_str("not admitted\n"),
                Some(bundle) => {
                    let state = match bundle.check(&identity, now()) {
                        Ok(()) => "its certificates hold".to_owned(),
                        Err(error) => error.to_string(),
                    };
                    let _ = writeln!(text, "mesh of root {}: {state}", bundle.root.id());
                }
            }
            say(&text);
        }
    }
    Ok(true)
}

/// Lays a revocation down where every node of the mesh hears of it.
fn announce(revocation: &Path, given: &Given) -> anyhow::Result<()> {
    let revocation: Bundle = read(revocation)?;
    let own = home(given)?.bundle()?;
    let own = own.context("this node was not admitted itself, so the mesh does not know it")?;
    anyhow::ensure!(
        own.root == revocation.root,
        "the revocation is of the mesh of root {}, this node belongs to that of {}",
        revocation.root.id(),
        own.root.id()
    );
    let most = revocation.certificates.len() + 1;
    let mut keyring = Keyring::new(Scheme::Ed25519, own.root, most)?;
    let mut revoked = Vec::new();
    for certificate in revocation.bytes() {
        let certificate = certificate?;
        let key = keyring.admit(&certificate, now())?;
        anyhow::ensure!(keyring.revoked(key).is_some(), "it does not revoke {key}");
        revoked.push((key, certificate));
    }
    let count = revoked.len();
    let link = LinkConfig {
        servers: given.servers.clone(),
        credentials: given.credentials.clone(),
        authority: given.authority.clone(),
        replicas: given.replicas.unwrap_or(1),
        ..LinkConfig::to(given.mesh()?, "", Boot(0))
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the connection's runtime")?;
    runtime.block_on(announce_revoked(&link, revoked))?;
    say(&format!("{count} keys are believed no longer\n"));
    Ok(())
}

/// What a request asks, for whoever decides.
fn described(request: &Request) -> String {
    let mesh = mesh_core::text::Foreign::new(request.mesh.clone());
    let mut text = format!(
        "node {} asks to join mesh {mesh} for {} days\n",
        request.node.id(),
        LIFETIME_MAX.0 / DAY
    );
    for seat in &request.seats {
        let _ = writeln!(text, "  to stand for the {seat}");
    }
    for agent in &request.agents {
        let _ = writeln!(
            text,
            "  to host agent {} ({}), key {}",
            agent.place,
            agent.class.word(),
            agent.key.id()
        );
    }
    text
}

fn confirmed() -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        anyhow::bail!("nobody is there to say yes; look at the request and give --yes");
    }
    eprint!("Admit it? [y/N] ");
    std::io::stderr().flush()?;
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(matches!(line.trim(), "y" | "yes"))
}

/// A JSON file, or the standard input for `-`.
fn read<T: serde::de::DeserializeOwned>(path: &Path) -> anyhow::Result<T> {
    let mut text = String::new();
    let name = path.display();
    if path.as_os_str() == "-" {
        std::io::stdin()
            .lock()
            .take(FILE_MAX)
            .read_to_string(&mut text)?;
    } else {
        let file = std::fs::File::open(path).with_context(|| format!("cannot read {name}"))?;
        file.take(FILE_MAX)
            .read_to_string(&mut text)
            .with_context(|| format!("cannot read {name}"))?;
    }
    serde_json::from_str(&text).with_context(|| format!("{name} is not what it should be"))
}

fn now() -> WallTime {
    RealClock::start().wall()
}
