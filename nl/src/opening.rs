//! The words with which people begin before they say what they want: politeness, wishes, asking to be told.

use crate::frame::Voice;
use crate::heads::{Heads, heads};
use crate::reader::Reader;

/// What an opening says of the clause behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Opening {
    /// Which forms of a verb make a command.
    pub(crate) voice: Voice,
    /// Whether it only asks to be told or shown something.
    pub(crate) looks: bool,
    /// Whether somebody was asked to do it ("can you …"), so that it is no question.
    pub(crate) asked: bool,
}

/// Sighs and greetings, which say nothing.
fn nothing() -> &'static Heads {
    heads!(
        "please|kindly|hey there|hey|hi there|hi|hello there|hello again|hello|greetings|good day|howdy|ok so|ok|okay|alright|all right|right|well|so|um|uh|hmm|hm|mm|\
     oh|ah|ooh|er|now|then|also|and then|and|but|just|go ahead and|next|first|finally|fine|great|good|cool|perfect|\
     good morning|good evening|good afternoon|morning|mesh|dear mesh|computer|let us see|listen|look|\
     quick question|question|sorry|oops|yo|by the way|actually|maybe|perhaps|oh no|oh dear|for now|after that|\
     afterwards|once again|in that case|in addition|additionally|kind request|if you do not mind|\
     when you get a chance|if possible|if you can|as soon as possible|roughly|simply|quickly|immediately|thanks|\
     thank you|yes please|sure|yes|yeah|yep|do me a favour and|do me a favor and|be a dear and|be a love and|\
     would you be a dear and|be so kind and|urgent|important|attention|emergency|everyone"
    )
}

/// Asking somebody to do it.
fn asked() -> &'static Heads {
    heads!(
        "can you please|could you please|would you please|will you please|can you kindly|could you kindly|\
     would you kindly|can you maybe|could you maybe|could you possibly|can you possibly|would you maybe|\
     can you just|could you just|would you just|can you|could you|would you|will you|please you|can u|can somebody|\
     can someone|could somebody|could someone|would somebody|would someone|somebody|someone please|\
     be so kind as to|would you be so kind as to|would you be kind enough to|be kind enough to|i would like you to|\
     i want you to|i need you to|i would love you to|i would like to|i would love to|i want to|i need to|i like to|\
     i wish to|i have to|i must|i am going to need you to|i would ask you to|i am asking you to|i ask you to|\
     we need to|we want to|we have to|we must|we should|we ought to|we had better|we would like to|\
     i think we should|i think we need to|i think it is time to|i think you should|i guess we should|i suggest we|\
     i propose we|i say we|maybe we should|perhaps we should|you should|you can|you may|you must|you need to|\
     you have to|you could|you can now|you may now|it is fine to|it is ok to|it is okay to|it is safe now to|\
     it is time to|time to|let us|feel free to|try to|please to|your job is to|your task is to|go and|go|\
     i order you to|i command you to|i am asking to|request to|remember to|make sure to|be sure to|proceed to|\
     begin to|start to|help me to|i would appreciate it if you could|\
     i would appreciate if you could|it would be great if you could|it would be nice if you could|\
     it would be good to|it would be great to|i would be grateful if you could|we will need to|\
     we are going to need to|i am going to|we are going to|any chance you could|any chance you can|\
     do you think you could|could we please|can we please|could we|shall we|what i want is to|what i need is to|\
     all i want is to|the plan is to|we would better|you better|you had better|better"
    )
}

/// Asking for the -ing form.
fn gerund() -> &'static Heads {
    heads!(
        "would you mind|do you mind|if you do not mind|how about you start|mind|i would appreciate you|please start|\
     please begin|please"
    )
}

/// Wishing for a state: "I want sector 3 frozen".
fn wish() -> &'static Heads {
    heads!(
        "i want|i need|i would like|i would love|we want|we need|we would like|i would like to have|i want to have|\
     i need to have|i would like to see|please have|please get|have|get|could you have|could you get|\
     i would prefer|i expect|i require|make sure that|make sure|see to it that|ensure that|ensure|let us have|\
     let us get|i would rather have"
    )
}

/// Asking to be told.
fn told() -> &'static Heads {
    heads!(
        "i wonder|i am wondering|i was wondering if you could tell me|i was wondering|wondering|just wondering|\
     do you happen to know|do you know|does anyone know|does anybody know|would you know|i would like to know|\
     i would love to know|i would like to understand|i would like to see|i would love to see|\
     i would like to find out|i would like to hear|i want to know|i want to understand|i want to see|\
     i want to find out|i need to know|i need to understand|i need to see|i need to find out|i need see|\
     i like to know|i like to see|can you tell me|could you tell me|would you tell me|will you tell me|\
     can you show me|tell me|tell us|could you explain to me|can you explain|could you explain|\
     can somebody explain|could somebody explain|explain to me|explain|do you have any idea|have you any idea|\
     any idea|any clue|remind me|i am curious|curious|i am interested in|i am trying to find out|\
     i am trying to understand|i am trying to figure out|let me see|let me know|let us know|let us see|\
     let me check|help me understand|help me find out|say me|say|what i want to know is|my question is|can i ask|\
     may i ask|could i ask|can i know|may i know|can i see|could i see|may i see|can we see|could we see|\
     can i have|could i have|may i have|can i get|could i get|can we have|could we have|can we get|could we get|\
     can i look at|could i look at|please check|check|please confirm|confirm|find out|figure out|work out|see|\
     give me an idea of|give me an idea|do we know|does the mesh know|i forgot|i forget|i do not know|\
     i do not understand|i do not get|i have forgotten|show me|show us|i can not remember|i do not remember|\
     out of curiosity|would you happen to know|can you find out|could you find out|can you check|could you check|\
     can you see|could you see|could i ask|i am asking|please say|please explain|please say me"
    )
}

/// Where the clause itself begins, and what the words before it say of it.
pub(crate) fn opening(reader: &Reader<'_>) -> (usize, Opening) {
    let mut opening = Opening {
        voice: Voice::Command,
        looks: false,
        asked: false,
    };
    let mut at = 0;
    loop {
        let from = reader.skip(at, &[",", ".", "!", ":", "…", "?"]);
        let from = if from > at && at == 0 && from == 1 && reader.at(0, &["?"]) {
            at
        } else {
            from
        };
        let told = told()
            .longest(reader, from)
            .filter(|next| asks(reader, *next));
        let asked = asked().longest(reader, from);
        let gerund = gerund().longest(reader, from).filter(|next| {
            reader
                .words
                .get(*next)
                .is_some_and(|w| w.form == crate::lexicon::Form::Ing)
        });
        let wish = wish()
            .longest(reader, from)
            .filter(|next| wished(reader, *next));
        let nothing = nothing().longest(reader, from);
        let best = [told, asked, gerund, wish, nothing]
            .into_iter()
            .flatten()
            .max();
        // "I want avoid 7-4": the wish of somebody whose language has no "to".
        let bare_wish = reader.at(from, &["i", "we"])
            && reader.at(from + 1, &["want", "need"])
            && reader.words.get(from + 2).is_some_and(|w| {
                w.form == crate::lexicon::Form::Base
                    && matches!(
                        w.lemma,
                        "avoid"
                            | "freeze"
                            | "thaw"
                            | "heal"
                            | "quarantine"
                            | "isolate"
                            | "inspect"
                            | "diagnose"
                            | "list"
                            | "count"
                            | "restore"
                            | "trip"
                            | "cancel"
                            | "promote"
                            | "see"
                    )
            });
        if bare_wish && best.is_none_or(|next| next <= from + 2) {
            opening.asked = true;
            at = from + 2;
            continue;
        }
        let Some(next) = best.filter(|next| *next > from) else {
            return (from, opening);
        };
        if next >= reader.words.len() {
            return (from, opening);
        }
        if told == Some(next) {
            opening.looks = true;
            opening.asked = true;
        } else if gerund == Some(next) {
            opening.voice = Voice::Asked;
            opening.asked = true;
        } else if wish == Some(next) {
            opening.voice = Voice::Any;
            opening.asked = true;
        } else if asked == Some(next) {
            opening.asked = true;
        } else if !says_nothing_here(reader, from, next) {
            return (from, opening);
        }
        at = next;
    }
}

/// A word such as "check" or "look" is a verb of its own unless a question follows.
fn says_nothing_here(reader: &Reader<'_>, from: usize, next: usize) -> bool {
    let text = reader.text(from);
    if matches!(
        text,
        "look"
            | "listen"
            | "morning"
            | "question"
            | "everyone"
            | "mesh"
            | "computer"
            | "first"
            | "next"
            | "emergency"
            | "urgent"
            | "important"
    ) && next == from + 1
    {
        return reader.at(next, &[",", ":", "!", "."]);
    }
    if matches!(text, "all" | "by") && next == from + 1 {
        return false;
    }
    // "Right" and "well" before a verb or a sign, "back" never.
    true
}

/// Whether a question follows: "tell me why", "I wonder how many".
fn asks(reader: &Reader<'_>, at: usize) -> bool {
    let at = reader.skip(at, &[",", "please", ":", "about"]);
    reader.at(
        at,
        &[
            "why", "what", "which", "who", "how", "where", "whether", "if", "when", "whose",
        ],
    ) || reader.at(at.wrapping_sub(1), &["see", "get", "have", "know"])
        && !reader.at(at.wrapping_sub(2), &["me", "let"])
}

/// Whether a phrase and a participle follow: "sector 3 frozen", "the Pis taken out of rotation".
fn wished(reader: &Reader<'_>, at: usize) -> bool {
    use crate::lexicon::Form;
    let Some((_, next)) = crate::phrase::phrase(reader, at) else {
        return false;
    };
    let next = reader.skip(next, &["to", "be", "is", "are", "being", "get", "gets"]);
    reader.words.get(next).is_some_and(|w| {
        matches!(w.form, Form::Part | Form::Past)
            || matches!(w.lemma, "put" | "back" | "let" | "cut" | "out")
    })
}
