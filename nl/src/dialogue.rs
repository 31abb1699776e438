//! One turn after another: an answer, a correction, a continuation, what was asked for, or something new.

use crate::answer::{Answer, answer};
use crate::compile::compile;
use crate::context::{Asked, Context};
use crate::draft::{Draft, json, number};
use crate::follow::{again, follow, which};
use crate::frame::{self, Voice};
use crate::lexicon::{Lexeme, lexemes};
use crate::miss::Miss;
use crate::phrase::Spot;
use crate::piece::{Piece, Role, phrases, pieces};
use crate::reader::Reader;
use crate::reading::Reading;
use crate::token::{Kind as TokenKind, tokens};
use mesh_core::operation::Operation;

/// Bytes of a line at most: a broadcast of two pages and the words around it. What is longer is no sentence.
pub const LINE_MAX: usize = 10_000;

/// Reads one utterance, and remembers what the next one may refer to. A line of white space ends the dialogue.
pub fn turn(line: &str, context: &mut Context) -> Reading {
    if line.chars().all(char::is_whitespace) {
        *context = Context::new(context.shape);
        return Reading::reject("nothing was said", 0.9);
    }
    if line.len() > LINE_MAX {
        return Reading::reject("too long for a sentence", 0.97);
    }
    if let Some(command) = line.trim().strip_prefix(':')
        && let Ok(operation) = Operation::from_line(command)
    {
        return command_line(operation, context);
    }
    if foreign(line) {
        return Reading::reject("only English is understood", 0.97);
    }
    let Some(tokens) = tokens(line) else {
        return Reading::reject("too long for a sentence", 0.97);
    };
    let words = named(without_exclamations(lexemes(tokens)), context);
    let reader = Reader {
        words: &words,
        line,
        shape: context.shape,
    };
    if words.iter().all(|word| {
        matches!(
            word.token.kind,
            TokenKind::Punct(_) | TokenKind::Odd | TokenKind::Compare(_)
        )
    }) {
        return Reading::reject("nothing was said", 0.97);
    }
    respond(&reader, context)
}

/// Whether it could be a sentence that is understood here at all.
pub(crate) fn is_english(line: &str) -> bool {
    !foreign(line)
}

/// Without "on earth", "the hell", which say nothing anywhere.
fn without_exclamations(words: Vec<Lexeme>) -> Vec<Lexeme> {
    let idle = |two: &[Lexeme]| {
        matches!(
            (two[0].token.text.as_str(), two[1].token.text.as_str()),
            ("on", "earth") | ("the", "hell" | "heck" | "devil")
        )
    };
    let Some(at) = words.windows(2).position(idle) else {
        return words;
    };
    let mut words = words;
    words.drain(at..at + 2);
    words
}

/// "Reset the ones in sector 17", after breakers were spoken of: "the ones" are those.
fn named(mut words: Vec<Lexeme>, context: &Context) -> Vec<Lexeme> {
    let text = |words: &[Lexeme], at: usize| {
        let word = words.get(at);
        word.map_or_else(String::new, |word| word.token.text.clone())
    };
    let stands = |at: usize| {
        at > 0
            && matches!(text(&words, at).as_str(), "one" | "ones")
            && matches!(text(&words, at - 1).as_str(), "the" | "those")
            && matches!(
                text(&words, at + 1).as_str(),
                "in" | "on" | "of" | "from" | "at" | "for"
            )
    };
    let Some(at) = (1..words.len()).find(|at| stands(*at)) else {
        return words;
    };
    let breakers = |draft: &Draft| matches!(draft.op, "trip" | "reset");
    let what = context.last.last().and_then(|last| {
        let listed = last.args.get("what").and_then(|what| what.as_str());
        if breakers(last) {
            Some("breakers")
        } else {
            listed
        }
    });
    let many = text(&words, at) == "ones";
    let noun = match what {
        Some(what) if many => what.to_owned(),
        Some(what) => what.trim_end_matches('s').to_owned(),
        None => return words,
    };
    let Some(mut named) = tokens(&noun).map(lexemes).filter(|named| named.len() == 1) else {
        return words;
    };
    if let Some(mut noun) = named.pop() {
        (noun.token.start, noun.token.end) = (words[at].token.start, words[at].token.end);
        words[at] = noun;
    }
    words
}

/// A command in the console's own language, which needs no reading.
fn command_line(operation: Operation, context: &mut Context) -> Reading {
    if let Some(scopes) = operation.scope() {
        context.point_at(scopes.clone());
    }
    let reading = Reading::operations(vec![operation], 1.0);
    settle(&reading, context);
    reading
}

/// Whether a line is mostly of letters that English does not have, or of another language's words.
fn foreign(line: &str) -> bool {
    let letters = line.chars().filter(|c| c.is_alphabetic()).count();
    let strange = line
        .chars()
        .filter(|c| {
            c.is_alphabetic()
                && !c.is_ascii()
                && !matches!(
                    *c,
                    'é' | 'ï'
                        | 'ö'
                        | 'ü'
                        | 'ä'
                        | 'è'
                        | 'à'
                        | 'ç'
                        | 'ê'
                        | 'ô'
                        | 'ñ'
                        | 'ß'
                        | 'á'
                        | 'í'
                        | 'ó'
                        | 'ú'
                )
        })
        .count();
    strange * 3 > letters || strange > 0 && strange * 5 > letters
}

fn respond(reader: &Reader<'_>, context: &mut Context) -> Reading {
    if let Some(reading) = answered(reader, context) {
        return reading;
    }
    if let Some(reading) = completed(reader, context) {
        return reading;
    }
    if again(reader) {
        let last = context.last.clone();
        return if last.is_empty() {
            Reading::clarify("Again what? Nothing was asked for before.", 0.95)
        } else {
            done(last, context)
        };
    }
    if let Some(draft) = which(reader, context) {
        return done(vec![draft], context);
    }
    // "And 8?", "no, 7-5": what goes on from the last, unless it says a whole clause.
    let opened = reader.at(
        0,
        &[
            "and",
            "what",
            "how",
            "same",
            "also",
            "only",
            "just",
            "no",
            "sorry",
            "rather",
            "actually",
            "make",
            "nope",
            "i",
            "oops",
            "the",
            "wait",
            "hang",
            "hold",
            "in",
            "on",
            "over",
            "for",
            "to",
            "then",
            "now",
            "but",
            "or",
            "likewise",
            "ditto",
            "do",
            "ah",
            "oh",
            "except",
            "excluding",
            "without",
            "compare",
            "versus",
            "vs",
            "same",
        ],
    ) || reader.words.len() <= 6;
    if opened && let Some(read) = follow(reader, context) {
        return match read {
            Ok(draft) => done(vec![draft], context),
            Err(miss) => missed(miss, context),
        };
    }
    let compiled = compile(reader, context);
    match compiled {
        Ok(drafts) => done(drafts, context),
        Err(miss) => {
            if let Some(draft) = borrowed(reader, &miss, context) {
                return done(vec![draft], context);
            }
            // "Why?" after something was looked at; "and 8?" with nothing before it.
            let bare_follow = context.last.is_empty()
                && reader.words.len() <= 6
                && reader.at(
                    0,
                    &[
                        "and", "no", "same", "also", "the", "what", "how", "for", "only", "just",
                        "put", "make", "then", "rather", "both", "sorry", "i",
                    ],
                )
                && matches!(miss, Miss::Reject { .. })
                && reader.words.iter().all(|word| !word.is_unknown())
                && refers(reader);
            if bare_follow {
                return Reading::clarify("What about it? Nothing was said before.", 0.9);
            }
            missed(miss, context)
        }
    }
}

/// Whether the line speaks of something said before, or names a place without saying what for.
fn refers(reader: &Reader<'_>) -> bool {
    let parts = pieces(reader);
    phrases(&parts).any(|p| p.is_scope() || p.count.is_some())
        || (0..reader.words.len()).any(|at| reader.at(at, &["same", "one", "ones"]))
}

/// "Ask the Pis as well": what is missing is what the last one said.
fn borrowed(reader: &Reader<'_>, miss: &Miss, context: &Context) -> Option<Draft> {
    let Miss::Ask {
        asked: Some(asked), ..
    } = miss
    else {
        return None;
    };
    let also = (0..reader.words.len()).any(|at| {
        reader.at(
            at,
            &["too", "well", "also", "same", "it", "that", "this", "as"],
        )
    });
    let last = context
        .last
        .iter()
        .rev()
        .find(|draft| draft.op == asked.draft.op)?;
    let free = matches!(asked.slot, "message" | "question" | "task");
    let value = last.args.get(asked.slot).filter(|_| also && free)?;
    Some(
        asked
            .draft
            .clone()
            .with(asked.slot, value.clone())
            .at_most(0.85),
    )
}

/// Understood: checked against the table, remembered, proposed where its row wants a yes.
fn done(drafts: Vec<Draft>, context: &mut Context) -> Reading {
    let confidence = drafts
        .iter()
        .map(|draft| draft.confidence)
        .fold(1.0, f32::min);
    let mut operations = Vec::with_capacity(drafts.len());
    for draft in &drafts {
        match draft.operation() {
            Ok(operation) => operations.push(operation),
            Err(error) => return Reading::clarify(error.to_string(), 0.7),
        }
    }
    for draft in &drafts {
        context.note(draft);
    }
    context.last = drafts;
    context.asked = None;
    let reading = Reading::operations(operations, confidence);
    settle(&reading, context);
    reading
}

/// What waits for a yes now: this, what waited before while it only looks, or nothing.
fn settle(reading: &Reading, context: &mut Context) {
    if reading.confirm {
        context.pending.clone_from(&reading.operations);
    } else if reading.operations.iter().any(Operation::changes) {
        context.pending.clear();
    }
}

fn missed(miss: Miss, context: &mut Context) -> Reading {
    match miss {
        Miss::Ask {
            asked,
            question,
            confidence,
        } => {
            context.asked = asked.map(|asked| *asked);
            Reading::clarify(question, confidence)
        }
        Miss::Reject { reason, confidence } => Reading::reject(reason, confidence),
    }
}

/// Yes or no, when that is what was said.
fn answered(reader: &Reader<'_>, context: &mut Context) -> Option<Reading> {
    let waits = !context.pending.is_empty();
    // "Don't freeze it", with that freeze waiting.
    if waits && denied(reader, context) {
        return Some(answer_with(
            Operation::Answer {
                yes: false,
                only: None,
            },
            context,
            0.95,
        ));
    }
    match answer(reader, waits)? {
        Answer::All(yes) if waits => Some(answer_with(
            Operation::Answer { yes, only: None },
            context,
            0.96,
        )),
        // "What if I froze 61?" "Do it."
        Answer::All(true)
            if supposed(context).is_some() && !reader.at(0, &["ok", "okay", "right"]) =>
        {
            supposed(context).map(|draft| done(vec![draft.at_most(0.9)], context))
        }
        Answer::All(yes) => {
            // Without anything pending "stop" and "cancel" are commands that lack an object.
            let both = reader.words.len() == 1 && reader.at(0, &["both", "all", "everything"]);
            let _ = both;
            if context.asked.is_some() && !yes {
                context.asked = None;
            }
            // "No, reject it", of a review spoken of, is a command.
            let verb = (0..reader.words.len()).any(|at| {
                reader.at(
                    at,
                    &[
                        "reject", "approve", "accept", "execute", "ignore", "decline", "run",
                        "send",
                    ],
                )
            });
            (!verb || reader.words.len() == 1).then(|| {
                Reading::clarify(
                    if yes {
                        "Yes to what? Nothing waits for an answer."
                    } else {
                        "No to what? Nothing waits for an answer."
                    },
                    0.95,
                )
            })
        }
        Answer::Only(positions) if waits => {
            let count = context.pending.len();
            let only: Vec<u8> = positions
                .iter()
                .map(|p| if *p == 0 { count } else { *p })
                .filter(|p| (1..=count).contains(p))
                .map(|p| p as u8)
                .collect();
            // "The second" with a list in focus is a reference, and so is a number that no step has.
            if only.is_empty()
                || only.len() != positions.len()
                || count == 1 && !reader.at(0, &["yes", "yeah", "only", "just", "ok", "sure"])
            {
                return None;
            }
            Some(answer_with(
                Operation::Answer {
                    yes: true,
                    only: Some(only),
                },
                context,
                0.92,
            ))
        }
        Answer::AllBut(positions) if waits => {
            let count = context.pending.len();
            let out: Vec<usize> = positions
                .iter()
                .map(|p| if *p == 0 { count } else { *p })
                .collect();
            let only: Vec<u8> = (1..=count)
                .filter(|p| !out.contains(p))
                .map(|p| p as u8)
                .collect();
            (!only.is_empty() && count > 1).then(|| {
                answer_with(
                    Operation::Answer {
                        yes: true,
                        only: Some(only),
                    },
                    context,
                    0.9,
                )
            })
        }
        Answer::Only(_) | Answer::AllBut(_) => None,
        Answer::Then(yes, at) => then(reader, yes, at, context),
    }
}

/// What the last utterance asked about without wanting it yet.
fn supposed(context: &Context) -> Option<Draft> {
    match context.last.as_slice() {
        [draft] if draft.op == "what_if" => draft.held.as_deref().cloned(),
        _ => None,
    }
}

/// "Yes, and tell me when it is healthy", "no, freeze 8", "yeah route around".
fn then(reader: &Reader<'_>, yes: bool, at: usize, context: &mut Context) -> Option<Reading> {
    let rest = reader.part(at.min(reader.words.len()), usize::MAX);
    if rest.words.is_empty() || context.pending.is_empty() {
        return None;
    }
    let waiting = context.pending.clone();
    if !yes {
        return None;
    }
    if let Some(Answer::Only(_) | Answer::AllBut(_)) = answer(&rest, true) {
        return answered(&rest, context);
    }
    let drafts = compile(&rest, context).ok()?;
    let operations: Vec<Operation> = drafts
        .iter()
        .filter_map(|draft| draft.operation().ok())
        .collect();
    // "Yes, freeze it": what waits, said again.
    if operations == waiting {
        return Some(answer_with(
            Operation::Answer {
                yes: true,
                only: None,
            },
            context,
            0.95,
        ));
    }
    let also = reader.at(at.saturating_sub(1), &["and", "then", "also", ",", "."])
        || reader.words[..at.min(reader.words.len())]
            .iter()
            .any(|w| matches!(w.token.text.as_str(), "and" | "then"));
    let clause_of_its_own = reader.at(
        0,
        &[
            "yes",
            "yeah",
            "yep",
            "yup",
            "do",
            "go",
            "confirm",
            "confirmed",
            "sure",
            "proceed",
            "ok",
            "okay",
        ],
    );
    if !also
        || !clause_of_its_own
        || reader.at(
            0,
            &[
                "ok", "okay", "right", "alright", "good", "well", "now", "fine",
            ],
        )
    {
        return None;
    }
    let mut all = vec![Operation::Answer {
        yes: true,
        only: None,
    }];
    all.extend(operations);
    context.pending.clear();
    for draft in &drafts {
        context.note(draft);
    }
    context.last = drafts;
    let reading = Reading::operations(all, 0.85);
    settle(&reading, context);
    Some(reading)
}

fn answer_with(operation: Operation, context: &mut Context, confidence: f32) -> Reading {
    context.pending.clear();
    context.asked = None;
    Reading::operations(vec![operation], confidence)
}

/// Whether the line says not to do what waits.
fn denied(reader: &Reader<'_>, context: &Context) -> bool {
    let from = reader.skip(
        0,
        &[
            "please", "no", ",", "wait", "actually", "hey", "stop", "ok", "oh", "but", "well",
            "and", "hmm", "i", "we", "sorry", ".", "!",
        ],
    );
    let Some(at) =
        (from..reader.words.len().min(from + 3)).find(|at| reader.at(*at, &["not", "never"]))
    else {
        return false;
    };
    let rest = reader.part(at + 1, usize::MAX);
    let parts = pieces(&rest);
    if rest.words.is_empty() {
        return true;
    }
    let names: Vec<&str> = context.pending.iter().map(Operation::name).collect();
    let innermost: Vec<&str> = context
        .pending
        .iter()
        .filter_map(|operation| operation.inner().map(Operation::name))
        .collect();
    let said = frame::acts(&parts, Voice::Any)
        .into_iter()
        .find(|found| found.unexplained == 0 || found.first <= 1);
    said.is_some_and(|found| {
        let op = found.makes.split(':').next().unwrap_or(found.makes);
        names.contains(&op) || innermost.contains(&op)
    })
}

/// The answer to a question back completes the operation that it was about.
fn completed(reader: &Reader<'_>, context: &mut Context) -> Option<Reading> {
    let asked = context.asked.clone()?;
    let draft = complete(reader, &asked, context)?;
    // What still lacks something is asked about again.
    if let Err(error) = draft.operation() {
        let next = missing(&draft)?;
        context.asked = Some(Asked { draft, slot: next });
        return Some(Reading::clarify(error.to_string(), 0.8));
    }
    let pending = context.pending.clone();
    let reading = done(vec![draft.at_most(0.94)], context);
    let _ = pending;
    Some(reading)
}

/// The first argument that the draft's row needs and that is not there.
fn missing(draft: &Draft) -> Option<&'static str> {
    let row = mesh_core::operation::table::row(draft.op)?;
    row.args
        .iter()
        .find(|arg| arg.needed && !draft.args.contains_key(arg.name))
        .map(|arg| arg.name)
}

fn complete(reader: &Reader<'_>, asked: &Asked, context: &Context) -> Option<Draft> {
    let parts = pieces(reader);
    let draft = asked.draft.clone();
    let only = |fits: &dyn Fn(&Piece) -> bool| {
        parts.iter().all(|piece| {
            fits(piece)
                || match piece {
                    Piece::Punct(_) => true,
                    Piece::Word(word) => {
                        frame::says_nothing(&word.text)
                            || matches!(
                                word.text.as_str(),
                                "it" | "is"
                                    | "that"
                                    | "say"
                                    | "maybe"
                                    | "make"
                                    | "only"
                                    | "just"
                                    | "i"
                                    | "mean"
                                    | "meant"
                                    | "them"
                                    | "about"
                                    | "until"
                                    | "till"
                                    | "its"
                                    | "when"
                                    | "one"
                                    | "called"
                                    | "which"
                                    | "those"
                                    | "are"
                                    | "should"
                                    | "sorry"
                                    | "oh"
                                    | "um"
                                    | "becomes"
                                    | "tell"
                            )
                    }
                    _ => false,
                }
        })
    };
    match asked.slot {
        "scope" | "to" => {
            let list: Vec<_> = phrases(&parts).collect();
            if list.is_empty() || !only(&|piece| matches!(piece, Piece::Phrase(_))) {
                return None;
            }
            let phrase = crate::act::merged(list)?;
            if !(phrase.is_scope())
                || phrase.sort.is_some()
                || phrase.noun.is_some_and(|noun| {
                    !matches!(
                        noun,
                        crate::phrase::Noun::Agent
                            | crate::phrase::Noun::Cluster
                            | crate::phrase::Noun::Sector
                    )
                }) && asked.draft.op != "cancel"
                    && asked.draft.op != "reassign"
                    && !matches!(asked.draft.op, "trip" | "reset")
            {
                return None;
            }
            if asked.slot == "to" {
                return Some(
                    draft.with("to", json(&crate::act::recipient(&phrase, context).ok()?)),
                );
            }
            let selection = crate::act::target(&draft, &phrase, context, "scope").ok()?;
            if draft.op == "promote" && selection.scopes.single_agent().is_none() {
                return None;
            }
            Some(draft.about(selection))
        }
        "add" | "remove" | "sample" => {
            let amount = phrases(&parts).find_map(|p| match p.spots.as_slice() {
                [Spot::Number(n)] if p.is_number() => Some(f64::from(*n)),
                _ => p.count,
            });
            let amount = amount.or_else(|| {
                let at = reader.skip(
                    0,
                    &[
                        "just", "only", "about", "maybe", "say", "ok", "um", "make", "it",
                    ],
                );
                crate::quantity::quantity(reader.words, at)
                    .filter(|(_, next)| *next + 1 >= reader.words.len())
                    .map(|(n, _)| n)
            })?;
            let whole = amount >= 1.0 && amount.fract() == 0.0;
            let fits = only(
                &|piece| matches!(piece, Piece::Phrase(p) if p.is_number() || p.count.is_some() || p.noun.is_some()),
            ) || reader.words.len() <= 4;
            (whole && fits).then(|| draft.with(asked.slot, number(amount)))
        }
        "condition" => {
            let text = reader.text(0);
            let line = Reader {
                words: reader.words,
                ..*reader
            };
            let at = reader.skip(
                0,
                &[
                    "until", "when", "till", "it", "is", "for", "its", "once", "to", "be", "that",
                    "becomes", "gets", "they", "are",
                ],
            );
            let word = reader.text(at);
            let named = match word {
                "healthy" | "thawed" | "active" | "quiet" => Some(word),
                "back" | "up" | "online" => Some("active"),
                _ => None,
            };
            if let Some(named) = named.filter(|_| reader.words.len() <= at + 3) {
                return Some(draft.with("condition", named));
            }
            let _ = text;
            let (term, next) = crate::phrase::term(line.words, at)?;
            (next + 1 >= reader.words.len()).then(|| draft.with("condition", term.to_string()))
        }
        "metric" => {
            let (metric, next) =
                crate::phrase::metric(reader.words, reader.skip(0, &["the", "its", "of"]))?;
            let metric = ["impedance", "conflicts", "latency", "queue", "arrival"]
                .into_iter()
                .find(|name| *name == metric)?;
            (next + 1 >= reader.words.len()).then(|| draft.with("metric", metric))
        }
        "message" | "question" | "task" => {
            let quote = parts.iter().find_map(|piece| match piece {
                Piece::Quote(text) => Some(text.clone()),
                _ => None,
            });
            if let Some(text) = quote {
                return Some(draft.with(asked.slot, text));
            }
            // A command of its own is not the text that was asked for.
            let own = compile(reader, context);
            if own.is_ok() || matches!(own, Err(Miss::Ask { asked: Some(_), .. })) {
                return None;
            }
            let text = reader.line.trim().trim_end_matches('.');
            (!text.is_empty()).then(|| draft.with(asked.slot, text).at_most(0.85))
        }
        "capability" => {
            let names: Vec<&str> = (0..reader.words.len())
                .map(|at| reader.words[at].said.as_str())
                .filter(|text| {
                    !matches!(
                        *text,
                        "the" | "," | "." | "please" | "capability" | "a" | "it" | "is"
                    )
                })
                .collect();
            let name = names.join("_").replace('-', "_");
            ((1..=3).contains(&names.len()) && mesh_core::operation::value::is_capability(&name))
                .then(|| draft.with("capability", name))
        }
        "verb" => {
            let verb = (0..reader.words.len()).find_map(|at| {
                mesh_core::message::Verb::WORDS
                    .iter()
                    .find(|verb| **verb == reader.lemma(at))
            })?;
            (reader.words.len() <= 4).then(|| draft.with("verb", *verb))
        }
        "review_id" | "conflict_id" => {
            let id = parts.iter().find_map(|piece| match piece {
                Piece::Id(id) => Some(id.clone()),
                _ => None,
            });
            let word = (0..reader.words.len()).find_map(|at| match (asked.slot, reader.text(at)) {
                ("review_id", "next" | "first") => Some("next"),
                ("conflict_id", "last" | "latest" | "newest" | "recent") => Some("latest"),
                _ => None,
            });
            if reader.words.len() > 6 {
                return None;
            }
            match (id, word) {
                (Some(id), _) => Some(draft.with(asked.slot, id)),
                (None, Some(word)) => Some(draft.with(asked.slot, word)),
                _ => None,
            }
        }
        "topic" => {
            let topic = crate::question::topic(reader)?;
            Some(draft.with("topic", topic))
        }
        "name" => {
            let name = reader.words.iter().find(|word| {
                !matches!(
                    word.token.text.as_str(),
                    "the" | "theme" | "one" | "," | "." | "please" | "a"
                )
            })?;
            (reader.words.len() <= 4).then(|| draft.with("name", name.token.text.clone()))
        }
        "when" => {
            let time = parts.iter().find_map(|piece| match piece {
                Piece::Time(time) => Some(time.clone()),
                _ => None,
            });
            let wait = parts.iter().find_map(|piece| match piece {
                Piece::Span(span)
                    if matches!(span.role, Role::In | Role::Bare | Role::For | Role::Within) =>
                {
                    Some(span.seconds)
                }
                _ => None,
            });
            if !only(&|piece| matches!(piece, Piece::Time(_) | Piece::Span(_))) {
                return None;
            }
            match (time, wait) {
                (Some(time), None) => Some(Draft::holding("schedule", draft).with("at", time)),
                (None, Some(wait)) => {
                    Some(Draft::holding("schedule", draft).with("in_s", number(wait)))
                }
                _ => None,
            }
        }
        _ => None,
    }
}
