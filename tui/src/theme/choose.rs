//! Which theme and depth this terminal gets: what was asked for, then what the terminal says, then what is safe.

use super::colour::Depth;
use super::{Look, ThemeError};

/// What the terminal's background is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Background {
    /// Dark, or nobody knows.
    Dark,
    /// Light.
    Light,
}

/// What was asked for, by command line and environment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wish {
    /// A theme by name, or `auto`.
    pub(crate) theme: Option<String>,
    /// ASCII only.
    pub(crate) ascii: bool,
    /// `NO_COLOR`, whatever it holds, unless it is empty (no-color.org).
    pub(crate) no_color: bool,
    /// `COLORTERM`.
    pub(crate) colorterm: String,
    /// `TERM`.
    pub(crate) term: String,
    /// `LC_ALL`, `LC_CTYPE` or `LANG`, the first that is set.
    pub(crate) locale: String,
}

impl Wish {
    /// From the environment.
    pub(crate) fn from_env(theme: Option<String>, ascii: bool) -> Self {
        let var = |name: &str| std::env::var(name).unwrap_or_default();
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
            .into_iter()
            .map(var)
            .find(|value| !value.is_empty());
        Self {
            theme,
            ascii,
            no_color: !var("NO_COLOR").is_empty(),
            colorterm: var("COLORTERM"),
            term: var("TERM"),
            locale: locale.unwrap_or_default(),
        }
    }

    /// How many colours there are.
    pub(crate) fn depth(&self) -> Depth {
        if self.no_color {
            Depth::Mono
        } else if matches!(self.colorterm.as_str(), "truecolor" | "24bit")
            || self.term.contains("direct")
        {
            Depth::True
        } else if self.term.contains("256color") {
            Depth::Ansi256
        } else {
            Depth::Ansi16
        }
    }

    /// Whether only ASCII is safe: it was asked for, or the locale says that it knows no UTF-8. No locale at all says
    /// nothing.
    pub(crate) fn plain_letters(&self) -> bool {
        let locale = self.locale.to_ascii_lowercase();
        self.ascii || !locale.is_empty() && !locale.contains("utf-8") && !locale.contains("utf8")
    }
}

/// The look for a terminal with this background. A theme that was asked for and cannot be had is an error; nothing else is.
pub(crate) fn choose(wish: &Wish, background: Background) -> Result<Look, ThemeError> {
    let depth = wish.depth();
    let asked = wish.theme.as_deref().filter(|name| *name != "auto");
    let name = match (asked, depth, background) {
        (Some("dark"), ..) => "default-dark",
        (Some("light"), ..) => "default-light",
        (Some(name), ..) => name,
        (None, Depth::Mono, _) => "mono",
        (None, Depth::Ansi16, _) => "ansi16",
        (None, Depth::Ansi256 | Depth::True, Background::Dark) => "default-dark",
        (None, Depth::Ansi256 | Depth::True, Background::Light) => "default-light",
    };
    Look::new(name, depth, wish.plain_letters())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_terminal_chooses_unless_somebody_does() {
        let rich = Wish {
            colorterm: "truecolor".into(),
            term: "xterm-256color".into(),
            locale: "en_US.UTF-8".into(),
            ..Wish::default()
        };
        let name = |wish: &Wish, background| {
            choose(wish, background).map(|look| look.theme.name().to_owned())
        };
        assert_eq!(
            name(&rich, Background::Light).ok().as_deref(),
            Some("default-light")
        );
        assert_eq!(
            name(&rich, Background::Dark).ok().as_deref(),
            Some("default-dark")
        );
        let quiet = Wish {
            no_color: true,
            theme: Some("light".into()),
            ..rich.clone()
        };
        assert_eq!(name(&quiet, Background::Dark).ok().as_deref(), Some("mono"));
        let poor = Wish {
            term: "vt100".into(),
            locale: "C".into(),
            ..Wish::default()
        };
        assert!(poor.plain_letters());
        assert_eq!(
            name(&poor, Background::Dark).ok().as_deref(),
            Some("ansi16")
        );
        let wrong = Wish {
            theme: Some("drak".into()),
            ..rich
        };
        let error = choose(&wrong, Background::Dark)
            .expect_err("no such theme")
            .to_string();
        assert!(
            error.contains("drak") && error.contains("default-dark"),
            "{error}"
        );
    }
}
