//! A scope as operations carry it: one canonical string or several (CONTRACT, Scopes).

use crate::place::{AgentId, Class, ClusterId, SectorId};
use core::fmt;
use serde::{Deserialize, Serialize};

/// Scopes in one argument at most: every sector of the largest mesh by name.
pub const SCOPES_MAX: usize = 1_000;
/// Bytes of one scope at most: thirteen terms of at most eighty bytes.
pub const SCOPE_LEN_MAX: usize = 1_040;

/// One or more canonical scopes; one is written as a string, several as an array.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Scopes(Vec<String>);

/// A scope that is not in canonical form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "cannot read {text:?} as a scope; write all, auto, sector:7, cluster:7-4, agent:7-4-12, class:gpu or where:class=gpu state=offline{hint}"
)]
pub struct ScopeError {
    text: String,
    hint: &'static str,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    One(String),
    Several(Vec<String>),
}

impl TryFrom<Written> for Scopes {
    type Error = ScopeError;
    fn try_from(written: Written) -> Result<Self, ScopeError> {
        match written {
            Written::One(text) => Self::new([text]),
            Written::Several(texts) if texts.len() == 1 => Err(ScopeError {
                text: excerpt(&texts[0]),
                hint: "; one scope is a string, not an array",
            }),
            Written::Several(texts) => Self::new(texts),
        }
    }
}

impl From<Scopes> for Written {
    fn from(mut scopes: Scopes) -> Self {
        if scopes.0.len() == 1 {
            Self::One(scopes.0.remove(0))
        } else {
            Self::Several(scopes.0)
        }
    }
}

impl Scopes {
    /// Checked; at least one, at most [`SCOPES_MAX`].
    pub fn new<S: Into<String>>(texts: impl IntoIterator<Item = S>) -> Result<Self, ScopeError> {
        let texts: Vec<String> = texts
            .into_iter()
            .take(SCOPES_MAX + 1)
            .map(Into::into)
            .collect();
        if texts.is_empty() || texts.len() > SCOPES_MAX {
            return Err(ScopeError {
                text: format!("{} scopes", texts.len()),
                hint: "; 1 to 1000 of them",
            });
        }
        match texts.iter().find(|text| !canonical(text)) {
            None => Ok(Self(texts)),
            Some(bad) => Err(ScopeError {
                text: excerpt(bad),
                hint: "",
            }),
        }
    }

    /// The whole mesh.
    pub fn all() -> Self {
        Self(vec!["all".into()])
    }

    /// Whatever needs it, as the mesh finds.
    pub fn auto() -> Self {
        Self(vec!["auto".into()])
    }

    /// One agent.
    pub fn agent(id: AgentId) -> Self {
        Self(vec![format!("agent:{id}")])
    }

    /// These agents; nobody gives `None`, since an empty scope is none.
    pub fn agents(ids: impl IntoIterator<Item = AgentId>) -> Option<Self> {
        let texts: Vec<_> = ids
            .into_iter()
            .take(SCOPES_MAX)
            .map(|id| format!("agent:{id}"))
            .collect();
        (!texts.is_empty()).then_some(Self(texts))
    }

    /// One cluster.
    pub fn cluster(id: ClusterId) -> Self {
        Self(vec![format!("cluster:{id}")])
    }

    /// One sector.
    pub fn sector(id: SectorId) -> Self {
        Self(vec![format!("sector:{id}")])
    }

    /// One class.
    pub fn class(class: Class) -> Self {
        Self(vec![format!("class:{class}")])
    }

    /// The scopes as text.
    pub fn texts(&self) -> &[String] {
        &self.0
    }

    /// Whether the whole mesh is among them.
    pub fn is_all(&self) -> bool {
        self.0.iter().any(|text| text == "all")
    }

    /// Whether the mesh is to choose.
    pub fn is_auto(&self) -> bool {
        self.0.iter().any(|text| text == "auto")
    }

    /// Anything but single agents and single clusters (CONTRACT, Operations).
    pub fn is_wide(&self) -> bool {
        !self
            .0
            .iter()
            .all(|text| text.starts_with("agent:") || text.starts_with("cluster:"))
    }

    /// The agent, when it is exactly one.
    pub fn single_agent(&self) -> Option<AgentId> {
        match self.0.as_slice() {
            [one] => one.strip_prefix("agent:")?.parse().ok(),
            _ => None,
        }
    }
}

impl fmt::Display for Scopes {
    /// Several are joined by commas, as the command line takes them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(","))
    }
}

fn excerpt(text: &str) -> String {
    text.chars().take(60).collect()
}

fn canonical(text: &str) -> bool {
    fn is<T: core::str::FromStr + fmt::Display>(text: &str) -> bool {
        text.parse::<T>()
            .is_ok_and(|place| place.to_string() == text)
    }
    if text.len() > SCOPE_LEN_MAX {
        return false;
    }
    match text.split_once(':') {
        None => text == "all" || text == "auto",
        Some(("sector", id)) => is::<SectorId>(id),
        Some(("cluster", id)) => is::<ClusterId>(id),
        Some(("agent", id)) => is::<AgentId>(id),
        Some(("class", word)) => Class::ALL.iter().any(|class| class.word() == word),
        Some(("where", terms)) => {
            let ranks: Option<Vec<usize>> = terms.split(' ').map(term_rank).collect();
            ranks.is_some_and(|ranks| ranks.is_sorted())
        }
        Some(_) => false,
    }
}

/// Whether `text` is one filter term.
pub fn is_term(text: &str) -> bool {
    term_rank(text).is_some()
}

/// The place of a term in the canonical order; `None` when it is no term.
fn term_rank(term: &str) -> Option<usize> {
    const KEYS: [&str; 12] = [
        "sector",
        "cluster",
        "class",
        "state",
        "impedance",
        "queue",
        "reliability",
        "drift",
        "capability",
        "context",
        "beat",
        "task",
    ];
    const STATES: [&str; 6] = [
        "active",
        "degraded",
        "offline",
        "quarantined",
        "avoided",
        "frozen",
    ];
    let term = term.strip_prefix('!').unwrap_or(term);
    let at = term.find(['=', '<', '>'])?;
    let (key, rest) = term.split_at(at);
    let rank = KEYS.iter().position(|&known| known == key)?;
    let value = ["<=", ">=", "=", "<", ">"]
        .iter()
        .find_map(|sign| rest.strip_prefix(sign))?;
    let equals = rest.strip_prefix('=');
    let right = match key {
        "sector" => {
            equals.is_some_and(|v| v.parse::<SectorId>().is_ok_and(|id| id.to_string() == v))
        }
        "cluster" => {
            equals.is_some_and(|v| v.parse::<ClusterId>().is_ok_and(|id| id.to_string() == v))
        }
        "class" => equals.is_some_and(|v| Class::ALL.iter().any(|class| class.word() == v)),
        "state" => equals.is_some_and(|v| {
            let ranks: Option<Vec<_>> = v
                .split('|')
                .map(|word| STATES.iter().position(|&state| state == word))
                .collect();
            ranks.is_some_and(|ranks| ranks.is_sorted_by(|a, b| a < b))
        }),
        "capability" | "task" => equals.is_some_and(super::value::is_capability),
        "context" => equals.is_some_and(|v| {
            !v.is_empty()
                && v.len() <= 64
                && v.bytes()
                    .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        }),
        _ => {
            value.len() <= 20
                && value.starts_with(|c: char| c.is_ascii_digit())
                && value.ends_with(|c: char| c.is_ascii_digit())
                && value.bytes().all(|b| b.is_ascii_digit() || b == b'.')
                && value.parse::<f64>().is_ok()
        }
    };
    right.then_some(rank)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_canonical_scopes_are_taken() {
        for right in [
            "all",
            "auto",
            "sector:7",
            "cluster:7-4",
            "agent:7-4-12",
            "class:gpu",
            "where:class=gpu state=offline",
            "where:sector=7 state=degraded|offline impedance>500",
            "where:!class=edge queue>=10 reliability<0.9",
        ] {
            assert!(Scopes::new([right]).is_ok(), "{right}");
        }
        for wrong in [
            "",
            "sector:07",
            "sector:SECTOR7",
            "agent:7-4",
            "class:GPU",
            "where:",
            "where:state=offline class=gpu",
            "where:state=offline|degraded",
            "where:impedance~5",
            "where:queue>",
            "sektor:7",
            "where:class=gpu  queue>1",
        ] {
            assert!(Scopes::new([wrong]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn one_scope_is_a_string_and_never_an_array_of_one() {
        let one: Scopes = serde_json::from_str("\"sector:7\"").expect("a scope");
        assert_eq!(serde_json::to_string(&one).expect("writes"), "\"sector:7\"");
        assert!(serde_json::from_str::<Scopes>("[\"sector:7\"]").is_err());
        assert!(serde_json::from_str::<Scopes>("[]").is_err());
        assert!(serde_json::from_str::<Scopes>("[\"sector:7\",\"sector:8\"]").is_ok());
    }

    #[test]
    fn wide_is_anything_but_single_agents_and_clusters() {
        for (texts, wide) in [
            (vec!["agent:7-4-12", "cluster:7-4"], false),
            (vec!["sector:7"], true),
            (vec!["class:gpu"], true),
            (vec!["where:cluster=7-4"], true),
            (vec!["auto"], true),
            (vec!["all"], true),
        ] {
            assert_eq!(
                Scopes::new(texts.clone()).expect("canonical").is_wide(),
                wide,
                "{texts:?}"
            );
        }
    }
}
