//! What lies over the screen: help, palette, history, a row in full, and the one question that is a window.
//!
//! ```text
//! ┏━ FREEZE  mesh-wide, stops all work ━━━━━━━━━━━━━━━━━━━━━━━━━━┓
//! ┃  scope    29,847 agents in 100 sectors, 1,000 clusters       ┃
//! ┃  To go on, type the words:   freeze all                      ┃
//! ┃  > freeze a_                                                 ┃
//! ┃  Esc cancel   any other text cancels      closes in 58 s     ┃
//! ┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛
//! ```

use super::finder::{found_commands, found_history, found_palette};
use super::pen::{Pen, fit, wrap};
use crate::state::State;
use crate::state::screen::{Confirm, Finder, Overlay};
use crate::theme::Role;
use ratatui::layout::Rect;

pub(super) fn draw(pen: &mut Pen<'_>, state: &State, area: Rect) {
    match &state.overlay {
        Overlay::None => {}
        Overlay::Help(finder) => {
            let rows = found_commands(finder.input.value());
            let selected = finder.selected.min(rows.len().saturating_sub(1));
            let detail = rows.get(selected).map(usage).unwrap_or_default();
            let rows = rows
                .iter()
                .map(|row| (row.head(), row.text()))
                .collect::<Vec<_>>();
            list(
                pen,
                area,
                "HELP  operations and keys",
                finder,
                &rows,
                22,
                &detail,
            );
        }
        Overlay::Palette(finder) => {
            let rows = found_palette(finder.input.value())
                .iter()
                .map(|row| (row.head(), row.text()))
                .collect::<Vec<_>>();
            list(pen, area, "PALETTE", finder, &rows, 22, &[]);
        }
        Overlay::History(finder) => {
            let rows = found_history(state, finder.input.value());
            let rows = rows
                .into_iter()
                .map(|line| (line, String::new()))
                .collect::<Vec<_>>();
            list(pen, area, "HISTORY", finder, &rows, area.width, &[]);
        }
        Overlay::Confirm(confirm) => question(pen, state, area, confirm),
        Overlay::Detail {
            title,
            lines,
            offset,
        } => detail(pen, area, title, lines, *offset),
    }
}

/// The usage, the arguments and an example of an operation.
fn usage(row: &super::finder::PaletteRow) -> Vec<String> {
    let super::finder::PaletteRow::Operation(row) = row else {
        return Vec::new();
    };
    let mut lines = vec![format!("usage    {}", row.usage())];
    for arg in row.args {
        let default = if arg.default.is_empty() {
            String::new()
        } else {
            format!("; otherwise {}", arg.default)
        };
        lines.push(format!("  {:<10} {}{default}", arg.name, arg.help));
    }
    lines.extend(
        row.examples
            .first()
            .map(|example| format!("example  :{example}")),
    );
    lines
}

/// A box in the middle with nothing showing through.
fn window(pen: &mut Pen<'_>, area: Rect, width: u16, height: u16, title: &str, note: &str) -> Rect {
    let width = width.min(area.width.saturating_sub(2));
    let height = height.min(area.height.saturating_sub(2));
    let place = Rect::new(
        area.x + (area.width - width) / 2,
        area.y + (area.height - height) / 2,
        width,
        height,
    );
    pen.fill(place);
    pen.frame(place, title, note, true)
}

fn list(
    pen: &mut Pen<'_>,
    area: Rect,
    title: &str,
    finder: &Finder,
    rows: &[(String, String)],
    head: u16,
    detail: &[String],
) {
    let inner = window(
        pen,
        area,
        96,
        area.height.saturating_sub(4),
        title,
        &format!("{} found", rows.len()),
    );
    let ascii = pen.glyphs().ascii;
    let x = pen.put(inner.x + 1, inner.y, 2, "> ", Role::Accent);
    let room = inner.width.saturating_sub(5);
    let end = pen.put(x, inner.y, room, finder.input.value(), Role::Text);
    let style = pen.style(Role::Cursor);
    pen.restyle(
        Rect::new(end.min(inner.right().saturating_sub(1)), inner.y, 1, 1),
        style,
    );
    let below = (detail.len() as u16).min(inner.height / 3);
    let height = inner.height.saturating_sub(2 + below);
    let selected = finder.selected.min(rows.len().saturating_sub(1));
    let first = (selected + 1).saturating_sub(usize::from(height.max(1)));
    for (y, (at, (name, text))) in
        (inner.y + 2..inner.y + 2 + height).zip(rows.iter().enumerate().skip(first))
    {
        let head = head.min(inner.width.saturating_sub(2));
        pen.put(inner.x + 2, y, head, &fit(name, head, ascii), Role::Accent);
        let rest = inner.width.saturating_sub(head + 4);
        pen.put(
            inner.x + 3 + head,
            y,
            rest,
            &fit(text, rest, ascii),
            Role::Text,
        );
        if at == selected {
            pen.put(inner.x, y, 1, ">", Role::Accent);
            pen.select(inner.x, y, inner.width);
        }
    }
    for (y, line) in (inner.bottom().saturating_sub(below)..inner.bottom()).zip(detail) {
        pen.put(
            inner.x + 1,
            y,
            inner.width.saturating_sub(2),
            &fit(line, inner.width.saturating_sub(2), ascii),
            Role::Dim,
        );
    }
}

fn question(pen: &mut Pen<'_>, state: &State, area: Rect, confirm: &Confirm) {
    let mut lines: Vec<(Role, String)> = Vec::new();
    lines.push((Role::Text, format!("command  {}", confirm.operation.line())));
    if confirm.preview.is_empty() {
        let text = if confirm.asked > 0 {
            "whom it touches is being asked"
        } else {
            "the mesh did not say whom it touches"
        };
        lines.push((Role::Dim, text.into()));
    }
    lines.extend(
        confirm
            .preview
            .iter()
            .flat_map(|line| wrap(line, 60))
            .map(|line| (Role::Text, line)),
    );
    let undo = confirm.operation.inverse().map_or_else(
        || "nothing takes it back".to_owned(),
        |inverse| format!(":{}", inverse.line()),
    );
    lines.push((Role::Text, format!("undo     {undo}")));
    let height = lines.len() as u16 + 8;
    let title = format!(
        "{}  {}",
        confirm.operation.name().to_ascii_uppercase(),
        confirm.operation.row().help
    );
    let inner = window(pen, area, 68, height, &title, "");
    let mut y = inner.y;
    for (role, line) in lines {
        pen.put(inner.x + 2, y, inner.width.saturating_sub(3), &line, role);
        y += 1;
    }
    y += 1;
    let x = pen.put(
        inner.x + 2,
        y,
        40,
        "To go on, type the words:   ",
        Role::Text,
    );
    pen.put(x, y, 30, &confirm.phrase, Role::Open);
    y += 2;
    let x = pen.put(inner.x + 2, y, 2, "> ", Role::Accent);
    let end = pen.put(
        x,
        y,
        inner.width.saturating_sub(6),
        confirm.input.value(),
        Role::Text,
    );
    let style = pen.style(Role::Cursor);
    pen.restyle(Rect::new(end, y, 1, 1), style);
    y += 1;
    let left = (confirm.until.0 - state.now.0).max(0) / 1_000_000;
    pen.put(
        inner.x + 2,
        y,
        inner.width.saturating_sub(3),
        &format!("Esc cancel   any other text cancels      closes in {left} s"),
        Role::Dim,
    );
}

fn detail(pen: &mut Pen<'_>, area: Rect, title: &str, lines: &[String], offset: usize) {
    let width = area.width.saturating_sub(8).min(110);
    let wrapped: Vec<String> = lines
        .iter()
        .flat_map(|line| wrap(line, width.saturating_sub(4)))
        .collect();
    let height = (wrapped.len() as u16 + 2).clamp(5, area.height.saturating_sub(4));
    let inner = window(pen, area, width, height, title, "Esc closes");
    let room = usize::from(inner.height);
    let offset = offset.min(wrapped.len().saturating_sub(room));
    for (y, line) in (inner.top()..inner.bottom()).zip(wrapped.iter().skip(offset)) {
        pen.put(
            inner.x + 1,
            y,
            inner.width.saturating_sub(1),
            line,
            Role::Text,
        );
    }
}
