//! What a sentence is read with: its words and the shape of the mesh that it speaks of.

use crate::lexicon::Lexeme;
use mesh_core::place::Shape;

/// Words, and what places there are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a> {
    /// The line's words.
    pub(crate) words: &'a [Lexeme],
    /// The line itself, for what is passed on as it was said.
    pub(crate) line: &'a str,
    /// How many sectors, clusters and agents there are.
    pub(crate) shape: Shape,
}

impl<'a> Reader<'a> {
    /// The text of a word; empty behind the end.
    pub(crate) fn text(&self, at: usize) -> &'a str {
        self.words
            .get(at)
            .map_or("", |word| word.token.text.as_str())
    }

    /// The base form of a word; empty when it is not known.
    pub(crate) fn lemma(&self, at: usize) -> &'static str {
        self.words.get(at).map_or("", |word| word.lemma)
    }

    /// Whether the word at `at` is one of these.
    pub(crate) fn at(&self, at: usize, texts: &[&str]) -> bool {
        texts.contains(&self.text(at))
    }

    /// The index behind `texts`, when they stand at `at`.
    pub(crate) fn stands(&self, at: usize, texts: &str) -> Option<usize> {
        let mut next = at;
        for text in texts.split(' ') {
            if self.text(next) != text {
                return None;
            }
            next += 1;
        }
        Some(next)
    }

    /// Behind all words from `at` that are one of these.
    pub(crate) fn skip(&self, at: usize, texts: &[&str]) -> usize {
        let mut next = at;
        while next < self.words.len() && self.at(next, texts) {
            next += 1;
        }
        next
    }

    /// The words from `from` up to `to`, as far as there are any.
    pub(crate) fn part(&self, from: usize, to: usize) -> Self {
        let to = to.min(self.words.len());
        Self {
            words: &self.words[from.min(to)..to],
            ..*self
        }
    }

    /// The same words up to `end`.
    pub(crate) fn until(&self, end: usize) -> Self {
        Self {
            words: &self.words[..end.min(self.words.len())],
            ..*self
        }
    }
}
