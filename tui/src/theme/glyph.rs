//! The signs that views draw with: boxes, bars, states. In ASCII where a terminal shows nothing else, or shows lines and
//! dots two cells wide.

use super::Theme;
use std::collections::BTreeMap;

/// A set of signs, each one cell wide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Glyphs {
    /// Whether it is plain ASCII.
    pub(crate) ascii: bool,
    /// Thin box: across, down, the four corners from the upper left onward.
    pub(crate) thin: Box6,
    /// The box that has the keyboard.
    pub(crate) thick: Box6,
    /// Eight heights of a bar, from the lowest.
    pub(crate) bars: [&'static str; 8],
    /// T as a line.
    pub(crate) instant: &'static str,
    /// Between things in a row.
    pub(crate) dot: &'static str,
    /// States of agents, by name in the theme file.
    states: BTreeMap<&'static str, String>,
}

/// Across, down, corners.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Box6 {
    /// Across.
    pub(crate) across: &'static str,
    /// Down.
    pub(crate) down: &'static str,
    /// Upper left, upper right, lower left, lower right.
    pub(crate) corners: [&'static str; 4],
}

/// The states with a sign, and what it is where a theme says nothing.
pub(super) const STATES: [(&str, &str); 9] = [
    ("active", "."),
    ("elevated", "~"),
    ("slow", "#"),
    ("quarantined", "Q"),
    ("offline", "x"),
    ("stale", "?"),
    ("frozen", "*"),
    ("avoided", "-"),
    ("human", "o"),
];

impl Glyphs {
    pub(super) fn new(ascii: bool, theme: &Theme) -> Self {
        let states = STATES
            .iter()
            .map(|&(name, plain)| {
                let themed = theme.glyph(name).filter(|glyph| !ascii || glyph.is_ascii());
                (name, themed.unwrap_or(plain).to_owned())
            })
            .collect();
        let plain = |across| Box6 {
            across,
            down: "|",
            corners: ["+"; 4],
        };
        if ascii {
            return Self {
                ascii,
                thin: plain("-"),
                thick: plain("="),
                bars: [".", ".", ":", ":", "=", "=", "#", "#"],
                instant: "|",
                dot: "-",
                states,
            };
        }
        Self {
            ascii,
            thin: Box6 {
                across: "─",
                down: "│",
                corners: ["┌", "┐", "└", "┘"],
            },
            thick: Box6 {
                across: "━",
                down: "┃",
                corners: ["┏", "┓", "┗", "┛"],
            },
            bars: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
            instant: "│",
            dot: "·",
            states,
        }
    }

    /// The sign of a state by its name.
    pub(crate) fn state(&self, name: &str) -> &str {
        self.states.get(name).map_or("?", String::as_str)
    }

    /// The bar for a part of the whole, 0.0 to 1.0; the lowest is drawn for nothing too.
    pub(crate) fn bar(&self, part: f64) -> &'static str {
        let step = (part.clamp(0.0, 1.0) * 7.0).round() as usize;
        self.bars[step.min(7)]
    }
}
