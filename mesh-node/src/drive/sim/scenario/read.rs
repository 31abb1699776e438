//! From text to a scenario, and back.
//!
//! A fault is written flat: `at`, `every`, `until`, `kind`, then `scope`, `count`, `share` for whom, then what the kind
//! takes. Errors name the line and, where a name is misspelt, the one that was probably meant.

use super::span::Span;
use super::{Fault, FaultKind, Scenario, ScenarioError};
use mesh_core::text::nearest;
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::path::Path;
use toml::{Table, Value};

impl Scenario {
    /// Reads the file at `path`; its name is the scenario's where it gives none.
    pub fn load(path: &Path) -> Result<Self, ScenarioError> {
        let file = path.display().to_string();
        let unreadable = |why: String| ScenarioError::File {
            file: file.clone(),
            why,
        };
        let size = std::fs::metadata(path)
            .map_err(|error| unreadable(error.to_string()))?
            .len();
        if size > Self::TEXT_MAX as u64 {
            return Err(unreadable(too_long(size as usize)));
        }
        let text = std::fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
        let mut scenario = Self::parse(&text, &file)?;
        if scenario.name.is_empty() {
            scenario.name = path
                .file_stem()
                .map(|stem| stem.to_string_lossy().into_owned())
                .unwrap_or_default();
        }
        Ok(scenario)
    }

    /// Reads `text`, which errors call `name`.
    pub fn parse(text: &str, name: &str) -> Result<Self, ScenarioError> {
        if text.len() > Self::TEXT_MAX {
            return Err(ScenarioError::File {
                file: name.to_owned(),
                why: too_long(text.len()),
            });
        }
        let scenario: Self = toml::from_str(text).map_err(|error| explain(text, name, &error))?;
        scenario.check(name)?;
        Ok(scenario)
    }
}

fn too_long(size: usize) -> String {
    format!(
        "it has {size} bytes, a scenario has at most {}",
        Scenario::TEXT_MAX
    )
}

/// One line of what the parser says in several.
fn explain(text: &str, name: &str, error: &toml::de::Error) -> ScenarioError {
    let start = error.span().map_or(0, |span| span.start.min(text.len()));
    let above = text.get(..start).unwrap_or_default();
    let mut line = 1 + above.matches('\n').count();
    let message = error.message().trim().replace('\n', " ");
    let mut why = RUST_WORDS
        .iter()
        .fold(message.clone(), |why, (rust, plain)| {
            why.replace(rust, plain)
        });
    if let Some((unknown, known)) = unknown_name(&message) {
        let hint = nearest(unknown, known.iter().copied())
            .map(|near| format!("did you mean `{near}`? "))
            .unwrap_or_default();
        why = format!(
            "`{unknown}` is not known here; {hint}known: {}",
            known.join(", ")
        );
        line = line_of(text, line, unknown);
    }
    ScenarioError::Text {
        name: name.to_owned(),
        line,
        why,
    }
}

/// What serde calls by the names of types, for people who write TOML.
const RUST_WORDS: [(&str, &str); 5] = [
    ("`whom`", "`scope`, `count`, `share`"),
    ("expected f64", "expected a number"),
    ("expected u32", "expected a whole number, 0 to 4294967295"),
    ("expected u64", "expected a whole number from 0"),
    ("expected struct ", "expected the table of "),
];

/// The name that serde refused and those that it knows, from its message.
fn unknown_name(message: &str) -> Option<(&str, Vec<&str>)> {
    if !message.starts_with("unknown field") && !message.starts_with("unknown variant") {
        return None;
    }
    let mut quoted = message.split('`').skip(1).step_by(2);
    let unknown = quoted.next()?;
    let mut known = Vec::new();
    for name in quoted {
        if name == "whom" {
            known.extend(WHOM_KEYS);
        } else {
            known.push(name);
        }
    }
    Some((unknown, known))
}

/// The line at or after `from` on which `word` is named; `from` itself when none is.
fn line_of(text: &str, from: usize, word: &str) -> usize {
    let named = |line: &str| {
        let code = line.split('#').next().unwrap_or_default();
        code.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-')
            .any(|part| part == word)
    };
    let mut lines = text.lines().enumerate().skip(from - 1);
    lines
        .find(|(_, line)| named(line))
        .map_or(from, |(index, _)| index + 1)
}

/// How whom is written, flat in the fault's own table.
const WHOM_KEYS: [&str; 3] = ["scope", "count", "share"];

/// Kinds that strike nobody in particular; the last one has a scope of its own meaning.
const WITHOUT_WHOM: [&str; 4] = ["partition", "reconnect", "seat_store", "operate"];

impl<'de> Deserialize<'de> for Fault {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut table = Table::deserialize(from)?;
        let mut time = |key: &str| -> Result<Option<_>, D::Error> {
            let value = table.remove(key).map(Value::try_into::<Span>);
            let span = value.transpose();
            span.map(|span| span.map(|span| span.0))
                .map_err(|error| D::Error::custom(format!("`{key}`: {}", error.message())))
        };
        let (at, every, until) = (time("at")?, time("every")?, time("until")?);
        let kind = match table.get("kind") {
            Some(Value::String(kind)) => kind.clone(),
            Some(_) | None => {
                return Err(D::Error::custom(format!(
                    "a fault needs a `kind`, one of {}",
                    FaultKind::NAMES.join(", ")
                )));
            }
        };
        if !WITHOUT_WHOM.contains(&kind.as_str()) {
            let keys = WHOM_KEYS.into_iter();
            let whom: Table = keys.filter_map(|key| table.remove_entry(key)).collect();
            if table.contains_key("whom") {
                return Err(D::Error::custom(
                    "`whom` is written flat: scope, count and share in the fault itself",
                ));
            }
            table.insert("whom".to_owned(), Value::Table(whom));
        }
        let kind = Value::Table(table)
            .try_into()
            .map_err(|error| D::Error::custom(error.message()))?;
        Ok(Self {
            at: at.ok_or_else(|| D::Error::custom("a fault needs `at`, seconds from the start"))?,
            every,
            until,
            kind,
        })
    }
}

impl Serialize for Fault {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut table = Table::new();
        let mut put = |key: &str, span| -> Result<(), S::Error> {
            if let Some(span) = span {
                let value = Value::try_from(Span(span)).map_err(S::Error::custom)?;
                table.insert(key.to_owned(), value);
            }
            Ok(())
        };
        put("at", Some(self.at))?;
        put("every", self.every)?;
        put("until", self.until)?;
        let kind = Table::try_from(&self.kind).map_err(S::Error::custom)?;
        for (key, value) in kind {
            match (key.as_str(), value) {
                ("whom", Value::Table(whom)) => table.extend(whom),
                (_, value) => {
                    table.insert(key, value);
                }
            }
        }
        table.serialize(to)
    }
}
