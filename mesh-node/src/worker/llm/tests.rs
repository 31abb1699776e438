use super::super::Spec;
use super::super::tests::{Bench, done, order};
use mesh_core::message::TaskOrder;
use serde_json::json;
use std::sync::Arc;
use wiremock::matchers::{body_partial_json, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

fn completion(text: &str, tokens: u64) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json!({
        "choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        "usage": {"total_tokens": tokens},
    }))
}

fn model(uri: &str, more: &str) -> Spec {
    let text = format!("kind = 'llm'\nurl = '{uri}/v1'\nmodel = 'tiny'\n{more}");
    toml::from_str(&text).expect("reads")
}

#[tokio::test]
async fn a_model_is_asked_and_answers() {
    let server = MockServer::start().await;
    let wanted = json!({"model": "tiny", "max_tokens": 64, "messages": [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "translate\n\nguten Tag"},
    ]});
    Mock::given(method("POST"))
        .and(path("/v1/chat/completions"))
        .and(body_partial_json(wanted))
        .respond_with(completion("good day", 12))
        .expect(1)
        .mount(&server)
        .await;
    let mut bench = Bench::new(&model(&server.uri(), "system = 'be brief'\ntokens = 64"));
    bench.task(TaskOrder {
        input: Arc::from("guten Tag"),
        ..order("t", "translate")
    });
    assert_eq!(bench.end("t").await, done("good day"));
}

#[tokio::test]
async fn a_budget_is_never_passed_and_what_was_really_spent_counts() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .respond_with(completion("ok", 50))
        .expect(2)
        .mount(&server)
        .await;
    let mut bench = Bench::new(&model(&server.uri(), "tokens = 100\nbudget = 200"));
    for name in ["t1", "t2"] {
        bench.task(order(name, "x"));
        assert_eq!(bench.end(name).await, done("ok"));
    }
    // A hundred are left, and a hundred and one could be taken.
    bench.task(order("t3", "x"));
    let why = bench.failure("t3").await;
    assert!(why.contains("budget of 200 has 100 left"), "{why}");
}

#[tokio::test]
async fn errors_and_odd_answers_are_failures_in_words() {
    for (template, words) in [
        (
            ResponseTemplate::new(401).set_body_json(json!({"error": {"message": "no such key"}})),
            "no such key",
        ),
        (
            ResponseTemplate::new(200).set_body_json(json!({"choices": []})),
            "no choice",
        ),
        (
            ResponseTemplate::new(200).set_body_json(json!({"hello": 1})),
            "no completion",
        ),
        (completion("", 3), "no text (stop)"),
    ] {
        let server = MockServer::start().await;
        Mock::given(method("POST"))
            .respond_with(template)
            .mount(&server)
            .await;
        let mut bench = Bench::new(&model(&server.uri(), ""));
        bench.task(order("t", "x"));
        let why = bench.failure("t").await;
        assert!(why.contains(words), "{why}");
    }
}

#[tokio::test]
async fn the_key_is_sent_and_shown_nowhere() {
    // PATH is there on every machine, and its value is nothing that anybody would write by chance.
    let key = std::env::var("PATH").expect("is set");
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .respond_with(ResponseTemplate::new(500).set_body_string("broken"))
        .mount(&server)
        .await;
    let spec = model(&server.uri(), "key_from = 'PATH'");
    let worker = spec
        .build(super::super::tests::place(), &Arc::default())
        .expect("is made");
    assert!(!format!("{worker:?}{spec:?}").contains(&key));
    let mut bench = Bench::new(&spec);
    bench.task(order("t", "x"));
    assert!(!bench.failure("t").await.contains(&key));
    let requests = server.received_requests().await.expect("are kept");
    let sent = requests[0].headers.get("authorization").expect("is sent");
    assert_eq!(sent.to_str().expect("is text"), format!("Bearer {key}"));
}
