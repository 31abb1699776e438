//! An answer as something to be read: sentences, a table, sentences. Screens, conversation, command line and CSV show the
//! same report, each in its way.

mod answer;
mod lines;
mod mesh;
mod row;
mod throw;

pub(crate) use lines::{finding_lines, preview_lines};

use crate::state::talk::Line;
use crate::theme::Role;
use mesh_core::operation::Operation;
use mesh_core::text::Foreign;
use mesh_core::time::WallTime;
use mesh_core::unit::Impedance;
use serde::Serialize;

/// A column: its head, and whether its numbers stand at the right.
pub(crate) type Column = (&'static str, bool);

/// A row of a table.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    /// In which role it is shown.
    pub(crate) role: Role,
    /// One text for each column.
    pub(crate) cells: Vec<String>,
    /// What else is known, a line each.
    pub(crate) detail: Vec<String>,
    /// What it offers to do.
    pub(crate) offers: Vec<Operation>,
}

/// An answer to be read.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Report {
    /// Before the table.
    pub(crate) lines: Vec<Line>,
    /// The table's columns.
    pub(crate) columns: Vec<Column>,
    /// Its rows.
    pub(crate) rows: Vec<Row>,
}

impl Row {
    fn new(role: Role, cells: Vec<String>) -> Self {
        Self {
            role,
            cells,
            detail: Vec::new(),
            offers: Vec::new(),
        }
    }

    fn detail(mut self, lines: Vec<String>) -> Self {
        self.detail = lines;
        self
    }

    fn offers(mut self, offers: Vec<Operation>) -> Self {
        self.offers = offers;
        self
    }
}

/// A value's own word, as its JSON says it: `coordination_success_rate` becomes `coordination success rate`.
pub(crate) fn word<T: Serialize>(value: &T) -> String {
    let json = serde_json::to_value(value).unwrap_or_default();
    let text = match &json {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Object(object) => {
            object
                .iter()
                .next()
                .map_or_else(String::new, |(key, inner)| {
                    let inner = match inner {
                        serde_json::Value::String(text) => text.clone(),
                        serde_json::Value::Number(number) => number.to_string(),
                        _ => String::new(),
                    };
                    format!("{key} {inner}").trim_end().to_owned()
                })
        }
        other => other.to_string(),
    };
    Foreign::from(text.replace('_', " ")).to_string()
}

fn ms(z: Option<Impedance>) -> String {
    z.map_or_else(|| "-".into(), |z| ((z.0.0 + 500) / 1_000).to_string())
}

fn seconds(wall: WallTime) -> String {
    jiff::Timestamp::from_microsecond(wall.0).map_or_else(
        |_| wall.0.to_string(),
        |stamp| stamp.strftime("%F %TZ").to_string(),
    )
}

impl Report {
    fn say(role: Role, text: impl Into<String>) -> Self {
        Self {
            lines: vec![(role, text.into())],
            ..Self::default()
        }
    }

    fn table(columns: &[Column], rows: Vec<Row>) -> Self {
        Self {
            lines: Vec::new(),
            columns: columns.to_vec(),
            rows,
        }
    }

    fn also(mut self, role: Role, text: impl Into<String>) -> Self {
        self.lines.push((role, text.into()));
        self
    }

    /// As lines of text, the table set out in columns of at most `width` cells.
    pub(crate) fn text(&self, width: u16) -> Vec<Line> {
        let mut lines = self.lines.clone();
        if self.rows.is_empty() {
            return lines;
        }
        let widths = self.widths(width);
        if self.columns.iter().any(|(head, _)| !head.is_empty()) {
            let heads: Vec<_> = self
                .columns
                .iter()
                .map(|(head, _)| (*head).to_owned())
                .collect();
            lines.push((Role::Dim, self.set(&heads, &widths)));
        }
        lines.extend(
            self.rows
                .iter()
                .map(|row| (row.role, self.set(&row.cells, &widths))),
        );
        lines
    }

    /// What each column gets of `width` cells: what it needs, the last one what is left.
    pub(crate) fn widths(&self, width: u16) -> Vec<u16> {
        let need = |at: usize| {
            let cells = self
                .rows
                .iter()
                .filter_map(|row| row.cells.get(at))
                .map(|cell| crate::view::width(cell));
            cells
                .max()
                .unwrap_or(0)
                .max(crate::view::width(self.columns[at].0))
        };
        let mut left = width;
        (0..self.columns.len())
            .map(|at| {
                let mine = need(at).min(left);
                left = left.saturating_sub(mine + 2);
                mine
            })
            .collect()
    }

    /// One row in columns.
    pub(crate) fn set(&self, cells: &[String], widths: &[u16]) -> String {
        let mut line = String::new();
        for ((cell, width), (_, right)) in cells.iter().zip(widths).zip(&self.columns) {
            let cell = crate::view::fit(cell, *width, false);
            let pad = " ".repeat(usize::from(width.saturating_sub(crate::view::width(&cell))));
            let (before, after) = if *right {
                (pad.as_str(), "")
            } else {
                ("", pad.as_str())
            };
            line.push_str(before);
            line.push_str(&cell);
            line.push_str(after);
            line.push_str("  ");
        }
        line.truncate(line.trim_end().len());
        line
    }
}
