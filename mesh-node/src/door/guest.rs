//! The mesh's side of one connection: hello, then requests in, replies and changes out.

use super::DoorError;
use super::frame::{Hello, OPEN_MAX, Seen, ToClient, ToMesh, VERSION, Welcome};
use super::porter::{Place, Porter, shown_out};
use super::wire::{self, TO_CLIENT_MAX, TO_MESH_MAX};
use mesh_core::operation::follow::Sight;
use mesh_core::operation::refusal::Ground;
use mesh_core::operation::{Operation, Refusal};
use mesh_core::role::{Ask, Caller};
use mesh_core::trust::{Right, Rights};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadHalf, WriteHalf};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout};

/// How long a hello may take.
const HELLO_WAIT: Duration = Duration::from_secs(5);
/// How long a client may leave a frame unread.
const WRITE_WAIT: Duration = Duration::from_secs(30);
/// Between two frames of what is followed, milliseconds.
const EVERY: std::ops::RangeInclusive<u32> = 50..=60_000;
/// Letters of a name at most.
const NAME_MAX: usize = 64;

/// Serves one connection to its end. An error was told to the client, where it could be.
pub async fn serve<S>(porter: Arc<Porter>, stream: S) -> Result<(), DoorError>
where
    S: AsyncRead + AsyncWrite + Send,
{
    let (mut reader, mut writer) = tokio::io::split(stream);
    let (place, hello) = match greet(&porter, &mut reader).await {
        Ok(greeted) => greeted,
        Err(error) => {
            let reason = error.to_string();
            // It may be gone already; then nobody misses the reason.
            let _ = send(&mut writer, &ToClient::Bye { reason }).await;
            return Err(error);
        }
    };
    let (replies, to_write) = mpsc::channel(2 * OPEN_MAX);
    let (follow, followed) = watch::channel(None);
    let guest = Guest {
        caller: Caller {
            name: plain(&hello.name),
            from: plain(&hello.from),
            rights: common(porter.welcome().rights, hello.rights),
            automated: hello.automated,
        },
        open: AtomicUsize::new(0),
        porter,
        place,
        replies,
        follow,
    };
    let welcome = Welcome {
        caller: guest.caller.name.to_string(),
        rights: guest.caller.rights,
        ..guest.porter.welcome().clone()
    };
    send(&mut writer, &ToClient::Hello(welcome)).await?;
    tokio::select! {
        ended = guest.listen(&mut reader) => {
            if let Err(error) = &ended {
                let reason = error.to_string();
                let _ = send(&mut writer, &ToClient::Bye { reason }).await;
            }
            ended
        }
        ended = guest.speak(&mut writer, to_write, followed) => ended,
    }
}

struct Guest {
    porter: Arc<Porter>,
    place: Place,
    caller: Caller,
    /// Requests whose end has not been written yet.
    open: AtomicUsize,
    replies: mpsc::Sender<ToClient>,
    follow: watch::Sender<Option<u32>>,
}

impl Guest {
    /// Takes what the client says, until it has nothing more to say.
    async fn listen<S: AsyncRead>(&self, reader: &mut ReadHalf<S>) -> Result<(), DoorError> {
        loop {
            match wire::read(reader, TO_MESH_MAX).await? {
                None | Some(ToMesh::Bye { .. }) => return Ok(()),
                Some(ToMesh::Hello(_)) => return Err(DoorError::NoHello),
                Some(ToMesh::Ask { id, operation }) if operation.changes() => {
                    let why = format!(
                        "{} changes the mesh; it is to be done, not asked",
                        operation.name()
                    );
                    self.refuse(id, Refusal::new(Ground::Wrong, why)).await;
                }
                Some(ToMesh::Ask { id, operation }) => {
                    // A look's id is this connection's own.
                    let known = format!("{}/{id}", self.place.number);
                    self.request(id, known.into(), operation, false).await;
                }
                Some(ToMesh::Do {
                    id,
                    operation,
                    confirmed,
                }) => {
                    self.request(Arc::clone(&id), id, operation, confirmed)
                        .await;
                }
                Some(ToMesh::Follow { every_ms }) => {
                    let every = every_ms.clamp(*EVERY.start(), *EVERY.end());
                    self.follow.send_replace(Some(every));
                }
                Some(ToMesh::Unfollow) => {
                    self.follow.send_replace(None);
                }
            }
        }
    }

    async fn request(&self, id: Arc<str>, known: Arc<str>, operation: Operation, confirmed: bool) {
        if self.open.load(Ordering::Acquire) >= OPEN_MAX {
            let why =
                format!("{OPEN_MAX} requests of this connection are open; wait for one to end");
            return self.refuse(id, Refusal::new(Ground::TooMuch, why)).await;
        }
        self.open.fetch_add(1, Ordering::AcqRel);
        let ask = Ask {
            id: known,
            caller: self.caller.clone(),
            operation,
            confirmed,
        };
        if !self
            .porter
            .ask(&self.place, Arc::clone(&id), ask, &self.replies)
        {
            let why = "the mesh has more requests than it can take; try again in a second";
            self.refuse(id, Refusal::new(Ground::TooMuch, why)).await;
            self.open.fetch_sub(1, Ordering::AcqRel);
        }
    }

    /// Refused at the door. Waits for room: whoever asks too much is not read on until that is written.
    async fn refuse(&self, id: Arc<str>, refusal: Refusal) {
        self.open.fetch_add(1, Ordering::AcqRel);
        let refusal = Box::new(refusal);
        // The receiver lives as long as this connection.
        let _ = self.replies.send(ToClient::Refusal { id, refusal }).await;
    }

    /// Writes what comes back, and what is followed.
    async fn speak<S: AsyncWrite>(
        &self,
        writer: &mut WriteHalf<S>,
        mut replies: mpsc::Receiver<ToClient>,
        mut follow: watch::Receiver<Option<u32>>,
    ) -> Result<(), DoorError> {
        let mut closing = self.porter.closing();
        let mut due = Instant::now();
        let mut every = None;
        let (mut cursor, mut told) = (None, 0);
        loop {
            tokio::select! {
                biased;
                reason = shown_out(&mut closing) => {
                    return send(writer, &ToClient::Bye { reason }).await;
                }
                Some(frame) = replies.recv() => {
                    let ends = matches!(frame, ToClient::Answer { .. } | ToClient::Refusal { .. });
                    send(writer, &frame).await?;
                    if ends {
                        self.open.fetch_sub(1, Ordering::AcqRel);
                    }
                }
                Ok(()) = follow.changed() => {
                    every = follow.borrow_and_update().map(|ms| Duration::from_millis(u64::from(ms)));
                    (due, cursor, told) = (Instant::now(), None, self.porter.events_told());
                }
                () = tokio::time::sleep_until(due), if every.is_some() => {
                    let looked = self.porter.look(cursor).await;
                    let (events, missed, next) = self.porter.events_since(told);
                    told = next;
                    let sight = looked.map_or(Sight::Nobody, |(sight, at)| {
                        cursor = Some(at);
                        sight
                    });
                    if sight == Sight::Nobody {
                        cursor = None;
                    }
                    let seen = Seen { sight, events, missed };
                    send(writer, &ToClient::Seen(Box::new(seen))).await?;
                    // From when it was written: who reads slowly is told less often.
                    due = Instant::now() + every.unwrap_or_default();
                }
            }
        }
    }
}

/// The first frame, and a place for who says it rightly.
async fn greet<S: AsyncRead>(
    porter: &Arc<Porter>,
    reader: &mut ReadHalf<S>,
) -> Result<(Place, Hello), DoorError> {
    let first = timeout(HELLO_WAIT, wire::read(reader, TO_MESH_MAX)).await;
    let first = first.map_err(|_| DoorError::Silent {
        what: "hello was waited for",
        seconds: HELLO_WAIT.as_secs(),
    })??;
    let Some(ToMesh::Hello(hello)) = first else {
        return Err(DoorError::NoHello);
    };
    if hello.version != VERSION {
        return Err(DoorError::Version {
            theirs: hello.version,
        });
    }
    let place = porter.place().ok_or_else(|| DoorError::Closed {
        reason: format!(
            "{} connections are open; close one",
            super::porter::GUESTS_MAX
        ),
    })?;
    Ok((place, hello))
}

async fn send<S: AsyncWrite>(writer: &mut WriteHalf<S>, frame: &ToClient) -> Result<(), DoorError> {
    let bytes = match wire::encode(frame, TO_CLIENT_MAX) {
        Ok(bytes) => bytes,
        // An answer that is too long is refused in its place; everything else of that length would be a mistake of ours.
        Err(error) => match frame {
            ToClient::Answer { id, .. } => {
                let refusal = Refusal::new(Ground::TooMuch, error.to_string());
                let refusal = ToClient::Refusal {
                    id: Arc::clone(id),
                    refusal: Box::new(refusal),
                };
                wire::encode(&refusal, TO_CLIENT_MAX)?
            }
            _ => return Err(error),
        },
    };
    let written = timeout(WRITE_WAIT, wire::write(writer, &bytes)).await;
    written.map_err(|_| DoorError::Silent {
        what: "a frame was left unread",
        seconds: WRITE_WAIT.as_secs(),
    })?
}

/// Rights that are both granted and wanted.
fn common(granted: Rights, wanted: Rights) -> Rights {
    let all = [
        Right::Look,
        Right::Steer,
        Right::Stop,
        Right::Change,
        Right::Keys,
    ];
    all.into_iter()
        .filter(|&right| granted.has(right) && wanted.has(right))
        .collect()
}

/// A name as it may be written down: short, and without control characters.
fn plain(name: &str) -> Arc<str> {
    let plain = name.chars().filter(|c| !c.is_control());
    Arc::from(plain.take(NAME_MAX).collect::<String>())
}
