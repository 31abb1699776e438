use super::*;
use mesh_core::message::{
    Header, LamportClock, MessageId, Priority, Routing, Strategy, TaskAct, TaskOrder, TaskSaid,
    Verb, Warrant,
};
use mesh_core::operation::resource::Resource;
use mesh_core::operation::task::TaskId;
use mesh_core::place::AgentId;
use mesh_core::role::{Work, WorkerEvent};
use mesh_core::throw::quorum::Trinary;
use mesh_core::time::{Micros, WallTime};
use mesh_core::unit::{Digest, Share, Weight};
use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::Notify;

/// How long anything may take here; nothing waits that long unless it fails.
const WAIT: Duration = Duration::from_secs(60);

/// A host with one agent, and what its worker says.
pub(super) struct Bench {
    pub(super) host: Host,
    pub(super) outlet: Arc<Outlet>,
    rung: Arc<Notify>,
    heard: VecDeque<(AgentId, WorkerEvent)>,
}

pub(super) fn place() -> AgentId {
    "7-4-12".parse().expect("a place")
}

pub(super) fn id(text: &str) -> TaskId {
    TaskId::try_from(text.to_owned()).expect("an id")
}

pub(super) fn order(name: &str, what: &str) -> TaskOrder {
    TaskOrder {
        id: id(name),
        agent: place(),
        act: TaskAct::Run,
        name: what.into(),
        requires: None,
        input: Arc::from(""),
        idempotent: false,
        priority: 1,
        left: Micros::seconds(600),
        warrant: Warrant::default(),
    }
}

impl Bench {
    pub(super) fn new(spec: &Spec) -> Self {
        Self::over(spec, Journal::volatile())
    }

    pub(super) fn over(spec: &Spec, journal: Journal) -> Self {
        let rung = Arc::new(Notify::new());
        let bell = Arc::clone(&rung);
        let outlet = Arc::new(Outlet::new(move || bell.notify_one()));
        let host = Host::new(Handle::current(), journal);
        host.employ(place(), spec, &outlet).expect("is employed");
        Self {
            host,
            outlet,
            rung,
            heard: VecDeque::new(),
        }
    }

    pub(super) fn give(&self, work: Work) {
        self.host.give(place(), work);
    }

    pub(super) fn task(&self, order: TaskOrder) {
        self.give(Work::Task(Arc::new(order)));
    }

    /// The next thing that the worker says.
    pub(super) async fn next(&mut self) -> WorkerEvent {
        tokio::time::timeout(WAIT, async {
            loop {
                self.heard.extend(self.outlet.take());
                if let Some((agent, event)) = self.heard.pop_front() {
                    assert_eq!(agent, place());
                    return event;
                }
                self.rung.notified().await;
            }
        })
        .await
        .expect("the worker says something")
    }

    /// The next thing that it says of a task.
    pub(super) async fn said(&mut self, name: &str) -> TaskSaid {
        loop {
            if let WorkerEvent::Task(of, said) = self.next().await
                && of == id(name)
            {
                return said;
            }
        }
    }

    /// What it says of a task until that satisfies.
    pub(super) async fn until(
        &mut self,
        name: &str,
        holds: impl Fn(&TaskSaid) -> bool,
    ) -> TaskSaid {
        loop {
            let said = self.said(name).await;
            if holds(&said) {
                return said;
            }
        }
    }

    /// How a task ends.
    pub(super) async fn end(&mut self, name: &str) -> TaskSaid {
        let is_end = |said: &TaskSaid| {
            matches!(
                said,
                TaskSaid::Done(_) | TaskSaid::Failed(_) | TaskSaid::Interrupted | TaskSaid::GivenUp
            )
        };
        self.until(name, is_end).await
    }

    pub(super) async fn failure(&mut self, name: &str) -> String {
        match self.end(name).await {
            TaskSaid::Failed(why) => why.raw().to_owned(),
            other => panic!("{name} did not fail: {other:?}"),
        }
    }

    pub(super) async fn still(&mut self) {
        while !matches!(self.next().await, WorkerEvent::Still) {}
    }
}

pub(super) fn spec(text: &str) -> Spec {
    text.parse().expect("a worker")
}

pub(super) fn done(result: &str) -> TaskSaid {
    TaskSaid::done(result)
}

pub(super) fn thrown(verb: Verb, payload: &[u8]) -> Arc<Header> {
    let payload: Arc<[u8]> = Arc::from(payload);
    Arc::new(Header {
        id: MessageId(7),
        correlation: MessageId(7),
        causation: None,
        source: "test".to_owned(),
        routing: Routing::ScatterGather,
        strategy: Strategy::Wave,
        created: WallTime(0),
        ttl: Micros::seconds(5),
        priority: Priority::Normal,
        weight: Weight(0),
        requires: Vec::new(),
        verb,
        payload_hash: Digest::of(&payload),
        payload,
        expectation: Trinary::Ready,
        lamport: LamportClock::default().tick(),
        on_time: Share::new(0.99),
        window: Micros::millis(500),
        spread_max: None,
        quorum: Share::new(0.95),
        warrant: Warrant::default(),
    })
}

#[tokio::test]
async fn a_task_is_begun_on_disk_then_done_and_said_again_to_whoever_asks_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("worker.log");
    let open = |path: &Path| Journal::open(path).expect("opens");
    let mut bench = Bench::over(&spec("builtin:hash"), open(&path));
    bench.task(order("t1", "abc"));
    assert_eq!(bench.said("t1").await, TaskSaid::Started);
    let hash = "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85";
    assert_eq!(bench.said("t1").await, done(hash));
    drop(bench);
    let mut bench = Bench::over(&spec("builtin:hash"), open_again(&path).await);
    bench.task(order("t1", "abc"));
    assert_eq!(bench.said("t1").await, done(hash));
    assert_eq!(bench.host.figures().begun, 0, "it did not run again");
}

/// The log is free when all work of the host before has ended.
async fn open_again(path: &Path) -> Journal {
    loop {
        match Journal::open(path) {
            Ok(journal) => return journal,
            Err(JournalError::InUse(_)) => tokio::task::yield_now().await,
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn what_was_begun_and_not_ended_is_interrupted_and_runs_again_only_if_it_may() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("worker.log");
    let repeatable = |name: &str, what: &str| TaskOrder {
        idempotent: true,
        ..order(name, what)
    };
    let mut bench = Bench::over(&spec("builtin:sleep"), Journal::open(&path).expect("opens"));
    bench.task(order("once", "500"));
    bench.task(repeatable("often", "500"));
    for name in ["once", "often"] {
        bench.until(name, |said| *said == TaskSaid::Started).await;
    }
    // Its process dies: nothing more is said or written.
    bench.host.crash(place());
    drop(bench);
    let journal = open_again(&path).await;
    assert_eq!(journal.found().interrupted, 2);
    let mut bench = Bench::over(&spec("builtin:sleep"), journal);
    bench.task(order("once", "0"));
    bench.task(repeatable("often", "0"));
    assert_eq!(bench.end("once").await, TaskSaid::Interrupted);
    assert_eq!(bench.end("often").await, done("slept"));
}

#[tokio::test]
async fn an_agent_that_crashes_leaves_its_begun_tasks_interrupted() {
    let mut bench = Bench::new(&spec("builtin:sleep"));
    bench.task(order("t", "500"));
    bench.until("t", |said| *said == TaskSaid::Started).await;
    bench.host.crash(place());
    assert_eq!(bench.host.load(place()), 0);
    bench.task(order("t", "0"));
    assert_eq!(bench.said("t").await, TaskSaid::Interrupted);
}

#[tokio::test]
async fn the_more_important_goes_first_and_who_waits_says_for_what() {
    let limited = "kind = 'builtin'\nrun = 'sleep'\n[limits]\nat_once = 1";
    let mut bench = Bench::new(&toml::from_str(limited).expect("reads"));
    bench.task(order("first", "0.2"));
    bench.task(order("later", "0"));
    bench.task(TaskOrder {
        priority: 3,
        ..order("urgent", "0")
    });
    let TaskSaid::Waits(Resource::Task, detail) = bench.said("later").await else {
        panic!("it does not wait");
    };
    assert!(detail.raw().contains("1 before it"), "{detail}");
    assert_eq!(bench.host.load(place()), 3);
    let mut begun = Vec::new();
    let mut went_on = false;
    while begun.len() < 3 {
        match bench.next().await {
            WorkerEvent::Task(of, TaskSaid::Started) => begun.push(of.to_string()),
            WorkerEvent::Task(of, TaskSaid::GoesOn) => went_on |= of == id("later"),
            _ => {}
        }
    }
    // `first` may have been heard of before; what counts is who came before whom.
    let at = |name: &str| begun.iter().position(|of| of == name);
    assert!(at("urgent") < at("later") && went_on, "{begun:?}");
}

#[tokio::test]
async fn what_has_not_begun_is_given_up_for_good_and_what_has_is_not() {
    let limited = "kind = 'builtin'\nrun = 'sleep'\n[limits]\nat_once = 1";
    let mut bench = Bench::new(&toml::from_str(limited).expect("reads"));
    bench.task(order("first", "500"));
    bench
        .until("first", |said| *said == TaskSaid::Started)
        .await;
    bench.task(order("second", "0"));
    bench.give(Work::GiveUp(id("second")));
    assert_eq!(bench.end("second").await, TaskSaid::GivenUp);
    // An order that was under way meanwhile begins nothing.
    bench.task(order("second", "0"));
    assert_eq!(bench.end("second").await, TaskSaid::GivenUp);
    bench.give(Work::GiveUp(id("first")));
    assert_eq!(bench.said("first").await, TaskSaid::Started);
    bench.give(Work::GiveUp(id("never-heard-of")));
    assert_eq!(bench.end("never-heard-of").await, TaskSaid::GivenUp);
    bench.give(Work::Drop(id("first")));
    bench.task(order("third", "0"));
    assert_eq!(bench.end("third").await, done("slept"));
}

#[tokio::test]
async fn a_freeze_pauses_and_a_thaw_goes_on_where_it_was() {
    let mut bench = Bench::new(&spec("builtin:sleep"));
    bench.task(order("t", "0.3"));
    bench.until("t", |said| *said == TaskSaid::Started).await;
    bench.give(Work::Freeze);
    bench.still().await;
    bench.task(order("next", "0"));
    // Longer than it had left: a pause that is none would end it.
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert!(bench.outlet.take().iter().all(|(_, event)| !matches!(
        event,
        WorkerEvent::Task(_, TaskSaid::Done(_) | TaskSaid::Started)
    )));
    bench.give(Work::Thaw);
    assert_eq!(bench.end("t").await, done("slept"));
}

#[tokio::test]
async fn a_freeze_that_abandons_fails_what_runs_once_and_begins_the_rest_anew() {
    let abandons = "kind = 'builtin'\nrun = 'sleep'\n[limits]\non_freeze = 'abandon'";
    let mut bench = Bench::new(&toml::from_str(abandons).expect("reads"));
    bench.task(order("once", "0.2"));
    bench.task(TaskOrder {
        idempotent: true,
        ..order("often", "0.2")
    });
    for name in ["once", "often"] {
        bench.until(name, |said| *said == TaskSaid::Started).await;
    }
    bench.give(Work::Freeze);
    let why = bench.failure("once").await;
    assert!(why.contains("freeze"), "{why}");
    bench.still().await;
    bench.give(Work::Thaw);
    assert_eq!(bench.end("often").await, done("slept"));
}

#[tokio::test]
async fn a_freeze_that_lets_finish_is_complete_only_then() {
    let finishes = "kind = 'builtin'\nrun = 'sleep'\n[limits]\non_freeze = 'finish'";
    let mut bench = Bench::new(&toml::from_str(finishes).expect("reads"));
    bench.task(order("t", "0.2"));
    bench.until("t", |said| *said == TaskSaid::Started).await;
    bench.give(Work::Freeze);
    let mut ended = false;
    loop {
        match bench.next().await {
            WorkerEvent::Task(_, TaskSaid::Done(_)) => ended = true,
            WorkerEvent::Still => break,
            _ => {}
        }
    }
    assert!(ended, "it was still before its work had ended");
}

#[tokio::test]
async fn a_disk_that_is_full_keeps_tasks_waiting_and_they_can_be_given_up() {
    if !Path::new("/dev/full").exists() {
        return;
    }
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
    let journal = Journal::on(full.expect("opens"), Path::new("/dev/full")).expect("starts");
    let mut bench = Bench::over(&spec("builtin:echo"), journal);
    bench.task(order("t", "x"));
    let said = bench.said("t").await;
    assert!(
        matches!(said, TaskSaid::Waits(Resource::Disk, _)),
        "{said:?}"
    );
    assert!(bench.host.figures().unwritten > 0);
    assert_eq!(bench.host.figures().begun, 0, "nothing begins unwritten");
    // It is wanted back; that cannot be written either, so it is not promised, and it does not begin.
    bench.give(Work::GiveUp(id("t")));
    bench.give(Work::Freeze);
    bench.still().await;
    assert_eq!(bench.host.load(place()), 0);
}

#[tokio::test]
async fn a_throw_is_prepared_and_answered() {
    let mut bench = Bench::new(&spec("builtin:hash"));
    let header = thrown(Verb::Sync, b"payload");
    bench.give(Work::Prepare {
        header: Arc::clone(&header),
        target: mesh_core::time::Moment(0),
    });
    let WorkerEvent::Answered(operation, _) = bench.next().await else {
        panic!("it is not ready");
    };
    assert_eq!(operation, header.id);
    bench.give(Work::Cancel { operation });
    bench.give(Work::Freeze);
    bench.still().await;
}

#[test]
fn agents_without_work_cost_no_task() {
    // A host without work has no tasks on its runtime, however many agents it has.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let host = Host::new(runtime.handle().clone(), Journal::volatile());
    let outlet = Arc::new(Outlet::new(|| {}));
    for cluster in 1..=100 {
        for slot in 1..=30 {
            let place = format!("1-{cluster}-{slot}").parse().expect("a place");
            host.employ(place, &spec("builtin:echo"), &outlet)
                .expect("is employed");
        }
    }
    assert_eq!(runtime.metrics().num_alive_tasks(), 0);
}
