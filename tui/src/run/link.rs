//! The connection to the mesh: made, kept up, made again; news and answers come back as events. What was to be done when
//! the connection broke is asked for again under the same id, so that nothing is done twice.

use crate::state::link::Identity;
use crate::update::{Event, News};
use mesh_core::operation::answer::{RowKind, Rows};
use mesh_core::operation::follow::Sight;
use mesh_core::operation::{Answer, Operation};
use mesh_core::role::Reply;
use mesh_core::trust::Right;
use mesh_node::door::{Address, Client, DoorError, Feed, Pending, Visitor};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// News at most this often: five times a second.
const EVERY: Duration = Duration::from_millis(200);
/// Waits before the connection is tried again, doubled from the first to the last.
const RETRY: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(5));

/// Which mesh.
#[derive(Debug, Clone)]
pub(crate) enum Target {
    /// At this door.
    At(Address),
}

/// Something to be asked of the mesh.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub(crate) number: u64,
    pub(crate) operation: Operation,
    pub(crate) confirmed: bool,
}

/// What is to be done and has no result yet, with the id under which it was first asked.
type Undecided = BTreeMap<u64, (Arc<str>, Question)>;

/// Holds the connection until the console has left.
pub(super) async fn keep(
    target: Target,
    to: mpsc::Sender<Event>,
    mut questions: mpsc::Receiver<Question>,
) {
    let mut undecided = Undecided::new();
    let mut wait = RETRY.0;
    let Target::At(address) = target;
    loop {
        match Client::connect(&address, Visitor::here("console")).await {
            Ok(client) => {
                wait = RETRY.0;
                if to
                    .send(Event::Connected(Box::new(identity(&client, &address))))
                    .await
                    .is_err()
                {
                    return;
                }
                let why = serve(&client, &to, &mut questions, &mut undecided).await;
                let Some(why) = why else {
                    return;
                };
                if to.send(Event::Lost(why)).await.is_err() {
                    return;
                }
            }
            Err(error) if is_final(&error) => {
                let _ = to.send(Event::Refused(error.to_string())).await;
                return;
            }
            Err(error) => {
                if to.send(Event::Lost(error.to_string())).await.is_err() {
                    return;
                }
            }
        }
        // What is asked meanwhile is refused, not kept.
        let pause = tokio::time::sleep(wait);
        tokio::pin!(pause);
        loop {
            tokio::select! {
                () = &mut pause => break,
                question = questions.recv() => match question {
                    Some(question) => {
                        let failed = Event::Failed(question.number, "no mesh is there now; nothing was sent".into());
                        if to.send(failed).await.is_err() {
                            return;
                        }
                    }
                    None => return,
                },
            }
        }
        wait = (wait * 2).min(RETRY.1);
    }
}

/// Whether another try would end the same.
fn is_final(error: &DoorError) -> bool {
    matches!(
        error,
        DoorError::Version { .. }
            | DoorError::NoHello
            | DoorError::Address { .. }
            | DoorError::Scheme { .. }
            | DoorError::Exposed { .. }
            | DoorError::Oversized { .. }
            | DoorError::Malformed { .. }
    )
}

fn identity(client: &Client, address: &Address) -> Identity {
    let welcome = client.welcome();
    Identity {
        mesh: welcome.mesh.clone(),
        driver: welcome.driver.clone(),
        lab: welcome.lab,
        shape: welcome.shape,
        caller: welcome.caller.clone(),
        may_change: [Right::Steer, Right::Stop, Right::Change, Right::Keys]
            .into_iter()
            .any(|right| welcome.rights.has(right)),
        address: address.to_string(),
    }
}

/// One connection; why it ended, or nothing when the console has left.
async fn serve(
    client: &Client,
    to: &mpsc::Sender<Event>,
    questions: &mut mpsc::Receiver<Question>,
    undecided: &mut Undecided,
) -> Option<String> {
    let feed = match client.follow(EVERY).await {
        Ok(feed) => feed,
        Err(error) => return Some(error.to_string()),
    };
    let follower = tokio::spawn(follow(client.clone(), feed, to.clone()));
    let (done, mut ended) = mpsc::channel::<u64>(64);
    for (number, (id, question)) in undecided.iter() {
        let pending = client
            .perform_as(
                Arc::clone(id),
                question.operation.clone(),
                question.confirmed,
            )
            .await;
        tokio::spawn(await_end(*number, pending, to.clone(), done.clone(), true));
    }
    let why = loop {
        tokio::select! {
            number = ended.recv() => {
                undecided.remove(&number.unwrap_or_default());
            }
            question = questions.recv() => {
                let Some(question) = question else {
                    break None;
                };
                let changes = question.operation.changes();
                let pending = if changes {
                    client.perform(question.operation.clone(), question.confirmed).await
                } else {
                    client.ask(question.operation.clone()).await
                };
                let number = question.number;
                if let (true, Ok(pending)) = (changes, &pending) {
                    undecided.insert(number, (Arc::clone(pending.id()), question));
                }
                tokio::spawn(await_end(number, pending, to.clone(), done.clone(), changes));
            }
            why = client.wait_closed() => break Some(why.to_string()),
        }
    };
    follower.abort();
    why
}

/// Waits for the end of a question. What changes the mesh and lost its connection has no end yet: it is asked for again.
async fn await_end(
    number: u64,
    pending: Result<Pending, DoorError>,
    to: mpsc::Sender<Event>,
    done: mpsc::Sender<u64>,
    changes: bool,
) {
    let mut pending = match pending {
        Ok(pending) => pending,
        Err(error) => {
            let _ = to.send(Event::Failed(number, error.to_string())).await;
            return;
        }
    };
    loop {
        let event = match pending.next().await {
            Ok(Reply::Progress(progress)) => Event::Progress(number, *progress),
            Ok(Reply::Answer(answer)) => Event::Answer(number, Box::new(Ok(*answer))),
            Ok(Reply::Refused(refusal)) => Event::Answer(number, Box::new(Err(*refusal))),
            Err(_) if changes => return,
            Err(error) => Event::Failed(number, error.to_string()),
        };
        let last = !matches!(event, Event::Progress(..));
        if to.send(event).await.is_err() {
            return;
        }
        if last {
            let _ = done.send(number).await;
            return;
        }
    }
}

/// What the mesh tells, as news.
async fn follow(client: Client, mut feed: Feed, to: mpsc::Sender<Event>) {
    let shape = client.welcome().shape;
    let mut first = true;
    loop {
        let news = feed.next().await;
        if news.closed {
            return;
        }
        let mut told = News {
            events: news.events,
            missed: news.missed,
            ..News::default()
        };
        match news.sight {
            Some(Sight::Snapshot(view) | Sight::Changes(view)) => {
                told.rows = view.lines().collect();
                told.status = Some(view.status);
            }
            Some(Sight::Nobody) | None => {}
        }
        if std::mem::take(&mut first) {
            told.shape = Some(shape);
            told.rows = rows(&client).await;
        }
        if to.send(Event::News(Box::new(told))).await.is_err() {
            return;
        }
    }
}

/// All rows, once.
async fn rows(client: &Client) -> Vec<mesh_core::operation::answer::AgentLine> {
    let Ok(operation) = Operation::from_line("list agents limit 100000") else {
        return Vec::new();
    };
    match client.call(operation, false).await {
        Ok(Ok(Answer::Rows(Rows {
            rows: RowKind::Agents(lines),
            ..
        }))) => lines,
        _ => Vec::new(),
    }
}
