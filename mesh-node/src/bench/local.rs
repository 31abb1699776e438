//! A mesh in one process. Two are measured, one after the other. The first has bare roles, with nothing between them and nothing
//! to process: its gathers are the protocol's own cost. The second is the lab with its modelled devices: start, memory, idle
//! cost, windows, prediction, spread and freeze are measured there, since that is what runs by default.

use super::report::{FreezeSpans, Report, Spans, SpreadSpans, Tally, of, spans};
use super::{BenchError, Plan};
use crate::door::{Client, Visitor};
use crate::drive::local::{Config, Local, Seen};
use crate::embed;
use crate::usage;
use mesh_core::message::MessageId;
use mesh_core::operation::{Answer, Operation, Scopes};
use mesh_core::role::Order;
use mesh_core::throw::Sheet;
use mesh_core::time::Moment;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

/// How long a mesh may take until all of it is active.
pub(super) const START_WAIT: Duration = Duration::from_secs(30);
/// How long a throw may take.
pub(super) const THROW_WAIT: Duration = Duration::from_secs(20);
/// Over how long idleness is measured: two beats.
pub(super) const IDLE_FOR: Duration = Duration::from_secs(10);
/// How long the lab is left to learn before its throws count.
pub(super) const LEARNING: usize = 20;

/// Measures. `step` is told what is measured next.
pub(super) async fn run(plan: &Plan, mut step: impl FnMut(&str)) -> Result<Report, BenchError> {
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
        throw(&local, &seen, |_, _| {})?;
    }
    local.spread();
    step("throws in the lab");
    let cpu = usage::cpu();
    let mut sheets = Vec::new();
    for _ in 0..plan.rounds {
        sheets.push(throw(&local, &seen, |_, _| {})?);
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
        broker_messages: None,
        broker_cpu_share: None,
        raw: None,
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
        throw(&local, &seen, |_, _| {})?;
    }
    local.spread();
    let mut took = Vec::new();
    let handled = local.figures().handled;
    for _ in 0..plan.rounds {
        let (first, last, _) = timed_throw(&local, &seen, |_, _| {})?;
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
pub(super) async fn all_active(
    client: &Client,
    agents: u32,
    begun: Instant,
) -> Result<f64, BenchError> {
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
pub(super) async fn status(client: &Client) -> Result<Option<u32>, BenchError> {
    Ok(match client.call(Operation::Status {}, false).await? {
        Ok(Answer::Status(status)) => Some(status.active),
        _ => None,
    })
}

pub(super) fn throw(
    local: &Local,
    seen: &Receiver<Seen>,
    thrown: impl FnMut(MessageId, Moment),
) -> Result<Sheet, BenchError> {
    timed_throw(local, seen, thrown).map(|(_, _, sheet)| sheet)
}

/// A throw to all: when it began and ended in true time, and its sheet. `thrown` is told its T.
pub(super) fn timed_throw(
    local: &Local,
    seen: &Receiver<Seen>,
    mut thrown: impl FnMut(MessageId, Moment),
) -> Result<(Moment, Moment, Sheet), BenchError> {
    local.throw(Order::default());
    let mut first = None;
    let until = Instant::now() + THROW_WAIT;
    while let Ok(found) = seen.recv_timeout(until.saturating_duration_since(Instant::now())) {
        match found {
            Seen::Thrown(operation, at, target) => {
                first = Some(at);
                thrown(operation, target);
            }
            Seen::Sealed(at, sheet) => return Ok((first.unwrap_or(at), at, *sheet)),
            Seen::Freezing(..) | Seen::Frozen(..) | Seen::Serving(..) => {}
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

pub(super) async fn freeze(
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
