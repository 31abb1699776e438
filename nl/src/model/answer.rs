//! What of a model's answer is believed: one object of the contract's form, each operation checked against the table.

use super::ModelError;
use super::prompt::NEVER;
use mesh_core::operation::{Operation, Scopes};
use mesh_core::place::Shape;
use mesh_core::place::scope::Region;
use serde::Deserialize;
use serde_json::Value;

/// Operations of one answer at most.
const OPERATIONS_MAX: usize = 8;
/// Characters of a question at most.
const QUESTION_MAX: usize = 200;

/// What it says.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Said {
    Operations(Vec<Operation>),
    Clarify(String),
    Reject,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
enum Form {
    Operation {
        operations: Vec<Value>,
    },
    Clarify {
        question: String,
    },
    Reject {
        #[serde(default, rename = "reason")]
        _reason: Option<String>,
    },
}

/// Reads the text of an answer. Some models put it into a fence.
pub(super) fn read(content: &str, shape: Shape) -> Result<Said, ModelError> {
    let odd = |why: String| ModelError::Odd(mesh_core::text::Foreign::from(why).to_string());
    let text = unfenced(content.trim());
    let form: Form = serde_json::from_str(text).map_err(|error| odd(error.to_string()))?;
    match form {
        Form::Reject { .. } => Ok(Said::Reject),
        Form::Clarify { question } => {
            // Shown to a person: without what a terminal would obey, and short.
            let shown = mesh_core::text::Foreign::from(question).to_string();
            let short: String = shown.chars().take(QUESTION_MAX).collect();
            if short.trim().is_empty() {
                return Err(odd("it asks nothing".to_owned()));
            }
            Ok(Said::Clarify(short))
        }
        Form::Operation { operations } => {
            if operations.is_empty() || operations.len() > OPERATIONS_MAX {
                return Err(odd(format!("{} operations", operations.len())));
            }
            let operations = operations.iter().map(|value| {
                let operation =
                    Operation::from_json(value).map_err(|error| odd(error.to_string()))?;
                if let Some(region) = outside(&operation, shape) {
                    return Err(odd(format!("there is no {region} in this mesh")));
                }
                if names_what_it_may_not(value) {
                    return Err(odd(format!("{} is not its to say", operation.name())));
                }
                Ok(operation)
            });
            operations.collect::<Result<_, _>>().map(Said::Operations)
        }
    }
}

/// A place that the mesh does not have.
fn outside(operation: &Operation, shape: Shape) -> Option<Region> {
    let scopes = operation.scope().into_iter().chain(operation.except());
    let mut regions = scopes.flat_map(Scopes::regions);
    regions.find(|region| match *region {
        Region::Sector(sector) => !shape.has_sector(sector),
        Region::Cluster(cluster) => !shape.has_cluster(cluster),
        Region::Agent(agent) => !shape.has_agent(agent),
        Region::All | Region::Class(_) => false,
    })
}

/// Also within another operation, as in `schedule`.
fn names_what_it_may_not(value: &Value) -> bool {
    match value {
        Value::Object(fields) => {
            let op = fields.get("op").and_then(Value::as_str);
            op.is_some_and(|op| NEVER.contains(&op)) || fields.values().any(names_what_it_may_not)
        }
        Value::Array(values) => values.iter().any(names_what_it_may_not),
        _ => false,
    }
}

fn unfenced(text: &str) -> &str {
    let inner = text
        .strip_prefix("```")
        .and_then(|rest| rest.strip_suffix("```"));
    inner.map_or(text, |inner| inner.trim_start_matches("json").trim())
}
