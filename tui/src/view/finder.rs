//! Lists that are searched: operations and keys, everything that can be done, what was typed before. Found by nucleo's
//! matcher, best first.

use crate::state::State;
use crate::update::{Command, keys_of};
use mesh_core::operation::table;
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher};

/// Something that can be chosen.
#[derive(Debug, Clone, Copy)]
pub(crate) enum PaletteRow {
    /// A command of the console.
    Command(Command),
    /// An operation of the mesh.
    Operation(&'static table::Row),
    /// A theme.
    Theme(&'static str),
}

impl PaletteRow {
    /// What stands at the left.
    pub(crate) fn head(&self) -> String {
        match self {
            Self::Command(command) => keys_of(*command),
            Self::Operation(row) => format!(":{}", row.name),
            Self::Theme(name) => format!(":theme {name}"),
        }
    }

    /// What it does.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Command(command) => command.help().to_owned(),
            Self::Operation(row) => row.help.to_owned(),
            Self::Theme(_) => "another look".to_owned(),
        }
    }

    fn searched(&self) -> String {
        match self {
            Self::Command(command) => format!("{} {}", command.name(), command.help()),
            Self::Operation(row) => format!("{} {}", row.name, row.help),
            Self::Theme(name) => format!("theme {name}"),
        }
    }
}

/// The rows that a search finds, best first; all of them in their order without one.
fn found<T>(rows: Vec<T>, search: &str, text: impl Fn(&T) -> String) -> Vec<T> {
    if search.trim().is_empty() {
        return rows;
    }
    let mut matcher = Matcher::new(Config::DEFAULT);
    let pattern = Pattern::parse(search, CaseMatching::Ignore, Normalization::Smart);
    let mut buffer = Vec::new();
    let mut scored: Vec<(u32, T)> = rows
        .into_iter()
        .filter_map(|row| {
            let text = text(&row);
            let haystack = nucleo_matcher::Utf32Str::new(&text, &mut buffer);
            pattern
                .score(haystack, &mut matcher)
                .map(|score| (score, row))
        })
        .collect();
    scored.sort_by_key(|(score, _)| core::cmp::Reverse(*score));
    scored.into_iter().map(|(_, row)| row).collect()
}

/// Everything that can be done.
pub(crate) fn found_palette(search: &str) -> Vec<PaletteRow> {
    let operations = table::rows().map(PaletteRow::Operation);
    let commands = Command::ALL.iter().copied().map(PaletteRow::Command);
    let themes = crate::theme::names().map(PaletteRow::Theme);
    found(
        operations.chain(commands).chain(themes).collect(),
        search,
        PaletteRow::searched,
    )
}

/// Operations with their usage, then keys.
pub(crate) fn found_commands(search: &str) -> Vec<PaletteRow> {
    let operations = table::rows().map(PaletteRow::Operation);
    let commands = Command::ALL.iter().copied().map(PaletteRow::Command);
    found(
        operations.chain(commands).collect(),
        search,
        PaletteRow::searched,
    )
}

/// What was typed before, newest first.
pub(crate) fn found_history(state: &State, search: &str) -> Vec<String> {
    found(
        state.composer.history().map(ToOwned::to_owned).collect(),
        search,
        Clone::clone,
    )
}
