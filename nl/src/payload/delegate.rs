//! Tasks for whoever does them best: "have a GPU analyse the Q3 numbers, one minute tops".

use super::{around, is_recipient, quote_at, quoted, said, trailing};
use crate::act::{has_id, recipient, timed};
use crate::context::Context;
use crate::draft::{Draft, json, number};
use crate::frame::says_nothing;
use crate::lexicon::Form;
use crate::miss::{Miss, Read};
use crate::phrase::{Noun, Phrase, alone};
use crate::piece::{Piece, Role, pieces};
use crate::reader::Reader;
use crate::token::Kind;

/// A task for whoever does it best.
pub(super) fn delegate(reader: &Reader<'_>, context: &Context) -> Option<Read> {
    let text = reader.text(0);
    let draft = Draft::new("delegate");
    if matches!(
        text,
        "delegate" | "outsource" | "assign" | "offload" | "hand" | "give" | "farm" | "submit"
    ) {
        let strong = matches!(text, "delegate" | "outsource");
        let from = reader.skip(
            1,
            &[
                "off",
                "over",
                "out",
                "the",
                "a",
                "task",
                "job",
                "work",
                ":",
                "this",
                "following",
                "new",
                "of",
            ],
        );
        let quote = quote_at(reader);
        if !strong
            && (quote.is_none()
                || has_id(&pieces(reader))
                || !(1..reader.words.len()).any(|at| reader.at(at, &["task", "job", "to"])))
        {
            return None;
        }
        if let Some(quote) = quote {
            let parts = around(reader, 1, quote);
            let task = quoted(reader, quote).filter(|text| !text.trim().is_empty());
            return Some(tasked(draft.maybe("task", task), &parts, context));
        }
        // "Delegate to a GPU" lacks the task, "delegate the log analysis to a GPU" does not.
        if reader.at(from, &["to"]) || from >= reader.words.len() || reader.at(1, &["to"]) {
            let parts = pieces(&reader.part(1, usize::MAX));
            return Some(tasked(draft, &parts, context));
        }
        let start = reader.skip(1, &[":"]);
        let (end, parts) = limits(reader, start);
        let to = trailing(reader, start, end);
        let end = to.as_ref().map_or(end, |(_, at)| *at);
        let task = said(reader, start, end);
        let draft = draft.maybe("task", task);
        let mut parts = parts;
        if let Some((p, _)) = to {
            parts.push(Piece::Phrase(Box::new(Phrase {
                preposition: "to",
                ..p
            })));
        }
        return Some(tasked(draft, &parts, context).map(|draft| draft.at_most(0.88)));
    }
    if !matches!(text, "have" | "get" | "let" | "make") {
        return None;
    }
    let from = reader.skip(1, &["one", "of", "somebody", "someone", "on", "any"]);
    let start = if reader.at(1, &["one"]) && reader.at(2, &["of"]) {
        3
    } else if reader.at(1, &["somebody", "someone", "some"]) {
        from
    } else {
        1
    };
    let (mut whom, next) = alone(reader, start)?;
    if !is_recipient(&whom)
        || whom.refer.is_some()
        || whom.sort.is_some()
        || whom.noun == Some(Noun::Task)
    {
        return None;
    }
    let verb = if reader.at(next, &["to"]) {
        next + 1
    } else {
        next
    };
    if text == "get" && verb == next {
        return None;
    }
    let verb = reader.skip(verb, &["please", "quickly", "also"]);
    let word = reader.words.get(verb)?;
    let base = word.token.kind == Kind::Word
        && word.form == Form::Base
        && !says_nothing(&word.token.text)
        && word.lemma != "#";
    let ours = matches!(
        word.lemma,
        "lead"
            | "leader"
            | "coordinator"
            | "coordinate"
            | "active"
            | "healthy"
            | "head"
            | "boss"
            | "out"
            | "know"
            | "run"
            | "go"
            | "back"
            | "be"
            | "continue"
            | "resume"
            | "up"
            | "off"
            | "in"
            | "on"
            | "and"
            | "then"
            | "for"
            | "with"
            | "not"
            | "is"
            | "are"
            | "take"
            | "work"
            | "loose"
            | "free"
            | "alone"
    ) || crate::frame::begins(word.lemma)
        && !matches!(
            word.lemma,
            "analyse"
                | "analyze"
                | "check"
                | "count"
                | "summarise"
                | "summarize"
                | "find"
                | "look"
                | "review"
                | "describe"
                | "debug"
                | "investigate"
                | "examine"
                | "inspect"
                | "make"
                | "do"
                | "read"
                | "give"
                | "write"
                | "show"
                | "sort"
                | "get"
                | "compare"
                | "fix"
                | "patch"
                | "clear"
                | "list"
                | "rebuild"
                | "set"
                | "bring"
                | "send"
                | "sum"
                | "fetch"
                | "pull"
                | "push"
                | "open"
        )
        || matches!(
            word.lemma,
            "sync" | "synchronise" | "synchronize" | "observe" | "orient" | "decide" | "record"
        )
        || word.token.text.contains('_');
    if !base || ours || word.token.kind != Kind::Word {
        return None;
    }
    // "Let the GPUs do video encoding" is a rule, not a task.
    if text == "let" && matches!(word.lemma, "do" | "handle" | "perform" | "use" | "run") {
        return None;
    }
    let (end, parts) = limits(reader, verb);
    let task = said(reader, verb, end)?;
    whom.count = None;
    let to = match recipient(&whom, context) {
        Ok(to) => to,
        Err(trouble) => return Some(Err(Miss::trouble(draft.with("task", task), "to", trouble))),
    };
    // "Have a GPU do it": the task spoken of.
    let refers = matches!(
        task,
        "do it" | "do that" | "do this" | "handle it" | "take it"
    );
    let known = context
        .last
        .iter()
        .rev()
        .find(|draft| draft.op == "delegate")
        .and_then(|draft| draft.args.get("task")?.as_str());
    let task = match (refers, known) {
        (true, Some(known)) => known,
        (true, None) => {
            return Some(Err(Miss::slot(
                draft.with("to", json(&to)),
                "task",
                "Have it do what?",
            )));
        }
        (false, _) => task,
    };
    let draft = draft.with("task", task).with("to", json(&to));
    Some(tasked(draft, &parts, context).map(|draft| draft.at_most(0.93)))
}

/// Where a task ends and the limits on it begin: ", one minute tops", "within five minutes".
fn limits(reader: &Reader<'_>, start: usize) -> (usize, Vec<Piece>) {
    let mut end = reader.words.len();
    while end > start && reader.at(end.wrapping_sub(1), &[".", ",", "please", "!", "?"]) {
        end -= 1;
    }
    for at in start + 1..end {
        let comma = reader.at(at, &[","]);
        let rest = reader.part(if comma { at + 1 } else { at }, end);
        let parts = pieces(&rest);
        let limit = |span: &Piece| matches!(span, Piece::Span(span) if matches!(span.role, Role::Within) || comma && matches!(span.role, Role::Bare | Role::For | Role::In));
        let only = parts.iter().all(|piece| limit(piece) || matches!(piece, Piece::Word(word) if says_nothing(&word.text) || matches!(word.text.as_str(), "max" | "tops" | "timeout" | "limit" | "give" | "it" | "no")) || matches!(piece, Piece::Punct(_)));
        if only && parts.iter().any(limit) {
            return (at, parts);
        }
    }
    (end, Vec::new())
}

/// With the agents it goes to and its limits.
fn tasked(draft: Draft, parts: &[Piece], context: &Context) -> Read {
    let mut draft = draft;
    for piece in parts {
        match piece {
            Piece::Phrase(p) if is_recipient(p) => {
                let to = recipient(p, context)
                    .map_err(|trouble| Miss::trouble(draft.clone(), "to", trouble))?;
                draft = draft.with("to", json(&to));
            }
            Piece::Phrase(p) if p.noun == Some(Noun::Task) && !p.names() => {}
            Piece::Span(span) if matches!(span.role, Role::Within | Role::Bare | Role::For) => {
                draft = draft.with("timeout_s", number(span.seconds));
            }
            Piece::Span(_) | Piece::Time(_) | Piece::Punct(_) => {}
            Piece::Word(word)
                if says_nothing(&word.text)
                    || matches!(
                        word.text.as_str(),
                        "task"
                            | "job"
                            | "timeout"
                            | "limit"
                            | "give"
                            | "it"
                            | "max"
                            | "tops"
                            | "whoever"
                            | "best"
                            | "anyone"
                            | "somebody"
                            | "someone"
                            | "one"
                            | "that"
                            | "this"
                            | "following"
                            | "out"
                            | "off"
                            | "no"
                            | "do"
                            | "is"
                            | "called"
                            | "work"
                            | "available"
                            | "handle"
                    ) => {}
            _ => return Err(Miss::ask("What exactly is the task?", 0.5)),
        }
    }
    if !draft.args.contains_key("task") {
        return Err(Miss::slot(draft, "task", "Delegate what?"));
    }
    let schedule: Vec<Piece> = parts
        .iter()
        .filter(|piece| {
            matches!(piece, Piece::Time(_))
                || matches!(piece, Piece::Span(span) if span.role == Role::In)
        })
        .cloned()
        .collect();
    timed(draft, &schedule)
}
