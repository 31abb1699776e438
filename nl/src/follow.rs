//! Utterances that go on from the last one: "and 8?", "no, 7-5", "the same for sector 13", "over the last day".

use crate::context::{Context, Selection};
use crate::draft::{Draft, json, number};
use crate::heads::{Heads, heads};
use crate::miss::{Miss, Read};
use crate::phrase::{Noun, Phrase, Refer, Spot};
use crate::piece::{Piece, Role, pieces};
use crate::reader::Reader;
use crate::select::{Trouble, narrowed, plain, select, terms};
use mesh_core::operation::Scopes;
use mesh_core::operation::word::{Order, SortBy, What};
use mesh_core::place::scope::{Region, Scope, Term, Test};
use mesh_core::place::{AgentId, ClusterId};

/// How an utterance goes on from the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// "And 8?": the same of another.
    Next,
    /// "No, 8": not that, this.
    Correct,
    /// "Only in sector 7", "just five": the same, narrower.
    Narrow,
}

fn next() -> &'static Heads {
    heads!(
        "and what about|and how about|what about|how about|and for|and in|and on|and with|and at|and of|and to|\
     and also|and then|and|also for|also to|also in|also|the same for|the same to|the same with|the same in|\
     the same on|the same thing for|the same thing to|the same thing with|same for|same with|same to|same in|\
     same on|same thing for|same thing with|same thing to|do the same for|do the same to|do the same with|\
     do the same in|do the same on|do that for|do that to|do this for|do it for|do it to|likewise for|likewise|\
     ditto for|ditto|now the same for|now the same with|now for|now|then|as well as|plus|and now|and the same for|\
     and the same to|and the same with|and the same in|again for|again with|again in|again on|repeat for|\
     repeat that for|repeat this for|repeat it for|repeat with|next|or|what of|ok and|ok now|okay and|\
     same again for|once more for|and do the same for|and do the same to|tell me about|show me the same for|\
     show the same for|but what about|but in|and again for|so what about|then what about|now do the same for|\
     now do|now do the same to|the same but for|same but for|same but in|the same but in|same question for|same question to|and do the same with|and do the same in|and do the same on|compare with|\
     compare to|compare it with|compare it to|compare that with|compare that to|compared to|versus|vs|against|\
     and likewise|and its neighbour|and its neighbor|and the neighbouring|and the next one|also do|and do|same story for|\
     same deal for|same treatment for|the same treatment for|give the same to|apply the same to|apply that to|\
     repeat this on|repeat that on|repeat it on|and maybe|and perhaps|what of"
    )
}

fn correct() -> &'static Heads {
    heads!(
        "no i meant|no i mean|no sorry|no not that|no rather|no make it|no make that|no actually|no wait|no the|no|\
     nope|nah|i meant|i mean|i meant to say|sorry i meant|sorry i mean|sorry|sorry no|oops|oops i meant|\
     oops i mean|rather|actually|actually make it|actually make that|actually i meant|actually i mean|make it|\
     make that|make them|better make it|better|let us make it|let us say|say|instead|correction|not that|wait no|\
     wait|wait i meant|hang on i meant|hold on i meant|hang on|hold on|hmm i meant|i said|should be|it should be|\
     that should be|it should have been|that should have been|change that to|change it to|change to|i wanted|\
     i was thinking of|my mistake|my bad|scratch that|scrap that|strike that|on second thought|on second thoughts|\
     or rather|well|well rather|well actually|ah|ah sorry|ah no|oh|oh no|oh i meant|oh sorry|pardon|typo|use|try|\
     with|no use|no with|no for|erm|um|uh|no no|that was wrong|wrong|wrong one|not quite|i was wrong|i want|\
     i would rather have|i would rather|let it be|set it to"
    )
}

fn narrow() -> &'static Heads {
    heads!(
        "only in|only for|only the|only on|only|just in|just for|just the|just on|just|but only in|but only for|\
     but only|limit to|limit it to|limit that to|restrict to|restrict it to|restrict that to|narrow it to|\
     narrow it down to|narrow that down to|show only|show me only|show just|no only|no just"
    )
}

/// What the utterance goes on from, and how; `None` when it is no continuation.
pub(crate) fn follow(reader: &Reader<'_>, context: &Context) -> Option<Read> {
    let last = context.last.last()?;
    let from = reader.skip(
        0,
        &[
            ",", ".", "ok", "okay", "hmm", "um", "uh", "please", "…", "!", "hm", "great", "good",
            "thanks",
        ],
    );
    let from = if from >= reader.words.len() { 0 } else { from };
    let correct = correct()
        .longest_past_signs(reader, from)
        .map(|next| (next, Mode::Correct));
    let next = next()
        .longest_past_signs(reader, from)
        .map(|next| (next, Mode::Next));
    let narrow = narrow()
        .longest_past_signs(reader, from)
        .map(|next| (next, Mode::Narrow));
    let (at, mode) = [narrow, correct, next]
        .into_iter()
        .flatten()
        .max_by_key(|(at, _)| *at)
        .unwrap_or((from, Mode::Next));
    let mode = if ends_with_rather(reader) {
        Mode::Correct
    } else {
        mode
    };
    // Prepositions at the end of the opening belong to the phrase behind it.
    let at = if at > 0
        && reader.at(
            at - 1,
            &["in", "on", "for", "to", "the", "of", "at", "with"],
        )
        && at > from
    {
        at - 1
    } else {
        at
    };
    let words = reader.part(at, usize::MAX);
    if words.words.is_empty() {
        return None;
    }
    let said = at > from;
    let remade = (from..at).any(|at| reader.at(at, &["make", "change", "set", "rather", "better"]));
    continued(&words, last, (mode, remade), said, context)
}

/// "The fastest instead", "for an hour rather".
fn ends_with_rather(reader: &Reader<'_>) -> bool {
    let len = reader.words.len();
    (len.saturating_sub(2)..len).any(|at| reader.at(at, &["instead", "rather"]))
}

/// A fragment behind a clause of the same utterance: "… and which ones", "… and 8".
pub(crate) fn fragment(reader: &Reader<'_>, context: &Context) -> Option<Read> {
    let last = context.last.last()?;
    which(reader, context)
        .map(Ok)
        .or_else(|| continued(reader, last, (Mode::Next, false), true, context))
}

/// "Again", "once more", "do it again".
pub(crate) fn again(reader: &Reader<'_>) -> bool {
    let texts: Vec<&str> = (0..reader.words.len())
        .map(|at| reader.text(at))
        .filter(|text| {
            !matches!(
                *text,
                "," | "." | "!" | "?" | "please" | "and" | "ok" | "okay" | "now" | "thanks"
            )
        })
        .collect();
    heads!(
    "again|once more|once again|one more time|repeat|repeat that|repeat it|repeat the last one|repeat last|\
     do it again|do that again|same again|the same again|and again|same thing again|the same|same|ditto|\
     another time|redo|redo that|redo it|do the same again|say that again|say again|show that again|\
     show me that again|show me again|run that again|run it again|do the same|same one again|retry|try again|\
     try that again|repeat the last command|repeat this"
).holds(&texts)
}

/// "Which ones?", "list them", "why?", "how many?" after an operation that fixes what is meant.
pub(crate) fn which(reader: &Reader<'_>, context: &Context) -> Option<Draft> {
    let recent = context.last.iter().rev();
    let last = recent
        .chain(context.listed.as_ref())
        .find(|draft| draft.args.contains_key("what"))?;
    let texts: Vec<&str> = (0..reader.words.len())
        .map(|at| reader.text(at))
        .filter(|text| {
            !matches!(
                *text,
                "," | "."
                    | "!"
                    | "?"
                    | "please"
                    | "and"
                    | "ok"
                    | "okay"
                    | "exactly"
                    | "now"
                    | "so"
                    | "then"
                    | "to"
                    | "me"
                    | "us"
                    | "the"
            )
        })
        .collect();
    let lists = heads!(
    "which ones|which|which one|who|list them|show them|which ones are they|which are they|who are they|name them|\
     what are they|which are those|list those|show those|which ones are those|list these|let see them|give them|\
     see them|display them|who exactly|where are they|list them all|show them all|show all|list all|which is it|\
     which ones is it|who is it|can you list them|could you list them|can you show them|could you show them|\
     can i see them|print them|can you name them|could you name them|list all of them|show all of them|\
     which of them|what are their names"
).holds(&texts);
    let counts = heads!(
    "how many|how many are there|how many are they|how many is that|count them|how many are that|how many of them|\
     how many of them are there|how many are those|count those|how many are in there|so how many|\
     how many altogether|how many in total|how many are left|how many left|how many remain|how many remaining|\
     how many are still open|how many are still there|how many are still left|how many still|how many are remaining|\
     count these|number of them|what is the count"
).holds(&texts);
    let op = if lists {
        "list"
    } else if counts {
        "count"
    } else {
        return None;
    };
    let mut draft = Draft::new(op);
    for name in ["what", "scope", "except", "state", "span_s"] {
        if let Some(value) = last.args.get(name) {
            draft = draft.with(name, value.clone());
        }
    }
    draft.about.clone_from(&last.about);
    Some(draft)
}

/// The last operation with what the fragment says put in its place.
fn continued(
    reader: &Reader<'_>,
    last: &Draft,
    (mode, remade): (Mode, bool),
    said: bool,
    context: &Context,
) -> Option<Read> {
    // "Except cluster 3": what there was, without that one.
    if !reader.at(0, &["not", "but"])
        && let Some((except, next)) = crate::phrase::exception(reader, 0)
        && reader.skip(next, &[".", "!", "please"]) >= reader.words.len()
    {
        let mut draft = last.clone();
        draft.confidence = 0.94;
        let phrase = Phrase {
            except: Some(Box::new(except)),
            ..Phrase::default()
        };
        return match phrase_of(reader, &mut draft, &phrase, (mode, remade), false, context) {
            Ok(done) => done.map(|_| Ok(draft)),
            Err(trouble) => Some(Err(Miss::trouble(draft, "scope", trouble))),
        };
    }
    let parts = pieces(reader);
    if parts.is_empty() || crate::piece::is_empty(&parts) {
        return None;
    }
    // Without "and" or "no" a phrase with rows of its own is a question of its own.
    let own =
        |p: &Phrase| p.noun.is_some() && !p.places() || p.sort.is_some() && mode == Mode::Next;
    if !said && mode == Mode::Next && parts.iter().any(|piece| matches!(piece, Piece::Phrase(p) if own(p) || p.marks.is_some() && !p.superlative)) {
        return None;
    }
    let mut draft = last.clone();
    draft.confidence = 0.94;
    draft.corrects = mode == Mode::Correct;
    let mut changed = false;
    let mut scope_done = false;
    for piece in &parts {
        let done = match piece {
            Piece::Punct(_) => true,
            Piece::Word(word) => match filled(&mut draft, word.lemma, &word.text) {
                Some(hit) => {
                    changed |= hit;
                    true
                }
                None => false,
            },
            Piece::Span(span) => {
                let hit = timed(&mut draft, span.role, span.seconds);
                changed |= hit;
                hit
            }
            Piece::Time(time) => {
                let hit = at(&mut draft, time);
                changed |= hit;
                hit
            }
            Piece::Quote(text) => {
                let hit = text_of(&mut draft, text);
                changed |= hit;
                hit
            }
            Piece::Priority(priority) => {
                let inner = draft.innermost();
                let hit = inner.op == "broadcast";
                if hit {
                    inner.args.insert("priority".into(), (*priority).into());
                }
                changed |= hit;
                hit
            }
            Piece::Id(id) => {
                let hit = id_of(&mut draft, id);
                changed |= hit;
                hit
            }
            Piece::Compare => false,
            Piece::Phrase(p) => {
                match phrase_of(reader, &mut draft, p, (mode, remade), scope_done, context) {
                    Ok(Some(scope)) => {
                        changed = true;
                        scope_done |= scope;
                        true
                    }
                    Ok(None) => false,
                    Err(trouble) => {
                        let draft = draft.innermost().clone();
                        return Some(Err(Miss::trouble(draft, "scope", trouble)));
                    }
                }
            }
        };
        if !done {
            return None;
        }
    }
    if !changed {
        return None;
    }
    // What holds an operation is about what that is about.
    if draft.held.is_some() {
        draft.about = draft.held.as_ref().and_then(|held| held.about.clone());
    }
    Some(Ok(draft))
}

/// A word that is an argument's value by itself: a metric, a seat, a strategy, a theme. `Some(false)` says nothing.
fn filled(draft: &mut Draft, lemma: &str, text: &str) -> Option<bool> {
    let inner = draft.innermost();
    let mut put = |name: &str, value: &str| {
        inner.args.insert(name.into(), value.into());
        Some(true)
    };
    match (inner.op, lemma) {
        ("trend", "impedance" | "latency" | "queue" | "arrival") => return put("metric", lemma),
        ("trend", "backlog") => return put("metric", "queue"),
        ("promote", "lead" | "leader") => return put("to", "lead"),
        ("promote", "coordinator") => return put("to", "coordinator"),
        ("review", "approve" | "accept") => return put("action", "approve"),
        ("review", "reject" | "decline") => return put("action", "reject"),
        ("review", _) if text == "next" => return put("review_id", "next"),
        ("cascade", "wave" | "waves") => return put("strategy", "wave"),
        ("cascade", "parallel") => return put("strategy", "parallel"),
        ("theme", _)
            if matches!(
                text,
                "light" | "dark" | "mono" | "auto" | "contrast" | "solarized" | "monochrome"
            ) =>
        {
            return put("name", text);
        }
        ("list", "impedance" | "queue" | "reliability" | "drift") => return put("sort", lemma),
        ("watch", _) if matches!(text, "healthy" | "thawed" | "quiet" | "active") => {
            return put("condition", text);
        }
        ("resolve", _) if matches!(text, "ours" | "expected") => {
            return put("how", "keep_expected");
        }
        ("resolve", _) if matches!(text, "theirs" | "received") => {
            return put("how", "keep_received");
        }
        ("resolve", _) if matches!(text, "branch" | "dismiss") => return put("how", text),
        ("scale", "remove") => {
            if let Some(n) = inner.args.remove("add") {
                inner.args.insert("remove".into(), n);
            }
            return Some(true);
        }
        ("explain" | "help", _) => {
            let topic = crate::glossary::find(text)
                .or_else(|| mesh_core::operation::table::row(lemma).map(|row| row.name));
            if let Some(topic) = topic {
                return put("topic", topic);
            }
        }
        ("capability", "")
            if text.contains('_')
                || !text.is_empty() && mesh_core::operation::value::is_capability(text) =>
        {
            return put("capability", text);
        }
        _ => {}
    }
    let fine = crate::frame::says_nothing(text)
        || matches!(
            text,
            "what"
                | "about"
                | "how"
                | "only"
                | "instead"
                | "rather"
                | "there"
                | "not"
                | "ones"
                | "one"
                | "this"
                | "that"
                | "same"
                | "say"
                | "meant"
                | "mean"
                | "i"
                | "it"
                | "make"
                | "actually"
                | "sorry"
                | "is"
                | "was"
                | "last"
                | "as"
                | "done"
                | "too"
                | "both"
                | "though"
                | "maybe"
                | "perhaps"
                | "them"
                | "alone"
                | "else"
                | "length"
                | "time"
                | "timeout"
        );
    (fine && text != "not").then_some(false)
}

/// How many seconds a bare number means where one was said before.
fn unit_of(seconds: f64) -> f64 {
    [86_400.0, 3_600.0, 60.0, 1.0]
        .into_iter()
        .find(|unit| seconds >= *unit && seconds % unit == 0.0)
        .unwrap_or(1.0)
}

fn timed(draft: &mut Draft, role: Role, seconds: f64) -> bool {
    let value = number(seconds);
    if draft.op == "schedule"
        && matches!(role, Role::In | Role::Bare)
        && draft.args.contains_key("in_s")
        || draft.op == "schedule" && role == Role::In
    {
        draft.args.remove("at");
        draft.args.insert("in_s".into(), value);
        return true;
    }
    let inner = draft.innermost();
    let op = inner.op;
    let name = match op {
        "avoid" if matches!(role, Role::For | Role::Bare | Role::Within) => "for_s",
        "delegate" if matches!(role, Role::For | Role::Bare | Role::Within) => "timeout_s",
        "trend" | "list" | "count" | "kpis" => "span_s",
        "cascade" if matches!(role, Role::Window | Role::Bare) => {
            inner
                .args
                .insert("window_ms".into(), number(seconds * 1_000.0));
            return true;
        }
        _ if role == Role::In => {
            let now = draft.clone();
            let held = if now.op == "schedule" {
                now.held.map_or_else(|| draft.clone(), |held| *held)
            } else {
                now
            };
            *draft = Draft::holding("schedule", held).with("in_s", value);
            return true;
        }
        _ => return false,
    };
    inner.args.insert(name.into(), value);
    true
}

fn at(draft: &mut Draft, time: &str) -> bool {
    if draft.op == "schedule" {
        draft.args.remove("in_s");
        draft.args.insert("at".into(), time.into());
        return true;
    }
    if draft.op == "cascade" {
        draft.args.remove("in_s");
        draft.args.insert("at".into(), time.into());
        return true;
    }
    let now = draft.clone();
    *draft = Draft::holding("schedule", now).with("at", time);
    true
}

fn text_of(draft: &mut Draft, text: &str) -> bool {
    let inner = draft.innermost();
    let name = match inner.op {
        "broadcast" => "message",
        "ask" => "question",
        "delegate" => "task",
        "cascade" => "payload",
        _ => return false,
    };
    inner.args.insert(name.into(), text.into());
    true
}

fn id_of(draft: &mut Draft, id: &str) -> bool {
    let inner = draft.innermost();
    let name = match inner.op {
        "review" => "review_id",
        "resolve" => "conflict_id",
        "cancel" | "reassign" => {
            inner.args.remove("scope");
            inner.args.remove("except");
            "task_id"
        }
        _ => return false,
    };
    inner.args.insert(name.into(), id.into());
    true
}

/// A phrase in its place: `Some(true)` when it became the scope.
fn phrase_of(
    reader: &Reader<'_>,
    draft: &mut Draft,
    p: &Phrase,
    (mode, remade): (Mode, bool),
    scope_done: bool,
    context: &Context,
) -> Result<Option<bool>, Trouble> {
    let to = p.preposition == "to";
    let scheduled = if draft.op == "schedule" && draft.args.contains_key("in_s") {
        draft.args.get("in_s").and_then(serde_json::Value::as_f64)
    } else {
        None
    };
    let bare = match p.spots.as_slice() {
        [Spot::Number(n)] if p.is_number() => Some(f64::from(*n)),
        _ => p
            .count
            .filter(|_| !p.names() && p.noun.is_none() && p.refer.is_none() && p.pick.is_none()),
    };
    // "Make that twenty", of what was said in minutes; "no, 14" is a place.
    let later = remade || mode == Mode::Correct && p.preposition == "in";
    if let (Some(n), Some(seconds), true) = (bare, scheduled, later) {
        draft
            .args
            .insert("in_s".into(), number(n * unit_of(seconds)));
        return Ok(Some(false));
    }
    let inner = draft.innermost();
    if let Some(n) = bare {
        let value = number(n);
        for name in ["add", "remove"] {
            if inner.op == "scale" && inner.args.contains_key(name) {
                inner.args.insert(name.into(), value);
                return Ok(Some(false));
            }
        }
        let words = reader
            .words
            .iter()
            .any(|word| crate::quantity::is_number_word(&word.token.text))
            && mode != Mode::Next;
        if inner.args.contains_key("limit")
            && (mode == Mode::Narrow
                || remade
                || words
                || mode == Mode::Correct && inner.op == "list" && !inner.args.contains_key("scope"))
        {
            inner.args.insert("limit".into(), value);
            return Ok(Some(false));
        }
        if inner.args.contains_key("sample") && mode != Mode::Next {
            inner.args.insert("sample".into(), value);
            return Ok(Some(false));
        }
        if let (Some(seconds), true) = (
            inner.args.get("for_s").and_then(serde_json::Value::as_f64),
            remade,
        ) {
            inner
                .args
                .insert("for_s".into(), number(n * unit_of(seconds)));
            return Ok(Some(false));
        }
        // A number in words alone, where rows were listed, is how many.
        let alone = reader.words.len() <= 2
            && reader
                .words
                .iter()
                .any(|word| crate::quantity::is_number_word(&word.token.text));
        if inner.args.contains_key("limit") && alone {
            inner.args.insert("limit".into(), value);
            return Ok(Some(false));
        }
    }
    if inner.op == "trend" {
        if p.noun == Some(Noun::Conflict) {
            inner.args.insert("metric".into(), "conflicts".into());
            return if p.places() {
                rescope(inner, p, mode, context).map(Some)
            } else {
                Ok(Some(false))
            };
        }
        if p.noun == Some(Noun::Agent) && p.marks.is_some() && !p.places() {
            inner.args.insert("metric".into(), "active".into());
            return Ok(Some(false));
        }
    }
    if matches!(inner.op, "reassign" | "delegate") && (to || inner.op == "delegate" && p.is_scope())
    {
        let scopes = crate::act::recipient(p, context)?;
        inner.args.insert("to".into(), json(&scopes));
        return Ok(Some(false));
    }
    if inner.op == "scale" {
        if let ([(class, true)], false) = (p.classes.as_slice(), p.places()) {
            inner.args.insert("class".into(), class.word().into());
            if let Some(n) = p.count.filter(|n| *n > 1.0) {
                let name = if inner.args.contains_key("remove") {
                    "remove"
                } else {
                    "add"
                };
                inner.args.insert(name.into(), number(n));
            }
            return Ok(Some(false));
        }
        if let (Some(n), true) = (p.count.filter(|n| *n > 1.0), !p.places()) {
            let name = if inner.args.contains_key("remove") {
                "remove"
            } else {
                "add"
            };
            inner.args.insert(name.into(), number(n));
            return Ok(Some(false));
        }
    }
    if matches!(inner.op, "list" | "count") {
        let rows = p.noun.filter(|_| !p.singular || !p.definite);
        if let Some(noun) = rows.filter(|noun| {
            Some(crate::rows::what(Some(*noun)))
                != inner.args.get("what").and_then(|what| what.as_str())
        }) {
            let word = crate::rows::what(Some(noun));
            if What::parse(word).is_some() && !matches!(noun, Noun::Agent)
                || noun == Noun::Agent && !p.names()
            {
                inner.args.insert("what".into(), word.into());
            }
            if !p.is_scope() {
                return Ok(Some(false));
            }
        }
        if let Some(sort) = p.sort {
            inner.args.insert("sort".into(), sort.word().into());
            if let Some(order) = p.order {
                inner.args.insert("order".into(), Order::word(order).into());
            }
            if let Some(n) = p.count.filter(|n| *n > 1.0) {
                inner.args.insert("limit".into(), number(n));
            }
            let _ = SortBy::ALL;
            if !p.names() && p.refer.is_none() {
                return Ok(Some(false));
            }
        } else if let Some(n) = p
            .count
            .filter(|n| *n > 1.0 && inner.op == "list" && p.names())
        {
            inner.args.insert("limit".into(), number(n));
        }
    }
    if inner.op == "ask"
        && let Some(n) = p.count.filter(|n| *n > 1.0)
    {
        inner.args.insert("sample".into(), number(n));
    }
    let takes =
        mesh_core::operation::table::row(inner.op).is_some_and(|row| row.arg("scope").is_some());
    // "Reject it", of a review: what "it" is, is known.
    if !takes && p.refer == Some(Refer::It) && !p.names() {
        return Ok(Some(false));
    }
    if !takes || scope_done || !(p.is_scope() || p.except.is_some()) {
        return Ok(None);
    }
    rescope(inner, p, mode, context).map(Some)
}

/// The last operation about others: what the phrase says replaces what it speaks of, and leaves the rest.
fn rescope(draft: &mut Draft, p: &Phrase, mode: Mode, context: &Context) -> Result<bool, Trouble> {
    let changing = draft.operation().is_ok_and(|operation| operation.changes());
    let vague = p.vague
        || changing && (p.sort.is_some() || p.count.is_some_and(|n| n > 1.0) && p.pick.is_none());
    if vague {
        return Err(Trouble::Vague);
    }
    let mut p = p.clone();
    p.count = None;
    if !matches!(p.noun, Some(Noun::Agent | Noun::Cluster | Noun::Sector)) || p.places() {
        p.noun = None;
    }
    let before = draft.about.clone().or_else(|| context.focus.clone());
    let selection = reselected(&p, before.as_ref(), mode, context)?;
    // A promotion is of one agent.
    let one_agent = draft.op != "promote" || selection.scopes.single_agent().is_some();
    if !one_agent {
        return Err(Trouble::Vague);
    }
    if draft.args.remove("task_id").is_some() {
        draft.args.remove("except");
    }
    let whole = selection.scopes.is_all()
        && selection.except.is_none()
        && matches!(draft.op, "list" | "count" | "trend");
    *draft = draft.clone().about(selection);
    if whole {
        draft.args.remove("scope");
    }
    Ok(true)
}

fn reselected(
    p: &Phrase,
    before: Option<&Selection>,
    mode: Mode,
    context: &Context,
) -> Result<Selection, Trouble> {
    let Some(before) = before else {
        return select(&leveled(p, None), context);
    };
    let p = &leveled(p, before.scopes.as_slice().first());
    let own_terms = terms(p);
    // "All but 7-4-12": what there was, without that one.
    if let (Some(except), false, false) = (&p.except, p.places(), p.filters()) {
        let mut context = context.clone();
        context.focus = Some(before.clone());
        let mut whole = Phrase {
            refer: Some(Refer::It),
            ..Phrase::default()
        };
        whole.except = Some(except.clone());
        return select(&whole, &context);
    }
    let alone = p.more.is_empty() && p.refer.is_none() && p.pick.is_none() && p.except.is_none();
    if !alone {
        return select(p, context);
    }
    let inside = matches!(p.preposition, "in" | "on" | "of" | "for") && p.preposition != "for"
        || mode == Mode::Narrow;
    if p.places() && own_terms.is_empty() {
        let places = select(p, context)?.scopes;
        let filters: Vec<Term> = match before.scopes.as_slice() {
            [Scope::Filter(filter)] => filter
                .terms()
                .iter()
                .filter(|term| {
                    !matches!(term.test, Test::Sector(_) | Test::Cluster(_)) || term.negated
                })
                .cloned()
                .collect(),
            [Scope::Region(Region::Class(class))] if inside => vec![plain(Test::Class(*class))],
            _ => Vec::new(),
        };
        let single = places
            .as_slice()
            .iter()
            .any(|scope| matches!(scope, Scope::Region(Region::Agent(_))));
        if filters.is_empty() || single {
            return Ok(Selection::new(places));
        }
        let scopes = places
            .as_slice()
            .iter()
            .map(|place| narrowed(place, &filters))
            .collect::<Result<Vec<_>, _>>()?;
        return Ok(Selection::new(
            Scopes::new(scopes).map_err(|_| Trouble::Vague)?,
        ));
    }
    if !p.places() && !own_terms.is_empty() {
        let classes_only = p.marks.is_none() && p.not_marks.is_none() && p.terms.is_empty();
        let filtered = before
            .scopes
            .as_slice()
            .iter()
            .all(|scope| matches!(scope, Scope::Filter(_)));
        let class_before = matches!(before.scopes.as_slice(), [Scope::Region(Region::Class(_))]);
        if filtered || !classes_only || mode == Mode::Narrow && !class_before {
            // A class takes the place of a class: "and the Pis?".
            let scopes = before
                .scopes
                .as_slice()
                .iter()
                .map(|scope| narrowed(scope, &own_terms))
                .collect::<Result<Vec<_>, _>>()?;
            return Ok(Selection::new(
                Scopes::new(scopes).map_err(|_| Trouble::Vague)?,
            ));
        }
    }
    select(p, context)
}

/// A bare number at the level that the dialogue fixes: after 7-4 "and 5" is 7-5.
fn leveled(p: &Phrase, before: Option<&Scope>) -> Phrase {
    let region = match before {
        Some(Scope::Region(region)) => Some(*region),
        Some(Scope::Filter(filter)) => filter.terms().iter().find_map(|term| match term.test {
            Test::Cluster(id) if !term.negated => Some(Region::Cluster(id)),
            _ => None,
        }),
        _ => None,
    };
    let mut p = p.clone();
    for spot in &mut p.spots {
        if let Spot::Number(n) = *spot {
            *spot = match region {
                Some(Region::Cluster(id)) if (1..=255).contains(&n) => {
                    Spot::Region(Region::Cluster(ClusterId {
                        sector: id.sector,
                        cluster: n as u8,
                    }))
                }
                Some(Region::Agent(id)) if (1..=255).contains(&n) => {
                    Spot::Region(Region::Agent(AgentId {
                        cluster: id.cluster,
                        agent: n as u8,
                    }))
                }
                _ => *spot,
            };
        }
    }
    p
}
