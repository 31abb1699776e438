//! Throws: "sync everyone in waves", "cascade decide \"adopt plan B\" to sectors 3 to 5 in parallel".

use super::{covered, merged, spans, target};
use crate::context::Context;
use crate::draft::{Draft, number};
use crate::frame::Voice;
use crate::lexicon::Form;
use crate::miss::{Miss, Read};
use crate::piece::{Piece, Role, Word, phrases};
use crate::reader::Reader;
use mesh_core::message::{Strategy, Verb};

/// Words that may stand around a cascade.
const AROUND: &[&str] = &[
    "cascade",
    "run",
    "start",
    "do",
    "perform",
    "fire",
    "launch",
    "trigger",
    "kick",
    "get",
    "have",
    "let",
    "make",
    "through",
    "across",
    "down",
    "strategy",
    "mode",
    "fashion",
    "style",
    "use",
    "first",
    "priority",
    "payload",
    "carry",
    "execute",
    "initiate",
    "go",
    "sync",
    "synchronise",
    "synchronize",
    "observe",
    "orient",
    "decide",
    "act",
    "record",
    "wave",
    "parallel",
    "concurrently",
    "simultaneously",
    "throw",
    "window",
    "that",
    "this",
    "all",
    "same",
    "time",
    "send",
    "issue",
    "throughout",
    "it",
    "simultaneous",
    "verb",
    "step",
    "sequential",
    "sequentially",
    "waves",
    "about",
    "out",
    "themselves",
    "mesh",
    "wide",
    "give",
    "schedule",
    "plan",
    "order",
    "priorities",
    "highest",
    "high",
    "want",
    "need",
    "round",
    "pass",
    "give",
    "synchronization",
    "synchronisation",
    "synced",
    "top",
    "priority-first",
    "arrival",
    "with",
];

pub(super) fn cascade(
    reader: &Reader<'_>,
    pieces: &[Piece],
    voice: Voice,
    context: &Context,
) -> Option<Read> {
    let words: Vec<&Word> = pieces
        .iter()
        .filter_map(|piece| match piece {
            Piece::Word(word) => Some(word),
            _ => None,
        })
        .collect();
    let named = words.iter().any(|word| word.lemma == "cascade");
    let verb = words.iter().find_map(|word| {
        let text = match word.lemma {
            "synchronise" | "synchronize" | "sync" => "sync",
            "synchronization" | "synchronisation" => "sync",
            other => other,
        };
        Verb::WORDS
            .iter()
            .find(|verb| **verb == text)
            .map(|verb| (*verb, *word))
    });
    let strategy = strategy(reader);
    let quote = pieces.iter().find_map(|piece| match piece {
        Piece::Quote(text) => Some(text.clone()),
        _ => None,
    });
    let window = spans(pieces)
        .find(|span| span.0 == Role::Window || named && matches!(span.0, Role::Bare | Role::Within))
        .map(|span| number(span.1 * 1_000.0));
    let throws = named
        || match verb {
            Some(("sync", word)) => {
                word.form == Form::Base
                    || voice != Voice::Command
                    || word.lemma.starts_with("synchron")
            }
            Some((_, word)) => {
                word.form == Form::Base
                    && (quote.is_some() || strategy.is_some() || window.is_some())
            }
            None => false,
        };
    if !throws || !covered(pieces, AROUND) {
        return None;
    }
    // "The last cascade" is looked at, not thrown.
    if named
        && verb.is_none()
        && !matches!(
            words
                .iter()
                .find(|w| !crate::frame::says_nothing(&w.text))
                .map(|w| w.lemma),
            Some("cascade" | "run" | "start" | "launch" | "fire" | "trigger" | "throw" | "do")
        )
    {
        return None;
    }
    let draft = Draft::new("cascade")
        .maybe("payload", quote)
        .maybe("strategy", strategy.map(Strategy::word))
        .maybe("window_ms", window);
    let Some((verb, _)) = verb else {
        return Some(Err(Miss::slot(
            draft,
            "verb",
            "Cascade what: observe, orient, decide, act, record or sync?",
        )));
    };
    let draft = draft.with("verb", verb);
    let list: Vec<_> = phrases(pieces)
        .filter(|p| (p.is_scope() || p.noun.is_some()) && (p.pick.is_none() || p.names()))
        .collect();
    if list.is_empty() {
        return Some(Ok(draft));
    }
    let Some(phrase) = merged(list) else {
        return Some(Err(Miss::ask("Cascade to whom?", 0.6)));
    };
    Some(target(&draft, &phrase, context, "scope").map(|selection| draft.about(selection)))
}

/// How it goes down the tree, when that was said.
pub(crate) fn strategy(reader: &Reader<'_>) -> Option<Strategy> {
    (0..reader.words.len()).find_map(|at| match reader.lemma(at) {
        "wave" | "waves" => Some(Strategy::Wave),
        "parallel" | "simultaneously" | "concurrently" => Some(Strategy::Parallel),
        "priority" if reader.at(at + 1, &["first"]) => Some(Strategy::PriorityFirst),
        "priority_first" => Some(Strategy::PriorityFirst),
        _ if reader.text(at) == "priority_first" => Some(Strategy::PriorityFirst),
        _ if reader.stands(at, "all at once").is_some()
            || reader.stands(at, "at the same time").is_some() =>
        {
            Some(Strategy::Parallel)
        }
        _ => None,
    })
}
