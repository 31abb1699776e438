//! What a store takes: history of a whole mesh at once, conflicts one at a time, tasks many at a time.

use crate::drive::local::clock::RealClock;
use crate::drive::sim::scenario::MeshSize;
use crate::store::{Location, Point, Store, StoreError, Write};
use mesh_core::conflict::log::{ConflictLog, Entry, Head, Mark, WriterId};
use mesh_core::message::{Epoch, Lamport};
use mesh_core::operation::task::{Task, TaskId};
use mesh_core::role::{KeptTask, Record};
use mesh_core::time::{Micros, Moment, WallTime};
use mesh_core::unit::Digest;
use serde::Serialize;
use std::sync::Arc;

/// Rounds of history.
const LOOKS: i64 = 10;
/// Conflicts, each with a commit of its own.
const CONFLICTS: u64 = 500;
/// Tasks, and how many share a commit.
const TASKS: usize = 10_000;
const TOGETHER: usize = 256;

/// What a store came to.
#[derive(Debug, Clone, Serialize)]
pub struct StoreFigures {
    /// Where it was.
    pub store: String,
    /// Agents of the mesh whose history was kept.
    pub agents: u32,
    /// One look at all of them, committed: the median and the worst, in milliseconds.
    pub history_ms: (f64, f64),
    /// One conflict appended and synced: the median and the 99th percentile, in milliseconds.
    pub conflict_ms: (f64, f64),
    /// Tasks committed in a second, many to a commit.
    pub tasks_per_s: f64,
}

/// A store that cannot be measured.
#[derive(Debug, thiserror::Error)]
pub enum StoreBenchError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It is in use.
    #[error("store {0} is not empty; measure a new one")]
    Used(Location),
}

/// Measures a new store.
pub async fn store(at: &Location, agents: u32) -> Result<StoreFigures, StoreBenchError> {
    let mut store = Store::open(at).await?;
    let there = store.contents().await?;
    if there.tasks_open + there.tasks_ended + there.audit + there.conflicts + there.history > 0 {
        return Err(StoreBenchError::Used(at.clone()));
    }
    let clock = RealClock::start();
    let figures = StoreFigures {
        store: at.to_string(),
        agents,
        history_ms: history(&mut store, clock, agents).await?,
        conflict_ms: conflicts(&mut store, clock).await?,
        tasks_per_s: tasks(&mut store, clock).await?,
    };
    store.close().await?;
    Ok(figures)
}

async fn write(store: &mut Store, at: WallTime, writes: &[Write]) -> Result<(), StoreError> {
    store
        .write(at, writes)
        .await
        .map_err(|failure| failure.error)
}

async fn history(
    store: &mut Store,
    clock: RealClock,
    agents: u32,
) -> Result<(f64, f64), StoreError> {
    let shape = MeshSize::of_agents(agents).shape();
    let mut times = Vec::new();
    for look in 0..LOOKS {
        let at = clock.wall() + Micros::seconds(60 * look);
        let all = shape
            .all_sectors()
            .flat_map(|sector| (0..shape.clusters).map(move |slot| sector.cluster(slot)));
        let point = |cluster| {
            let seen = (0..shape.agents)
                .map(|slot| (slot, true, Some(Micros::millis(i64::from(slot) + look))));
            Point::look(cluster, at, seen)
        };
        let points: Vec<Point> = all.map(point).collect();
        let begun = clock.now();
        write(store, at, &[points.into()]).await?;
        times.push(clock.now().since(begun));
    }
    Ok((quantile(&mut times, 0.5), quantile(&mut times, 1.0)))
}

async fn conflicts(store: &mut Store, clock: RealClock) -> Result<(f64, f64), StoreError> {
    let mut log = ConflictLog::new(WriterId([7; 32]));
    let mut times = Vec::new();
    for number in 0..CONFLICTS {
        // A head of another chain, as long as a row of a conflict without its data.
        let head = Head {
            writer: WriterId([8; 32]),
            count: number,
            hash: Digest::default(),
            mark: Mark([0; 64]),
        };
        let row = log.append(clock.wall(), Lamport(number), Entry::Anchor(head));
        let begun = clock.now();
        write(store, clock.wall(), &[Write::Row(Arc::new(row))]).await?;
        times.push(clock.now().since(begun));
    }
    Ok((quantile(&mut times, 0.5), quantile(&mut times, 0.99)))
}

async fn tasks(store: &mut Store, clock: RealClock) -> Result<f64, StoreError> {
    let begun = clock.now();
    let names: Vec<String> = (0..TASKS).map(|number| format!("bench-{number}")).collect();
    for some in names.chunks(TOGETHER) {
        let wall = clock.wall();
        let kept = some.iter().map(|name| {
            let id = TaskId::try_from(name.clone()).expect("letters and digits are an id");
            let task = Task::accepted(id, "bench".into(), Digest::default(), wall, Moment(0));
            let record = Record::Task(Box::new(KeptTask {
                task,
                to: None,
                input: Arc::from("input"),
                result: None,
                asked: None,
            }));
            Write::Record(Epoch(1), Arc::new(record))
        });
        let writes: Vec<Write> = kept.collect();
        write(store, wall, &writes).await?;
    }
    let seconds = clock.now().since(begun).0.max(1) as f64 / 1e6;
    Ok(TASKS as f64 / seconds)
}

/// In milliseconds; 1 is the worst.
fn quantile(times: &mut [Micros], share: f64) -> f64 {
    times.sort_unstable();
    let at = (times.len() as f64 * share).ceil() as usize;
    let time = times.get(at.max(1) - 1).copied().unwrap_or_default();
    time.0 as f64 / 1_000.0
}
