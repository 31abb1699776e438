//! Watches: "tell me when sector 7 is healthy again", "watch 7-4 until its impedance drops below 300".

use crate::context::Context;
use crate::draft::Draft;
use crate::heads::{Heads, heads};
use crate::miss::{Miss, Read};
use crate::phrase::{Noun, Phrase, phrase, term};
use crate::piece::{Piece, phrases, pieces};
use crate::reader::Reader;
use crate::select::select;
use mesh_core::place::scope::Term;

/// Words that ask to be told.
fn tell() -> &'static Heads {
    heads!(
        "tell me|tell us|let me know|let us know|notify me|notify us|notify|alert me|alert us|alert|ping me|ping us|\
     inform me|inform us|warn me|warn us|message me|text me|call me|wake me up|wake me|give me a shout|\
     give me a ping|give me a heads up|give me a call|give us a shout|shout|shout at me|say me|say|\
     send me a message|send me a note|send me an alert|send me a notification|drop me a line|remind me|report|\
     report back|report to me|i want to know|i would like to know|i need to know|i want to be told|\
     i would like to be told|make a noise|beep|beep me|page me|holler|yell|signal me|flag it|poke me|buzz me|\
     raise an alert|raise an alarm|send an alert|get back to me|come back to me|hit me up|mention it|\
     i want to hear|email me|write me|ring me|sound the alarm|speak up|update me|keep me posted|\
     watch out and tell me|wait and tell me|just tell me|then tell me|set an alert for|set up an alert for|\
     set an alarm for|set up an alert|set an alert|set a watch"
    )
}

/// Words that lead to the condition.
fn when() -> &'static Heads {
    heads!(
        "when|once|as soon as|if|after|whenever|the moment|the minute|the second|until|should|the instant|in case|that|\
     soon as|if and when|when and if|as and when|immediately when|right when|the next time"
    )
}

/// Verbs of watching.
fn watching() -> &'static Heads {
    heads!(
        "watch over|watch out for|watch|monitor|keep an eye on|keep watch on|keep watching|keep a watch on|\
     keep tabs on|observe|follow|track|wait for|wait until|wait till|keep an eye out for|set a watch on|\
     put a watch on|look out for|stand by until|set up a watch on|set a watch for|start watching|begin watching|\
     keep your eye on|babysit"
    )
}

fn longest(reader: &Reader<'_>, at: usize, heads: &Heads) -> Option<usize> {
    heads.longest(reader, at)
}

fn sub<'a>(reader: &Reader<'a>, from: usize, to: usize) -> Reader<'a> {
    let from = from.min(reader.words.len());
    reader.part(from, to.clamp(from, reader.words.len()))
}

/// The watch that the clause asks for.
pub(crate) fn watch(reader: &Reader<'_>, context: &Context) -> Option<Read> {
    let end = reader.words.len();
    if let Some(told) = longest(reader, 0, tell()) {
        let from = reader.skip(
            told,
            &[
                "please",
                "immediately",
                "right",
                "away",
                "straight",
                ",",
                "back",
                "again",
            ],
        );
        if let Some(when) = longest(reader, from, when()) {
            let direct = !reader.at(from, &["that"]);
            // "Tell me if", "report after": a question or a time unless a condition follows.
            let read = condition(&sub(reader, when, end), context);
            return match read {
                Some(read) => direct.then_some(read),
                None if when >= trimmed(reader, end)
                    && !reader.at(from, &["that", "after", "if"]) =>
                {
                    Some(Err(Miss::ask("Tell you when what is how?", 0.92)))
                }
                None => None,
            };
        }
        let reminder = from >= trimmed(reader, end)
            && reader.at(
                0,
                &["let", "notify", "alert", "ping", "inform", "warn", "wake"],
            )
            && reader.lemma(0) != "wake";
        if reminder {
            return Some(Err(Miss::ask("Let you know when what is how?", 0.92)));
        }
        // "Alert me to …" is not known.
    }
    // "When sector 7 is back, tell me", "should sector 5 be healthy again, let me know".
    if let Some(when) = longest(
        reader,
        0,
        heads!("when|once|as soon as|if|should|whenever|the moment|after"),
    ) {
        let told = (when..end).find(|at| {
            longest(reader, *at, tell()).is_some_and(|next| next >= trimmed(reader, end))
        })?;
        return condition(&sub(reader, when, told), context);
    }
    let from = longest(reader, 0, watching())?;
    let wait = reader.at(0, &["wait", "stand"]);
    if wait && !reader.at(from.wrapping_sub(1), &["for"]) {
        let read = condition(&sub(reader, from, end), context);
        return read;
    }
    // "Watch X until …", "watch X and tell me when it is …", "watch X for a queue over 10".
    let (subject, next) = phrase(reader, from)?;
    if !(subject.names()
        || subject.refer.is_some()
        || subject.all
        || subject.mesh
        || subject.pick.is_some())
    {
        // "Watch the queue of sector 5 until it is below 10": the measure comes first.
        let read = condition(&sub(reader, from, end), context);
        return read;
    }
    let next = reader.skip(
        next,
        &[
            ",",
            "and",
            "please",
            "closely",
            "for",
            "me",
            "then",
            "carefully",
        ],
    );
    if let ([term], true) = (subject.terms.as_slice(), next >= trimmed(reader, end)) {
        let (condition, mut plain) = (term.to_string(), subject.clone());
        plain.terms.clear();
        return Some(
            about(Draft::new("watch"), &plain, context)
                .map(|draft| draft.with("condition", condition)),
        );
    }
    if next >= trimmed(reader, end) {
        let draft = about(Draft::new("watch"), &subject, context);
        return Some(draft.and_then(|draft| Err(Miss::slot(draft, "condition", "Watch for what: healthy, thawed, active, quiet, or a measure such as impedance below 300?"))));
    }
    let told = longest(reader, next, tell()).unwrap_or(next);
    let told = reader.skip(told, &["please", ","]);
    let when = longest(reader, told, when())
        .or_else(|| {
            longest(
                reader,
                told,
                heads!("till|to be|to become|to get|for it to be|for it to|for|to"),
            )
        })
        .unwrap_or(told);
    let rest = sub(reader, when, end);
    let (found, own) = read_condition(&rest)?;
    let subject = match own {
        Some(own) if own.names() || own.refer.is_none() && own.is_scope() => own,
        _ => subject,
    };
    Some(about(Draft::new("watch"), &subject, context).map(|draft| draft.with("condition", found)))
}

/// The length without signs and politeness at the end.
fn trimmed(reader: &Reader<'_>, end: usize) -> usize {
    let mut end = end;
    while end > 0
        && reader.at(
            end - 1,
            &[
                "?",
                ".",
                "!",
                ",",
                "please",
                "thanks",
                "…",
                "then",
                "ok",
                "right",
                "away",
                "immediately",
                "would",
                "you",
            ],
        )
    {
        end -= 1;
    }
    end
}

fn about(draft: Draft, phrase: &Phrase, context: &Context) -> Read {
    let mut plain = phrase.clone();
    plain.noun = plain
        .noun
        .filter(|noun| matches!(noun, Noun::Agent | Noun::Cluster | Noun::Sector));
    plain.count = None;
    if plain.is_scope() || plain.definite && plain.singular {
        let selection = select(&plain, context)
            .map_err(|trouble| Miss::trouble(draft.clone(), "scope", trouble))?;
        return Ok(draft.about(selection));
    }
    Err(Miss::slot(
        draft,
        "scope",
        "Watch which sector, cluster or agents?",
    ))
}

/// A condition with its subject.
fn condition(reader: &Reader<'_>, context: &Context) -> Option<Read> {
    let (found, subject) = read_condition(reader)?;
    let draft = Draft::new("watch").with("condition", found);
    match subject {
        Some(subject) => Some(about(draft, &subject, context)),
        None => Some(match &context.focus {
            Some(focus) => Ok(draft.about(focus.clone())),
            None => Err(Miss::slot(
                draft,
                "scope",
                "Watch which sector, cluster or agents?",
            )),
        }),
    }
}

/// What is waited for, and of whom.
fn read_condition(reader: &Reader<'_>) -> Option<(String, Option<Phrase>)> {
    let words = reader.words;
    if let Some((found, used)) = measure(reader) {
        let rest: Vec<_> = (0..words.len())
            .filter(|at| !used.contains(at))
            .map(|at| words[at].clone())
            .collect();
        let rest = Reader {
            words: &rest,
            ..*reader
        };
        let parts = pieces(&rest);
        let list: Vec<&Phrase> = phrases(&parts)
            .filter(|p| p.is_scope() || p.definite && p.noun.is_some())
            .collect();
        let subject = crate::act::merged(list);
        return explained(&parts, &[]).then(|| (found.to_string(), subject));
    }
    let parts = pieces(reader);
    let mut found: Option<&'static str> = None;
    let mut state: Option<String> = None;
    let mut subject: Option<Phrase> = None;
    for piece in &parts {
        match piece {
            Piece::Word(word) => {
                let named = match word.text.as_str() {
                    "healthy" | "well" | "ok" | "okay" | "fine" | "better" | "good" | "normal"
                    | "recovered" | "recovers" | "recover" | "healed" | "fixed" | "repaired"
                    | "sorted" | "health" | "heals" | "nominal" => Some("healthy"),
                    "thawed" | "thaws" | "thaw" | "unfrozen" | "unfreezes" | "resumed"
                    | "resumes" => Some("thawed"),
                    "active" | "back" | "online" | "alive" | "available" | "reachable"
                    | "returns" | "returned" | "return" | "running" | "up" | "working"
                    | "responding" | "responsive" | "awake" => Some("active"),
                    "quiet" | "calm" | "calmed" | "calms" | "idle" | "silent" | "settled"
                    | "settles" | "quietens" | "quieted" | "still" => Some("quiet"),
                    _ => None,
                };
                // "Back to normal", "healthy again", "up and running": the first that says more than "back" wins.
                if let Some(named) = named
                    && (found.is_none()
                        || found == Some("active")
                            && matches!(word.text.as_str(), "normal" | "healthy" | "health"))
                {
                    found = Some(named);
                }
            }
            Piece::Phrase(p) => {
                let p = (**p).clone();
                // "Sector 7 degraded" after "is": the state of the subject.
                let plain_state =
                    p.marks.is_some() && !p.places() && p.classes.is_empty() && p.noun.is_none();
                if plain_state {
                    state = p.marks.map(|marks| format!("state={marks}"));
                } else {
                    subject = match subject {
                        None => Some(p),
                        Some(before) => Some(crate::act::merge(&before, &p)?),
                    };
                }
            }
            _ => {}
        }
    }
    // "When the GPUs are active": the state belongs to the condition.
    if let Some(p) = &mut subject
        && found.is_none()
        && state.is_none()
        && let Some(marks) = p.marks.take()
    {
        state = Some(match marks.to_string().as_str() {
            "active" => "active".to_owned(),
            other => format!("state={other}"),
        });
    }
    let condition = match (found, state) {
        (Some(found), _) => found.to_owned(),
        (None, Some(state)) if state == "state=active" => {
            if reader_says(reader, "healthy") {
                "healthy".into()
            } else {
                "active".into()
            }
        }
        (None, Some(state)) => state,
        (None, None) => return None,
    };
    let condition = if condition == "active" && reader_says(reader, "healthy") {
        "healthy".to_owned()
    } else {
        condition
    };
    explained(&parts, &["healthy"]).then_some((condition, subject))
}

fn reader_says(reader: &Reader<'_>, text: &str) -> bool {
    (0..reader.words.len()).any(|at| reader.at(at, &[text]))
}

/// Whether nothing stands in the condition that would change what it means.
fn explained(parts: &[Piece], _also: &[&str]) -> bool {
    parts.iter().all(|piece| match piece {
        Piece::Word(word) => {
            crate::frame::says_nothing(&word.text)
                || crate::frame::says_little(&word.text)
                || matches!(
                    word.lemma,
                    "be" | "become"
                        | "get"
                        | "go"
                        | "come"
                        | "have"
                        | "turn"
                        | "feel"
                        | "look"
                        | "seem"
                        | "finish"
                        | "start"
                        | "do"
                        | "return"
                        | "recover"
                        | "heal"
                        | "thaw"
                        | "unfreeze"
                        | "resume"
                        | "calm"
                        | "settle"
                        | "fix"
                        | "repair"
                        | "run"
                        | "work"
                        | "respond"
                        | "wake"
                        | "stop"
                        | "sort"
                )
                || matches!(
                    word.text.as_str(),
                    "healthy"
                        | "well"
                        | "ok"
                        | "okay"
                        | "fine"
                        | "better"
                        | "good"
                        | "normal"
                        | "health"
                        | "nominal"
                        | "thawed"
                        | "unfrozen"
                        | "active"
                        | "back"
                        | "online"
                        | "alive"
                        | "available"
                        | "reachable"
                        | "up"
                        | "awake"
                        | "quiet"
                        | "silent"
                        | "idle"
                        | "calm"
                        | "still"
                        | "down"
                        | "has"
                        | "its"
                        | "completely"
                        | "fully"
                        | "finally"
                        | "responsive"
                        | "again"
                        | "everything"
                        | "quietens"
                        | "full"
                        | "strength"
                        | "service"
                        | "feet"
                        | "life"
                        | "quieted"
                        | "quieter"
                        | "gone"
                        | "shape"
                        | "sorted"
                        | "things"
                        | "should"
                        | "will"
                        | "shall"
                )
        }
        Piece::Phrase(_) | Piece::Punct(_) => true,
        Piece::Span(_)
        | Piece::Time(_)
        | Piece::Quote(_)
        | Piece::Id(_)
        | Piece::Priority(_)
        | Piece::Compare => false,
    })
}

/// A measured condition and the indices of its words: "impedance below 300", "the queue of sector 5 is at least 40".
fn measure(reader: &Reader<'_>) -> Option<(Term, Vec<usize>)> {
    let words = reader.words;
    for at in 0..words.len() {
        if let Some((found, next)) = term(words, at) {
            let measures = |w: &crate::lexicon::Lexeme| {
                matches!(
                    w.lemma,
                    "impedance"
                        | "queue"
                        | "backlog"
                        | "reliability"
                        | "drift"
                        | "z"
                        | "heartbeat"
                        | "latency"
                        | "success"
                )
            };
            if matches!(words[at].token.kind, crate::token::Kind::Term(_))
                || words[at..next].iter().any(measures)
            {
                return Some((found, (at..next).collect()));
            }
        }
        // The subject stands between the measure and its bound: without it they stand together.
        let Some((_, after)) = crate::phrase::metric(words, at) else {
            continue;
        };
        let Some((subject, next)) = reader
            .at(after, &["of", "in", "on", "at", "for"])
            .then(|| phrase(reader, after + 1))
            .flatten()
        else {
            continue;
        };
        if !(subject.is_scope() || subject.definite) {
            continue;
        }
        let indices: Vec<usize> = (at..after).chain(next..words.len()).collect();
        let joined: Vec<_> = indices.iter().map(|at| words[*at].clone()).collect();
        if let Some((found, used)) = term(&joined, 0) {
            return Some((found, indices[..used].to_vec()));
        }
    }
    None
}
