//! Moving about: cursors, levels, pages.

use super::Effect;
use super::act;
use super::command::Command;
use crate::state::State;
use crate::state::place::{Level, Spot};
use crate::state::screen::{Overlay, Pane, Screen};
use crate::view;
use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use mesh_core::place::AgentId;

/// Sectors in a row of the grid.
const PER_ROW: i32 = view::PER_ROW as i32;

/// A step of whatever has the keyboard.
pub(super) fn step(state: &mut State, command: Command) {
    let page = view::row_count(state) as i32;
    let (dx, dy): (i32, i32) = match command {
        Command::Up => (0, -1),
        Command::Down => (0, 1),
        Command::Left => (-1, 0),
        Command::Right => (1, 0),
        Command::PageUp => (0, -page),
        Command::PageDown => (0, page),
        Command::First => (0, i32::MIN),
        Command::Last => (0, i32::MAX),
        _ => return,
    };
    let found = match &state.overlay {
        Overlay::Help(finder) => view::found_commands(finder.input.value()).len(),
        Overlay::Palette(finder) => view::found_palette(finder.input.value()).len(),
        Overlay::History(finder) => view::found_history(state, finder.input.value()).len(),
        Overlay::Detail { lines, .. } => lines.len(),
        Overlay::Confirm(_) => return,
        Overlay::None => 0,
    };
    match &mut state.overlay {
        Overlay::Help(finder) | Overlay::Palette(finder) | Overlay::History(finder) => {
            finder.selected = moved(finder.selected, dy, found);
        }
        Overlay::Detail { offset, .. } => *offset = moved(*offset, dy, found),
        Overlay::Confirm(_) => {}
        Overlay::None => in_pane(state, dx, dy),
    }
}

fn in_pane(state: &mut State, dx: i32, dy: i32) {
    match (state.pane, state.screen) {
        (Pane::Events, _) => state.events.scroll(dy.saturating_neg() as isize),
        (Pane::Talk, _) => scroll_talk(state, dy.saturating_neg()),
        (Pane::Map, Screen::Mesh) => in_mesh(state, dx, dy),
        (Pane::Map, screen) => {
            let count = act::page_report(state).map_or(0, |report| report.rows.len());
            let row = moved(state.pages.row(screen), dy, count);
            state.pages.rows.insert(screen, row);
        }
    }
}

fn scroll_talk(state: &mut State, rows: i32) {
    let most: usize = state.talk.turns().map(|turn| turn.lines.len()).sum();
    state.talk.back = state
        .talk
        .back
        .saturating_add_signed(rows as isize)
        .min(most);
    if state.talk.back == 0 {
        state.talk.unseen = 0;
    }
}

fn moved(at: usize, by: i32, count: usize) -> usize {
    at.saturating_add_signed(by as isize)
        .min(count.saturating_sub(1))
}

fn in_mesh(state: &mut State, dx: i32, dy: i32) {
    let shape = state.shown().shape_or_none();
    let step = |at: i32, by: i32, most: i32| at.saturating_add(by).clamp(1, most.max(1));
    let spot = &mut state.at.spot;
    match spot.level {
        Level::Mesh | Level::Sector if state.filter.is_some() => in_table(state, dy),
        Level::Mesh => {
            let most = i32::from(shape.sectors);
            let by = dx + dy.saturating_mul(PER_ROW);
            let at = i32::from(spot.sector);
            // A step down from the last row stays; Home and End go all the way.
            let beyond = matches!(dy, -1 | 1) && !(1..=most).contains(&at.saturating_add(by));
            if !beyond {
                spot.sector = step(at, by, most) as u16;
                spot.cluster = 1;
                spot.agent = 1;
            }
        }
        Level::Sector => {
            let by = dy.saturating_add(dx);
            spot.cluster = step(i32::from(spot.cluster), by, i32::from(shape.clusters)) as u8;
            spot.agent = 1;
        }
        Level::Cluster => in_table(state, dy.saturating_add(dx)),
        Level::Agent => {
            spot.agent = step(
                i32::from(spot.agent),
                dy.saturating_add(dx),
                i32::from(shape.agents),
            ) as u8;
        }
    }
}

/// The row so many further down in the table's order.
fn in_table(state: &mut State, by: i32) {
    let query = view::query(state);
    let mesh = state.shown();
    let now = mesh
        .row_of(state.at.spot.agent())
        .and_then(|row| mesh.position(&query, row));
    let at = now.map_or(state.at.spot.row, |at| {
        at.saturating_add_signed(by as isize)
    });
    let window = mesh.window(&query, at, 1);
    let Some(row) = window.rows.first() else {
        return;
    };
    let place = mesh.place(*row);
    let spot = &mut state.at.spot;
    spot.row = window.offset;
    select(spot, place);
}

fn select(spot: &mut Spot, place: AgentId) {
    spot.sector = place.sector().0;
    spot.cluster = place.cluster.cluster;
    spot.agent = place.agent;
}

/// The first row of the table in its order.
pub(super) fn to_table(state: &mut State) {
    let query = view::query(state);
    let mesh = state.shown();
    let first = mesh
        .window(&query, 0, 1)
        .rows
        .first()
        .map(|row| mesh.place(*row));
    state.at.spot.row = 0;
    if let (Some(place), true) = (
        first,
        state.filter.is_some() || state.at.spot.level == Level::Cluster,
    ) {
        select(&mut state.at.spot, place);
    }
}

/// Enter: one level deeper.
pub(super) fn into(state: &mut State, effects: &mut Vec<Effect>) {
    let spot = state.at.spot;
    let level = match spot.level {
        _ if state.filter.is_some() => Level::Agent,
        Level::Mesh => Level::Sector,
        Level::Sector => Level::Cluster,
        Level::Cluster | Level::Agent => Level::Agent,
    };
    if level == spot.level {
        return;
    }
    state.at.go(Spot { level, ..spot });
    if level == Level::Cluster {
        to_table(state);
    }
    act::open_screen(state, effects);
}

/// The sector, cluster or agent beside this one.
pub(super) fn sibling(state: &mut State, by: i32, effects: &mut Vec<Effect>) {
    let shape = state.shown().shape_or_none();
    let round = |at: i32, most: i32| (at - 1 + by).rem_euclid(most.max(1)) + 1;
    let mut spot = state.at.spot;
    match spot.level {
        Level::Mesh | Level::Sector => {
            spot.sector = round(i32::from(spot.sector), i32::from(shape.sectors)) as u16;
        }
        Level::Cluster => {
            spot.cluster = round(i32::from(spot.cluster), i32::from(shape.clusters)) as u8;
        }
        Level::Agent => spot.agent = round(i32::from(spot.agent), i32::from(shape.agents)) as u8,
    }
    state.at.go(spot);
    if spot.level == Level::Cluster {
        to_table(state);
    }
    act::open_screen(state, effects);
}

/// The wheel scrolls what lies under it; a click selects a sector or gives a pane the keyboard.
pub(super) fn mouse(state: &mut State, mouse: MouseEvent, effects: &mut Vec<Effect>) {
    let area = ratatui::layout::Rect::new(0, 0, state.size.0, state.size.1);
    let Some(areas) = view::Areas::of(area, state) else {
        return;
    };
    let at = ratatui::layout::Position::new(mouse.column, mouse.row);
    let over = |place: Option<ratatui::layout::Rect>| place.is_some_and(|place| place.contains(at));
    let pane = if over(areas.events) {
        Pane::Events
    } else if over(areas.talk) {
        Pane::Talk
    } else {
        Pane::Map
    };
    match mouse.kind {
        MouseEventKind::ScrollUp | MouseEventKind::ScrollDown => {
            let before = std::mem::replace(&mut state.pane, pane);
            let command = if mouse.kind == MouseEventKind::ScrollUp {
                Command::Up
            } else {
                Command::Down
            };
            step(state, command);
            state.pane = before;
        }
        MouseEventKind::Down(MouseButton::Left) => {
            state.pane = pane;
            let grid = areas
                .map
                .filter(|_| state.screen == Screen::Mesh && state.at.spot.level == Level::Mesh);
            let sector = grid.and_then(|grid| view::sector_at(state, grid, areas.size, at));
            if let Some(sector) = sector {
                if state.at.spot.sector == sector {
                    into(state, effects);
                } else {
                    state.at.spot.sector = sector;
                }
            }
        }
        _ => {}
    }
}
