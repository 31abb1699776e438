use super::super::tests::{call, quiet, started, until, wait_for};
use super::super::{Config, Fault, Local};
use crate::door::Client;
use mesh_core::operation::Answer;
use mesh_core::operation::task::TaskState;
use mesh_core::time::Micros;
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, ResponseTemplate};

fn with(workers: &[(&str, &str)]) -> Config {
    let workers = workers.iter().map(|(place, spec)| {
        let place = place.parse().expect("a place");
        (place, spec.parse().expect("a worker"))
    });
    Config {
        workers: workers.collect(),
        ..quiet(300)
    }
}

/// How a task ends: its state and its result.
async fn delegated(client: &Client, line: &str) -> (TaskState, String) {
    match call(client, line).await {
        Ok(Answer::Delegated { state, result, .. }) => (
            state,
            result.map(|text| text.to_string()).unwrap_or_default(),
        ),
        other => panic!("{line}: {other:?}"),
    }
}

async fn text(client: &Client, line: &str) -> String {
    let answer = call(client, line).await.expect("is answered");
    serde_json::to_string(&answer).expect("writes")
}

#[tokio::test]
async fn what_is_delegated_at_the_door_runs_a_real_command_and_its_result_comes_back() {
    let (local, client) =
        started(with(&[("1-1-1", "exec:wc -c"), ("1-2-3", "builtin:hash")])).await;
    let done = delegated(&client, "delegate \"twelve bytes\" to agent:1-1-1").await;
    assert_eq!(done, (TaskState::Done, "12".to_owned()));
    // By what it can do, which its lead learns from it: nobody else can.
    let (state, result) = delegated(&client, "delegate \"abc\" requires hash").await;
    assert_eq!((state, result.len()), (TaskState::Done, 64));
    assert_eq!(local.worker_figures().done, 2);
    local.stop("done");
}

#[tokio::test]
async fn functions_and_models_are_reached_through_the_door() {
    let function = MockServer::start().await;
    let answer = serde_json::json!({"result": "from a function"});
    Mock::given(method("POST"))
        .respond_with(ResponseTemplate::new(200).set_body_json(answer))
        .mount(&function)
        .await;
    let model = MockServer::start().await;
    let answer = serde_json::json!({
        "choices": [{"message": {"content": "from a model"}, "finish_reason": "stop"}],
        "usage": {"total_tokens": 9},
    });
    Mock::given(method("POST"))
        .respond_with(ResponseTemplate::new(200).set_body_json(answer))
        .mount(&model)
        .await;
    let llm = format!("llm:{}/v1#tiny", model.uri());
    let (local, client) = started(with(&[("1-3-1", &function.uri()), ("1-3-2", &llm)])).await;
    let done = delegated(&client, "delegate \"call it\" to agent:1-3-1").await;
    assert_eq!(done, (TaskState::Done, "from a function".to_owned()));
    let done = delegated(&client, "delegate \"ask it\" to agent:1-3-2").await;
    assert_eq!(done, (TaskState::Done, "from a model".to_owned()));
    local.stop("done");
}

#[tokio::test]
async fn a_person_answers_through_a_review_item() {
    let (local, client) = started(with(&[("1-1-5", "human")])).await;
    let asked = client.clone();
    let task = tokio::spawn(async move {
        delegated(&asked, "delegate \"may we ship\" to agent:1-1-5 within 10m").await
    });
    wait_for(|| async { text(&client, "list reviews").await.contains("may we ship") }).await;
    call(&client, "review approve next saying \"yes, ship it\"")
        .await
        .expect("is decided");
    let done = task.await.expect("ends");
    assert_eq!(done, (TaskState::Done, "yes, ship it".to_owned()));
    local.stop("done");
}

#[tokio::test]
async fn what_a_task_waits_for_is_seen_and_a_freeze_stops_real_work() {
    let (local, client) = started(with(&[("1-1-1", "exec:sleep 600")])).await;
    for name in ["first", "second"] {
        let asked = client.clone();
        tokio::spawn(async move {
            let line = format!("delegate \"{name}\" to agent:1-1-1 within 10m");
            let _ = call(&asked, &line).await;
        });
    }
    wait_for(|| async {
        let tasks = text(&client, "list tasks").await;
        tasks.contains("its turn; 1 before it") && tasks.contains("started")
    })
    .await;
    let Ok(Answer::Frozen(frozen)) = call(&client, "freeze agent:1-1-1").await else {
        panic!("it is not frozen");
    };
    assert_eq!((frozen.agents, frozen.proven), (1, 1));
    call(&client, "thaw agent:1-1-1").await.expect("is thawed");
    until(&client, |status| status.frozen == 0).await;
    local.stop("done");
}

/// A program of a few lines, and where it is.
fn script(folder: &tempfile::TempDir, text: &str) -> String {
    let path = folder.path().join("script");
    std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("writes");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&path, mode).expect("is made a program");
    path.display().to_string()
}

#[tokio::test]
async fn a_worker_that_waits_for_what_its_host_has_not_is_found_by_a_diagnosis_with_its_own_words()
{
    let folder = tempfile::tempdir().expect("a folder");
    let script = script(
        &folder,
        r#"while read -r line; do
    id=$(printf %s "$line" | sed -n 's/.*"id":"\([^"]*\)".*/\1/p')
    [ -n "$id" ] && printf '{"id":"%s","waits":"gpu_memory","detail":"4 GiB for the model"}\n' "$id"
done"#,
    );
    let (local, client) = started(with(&[("1-1-1", &format!("exec-lines:{script}"))])).await;
    let asked = client.clone();
    tokio::spawn(async move {
        let _ = call(
            &asked,
            "delegate \"think\" to agent:1-1-1 requires exec within 10m",
        )
        .await;
    });
    wait_for(|| async {
        let found = text(&client, "diagnose agent:1-1-1").await;
        found.contains("4 GiB for the model")
    })
    .await;
    local.stop("done");
}

#[tokio::test]
async fn an_agent_that_dies_in_the_middle_leaves_its_task_failed_and_not_run_twice() {
    let folder = tempfile::tempdir().expect("a folder");
    let count = folder.path().join("count");
    let script = folder.path().join("script");
    let text = format!(
        "#!/bin/sh\necho run >> {}\nexec sleep 600\n",
        count.display()
    );
    std::fs::write(&script, text).expect("writes");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&script, mode).expect("is made a program");
    let mut config = with(&[("1-1-1", &format!("exec:{}", script.display()))]);
    config.worker_log = Some(folder.path().join("state/workers.log"));
    let (local, client) = started(config).await;
    let asked = client.clone();
    let task = tokio::spawn(async move {
        delegated(&asked, "delegate \"once\" to agent:1-1-1 within 10m").await
    });
    let runs = || {
        std::fs::read_to_string(&count)
            .unwrap_or_default()
            .lines()
            .count()
    };
    wait_for(|| async { runs() == 1 && text_has_started(&client).await }).await;
    let agent = "agent:1-1-1".parse().expect("a scope");
    local.inject(&Fault::Crash(agent), Some(Micros::seconds(1)));
    let (state, _) = task.await.expect("ends");
    assert_eq!((state, runs()), (TaskState::Failed, 1));
    local.stop("done");
}

async fn text_has_started(client: &Client) -> bool {
    text(client, "list tasks").await.contains("started")
}

// On a runtime, as the console and the lab are: the one of the workers must not mind being dropped there.
#[tokio::test]
async fn a_worker_for_nobody_or_without_a_program_is_refused_before_anything_starts() {
    let error = Local::start(with(&[("9-9-9", "builtin:echo")])).expect_err("is refused");
    assert!(error.to_string().contains("9-9-9"), "{error}");
    let error = Local::start(with(&[("1-1-1", "exec:no-such-program")])).expect_err("is refused");
    assert!(error.to_string().contains("no-such-program"), "{error}");
}
