//! One agent's work: what waits, what runs, what was thrown at it.

use super::{Outlet, Worker};
use mesh_core::message::{Header, MessageId, TaskOrder};
use mesh_core::operation::task::TaskId;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::watch;

/// What the host tells work that runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rein {
    Go,
    Paused,
    Stop,
}

/// An agent's desk.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) worker: Arc<dyn Worker>,
    pub(super) outlet: Arc<Outlet>,
    pub(super) runs: BTreeMap<TaskId, Run>,
    pub(super) casts: BTreeMap<MessageId, Cast>,
    pub(super) errands: BTreeMap<MessageId, Errand>,
    pub(super) frozen: bool,
    /// It was said that nothing runs, since the freeze.
    pub(super) still: bool,
    numbered: u64,
}

/// A task that has no end yet.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) order: Arc<TaskOrder>,
    pub(super) at: Stage,
    pub(super) number: u64,
    pub(super) rein: watch::Sender<Rein>,
    /// When it stops: nothing is said of it, it is given up, or it is begun anew.
    pub(super) then: Then,
    /// It was last said that it waits.
    pub(super) waits: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Nothing has happened.
    Queued,
    /// It has its turn, and is being written down.
    Beginning,
    /// It runs.
    Running,
    /// It is stopped where it was.
    Paused,
}

/// What becomes of a run that is told to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    /// Its end is told as it comes.
    Tell,
    /// It is given up, where nothing has happened.
    GiveUp,
    /// Nobody wants to know.
    Drop,
    /// It is abandoned for a freeze.
    Abandon,
}

/// Which run it is, and how it is told what to do. After a crash the same task may have another run.
#[derive(Debug, Clone)]
pub(super) struct Ticket {
    pub(super) number: u64,
    pub(super) rein: watch::Receiver<Rein>,
}

/// A throw that is prepared or done.
#[derive(Debug)]
pub(super) struct Cast {
    pub(super) header: Arc<Header>,
    pub(super) rein: watch::Sender<Rein>,
    /// Something of it runs now.
    pub(super) runs: bool,
}

/// Something that another worker asked for.
#[derive(Debug)]
pub(super) struct Errand {
    pub(super) rein: watch::Sender<Rein>,
    pub(super) paused: bool,
}

impl Desk {
    pub(super) fn new(worker: Arc<dyn Worker>, outlet: Arc<Outlet>) -> Self {
        Self {
            worker,
            outlet,
            runs: BTreeMap::new(),
            casts: BTreeMap::new(),
            errands: BTreeMap::new(),
            frozen: false,
            still: false,
            numbered: 0,
        }
    }

    /// A task joins the queue.
    pub(super) fn queue(&mut self, order: &Arc<TaskOrder>) {
        self.numbered += 1;
        let run = Run {
            at: Stage::Queued,
            number: self.numbered,
            rein: watch::Sender::new(Rein::Go),
            then: Then::Tell,
            waits: false,
            order: Arc::clone(order),
        };
        self.runs.insert(order.id.clone(), run);
    }

    /// The task whose turn it is, if one may begin now: the most important, of those the one that came first.
    pub(super) fn next(&mut self) -> Option<(Arc<TaskOrder>, Ticket)> {
        if self.frozen || self.busy() >= self.worker.contract().at_once {
            return None;
        }
        let queued = self.runs.values_mut().filter(|run| run.at == Stage::Queued);
        let next = queued.min_by_key(|run| (std::cmp::Reverse(run.order.priority), run.number))?;
        next.at = Stage::Beginning;
        let ticket = Ticket {
            number: next.number,
            rein: next.rein.subscribe(),
        };
        Some((Arc::clone(&next.order), ticket))
    }

    /// All of it ends, and nobody is told.
    pub(super) fn clear(&mut self) {
        let runs = self.runs.values().map(|run| &run.rein);
        let casts = self.casts.values().map(|cast| &cast.rein);
        let errands = self.errands.values().map(|errand| &errand.rein);
        for rein in runs.chain(casts).chain(errands) {
            rein.send_replace(Rein::Stop);
        }
        self.runs.clear();
        self.casts.clear();
        self.errands.clear();
        (self.frozen, self.still) = (false, false);
    }

    /// How many have had their turn.
    pub(super) fn busy(&self) -> usize {
        let runs = self.runs.values().filter(|run| run.at != Stage::Queued);
        runs.count()
    }

    /// How many are before this one in the queue, those that run among them.
    pub(super) fn before(&self, id: &TaskId) -> usize {
        let Some(own) = self.runs.get(id) else {
            return 0;
        };
        let key = |run: &Run| (std::cmp::Reverse(run.order.priority), run.number);
        let before = |run: &&Run| run.at != Stage::Queued || key(run) < key(own);
        self.runs.values().filter(before).count()
    }

    /// All that waits or runs here.
    pub(super) fn load(&self) -> usize {
        let casts = self.casts.values().filter(|cast| cast.runs).count();
        self.runs.len() + self.errands.len() + casts
    }

    /// Whether nothing runs: what is paused does not.
    pub(super) fn is_still(&self) -> bool {
        let moves = |run: &Run| matches!(run.at, Stage::Beginning | Stage::Running);
        !self.runs.values().any(moves)
            && self.errands.values().all(|errand| errand.paused)
            && !self.casts.values().any(|cast| cast.runs)
    }
}
