//! Processes killed with work under way: nothing that was accepted is lost, no task gets two outcomes, and what must not run
//! twice never does.

mod place;

use mesh_core::operation::task::TaskState;
use mesh_core::operation::{Answer, Operation};
use mesh_core::place::scope::Scopes;
use mesh_core::time::Micros;
use mesh_node::store::{Location, Store};
use place::{Node, Place, SOON};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Tasks in all.
const TASKS: usize = 30;
/// How often somebody is killed.
const KILLS: usize = 6;

/// A mesh of three processes: the orchestrator with the coordinator, a lead, two agents that note what they run.
fn three(place: &Place) -> [PathBuf; 3] {
    let root = place.path("root");
    place.done(&[Path::new("keys"), Path::new("init"), &root]);
    let script = place.path("work.sh");
    let runs = place.path("runs");
    let text = format!(
        "read -r name\necho \"$name\" >> '{}'\nsleep 0.2\necho \"did $name\"\n",
        runs.display()
    );
    std::fs::write(&script, text).expect("written");
    let agents: Vec<String> = [1, 2]
        .iter()
        .map(|slot| format!("\"1-1-{slot}\" = \"exec:sh {}\"", script.display()))
        .collect();
    let configs = [
        place.told("top", "[\"orchestrator\", \"1\"]", ""),
        place.told("lead", "[\"1-1\"]", ""),
        place.told("agents", "[]", &agents.join("\n")),
    ];
    for config in &configs {
        place.join(config);
    }
    configs
}

/// Has one task done, over as many connections as that takes, always under the same id.
async fn delegated(place: &Place, number: usize) -> (TaskState, String) {
    let id: Arc<str> = format!("survive-{number}").into();
    let operation = Operation::Delegate {
        task: format!("job-{number}"),
        to: None,
        timeout_s: Some(mesh_core::operation::Seconds(Micros::seconds(600))),
        requires: None,
        priority: None,
        idempotent: Some(false),
    };
    let until = Instant::now() + 3 * SOON;
    let mut last = String::new();
    while Instant::now() < until {
        match once(place, &id, &operation).await {
            Ok(Answer::Delegated { state, result, .. }) if state.is_final() => {
                let result = result.map(|text| text.to_string()).unwrap_or_default();
                return (state, result);
            }
            Ok(other) => last = format!("{other:?}"),
            Err(said) => last = said,
        }
        // Nobody says when an orchestrator is there again.
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("task {number} has no outcome: {last}");
}

async fn once(place: &Place, id: &Arc<str>, operation: &Operation) -> Result<Answer, String> {
    let client = place.client().await?;
    let pending = client.perform_as(Arc::clone(id), operation.clone(), true);
    let pending = pending.await.map_err(|error| error.to_string())?;
    let end = pending.end().await.map_err(|error| error.to_string())?;
    end.map_err(|refusal| refusal.to_string())
}

#[tokio::test]
async fn what_was_accepted_ends_once_whoever_is_killed() {
    let Some(place) = Place::new() else { return };
    let configs = three(&place);
    let mut nodes = configs.each_ref().map(|config| Some(place.run(config)));
    place.active(2).await;

    let (place, ended) = (Arc::new(place), Arc::new(AtomicUsize::new(0)));
    let tasks: Vec<_> = (0..TASKS)
        .map(|number| {
            let (place, ended) = (Arc::clone(&place), Arc::clone(&ended));
            tokio::spawn(async move {
                let end = delegated(&place, number).await;
                ended.fetch_add(1, Ordering::Relaxed);
                end
            })
        })
        .collect();
    let until = Instant::now() + 3 * SOON;
    for kill in 0..KILLS {
        // Each when some more have ended, so that there is always work under way.
        let some = (kill + 1) * TASKS / (KILLS + 2);
        while ended.load(Ordering::Relaxed) < some {
            assert!(Instant::now() < until, "only {ended:?} of {TASKS} ended");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let victim = kill % nodes.len();
        // Dropped is killed, as by kill -9.
        nodes[victim] = None;
        nodes[victim] = Some(place.run(&configs[victim]));
    }
    let mut done = 0;
    for (number, task) in tasks.into_iter().enumerate() {
        let (state, result) = task.await.expect("it ends");
        match state {
            TaskState::Done => {
                assert_eq!(result, format!("did job-{number}"));
                done += 1;
            }
            // It had begun when its process was killed, and must not begin again.
            TaskState::Failed => {}
            other => panic!("task {number} ended as {other}"),
        }
    }
    drop(nodes);
    let runs = std::fs::read_to_string(place.path("runs")).expect("noted");
    for number in 0..TASKS {
        let name = format!("job-{number}");
        let times = runs.lines().filter(|line| **line == name).count();
        assert!(times <= 1, "{name} ran {times} times");
    }
    assert!(
        done >= TASKS - 2 * KILLS,
        "only {done} of {TASKS} were done"
    );

    let mut store = Store::existing(&Location::File(place.path("top/mesh.db")))
        .await
        .expect("it is there");
    let contents = store.contents().await.expect("counted");
    assert_eq!(
        (contents.tasks_open, contents.tasks_ended),
        (0, TASKS as u64)
    );
    assert_eq!(store.verify_audit().await.expect("read").altered, None);
    assert_eq!(store.verify_conflicts().await.expect("read").altered, None);
}

async fn frozen(place: &Place) -> Result<u32, String> {
    let client = place.client().await?;
    match client.call(Operation::Status {}, false).await {
        Ok(Ok(Answer::Status(status))) => Ok(status.frozen),
        other => Err(format!("{other:?}")),
    }
}

async fn until_frozen(place: &Place, count: u32) {
    let until = Instant::now() + SOON;
    loop {
        let now = frozen(place).await;
        if now == Ok(count) {
            return;
        }
        assert!(Instant::now() < until, "{count} should be frozen: {now:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_frozen_mesh_is_frozen_after_all_of_it_was_killed() {
    let Some(place) = Place::new() else { return };
    let configs = three(&place);
    let nodes = configs.each_ref().map(|config| place.run(config));
    place.active(2).await;
    let client = place.client().await.expect("a door");
    let freeze = Operation::Freeze {
        scope: Scopes::all(),
        except: None,
    };
    let done = client.call(freeze, true).await.expect("answered");
    assert!(matches!(done, Ok(Answer::Frozen(_))), "{done:?}");
    until_frozen(&place, 2).await;
    drop(nodes);

    let nodes = configs.each_ref().map(|config| place.run(config));
    until_frozen(&place, 2).await;
    drop(nodes);
    // Without whoever ordered it, agents know it by themselves.
    let store = Store::existing(&Location::File(place.path("agents/mesh.db"))).await;
    let mut store = store.expect("it is there");
    assert_eq!(store.levels().await.expect("read").len(), 2);
}

/// Tells a process to end, and waits until it has.
fn terminate(node: &mut Node) {
    let id = node.0.id().to_string();
    let told = std::process::Command::new("kill")
        .args(["-TERM", &id])
        .status();
    assert!(told.expect("kill is there").success());
    let ended = node.0.wait().expect("it ends");
    assert!(ended.success(), "{ended}");
}

#[tokio::test]
async fn a_node_that_is_terminated_ends_its_work_first_and_leaves_its_seats_to_others() {
    let Some(place) = Place::new() else { return };
    let [top, lead, agents] = three(&place);
    let second = place.told("second", "[\"1-1\"]", "");
    place.join(&second);
    let _top = place.run(&top);
    let mut lead = place.run(&lead);
    let mut agents = place.run(&agents);
    place.active(2).await;
    let _second = place.run(&second);

    let place = Arc::new(place);
    let work = tokio::spawn({
        let place = Arc::clone(&place);
        async move { delegated(&place, 1).await }
    });
    let until = Instant::now() + SOON;
    while !place.path("runs").exists() {
        assert!(Instant::now() < until, "it does not begin");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // It runs for a moment yet.
    tokio::task::spawn_blocking(move || terminate(&mut agents))
        .await
        .expect("it was ended");
    let done = work.await.expect("it ends");
    assert_eq!(done, (TaskState::Done, "did job-1".to_owned()));

    let _agents = place.run(&place.path("agents.toml"));
    place.active(2).await;
    tokio::task::spawn_blocking(move || terminate(&mut lead))
        .await
        .expect("it was ended");
    // The other leads, before the lease of seven seconds is over.
    let begun = Instant::now();
    let (state, _) = delegated(&place, 2).await;
    let took = begun.elapsed();
    assert_eq!(state, TaskState::Done);
    println!("work goes on {took:?} after its lead was ended");
}
