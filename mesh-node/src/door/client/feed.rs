//! Following: the newest state, and the events since the last look, however seldom that is.

mod join;

use crate::door::frame::{EVENTS_MAX, Seen};
use mesh_core::operation::event::Stamped;
use mesh_core::operation::follow::Sight;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tokio::sync::Notify;

/// One follower's view. Frames that it does not look at become one: the newest state, all their events up to a limit.
#[derive(Debug)]
pub struct Feed(Arc<Basket>);

/// What is new since the last look.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct News {
    /// What is seen since the last look, as one: a snapshot first, then what has changed. None when nothing was.
    pub sight: Option<Sight>,
    /// What happened, oldest first.
    pub events: Vec<Stamped>,
    /// Events that happened and are not among them.
    pub missed: u64,
    /// The connection has ended; nothing more will come.
    pub closed: bool,
}

#[derive(Debug, Default)]
struct Basket {
    held: Mutex<Held>,
    fresh: Notify,
}

#[derive(Debug, Default)]
struct Held {
    sight: Option<Sight>,
    events: VecDeque<Stamped>,
    missed: u64,
    fresh: bool,
    closed: bool,
}

impl Feed {
    /// Waits for something new. At once after the end, with `closed` set.
    pub async fn next(&mut self) -> News {
        loop {
            let fresh = self.0.fresh.notified();
            if let Some(news) = self.0.take() {
                return news;
            }
            fresh.await;
        }
    }

    /// What is new, if anything is.
    pub fn try_next(&mut self) -> Option<News> {
        self.0.take()
    }
}

impl Basket {
    fn take(&self) -> Option<News> {
        let mut held = self.held();
        if !held.fresh && !held.closed {
            return None;
        }
        held.fresh = false;
        Some(News {
            sight: held.sight.take(),
            events: held.events.drain(..).collect(),
            missed: std::mem::take(&mut held.missed),
            closed: held.closed,
        })
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All followers of one connection.
#[derive(Debug, Default)]
pub(super) struct Feeds(Mutex<Vec<Weak<Basket>>>);

impl Feeds {
    /// One more follower.
    pub(super) fn join(&self) -> Feed {
        let basket = Arc::new(Basket::default());
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|weak| weak.strong_count() > 0);
        all.push(Arc::downgrade(&basket));
        Feed(basket)
    }

    /// A frame for all.
    pub(super) fn take(&self, seen: &Seen) {
        self.each(|held| {
            held.sight = Some(join::then(held.sight.take(), seen.sight.clone()));
            held.missed += seen.missed;
            held.events.extend(seen.events.iter().cloned());
            let over = held.events.len().saturating_sub(EVENTS_MAX);
            held.events.drain(..over);
            held.missed += over as u64;
        });
    }

    /// Nothing more will come.
    pub(super) fn close(&self) {
        self.each(|held| held.closed = true);
    }

    fn each(&self, change: impl Fn(&mut Held)) {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for basket in all.iter().filter_map(Weak::upgrade) {
            let mut held = basket.held();
            change(&mut held);
            held.fresh = true;
            drop(held);
            basket.fresh.notify_one();
        }
    }
}
