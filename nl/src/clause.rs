//! One clause to one operation: every reading is tried in the order in which a wrong one would do least harm.

use crate::act;
use crate::context::Context;
use crate::draft::{Draft, json, number};
use crate::frame::{self, Voice};
use crate::lexicon::Form;
use crate::miss::{Miss, Read, capital};
use crate::opening::{Opening, opening};
use crate::phrase::{Noun, Phrase, Refer};
use crate::piece::{Piece, phrases, pieces};
use crate::reader::Reader;
use crate::select::select;
use crate::{payload, question, rows, watch};

/// What the clause asks for.
pub(crate) fn clause(reader: &Reader<'_>, context: &Context) -> Read {
    let reader = &trimmed(reader);
    if reader.words.is_empty() {
        return Err(Miss::reject("nothing was said", 0.9));
    }
    let (start, opening) = opening(reader);
    let words = reader.part(start, usize::MAX);
    if words.words.is_empty() {
        return Err(Miss::reject("nothing was asked for", 0.9));
    }
    let typos = words.words.iter().filter(|word| word.typo).count();
    let read =
        harmless(reader, &words, opening, context).or_else(|| active(&words, opening, context));
    let read = read.unwrap_or_else(|| Err(nothing(&words, opening, context)));
    read.map(|draft| match typos {
        0 => draft,
        1 | 2 => draft.at_most(0.93),
        _ => draft.at_most(0.8),
    })
}

/// Without signs at both ends.
fn trimmed<'a>(reader: &Reader<'a>) -> Reader<'a> {
    let mut words = reader.words;
    while let [first, rest @ ..] = words {
        if matches!(first.token.text.as_str(), "," | "." | ";" | ":" | "!" | "…")
            || first.token.text == "?" && rest.is_empty()
        {
            words = rest;
        } else {
            break;
        }
    }
    while let [rest @ .., last] = words {
        if matches!(last.token.text.as_str(), "," | "." | ";" | ":" | "…" | "!") {
            words = rest;
        } else {
            break;
        }
    }
    Reader { words, ..*reader }
}

/// Readings that cannot change anything, and those whose payload must not be looked into.
fn harmless(
    reader: &Reader<'_>,
    words: &Reader<'_>,
    opening: Opening,
    context: &Context,
) -> Option<Read> {
    let both = |read: &dyn Fn(&Reader<'_>) -> Option<Read>| {
        let whole = trimmed_start(reader);
        read(&whole).or_else(|| {
            if words.words.len() == whole.words.len() {
                None
            } else {
                read(words)
            }
        })
    };
    let parts = pieces(words);
    theme(words, &parts)
        .or_else(|| both(&question::help))
        .or_else(|| both(&|reader| question::what_if(reader, context)))
        .or_else(|| both(&|reader| watch::watch(reader, context)))
        .or_else(|| {
            question::explain(words, opening.asked && !opening.looks)
                .or_else(|| question::explain(reader, false))
        })
        .or_else(|| both(&|reader| question::past(reader, context)))
}

fn trimmed_start<'a>(reader: &Reader<'a>) -> Reader<'a> {
    let from = reader.skip(
        0,
        &[
            "and", "then", "please", "so", "ok", "okay", "well", ",", "also", "hey", "but", "now",
            "just", "alright", "um", "hmm",
        ],
    );
    reader.part(from.min(reader.words.len().saturating_sub(1)), usize::MAX)
}

fn active(words: &Reader<'_>, opening: Opening, context: &Context) -> Option<Read> {
    if (!opening.looks || words.at(0, &["tell", "let"]))
        && let Some(read) = payload::payload(words, context)
    {
        return Some(read);
    }
    if let Some(read) = scheduled(words, context) {
        return Some(read);
    }
    let question_mark = words
        .words
        .last()
        .is_some_and(|word| word.token.text == "?");
    let parts = pieces(words);
    let mut ask = None;
    if !opening.looks {
        let (voice, acting) = voiced(words, opening, &parts);
        match act::act(words, &acting, voice, context) {
            Some(Ok(draft)) if question_mark && !opening.asked => {
                ask = Some(Err(Miss::ask(
                    format!(
                        "Is that a question, or shall it be done: {}?",
                        draft.op.replace('_', " ")
                    ),
                    0.6,
                )));
            }
            Some(Ok(draft)) => return Some(Ok(draft)),
            Some(Err(miss)) => ask = Some(Err(miss)),
            None => {}
        }
    }
    let look = busy(words, &parts, context)
        .or_else(|| review_show(words, &parts))
        .or_else(|| theme(words, &parts))
        .or_else(|| rows::trend(words, &parts, context))
        .or_else(|| rows::rows(words, context))
        .or_else(|| look(words, &parts, context));
    match look {
        // What lacks an argument is no look at whatever else was named.
        Some(Ok(draft)) if draft.confidence < 0.75 && ask.is_some() => ask,
        Some(Ok(draft)) => Some(later(draft, &parts)),
        Some(miss) => Some(ask.unwrap_or(miss)),
        None => ask.or_else(|| closer(&parts, context)),
    }
}

/// "Sector 7?" after a look at the whole.
fn closer(parts: &[Piece], context: &Context) -> Option<Read> {
    let whole = context
        .last
        .last()
        .is_some_and(|draft| matches!(draft.op, "status" | "health" | "kpis"));
    match parts {
        [Piece::Phrase(phrase)] | [Piece::Phrase(phrase), Piece::Punct(_)]
            if whole && phrase.places() =>
        {
            let selection = select(phrase, context).ok()?;
            Some(Ok(Draft::new("inspect").about(selection).at_most(0.85)))
        }
        _ => None,
    }
}

/// What is looked at may be looked at later: "run the health check in an hour". "In the last hour" is no such time.
fn later(draft: Draft, parts: &[Piece]) -> Read {
    let times: Vec<Piece> = parts
        .iter()
        .filter(|piece| match piece {
            Piece::Time(_) => true,
            Piece::Span(span) => {
                span.role == crate::piece::Role::In && !draft.args.contains_key("span_s")
            }
            _ => false,
        })
        .cloned()
        .collect();
    act::timed(draft, &times)
}

/// The voice of a clause, and its pieces without what makes it a passive: "sector 3 must be thawed".
fn voiced(words: &Reader<'_>, opening: Opening, parts: &[Piece]) -> (Voice, Vec<Piece>) {
    if opening.voice == Voice::Any {
        return (Voice::Any, question::passive(words, parts.to_vec()));
    }
    let subject = matches!(parts.first(), Some(Piece::Phrase(_)));
    let modal = |at: usize| {
        matches!(
            words.text(at),
            "must" | "should" | "shall" | "needs" | "need" | "has" | "have" | "ought"
        ) && (at + 1..at + 3).any(|next| words.at(next, &["be", "become", "get"]))
    };
    let at = (1..words.words.len()).find(|at| modal(*at));
    if subject && at.is_some() && words.words.last().is_none_or(|word| word.token.text != "?") {
        let without = parts.iter().filter(|piece| !matches!(piece, Piece::Word(word) if matches!(word.text.as_str(), "must" | "should" | "shall" | "needs" | "need" | "has" | "have" | "ought"))).cloned().collect();
        return (Voice::Any, question::passive(words, without));
    }
    (opening.voice, parts.to_vec())
}

/// "Schedule a freeze of sector 3 for 22:00", "plan to heal sector 12 in an hour".
fn scheduled(words: &Reader<'_>, context: &Context) -> Option<Read> {
    if !matches!(words.lemma(0), "schedule" | "plan" | "book" | "queue") || words.words.len() < 2 {
        return None;
    }
    let at = words.skip(1, &["a", "an", "the", "to", "for", "up", ":"]);
    let rest = words.part(at.min(words.words.len()), usize::MAX);
    let read = if let Some(read) = payload::payload(&rest, context) {
        read
    } else {
        let parts = question::passive(&rest, pieces(&rest));
        act::act(&rest, &parts, Voice::Any, context).or_else(|| {
            look(&rest, &parts, context)
                .map(|read| read.and_then(|draft| act::timed(draft, &parts)))
        })?
    };
    Some(read.and_then(|draft| {
        if draft.op == "schedule"
            || draft.op == "cascade"
                && (draft.args.contains_key("at") || draft.args.contains_key("in_s"))
        {
            Ok(draft)
        } else {
            Err(Miss::slot(
                draft,
                "when",
                "When? Say a time such as 18:00, or in ten minutes.",
            ))
        }
    }))
}

/// "What the Jetsons are up to", which is a phrase of its own.
fn busy(words: &Reader<'_>, parts: &[Piece], context: &Context) -> Option<Read> {
    let ([Piece::Phrase(phrase)] | [Piece::Phrase(phrase), Piece::Punct(_)]) = parts else {
        return None;
    };
    if !words.at(0, &["what", "whatever"]) || phrase.noun != Some(Noun::Task) {
        return None;
    }
    let draft = Draft::new("inspect");
    Some(match select(phrase, context) {
        Ok(selection) => Ok(draft.about(selection)),
        Err(trouble) => Err(Miss::trouble(draft, "scope", trouble)),
    })
}

/// "Show me review 01J…", "show the next review".
fn review_show(words: &Reader<'_>, parts: &[Piece]) -> Option<Read> {
    let shows = matches!(
        words.lemma(0),
        "show"
            | "see"
            | "open"
            | "display"
            | "view"
            | "look"
            | "read"
            | "pull"
            | "review"
            | "give"
            | "bring"
            | "let"
            | "get"
            | "inspect"
            | "what"
    ) || matches!(parts.first(), Some(Piece::Phrase(p)) if p.noun == Some(Noun::Review));
    let about = phrases(parts).any(|p| p.noun == Some(Noun::Review) && !p.names())
        || words.lemma(0) == "review"
        || words.stands(0, "next review").is_some();
    let next = (0..words.words.len()).any(|at| words.at(at, &["next"]));
    let id = parts.iter().find_map(|piece| match piece {
        Piece::Id(id) => Some(id.clone()),
        _ => None,
    });
    let item = (0..words.words.len())
        .any(|at| words.lemma(at) == "review" || words.lemma(at) == "approval");
    if !shows || !(about || item) || !(next || id.is_some()) {
        return None;
    }
    let fits = act::covered(
        parts,
        &[
            "show", "see", "open", "display", "view", "look", "read", "pull", "review", "give",
            "bring", "let", "get", "next", "item", "inspect", "what", "is", "one", "queue",
            "waiting", "request",
        ],
    );
    fits.then(|| {
        Ok(Draft::new("review")
            .with("action", "show")
            .with("review_id", id.unwrap_or_else(|| "next".into())))
    })
}

const THEMES: &[&str] = &[
    "light",
    "dark",
    "mono",
    "monochrome",
    "auto",
    "contrast",
    "solarized",
    "solarised",
    "black",
    "white",
    "bright",
    "night",
    "day",
    "default",
    "classic",
    "high",
];

/// "Switch to the light theme", "dark mode please".
fn theme(words: &Reader<'_>, parts: &[Piece]) -> Option<Read> {
    let len = words.words.len();
    let strong = (0..len).find(|at| matches!(words.lemma(*at), "theme" | "skin"));
    let weak = (0..len).find(|at| {
        matches!(
            words.lemma(*at),
            "mode" | "palette" | "color" | "colour" | "look"
        )
    });
    let known = |at: usize| THEMES.contains(&words.text(at));
    let around = [
        "use",
        "switch",
        "change",
        "set",
        "turn",
        "go",
        "try",
        "apply",
        "enable",
        "make",
        "want",
        "give",
        "get",
        "theme",
        "mode",
        "palette",
        "color",
        "colour",
        "look",
        "skin",
        "prefer",
        "activate",
        "pick",
        "choose",
        "select",
        "into",
        "is",
        "console",
        "screen",
        "like",
        "can",
        "could",
        "we",
        "put",
        "love",
        "load",
        "have",
        "scheme",
        "it",
        "everything",
        "let",
        "show",
        "to",
        "version",
        "would",
        "nice",
        "thing",
    ];
    let at = strong.or_else(|| weak.filter(|at| *at > 0 && known(at - 1) || known(at + 1)))?;
    let candidates: Vec<usize> = (0..len)
        .filter(|i| {
            *i != at
                && matches!(
                    words.words[*i].token.kind,
                    crate::token::Kind::Word | crate::token::Kind::Quote(_)
                )
                && !around.contains(&words.text(*i))
                && !around.contains(&words.lemma(*i))
                && !frame::says_nothing(words.text(*i))
        })
        .collect();
    if phrases(parts).any(|p| p.places() || p.filters() || p.refer.is_some())
        || !around.contains(&words.lemma(0)) && !known(0) && !candidates.contains(&0)
    {
        return None;
    }
    match candidates[..] {
        [one] if known(one) || strong.is_some() => {
            Some(Ok(Draft::new("theme").with("name", words.text(one))))
        }
        [a, b] if b == a + 1 && (known(a) || known(b)) => Some(Ok(
            Draft::new("theme").with("name", format!("{}-{}", words.text(a), words.text(b)))
        )),
        [] if strong.is_some() && len <= 6 => {
            Some(Err(Miss::slot(Draft::new("theme"), "name", "Which theme?")))
        }
        _ => None,
    }
}

/// Phrases that say how something is rather than who is meant: "why is 2-2 degraded".
pub(crate) fn only_state(p: &Phrase) -> bool {
    (p.marks.is_some() || p.not_marks.is_some())
        && !p.places()
        && p.classes.is_empty()
        && p.noun.is_none()
        && p.terms.is_empty()
        && p.refer.is_none()
}

/// Looking at a place, at everything, at targets, at what can be said.
fn look(words: &Reader<'_>, parts: &[Piece], context: &Context) -> Option<Read> {
    let parts = question::worded(words, parts.to_vec());
    let odd = parts
        .iter()
        .any(|piece| matches!(piece, Piece::Quote(_) | Piece::Compare | Piece::Priority(_)));
    if odd {
        return None;
    }
    let places = phrases(&parts).any(Phrase::places);
    let limit = usize::from(places && words.words.len() >= 4);
    let negated =
        (0..words.words.len()).any(|at| words.at(at, &["not", "never", "no", "nobody", "nothing"]));
    frame::looks(&parts)
        .into_iter()
        .filter(|found| found.unexplained <= limit && (found.unexplained == 0 || !negated))
        .take(6)
        .find_map(|found| looked(words, &parts, &found, context))
}

/// What one frame of looking makes of the clause.
fn looked(
    words: &Reader<'_>,
    parts: &[Piece],
    best: &frame::Match,
    context: &Context,
) -> Option<Read> {
    let list: Vec<&Phrase> = phrases(parts).filter(|p| !only_state(p)).collect();
    let doubt = |draft: Draft| {
        if best.unexplained > 0 {
            draft.at_most(0.7)
        } else {
            draft
        }
    };
    let unnamed = list
        .iter()
        .all(|p| !p.names() && p.pick.is_none() && p.count.is_none() && p.noun.is_none());
    let bare = unnamed && list.iter().all(|p| p.refer.is_none());
    let explained = best.unexplained == 0 && !act::has_id(parts);
    match best.makes {
        "quit" if unnamed && explained => Some(Ok(Draft::new("quit"))),
        "health" if bare && explained => Some(Ok(Draft::new("health"))),
        "help" if bare && explained => Some(Ok(Draft::new("help"))),
        "kpis" if bare && explained => Some(Ok(
            Draft::new("kpis").maybe("span_s", rows::span(parts).map(number))
        )),
        "quit" | "health" | "help" | "kpis" => None,
        "diagnose" => Some(diagnose(&list, parts, context).map(doubt)),
        _ => inspect(words, &list, parts, best, context).map(|read| read.map(doubt)),
    }
}

fn diagnose(list: &[&Phrase], parts: &[Piece], context: &Context) -> Read {
    let draft = Draft::new("diagnose");
    let named: Vec<&Phrase> = list
        .iter()
        .copied()
        .filter(|p| p.is_scope() || p.definite || p.sort.is_some())
        .collect();
    if named.is_empty() || act::has_id(parts) {
        if let (Some(focus), true) = (&context.focus, list.is_empty()) {
            return Ok(draft.about(focus.clone()));
        }
        return Err(Miss::slot(
            draft,
            "scope",
            "What is wrong with whom? Name a sector, a cluster or agents.",
        ));
    }
    let mut phrase =
        act::merged(named).ok_or_else(|| Miss::ask("What is wrong with whom?", 0.6))?;
    if phrase.sort.is_some() {
        return Err(Miss::slot(
            draft,
            "scope",
            "Which of them? List them first.",
        ));
    }
    phrase.noun = phrase
        .noun
        .filter(|noun| matches!(noun, Noun::Agent | Noun::Cluster | Noun::Sector));
    let selection = select(&phrase, context)
        .map_err(|trouble| Miss::trouble(draft.clone(), "scope", trouble))?;
    Ok(draft.about(selection))
}

fn inspect(
    words: &Reader<'_>,
    list: &[&Phrase],
    parts: &[Piece],
    best: &frame::Match,
    context: &Context,
) -> Option<Read> {
    let draft = Draft::new("inspect");
    let verb = parts
        .iter()
        .zip(&best.used)
        .find_map(|(piece, used)| match piece {
            Piece::Word(word) if *used => Some(word.lemma),
            _ => None,
        });
    let plain_verb = matches!(
        verb,
        Some(
            "inspect"
                | "examine"
                | "check"
                | "describe"
                | "view"
                | "look"
                | "show"
                | "display"
                | "give"
                | "tell"
                | "see"
                | "get"
                | "pull"
                | "open"
                | "bring"
                | "fetch"
                | "want"
                | "need"
                | "have"
                | "present"
                | "zoom"
                | "peek"
                | "talk"
                | "probe"
                | "survey"
                | "focus"
                | "observe"
                | "review"
                | "drill"
                | "dig"
                | "dive"
                | "tune"
                | "glance"
                | "know"
                | "hear"
                | "summarise"
                | "summarize"
                | "sum"
                | "take"
                | "peer"
        )
    );
    let figures = best.words > 1 || !plain_verb;
    let idiom = (0..words.words.len()).any(|at| {
        words.stands(at, "it going").is_some()
            || words.stands(at, "it all going").is_some()
            || words.stands(at, "it looking").is_some()
            || words.stands(at, "goes it").is_some()
            || words.stands(at, "it go").is_some()
            || words.stands(at, "that going").is_some()
    });
    let named: Vec<&Phrase> = list
        .iter()
        .copied()
        .filter(|p| !(idiom && p.refer == Some(Refer::It)))
        .collect();
    if act::has_id(parts)
        || named
            .iter()
            .any(|p| p.vague || p.sort.is_some() || p.open.is_some())
    {
        return None;
    }
    let back = rows::span(parts);
    if named.is_empty() {
        if let Some(span) = back {
            return Some(Ok(Draft::new("list")
                .with("what", "events")
                .with("span_s", number(span))
                .at_most(0.8)));
        }
        if best.unexplained > 0 {
            return None;
        }
        if figures {
            return Some(Ok(Draft::new("status")));
        }
        let ask = matches!(
            verb,
            Some("inspect" | "examine" | "check" | "describe" | "view" | "look" | "show" | "zoom")
        ) && words.words.len() <= 4;
        return ask.then(|| {
            Err(Miss::slot(
                draft,
                "scope",
                "Look at which sector, cluster or agents?",
            ))
        });
    }
    let phrase = act::merged(named.iter().copied())?;
    if phrase
        .noun
        .is_some_and(|noun| !matches!(noun, Noun::Agent | Noun::Cluster | Noun::Sector))
    {
        return None;
    }
    let whole =
        (phrase.all || phrase.mesh || phrase.any) && !phrase.names() && phrase.refer.is_none();
    if whole && phrase.except.is_none() {
        let everything = matches!(
            verb,
            Some("inspect" | "examine" | "describe" | "view" | "survey")
        );
        return Some(Ok(if everything {
            draft.with("scope", "all").at_most(0.8)
        } else {
            Draft::new("status")
        }));
    }
    if phrase.auto {
        return None;
    }
    if phrase.count.is_some_and(|n| n > 1.0) && phrase.refer.is_none() {
        return None;
    }
    let mut phrase = phrase;
    phrase.count = None;
    let read = select(&phrase, context);
    Some(match (read, back) {
        (Ok(selection), Some(span)) => {
            let mut list = Draft::new("list")
                .with("what", "events")
                .with("scope", json(&selection.scopes))
                .with("span_s", number(span))
                .at_most(0.85);
            list.about = Some(selection);
            Ok(list)
        }
        (Ok(selection), None) => Ok(draft.about(selection)),
        (Err(trouble), _) => Err(Miss::trouble(draft, "scope", trouble)),
    })
}

/// Why nothing was made of the clause.
fn nothing(words: &Reader<'_>, opening: Opening, _context: &Context) -> Miss {
    let len = words.words.len();
    let unknown = words.words.iter().filter(|word| word.is_unknown()).count();
    let negated = (0..len).any(|at| {
        words.at(
            at,
            &[
                "not", "never", "nobody", "no", "without", "neither", "refrain", "nothing", "none",
            ],
        )
    });
    let parts = pieces(words);
    let named = phrases(&parts).any(|p| (p.places() || p.missing.is_some()) && !p.is_number());
    if negated {
        return Miss::reject("it says not to", 0.93);
    }
    let only_phrases = len <= 3
        && !parts.is_empty()
        && parts
            .iter()
            .all(|piece| matches!(piece, Piece::Phrase(_) | Piece::Punct(_)));
    if only_phrases && phrases(&parts).any(Phrase::is_scope) {
        return Miss::ask("What shall be done there?", 0.8);
    }
    let conditional = (0..len).any(|at| words.at(at, &["if", "unless", "whether"]));
    if conditional && named {
        return Miss::reject(
            "conditions are not understood; schedule it, or watch and decide then",
            0.85,
        );
    }
    let verb = parts.iter().find_map(|piece| match piece {
        Piece::Word(word) if frame::begins(word.lemma) && word.form == Form::Base => {
            Some(word.lemma)
        }
        _ => None,
    });
    if words
        .words
        .iter()
        .any(|word| word.token.kind == crate::token::Kind::Odd)
    {
        return Miss::reject("not about the mesh", 0.95);
    }
    let single = len == 1 && mesh_core::operation::table::row(words.lemma(0)).is_some();
    if single {
        return Miss::ask(format!("{} what, or whom?", capital(words.lemma(0))), 0.93);
    }
    let missing = phrases(&parts).find_map(|p| p.missing.clone());
    if let (Some(place), true) = (missing, unknown == 0) {
        return Miss::ask(
            format!("There is no {place} in this mesh. Which place do you mean?"),
            0.85,
        );
    }
    if let (Some(verb), true, true) = (verb, named, unknown <= 1) {
        return Miss::ask(format!("{} what exactly?", capital(verb)), 0.55);
    }
    if unknown == 0 && (named || opening.asked && phrases(&parts).any(Phrase::is_scope)) {
        return Miss::ask("What shall be done there?", 0.55);
    }
    if unknown > 0 {
        Miss::reject("not about the mesh", 0.93)
    } else {
        Miss::reject("not understood", 0.75)
    }
}
