//! The terminal: taken and given back, asked once what it is, written to in whole frames.

mod guard;
mod writer;

pub(crate) use guard::Guard;
pub(crate) use writer::{Counted, Written};

use crate::theme::Background;
use std::io::IsTerminal;
use std::time::Duration;
use terminal_colorsaurus::{QueryOptions, ThemeMode, theme_mode};

/// How long the terminal may take to say what its background is; over a bad line it stays unknown.
const QUERY_WAIT: Duration = Duration::from_millis(120);

/// Why no full screen can be drawn; each one line that says what can be done instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoScreen {
    /// A pipe or a file.
    #[error(
        "this is not a terminal; `mesh status`, `mesh list` and all other operations print to pipes"
    )]
    NotATerminal,
    /// `TERM=dumb`, or none.
    #[error(
        "TERM={0:?} cannot draw a full screen; use `mesh talk --plain`, or an operation such as `mesh status`"
    )]
    Dumb(String),
}

/// Whether standard input and output can hold a full screen.
pub(crate) fn check(term: &str) -> Result<(), NoScreen> {
    if !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
        return Err(NoScreen::NotATerminal);
    }
    if term == "dumb" || term.is_empty() {
        return Err(NoScreen::Dumb(term.to_owned()));
    }
    Ok(())
}

/// The terminal's background: asked of it once, before anything else is drawn, then read from `COLORFGBG`, else dark.
pub(crate) fn background() -> Background {
    let mut options = QueryOptions::default();
    options.timeout = QUERY_WAIT;
    match theme_mode(options) {
        Ok(ThemeMode::Light) => Background::Light,
        Ok(ThemeMode::Dark) => Background::Dark,
        Err(_) => from_colorfgbg(&std::env::var("COLORFGBG").unwrap_or_default()),
    }
}

/// `COLORFGBG` ends with the number of the background: 7 and 9 to 15 are light ones, as rxvt numbers them.
fn from_colorfgbg(text: &str) -> Background {
    match text
        .rsplit(';')
        .next()
        .and_then(|last| last.parse::<u8>().ok())
    {
        Some(7 | 9..=15) => Background::Light,
        _ => Background::Dark,
    }
}

#[cfg(test)]
mod tests;
