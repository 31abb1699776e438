//! Questions to agents: "ask ten GPUs \"what context do you hold?\"".

use super::{before, is_recipient, leads_to, quote_at, quoted, recipient_at, said, same_again};
use crate::act::timed;
use crate::context::Context;
use crate::draft::{Draft, number};
use crate::frame::says_nothing;
use crate::miss::{Miss, Read};
use crate::phrase::Phrase;
use crate::piece::{Piece, Role, pieces};
use crate::reader::Reader;
use crate::select::select;

/// A question to agents.
pub(super) fn ask(reader: &Reader<'_>, context: &Context) -> Option<Read> {
    let text = reader.text(0);
    if !matches!(
        text,
        "ask"
            | "question"
            | "poll"
            | "query"
            | "quiz"
            | "survey"
            | "sample"
            | "pose"
            | "put"
            | "interview"
            | "enquire"
            | "inquire"
    ) {
        return None;
    }
    let draft = Draft::new("ask");
    let quote = quote_at(reader);
    if matches!(text, "put" | "pose" | "sample" | "interview") && quote.is_none() {
        return None;
    }
    let from = reader.skip(
        1,
        &[
            "from", "of", "to", "a", "the", "question", "around", "at", "random", "out", "about",
            "this",
        ],
    );
    let first = [1, from].into_iter().find_map(|at| {
        sampled(reader, at).or_else(|| {
            sampled(
                reader,
                reader.skip(at, &["from", "of", "to", "around", "at", "random"]),
            )
        })
    });
    if let Some(quote) = quote {
        let head = first.as_ref().filter(|(_, _, next)| *next <= quote);
        let start = head.map_or(1, |(_, _, next)| *next);
        if !leads_to(reader, start, quote) {
            return None;
        }
        let question = quoted(reader, quote).filter(|text| !text.trim().is_empty());
        let rest = reader.part(quote + 1, usize::MAX);
        let parts = pieces(&rest);
        let mut whom = head.map(|(p, n, _)| (p.clone(), *n));
        for at in 0..rest.words.len() {
            if whom.is_some() {
                break;
            }
            if let Some((p, n, _)) = sampled(&rest, at) {
                whom = Some((p, n));
            }
        }
        let fits = parts.iter().all(|piece| match piece {
            Piece::Word(word) => {
                says_nothing(&word.text)
                    || matches!(
                        word.text.as_str(),
                        "sample" | "random" | "at" | "please" | "question" | "that"
                    )
            }
            Piece::Phrase(p) => is_recipient(p) || p.is_number(),
            Piece::Punct(_) | Piece::Time(_) => true,
            Piece::Span(span) => span.role == Role::In,
            _ => false,
        });
        if !fits {
            return None;
        }
        let Some(question) = question else {
            return Some(Err(Miss::slot(draft, "question", "Ask them what?")));
        };
        let made = asked(draft.with("question", question), whom, context);
        return Some(made.and_then(|draft| timed(draft, &parts)));
    }
    let (p, n, next) = first?;
    let next = reader.skip(next, &[":", ",", "-", "about", "please", "for"]);
    let made = match asked(draft, Some((p, n)), context) {
        Ok(made) => made,
        Err(miss) => return Some(Err(miss)),
    };
    let mut end = reader.words.len();
    while end > next && reader.at(end.wrapping_sub(1), &[".", ",", "please", "?"]) {
        end -= 1;
    }
    let text = said(reader, next, end);
    if text.is_some_and(same_again) {
        return Some(match before(context, "ask", "question") {
            Some(question) => Ok(made.with("question", question).at_most(0.9)),
            None => Err(Miss::slot(made, "question", "Ask them what?")),
        });
    }
    Some(match text {
        Some(question) => Ok(made.with("question", question).at_most(0.9)),
        None => Err(Miss::slot(made, "question", "Ask them what?")),
    })
}

/// Agents to be asked, and how many: "ten GPUs", "five of the servers", "everyone".
fn sampled(reader: &Reader<'_>, at: usize) -> Option<(Phrase, Option<f64>, usize)> {
    let (n, of) =
        crate::quantity::quantity(reader.words, at).map_or((None, at), |(n, next)| (Some(n), next));
    if let (Some(n), true) = (n, reader.at(of, &["of", "random", "out", "different"])) {
        let from = reader.skip(of, &["of", "random", "out", "different"]);
        if let Some((p, next)) = recipient_at(reader, from) {
            return Some((p, Some(n), next));
        }
    }
    let (mut p, next) = recipient_at(reader, at)?;
    let n = p.count.take();
    Some((p, n, next))
}

fn asked(draft: Draft, whom: Option<(Phrase, Option<f64>)>, context: &Context) -> Read {
    let Some((mut whom, n)) = whom else {
        return Ok(draft);
    };
    if whom.vague {
        return Err(Miss::slot(draft, "sample", "Ask how many?"));
    }
    let draft = draft.maybe("sample", n.map(number));
    whom.singular = false;
    let unnamed =
        !whom.names() && !whom.all && !whom.mesh && whom.refer.is_none() && whom.pick.is_none();
    if unnamed {
        return Ok(draft);
    }
    let selection =
        select(&whom, context).map_err(|trouble| Miss::trouble(draft.clone(), "scope", trouble))?;
    Ok(draft.about(selection))
}
