//! ```text
//! ┏━ THROW 881  cascade sync all ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ running ━┓
//! ┃ READY 29,102  ████████████████████████████████░░  97.0% of 30,000         ┃
//! ┃ conflict 31   transit 412   skipped 2,000   unreachable 12                ┃
//! ┃                          T│                                               ┃
//! ┃            ▁▃▆█▇▅▃▁      │▂▁                                              ┃
//! ┃ -400 ms                   0                                     +400 ms   ┃
//! ┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛
//! ```
//! A throw: while it runs, arrivals as they are told, around T; when it is sealed, its proof sheet.

use super::figure::bar;
use super::pen::{Pen, fit, grouped};
use super::sheet;
use crate::state::State;
use crate::state::throws::Running;
use crate::theme::Role;
use ratatui::layout::Rect;

pub(super) fn draw(pen: &mut Pen<'_>, state: &State, area: Rect, focus: bool) {
    let throws = &state.throws;
    match (&throws.running, &throws.sheet) {
        (Some(running), sheet)
            if running.sealed.is_none()
                || sheet
                    .as_ref()
                    .is_none_or(|sheet| sheet.0.throw_id != running.id) =>
        {
            live(pen, running, area, focus, state.now.0);
        }
        (_, Some(shown)) => sheet::draw(pen, state, shown, throws.before.as_deref(), area, focus),
        (_, None) => {
            let inner = pen.frame(area, "THROW", "", focus);
            pen.put(
                inner.x + 2,
                inner.y,
                inner.width,
                "nothing was thrown yet; P plans one, :cascade sync sector:7 throws",
                Role::Dim,
            );
            pen.put(
                inner.x + 2,
                inner.y + 1,
                inner.width,
                ":proof latest shows the last sheet",
                Role::Dim,
            );
        }
    }
}

fn live(pen: &mut Pen<'_>, running: &Running, area: Rect, focus: bool, now: i64) {
    let note = running
        .sealed
        .as_ref()
        .map_or_else(|| "running".to_owned(), |(decision, _)| decision.clone());
    let title = format!("THROW {}  {}", running.id, running.line);
    let inner = pen.frame(
        area,
        &fit(&title, area.width.saturating_sub(24), pen.glyphs().ascii),
        &note,
        focus,
    );
    let counts = running.counts();
    let eligible = counts.targeted.saturating_sub(counts.skipped).max(1);
    let part = f64::from(counts.ready) / f64::from(eligible);
    let (x, right) = (inner.x + 2, inner.right());
    let room = inner.width.saturating_sub(48).clamp(8, 60);
    let mut y = inner.y;
    let role = if part >= 0.95 { Role::Ok } else { Role::Accent };
    pen.parts(
        x,
        y,
        right,
        &[
            (Role::Dim, "READY "),
            (role, &format!("{:>7}  ", grouped(u64::from(counts.ready)))),
            (role, &bar(pen.glyphs(), part, room)),
            (
                Role::Text,
                &format!(
                    "  {:.1}% of {} eligible",
                    part * 100.0,
                    grouped(u64::from(eligible))
                ),
            ),
        ],
    );
    y += 1;
    let rest = [
        (
            Role::Conflict,
            format!("conflict {}   ", grouped(u64::from(counts.conflict))),
        ),
        (
            Role::Text,
            format!("transit {}   ", grouped(u64::from(counts.transit))),
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
    let rest: Vec<_> = rest
        .iter()
        .map(|(role, text)| (*role, text.as_str()))
        .collect();
    pen.parts(x, y, right, &rest);
    y += 2;
    let height = inner.bottom().saturating_sub(y + 1);
    if height < 2 {
        return;
    }
    arrivals(
        pen,
        running,
        Rect::new(x, y, inner.width.saturating_sub(4), height),
        now,
    );
}

/// Newly READY over time, with T as a line where it is known.
fn arrivals(pen: &mut Pen<'_>, running: &Running, area: Rect, now: i64) {
    let began = running.began.0;
    let last = running.points.last().map_or(began, |(at, _)| at.0);
    let end = if running.sealed.is_some() {
        last
    } else {
        now.max(last)
    };
    let end = end.max(running.t.map_or(0, |t| t.0)).max(began + 100_000);
    let span = (end - began) as f64;
    let columns = usize::from(area.width);
    let column = |at: i64| {
        (((at - began) as f64 / span * columns as f64) as usize).min(columns.saturating_sub(1))
    };
    let mut fresh = vec![0_u32; columns];
    for pair in running.points.windows(2) {
        let [(from, before), (to, after)] = pair else {
            continue;
        };
        // What came between two tellings is spread over the time between them.
        let (first, last) = (column(from.0), column(to.0));
        let new = after.ready.saturating_sub(before.ready);
        let cells = (last.saturating_sub(first)).max(1) as u32;
        for cell in fresh
            .iter_mut()
            .skip(if last > first { first + 1 } else { last })
            .take(cells as usize)
        {
            *cell += new / cells;
        }
        if let Some(cell) = fresh.get_mut(last) {
            *cell += new % cells;
        }
    }
    let most = fresh.iter().copied().max().unwrap_or(0).max(1);
    let t = running.t.map(|t| column(t.0));
    for (at, count) in fresh.iter().enumerate() {
        let level = f64::from(*count) / f64::from(most) * f64::from(area.height);
        let role = if t.is_some_and(|t| at > t) {
            Role::Slow
        } else {
            Role::Ok
        };
        for row in 0..area.height {
            let part = level - f64::from(row);
            if part > 0.05 {
                let glyph = pen.glyphs().bar(part.min(1.0));
                pen.put(area.x + at as u16, area.bottom() - 1 - row, 1, glyph, role);
            }
        }
    }
    if let Some(t) = t {
        let sign = pen.glyphs().instant;
        for y in area.top()..area.bottom() {
            pen.put(area.x + t as u16, y, 1, sign, Role::Accent);
        }
        pen.put(area.x + t as u16 + 1, area.y, 1, "T", Role::Accent);
    }
    let y = area.bottom();
    pen.put(area.x, y, area.width, "0 ms", Role::Dim);
    pen.put_right(
        area.right(),
        y,
        12,
        &format!("+{} ms", (end - began) / 1_000),
        Role::Dim,
    );
    let early = fresh[..t.unwrap_or(columns).min(columns)]
        .iter()
        .sum::<u32>();
    let late: u32 = fresh.iter().sum::<u32>() - early;
    let text = if t.is_some() {
        format!(
            "{} by T, {} after",
            grouped(u64::from(early)),
            grouped(u64::from(late))
        )
    } else {
        "arrivals since the first send".to_owned()
    };
    let x = area.x + area.width.saturating_sub(text.len() as u16) / 2;
    pen.put(x, y, area.width, &text, Role::Dim);
}
