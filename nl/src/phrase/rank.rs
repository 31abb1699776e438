//! What a phrase is sorted by, and which end comes first: "slowest", "most reliable", "by queue, longest first".

use super::Phrase;
use super::compare::metric;
use crate::lexicon::Lexeme;
use crate::quantity::stands;
use mesh_core::operation::word::{Order, SortBy};

fn text(words: &[Lexeme], at: usize) -> &str {
    words.get(at).map_or("", |word| word.token.text.as_str())
}

/// What a metric's key is called as something to sort by.
pub(super) fn sort_by(words: &[Lexeme], at: usize) -> Option<(SortBy, usize)> {
    if words.get(at).is_some_and(|w| w.is("agent") || w.is("size")) {
        return Some((SortBy::Agents, at + 1));
    }
    if words
        .get(at)
        .is_some_and(|w| w.is("speed") || w.is("slowness"))
    {
        return Some((SortBy::Impedance, at + 1));
    }
    let (key, next) = metric(words, at)?;
    let sort = match key {
        "impedance" | "latency" => SortBy::Impedance,
        "queue" => SortBy::Queue,
        "reliability" => SortBy::Reliability,
        "drift" => SortBy::Drift,
        "conflicts" => SortBy::Conflicts,
        _ => return None,
    };
    Some((sort, next))
}

/// A superlative before the noun: `slowest`, `most reliable`, `busiest`.
pub(super) fn superlative(words: &[Lexeme], at: usize) -> Option<(SortBy, Order, usize)> {
    let (up, down) = (Order::Ascending, Order::Descending);
    let one = |sort, order| Some((sort, order, at + 1));
    let two = |sort, order| Some((sort, order, at + 2));
    match text(words, at) {
        "slowest" | "laggiest" => one(SortBy::Impedance, down),
        "fastest" | "quickest" | "snappiest" => one(SortBy::Impedance, up),
        "busiest" => one(SortBy::Queue, down),
        "idlest" => one(SortBy::Queue, up),
        "flakiest" => one(SortBy::Reliability, up),
        "steadiest" => one(SortBy::Drift, up),
        "most" => match text(words, at + 1) {
            "reliable" => two(SortBy::Reliability, down),
            "unreliable" => two(SortBy::Reliability, up),
            "slow" | "sluggish" => two(SortBy::Impedance, down),
            "fast" | "quick" => two(SortBy::Impedance, up),
            "busy" | "loaded" | "backlogged" => two(SortBy::Queue, down),
            "drifting" => two(SortBy::Drift, down),
            "conflicted" => two(SortBy::Conflicts, down),
            _ => None,
        },
        "least" => match text(words, at + 1) {
            "reliable" => two(SortBy::Reliability, up),
            "unreliable" => two(SortBy::Reliability, down),
            "busy" | "loaded" => two(SortBy::Queue, up),
            "slow" => two(SortBy::Impedance, up),
            "drifting" => two(SortBy::Drift, up),
            "conflicted" => two(SortBy::Conflicts, up),
            _ => None,
        },
        "worst" | "best" | "top" | "bottom" | "highest" | "lowest" => None,
        _ => None,
    }
}

/// Which end an adjective of size asks for.
fn end(word: &str) -> Option<Order> {
    Some(match word {
        "most" | "highest" | "longest" | "largest" | "biggest" | "greatest" | "deepest"
        | "heaviest" | "maximum" | "max" | "tallest" => Order::Descending,
        "fewest" | "least" | "lowest" | "shortest" | "smallest" | "minimum" | "min"
        | "lightest" => Order::Ascending,
        _ => return None,
    })
}

/// What stands behind the noun: "with the most conflicts", "with the longest queues", "that drift the most".
pub(super) fn with_the_most(words: &[Lexeme], at: usize) -> Option<(SortBy, Order, usize)> {
    let mut from = at;
    if matches!(
        text(words, from),
        "with" | "having" | "has" | "have" | "which" | "that" | "who" | "got" | "of"
    ) {
        from += 1;
        if matches!(text(words, from), "has" | "have" | "had") {
            from += 1;
        }
    }
    if matches!(text(words, from), "the" | "its" | "their") {
        from += 1;
    }
    let order = end(text(words, from))?;
    let next = if matches!(text(words, from + 1), "number") && text(words, from + 2) == "of" {
        from + 3
    } else {
        from + 1
    };
    let next = if matches!(text(words, next), "mean" | "average" | "open") {
        next + 1
    } else {
        next
    };
    let (sort, next) = sort_by(words, next)?;
    let next = if text(words, next) == "first" {
        next + 1
    } else {
        next
    };
    Some((sort, order, next))
}

/// "Sorted by queue, descending", "by impedance", "slowest first".
pub(super) fn sorted(words: &[Lexeme], at: usize, phrase: &mut Phrase) -> Option<usize> {
    let mut next = at;
    if text(words, next) == "," {
        next += 1;
    }
    let said = words.get(next).is_some_and(|w| {
        matches!(w.lemma, "sort" | "order" | "rank" | "arrange")
            && w.form != crate::lexicon::Form::Base
    });
    let said = said
        || text(words, next) == "in"
            && text(words, next + 1) == "order"
            && text(words, next + 2) == "of";
    if said {
        next += if text(words, next) == "in" { 2 } else { 1 };
    }
    if text(words, next) == "by" || (said && text(words, next) == "of") {
        if let Some(after) = stands(words, next + 1, &["place"]) {
            return Some(after);
        }
        let mut from = next + 1;
        let mut order = None;
        while matches!(
            text(words, from),
            "the"
                | "their"
                | "its"
                | "descending"
                | "ascending"
                | "mean"
                | "average"
                | "number"
                | "of"
        ) || end(text(words, from)).is_some()
        {
            match text(words, from) {
                "descending" => order = Some(Order::Descending),
                "ascending" => order = Some(Order::Ascending),
                other => order = end(other).or(order),
            }
            from += 1;
        }
        let (sort, after) = sort_by(words, from)?;
        phrase.sort = Some(sort);
        phrase.order = phrase.order.or(order);
        let (order, after) = direction(words, after, Some(sort))
            .map_or((None, after), |(order, after)| (Some(order), after));
        phrase.order = order.or(phrase.order);
        return Some(after);
    }
    let (order, after) = direction(words, next, phrase.sort)?;
    if phrase.sort.is_none() {
        // "Slowest first" says both.
        let (sort, _, _) = superlative(words, next)?;
        phrase.sort = Some(sort);
    }
    phrase.order = Some(order);
    Some(after)
}

/// `descending`, `longest first`, `in ascending order`, `from slowest to fastest`.
fn direction(words: &[Lexeme], at: usize, sort: Option<SortBy>) -> Option<(Order, usize)> {
    let mut next = at;
    while matches!(
        text(words, next),
        "," | "in" | "from" | "the" | "and" | "with"
    ) {
        next += 1;
    }
    let order_word = |next: usize| {
        if text(words, next) == "order" {
            next + 1
        } else {
            next
        }
    };
    match text(words, next) {
        "descending" | "desc" | "decreasing" => {
            return Some((Order::Descending, order_word(next + 1)));
        }
        "ascending" | "asc" | "increasing" => {
            return Some((Order::Ascending, order_word(next + 1)));
        }
        _ => {}
    }
    let (order, after) = if let Some((_, order, after)) = superlative(words, next) {
        (order, after)
    } else if let Some(order) = end(text(words, next)) {
        (
            order,
            sort_by(words, next + 1).map_or(next + 1, |(_, after)| after),
        )
    } else {
        // The worst of reliability is the least, of all else the most.
        let reliability = sort == Some(SortBy::Reliability);
        let order = match text(words, next) {
            "worst" if reliability => Order::Ascending,
            "best" if reliability => Order::Descending,
            "worst" | "high" | "higher" | "long" | "big" | "large" => Order::Descending,
            "best" | "low" | "lower" | "short" | "small" => Order::Ascending,
            _ => return None,
        };
        (order, next + 1)
    };
    match text(words, after) {
        "first" | "on" => Some((
            order,
            if text(words, after) == "on" {
                after + 2
            } else {
                after + 1
            },
        )),
        "to" => Some((order, after + 2)),
        _ => None,
    }
}
