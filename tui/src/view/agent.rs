//! ```text
//! ┏━ AGENT 7-4-12 ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ E_LOCAL   slow ━┓
//! ┃ impedance   847 ms    usual  -       ▂▂▃▂▂▃▂▅▇█  last hour  ┃
//! ┃ queue        14       task  llm_inference                   ┃
//! ┃ ...                                                         ┃
//! ┃ FINDINGS                                                    ┃
//! ┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛
//! ```
//! One agent: what its row says, and what the mesh finds when it is looked into.

use super::pen::{Pen, millis, wrap};
use super::rows::class_name;
use crate::state::State;
use crate::state::page::AgentPage;
use crate::theme::Role;
use mesh_core::place::scope::{Mark, Subject as _};
use ratatui::layout::Rect;

pub(super) fn draw(pen: &mut Pen<'_>, state: &State, area: Rect, focus: bool) {
    let mesh = state.shown();
    let id = state.at.spot.agent();
    let Some(agent) = mesh.agent(id) else {
        let inner = pen.frame(area, &format!("AGENT {id}"), "", focus);
        pen.put(
            inner.x + 1,
            inner.y,
            inner.width,
            "nobody is known there",
            Role::Dim,
        );
        return;
    };
    let note = format!("{}   {}", class_name(agent.kind()), agent.state());
    let inner = pen.frame(area, &format!("AGENT {id}"), &note, focus);
    let page = state.pages.agent.as_ref().filter(|page| page.id == id);
    let mut y = inner.y;
    let mut field = |pen: &mut Pen<'_>, label: &str, role: Role, text: &str| {
        if y < inner.bottom() {
            pen.put(inner.x + 1, y, 12, label, Role::Dim);
            pen.put(inner.x + 14, y, inner.width.saturating_sub(14), text, role);
            y += 1;
        }
    };
    let z = if agent.kind().is_human() {
        "a person: minutes, not milliseconds".to_owned()
    } else {
        format!("{} ms", millis(agent.z()))
    };
    field(pen, "impedance", Role::Text, &z);
    if let Some(usual) = agent.usual().filter(|_| !agent.kind().is_human()) {
        field(
            pen,
            "  usually",
            Role::Text,
            &format!("{} ms", millis(Some(usual))),
        );
    }
    let trip = format!(
        "{} ms there and back, {} ms of work",
        millis(Some(agent.latency())),
        millis(Some(agent.processing()))
    );
    field(pen, "  made of", Role::Text, &trip);
    if let Some(points) = page.and_then(AgentPage::trend) {
        let room = usize::from(inner.width.saturating_sub(26)).min(60);
        let line = super::figure::sparkline(pen.glyphs(), points.iter().copied(), room);
        field(pen, "  last hour", Role::Sparkline, &line);
    }
    field(
        pen,
        "queue",
        Role::Text,
        &format!("{} pending", agent.pending()),
    );
    field(pen, "task", Role::Text, agent.work().unwrap_or("none"));
    field(pen, "reliability", Role::Text, &agent.success().to_string());
    field(
        pen,
        "drift",
        Role::Text,
        &format!("{:.2}", agent.variation()),
    );
    let beat = if agent.stale() {
        Role::Stale
    } else {
        Role::Text
    };
    field(
        pen,
        "last beat",
        beat,
        &agent
            .silence()
            .map_or_else(|| "never".into(), |silent| format!("{silent} ago")),
    );
    field(
        pen,
        "context",
        Role::Text,
        &format!("{:016x}", agent.holds()),
    );
    let abilities: Vec<_> = agent.abilities().collect();
    let abilities = if abilities.is_empty() {
        "-".to_owned()
    } else {
        abilities.join(", ")
    };
    field(pen, "can", Role::Text, &abilities);
    let marks: Vec<_> = [Mark::Avoided, Mark::Frozen]
        .into_iter()
        .filter(|mark| agent.marks().has(*mark))
        .map(Mark::word)
        .collect();
    field(
        pen,
        "besides",
        Role::Elevated,
        &if marks.is_empty() {
            "-".to_owned()
        } else {
            marks.join(", ")
        },
    );
    let Some(page) = page else {
        field(pen, "", Role::Dim, "");
        field(
            pen,
            "findings",
            Role::Dim,
            if state.link.is_live() {
                "being asked"
            } else {
                "not to be asked now"
            },
        );
        return;
    };
    for (role, text) in page.lines() {
        for line in wrap(text, inner.width.saturating_sub(2)) {
            if y >= inner.bottom() {
                return;
            }
            pen.put(inner.x + 1, y, inner.width.saturating_sub(1), &line, *role);
            y += 1;
        }
    }
    debug_assert!(agent.place() == id);
}
