//! Frames: the words that make an operation, whatever stands between them. "Take … out of rotation" is one frame; who is
//! taken, for how long and how politely is not its business.
//!
//! A frame is a row of words in the order in which they are said. Phrases float: "freeze sector 7", "sector 7 freeze" and
//! "I want sector 7 frozen" are the same frame. A word that the frame does not hold and that is not one of those that say
//! nothing leaves the sentence unexplained, and what is not explained is not done: so negations, conditions and reports
//! ("don't", "if", "he said") keep an operation from being proposed without being looked for one by one.

mod acts;
mod looks;

use crate::lexicon::Form;
use crate::phrase::Noun;
use crate::piece::Piece;
use std::collections::HashMap;
use std::sync::LazyLock;

/// One element of a frame.
#[derive(Debug, Clone)]
enum Element {
    /// One of these words, in any form.
    Word(Vec<&'static str>, bool),
    /// A phrase about such rows stands somewhere.
    About(Noun),
    /// An id stands somewhere.
    Id,
    /// A quotation stands somewhere.
    Quote,
}

/// A frame with the operation that it makes.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    /// The operation, perhaps with an argument's value behind a colon: `review:approve`.
    pub(crate) makes: &'static str,
    elements: Vec<Element>,
    /// Whether the first word may stand in any form: it is no verb.
    any_form: bool,
}

/// A frame found in a clause.
#[derive(Debug, Clone)]
pub(crate) struct Match {
    /// What it makes.
    pub(crate) makes: &'static str,
    /// Which pieces it explains.
    pub(crate) used: Vec<bool>,
    /// How many words of the clause it holds.
    pub(crate) words: usize,
    /// Words that nothing explains.
    pub(crate) unexplained: usize,
    /// Where its first word stands.
    pub(crate) first: usize,
}

static ACTS: LazyLock<Frames> = LazyLock::new(|| Frames::build(acts::FRAMES));
static LOOKS: LazyLock<Frames> = LazyLock::new(|| Frames::build(looks::FRAMES));

struct Frames {
    frames: Vec<Frame>,
    by_first: HashMap<&'static str, Vec<usize>>,
}

impl Frames {
    fn build(rows: &[(&'static str, &'static [&'static str])]) -> Self {
        let frames: Vec<Frame> = rows
            .iter()
            .flat_map(|(makes, patterns)| patterns.iter().map(|pattern| compile(makes, pattern)))
            .collect();
        let mut by_first: HashMap<&'static str, Vec<usize>> = HashMap::new();
        for (index, frame) in frames.iter().enumerate() {
            if let Some(Element::Word(words, _)) = frame.elements.first() {
                for word in words {
                    by_first.entry(word).or_default().push(index);
                }
            }
        }
        Self { frames, by_first }
    }
}

fn compile(makes: &'static str, pattern: &'static str) -> Frame {
    let (pattern, any_form) = pattern
        .strip_prefix("~ ")
        .map_or((pattern, false), |rest| (rest, true));
    let elements = pattern
        .split(' ')
        .map(|element| match element {
            "<breaker>" => Element::About(Noun::Breaker),
            "<task>" => Element::About(Noun::Task),
            "<conflict>" => Element::About(Noun::Conflict),
            "<review>" => Element::About(Noun::Review),
            "<id>" => Element::Id,
            "<quote>" => Element::Quote,
            word => {
                let (word, optional) = word
                    .strip_suffix('?')
                    .map_or((word, false), |word| (word, true));
                Element::Word(word.split('|').collect(), optional)
            }
        })
        .collect();
    Frame {
        makes,
        elements,
        any_form,
    }
}

/// Every word of every frame, for the lexicon.
pub(crate) fn words() -> impl Iterator<Item = &'static str> {
    [acts::FRAMES, looks::FRAMES]
        .into_iter()
        .flatten()
        .flat_map(|(_, patterns)| patterns.iter())
        .flat_map(|pattern| pattern.trim_start_matches("~ ").split([' ', '|']))
        .map(|word| word.trim_end_matches('?'))
        .filter(|word| !word.starts_with('<') && !word.is_empty())
}

/// The verbs with which a clause that acts or looks may begin.
pub(crate) fn begins(lemma: &str) -> bool {
    !lemma.is_empty() && (ACTS.by_first.contains_key(lemma) || LOOKS.by_first.contains_key(lemma))
}

/// Which forms of its verb a clause may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Voice {
    /// A command: the base form.
    Command,
    /// "Would you mind freezing": -ing too.
    Asked,
    /// "I want it frozen", "if it were frozen": any form.
    Any,
}

/// All frames of operations that act that explain the clause best, the best first.
pub(crate) fn acts(pieces: &[Piece], voice: Voice) -> Vec<Match> {
    find(&ACTS, pieces, voice, says_nothing)
}

/// The same for operations that look.
pub(crate) fn looks(pieces: &[Piece]) -> Vec<Match> {
    find(&LOOKS, pieces, Voice::Any, |text| {
        says_nothing(text) || says_little(text)
    })
}

fn find(frames: &Frames, pieces: &[Piece], voice: Voice, filler: fn(&str) -> bool) -> Vec<Match> {
    let mut found: Vec<Match> = Vec::new();
    for (at, piece) in pieces.iter().enumerate() {
        let Piece::Word(word) = piece else {
            continue;
        };
        let Some(candidates) = frames.by_first.get(word.lemma) else {
            continue;
        };
        for index in candidates {
            let frame = &frames.frames[*index];
            let form_fits = frame.any_form
                || match voice {
                    Voice::Any => true,
                    Voice::Asked => matches!(word.form, Form::Base | Form::Ing),
                    Voice::Command => word.form == Form::Base,
                };
            if form_fits {
                found.extend(fit(frame, pieces, at, filler));
            }
        }
    }
    // A clause that is more than a look at a place is that.
    found.sort_by_key(|each| {
        let look = each.makes == "inspect";
        (each.unexplained, usize::MAX - each.words, look, each.first)
    });
    found
}

fn fit(frame: &Frame, pieces: &[Piece], at: usize, filler: fn(&str) -> bool) -> Option<Match> {
    let mut used = vec![false; pieces.len()];
    let mut words = 0;
    let mut next = at;
    for (i, element) in frame.elements.iter().enumerate() {
        match element {
            Element::Word(alternatives, optional) => {
                let position = pieces[next..].iter().position(|piece| {
                    matches!(piece, Piece::Word(word) if alternatives.contains(&word.lemma) || alternatives.contains(&word.text.as_str()))
                });
                match position {
                    Some(offset) if i > 0 || offset == 0 => {
                        used[next + offset] = true;
                        words += 1;
                        next += offset + 1;
                    }
                    _ if *optional => {}
                    _ => return None,
                }
            }
            Element::About(noun) => {
                if !pieces.iter().any(
                    |piece| matches!(piece, Piece::Phrase(phrase) if phrase.noun == Some(*noun)),
                ) {
                    return None;
                }
                words += 1;
            }
            Element::Id => {
                if !pieces.iter().any(|piece| matches!(piece, Piece::Id(_))) {
                    return None;
                }
                words += 1;
            }
            Element::Quote => {
                if !pieces.iter().any(|piece| matches!(piece, Piece::Quote(_))) {
                    return None;
                }
                words += 1;
            }
        }
    }
    let unexplained = pieces
        .iter()
        .zip(&used)
        .filter(|(piece, used)| {
            !**used && matches!(piece, Piece::Word(word) if !filler(&word.text))
        })
        .count();
    Some(Match {
        makes: frame.makes,
        used,
        words,
        unexplained,
        first: at,
    })
}

/// Words that change nothing in what an operation is: articles, prepositions, politeness, haste.
pub(crate) fn says_nothing(text: &str) -> bool {
    matches!(
        text,
        "the"
            | "a"
            | "an"
            | "of"
            | "to"
            | "in"
            | "on"
            | "at"
            | "from"
            | "for"
            | "with"
            | "by"
            | "into"
            | "onto"
            | "as"
            | "please"
            | "kindly"
            | "just"
            | "now"
            | "right"
            | "immediately"
            | "instantly"
            | "quickly"
            | "quick"
            | "soon"
            | "really"
            | "again"
            | "so"
            | "also"
            | "too"
            | "still"
            | "currently"
            | "today"
            | "me"
            | "us"
            | "you"
            | "your"
            | "our"
            | "my"
            | "simply"
            | "straight"
            | "away"
            | "once"
            | "thanks"
            | "thank"
            | "back"
            | "up"
            | "off"
            | "then"
            | "real"
            | "well"
            | "be"
            | "over"
            | "via"
            | "toward"
            | "towards"
            | "being"
            | "been"
            | "agent"
            | "hardware"
            | "functions"
            | "ok"
            | "okay"
            | "tonight"
            | "temporarily"
            | "completely"
            | "entirely"
            | "carefully"
            | "gently"
            | "safely"
            | "fully"
            | "pronto"
            | "stat"
            | "and"
            | "instead"
            | "rather"
            | "'s"
            | "urgently"
            | "additional"
            | "extra"
            | "more"
            | "new"
            | "some"
            | "any"
            | "running"
            | "yourself"
            | "myself"
            | "manually"
            | "promptly"
            | "cheers"
            | "sir"
            | "mate"
            | "folks"
            | "ahead"
            | "momentarily"
    )
}

/// Words that change nothing in what is looked at.
pub(crate) fn says_little(text: &str) -> bool {
    matches!(
        text,
        "i" | "show"
            | "give"
            | "tell"
            | "display"
            | "pull"
            | "night"
            | "we"
            | "is"
            | "are"
            | "was"
            | "were"
            | "am"
            | "do"
            | "does"
            | "did"
            | "have"
            | "has"
            | "had"
            | "be"
            | "been"
            | "can"
            | "could"
            | "would"
            | "will"
            | "may"
            | "it"
            | "they"
            | "there"
            | "here"
            | "that"
            | "this"
            | "those"
            | "these"
            | "all"
            | "some"
            | "any"
            | "out"
            | "about"
            | "down"
            | "under"
            | "than"
            | "got"
            | "get"
            | "going"
            | "doing"
            | "happening"
            | "exactly"
            | "actually"
            | "lately"
            | "recently"
            | "presently"
            | "generally"
            | "overall"
            | "general"
            | "moment"
            | "minute"
            | "earth"
            | "heck"
            | "hell"
            | "world"
            | "days"
            | "everything"
            | "things"
            | "thing"
            | "stuff"
            | "kind"
            | "sort"
            | "me"
            | "like"
            | "look"
            | "looking"
            | "see"
            | "know"
            | "latest"
            | "current"
            | "currently"
            | "full"
            | "brief"
            | "short"
            | "little"
            | "bit"
            | "hi"
            | "hey"
            | "hello"
            | "um"
            | "hmm"
            | "guys"
            | "side"
            | "anyway"
            | "poor"
            | "old"
            | "morning"
            | "afternoon"
            | "evening"
            | "day"
            | "yet"
            | "around"
            | "through"
            | "within"
            | "across"
            | "inside"
            | "between"
            | "ever"
            | "behind"
            | "please"
            | "somehow"
            | "out_there"
            | "great"
            | "good"
            | "nice"
            | "seem"
            | "seems"
            | "being"
            | "having"
            | "which"
            | "who"
            | "what"
            | "so"
    )
}
