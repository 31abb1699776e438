//! ```text
//! ┏━ PROOF 881  sync wave ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ PROCEED ━┓
//! ┃ 29,811 ready, 31 conflict, 5 transit, ... of 30,000                    ┃
//! ┃ READY minus predicted          │                                       ┃
//! ┃                          ▂▅█▇▅▃│▃▂▁                                    ┃
//! ┃ class      eligible  ready   by T  within 50 ms                        ┃
//! ┃ A EDGE       10,000  9,991  99.4%   99.1%  ▇                           ┃
//! ┃ skipped    person 2,000   insufficient lead 12                         ┃
//! ┃ not by T   7-4-12 late   7-4-19 silent                                 ┃
//! ┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛
//! ```
//! The proof sheet of a throw: predicted against actual, by class, with who was not READY by T and why; beside the one
//! before.

use super::pen::{Pen, grouped, wrap};
use super::rows::class_name;
use crate::report::word;
use crate::state::throws::Shown;
use crate::theme::Role;
use mesh_core::message::ERROR_EDGES;
use mesh_core::text::Foreign;
use ratatui::layout::Rect;

pub(super) fn draw(
    pen: &mut Pen<'_>,
    shown: &Shown,
    before: Option<&Shown>,
    area: Rect,
    focus: bool,
) {
    let (reference, sheet) = shown;
    let id = Foreign::from(reference.throw_id.as_str()).to_string();
    let kind = sheet.as_ref().map_or_else(String::new, |sheet| {
        format!("  {} {}", sheet.verb.word(), sheet.strategy.word())
    });
    let note = sheet
        .as_ref()
        .map_or_else(|| "sheet".to_owned(), |sheet| word(&sheet.decision));
    let inner = pen.frame(area, &format!("PROOF {id}{kind}"), &note, focus);
    let (x, right) = (inner.x + 2, inner.right());
    let room = inner.width.saturating_sub(3);
    let mut y = inner.y;
    let line = |pen: &mut Pen<'_>, y: &mut u16, role, text: &str| {
        if *y < inner.bottom() {
            pen.put(x, *y, room, text, role);
            *y += 1;
        }
    };
    for text in wrap(&reference.counts.to_string(), room) {
        line(pen, &mut y, Role::Text, &text);
    }
    let mut figures = Vec::new();
    figures.extend(reference.error_p90.map(|p90| format!("error p90 {p90}")));
    figures.extend(
        reference
            .spread_p99
            .map(|(p99, bound)| format!("release spread p99 {p99} ± {bound}")),
    );
    figures.extend(
        sheet
            .as_ref()
            .map(|sheet| format!("T after {}, gathered in {}", sheet.lead, sheet.elapsed)),
    );
    line(pen, &mut y, Role::Text, &figures.join("   "));
    if let Some((old, _)) = before {
        let delta = i64::from(reference.counts.ready) - i64::from(old.counts.ready);
        let p90 = match (reference.error_p90, old.error_p90) {
            (Some(now), Some(then)) => format!(", error p90 {now} after {then}"),
            _ => String::new(),
        };
        line(
            pen,
            &mut y,
            Role::Dim,
            &format!(
                "against {}: {delta:+} ready{p90}",
                Foreign::from(old.throw_id.as_str())
            ),
        );
    }
    let Some(sheet) = sheet else {
        line(pen, &mut y, Role::Dim, "the sheet itself was not told");
        return;
    };
    let tall = inner.bottom().saturating_sub(y) >= 18;
    let height = if tall { 4 } else { 2 };
    histogram(
        pen,
        "READY minus predicted, ms",
        &sheet.errors,
        Rect::new(x, y, room, height + 2),
    );
    y += height + 2;
    if tall {
        histogram(
            pen,
            "released minus T, ms",
            &sheet.releases,
            Rect::new(x, y, room, height + 2),
        );
        y += height + 2;
    }
    line(
        pen,
        &mut y,
        Role::Dim,
        "class          eligible    ready     by T  within 50 ms  conflict",
    );
    for tally in sheet.classes.iter().filter(|tally| tally.targeted > 0) {
        let part = |count: u32| {
            if tally.eligible == 0 {
                "-".to_owned()
            } else {
                format!(
                    "{:.1}%",
                    f64::from(count) / f64::from(tally.eligible) * 100.0
                )
            }
        };
        let good = tally.eligible == 0
            || u64::from(tally.in_window) * 100 >= u64::from(tally.eligible) * 95;
        let text = format!(
            "{:<13} {:>9} {:>8} {:>8} {:>13} {:>9}",
            class_name(tally.class),
            grouped(u64::from(tally.eligible)),
            grouped(u64::from(tally.ready)),
            part(tally.in_window),
            part(tally.within_50),
            tally.conflict
        );
        line(
            pen,
            &mut y,
            if good { Role::Text } else { Role::Degraded },
            &text,
        );
    }
    let skips: Vec<_> = sheet
        .skips
        .iter()
        .map(|(why, count)| format!("{} {}", word(why), grouped(u64::from(*count))))
        .collect();
    if !skips.is_empty() {
        line(
            pen,
            &mut y,
            Role::Dim,
            &format!("skipped: {}", skips.join("   ")),
        );
    }
    let names: Vec<_> = sheet
        .stragglers
        .iter()
        .map(|one| format!("{} {}", one.agent, word(&one.fate)))
        .collect();
    if !names.is_empty() {
        let text = format!(
            "not READY by T, {}: {}",
            grouped(u64::from(sheet.straggler_count)),
            names.join("   ")
        );
        for text in wrap(&text, room) {
            line(pen, &mut y, Role::Degraded, &text);
        }
    }
    debug_assert!(right >= x);
}

/// Counts by error, with the zero as a line: early at its left, late at its right.
fn histogram(pen: &mut Pen<'_>, title: &str, bins: &[u32], area: Rect) {
    pen.put(area.x, area.y, area.width, title, Role::Dim);
    let zero = ERROR_EDGES.iter().position(|edge| *edge == 0).unwrap_or(8);
    let each = (area.width.saturating_sub(2) / (bins.len().max(1) as u16)).clamp(1, 6);
    let most = bins.iter().copied().max().unwrap_or(0).max(1);
    let height = area.height.saturating_sub(2);
    let bottom = area.bottom().saturating_sub(2);
    for (at, count) in bins.iter().enumerate() {
        let late = at > zero;
        let x = area.x + at as u16 * each + u16::from(late);
        // The square root, so that the few are seen beside the many.
        let level = (f64::from(*count) / f64::from(most)).sqrt() * f64::from(height);
        let far = ERROR_EDGES
            .get(at.saturating_sub(usize::from(late)))
            .is_none_or(|edge| edge.abs() > 50);
        let role = match (late, far) {
            (true, true) => Role::Slow,
            (true, false) => Role::Elevated,
            (false, _) => Role::Ok,
        };
        for row in 0..height {
            let part = level - f64::from(row);
            if part > 0.02 {
                let glyph = pen
                    .glyphs()
                    .bar(part.min(1.0))
                    .repeat(usize::from(each.max(2) - 1));
                pen.put(x, bottom - row, each, &glyph, role);
            }
        }
        if let Some(edge) = ERROR_EDGES.get(at)
            && (each >= 4 || at % 4 == 0)
        {
            pen.put(x, bottom + 1, each.max(4), &edge.to_string(), Role::Dim);
        }
    }
    let line = area.x + (zero as u16 + 1) * each;
    let sign = pen.glyphs().instant;
    for row in 0..height {
        pen.put(line, bottom - row, 1, sign, Role::Accent);
    }
}
