//! Questions about operations, which are never the operation: what it means, what it would do, whether it was done.

use crate::context::Context;
use crate::draft::{Draft, number};
use crate::frame::{self, Voice};
use crate::glossary;
use crate::heads::{Heads, heads};
use crate::lexicon::Form;
use crate::miss::{Miss, Read};
use crate::piece::{Piece, phrases, pieces};
use crate::reader::Reader;

/// The longest of `heads` that stands at `at`.
fn longest(reader: &Reader<'_>, at: usize, heads: &Heads) -> Option<usize> {
    heads.longest(reader, at)
}

fn sub<'a>(reader: &Reader<'a>, from: usize, to: usize) -> Reader<'a> {
    reader.part(
        from.min(reader.words.len()),
        to.min(reader.words.len()).max(from.min(reader.words.len())),
    )
}

/// The length without signs at the end.
fn end(reader: &Reader<'_>) -> usize {
    let mut end = reader.words.len();
    while end > 0
        && reader.at(
            end - 1,
            &[
                "?", ".", "!", ",", "please", "exactly", "again", "then", "here", "…", "anyway",
                "actually", "though",
            ],
        )
    {
        end -= 1;
    }
    end
}

/// "What does freeze do", "explain impedance", "how do I quarantine an agent", "can I freeze one cluster".
pub(crate) fn explain(reader: &Reader<'_>, asked: bool) -> Option<Read> {
    let end = end(reader);
    let make = |topic: String| Some(Ok(Draft::new("explain").with("topic", topic)));
    // "What does X mean", "what is meant by X".
    if let Some(from) = longest(
        reader,
        0,
        heads!("what does|what do|what did|what is|what are|what|what would"),
    ) {
        let last = reader.lemma(end.wrapping_sub(1));
        let last_text = reader.text(end.wrapping_sub(1));
        if end > from
            && (matches!(last, "mean" | "do" | "signify" | "imply")
                || last_text == "for"
                || reader.stands(end.wrapping_sub(2), "stand for").is_some())
        {
            let cut = if last_text == "for" && reader.lemma(end.wrapping_sub(2)) == "stand" {
                end - 2
            } else {
                end - 1
            };
            if let Some(topic) = topic(&sub(reader, from, cut)) {
                return make(topic);
            }
            if last == "mean" && cut > from {
                let words = sub(reader, from, cut);
                let scope = pieces(&words)
                    .iter()
                    .any(|piece| matches!(piece, Piece::Phrase(p) if p.places()));
                return (!scope).then(|| Err(Miss::reject("not a word of the mesh", 0.9)));
            }
        }
        if let Some(from) = longest(
            reader,
            0,
            heads!(
                "what is meant by|what do you mean by|what do we mean by|what does it mean when you say|what means|\
     what is the meaning of|what is the definition of|what is meaning of|what does it mean to|what is it to|\
     what do you call|what do people mean by"
            ),
        ) {
            return topic(&sub(reader, from, end))
                .map_or(Some(Err(Miss::reject("not a word of the mesh", 0.9))), make);
        }
        if let Some(from) = longest(
            reader,
            0,
            heads!("what is the difference between|what is difference between|how does"),
        )
        .filter(|_| reader.at(3, &["difference"]) || reader.at(2, &["difference"]))
        {
            return difference(reader, from, end);
        }
        if let Some(from) = longest(
            reader,
            0,
            heads!(
                "what is a|what is an|what is the|what is|what are|what exactly is a|what exactly is an|what exactly is|\
     what exactly are|what are the"
            ),
        ) {
            let words = sub(reader, from, end);
            let scope = pieces(&words)
                .iter()
                .any(|piece| matches!(piece, Piece::Phrase(p) if p.places() || p.refer.is_some()));
            if !scope
                && !words.words.is_empty()
                && let Some(topic) = topic(&words)
            {
                let own = !matches!(
                    topic.as_str(),
                    "status" | "kpis" | "health" | "trend" | "help" | "undo" | "list" | "count"
                ) || reader.at(from.wrapping_sub(1), &["a", "an"]);
                if own {
                    return make(topic);
                }
            }
        }
    }
    if let Some(from) = longest(
        reader,
        0,
        heads!(
            "explain|explain the|define|describe the|meaning of|the meaning of|definition of|the definition of|\
     explain to me|explain what|explain how|what about the term|tell me about the term|explanation of|clarify|\
     explain me|give me the definition of|give me the meaning of|an explanation of|give me an explanation of|\
     elaborate on|describe"
        ),
    ) {
        let words = sub(reader, from, end);
        if words.words.is_empty() {
            if reader.lemma(0) == "explain" || reader.lemma(0) == "define" {
                return Some(Err(Miss::slot(
                    Draft::new("explain"),
                    "topic",
                    "Explain what?",
                )));
            }
            return None;
        }
        if longest(reader, from, heads!("the difference between")).is_some() {
            return difference(reader, from + 3, end);
        }
        let until = if matches!(
            reader.lemma(end.wrapping_sub(1)),
            "mean" | "work" | "do" | "be"
        ) {
            end - 1
        } else {
            end
        };
        if let Some(topic) = topic(&sub(reader, from, until)) {
            return make(topic);
        }
        if matches!(reader.lemma(0), "explain" | "define")
            && !reader.at(from, &["why", "how", "what"])
        {
            let scope = pieces(&words)
                .iter()
                .any(|piece| matches!(piece, Piece::Phrase(p) if p.is_scope()));
            return (!scope).then(|| Err(Miss::reject("not a word of the mesh", 0.85)));
        }
        return None;
    }
    // After "I forgot", "remind me": "what quorum means", "what drift is".
    if reader.at(0, &["what"])
        && (reader.lemma(end.wrapping_sub(1)) == "mean"
            || reader.at(end.wrapping_sub(1), &["is", "are", "does", "do", "was"]))
        && end > 2
        && let Some(topic) = topic(&sub(reader, 1, end - 1))
    {
        return make(topic);
    }
    how_to(reader, asked, end)
}

fn difference(reader: &Reader<'_>, from: usize, end: usize) -> Option<Read> {
    let and = (from..end).find(|at| reader.at(*at, &["and", "from", "or"]))?;
    let first = topic(&sub(reader, from, and))?;
    Some(Ok(Draft::new("explain").with("topic", first).at_most(0.7)))
}

/// "How do I freeze a cluster", "can I freeze one cluster", "is there a way to undo".
fn how_to(reader: &Reader<'_>, asked: bool, end: usize) -> Option<Read> {
    if asked {
        return None;
    }
    let heads = heads!(
        "how do i|how do we|how do you|how does one|how can i|how can we|how can you|how can one|how could i|\
     how could we|how should i|how should we|how would i|how would we|how would one|how would you|how to|\
     how must i|how i can|how can i please|how do i go about|how may i|how am i supposed to|how is it possible to|\
     how might i|how did i|can i|can we|can one|may i|may we|could i|could one|am i able to|are we able to|\
     am i allowed to|are we allowed to|is it possible to|is it allowed to|is it permitted to|is there a way to|\
     is there any way to|is there a command to|is there an option to|do i have to|do i need to|do we need to|\
     do we have to|are you able to|is there some way to|would it be possible to|could it be possible to|\
     what is the command to|what is the way to|which command|what command do i use to|what do i say to|\
     what do i type to|what should i say to|what must i say to|what happens when i type|what is the best way to|\
     when should i|when do i|when would i|when should we|what should i type to|show me how to|tell me how to|\
     how do people|am i permitted to|might i|is it even possible to|can an operator|can agents be|can a cluster be|\
     can a sector be|can sectors be|can clusters be|can an agent be|who can|who may"
    );
    if let Some(from) = longest(reader, 0, heads) {
        let from = reader.skip(
            from,
            &[
                "please", "just", "maybe", "only", "go", "actually", "ever", "also", "safely",
                "quickly", "properly", "even",
            ],
        );
        let words = sub(reader, from, end);
        // "Can I see …", "may I have …" are requests.
        if reader.at(0, &["can", "may", "could", "might"])
            && matches!(
                reader.lemma(from),
                "see" | "have" | "get" | "look" | "know" | "view" | "check" | "ask" | "say"
            )
        {
            return if reader.stands(from, "say").is_some() || matches!(reader.lemma(from), "say") {
                None
            } else if matches!(reader.lemma(from), "ask") {
                topic_of_verb(&words).map(|topic| Ok(Draft::new("explain").with("topic", topic)))
            } else {
                None
            };
        }
        if reader.at(0, &["how"])
            && matches!(reader.lemma(from), "do")
            && reader.words.len() <= from + 2
        {
            return None;
        }
        if let Some(topic) = topic_of_verb(&words) {
            return Some(Ok(Draft::new("explain").with("topic", topic)));
        }
        // "Who can do ocr" asks for agents.
        if reader.at(0, &["who"]) {
            return None;
        }
        return Some(Err(Miss::reject("not about the mesh", 0.85)));
    }
    // "How does healing work", "how do cascades work".
    if let Some(from) = longest(reader, 0, heads!("how does|how do|how is|how are|how")) {
        if matches!(
            reader.lemma(end.wrapping_sub(1)),
            "work" | "function" | "operate" | "happen"
        ) && end > from + 1
        {
            let words = sub(reader, from, end - 1);
            let scope = pieces(&words)
                .iter()
                .any(|piece| matches!(piece, Piece::Phrase(p) if p.places() || p.refer.is_some()));
            if !scope {
                return topic(&words).map(|topic| Ok(Draft::new("explain").with("topic", topic)));
            }
        }
        // "How is impedance measured", "how are conflicts resolved".
        if reader.at(1, &["is", "are"]) && matches!(reader.words.get(end.wrapping_sub(1)).map(|w| w.form), Some(Form::Part | Form::Past)) && !pieces(&sub(reader, from, end)).iter().any(|piece| matches!(piece, Piece::Phrase(p) if p.places() || p.refer.is_some() || !p.classes.is_empty())) {
            return topic(&sub(reader, from, end - 1)).map(|topic| Ok(Draft::new("explain").with("topic", topic).at_most(0.8)));
        }
    }
    None
}

/// The operation that a clause is about, loosely: all its words but one must be explained.
fn topic_of_verb(words: &Reader<'_>) -> Option<String> {
    let parts = pieces(words);
    let best = frame::acts(&parts, Voice::Any)
        .into_iter()
        .find(|found| found.first <= 2 && !found.makes.ends_with('?'));
    if matches!(words.lemma(0), "undo" | "revert") {
        return Some("undo".to_owned());
    }
    let special = special(words, &parts);
    if let Some(op) = special {
        return Some(op.to_owned());
    }
    if let Some(best) = best {
        let known = parts.iter().any(|piece| matches!(piece, Piece::Phrase(_)));
        if best.unexplained == 0 || best.unexplained <= 1 && known {
            return Some(
                best.makes
                    .split(':')
                    .next()
                    .unwrap_or(best.makes)
                    .to_owned(),
            );
        }
    }
    topic(words)
}

/// Operations that have no plain frame.
fn special(words: &Reader<'_>, parts: &[Piece]) -> Option<&'static str> {
    let first = crate::act::first_word(parts)?;
    let noun = |noun| phrases(parts).any(|p| p.noun == Some(noun));
    let agents =
        phrases(parts).any(|p| p.noun == Some(crate::phrase::Noun::Agent) || !p.classes.is_empty());
    let has = |text: &str| {
        (0..words.words.len()).any(|at| words.at(at, &[text]) || words.lemma(at) == text)
    };
    Some(match first.lemma {
        "scale" => "scale",
        "add" | "remove" | "provision"
            if agents && !has("rotation") && !has("quarantine") && !has("capability") =>
        {
            "scale"
        }
        "grant" | "revoke" => "capability",
        "give" | "take" | "remove" | "add" if has("capability") => "capability",
        "broadcast" | "announce" => "broadcast",
        "tell" | "inform" | "notify"
            if phrases(parts).any(|p| p.is_scope() || p.noun.is_some()) =>
        {
            "broadcast"
        }
        "send" if has("message") => "broadcast",
        "ask" if phrases(parts).any(|p| p.is_scope() || p.noun.is_some()) => "ask",
        "delegate" => "delegate",
        "sync" | "cascade" | "synchronise" | "synchronize" => "cascade",
        "schedule" => "schedule",
        "watch" | "monitor" => "watch",
        "resolve" | "settle" if noun(crate::phrase::Noun::Conflict) => "resolve",
        "switch" | "change" | "set" if has("theme") => "theme",
        "quit" | "exit" | "leave" if words.words.len() <= 3 => "quit",
        "diagnose" => "diagnose",
        "inspect" => "inspect",
        "list" => "list",
        "count" => "count",
        _ => return None,
    })
}

/// The topic that the words name: an operation's name where it is one, else a word of the glossary.
pub(crate) fn topic(words: &Reader<'_>) -> Option<String> {
    let mut from = 0;
    let mut to = words.words.len();
    let frames = [
        "the",
        "a",
        "an",
        "to",
        "of",
        "by",
        "it",
        "word",
        "term",
        "is",
        "are",
        "about",
        "on",
        "for",
        "with",
        "using",
        "how",
        "does",
        "do",
        "what",
        "exactly",
        "called",
        "operation",
        "command",
        "concept",
        "your",
        "our",
        "'s",
        "mean",
        "means",
        "this",
        "that",
    ];
    while from < to && frames.contains(&words.text(from)) {
        from += 1;
    }
    while to > from
        && (frames.contains(&words.text(to.wrapping_sub(1)))
            || words.at(
                to - 1,
                &[
                    "?",
                    ".",
                    "!",
                    ",",
                    "works",
                    "work",
                    "commands",
                    "operations",
                    "button",
                    "here",
                    "meaning",
                    "please",
                    "in",
                ],
            ))
    {
        to -= 1;
    }
    let words = sub(words, from, to);
    if words.words.is_empty() || words.words.len() > 4 {
        return None;
    }
    if let crate::token::Kind::Quote(text) = &words.words[0].token.kind {
        let tokens = crate::token::tokens(text)?;
        let inner = crate::lexicon::lexemes(tokens);
        return (!inner.is_empty())
            .then(|| {
                topic(&Reader {
                    words: &inner,
                    ..words
                })
            })
            .flatten()
            .or_else(|| {
                topic_of_verb(&Reader {
                    words: &inner,
                    ..words
                })
            });
    }
    let texts: Vec<&str> = (0..words.words.len()).map(|at| words.text(at)).collect();
    let joined = texts.join(" ");
    if let Some(row) = mesh_core::operation::table::row(&texts.join("_")) {
        return Some(row.name.to_owned());
    }
    let lemmas: Vec<&str> = (0..words.words.len())
        .map(|at| {
            if words.lemma(at).is_empty() {
                words.text(at)
            } else {
                words.lemma(at)
            }
        })
        .collect();
    if words.words.len() == 1
        && let Some(op) = operation(lemmas[0])
    {
        return Some(op.to_owned());
    }
    if let Some(term) = glossary::find(&joined).or_else(|| glossary::find(&lemmas.join(" "))) {
        return Some(term.to_owned());
    }
    // "Route around", "take out of rotation".
    let parts = pieces(&words);
    let best = frame::acts(&parts, Voice::Any)
        .into_iter()
        .find(|found| found.unexplained == 0 && !found.makes.ends_with('?'))?;
    phrases(&parts).next().is_none().then(|| {
        best.makes
            .split(':')
            .next()
            .unwrap_or(best.makes)
            .to_owned()
    })
}

/// The operation that a single word names.
fn operation(lemma: &str) -> Option<&'static str> {
    if let Some(row) = mesh_core::operation::table::row(lemma) {
        return Some(row.name);
    }
    Some(match lemma {
        "sync" | "synchronise" | "synchronize" | "throw" => "cascade",
        "isolate" | "isolation" => "quarantine",
        "unfreeze" | "resume" => "thaw",
        "bypass" | "reroute" | "rerouting" => "avoid",
        "recovery" | "repair" | "healing" => "heal",
        "announce" | "announcement" => "broadcast",
        "delegation" => "delegate",
        "grant" | "revoke" => "capability",
        "promotion" => "promote",
        "scaling" => "scale",
        "kpi" => "kpis",
        "what_if" => "what_if",
        _ => return None,
    })
}

/// "Help", "help on broadcast", "help me with cascades".
pub(crate) fn help(reader: &Reader<'_>) -> Option<Read> {
    let end = end(reader);
    let from = longest(
        reader,
        0,
        heads!(
            "help me with|help me on|help with|help on|help about|help for|help me about|help regarding|help me understand|\
     help|i need help with|i need help on|i need some help with|need help with|get help on|get help with|\
     show help for|show help on|show me help on|show me help for|give me help on|give me help with|some help with|\
     some help on|need help on|show the help for|help me use|assist me with|man"
        ),
    )?;
    let bare = from >= end;
    if bare {
        return reader.at(0, &["help"]).then(|| Ok(Draft::new("help")));
    }
    if reader.lemma(from) == "please" || reader.at(from, &["me", "us"]) && from + 1 >= end {
        return Some(Ok(Draft::new("help")));
    }
    let words = sub(reader, from, end);
    let topic = topic(&words).or_else(|| topic_of_verb(&words))?;
    Some(Ok(Draft::new("help").with("topic", topic)))
}

/// "What would happen if I froze sector 7", "simulate quarantining 7-4", "is it safe to freeze sector 7".
pub(crate) fn what_if(reader: &Reader<'_>, context: &Context) -> Option<Read> {
    let end = end(reader);
    let at = reader.skip(
        0,
        &[
            "hypothetically",
            "theoretically",
            ",",
            "purely",
            "speaking",
            "just",
            "so",
            "and",
            "in",
            "theory",
            "for",
            "argument",
            "'s",
            "sake",
        ],
    );
    let hypothetical = at > 0
        && (reader.at(0, &["hypothetically", "theoretically"])
            || reader.stands(0, "just hypothetically").is_some()
            || reader.stands(0, "in theory").is_some());
    let heads = heads!(
        "what would happen if|what will happen if|what happens if|what could happen if|what might happen if|\
     what would happen when|what happens when|what will happen when|what would happen to us if|\
     what happens to us if|what would happen to the mesh if|what would happen to everyone if|what would occur if|\
     what would change if|what changes if|what would we lose if|what would break if|what breaks if|\
     what would be affected if|what is affected if|who would be affected if|who would be hit if|who is affected if|\
     what would it do if|what would it mean if|what would it mean for us if|what does it mean if|\
     what would be the effect if|what would be the impact if|what would be the consequences if|what will be if|\
     what would be if|what if|what do we lose if|what do you think would happen if|how would things look if|\
     how would it look if|how many agents would be affected if|how many agents would stop if|\
     how would the mesh react if|how does the mesh react if|what would the effect be if|\
     what would the impact be if|would it hurt if|would it help if|would anything break if|is it bad if|\
     would it be bad if|would it matter if|what goes wrong if|what could go wrong if|what would go wrong if|\
     tell me what happens if|show me what happens if|what would happen were|what would we see if|\
     what is going to happen if|suppose that|suppose|supposing|imagine that|imagine|assume that|assume|assuming|\
     say|let us say|let us suppose|let us assume|let us imagine|let us pretend|pretend that|pretend|simulate|\
     simulate what happens if|simulation of|run a simulation of|run a dry run of|do a dry run of|dry run of|\
     dry run|a dry run of|trial run of|what would be the effect of|what would be the impact of|\
     what would be the consequences of|what would be the consequence of|what is the effect of|\
     what is the impact of|what are the consequences of|what is the consequence of|what would the effect of|\
     what would the impact of|what are the effects of|preview|preview of|model|estimate the impact of|\
     estimate the effect of|predict the effect of|predict what happens if|consider|how bad would it be to|\
     how bad would it be if|how bad is it to|how bad is it if|how disruptive would it be to|\
     how risky would it be to|how risky is it to|how costly would it be to|how long would it take to|is it safe to|\
     would it be safe to|is it ok to|is it okay to|is it wise to|is it a good idea to|would it be wise to|\
     would it be a good idea to|would it be ok to|would it be okay to|would it be a problem to|would it be bad to|\
     is it a bad idea to|is it risky to|is it dangerous to|what is the risk of|what are the risks of|should i|\
     should we|ought we to|ought i to|would it help to|would it hurt to|does it make sense to|\
     would it make sense to|what would it take to|what would it look like to|would you recommend|do you recommend|\
     would you advise|what would it do to|what do you think of|what about the effect of|shall i|how safe is it to|\
     can we safely|can i safely"
    );
    if let Some(from) = longest(reader, at, heads) {
        // "Simulate" is a command of its own, "say" and "consider" are not unless a clause follows.
        let loose = reader.at(
            at,
            &[
                "say", "consider", "model", "preview", "pretend", "imagine", "let", "assume",
                "suppose",
            ],
        );
        let until = question_tail(reader, from, end);
        let inner = sub(reader, from, until);
        return match inner_act(&inner, context) {
            Some(read) => Some(read.map(|draft| Draft::holding("what_if", draft))),
            None if loose && until == end => None,
            None if reader.at(
                at,
                &["should", "is", "would", "shall", "ought", "does", "do"],
            ) =>
            {
                Some(Err(Miss::reject("a question about something else", 0.7)))
            }
            None if reader.at(at, &["how", "can"]) => None,
            None => Some(Err(Miss::reject("a question about something else", 0.75))),
        };
    }
    // "If I froze sector 7, what would happen?"
    if reader.at(at, &["if", "were"]) {
        let tail = (at + 1..end).find(|i| {
            longest(
                reader,
                *i,
                heads!(
    "what would|what will|what happens|what then|then what|what could|what might|who would|how many|how would|\
     would anything|would that|would it|what else|what is|what does|what do|how bad|what changes|what breaks|\
     will anything|how much|what"
),
            )
            .is_some()
        })?;
        let inner = sub(reader, at + 1, trim(reader, tail));
        let read = inner_act(&inner, context)?;
        return Some(read.map(|draft| Draft::holding("what_if", draft)));
    }
    // "What would freezing sector 7 do?", "what does that do", "would freezing sector 7 help?"
    if let Some(from) = longest(
        reader,
        at,
        heads!(
            "what would|what will|what does|what could|would|will|what might|how would|who would|what did"
        ),
    ) {
        let last = reader.lemma(end.wrapping_sub(1));
        let tail = (from..end).rev().find(|i| {
            matches!(
                reader.lemma(*i),
                "do" | "mean"
                    | "cause"
                    | "affect"
                    | "break"
                    | "help"
                    | "hurt"
                    | "change"
                    | "cost"
                    | "lead"
                    | "work"
                    | "bring"
                    | "achieve"
                    | "accomplish"
                    | "fix"
                    | "impact"
                    | "be"
                    | "look"
                    | "solve"
                    | "improve"
                    | "touch"
                    | "hit"
                    | "disrupt"
            )
        });
        let would = reader.at(at, &["would", "will"])
            || reader.at(at + 1, &["would", "will", "could", "might"]);
        if let Some(tail) = tail.filter(|tail| *tail > from) {
            let inner = sub(reader, from, tail);
            let gerund = inner.words.first().is_some_and(|w| w.form == Form::Ing)
                || inner.words.get(1).is_some_and(|w| w.form == Form::Ing);
            if gerund && let Some(read) = inner_act(&inner, context) {
                return Some(read.map(|draft| Draft::holding("what_if", draft)));
            }
            // "What would that do?" asks about what waits.
            let that = inner.words.len() == 1 && inner.at(0, &["that", "this", "it"]);
            if that
                && would
                && matches!(
                    last,
                    "do" | "mean"
                        | "cause"
                        | "affect"
                        | "change"
                        | "break"
                        | "help"
                        | "hurt"
                        | "cost"
                )
            {
                return waiting(context).map(|draft| Ok(Draft::holding("what_if", draft)));
            }
        }
        let _ = last;
    }
    if hypothetical {
        let inner = sub(reader, at, end);
        return inner_act(&inner, context)
            .map(|read| read.map(|draft| Draft::holding("what_if", draft)));
    }
    None
}

/// Where a question behind the supposition begins: "…, what would happen".
fn question_tail(reader: &Reader<'_>, from: usize, end: usize) -> usize {
    let tails = heads!(
        "what would|what will|what happens|what then|then what|what could|what might|who would|how many|how would|\
     would anything|what else|how bad|what changes|what breaks|what is|be|do to|what"
    );
    let at = (from + 1..end).find(|at| {
        reader.at(at.wrapping_sub(1), &[",", ";", ":", "-", "then", "?", "."])
            && longest(reader, *at, tails).is_some()
    });
    at.map_or(end, |at| trim(reader, at))
}

fn trim(reader: &Reader<'_>, at: usize) -> usize {
    let mut at = at;
    while at > 0 && reader.at(at.wrapping_sub(1), &[",", ";", ":", "then", "-", "?", "."]) {
        at -= 1;
    }
    at
}

/// The operation that is supposed.
fn inner_act(inner: &Reader<'_>, context: &Context) -> Option<Read> {
    let from = longest(
        inner,
        0,
        heads!(
    "i were to|we were to|you were to|i was to|we was to|somebody were to|someone were to|one were to|they were to|\
     i had to|we had to|i would|we would|i just|we just|we all|i should|we should|i did|i do|we do|you did|\
     i have to|we have to|i decided to|we decided to|i want to|we want to|i went ahead and|we went ahead and|\
     i go and|i|we|you|somebody|someone|one|they|anyone|anybody|to|for me to|for us to|an operator|us|me"
),
    )
    .unwrap_or(0);
    let from = inner.skip(
        from,
        &[
            "please",
            "just",
            "now",
            "really",
            "simply",
            ":",
            ",",
            "actually",
            "accidentally",
            "suddenly",
            "ever",
            "a",
            "the",
        ],
    );
    let from = if from > 0
        && crate::phrase::phrase(inner, from - 1).is_some()
        && inner.at(from.wrapping_sub(1), &["a", "the"])
    {
        from - 1
    } else {
        from
    };
    let words = sub(inner, from, inner.words.len());
    if words.words.is_empty() {
        return None;
    }
    let that = words.lemma(0) == "do"
        && words.at(1, &["that", "it", "this", "so"])
        && words.words.len() <= 3
        || words.words.len() == 1 && words.at(0, &["that", "it"]);
    if that {
        return waiting(context).map(Ok).or_else(|| {
            Some(Err(Miss::ask(
                "What if what? Nothing was proposed before.",
                0.85,
            )))
        });
    }
    if let Some(read) = crate::payload::payload(&words, context) {
        return Some(read);
    }
    let parts = passive(&words, pieces(&words));
    if let Some(read) = crate::act::act(&words, &parts, Voice::Any, context) {
        return Some(read);
    }
    // "A freeze of sector 7".
    None
}

/// Without the auxiliaries of a passive, and with states as the participles that they are: "sector 7 were frozen".
pub(crate) fn passive(reader: &Reader<'_>, parts: Vec<Piece>) -> Vec<Piece> {
    let auxiliary = |piece: &Piece| matches!(piece, Piece::Word(word) if word.lemma == "be" || matches!(word.text.as_str(), "got" | "gets" | "to" | "had" | "have" | "has"));
    worded(
        reader,
        parts
            .into_iter()
            .filter(|piece| !auxiliary(piece))
            .collect(),
    )
}

/// Phrases that are nothing but a state as the word that says it: "is it frozen", "I want it frozen".
pub(crate) fn worded(reader: &Reader<'_>, parts: Vec<Piece>) -> Vec<Piece> {
    let word = |piece: Piece| match &piece {
        Piece::Phrase(p) if crate::clause::only_state(p) && p.end == p.start + 1 => {
            let word = &reader.words[p.start];
            Piece::Word(crate::piece::Word {
                lemma: word.lemma,
                form: word.form,
                text: word.token.text.clone(),
                at: p.start,
            })
        }
        _ => piece,
    };
    parts.into_iter().map(word).collect()
}

/// What waits for a yes, or was done last, as a draft.
fn waiting(context: &Context) -> Option<Draft> {
    let changing = context
        .last
        .iter()
        .rev()
        .find(|draft| draft.operation().is_ok_and(|operation| operation.changes()));
    changing
        .or_else(|| {
            context
                .last
                .iter()
                .rev()
                .find(|draft| draft.op == "what_if")
                .and_then(|draft| draft.held.as_deref())
        })
        .cloned()
}

/// "Did we freeze sector 7", "who froze it", "when was 7-4 quarantined": what was asked for before.
pub(crate) fn past(reader: &Reader<'_>, context: &Context) -> Option<Read> {
    let end = end(reader);
    let did = heads!(
        "did we|did you|did i|did anyone|did anybody|did someone|did somebody|did they|have we|have you|have i|\
     has anyone|has anybody|has someone|has somebody|have they|had we|had anyone|did the mesh|have we ever|\
     have we already|did we ever|did we already|did you already|have you already|has anyone ever|who|\
     when did we last|when did we|when did you|when did i|when did anyone|when did someone|when was|when were|\
     when did|when have we|why did we|why did you|why did someone|why did somebody|why have we|was|were|\
     how often did we|how often have we|what did we do in|what did we do to|what did we do with|what did we do on|\
     what did we do at|what did we do about|what have we done in|what have we done to|what have we done with|\
     what have we done about|what have we done on|what did you do to|what did you do in|what did you do with|\
     what was done to|what was done in|what was done on|what has been done to|what has been done in|\
     what has been done with|what did anyone do to|what did somebody do to|what did we do|what have we done|\
     what did you do|what have you done|what did i do|what was done|what has been done|was there a|where did we|\
     who was it that|who was the one who|what commands were run on|what commands were run in|\
     what was the last thing we did to|what did i do to|what did i do in|how long has|how long have|how long was|\
     how long were|how long is|how long are|since when is|since when are|since when has|since when have|since when was|\
     for how long has|for how long have|for how long is"
    );
    let from = longest(reader, 0, did)?;
    let words = sub(reader, from, end);
    let named = reader.at(0, &["who"]);
    let what_done = reader.at(0, &["what"]);
    let parts = passive(&words, pieces(&words));
    // The verb must be one of ours, in the past where somebody is asked for.
    let best = frame::acts(&parts, Voice::Any)
        .into_iter()
        .find(|found| found.unexplained <= 1 && !found.makes.starts_with("undo"));
    let verb = parts.iter().find_map(|piece| match piece {
        Piece::Word(word) if frame::begins(word.lemma) => Some(word.form),
        _ => None,
    });
    let past_form = matches!(verb, Some(Form::Past | Form::Part)) || parts.iter().any(|piece| matches!(piece, Piece::Word(word) if matches!(word.lemma, "cut" | "shut" | "put" | "let" | "set")));
    let fits = what_done
        || best.is_some() && (past_form || reader.at(0, &["did", "when", "why"]))
        || special(&words, &parts).is_some() && (past_form || reader.at(0, &["did"]));
    if !fits || named && !past_form {
        return None;
    }
    // "Was 7-4-12 quarantined" asks how it is as much as what was done; "why was it" asks for the reason.
    let scope: Vec<_> = phrases(&parts)
        .filter(|p| p.names() || p.refer.is_some() || p.all)
        .collect();
    let draft = Draft::new("list")
        .with("what", "operations")
        .maybe("span_s", crate::rows::span(&parts).map(number));
    if scope.is_empty() {
        return (what_done || best.is_some()).then(|| Ok(draft.at_most(0.8)));
    }
    let Some(mut phrase) = crate::act::merged(scope) else {
        return Some(Ok(draft.at_most(0.5)));
    };
    phrase.noun = None;
    phrase.count = None;
    if !phrase.names() && phrase.refer.is_none() {
        return Some(Ok(draft));
    }
    let confidence = if reader.at(0, &["was", "were", "why"]) {
        0.75
    } else {
        0.95
    };
    Some(match crate::select::select(&phrase, context) {
        Ok(selection) => Ok(draft.about(selection).at_most(confidence)),
        Err(trouble) => Err(Miss::trouble(draft, "scope", trouble)),
    })
}
