//! More agents or fewer: "add a thousand edge agents", "scale down the GPUs by 10".

use super::covered;
use crate::context::Context;
use crate::draft::{Draft, json, number};
use crate::frame::Voice;
use crate::lexicon::Form;
use crate::miss::{Miss, Read};
use crate::phrase::{Noun, Phrase, Spot};
use crate::piece::{Piece, phrases};
use crate::reader::Reader;
use crate::select::select;

const MORE: &[&str] = &[
    "add",
    "provision",
    "spawn",
    "deploy",
    "expand",
    "grow",
    "increase",
    "launch",
    "create",
    "commission",
    "spin",
    "start",
    "need",
    "give",
    "want",
    "bring",
    "raise",
    "get",
    "enlarge",
    "admit",
    "attach",
    "boot",
    "put",
    "stand",
    "do",
    "order",
    "enrol",
    "enroll",
];
const FEWER: &[&str] = &[
    "remove",
    "retire",
    "decommission",
    "delete",
    "shrink",
    "cut",
    "reduce",
    "drop",
    "get",
    "take",
    "shed",
    "decrease",
    "lower",
    "scrap",
    "detach",
    "subtract",
    "kill",
    "lose",
    "trim",
    "dismiss",
    "ditch",
    "terminate",
];

/// Words that may stand around a change of size.
const AROUND: &[&str] = &[
    "scale",
    "we",
    "i",
    "up",
    "down",
    "out",
    "in",
    "by",
    "more",
    "fewer",
    "less",
    "another",
    "additional",
    "extra",
    "online",
    "rid",
    "size",
    "number",
    "count",
    "capacity",
    "add",
    "remove",
    "with",
    "could",
    "of",
    "spin",
    "there",
    "mesh",
    "worth",
    "plus",
    "minus",
    "new",
    "total",
    "class",
    "grow",
    "shrink",
    "stand",
    "bring",
    "increase",
    "decrease",
    "reduce",
    "expand",
    "away",
    "get",
    "fresh",
    "cut",
    "need",
    "boot",
    "down",
    "size",
    "for",
    "about",
    "do",
    "agents",
];

pub(super) fn scale(
    reader: &Reader<'_>,
    pieces: &[Piece],
    voice: Voice,
    context: &Context,
) -> Option<Read> {
    let first = pieces.iter().find_map(|piece| match piece {
        Piece::Word(word)
            if !crate::frame::says_nothing(&word.text)
                && !matches!(word.text.as_str(), "we" | "i" | "could") =>
        {
            Some(word)
        }
        _ => None,
    })?;
    if first.form != Form::Base && voice == Voice::Command {
        return None;
    }
    let has = |texts: &[&str]| (0..reader.words.len()).any(|at| texts.contains(&reader.text(at)));
    let fewer = match first.lemma {
        "scale" => {
            has(&["down", "in", "back", "minus", "remove", "fewer", "less"]) && !has(&["up", "out"])
        }
        "get" => has(&["rid"]),
        "take" => has(&["away", "out", "off", "down"]) && !has(&["rotation", "quarantine"]),
        "size" => has(&["down"]),
        lemma => FEWER.contains(&lemma),
    };
    let more = match first.lemma {
        "scale" => !fewer,
        "size" => has(&["up"]),
        "need" | "give" | "want" | "get" | "start" | "raise" | "put" | "order" => {
            !fewer && has(&["more", "another", "additional", "extra", "new", "further"])
                || first.lemma == "need" && reader.words.len() < 8 && !fewer
        }
        "do" => has(&["with"]) && has(&["more"]),
        "bring" => has(&["up", "online"]),
        "stand" | "spin" => has(&["up"]),
        lemma => MORE.contains(&lemma) && !fewer,
    };
    if !(more || fewer) || !(covered(pieces, AROUND) || covered_but_first(pieces, first.at)) {
        return None;
    }
    let mut draft = Draft::new("scale");
    let slot = if fewer { "remove" } else { "add" };
    let mut amount = None;
    let mut class = None;
    let mut place: Option<Phrase> = None;
    let mut about = first.lemma == "scale";
    for phrase in phrases(pieces) {
        if phrase.sort.is_some()
            || phrase
                .noun
                .is_some_and(|noun| !matches!(noun, Noun::Agent | Noun::Cluster | Noun::Sector))
            || phrase.marks.is_some()
            || !phrase.terms.is_empty()
        {
            return None;
        }
        let counts = phrase.count.filter(|n| {
            *n > 1.0
                || !phrase.singular
                || reader.at(phrase.start, &["one", "1", "another"])
                || reader.at(phrase.start, &["a", "an"])
        });
        match phrase.spots.as_slice() {
            [Spot::Number(n)]
                if amount.is_none()
                    && phrase.classes.is_empty()
                    && phrase.noun.is_none()
                    && !matches!(phrase.preposition, "in" | "of" | "from" | "on") =>
            {
                amount = Some(f64::from(*n));
                about |= !phrase.is_number();
                continue;
            }
            _ => {}
        }
        if let Some(n) = counts
            && amount.replace(n).is_some()
        {
            return Some(Err(Miss::ask("How many of which?", 0.6)));
        }
        about |= phrase.noun == Some(Noun::Agent) || !phrase.classes.is_empty();
        if matches!(phrase.noun, Some(Noun::Cluster | Noun::Sector)) && !phrase.places() {
            return Some(Err(Miss::ask(
                "Agents are added and removed; how many, and where?",
                0.7,
            )));
        }
        match phrase.classes.as_slice() {
            [] => {}
            [(one, true)] if class.is_none() && phrase.more.is_empty() => class = Some(one.word()),
            _ => return Some(Err(Miss::ask("How many of which class?", 0.6))),
        }
        if phrase.places() || phrase.refer.is_some() {
            if place.is_some() {
                return Some(Err(Miss::ask("Where?", 0.6)));
            }
            let mut only = phrase.clone();
            only.classes.clear();
            only.count = None;
            only.noun = None;
            place = Some(only);
        }
    }
    let resized =
        amount.is_some() && matches!(first.lemma, "add" | "remove" | "grow" | "shrink" | "expand");
    if !about && !resized {
        return None;
    }
    draft = draft.maybe("class", class);
    if let Some(place) = &place {
        match select(place, context) {
            Ok(selection) => {
                draft = draft
                    .with("scope", json(&selection.scopes))
                    .maybe("except", selection.except.as_ref().map(json));
                draft.about = Some(selection);
            }
            Err(trouble) => return Some(Err(Miss::trouble(draft, "scope", trouble))),
        }
    }
    match amount {
        Some(n) if n >= 1.0 && n.fract() == 0.0 => Some(Ok(draft.with(slot, number(n)))),
        _ => Some(Err(Miss::slot(
            draft,
            slot,
            format!("{} how many?", crate::miss::capital(slot)),
        ))),
    }
}

fn covered_but_first(pieces: &[Piece], first: usize) -> bool {
    pieces.iter().all(|piece| match piece {
        Piece::Word(word) => {
            word.at == first
                || crate::frame::says_nothing(&word.text)
                || AROUND.contains(&word.lemma)
                || AROUND.contains(&word.text.as_str())
        }
        _ => true,
    })
}
