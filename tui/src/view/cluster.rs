//! ```text
//! ┏━ CLUSTER 7-4  30 agents  sort: z desc ━━━━━━━━━━━━━━━━━━━━ row 1-16 of 30 ━┓
//! ┃  agent    class         state        z   q   hb  task                      ┃
//! ┃> 7-4-12   E_LOCAL       slow       847  14   2s  llm_inference             ┃
//! ```
//! A table of agents: those of a cluster, or those that a filter finds.

use super::pen::Pen;
use super::rows;
use crate::state::State;
use crate::state::place::Level;
use crate::state::select::Within;
use crate::theme::Role;
use ratatui::layout::Rect;

pub(super) fn draw(pen: &mut Pen<'_>, state: &State, area: Rect, focus: bool) {
    let mesh = state.shown();
    let query = rows::query(state);
    let room = usize::from(area.height.saturating_sub(3));
    // Until one is at the table, it shows its beginning.
    let at_table = state.at.spot.level >= Level::Cluster || state.filter.is_some();
    let row = mesh.row_of(state.at.spot.agent()).filter(|_| at_table);
    let wanted = row
        .and_then(|row| mesh.position(&query, row))
        .unwrap_or(if at_table { state.at.spot.row } else { 0 });
    let window = mesh.window(
        &query,
        wanted
            .saturating_sub(room.saturating_sub(1) / 2)
            .min(wanted),
        room,
    );
    let place = match query.within {
        Within::Mesh => "MESH".to_owned(),
        Within::Sector(id) => format!("SECTOR {id}"),
        Within::Cluster(id) => format!("CLUSTER {id}"),
    };
    let sort = query.sort.title();
    let title = match &state.filter {
        Some((text, _)) => format!(
            "{place}  {} of {} match /{text}  sort: {sort}",
            window.total, window.of
        ),
        None => format!("{place}  {} agents  sort: {sort}", window.total),
    };
    let note = match window.rows.len() {
        0 => String::new(),
        shown => format!(
            "row {}-{} of {}",
            window.offset + 1,
            window.offset + shown,
            window.total
        ),
    };
    let inner = pen.frame(area, &title, &note, focus);
    if inner.height == 0 {
        return;
    }
    let columns = rows::columns(inner.width.saturating_sub(2));
    let x = inner.x + 2;
    rows::heads(pen, &columns, x, inner.y);
    if window.rows.is_empty() {
        let text = if state.filter.is_some() {
            "none matches; Esc clears the filter"
        } else {
            "nobody is known here"
        };
        pen.put(x, inner.y + 1, inner.width, text, Role::Dim);
    }
    for (at, row) in window.rows.iter().enumerate() {
        let y = inner.y + 1 + at as u16;
        if let Some(agent) = mesh.at(*row) {
            rows::row(pen, &columns, x, y, &agent);
        }
        if at_table && window.offset + at == wanted.min(window.total.saturating_sub(1)) {
            pen.put(inner.x, y, 1, ">", Role::Accent);
            pen.select(inner.x, y, inner.width);
        }
    }
}
