//! Rules about what may be routed where: "grant vision to 7-4-12", "stop sending `llm_inference` to the Pis".

use super::{merged, question, target};
use crate::context::Context;
use crate::draft::Draft;
use crate::frame::{Voice, says_nothing};
use crate::lexicon::Form;
use crate::miss::{Miss, Read};
use crate::phrase::Phrase;
use crate::piece::{Piece, Word, phrases};
use crate::reader::Reader;
use mesh_core::place::scope::Test;

const GRANT: &[&str] = &[
    "grant",
    "give",
    "allow",
    "enable",
    "permit",
    "let",
    "assign",
    "add",
    "teach",
    "start",
    "resume",
    "authorise",
    "authorize",
    "unblock",
    "restore",
    "begin",
    "turn",
    "hand",
    "switch",
    "equip",
    "bestow",
    "reenable",
    "activate",
];
const REVOKE: &[&str] = &[
    "revoke",
    "remove",
    "withdraw",
    "disable",
    "forbid",
    "deny",
    "strip",
    "take",
    "disallow",
    "rescind",
    "block",
    "stop",
    "drop",
    "cease",
    "prohibit",
    "ban",
    "prevent",
    "bar",
    "pull",
    "quit",
    "deactivate",
    "unassign",
    "switch",
    "turn",
    "discontinue",
    "exclude",
    "keep",
];

/// Words that belong to the rule and not to its name.
const AROUND: &[&str] = &[
    "capability",
    "permission",
    "right",
    "skill",
    "ability",
    "access",
    "rights",
    "do",
    "run",
    "perform",
    "handle",
    "use",
    "execute",
    "serve",
    "process",
    "accept",
    "take",
    "receive",
    "send",
    "route",
    "give",
    "direct",
    "get",
    "assign",
    "any",
    "more",
    "longer",
    "away",
    "work",
    "task",
    "job",
    "request",
    "to",
    "from",
    "out",
    "that",
    "on",
    "off",
    "stuff",
    "capable",
    "able",
    "be",
    "let",
    "have",
    "permission",
    "through",
    "doing",
    "those",
    "these",
    "of",
    "again",
    "off",
    "workload",
    "schedule",
];

pub(super) fn capability(
    reader: &Reader<'_>,
    pieces: &[Piece],
    voice: Voice,
    context: &Context,
) -> Option<Read> {
    let first = super::first_word(pieces)?;
    let command = matches!(first.form, Form::Base) || voice != Voice::Command;
    if !command {
        return None;
    }
    let has = |texts: &[&str]| {
        pieces.iter().any(|piece| matches!(piece, Piece::Word(word) if texts.contains(&word.lemma) || texts.contains(&word.text.as_str())))
    };
    // "Turn" alone says nothing: on or off does.
    let turned = matches!(first.lemma, "turn" | "switch");
    let grant = GRANT.contains(&first.lemma) && (!turned || has(&["on"]));
    let revoke = REVOKE.contains(&first.lemma) && (!turned || has(&["off"]));
    if !grant && !revoke {
        return None;
    }
    let strict = matches!(first.lemma, "grant" | "revoke");
    let action = if revoke && !grant {
        "revoke"
    } else if grant && !revoke {
        "grant"
    } else if has(&["off"]) {
        "revoke"
    } else {
        "grant"
    };
    let marked = has(&["capability", "permission", "skill", "ability", "access"]);
    let does = matches!(
        first.lemma,
        "allow"
            | "let"
            | "permit"
            | "enable"
            | "forbid"
            | "prohibit"
            | "prevent"
            | "stop"
            | "authorise"
            | "authorize"
            | "ban"
            | "bar"
    ) && has(&[
        "do", "run", "perform", "handle", "execute", "serve", "process", "use",
    ]);
    let gives = matches!(
        first.lemma,
        "stop" | "start" | "resume" | "cease" | "quit" | "begin" | "discontinue"
    ) && has(&["give", "send", "route", "assign"]);
    // A name without a sign of its own needs one of the frames that take one.
    let name = name(reader, pieces, first, strict || marked || does || gives)?;
    let draft = Draft::new("capability").with("action", action);
    // "Now revoke it from 3-2-7": the capability spoken of.
    let it = matches!(name, Name::None)
        && phrases(pieces).any(|p| p.refer == Some(crate::phrase::Refer::It) && !p.names())
        && phrases(pieces).any(crate::phrase::Phrase::names);
    let known = context
        .last
        .iter()
        .rev()
        .find(|draft| draft.op == "capability")
        .and_then(|draft| draft.args.get("capability")?.as_str());
    let name = match (it, known) {
        (true, Some(known)) => Name::Said(known.to_owned()),
        _ => name,
    };
    let draft = match name {
        Name::Said(name) => draft.with("capability", name),
        Name::None if strict || marked => draft,
        Name::None => return None,
    };
    let list: Vec<Phrase> = phrases(pieces)
        .map(without_capability)
        .filter(|p| {
            (p.is_scope() || p.noun.is_some())
                && !(it && p.refer == Some(crate::phrase::Refer::It) && !p.names())
        })
        .collect();
    let Some(phrase) = merged(&list) else {
        return Some(Err(if list.is_empty() {
            Miss::slot(draft, "scope", question("capability"))
        } else {
            Miss::ask("Whom is the rule about?", 0.6)
        }));
    };
    let selection = match target(&draft, &phrase, context, "scope") {
        Ok(selection) => selection,
        Err(miss) => return Some(Err(miss)),
    };
    let draft = draft.about(selection);
    if !draft.args.contains_key("capability") {
        return Some(Err(Miss::slot(draft, "capability", "Which capability?")));
    }
    Some(Ok(draft))
}

/// What is granted is no filter: "give the Jetsons vision", where "with vision" would be one.
fn without_capability(phrase: &Phrase) -> Phrase {
    let mut plain = phrase.clone();
    if plain.preposition != "with" {
        plain
            .terms
            .retain(|term| !matches!(term.test, Test::Capability(_)));
    }
    plain
}

enum Name {
    Said(String),
    None,
}

/// The capability's name: the words that are neither the rule's nor anybody's; `None` when they cannot be one.
fn name(reader: &Reader<'_>, pieces: &[Piece], verb: &Word, plain: bool) -> Option<Name> {
    if let Some(text) = pieces.iter().find_map(|piece| match piece {
        Piece::Quote(text) => Some(text),
        _ => None,
    }) {
        let name = text.trim().to_lowercase().replace([' ', '-'], "_");
        return mesh_core::operation::value::is_capability(&name).then_some(Name::Said(name));
    }
    for phrase in phrases(pieces) {
        if let Some(Test::Capability(name)) = phrase
            .terms
            .iter()
            .map(|term| &term.test)
            .find(|test| matches!(test, Test::Capability(_)))
        {
            return Some(Name::Said(name.as_str().to_owned()));
        }
    }
    let mut parts: Vec<(usize, String)> = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Word(word)
                if word.at != verb.at
                    && !says_nothing(&word.text)
                    && !AROUND.contains(&word.lemma)
                    && !AROUND.contains(&word.text.as_str())
                    && !GRANT.contains(&word.lemma) =>
            {
                let said = reader.words[word.at].said.clone();
                parts.push((word.at, said));
            }
            Piece::Id(id) => parts.push((usize::MAX, id.to_lowercase())),
            Piece::Compare | Piece::Time(_) => return None,
            _ => {}
        }
    }
    if parts.is_empty() {
        return Some(Name::None);
    }
    // What is sent anyway is no capability.
    if parts.iter().any(|(_, text)| {
        matches!(
            text.as_str(),
            "traffic"
                | "load"
                | "message"
                | "messages"
                | "data"
                | "anything"
                | "stuff"
                | "everything"
                | "packets"
                | "things"
                | "thing"
                | "them"
        )
    }) {
        return None;
    }
    let joined = parts
        .windows(2)
        .all(|two| two[1].0 == two[0].0.wrapping_add(1));
    let signed = parts.iter().any(|(_, text)| text.contains('_'));
    if parts.len() > 3
        || !joined
        || !(plain || signed)
        || parts.iter().any(|(_, text)| {
            matches!(
                text.as_str(),
                "not"
                    | "never"
                    | "if"
                    | "unless"
                    | "no"
                    | "i"
                    | "we"
                    | "is"
                    | "are"
                    | "was"
                    | "when"
                    | "who"
                    | "what"
                    | "why"
                    | "how"
                    | "my"
            )
        })
    {
        return None;
    }
    let name = parts
        .into_iter()
        .map(|(_, text)| text.replace('-', "_"))
        .collect::<Vec<_>>()
        .join("_");
    mesh_core::operation::value::is_capability(&name).then_some(Name::Said(name))
}
