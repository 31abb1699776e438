//! Everything that the console knows, as plain data. Nothing here draws, waits or talks to anybody.
//!
//! | file | what it is |
//! |---|---|
//! | `mesh` | the mesh in columns, with sums of clusters and sectors |
//! | `select` | windows on its rows: filter, sort, cut |
//! | `place` | where one is, and the way there |
//! | `screen` | which screen, which pane, which overlay |
//! | `composer` | what is being typed, and what was typed before |
//! | `talk` | the conversation and its proposals |
//! | `events` | the last events |
//! | `throws` | the throw that runs, and sheets of those that ran |
//! | `page` | lists and reports that were asked for |
//! | `link` | the connection to the mesh |

pub(crate) mod composer;
pub(crate) mod events;
pub(crate) mod link;
pub(crate) mod mesh;
pub(crate) mod page;
pub(crate) mod place;
pub(crate) mod screen;
pub(crate) mod select;
pub(crate) mod talk;
pub(crate) mod throws;

use crate::theme::{Look, Wish};
use composer::Composer;
use events::Events;
use link::Link;
use mesh::Mesh;
use mesh_core::place::scope::Filter;
use page::Pages;
use place::Position;
use screen::{Metric, Overlay, Pane, Screen};
use select::SortKey;
use std::collections::{BTreeMap, VecDeque};
use talk::Talk;
use throws::Throws;

/// The console's own clock: microseconds since it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Tick(pub(crate) i64);

impl Tick {
    /// So many milliseconds later.
    pub(crate) const fn plus_ms(self, ms: i64) -> Self {
        Self(self.0 + ms * 1_000)
    }
}

/// Points of the figure over time in the header; twenty minutes at a point in ten seconds.
pub(crate) const TREND_MAX: usize = 120;

/// What a question to the mesh was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A person asked: the answer goes into the conversation, under this line.
    Say(String),
    /// A screen shows it.
    Page(Screen),
    /// It tells what a proposal would do.
    Preview(u64),
    /// This agent is looked at.
    Agent(mesh_core::place::AgentId),
    /// The sheet of a throw, written down.
    Sheet,
    /// The same, to be kept in a file of this ending.
    Export(&'static str),
}

/// A question that has no answer yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Open {
    /// What for.
    pub(crate) purpose: Purpose,
    /// Since when.
    pub(crate) since: Tick,
    /// Whether it changes the mesh.
    pub(crate) changes: bool,
}

/// What the console measures of itself.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Meters {
    /// Frames drawn.
    pub(crate) frames: u64,
    /// Bytes written to the terminal.
    pub(crate) bytes: u64,
    /// How long the last frame took to build and compare, in microseconds.
    pub(crate) frame_us: u64,
}

/// Everything.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Debug)]
pub(crate) struct State {
    /// Columns and rows of the terminal.
    pub(crate) size: (u16, u16),
    /// How things look.
    pub(crate) look: Look,
    /// What was asked for, to choose anew.
    pub(crate) wish: Wish,
    /// The mesh as it is.
    pub(crate) mesh: Mesh,
    /// The mesh as it is shown while the view is held.
    pub(crate) held: Option<Box<Mesh>>,
    /// Mean Z over time, in microseconds.
    pub(crate) trend: VecDeque<u32>,
    /// When the trend got its last point.
    pub(crate) trend_at: Tick,
    /// The connection.
    pub(crate) link: Link,
    /// Where one is.
    pub(crate) at: Position,
    /// The screen.
    pub(crate) screen: Screen,
    /// What lies over it.
    pub(crate) overlay: Overlay,
    /// The pane that has the keyboard.
    pub(crate) pane: Pane,
    /// Whether that pane fills the body.
    pub(crate) zoomed: bool,
    /// What cells of the grid show.
    pub(crate) metric: Metric,
    /// What tables are sorted by.
    pub(crate) sort: SortKey,
    /// What tables are filtered by, as it was written and as it is meant.
    pub(crate) filter: Option<(String, Filter)>,
    /// What is being typed.
    pub(crate) composer: Composer,
    /// The conversation.
    pub(crate) talk: Talk,
    /// A model may be asked about sentences.
    pub(crate) model: bool,
    /// What the conversation refers to.
    pub(crate) dialogue: nl::Context,
    /// The selection that the conversation was last told of.
    pub(crate) dialogue_at: Option<mesh_core::operation::Scopes>,
    /// What happened.
    pub(crate) events: Events,
    /// Throws.
    pub(crate) throws: Throws,
    /// Reports and lists.
    pub(crate) pages: Pages,
    /// Nothing may be changed from here.
    pub(crate) read_only: bool,
    /// Mouse reports are wanted.
    pub(crate) mouse: bool,
    /// Questions without an answer, by number.
    pub(crate) open: BTreeMap<u64, Open>,
    /// The last number of a question.
    pub(crate) asked: u64,
    /// One line that matters for a moment, and until when.
    pub(crate) notice: Option<(String, Tick)>,
    /// Until when a second Ctrl-C quits.
    pub(crate) leaving: Option<Tick>,
    /// What the console measures of itself.
    pub(crate) meters: Meters,
    /// Now.
    pub(crate) now: Tick,
    /// Wall time of `now` in microseconds since 1970, and the zone's distance from UTC in seconds.
    pub(crate) wall: (i64, i32),
}

impl State {
    /// A console that has not been told anything yet.
    pub(crate) fn new(look: Look, wish: Wish, size: (u16, u16)) -> Self {
        let mut state = Self {
            size,
            look,
            wish,
            mesh: Mesh::default(),
            held: None,
            trend: VecDeque::new(),
            trend_at: Tick::default(),
            link: Link::default(),
            at: Position::default(),
            screen: Screen::Mesh,
            overlay: Overlay::None,
            pane: Pane::Map,
            zoomed: false,
            metric: Metric::Impedance,
            sort: SortKey::Impedance,
            filter: None,
            composer: Composer::default(),
            talk: Talk::default(),
            model: false,
            dialogue: nl::Context::default(),
            dialogue_at: None,
            events: Events::default(),
            throws: Throws::default(),
            pages: Pages::default(),
            read_only: false,
            mouse: false,
            open: BTreeMap::new(),
            asked: 0,
            notice: None,
            leaving: None,
            meters: Meters::default(),
            now: Tick::default(),
            wall: (0, 0),
        };
        for warning in std::mem::take(&mut state.look.theme.warnings) {
            state.events.note(&warning, state.wall.0);
        }
        state
    }

    /// The mesh as it is to be shown.
    pub(crate) fn shown(&self) -> &Mesh {
        self.held.as_deref().unwrap_or(&self.mesh)
    }

    /// Whether everything, or as good as everything, is stopped.
    pub(crate) fn frozen(&self) -> Option<u32> {
        let frozen = self.mesh.status.as_ref().map_or(0, |status| status.frozen);
        (frozen > 0).then_some(frozen)
    }

    /// Says something for a few seconds.
    pub(crate) fn notice(&mut self, text: impl Into<String>) {
        self.notice = Some((text.into(), self.now.plus_ms(5_000)));
    }

    /// The time of day as people here count it, `12:04:31`.
    pub(crate) fn clock(&self, wall: i64) -> String {
        let seconds = wall.div_euclid(1_000_000) + i64::from(self.wall.1);
        let of_day = seconds.rem_euclid(86_400);
        format!(
            "{:02}:{:02}:{:02}",
            of_day / 3_600,
            of_day / 60 % 60,
            of_day % 60
        )
    }
}
