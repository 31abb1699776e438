//! A theme's file: what it inherits, its palette, roles and glyphs. Themes that come with the console are built in; a file
//! of the same form under the user's configuration folder may replace or add to them.

use super::colour::{self, Depth};
use super::glyph::STATES;
use super::role::Role;
use mesh_core::text::{excerpt, nearest};
use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;
use unicode_width::UnicodeWidthStr as _;

/// The themes that come with the console.
const BUILT_IN: [(&str, &str); 6] = [
    (
        "default-dark",
        include_str!("../../../themes/default-dark.toml"),
    ),
    (
        "default-light",
        include_str!("../../../themes/default-light.toml"),
    ),
    (
        "high-contrast",
        include_str!("../../../themes/high-contrast.toml"),
    ),
    (
        "colour-blind",
        include_str!("../../../themes/colour-blind.toml"),
    ),
    ("ansi16", include_str!("../../../themes/ansi16.toml")),
    ("mono", include_str!("../../../themes/mono.toml")),
];
/// Files in a chain of inheritance at most.
const CHAIN_MAX: usize = 8;
/// Bytes of a theme file at most; the built-in ones have under two thousand.
const FILE_MAX: u64 = 64 * 1024;

/// A theme that cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ThemeError {
    /// No such theme.
    #[error("there is no theme {name:?}; {hint}there are {all}, and files NAME.toml in {folder}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// What was probably meant.
        hint: String,
        /// Those that there are.
        all: String,
        /// Where own themes are looked for.
        folder: String,
    },
    /// Its file cannot be read as a theme.
    #[error("theme {name:?}: {why}")]
    Unreadable {
        /// Which.
        name: String,
        /// Why.
        why: String,
    },
    /// It inherits from itself, or from too many.
    #[error("theme {name:?} inherits from itself, or through more than {CHAIN_MAX} files")]
    Circle {
        /// Which.
        name: String,
    },
}

/// A theme, with everything that it inherits.
#[derive(Debug, Clone)]
pub(crate) struct Theme {
    name: String,
    dark: bool,
    styles: Vec<Style>,
    glyphs: BTreeMap<String, String>,
    /// What its files say that nobody understands; shown as events.
    pub(crate) warnings: Vec<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct File {
    name: String,
    inherits: Option<String>,
    dark: Option<bool>,
    palette: BTreeMap<String, String>,
    roles: BTreeMap<String, Spec>,
    glyphs: BTreeMap<String, String>,
    #[serde(flatten)]
    unknown: BTreeMap<String, toml::Value>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "five modifiers that may stand together"
)]
struct Spec {
    fg: Option<String>,
    bg: Option<String>,
    bold: bool,
    dim: bool,
    italic: bool,
    underline: bool,
    reverse: bool,
    #[serde(flatten)]
    unknown: BTreeMap<String, toml::Value>,
}

/// Names of the built-in themes.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    BUILT_IN.iter().map(|(name, _)| *name)
}

impl Theme {
    /// The theme of that name: the user's, or the built-in one.
    pub(crate) fn load(name: &str) -> Result<Self, ThemeError> {
        Self::load_from(name, &source)
    }

    /// From wherever `source` finds the text of a name.
    fn load_from(
        name: &str,
        source: &dyn Fn(&str) -> Result<String, ThemeError>,
    ) -> Result<Self, ThemeError> {
        let mut chain = Vec::new();
        let mut warnings = Vec::new();
        let mut next = Some(name.to_owned());
        while let Some(name) = next.take() {
            if chain.len() == CHAIN_MAX {
                return Err(ThemeError::Circle { name });
            }
            let text = source(&name)?;
            let file: File = toml::from_str(&text).map_err(|error| ThemeError::Unreadable {
                why: error.message().to_owned(),
                name: name.clone(),
            })?;
            let surplus = file.unknown.keys().cloned();
            let deeper = file.roles.iter().flat_map(|(role, spec)| {
                spec.unknown
                    .keys()
                    .map(move |key| format!("roles.{role}.{key}"))
            });
            warnings.extend(
                surplus
                    .chain(deeper)
                    .map(|key| format!("theme {name}: unknown key {key}")),
            );
            next.clone_from(&file.inherits);
            chain.push(file);
        }
        let mut palette = BTreeMap::new();
        let mut roles = BTreeMap::new();
        let mut glyphs = BTreeMap::new();
        let mut dark = true;
        for file in chain.iter().rev() {
            palette.extend(file.palette.clone());
            roles.extend(file.roles.clone());
            glyphs.extend(file.glyphs.clone());
            dark = file.dark.unwrap_or(dark);
        }
        for key in roles.keys().filter(|key| Role::parse(key).is_none()) {
            warnings.push(format!("theme {name}: unknown role {key}"));
        }
        for (key, glyph) in &glyphs {
            if !STATES.iter().any(|(state, _)| state == key) || glyph.width() != 1 {
                warnings.push(format!(
                    "theme {name}: glyph {key} is unknown or not one cell wide"
                ));
            }
        }
        glyphs.retain(|_, glyph| glyph.width() == 1);
        let mut resolve = |written: Option<&String>| {
            let written = written?;
            let named = palette.get(written).unwrap_or(written);
            let colour = colour::parse(named);
            if colour.is_none() {
                warnings.push(format!("theme {name}: {:?} is no colour", excerpt(named)));
            }
            colour
        };
        let styles = Role::ALL
            .iter()
            .map(|role| {
                roles
                    .get(role.name())
                    .map_or_else(Style::new, |spec| style(spec, &mut resolve))
            })
            .collect();
        let name = chain.first().map_or(name, |file| &file.name).to_owned();
        Ok(Self {
            name,
            dark,
            styles,
            glyphs,
            warnings,
        })
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is made for a dark background.
    pub(crate) const fn is_dark(&self) -> bool {
        self.dark
    }

    pub(super) fn style(&self, role: Role) -> Style {
        self.styles[role as usize]
    }

    pub(super) fn glyph(&self, state: &str) -> Option<&str> {
        self.glyphs.get(state).map(String::as_str)
    }

    /// As a terminal of `depth` shows it. A colour that is the terminal's own is left out of the style, so that no empty
    /// colour sequence is written that would take reverse and bold with it.
    pub(super) fn reduce(&mut self, depth: Depth) {
        let less = |colour: Option<Color>| {
            colour
                .map(|colour| colour::reduce(colour, depth))
                .filter(|colour| *colour != Color::Reset)
        };
        for style in &mut self.styles {
            style.fg = less(style.fg);
            style.bg = less(style.bg);
        }
    }
}

fn style(spec: &Spec, resolve: &mut impl FnMut(Option<&String>) -> Option<Color>) -> Style {
    let mut style = Style::new();
    style.fg = resolve(spec.fg.as_ref());
    style.bg = resolve(spec.bg.as_ref());
    for (on, modifier) in [
        (spec.bold, Modifier::BOLD),
        (spec.dim, Modifier::DIM),
        (spec.italic, Modifier::ITALIC),
        (spec.underline, Modifier::UNDERLINED),
        (spec.reverse, Modifier::REVERSED),
    ] {
        if on {
            style = style.add_modifier(modifier);
        }
    }
    style
}

/// Where a user keeps own themes: `$XDG_CONFIG_HOME/mesh/themes`, or under `~/.config`.
fn folder() -> Option<PathBuf> {
    let config = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".config"));
    config
        .filter(|path| path.is_absolute())
        .or_else(home)
        .map(|base| base.join("mesh").join("themes"))
}

fn source(name: &str) -> Result<String, ThemeError> {
    let plain = !name.is_empty()
        && name.len() <= 64
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    let own = folder()
        .filter(|_| plain)
        .map(|folder| folder.join(format!("{name}.toml")));
    if let Some(path) = own.filter(|path| path.is_file()) {
        let unreadable = |why: String| ThemeError::Unreadable {
            name: name.to_owned(),
            why: format!("{}: {why}", path.display()),
        };
        let size = std::fs::metadata(&path)
            .map_err(|error| unreadable(error.to_string()))?
            .len();
        if size > FILE_MAX {
            return Err(unreadable(format!(
                "{size} bytes; a theme has at most {FILE_MAX}"
            )));
        }
        return std::fs::read_to_string(&path).map_err(|error| unreadable(error.to_string()));
    }
    let built_in = BUILT_IN.iter().find(|(built_in, _)| *built_in == name);
    built_in.map(|(_, text)| (*text).to_owned()).ok_or_else(|| {
        let all: Vec<_> = names().collect();
        ThemeError::Unknown {
            hint: nearest(name, all.iter().copied().chain(["dark", "light", "auto"]))
                .map_or_else(String::new, |near| format!("did you mean {near}? ")),
            name: excerpt(name),
            all: format!("dark, light, {}", all.join(", ")),
            folder: folder().map_or_else(
                || "~/.config/mesh/themes".into(),
                |f| f.display().to_string(),
            ),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theme::{Glyphs, Look};

    /// Roles that are read as text.
    const READ: &[Role] = &[
        Role::Dim,
        Role::Accent,
        Role::Ok,
        Role::Elevated,
        Role::Degraded,
        Role::Slow,
        Role::Conflict,
        Role::Open,
        Role::HalfOpen,
        Role::Stale,
        Role::Frozen,
        Role::Offline,
        Role::Lab,
        Role::You,
        Role::Mesh,
        Role::Proposal,
        Role::EventTime,
        Role::Heat0,
        Role::Heat1,
        Role::Heat2,
        Role::Heat3,
        Role::Heat4,
    ];

    #[test]
    fn every_built_in_theme_loads_without_a_warning() {
        for name in names() {
            let theme = Theme::load(name).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(theme.name(), name);
            assert_eq!(theme.warnings, Vec::<String>::new(), "{name}");
        }
    }

    #[test]
    fn text_stands_out_from_its_background_by_four_and_a_half() {
        for name in [
            "default-dark",
            "default-light",
            "high-contrast",
            "colour-blind",
        ] {
            let theme = Theme::load(name).expect("built in");
            // The terminal's own background is not known; these are the brightest dark and the darkest light ones in use.
            let behind = if theme.is_dark() {
                Color::Rgb(40, 44, 52)
            } else {
                Color::Rgb(250, 250, 250)
            };
            for &role in READ {
                let style = theme.style(role);
                let fg = style.fg.expect("a colour");
                let contrast = colour::contrast(fg, style.bg.unwrap_or(behind));
                assert!(contrast >= 4.5, "{name} {}: {contrast:.2}", role.name());
            }
            let banner = theme.style(Role::Banner);
            let contrast = colour::contrast(banner.fg.expect("fg"), banner.bg.expect("bg"));
            assert!(contrast >= 4.5, "{name} banner: {contrast:.2}");
        }
    }

    #[test]
    fn states_differ_by_glyph_in_every_theme() {
        for name in names() {
            for ascii in [false, true] {
                let theme = Theme::load(name).expect("built in");
                let glyphs = Glyphs::new(ascii, &theme);
                let mut signs: Vec<_> = STATES
                    .iter()
                    .map(|(state, _)| glyphs.state(state))
                    .collect();
                signs.sort_unstable();
                signs.dedup();
                assert_eq!(signs.len(), STATES.len(), "{name} {signs:?}");
            }
        }
    }

    #[test]
    fn mono_sets_no_colour_at_all() {
        let look = Look::new("default-dark", Depth::Mono, false).expect("built in");
        for &role in Role::ALL {
            let style = look.style(role);
            assert_eq!((style.fg, style.bg), (None, None), "{}", role.name());
        }
    }

    #[test]
    fn what_a_file_gets_wrong_is_said_and_the_rest_holds() {
        let source = |name: &str| {
            match name {
            "own" => Ok("name = \"own\"\ninherits = \"default-dark\"\nblink = 1\n[roles]\ntxt = {}\nok = { fg = \"grue\", glow = true }\n[glyphs]\nactive = \"ab\"".to_owned()),
            "round" => Ok("inherits = \"round\"".to_owned()),
            other => source(other),
        }
        };
        let theme = Theme::load_from("own", &source).expect("loads");
        for part in ["blink", "txt", "grue", "glow", "active"] {
            assert!(
                theme.warnings.iter().any(|warning| warning.contains(part)),
                "{part}: {:?}",
                theme.warnings
            );
        }
        assert!(theme.style(Role::Slow).fg.is_some(), "inherited");
        let circle = Theme::load_from("round", &source).expect_err("a circle");
        assert!(circle.to_string().contains("inherits from itself"));
    }
}
