//! What things look like: roles by meaning, colours for every depth, glyphs; one TOML file a theme.
//!
//! | file | what it is |
//! |---|---|
//! | `role` | the meanings that a cell can have |
//! | `colour` | colours as they are written, and as a terminal of less depth shows them |
//! | `file` | a theme's file, with inheritance |
//! | `choose` | which theme and depth this terminal gets |
//! | `glyph` | boxes, bars and states, in Unicode and in ASCII |

mod choose;
mod colour;
mod file;
mod glyph;
mod role;

pub(crate) use choose::{Background, Wish, choose};
use colour::Depth;
pub(crate) use file::{Theme, ThemeError, names};
pub(crate) use glyph::Glyphs;
pub(crate) use role::Role;

use ratatui::style::Style;

/// How everything is shown: a theme at the terminal's depth, with the glyphs that the terminal can draw.
#[derive(Debug, Clone)]
pub(crate) struct Look {
    /// The theme.
    pub(crate) theme: Theme,
    /// The glyphs.
    pub(crate) glyphs: Glyphs,
}

impl Look {
    /// A theme at a depth; the depth without colour takes the theme made for that.
    pub(crate) fn new(name: &str, depth: Depth, ascii: bool) -> Result<Self, ThemeError> {
        let name = if depth == Depth::Mono { "mono" } else { name };
        let mut theme = Theme::load(name)?;
        theme.reduce(depth);
        let glyphs = Glyphs::new(ascii, &theme);
        Ok(Self { theme, glyphs })
    }

    /// The style of a role.
    pub(crate) fn style(&self, role: Role) -> Style {
        self.theme.style(role)
    }
}
