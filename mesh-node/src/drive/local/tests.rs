use super::{Config, Fault, Local, Seen, Situation};
use crate::door::{Client, Visitor};
use crate::embed;
use mesh_core::operation::answer::Status;
use mesh_core::operation::task::TaskState;
use mesh_core::operation::{Answer, Operation};
use mesh_core::role::Order;
use mesh_core::throw::Sheet;
use mesh_core::time::Micros;
use mesh_core::trust::seat::Seat;
use std::time::{Duration, Instant};

/// How long anything may take here; a machine with much else to do is slow, and nothing waits that long otherwise.
const WAIT: Duration = Duration::from_secs(120);

pub(super) fn quiet(agents: u32) -> Config {
    Config {
        load_every: None,
        churn: 0.0,
        threads: Some(2),
        ..Config::lab(agents)
    }
}

pub(super) async fn started(config: Config) -> (Local, Client) {
    let agents = config.agents;
    let local = Local::start(config).expect("starts");
    let client = embed::connect(&local, Visitor::here("test"))
        .await
        .expect("is let in");
    until(&client, |status| status.active >= agents).await;
    (local, client)
}

pub(super) async fn until(client: &Client, holds: impl Fn(&Status) -> bool) -> Status {
    let begun = Instant::now();
    let mut last = None;
    while begun.elapsed() < WAIT {
        if let Ok(Answer::Status(status)) = call(client, "status").await {
            if holds(&status) {
                return status;
            }
            last = Some(status);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it never came to that: {last:?}");
}

pub(super) async fn call(
    client: &Client,
    line: &str,
) -> Result<Answer, mesh_core::operation::Refusal> {
    let operation = Operation::from_line(line).expect("reads");
    let ended = tokio::time::timeout(WAIT, client.call(operation, true)).await;
    ended.expect("it ends").expect("the door stands")
}

/// Waits until something is so.
pub(super) async fn wait_for<F: Future<Output = bool>>(holds: impl Fn() -> F) {
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < WAIT, "it never came to that");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn thrown(local: &Local) -> Sheet {
    let seen = local.watch();
    local.throw(Order::default());
    loop {
        if let Seen::Sealed(_, sheet) = seen.recv_timeout(WAIT).expect("the throw ends") {
            return *sheet;
        }
    }
}

#[tokio::test]
async fn a_mesh_over_two_shards_becomes_active_and_a_throw_accounts_for_everybody() {
    let (local, _client) = started(quiet(600)).await;
    let sheet = thrown(&local);
    assert_eq!(sheet.account.targeted, 600);
    assert!(sheet.account.balanced(), "{:?}", sheet.account);
    let spread = local.spread();
    assert!(spread.count() > 0, "nobody released: {:?}", sheet.account);
    local.stop("done");
}

#[tokio::test]
async fn bare_roles_are_all_ready() {
    let config = Config {
        threads: Some(2),
        ..Config::bare(600)
    };
    let (local, _client) = started(config).await;
    // Until every clock is known, and the machine has let nobody be late.
    let begun = Instant::now();
    loop {
        let sheet = thrown(&local);
        let people = sheet.classes.iter().filter(|class| class.class.is_human());
        let people: u32 = people.map(|class| class.targeted).sum();
        if sheet.account.ready + people == 600 {
            break;
        }
        assert!(
            begun.elapsed() < WAIT,
            "{:?} {:?}",
            sheet.account,
            sheet.skips
        );
    }
}

#[tokio::test]
async fn a_freeze_is_proven_by_all_and_a_thaw_lets_them_go_on() {
    let (local, client) = started(quiet(600)).await;
    let Ok(Answer::Frozen(frozen)) = call(&client, "freeze all").await else {
        panic!("it is not frozen");
    };
    assert_eq!(
        (frozen.agents, frozen.proven),
        (600, 600),
        "{:?}",
        frozen.unproven
    );
    until(&client, |status| status.frozen == 600).await;
    let refused = call(&client, "cascade sync").await;
    assert!(
        refused.is_err(),
        "a frozen mesh takes no throw: {refused:?}"
    );
    call(&client, "thaw all").await.expect("is thawed");
    until(&client, |status| status.frozen == 0).await;
    assert!(thrown(&local).account.ready > 0);
}

#[tokio::test]
async fn a_seat_whose_holder_dies_is_taken_by_its_standby() {
    let (local, client) = started(quiet(600)).await;
    for seat in [
        Seat::Lead("1-1".parse().expect("a cluster")),
        Seat::Coordinator("2".parse().expect("a sector")),
        Seat::Orchestrator,
    ] {
        let seen = local.watch();
        local.inject(&Fault::Kill(seat), Some(Micros::seconds(1)));
        loop {
            if let Seen::Serving(_, taken) = seen.recv_timeout(WAIT).expect("somebody takes it")
                && taken == seat
            {
                break;
            }
        }
    }
    // The new orchestrator learns again who is there.
    until(&client, |status| status.active == 600).await;
    local.stop("done");
}

#[tokio::test]
async fn a_task_is_done_once_by_a_device_that_can() {
    let (_local, client) = started(quiet(600)).await;
    let done = call(&client, "delegate \"sum this\" requires batch").await;
    let Ok(Answer::Delegated {
        state, result, at, ..
    }) = done
    else {
        panic!("it is not done: {done:?}");
    };
    assert_eq!(state, TaskState::Done);
    let result = result.expect("has a result").to_string();
    assert!(
        result.contains("modelled"),
        "a lab says so: {result} at {at:?}"
    );
}

#[tokio::test]
async fn whoever_follows_sees_the_mesh_and_what_happens() {
    let (local, client) = started(quiet(300)).await;
    let mut feed = client
        .follow(Duration::from_millis(50))
        .await
        .expect("is sent");
    let first = tokio::time::timeout(WAIT, feed.next())
        .await
        .expect("comes");
    assert!(first.sight.is_some() && !first.closed);
    call(&client, "avoid agent:1-1-1").await.expect("is done");
    let begun = Instant::now();
    let mut told = Vec::new();
    while told.is_empty() && begun.elapsed() < WAIT {
        told.extend(feed.next().await.events);
    }
    assert!(!told.is_empty(), "nothing was told");
    local.stop("stopped by the test");
    while !feed.next().await.closed {}
}

#[tokio::test]
async fn the_stuck_boards_are_where_the_specification_has_them() {
    let config = Config {
        situation: Situation::StuckPis,
        ..quiet(2_100)
    };
    let (local, client) = started(config).await;
    let begun = Instant::now();
    let waiting = loop {
        let rows = call(&client, "list tasks").await;
        let text = serde_json::to_string(&rows.expect("are listed")).expect("writes");
        if text.matches("GPU memory allocation").count() == 2 || begun.elapsed() > WAIT {
            break text;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!(waiting.matches("gpu_memory").count(), 2, "{waiting}");
    local.stop("done");
}
