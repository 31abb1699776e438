//! ```text
//! ┏━ THROW 881  cascade sync all ━━━━━━━━━━━━━━━━━━━━━━━━ wave  T in 96 ms ━┓
//! ┃ READY  29,102  █████████████████████████░░  97.0% of 28,000 eligible     ┃
//! ┃ conflict 31   transit 412   late 5   skipped 2,000   unreachable 12      ┃
//! ┃ READY against T, ms              early │ late                            ┃
//! ┃ sectors      100/100          ▁▃█▅▁    │                                 ┃
//! ┃ clusters   997/1,000            ▂▅█▃▁  │                                 ┃
//! ┃ agents 29,102/28,000             ▂▄▆█▅▂│▁                                ┃
//! ┃ A edge  9,991/10,000               ▂█▅ │                                 ┃
//! ┃ ...    -500 -200 -100 -50 ... 0 ... 50 100 200 500                       ┃
//! ┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛
//! ```
//! A throw: while it runs, T as a line and arrivals filling histograms around it, per tier and class; when it is sealed,
//! its proof sheet.

use super::figure::bar;
use super::pen::{Pen, fit, grouped};
use super::sheet;
use crate::state::State;
use crate::theme::Role;
use mesh_core::operation::follow::{Arrivals, ThrowSeen};
use mesh_core::text::Foreign;
use mesh_core::time::Micros;
use ratatui::layout::Rect;

/// Cells of a histogram's label.
const LABEL: u16 = 24;

pub(super) fn draw(pen: &mut Pen<'_>, state: &State, area: Rect, focus: bool) {
    let throws = &state.throws;
    match (&throws.running, &throws.sheet) {
        (Some((running, at)), sheet)
            if sheet
                .as_ref()
                .is_none_or(|sheet| sheet.0.throw_id != running.id)
                && shows(running, sheet.is_some()) =>
        {
            live(pen, running, Micros(state.now.0 - at.0), area, focus);
        }
        (_, Some(shown)) => sheet::draw(pen, shown, throws.before.as_deref(), area, focus),
        (_, None) => {
            let inner = pen.frame(area, "THROW", "", focus);
            let text = "nothing was thrown yet; P plans one, :cascade sync sector:7 throws";
            pen.put(
                inner.x + 2,
                inner.y,
                inner.width.saturating_sub(2),
                text,
                Role::Dim,
            );
            pen.put(
                inner.x + 2,
                inner.y + 1,
                inner.width.saturating_sub(2),
                ":proof latest shows the last sheet",
                Role::Dim,
            );
        }
    }
}

/// A throw that has ended gives way to a sheet that somebody asked for.
fn shows(running: &ThrowSeen, sheet: bool) -> bool {
    running.decision.is_none() || !sheet
}

fn live(pen: &mut Pen<'_>, throw: &ThrowSeen, age: Micros, area: Rect, focus: bool) {
    let until = throw.until_t - age;
    let note = match &throw.decision {
        Some(decision) => Foreign::from(decision.as_str()).to_string(),
        None if until > Micros::ZERO => {
            format!("{}   T in {until}", Foreign::from(throw.strategy.as_str()))
        }
        None => format!(
            "{}   T was {} ago",
            Foreign::from(throw.strategy.as_str()),
            until.abs()
        ),
    };
    let title = format!("THROW {}  {}", Foreign::from(throw.id.as_str()), throw.line);
    let room = area.width.saturating_sub(super::pen::width(&note) + 10);
    let inner = pen.frame(area, &fit(&title, room, pen.glyphs().ascii), &note, focus);
    let counts = throw.counts;
    let eligible = counts.targeted.saturating_sub(counts.skipped).max(1);
    let part = f64::from(counts.ready) / f64::from(eligible);
    let (x, right) = (inner.x + 2, inner.right());
    let mut y = inner.y;
    let role = if part >= 0.95 { Role::Ok } else { Role::Accent };
    let parts = [
        (Role::Dim, "READY ".to_owned()),
        (role, format!("{:>7}  ", grouped(u64::from(counts.ready)))),
        (
            role,
            bar(
                pen.glyphs(),
                part,
                inner.width.saturating_sub(46).clamp(8, 60),
            ),
        ),
        (
            Role::Text,
            format!(
                "  {:.1}% of {} eligible",
                part * 100.0,
                grouped(u64::from(eligible))
            ),
        ),
    ];
    line(pen, x, y, right, &parts);
    y += 1;
    let parts = [
        (
            Role::Conflict,
            format!("conflict {}   ", grouped(u64::from(counts.conflict))),
        ),
        (
            Role::Text,
            format!("transit {}   ", grouped(u64::from(counts.transit))),
        ),
        (
            Role::Elevated,
            format!("late {}   ", grouped(u64::from(throw.late))),
        ),
        (
            Role::Dim,
            format!("skipped {}   ", grouped(u64::from(counts.skipped))),
        ),
        (
            Role::Offline,
            format!("unreachable {}", grouped(u64::from(counts.unreachable))),
        ),
    ];
    line(pen, x, y, right, &parts);
    y += 1;
    let mut rows: Vec<(String, Arrivals)> = [
        ("sectors", &throw.sectors),
        ("clusters", &throw.clusters),
        ("agents", &throw.agents),
    ]
    .into_iter()
    .filter(|(_, tier)| tier.of > 0)
    .map(|(name, tier)| (counted(name, tier.come, tier.of), tier.arrivals))
    .collect();
    let classes = throw.classes.iter().filter(|class| class.eligible > 0);
    rows.extend(classes.map(|class| {
        let name = format!("{} {}", class.class.letter(), class.class.word());
        (counted(&name, class.ready, class.eligible), class.arrivals)
    }));
    let left = inner.bottom().saturating_sub(y + 2);
    let height = (left / (rows.len().max(1) as u16)).clamp(1, 3);
    let room = inner.width.saturating_sub(LABEL + 3);
    pen.put(x, y, LABEL, "come, READY against T", Role::Dim);
    scale(
        pen,
        x + LABEL,
        y,
        room,
        inner.bottom().min(y + 1 + height * rows.len() as u16),
    );
    y += 1;
    for (label, arrivals) in rows {
        if y + height > inner.bottom() {
            break;
        }
        pen.put(x, y + height - 1, LABEL, &label, Role::Text);
        histogram(pen, &arrivals, Rect::new(x + LABEL, y, room, height));
        y += height;
    }
}

fn line(pen: &mut Pen<'_>, x: u16, y: u16, right: u16, parts: &[(Role, String)]) {
    let parts: Vec<_> = parts
        .iter()
        .map(|(role, text)| (*role, text.as_str()))
        .collect();
    pen.parts(x, y, right, &parts);
}

fn counted(name: &str, come: u32, of: u32) -> String {
    let count = format!("{}/{}", grouped(u64::from(come)), grouped(u64::from(of)));
    format!("{name:<9}{count:>14}")
}

/// The bin that ends at T, and the cells of each bin.
fn plan(room: u16) -> (u16, u16) {
    let zero = Arrivals::EDGES
        .iter()
        .position(|edge| *edge == 0)
        .unwrap_or(8) as u16;
    let bins = Arrivals::EDGES.len() as u16 + 1;
    (zero, (room.saturating_sub(1) / bins).clamp(1, 5))
}

/// Where a bin begins: those after T stand one further, behind its line.
const fn bin_x(bin: u16, zero: u16, each: u16) -> u16 {
    bin * each + (bin > zero) as u16
}

/// T as a line from top to bottom, with the edges of the bins above.
fn scale(pen: &mut Pen<'_>, x: u16, y: u16, room: u16, bottom: u16) {
    let (zero, each) = plan(room);
    let t = x + bin_x(zero + 1, zero, each) - 1;
    let mut free = x;
    for (bin, edge) in Arrivals::EDGES.iter().enumerate() {
        let text = edge.to_string();
        let end = x + bin_x(bin as u16, zero, each) + each;
        let start = end.saturating_sub(text.len() as u16);
        if *edge != 0 && start >= free && (end < t.saturating_sub(1) || start > t + 2) {
            pen.put(start, y, 5, &text, Role::Dim);
            free = end + 1;
        }
    }
    pen.put(t, y, 1, "T", Role::Accent);
    let sign = pen.glyphs().instant;
    for row in y + 1..bottom {
        pen.put(t, row, 1, sign, Role::Accent);
    }
}

/// Counts by how long before or after T: those in time at the left of its line, the late ones at its right.
fn histogram(pen: &mut Pen<'_>, arrivals: &Arrivals, area: Rect) {
    let (zero, each) = plan(area.width);
    let most = arrivals.0.iter().copied().max().unwrap_or(0).max(1);
    for (bin, count) in arrivals
        .0
        .iter()
        .enumerate()
        .filter(|(_, count)| **count > 0)
    {
        let bin = bin as u16;
        // The square root, so that the few are seen beside the many.
        let level = (f64::from(*count) / f64::from(most)).sqrt() * f64::from(area.height);
        let role = if bin <= zero { Role::Ok } else { Role::Slow };
        let wide = each.max(2) - 1;
        for row in 0..area.height {
            let part = level - f64::from(row);
            if part > 0.0 {
                let glyph = pen.glyphs().bar(part.min(1.0)).repeat(usize::from(wide));
                pen.put(
                    area.x + bin_x(bin, zero, each),
                    area.bottom() - 1 - row,
                    each,
                    &glyph,
                    role,
                );
            }
        }
    }
}
