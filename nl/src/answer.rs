//! Yes and no, to all of what waits or to some of it.

use crate::heads::{Heads, heads};
use crate::quantity::ordinal;
use crate::reader::Reader;

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Yes or no to everything.
    All(bool),
    /// Yes to these positions, from 1.
    Only(Vec<usize>),
    /// All but these positions, from 1.
    AllBut(Vec<usize>),
    /// Yes, and a clause follows at that word.
    Then(bool, usize),
}

fn yes_words() -> &'static Heads {
    heads!(
        "yes|yes please|yeah|yep|yup|yea|ya|y|ok|okay|okey|ok then|sure|sure thing|sure do|do it|do it now|just do it|\
     do that|do so|do this|please do|please do it|please do so|go ahead|go for it|go on|go|go on then|confirm|\
     confirmed|i confirm|confirm it|confirm that|proceed|affirmative|absolutely|of course|definitely|certainly|\
     by all means|make it so|make it happen|sounds good|sounds right|sounds great|looks good|correct|right|\
     that is right|that is correct|exactly|alright|all right|fine|fine by me|fine with me|works for me|approved|\
     approve|approve it|agreed|agree|i agree|let us do it|let us do that|let us go|execute|execute it|carry on|k|\
     kk|aye|i am sure|yes i am sure|you may|you can|good|great|perfect|very well|very good|well ok|as proposed|\
     as you say|accept|accepted|granted|permission granted|ja|lgtm|ship it|green light|you bet|why not|i do|indeed|\
     with pleasure|it is ok|it is fine|that is fine|that is ok|that works|that is good|good to go|yes do|yes do it|\
     happy with that|no objection|no objections|i approve|positive|roger|roger that|engage|fire away|be my guest|\
     all good|go go go|hell yes|please|please go ahead|go ahead please|yes go ahead|it is a yes|that is a yes|\
     do go ahead|do please|we are good|run it|send it|and do it|then do it|well then do it|fine do it|ok do it|now"
    )
}

fn no_words() -> &'static Heads {
    heads!(
        "no|nope|nah|n|no thanks|no thank you|nay|negative|never mind|nevermind|never mind that|do not|do not do it|\
     do not do that|please do not|no do not|cancel|cancel that|cancel it|cancel this|cancel please|stop|stop it|\
     stop that|stop this|abort|abort that|abort it|forget it|forget that|forget about it|forget about that|\
     leave it|leave it be|leave it alone|leave that|leave it as it is|leave it as is|leave it like that|\
     leave them alone|leave them|leave things as they are|scratch that|scrap that|scrap it|skip it|skip that|\
     not now|not yet|not today|rather not|i would rather not|better not|no way|on second thought no|\
     on second thoughts no|drop it|drop that|let it be|let us not|actually no|actually do not|actually never mind|\
     wait no|no wait|no stop|no leave it|hold on no|hang on no|i changed my mind|changed my mind|\
     i have changed my mind|belay that|stand down|call it off|that is a no|it is a no|do nothing|no need|\
     not necessary|not needed|i do not want that|i do not want to|i do not think so|disregard|disregard that|\
     ignore that|ignore it|nothing|reject|rejected|reject it|decline|declined|denied|deny|refuse|hell no|\
     certainly not|definitely not|absolutely not|of course not|please no|no please|no please do not|oh no|never|\
     not at all|neither|none|none of them|none of those|neither of them|no to both|no to all|no to everything|\
     hold off|hold it|hold fire|do not bother|i take that back|take it back|wait do not|stop do not|\
     no thanks do not|let us leave it|let us drop it|let us skip it|that was a mistake|not that|not that one|\
     withdraw|withdraw it|withdraw that|kill it|kill that|veto|pass|i will pass|another time|maybe later|later|\
     not a good idea|bad idea|undo that proposal|please stop|please cancel|wait stop|no good|that is wrong|wrong|\
     hmm no|um no|uh no|oops no"
    )
}

/// Words around an answer that do not change it.
const AROUND: &[&str] = &[
    ",", ".", "!", "?", "please", "thanks", "thank", "you", "then", "well", "oh", "um", "uh",
    "hmm", "hm", "actually", "and", "…", ";", "now", "just", "so", "ah", "great", "mesh", "all",
    "right", "wait", "sorry", "hold", "hang", "on", "for", "me", "to", "that", "it", "fine",
];

/// The answer, when the whole utterance is one, or begins with one.
pub(crate) fn answer(reader: &Reader<'_>, waits: bool) -> Option<Answer> {
    if let Some(some) = waits.then(|| some_of(reader)).flatten() {
        return Some(some);
    }
    let len = reader.words.len();
    let mut at = 0;
    let mut said = None;
    while at < len {
        let yes = yes_words().longest(reader, at);
        let no = no_words().longest(reader, at);
        let next = match (yes, no) {
            (Some(y), Some(n)) if y > n => (y, true),
            (_, Some(n)) => (n, false),
            (Some(y), None) => (y, true),
            (None, None) => {
                if said.is_none() && skippable(reader, at)
                    || said.is_some() && AROUND.contains(&reader.text(at))
                {
                    at += 1;
                    continue;
                }
                break;
            }
        };
        // The first word decides; "yes … no" is neither.
        match said {
            None => said = Some((next.1, next.0)),
            Some((before, _)) if before == next.1 => said = Some((before, next.0)),
            // "Please" and "now" say nothing against a no.
            Some((false, _))
                if matches!(
                    reader.text(at),
                    "please" | "now" | "right" | "ok" | "fine" | "good" | "k" | "go"
                ) => {}
            Some(_) => return Some(Answer::Then(false, len)),
        }
        at = next.0;
    }
    let (yes, behind) = said?;
    if at >= len {
        return Some(Answer::All(yes));
    }
    let from = reader.skip(
        behind,
        &[
            ",", ".", "!", "and", "then", ";", "please", "but", "also", "…",
        ],
    );
    Some(Answer::Then(yes, from.max(behind)))
}

fn skippable(reader: &Reader<'_>, at: usize) -> bool {
    matches!(
        reader.text(at),
        "," | "."
            | "!"
            | "oh"
            | "um"
            | "uh"
            | "hmm"
            | "hm"
            | "well"
            | "ah"
            | "so"
            | "and"
            | "mesh"
            | "then"
            | "wait"
            | "actually"
            | "sorry"
            | "hold"
            | "hang"
            | "on"
            | "…"
            | "oops"
            | "?"
            | "thanks"
    )
}

/// "Yes to the first, not the second", "only the second", "both", "all but the last".
fn some_of(reader: &Reader<'_>) -> Option<Answer> {
    let len = reader.words.len();
    let mut yes: Vec<usize> = Vec::new();
    let mut no: Vec<usize> = Vec::new();
    let mut positive = true;
    let mut any = false;
    let mut all = false;
    let mut at = 0;
    let mut plain = true;
    while at < len {
        let text = reader.text(at);
        match text {
            "not" | "no" | "skip" | "without" | "except" | "never" | "drop" | "leave" | "but"
            | "nope"
                if text != "but" || reader.at(at + 1, &["not", "the"]) =>
            {
                // "All but the second": what follows is left out; "yes, but only the first" is not.
                positive = text == "but" && !all;
                if !positive {
                    plain = false;
                }
            }
            "yes" | "yeah" | "yep" | "only" | "just" | "sure" | "ok" | "okay" | "do"
            | "approve" | "confirm" | "accept" | "please" | "and" | "to" | "the" | "," | "."
            | "!" | "one" | "ones" | "number" | "nr" | "step" | "steps" | "go" | "with" | "but"
            | "ahead" | "take" | "for" | "of" | "them" | "it" | "then" | "part" | "operation"
            | "thing" | "proposal" | "item" | "run" | "first_one" | "that" | "is" | "thanks"
            | "make" | "option" | "be" | "would" | "i" | "say" | "execute" | "carry" | "done"
            | "agree" => {
                if matches!(
                    text,
                    "yes"
                        | "yeah"
                        | "only"
                        | "just"
                        | "do"
                        | "ok"
                        | "approve"
                        | "sure"
                        | "yep"
                        | "confirm"
                        | "accept"
                ) {
                    positive = true;
                }
            }
            "both" | "all" | "everything" | "each" | "two"
                if text != "two" || at > 0 && reader.at(at.wrapping_sub(1), &["first", "last"]) =>
            {
                if text == "two" {
                    // "The first two".
                    let last = yes.pop().unwrap_or(1);
                    if last == 1 {
                        yes.extend([1, 2]);
                    } else {
                        return None;
                    }
                } else {
                    all = true;
                }
                any = true;
            }
            _ => {
                let number = ordinal(text).filter(|n| *n > 0).or_else(|| {
                    crate::quantity::plain(&reader.words[at..=at], 0)
                        .filter(|(n, _)| n.fract() == 0.0 && (1.0..=64.0).contains(n))
                        .map(|(n, _)| n as u32)
                });
                let position = match (number, text) {
                    (Some(n), _) => n as usize,
                    (None, "last" | "latter") => 0,
                    (None, "former") => 1,
                    (None, _) => return None,
                };
                any = true;
                if positive {
                    yes.push(position);
                } else {
                    no.push(position);
                }
            }
        }
        at += 1;
    }
    if !any {
        return None;
    }
    let _ = plain;
    match (all, yes.is_empty(), no.is_empty()) {
        (true, _, true) => Some(Answer::All(!reader.at(0, &["no", "not", "neither"]))),
        (true, _, false) | (false, true, false) => Some(Answer::AllBut(no)),
        (false, false, _) => Some(Answer::Only(yes)),
        (false, true, true) => None,
    }
}
