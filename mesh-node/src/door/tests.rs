use super::frame::{EVENTS_MAX, Hello, OPEN_MAX, ToClient, ToMesh, VERSION, Welcome};
use super::porter::{Porter, Request};
use super::wire::{self, TO_CLIENT_MAX, TO_MESH_MAX};
use super::{Address, Client, DoorError, Visitor, guest};
use mesh_core::operation::event::{Event, Stamped};
use mesh_core::operation::follow::{Cursor, Sight};
use mesh_core::operation::refusal::Ground;
use mesh_core::operation::{Answer, Operation, Progress};
use mesh_core::place::Shape;
use mesh_core::role::{Ask, Reply};
use mesh_core::time::WallTime;
use mesh_core::trust::{Right, Rights};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::mpsc;

/// A porter whose requests end up in a channel.
fn door() -> (Arc<Porter>, mpsc::Receiver<Request>) {
    let (to, requests) = mpsc::channel(100);
    let send = move |request| {
        to.try_send(request).map_err(|error| match error {
            mpsc::error::TrySendError::Full(request)
            | mpsc::error::TrySendError::Closed(request) => request,
        })
    };
    (Porter::new(welcome(), Box::new(send)), requests)
}

fn welcome() -> Welcome {
    Welcome {
        version: VERSION,
        program: "mesh-node test".into(),
        mesh: "test".into(),
        driver: "local".into(),
        lab: true,
        shape: Shape::DEFAULT,
        caller: String::new(),
        rights: Rights::ALL,
    }
}

fn line(porter: &Arc<Porter>) -> DuplexStream {
    let (here, there) = tokio::io::duplex(64 * 1024);
    tokio::spawn(guest::serve(Arc::clone(porter), there));
    here
}

async fn client(porter: &Arc<Porter>) -> Client {
    Client::over(line(porter), Visitor::here("test"))
        .await
        .expect("is let in")
}

async fn asked(requests: &mut mpsc::Receiver<Request>) -> Ask {
    match requests.recv().await {
        Some(Request::Ask(ask)) => *ask,
        other => panic!("an ask was to come: {other:?}"),
    }
}

fn told(number: u64) -> Stamped {
    let event = Event::Alert { text: "!".into() };
    Stamped {
        number,
        at: WallTime(0),
        event,
    }
}

fn freeze() -> Operation {
    Operation::from_line("freeze all").expect("reads")
}

#[tokio::test]
async fn a_caller_learns_what_stands_behind_the_door_and_has_only_the_rights_it_wanted() {
    let (porter, _requests) = door();
    let looks = Rights::default().with(Right::Look);
    let visitor = Visitor {
        rights: looks,
        ..Visitor::here("script\u{1b}")
    };
    let client = Client::over(line(&porter), visitor)
        .await
        .expect("is let in");
    let found = client.welcome();
    assert!(found.lab && found.mesh == "test" && found.shape == Shape::DEFAULT);
    assert_eq!(found.rights, looks);
}

#[tokio::test]
async fn what_is_asked_comes_back_to_whoever_asked_progress_first() {
    let (porter, mut requests) = door();
    let (one, two) = (client(&porter).await, client(&porter).await);
    let status = Operation::Status {};
    let mut first = one.ask(status.clone()).await.expect("is sent");
    let mut second = two.ask(status).await.expect("is sent");
    let (a, b) = (asked(&mut requests).await, asked(&mut requests).await);
    assert_ne!(a.id, b.id, "looks of two connections have ids of their own");
    let (for_one, for_two) = if a.caller == b.caller && a.id < b.id {
        (a, b)
    } else {
        (b, a)
    };
    porter.reply(&for_one.id, Reply::Progress(Box::new(Progress::Accepted)));
    porter.reply(
        &for_two.id,
        Reply::Answer(Box::new(Answer::Count { count: 2 })),
    );
    porter.reply(
        &for_one.id,
        Reply::Answer(Box::new(Answer::Count { count: 1 })),
    );
    assert_eq!(
        first.next().await.ok(),
        Some(Reply::Progress(Box::new(Progress::Accepted)))
    );
    assert_eq!(
        first.next().await.ok(),
        Some(Reply::Answer(Box::new(Answer::Count { count: 1 })))
    );
    assert_eq!(
        second.next().await.ok(),
        Some(Reply::Answer(Box::new(Answer::Count { count: 2 })))
    );
}

#[tokio::test]
async fn what_is_done_keeps_its_id_over_connections() {
    let (porter, mut requests) = door();
    let lost = client(&porter).await;
    let pending = lost.perform(freeze(), true).await.expect("is sent");
    let id = Arc::clone(pending.id());
    let first = asked(&mut requests).await;
    assert!(first.confirmed && first.id == id);
    drop((lost, pending));
    let again = client(&porter).await;
    let pending = again.perform_as(id, freeze(), true).await.expect("is sent");
    let repeat = asked(&mut requests).await;
    assert_eq!(repeat.id, first.id);
    porter.reply(&repeat.id, Reply::Answer(Box::new(Answer::Ok)));
    assert_eq!(pending.end().await.ok(), Some(Ok(Answer::Ok)));
}

#[tokio::test]
async fn what_changes_the_mesh_cannot_be_asked_as_a_look() {
    let (porter, _requests) = door();
    let client = client(&porter).await;
    let refusal = client.ask(freeze()).await.expect("is sent").end().await;
    let refusal = refusal.expect("the door stands").expect_err("is refused");
    assert_eq!(refusal.ground, Ground::Wrong);
}

#[tokio::test]
async fn one_request_more_than_may_be_open_is_refused_and_the_others_go_on() {
    let (porter, mut requests) = door();
    let client = client(&porter).await;
    let mut open = Vec::new();
    for _ in 0..=OPEN_MAX {
        open.push(client.ask(Operation::Status {}).await.expect("is sent"));
    }
    let refusal = open.pop().expect("the last").end().await;
    let refusal = refusal.expect("the door stands").expect_err("is refused");
    assert_eq!(refusal.ground, Ground::TooMuch);
    for pending in open {
        let ask = asked(&mut requests).await;
        porter.reply(&ask.id, Reply::Answer(Box::new(Answer::Ok)));
        assert_eq!(pending.end().await.ok(), Some(Ok(Answer::Ok)));
    }
}

#[tokio::test]
async fn a_follower_gets_the_state_and_each_event_once() {
    let (porter, mut requests) = door();
    let client = client(&porter).await;
    let mut feed = client
        .follow(Duration::from_millis(50))
        .await
        .expect("is sent");
    let mut seen = Vec::new();
    for look in 0..3_u64 {
        let Some(Request::Look(_, answer)) = requests.recv().await else {
            panic!("a look was to come");
        };
        porter.tell(told(look));
        answer
            .send((Sight::Nobody, Cursor::default()))
            .expect("is waited for");
        seen.extend(feed.next().await.events.iter().map(|event| event.number));
    }
    assert_eq!(seen, [0, 1, 2]);
}

#[tokio::test]
async fn a_follower_that_does_not_look_gets_less_and_is_told_how_much() {
    let (porter, mut requests) = door();
    let client = client(&porter).await;
    let mut feed = client
        .follow(Duration::from_millis(50))
        .await
        .expect("is sent");
    let Some(Request::Look(_, answer)) = requests.recv().await else {
        panic!("a look was to come");
    };
    let many = EVENTS_MAX as u64 + 7;
    (0..many).for_each(|number| porter.tell(told(number)));
    answer
        .send((Sight::Nobody, Cursor::default()))
        .expect("is waited for");
    let news = feed.next().await;
    assert_eq!((news.events.len(), news.missed), (EVENTS_MAX, 7));
    assert_eq!(news.events[0].number, 7);
}

#[tokio::test]
async fn a_slow_client_makes_no_queue() {
    let (porter, mut requests) = door();
    let mut line = line(&porter);
    say(&mut line, &hello(VERSION)).await;
    say(&mut line, &ToMesh::Follow { every_ms: 50 }).await;
    // Nothing is read. Frames of some 60 kB each fill the pipe; then nobody looks any more.
    let text: mesh_core::text::Foreign = "x".repeat(300).as_str().into();
    let mut looks = 0;
    while let Ok(Some(request)) =
        tokio::time::timeout(Duration::from_millis(400), requests.recv()).await
    {
        for number in 0..1_000 {
            let event = Event::Alert { text: text.clone() };
            porter.tell(Stamped {
                number,
                at: WallTime(0),
                event,
            });
        }
        if let Request::Look(_, answer) = request {
            let _ = answer.send((Sight::Nobody, Cursor::default()));
        }
        looks += 1;
        assert!(looks < 10, "looks go on though nothing is read");
    }
    assert!(looks > 0);
}

#[tokio::test]
async fn another_version_a_wrong_first_frame_and_garbage_each_get_one_clear_error() {
    let (porter, _requests) = door();
    let end = async |bytes: Vec<u8>| {
        let mut line = line(&porter);
        line.write_all(&bytes).await.expect("is written");
        let said: Option<ToClient> = wire::read(&mut line, TO_CLIENT_MAX).await.expect("reads");
        let Some(ToClient::Bye { reason }) = said else {
            panic!("a bye was to come: {said:?}");
        };
        let mut rest = Vec::new();
        line.read_to_end(&mut rest).await.expect("reads");
        assert!(rest.is_empty(), "nothing follows a bye");
        reason
    };
    let encode = |frame: &ToMesh| wire::encode(frame, TO_MESH_MAX).expect("writes");
    let other = end(encode(&hello(VERSION + 1))).await;
    assert!(other.contains("update the older"), "{other}");
    let first = end(encode(&ToMesh::Unfollow)).await;
    assert!(first.contains("hello first"), "{first}");
    let http = end(b"GET / HTTP/1.1\r\n\r\n".to_vec()).await;
    assert!(http.contains("at most 1048576"), "{http}");
    let garbage = end(vec![0, 0, 0, 3, 0xff, 0xff, 0xff]).await;
    assert!(garbage.contains("3 bytes cannot be read"), "{garbage}");
    let mut wrong = encode(&hello(VERSION));
    wrong.extend([0, 0, 0, 1, 0xc1]);
    let mut line = line(&porter);
    line.write_all(&wrong).await.expect("is written");
    let mut frames = Vec::new();
    for _ in 0..2 {
        frames.push(
            wire::read::<ToClient>(&mut line, TO_CLIENT_MAX)
                .await
                .expect("reads"),
        );
    }
    assert!(
        matches!(
            &frames[..],
            [Some(ToClient::Hello(_)), Some(ToClient::Bye { .. })]
        ),
        "{frames:?}"
    );
}

#[tokio::test]
async fn whoever_waits_is_told_when_the_door_closes() {
    let (porter, mut requests) = door();
    let client = client(&porter).await;
    let pending = client.ask(Operation::Status {}).await.expect("is sent");
    asked(&mut requests).await;
    let mut feed = client
        .follow(Duration::from_secs(1))
        .await
        .expect("is sent");
    porter.close("stopped by its owner");
    let Err(DoorError::Closed { reason }) = pending.end().await else {
        panic!("it was to fail");
    };
    assert_eq!(reason, "stopped by its owner");
    assert_eq!(&*client.wait_closed().await, "stopped by its owner");
    while !feed.next().await.closed {}
    assert!(client.ask(Operation::Status {}).await.is_err());
}

#[tokio::test]
async fn a_socket_is_its_owners_alone_and_a_dead_one_is_replaced() {
    use super::socket::Socket;
    use std::os::unix::fs::PermissionsExt;
    let folder = std::env::temp_dir().join(format!("mesh-door-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("is made");
    let address = Address::Path(folder.join("lab.sock"));
    let nobody = Client::connect(&address, Visitor::here("test")).await;
    assert!(matches!(nobody, Err(DoorError::Nobody { .. })));
    // What a killed mesh leaves behind.
    drop(std::os::unix::net::UnixListener::bind(folder.join("lab.sock")).expect("is bound"));
    let socket = Socket::bind(&address).expect("replaces the dead one");
    let mode = std::fs::metadata(socket.path())
        .expect("is there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(matches!(
        Socket::bind(&address),
        Err(DoorError::Taken { .. })
    ));
    let (porter, mut requests) = door();
    let served = tokio::spawn(socket.serve(Arc::clone(&porter)));
    let client = Client::connect(&address, Visitor::here("test"))
        .await
        .expect("is let in");
    let pending = client.ask(Operation::Status {}).await.expect("is sent");
    let ask = asked(&mut requests).await;
    porter.reply(&ask.id, Reply::Answer(Box::new(Answer::Ok)));
    assert_eq!(pending.end().await.ok(), Some(Ok(Answer::Ok)));
    porter.close("done");
    served.await.expect("ends");
    assert!(
        !folder.join("lab.sock").exists(),
        "the socket goes with the mesh"
    );
    std::fs::remove_dir_all(&folder).expect("is removed");
}

fn hello(version: u16) -> ToMesh {
    ToMesh::Hello(Hello {
        version,
        name: "test".into(),
        from: "test".into(),
        rights: Rights::ALL,
        automated: false,
    })
}

async fn say(line: &mut DuplexStream, frame: &ToMesh) {
    let bytes = wire::encode(frame, TO_MESH_MAX).expect("writes");
    line.write_all(&bytes).await.expect("is written");
}
