//! What is passed on and never read: messages, questions and tasks for agents.

mod ask;
mod delegate;

use crate::act::timed;
use crate::context::Context;
use crate::draft::Draft;
use crate::frame::says_nothing;
use crate::heads::{Heads, heads};
use crate::miss::{Miss, Read};
use crate::phrase::{Noun, Phrase, phrase};
use crate::piece::{Piece, Role, pieces};
use crate::reader::Reader;
use crate::token::Kind;

/// A broadcast, a question to agents or a task for them.
pub(crate) fn payload(reader: &Reader<'_>, context: &Context) -> Option<Read> {
    // "In two hours tell sector 12 …": the time comes first.
    let (start, before) = timing(reader);
    let words = reader.part(start, usize::MAX);
    let read = broadcast(&words, context)
        .or_else(|| ask::ask(&words, context))
        .or_else(|| delegate::delegate(&words, context))?;
    Some(read.and_then(|draft| timed(draft, &before)))
}

/// A time at the beginning, with the comma behind it.
fn timing(reader: &Reader<'_>) -> (usize, Vec<Piece>) {
    for next in 1..reader.words.len().min(8) {
        let head = reader.until(next);
        let parts = pieces(&head);
        let timed = matches!(parts.as_slice(), [Piece::Time(_)])
            || matches!(parts.as_slice(), [Piece::Span(span)] if span.role == Role::In);
        // The longest that is nothing but a time.
        if timed {
            let longer = (next + 1..reader.words.len().min(10)).rev().find(|longer| {
                let parts = pieces(&reader.until(*longer));
                matches!(parts.as_slice(), [Piece::Time(_)])
                    || matches!(parts.as_slice(), [Piece::Span(span)] if span.role == Role::In)
            });
            let next = longer.unwrap_or(next);
            let parts = pieces(&reader.until(next));
            return (reader.skip(next, &[",", "please", "then"]), parts);
        }
    }
    (0, Vec::new())
}

fn longest(reader: &Reader<'_>, at: usize, heads: &Heads) -> Option<usize> {
    heads.longest(reader, at)
}

/// The line from one word to behind another, as it was said.
fn said<'a>(reader: &Reader<'a>, from: usize, to: usize) -> Option<&'a str> {
    let (first, last) = (
        reader.words.get(from)?,
        reader.words.get(to.checked_sub(1)?)?,
    );
    let text = reader.line.get(first.token.start..last.token.end)?.trim();
    let text = text.trim_matches(|c: char| matches!(c, ':' | ',' | '—' | '–') || c.is_whitespace());
    (!text.is_empty()).then_some(text)
}

fn quote_at(reader: &Reader<'_>) -> Option<usize> {
    reader
        .words
        .iter()
        .position(|word| matches!(word.token.kind, Kind::Quote(_)))
}

fn quoted<'a>(reader: &Reader<'a>, at: usize) -> Option<&'a str> {
    match &reader.words.get(at)?.token.kind {
        Kind::Quote(text) => Some(text.as_str()),
        _ => None,
    }
}

/// Whom a message goes to: agents, named one way or another.
fn is_recipient(p: &Phrase) -> bool {
    (p.is_scope() || matches!(p.noun, Some(Noun::Agent | Noun::Cluster | Noun::Sector)) || p.any)
        && !matches!(
            p.noun,
            Some(
                Noun::Task
                    | Noun::Conflict
                    | Noun::Review
                    | Noun::Event
                    | Noun::Operation
                    | Noun::Breaker
            )
        )
}

/// A recipient at `at`, without what a message may begin with: terms and predicates belong to the message.
fn recipient_at(reader: &Reader<'_>, at: usize) -> Option<(Phrase, usize)> {
    let (p, next) = phrase(reader, at)?;
    if !is_recipient(&p) {
        return None;
    }
    // "Tell the GPUs that are offline …" is rare, "tell everyone that …" is not: a relative clause is the message.
    let that = (at..next).find(|i| {
        *i > at
            && reader.at(
                *i,
                &[
                    "that", "which", "who", "not", "without", "minus", "is", "are",
                ],
            )
    });
    match that {
        Some(i) if reader.at(i, &["that", "is", "are"]) => {
            let cut = reader.until(i);
            let (p, next) = phrase(&cut, at)?;
            (next == i && is_recipient(&p)).then_some((p, next))
        }
        _ => Some((p, next)),
    }
}

const MESSAGE: &[&str] = &[
    "message",
    "announcement",
    "notice",
    "note",
    "word",
    "news",
    "broadcast",
    "notification",
    "bulletin",
    "memo",
    "alert",
    "warning",
    "reminder",
    "line",
    "text",
    "shout",
];

/// How a message is written: `send a message`, `announce`, `pass on`.
fn broadcast(reader: &Reader<'_>, context: &Context) -> Option<Read> {
    let text = reader.text(0);
    let told = matches!(
        text,
        "tell"
            | "inform"
            | "notify"
            | "remind"
            | "warn"
            | "message"
            | "text"
            | "advise"
            | "instruct"
            | "alert"
            | "brief"
            | "update"
            | "email"
            | "page"
            | "urge"
            | "order"
            | "ping"
            | "signal"
            | "wire"
    );
    if told {
        let from = reader.skip(1, &["please", "to", "over", "in", "out", "on"]);
        if let Some((whom, next)) = recipient_at(reader, from) {
            if reader.lemma(0) == "order" && !(reader.at(next, &["to"]))
                || text == "update" && quote_at(reader).is_none() && !reader.at(next, &["that"])
            {
                return None;
            }
            // "Ping sector 41" measures; it says nothing.
            if matches!(text, "ping" | "page" | "signal") && quote_at(reader).is_none() {
                return None;
            }
            return Some(message(reader, Some(whom), next, context));
        }
        if matches!(text, "tell" | "inform" | "notify" | "message")
            && reader.words.len() > 1
            && !reader.at(1, &["me", "us"])
            && quote_at(reader) == Some(1)
        {
            return Some(message(reader, None, 1, context));
        }
        return None;
    }
    if text == "let" {
        let (whom, next) = recipient_at(reader, 1)?;
        return reader
            .at(next, &["know"])
            .then(|| message(reader, Some(whom), next + 1, context));
    }
    if text == "give" && (1..reader.words.len()).any(|at| MESSAGE.contains(&reader.text(at))) {
        // "Give the GPUs a message: …".
        let (whom, next) = recipient_at(reader, 1)?;
        let next = reader.skip(next, &["the", "a", "this", "following"]);
        return MESSAGE
            .contains(&reader.text(next))
            .then(|| message(reader, Some(whom), next + 1, context));
    }
    let verbs = heads!(
        "broadcast|announce|post|publish|relay|spread|say|send out|send|pass on|pass|write|communicate|push|shout out|\
     shout|put out|transmit|proclaim|blast|circulate|issue|drop|make|do a broadcast|get word|share|distribute|\
     deliver|convey|forward|yell|air|run"
    );
    let from = longest(reader, 0, verbs)?;
    let strong = matches!(
        text,
        "broadcast" | "announce" | "publish" | "proclaim" | "circulate" | "transmit"
    );
    let mut next = reader.skip(
        from,
        &[
            "out",
            "please",
            "a",
            "an",
            "the",
            "this",
            "following",
            "urgent",
            "short",
            "quick",
            "along",
            "on",
            "new",
            "my",
            "important",
        ],
    );
    let urgent = (from..next).any(|at| reader.at(at, &["urgent"]));
    let noun = MESSAGE.contains(&reader.text(next));
    if noun {
        next += 1;
    }
    let next = reader.skip(next, &["out", "saying", "around", "reading", "along"]);
    let quote = quote_at(reader);
    let said_that = matches!(
        text,
        "pass"
            | "say"
            | "write"
            | "relay"
            | "spread"
            | "communicate"
            | "share"
            | "convey"
            | "shout"
    ) && (next..reader.words.len()).any(|at| reader.at(at, &["that", ":"]));
    if !strong && !noun && quote.is_none() && !said_that {
        return None;
    }
    if matches!(
        text,
        "run"
            | "make"
            | "drop"
            | "do"
            | "issue"
            | "push"
            | "deliver"
            | "forward"
            | "share"
            | "put"
            | "distribute"
            | "air"
    ) && !noun
    {
        return None;
    }
    if !strong && !noun && text == "say" && quote.is_none() && !reader.at(next, &["to"]) {
        return None;
    }
    let next = if noun || strong || text != "spread" {
        next
    } else {
        reader.skip(next, &["the", "word", ":"])
    };
    // "To sector 7" may come first.
    let mut whom = None;
    let mut from = reader.skip(next, &[":", ",", "-"]);
    if reader.at(from, &["to", "for", "on", "in", "across", "at"])
        || noun && reader.at(from, &["across", "throughout"])
    {
        if let Some((p, after)) = recipient_at(reader, from + 1) {
            whom = Some(p);
            from = after;
        }
    } else if quote.is_some_and(|quote| quote > from)
        && let Some((p, after)) = recipient_at(reader, from)
    {
        whom = Some(p);
        from = after;
    }
    let read = message(reader, whom, from, context);
    Some(if urgent {
        read.map(|draft| draft.with("priority", 3))
    } else {
        read
    })
}

/// A broadcast whose message begins at `from`.
fn message(reader: &Reader<'_>, whom: Option<Phrase>, from: usize, context: &Context) -> Read {
    let draft = Draft::new("broadcast");
    let draft = |message: Option<&str>| draft.clone().maybe("message", message);
    if let Some(quote) =
        quote_at(reader).filter(|quote| *quote >= from && leads_to(reader, from, *quote))
    {
        let text = quoted(reader, quote).filter(|text| !text.trim().is_empty());
        let parts = around(reader, from, quote);
        return addressed(draft(text), &parts, whom, context).and_then(|draft| {
            if draft.args.contains_key("message") {
                Ok(draft)
            } else {
                Err(Miss::slot(draft, "message", "Tell them what?"))
            }
        });
    }
    let mut start = reader.skip(
        from,
        &[":", ",", "-", "that", "saying", "following", "please"],
    );
    if start == from && reader.at(start, &["to"]) && whom.is_some() {
        start += 1;
    }
    let (end, tail) = tail(reader, start);
    let mut end = end;
    let mut whom = whom;
    if whom.is_none() {
        // "… to everyone" at the end.
        if let Some((p, at)) = trailing(reader, start, end) {
            whom = Some(p);
            end = at;
        }
    }
    let text = said(reader, start, end);
    let text = match text.filter(|text| same_again(text)) {
        Some(_) => Some(
            before(context, "broadcast", "message")
                .ok_or_else(|| Miss::ask("The same as what?", 0.85))?,
        ),
        None => text,
    };
    let made = addressed(draft(text), &tail, whom, context)?;
    if text.is_none() {
        return Err(Miss::slot(made, "message", "Tell them what?"));
    }
    Ok(made.at_most(0.93))
}

/// "The same", "that too": what was said last.
fn same_again(text: &str) -> bool {
    let text = text.to_lowercase();
    matches!(
        text.trim_end_matches('.'),
        "the same"
            | "the same thing"
            | "same"
            | "that too"
            | "as well"
            | "too"
            | "also"
            | "it too"
            | "the same question"
            | "the same message"
            | "that"
            | "it"
            | "this"
            | "that as well"
    )
}

/// The text of the last operation of that kind.
fn before<'a>(context: &'a Context, op: &str, name: &str) -> Option<&'a str> {
    context
        .last
        .iter()
        .rev()
        .find(|draft| draft.op == op)
        .and_then(|draft| draft.args.get(name)?.as_str())
}

/// Whether only words that lead to a quotation stand before it.
fn leads_to(reader: &Reader<'_>, from: usize, quote: usize) -> bool {
    let head = reader.part(from, quote);
    pieces(&head).iter().all(|piece| match piece {
        Piece::Word(word) => {
            says_nothing(&word.text)
                || matches!(
                    word.text.as_str(),
                    "that"
                        | "saying"
                        | "says"
                        | "say"
                        | "following"
                        | "message"
                        | "this"
                        | "know"
                        | "reading"
                        | "question"
                        | "whether"
                        | "if"
                        | "out"
                        | "is"
                        | "task"
                        | "do"
                        | "word"
                        | "reads"
                        | "urgent"
                        | "high"
                        | "low"
                        | "an"
                        | "them"
                        | "which"
                        | "about"
                        | "called"
                        | "text"
                )
        }
        _ => true,
    })
}

/// The pieces around a quotation.
fn around(reader: &Reader<'_>, from: usize, quote: usize) -> Vec<Piece> {
    let head = reader.part(from, quote);
    let rest = reader.part(quote + 1, usize::MAX);
    let mut parts = pieces(&head);
    parts.extend(pieces(&rest));
    parts
}

/// With recipient, priority, acknowledgement and time from the pieces around; what else stands there is not understood.
fn addressed(draft: Draft, parts: &[Piece], whom: Option<Phrase>, context: &Context) -> Read {
    let mut draft = draft;
    let mut whom = whom;
    let mut acks = false;
    let mut no_ack = false;
    for piece in parts {
        match piece {
            Piece::Phrase(p) if is_recipient(p) && whom.is_none() => whom = Some((**p).clone()),
            Piece::Phrase(p) if is_recipient(p) => {
                let both = whom
                    .as_ref()
                    .and_then(|before| crate::act::merge(before, p));
                whom = Some(both.ok_or_else(|| Miss::ask("To whom exactly?", 0.6))?);
            }
            Piece::Priority(priority) => draft = draft.with("priority", *priority),
            Piece::Word(word)
                if matches!(
                    word.lemma,
                    "ack"
                        | "acks"
                        | "acknowledge"
                        | "acknowledgement"
                        | "acknowledgements"
                        | "acknowledgment"
                        | "acknowledgments"
                ) || matches!(
                    word.text.as_str(),
                    "receipt"
                        | "confirmation"
                        | "confirmations"
                        | "acknowledgement"
                        | "acknowledgements"
                        | "acknowledgment"
                        | "receipts"
                ) =>
            {
                acks = true;
            }
            Piece::Word(word) if matches!(word.text.as_str(), "no" | "without" | "not") => {
                no_ack = true;
            }
            Piece::Word(word)
                if says_nothing(&word.text)
                    || matches!(
                        word.text.as_str(),
                        "require"
                            | "requires"
                            | "requiring"
                            | "required"
                            | "request"
                            | "requested"
                            | "ask"
                            | "asking"
                            | "need"
                            | "want"
                            | "confirm"
                            | "that"
                            | "saying"
                            | "says"
                            | "everyone"
                            | "each"
                            | "must"
                            | "should"
                            | "have"
                            | "they"
                            | "them"
                            | "priority"
                            | "it"
                            | "mark"
                            | "as"
                            | "wait"
                            | "expect"
                            | "following"
                            | "message"
                            | "this"
                            | "know"
                            | "reading"
                            | "out"
                            | "needed"
                            | "make"
                            | "i"
                            | "get"
                            | "say"
                            | "which"
                            | "reads"
                            | "marked"
                            | "demand"
                            | "insist"
                            | "collect"
                            | "is"
                            | "word"
                            | "to"
                            | "has"
                            | "every"
                            | "all"
                            | "one"
                            | "agents"
                    ) => {}
            Piece::Word(word) if matches!(word.text.as_str(), "urgent" | "urgently") => {
                draft = draft.with("priority", 3);
            }
            Piece::Span(span) if span.role == Role::In => {}
            Piece::Time(_) | Piece::Punct(_) => {}
            _ => {
                return Err(Miss::ask(
                    "What exactly is the message, and what is not?",
                    0.5,
                ));
            }
        }
    }
    if acks {
        draft = draft.with("require_ack", !no_ack);
    }
    if let Some(mut whom) = whom {
        whom.singular = false;
        whom.count = whom.count.filter(|n| *n > 1.0);
        if whom.noun == Some(Noun::Agent) && !whom.is_scope() {
            whom.all = true;
        }
        let selection = crate::act::target(&draft, &whom, context, "scope")?;
        draft = draft.about(selection);
    }
    timed(draft, parts)
}

/// What stands behind a message without being part of it: priority, acknowledgement, thanks.
fn tail(reader: &Reader<'_>, start: usize) -> (usize, Vec<Piece>) {
    let mut end = reader.words.len();
    while end > start
        && reader.at(
            end.wrapping_sub(1),
            &[".", "!", ",", "please", "thanks", "?"],
        )
        && !(reader.at(end.wrapping_sub(1), &["?", "!"]))
    {
        end -= 1;
    }
    if end > start && reader.at(end.wrapping_sub(1), &["!", "?", "."]) {
        end -= usize::from(reader.at(end.wrapping_sub(1), &["."]));
    }
    for at in start + 1..end {
        let rest = reader.part(at, end);
        let comma = reader.at(at, &[",", "and", "with", "at", "as", "urgently"]);
        if !comma {
            continue;
        }
        let parts = pieces(&rest);
        let signal = parts.iter().any(|piece| matches!(piece, Piece::Priority(_)) || matches!(piece, Piece::Word(word) if matches!(word.lemma, "ack" | "acks" | "acknowledge" | "acknowledgement")));
        let only = parts.iter().all(|piece| match piece {
            Piece::Word(word) => {
                says_nothing(&word.text)
                    || matches!(
                        word.text.as_str(),
                        "require"
                            | "requiring"
                            | "ack"
                            | "acks"
                            | "acknowledgement"
                            | "acknowledgements"
                            | "request"
                            | "urgent"
                            | "acknowledge"
                            | "ask"
                            | "with"
                    )
            }
            Piece::Priority(_) | Piece::Punct(_) => true,
            _ => false,
        });
        if signal && only {
            return (at, parts);
        }
    }
    (end, Vec::new())
}

/// "… to everyone", "… to the GPUs in sector 3" at the end of a message.
fn trailing(reader: &Reader<'_>, start: usize, end: usize) -> Option<(Phrase, usize)> {
    (start + 1..end).find_map(|at| {
        if !reader.at(at, &["to"]) {
            return None;
        }
        let (p, next) = phrase(&reader.until(end), at + 1)?;
        (next >= end && is_recipient(&p) && p.refer.is_none()).then_some((p, at))
    })
}
