//! What words are known: their base forms, how they are inflected, and what was probably meant by one that is not.

mod lists;

use crate::frame;
use crate::quantity::is_number_word;
use crate::token::{Kind, Token};
use lists::{CLASSES, IRREGULAR, NOUNS, PLAIN, THEMSELVES, VERBS};
use mesh_core::place::Class;
use std::collections::HashMap;
use std::sync::LazyLock;

/// A token with what the lexicon knows of it.
#[derive(Debug, Clone)]
pub(crate) struct Lexeme {
    /// The token.
    pub(crate) token: Token,
    /// The base form; empty for a word that is not known and for what is no word.
    pub(crate) lemma: &'static str,
    /// Which form of it.
    pub(crate) form: Form,
    /// Whether it was written otherwise and corrected.
    pub(crate) typo: bool,
    /// As it was written, in lower case.
    pub(crate) said: String,
}

/// Inflections, as far as they matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Form {
    /// As it stands in the list: `freeze`, `agent`.
    Base,
    /// With an s: `freezes`, `agents`.
    S,
    /// `froze`; of regular verbs this is `Part` too.
    Past,
    /// `frozen`, `isolated`.
    Part,
    /// `freezing`.
    Ing,
}

impl Lexeme {
    fn new(token: Token, lemma: &'static str, form: Form) -> Self {
        Self {
            said: token.text.clone(),
            token,
            lemma,
            form,
            typo: false,
        }
    }

    /// Whether it is this word in any form.
    pub(crate) fn is(&self, lemma: &str) -> bool {
        self.lemma == lemma
    }

    /// Whether it is a word that nothing here knows.
    pub(crate) fn is_unknown(&self) -> bool {
        match self.token.kind {
            Kind::Word => self.lemma.is_empty(),
            Kind::Odd => true,
            _ => false,
        }
    }
}

struct Lexicon {
    known: HashMap<&'static str, (&'static str, Form)>,
    /// Known words by length, for corrections.
    by_length: Vec<Vec<&'static str>>,
    themselves: std::collections::HashSet<&'static str>,
}

static LEXICON: LazyLock<Lexicon> = LazyLock::new(Lexicon::build);

/// Leaked once for the life of the program: an inflected form of a word of ours.
fn keep(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

impl Lexicon {
    fn build() -> Self {
        let mut known: HashMap<&'static str, (&'static str, Form)> = HashMap::new();
        let mut put = |text: &'static str, lemma: &'static str, form: Form| {
            known.entry(text).or_insert((lemma, form));
        };
        for line in IRREGULAR {
            let mut words = line.split(' ');
            let lemma = words.next().unwrap_or_default();
            put(lemma, lemma, Form::Base);
            put(keep(plural(lemma)), lemma, Form::S);
            for (word, form) in words.zip([Form::Past, Form::Part, Form::Ing]) {
                if word != lemma {
                    put(word, lemma, form);
                }
            }
        }
        for (text, lemma, form) in [
            ("is", "be", Form::S),
            ("are", "be", Form::S),
            ("am", "be", Form::S),
            ("were", "be", Form::Past),
            ("has", "have", Form::S),
            ("does", "do", Form::S),
        ] {
            put(text, lemma, form);
        }
        for word in NOUNS.iter().flat_map(|line| line.split(' ')) {
            put(word, word, Form::Base);
            put(keep(plural(word)), word, Form::S);
        }
        for (word, _) in CLASSES {
            put(word, word, Form::Base);
        }
        for verb in VERBS.iter().flat_map(|line| line.split(' ')) {
            put(verb, verb, Form::Base);
            put(keep(plural(verb)), verb, Form::S);
            for (text, form) in [(past(verb), Form::Part), (ing(verb), Form::Ing)] {
                put(keep(text), verb, form);
            }
            if let Some(double) = doubled(verb) {
                put(keep(format!("{double}ed")), verb, Form::Part);
                put(keep(format!("{double}ing")), verb, Form::Ing);
            }
        }
        for word in PLAIN
            .iter()
            .flat_map(|line| line.split(' '))
            .chain(frame::words())
        {
            put(word, word, Form::Base);
        }
        let mut by_length = vec![Vec::new(); 24];
        for word in known.keys() {
            if let Some(list) = by_length.get_mut(word.len()) {
                list.push(*word);
            }
        }
        for list in &mut by_length {
            list.sort_unstable();
        }
        let themselves = THEMSELVES.iter().flat_map(|line| line.split(' ')).collect();
        Self {
            known,
            by_length,
            themselves,
        }
    }

    fn find(&self, text: &str) -> Option<(&'static str, Form)> {
        self.known.get(text).copied()
    }

    /// The known word that was probably meant: one slip in short words, two in long ones, and the first letter right or
    /// swapped with the second. A word of everyday English is itself, however near it stands to one of ours.
    fn nearest(&self, text: &str) -> Option<&'static str> {
        let len = text.chars().count();
        if !(4..=20).contains(&len)
            || !text.is_ascii()
            || text.contains('_')
            || self.themselves.contains(text)
        {
            return None;
        }
        let slips = if len >= 7 { 2 } else { 1 };
        let mut best: Option<((usize, bool), &'static str)> = None;
        for candidates in &self.by_length[len.saturating_sub(slips).max(3)..=(len + slips).min(23)]
        {
            for word in candidates {
                if !plausible(text, word) {
                    continue;
                }
                let edits = edits(text.as_bytes(), word.as_bytes(), slips);
                // Of two as near the one is meant of which letters were left out: `freze` is freeze and not free.
                let rank = (edits, !is_within(text, word));
                if edits <= slips
                    && (word.len() > 3 || edits == 1)
                    && best.is_none_or(|(least, _)| rank < least)
                {
                    best = Some((rank, word));
                }
            }
        }
        best.map(|(_, word)| word)
    }
}

/// Whether the letters of `text` stand in `word` in the same order.
fn is_within(text: &str, word: &str) -> bool {
    let mut letters = word.bytes();
    text.bytes()
        .all(|byte| letters.any(|letter| letter == byte))
}

/// The first letters agree, or were swapped.
fn plausible(text: &str, word: &str) -> bool {
    let (a, b) = (text.as_bytes(), word.as_bytes());
    a[0] == b[0] || (b.len() > 4 && a[0] == b[1] && a[1] == b[0])
}

/// Insertions, deletions, replacements and swaps of neighbours from `a` to `b`, at most one more than `limit`.
fn edits(a: &[u8], b: &[u8], limit: usize) -> usize {
    const LEN: usize = 25;
    let mut rows = [[0usize; LEN]; 3];
    for (j, cell) in rows[0].iter_mut().enumerate() {
        *cell = j;
    }
    for i in 1..=a.len() {
        let (now, before, earlier) = (i % 3, (i + 2) % 3, (i + 1) % 3);
        rows[now][0] = i;
        let mut least = i;
        for j in 1..=b.len() {
            let replaced = rows[before][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replaced.min(rows[before][j] + 1).min(rows[now][j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[earlier][j - 2] + 1);
            }
            rows[now][j] = best;
            least = least.min(best);
        }
        if least > limit {
            return limit + 1;
        }
    }
    rows[a.len() % 3][b.len()]
}

fn plural(word: &str) -> String {
    if matches!(word, "go" | "do" | "undo") {
        return format!("{word}es");
    }
    match word.as_bytes() {
        [.., b's' | b'x' | b'z'] | [.., b'c' | b's', b'h'] => format!("{word}es"),
        [.., before, b'y'] if !b"aeiou".contains(before) => {
            format!("{}ies", &word[..word.len() - 1])
        }
        _ => format!("{word}s"),
    }
}

fn past(verb: &str) -> String {
    match verb.as_bytes() {
        [.., b'e'] => format!("{verb}d"),
        [.., before, b'y'] if !b"aeiou".contains(before) => {
            format!("{}ied", &verb[..verb.len() - 1])
        }
        _ => format!("{verb}ed"),
    }
}

fn ing(verb: &str) -> String {
    match verb.as_bytes() {
        [.., b'e', b'e'] => format!("{verb}ing"),
        [.., b'e'] => format!("{}ing", &verb[..verb.len() - 1]),
        _ => format!("{verb}ing"),
    }
}

/// `trip` → `tripp`, for `tripped`.
fn doubled(verb: &str) -> Option<String> {
    match verb.as_bytes() {
        [.., first, vowel, last]
            if !b"aeiou".contains(first)
                && b"aeiou".contains(vowel)
                && !b"aeiouwxy".contains(last) =>
        {
            Some(format!("{verb}{}", *last as char))
        }
        _ => None,
    }
}

/// The tokens with what is known of each.
pub(crate) fn lexemes(tokens: Vec<Token>) -> Vec<Lexeme> {
    let lexicon = &*LEXICON;
    tokens
        .into_iter()
        .map(|token| {
            if token.kind != Kind::Word {
                return Lexeme::new(token, "", Form::Base);
            }
            let text = token.text.as_str();
            if let Some((lemma, form)) = lexicon.find(text) {
                return Lexeme::new(token, lemma, form);
            }
            if is_number_word(text) || crate::quantity::ordinal(text).is_some() {
                return Lexeme::new(token, "#", Form::Base);
            }
            let near = lexicon.nearest(text);
            match near.and_then(|near| Some((near, lexicon.find(near)?))) {
                Some((near, (lemma, form))) => {
                    let mut lexeme = Lexeme::new(token, lemma, form);
                    near.clone_into(&mut lexeme.token.text);
                    lexeme.typo = true;
                    lexeme
                }
                None => Lexeme::new(token, "", Form::Base),
            }
        })
        .collect()
}

/// The class that a word names: `jetsons`, `pi`, `lambdas`.
pub(crate) fn class(lemma: &str) -> Option<Class> {
    CLASSES
        .iter()
        .find(|(word, _)| *word == lemma)
        .map(|(_, class)| *class)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lemma_of(text: &str) -> (&'static str, bool) {
        let tokens = crate::token::tokens(text).unwrap_or_default();
        let lexemes = lexemes(tokens);
        (lexemes[0].lemma, lexemes[0].typo)
    }

    #[test]
    fn forms_of_a_word_are_that_word() {
        for (text, lemma) in [
            ("froze", "freeze"),
            ("frozen", "freeze"),
            ("freezing", "freeze"),
            ("tripped", "trip"),
            ("isolating", "isolate"),
            ("sectors", "sector"),
            ("queries", "query"),
            ("put", "put"),
        ] {
            assert_eq!(lemma_of(text), (lemma, false), "{text}");
        }
    }

    #[test]
    fn slips_are_corrected_and_other_words_are_left_alone() {
        for (text, lemma) in [
            ("quarntine", "quarantine"),
            ("clustr", "cluster"),
            ("freze", "freeze"),
            ("inspct", "inspect"),
            ("brodcast", "broadcast"),
        ] {
            assert_eq!(lemma_of(text), (lemma, true), "{text}");
        }
        for text in ["heat", "chicken", "meal", "breeze", "xyzzy"] {
            assert_eq!(lemma_of(text), ("", false), "{text}");
        }
    }
}
