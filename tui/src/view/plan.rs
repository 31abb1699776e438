//! ```text
//! ┏━ PLAN  cascade sync sector:7 ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┓
//! ┃ now ████████████████░░░░░░░░│ T in 412 ms                     ┃
//! ┃     fire within 96 ms       READY by T  99.3%  ██████████████░ ┃
//! ```
//! What a throw would look like, before it is fired: the share that would be READY, who would not, until when it can be.

use super::figure::bar;
use super::pen::{Pen, fit, grouped};
use crate::report::Report;
use crate::state::State;
use crate::theme::Role;
use mesh_core::operation::Answer;
use mesh_core::time::Micros;
use ratatui::layout::Rect;

pub(super) fn draw(pen: &mut Pen<'_>, state: &State, area: Rect, focus: bool) {
    let Some((line, plan, at)) = &state.throws.plan else {
        let inner = pen.frame(area, "PLAN", "", focus);
        pen.put(
            inner.x + 2,
            inner.y,
            inner.width,
            "nothing is planned; P plans a sync of what is selected, or :plan cascade …",
            Role::Dim,
        );
        return;
    };
    let age = Micros((state.now.0 - at.0).max(0));
    let inner = pen.frame(
        area,
        &format!("PLAN  {line}"),
        &super::page::age(age.0),
        focus,
    );
    let (x, right) = (inner.x + 2, inner.right());
    let room = inner.width.saturating_sub(30).clamp(10, 80);
    let mut y = inner.y;
    let part = plan.ready.value();
    let role = if part >= 0.95 {
        Role::Ok
    } else {
        Role::Degraded
    };
    pen.parts(
        x,
        y,
        right,
        &[
            (Role::Dim, "READY by T   "),
            (role, &bar(pen.glyphs(), part, room)),
            (role, &format!("  {}", plan.ready)),
        ],
    );
    y += 1;
    let until = plan.until_t.0.max(1) as f64;
    let fire = (plan.fire_within.0.max(0) as f64 / until).clamp(0.0, 1.0);
    let before = (fire * f64::from(room)) as usize;
    let (dash, wait) = if pen.glyphs().ascii {
        ("=", ".")
    } else {
        ("━", "·")
    };
    let time =
        dash.repeat(before) + &wait.repeat(usize::from(room) - before) + pen.glyphs().instant;
    pen.parts(
        x,
        y,
        right,
        &[
            (Role::Dim, "now to T     "),
            (Role::Sparkline, &time),
            (Role::Accent, &format!(" T in {}", plan.until_t)),
        ],
    );
    y += 1;
    let late = if plan.fire_within < age {
        (Role::Open, "past: plan again".to_owned())
    } else {
        (
            Role::Text,
            format!("the latest safe moment to fire is in {}", plan.fire_within),
        )
    };
    pen.put(x + 13, y, right.saturating_sub(x + 13), &late.1, late.0);
    y += 2;
    let counts = &plan.counts;
    let figures = format!(
        "targeted {}   skipped {}   unreachable {}",
        grouped(u64::from(counts.targeted)),
        grouped(u64::from(counts.skipped)),
        grouped(u64::from(counts.unreachable))
    );
    pen.put(x, y, right.saturating_sub(x), &figures, Role::Text);
    y += 1;
    if let Some(refusal) = &plan.refusal {
        pen.put(
            x,
            y,
            right.saturating_sub(x),
            &fit(
                &refusal.to_string(),
                inner.width.saturating_sub(3),
                pen.glyphs().ascii,
            ),
            Role::Degraded,
        );
        y += 1;
    }
    y += 1;
    let report = Report::of(&Answer::Plan(plan.clone()));
    let widths = report.widths(inner.width.saturating_sub(3));
    if report.rows.is_empty() {
        pen.put(x, y, right.saturating_sub(x), "nobody stands out", Role::Ok);
        return;
    }
    pen.put(
        x,
        y,
        right.saturating_sub(x),
        "least likely to make it, and left out",
        Role::Dim,
    );
    for (y, row) in (y + 1..inner.bottom()).zip(&report.rows) {
        pen.put(
            x,
            y,
            right.saturating_sub(x),
            &report.set(&row.cells, &widths),
            row.role,
        );
    }
}
