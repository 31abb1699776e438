//! Places in every spoken form: `7-4-12`, `SECTOR7-CLUSTER4`, "cluster four in sector seven", "sectors 3 to 5".

use super::Spot;
use crate::lexicon::{Form, Lexeme};
use crate::quantity::plain;
use crate::reader::Reader;
use crate::token::{Kind, dotted};
use mesh_core::place::scope::{Region, Scope};
use mesh_core::place::{AgentId, ClusterId, SectorId};

/// Places named in one breath at most, ranges included.
const SPOTS_MAX: usize = 1_000;

/// Places, and one that the mesh does not have.
#[derive(Debug, Clone, Default)]
pub(crate) struct Places {
    pub(crate) spots: Vec<Spot>,
    pub(crate) missing: Option<String>,
    /// Other scopes in canonical form.
    pub(crate) scopes: Vec<Scope>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Sector,
    Cluster,
    Agent,
}

/// Places at `at`; a bare number is one when `bare`.
pub(crate) fn place(reader: &Reader<'_>, at: usize, bare: bool) -> Option<(Places, usize)> {
    let mut places = Places::default();
    let next = one(reader, at, bare, &mut places)?;
    Some((places, next))
}

fn level(word: Option<&Lexeme>) -> Option<Level> {
    let word = word?;
    match word.lemma {
        "sector" => Some(Level::Sector),
        "cluster" => Some(Level::Cluster),
        "agent" | "node" | "worker" => Some(Level::Agent),
        "sec" if word.token.text == "sec" => Some(Level::Sector),
        _ => None,
    }
}

fn one(reader: &Reader<'_>, at: usize, bare: bool, out: &mut Places) -> Option<usize> {
    let words = reader.words;
    if let Kind::Scope(scope) = &words.get(at)?.token.kind {
        return Some(canonical(reader, scope, at, out));
    }
    let from = if words[at].token.text == "the" {
        at + 1
    } else {
        at
    };
    if let Some((level, number, next)) = end_of_row(reader, from) {
        return Some(within(reader, level, vec![number], next, out));
    }
    if let Some(level) = level(words.get(from)) {
        let plural = words[from].form == Form::S;
        let mut next = from + 1;
        if words
            .get(next)
            .is_some_and(|w| matches!(w.token.text.as_str(), "number" | "no" | "nr" | "#" | ":"))
            && value(words, next + 1).is_some()
        {
            next += 1;
        }
        if level == Level::Sector && plural {
            // `sectors 3-5` is a range, not a cluster.
            if let Some((numbers, next)) = dashed(words, next) {
                return Some(within(reader, level, numbers, next, out));
            }
        }
        if level != Level::Sector {
            if let Some(next) = raw(reader, next, out, level) {
                return Some(next);
            }
            if plural && let Some((numbers, after)) = dashed(words, next) {
                return Some(within(reader, level, numbers, after, out));
            }
        }
        let (numbers, next) = numbers(words, next)?;
        return Some(within(reader, level, numbers, next, out));
    }
    if let Some(next) = raw(reader, at, out, Level::Agent) {
        return Some(next);
    }
    if !bare {
        return None;
    }
    let (number, next) = value(words, at)?;
    out.spots.push(Spot::Number(number));
    // `3 to 5`, `3 through 5`.
    if let Some((to, after)) = range_end(words, next)
        && to > number
        && (to - number) < 200
    {
        out.spots.extend((number + 1..=to).map(Spot::Number));
        return Some(after);
    }
    Some(next)
}

/// A whole number that may be part of a place.
fn value(words: &[Lexeme], at: usize) -> Option<(u32, usize)> {
    let (number, next) = plain(words, at)?;
    (number.fract() == 0.0 && (0.0..1e6).contains(&number)).then_some((number as u32, next))
}

fn range_end(words: &[Lexeme], at: usize) -> Option<(u32, usize)> {
    let word = words.get(at)?.token.text.as_str();
    matches!(
        word,
        "to" | "through" | "thru" | "until" | "till" | "…" | ".."
    )
    .then(|| value(words, at + 1))
    .flatten()
}

/// `3-5` after a plural.
fn dashed(words: &[Lexeme], at: usize) -> Option<(Vec<u32>, usize)> {
    match &words.get(at)?.token.kind {
        Kind::Place(numbers)
            if numbers.len() == 2 && numbers[0] < numbers[1] && numbers[1] - numbers[0] < 200 =>
        {
            Some(((numbers[0]..=numbers[1]).collect(), at + 1))
        }
        _ => None,
    }
}

/// `7`, `2, 9 and 41`, `3 to 5`, `between 3 and 5`.
fn numbers(words: &[Lexeme], at: usize) -> Option<(Vec<u32>, usize)> {
    let text = |at: usize| words.get(at).map_or("", |w| w.token.text.as_str());
    if text(at) == "between" {
        let (low, next) = value(words, at + 1)?;
        let (high, next) = (text(next) == "and")
            .then(|| value(words, next + 1))
            .flatten()?;
        return (low < high && high - low < 200).then(|| ((low..=high).collect(), next));
    }
    let at = if text(at) == "from" { at + 1 } else { at };
    let (first, mut next) = value(words, at)?;
    let mut list = vec![first];
    loop {
        if let Some((to, after)) = range_end(words, next) {
            let from = *list.last()?;
            if to > from && to - from < 200 {
                list.extend(from + 1..=to);
                next = after;
                continue;
            }
        }
        let mut gap = next;
        while matches!(text(gap), "," | "and" | "or" | "&") && gap < next + 2 {
            gap += 1;
        }
        if gap == next {
            break;
        }
        // `sector 7, 4 agents`: that number belongs to what follows.
        match value(words, gap) {
            Some((number, after)) if !belongs_to_next(words, after) && list.len() < SPOTS_MAX => {
                list.push(number);
                next = after;
            }
            _ => break,
        }
    }
    Some((list, next))
}

/// Whether a number that ends at `at` counts what comes next.
pub(crate) fn belongs_to_next(words: &[Lexeme], at: usize) -> bool {
    let Some(word) = words.get(at) else {
        return false;
    };
    crate::token::unit(&word.token.text).is_some()
        || matches!(
            word.lemma,
            "agent"
                | "cluster"
                | "sector"
                | "node"
                | "worker"
                | "conflict"
                | "event"
                | "task"
                | "slowest"
                | "fastest"
                | "ms"
                | "percent"
                | "per"
                | "more"
        )
        || crate::lexicon::class(word.lemma).is_some()
}

/// `7-4`, `7/4/12`, `7.4` and ranges and lists of them are read one by one.
fn raw(reader: &Reader<'_>, at: usize, out: &mut Places, level: Level) -> Option<usize> {
    let words = reader.words;
    let read = |at: usize| -> Option<Vec<u32>> {
        let token = &words.get(at)?.token;
        match &token.kind {
            Kind::Place(numbers) => Some(numbers.clone()),
            Kind::Number(_) => dotted(token.text.trim_end_matches('.')),
            Kind::Scope(Scope::Region(Region::Cluster(id))) => {
                Some(vec![u32::from(id.sector.0), u32::from(id.cluster)])
            }
            Kind::Scope(Scope::Region(Region::Agent(id))) => Some(vec![
                u32::from(id.sector().0),
                u32::from(id.cluster.cluster),
                u32::from(id.agent),
            ]),
            _ => None,
        }
    };
    let first = read(at)?;
    let next = at + 1;
    push(reader, &first, out);
    // `7-4-10 to 7-4-12`, `7-4-10 through 12`.
    let joins = words.get(next).is_some_and(|w| {
        matches!(
            w.token.text.as_str(),
            "to" | "through" | "thru" | "until" | "…"
        )
    });
    if joins && level != Level::Sector {
        let to = read(next + 1).or_else(|| {
            let through = matches!(words[next].token.text.as_str(), "through" | "thru");
            let (number, after) = through.then(|| value(words, next + 1)).flatten()?;
            (after == next + 2).then(|| [&first[..first.len() - 1], &[number]].concat())
        });
        if let Some(to) = to
            .filter(|to| to.len() == first.len() && to[..to.len() - 1] == first[..first.len() - 1])
        {
            let (low, high) = (first[first.len() - 1], to[to.len() - 1]);
            // Without a noun in the plural `move 7-4-12 to 7-4-19` is from one to the other.
            let plural = at
                .checked_sub(1)
                .and_then(|i| words.get(i))
                .is_some_and(|w| w.form == Form::S && self::level(Some(w)).is_some());
            if plural && low < high && high - low < 200 {
                for last in low + 1..=high {
                    let mut numbers = first.clone();
                    let end = numbers.len() - 1;
                    numbers[end] = last;
                    push(reader, &numbers, out);
                }
                return Some(next + 2);
            }
        }
    }
    Some(next)
}

/// The place of two or three numbers, when the mesh has it.
fn push(reader: &Reader<'_>, numbers: &[u32], out: &mut Places) {
    let shape = reader.shape;
    let small = |n: u32, max: u32| (1..=max).contains(&n);
    let region = match *numbers {
        [sector] if small(sector, u32::from(shape.sectors)) => {
            Some(Region::Sector(SectorId(sector as u16)))
        }
        [sector, cluster]
            if small(sector, u32::from(shape.sectors))
                && small(cluster, u32::from(shape.clusters)) =>
        {
            Some(Region::Cluster(cluster_id(sector, cluster)))
        }
        [sector, cluster, agent]
            if small(sector, u32::from(shape.sectors))
                && small(cluster, u32::from(shape.clusters))
                && small(agent, u32::from(shape.agents)) =>
        {
            Some(Region::Agent(AgentId {
                cluster: cluster_id(sector, cluster),
                agent: agent as u8,
            }))
        }
        _ => None,
    };
    if let Some(region) = region {
        out.spots.push(Spot::Region(region));
    } else {
        let text = numbers
            .iter()
            .map(u32::to_string)
            .collect::<Vec<_>>()
            .join("-");
        out.missing.get_or_insert(text);
    }
}

fn cluster_id(sector: u32, cluster: u32) -> ClusterId {
    ClusterId {
        sector: SectorId(sector as u16),
        cluster: cluster as u8,
    }
}

/// A scope in canonical form; a place is checked like a spoken one and may be followed by more of itself.
fn canonical(reader: &Reader<'_>, scope: &Scope, at: usize, out: &mut Places) -> usize {
    match scope {
        Scope::Region(Region::Sector(id)) => {
            let next = at + 1;
            let (level, from) = if let Some(Level::Cluster) = level(reader.words.get(next)) {
                (Level::Cluster, next + 1)
            } else {
                push(reader, &[u32::from(id.0)], out);
                return next;
            };
            match value(reader.words, from) {
                Some((cluster, next)) if level == Level::Cluster => {
                    push(reader, &[u32::from(id.0), cluster], out);
                    next
                }
                _ => {
                    push(reader, &[u32::from(id.0)], out);
                    next
                }
            }
        }
        Scope::Region(Region::Cluster(id)) => {
            push(
                reader,
                &[u32::from(id.sector.0), u32::from(id.cluster)],
                out,
            );
            at + 1
        }
        Scope::Region(Region::Agent(id)) => {
            push(
                reader,
                &[
                    u32::from(id.sector().0),
                    u32::from(id.cluster.cluster),
                    u32::from(id.agent),
                ],
                out,
            );
            at + 1
        }
        other => {
            out.scopes.push(other.clone());
            at + 1
        }
    }
}

/// "The last sector", "the first cluster of sector 7": only with the place that it is the end of.
fn end_of_row(reader: &Reader<'_>, at: usize) -> Option<(Level, u32, usize)> {
    let words = reader.words;
    let nth = crate::quantity::ordinal(&words.get(at)?.token.text)?;
    let level = level(words.get(at + 1)).filter(|_| words[at + 1].form == Form::Base)?;
    let last = match level {
        Level::Sector => u32::from(reader.shape.sectors),
        Level::Cluster => u32::from(reader.shape.clusters),
        Level::Agent => u32::from(reader.shape.agents),
    };
    let number = if nth == 0 { last } else { nth };
    if level != Level::Sector {
        // "The first agent" alone is the first of what was said before.
        upper(reader, at + 2)?;
    }
    Some((level, number, at + 2))
}

/// The place that numbers at `level` lie in, when it is said: "of sector 7", "in cluster 7-4", ", sector 7".
fn upper(reader: &Reader<'_>, at: usize) -> Option<(Vec<u32>, usize)> {
    let words = reader.words;
    let text = words.get(at)?.token.text.as_str();
    let mut next = if matches!(
        text,
        "of" | "in" | "from" | "within" | "inside" | "," | "on" | "at"
    ) {
        at + 1
    } else {
        at
    };
    if words.get(next).is_some_and(|w| w.token.text == "the") {
        next += 1;
    }
    let comma_only = next == at;
    match &words.get(next)?.token.kind {
        Kind::Scope(Scope::Region(Region::Sector(id))) => {
            return Some((vec![u32::from(id.0)], next + 1));
        }
        Kind::Scope(Scope::Region(Region::Cluster(id))) => {
            return Some((
                vec![u32::from(id.sector.0), u32::from(id.cluster)],
                next + 1,
            ));
        }
        Kind::Place(numbers) if numbers.len() == 2 && !comma_only => {
            return Some((numbers.clone(), next + 1));
        }
        _ => {}
    }
    match level(words.get(next))? {
        Level::Sector => {
            let (sector, after) = value(words, next + 1)?;
            Some((vec![sector], after))
        }
        Level::Cluster => {
            if let Kind::Place(numbers) = &words.get(next + 1)?.token.kind {
                return (numbers.len() == 2).then(|| (numbers.clone(), next + 2));
            }
            let (cluster, after) = value(words, next + 1)?;
            let (mut numbers, after) = upper(reader, after)?;
            numbers.push(cluster);
            Some((numbers, after))
        }
        Level::Agent => None,
    }
}

/// Numbers at a level with what they lie in, before or behind.
fn within(
    reader: &Reader<'_>,
    level: Level,
    numbers: Vec<u32>,
    next: usize,
    out: &mut Places,
) -> usize {
    let words = reader.words;
    match level {
        Level::Sector => {
            // "Sector 7 cluster 4 agent 12", "sector 7, cluster 4".
            if let [sector] = numbers[..] {
                let gap = if words.get(next).is_some_and(|w| w.token.text == ",") {
                    next + 1
                } else {
                    next
                };
                if self::level(words.get(gap)) == Some(Level::Cluster)
                    && (words[gap].form == Form::Base || gap == next)
                    && let Some((clusters, after)) = self::numbers(words, gap + 1)
                {
                    let gap = if words.get(after).is_some_and(|w| w.token.text == ",") {
                        after + 1
                    } else {
                        after
                    };
                    if let ([cluster], Some(Level::Agent)) =
                        (&clusters[..], self::level(words.get(gap)))
                        && let Some((agents, end)) = self::numbers(words, gap + 1)
                    {
                        for agent in agents {
                            push(reader, &[sector, *cluster, agent], out);
                        }
                        return end;
                    }
                    for cluster in clusters {
                        push(reader, &[sector, cluster], out);
                    }
                    return after;
                }
            }
            for sector in numbers {
                push(reader, &[sector], out);
            }
            next
        }
        Level::Cluster | Level::Agent => {
            let wanted = if level == Level::Cluster { 1 } else { 2 };
            if let Some((above, after)) =
                upper(reader, next).filter(|(above, _)| above.len() == wanted)
            {
                for number in numbers {
                    push(reader, &[&above[..], &[number]].concat(), out);
                }
                after
            } else {
                let spot = |number: &u32| {
                    if level == Level::Cluster {
                        Spot::ClusterNumber(*number)
                    } else {
                        Spot::AgentNumber(*number)
                    }
                };
                out.spots.extend(numbers.iter().map(spot));
                next
            }
        }
    }
}
