//! The last events, as lines that can be shown at once.

use crate::theme::Role;
use mesh_core::operation::event::{BreakerTurn, Event, Stamped};
use mesh_core::operation::task::TaskState;
use mesh_core::operation::word::Severity;
use mesh_core::registry::State as Standing;
use mesh_core::text::Foreign;
use std::collections::VecDeque;

/// Events kept at most, as many as the door lists.
pub(crate) const KEPT_MAX: usize = mesh_core::operation::event::EVENTS_MAX;

/// One event, ready to be shown.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Line {
    /// When, in microseconds since 1970.
    pub(crate) at: i64,
    /// One or two letters.
    pub(crate) sign: &'static str,
    /// In which role.
    pub(crate) role: Role,
    /// How much it matters.
    pub(crate) severity: Severity,
    /// What, on one line.
    pub(crate) text: String,
}

/// The last of them, oldest first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Events {
    lines: VecDeque<Line>,
    /// How many there were in all.
    pub(crate) told: u64,
    /// How many were missed.
    pub(crate) missed: u64,
    /// Rows between the newest and the lowest that is shown; 0 follows.
    pub(crate) back: usize,
    /// Only those that matter.
    pub(crate) important: bool,
}

impl Events {
    /// Takes one in. Progress that a later one makes worthless is not kept.
    pub(crate) fn take(&mut self, stamped: &Stamped) {
        if stamped.event.is_progress() {
            return;
        }
        let (sign, role) = sign(&stamped.event);
        self.push(Line {
            at: stamped.at.0,
            sign,
            role,
            severity: stamped.event.severity(),
            text: stamped.event.to_string(),
        });
    }

    /// Something of the console's own.
    pub(crate) fn note(&mut self, text: &str, at: i64) {
        self.push(Line {
            at,
            sign: "i",
            role: Role::Dim,
            severity: Severity::Info,
            text: Foreign::from(text).to_string(),
        });
    }

    fn push(&mut self, line: Line) {
        if self.lines.len() == KEPT_MAX {
            self.lines.pop_front();
        }
        self.told += 1;
        // Whoever looks at older ones goes on seeing the same.
        if self.back > 0 && self.shows(&line) {
            self.back += 1;
        }
        self.lines.push_back(line);
    }

    /// Whether it is shown.
    fn shows(&self, line: &Line) -> bool {
        !self.important || line.severity >= Severity::Notice
    }

    /// Newest first, from where one looks.
    pub(crate) fn newest(&self) -> impl Iterator<Item = &Line> {
        self.lines
            .iter()
            .rev()
            .filter(|line| self.shows(line))
            .skip(self.back)
    }

    /// Looks so many rows further back, or forth.
    pub(crate) fn scroll(&mut self, rows: isize) {
        let most = self
            .lines
            .iter()
            .filter(|line| self.shows(line))
            .count()
            .saturating_sub(1);
        self.back = self.back.saturating_add_signed(rows).min(most);
    }

    /// How many are kept.
    pub(crate) fn len(&self) -> usize {
        self.lines.len()
    }
}

/// The letter and the role of an event.
const fn sign(event: &Event) -> (&'static str, Role) {
    match event {
        Event::AgentState { to, .. } => match to {
            Standing::Active => ("ok", Role::Ok),
            Standing::Degraded => ("~", Role::Degraded),
            Standing::Offline => ("x", Role::Offline),
            Standing::Quarantined => ("Q", Role::Conflict),
        },
        Event::Quarantined { .. } => ("Q", Role::Conflict),
        Event::Breaker { turn, .. } => match turn {
            BreakerTurn::Opened => ("!", Role::Open),
            BreakerTurn::HalfOpened => (":", Role::HalfOpen),
            BreakerTurn::Closed => ("ok", Role::Ok),
        },
        Event::Takeover { to: None, .. } => ("x", Role::Offline),
        Event::Takeover { .. }
        | Event::Admitted { .. }
        | Event::Settling { .. }
        | Event::Watched { .. } => ("i", Role::Accent),
        Event::Autonomy { alone: true, .. } | Event::Missed { .. } => ("!", Role::Degraded),
        Event::Autonomy { .. } | Event::ConflictResolved { .. } => ("ok", Role::Ok),
        Event::Mode { .. } | Event::Threat { .. } | Event::Alert { .. } => ("!!", Role::Open),
        Event::Conflict { .. } => ("c", Role::Conflict),
        Event::ThrowStarted { .. } | Event::ThrowProgress { .. } => ("T", Role::Accent),
        Event::ThrowSealed { .. } => ("T", Role::Ok),
        Event::FreezeProof { .. } => ("*", Role::Frozen),
        Event::Task { state, .. } => match state {
            TaskState::Done => ("ok", Role::Ok),
            TaskState::Failed | TaskState::Expired => ("x", Role::Slow),
            TaskState::Accepted | TaskState::Queued | TaskState::Started => ("t", Role::Dim),
        },
        Event::Review { .. } => ("?", Role::Proposal),
        Event::KeyRefused { .. } => ("k", Role::Degraded),
        Event::Operation { .. } => ("u", Role::You),
    }
}
