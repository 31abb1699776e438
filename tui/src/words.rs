//! The conversation: a sentence to operations.

use crate::state::State;
use mesh_core::operation::Operation;

/// What a sentence came to.
#[derive(Debug)]
pub(crate) enum Reading {
    /// These, in order.
    Operations(Vec<Operation>),
    /// It is not understood; the draft stays.
    No(String),
}

/// Reads a sentence.
pub(crate) fn read(_: &State, text: &str) -> Reading {
    match Operation::from_line(text) {
        Ok(operation) => Reading::Operations(vec![operation]),
        Err(error) => Reading::No(format!("{error}")),
    }
}

/// What a word of the mesh means.
pub(crate) fn meaning(topic: &str) -> String {
    format!(
        "{}: :help lists what can be said",
        mesh_core::text::Foreign::from(topic)
    )
}
