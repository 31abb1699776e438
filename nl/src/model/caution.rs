//! Sentences from which a model may make no change: whoever denies, asks, supposes or quotes does not order.

/// Words that turn a sentence around, or make it less than an order.
const WORDS: &[&str] = &[
    "not",
    "never",
    "no",
    "nobody",
    "nothing",
    "none",
    "neither",
    "nor",
    "without",
    "cannot",
    "cant",
    "dont",
    "doesnt",
    "didnt",
    "wont",
    "shouldnt",
    "isnt",
    "arent",
    "what",
    "why",
    "who",
    "whom",
    "whose",
    "when",
    "where",
    "which",
    "how",
    "did",
    "does",
    "is",
    "are",
    "was",
    "were",
    "has",
    "have",
    "can",
    "could",
    "would",
    "should",
    "might",
    "may",
    "if",
    "suppose",
    "imagine",
    "unless",
    "said",
    "says",
    "say",
    "told",
    "wrote",
    "hypothetically",
];

/// Whether it is one.
pub(super) fn is_delicate(line: &str) -> bool {
    if line.chars().any(|c| "?\"“”„«»`".contains(c)) {
        return true;
    }
    let lower = line.to_lowercase().replace('’', "'");
    lower
        .split(|c: char| !c.is_alphanumeric() && c != '\'')
        .map(|word| word.replace('\'', ""))
        .any(|word| word.ends_with("nt") && lower.contains("n't") || WORDS.contains(&word.as_str()))
}
