//! Adjectives and heads: ranks, states, classes, and the nouns that rows are called by.

use super::core::noun_or_class;
use super::place::place;
use super::rank::superlative;
use super::{Noun, Phrase, Refer};
use crate::lexicon::{Form, class};
use crate::quantity::{is_one, quantity};
use crate::reader::Reader;
use mesh_core::operation::word::Openness;
use mesh_core::place::Class;
use mesh_core::place::scope::Mark;

pub(super) fn adjectives(reader: &Reader<'_>, at: usize, p: &mut Phrase) -> usize {
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
                    p.singular = is_one(n);
                }
                i = next;
            }
        }
        match reader.text(i) {
            "worst" | "best" if p.count.is_none() && p.sort.is_none() => {
                if let Some((n, next)) = quantity(reader.words, i + 1)
                    .filter(|(_, next)| crate::token::unit(reader.text(*next)).is_none())
                {
                    (p.count, p.superlative) = (Some(n), true);
                    p.sort = Some(mesh_core::operation::word::SortBy::Impedance);
                    i = next;
                } else if noun_or_class(reader, i + 1) {
                    p.superlative = true;
                    p.sort = Some(mesh_core::operation::word::SortBy::Impedance);
                    i += 1;
                }
            }
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
                i += 1;
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
        if let Some((mark, next)) = state(reader, i, false)
            .filter(|(_, next)| !reader.at(i, &["in", "out"]) && more_of_phrase(reader, *next))
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
pub(super) fn rows(reader: &Reader<'_>, at: usize) -> bool {
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
pub(super) fn lettered(reader: &Reader<'_>, at: usize) -> Option<(Class, usize)> {
    if !matches!(reader.lemma(at), "class" | "classes") {
        return None;
    }
    let text = reader.text(at + 1);
    let class = class(text).or_else(|| Class::parse(text))?;
    Some((class, at + 2))
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
        ("up", _) if said && !reader.at(next, &["to", "with"]) => (Mark::Active, next),
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
