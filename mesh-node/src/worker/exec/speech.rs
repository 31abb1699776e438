//! What the host and a process that lives on say to each other: one JSON object a line.
//!
//! To the process:
//!
//! ```json
//! {"task":{"id":"T1","name":"sum","input":"1 2","requires":null,"within_ms":60000}}
//! {"stop":"T1"}
//! {"prepare":{"id":"M1","verb":"act","payload":"open","within_ms":5000}}
//! {"act":"M1"}
//! ```
//!
//! From it, in any order and for any number of tasks at once:
//!
//! ```json
//! {"id":"T1","done":"3"}
//! {"id":"T1","failed":"no numbers"}
//! {"id":"T1","waits":"gpu_memory","detail":"4 GiB"}
//! {"id":"T1","goes_on":true}
//! {"id":"M1","ready":true}
//! {"id":"M1","ready":true,"answer":2}
//! {"id":"M1","conflict":"DATA_CONTRADICTION"}
//! ```
//!
//! A `done` that is no text is kept as JSON. `prepare` is answered with `ready` or `conflict`, `act` with `done` or `failed`.

use mesh_core::message::ConflictKind;
use mesh_core::operation::resource::Resource;
use serde::{Deserialize, Serialize};

/// To the process.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Told<'a> {
    Task {
        id: &'a str,
        name: &'a str,
        input: &'a str,
        requires: Option<&'a str>,
        within_ms: u64,
    },
    Stop(&'a str),
    Prepare {
        id: &'a str,
        verb: &'a str,
        payload: &'a str,
        within_ms: u64,
    },
    Act(&'a str),
}

impl Told<'_> {
    /// As a line.
    pub(super) fn line(&self) -> Vec<u8> {
        let mut line = serde_json::to_vec(self).expect("words have a form in JSON");
        line.push(b'\n');
        line
    }
}

/// From the process, as it stands in the line.
#[derive(Debug, Deserialize)]
struct Raw {
    id: String,
    done: Option<serde_json::Value>,
    failed: Option<String>,
    waits: Option<Resource>,
    #[serde(default)]
    detail: String,
    goes_on: Option<bool>,
    ready: Option<bool>,
    answer: Option<u64>,
    conflict: Option<ConflictKind>,
}

/// What it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    Done(String),
    Failed(String),
    Waits(Resource, String),
    GoesOn,
    Ready(Option<u64>),
    Conflict(ConflictKind),
}

impl Said {
    /// Whether whoever asked need wait no longer.
    pub(super) const fn is_end(&self) -> bool {
        !matches!(self, Self::Waits(..) | Self::GoesOn)
    }
}

/// What a line says, of which piece of work; `None` when it says nothing that is known.
pub(super) fn read(line: &[u8]) -> Option<(String, Said)> {
    let raw: Raw = serde_json::from_slice(line).ok()?;
    let said = if let Some(done) = raw.done {
        Said::Done(match done {
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        })
    } else if let Some(why) = raw.failed {
        Said::Failed(why)
    } else if let Some(kind) = raw.conflict {
        Said::Conflict(kind)
    } else if let Some(resource) = raw.waits {
        Said::Waits(resource, raw.detail)
    } else if raw.ready == Some(true) {
        Said::Ready(raw.answer)
    } else if raw.goes_on == Some(true) {
        Said::GoesOn
    } else {
        return None;
    };
    Some((raw.id, said))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_and_garbage_is_told_apart() {
        let said = |line: &str| read(line.as_bytes());
        let id = || "T1".to_owned();
        assert_eq!(
            said(r#"{"id":"T1","done":"3"}"#),
            Some((id(), Said::Done("3".into())))
        );
        assert_eq!(
            said(r#"{"id":"T1","done":{"sum":3}}"#),
            Some((id(), Said::Done(r#"{"sum":3}"#.into())))
        );
        assert_eq!(
            said(r#"{"id":"T1","waits":"gpu_memory","detail":"4 GiB"}"#),
            Some((id(), Said::Waits(Resource::GpuMemory, "4 GiB".into())))
        );
        assert_eq!(
            said(r#"{"id":"M","ready":true,"answer":2}"#),
            Some(("M".into(), Said::Ready(Some(2))))
        );
        for garbage in [
            "",
            "hello",
            "{}",
            r#"{"id":"T1"}"#,
            r#"{"id":7,"done":"x"}"#,
            "[1",
        ] {
            assert_eq!(said(garbage), None, "{garbage}");
        }
    }

    #[test]
    fn what_is_told_is_one_line_whatever_is_in_it() {
        let told = Told::Task {
            id: "T1",
            name: "a\nb\u{1b}[2J",
            input: "\0",
            requires: None,
            within_ms: 5,
        };
        let line = told.line();
        let end = line.iter().position(|byte| *byte == b'\n');
        assert_eq!(end, Some(line.len() - 1));
        assert!(line.iter().all(|byte| *byte >= b' ' || *byte == b'\n'));
    }
}
