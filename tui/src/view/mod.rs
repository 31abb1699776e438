//! From state to cells. Every file draws one panel and shows its picture at the top; none of them changes anything.

mod agent;
mod banner;
mod cluster;
mod composer;
mod events;
mod figure;
mod finder;
mod footer;
mod grid;
mod header;
mod layout;
mod overlay;
mod page;
mod pen;
mod plan;
mod rows;
mod sector;
mod sheet;
mod status;
mod talk;
mod throw;
mod tiny;

pub(crate) use finder::{PaletteRow, found_commands, found_history, found_palette};
pub(crate) use grid::{PER_ROW, sector_at};
pub(crate) use layout::{Areas, Size};
pub(crate) use pen::{Pen, fit, grouped, width};
pub(crate) use rows::{query, row_count};

use crate::state::State;
use crate::state::place::Level;
use crate::state::screen::{Overlay, Pane, Screen};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Draws everything.
pub(crate) fn draw(state: &State, buf: &mut Buffer) {
    let area = buf.area;
    let mut pen = Pen::new(buf, &state.look);
    pen.fill(area);
    let Some(areas) = Areas::of(area, state) else {
        tiny::draw(&mut pen, state, area);
        return;
    };
    header::draw(&mut pen, state, areas.header, areas.size);
    if let Some(area) = areas.banner {
        banner::draw(&mut pen, state, area);
    }
    if let Some(area) = areas.figures {
        status::line(&mut pen, state, area);
    }
    if let Some(area) = areas.status {
        status::panel(&mut pen, state, area);
    }
    if let Some(area) = areas.map {
        map(&mut pen, state, area, &areas);
    }
    if let Some(area) = areas.lower {
        lower(&mut pen, state, area);
    }
    if let Some(area) = areas.side {
        let focus = state.pane == Pane::Map
            && state.screen == Screen::Mesh
            && state.at.spot.level == Level::Cluster;
        cluster::draw(&mut pen, state, area, focus);
    }
    if let Some(area) = areas.legend {
        sector::legend(&mut pen, state, area);
    }
    if let Some(area) = areas.summary {
        sector::summary(&mut pen, state, area);
    }
    if let Some(area) = areas.events {
        events::draw(&mut pen, state, area);
    }
    if let Some(area) = areas.talk {
        talk::draw(&mut pen, state, area);
    }
    composer::draw(&mut pen, state, areas.composer, areas.size);
    footer::draw(&mut pen, state, areas.footer);
    overlay::draw(&mut pen, state, area);
}

/// What the place or the screen calls for.
fn map(pen: &mut Pen<'_>, state: &State, area: Rect, areas: &Areas) {
    let focus = state.pane == Pane::Map && matches!(state.overlay, Overlay::None);
    match state.screen {
        Screen::Mesh => match state.at.spot.level {
            Level::Agent => agent::draw(pen, state, area, focus),
            _ if areas.side.is_none() && state.filter.is_some() => {
                cluster::draw(pen, state, area, focus);
            }
            Level::Cluster if areas.side.is_none() => cluster::draw(pen, state, area, focus),
            Level::Sector if areas.size == Size::Small => sector::draw(pen, state, area, focus),
            Level::Mesh | Level::Sector | Level::Cluster => {
                grid::draw(
                    pen,
                    state,
                    area,
                    areas.size,
                    focus && state.at.spot.level == Level::Mesh,
                );
            }
        },
        Screen::Throw => throw::draw(pen, state, area, focus),
        Screen::Plan => plan::draw(pen, state, area, focus),
        Screen::Conflicts
        | Screen::Breakers
        | Screen::Tasks
        | Screen::Reviews
        | Screen::Kpis
        | Screen::Health
        | Screen::Runbook(_)
        | Screen::Audit => page::draw(pen, state, area, focus),
    }
}

/// The panel under the grid.
fn lower(pen: &mut Pen<'_>, state: &State, area: Rect) {
    let focus = state.pane == Pane::Map && state.at.spot.level == Level::Sector;
    sector::draw(pen, state, area, focus);
}

#[cfg(test)]
mod tests;
