//! ```text
//! ┌─ EVENTS ──────────────────── following ─┐
//! │ 12:04:29 ! sector 77 breaker OPEN, 51 … │
//! ```
//! What happened, newest first.

use super::pen::{Pen, fit, grouped};
use crate::state::State;
use crate::state::screen::Pane;
use crate::theme::Role;
use ratatui::layout::Rect;

pub(super) fn draw(pen: &mut Pen<'_>, state: &State, area: Rect) {
    let events = &state.events;
    let focus = state.pane == Pane::Events;
    let note = match (events.back, events.important) {
        (0, false) => "following".to_owned(),
        (0, true) => "following what matters".to_owned(),
        (back, _) => format!("{} newer", grouped(back as u64)),
    };
    let missed = if events.missed > 0 {
        format!("  {} missed", grouped(events.missed))
    } else {
        String::new()
    };
    let inner = pen.frame(area, &format!("EVENTS{missed}"), &note, focus);
    let ascii = pen.glyphs().ascii;
    if events.len() == 0 {
        pen.put(
            inner.x + 1,
            inner.y,
            inner.width.saturating_sub(1),
            "none yet",
            Role::Dim,
        );
    }
    for (y, line) in (inner.top()..inner.bottom()).zip(events.newest()) {
        let x = pen.put(inner.x + 1, y, 8, &state.clock(line.at), Role::EventTime) + 1;
        pen.put(x, y, 2, line.sign, line.role);
        let room = inner.right().saturating_sub(x + 3);
        let role = if matches!(line.role, Role::Open | Role::Frozen) {
            line.role
        } else {
            Role::Text
        };
        pen.put(x + 3, y, room, &fit(&line.text, room, ascii), role);
    }
}
