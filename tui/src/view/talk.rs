//! ```text
//! ┌─ CONVERSATION ───────────────────────────────── PgUp older ─┐
//! │ you   what's happening in sector 7?                         │
//! │ mesh  297/300 active, mean 142 ms; 3 quarantined.           │
//! │ ?#14  avoid 7-4-12, 7-4-19   reversible   yes / no / explain │
//! └─────────────────────────────────────────────────────────────┘
//! ```
//! What was said, newest at the bottom; proposals stay on the last rows until they are answered.

use super::pen::{Pen, fit, wrap};
use crate::state::State;
use crate::state::screen::Pane;
use crate::state::talk::{Grade, Proposal, Who};
use crate::theme::Role;
use ratatui::layout::Rect;

/// Cells before the text of a turn.
const INDENT: u16 = 6;
/// Lines of an answer that are shown while it is folded.
const FOLDED: usize = 12;

pub(super) fn draw(pen: &mut Pen<'_>, state: &State, area: Rect) {
    let talk = &state.talk;
    let note = match (talk.unseen, talk.back) {
        (0, 0) => "PgUp older   e expand".to_owned(),
        (0, _) => "PgDn newer".to_owned(),
        (unseen, _) => format!("{unseen} new"),
    };
    let inner = pen.frame(area, "CONVERSATION", &note, state.pane == Pane::Talk);
    if inner.height == 0 {
        return;
    }
    let pinned = proposals(state, inner);
    let keep = (pinned.len() as u16).min(inner.height.saturating_sub(1).max(1));
    for (row, (role, head, text)) in pinned.iter().rev().take(usize::from(keep)).enumerate() {
        let y = inner.bottom() - 1 - row as u16;
        pen.put(inner.x + 1, y, INDENT, head, Role::Proposal);
        pen.put(
            inner.x + 1 + INDENT,
            y,
            inner.width.saturating_sub(INDENT + 1),
            text,
            *role,
        );
    }
    let mut y = inner.bottom() - keep;
    let mut skip = talk.back;
    let room = inner.width.saturating_sub(INDENT + 2);
    for turn in talk.turns().rev() {
        let (who, role) = match turn.who {
            Who::You => ("you", Role::You),
            Who::Mesh => ("mesh", Role::Mesh),
        };
        let folded = !talk.expanded && turn.lines.len() > FOLDED;
        let shown = if folded { FOLDED - 1 } else { turn.lines.len() };
        let mut lines: Vec<(Role, String)> = turn.lines[..shown]
            .iter()
            .flat_map(|(role, text)| wrap(text, room).into_iter().map(|line| (*role, line)))
            .collect();
        if folded {
            lines.push((
                Role::Dim,
                format!("{} more lines   e", turn.lines.len() - shown),
            ));
        }
        let count = lines.len();
        for (at, (role_of_line, line)) in lines.iter().enumerate().rev() {
            if skip > 0 {
                skip -= 1;
                continue;
            }
            if y <= inner.y {
                return;
            }
            y -= 1;
            if at == 0 {
                pen.put(inner.x + 1, y, INDENT - 1, who, role);
            }
            pen.put(inner.x + 1 + INDENT, y, room + 1, line, *role_of_line);
        }
        debug_assert!(count > 0 || turn.lines.is_empty());
    }
}

/// The rows of proposals, oldest first.
fn proposals(state: &State, inner: Rect) -> Vec<(Role, String, String)> {
    let ascii = state.look.glyphs.ascii;
    let room = inner.width.saturating_sub(INDENT + 2);
    let mut rows = Vec::new();
    for proposal in state.talk.proposals() {
        let head = format!("?#{}", proposal.number);
        let answer = answers(proposal);
        let what = proposal.line();
        let about = if proposal.reversible() {
            "reversible"
        } else {
            "not to be taken back"
        };
        let scope = proposal
            .preview
            .as_deref()
            .unwrap_or("who it touches is being asked");
        let one = format!("{what}   {about}   {answer}");
        if proposal.preview.is_none() && super::pen::width(&one) <= room && inner.height < 6 {
            rows.push((Role::Text, head, one));
            continue;
        }
        rows.push((Role::Text, head, fit(&what, room, ascii)));
        let detail = format!("{scope}   {about}");
        rows.push((Role::Dim, String::new(), fit(&detail, room, ascii)));
        rows.push((Role::Accent, String::new(), fit(&answer, room, ascii)));
    }
    rows
}

fn answers(proposal: &Proposal) -> String {
    let number = proposal.number;
    let yes = match (proposal.grade(), proposal.from_mesh) {
        (Grade::Wide | Grade::Grave, true) => format!("yes {number}"),
        _ => "yes".to_owned(),
    };
    let only = if proposal.steps.len() > 1 {
        " / only 1"
    } else {
        ""
    };
    format!("{yes} / no{only} / explain")
}
