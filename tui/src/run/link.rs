//! The connection to the mesh: made, kept up, made again; news and answers come back as events. What was to be done when
//! the connection broke is asked for again under the same id, so that nothing is done twice.

use crate::state::link::Identity;
use crate::update::{Event, News};
use mesh_core::operation::Operation;
use mesh_core::role::Reply;
use mesh_core::trust::Right;
use mesh_node::door::guest;
use mesh_node::door::{Address, Client, DoorError, Feed, Pending, Visitor};
use mesh_node::drive::local::{Config, Local, Situation};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// News at most this often: five times a second.
const EVERY: Duration = Duration::from_millis(200);
/// Waits before the connection is tried again, doubled from the first to the last.
const RETRY: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(5));

/// Bytes that a pipe to the lab holds.
const PIPE: usize = 256 * 1024;
/// Agents from which on a lab has the troubles of §7.2 to be found and put right.
pub(crate) const STUCK_MIN: u32 = 2_100;

/// Which mesh.
#[derive(Debug, Clone)]
pub(crate) enum Target {
    /// At this door.
    At(Address),
    /// A lab of so many agents in this process.
    Lab(u32),
}

/// A way to the door: over a socket, or to a lab that lives as long as this does.
enum Way {
    Socket(Address),
    Pipe(Local),
}

impl Way {
    async fn connect(&self, from: &str) -> Result<Client, DoorError> {
        let visitor = Visitor::here(from);
        match self {
            Self::Socket(address) => Client::connect(address, visitor).await,
            Self::Pipe(local) => {
                let (here, there) = tokio::io::duplex(PIPE);
                let porter = Arc::clone(local.porter());
                // What ends it was told to the client.
                tokio::spawn(async move { guest::serve(porter, there).await });
                Client::over(here, visitor).await
            }
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Socket(address) => address.to_string(),
            Self::Pipe(_) => "in this process".to_owned(),
        }
    }
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
    let way = match target {
        Target::At(address) => Way::Socket(address),
        Target::Lab(agents) => match start_lab(agents).await {
            Ok(local) => Way::Pipe(local),
            Err(why) => {
                let _ = to.send(Event::Refused(why)).await;
                return;
            }
        },
    };
    loop {
        match way.connect("console").await {
            Ok(client) => {
                wait = RETRY.0;
                if to
                    .send(Event::Connected(Box::new(identity(&client, way.name()))))
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

fn identity(client: &Client, address: String) -> Identity {
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
        address,
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
    let follower = tokio::spawn(follow(feed, to.clone()));
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

/// A lab of modelled devices; made on a thread of its own, since thirty thousand agents take a moment.
async fn start_lab(agents: u32) -> Result<Local, String> {
    let config = Config {
        situation: if agents >= STUCK_MIN {
            Situation::StuckPis
        } else {
            Situation::Calm
        },
        ..Config::lab(agents)
    };
    let started = tokio::task::spawn_blocking(move || Local::start(config)).await;
    started
        .map_err(|error| error.to_string())?
        .map_err(|error| error.to_string())
}

/// What the mesh tells, as news.
async fn follow(mut feed: Feed, to: mpsc::Sender<Event>) {
    loop {
        let news = feed.next().await;
        if news.closed {
            return;
        }
        let told = News {
            sight: news.sight,
            events: news.events,
            missed: news.missed,
        };
        if to.send(Event::News(Box::new(told))).await.is_err() {
            return;
        }
    }
}
