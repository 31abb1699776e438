//! What comes of a clause that is no operation: a question back, or nothing.

use crate::context::Asked;
use crate::draft::Draft;
use crate::select::Trouble;

/// Why a clause is no operation.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Miss {
    /// Something needed is missing, or two readings are close.
    Ask {
        /// What was understood so far.
        asked: Option<Box<Asked>>,
        /// The question back.
        question: String,
        /// How sure it is that a question is right.
        confidence: f32,
    },
    /// Not about the mesh, negated, or not understood.
    Reject {
        /// Why, in a few words.
        reason: &'static str,
        /// How sure that is.
        confidence: f32,
    },
}

/// A reading of a clause.
pub(crate) type Read = Result<Draft, Miss>;

impl Miss {
    /// A question back without an operation that its answer would complete.
    pub(crate) fn ask(question: impl Into<String>, confidence: f32) -> Self {
        Self::Ask {
            asked: None,
            question: question.into(),
            confidence,
        }
    }

    /// A question for `slot` of `draft`.
    pub(crate) fn slot(draft: Draft, slot: &'static str, question: impl Into<String>) -> Self {
        Self::Ask {
            asked: Some(Box::new(Asked { draft, slot })),
            question: question.into(),
            confidence: 0.93,
        }
    }

    /// Refused for this reason.
    pub(crate) const fn reject(reason: &'static str, confidence: f32) -> Self {
        Self::Reject { reason, confidence }
    }

    /// What is wrong with a scope of `draft`.
    pub(crate) fn trouble(draft: Draft, slot: &'static str, trouble: Trouble) -> Self {
        let op = draft.op;
        match trouble {
            Trouble::Missing(place) => Self::slot(
                draft,
                slot,
                format!("There is no {place} in this mesh. Which place do you mean?"),
            ),
            Trouble::Unfixed => Self::slot(
                draft,
                slot,
                format!("{} whom? Nothing was named before.", capital(op)),
            ),
            Trouble::Vague => Self::slot(
                draft,
                slot,
                format!("{} which sector, cluster or agents?", capital(op)),
            ),
        }
    }
}

/// With a capital, as a question begins.
pub(crate) fn capital(text: &str) -> String {
    let text = text.replace('_', " ");
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}
