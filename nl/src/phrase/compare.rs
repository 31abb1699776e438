//! Comparisons and the filter terms that are made of them: "a queue of at least 10", "no heartbeat for a minute".

use crate::lexicon::Lexeme;
use crate::quantity::{Read, duration, quantity, share, stands};
use crate::token::Kind;
use mesh_core::place::scope::{Compare, Term};

fn text(words: &[Lexeme], at: usize) -> &str {
    words.get(at).map_or("", |word| word.token.text.as_str())
}

/// What is measured, by its key in filters; `latency` and the rest are metrics only.
pub(crate) fn metric(words: &[Lexeme], at: usize) -> Read<&'static str> {
    let word = words.get(at)?;
    let next = at + 1;
    Some(match word.lemma {
        "impedance" => ("impedance", next),
        "z" => ("impedance", next),
        "queue" | "backlog" => {
            let next = if matches!(text(words, next), "length" | "lengths" | "depth" | "size") {
                next + 1
            } else {
                next
            };
            ("queue", next)
        }
        "reliability" => ("reliability", next),
        "drift" => ("drift", next),
        "latency" => ("latency", next),
        "success" if text(words, next) == "rate" => ("reliability", next + 1),
        "conflict" => ("conflicts", next),
        "arrival" => (
            "arrival",
            if matches!(text(words, next), "rate" | "rates") {
                next + 1
            } else {
                next
            },
        ),
        _ => return None,
    })
}

/// A comparison before its number: "above", "at least", "no more than", ">".
pub(crate) fn comparison(words: &[Lexeme], at: usize) -> Read<Compare> {
    if let Kind::Compare(compare) = words.get(at)?.token.kind {
        return Some((compare, at + 1));
    }
    let phrases: &[(&[&str], Compare)] = &[
        (&["no", "less", "than"], Compare::AtLeast),
        (&["not", "less", "than"], Compare::AtLeast),
        (&["no", "fewer", "than"], Compare::AtLeast),
        (&["no", "lower", "than"], Compare::AtLeast),
        (&["no", "more", "than"], Compare::AtMost),
        (&["not", "more", "than"], Compare::AtMost),
        (&["no", "greater", "than"], Compare::AtMost),
        (&["no", "higher", "than"], Compare::AtMost),
        (&["no", "longer", "than"], Compare::AtMost),
        (&["greater", "than", "or", "equal", "to"], Compare::AtLeast),
        (&["less", "than", "or", "equal", "to"], Compare::AtMost),
        (&["more", "than"], Compare::Above),
        (&["greater", "than"], Compare::Above),
        (&["higher", "than"], Compare::Above),
        (&["larger", "than"], Compare::Above),
        (&["bigger", "than"], Compare::Above),
        (&["longer", "than"], Compare::Above),
        (&["slower", "than"], Compare::Above),
        (&["worse", "than"], Compare::Above),
        (&["in", "excess", "of"], Compare::Above),
        (&["north", "of"], Compare::Above),
        (&["south", "of"], Compare::Below),
        (&["less", "than"], Compare::Below),
        (&["fewer", "than"], Compare::Below),
        (&["lower", "than"], Compare::Below),
        (&["smaller", "than"], Compare::Below),
        (&["shorter", "than"], Compare::Below),
        (&["faster", "than"], Compare::Below),
        (&["better", "than"], Compare::Below),
        (&["at", "least"], Compare::AtLeast),
        (&["at", "most"], Compare::AtMost),
        (&["up", "to"], Compare::AtMost),
        (&["equal", "to"], Compare::Equal),
        (&["above"], Compare::Above),
        (&["over"], Compare::Above),
        (&["past"], Compare::Above),
        (&["beyond"], Compare::Above),
        (&["below"], Compare::Below),
        (&["under"], Compare::Below),
        (&["beneath"], Compare::Below),
        (&["underneath"], Compare::Below),
        (&["exactly"], Compare::Equal),
        (&["more"], Compare::Above),
        (&["less"], Compare::Below),
    ];
    if let Some((next, compare)) = phrases
        .iter()
        .find_map(|(texts, compare)| Some((stands(words, at, texts)?, *compare)))
    {
        return Some((compare, next));
    }
    match words[at].lemma {
        "exceed" => Some((Compare::Above, at + 1)),
        "reach" | "hit" => Some((Compare::AtLeast, at + 1)),
        "equal" => Some((Compare::Equal, at + 1)),
        _ => None,
    }
}

/// Words that turn a number before them into a bound: "10 or more".
fn bound_after(words: &[Lexeme], at: usize) -> Read<Compare> {
    if text(words, at) == "plus" {
        return Some((Compare::AtLeast, at + 1));
    }
    let next = (text(words, at) == "or").then_some(at + 1)?;
    match text(words, next) {
        "more" | "higher" | "above" | "longer" | "over" | "greater" | "up" | "better" => {
            Some((Compare::AtLeast, next + 1))
        }
        "less" | "fewer" | "lower" | "below" | "shorter" | "under" | "worse" => {
            Some((Compare::AtMost, next + 1))
        }
        _ => None,
    }
}

/// A number as its key counts: milliseconds of impedance, a fraction of reliability.
fn measure(words: &[Lexeme], at: usize, key: &str) -> Read<f64> {
    if matches!(key, "impedance" | "latency") {
        let bare = |n: Option<(f64, usize)>| {
            n.map(|(n, next)| {
                (
                    n,
                    if matches!(
                        text(words, next),
                        "ms" | "milliseconds" | "millis" | "millisecond"
                    ) {
                        next + 1
                    } else {
                        next
                    },
                )
            })
        };
        return duration(words, at)
            .map(|(seconds, next)| (seconds * 1_000.0, next))
            .or_else(|| bare(quantity(words, at)));
    }
    let ((number, percent), next) = share(words, at)?;
    let number = if key == "reliability" && !percent && number > 1.0 {
        number / 100.0
    } else {
        number
    };
    Some((number, next))
}

/// A number as filters write it.
fn written(number: f64) -> String {
    let rounded = (number * 1e6).round() / 1e6;
    format!("{rounded}")
}

fn make(key: &str, compare: Compare, number: f64) -> Option<Term> {
    Term::parse(&format!("{key}{}{}", compare.sign(), written(number))).ok()
}

/// A filter term at `at`, without the word that may lead to it (with, having, that has).
pub(crate) fn term(words: &[Lexeme], at: usize) -> Read<Term> {
    if let Kind::Term(term) = &words.get(at)?.token.kind {
        return Some((term.clone(), at + 1));
    }
    if text(words, at) == "not" {
        if let Some(Kind::Term(term)) = words.get(at + 1).map(|w| &w.token.kind) {
            let term = Term {
                test: term.test.clone(),
                negated: !term.negated,
            };
            return Some((term, at + 2));
        }
    }
    beat(words, at)
        .or_else(|| measured(words, at))
        .or_else(|| named(words, at))
}

fn skip<'a>(words: &'a [Lexeme], at: usize, over: &[&str]) -> usize {
    let mut next = at;
    while next < words.len() && over.contains(&words[next].token.text.as_str()) {
        next += 1;
    }
    next
}

fn measured(words: &[Lexeme], at: usize) -> Read<Term> {
    let from = skip(words, at, &["a", "an", "the", "its", "their", "any"]);
    if let Some((key, next)) =
        metric(words, from).filter(|(key, _)| !matches!(*key, "conflicts" | "arrival"))
    {
        let key = if key == "latency" { "impedance" } else { key };
        let next = skip(
            words,
            next,
            &[
                "of",
                "is",
                "are",
                "was",
                "that",
                "at",
                "which",
                "has",
                "goes",
                "go",
                "gets",
                "get",
                "drops",
                "drop",
                "falls",
                "fall",
                "rises",
                "rise",
                "climbs",
                "climb",
                "dropped",
                "fallen",
                "risen",
                "gone",
                "went",
                "back",
                "down",
                "being",
                "to",
                "currently",
                "again",
            ],
        );
        // `at least` begins with a word that was skipped.
        let next = if matches!(text(words, next), "least" | "most") {
            next - 1
        } else {
            next
        };
        let down = words[from..next]
            .iter()
            .any(|w| w.token.text == "down" || w.is("drop") || w.is("fall"));
        let up = words[from..next]
            .iter()
            .any(|w| w.is("rise") || w.is("climb"));
        if let Some((compare, next)) = comparison(words, next) {
            let (number, mut next) = measure(words, next, key)?;
            if key == "impedance" && matches!(text(words, next), "ms" | "milliseconds") {
                next += 1;
            }
            return Some((make(key, compare, number)?, next));
        }
        let (number, next) = measure(words, next, key)?;
        let (compare, next) = bound_after(words, next).unwrap_or((
            if down {
                Compare::AtMost
            } else if up {
                Compare::AtLeast
            } else {
                Compare::Equal
            },
            next,
        ));
        return Some((make(key, compare, number)?, next));
    }
    // `more than 10 in the queue`, `at most 80 % reliability`, `over 500 ms`.
    let (compare, next) = comparison(words, from)?;
    if let Some((milliseconds, next)) = duration(words, next)
        .map(|(s, next)| (s * 1_000.0, next))
        .filter(|_| !words[from].is("beat"))
    {
        let next =
            if metric(words, next).is_some_and(|(key, _)| key == "impedance" || key == "latency") {
                next + 1
            } else {
                next
            };
        return (milliseconds < 60_000.0)
            .then(|| Some((make("impedance", compare, milliseconds)?, next)))
            .flatten();
    }
    let ((number, percent), next) = share(words, next)?;
    let behind = skip(
        words,
        next,
        &[
            "in", "the", "their", "its", "of", "pending", "items", "queued", "waiting",
        ],
    );
    let (key, next) = match metric(words, behind) {
        Some((key, next)) => (key, next),
        None if percent && matches!(text(words, behind), "reliable" | "successful") => {
            ("reliability", behind + 1)
        }
        None if text(words, next) == "pending" || text(words, next) == "queued" => {
            ("queue", next + 1)
        }
        None => return None,
    };
    if matches!(key, "conflicts" | "arrival" | "latency") {
        return None;
    }
    let number = if key == "reliability" && !percent && number > 1.0 {
        number / 100.0
    } else {
        number
    };
    Some((make(key, compare, number)?, next))
}

/// Silence: "no heartbeat for more than a minute", "not heard from in 30 seconds".
fn beat(words: &[Lexeme], at: usize) -> Read<Term> {
    let heads: &[&[&str]] = &[
        &["no", "heartbeat"],
        &["no", "heartbeats"],
        &["no", "beat"],
        &["not", "sent", "a", "heartbeat"],
        &["not", "sent", "any", "heartbeat"],
        &["not", "sent", "heartbeat"],
        &["not", "sent", "heartbeats"],
        &["not", "had", "a", "heartbeat"],
        &["not", "been", "heard", "from"],
        &["not", "been", "heard"],
        &["not", "heard", "from"],
        &["not", "beat"],
        &["not", "beaten"],
        &["not", "reported"],
        &["not", "reported", "in"],
        &["not", "answered"],
        &["not", "responded"],
        &["missed", "heartbeats"],
        &["missed", "their", "heartbeat"],
        &["silent"],
        &["been", "silent"],
        &["quiet"],
        &["been", "quiet"],
        &["a", "last", "heartbeat"],
        &["the", "last", "heartbeat"],
        &["last", "heartbeat"],
        &["a", "heartbeat"],
        &["heartbeat"],
        &["heartbeats"],
        &["beat"],
    ];
    let next = heads
        .iter()
        .filter_map(|head| stands(words, at, head))
        .max()?;
    let next = skip(
        words,
        next,
        &[
            "for", "in", "over", "since", "the", "last", "past", "was", "is", "were", "of", "age",
            "within", "during",
        ],
    );
    let (compare, next) = if text(words, next) == "older" && text(words, next + 1) == "than" {
        (Some(Compare::Above), next + 2)
    } else {
        comparison(words, next).map_or((None, next), |(compare, next)| (Some(compare), next))
    };
    let next = skip(words, next, &["the", "last", "past"]);
    let (seconds, next) = duration(words, next)?;
    let next = if text(words, next) == "ago" {
        next + 1
    } else {
        next
    };
    Some((
        make("beat", compare.unwrap_or(Compare::Above), seconds)?,
        next,
    ))
}

/// Whether a word may be the name of a capability or a task.
pub(crate) fn name(word: &Lexeme) -> Option<&str> {
    let text = word.token.text.as_str();
    let plain = text
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    (matches!(word.token.kind, Kind::Word | Kind::Id) && plain && !text.is_empty()).then_some(text)
}

/// Capabilities, contexts and tasks by their names.
fn named(words: &[Lexeme], at: usize) -> Read<Term> {
    let from = skip(words, at, &["the", "a", "an"]);
    let term = |key: &str, value: &str| Term::parse(&format!("{key}={value}")).ok();
    let word = words.get(from)?;
    let joined = |from: usize, to: usize| {
        words[from..to]
            .iter()
            .map(name)
            .collect::<Option<Vec<_>>>()
            .map(|names| names.join("_"))
    };
    match word.lemma {
        "context" => {
            let next = skip(words, from + 1, &["hash", "=", "is", "id"]);
            let hash = words.get(next)?;
            let hex = hash.token.text.len() >= 4
                && hash.token.text.bytes().all(|b| b.is_ascii_hexdigit());
            return hex
                .then(|| Some((term("context", &hash.token.text)?, next + 1)))
                .flatten();
        }
        "capability" | "skill" => {
            let next = skip(words, from + 1, &["=", "of", "for", "is", "called"]);
            return Some((term("capability", name(words.get(next)?)?)?, next + 1));
        }
        "capable" if text(words, from + 1) == "of" => {
            return Some((term("capability", name(words.get(from + 2)?)?)?, from + 3));
        }
        "run" | "execute" | "do" | "process" | "serve" | "work"
            if word.form == crate::lexicon::Form::Ing =>
        {
            let next = skip(
                words,
                from + 1,
                &["on", "the", "a", "task", "tasks", "job", "jobs"],
            );
            let name = name(words.get(next)?)?;
            let known = !name.contains('_') && !words[next].lemma.is_empty();
            return (!known)
                .then(|| Some((term("task", name)?, next + 1)))
                .flatten();
        }
        _ => {}
    }
    // `the llm_inference capability`, `vision capability`, `code execution capability`.
    for len in 1..=3 {
        let to = from + len;
        if words
            .get(to)
            .is_some_and(|w| w.is("capability") || w.is("skill"))
        {
            let value = joined(from, to)?;
            return Some((term("capability", &value)?, to + 1));
        }
    }
    word.token
        .text
        .contains('_')
        .then(|| Some((term("capability", name(word)?)?, from + 1)))
        .flatten()
}
