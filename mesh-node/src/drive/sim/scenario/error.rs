//! What is wrong with a scenario, in one line.

/// A scenario that cannot be run; nothing of it was used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScenarioError {
    /// The file could not be read.
    #[error("cannot read the scenario {file}: {why}")]
    File {
        /// Its path.
        file: String,
        /// What the system said.
        why: String,
    },
    /// The text is not what a scenario is made of.
    #[error("{name}:{line}: {why}")]
    Text {
        /// The file, or `scenario` where there is none.
        name: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong and what would be right.
        why: String,
    },
    /// A value is out of its range.
    #[error("{name}: {path} = {value} does not fit: {wanted}")]
    Value {
        /// The scenario's name.
        name: String,
        /// Which key, as `fault[2].factor`; faults count from 1.
        path: String,
        /// What was given.
        value: String,
        /// What would be right.
        wanted: String,
    },
}
