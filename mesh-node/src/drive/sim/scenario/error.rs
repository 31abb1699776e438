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

/// The known name that is nearest to `name`, where one is near enough to be meant.
pub(super) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (distance(name, candidate), candidate))
        .min()
        .filter(|(distance, candidate)| *distance <= candidate.len().max(3) / 3)
        .map(|(_, candidate)| candidate)
}

/// Insertions, deletions and replacements between two words (Levenshtein 1966), of their first 40 bytes.
fn distance(a: &str, b: &str) -> usize {
    let (a, b) = (cut(a), cut(b));
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = corner + usize::from(x != y);
            corner = row[j + 1];
            row[j + 1] = replaced.min(corner + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

fn cut(word: &str) -> &[u8] {
    &word.as_bytes()[..word.len().min(40)]
}
