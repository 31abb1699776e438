//! The row where one types: three drafts that survive every change of mode, and what was typed before.

use std::collections::VecDeque;
use tui_input::{Input, InputRequest};

/// Lines remembered at most.
pub(crate) const HISTORY_MAX: usize = 1_000;
/// Bytes of a draft at most: twice the longest text of an operation. More is not taken, and the draft stays as it was.
pub(crate) const DRAFT_MAX: usize = 16 * 1_024;

/// What the row is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Keys act on the panes.
    Nav,
    /// A sentence.
    Ask,
    /// A command line.
    Command,
    /// A filter for the table.
    Filter,
}

/// A paste that would make the draft too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooLong {
    /// Bytes that were pasted.
    pub(crate) bytes: usize,
}

/// The row.
#[derive(Debug, Clone)]
pub(crate) struct Composer {
    /// What keys do.
    pub(crate) mode: Mode,
    drafts: [Input; 3],
    history: VecDeque<String>,
    /// Which line of the history is shown, from the newest; none while the draft is.
    recalled: Option<usize>,
    /// What was typed before the history was looked at.
    kept: String,
}

impl Default for Composer {
    fn default() -> Self {
        Self {
            mode: Mode::Ask,
            drafts: [Input::default(), Input::default(), Input::default()],
            history: VecDeque::new(),
            recalled: None,
            kept: String::new(),
        }
    }
}

impl Composer {
    const fn slot(&self) -> usize {
        match self.mode {
            Mode::Nav | Mode::Ask => 0,
            Mode::Command => 1,
            Mode::Filter => 2,
        }
    }

    /// The draft of the present mode.
    pub(crate) fn draft(&self) -> &Input {
        &self.drafts[self.slot()]
    }

    /// Its text.
    pub(crate) fn text(&self) -> &str {
        self.draft().value()
    }

    /// Puts a text in place of the draft, with the cursor behind it.
    pub(crate) fn set(&mut self, text: &str) {
        let slot = self.slot();
        self.drafts[slot] = Input::new(text.to_owned());
        self.recalled = None;
    }

    /// Takes the draft out.
    pub(crate) fn take(&mut self) -> String {
        let slot = self.slot();
        self.recalled = None;
        std::mem::take(&mut self.drafts[slot]).value().to_owned()
    }

    /// An edit of the draft.
    pub(crate) fn edit(&mut self, request: InputRequest) {
        let slot = self.slot();
        let grows = matches!(request, InputRequest::InsertChar(_));
        if !grows || self.drafts[slot].value().len() < DRAFT_MAX {
            self.drafts[slot].handle(request);
            self.recalled = None;
        }
    }

    /// Takes in a pasted text at the cursor: one line, nothing invisible. What is too long is not taken at all.
    pub(crate) fn paste(&mut self, text: &str) -> Result<(), TooLong> {
        let slot = self.slot();
        let draft = &self.drafts[slot];
        if draft.value().len() + text.len() > DRAFT_MAX {
            return Err(TooLong { bytes: text.len() });
        }
        let clean: String = text
            .trim_end_matches(['\n', '\r'])
            .chars()
            .map(|c| {
                if matches!(c, '\n' | '\r' | '\t') {
                    ' '
                } else {
                    c
                }
            })
            .filter(|c| !c.is_control())
            .collect();
        let at = draft
            .value()
            .char_indices()
            .nth(draft.cursor())
            .map_or(draft.value().len(), |(at, _)| at);
        let cursor = draft.cursor() + clean.chars().count();
        let mut value = draft.value().to_owned();
        value.insert_str(at, &clean);
        self.drafts[slot] = Input::new(value).with_cursor(cursor);
        self.recalled = None;
        Ok(())
    }

    /// A line was sent; the same twice in a row is kept once.
    pub(crate) fn remember(&mut self, line: &str) {
        if line.is_empty() || self.history.back().is_some_and(|last| last == line) {
            return;
        }
        if self.history.len() == HISTORY_MAX {
            self.history.pop_front();
        }
        self.history.push_back(line.to_owned());
    }

    /// What was sent before, newest first. Command lines begin with `:`.
    pub(crate) fn history(&self) -> impl Iterator<Item = &str> {
        self.history.iter().rev().map(String::as_str)
    }

    /// Whether a line of the history is one for the present mode.
    fn fits(&self, line: &str) -> bool {
        (self.mode == Mode::Command) == line.starts_with(':')
    }

    /// An older line, or a newer one and at last the draft again.
    pub(crate) fn recall(&mut self, older: bool) {
        let lines: Vec<String> = self
            .history()
            .filter(|line| self.fits(line))
            .map(|line| line.trim_start_matches(':').to_owned())
            .collect();
        let next = match (self.recalled, older) {
            (None, false) => return,
            (None, true) => 0,
            (Some(at), true) => at + 1,
            (Some(0), false) => {
                let kept = std::mem::take(&mut self.kept);
                self.set(&kept);
                return;
            }
            (Some(at), false) => at - 1,
        };
        let Some(line) = lines.get(next) else {
            return;
        };
        if self.recalled.is_none() {
            self.kept = self.text().to_owned();
        }
        self.set(line);
        self.recalled = Some(next);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_survives_history_modes_and_a_megabyte() {
        let mut composer = Composer::default();
        composer.remember("how are we doing");
        composer.remember(":status");
        composer.set("half a though");
        composer.edit(InputRequest::InsertChar('t'));
        composer.recall(true);
        assert_eq!(composer.text(), "how are we doing");
        composer.recall(true);
        assert_eq!(composer.text(), "how are we doing", "nothing older");
        composer.recall(false);
        assert_eq!(composer.text(), "half a thought");
        composer.mode = Mode::Command;
        assert_eq!(composer.text(), "");
        composer.mode = Mode::Ask;
        let error = composer.paste(&"x".repeat(1 << 20)).expect_err("too long");
        assert_eq!((error.bytes, composer.text()), (1 << 20, "half a thought"));
        composer.paste("\u{1b}[31m a\nb\n").expect("fits");
        assert_eq!(composer.text(), "half a thought[31m a b");
    }
}
