//! Hints that follow what has the keyboard, on one or two rows.

use super::pen::{Pen, width};
use crate::state::State;
use crate::state::composer::Mode;
use crate::state::place::Level;
use crate::state::screen::{Overlay, Pane, Screen};
use crate::theme::Role;
use ratatui::layout::Rect;

type Hint = (&'static str, &'static str);

pub(super) fn draw(pen: &mut Pen<'_>, state: &State, area: Rect) {
    let mut y = area.y;
    let mut x = area.x + 1;
    if area.height == 1
        && let Some((text, _)) = &state.notice
    {
        pen.put(x, y, area.width.saturating_sub(2), text, Role::Elevated);
        return;
    }
    for (key, what) in hints(state) {
        let need = width(key) + 1 + width(what);
        if x + need > area.right() {
            y += 1;
            x = area.x + 1;
            if y >= area.bottom() {
                return;
            }
        }
        x = pen.put(x, y, area.right() - x, key, Role::Accent);
        x = pen.put(
            x + 1,
            y,
            area.right().saturating_sub(x + 1),
            what,
            Role::Dim,
        ) + 2;
    }
}

fn hints(state: &State) -> Vec<Hint> {
    match &state.overlay {
        Overlay::Confirm(_) => return vec![("Esc", "cancel"), ("any other text", "cancels")],
        Overlay::Help(_) | Overlay::Palette(_) | Overlay::History(_) => {
            return vec![
                ("Enter", "take"),
                ("Esc", "close"),
                ("Up/Down", "move"),
                ("letters", "search"),
            ];
        }
        Overlay::Detail { .. } => return vec![("Esc", "close"), ("Up/Down", "scroll")],
        Overlay::None => {}
    }
    let mut hints: Vec<Hint> = Vec::new();
    match state.composer.mode {
        Mode::Ask => hints.extend([
            (
                "Enter",
                if state.composer.text().is_empty() {
                    "open"
                } else {
                    "send"
                },
            ),
            ("Esc", "browse"),
            ("Tab", "panes"),
            ("Ctrl-R", "history"),
            (":", "command"),
            ("/", "filter"),
            ("?", "help"),
            ("Ctrl-C", "twice quits"),
            ("Ctrl-P", "palette"),
            ("Ctrl-L", "redraw"),
            ("Ctrl-Z", "suspend"),
        ]),
        Mode::Command => hints.extend([
            ("Enter", "run"),
            ("Tab", "complete"),
            ("Up/Down", "recall"),
            ("Esc", "back"),
        ]),
        Mode::Filter => hints.extend([
            ("Enter", "keep"),
            ("Esc", "clear"),
            ("Tab", "complete"),
            ("e.g.", "impedance>500 task=llm !class=edge"),
        ]),
        Mode::Nav => hints.extend(nav(state)),
    }
    hints
}

fn nav(state: &State) -> Vec<Hint> {
    let mut hints: Vec<Hint> = Vec::new();
    match (state.pane, state.screen) {
        (Pane::Events, _) => {
            hints.extend([("PgUp", "older"), ("G", "newest"), ("!", "what matters")]);
        }
        (Pane::Talk, _) => hints.extend([("PgUp", "older"), ("e", "expand"), ("y", "copy")]),
        (Pane::Map, Screen::Mesh) => {
            hints.extend([("Enter", "open"), ("Esc", "up"), ("hjkl", "move")]);
            match state.at.spot.level {
                Level::Mesh => hints.push(("m", "metric")),
                Level::Sector => hints.push(("[ ]", "sector")),
                Level::Cluster => hints.extend([("s", "sort"), ("/", "filter")]),
                Level::Agent => hints.push(("[ ]", "agent")),
            }
            hints.extend([("f", "freeze"), ("w", "thaw"), ("P", "plan")]);
        }
        (Pane::Map, Screen::Reviews) => hints.extend([
            ("a", "approve"),
            ("r", "reject"),
            ("c", "comment"),
            ("Enter", "details"),
        ]),
        (Pane::Map, Screen::Throw) => {
            hints.extend([("J", "json"), ("C", "csv"), ("S", "svg"), ("1", "mesh")]);
        }
        (Pane::Map, _) => hints.extend([
            ("Enter", "details"),
            ("jk", "move"),
            ("F5", "ask again"),
            ("1", "mesh"),
        ]),
    }
    hints.extend([
        ("i", "ask"),
        (":", "command"),
        ("1-9", "screens"),
        ("Space", "hold"),
        ("u", "undo"),
        ("?", "help"),
        ("Tab", "panes"),
        ("z", "zoom"),
        ("y", "copy"),
        ("t", "theme"),
        ("F2", "read-only"),
        ("Ctrl-C", "twice quits"),
    ]);
    hints
}
