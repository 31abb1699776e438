//! What may stand behind the head of a phrase: where, with what, doing what, and what is said of it.

use super::adjective::{lettered, noun, state};
use super::compare::term;
use super::core::{class_word, possessive, refer, take, value_after};
use super::place::{belongs_to_next, place};
use super::rank::{sorted, with_the_most};
use super::{Noun, Phrase, Refer};
use crate::lexicon::{Form, class};
use crate::reader::Reader;
use crate::token::Kind;
use mesh_core::operation::word::Openness;
use mesh_core::place::scope::Marks;

/// What may stand behind the head.
pub(super) fn behind(reader: &Reader<'_>, at: usize, p: &mut Phrase) -> usize {
    let mut i = at;
    loop {
        let before = i;
        i = one_behind(reader, i, p).unwrap_or(i);
        if i == before {
            return i;
        }
    }
}

fn one_behind(reader: &Reader<'_>, at: usize, p: &mut Phrase) -> Option<usize> {
    let words = reader.words;
    if let Some((sort, order, next)) = with_the_most(words, at) {
        (p.sort, p.order, p.superlative) = (Some(sort), Some(order), true);
        return Some(next);
    }
    if let Some(next) = sorted(words, at, p) {
        return Some(next);
    }
    if let Kind::Term(term) = &words.get(at)?.token.kind {
        p.terms.push(term.clone());
        return Some(at + 1);
    }
    let text = reader.text(at);
    match text {
        "where" => {
            let mut next = at + 1;
            while let Some((term, after)) = term(words, next) {
                p.terms.push(term);
                next = reader.skip(after, &["and", ","]);
            }
            if next == at + 1 {
                return predicate(reader, at + 1, p);
            }
            return Some(next);
        }
        "there" | "here" if p.names() || p.noun.is_some() || p.sort.is_some() => {
            if p.refer.is_none() && !p.places() {
                p.refer = Some(Refer::There);
            }
            return Some(at + 1);
        }
        "in" | "of" | "on" | "at" | "from" | "inside" | "within" | "across" | "under" | "for"
        | "throughout" | "by" => {
            return at_place(reader, at, p);
        }
        "with" | "having" | "whose" | "without" => {
            let negated = text == "without";
            let mut next = at + 1;
            let mut any = false;
            while let Some((mut found, after)) = term(words, next) {
                found.negated ^= negated;
                p.terms.push(found);
                any = true;
                let joined = reader.skip(after, &["and", "but", ","]);
                let joined = reader.skip(joined, &["with", "a", "an"]);
                next = after;
                if joined > after && term(words, joined).is_some() {
                    next = joined;
                } else {
                    break;
                }
            }
            return any.then_some(next);
        }
        "that" | "which" | "who" => return predicate(reader, at + 1, p),
        "holding" | "running" | "executing" | "doing" | "processing" | "capable" | "serving"
        | "silent" | "working" => {
            let from = if text == "holding" { at + 1 } else { at };
            let (term, next) = term(words, from)?;
            p.terms.push(term);
            return Some(next);
        }
        "not" if p.noun.is_some() || !p.classes.is_empty() => {
            let (mark, next) = state(reader, at + 1, true)?;
            p.not_marks = Some(p.not_marks.unwrap_or_default().with(mark));
            return Some(next);
        }
        "able" if reader.at(at + 1, &["to"]) => return can(reader, at + 2, p),
        "as" if reader.stands(at, "as a whole").is_some() => return Some(at + 3),
        "ones" | "one" if !p.classes.is_empty() => return Some(at + 1),
        _ => {}
    }
    let fits = p.noun.is_some() || !p.classes.is_empty() || p.marks.is_some();
    if !fits {
        // "Sector 9 agents", "7-4 tasks": the noun behind its place.
        if p.places()
            || matches!(p.refer, Some(Refer::Them | Refer::That(_) | Refer::It))
                && at > p.start
                && possessive(reader, at)
        {
            let (noun, next) = noun(reader, at).filter(|(_, next)| {
                reader.words[next - 1].form == Form::S && value_after(reader, *next).is_none()
            })?;
            if p.noun.is_none() {
                p.noun = Some(noun);
                return Some(next);
            }
        }
        return None;
    }
    if p.noun.is_some() || !p.classes.is_empty() {
        if let Some((mark, next)) = state(reader, at, false) {
            let taken = reader.at(at, &["out"])
                && (0..p.start).any(|i| {
                    matches!(
                        reader.lemma(i),
                        "take"
                            | "pull"
                            | "get"
                            | "keep"
                            | "leave"
                            | "remove"
                            | "move"
                            | "put"
                            | "bring"
                            | "have"
                            | "cut"
                            | "kick"
                            | "drop"
                    )
                });
            if p.marks.is_none() && !reader.words[at].is("avoid") && !taken {
                p.marks = Some(Marks::of(mark));
                return Some(next);
            }
        }
        if let Some(class) =
            class(reader.lemma(at)).filter(|_| p.classes.is_empty() && p.noun == Some(Noun::Agent))
        {
            p.classes.push((class, true));
            return Some(at + 1);
        }
        if reader.at(at, &["open"])
            && rows_of(p)
            && p.open.is_none()
            && reader.text(at + 1).is_empty()
        {
            p.open = Some(Openness::Open);
            return Some(at + 1);
        }
        if reader.at(at, &["closed"]) && rows_of(p) && p.open.is_none() {
            p.open = Some(Openness::Closed);
            return Some(at + 1);
        }
        if !p.places() && p.refer.is_none() {
            // `list agents 7-4`, `tasks 7-4`, `count conflicts 9`.
            let number = matches!(words[at].token.kind, Kind::Number(_));
            let bare = number
                && !p.singular
                && !belongs_to_next(words, at + 1)
                && p.count.is_none()
                && !matches!(p.noun, Some(Noun::Event | Noun::Operation));
            let (places, next) = place(reader, at, bare)?;
            take(p, places);
            return Some(next);
        }
    }
    None
}

fn rows_of(p: &Phrase) -> bool {
    matches!(
        p.noun,
        Some(Noun::Conflict | Noun::Breaker | Noun::Review | Noun::Task)
    )
}

/// "In sector 7", "on the GPUs", "of them", "of class D", "in quarantine".
fn at_place(reader: &Reader<'_>, at: usize, p: &mut Phrase) -> Option<usize> {
    let text = reader.text(at);
    if let Some((mark, next)) = state(reader, at, true) {
        if p.noun.is_some() || !p.classes.is_empty() || p.all {
            p.marks = Some(p.marks.unwrap_or_default().with(mark));
            return Some(next);
        }
        return None;
    }
    // "From" and "by" part what is moved from where it goes, unless a noun stands before them.
    if matches!(text, "from" | "for" | "by") && p.noun.is_none() && !(p.all && text == "from") {
        return None;
    }
    if text == "by" {
        return None;
    }
    let mut next = at + 1;
    let all = reader.at(next, &["all", "every", "each", "both"]) && !reader.at(next, &["both"]);
    if all {
        next = reader.skip(next, &["all", "every", "each", "of"]);
    }
    if reader.at(next, &["the", "our", "your"])
        && !reader.at(next + 1, &["last", "first", "past", "next", "previous"])
    {
        next += 1;
    }
    let bare = matches!(text, "in" | "of" | "on" | "at")
        && (p.noun.is_some() || p.sort.is_some() || p.filters())
        && !p.places();
    if let Some((places, after)) = place(reader, next, bare) {
        // A length of time is no place.
        if crate::token::unit(reader.text(after)).is_some() || p.places() {
            return None;
        }
        take(p, places);
        // "In sector 7 and 8", "in sectors 3, 4 and 5" are read by the place itself; "in 7-4 and 7-5" here.
        let mut end = after;
        while reader.at(end, &["and", ",", "or"]) {
            match place(reader, end + 1, false) {
                Some((more, after))
                    if reader.words.get(after).is_none_or(|w| {
                        w.form != Form::Base
                            || w.lemma.is_empty()
                            || !matches!(w.lemma, "avoid" | "freeze")
                    }) =>
                {
                    take(p, more);
                    end = after;
                }
                _ => break,
            }
        }
        if reader.text(end) == "'s" {
            return None;
        }
        return Some(end);
    }
    if let Some((class, after)) =
        lettered(reader, next).or_else(|| class_word(reader, next).map(|class| (class, next + 1)))
    {
        if !p.classes.is_empty() && text != "on" {
            return None;
        }
        p.classes.push((class, true));
        let after = reader.skip(
            after,
            &["agents", "functions", "nodes", "boxes", "class", "workers"],
        );
        return Some(after);
    }
    if reader.at(next, &["mesh", "fleet", "system", "network"]) {
        p.mesh = true;
        return Some(next + 1);
    }
    if reader.at(next, &["total", "all"]) && text == "in" {
        return Some(next + 1);
    }
    // References: "of them", "in that cluster", "in there".
    let mut other = Phrase::default();
    let from = if reader.text(next.wrapping_sub(1)) == "the" {
        next - 1
    } else {
        next
    };
    let after = refer(reader, from, &mut other)?;
    if p.refer.is_none() || matches!(p.refer, Some(Refer::Slow)) {
        p.refer = other.refer;
    }
    (after > from).then_some(after)
}

/// What is said of a phrase: "are offline", "have a queue over 10", "can do vision".
pub(crate) fn predicate(reader: &Reader<'_>, at: usize, p: &mut Phrase) -> Option<usize> {
    let mut i = at;
    let mut any = false;
    while let Some(next) = one_predicate(reader, i, p) {
        any = true;
        i = next;
        let joined = reader.skip(i, &["and", "but", "or", "nor", ","]);
        let joined_any = joined > i && joined <= i + 2;
        if joined_any
            && one_predicate(reader, joined, &mut p.clone()).is_some()
            && !reader.at(joined, &["not"])
        {
            i = joined;
        } else {
            break;
        }
    }
    any.then_some(i)
}

fn one_predicate(reader: &Reader<'_>, at: usize, p: &mut Phrase) -> Option<usize> {
    let words = reader.words;
    let fill = [
        "is",
        "are",
        "was",
        "were",
        "be",
        "been",
        "being",
        "am",
        "have",
        "has",
        "had",
        "do",
        "does",
        "did",
        "currently",
        "now",
        "still",
        "got",
        "all",
        "either",
        "presently",
        "actually",
        "a",
        "an",
        "the",
        "already",
    ];
    let mut i = reader.skip(at, &fill);
    if let Some((sort, order, next)) =
        with_the_most(words, reader.skip(at, &fill[..fill.len() - 4]))
    {
        (p.sort, p.order, p.superlative) = (Some(sort), Some(order), true);
        return Some(next);
    }
    let mut negated = false;
    if let Some((found, next)) = term(words, i) {
        p.terms.push(found);
        return Some(next);
    }
    if reader.at(i, &["not", "neither", "no"]) {
        negated = true;
        i = reader.skip(i + 1, &fill);
        if let Some((mut found, next)) = term(words, i) {
            found.negated ^= true;
            p.terms.push(found);
            return Some(next);
        }
    }
    if reader.at(i, &["can", "could", "able", "may"]) {
        let from = if reader.at(i + 1, &["to"]) {
            i + 2
        } else {
            i + 1
        };
        let (cannot, from) = if reader.at(from, &["not"]) {
            (true, from + 1)
        } else {
            (false, from)
        };
        let next = can(reader, from, p)?;
        if cannot && let Some(last) = p.terms.last_mut() {
            last.negated = true;
        }
        return Some(next);
    }
    if matches!(
        reader.lemma(i),
        "hold" | "support" | "offer" | "share" | "run" | "use"
    ) {
        let from = reader.skip(i + 1, &["the"]);
        if let Some((mut found, next)) = term(words, from) {
            found.negated ^= negated;
            p.terms.push(found);
            return Some(next);
        }
    }
    let mut next = None;
    let mut marks = Marks::default();
    while let Some((mark, after)) = state(reader, i, true) {
        marks = marks.with(mark);
        next = Some(after);
        let joined = reader.skip(after, &["or", "and", "nor", ","]);
        let joined = reader.skip(joined, &["are", "is", "either"]);
        if joined == after || state(reader, joined, true).is_none() {
            break;
        }
        i = joined;
    }
    if let Some(next) = next {
        let slot = if negated {
            &mut p.not_marks
        } else {
            &mut p.marks
        };
        *slot = Some(marks.iter().fold(slot.unwrap_or_default(), Marks::with));
        return Some(next);
    }
    if reader.at(
        i,
        &[
            "open",
            "unresolved",
            "pending",
            "outstanding",
            "waiting",
            "unsettled",
            "tripped",
        ],
    ) && rows_of(p)
    {
        p.open = Some(if negated {
            Openness::Closed
        } else {
            Openness::Open
        });
        return Some(i + 1);
    }
    if reader.at(i, &["closed", "resolved", "settled", "done", "finished"]) && rows_of(p) {
        p.open = Some(if negated {
            Openness::Open
        } else {
            Openness::Closed
        });
        return Some(i + 1);
    }
    if let Some(class) = class(reader.lemma(i)) {
        p.classes.push((class, !negated));
        return Some(reader.skip(i + 1, &["agents"]));
    }
    if reader.at(i, &["in", "on", "of", "at", "from"]) && !negated {
        return at_place(reader, i, p);
    }
    if reader.at(i, &["there", "here"]) && !negated {
        // "How many are there" says that there are some, not where.
        if i == at || reader.at(i, &["here"]) {
            p.refer = p.refer.or(Some(Refer::There));
        }
        return Some(i + 1);
    }
    None
}

/// "Do `llm_inference`", "run vision", "`llm_inference"`: what they can.
fn can(reader: &Reader<'_>, at: usize, p: &mut Phrase) -> Option<usize> {
    use mesh_core::place::scope::Term;
    let from = reader.skip(
        at,
        &[
            "do", "run", "perform", "handle", "serve", "the", "execute", "process", "use",
        ],
    );
    let word = reader.words.get(from)?;
    let name = super::compare::name(word)
        .filter(|name| name.contains('_') || word.lemma.is_empty() || from > at)?;
    p.terms
        .push(Term::parse(&format!("capability={name}")).ok()?);
    Some(from + 1)
}
