//! ```text
//! ┏━ KPIS ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ 2 s old ━┓
//! ┃  indicator                     now   target                ┃
//! ┃> coordination success rate  99.82%  >= 99.00%  met         ┃
//! ┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛
//! ```
//! A list or a report that was asked for: conflicts, breakers, tasks, reviews, indicators, health, runbooks, audit.

use super::pen::{Pen, fit, wrap};
use crate::report::Report;
use crate::state::State;
use crate::theme::Role;
use ratatui::layout::Rect;

pub(super) fn draw(pen: &mut Pen<'_>, state: &State, area: Rect, focus: bool) {
    let screen = state.screen;
    let title = match screen {
        crate::state::screen::Screen::Runbook(name) => format!(
            "RUNBOOK  {}  {}",
            name.word().replace('_', " "),
            state.at.spot.scope()
        ),
        screen => screen.title().to_ascii_uppercase(),
    };
    let page = state.pages.get(screen);
    let asked = state.pages.asked.contains_key(&screen);
    let note = match (page, asked) {
        (_, true) => "being asked".to_owned(),
        (Some(page), false) => age(state.now.0 - page.at.0),
        (None, false) => String::new(),
    };
    let inner = pen.frame(area, &title, &note, focus);
    let Some(page) = page else {
        let text = if asked { "being asked" } else { "F5 asks" };
        pen.put(inner.x + 2, inner.y, inner.width, text, Role::Dim);
        return;
    };
    let answer = match &page.answer {
        Ok(answer) => answer,
        Err(refusal) => {
            for (y, line) in (inner.top()..inner.bottom())
                .zip(wrap(&refusal.to_string(), inner.width.saturating_sub(4)))
            {
                pen.put(inner.x + 2, y, inner.width, &line, Role::Degraded);
            }
            return;
        }
    };
    let report = Report::of(answer);
    let mut y = inner.y;
    for (role, line) in &report.lines {
        for line in wrap(line, inner.width.saturating_sub(4)) {
            if y < inner.bottom() {
                pen.put(inner.x + 2, y, inner.width.saturating_sub(3), &line, *role);
                y += 1;
            }
        }
    }
    table(
        pen,
        state,
        &report,
        Rect {
            y,
            height: inner.bottom().saturating_sub(y),
            ..inner
        },
        focus,
    );
}

/// How old something is, in whole seconds: a figure that changes by itself must not change faster than it is read.
pub(super) fn age(micros: i64) -> String {
    match micros.max(0) / 1_000_000 {
        0 => "now".to_owned(),
        seconds => format!("{seconds} s old"),
    }
}

fn table(pen: &mut Pen<'_>, state: &State, report: &Report, area: Rect, focus: bool) {
    if report.rows.is_empty() || area.height < 2 {
        return;
    }
    let ascii = pen.glyphs().ascii;
    let widths = report.widths(area.width.saturating_sub(3));
    let heads: Vec<_> = report
        .columns
        .iter()
        .map(|(head, _)| (*head).to_owned())
        .collect();
    pen.put(
        area.x + 2,
        area.y,
        area.width.saturating_sub(3),
        &report.set(&heads, &widths),
        Role::Dim,
    );
    let selected = state.pages.row(state.screen).min(report.rows.len() - 1);
    let row = &report.rows[selected];
    let below = (row.detail.len() + row.offers.len()).min(usize::from(area.height / 3)) as u16;
    let room = usize::from(area.height - 1 - below.min(area.height - 1)).max(1);
    let first = (selected + 1).saturating_sub(room);
    for (y, (at, row)) in (area.y + 1..).zip(report.rows.iter().enumerate().skip(first).take(room))
    {
        pen.put(
            area.x + 2,
            y,
            area.width.saturating_sub(3),
            &report.set(&row.cells, &widths),
            row.role,
        );
        if at == selected {
            pen.put(area.x, y, 1, ">", Role::Accent);
            if focus {
                pen.select(area.x, y, area.width);
            }
        }
    }
    let offers = row
        .offers
        .iter()
        .map(|offer| (Role::Proposal, format!("Enter writes  :{}", offer.line())));
    let lines = row
        .detail
        .iter()
        .map(|line| (Role::Dim, line.clone()))
        .chain(offers);
    for (y, (role, line)) in (area.bottom() - below..area.bottom()).zip(
        lines
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
            .take(usize::from(below))
            .rev(),
    ) {
        pen.put(
            area.x + 3,
            y,
            area.width.saturating_sub(4),
            &fit(&line, area.width.saturating_sub(4), ascii),
            role,
        );
    }
}
