//! The mesh's side of the door: requests go in to whoever is the orchestrator, and what comes back goes to who asked.
//!
//! A driver makes one [`Porter`], is handed [`Request`]s by it, and tells it of every reply and event. Connections hold
//! the same porter. Nothing here grows: connections, open requests and kept events have their limits.

use super::frame::{EVENTS_MAX, OPEN_MAX, ToClient, Welcome};
use mesh_core::operation::event::Stamped;
use mesh_core::operation::follow::{Cursor, Sight};
use mesh_core::role::{Ask, AskId, Reply};
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{mpsc, oneshot, watch};

/// Connections at most: consoles and scripts of a handful of people.
pub const GUESTS_MAX: usize = 64;

/// Something for the mesh.
#[derive(Debug)]
pub enum Request {
    /// To be asked of the orchestrator.
    Ask(Box<Ask>),
    /// What has changed since the cursor; everything without one.
    Look(Option<Cursor>, oneshot::Sender<(Sight, Cursor)>),
}

/// Hands a request to the mesh without waiting; gives it back when there is no room.
pub type Requests = Box<dyn Fn(Request) -> Result<(), Request> + Send + Sync>;

/// Brings requests in and replies out.
pub struct Porter {
    welcome: Welcome,
    requests: Requests,
    routes: Mutex<HashMap<AskId, Vec<Route>>>,
    events: Mutex<Ring>,
    guests: AtomicUsize,
    numbered: AtomicU64,
    closing: watch::Sender<Option<Arc<str>>>,
}

impl std::fmt::Debug for Porter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Porter")
            .field("welcome", &self.welcome)
            .field("guests", &self.guests())
            .finish_non_exhaustive()
    }
}

/// Where a reply goes.
#[derive(Debug)]
struct Route {
    guest: u64,
    /// The id as the client knows it.
    id: Arc<str>,
    to: mpsc::Sender<ToClient>,
}

/// The last events, by how many were told before.
#[derive(Debug, Default)]
struct Ring {
    kept: VecDeque<Stamped>,
    told: u64,
}

/// A place at the door; given back when it is dropped.
pub(super) struct Place {
    porter: Arc<Porter>,
    pub(super) number: u64,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.porter.guests.fetch_sub(1, Ordering::Relaxed);
        lock(&self.porter.routes).retain(|_, routes| {
            routes.retain(|route| route.guest != self.number);
            !routes.is_empty()
        });
    }
}

impl Porter {
    /// A door to a mesh that is described by `welcome` (its caller and rights are those that are granted at most) and
    /// takes requests through `requests`.
    pub fn new(welcome: Welcome, requests: Requests) -> Arc<Self> {
        Arc::new(Self {
            welcome,
            requests,
            routes: Mutex::default(),
            events: Mutex::default(),
            guests: AtomicUsize::new(0),
            numbered: AtomicU64::new(0),
            closing: watch::Sender::new(None),
        })
    }

    /// What stands behind this door.
    pub const fn welcome(&self) -> &Welcome {
        &self.welcome
    }

    /// The mesh has replied.
    pub fn reply(&self, id: &AskId, reply: Reply) {
        let mut routes = lock(&self.routes);
        if let Reply::Progress(progress) = reply {
            for route in routes.get(id).into_iter().flatten() {
                // Progress is only told where there is room for it beside all the ends that may come.
                if route.to.capacity() > OPEN_MAX {
                    let id = Arc::clone(&route.id);
                    let progress = (*progress).clone();
                    let _ = route.to.try_send(ToClient::Progress { id, progress });
                }
            }
            return;
        }
        for route in routes.remove(id).into_iter().flatten() {
            let id = route.id;
            let frame = match reply.clone() {
                Reply::Answer(answer) => ToClient::Answer { id, answer },
                Reply::Refused(refusal) => ToClient::Refusal { id, refusal },
                Reply::Progress(_) => continue,
            };
            // A connection that is gone wants nothing any more; one that is there has room for every end.
            let _ = route.to.try_send(frame);
        }
    }

    /// Something has happened.
    pub fn tell(&self, event: Stamped) {
        let mut ring = lock(&self.events);
        if ring.kept.len() == EVENTS_MAX {
            ring.kept.pop_front();
        }
        ring.kept.push_back(event);
        ring.told += 1;
    }

    /// Everybody is shown out.
    pub fn close(&self, reason: &str) {
        self.closing.send_replace(Some(Arc::from(reason)));
    }

    /// Connections now.
    pub fn guests(&self) -> usize {
        self.guests.load(Ordering::Relaxed)
    }

    /// Room for one more connection, if there is any.
    pub(super) fn place(self: &Arc<Self>) -> Option<Place> {
        let before = self.guests.fetch_add(1, Ordering::Relaxed);
        let place = Place {
            porter: Arc::clone(self),
            number: self.numbered.fetch_add(1, Ordering::Relaxed),
        };
        (before < GUESTS_MAX).then_some(place)
    }

    /// Told once everybody is shown out.
    pub(super) fn closing(&self) -> watch::Receiver<Option<Arc<str>>> {
        self.closing.subscribe()
    }

    /// Asks the mesh, for a connection that knows the request as `id`. False when the mesh has no room for it.
    pub(super) fn ask(
        &self,
        place: &Place,
        id: Arc<str>,
        ask: Ask,
        to: &mpsc::Sender<ToClient>,
    ) -> bool {
        let known = Arc::clone(&ask.id);
        let route = Route {
            guest: place.number,
            id,
            to: to.clone(),
        };
        lock(&self.routes)
            .entry(Arc::clone(&known))
            .or_default()
            .push(route);
        let handed = (self.requests)(Request::Ask(Box::new(ask))).is_ok();
        if !handed && let Some(routes) = lock(&self.routes).get_mut(&known) {
            routes.retain(|route| route.guest != place.number);
        }
        handed
    }

    /// How the mesh is now; none while it does not say.
    pub(super) async fn look(&self, since: Option<Cursor>) -> Option<(Sight, Cursor)> {
        let (to, answer) = oneshot::channel();
        (self.requests)(Request::Look(since, to)).ok()?;
        answer.await.ok()
    }

    /// Events told from number `from` on, how many are missing before them, and the number of the next.
    pub(super) fn events_since(&self, from: u64) -> (Vec<Stamped>, u64, u64) {
        let ring = lock(&self.events);
        let oldest = ring.told - ring.kept.len() as u64;
        let skip = from.saturating_sub(oldest) as usize;
        let events = ring.kept.iter().skip(skip).cloned().collect();
        (events, oldest.saturating_sub(from), ring.told)
    }

    /// The number of the next event.
    pub(super) fn events_told(&self) -> u64 {
        lock(&self.events).told
    }
}

/// Waits until the mesh closes its door, and says why.
pub(super) async fn shown_out(closing: &mut watch::Receiver<Option<Arc<str>>>) -> String {
    let reason = closing.wait_for(Option::is_some).await;
    let reason = reason.ok().and_then(|reason| reason.clone());
    reason.as_deref().unwrap_or("the mesh is gone").to_owned()
}

/// What is behind the lock is whole after every step, so a panic elsewhere leaves nothing half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
