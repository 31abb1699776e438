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

/// Reads a sentence, or else a command; what was said before fixes what "it" and "no, 8" mean.
pub(crate) fn read(state: &mut State, text: &str) -> Reading {
    let reading = nl::turn(text, &mut state.said);
    // Proposals and their answers are the console's: what is read here waits nowhere else.
    state.said.drop_pending();
    let why = match reading.kind {
        nl::Kind::Operation => return Reading::Operations(reading.operations),
        nl::Kind::Clarify { question } => question,
        nl::Kind::Reject { reason } => reason,
    };
    match Operation::from_line(text) {
        Ok(operation) => Reading::Operations(vec![operation]),
        Err(_) => Reading::No(why),
    }
}

/// What a word of the mesh means.
pub(crate) fn meaning(topic: &str) -> String {
    nl::explain(topic).unwrap_or_else(|| {
        format!(
            "{}: :help lists what can be said",
            mesh_core::text::Foreign::from(topic)
        )
    })
}
