//! A real HTTP server that speaks the API, and every way in which it can go wrong.

use super::*;
use crate::turn;
use mesh_core::operation::Operation;
use serde_json::{Value, json};
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

/// A sentence that the compiler does not understand.
const ODD: &str = "put the whole seventh part on ice for me";

fn completion(content: &str) -> Value {
    json!({"choices": [{"message": {"content": content}}], "usage": {"total_tokens": 50}})
}

async fn server(answer: ResponseTemplate) -> (MockServer, Model) {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/v1/chat/completions"))
        .respond_with(answer)
        .mount(&server)
        .await;
    let model = model(&server.uri());
    (server, model)
}

fn model(url: &str) -> Model {
    // Another test may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Model::new(Settings {
        url: format!("{url}/v1/"),
        name: "small".to_owned(),
        key: Some("a-secret".to_owned()),
        within: Duration::from_millis(500),
    })
    .expect("an address")
}

async fn saying(content: &str) -> (MockServer, Model) {
    server(ResponseTemplate::new(200).set_body_json(completion(content))).await
}

async fn consulted(model: &Model, line: &str) -> Opinion {
    let mut context = Context::default();
    let own = turn(line, &mut context);
    model.consult(line, &context, own).await
}

#[tokio::test]
async fn what_is_not_understood_is_asked_and_a_change_waits_for_a_yes() {
    let avoid = r#"{"kind":"operation","operations":[{"op":"avoid","scope":"sector:7"}]}"#;
    let (server, model) = saying(avoid).await;
    let mut context = Context::default();
    let own = turn(ODD, &mut context);
    assert!(matches!(own.kind, Kind::Reject { .. }), "{own:?}");
    let opinion = model.consult(ODD, &context, own).await;
    context.adopt(&opinion.reading.operations);
    assert!(opinion.by_model && opinion.trouble.is_none());
    assert_eq!(opinion.reading.operations[0].line(), "avoid sector:7");
    // By the table alone it would not.
    assert!(!opinion.reading.operations[0].confirm_needed().is_needed());
    assert!(opinion.reading.confirm && opinion.reading.confidence < DOUBT);
    // And the dialogue goes on about it.
    let next = turn("freeze it", &mut context);
    assert_eq!(next.operations[0].line(), "freeze sector:7");
    let requests = server.received_requests().await.expect("recorded");
    let body: Value = requests[0].body_json().expect("JSON");
    assert_eq!(body["model"], "small");
    assert!(
        body["messages"][0]["content"]
            .as_str()
            .is_some_and(|text| text.contains("- freeze"))
    );
}

#[tokio::test]
async fn what_is_understood_is_nobody_elses_business() {
    let (server, model) = saying(r#"{"kind":"reject"}"#).await;
    for line in [
        "freeze sector 7",
        "how are we doing",
        ":status",
        "",
        "  ",
        "gefriere alles, überall, größer äöü",
    ] {
        let opinion = consulted(&model, line).await;
        assert!(!opinion.by_model, "{line}");
    }
    let requests = server.received_requests().await.expect("recorded");
    let asked: Vec<String> = requests
        .iter()
        .map(|one| String::from_utf8_lossy(&one.body).into_owned())
        .collect();
    assert!(
        asked.iter().all(|body| body.contains("gefriere")),
        "{asked:?}"
    );
}

#[tokio::test]
async fn the_key_goes_to_the_server_and_nowhere_else() {
    let server = MockServer::start().await;
    Mock::given(header("authorization", "Bearer a-secret"))
        .respond_with(ResponseTemplate::new(503))
        .mount(&server)
        .await;
    let model = model(&server.uri());
    let opinion = consulted(&model, ODD).await;
    let trouble = opinion.trouble.expect("503");
    assert!(matches!(trouble, ModelError::Status(503)));
    assert!(!format!("{model:?} {trouble} {trouble:?}").contains("a-secret"));
}

#[tokio::test]
async fn an_answer_that_is_none_leaves_the_compilers_reading() {
    let many = vec![json!({"op": "status"}); 9];
    let wrong = [
        "I would freeze it".to_owned(),
        String::new(),
        "{}".to_owned(),
        r#"{"kind":"operation","operations":[]}"#.to_owned(),
        r#"{"kind":"operation","operations":[{"op":"status","now":true}]}"#.to_owned(),
        r#"{"kind":"operation","operations":[{"op":"status"}],"run":true}"#.to_owned(),
        r#"{"kind":"operation","operations":[{"op":"rm","scope":"all"}]}"#.to_owned(),
        r#"{"kind":"operation","operations":[{"op":"freeze","scope":"sector:7000"}]}"#.to_owned(),
        // A yes is a person's, also within something else.
        r#"{"kind":"operation","operations":[{"op":"answer","yes":true}]}"#.to_owned(),
        r#"{"kind":"operation","operations":[{"op":"schedule","in_s":5,"operation":{"op":"undo"}}]}"#.to_owned(),
        json!({"kind": "operation", "operations": many}).to_string(),
        r#"{"kind":"clarify","question":"  "}"#.to_owned(),
    ];
    for content in wrong {
        let (_server, model) = saying(&content).await;
        let opinion = consulted(&model, ODD).await;
        assert!(!opinion.by_model, "{content}");
        assert!(
            matches!(opinion.trouble, Some(ModelError::Odd(_))),
            "{content}: {:?}",
            opinion.trouble
        );
        assert!(matches!(opinion.reading.kind, Kind::Reject { .. }));
        assert!(opinion.reading.operations.is_empty());
    }
}

#[tokio::test]
async fn a_server_that_hangs_floods_fails_or_is_gone_costs_a_moment_and_nothing_else() {
    let hangs = ResponseTemplate::new(200).set_delay(Duration::from_secs(30));
    let (_hanging, model) = server(hangs).await;
    assert!(matches!(
        consulted(&model, ODD).await.trouble,
        Some(ModelError::Late(_))
    ));

    let (_flooding, model) =
        server(ResponseTemplate::new(200).set_body_bytes(vec![b' '; BODY_MAX + 1])).await;
    assert!(matches!(
        consulted(&model, ODD).await.trouble,
        Some(ModelError::Long)
    ));

    let (_redirecting, model) =
        server(ResponseTemplate::new(302).insert_header("location", "/elsewhere")).await;
    assert!(matches!(
        consulted(&model, ODD).await.trouble,
        Some(ModelError::Status(302))
    ));

    let (_babbling, model) = server(ResponseTemplate::new(200).set_body_string("<html>")).await;
    assert!(matches!(
        consulted(&model, ODD).await.trouble,
        Some(ModelError::Odd(_))
    ));

    let gone = model_of_nobody();
    assert!(matches!(
        consulted(&gone, ODD).await.trouble,
        Some(ModelError::Unreachable(_))
    ));
}

fn model_of_nobody() -> Model {
    let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|port| port.local_addr());
    model(&format!("http://{}", free.expect("a port")))
}

#[tokio::test]
async fn whoever_denies_asks_or_quotes_changes_nothing_whatever_a_model_reads() {
    let freeze = r#"{"kind":"operation","operations":[{"op":"freeze","scope":"all"}]}"#;
    let (_server, model) = saying(freeze).await;
    for line in [
        "don't you dare put the mesh on ice",
        "would icing the seventh part be wise",
        "my colleague said \"put it all on ice\"",
        "never ever ice the thing",
        "if all goes south we put everything on ice",
        "do we ice it now?",
    ] {
        let context = Context::default();
        // Whatever the compiler makes of it: what counts here is that it is asked.
        let own = Reading::reject("not understood", 0.5);
        let opinion = model.consult(line, &context, own).await;
        assert!(
            !opinion.by_model && opinion.reading.operations.is_empty(),
            "{line}"
        );
        assert!(matches!(opinion.trouble, Some(ModelError::Bold)), "{line}");
    }
    // What only looks may be read out of a question.
    let (_server, model) = saying(r#"{"kind":"operation","operations":[{"op":"status"}]}"#).await;
    let context = Context::default();
    let own = Reading::reject("not understood", 0.5);
    let opinion = model.consult("so what gives?", &context, own).await;
    assert_eq!(opinion.reading.operations, [Operation::Status {}]);
    assert!(!opinion.reading.confirm);
}

#[tokio::test]
async fn a_question_back_is_shown_without_what_a_terminal_obeys() {
    let asks =
        json!({"kind": "clarify", "question": format!("Which\u{1b}[2J part?{}", "x".repeat(500))});
    let (_server, model) = saying(&format!("```json\n{asks}\n```")).await;
    let opinion = consulted(&model, ODD).await;
    let Kind::Clarify { question } = opinion.reading.kind else {
        panic!("a question")
    };
    assert!(question.starts_with("Which") && !question.contains('\u{1b}'));
    assert!(question.chars().count() <= 200);
}

#[tokio::test]
async fn it_is_asked_so_often_and_no_oftener() {
    let (server, model) = saying(r#"{"kind":"reject"}"#).await;
    for _ in 0..CALLS_MAX {
        assert!(consulted(&model, ODD).await.trouble.is_none());
    }
    assert!(matches!(
        consulted(&model, ODD).await.trouble,
        Some(ModelError::Often)
    ));
    let requests = server.received_requests().await.expect("recorded");
    assert_eq!(requests.len(), CALLS_MAX);
}

#[test]
fn it_is_off_unless_a_server_and_a_model_are_named() {
    let named = |given: &[(&str, &str)]| {
        Settings::of(|name| {
            let found = given.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    };
    assert_eq!(named(&[]), None);
    assert_eq!(named(&[("MESH_MODEL_URL", "http://localhost/v1")]), None);
    assert_eq!(
        named(&[("MESH_MODEL_URL", " "), ("MESH_MODEL_NAME", "small")]),
        None
    );
    let all = [
        ("MESH_MODEL_URL", "http://localhost/v1"),
        ("MESH_MODEL_NAME", "small"),
        ("MESH_MODEL_KEY", "hush"),
    ];
    let settings = named(&all).expect("both are named");
    assert_eq!(settings.key.as_deref(), Some("hush"));
    assert!(!format!("{settings:?}").contains("hush"));
    for url in ["ftp://host/v1", "http://user:hush@host/v1", "not a url"] {
        let settings = Settings {
            url: url.to_owned(),
            ..settings.clone()
        };
        let said = Model::new(settings).expect_err(url).to_string();
        assert!(!said.contains("hush"), "{said}");
    }
}
