//! `mesh-node bench`: the figures of a mesh that runs, each with the definition that it has in the specification.
//!
//! Two meshes are measured, one after the other. The first has bare roles, with nothing between them and nothing to
//! process: its gathers are the protocol's own cost. The second is the lab with its modelled devices: start, memory, idle
//! cost, windows, prediction, spread and freeze are measured there, since that is what runs by default.

use crate::door::{Client, DoorError, Visitor};
use crate::drive::local::{Config, ConfigError, Local, Seen};
use crate::embed;
use crate::usage;
use mesh_core::message::ERROR_EDGES;
use mesh_core::operation::{Answer, Operation, Scopes};
use mesh_core::role::Order;
use mesh_core::throw::Sheet;
use mesh_core::time::Moment;
use serde::Serialize;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

/// How long a mesh may take until all of it is active.
const START_WAIT: Duration = Duration::from_secs(30);
/// How long a throw may take.
const THROW_WAIT: Duration = Duration::from_secs(20);
/// Over how long idleness is measured: two beats.
const IDLE_FOR: Duration = Duration::from_secs(10);
/// How long the lab is left to learn before its throws count.
const LEARNING: usize = 20;

/// What to measure.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Agents.
    pub agents: u32,
    /// Throws that count.
    pub rounds: u32,
    /// Threads; none is one a core.
    pub threads: Option<usize>,
    /// The seed.
    pub seed: u64,
}

/// Something that could not be measured.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The mesh could not be started.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Its door failed.
    #[error(transparent)]
    Door(#[from] DoorError),
    /// Something that was waited for did not come.
    #[error("{what} did not come within {seconds} s: {seen}")]
    Late {
        /// What.
        what: &'static str,
        /// How long was waited.
        seconds: u64,
        /// What was seen instead.
        seen: String,
    },
}

/// The middle, the upper end and the most.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spans {
    /// Median.
    pub p50: f64,
    /// 95th percentile.
    pub p95: f64,
    /// The most.
    pub max: f64,
}

/// Prediction error.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ErrorSpans {
    /// Median.
    pub p50: f64,
    /// 90th percentile.
    pub p90: f64,
}

/// Release spread.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SpreadSpans {
    /// Median.
    pub p50: f64,
    /// 99th percentile.
    pub p99: f64,
}

/// A freeze of all.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct FreezeSpans {
    /// Until all were counted as stopped.
    pub stopped: f64,
    /// Until all had proven it.
    pub proven: f64,
}

/// The figures.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// `local`.
    pub driver: &'static str,
    /// Agents.
    pub agents: u32,
    /// Processes.
    pub hosts: u32,
    /// Throws.
    pub rounds: u32,
    /// Whether messages are signed: nothing leaves the process here.
    pub signed: bool,
    /// From an operation's acceptance to the end of its gather, bare roles, T left out.
    pub gather_ms: Spans,
    /// READY, of the eligible.
    pub ready_share: f64,
    /// READY by T, of the eligible.
    pub in_window_share: f64,
    /// READY within 50 ms of what was predicted, of the eligible.
    pub within_50ms_share: f64,
    /// READY against the median predicted.
    pub prediction_error_ms: ErrorSpans,
    /// Releases of those that held, against T in true time, in the lab.
    pub release_spread_ms: SpreadSpans,
    /// The same with bare roles: all are due at one instant.
    pub bare_release_spread_ms: SpreadSpans,
    /// Beats.
    pub heartbeats_per_s: f64,
    /// Messages while idle.
    pub messages_per_s: f64,
    /// Of everything, a throw in the lab.
    pub cpu_s_per_round: f64,
    /// Of the process, in the lab.
    pub rss_mb_total: f64,
    /// There is no broker.
    pub broker_rss_mb: f64,
    /// Inputs given to roles for one bare throw.
    pub handled_per_round: f64,
    /// From nothing to all active, in the lab.
    pub start_ms: f64,
    /// Of one core, idle, in the lab.
    pub idle_cpu_share: f64,
    /// A freeze of all.
    pub freeze_ms: FreezeSpans,
    /// From an answer of `status` being asked for to its being there: a scan of all rows, and the way through the door.
    pub status_ms: f64,
    /// Messages lost for want of room.
    pub dropped: u64,
}

/// Measures. `step` is told what is measured next.
pub async fn run(plan: &Plan, mut step: impl FnMut(&str)) -> Result<Report, BenchError> {
    step("gathers of bare roles");
    let bare = bare(plan).await?;
    step("the lab starts");
    let config = Config {
        load_every: None,
        churn: 0.0,
        seed: plan.seed,
        threads: plan.threads,
        ..Config::lab(plan.agents)
    };
    let begun = Instant::now();
    let local = Local::start(config)?;
    let client = embed::connect(&local, Visitor::here("bench")).await?;
    let start_ms = all_active(&client, plan.agents, begun).await?;
    step("the lab idles");
    let seen = local.watch();
    tokio::time::sleep(Duration::from_secs(3)).await;
    let (cpu, messages, at) = (usage::cpu(), local.figures().messages, Instant::now());
    tokio::time::sleep(IDLE_FOR).await;
    let span = at.elapsed().as_secs_f64();
    let idle_cpu_share = usage::cpu().saturating_sub(cpu).as_secs_f64() / span;
    let messages_per_s = (local.figures().messages - messages) as f64 / span;
    step("the lab learns");
    for _ in 0..LEARNING {
        throw(&local, &seen)?;
    }
    local.spread();
    step("throws in the lab");
    let cpu = usage::cpu();
    let mut sheets = Vec::new();
    for _ in 0..plan.rounds {
        sheets.push(throw(&local, &seen)?);
    }
    let cpu_s_per_round =
        usage::cpu().saturating_sub(cpu).as_secs_f64() / f64::from(plan.rounds.max(1));
    let spread = local.spread();
    let asked = Instant::now();
    status(&client).await?;
    let status_ms = asked.elapsed().as_secs_f64() * 1e3;
    let rss_mb_total = usage::rss_mb();
    step("a freeze of all");
    let freeze_ms = freeze(&local, &client, &seen).await?;
    let all = Tally::of(&sheets);
    let dropped = local.figures().dropped + bare.dropped;
    local.stop("measured");
    Ok(Report {
        driver: "local",
        agents: plan.agents,
        hosts: 1,
        rounds: plan.rounds,
        signed: false,
        gather_ms: bare.gather_ms,
        ready_share: all.ready,
        in_window_share: all.in_window,
        within_50ms_share: all.within_50,
        prediction_error_ms: all.error,
        release_spread_ms: spans(&spread),
        bare_release_spread_ms: bare.spread,
        heartbeats_per_s: f64::from(plan.agents) / 5.0,
        messages_per_s,
        cpu_s_per_round,
        rss_mb_total,
        broker_rss_mb: 0.0,
        handled_per_round: bare.handled,
        start_ms,
        idle_cpu_share,
        freeze_ms,
        status_ms,
        dropped,
    })
}

struct Bare {
    gather_ms: Spans,
    spread: SpreadSpans,
    handled: f64,
    dropped: u64,
}

async fn bare(plan: &Plan) -> Result<Bare, BenchError> {
    let config = Config {
        seed: plan.seed,
        threads: plan.threads,
        ..Config::bare(plan.agents)
    };
    let begun = Instant::now();
    let local = Local::start(config)?;
    let client = embed::connect(&local, Visitor::here("bench")).await?;
    all_active(&client, plan.agents, begun).await?;
    let seen = local.watch();
    // Past the starts' own exchanges, so that clocks are known.
    tokio::time::sleep(Duration::from_secs(6)).await;
    for _ in 0..LEARNING {
        throw(&local, &seen)?;
    }
    local.spread();
    let mut took = Vec::new();
    let handled = local.figures().handled;
    for _ in 0..plan.rounds {
        let (first, last) = timed_throw(&local, &seen)?;
        took.push(last.since(first).as_millis_f64());
    }
    let handled = (local.figures().handled - handled) as f64 / f64::from(plan.rounds.max(1));
    let bare = Bare {
        gather_ms: of(took),
        spread: spans(&local.spread()),
        handled,
        dropped: local.figures().dropped,
    };
    drop(client);
    local.stop("measured");
    Ok(bare)
}

/// Waits until all agents are active; how long that took from `begun`, in milliseconds.
async fn all_active(client: &Client, agents: u32, begun: Instant) -> Result<f64, BenchError> {
    let mut active = 0;
    while begun.elapsed() < START_WAIT {
        if let Some(found) = status(client).await? {
            active = found;
            if active >= agents {
                return Ok(begun.elapsed().as_secs_f64() * 1e3);
            }
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Err(BenchError::Late {
        what: "a mesh that is all active",
        seconds: START_WAIT.as_secs(),
        seen: format!("{active} of {agents} active"),
    })
}

/// How many agents are active; none while there is no orchestrator.
async fn status(client: &Client) -> Result<Option<u32>, BenchError> {
    Ok(match client.call(Operation::Status {}, false).await? {
        Ok(Answer::Status(status)) => Some(status.active),
        _ => None,
    })
}

fn throw(local: &Local, seen: &Receiver<Seen>) -> Result<Sheet, BenchError> {
    local.throw(Order::default());
    sealed(seen).map(|(_, sheet)| sheet)
}

/// A throw's first send and its end, in true time.
fn timed_throw(local: &Local, seen: &Receiver<Seen>) -> Result<(Moment, Moment), BenchError> {
    local.throw(Order::default());
    let mut first = None;
    let until = Instant::now() + THROW_WAIT;
    while let Ok(found) = seen.recv_timeout(until.saturating_duration_since(Instant::now())) {
        match found {
            Seen::Thrown(_, at, _) => first = Some(at),
            Seen::Sealed(at, _) => return Ok((first.unwrap_or(at), at)),
            Seen::Freezing(..) | Seen::Frozen(..) | Seen::Serving(..) => {}
        }
    }
    Err(late())
}

fn sealed(seen: &Receiver<Seen>) -> Result<(Moment, Sheet), BenchError> {
    let until = Instant::now() + THROW_WAIT;
    while let Ok(found) = seen.recv_timeout(until.saturating_duration_since(Instant::now())) {
        if let Seen::Sealed(at, sheet) = found {
            return Ok((at, *sheet));
        }
    }
    Err(late())
}

fn late() -> BenchError {
    BenchError::Late {
        what: "the end of a throw",
        seconds: THROW_WAIT.as_secs(),
        seen: "nothing".to_owned(),
    }
}

async fn freeze(
    local: &Local,
    client: &Client,
    seen: &Receiver<Seen>,
) -> Result<FreezeSpans, BenchError> {
    let begun = local.now();
    let operation = Operation::Freeze {
        scope: Scopes::all(),
        except: None,
    };
    let pending = client.perform(operation, true).await?;
    let mut stopped = None;
    let until = Instant::now() + THROW_WAIT;
    let mut last = String::from("nothing");
    let proven = loop {
        match seen.try_recv() {
            Ok(Seen::Freezing(at, report) | Seen::Frozen(at, report)) => {
                last = format!("{report:?}");
                if stopped.is_none() && report.claimed.max(report.proven) >= report.targeted {
                    stopped = Some(at);
                }
                if report.is_complete() {
                    break at;
                }
            }
            Ok(_) => {}
            Err(_) if Instant::now() > until => {
                return Err(BenchError::Late {
                    what: "proof of stop",
                    seconds: THROW_WAIT.as_secs(),
                    seen: last,
                });
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(2)).await,
        }
    };
    drop(pending);
    let span = |at: Moment| at.since(begun).as_millis_f64();
    Ok(FreezeSpans {
        stopped: span(stopped.unwrap_or(proven)),
        proven: span(proven),
    })
}

struct Tally {
    ready: f64,
    in_window: f64,
    within_50: f64,
    error: ErrorSpans,
}

impl Tally {
    fn of(sheets: &[Sheet]) -> Self {
        let classes = || {
            let all = sheets.iter().flat_map(|sheet| &sheet.classes);
            all.filter(|class| !class.class.is_human())
        };
        let eligible: u32 = classes().map(|class| class.eligible).sum();
        let share = |count: u32| f64::from(count) / f64::from(eligible.max(1));
        let error = |quantile: f64| error_quantile(sheets, quantile);
        Self {
            ready: share(classes().map(|class| class.ready).sum()),
            in_window: share(classes().map(|class| class.in_window).sum()),
            within_50: share(classes().map(|class| class.within_50).sum()),
            error: ErrorSpans {
                p50: error(0.5),
                p90: error(0.9),
            },
        }
    }
}

/// The distance of READY from what was predicted, below which this share of the answers lies: the outer edge of the bin
/// of the sheets' histograms in which it ends, in milliseconds.
fn error_quantile(sheets: &[Sheet], quantile: f64) -> f64 {
    let edges = ERROR_EDGES.map(|edge| edge as f64);
    let outer = |bin: usize| {
        let below = bin
            .checked_sub(1)
            .map_or(f64::INFINITY, |bin| edges[bin].abs());
        let above = edges.get(bin).map_or(f64::INFINITY, |edge| edge.abs());
        below.max(above)
    };
    let mut counts: Vec<(f64, u64)> = Vec::new();
    for sheet in sheets {
        let bins = sheet.errors.iter().enumerate();
        counts.extend(bins.map(|(bin, &count)| (outer(bin), u64::from(count))));
    }
    counts.sort_by(|a, b| a.0.total_cmp(&b.0));
    let total: u64 = counts.iter().map(|(_, count)| count).sum();
    let rank = libm::ceil(total as f64 * quantile) as u64;
    let mut below = 0;
    let found = counts.iter().find(|(_, count)| {
        below += count;
        below >= rank
    });
    found.map_or(0.0, |(outer, _)| *outer)
}

fn spans(spread: &crate::drive::local::watch::Spread) -> SpreadSpans {
    let at = |share| spread.quantile(share).unwrap_or_default().as_millis_f64();
    SpreadSpans {
        p50: at(0.5),
        p99: at(0.99),
    }
}

fn of(mut spans: Vec<f64>) -> Spans {
    spans.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let rank = libm::ceil(spans.len() as f64 * share) as usize;
        spans.get(rank.saturating_sub(1)).copied().unwrap_or(0.0)
    };
    Spans {
        p50: at(0.5),
        p95: at(0.95),
        max: at(1.0),
    }
}
