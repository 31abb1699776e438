//! A clause as pieces: phrases, lengths and points of time, quotations, ids, and the words that are left.

use crate::heads::heads;
use crate::lexicon::{Form, Lexeme};
use crate::phrase::{Phrase, phrase};
use crate::quantity::{duration, quantity, time};
use crate::reader::Reader;
use crate::token::Kind;

/// One piece.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Piece {
    /// A word that is part of nothing larger.
    Word(Word),
    /// Who or what is meant.
    Phrase(Box<Phrase>),
    /// A length of time.
    Span(Span),
    /// A time of day or an instant.
    Time(String),
    /// A quotation.
    Quote(String),
    /// An id.
    Id(String),
    /// A priority, 0 to 3.
    Priority(u8),
    /// A sign between parts.
    Punct(char),
    /// A sign that compares, without what it compares.
    Compare,
}

/// A word as frames see it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Word {
    /// Its base form; empty when it is not known.
    pub(crate) lemma: &'static str,
    /// Which form.
    pub(crate) form: Form,
    /// As it stands.
    pub(crate) text: String,
    /// Its index in the line.
    pub(crate) at: usize,
}

/// A length of time and what it is the length of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Span {
    /// Seconds.
    pub(crate) seconds: f64,
    /// Of what.
    pub(crate) role: Role,
}

/// What a length of time says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// For so long.
    For,
    /// So long from now.
    In,
    /// So far back.
    Back,
    /// In so long at most.
    Within,
    /// The window in which answers are waited for.
    Window,
    /// It was not said.
    Bare,
}

/// The pieces of the whole reader.
pub(crate) fn pieces(reader: &Reader<'_>) -> Vec<Piece> {
    let mut out: Vec<Piece> = Vec::new();
    let mut at = 0;
    while let Some(word) = reader.words.get(at) {
        let (piece, next) = piece(reader, at, word);
        match piece {
            Some(Piece::Phrase(mut phrase)) => {
                phrase.preposition = preposition(reader, at);
                out.push(Piece::Phrase(phrase));
            }
            Some(piece) => out.push(piece),
            None => {}
        }
        at = next.max(at + 1);
    }
    out
}

/// The preposition before a phrase, or behind the words that part it from one.
fn preposition(reader: &Reader<'_>, at: usize) -> &'static str {
    let mut before = at;
    while before > 0 {
        before -= 1;
        match reader.text(before) {
            "to" => return "to",
            "onto" | "into" => return "to",
            "from" => return "from",
            "on" => return "on",
            "in" => return "in",
            "of" => return "of",
            "for" => return "for",
            "with" => return "with",
            "by" => return "by",
            "through" | "via" => return "through",
            "around" => return "around",
            "the" | "a" | "an" | "one" | "all" | "over" => {}
            _ => return "",
        }
    }
    ""
}

fn piece(reader: &Reader<'_>, at: usize, word: &Lexeme) -> (Option<Piece>, usize) {
    match &word.token.kind {
        Kind::Quote(text) => return (Some(Piece::Quote(text.clone())), at + 1),
        Kind::Punct(c) => return (Some(Piece::Punct(*c)), at + 1),
        Kind::Compare(_) => return (Some(Piece::Compare), at + 1),
        Kind::Id if crate::phrase::term(reader.words, at).is_none() => {
            return (
                Some(Piece::Id(reader.words[at].token.text.to_uppercase())),
                at + 1,
            );
        }
        _ => {}
    }
    if let Some(next) = idle(reader, at) {
        return (None, next);
    }
    if let Some((priority, next)) = priority(reader, at) {
        return (Some(Piece::Priority(priority)), next);
    }
    if let Some((span, next)) = span(reader, at) {
        return (Some(Piece::Span(span)), next);
    }
    if let Some((time, next)) = point(reader, at) {
        return (Some(Piece::Time(time)), next);
    }
    // `work around`, `route around`: verbs that are nouns elsewhere.
    let verb = word.is("work")
        && reader.at(at + 1, &["around", "on"])
        && at > 0
        && !reader.at(at.wrapping_sub(1), &["the", "its", "their"]);
    if !verb && let Some((phrase, next)) = phrase(reader, at) {
        return (Some(Piece::Phrase(Box::new(phrase))), next);
    }
    // "Half a dozen", "a couple": a number by itself.
    if let Some((n, next)) = quantity(reader.words, at)
        .filter(|(n, next)| *next > at + 1 && n.fract() == 0.0 && (1.0..1e6).contains(n))
    {
        let number = Phrase {
            spots: vec![crate::phrase::Spot::Number(n as u32)],
            start: at,
            end: next,
            ..Phrase::default()
        };
        return (Some(Piece::Phrase(Box::new(number))), next);
    }
    let piece = Piece::Word(Word {
        lemma: word.lemma,
        form: word.form,
        text: word.token.text.clone(),
        at,
    });
    (Some(piece), at + 1)
}

/// Phrases of time that say nothing that an operation could hold, and others that say nothing at all.
fn idle(reader: &Reader<'_>, at: usize) -> Option<usize> {
    let idle = heads!(
        "for a bit|for a little bit|for a while|for a little while|for a moment|for now|for the moment|\
     for the time being|for the present|until further notice|till further notice|until tomorrow|until i say so|\
     until i say otherwise|until later|for me|for us|right now|right away|at once|straight away|at the moment|\
     at this moment|at present|as of now|in the meantime|if you do not mind|if you please|if you would|if possible|\
     if you can|if you could|when you can|when you get a chance|when you have a moment|if that is ok|\
     if that is okay|if you will|as soon as possible|real quick|would you|will you|could you|can you|\
     thank you very much|thank you so much|thank you|many thanks|thanks a lot|thanks a bunch|thanks a million|\
     thanks in advance|by the way|on the double|a bit|a little|these days|this morning|this afternoon|this evening|\
     this week|this minute|this instant|once again|once more|all right|good morning|good evening|good afternoon|\
     hi there|hey there|hello there|my friend|my dear|and so on|and all|or something|or so|you know|i think|\
     i guess|i suppose|i believe|to be honest|in general|in total|altogether|out there|over there|in here|\
     over here|at the minute|at this point|on my behalf|across the board|for good|for real|and everything|as well|\
     as usual|as quickly as possible|as fast as possible|as fast as you can|no matter what|no later|on the spot|\
     this time|as a precaution|just in case|to be safe|to be on the safe side|for safety|before lunch|\
     please and thank you|pretty please|for starters|first of all|at all|of course|the hell|the heck|on earth|\
     in the world|all of a sudden|all day|all the time|per sector|at a time|do not worry|no rush|no hurry|\
     whenever you can|whenever you are ready|whenever ready|when ready|when you are ready|when you're ready|\
     if needed|if necessary|like this|like that|with immediate effect|effective immediately|\
     at your earliest convenience|in a hurry|any more|anymore|any longer|these days|so far|up to now|ever since|\
     and stuff|real fast|on me"
    );
    let asks = heads!("would you|will you|could you|can you");
    let ends = |next: usize| {
        let text = reader.text(next);
        text.is_empty() || matches!(text, "," | "?" | "." | "!" | "please")
    };
    idle.longest(reader, at)
        .filter(|next| asks.longest(reader, at) != Some(*next) || ends(*next))
        .or_else(|| {
            matches!(
                reader.text(at),
                "kindly"
                    | "please"
                    | "pls"
                    | "thanks"
                    | "umm"
                    | "um"
                    | "uh"
                    | "er"
                    | "asap"
                    | "anymore"
                    | "altogether"
            )
            .then_some(at + 1)
        })
}

/// `priority 3`, `at high priority`, `urgently`.
fn priority(reader: &Reader<'_>, at: usize) -> Option<(u8, usize)> {
    let from = reader.skip(
        at,
        &["at", "with", "as", "a", "an", "of", "in", "and", "on"],
    );
    let level = |text: &str| {
        Some(match text {
            "low" | "lowest" | "background" => 0,
            "normal" | "medium" | "default" | "regular" | "standard" => 1,
            "high" | "higher" | "elevated" => 2,
            "urgent" | "highest" | "critical" | "top" | "maximum" | "max" | "emergency" => 3,
            _ => return None,
        })
    };
    let named = |at: usize| reader.lemma(at) == "priority" || reader.at(at, &["prio", "priority"]);
    if let Some(level) = level(reader.text(from))
        && named(from + 1)
    {
        return Some((level, from + 2));
    }
    if named(from) {
        let next = reader.skip(from + 1, &["is", "of", ":", "level", "="]);
        if let Some(level) = level(reader.text(next)) {
            return Some((level, next + 1));
        }
        let (n, after) = quantity(reader.words, next)?;
        return (n.fract() == 0.0 && (0.0..=3.0).contains(&n)).then_some((n as u8, after));
    }
    match reader.text(from) {
        "urgent" | "urgently" if reader.text(from) == "urgently" => Some((3, from + 1)),
        _ => None,
    }
}

fn span(reader: &Reader<'_>, at: usize) -> Option<(Span, usize)> {
    let words = reader.words;
    let read = |at: usize| duration(words, at);
    let make = |(seconds, next): (f64, usize), role| Some((Span { seconds, role }, next));
    let about = [
        "about",
        "around",
        "roughly",
        "approximately",
        "another",
        "exactly",
        "some",
        "say",
        "maybe",
    ];
    // What stands before the length.
    let heads: &[(&[&str], Role)] = &[
        (
            &[
                "for the next",
                "for the following",
                "during the next",
                "over the next",
                "for the coming",
                "during",
                "for a period of",
                "for up to",
                "for",
            ],
            Role::For,
        ),
        (
            &[
                "over the last",
                "over the past",
                "in the last",
                "in the past",
                "during the last",
                "during the past",
                "for the last",
                "for the past",
                "from the last",
                "from the past",
                "within the last",
                "within the past",
                "of the last",
                "of the past",
                "across the last",
                "across the past",
                "the last",
                "the past",
                "over the previous",
                "in the previous",
                "since the last",
                "past",
                "last",
                "over last",
                "over past",
                "in last",
                "in past",
                "for last",
                "for past",
                "over the course of the last",
                "throughout the last",
                "throughout the past",
                "over these last",
                "on the last",
                "over a",
                "over an",
                "over",
            ],
            Role::Back,
        ),
        (
            &[
                "within the next",
                "in the next",
                "within",
                "in at most",
                "at most",
                "no more than",
                "not more than",
                "no longer than",
                "max",
                "maximum",
                "in under",
                "under",
                "in less than",
                "less than",
                "with a timeout of",
                "with timeout of",
                "with a time limit of",
                "with a limit of",
                "with a deadline of",
                "timeout of",
                "timeout",
                "timing out after",
                "time out after",
                "time limit",
                "time limit of",
                "deadline",
                "deadline of",
                "limit",
                "give it",
                "giving it",
                "up to",
                "and give it",
                "with timeout",
                "limited to",
                "capped at",
                "inside",
            ],
            Role::Within,
        ),
        (
            &[
                "in a",
                "in an",
                "in",
                "after",
                "after a",
                "starting in",
                "starts in",
            ],
            Role::In,
        ),
        (
            &[
                "with a window of",
                "with window of",
                "window of",
                "window",
                "arrival window",
                "arrival window of",
                "with an arrival window of",
                "a window of",
            ],
            Role::Window,
        ),
    ];
    let mut best: Option<(Span, usize)> = None;
    let mut longest = 0;
    for (texts, role) in heads {
        for head in *texts {
            if let Some(next) = reader.stands(at, head) {
                // Articles belong to the length: "in an hour".
                let from = if head.ends_with(" a") || head.ends_with(" an") {
                    next - 1
                } else {
                    next
                };
                let from = reader.skip(from, &about);
                let from = if matches!(role, Role::For | Role::Within | Role::Window)
                    && reader.at(from, &["the", "next"])
                    && read(from).is_none()
                {
                    reader.skip(from, &["the", "next", "whole", "entire"])
                } else {
                    from
                };
                if let Some(read) = read(from).or_else(|| back(reader, from, *role))
                    && next > longest
                {
                    longest = next;
                    best = make(read, *role);
                }
            }
        }
    }
    if let Some((span, next)) = best {
        let next = reader.skip(next, &["max", "tops", "maximum"]);
        // "For 5 minutes max" is a limit too.
        return Some((span, tail(reader, next)));
    }
    // A length first: "five minutes from now", "one minute tops", "a 500 ms window", "30s".
    let from = reader.skip(at, &["with", "a", "an", "and"]);
    for start in [at, from] {
        if let Some((seconds, next)) = read(start) {
            let role = match reader.text(next) {
                "from" if reader.at(next + 1, &["now", "today"]) => {
                    return Some((
                        Span {
                            seconds,
                            role: Role::In,
                        },
                        next + 2,
                    ));
                }
                "hence" => {
                    return Some((
                        Span {
                            seconds,
                            role: Role::In,
                        },
                        next + 1,
                    ));
                }
                "later" => {
                    return Some((
                        Span {
                            seconds,
                            role: Role::In,
                        },
                        next + 1,
                    ));
                }
                "max" | "tops" | "maximum" => Role::Within,
                "at" if reader.at(next + 1, &["most", "the"]) => {
                    let after = if reader.at(next + 1, &["the"]) {
                        next + 3
                    } else {
                        next + 2
                    };
                    return Some((
                        Span {
                            seconds,
                            role: Role::Within,
                        },
                        after,
                    ));
                }
                "timeout" | "limit" | "deadline" => Role::Within,
                "time" if reader.at(next + 1, &["limit"]) => {
                    return Some((
                        Span {
                            seconds,
                            role: Role::Within,
                        },
                        next + 2,
                    ));
                }
                "window" | "arrival" => {
                    let after = if reader.text(next) == "arrival" {
                        next + 2
                    } else {
                        next + 1
                    };
                    return Some((
                        Span {
                            seconds,
                            role: Role::Window,
                        },
                        after,
                    ));
                }
                _ if start == at => {
                    return Some((
                        Span {
                            seconds,
                            role: Role::Bare,
                        },
                        next,
                    ));
                }
                _ => continue,
            };
            return Some((Span { seconds, role }, next + 1));
        }
    }
    None
}

fn tail(reader: &Reader<'_>, at: usize) -> usize {
    if reader.stands(at, "from now").is_some() {
        at + 2
    } else {
        at
    }
}

/// "The last hour", "the past day": a unit without a number.
fn back(reader: &Reader<'_>, at: usize, role: Role) -> Option<(f64, usize)> {
    let named = matches!(role, Role::Back)
        || reader.at(at.wrapping_sub(1), &["next", "following", "coming"]);
    let text = reader.text(at);
    if !named || text.len() < 3 {
        return None;
    }
    crate::token::unit(text).map(|seconds| (seconds, at + 1))
}

/// "At 18:30", "at 6", "for 22:00", "at noon".
fn point(reader: &Reader<'_>, at: usize) -> Option<(String, usize)> {
    let text = reader.text(at);
    let words = reader.words;
    let from = match text {
        "at" | "by" | "for" | "from" | "around" | "@" | "after" | "on" => at + 1,
        "in" if reader.stands(at, "in the hour").is_some() => at + 3,
        "today" | "tonight" | "tomorrow" if reader.at(at + 1, &["at"]) => at + 2,
        "exactly" | "sharp" => at + 1,
        _ => at,
    };
    let from = reader.skip(from, &["about", "exactly", "around"]);
    let said = from > at && text == "at";
    // `at 7` may be a sector where nothing is timed; it is a time when it is at the end, or a half of the day follows.
    let plain_number = matches!(words.get(from)?.token.kind, Kind::Number(_))
        || crate::quantity::is_number_word(reader.text(from));
    if plain_number && said {
        let (time, next) = time(words, from, true)?;
        let ends = reader.text(next).is_empty()
            || reader.at(
                next,
                &[
                    ",", ".", "please", "sharp", "today", "tonight", "tell", "heal", "freeze",
                    "thaw", "restore", "put", "avoid", "run", "and", "then",
                ],
            );
        let half = next > from + 1;
        return (ends || half).then_some((time, reader.skip(next, &["sharp", "today", "exactly"])));
    }
    let (time, next) = time(words, from, false)?;
    Some((
        time,
        reader.skip(next, &["sharp", "today", "exactly", "tonight", "utc"]),
    ))
}

/// Whether all pieces are words that say nothing, or signs.
pub(crate) fn is_empty(pieces: &[Piece]) -> bool {
    pieces.iter().all(|piece| match piece {
        Piece::Punct(_) => true,
        Piece::Word(word) => crate::frame::says_nothing(&word.text),
        _ => false,
    })
}

/// The phrases among them.
pub(crate) fn phrases(pieces: &[Piece]) -> impl Iterator<Item = &Phrase> {
    pieces.iter().filter_map(|piece| match piece {
        Piece::Phrase(phrase) => Some(&**phrase),
        _ => None,
    })
}
