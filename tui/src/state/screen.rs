//! Which screen fills the body, which pane has the keyboard, what lies over everything.

use super::Tick;
use mesh_core::operation::Operation;
use mesh_core::operation::word::Runbook;
use tui_input::Input;

/// What fills the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Screen {
    /// Sectors, clusters, agents.
    Mesh,
    /// The throw that runs, or the last sheet.
    Throw,
    /// What a throw would look like.
    Plan,
    /// Conflicts.
    Conflicts,
    /// Breakers.
    Breakers,
    /// Tasks.
    Tasks,
    /// What waits for a person.
    Reviews,
    /// The indicators of §11.
    Kpis,
    /// The daily check of §10.1.
    Health,
    /// A runbook of §10.
    Runbook(Runbook),
    /// Who did what.
    Audit,
}

impl Screen {
    /// As the breadcrumb says it.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Mesh => "mesh",
            Self::Throw => "throw",
            Self::Plan => "plan",
            Self::Conflicts => "conflicts",
            Self::Breakers => "breakers",
            Self::Tasks => "tasks",
            Self::Reviews => "reviews",
            Self::Kpis => "kpis",
            Self::Health => "health",
            Self::Runbook(_) => "runbook",
            Self::Audit => "audit",
        }
    }
}

/// The panes of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pane {
    /// The mesh, or the screen in its place.
    Map,
    /// Events.
    Events,
    /// The conversation.
    Talk,
}

impl Pane {
    /// The next one, round and round.
    pub(crate) const fn next(self) -> Self {
        match self {
            Self::Map => Self::Events,
            Self::Events => Self::Talk,
            Self::Talk => Self::Map,
        }
    }

    /// The one before.
    pub(crate) const fn before(self) -> Self {
        self.next().next()
    }
}

/// What the grid's cells show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Metric {
    /// Mean Z.
    Impedance,
    /// Share of active agents.
    Active,
    /// Conflicts in the last hour.
    Conflicts,
    /// Pending operations.
    Queue,
    /// Mean drift.
    Drift,
}

impl Metric {
    /// The next one.
    pub(crate) const fn next(self) -> Self {
        match self {
            Self::Impedance => Self::Active,
            Self::Active => Self::Conflicts,
            Self::Conflicts => Self::Queue,
            Self::Queue => Self::Drift,
            Self::Drift => Self::Impedance,
        }
    }

    /// With its unit.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Impedance => "impedance ms",
            Self::Active => "active %",
            Self::Conflicts => "conflicts/h",
            Self::Queue => "queue",
            Self::Drift => "drift %",
        }
    }
}

/// What lies over the screen; one at a time.
#[derive(Debug, Clone)]
pub(crate) enum Overlay {
    /// Nothing.
    None,
    /// Operations and keys, to be searched.
    Help(Finder),
    /// Anything that can be done, by a few letters of it.
    Palette(Finder),
    /// What was typed before, by a few letters of it.
    History(Finder),
    /// Words to be typed before what stops everything.
    Confirm(Box<Confirm>),
    /// One row of a list, in full.
    Detail {
        /// Its title.
        title: String,
        /// Its lines.
        lines: Vec<String>,
        /// The first that is shown.
        offset: usize,
    },
}

/// A search with its selection.
#[derive(Debug, Clone, Default)]
pub(crate) struct Finder {
    /// What is looked for.
    pub(crate) input: Input,
    /// The selected row among those found.
    pub(crate) selected: usize,
}

/// A question that only these very words answer.
#[derive(Debug, Clone)]
pub(crate) struct Confirm {
    /// What would be done.
    pub(crate) operation: Operation,
    /// The words.
    pub(crate) phrase: String,
    /// What was typed so far.
    pub(crate) input: Input,
    /// Who and how many, once the mesh has said so.
    pub(crate) preview: Vec<String>,
    /// The number of the question for that.
    pub(crate) asked: u64,
    /// When it closes by itself.
    pub(crate) until: Tick,
    /// The proposal that it answers, if it does.
    pub(crate) proposal: Option<u64>,
}
