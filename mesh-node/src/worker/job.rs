//! One piece of work, as its worker sees it.

use super::desk::Rein;
use super::host::Inner;
use mesh_core::conflict::ConflictDetail;
use mesh_core::message::{ConflictKind, Header, TaskSaid};
use mesh_core::operation::resource::Resource;
use mesh_core::operation::task::TaskId;
use mesh_core::place::AgentId;
use mesh_core::role::WorkerEvent;
use mesh_core::text::Foreign;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

/// A task, or an errand of another worker.
#[derive(Debug)]
pub struct Job {
    /// Its number, as the mesh names it.
    pub id: String,
    /// At which agent.
    pub agent: AgentId,
    /// What it is, in the caller's words.
    pub name: Foreign,
    /// The capability that it needs.
    pub requires: Option<String>,
    /// Its input; empty where there is none.
    pub input: Arc<str>,
    /// Whether it may run twice.
    pub repeatable: bool,
    /// How long it may take.
    pub within: Duration,
    /// The task that news is about; an errand has none.
    pub(super) task: Option<TaskId>,
    pub(super) rein: watch::Receiver<Rein>,
    pub(super) inner: Weak<Inner>,
}

/// A throw.
#[derive(Debug)]
pub struct Asked {
    /// At which agent.
    pub agent: AgentId,
    /// What is asked.
    pub header: Arc<Header>,
}

/// What a worker says to a throw.
#[derive(Debug)]
pub enum Prepared {
    /// It is ready.
    Ready,
    /// The same, with a short hash of its answer; in a vote the option, counted from 1.
    Answered(u64),
    /// It cannot integrate this.
    Conflict(ConflictKind),
    /// The same, with detail and the data in question.
    Disputed(Box<(ConflictDetail, Vec<u8>)>),
}

/// How a piece of work ended without a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// It failed, for this reason.
    Failed(Foreign),
    /// Whoever ran it died: whether it was done is not known.
    Interrupted,
    /// It was told to stop, and stopped.
    Stopped,
}

impl End {
    /// A failure in these words.
    pub fn failed(why: impl Into<String>) -> Self {
        Self::Failed(Foreign::new(why))
    }
}

/// Why a piece of work has to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// Its time has passed.
    Late,
    /// Nobody wants it any more.
    Stopped,
}

impl Job {
    /// What the worker is given to work on: the input, and without one the words of the task.
    pub fn material(&self) -> &str {
        if self.input.is_empty() {
            self.name.raw()
        } else {
            &self.input
        }
    }

    /// What a throw gives to work on at T: its payload. No news goes out about it, and nothing pauses it.
    pub(super) fn of_throw(asked: &Asked, within: Duration) -> Self {
        let header = &asked.header;
        Self {
            id: header.id.to_string(),
            agent: asked.agent,
            name: Foreign::new(header.source.as_str()),
            requires: header.requires.first().map(ToString::to_string),
            input: Arc::from(String::from_utf8_lossy(&header.payload)),
            repeatable: false,
            within,
            task: None,
            rein: watch::Sender::new(Rein::Go).subscribe(),
            inner: Weak::new(),
        }
    }

    /// Ends when the work has to. Time in which it is paused does not count.
    pub async fn over(&self) -> Over {
        let mut rein = self.rein.clone();
        let mut left = self.within;
        loop {
            let now = *rein.borrow_and_update();
            match now {
                Rein::Stop => return Over::Stopped,
                Rein::Paused => {
                    if rein.changed().await.is_err() {
                        return Over::Stopped;
                    }
                }
                Rein::Go => {
                    let begun = Instant::now();
                    tokio::select! {
                        () = sleep(left) => return Over::Late,
                        Ok(()) = rein.changed() => {
                            left = left.saturating_sub(begun.elapsed());
                        }
                    }
                }
            }
        }
    }

    /// Ends when it is paused (true) or may go on (false), seen from how it stood when `known` was said.
    pub(super) async fn turned(&self, known: bool) -> bool {
        let mut rein = self.rein.clone();
        loop {
            let paused = *rein.borrow_and_update() == Rein::Paused;
            if paused != known {
                return paused;
            }
            if rein.changed().await.is_err() {
                // Nobody holds the reins any more: the work is about to be dropped.
                std::future::pending::<()>().await;
            }
        }
    }

    /// It has stopped where it is, or goes on: a freeze is complete when all have.
    pub fn paused(&self, is: bool) {
        if let Some(inner) = self.inner.upgrade() {
            inner.paused(self.agent, &self.id, is);
        }
    }

    /// It is held up by this.
    pub fn waits(&self, resource: Resource, detail: impl Into<String>) {
        self.news(TaskSaid::Waits(resource, Foreign::new(detail)));
    }

    /// It is held up no more.
    pub fn goes_on(&self) {
        self.news(TaskSaid::GoesOn);
    }

    fn news(&self, said: TaskSaid) {
        if let (Some(task), Some(inner)) = (&self.task, self.inner.upgrade()) {
            inner.say(self.agent, WorkerEvent::Task(task.clone(), said));
        }
    }
}

/// What a job that ran out of its time has ended as.
pub(super) fn ended(over: Over, within: Duration, what: &str) -> End {
    match over {
        Over::Stopped => End::Stopped,
        Over::Late => End::failed(format!(
            "{what} did not end within {} and was ended",
            in_words(within)
        )),
    }
}

/// A span as people say it.
pub(super) fn in_words(span: Duration) -> String {
    if span < Duration::from_secs(1) {
        format!("{} ms", span.as_millis())
    } else if span < Duration::from_secs(120) {
        format!("{:.1} s", span.as_secs_f64())
    } else {
        format!("{} min", span.as_secs() / 60)
    }
}
