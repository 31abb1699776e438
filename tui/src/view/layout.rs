//! Where everything goes, for three sizes. Header and composer never move; a banner pushes the body down.
//!
//! ```text
//! S, 60x16 to 99x29         M, 100x30 to 159x49       L, from 160x50
//! header                    header                    header
//! figures                   status        events      status          cluster
//! map        summary        map           events      map             events
//! map        events         map           talk        map             talk
//! talk                      sector        talk        sector          talk
//! composer                  composer                  composer
//! footer                    footer                    footer
//! ```

use crate::state::State;
use crate::state::place::Level;
use crate::state::screen::{Pane, Screen};
use ratatui::layout::Rect;

/// The smallest terminal that holds a layout.
pub(crate) const LEAST: (u16, u16) = (60, 16);

/// Size classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Size {
    /// 60x16 to 99x29.
    Small,
    /// 100x30 to 159x49.
    Medium,
    /// From 160x50.
    Large,
}

/// The places of all panels.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Areas {
    /// Which class this is.
    pub(crate) size: Size,
    /// One row.
    pub(crate) header: Rect,
    /// Two rows, when there is something to say.
    pub(crate) banner: Option<Rect>,
    /// One row of figures.
    pub(crate) figures: Option<Rect>,
    /// The figures in a box.
    pub(crate) status: Option<Rect>,
    /// The mesh, or the screen.
    pub(crate) map: Option<Rect>,
    /// The sector under the grid.
    pub(crate) lower: Option<Rect>,
    /// The cluster beside it.
    pub(crate) side: Option<Rect>,
    /// What glyphs mean.
    pub(crate) legend: Option<Rect>,
    /// The selected sector in a few lines.
    pub(crate) summary: Option<Rect>,
    /// Events.
    pub(crate) events: Option<Rect>,
    /// The conversation.
    pub(crate) talk: Option<Rect>,
    /// Where one types.
    pub(crate) composer: Rect,
    /// Hints.
    pub(crate) footer: Rect,
}

impl Size {
    /// The class of a terminal; none when it is too small.
    pub(crate) fn of(area: Rect) -> Option<Self> {
        let (width, height) = (area.width, area.height);
        if width < LEAST.0 || height < LEAST.1 {
            None
        } else if width < 100 || height < 30 {
            Some(Self::Small)
        } else if width < 160 || height < 50 {
            Some(Self::Medium)
        } else {
            Some(Self::Large)
        }
    }
}

/// Cuts rows off the upper or the lower edge.
struct Cut(Rect);

impl Cut {
    fn top(&mut self, rows: u16) -> Rect {
        let rows = rows.min(self.0.height);
        let cut = Rect {
            height: rows,
            ..self.0
        };
        self.0.y += rows;
        self.0.height -= rows;
        cut
    }

    fn bottom(&mut self, rows: u16) -> Rect {
        let rows = rows.min(self.0.height);
        self.0.height -= rows;
        Rect {
            y: self.0.y + self.0.height,
            height: rows,
            ..self.0
        }
    }

    fn left(&mut self, columns: u16) -> Rect {
        let columns = columns.min(self.0.width);
        let cut = Rect {
            width: columns,
            ..self.0
        };
        self.0.x += columns;
        self.0.width -= columns;
        cut
    }
}

impl Areas {
    /// The places for a state in an area; none when it is too small for any.
    pub(crate) fn of(area: Rect, state: &State) -> Option<Self> {
        let size = Size::of(area)?;
        let mut rest = Cut(area);
        let header = rest.top(1);
        let (hints, typing) = match size {
            Size::Small => (1, 2),
            Size::Medium if area.height < 38 => (1, 3),
            Size::Medium | Size::Large => (2, 5),
        };
        let footer = rest.bottom(hints);
        let composer = rest.bottom(typing);
        let banner = super::banner::text(state).map(|_| rest.top(2));
        let mut areas = Self {
            size,
            header,
            banner,
            figures: None,
            status: None,
            map: None,
            lower: None,
            side: None,
            legend: None,
            summary: None,
            events: None,
            talk: None,
            composer,
            footer,
        };
        if size == Size::Small {
            areas.figures = Some(rest.top(1));
        }
        if state.zoomed {
            let whole = Some(rest.0);
            match state.pane {
                Pane::Map => areas.map = whole,
                Pane::Events => areas.events = whole,
                Pane::Talk => areas.talk = whole,
            }
            return Some(areas);
        }
        match size {
            Size::Small => areas.small(rest, state),
            Size::Medium => areas.medium(rest, state),
            Size::Large => areas.large(rest, state),
        }
        Some(areas)
    }

    fn small(&mut self, mut rest: Cut, state: &State) {
        let level = state.at.spot.level;
        let grid = state.screen == Screen::Mesh && level <= Level::Sector && state.filter.is_none();
        let pending = state.talk.proposals().next().is_some();
        let talk = match (grid, pending) {
            (true, _) => rest.0.height.saturating_sub(13),
            (false, true) => 5,
            (false, false) => 0,
        };
        if state.pane == Pane::Talk && talk < 4 {
            self.talk = Some(rest.0);
            return;
        }
        if state.pane == Pane::Events && !grid {
            self.events = Some(rest.0);
            return;
        }
        if talk >= 3 {
            self.talk = Some(rest.bottom(talk));
        }
        let body = rest.0;
        match (grid, level) {
            (true, Level::Mesh) => {
                self.map = Some(rest.left(38));
                let summary = if body.height >= 11 { 7 } else { 0 };
                if summary > 0 {
                    self.summary = Some(rest.top(summary));
                }
                self.events = Some(rest.0);
            }
            (true, _) => {
                let shown = u16::from(state.mesh.shape_or_none().agents).clamp(10, 60) + 16;
                self.map = Some(rest.left(shown.min(body.width)));
                if rest.0.width >= 12 {
                    if state.pane == Pane::Events {
                        self.events = Some(rest.0);
                    } else {
                        self.legend = Some(rest.0);
                    }
                }
            }
            (false, _) => self.map = Some(body),
        }
    }

    fn medium(&mut self, mut rest: Cut, state: &State) {
        let left = (rest.0.width * 56 / 100).max(67);
        let mut column = Cut(rest.left(left));
        let events = (rest.0.height * 2 / 5).max(6);
        self.events = Some(rest.top(events));
        self.talk = Some(rest.0);
        self.status = Some(column.top(6));
        let tall = column.0.height >= 13 + 5;
        let table = state.filter.is_some();
        if state.screen == Screen::Mesh && state.at.spot.level <= Level::Sector && tall && !table {
            self.map = Some(column.top(13));
            self.lower = Some(column.0);
        } else if state.screen == Screen::Mesh && state.at.spot.level == Level::Sector && !table {
            self.lower = Some(column.0);
        } else {
            self.map = Some(column.0);
        }
    }

    fn large(&mut self, mut rest: Cut, state: &State) {
        let right = (rest.0.width * 42 / 100).clamp(76, 110);
        let left = rest.0.width - right;
        let mut column = Cut(rest.left(left));
        self.side = Some(rest.top((rest.0.height / 4).max(13)));
        self.events = Some(rest.top((rest.0.height * 2 / 5).max(8)));
        self.talk = Some(rest.0);
        self.status = Some(column.top(6));
        if state.screen == Screen::Mesh && state.at.spot.level <= Level::Cluster {
            self.lower = Some(column.bottom(13));
        }
        self.map = Some(column.0);
    }
}
