//! The grammar of noun phrases: determiner, number, rank, adjectives, head, and what may stand behind it.

use super::adjective::{adjectives, lettered, noun, rows, state};
use super::behind::behind;
use super::place::{Places, belongs_to_next, place};
use super::rank::{sorted, superlative};
use super::{Noun, Phrase, Pick, Refer};
use crate::lexicon::{Form, class};
use crate::quantity::{is_one, ordinal, quantity};
use crate::reader::Reader;
use crate::token::Kind;
use mesh_core::place::Class;

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
                except,
                start,
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
pub(crate) fn exception(reader: &Reader<'_>, at: usize) -> Option<(Phrase, usize)> {
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
    if p.refer.is_none() || p.noun.is_some() || possessive(reader, i) {
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
pub(super) fn possessive(reader: &Reader<'_>, at: usize) -> bool {
    at > 0
        && matches!(
            reader.text(at.wrapping_sub(1)),
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
        if reader.at(next, &["and", ","])
            && let Some((more, after)) = place(reader, next + 1, false)
        {
            take(&mut p, more);
            return Some((p, after));
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

pub(super) fn take(p: &mut Phrase, places: Places) {
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
                if text == "all"
                    && let Some((n, next)) = quantity(reader.words, i + 1)
                    && !belongs_to_next(reader.words, next)
                    && n <= 64.0
                    && !reader.at(next, &["of"])
                    && class(reader.lemma(next)).is_none()
                {
                    p.refer = Some(Refer::Several(n as u32));
                    return next;
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

pub(super) fn noun_or_class(reader: &Reader<'_>, at: usize) -> bool {
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
        "auto" | "automatically" => {
            p.auto = true;
            Some(at + 1)
        }
        _ => None,
    }
}

/// Words that refer to what was said before.
pub(super) fn refer(reader: &Reader<'_>, at: usize, p: &mut Phrase) -> Option<usize> {
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
        "them" | "they" | "their" | "theirs" => {
            // "Them both", "them all".
            let more = text == "them" && reader.at(at + 1, &["both", "all"]);
            put(p, Refer::Them, if more { at + 2 } else { at + 1 })
        }
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
pub(super) fn value_after(reader: &Reader<'_>, at: usize) -> Option<usize> {
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
            p.singular = is_one(n);
            i = next;
            if reader.at(i, &["of"]) && reader.at(i + 1, &["the", "those", "these", "our", "your"])
            {
                i += 2;
            } else if reader.at(i, &["of"]) {
                return i;
            }
            i = reader.skip(i, &["more", "additional", "extra", "new", "other"]);
        } else if i == at
            && !p.definite
            && !p.all
            && let Some((places, next)) =
                place(reader, i, true).filter(|(_, next)| !belongs_to_next(reader.words, *next))
            && (matches!(reader.words[i].token.kind, Kind::Number(_))
                || crate::quantity::is_number_word(reader.text(i)) && reader.text(i) != "one")
        {
            take(p, places);
            return next;
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
    // "The last 50 events" are counted, not picked.
    let counted = quantity(reader.words, next).is_some_and(|(_, after)| rows(reader, after));
    if counted {
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
            && p.count.is_none_or(is_one);
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
        if let Some((noun, after)) = noun(reader, next)
            && (noun == Noun::Agent || !matches!(noun, Noun::Cluster | Noun::Sector))
        {
            p.noun = Some(noun);
            p.singular = p.singular && reader.words[after - 1].form == Form::Base;
            next = after;
        }
        if reader.at(next, &["ones"]) {
            next += 1;
        }
        return next;
    }
    if let Some((noun, next)) = noun(reader, at) {
        p.noun = Some(noun);
        p.singular |= reader.words[next - 1].form == Form::Base
            && p.count.is_none_or(is_one)
            && reader.text(next.wrapping_sub(1)) != "work";
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

pub(super) fn class_word(reader: &Reader<'_>, at: usize) -> Option<Class> {
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
