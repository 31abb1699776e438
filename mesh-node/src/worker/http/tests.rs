use super::super::Spec;
use super::super::tests::{Bench, done, order, thrown};
use mesh_core::message::{ConflictKind, TaskOrder, TaskSaid, Verb};
use mesh_core::operation::resource::Resource;
use mesh_core::role::{Work, WorkerEvent};
use mesh_core::time::{Micros, Moment};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use wiremock::matchers::{body_partial_json, header, method};
use wiremock::{Mock, MockServer, ResponseTemplate};

fn at(url: &str) -> Spec {
    url.parse().expect("a worker")
}

async fn serving(template: ResponseTemplate) -> (MockServer, Bench) {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .respond_with(template)
        .mount(&server)
        .await;
    let bench = Bench::new(&at(&server.uri()));
    (server, bench)
}

#[tokio::test]
async fn a_function_is_given_the_task_and_its_result_comes_back() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(header("Idempotency-Key", "t"))
        .and(body_partial_json(
            serde_json::json!({"task": "t", "name": "sum"}),
        ))
        .respond_with(ResponseTemplate::new(200).set_body_json(serde_json::json!({"result": "42"})))
        .expect(1)
        .mount(&server)
        .await;
    let mut bench = Bench::new(&at(&server.uri()));
    bench.task(order("t", "sum"));
    assert_eq!(bench.end("t").await, done("42"));
}

#[tokio::test]
async fn retry_after_is_followed_and_seen() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .respond_with(ResponseTemplate::new(503).insert_header("Retry-After", "1"))
        .up_to_n_times(1)
        .mount(&server)
        .await;
    Mock::given(method("POST"))
        .respond_with(
            ResponseTemplate::new(200).set_body_json(serde_json::json!({"result": "late"})),
        )
        .mount(&server)
        .await;
    let mut bench = Bench::new(&at(&server.uri()));
    let begun = std::time::Instant::now();
    bench.task(order("t", "x"));
    let waits = bench
        .until("t", |said| matches!(said, TaskSaid::Waits(..)))
        .await;
    assert!(matches!(waits, TaskSaid::Waits(Resource::Network, _)));
    assert_eq!(bench.end("t").await, done("late"));
    assert!(
        begun.elapsed() >= Duration::from_secs(1),
        "it came back too early"
    );
}

#[tokio::test]
async fn one_that_asks_for_an_hour_is_not_waited_for() {
    let template = ResponseTemplate::new(429).insert_header("Retry-After", "3600");
    let (_server, mut bench) = serving(template).await;
    bench.task(order("t", "x"));
    let why = bench.failure("t").await;
    assert!(why.contains("60 min"), "{why}");
}

#[tokio::test]
async fn redirects_are_refused_and_named() {
    let template =
        ResponseTemplate::new(302).insert_header("Location", "http://elsewhere.example/");
    let (server, mut bench) = serving(template).await;
    bench.task(order("t", "x"));
    let why = bench.failure("t").await;
    assert!(
        why.contains("elsewhere.example") && why.contains("not followed"),
        "{why}"
    );
    assert_eq!(
        server.received_requests().await.map_or(0, |all| all.len()),
        1
    );
}

#[tokio::test]
async fn what_is_no_json_is_a_failure_with_what_it_was() {
    let (_server, mut bench) =
        serving(ResponseTemplate::new(200).set_body_string("<html>hello")).await;
    bench.task(order("t", "x"));
    let why = bench.failure("t").await;
    assert!(
        why.contains("no JSON") && why.contains("<html>hello"),
        "{why}"
    );
    let (_server, mut bench) =
        serving(ResponseTemplate::new(500).set_body_string("out of order")).await;
    bench.task(order("t", "x"));
    let why = bench.failure("t").await;
    assert!(why.contains("500") && why.contains("out of order"), "{why}");
}

#[tokio::test]
async fn a_throw_is_called_at_once_and_an_answer_that_is_none_is_a_conflict_with_detail() {
    let answer = serde_json::json!({"answer": 2});
    let (_server, mut bench) = serving(ResponseTemplate::new(200).set_body_json(answer)).await;
    let prepare = |verb| Work::Prepare {
        header: thrown(verb, b"x"),
        target: Moment(0),
    };
    bench.give(prepare(Verb::Decide));
    assert!(matches!(bench.next().await, WorkerEvent::Answered(_, 2)));
    let (_server, mut bench) = serving(ResponseTemplate::new(200).set_body_string("[1,")).await;
    bench.give(prepare(Verb::Act));
    let WorkerEvent::Disputed(_, detail) = bench.next().await else {
        panic!("it is no conflict");
    };
    assert_eq!(detail.0.kind, ConflictKind::DataContradiction);
    assert!(detail.0.received.value.as_str().contains("no JSON"));
}

/// A server of our own, for what no well-kept one does. Each connection is read up to the end of its head.
async fn rogue(answer: impl Fn(usize) -> Option<Vec<u8>> + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let url = format!("http://{}", listener.local_addr().expect("has an address"));
    let answer = std::sync::Arc::new(answer);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let answer = std::sync::Arc::clone(&answer);
            tokio::spawn(async move {
                let mut head = vec![0; 64 * 1024];
                let _ = stream.read(&mut head).await;
                let mut part = 0;
                while let Some(bytes) = answer(part) {
                    if stream.write_all(&bytes).await.is_err() {
                        return;
                    }
                    part += 1;
                }
                // It says no more, and holds the line.
                let _ = stream.read(&mut head).await;
                std::future::pending::<()>().await;
            });
        }
    });
    url
}

#[tokio::test]
async fn an_endless_answer_is_cut_at_its_bound() {
    let said = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = std::sync::Arc::clone(&said);
    let url = rogue(move |part| {
        counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Some(match part {
            0 => b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec(),
            _ => [&b"10000\r\n"[..], " ".repeat(0x10000).as_bytes(), b"\r\n"].concat(),
        })
    })
    .await;
    let mut bench = Bench::new(&at(&url));
    bench.task(order("t", "x"));
    let why = bench.failure("t").await;
    assert!(why.contains("more than 1048576 bytes"), "{why}");
    let parts = said.load(std::sync::atomic::Ordering::Relaxed);
    assert!(parts < 2_000, "{parts} parts of 64 KiB were taken");
    // One that says beforehand that ten gigabytes will come is not read at all.
    let url = rogue(|part| {
        (part == 0).then(|| b"HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\n\r\n".to_vec())
    })
    .await;
    let mut bench = Bench::new(&at(&url));
    bench.task(order("t", "x"));
    assert!(bench.failure("t").await.contains("more than 1048576 bytes"));
}

#[tokio::test]
async fn one_that_hangs_ends_with_its_time_and_says_that_nothing_is_known() {
    for head in [
        None,
        Some(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{".to_vec()),
    ] {
        let url = rogue(move |part| head.clone().filter(|_| part == 0)).await;
        let mut bench = Bench::new(&at(&url));
        bench.task(TaskOrder {
            left: Micros::millis(300),
            ..order("t", "x")
        });
        let why = bench.failure("t").await;
        assert!(why.contains("300 ms") && why.contains("not known"), "{why}");
    }
}

#[tokio::test]
async fn one_that_is_not_there_is_tried_again_while_there_is_time() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let address = listener.local_addr().expect("has an address");
    drop(listener);
    let mut bench = Bench::new(&at(&format!("http://{address}")));
    bench.task(order("t", "x"));
    let waits = bench
        .until("t", |said| matches!(said, TaskSaid::Waits(..)))
        .await;
    assert!(matches!(waits, TaskSaid::Waits(Resource::Network, _)));
    let why = bench.failure("t").await;
    assert!(why.contains("gave no answer"), "{why}");
}

#[test]
fn an_address_with_a_password_is_refused_without_showing_it() {
    let error = super::address("http://me:hunter2@x.example/").expect_err("is refused");
    assert!(!error.to_string().contains("hunter2"), "{error}");
    for wrong in ["ftp://x", "file:///etc/passwd", "nothing", "http://"] {
        assert!(super::address(wrong).is_err(), "{wrong}");
    }
}
