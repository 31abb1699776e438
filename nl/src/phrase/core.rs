//! The grammar of noun phrases: determiner, number, rank, adjectives, head, and what may stand behind it.

use super::compare::term;
use super::place::{Places, belongs_to_next, place};
use super::rank::{sorted, superlative, with_the_most};
use super::{Noun, Phrase, Pick, Refer};
use crate::lexicon::{Form, class};
use crate::quantity::{ordinal, quantity};
use crate::reader::Reader;
use crate::token::Kind;
use mesh_core::operation::word::Openness;
use mesh_core::place::Class;
use mesh_core::place::scope::{Mark, Marks};

/// Phrases joined by "and" in one breath at most.
const JOINED_MAX: usize = 64;

/// A noun phrase with all that is joined to it and excepted from it.
pub(crate) fn phrase(reader: &Reader<'_>, at: usize) -> Option<(Phrase, usize)> {
    let (mut phrase, mut next) = core(reader, at)?;
    while phrase.more.len() < JOINED_MAX {
        let Some((other, after)) = joined(reader, next, &phrase) else {
            break;
        };
        // "Those two, 7-4-12 and 7-4-19": named after all.
        if phrase.refer.is_some() && !phrase.names() && other.places() {
            let (start, except) = (phrase.start, phrase.except.take());
            phrase = Phrase {
                start,
                except,
                ..other
            };
        } else {
            phrase.more.push(other);
        }
        next = after;
    }
    if let Some((except, after)) = exception(reader, next) {
        phrase.except = Some(Box::new(except));
        next = after;
    }
    if let Some(after) = sorted(reader.words, next, &mut phrase) {
        next = after;
    }
    phrase.end = next;
    Some((phrase, next))
}

/// "And the Pis", ", sector 9".
fn joined(reader: &Reader<'_>, at: usize, first: &Phrase) -> Option<(Phrase, usize)> {
    let mut next = reader.skip(at, &[",", "and", "or", "&", "plus"]);
    if next == at || next > at + 2 || !(first.is_scope()) {
        return None;
    }
    next = reader.skip(next, &["also", "both"]);
    let prepositions = ["in", "on", "of", "to", "from", "at"];
    if reader.at(next, &prepositions) {
        next += 1;
    }
    let (other, after) = core(reader, next)?;
    // A bare number joins bare numbers and what is named by numbers; "and 50 agents" begins something else.
    let fits = other.names() && other.count.is_none() && !other.vague
        || other.refer.is_some() && first.names() && other.noun.is_none();
    let numbers = !other.is_number() || first.places();
    // "Sector 7 and its tasks", "7-4 and list agents": not of this kind.
    let verb = reader.words.get(after).is_some_and(|w| {
        w.form == Form::Base && matches!(w.lemma, "avoid" | "freeze" | "heal" | "thaw")
    });
    (fits && numbers && !verb).then_some((other, after))
}

/// What is left out: "but 7-4-12", "except for the Pis", ", not sector 3".
fn exception(reader: &Reader<'_>, at: usize) -> Option<(Phrase, usize)> {
    let from = reader.skip(at, &[","]);
    let heads = [
        "with the exception of",
        "apart from",
        "aside from",
        "other than",
        "except for",
        "except in",
        "except on",
        "except",
        "excepting",
        "excluding",
        "but for",
        "but not",
        "and not",
        "but leave out",
        "leaving out",
        "but",
        "besides",
        "save for",
        "save",
        "without",
        "minus",
        "bar",
        "barring",
        "not",
    ];
    let next = heads
        .iter()
        .filter_map(|head| reader.stands(from, head))
        .max()?;
    let next = reader.skip(next, &["the", "for", "in", "on"]);
    let bare = reader.text(next.saturating_sub(1)) == "the";
    let (phrase, after) = joined_core(reader, if bare { next - 1 } else { next })?;
    (phrase.names() || phrase.refer.is_some() || phrase.pick.is_some()).then_some((phrase, after))
}

fn joined_core(reader: &Reader<'_>, at: usize) -> Option<(Phrase, usize)> {
    let (mut phrase, mut next) = core(reader, at)?;
    while phrase.more.len() < JOINED_MAX {
        let Some((other, after)) = joined(reader, next, &phrase) else {
            break;
        };
        phrase.more.push(other);
        next = after;
    }
    Some((phrase, next))
}

/// One phrase that is not a bare number of anything: "7-4", "the GPUs", not "and", not "5 minutes".
pub(crate) fn alone(reader: &Reader<'_>, at: usize) -> Option<(Phrase, usize)> {
    core(reader, at)
}

fn core(reader: &Reader<'_>, at: usize) -> Option<(Phrase, usize)> {
    let mut p = Phrase {
        start: at,
        ..Phrase::default()
    };
    let mut i = at;
    // "What 7-4-12 is doing", "whatever it is working on", "everything 9-9-9 is running".
    if let Some((whose, next)) = doing(reader, at) {
        return Some((
            Phrase {
                start: at,
                end: next,
                ..whose
            },
            next,
        ));
    }
    if let Some(next) = reader
        .stands(at, "whatever needs it")
        .or_else(|| reader.stands(at, "whatever needs healing"))
        .or_else(|| reader.stands(at, "whatever is broken"))
        .or_else(|| reader.stands(at, "what needs it"))
        .or_else(|| reader.stands(at, "what needs healing"))
        .or_else(|| reader.stands(at, "whatever is sick"))
        .or_else(|| reader.stands(at, "whatever is wrong"))
        .or_else(|| reader.stands(at, "what is broken"))
        .or_else(|| reader.stands(at, "whatever needs healing"))
    {
        return Some((
            Phrase {
                auto: true,
                start: at,
                end: next,
                ..Phrase::default()
            },
            next,
        ));
    }
    i = determiner(reader, i, &mut p);
    if p.refer.is_none() || p.noun.is_some() {
        i = inner(reader, i, &mut p);
    } else if possessive(reader, i) {
        i = inner(reader, i, &mut p);
    }
    // Nothing yet that a phrase is about.
    let nothing =
        !p.is_scope() && p.noun.is_none() && p.sort.is_none() && p.open.is_none() && !p.any;
    if nothing || (i == at) {
        return None;
    }
    if p.any && p.noun.is_none() && !p.is_scope() && p.sort.is_none() {
        return None;
    }
    i = behind(reader, i, &mut p);
    p.end = i;
    Some((p, i))
}

/// Whether what follows a possessive ("its", "their") is what it owns.
fn possessive(reader: &Reader<'_>, at: usize) -> bool {
    at > 0
        && matches!(
            reader.text(at - 1),
            "its" | "their" | "those" | "these" | "that" | "this" | "them" | "'s" | "same"
        )
}

fn doing(reader: &Reader<'_>, at: usize) -> Option<(Phrase, usize)> {
    if !reader.at(at, &["what", "whatever", "everything", "anything", "all"]) {
        return None;
    }
    let from = if reader.at(at + 1, &["that", "the"]) {
        at + 2
    } else {
        at + 1
    };
    let from = if reader.at(from, &["work", "tasks", "jobs"]) {
        from + 1
    } else {
        from
    };
    let (mut p, next) = place_only(reader, from)?;
    let next = reader.skip(
        next,
        &[
            "is",
            "are",
            "was",
            "were",
            "has",
            "have",
            "currently",
            "now",
            "been",
        ],
    );
    let busy = matches!(
        reader.lemma(next),
        "do" | "run" | "process" | "handle" | "execute" | "work"
    ) && matches!(
        reader.words.get(next)?.form,
        Form::Ing | Form::Base | Form::S
    );
    let busy = busy
        || reader.at(next, &["busy"])
        || reader.stands(next, "up to").is_some()
        || reader.stands(next, "running").is_some();
    if !busy {
        return None;
    }
    let next = reader.skip(next + 1, &["on", "with", "at", "to", "now", "currently"]);
    p.noun = Some(Noun::Task);
    Some((p, next))
}

/// A place or a reference, with nothing else.
fn place_only(reader: &Reader<'_>, at: usize) -> Option<(Phrase, usize)> {
    let mut p = Phrase::default();
    if let Some((places, next)) = place(reader, at, false) {
        take(&mut p, places);
        // "7-4-12 and 7-4-19 are doing".
        if reader.at(next, &["and", ","]) {
            if let Some((more, after)) = place(reader, next + 1, false) {
                take(&mut p, more);
                return Some((p, after));
            }
        }
        return Some((p, next));
    }
    p.refer = Some(match reader.text(at) {
        "it" | "that" | "this" | "he" | "she" => Refer::It,
        "they" | "those" | "them" => Refer::Them,
        _ => {
            let (p, next) = core_class(reader, at)?;
            return Some((p, next));
        }
    });
    Some((p, at + 1))
}

/// "The GPUs", "agent 7-4-12".
fn core_class(reader: &Reader<'_>, at: usize) -> Option<(Phrase, usize)> {
    let at = reader.skip(at, &["the", "all"]);
    let class = class(reader.lemma(at))?;
    let mut p = Phrase::default();
    p.classes.push((class, true));
    Some((p, at + 1))
}

fn take(p: &mut Phrase, places: Places) {
    p.spots.extend(places.spots);
    p.scopes.extend(places.scopes);
    if p.missing.is_none() {
        p.missing = places.missing;
    }
}

/// Determiners and what refers.
fn determiner(reader: &Reader<'_>, at: usize, p: &mut Phrase) -> usize {
    let mut i = at;
    loop {
        let text = reader.text(i);
        match text {
            "all" | "every" | "each" | "entire" | "whole" | "complete" => {
                p.all = true;
                // "All three" refers, when nothing follows that it counts.
                if text == "all" {
                    if let Some((n, next)) = quantity(reader.words, i + 1) {
                        if !belongs_to_next(reader.words, next)
                            && n <= 64.0
                            && !reader.at(next, &["of"])
                            && class(reader.lemma(next)).is_none()
                        {
                            p.refer = Some(Refer::Several(n as u32));
                            return next;
                        }
                    }
                }
                i += 1;
                if reader.at(i, &["of"]) {
                    i += 1;
                }
                if text == "every" && reader.at(i, &["single", "last"]) {
                    i += 1;
                }
            }
            "the" => {
                p.definite = true;
                i += 1;
            }
            "any" => {
                p.any = true;
                i += 1;
            }
            "a" | "an" if !counts(reader, i) => {
                p.count = Some(1.0);
                p.singular = true;
                i += 1;
            }
            "some" | "several" | "many" | "more" | "additional" | "extra" | "other"
                if p.refer.is_none() && reader.text(i + 1) != "of" =>
            {
                if text == "other" && p.definite && !noun_or_class(reader, i + 1) {
                    p.refer = Some(Refer::Other);
                    let next = i + 1;
                    return if reader.at(next, &["one", "ones", "two"]) {
                        next + 1
                    } else {
                        next
                    };
                }
                p.vague |= matches!(text, "some" | "several" | "many");
                i += 1;
            }
            _ => break,
        }
    }
    everything(reader, i, p)
        .or_else(|| refer(reader, i, p))
        .unwrap_or(i)
}

/// Whether a quantity of several words begins here: "a couple", "a hundred".
fn counts(reader: &Reader<'_>, at: usize) -> bool {
    reader.at(
        at + 1,
        &[
            "couple", "few", "dozen", "hundred", "thousand", "half", "pair", "million", "quarter",
            "single",
        ],
    )
}

fn noun_or_class(reader: &Reader<'_>, at: usize) -> bool {
    noun(reader, at).is_some() || class(reader.lemma(at)).is_some()
}

/// The whole mesh.
fn everything(reader: &Reader<'_>, at: usize, p: &mut Phrase) -> Option<usize> {
    match reader.text(at) {
        "everyone" | "everybody" | "everything" | "everywhere" => {
            p.all = true;
            Some(if reader.at(at + 1, &["else"]) {
                at + 2
            } else {
                at + 1
            })
        }
        "mesh" | "fleet" => {
            p.mesh = true;
            Some(at + 1)
        }
        "lot" | "thing" | "system" | "network" | "shebang" if p.all => {
            p.mesh = true;
            Some(at + 1)
        }
        "anything" | "anyone" | "anybody" => {
            p.any = true;
            p.noun = Some(Noun::Agent);
            Some(at + 1)
        }
        "auto" => {
            p.auto = true;
            Some(at + 1)
        }
        _ => None,
    }
}

/// Words that refer to what was said before.
fn refer(reader: &Reader<'_>, at: usize, p: &mut Phrase) -> Option<usize> {
    let text = reader.text(at);
    let put = |p: &mut Phrase, refer: Refer, next: usize| {
        p.refer = Some(refer);
        Some(next)
    };
    match text {
        "it" => put(p, Refer::It, at + 1),
        "its" => {
            p.singular = false;
            put(p, Refer::It, at + 1)
        }
        "them" | "they" | "their" | "theirs" => put(p, Refer::Them, at + 1),
        "there" | "here" => put(p, Refer::There, at + 1),
        "both" => {
            let next = if reader.at(at + 1, &["of"]) {
                at + 2
            } else {
                at + 1
            };
            let next = if next > at + 1 && reader.at(next, &["them", "those", "these"]) {
                next + 1
            } else {
                next
            };
            put(p, Refer::Several(2), next)
        }
        "that" | "this" | "those" | "these" | "same" | "said" => {
            let many = matches!(text, "those" | "these");
            let next = at + 1;
            if let Some((noun, after)) = noun(reader, next) {
                // "Those agents", "that cluster", "this one's tasks".
                if matches!(noun, Noun::Agent | Noun::Cluster | Noun::Sector)
                    && value_after(reader, after).is_none()
                {
                    p.refer = Some(if many { Refer::Them } else { Refer::That(noun) });
                    p.noun = None;
                    return Some(after);
                }
                if value_after(reader, after).is_some() {
                    return None;
                }
            }
            // "Those two, 7-4-12 and 7-4-19".
            if many {
                let after = quantity(reader.words, next)
                    .filter(|(_, a)| !belongs_to_next(reader.words, *a))
                    .map_or(next, |(_, a)| a);
                return put(p, Refer::Them, after);
            }
            if matches!(text, "same" | "said")
                || text == "this" && reader.at(next, &["week", "month", "time"])
            {
                return None;
            }
            let next = if reader.at(next, &["one", "thing"]) {
                next + 1
            } else {
                next
            };
            put(p, Refer::It, next)
        }
        "rest" | "others" if p.definite || text == "others" => put(p, Refer::Other, at + 1),
        _ => None,
    }
}

/// Whether a number or a place stands here: "that sector 7" names it after all.
fn value_after(reader: &Reader<'_>, at: usize) -> Option<usize> {
    place(reader, at, true).map(|(_, next)| next)
}

/// Positions, number, rank, adjectives and head.
fn inner(reader: &Reader<'_>, at: usize, p: &mut Phrase) -> usize {
    let mut i = at;
    // A place with its kind goes first: "sector 7", "the last sector".
    if let Some((places, next)) = place(reader, i, false) {
        take(p, places);
        return owned(reader, next, p);
    }
    if let Some(next) = picked(reader, i, p) {
        i = next;
        if reader.at(i, &["of"]) {
            // "The first two of them".
            return i;
        }
    }
    if p.pick.is_none() && !p.singular {
        if let Some((n, next)) = counted(reader, i) {
            p.count = Some(n);
            p.singular = n == 1.0;
            i = next;
            if reader.at(i, &["of"]) && reader.at(i + 1, &["the", "those", "these", "our", "your"])
            {
                i += 2;
            } else if reader.at(i, &["of"]) {
                return i;
            }
            i = reader.skip(i, &["more", "additional", "extra", "new", "other"]);
        } else if i == at && !p.definite && !p.all {
            if let Some((places, next)) =
                place(reader, i, true).filter(|(_, next)| !belongs_to_next(reader.words, *next))
            {
                if matches!(reader.words[i].token.kind, Kind::Number(_))
                    || crate::quantity::is_number_word(reader.text(i)) && reader.text(i) != "one"
                {
                    take(p, places);
                    return next;
                }
            }
        }
    }
    i = adjectives(reader, i, p);
    head(reader, i, p)
}

/// "The first two", "the second one", "the last".
fn picked(reader: &Reader<'_>, at: usize, p: &mut Phrase) -> Option<usize> {
    let nth =
        ordinal(reader.text(at)).filter(|_| p.definite || reader.at(at, &["first", "last"]))?;
    let mut next = at + 1;
    let number = quantity(reader.words, next).filter(|(n, after)| {
        *n <= 64.0
            && (!belongs_to_next(reader.words, *after)
                || reader.at(*after, &["agents", "clusters", "sectors"]))
    });
    // "The last conflict", "the last hour", "the last 20 events" are no positions.
    if noun(reader, next)
        .is_some_and(|(noun, _)| !matches!(noun, Noun::Agent | Noun::Cluster | Noun::Sector))
        || crate::token::unit(reader.text(next)).is_some()
    {
        return None;
    }
    if number.is_none()
        && nth == 0
        && reader.words.get(next).is_some_and(|w| {
            matches!(
                w.lemma,
                "conflict" | "change" | "thing" | "message" | "night"
            )
        })
    {
        return None;
    }
    p.pick = Some(match number {
        Some((n, after)) => {
            next = after;
            if nth == 0 {
                Pick::Last(n as u32)
            } else {
                Pick::First(n as u32)
            }
        }
        None if nth == 0 => Pick::Last(1),
        None => Pick::Nth(nth),
    });
    if reader.at(next, &["one", "ones"]) {
        next += 1;
    } else if let Some((_, after)) = noun(reader, next) {
        next = after;
    }
    Some(next)
}

/// A number that counts what follows.
fn counted(reader: &Reader<'_>, at: usize) -> Option<(f64, usize)> {
    let top = reader.at(at, &["top", "bottom"]);
    let from = if top { at + 1 } else { at };
    let (n, next) = quantity(reader.words, from)?;
    if crate::token::unit(reader.text(next)).is_some() || n < 1.0 || n.fract() > 0.0 {
        return None;
    }
    // Adjectives may stand between: "5 degraded lambdas", "ten least reliable agents".
    let mut probe = next;
    for _ in 0..6 {
        if noun_or_class(reader, probe)
            || superlative(reader.words, probe).is_some()
            || reader.at(probe, &["of", "worst", "best"])
        {
            return Some((n, next));
        }
        if state(reader, probe, false).is_some()
            || reader.at(
                probe,
                &[
                    "more",
                    "new",
                    "additional",
                    "extra",
                    "other",
                    "open",
                    "closed",
                    "most",
                    "recent",
                    "latest",
                    "last",
                    "different",
                    "random",
                    "non",
                    "class",
                    "unreliable",
                    "longest",
                ],
            )
        {
            probe += 1;
        } else {
            break;
        }
    }
    None
}

fn adjectives(reader: &Reader<'_>, at: usize, p: &mut Phrase) -> usize {
    let mut i = at;
    loop {
        let before = i;
        if let Some((sort, order, next)) = superlative(reader.words, i) {
            (p.sort, p.order, p.superlative) = (Some(sort), Some(order), true);
            i = next;
            // "The slowest three", "slowest 3".
            if let Some((n, next)) = quantity(reader.words, i)
                .filter(|(_, next)| crate::token::unit(reader.text(*next)).is_none())
            {
                if p.count.is_none() {
                    p.count = Some(n);
                    p.singular = n == 1.0;
                }
                i = next;
            }
        }
        match reader.text(i) {
            "top" | "bottom" if p.count.is_none() => {
                if let Some((n, next)) = quantity(reader.words, i + 1) {
                    p.count = Some(n);
                    i = next;
                }
            }
            "slow" | "sluggish" | "laggy"
                if reader.at(i + 1, &["ones", "one"])
                    || p.refer.is_some() && reader.at(i + 1, &["agents", "nodes"]) =>
            {
                p.refer = Some(Refer::Slow);
                i += 2;
            }
            "open" | "unresolved" | "pending" | "outstanding" | "waiting" | "unsettled"
            | "tripped"
                if rows(reader, i + 1) =>
            {
                p.open = Some(Openness::Open);
                i += 1;
            }
            "closed" | "resolved" | "settled" | "finished" | "completed" if rows(reader, i + 1) => {
                p.open = Some(Openness::Closed);
                i += 1;
            }
            "non" | "not" if class(reader.lemma(i + 1)).is_some() => {
                if let Some(class) = class(reader.lemma(i + 1)) {
                    p.classes.push((class, false));
                }
                i += 2;
            }
            "non" | "not" => {
                if let Some((mark, next)) = state(reader, i + 1, false) {
                    p.not_marks = Some(p.not_marks.unwrap_or_default().with(mark));
                    i = next;
                }
            }
            "currently" | "presently" | "recent" | "new" | "newest" | "latest"
                if rows_or_agents(reader, i + 1) =>
            {
                i += 1
            }
            "most" if reader.at(i + 1, &["recent"]) => i += 2,
            "last" if rows(reader, i + 1) => i += 1,
            "last" | "latest" | "recent" => {
                // "The last 20 events".
                if let Some((n, next)) =
                    quantity(reader.words, i + 1).filter(|(_, next)| rows(reader, *next))
                {
                    p.count = Some(n);
                    i = next;
                }
            }
            _ => {}
        }
        if let Some((mark, next)) =
            state(reader, i, false).filter(|(_, next)| more_of_phrase(reader, *next))
        {
            p.marks = Some(p.marks.unwrap_or_default().with(mark));
            i = next;
            // "Degraded or offline agents", "offline and degraded GPUs".
            while reader.at(i, &["or", "and", ","]) {
                match state(reader, i + 1, false) {
                    Some((mark, next)) => {
                        p.marks = Some(p.marks.unwrap_or_default().with(mark));
                        i = next;
                    }
                    None => break,
                }
            }
        }
        if let Some(class) = class(reader.lemma(i))
            .filter(|_| more_of_phrase(reader, i + 1) && noun_or_state(reader, i + 1))
        {
            p.classes.push((class, true));
            i += 1;
        }
        if let Some((class, next)) =
            lettered(reader, i).filter(|(_, next)| noun(reader, *next).is_some())
        {
            p.classes.push((class, true));
            i = next;
        }
        if i == before {
            return i;
        }
    }
}

fn noun_or_state(reader: &Reader<'_>, at: usize) -> bool {
    noun(reader, at).is_some()
        || state(reader, at, false).is_some()
        || reader.at(
            at,
            &[
                "functions",
                "boxes",
                "devices",
                "machines",
                "hardware",
                "nodes",
                "ones",
            ],
        )
        || class(reader.lemma(at)).is_some()
}

/// Rows that are no agents.
fn rows(reader: &Reader<'_>, at: usize) -> bool {
    noun(reader, at)
        .is_some_and(|(noun, _)| !matches!(noun, Noun::Agent | Noun::Cluster | Noun::Sector))
}

fn rows_or_agents(reader: &Reader<'_>, at: usize) -> bool {
    noun_or_class(reader, at) || state(reader, at, false).is_some()
}

/// Whether an adjective that ends at `at` can belong to a phrase that goes on there, or ends it.
fn more_of_phrase(reader: &Reader<'_>, at: usize) -> bool {
    noun_or_state(reader, at)
        || reader.text(at).is_empty()
        || reader.at(
            at,
            &[
                "ones",
                "one",
                "or",
                "and",
                ",",
                "in",
                "on",
                "at",
                "there",
                "?",
                ".",
                "of",
                "with",
                "that",
                "which",
                "now",
                "right",
                "please",
                "agents",
                "raspberry",
            ],
        )
        || superlative(reader.words, at).is_some()
        || place(reader, at, false).is_some()
}

/// `class D`, `CLASS_D_GPU`, `class gpu`.
fn lettered(reader: &Reader<'_>, at: usize) -> Option<(Class, usize)> {
    if !matches!(reader.lemma(at), "class" | "classes") {
        return None;
    }
    let text = reader.text(at + 1);
    let class = class(text).or_else(|| Class::parse(text))?;
    Some((class, at + 2))
}

/// The head: a noun, a class, "ones".
fn head(reader: &Reader<'_>, at: usize, p: &mut Phrase) -> usize {
    if let Some((class, mut next)) = lettered(reader, at) {
        p.classes.push((class, true));
        // `class D and E`
        while reader.at(next, &["and", ",", "or"]) {
            match reader.text(next + 1).len() {
                1 => match Class::parse(reader.text(next + 1)) {
                    Some(class) => {
                        p.more.push(Phrase {
                            classes: vec![(class, true)],
                            ..Phrase::default()
                        });
                        next += 2;
                    }
                    None => break,
                },
                _ => break,
            }
        }
        return match noun(reader, next) {
            Some((noun @ (Noun::Agent | Noun::Cluster | Noun::Sector), after)) => {
                p.noun = Some(noun);
                after
            }
            _ => next,
        };
    }
    if let Some(class) = class(reader.lemma(at)) {
        // `local` alone is a word like any other.
        p.classes.push((class, true));
        let mut next = at + 1;
        let text = reader.text(at);
        p.singular |= !text.ends_with('s')
            && !matches!(text, "people" | "folk" | "edge" | "serverless")
            && p.count.is_none_or(|n| n == 1.0);
        if reader.lemma(at) == "raspberry" && class_word(reader, next) == Some(Class::Local) {
            next += 1;
        }
        if reader.at(
            next,
            &[
                "functions",
                "function",
                "boxes",
                "box",
                "devices",
                "device",
                "machines",
                "hardware",
                "operators",
                "class",
            ],
        ) {
            next += 1;
        }
        if let Some((noun, after)) = noun(reader, next) {
            if noun == Noun::Agent || !matches!(noun, Noun::Cluster | Noun::Sector) {
                p.noun = Some(noun);
                p.singular = p.singular && reader.words[after - 1].form == Form::Base;
                next = after;
            }
        }
        if reader.at(next, &["ones"]) {
            next += 1;
        }
        return next;
    }
    if let Some((noun, next)) = noun(reader, at) {
        p.noun = Some(noun);
        p.singular |= reader.words[next - 1].form == Form::Base
            && p.count.is_none_or(|n| n == 1.0)
            && reader.text(next - 1) != "work";
        return next;
    }
    if reader.at(at, &["ones", "one"])
        && (p.marks.is_some()
            || p.sort.is_some()
            || !p.classes.is_empty()
            || p.definite && p.pick.is_some())
    {
        p.singular |= reader.at(at, &["one"]);
        return at + 1;
    }
    // "The slowest", "the offline": the head is understood.
    at
}

fn class_word(reader: &Reader<'_>, at: usize) -> Option<Class> {
    class(reader.lemma(at))
}

/// "Sector 7's five slowest agents".
fn owned(reader: &Reader<'_>, at: usize, p: &mut Phrase) -> usize {
    if reader.text(at) != "'s" {
        return at;
    }
    let next = inner(reader, at + 1, p);
    next.max(at + 1)
}

/// The noun at `at`.
pub(super) fn noun(reader: &Reader<'_>, at: usize) -> Option<(Noun, usize)> {
    let word = reader.words.get(at)?;
    if !matches!(word.form, Form::Base | Form::S) {
        return None;
    }
    let next = at + 1;
    Some(match word.lemma {
        "agent" | "node" | "worker" | "machine" | "device" | "box" | "boxes" | "workers" => {
            (Noun::Agent, next)
        }
        "cluster" => (Noun::Cluster, next),
        "sector" => (Noun::Sector, next),
        "conflict" => (Noun::Conflict, next),
        "breaker" => (Noun::Breaker, next),
        "circuit" if reader.lemma(next) == "breaker" => (Noun::Breaker, next + 1),
        "circuit" => (Noun::Breaker, next),
        "task" | "job" | "workload" | "workloads" => (Noun::Task, next),
        "work" if word.form == Form::Base => (Noun::Task, next),
        "review" => (
            Noun::Review,
            if reader.lemma(next) == "item" || reader.lemma(next) == "request" {
                next + 1
            } else {
                next
            },
        ),
        "approval" => (Noun::Review, next),
        "event" => (Noun::Event, next),
        "operation" | "command" => (Noun::Operation, next),
        _ => return None,
    })
}

/// A state at `at`; `up` and `down` only where something is said to be so.
pub(super) fn state(reader: &Reader<'_>, at: usize, said: bool) -> Option<(Mark, usize)> {
    let word = reader.words.get(at)?;
    let next = at + 1;
    let participle = matches!(word.form, Form::Part);
    Some(match (word.token.text.as_str(), word.lemma) {
        ("active" | "online" | "healthy" | "alive", _) => (Mark::Active, next),
        ("degraded" | "unhealthy" | "struggling", _) => (Mark::Degraded, next),
        ("offline" | "unreachable" | "unresponsive" | "disconnected" | "dead", _) => {
            (Mark::Offline, next)
        }
        ("up", _) if said => (Mark::Active, next),
        ("down", _) if said => (Mark::Offline, next),
        ("in", _) if reader.at(next, &["quarantine", "isolation"]) => (Mark::Quarantined, next + 1),
        ("out", _) if reader.stands(at, "out of rotation").is_some() => (Mark::Avoided, at + 3),
        ("routed", _) if reader.at(next, &["around"]) => (Mark::Avoided, next + 1),
        (_, "quarantine" | "isolate") if participle => (Mark::Quarantined, next),
        (_, "avoid" | "bypass") if participle => (Mark::Avoided, next),
        (_, "freeze" | "pause" | "halt" | "suspend") if participle => (Mark::Frozen, next),
        _ => return None,
    })
}

/// What may stand behind the head.
fn behind(reader: &Reader<'_>, at: usize, p: &mut Phrase) -> usize {
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
            if p.marks.is_none() && !reader.words[at].is("avoid") {
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
    let from = if reader.text(next - 1) == "the" {
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
    loop {
        let Some(next) = one_predicate(reader, i, p) else {
            break;
        };
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
        if cannot {
            if let Some(last) = p.terms.last_mut() {
                last.negated = true;
            }
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
        p.refer = p.refer.or(Some(Refer::There));
        return Some(i + 1);
    }
    None
}

/// "Do llm_inference", "run vision", "llm_inference": what they can.
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
