//! `mesh-node store`: what a store has, whether its logs are whole, backup and restore.

use super::run::store;
use super::{StoreArgs, StoreCommand, say};
use anyhow::Context;
use mesh_core::place::AgentId;
use mesh_core::time::WallTime;
use mesh_node::config::Given;
use mesh_node::store::{Contents, Location, LogFound, Point, Store, StoreError};
use serde_json::json;
use std::time::{Duration, UNIX_EPOCH};

/// Does what is asked; whether the logs are whole.
pub(super) fn run(args: &StoreArgs) -> anyhow::Result<bool> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the store's runtime")?;
    runtime.block_on(async {
        match &args.command {
            StoreCommand::Show { json, run } => show(*json, &run.given()?).await,
            StoreCommand::Verify { json, run } => verify(*json, &run.given()?).await,
            StoreCommand::Backup { file, run } => {
                let mut store = existing(&run.given()?).await?;
                let archived = store.back_up(file).await?;
                say(&format!(
                    "{}: {} rows, {} bytes\n",
                    file.display(),
                    archived.rows,
                    archived.bytes
                ));
                store.close().await?;
                Ok(true)
            }
            StoreCommand::Restore { file, run } => {
                let at = store(&run.given()?)?;
                let archived = Store::restore(&at, file).await?;
                say(&format!("{at}: {} rows restored\n", archived.rows));
                Ok(true)
            }
            StoreCommand::Bench {
                agents,
                store,
                json,
            } => bench(*agents, store.as_ref(), *json).await,
            StoreCommand::History { place, json, run } => {
                history(*place, *json, &run.given()?).await
            }
        }
    })
}

async fn existing(given: &Given) -> anyhow::Result<Store> {
    Ok(Store::existing(&store(given)?).await?)
}

async fn show(as_json: bool, given: &Given) -> anyhow::Result<bool> {
    let mut store = existing(given).await?;
    let contents = store.contents().await?;
    if as_json {
        say(&(serde_json::to_string(&contents)? + "\n"));
    } else {
        say(&format!(
            "store {}\n{}",
            store.location(),
            listed(&contents)
        ));
    }
    store.close().await?;
    Ok(true)
}

fn listed(contents: &Contents) -> String {
    let lines = [
        ("tasks without an outcome", contents.tasks_open),
        ("tasks with one", contents.tasks_ended),
        ("rows of the audit log", contents.audit),
        ("rows of the conflict log", contents.conflicts),
        ("pieces of data in quarantine", contents.held),
        ("entries of desired state", contents.levels),
        ("proof sheets", contents.sheets),
        ("backups of the mesh", contents.backups),
        ("rows of history", contents.history),
        ("highest epoch that wrote", contents.epoch),
        ("times opened", contents.openings),
    ];
    let line = |(name, count): &(&str, u64)| format!("  {name:<30} {count:>10}\n");
    lines.iter().map(line).collect()
}

async fn verify(as_json: bool, given: &Given) -> anyhow::Result<bool> {
    let mut store = existing(given).await?;
    let (audit, conflicts) = (store.verify_audit().await?, store.verify_conflicts().await?);
    let whole = audit.altered.is_none() && conflicts.altered.is_none();
    if as_json {
        let found = json!({ "audit": audit, "conflicts": conflicts, "whole": whole });
        say(&format!("{found}\n"));
    } else {
        say(&(told("audit log", &audit) + &told("conflict log", &conflicts)));
    }
    store.close().await?;
    Ok(whole)
}

fn told(name: &str, found: &LogFound) -> String {
    match &found.altered {
        None => format!(
            "{name}: {} rows in {} chains, all as they were written\n",
            found.rows, found.chains
        ),
        Some(altered) => format!("{name}: row {} {}\n", altered.number, altered.what),
    }
}

async fn bench(agents: u32, at: Option<&Location>, as_json: bool) -> anyhow::Result<bool> {
    let folder = tempfile::tempdir().context("cannot make a folder for the store")?;
    let temporary = Location::File(folder.path().join("bench.db"));
    let figures = mesh_node::bench::store::store(at.unwrap_or(&temporary), agents).await?;
    if as_json {
        say(&(serde_json::to_string(&figures)? + "\n"));
    } else {
        let ((look, worst), (median, high)) = (figures.history_ms, figures.conflict_ms);
        say(&format!(
            "store {}\n  history of {} agents     {look:.1} ms, worst {worst:.1} ms\n  \
             a conflict, synced        p50 {median:.2} ms, p99 {high:.2} ms\n  \
             tasks, many to a commit   {:.0} a second\n",
            figures.store, figures.agents, figures.tasks_per_s
        ));
    }
    Ok(true)
}

async fn history(place: AgentId, as_json: bool, given: &Given) -> anyhow::Result<bool> {
    let mut store = existing(given).await?;
    let points = store.history(place.cluster, WallTime(0)).await?;
    let mut text = String::new();
    if !as_json {
        text.push_str(&format!(
            "{:<29} {:>9} {:>8} {:>9}  active\n",
            "since", "over", "mean ms", "worst ms"
        ));
    }
    for point in &points {
        text.push_str(&line(place, as_json, point));
    }
    say(&text);
    store.close().await.map_err(StoreError::into).map(|()| true)
}

fn line(place: AgentId, as_json: bool, point: &Point) -> String {
    let Some(agent) = point.agents.iter().find(|agent| agent.slot == place.slot()) else {
        return String::new();
    };
    let minutes = point.step.length().0 / 60_000_000;
    let millis = |value: u32| (agent.known > 0).then(|| f64::from(value) / 1_000.0);
    let active = f64::from(agent.active) / f64::from(agent.looks.max(1));
    if as_json {
        let object = json!({
            "at": point.at,
            "minutes": minutes,
            "mean_ms": millis(agent.mean),
            "worst_ms": millis(agent.worst),
            "active_share": active,
        });
        return format!("{object}\n");
    }
    let shown = |value: u32| millis(value).map_or_else(|| "-".to_owned(), |ms| format!("{ms:.1}"));
    format!(
        "{:<29} {:>5} min {:>8} {:>9}  {:.0} %\n",
        httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_micros(point.at.0.max(0) as u64)),
        minutes,
        shown(agent.mean),
        shown(agent.worst),
        active * 100.0
    )
}
