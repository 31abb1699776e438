//! Lists, counts and trends: "the five slowest GPUs in sector 7", "how many conflicts in the last hour".

use crate::act::{merge, spans};
use crate::context::Context;
use crate::draft::{Draft, json, number};
use crate::frame::{says_little, says_nothing};
use crate::heads::{Heads, heads};
use crate::miss::{Miss, Read};
use crate::phrase::{Noun, Phrase, Refer, metric, phrase, predicate};
use crate::piece::{Piece, Role, phrases, pieces};
use crate::quantity::is_one;
use crate::reader::Reader;
use crate::select::select;
use mesh_core::operation::word::{Order, SortBy};
use mesh_core::place::scope::Mark;

/// What comes first in a question for rows, and what it makes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lead {
    /// List, enumerate.
    List,
    /// Show, give, get: of a place it is an inspection.
    Show,
    /// Which, what, who; are there any.
    Which,
    /// How many, count.
    Count,
    /// Nothing: the phrase alone.
    None,
}

/// A list or a count; `None` when the clause asks for neither.
pub(crate) fn rows(reader: &Reader<'_>, context: &Context) -> Option<Read> {
    let (lead, at, who) = lead(reader)?;
    let from = reader.skip(
        at,
        &[
            "me", "us", "a", "the", "all", "of", "list", "overview", "up", "out", "please",
            "table", "down", "names", "name", "history", "log", "record",
        ],
    );
    // Articles and "all" belong to the phrase; they are tried with it first.
    let start = (at..=from).find(|start| {
        phrase(reader, *start).is_some_and(|(p, next)| useful(&p) && next > from.min(at))
    });
    let (mut phrase_read, mut next) = match start {
        Some(start) => phrase(reader, start)?,
        None if who => (
            Phrase {
                noun: Some(Noun::Agent),
                start: at,
                end: at,
                ..Phrase::default()
            },
            at,
        ),
        None if lead == Lead::Count => {
            // "How many are offline", "how many are there".
            (
                Phrase {
                    start: at,
                    end: at,
                    ..Phrase::default()
                },
                at,
            )
        }
        None => return None,
    };
    let asks = matches!(lead, Lead::Which | Lead::Count) || who;
    if asks {
        next = reader.skip(
            next,
            &[
                "do",
                "we",
                "you",
                "did",
                "currently",
                "now",
                "right",
                "of",
                "them",
            ],
        );
        let filled = reader.skip(
            next,
            &["are", "is", "there", "have", "has", "got", "do", "we"],
        );
        if let Some(after) = predicate(reader, next, &mut phrase_read) {
            next = after;
        } else if filled > next {
            let named = phrase_read.clone();
            if reader.at(next, &["there", "here"])
                || reader.stands(next, "are there").is_some()
                || reader.stands(next, "is there").is_some()
            {
                phrase_read = named;
            }
            next = filled;
        }
    }
    // "Clusters 9": those of sector 9, not cluster 9.
    if reader
        .words
        .get(phrase_read.start)
        .is_some_and(|word| word.form == crate::lexicon::Form::S)
        && phrase_read.noun.is_none()
    {
        match phrase_read.spots[..] {
            [crate::phrase::Spot::ClusterNumber(n)] => {
                phrase_read.noun = Some(Noun::Cluster);
                phrase_read.spots = vec![crate::phrase::Spot::Number(n)];
            }
            [crate::phrase::Spot::AgentNumber(n)] => {
                phrase_read.noun = Some(Noun::Agent);
                phrase_read.spots = vec![crate::phrase::Spot::Number(n)];
            }
            _ => {}
        }
    }
    let rest = reader.part(next.min(reader.words.len()), usize::MAX);
    let rest = pieces(&rest);
    let top = (0..reader.words.len()).any(|at| reader.at(at, &["top", "bottom"]));
    for other in phrases(&rest) {
        // "Events 20", "…, top 4".
        let rows = matches!(phrase_read.noun, Some(Noun::Event | Noun::Operation))
            && other.preposition.is_empty();
        match other.spots[..] {
            [crate::phrase::Spot::Number(n)]
                if other.is_number() && (rows || top) && phrase_read.count.is_none() =>
            {
                phrase_read.count = Some(f64::from(n));
            }
            _ => phrase_read = merge(&phrase_read, other)?,
        }
    }
    let mut sort_by_metric = None;
    for (i, piece) in rest.iter().enumerate() {
        match piece {
            Piece::Word(word) if says_nothing(&word.text) || says_little(&word.text) => {}
            Piece::Word(word)
                if matches!(
                    word.lemma,
                    "top"
                        | "bottom"
                        | "exist"
                        | "total"
                        | "altogether"
                        | "only"
                        | "number"
                        | "entry"
                        | "row"
                ) => {}
            Piece::Word(word)
                if sort_by_metric.is_none()
                    && metric_word(word.lemma).is_some()
                    && reader_has(
                        reader,
                        &["top", "bottom", "highest", "lowest", "worst", "best"],
                    ) =>
            {
                sort_by_metric = metric_word(word.lemma);
                let _ = i;
            }
            // "What operations ran", "what events hit 9-9".
            Piece::Word(word)
                if matches!(
                    phrase_read.noun,
                    Some(Noun::Event | Noun::Operation | Noun::Task | Noun::Conflict)
                ) && matches!(
                    word.lemma,
                    "run"
                        | "hit"
                        | "happen"
                        | "occur"
                        | "affect"
                        | "perform"
                        | "execute"
                        | "issue"
                        | "do"
                ) => {}
            Piece::Punct(_) | Piece::Span(_) | Piece::Phrase(_) => {}
            _ => return None,
        }
    }
    if lead == Lead::Count {
        return count(reader, &phrase_read, &rest, context);
    }
    if let Some(sort) = sort_by_metric {
        phrase_read.sort = Some(sort);
    }
    list(reader, lead, who, phrase_read, &rest, context)
}

fn metric_word(lemma: &str) -> Option<SortBy> {
    Some(match lemma {
        "impedance" | "latency" => SortBy::Impedance,
        "queue" | "backlog" => SortBy::Queue,
        "reliability" => SortBy::Reliability,
        "drift" => SortBy::Drift,
        "conflict" => SortBy::Conflicts,
        _ => return None,
    })
}

fn reader_has(reader: &Reader<'_>, texts: &[&str]) -> bool {
    (0..reader.words.len()).any(|at| reader.at(at, texts))
}

fn useful(p: &Phrase) -> bool {
    p.noun.is_some()
        || p.filters()
        || p.sort.is_some()
        || p.refer.is_some()
        || p.places()
        || p.open.is_some()
        || p.all
        || p.any
}

fn lead(reader: &Reader<'_>) -> Option<(Lead, usize, bool)> {
    let text = reader.text(0);
    let one = |lead| Some((lead, 1, false));
    let head = |heads: &Heads| heads.longest(reader, 0);
    if let Some(next) = head(heads!(
        "how many|how many of|count|count up|number of|the number of|what is the number of|what is the total number of|\
     total number of|the total number of|what is the count of|count of|the count of|give me the number of|\
     give me a count of|show me the number of|show the number of|tell me the number of|give me the count of|\
     how much|do a count of|a count of|tally|tally up|what number of"
    )) {
        return Some((Lead::Count, next, false));
    }
    if let Some(next) = head(heads!(
        "list|enumerate|rank|sort|ls|name|print|order|give me a list of|give me list of|give a list of|list of|\
     a list of|show a list of|show me a list of|show list of|get a list of|pull up a list of|make a list of|\
     make me a list of|get me a list of|list out|list all|list me|pull up list of|i need a list of|\
     produce a list of|compile a list of|dump|provide a list of|get list of"
    )) {
        let next = if reader.text(next.wrapping_sub(1)) == "all" {
            next - 1
        } else {
            next
        };
        return Some((Lead::List, next, false));
    }
    if let Some(next) = head(heads!("who is|who are|who has|who have|who")) {
        let first = if reader.at(1, &["is", "are", "has", "have"]) {
            next
        } else {
            1
        };
        // "Who are the two slowest": a phrase; "who is running llm_inference": a predicate of agents.
        return match phrase(reader, first) {
            Some((p, _))
                if p.sort.is_some()
                    || p.count.is_some()
                    || p.classes.iter().any(|_| true)
                    || p.marks.is_some() && p.definite =>
            {
                Some((Lead::Which, first, true))
            }
            _ => Some((Lead::Which, 1, true)),
        };
    }
    // "What is running llm_inference": agents are.
    if reader.stands(0, "what is").is_some()
        && reader.at(
            2,
            &["running", "executing", "doing", "processing", "serving"],
        )
        && reader.text(3).contains('_')
    {
        return Some((Lead::Which, 1, true));
    }
    if let Some(next) = head(heads!(
        "what are the|what is the|which are the|which is the|what are our|which are|which is|what are"
    )) {
        let from = if reader.at(next.wrapping_sub(1), &["the", "our"]) {
            next - 1
        } else {
            next
        };
        return Some((Lead::Which, from, false));
    }
    if let Some(next) = head(heads!(
        "which of the|which of our|which|what|are there any|are there|is there any|is there a|is there an|\
     are any of the|are any|is any|do we have any|do we have|got any|have we got any|have we any|any|got anything|\
     do any|does any|have any|has any|do you see any|whose|do we still have any|are some|are all"
    )) {
        let from = if reader.at(next.wrapping_sub(1), &["any", "anything"]) {
            next - 1
        } else {
            next
        };
        if reader.at(0, &["what", "which"]) && next == 1 && !named(reader, 1) {
            return None;
        }
        return Some((Lead::Which, from, false));
    }
    if reader.at(0, &["is"]) && reader.at(1, &["anything", "anyone", "anybody", "any"]) {
        return one(Lead::Which);
    }
    match reader.lemma(0) {
        "let"
            if reader.stands(0, "let me see").is_some()
                || reader.stands(0, "let us see").is_some() =>
        {
            Some((Lead::Show, 3, false))
        }
        "show" | "display" | "give" | "get" | "see" | "view" | "find" | "fetch" | "pull"
        | "want" | "need" | "have" | "look" | "bring" | "retrieve" | "return" | "present"
        | "open"
            if text != "seen" =>
        {
            let next = reader.skip(
                1,
                &["me", "us", "up", "out", "at", "all", "to", "of", "the"],
            );
            let from = (1..=next)
                .find(|at| phrase(reader, *at).is_some_and(|(p, _)| useful(&p)))
                .unwrap_or(next);
            Some((Lead::Show, from, false))
        }
        _ => {
            let (p, _) = phrase(reader, 0)?;
            useful(&p).then_some((Lead::None, 0, false))
        }
    }
}

/// Whether a phrase that names rows stands here.
fn named(reader: &Reader<'_>, at: usize) -> bool {
    phrase(reader, at).is_some_and(|(p, _)| {
        p.noun.is_some() || p.filters() || p.sort.is_some() || p.count.is_some()
    })
}

/// What a noun's rows are called.
pub(crate) fn what(noun: Option<Noun>) -> &'static str {
    match noun {
        None | Some(Noun::Agent) => "agents",
        Some(Noun::Cluster) => "clusters",
        Some(Noun::Sector) => "sectors",
        Some(Noun::Conflict) => "conflicts",
        Some(Noun::Breaker) => "breakers",
        Some(Noun::Task) => "tasks",
        Some(Noun::Review) => "reviews",
        Some(Noun::Event) => "events",
        Some(Noun::Operation) => "operations",
    }
}

/// How far back, when that was said.
pub(crate) fn span(pieces: &[Piece]) -> Option<f64> {
    spans(pieces)
        .find(|span| {
            matches!(
                span.0,
                Role::Back | Role::For | Role::Bare | Role::In | Role::Within
            )
        })
        .map(|span| span.1)
}

/// With the scope of the phrase, when it names one.
fn scoped(draft: Draft, phrase: &Phrase, context: &Context) -> Read {
    let unnamed = !phrase.names()
        && phrase.refer.is_none()
        && phrase.pick.is_none()
        && phrase.more.is_empty();
    if unnamed {
        if phrase.except.is_some() {
            let mut all = phrase.clone();
            all.all = true;
            let selection = select(&all, context)
                .map_err(|trouble| Miss::trouble(draft.clone(), "scope", trouble))?;
            return Ok(draft.about(selection));
        }
        return Ok(draft);
    }
    let mut plain = phrase.clone();
    plain.definite = false;
    let selection = select(&plain, context)
        .map_err(|trouble| Miss::trouble(draft.clone(), "scope", trouble))?;
    if selection.scopes.is_all() && selection.except.is_none() {
        return Ok(draft);
    }
    Ok(draft.about(selection))
}

fn count(reader: &Reader<'_>, phrase: &Phrase, rest: &[Piece], context: &Context) -> Option<Read> {
    let mut phrase = phrase.clone();
    if phrase.vague || phrase.sort.is_some() {
        return None;
    }
    let empty = !useful(&phrase);
    let last = last_rows(context);
    let there =
        (0..reader.words.len()).any(|at| reader.at(at, &["there", "they", "them", "those", "are"]));
    let noun = if phrase.noun.is_some() {
        phrase.noun
    } else if empty && there {
        let last = last?;
        phrase.refer = Some(Refer::It);
        return Some(
            scoped(Draft::new("count").with("what", last), &phrase, context)
                .map(|draft| again(draft, context))
                .map(|draft| draft.maybe("span_s", span(rest).map(number))),
        );
    } else if phrase.filters() || phrase.refer.is_some() || phrase.places() || phrase.all {
        None
    } else {
        return None;
    };
    let open = open(&phrase, rest);
    let draft = Draft::new("count")
        .with("what", what(noun))
        .maybe("state", open)
        .maybe("span_s", span(rest).map(number));
    Some(scoped(draft, &phrase, context))
}

fn open(phrase: &Phrase, rest: &[Piece]) -> Option<&'static str> {
    let waiting = rest.iter().any(|piece| matches!(piece, Piece::Word(word) if matches!(word.text.as_str(), "waiting" | "pending" | "open")));
    phrase
        .open
        .map(mesh_core::operation::word::Openness::word)
        .or_else(|| {
            (waiting
                && phrase.noun.is_some_and(|noun| {
                    !matches!(noun, Noun::Agent | Noun::Cluster | Noun::Sector)
                }))
            .then_some("open")
        })
}

/// What the last rows were of.
fn last_rows(context: &Context) -> Option<String> {
    context
        .last
        .iter()
        .rev()
        .find_map(|draft| draft.args.get("what")?.as_str().map(ToOwned::to_owned))
}

/// A count of what was listed is narrowed as the list was.
fn again(draft: Draft, context: &Context) -> Draft {
    let Some(last) = context
        .last
        .iter()
        .rev()
        .find(|last| last.args.contains_key("what"))
    else {
        return draft;
    };
    ["state", "span_s"]
        .iter()
        .fold(draft, |draft, name| match last.args.get(*name) {
            Some(value) if !draft.args.contains_key(*name) => draft.with(name, value.clone()),
            _ => draft,
        })
}

fn list(
    reader: &Reader<'_>,
    lead: Lead,
    who: bool,
    mut p: Phrase,
    rest: &[Piece],
    context: &Context,
) -> Option<Read> {
    let rowish = p
        .noun
        .is_some_and(|noun| !matches!(noun, Noun::Agent | Noun::Cluster | Noun::Sector));
    let said = p.noun.is_some()
        || p.marks.is_some()
        || p.not_marks.is_some()
        || !p.terms.is_empty()
        || p.sort.is_some()
        || p.open.is_some();
    // "Which is the slowest?" after rows: of those.
    if lead == Lead::Which
        && p.superlative
        && p.noun.is_none()
        && !p.names()
        && p.refer.is_none()
        && last_rows(context).is_some()
        && context.focus.is_some()
    {
        p.refer = Some(Refer::It);
    }
    let only_refers = !said && !p.names() && p.refer.is_some();
    match lead {
        Lead::List | Lead::Which if said || !p.classes.is_empty() => {}
        Lead::List if p.places() => {}
        Lead::Show if said => {}
        Lead::Show if !p.classes.is_empty() && !p.singular && !reader_has(reader, &["look"]) => {}
        Lead::List | Lead::Show | Lead::Which
            if only_refers
                && last_rows(context).is_some()
                && (lead == Lead::List || matches!(p.refer, Some(Refer::Them))) => {}
        Lead::List if only_refers => {}
        Lead::None
            if rowish
                || p.marks.is_some()
                || p.not_marks.is_some()
                || !p.terms.is_empty()
                || p.sort.is_some()
                || p.open.is_some()
                || p.noun.is_some() && (p.places() || p.all || !p.singular) => {}
        _ => return None,
    }
    if p.vague && lead != Lead::Which && !rowish {
        return None;
    }
    // "What commands are there" asks what can be said.
    let commands = (0..reader.words.len()).any(|at| reader.lemma(at) == "command");
    if lead == Lead::Which && commands && !p.names() && span(rest).is_none() {
        return None;
    }
    // "Show me review 01J…", "show the next review".
    if p.noun == Some(Noun::Review)
        && (rest.iter().any(|piece| matches!(piece, Piece::Id(_))) || reader_has(reader, &["next"]))
    {
        return None;
    }
    // "Which ones?" after a count, "list them".
    let noun = if p.noun.is_none()
        && (only_refers || p.superlative || p.refer.is_some() && !p.filters())
    {
        last_noun(&p, context)
    } else {
        what(p.noun)
    };
    let mut draft = Draft::new("list")
        .with("what", noun)
        .maybe("state", open(&p, rest))
        .maybe("span_s", span(rest).map(number));
    let top = reader_has(reader, &["top", "worst", "highest", "most"]);
    let bottom = reader_has(reader, &["bottom", "best", "lowest"]);
    if let Some(sort) = p.sort {
        draft = draft.with("sort", sort.word());
        let turned = sort == SortBy::Reliability && reader_has(reader, &["worst", "best"]);
        let order = p.order.or_else(|| {
            if reader_has(reader, &["descending", "desc"]) {
                Some(Order::Descending)
            } else if reader_has(reader, &["ascending", "asc"]) {
                Some(Order::Ascending)
            } else if top {
                Some(if turned {
                    Order::Ascending
                } else {
                    Order::Descending
                })
            } else if bottom {
                Some(if turned {
                    Order::Descending
                } else {
                    Order::Ascending
                })
            } else {
                None
            }
        });
        draft = draft.maybe("order", order.map(Order::word));
    } else if reader_has(reader, &["worst"]) && !rowish && p.count.is_some() {
        draft = draft.with("sort", "impedance").with("order", "desc");
    }
    let counted = p
        .count
        .filter(|n| *n > 1.0 || !p.singular)
        .or_else(|| p.count.filter(|_| reader.at(p.start, &["one", "1"])));
    let one = p.superlative
        && p.count.is_none_or(is_one)
        && (p.singular
            || who && reader.at(1, &["is"])
            || p.noun.is_none() && p.classes.is_empty() && reader.at(1, &["is"]));
    let limit = counted.or_else(|| one.then_some(1.0));
    draft = draft.maybe("limit", limit.map(number));
    p.count = None;
    // "Are all agents in sector 7 active" asks for no rows.
    if reader.stands(0, "are all").is_some() {
        return None;
    }
    Some(scoped(draft, &p, context).map(|draft| {
        if only_refers {
            again(draft, context)
        } else {
            draft
        }
    }))
}

fn last_noun(p: &Phrase, context: &Context) -> &'static str {
    let last = last_rows(context);
    let keep = p.refer.is_some() || p.noun.is_none() && p.superlative && !p.names();
    match last.as_deref() {
        Some(last) if keep => mesh_core::operation::word::What::parse(last)
            .map_or("agents", mesh_core::operation::word::What::word),
        _ => "agents",
    }
}

/// A figure over time; `None` when the clause asks for none.
pub(crate) fn trend(reader: &Reader<'_>, all: &[Piece], context: &Context) -> Option<Read> {
    let cue = |at: usize| {
        matches!(
            reader.lemma(at),
            "trend"
                | "history"
                | "graph"
                | "plot"
                | "chart"
                | "curve"
                | "develop"
                | "evolve"
                | "change"
                | "timeline"
                | "evolution"
                | "track"
                | "draw"
                | "course"
                | "progression"
                | "vary"
                | "sparkline"
                | "series"
        ) || reader.stands(at, "over time").is_some()
    };
    let cued = (0..reader.words.len()).any(cue);
    let back = spans(all)
        .find(|span| matches!(span.0, Role::Back) || cued)
        .map(|span| span.1);
    let over =
        (0..reader.words.len()).any(|at| reader.at(at, &["over", "past", "during", "throughout"]));
    let mut found: Option<&'static str> = None;
    for piece in all {
        match piece {
            Piece::Word(word) => match word.lemma {
                "impedance" => found = found.or(Some("impedance")),
                "z" => found = found.or(Some("impedance")),
                "latency" => found = found.or(Some("latency")),
                "queue" | "backlog" => found = found.or(Some("queue")),
                "arrival" => found = found.or(Some("arrival")),
                "activity" => found = found.or(Some("active")),
                _ => {}
            },
            Piece::Phrase(p) if p.noun == Some(Noun::Conflict) => {
                found = found.or(Some("conflicts"));
            }
            Piece::Phrase(p)
                if p.marks.is_some_and(|marks| marks.iter().eq([Mark::Active]))
                    && matches!(p.noun, Some(Noun::Agent) | None) =>
            {
                found = found.or(Some("active"));
            }
            _ => {}
        }
    }
    let strong = matches!(found, Some("impedance" | "latency" | "queue" | "arrival"));
    let back = back.or_else(|| {
        spans(all)
            .find(|span| strong && matches!(span.0, Role::Bare | Role::For))
            .map(|span| span.1)
    });
    let asks = cued || back.is_some() && (strong || over) || strong && value_of(reader);
    if !asks {
        return None;
    }
    let fits = all.iter().all(|piece| match piece {
        Piece::Word(word) => {
            says_nothing(&word.text)
                || says_little(&word.text)
                || metric_word(word.lemma).is_some()
                || matches!(
                    word.lemma,
                    "trend"
                        | "history"
                        | "graph"
                        | "plot"
                        | "chart"
                        | "curve"
                        | "develop"
                        | "evolve"
                        | "change"
                        | "timeline"
                        | "evolution"
                        | "track"
                        | "draw"
                        | "time"
                        | "show"
                        | "display"
                        | "give"
                        | "how"
                        | "number"
                        | "length"
                        | "depth"
                        | "rate"
                        | "mean"
                        | "average"
                        | "of"
                        | "view"
                        | "arrival"
                        | "go"
                        | "look"
                        | "size"
                        | "z"
                        | "course"
                        | "vary"
                        | "last"
                        | "past"
                        | "progression"
                        | "series"
                        | "count"
                        | "activity"
                        | "value"
                        | "figure"
                        | "line"
                        | "behave"
                        | "move"
                        | "what"
                        | "happen"
                        | "window"
                        | "hit"
                        | "sparkline"
                        | "want"
                        | "need"
                        | "level"
                        | "total"
                        | "compare"
                )
        }
        Piece::Phrase(_) | Piece::Span(_) | Piece::Punct(_) => true,
        _ => false,
    });
    if !fits
        || reader.at(0, &["list", "which", "who"])
        || reader.stands(0, "how many").is_some() && !over
    {
        return None;
    }
    let Some(metric) = found else {
        let draft = Draft::new("trend").maybe("span_s", back.map(number));
        let change = (0..reader.words.len())
            .any(|at| matches!(reader.lemma(at), "trend" | "graph" | "plot" | "chart"));
        return change.then(|| {
            Err(Miss::slot(
                draft,
                "metric",
                "The trend of what: impedance, active, conflicts, latency, queue or arrival?",
            ))
        });
    };
    let draft = Draft::new("trend")
        .with("metric", metric)
        .maybe("span_s", back.map(number));
    let mut place: Option<Phrase> = None;
    for phrase in phrases(all) {
        let mut plain = phrase.clone();
        if metric == "active" {
            plain.marks = None;
        }
        plain.noun = None;
        plain.count = None;
        if !(plain.names()
            || plain.refer.is_some()
            || plain.pick.is_some()
            || plain.all
            || plain.mesh)
        {
            continue;
        }
        place = match place {
            Some(before) => Some(merge(&before, &plain)?),
            None => Some(plain),
        };
    }
    let Some(place) = place.filter(|p| p.names() || p.refer.is_some() || p.pick.is_some()) else {
        return Some(Ok(draft));
    };
    Some(match select(&place, context) {
        Ok(selection) => {
            let mut draft = draft
                .with("scope", json(&selection.scopes))
                .maybe("except", selection.except.as_ref().map(json));
            draft.about = Some(selection);
            Ok(draft)
        }
        Err(trouble) => Err(Miss::trouble(draft, "scope", trouble)),
    })
}

/// "The impedance of sector 7", "what is the latency in 7-4".
fn value_of(reader: &Reader<'_>) -> bool {
    let at = reader.skip(
        0,
        &[
            "what", "is", "the", "show", "me", "mean", "average", "how", "current", "give",
        ],
    );
    metric(reader.words, at)
        .is_some_and(|(_, next)| reader.at(next, &["of", "in", "on", "for", "at"]))
}
