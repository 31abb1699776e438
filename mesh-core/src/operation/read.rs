//! JSON to operation: checked against the table, row by row, with errors that say what would be right.

use super::scope::Scopes;
use super::table::{self, Arg, DEPTH_MAX, Kind, Row, STEPS_MAX, TEXT_MAX};
use super::value::{At, Condition, SPAN_MAX, is_capability, is_id};
use crate::text::{self, nearest};
use serde_json::Value;

/// Bytes of an operation's JSON at most: a broadcast of [`TEXT_MAX`] to a thousand named agents, doubled for escapes.
pub const JSON_MAX: usize = 2 * (TEXT_MAX + Scopes::MAX * 20);

/// An operation that could not be read. Nothing was done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OperationError {
    /// Not an object.
    #[error("an operation is an object such as {{\"op\":\"status\"}}, not {value}")]
    NotAnObject {
        /// What was given.
        value: String,
    },
    /// Not even JSON.
    #[error("an operation is JSON such as {{\"op\":\"status\"}}: {what}")]
    NotJson {
        /// What the parser says.
        what: String,
    },
    /// Longer than anything that could be meant.
    #[error("an operation of {bytes} bytes; at most {JSON_MAX} are read")]
    TooLong {
        /// How long.
        bytes: usize,
    },
    /// No such operation.
    #[error("there is no operation {op:?}; {hint}")]
    UnknownOperation {
        /// What was asked for.
        op: String,
        /// What would be right.
        hint: String,
    },
    /// The operation has no such argument.
    #[error("{op} has no argument {field:?}; {hint}")]
    UnknownField {
        /// The operation.
        op: &'static str,
        /// What was given.
        field: String,
        /// What would be right.
        hint: String,
    },
    /// An argument that must be there is not.
    #[error("{op} needs {field}; write it like {example}")]
    Missing {
        /// The operation.
        op: &'static str,
        /// What is missing.
        field: String,
        /// A right one.
        example: &'static str,
    },
    /// Arguments of which only one may be given.
    #[error("{op} takes only one of {fields}")]
    Both {
        /// The operation.
        op: &'static str,
        /// Which.
        fields: String,
    },
    /// A value that is not of its argument's type or within its bounds.
    #[error("{op}.{field}: {value} is not {wanted}")]
    Value {
        /// The operation.
        op: &'static str,
        /// The argument.
        field: &'static str,
        /// What was given.
        value: String,
        /// What would be right.
        wanted: String,
    },
    /// An operation within an operation within …
    #[error("operations may hold one another at most {DEPTH_MAX} deep")]
    TooDeep,
    /// The table let through what the types do not take.
    #[error("the operation table and its types disagree: {what}")]
    Disagreement {
        /// What the types say.
        what: String,
    },
}

impl OperationError {
    pub(super) fn disagreement(error: impl core::fmt::Display) -> Self {
        Self::Disagreement {
            what: error.to_string(),
        }
    }
}

/// JSON from text, bounded.
pub(super) fn parse(text: &str) -> Result<Value, OperationError> {
    if text.len() > JSON_MAX {
        return Err(OperationError::TooLong { bytes: text.len() });
    }
    serde_json::from_str(text).map_err(|error| OperationError::NotJson {
        what: error.to_string(),
    })
}

/// Whether `value` is an operation of the table.
pub(super) fn check(value: &Value) -> Result<(), OperationError> {
    check_at(value, 0)
}

fn check_at(value: &Value, depth: usize) -> Result<(), OperationError> {
    if depth > DEPTH_MAX {
        return Err(OperationError::TooDeep);
    }
    let not_an_object = || OperationError::NotAnObject {
        value: excerpt(value),
    };
    let object = value.as_object().ok_or_else(not_an_object)?;
    let name = object
        .get("op")
        .and_then(Value::as_str)
        .ok_or_else(not_an_object)?;
    let row = table::row(name).ok_or_else(|| unknown_operation(name))?;
    for (field, value) in object.iter().filter(|(field, _)| *field != "op") {
        let arg = row.arg(field).ok_or_else(|| unknown_field(row, field))?;
        if let Some(wanted) = wrong(arg, value, depth)? {
            return Err(OperationError::Value {
                op: row.name,
                field: arg.name,
                value: excerpt(value),
                wanted,
            });
        }
    }
    let missing = |field: String| OperationError::Missing {
        op: row.name,
        field,
        example: row.examples.first().copied().unwrap_or(row.name),
    };
    if let Some(arg) = row
        .args
        .iter()
        .find(|arg| arg.needed && !object.contains_key(arg.name))
    {
        return Err(missing(arg.name.to_owned()));
    }
    for choice in row.choices {
        let given = choice
            .names
            .iter()
            .filter(|name| object.contains_key(**name))
            .count();
        if given > 1 {
            return Err(OperationError::Both {
                op: row.name,
                fields: choice.names.join(", "),
            });
        }
        if given == 0 && choice.needed {
            return Err(missing(choice.names.join(" or ")));
        }
    }
    Ok(())
}

/// What would be right, when `value` is not.
fn wrong(arg: &Arg, value: &Value, depth: usize) -> Result<Option<String>, OperationError> {
    let text = value.as_str();
    let unless = |right: bool, wanted: &str| if right { None } else { Some(wanted.to_owned()) };
    let span = |unit: &str| {
        let scale = if unit == "seconds" { 1e6 } else { 1e3 };
        let micros = value.as_f64().map(|number| libm::round(number * scale));
        let right = micros.is_some_and(|micros| micros >= 1.0 && micros <= SPAN_MAX.0 as f64);
        unless(
            right,
            &format!("a number of {unit}, more than 0 and at most 366 days"),
        )
    };
    Ok(match arg.kind {
        Kind::Scope | Kind::ScopeOrAuto => match serde_json::from_value::<Scopes>(value.clone()) {
            Ok(scopes) if scopes.is_auto() && arg.kind == Kind::Scope => {
                Some("a scope; only heal chooses for itself (auto)".into())
            }
            Ok(scopes) if scopes.is_auto() && scopes.as_slice().len() > 1 => {
                Some("auto alone".into())
            }
            Ok(_) => None,
            Err(error) => Some(format!("a scope ({error})")),
        },
        Kind::Word(words) => match text.filter(|text| words.contains(text)) {
            Some(_) => None,
            None => Some(
                match text.and_then(|text| nearest(text, words.iter().copied())) {
                    Some(near) => format!("one of {}; {near}?", words.join(", ")),
                    None => format!("one of {}", words.join(", ")),
                },
            ),
        },
        Kind::Text => unless(
            text.is_some_and(|text| !text.trim().is_empty() && text.len() <= TEXT_MAX),
            &format!("text of 1 to {TEXT_MAX} bytes"),
        ),
        Kind::Texts => {
            let right = value.as_array().is_some_and(|texts| {
                (1..=STEPS_MAX).contains(&texts.len())
                    && texts.iter().all(|text| {
                        text.as_str()
                            .is_some_and(|text| !text.trim().is_empty() && text.len() <= TEXT_MAX)
                    })
            });
            unless(right, &format!("an array of 1 to {STEPS_MAX} texts"))
        }
        Kind::Id => unless(
            text.is_some_and(is_id),
            "an id of letters, digits, - _ . and :, at most 128",
        ),
        Kind::Capability => unless(
            text.is_some_and(is_capability),
            "a capability such as llm_inference (lower case, joined by _)",
        ),
        Kind::Whole(low, high) => unless(
            value
                .as_u64()
                .is_some_and(|number| (u64::from(low)..=u64::from(high)).contains(&number)),
            &format!("a whole number from {low} to {high}"),
        ),
        Kind::Flag => unless(value.is_boolean(), "true or false"),
        Kind::Seconds => span("seconds"),
        Kind::Millis => span("milliseconds"),
        Kind::At => unless(
            text.is_some_and(|text| At::try_from(text.to_owned()).is_ok()),
            "a time such as 2031-03-01T06:00:00Z, or 06:00 for local time",
        ),
        Kind::Condition => unless(
            text.is_some_and(|text| Condition::try_from(text.to_owned()).is_ok()),
            "healthy, thawed, active, quiet or a filter term such as impedance<300",
        ),
        Kind::Positions => {
            let right = value.as_array().is_some_and(|positions| {
                (1..=STEPS_MAX).contains(&positions.len())
                    && positions.iter().all(|position| {
                        position
                            .as_u64()
                            .is_some_and(|n| (1..=STEPS_MAX as u64).contains(&n))
                    })
            });
            unless(
                right,
                &format!("an array of positions from 1 to {STEPS_MAX}"),
            )
        }
        Kind::Operation(holds) => {
            check_at(value, depth + 1)?;
            let name = value.get("op").and_then(Value::as_str).unwrap_or_default();
            unless(
                holds.takes(name),
                match holds {
                    table::Holds::AnyButAnswer => "an operation other than answer",
                    table::Holds::Throws => "a throw: broadcast, ask or cascade",
                },
            )
        }
    })
}

fn unknown_operation(name: &str) -> OperationError {
    let hint = match nearest(name, table::rows().map(|row| row.name)) {
        Some(near) => format!("did you mean {near}?"),
        None => "help lists them".into(),
    };
    OperationError::UnknownOperation {
        op: text::excerpt(name),
        hint,
    }
}

fn unknown_field(row: &'static Row, field: &str) -> OperationError {
    let known = || row.args.iter().map(|arg| arg.name);
    let hint = match nearest(field, known()) {
        Some(near) => format!("did you mean {near}?"),
        None if row.args.is_empty() => "it takes none".into(),
        None => format!("it takes {}", known().collect::<Vec<_>>().join(", ")),
    };
    OperationError::UnknownField {
        op: row.name,
        field: text::excerpt(field),
        hint,
    }
}

/// At most sixty characters of a value, so that an error stays one line.
fn excerpt(value: &Value) -> String {
    let text = crate::text::Foreign::new(value.to_string()).to_string();
    if text.chars().count() <= 60 {
        text
    } else {
        text.chars().take(59).chain(['…']).collect()
    }
}
