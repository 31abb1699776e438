//! What was understood of an utterance, in the form of the conversation contract.

use mesh_core::operation::Operation;
use serde_json::{Value, json};

/// What an utterance came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The kind of result.
    pub kind: Kind,
    /// The operations, in the order in which they were said; none unless `kind` is [`Kind::Operation`].
    pub operations: Vec<Operation>,
    /// Whether something of it has to wait for a yes: by the operations' own rows, never by how it was said.
    pub confirm: bool,
    /// How sure it is, 0 to 1: of the utterances given 0.9 about nine in ten are right.
    pub confidence: f64,
}

/// The kinds of results.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// It would act or look.
    Operation,
    /// One short question back.
    Clarify {
        /// The question.
        question: String,
    },
    /// Not about the mesh, or not understood: never a guess.
    Reject {
        /// Why, in a few words.
        reason: String,
    },
}

impl Reading {
    /// Operations that were understood.
    pub(crate) fn operations(operations: Vec<Operation>, confidence: f32) -> Self {
        let confirm = operations
            .iter()
            .any(|operation| operation.confirm_needed().is_needed());
        Self {
            kind: Kind::Operation,
            operations,
            confirm,
            confidence: round(confidence),
        }
    }

    /// A question back.
    pub(crate) fn clarify(question: impl Into<String>, confidence: f32) -> Self {
        Self {
            kind: Kind::Clarify {
                question: question.into(),
            },
            operations: Vec::new(),
            confirm: false,
            confidence: round(confidence),
        }
    }

    /// Nothing that can be done.
    pub(crate) fn reject(reason: impl Into<String>, confidence: f32) -> Self {
        Self {
            kind: Kind::Reject {
                reason: reason.into(),
            },
            operations: Vec::new(),
            confirm: false,
            confidence: round(confidence),
        }
    }

    /// The contract's JSON object.
    pub fn to_json(&self) -> Value {
        let operations: Vec<Value> = self.operations.iter().map(Operation::to_json).collect();
        match &self.kind {
            Kind::Operation => {
                json!({"kind": "operation", "operations": operations, "confirm": self.confirm, "confidence": self.confidence})
            }
            Kind::Clarify { question } => {
                json!({"kind": "clarify", "question": question, "operations": [], "confirm": false, "confidence": self.confidence})
            }
            Kind::Reject { reason } => {
                json!({"kind": "reject", "reason": reason, "operations": [], "confirm": false, "confidence": self.confidence})
            }
        }
    }
}

fn round(confidence: f32) -> f64 {
    (f64::from(confidence.clamp(0.0, 1.0)) * 100.0).round() / 100.0
}
