//! Operations that act: from a frame and the phrases around it to arguments.

mod capability;
mod cascade;
mod resolve;
mod scale;

use crate::context::{Context, Selection};
use crate::draft::{Draft, json, number};
use crate::frame::{self, Match, Voice};
use crate::miss::{Miss, Read};
use crate::phrase::{Noun, Phrase, Refer};
use crate::piece::{Piece, Role, phrases};
use crate::reader::Reader;
use crate::select::{Trouble, select};
use mesh_core::operation::Scopes;
use mesh_core::place::scope::{Region, Scope};

/// The operation that the clause commands; `None` when no frame explains all of it.
pub(crate) fn act(
    reader: &Reader<'_>,
    pieces: &[Piece],
    voice: Voice,
    context: &Context,
) -> Option<Read> {
    let special = cascade::cascade(reader, pieces, voice, context)
        .or_else(|| resolve::resolve(reader, pieces, voice, context))
        .or_else(|| capability::capability(reader, pieces, voice, context))
        .or_else(|| scale::scale(reader, pieces, voice, context));
    if let Some(read) = special {
        return Some(read.and_then(|draft| timed(draft, pieces)));
    }
    let found = best(pieces, voice)?;
    Some(fill(reader, &found, pieces, context)?.and_then(|draft| timed(draft, pieces)))
}

/// The frame that explains every word, if one does.
pub(crate) fn best(pieces: &[Piece], voice: Voice) -> Option<Match> {
    frame::acts(pieces, voice).into_iter().find(|found| {
        found.unexplained == 0 || found.makes == "undo" && pieces.iter().zip(&found.used).all(|(piece, used)| *used || !matches!(piece, Piece::Word(word) if !frame::says_nothing(&word.text) && !matches!(word.text.as_str(), "last" | "latest" | "previous" | "change" | "operation" | "action" | "thing" | "command" | "step" | "what" | "did" | "we" | "i" | "that" | "most" | "recent" | "one"))) || found.makes.starts_with("review") && pieces.iter().zip(&found.used).all(|(piece, used)| *used || !matches!(piece, Piece::Word(word) if !frame::says_nothing(&word.text) && !matches!(word.text.as_str(), "next" | "one" | "item" | "first" | "pending" | "waiting" | "latest" | "request")))
    })
}

fn fill(reader: &Reader<'_>, found: &Match, pieces: &[Piece], context: &Context) -> Option<Read> {
    let op = found.makes.split(':').next().unwrap_or(found.makes);
    match op {
        "undo" => undo(pieces, found),
        // "Take that back" takes a change back, "take 7-4 back" would be a place.
        "restore"
            if pieces
                .iter()
                .any(|piece| matches!(piece, Piece::Word(word) if word.lemma == "take"))
                && phrases(pieces).all(|p| p.refer == Some(Refer::It) && !p.names())
                && phrases(pieces).count() == 1 =>
        {
            Some(Ok(Draft::new("undo")))
        }
        "review" => review(reader, found, pieces, context),
        "reassign" => Some(reassign(found, pieces, context)),
        "promote" => Some(promote(found, pieces, context)),
        "cancel" => Some(cancel(pieces, context)),
        "open?" | "close?" => breaker_by_reference(op, pieces, context),
        "avoid" => Some(scoped("avoid", pieces, context).map(|draft| {
            let span = spans(pieces)
                .find(|span| matches!(span.0, Role::For | Role::Bare | Role::Within))
                .map(|span| number(span.1));
            draft.maybe("for_s", span)
        })),
        "freeze" => {
            // "Stop the tasks on 7-4-12" ends work; it stops no agents.
            let tasks =
                phrases(pieces).any(|p| p.noun == Some(Noun::Task) && !p.all) || has_id(pieces);
            if tasks {
                return Some(cancel(pieces, context));
            }
            Some(scoped("freeze", pieces, context))
        }
        "trip" | "reset"
            if phrases(pieces).any(|p| {
                p.noun.is_some_and(|noun| {
                    !matches!(
                        noun,
                        Noun::Breaker | Noun::Agent | Noun::Cluster | Noun::Sector
                    )
                })
            }) =>
        {
            None
        }
        "restore" | "thaw" | "heal" | "quarantine" | "release" | "trip" | "reset" => {
            let op = [
                "restore",
                "thaw",
                "heal",
                "quarantine",
                "release",
                "trip",
                "reset",
            ]
            .into_iter()
            .find(|name| *name == op)?;
            Some(scoped(op, pieces, context))
        }
        _ => None,
    }
}

/// The lengths of time, by role.
pub(crate) fn spans(pieces: &[Piece]) -> impl Iterator<Item = (Role, f64)> + '_ {
    pieces.iter().filter_map(|piece| match piece {
        Piece::Span(span) => Some((span.role, span.seconds)),
        _ => None,
    })
}

pub(crate) fn has_id(pieces: &[Piece]) -> bool {
    pieces.iter().any(|piece| matches!(piece, Piece::Id(_)))
}

/// At the time that was said: a cascade arrives then, everything else is scheduled.
pub(crate) fn timed(draft: Draft, pieces: &[Piece]) -> Read {
    let time = pieces.iter().find_map(|piece| match piece {
        Piece::Time(time) => Some(time.clone()),
        _ => None,
    });
    let wait = spans(pieces)
        .find(|span| span.0 == Role::In)
        .map(|span| span.1);
    // A length of time that the operation cannot hold: "freeze it for ten minutes" would promise a thaw that nobody does.
    let held = match draft.op {
        "avoid" | "list" | "count" | "trend" | "kpis" | "delegate" | "cascade" => true,
        _ => !spans(pieces).any(|span| matches!(span.0, Role::For | Role::Bare | Role::Window)),
    };
    if !held {
        return Err(Miss::ask(
            format!(
                "{} has no end of its own. Shall it be done now, and taken back by you later?",
                crate::miss::capital(draft.op)
            ),
            0.6,
        ));
    }
    let timed = if draft.op == "cascade" {
        draft.maybe("at", time).maybe("in_s", wait.map(number))
    } else if time.is_some() || wait.is_some() {
        if time.is_some() && wait.is_some() {
            return Err(Miss::ask("When exactly?", 0.6));
        }
        Draft::holding("schedule", draft)
            .maybe("at", time)
            .maybe("in_s", wait.map(number))
    } else {
        draft
    };
    Ok(timed)
}

/// Two phrases as one, where one says who and the other where.
pub(crate) fn merge(a: &Phrase, b: &Phrase) -> Option<Phrase> {
    let places = a.places() && b.places();
    let refers = a.refer.is_some() && b.refer.is_some() || a.pick.is_some() && b.pick.is_some();
    let classes = !a.classes.is_empty() && !b.classes.is_empty();
    if places
        || refers
        || classes
        || b.preposition == "to"
        || !a.more.is_empty() && b.names()
        || !b.more.is_empty() && a.names()
        || a.auto
        || b.auto
    {
        return None;
    }
    let mut out = a.clone();
    out.spots.extend(b.spots.iter().copied());
    out.scopes.extend(b.scopes.iter().cloned());
    out.classes.extend(b.classes.iter().copied());
    out.terms.extend(b.terms.iter().cloned());
    out.more.extend(b.more.iter().cloned());
    out.marks = a.marks.or(b.marks);
    out.not_marks = a.not_marks.or(b.not_marks);
    out.missing = a.missing.clone().or_else(|| b.missing.clone());
    out.refer = a.refer.or(b.refer);
    out.pick = a.pick.or(b.pick);
    out.noun = a.noun.or(b.noun);
    out.count = a.count.or(b.count);
    out.vague |= b.vague;
    out.all |= b.all;
    out.mesh |= b.mesh;
    out.open = a.open.or(b.open);
    out.sort = a.sort.or(b.sort);
    out.order = a.order.or(b.order);
    out.superlative |= b.superlative;
    out.except = a.except.clone().or_else(|| b.except.clone());
    out.end = b.end;
    Some(out)
}

/// All phrases of the clause as one.
pub(crate) fn merged<'a>(phrases: impl IntoIterator<Item = &'a Phrase>) -> Option<Phrase> {
    let mut phrases = phrases.into_iter();
    let mut out = phrases.next()?.clone();
    for phrase in phrases {
        out = merge(&out, phrase)?;
    }
    Some(out)
}

/// Whom an operation that changes something is about: never a number of unnamed ones, never rows only shown.
pub(crate) fn target(
    draft: &Draft,
    phrase: &Phrase,
    context: &Context,
    slot: &'static str,
) -> Result<Selection, Miss> {
    let unnamed = phrase.vague
        || phrase.sort.is_some()
        || phrase
            .count
            .is_some_and(|_| phrase.pick.is_none() && !phrase.places())
        || phrase.open.is_some() && !phrase.places() && !phrase.all;
    let several_places = phrase.count.is_some_and(|n| n > 1.0) && phrase.filters();
    if unnamed || several_places || phrase.any && !phrase.places() {
        return Err(Miss::trouble(draft.clone(), slot, Trouble::Vague));
    }
    select(phrase, context).map_err(|trouble| Miss::trouble(draft.clone(), slot, trouble))
}

/// An operation with nothing but a scope.
fn scoped(op: &'static str, pieces: &[Piece], context: &Context) -> Read {
    let draft = Draft::new(op);
    let mut list: Vec<&Phrase> = phrases(pieces).collect();
    if op == "avoid" || op == "restore" {
        // "Move traffic away from 7-4": the work that is moved is not where it goes.
        list.retain(|p| {
            p.names()
                || p.refer.is_some()
                || p.all
                || p.mesh
                || p.pick.is_some()
                || p.noun != Some(Noun::Task)
        });
    }
    if list.is_empty() {
        return Err(Miss::slot(draft, "scope", question(op)));
    }
    if has_id(pieces)
        || pieces
            .iter()
            .any(|piece| matches!(piece, Piece::Quote(_) | Piece::Priority(_) | Piece::Compare))
    {
        return Err(Miss::ask(question(op), 0.6));
    }
    let Some(phrase) = merged(list.iter().copied()) else {
        return Err(Miss::ask(question(op), 0.6));
    };
    if phrase.noun.is_some_and(|noun| match op {
        "trip" | "reset" => !matches!(
            noun,
            Noun::Breaker | Noun::Agent | Noun::Cluster | Noun::Sector
        ),
        "freeze" | "thaw" | "avoid" | "restore" | "release" => matches!(
            noun,
            Noun::Conflict | Noun::Review | Noun::Event | Noun::Operation
        ),
        _ => matches!(
            noun,
            Noun::Conflict
                | Noun::Review
                | Noun::Event
                | Noun::Operation
                | Noun::Breaker
                | Noun::Task
        ),
    }) {
        return Err(Miss::ask(question(op), 0.6));
    }
    let selection = target(&draft, &phrase, context, "scope")?;
    if selection.scopes.is_auto() && op != "heal" {
        return Err(Miss::slot(draft, "scope", question(op)));
    }
    Ok(draft.about(selection))
}

/// What to ask when nobody was named.
pub(crate) fn question(op: &str) -> String {
    match op {
        "avoid" => "Route around which sector, cluster or agent?".into(),
        "restore" => "Put which sector, cluster or agent back?".into(),
        "freeze" => "Freeze which sector?".into(),
        "thaw" => "Thaw which sector?".into(),
        "trip" => "Open the breaker of which sector or cluster?".into(),
        "reset" => "Close the breaker of which sector or cluster?".into(),
        "release" => "Let which agent out of quarantine?".into(),
        "cancel" => "Cancel which task, or the tasks of whom?".into(),
        "reassign" => "Reassign which task, or the work of whom?".into(),
        "promote" => "Promote which agent?".into(),
        "review" => "Which review? Say its id, or next.".into(),
        other => format!(
            "{} which sector, cluster or agents?",
            crate::miss::capital(other)
        ),
    }
}

/// "Open it", "close it again": a breaker only when the dialogue is about one.
fn breaker_by_reference(op: &str, pieces: &[Piece], context: &Context) -> Option<Read> {
    let about_breakers = context.last.iter().any(|draft| {
        let inner = draft.held.as_deref().unwrap_or(draft);
        matches!(inner.op, "trip" | "reset")
            || inner
                .args
                .get("what")
                .is_some_and(|what| what == "breakers")
    });
    let refers = phrases(pieces).all(|p| p.refer.is_some() && p.noun.is_none())
        && phrases(pieces).count() == 1;
    (about_breakers && refers).then(|| {
        scoped(
            if op == "open?" { "trip" } else { "reset" },
            pieces,
            context,
        )
    })
}

fn undo(pieces: &[Piece], found: &Match) -> Option<Read> {
    // "Undo", "undo that", "take the last change back"; never "undo the freeze of sector 7", which is a thaw.
    let named = phrases(pieces).any(|p| {
        p.names()
            || p.all
            || p.mesh
            || matches!(p.noun, Some(Noun::Task | Noun::Conflict | Noun::Breaker))
    });
    let extra = has_id(pieces) || pieces.iter().any(|piece| matches!(piece, Piece::Quote(_)));
    let _ = found;
    (!named && !extra).then(|| Ok(Draft::new("undo")))
}

fn review(reader: &Reader<'_>, found: &Match, pieces: &[Piece], context: &Context) -> Option<Read> {
    let action = found.makes.split(':').nth(1)?;
    let draft = Draft::new("review").with("action", action);
    let id = pieces.iter().find_map(|piece| match piece {
        Piece::Id(id) => Some(id.clone()),
        _ => None,
    });
    let next = (0..reader.words.len()).any(|at| reader.at(at, &["next", "first"]));
    let about = phrases(pieces).any(|p| p.noun == Some(Noun::Review));
    let refers = phrases(pieces).any(|p| p.refer.is_some());
    let elsewhere = phrases(pieces).any(|p| {
        p.places() || p.filters() || p.all || p.noun.is_some_and(|noun| noun != Noun::Review)
    });
    if elsewhere {
        return None;
    }
    let last = context
        .last
        .iter()
        .rev()
        .find(|draft| draft.op == "review")
        .and_then(|draft| draft.args.get("review_id").cloned());
    Some(match (id, next, last) {
        (Some(id), _, _) => Ok(draft.with("review_id", id)),
        (None, true, _) => Ok(draft.with("review_id", "next")),
        (None, false, Some(id)) if refers || about => Ok(draft.with("review_id", id)),
        _ => Err(Miss::slot(draft, "review_id", question("review"))),
    })
}

/// The id of a task, when one was said.
fn task_id(pieces: &[Piece]) -> Option<String> {
    pieces.iter().find_map(|piece| match piece {
        Piece::Id(id) => Some(id.clone()),
        _ => None,
    })
}

fn cancel(pieces: &[Piece], context: &Context) -> Read {
    let draft = Draft::new("cancel");
    if let Some(id) = task_id(pieces) {
        return Ok(draft.with("task_id", id));
    }
    let Some(phrase) = merged(phrases(pieces)) else {
        return Err(Miss::slot(draft, "scope", question("cancel")));
    };
    if phrase.noun.is_some_and(|noun| {
        matches!(
            noun,
            Noun::Conflict | Noun::Review | Noun::Event | Noun::Operation | Noun::Breaker
        )
    }) {
        return Err(Miss::ask(question("cancel"), 0.6));
    }
    // "It" may be the task spoken of.
    let last = context
        .last
        .iter()
        .rev()
        .find_map(|draft| draft.args.get("task_id").cloned());
    if let (Some(Refer::It), Some(id), false) = (phrase.refer, last, phrase.names()) {
        return Ok(draft.with("task_id", id));
    }
    if phrase.open.is_some()
        || phrase.singular
            && phrase.noun == Some(Noun::Task)
            && !phrase.names()
            && phrase.refer.is_none()
    {
        return Err(Miss::slot(draft, "scope", question("cancel")));
    }
    let selection = target(&draft, &phrase, context, "scope")?;
    Ok(draft.about(selection))
}

/// Whom work goes to: "a GPU" is the class.
pub(crate) fn recipient(phrase: &Phrase, context: &Context) -> Result<Scopes, Trouble> {
    let mut plain = phrase.clone();
    plain.count = None;
    plain.any = false;
    if plain.noun == Some(Noun::Agent) && !plain.is_scope() {
        return Err(Trouble::Vague);
    }
    Ok(select(&plain, context)?.scopes)
}

fn reassign(found: &Match, pieces: &[Piece], context: &Context) -> Read {
    let mut draft = Draft::new("reassign");
    let take_over = pieces
        .iter()
        .zip(&found.used)
        .any(|(piece, used)| *used && matches!(piece, Piece::Word(word) if word.lemma == "take"));
    let is_to = |p: &&Phrase| {
        if take_over {
            p.noun != Some(Noun::Task)
        } else {
            p.preposition == "to"
        }
    };
    let to = phrases(pieces).find(is_to);
    let to = to.or_else(|| {
        // "Give 3-2-7 the work of 7-4-12": the one without the work.
        let task = phrases(pieces).any(|p| p.noun == Some(Noun::Task));
        let others: Vec<&Phrase> = phrases(pieces)
            .filter(|p| p.noun != Some(Noun::Task))
            .collect();
        match others[..] {
            [one]
                if task
                    && (phrases(pieces).count() == 2
                        && phrases(pieces).any(|p| p.noun == Some(Noun::Task) && p.is_scope())
                        || one.count == Some(1.0))
                    && !matches!(one.preposition, "from" | "of" | "on" | "in") =>
            {
                Some(one)
            }
            _ => None,
        }
    });
    let to = match to {
        Some(phrase) => Some(
            recipient(phrase, context)
                .map_err(|trouble| Miss::trouble(draft.clone(), "to", trouble))?,
        ),
        None => None,
    };
    let rest: Vec<&Phrase> = phrases(pieces)
        .filter(|p| {
            !(is_to(p))
                && to
                    .as_ref()
                    .is_none_or(|_| p.noun == Some(Noun::Task) || p.preposition != "" || !take_over)
        })
        .collect();
    if let Some(id) = task_id(pieces) {
        draft = draft.with("task_id", id);
    } else {
        let rest: Vec<&Phrase> = if rest.len() > 1 && to.is_some() {
            rest.into_iter()
                .filter(|p| {
                    p.noun == Some(Noun::Task)
                        || p.places() && matches!(p.preposition, "from" | "of" | "on" | "in")
                })
                .collect()
        } else {
            rest
        };
        let Some(phrase) = merged(rest) else {
            return Err(Miss::slot(
                draft.maybe("to", to.as_ref().map(json)),
                "scope",
                question("reassign"),
            ));
        };
        let known = context
            .last
            .iter()
            .rev()
            .find_map(|draft| draft.args.get("task_id").cloned());
        if let (Some(Refer::It), Some(id), false) = (phrase.refer, known, phrase.names()) {
            return Ok(draft.with("task_id", id).maybe("to", to.as_ref().map(json)));
        }
        let selection =
            target(&draft, &phrase, context, "scope").map_err(|miss| with_to(miss, to.as_ref()))?;
        draft = draft.about(selection);
    }
    Ok(draft.maybe("to", to.as_ref().map(json)))
}

fn with_to(miss: Miss, to: Option<&Scopes>) -> Miss {
    match (miss, to) {
        (
            Miss::Ask {
                asked: Some(mut asked),
                question,
                confidence,
            },
            Some(to),
        ) => {
            asked.draft.args.insert("to".into(), json(to));
            Miss::Ask {
                asked: Some(asked),
                question,
                confidence,
            }
        }
        (miss, _) => miss,
    }
}

fn promote(found: &Match, pieces: &[Piece], context: &Context) -> Read {
    let seat = found.makes.split(':').nth(1);
    let draft = Draft::new("promote").maybe("to", seat);
    // "The lead of cluster 7-4" says where, the agent who.
    let agent = phrases(pieces).find(|p| {
        p.spots.iter().any(|spot| {
            matches!(
                spot,
                crate::phrase::Spot::Region(Region::Agent(_)) | crate::phrase::Spot::AgentNumber(_)
            )
        })
    });
    let Some(phrase) = agent.or_else(|| phrases(pieces).next()) else {
        return Err(Miss::slot(draft, "scope", question("promote")));
    };
    let selection = target(&draft, phrase, context, "scope")?;
    match selection.scopes.as_slice() {
        [Scope::Region(Region::Agent(_))] => Ok(draft.about(selection)),
        _ => Err(Miss::slot(draft, "scope", question("promote"))),
    }
}

/// Whether every word of the clause is one that says nothing or one of `allowed`.
pub(crate) fn covered(pieces: &[Piece], allowed: &[&str]) -> bool {
    pieces.iter().all(|piece| match piece {
        Piece::Word(word) => {
            frame::says_nothing(&word.text)
                || allowed.contains(&word.lemma)
                || allowed.contains(&word.text.as_str())
        }
        _ => true,
    })
}

/// The first word of the clause that says something.
pub(crate) fn first_word(pieces: &[Piece]) -> Option<&crate::piece::Word> {
    pieces.iter().find_map(|piece| match piece {
        Piece::Word(word) if !frame::says_nothing(&word.text) => Some(word),
        _ => None,
    })
}
