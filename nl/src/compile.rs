//! A whole utterance: one clause, or several joined by "and", "then", ";", each understood with what the ones before it
//! spoke of.

use crate::clause::clause;
use crate::context::Context;
use crate::draft::Draft;
use crate::follow;
use crate::miss::Miss;
use crate::reader::Reader;
use core::cell::Cell;

/// Clauses that are tried for one utterance at most; what would need more is no sentence.
const TRIES_MAX: u32 = 48;
/// Operations of one utterance at most.
const OPERATIONS_MAX: usize = 16;

/// The operations of the utterance, in the order in which they were said.
pub(crate) fn compile(reader: &Reader<'_>, context: &Context) -> Result<Vec<Draft>, Miss> {
    // Longer lines are tried fewer times, so that no line takes long.
    let tries = Cell::new(TRIES_MAX.min(1_600 / reader.words.len().max(1) as u32));
    parts(reader, context, 0, &tries)
}

fn parts(
    reader: &Reader<'_>,
    context: &Context,
    depth: usize,
    tries: &Cell<u32>,
) -> Result<Vec<Draft>, Miss> {
    let left = tries.get();
    if left == 0 || depth >= OPERATIONS_MAX {
        return Err(Miss::reject("too much at once", 0.8));
    }
    tries.set(left - 1);
    let whole = clause(reader, context);
    // A reading that leaves a word unexplained is taken only when no division explains them all.
    let (doubtful, miss) = match whole {
        Ok(draft) if draft.confidence >= 0.75 => return Ok(vec![draft]),
        Ok(draft) => (Some(draft), Miss::reject("not understood", 0.7)),
        Err(miss) => (None, miss),
    };
    // Behind the first clause "and 8", "which ones" continue it.
    if depth > 0
        && let Some(Ok(draft)) = follow::fragment(reader, context)
    {
        return Ok(vec![draft]);
    }
    let mut best = miss;
    for (from, to) in joints(reader) {
        if tries.get() == 0 {
            break;
        }
        tries.set(tries.get() - 1);
        let before = reader.part(0, from);
        let after = reader.part(to, usize::MAX);
        match clause(&before, context) {
            // "If sector 7 is slow, quarantine it": what depends on something is not done.
            Ok(first) if depends(&before) && !matches!(first.op, "what_if" | "watch") => {}
            Ok(first) => {
                let mut then = context.clone();
                then.note(&first);
                then.last = vec![first.clone()];
                match parts(&after, &then, depth + 1, tries) {
                    Ok(rest) => {
                        let mut all = vec![first];
                        // "Stop sector 44, all of it": said twice, meant once.
                        let twice = rest.first().is_some_and(|next| {
                            next.json() == all[0].json() && after.words.len() <= 4
                        });
                        all.extend(rest.into_iter().skip(usize::from(twice)));
                        return Ok(all);
                    }
                    // "Avoid 7-4 but don't freeze it": what is not to be done is not done.
                    Err(Miss::Reject { .. }) if denies(&after) && after.words.len() > 2 => {
                        return Ok(vec![first.at_most(0.9)]);
                    }
                    // "Freeze sector 7, not": taken back in the same breath.
                    Err(_) if denies(&after) || after.at(0, &["no", "nope", "never"]) => {
                        return Err(Miss::reject("it says not to", 0.9));
                    }
                    Err(other @ Miss::Ask { .. })
                        if matches!(best, Miss::Reject { .. }) && speaks(&after) =>
                    {
                        best = other;
                    }
                    Err(_) => {}
                }
            }
            // "Quarantine and diagnose 7-4-12": one object for both.
            Err(Miss::Ask {
                asked: Some(asked), ..
            }) if asked.slot == "scope" && from <= 3 => {
                if let Ok(rest) = parts(&after, context, depth + 1, tries)
                    && let Some(about) = rest.first().and_then(|draft| draft.about.clone())
                {
                    let mut all = vec![asked.draft.about(about).at_most(0.85)];
                    all.extend(rest);
                    return Ok(all);
                }
            }
            Err(_) if denies(&before) => {
                // "Don't freeze it, just avoid it" does the second, about what the first spoke of.
                let mut then = context.clone();
                spoken(&before, &mut then);
                if let Ok(rest) = parts(&after, &then, depth + 1, tries)
                    && reader.at(from, &[",", ";", ".", "but"])
                    && rest.iter().all(|draft| draft.about.is_some())
                {
                    return Ok(rest.into_iter().map(|draft| draft.at_most(0.8)).collect());
                }
            }
            Err(_) => {}
        }
    }
    doubtful.map(|draft| vec![draft]).ok_or(best)
}

/// Whether a clause only says what is not to be done.
fn denies(reader: &Reader<'_>) -> bool {
    let from = reader.skip(
        0,
        &[
            "but",
            "and",
            "please",
            ",",
            "just",
            "then",
            "also",
            "do",
            "definitely",
            "certainly",
            "you",
            "must",
            "should",
            "we",
        ],
    );
    reader.at(from, &["not", "never"])
        || reader.stands(0, "do not").is_some()
        || reader.stands(from, "without").is_some()
        || reader.stands(from, "no need").is_some()
}

/// Whether a clause makes what follows depend on something.
fn depends(reader: &Reader<'_>) -> bool {
    let words = [
        "if", "unless", "whether", "provided", "assuming", "suppose", "until", "once", "whenever",
        "when", "while",
    ];
    (0..reader.words.len()).any(|at| reader.at(at, &words))
}

/// Whether a clause has a verb of ours.
fn speaks(reader: &Reader<'_>) -> bool {
    (0..reader.words.len().min(4)).any(|at| crate::frame::begins(reader.lemma(at)))
}

/// What a clause speaks of, although nothing is done.
fn spoken(reader: &Reader<'_>, context: &mut Context) {
    let parts = crate::piece::pieces(reader);
    if let Some(Ok(selection)) = crate::act::merged(crate::piece::phrases(&parts))
        .map(|phrase| crate::select::select(&phrase, context))
    {
        context.mention(&selection);
    }
}

/// Where one clause may end and another begin: the first word of what joins them, and the first word behind it.
fn joints(reader: &Reader<'_>) -> Vec<(usize, usize)> {
    let words = [
        "and",
        "then",
        "but",
        "also",
        "plus",
        "&",
        ",",
        ";",
        ".",
        "…",
        "!",
        "?",
        ":",
        "afterwards",
        "after",
        "finally",
        "before",
        "next",
    ];
    let mut found = Vec::new();
    let mut at = 1;
    while at + 1 < reader.words.len() && found.len() < 16 {
        let joins = reader.at(
            at,
            &[
                "and", "then", "but", "plus", "&", ",", ";", ".", "…", "!", "?",
            ],
        );
        if joins {
            let mut to = at + 1;
            while to < reader.words.len() && reader.at(to, &words) && to < at + 5 {
                // "After that", "before" belong to what follows unless they join.
                if reader.at(to, &["after"]) && !reader.at(to + 1, &["that"])
                    || reader.at(to, &["before", "next", "also"]) && !reader.at(to + 1, &[","])
                {
                    break;
                }
                to += 1;
            }
            if to < reader.words.len() {
                found.push((at, to));
            }
            at = to;
        } else {
            at += 1;
        }
    }
    found
}
