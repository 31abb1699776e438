//! Conflicts: "settle the last conflict, keep ours".

use super::covered;
use crate::context::Context;
use crate::draft::Draft;
use crate::frame::Voice;
use crate::lexicon::Form;
use crate::miss::{Miss, Read};
use crate::phrase::Noun;
use crate::piece::{Piece, phrases};
use crate::reader::Reader;

const VERBS: &[&str] = &[
    "resolve", "settle", "dismiss", "branch", "close", "decide", "fork", "ignore", "drop",
    "discard", "keep", "accept", "fix", "end", "sort", "clear", "throw", "handle", "take", "use",
    "choose", "pick", "merge",
];

/// Words that may stand around the settling of a conflict.
const AROUND: &[&str] = &[
    "conflict",
    "last",
    "latest",
    "recent",
    "most",
    "newest",
    "one",
    "value",
    "version",
    "side",
    "expected",
    "received",
    "ours",
    "theirs",
    "our",
    "their",
    "mine",
    "new",
    "old",
    "existing",
    "incoming",
    "original",
    "current",
    "own",
    "what",
    "we",
    "had",
    "have",
    "favour",
    "favor",
    "keep",
    "both",
    "copy",
    "win",
    "wins",
    "resolve",
    "settle",
    "dismiss",
    "branch",
    "close",
    "decide",
    "fork",
    "ignore",
    "drop",
    "discard",
    "accept",
    "fix",
    "end",
    "sort",
    "out",
    "clear",
    "throw",
    "handle",
    "take",
    "use",
    "choose",
    "pick",
    "merge",
    "it",
    "as",
    "going",
    "go",
    "let",
    "stay",
    "stand",
    "separate",
    "answer",
    "state",
    "data",
    "is",
    "was",
    "got",
    "they",
    "sent",
    "came",
    "expect",
    "receive",
    "keep_expected",
    "keep_received",
    "that",
    "this",
    "conflicting",
    "reading",
    "the_expected",
    "by",
    "hold",
    "id",
    "prefer",
    "previous",
    "versions",
    "local",
    "them",
    "trust",
];

pub(super) fn resolve(
    reader: &Reader<'_>,
    pieces: &[Piece],
    voice: Voice,
    context: &Context,
) -> Option<Read> {
    let text_at = |at: usize| reader.text(at);
    let all = || 0..reader.words.len();
    let first = super::first_word(pieces)?;
    let about = phrases(pieces).any(|p| p.noun == Some(Noun::Conflict));
    let id = pieces.iter().find_map(|piece| match piece {
        Piece::Id(id) => Some(id.clone()),
        _ => None,
    });
    let latest = all()
        .any(|at| matches!(text_at(at), "last" | "latest" | "newest") || text_at(at) == "recent");
    let verb =
        VERBS.contains(&first.lemma) && (first.form == Form::Base || voice != Voice::Command);
    let resolves = matches!(first.lemma, "resolve" | "settle" | "dismiss");
    // "Keep ours" alone answers a conflict that was spoken of.
    let before = context
        .last
        .iter()
        .rev()
        .find(|draft| draft.op == "resolve");
    let how = how(reader);
    let continues = before.is_some()
        && how.is_some()
        && matches!(
            first.lemma,
            "keep" | "dismiss" | "branch" | "take" | "use" | "accept" | "ignore"
        );
    if !verb
        || !(about
            || resolves
            || continues
            || (first.lemma == "branch" && (latest || id.is_some())))
        || !covered(pieces, AROUND)
    {
        return None;
    }
    if phrases(pieces)
        .any(|p| p.places() || p.filters() || p.noun.is_some_and(|noun| noun != Noun::Conflict))
    {
        return about.then(|| {
            Err(Miss::slot(
                Draft::new("resolve").maybe("how", how),
                "conflict_id",
                "Which conflict? Say its id, or latest.",
            ))
        });
    }
    let draft = Draft::new("resolve").maybe("how", how);
    let number = phrases(pieces)
        .find_map(|p| p.is_number().then(|| p.spots.first()))
        .flatten()
        .and_then(|spot| match spot {
            crate::phrase::Spot::Number(n) => Some(n.to_string()),
            _ => None,
        });
    let known = before.and_then(|draft| draft.args.get("conflict_id").cloned());
    let refers = phrases(pieces).any(|p| p.refer.is_some()) || continues;
    Some(match (id.or(number), latest, known) {
        (Some(id), _, _) => Ok(draft.with("conflict_id", id)),
        (None, true, _) => Ok(draft.with("conflict_id", "latest")),
        (None, false, Some(id)) if refers => Ok(draft.with("conflict_id", id)),
        _ => Err(Miss::slot(
            draft,
            "conflict_id",
            "Which conflict? Say its id, or latest.",
        )),
    })
}

/// Which side wins, when that was said.
pub(crate) fn how(reader: &Reader<'_>) -> Option<&'static str> {
    let has = |words: &[&str]| {
        (0..reader.words.len())
            .any(|at| words.contains(&reader.text(at)) || words.contains(&reader.lemma(at)))
    };
    if has(&["keep_expected"]) {
        return Some("keep_expected");
    }
    if has(&["keep_received"]) {
        return Some("keep_received");
    }
    if has(&["dismiss", "ignore", "discard"]) {
        return Some("dismiss");
    }
    if has(&["branch", "fork"]) || has(&["both"]) && has(&["keep", "side", "version", "value"]) {
        return Some("branch");
    }
    let ours = has(&[
        "ours", "expected", "mine", "old", "original", "existing", "own", "previous", "local",
    ]) || has(&["our"])
        || has(&["we"]) && has(&["had", "have"]);
    let theirs = has(&["theirs", "received", "new", "incoming", "newer"])
        || has(&["their"])
        || has(&["they"]) && has(&["sent"])
        || has(&["got"]) && has(&["we"]);
    match (ours, theirs) {
        (true, false) => Some("keep_expected"),
        (false, true) => Some("keep_received"),
        _ => None,
    }
}
