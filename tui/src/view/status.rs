//! ```text
//! ┌─ STATUS ──────────────────────────────────────────────────────┐
//! │ Agents     29,847 / 30,000 active (99.5%)      Mode  FULL     │
//! │ Sectors     97/100 healthy   breakers 1 open, 1 half-open     │
//! │ Impedance  mean 127ms  p95 341ms   ▂▂▃▂▂▃▂▅▃▂  last 10 min    │
//! │ Conflicts  23 last hour            Last cascade  3h27m ago    │
//! └───────────────────────────────────────────────────────────────┘
//! ```
//! The six figures of §7.1; in a small terminal on one line.

use super::pen::{Pen, grouped};
use crate::state::State;
use crate::theme::Role;
use mesh_core::operation::answer::Status;
use mesh_core::text::Foreign;
use mesh_core::unit::Share;
use ratatui::layout::Rect;

fn share(status: &Status) -> Share {
    Share::of(status.active as usize, status.agents as usize).unwrap_or(Share::NONE)
}

fn ms(z: Option<mesh_core::unit::Impedance>) -> String {
    z.map_or_else(|| "-".into(), |z| format!("{}ms", (z.0.0 + 500) / 1_000))
}

/// All figures on one line.
pub(super) fn line(pen: &mut Pen<'_>, state: &State, area: Rect) {
    let Some(status) = &state.mesh.status else {
        pen.put(
            area.x + 1,
            area.y,
            area.width.saturating_sub(1),
            "no figures yet",
            Role::Dim,
        );
        return;
    };
    let last = status
        .last_cascade
        .map_or_else(|| "none yet".into(), |ago| ago.to_string());
    let text = format!(
        "{}/{} {}  sectors {:>3}/{}  Z {}  conflicts {}/h  cascade {last}",
        grouped(u64::from(status.active)),
        grouped(u64::from(status.agents)),
        share(status),
        status.sectors_healthy,
        status.sectors,
        ms(status.impedance),
        status.conflicts,
    );
    pen.put(
        area.x + 1,
        area.y,
        area.width.saturating_sub(1),
        &text,
        Role::Text,
    );
}

/// The same in a box.
pub(super) fn panel(pen: &mut Pen<'_>, state: &State, area: Rect) {
    let lab = state.link.to.as_ref().is_some_and(|to| to.lab);
    let inner = pen.frame(
        area,
        "STATUS",
        if lab { "modelled devices" } else { "" },
        false,
    );
    let Some(status) = &state.mesh.status else {
        pen.put(
            inner.x + 1,
            inner.y,
            inner.width,
            "no figures yet",
            Role::Dim,
        );
        return;
    };
    let (left, right) = (inner.x + 1, inner.right());
    let middle = inner.x + 1 + 47.min(inner.width * 2 / 3);
    let mut y = inner.y;
    let mut row = |pen: &mut Pen<'_>,
                   label: &str,
                   parts: &[(Role, &str)],
                   at: Option<(u16, &str, Role, &str)>| {
        pen.put(left, y, 10, label, Role::Dim);
        let end = pen.parts(left + 11, y, right, parts);
        if let Some((x, label, role, text)) = at {
            let x = x.max(end + 2);
            let after = pen.put(x, y, right.saturating_sub(x), label, Role::Dim);
            pen.put(after + 2, y, right.saturating_sub(after + 2), text, role);
        }
        y += 1;
    };
    let active = format!(
        "{} / {} active ",
        grouped(u64::from(status.active)),
        grouped(u64::from(status.agents))
    );
    let part = format!("({})", share(status));
    let well = share(status).value() >= 0.95;
    let mode_role = if status.mode == "FULL" {
        Role::Ok
    } else {
        Role::Open
    };
    let mode = Foreign::from(status.mode.as_str()).to_string();
    row(
        pen,
        "Agents",
        &[
            (Role::Text, active.as_str()),
            (if well { Role::Ok } else { Role::Degraded }, part.as_str()),
        ],
        Some((middle, "Mode", mode_role, &mode)),
    );
    if inner.width > 100 {
        let classes = state.shown().classes();
        let letters =
            mesh_core::place::Class::ALL
                .iter()
                .zip(classes)
                .map(|(class, (_, active))| {
                    format!("{} {}", class.letter(), grouped(u64::from(active)))
                });
        let text = letters.collect::<Vec<_>>().join("  ");
        pen.put_right(right.saturating_sub(1), inner.y, 56, &text, Role::Dim);
    }
    let sectors = format!("{:>3}/{} healthy", status.sectors_healthy, status.sectors);
    let (open, half) = status.breakers;
    let breakers = format!("{open} open, {half} half-open");
    let role = if open > 0 {
        Role::Open
    } else if half > 0 {
        Role::HalfOpen
    } else {
        Role::Text
    };
    row(
        pen,
        "Sectors",
        &[
            (Role::Text, &sectors),
            (Role::Dim, "   breakers "),
            (role, &breakers),
        ],
        None,
    );
    let figures = format!(
        "mean {}  p95 {}   ",
        ms(status.impedance),
        ms(status.impedance_p95)
    );
    let room = usize::from(inner.width)
        .saturating_sub(12 + figures.len() + 14)
        .min(40);
    let line = super::figure::sparkline(
        pen.glyphs(),
        state.trend.iter().map(|z| Some(f64::from(*z))),
        room,
    );
    let minutes = state.trend.len().min(room).div_ceil(6);
    let span = format!("  last {minutes} min");
    row(
        pen,
        "Impedance",
        &[
            (Role::Text, &figures),
            (Role::Sparkline, &line),
            (Role::Dim, if minutes > 0 { &span } else { "" }),
        ],
        None,
    );
    let conflicts = format!("{} last hour", grouped(u64::from(status.conflicts)));
    let reviews = format!("   {} to review", status.reviews);
    let last = status
        .last_cascade
        .map_or_else(|| "none yet".into(), |ago| format!("{ago} ago"));
    row(
        pen,
        "Conflicts",
        &[
            (Role::Text, &conflicts),
            (
                Role::Proposal,
                if status.reviews > 0 { &reviews } else { "" },
            ),
        ],
        Some((middle.saturating_sub(8), "Last cascade", Role::Text, &last)),
    );
}
