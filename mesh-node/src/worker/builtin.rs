//! `builtin`: what this program does itself. Enough to try a mesh with, and to see what a host is.

use super::job::ended;
use super::{Asked, Contract, Doing, End, Job, Prepared};
use mesh_core::unit::Digest;
use serde::Deserialize;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// What it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Run {
    /// Gives back what it was given.
    Echo,
    /// The BLAKE3 hash of what it was given, in hex digits.
    Hash,
    /// Waits as many seconds as it was given, as in `0.5`.
    Sleep,
    /// What this host is, as one JSON object.
    Sysinfo,
}

impl Run {
    pub(super) const ALL: [Self; 4] = [Self::Echo, Self::Hash, Self::Sleep, Self::Sysinfo];

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Echo => "echo",
            Self::Hash => "hash",
            Self::Sleep => "sleep",
            Self::Sysinfo => "sysinfo",
        }
    }

    pub(super) const fn capabilities(self) -> &'static [&'static str] {
        match self {
            Self::Echo => &["echo"],
            Self::Hash => &["hash"],
            Self::Sleep => &["sleep"],
            Self::Sysinfo => &["sysinfo"],
        }
    }
}

/// One of them.
#[derive(Debug)]
pub(super) struct Worker {
    run: Run,
    contract: Contract,
}

impl Worker {
    pub(super) const fn new(run: Run, contract: Contract) -> Self {
        Self { run, contract }
    }
}

impl super::Worker for Worker {
    fn contract(&self) -> &Contract {
        &self.contract
    }

    fn prepare<'a>(&'a self, asked: &'a Asked) -> Doing<'a, Prepared> {
        Box::pin(async move {
            match self.run {
                // The answer is known before T: agents that are asked the same are compared by it.
                Run::Hash => Prepared::Answered(Digest::of(&asked.header.payload).short()),
                Run::Echo | Run::Sleep | Run::Sysinfo => Prepared::Ready,
            }
        })
    }

    fn act<'a>(&'a self, _: &'a Asked) -> Doing<'a, Result<(), End>> {
        Box::pin(async { Ok(()) })
    }

    fn task<'a>(&'a self, job: &'a Job) -> Doing<'a, Result<String, End>> {
        Box::pin(async move {
            match self.run {
                Run::Echo => Ok(job.material().to_owned()),
                Run::Hash => {
                    let digest = Digest::of(job.material().as_bytes());
                    Ok(mesh_core::text::hex(&digest.0))
                }
                Run::Sleep => rest(job).await,
                Run::Sysinfo => tokio::task::spawn_blocking(sysinfo)
                    .await
                    .map_err(|error| End::failed(format!("the host could not be read: {error}"))),
            }
        })
    }

    fn stop(&self) -> Doing<'_, ()> {
        Box::pin(async {})
    }
}

/// Waits; while it is paused its time stands still.
async fn rest(job: &Job) -> Result<String, End> {
    // The last word is the number: `sleep 2` and `2` are the same.
    let word = job.material().split_whitespace().last().unwrap_or_default();
    let seconds = word
        .parse()
        .ok()
        .and_then(|s| Duration::try_from_secs_f64(s).ok());
    let Some(mut left) = seconds else {
        return Err(End::failed(format!(
            "{word:?} is no number of seconds to sleep"
        )));
    };
    let over = job.over();
    tokio::pin!(over);
    loop {
        let begun = Instant::now();
        tokio::select! {
            () = sleep(left) => return Ok("slept".to_owned()),
            over = &mut over => return Err(ended(over, job.within, "the sleep")),
            _ = job.turned(false) => left = left.saturating_sub(begun.elapsed()),
        }
        job.paused(true);
        tokio::select! {
            over = &mut over => return Err(ended(over, job.within, "the sleep")),
            _ = job.turned(true) => job.paused(false),
        }
    }
}

/// What this host is. What the system does not tell is null.
fn sysinfo() -> String {
    use sysinfo::{MemoryRefreshKind, RefreshKind, System};
    let wanted = RefreshKind::nothing().with_memory(MemoryRefreshKind::everything());
    let system = System::new_with_specifics(wanted).ok();
    let load = System::load_average().ok();
    serde_json::json!({
        "os": System::long_os_version().ok(),
        "kernel": System::kernel_version().ok(),
        "arch": std::env::consts::ARCH,
        "cores": std::thread::available_parallelism().map_or(1, usize::from),
        "memory_mib": system.as_ref().map(|system| system.total_memory() >> 20),
        "available_mib": system.as_ref().map(|system| system.available_memory() >> 20),
        "uptime_s": System::uptime().ok(),
        "load": load.map(|load| [load.one, load.five, load.fifteen]),
    })
    .to_string()
}
