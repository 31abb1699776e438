//! A mesh over a broker, in several processes: this one has the orchestrator's seat, the others share the sectors, and every
//! parent sits in another process than its children. Bare roles first, then modelled devices, as in one process.

use super::host::{Ask, Setup, Told};
use super::local::{IDLE_FOR, LEARNING, all_active, freeze, status, throw, timed_throw};
use super::report::{FreezeSpans, Raw, Report, Spans, SpreadSpans, Tally, of, spans};
use super::{BenchError, Fleet, Plan, raw};
use crate::broker::Broker;
use crate::door::{Client, Visitor};
use crate::drive::local::Seen;
use crate::drive::local::watch::Spread;
use crate::drive::nats::{Layout, Nats};
use crate::embed;
use crate::usage;
use mesh_core::throw::Sheet;
use mesh_core::time::WallTime;
use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant, SystemTime};

/// How long a process may take to start: it makes tens of thousands of keys.
const HOST_START: Duration = Duration::from_secs(120);
/// How long it may take to answer.
const HOST_ANSWER: Duration = Duration::from_secs(20);
/// How long a mesh is left alone after its start, past the starts' own exchanges.
const CALM: Duration = Duration::from_secs(6);

/// All processes of a mesh, this one among them.
struct Mesh {
    hosts: Vec<Host>,
    top: Nats,
    client: Client,
    seen: Receiver<Seen>,
}

/// Another process.
struct Host {
    number: u32,
    child: Child,
    input: ChildStdin,
    answers: Receiver<Result<Told, String>>,
}

/// What all of it used and did so far.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    cpu: Duration,
    rss_mb: f64,
    messages: u64,
    handled: u64,
    dropped: u64,
}

/// Measures.
pub(super) async fn run(
    plan: &Plan,
    fleet: &Fleet,
    mut step: impl FnMut(&str),
) -> Result<Report, BenchError> {
    if fleet.hosts < Layout::HOSTS_MIN {
        return Err(BenchError::Hosts {
            hosts: fleet.hosts,
            least: Layout::HOSTS_MIN,
        });
    }
    let folder = tempfile::tempdir().map_err(|source| BenchError::System {
        what: "a folder for the broker",
        source,
    })?;
    let own = match &fleet.server {
        Some(_) => None,
        None => Some(Broker::start(folder.path())?),
    };
    let server = match (&own, &fleet.server) {
        (Some(broker), _) => broker.url(),
        (None, given) => given.clone().unwrap_or_default(),
    };
    let setup = |modelled: bool, raw: bool, signed: bool| Setup {
        mesh: format!("bench-{}", std::process::id()),
        server: server.clone(),
        agents: plan.agents,
        hosts: fleet.hosts,
        host: 0,
        seed: plan.seed,
        signed,
        modelled,
        raw,
        origin: now(),
    };
    let raw = if fleet.raw {
        step("the bare yardstick");
        let plain = raw::run(&setup(false, true, false), plan.rounds, &fleet.host).await?;
        let signed = raw::run(&setup(false, true, true), plan.rounds, &fleet.host).await?;
        Some((of(plain), of(signed)))
    } else {
        None
    };
    step("gathers of bare roles");
    let bare = bare(
        &setup(false, false, fleet.signed),
        plan,
        fleet,
        own.as_ref(),
        &mut step,
    )
    .await?;
    step("the mesh with modelled devices starts");
    let begun = Instant::now();
    let mut mesh = Mesh::start(&setup(true, false, fleet.signed), fleet).await?;
    let start_ms = mesh.active(plan.agents, begun).await?;
    step("it idles");
    tokio::time::sleep(CALM).await;
    let (before, at) = (mesh.sum()?, Instant::now());
    let broker_before = own.as_ref().map(|broker| usage::cpu_of(broker.pid()));
    tokio::time::sleep(IDLE_FOR).await;
    let (after, span) = (mesh.sum()?, at.elapsed().as_secs_f64());
    let broker_after = own.as_ref().map(|broker| usage::cpu_of(broker.pid()));
    let share = |spent: Duration| spent.as_secs_f64() / span;
    let broker_cpu = broker_after
        .zip(broker_before)
        .map(|(after, before)| share(after.saturating_sub(before)));
    let idle = share(after.cpu.saturating_sub(before.cpu)) + broker_cpu.unwrap_or(0.0);
    let messages_per_s = (after.messages - before.messages) as f64 / span;
    step("it learns");
    for _ in 0..LEARNING {
        mesh.throw()?;
    }
    mesh.spread()?;
    step("throws to modelled devices");
    let before = mesh.sum()?;
    let mut sheets = Vec::new();
    for _ in 0..plan.rounds {
        let sheet = mesh.throw()?;
        step(&told(&sheet));
        sheets.push(sheet);
    }
    let after = mesh.sum()?;
    let cpu = after.cpu.saturating_sub(before.cpu).as_secs_f64();
    let spread = mesh.spread()?;
    let asked = Instant::now();
    status(&mesh.client).await?;
    let status_ms = asked.elapsed().as_secs_f64() * 1e3;
    step("a freeze of all");
    let freeze_ms: FreezeSpans = freeze(mesh.top.local(), &mesh.client, &mesh.seen).await?;
    let all = Tally::of(&sheets);
    let end = mesh.sum()?;
    let broker_rss_mb = own
        .as_ref()
        .map_or(0.0, |broker| usage::rss_mb_of(broker.pid()));
    mesh.end();
    Ok(Report {
        driver: "nats",
        agents: plan.agents,
        hosts: fleet.hosts,
        rounds: plan.rounds,
        signed: fleet.signed,
        raw: raw.map(|(plain, signed)| {
            let yardstick = if fleet.signed { signed } else { plain };
            Raw {
                gather_ms_p50: plain.p50,
                signed_gather_ms_p50: signed.p50,
                signed_gather_ms_p95: signed.p95,
                ratio: bare.gather_ms.p50 / yardstick.p50.max(f64::MIN_POSITIVE),
            }
        }),
        gather_ms: bare.gather_ms,
        ready_share: all.ready,
        in_window_share: all.in_window,
        within_50ms_share: all.within_50,
        prediction_error_ms: all.error,
        release_spread_ms: spans(&spread),
        bare_release_spread_ms: bare.spread,
        heartbeats_per_s: f64::from(plan.agents) / 5.0,
        messages_per_s,
        cpu_s_per_round: cpu / f64::from(plan.rounds.max(1)),
        rss_mb_total: end.rss_mb,
        broker_rss_mb,
        broker_messages: bare.broker_messages,
        broker_cpu_share: broker_cpu,
        handled_per_round: bare.handled,
        start_ms,
        idle_cpu_share: idle,
        freeze_ms,
        status_ms,
        dropped: end.dropped + bare.dropped,
    })
}

struct Bare {
    gather_ms: Spans,
    spread: SpreadSpans,
    handled: f64,
    broker_messages: Option<f64>,
    dropped: u64,
}

async fn bare(
    setup: &Setup,
    plan: &Plan,
    fleet: &Fleet,
    broker: Option<&Broker>,
    step: &mut impl FnMut(&str),
) -> Result<Bare, BenchError> {
    let mut mesh = Mesh::start(setup, fleet).await?;
    mesh.active(plan.agents, Instant::now()).await?;
    tokio::time::sleep(CALM).await;
    for _ in 0..LEARNING {
        mesh.throw()?;
    }
    mesh.spread()?;
    let before = mesh.sum()?;
    let passed = broker.and_then(Broker::messages);
    let mut took = Vec::new();
    for _ in 0..plan.rounds {
        let (first, last, sheet) =
            timed_throw(mesh.top.local(), &mesh.seen, |operation, target| {
                for host in &mut mesh.hosts {
                    // Whoever is gone is found when it is asked something.
                    let _ = host.tell(&Ask::Target(operation, target));
                }
            })?;
        took.push(last.since(first).as_millis_f64());
        step(&told(&sheet));
    }
    let rounds = f64::from(plan.rounds.max(1));
    let passed = broker.and_then(Broker::messages).zip(passed);
    let after = mesh.sum()?;
    let bare = Bare {
        gather_ms: of(took),
        spread: spans(&mesh.spread()?),
        handled: (after.handled - before.handled) as f64 / rounds,
        broker_messages: passed.map(|(after, before)| (after - before) as f64 / rounds),
        dropped: after.dropped,
    };
    mesh.end();
    Ok(bare)
}

impl Mesh {
    async fn start(setup: &Setup, fleet: &Fleet) -> Result<Self, BenchError> {
        let hosts: Result<Vec<Host>, BenchError> = (1..setup.hosts)
            .map(|number| Host::spawn(setup, number, &fleet.host))
            .collect();
        let mut hosts = hosts?;
        for host in &mut hosts {
            host.answer(HOST_START)?;
        }
        let top = setup.start()?;
        let client = embed::connect(top.local(), Visitor::here("bench")).await?;
        let seen = top.local().watch();
        Ok(Self {
            hosts,
            top,
            client,
            seen,
        })
    }

    /// Waits until all but a thousandth are active: on a machine that is busy with a start some seem slow for a while.
    async fn active(&self, agents: u32, begun: Instant) -> Result<f64, BenchError> {
        all_active(&self.client, agents - agents / 1_000, begun).await
    }

    /// One throw to all.
    fn throw(&mut self) -> Result<Sheet, BenchError> {
        let hosts = &mut self.hosts;
        throw(self.top.local(), &self.seen, |operation, target| {
            for host in hosts.iter_mut() {
                let _ = host.tell(&Ask::Target(operation, target));
            }
        })
    }

    fn sum(&mut self) -> Result<Sum, BenchError> {
        let mut sum = Sum::default();
        sum.add(&super::host::count(&self.top));
        for host in &mut self.hosts {
            sum.add(&host.ask(&Ask::Count)?);
        }
        Ok(sum)
    }

    fn spread(&mut self) -> Result<Spread, BenchError> {
        let mut all = self.top.local().spread();
        for host in &mut self.hosts {
            let told = host.ask(&Ask::Spread)?;
            all.add_bins(told.spread);
        }
        Ok(all)
    }

    fn end(self) {
        self.top.stop("measured");
        self.hosts.into_iter().for_each(Host::end);
    }
}

impl Sum {
    fn add(&mut self, told: &Told) {
        self.cpu += Duration::from_micros(told.cpu_us);
        self.rss_mb += told.rss_mb;
        self.messages += told.messages;
        self.handled += told.handled;
        self.dropped += told.dropped + told.refused;
    }
}

impl Host {
    /// Starts a process; it says when it runs.
    fn spawn(setup: &Setup, number: u32, program: &std::path::Path) -> Result<Self, BenchError> {
        let failed = |what| move |source| BenchError::System { what, source };
        let mut child = Command::new(program)
            .arg("bench-host")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(failed("a process for the benchmark"))?;
        let missing = || BenchError::Host {
            host: number,
            why: "it has no pipes".to_owned(),
        };
        let input = child.stdin.take().ok_or_else(missing)?;
        let output = child.stdout.take().ok_or_else(missing)?;
        let (to, answers) = sync_channel(16);
        let lines = BufReader::new(output).lines();
        std::thread::Builder::new()
            .name(format!("host {number}"))
            .spawn(move || pass_on(lines, &to))
            .map_err(failed("a thread for the benchmark"))?;
        let mut host = Self {
            number,
            child,
            input,
            answers,
        };
        let own = Setup {
            host: number,
            ..setup.clone()
        };
        host.write(&own)?;
        Ok(host)
    }

    fn ask(&mut self, ask: &Ask) -> Result<Told, BenchError> {
        self.tell(ask)?;
        self.answer(HOST_ANSWER)
    }

    fn tell(&mut self, ask: &Ask) -> Result<(), BenchError> {
        self.write(ask)
    }

    fn write(&mut self, line: &impl serde::Serialize) -> Result<(), BenchError> {
        // Plain values: writing them to memory cannot fail.
        let mut line = serde_json::to_string(line).unwrap_or_default();
        line.push('\n');
        let sent = self.input.write_all(line.as_bytes());
        sent.and_then(|()| self.input.flush())
            .map_err(|source| BenchError::System {
                what: "a pipe to a process of the benchmark",
                source,
            })
    }

    fn answer(&self, wait: Duration) -> Result<Told, BenchError> {
        let failed = |why: String| BenchError::Host {
            host: self.number,
            why,
        };
        let told = self.answers.recv_timeout(wait);
        let told = told.map_err(|_| failed(format!("no answer within {} s", wait.as_secs())))?;
        let told = told.map_err(failed)?;
        match told.error {
            Some(why) => Err(failed(why)),
            None => Ok(told),
        }
    }

    /// Its input ends, and so does it.
    fn end(mut self) {
        drop(self.input);
        let until = Instant::now() + HOST_ANSWER;
        while Instant::now() < until {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The processes of the yardstick are started and ended in the same way.
pub(super) struct Yardstick(Vec<Host>);

impl Yardstick {
    pub(super) fn start(setup: &Setup, program: &std::path::Path) -> Result<Self, BenchError> {
        let hosts: Result<Vec<Host>, BenchError> = (1..setup.hosts)
            .map(|number| Host::spawn(setup, number, program))
            .collect();
        let hosts = hosts?;
        for host in &hosts {
            host.answer(HOST_START)?;
        }
        Ok(Self(hosts))
    }

    pub(super) fn end(self) {
        self.0.into_iter().for_each(Host::end);
    }
}

fn pass_on(
    lines: Lines<BufReader<ChildStdout>>,
    to: &std::sync::mpsc::SyncSender<Result<Told, String>>,
) {
    for line in lines {
        let told = line
            .map_err(|error| error.to_string())
            .and_then(|line| serde_json::from_str(&line).map_err(|error| error.to_string()));
        if to.send(told).is_err() {
            return;
        }
    }
    let _ = to.send(Err("it has ended".to_owned()));
}

/// A throw in a line.
fn told(sheet: &Sheet) -> String {
    format!(
        "  {} of {} READY, T after {:.0} ms, all after {:.0} ms",
        sheet.account.ready,
        sheet.eligible(),
        sheet.lead.as_millis_f64(),
        sheet.elapsed.as_millis_f64(),
    )
}

/// Wall time now, from which all processes count.
fn now() -> WallTime {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    WallTime(since.map_or(0, |since| since.as_micros() as i64))
}
