//! ```text
//! ────────────────────────────────────────────────────────────────
//!  ASK > yeah route around, and show me what they're stuck on_
//! ```
//! The row where one types, with its mode in words; in a box with two lines of help where there is room.

use super::layout::Size;
use super::pen::{Pen, fit, width};
use crate::state::State;
use crate::state::composer::Mode;
use crate::theme::Role;
use ratatui::layout::Rect;

pub(super) fn draw(pen: &mut Pen<'_>, state: &State, area: Rect, size: Size) {
    let pending = state.talk.proposals().count();
    if size == Size::Small {
        let line = pen.glyphs().thin.across.repeat(usize::from(area.width));
        pen.put(area.x, area.y, area.width, &line, Role::Border);
        row(
            pen,
            state,
            Rect::new(area.x, area.y + 1, area.width, 1),
            pending,
        );
        return;
    }
    let note = if pending > 0 {
        format!("{pending} pending   Ctrl-R history   Ctrl-P palette")
    } else {
        "Ctrl-R history   Ctrl-P palette".to_owned()
    };
    let typing = state.composer.mode != Mode::Nav;
    let inner = pen.frame(area, "ASK or :COMMAND", &note, typing);
    row(
        pen,
        state,
        Rect::new(inner.x, inner.y, inner.width, 1),
        pending,
    );
    for (y, (role, text)) in (inner.y + 1..inner.bottom()).zip(help(state)) {
        pen.put(inner.x + 3, y, inner.width.saturating_sub(4), &text, role);
    }
}

fn row(pen: &mut Pen<'_>, state: &State, area: Rect, pending: usize) {
    let composer = &state.composer;
    let x = area.x + 1;
    let right = area.right().saturating_sub(1);
    if composer.mode == Mode::Nav {
        let x = pen.put(x, area.y, 6, "NAV", Role::Accent);
        let draft = composer.text();
        let hint = if draft.is_empty() {
            "i ask   : command   / filter".to_owned()
        } else {
            format!("i goes on with: {draft}")
        };
        pen.put(x + 3, area.y, right.saturating_sub(x + 3), &hint, Role::Dim);
        if pending > 0 {
            let text = format!("{pending} pending: answer with i, \"yes\"");
            pen.put_right(right, area.y, 40, &text, Role::Proposal);
        }
        return;
    }
    let frozen = state.frozen().is_some();
    let (label, role) = match composer.mode {
        Mode::Ask | Mode::Nav if frozen => ("ASK frozen >", Role::Frozen),
        Mode::Ask | Mode::Nav => ("ASK >", Role::You),
        Mode::Command => (":", Role::Accent),
        Mode::Filter => ("FILTER /", Role::Accent),
    };
    let x = pen.put(x, area.y, 14, label, role) + 1;
    let note = filter_note(state);
    let room = right
        .saturating_sub(x + 1)
        .saturating_sub(note.as_ref().map_or(0, |(_, text)| width(text) + 2));
    let draft = composer.draft();
    let scroll = draft.visual_scroll(usize::from(room)) as u16;
    let shown: String = skip_cells(draft.value(), scroll);
    let end = pen.put(x, area.y, room, &shown, Role::Text);
    let cursor = x
        + (draft.visual_cursor() as u16)
            .saturating_sub(scroll)
            .min(room);
    if draft.value().is_empty() {
        pen.put(
            end + 2,
            area.y,
            room.saturating_sub(2),
            placeholder(state),
            Role::Dim,
        );
    }
    let style = pen.style(Role::Cursor);
    pen.restyle(Rect::new(cursor, area.y, 1, 1), style);
    if let Some((role, text)) = note {
        pen.put_right(right, area.y, 40, &text, role);
    }
}

/// A text without its first `cells`.
fn skip_cells(text: &str, cells: u16) -> String {
    let mut gone = 0;
    text.chars()
        .skip_while(|c| {
            let mut bytes = [0; 4];
            let skip = gone < cells;
            gone += width(c.encode_utf8(&mut bytes));
            skip
        })
        .collect()
}

fn placeholder(state: &State) -> &'static str {
    match state.composer.mode {
        Mode::Ask | Mode::Nav if state.talk.turns().next().is_none() => {
            "try: what's happening in sector 7?   or  :help"
        }
        Mode::Ask | Mode::Nav => "",
        Mode::Command => "an operation: status, inspect sector:7, freeze sector:7, help",
        Mode::Filter => "impedance>500 task=llm_inference !class=edge state=degraded|offline",
    }
}

/// How many the filter finds, or what is wrong with it.
fn filter_note(state: &State) -> Option<(Role, String)> {
    if state.composer.mode != Mode::Filter || state.composer.text().is_empty() {
        return None;
    }
    match mesh_core::place::scope::Scope::parse(&format!("where:{}", state.composer.text())) {
        Ok(_) => Some((Role::Ok, "Enter keeps it".into())),
        Err(error) => Some((
            Role::Degraded,
            fit(&error.to_string(), 38, state.look.glyphs.ascii),
        )),
    }
}

/// Two lines of help under the row: what it reads as, and what else could be said.
fn help(state: &State) -> Vec<(Role, String)> {
    let composer = &state.composer;
    let mut lines = Vec::new();
    if let Some((text, _)) = &state.notice {
        lines.push((Role::Elevated, text.clone()));
    }
    if composer.mode == Mode::Command && !composer.text().is_empty() {
        lines.push(
            match mesh_core::operation::Operation::from_line(composer.text()) {
                Ok(operation) => (
                    Role::Dim,
                    format!("reads as: {}   {}", operation.line(), operation.row().help),
                ),
                Err(error) => (Role::Dim, error.to_string()),
            },
        );
    }
    if let Some(proposal) = state.talk.proposals().next_back() {
        let left = (proposal.until.0 - state.now.0).max(0) / 1_000_000;
        lines.push((
            Role::Dim,
            format!(
                "#{} waits for an answer (expires in {}m {:02}s)",
                proposal.number,
                left / 60,
                left % 60
            ),
        ));
    }
    let scope = state.at.spot.scope();
    lines.push((Role::Dim, format!("suggestions: :inspect {scope} · :diagnose {scope} · :plan cascade sync {scope} · :health")));
    lines
}
