//! The caller's side of the door: what the console, the conversation and the command line hold.

mod feed;

pub use feed::{Feed, News};

use super::frame::{Hello, ToClient, ToMesh, VERSION, Welcome};
use super::wire::{self, TO_CLIENT_MAX, TO_MESH_MAX};
use super::{Address, DoorError};
use crate::entropy;
use feed::Feeds;
use mesh_core::operation::{Answer, Operation, Progress, Refusal};
use mesh_core::role::Reply;
use mesh_core::trust::Rights;
use std::collections::HashMap;
use std::io::ErrorKind;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadHalf, WriteHalf};
use tokio::net::UnixStream;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

/// How long a mesh may take to say hello.
const HELLO_WAIT: Duration = Duration::from_secs(5);
/// Frames that wait to be written; whoever asks more waits for room.
const WAITING_MAX: usize = 64;
/// Steps of progress kept for who does not look; newer ones are left out then.
const PROGRESS_MAX: usize = 16;

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visitor {
    /// The operator's name.
    pub name: String,
    /// What speaks: `console`, `talk`, `command`.
    pub from: String,
    /// Rights that are wanted.
    pub rights: Rights,
    /// Nobody sits there to answer.
    pub automated: bool,
}

impl Visitor {
    /// Somebody with all rights that the door grants; the name is that of the account.
    pub fn here(from: &str) -> Self {
        let name = std::env::var("USER").unwrap_or_default();
        Self {
            name: if name.is_empty() {
                "owner".into()
            } else {
                name
            },
            from: from.to_owned(),
            rights: Rights::ALL,
            automated: false,
        }
    }
}

/// A connection to a mesh. Clones share it; it ends with the last one.
#[derive(Debug, Clone)]
pub struct Client(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    welcome: Welcome,
    frames: mpsc::Sender<ToMesh>,
    shared: Arc<Shared>,
    /// Makes ids that no other client makes.
    nonce: u64,
    numbered: AtomicU64,
}

/// What the connection's task and the handles share.
#[derive(Debug)]
struct Shared {
    open: Mutex<HashMap<Arc<str>, Slot>>,
    feeds: Feeds,
    /// Why it has ended.
    ended: watch::Sender<Option<Arc<str>>>,
}

/// Where what comes back of one request goes.
#[derive(Debug)]
struct Slot {
    progress: mpsc::Sender<Progress>,
    end: oneshot::Sender<Result<Answer, Refusal>>,
}

/// Something asked, whose end is to come.
#[derive(Debug)]
pub struct Pending {
    id: Arc<str>,
    progress: mpsc::Receiver<Progress>,
    end: oneshot::Receiver<Result<Answer, Refusal>>,
    ended: watch::Receiver<Option<Arc<str>>>,
}

impl Client {
    /// Connects to the mesh at `address`.
    pub async fn connect(address: &Address, visitor: Visitor) -> Result<Self, DoorError> {
        let path = address.socket()?;
        let stream = UnixStream::connect(&path)
            .await
            .map_err(|source| match source.kind() {
                ErrorKind::NotFound | ErrorKind::ConnectionRefused => DoorError::Nobody { path },
                _ => DoorError::Place {
                    what: "cannot connect to",
                    path,
                    source,
                },
            })?;
        Self::over(stream, visitor).await
    }

    /// Connects over any stream of bytes. The connection is served by a task of the runtime that this is called in.
    pub async fn over<S>(stream: S, visitor: Visitor) -> Result<Self, DoorError>
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        let (mut reader, mut writer) = tokio::io::split(stream);
        let hello = ToMesh::Hello(Hello {
            version: VERSION,
            name: visitor.name,
            from: visitor.from,
            rights: visitor.rights,
            automated: visitor.automated,
        });
        wire::write(&mut writer, &wire::encode(&hello, TO_MESH_MAX)?).await?;
        let first = timeout(HELLO_WAIT, wire::read(&mut reader, TO_CLIENT_MAX)).await;
        let first = first.map_err(|_| DoorError::Silent {
            what: "hello was waited for",
            seconds: HELLO_WAIT.as_secs(),
        })??;
        let welcome = match first {
            Some(ToClient::Hello(welcome)) if welcome.version == VERSION => welcome,
            Some(ToClient::Hello(welcome)) => {
                return Err(DoorError::Version {
                    theirs: welcome.version,
                });
            }
            Some(ToClient::Bye { reason }) => return Err(DoorError::Closed { reason }),
            _ => return Err(DoorError::NoHello),
        };
        let (frames, to_write) = mpsc::channel(WAITING_MAX);
        let shared = Arc::new(Shared {
            open: Mutex::default(),
            feeds: Feeds::default(),
            ended: watch::Sender::new(None),
        });
        tokio::spawn(serve(reader, writer, to_write, Arc::clone(&shared)));
        Ok(Self(Arc::new(Inner {
            welcome,
            frames,
            shared,
            nonce: entropy::seed(),
            numbered: AtomicU64::new(0),
        })))
    }

    /// What stands behind the door: the mesh's name, its driver, whether it is a lab, who the caller is taken for.
    pub fn welcome(&self) -> &Welcome {
        &self.0.welcome
    }

    /// Asks for what changes nothing.
    pub async fn ask(&self, operation: Operation) -> Result<Pending, DoorError> {
        let id = self.next_id();
        let frame = ToMesh::Ask {
            id: Arc::clone(&id),
            operation,
        };
        self.request(id, frame).await
    }

    /// Has something done, under an id of its own.
    pub async fn perform(
        &self,
        operation: Operation,
        confirmed: bool,
    ) -> Result<Pending, DoorError> {
        self.perform_as(self.next_id(), operation, confirmed).await
    }

    /// Has something done under this id; the same id again gives the first result, over any connection.
    pub async fn perform_as(
        &self,
        id: Arc<str>,
        operation: Operation,
        confirmed: bool,
    ) -> Result<Pending, DoorError> {
        let frame = ToMesh::Do {
            id: Arc::clone(&id),
            operation,
            confirmed,
        };
        self.request(id, frame).await
    }

    /// Looks or does, as the operation's type says, and waits for the end.
    pub async fn call(
        &self,
        operation: Operation,
        confirmed: bool,
    ) -> Result<Result<Answer, Refusal>, DoorError> {
        let pending = if operation.changes() {
            self.perform(operation, confirmed).await?
        } else {
            self.ask(operation).await?
        };
        pending.end().await
    }

    /// Follows the mesh: a snapshot first, then what changes, at most one frame in `every`.
    pub async fn follow(&self, every: Duration) -> Result<Feed, DoorError> {
        let feed = self.0.shared.feeds.join();
        let every_ms = u32::try_from(every.as_millis()).unwrap_or(u32::MAX);
        self.say(ToMesh::Follow { every_ms }).await?;
        Ok(feed)
    }

    /// Why the connection has ended, once it has.
    pub fn closed(&self) -> Option<Arc<str>> {
        self.0.shared.ended.borrow().clone()
    }

    /// Waits until the connection has ended, and says why.
    pub async fn wait_closed(&self) -> Arc<str> {
        let mut ended = self.0.shared.ended.subscribe();
        let reason = ended.wait_for(Option::is_some).await;
        reason
            .ok()
            .and_then(|reason| reason.clone())
            .unwrap_or_default()
    }

    fn next_id(&self) -> Arc<str> {
        let number = self.0.numbered.fetch_add(1, Ordering::Relaxed);
        Arc::from(format!("{:016x}-{number}", self.0.nonce))
    }

    async fn request(&self, id: Arc<str>, frame: ToMesh) -> Result<Pending, DoorError> {
        let (to_progress, progress) = mpsc::channel(PROGRESS_MAX);
        let (to_end, end) = oneshot::channel();
        let slot = Slot {
            progress: to_progress,
            end: to_end,
        };
        self.0.shared.open().insert(Arc::clone(&id), slot);
        if let Err(error) = self.say(frame).await {
            self.0.shared.open().remove(&id);
            return Err(error);
        }
        Ok(Pending {
            id,
            progress,
            end,
            ended: self.0.shared.ended.subscribe(),
        })
    }

    async fn say(&self, frame: ToMesh) -> Result<(), DoorError> {
        let sent = self.0.frames.send(frame).await;
        sent.map_err(|_| self.0.shared.closed())
    }
}

impl Pending {
    /// Its id, to ask again under.
    pub const fn id(&self) -> &Arc<str> {
        &self.id
    }

    /// What comes next: progress any number of times, then the end. Calling it after the end is an error of the caller's
    /// that is answered as a closed door.
    pub async fn next(&mut self) -> Result<Reply, DoorError> {
        if let Some(progress) = self.progress.recv().await {
            return Ok(Reply::Progress(Box::new(progress)));
        }
        // No more progress can come: the end was said, or the connection broke.
        Ok(match (&mut self.end).await {
            Ok(Ok(answer)) => Reply::Answer(Box::new(answer)),
            Ok(Err(refusal)) => Reply::Refused(Box::new(refusal)),
            Err(_) => return Err(closed(&self.ended)),
        })
    }

    /// The end; progress is passed over.
    pub async fn end(self) -> Result<Result<Answer, Refusal>, DoorError> {
        self.end.await.map_err(|_| closed(&self.ended))
    }
}

impl Shared {
    fn open(&self) -> MutexGuard<'_, HashMap<Arc<str>, Slot>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn closed(&self) -> DoorError {
        closed(&self.ended.subscribe())
    }

    /// One frame from the mesh; what it says of the end, if it says that.
    fn take(&self, frame: ToClient) -> Option<String> {
        match frame {
            ToClient::Hello(_) => Some("it said hello twice".to_owned()),
            ToClient::Progress { id, progress } => {
                if let Some(slot) = self.open().get(&id) {
                    let _ = slot.progress.try_send(progress);
                }
                None
            }
            ToClient::Answer { id, answer } => self.end(&id, Ok(*answer)),
            ToClient::Refusal { id, refusal } => self.end(&id, Err(*refusal)),
            ToClient::Seen(seen) => {
                self.feeds.take(&seen);
                None
            }
            ToClient::Bye { reason } => Some(reason),
        }
    }

    fn end(&self, id: &Arc<str>, end: Result<Answer, Refusal>) -> Option<String> {
        if let Some(slot) = self.open().remove(id) {
            // Whoever asked may have lost interest.
            let _ = slot.end.send(end);
        }
        None
    }
}

fn closed(ended: &watch::Receiver<Option<Arc<str>>>) -> DoorError {
    let reason = ended.borrow().as_deref().unwrap_or("it is gone").to_owned();
    DoorError::Closed { reason }
}

/// The connection's task: reads and writes until one side has ended it.
async fn serve<S>(
    mut reader: ReadHalf<S>,
    mut writer: WriteHalf<S>,
    mut frames: mpsc::Receiver<ToMesh>,
    shared: Arc<Shared>,
) where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    let listen = async {
        loop {
            match wire::read(&mut reader, TO_CLIENT_MAX).await {
                Ok(Some(frame)) => {
                    if let Some(reason) = shared.take(frame) {
                        return reason;
                    }
                }
                Ok(None) => return "the connection was lost".to_owned(),
                Err(error) => return error.to_string(),
            }
        }
    };
    let speak = async {
        while let Some(frame) = frames.recv().await {
            let written = match wire::encode(&frame, TO_MESH_MAX) {
                Ok(bytes) => wire::write(&mut writer, &bytes).await,
                Err(error) => {
                    // Too long to be sent: it ends here, and the connection goes on.
                    if let ToMesh::Ask { id, .. } | ToMesh::Do { id, .. } = &frame {
                        use mesh_core::operation::refusal::Ground;
                        let refusal = Refusal::new(Ground::TooMuch, error.to_string());
                        shared.end(id, Err(refusal));
                    }
                    continue;
                }
            };
            if let Err(error) = written {
                return error.to_string();
            }
        }
        let bye = ToMesh::Bye {
            reason: "done".to_owned(),
        };
        if let Ok(bytes) = wire::encode(&bye, TO_MESH_MAX) {
            // The mesh sees the end of the stream as well.
            let _ = wire::write(&mut writer, &bytes).await;
        }
        "the client is done".to_owned()
    };
    let reason = tokio::select! {
        reason = listen => reason,
        reason = speak => reason,
    };
    shared.ended.send_replace(Some(Arc::from(reason)));
    // Whoever still waits is told by the loss of its slot.
    shared.open().clear();
    shared.feeds.close();
}
