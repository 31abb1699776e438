//! Fixed beginnings of sentences, found by their first word.

use crate::reader::Reader;
use std::collections::HashMap;

/// Phrases, each a row of words, by the first of them.
#[derive(Debug)]
pub(crate) struct Heads(HashMap<&'static str, Vec<Vec<&'static str>>>);

impl Heads {
    /// From phrases parted by `|`.
    pub(crate) fn new(text: &'static str) -> Self {
        let mut by_first: HashMap<&'static str, Vec<Vec<&'static str>>> = HashMap::new();
        for phrase in text.split('|') {
            let words: Vec<&'static str> = phrase.split_ascii_whitespace().collect();
            if let Some(first) = words.first() {
                by_first.entry(first).or_default().push(words);
            }
        }
        Self(by_first)
    }

    /// The index behind the longest of them that stands at `at`.
    pub(crate) fn longest(&self, reader: &Reader<'_>, at: usize) -> Option<usize> {
        let phrases = self.0.get(reader.text(at))?;
        let fits = |words: &&Vec<&str>| {
            words
                .iter()
                .enumerate()
                .all(|(i, word)| reader.text(at + i) == *word)
        };
        phrases
            .iter()
            .filter(fits)
            .map(|words| at + words.len())
            .max()
    }

    /// The same, with commas and stops between the words passed over: "no, I meant".
    pub(crate) fn longest_past_signs(&self, reader: &Reader<'_>, at: usize) -> Option<usize> {
        let phrases = self.0.get(reader.text(at))?;
        phrases
            .iter()
            .filter_map(|words| {
                let mut next = at;
                for (i, word) in words.iter().enumerate() {
                    if i > 0 {
                        next = reader.skip(next, SIGNS);
                    }
                    if reader.text(next) != *word {
                        return None;
                    }
                    next += 1;
                }
                Some(reader.skip(next, SIGNS))
            })
            .max()
    }

    /// Whether exactly these words are one of them.
    pub(crate) fn holds(&self, words: &[&str]) -> bool {
        let Some(first) = words.first() else {
            return false;
        };
        self.0
            .get(first)
            .is_some_and(|phrases| phrases.iter().any(|phrase| phrase == words))
    }
}

/// Signs between the words of one phrase.
const SIGNS: &[&str] = &[",", ".", "!", "…", ";", ":"];

/// A set of phrases that is made once, where it is used.
macro_rules! heads {
    ($text:literal) => {{
        static HEADS: std::sync::LazyLock<$crate::heads::Heads> =
            std::sync::LazyLock::new(|| $crate::heads::Heads::new($text));
        &*HEADS
    }};
}
pub(crate) use heads;
