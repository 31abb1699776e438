//! Why a scope could not be read: where, what stood there, and what would be right.

use super::{Filter, Name, NameError};

/// A scope that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("scope, character {at}: {fault}")]
pub struct ScopeError {
    /// The character at which the fault begins, from 1.
    pub at: usize,
    /// What is wrong with it.
    pub fault: ScopeFault,
}

/// What is wrong with a scope. Texts from outside are cut to forty characters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScopeFault {
    /// More text than a scope can need.
    #[error("{len} bytes are too long; a scope has at most {max}")]
    TooLong {
        /// Bytes given.
        len: usize,
        /// Bytes allowed.
        max: usize,
    },
    /// Neither a kind of scope nor a place.
    #[error(
        "no scope begins with {text:?}{hint}; scopes are all, auto, sector:7, cluster:7-4, agent:7-4-12, class:gpu, where:state=offline"
    )]
    Kind {
        /// What was given.
        text: String,
        /// `, did you mean …?` or nothing.
        hint: String,
    },
    /// A kind that is right with a place that is not.
    #[error("{text:?} is no {wanted}; write it like {example}")]
    Place {
        /// What was given.
        text: String,
        /// What should stand there.
        wanted: &'static str,
        /// A right one.
        example: &'static str,
    },
    /// Not one of the six classes.
    #[error(
        "no class {text:?}{hint}; classes are edge, serverless, persistent, gpu, local, human (A to F)"
    )]
    Class {
        /// What was given.
        text: String,
        /// `, did you mean …?` or nothing.
        hint: String,
    },
    /// A filter without a term.
    #[error("a filter needs a term, for example where:state=offline; for everything say all")]
    Empty,
    /// More terms than allowed.
    #[error("more than {} terms in one filter", Filter::TERMS_MAX)]
    TooManyTerms,
    /// A term without an operator.
    #[error(
        "the term {text:?} compares nothing{hint}; write key=value, or key>value for impedance, queue, reliability, drift, beat"
    )]
    NoOperator {
        /// The term.
        text: String,
        /// `, did you mean …?` or nothing.
        hint: String,
    },
    /// A key that no agent has.
    #[error(
        "no key {text:?}{hint}; keys are sector, cluster, class, state, impedance, queue, reliability, drift, capability, context, beat, task"
    )]
    Key {
        /// What was given.
        text: String,
        /// `, did you mean …?` or nothing.
        hint: String,
    },
    /// An order where only equality makes sense.
    #[error("{key} cannot be compared with {operator:?}; write {key}=… or !{key}=…")]
    Operator {
        /// The key.
        key: &'static str,
        /// The operator given.
        operator: &'static str,
    },
    /// A state that no agent can be in.
    #[error(
        "no state {text:?}{hint}; states are active, degraded, offline, quarantined, avoided, frozen, joined by |"
    )]
    State {
        /// What was given.
        text: String,
        /// `, did you mean …?` or nothing.
        hint: String,
    },
    /// Not a number, or one that makes no sense for this key.
    #[error("{key} needs {wanted}, not {text:?}")]
    Number {
        /// The key.
        key: &'static str,
        /// What was given.
        text: String,
        /// What would be right.
        wanted: &'static str,
    },
    /// Not a prefix of a context hash.
    #[error("context needs 1 to 64 hex digits like a1b2c3d4, not {text:?}")]
    Hex {
        /// What was given.
        text: String,
    },
    /// Not a name of a capability or a task.
    #[error("{key}: {error}")]
    Name {
        /// The key.
        key: &'static str,
        /// Why not.
        error: NameError,
    },
    /// No scope at all where one is needed.
    #[error("no scope given; for everything say all")]
    NoScope,
    /// More scopes than allowed.
    #[error("more than {max} scopes in one list; a class, a sector or a filter says it shorter")]
    TooManyScopes {
        /// The most there may be.
        max: usize,
    },
}

/// An error at the character `at`, from 1.
pub(super) fn fault(at: usize, fault: ScopeFault) -> ScopeError {
    ScopeError { at, fault }
}

/// `, did you mean X?` for the word that was probably meant, when there is one.
pub(super) fn nearest(text: &str, words: &[&'static str]) -> String {
    crate::text::nearest(text, words.iter().copied())
        .map(|word| format!(", did you mean {word}?"))
        .unwrap_or_default()
}

impl From<(&'static str, NameError)> for ScopeFault {
    fn from((key, error): (&'static str, NameError)) -> Self {
        Self::Name { key, error }
    }
}

/// The name under `key`, whose text begins at the character `at`.
pub(super) fn name(key: &'static str, text: &str, at: usize) -> Result<Name, ScopeError> {
    Name::new(text).map_err(|error| fault(at, (key, error).into()))
}
