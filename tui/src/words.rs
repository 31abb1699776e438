//! The conversation: a sentence to operations, through `nl`.

use crate::model::Consult;
use crate::state::State;
use mesh_core::operation::Operation;
use mesh_core::operation::table;
use mesh_core::text::Foreign;
use nl::Kind;
use nl::model::is_doubted;

/// What a sentence came to.
#[derive(Debug)]
pub(crate) enum Reading {
    /// These, in order.
    Operations(Vec<Operation>),
    /// A question back, which the next sentence may answer.
    Ask(String),
    /// It is not understood; the draft stays.
    No(String),
    /// A model is to be asked about it.
    Consult(Box<Consult>),
}

/// Reads a sentence. What is selected is what "it" means until something was said.
pub(crate) fn read(state: &mut State, text: &str) -> Reading {
    if let Ok(operation) = Operation::from_line(text) {
        return Reading::Operations(vec![operation]);
    }
    if state.dialogue_at != Some(state.at.spot.scope()) {
        state.dialogue.point_at(state.at.spot.scope());
        state.dialogue_at = Some(state.at.spot.scope());
    }
    let reading = nl::turn(text, &mut state.dialogue);
    if state.model && is_doubted(text, &reading) {
        return Reading::Consult(Box::new(Consult {
            line: text.to_owned(),
            own: reading,
            context: state.dialogue.clone(),
        }));
    }
    of(reading)
}

/// What a reading comes to where nobody else is asked.
pub(crate) fn of(reading: nl::Reading) -> Reading {
    match reading.kind {
        Kind::Operation => Reading::Operations(reading.operations),
        Kind::Clarify { question } => Reading::Ask(question),
        Kind::Reject { reason } => Reading::No(format!("{reason}; :help lists what can be said")),
    }
}

/// What a word of the mesh means.
pub(crate) fn meaning(topic: &str) -> String {
    nl::explain(topic).unwrap_or_else(|| {
        let near = mesh_core::text::nearest(topic, table::rows().map(|row| row.name));
        let near = near.map_or_else(String::new, |name| format!("; perhaps {name} is meant"));
        format!(
            "{} is no word of the mesh{near}; :help lists what can be said",
            Foreign::from(topic)
        )
    })
}
