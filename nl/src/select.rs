//! From a phrase to scopes: places, classes and states put together, references resolved against the dialogue.

use crate::context::{Context, Selection};
use crate::phrase::{Noun, Phrase, Pick, Refer, Spot};
use mesh_core::operation::Scopes;
use mesh_core::place::scope::{Filter, Region, Scope, Term, Test};
use mesh_core::place::{AgentId, ClusterId, SectorId};

/// Why a phrase names nobody.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Trouble {
    /// The mesh has no such place.
    Missing(String),
    /// It refers to something that the dialogue does not fix.
    Unfixed,
    /// It names nobody in particular.
    Vague,
}

/// Whom the phrase means.
pub(crate) fn select(phrase: &Phrase, context: &Context) -> Result<Selection, Trouble> {
    let mut parts = vec![phrase.clone()];
    parts[0].more.clear();
    parts[0].except = None;
    parts.extend(phrase.more.iter().cloned());
    share_places(&mut parts);
    let mut scopes = Vec::new();
    for part in &parts {
        scopes.extend(one(part, context)?);
    }
    let mut selection = Selection {
        except: inherited(phrase, context),
        scopes: Scopes::new(scopes).map_err(|_| Trouble::Vague)?,
    };
    if let Some(except) = &phrase.except {
        let out = select(except, &with_sector(context, &selection.scopes))?.scopes;
        selection = leave_out(selection, &out)?;
    }
    Ok(selection)
}

/// What was left out of what is referred to stays left out.
fn inherited(phrase: &Phrase, context: &Context) -> Option<Scopes> {
    let whole = phrase.refer.is_some() && !phrase.names() && phrase.more.is_empty();
    context
        .focus
        .as_ref()
        .filter(|_| whole && !matches!(phrase.refer, Some(Refer::Several(_) | Refer::Other)))
        .and_then(|focus| focus.except.clone())
}

/// "Sector 7 but cluster 4": the cluster lies in the sector just named.
fn with_sector(context: &Context, scopes: &Scopes) -> Context {
    let mut context = context.clone();
    context.focus = Some(Selection::new(scopes.clone()));
    context
}

/// Members of a list that are left out go; of what is no list they are the exception.
fn leave_out(selection: Selection, out: &Scopes) -> Result<Selection, Trouble> {
    let list = selection.scopes.as_slice();
    let members = list.len() > 1 && out.as_slice().iter().all(|scope| list.contains(scope));
    if members {
        let rest = list
            .iter()
            .filter(|scope| !out.as_slice().contains(scope))
            .cloned();
        let scopes = Scopes::new(rest).map_err(|_| Trouble::Vague)?;
        return Ok(Selection {
            scopes,
            except: selection.except,
        });
    }
    let already = selection
        .except
        .iter()
        .flat_map(|scopes| scopes.as_slice().to_vec());
    let except = Scopes::new(already.chain(out.as_slice().to_vec())).map_err(|_| Trouble::Vague)?;
    Ok(Selection {
        except: Some(except),
        ..selection
    })
}

/// "The GPUs and the Pis in sector 7": the place belongs to both.
fn share_places(parts: &mut [Phrase]) {
    let Some((last, before)) = parts.split_last_mut() else {
        return;
    };
    let shares = last.places()
        && last.filters()
        && !before.is_empty()
        && before
            .iter()
            .all(|part| !part.places() && part.filters() && part.refer.is_none());
    if shares {
        for part in before {
            part.spots.clone_from(&last.spots);
        }
    }
}

fn one(phrase: &Phrase, context: &Context) -> Result<Vec<Scope>, Trouble> {
    if let Some(place) = &phrase.missing {
        return Err(Trouble::Missing(place.clone()));
    }
    if phrase.auto {
        return Ok(vec![Scope::Auto]);
    }
    let mut base: Vec<Scope> = phrase.scopes.clone();
    for spot in &phrase.spots {
        base.push(spot_scope(*spot, context)?);
    }
    if base.is_empty() {
        base = referred(phrase, context)?;
    }
    let terms = terms(phrase);
    if base.is_empty() {
        if terms.is_empty() {
            return if phrase.all || phrase.mesh {
                Ok(vec![Scope::ALL])
            } else {
                Err(Trouble::Vague)
            };
        }
        base.push(Scope::ALL);
    }
    if terms.is_empty() {
        return Ok(base);
    }
    base.iter().map(|scope| narrowed(scope, &terms)).collect()
}

/// The scope with further terms.
pub(crate) fn narrowed(scope: &Scope, terms: &[Term]) -> Result<Scope, Trouble> {
    let own: Vec<Term> = match scope {
        Scope::Region(Region::All) => Vec::new(),
        Scope::Region(Region::Sector(id)) => vec![plain(Test::Sector(*id))],
        Scope::Region(Region::Cluster(id)) => vec![plain(Test::Cluster(*id))],
        Scope::Region(Region::Class(class)) => vec![plain(Test::Class(*class))],
        // One agent is one agent, whatever is said of it.
        Scope::Region(Region::Agent(_)) | Scope::Auto => return Ok(scope.clone()),
        Scope::Filter(filter) => filter.terms().to_vec(),
    };
    // Of two classes or two states that are asked for, the later one is meant.
    let replaces = |term: &Term| {
        terms.iter().any(|new| {
            !new.negated
                && !term.negated
                && core::mem::discriminant(&new.test) == core::mem::discriminant(&term.test)
                && !new.test.is_measure()
        })
    };
    let all = own
        .into_iter()
        .filter(|term| !replaces(term))
        .chain(terms.iter().cloned());
    Ok(Filter::new(all).map_err(|_| Trouble::Vague)?.into())
}

/// Whether a term asks for a number.
trait Measure {
    fn is_measure(&self) -> bool;
}

impl Measure for Test {
    fn is_measure(&self) -> bool {
        matches!(
            self,
            Self::Impedance(..)
                | Self::Queue(..)
                | Self::Reliability(..)
                | Self::Drift(..)
                | Self::Beat(..)
        )
    }
}

/// A term that is not negated.
pub(crate) const fn plain(test: Test) -> Term {
    Term {
        test,
        negated: false,
    }
}

/// The terms that the phrase says.
pub(crate) fn terms(phrase: &Phrase) -> Vec<Term> {
    let classes = phrase.classes.iter().map(|(class, is)| Term {
        test: Test::Class(*class),
        negated: !is,
    });
    let states = phrase.marks.map(|marks| plain(Test::State(marks)));
    let not = phrase.not_marks.map(|marks| Term {
        test: Test::State(marks),
        negated: true,
    });
    classes
        .chain(states)
        .chain(not)
        .chain(phrase.terms.iter().cloned())
        .collect()
}

fn spot_scope(spot: Spot, context: &Context) -> Result<Scope, Trouble> {
    let shape = context.shape;
    let missing = |text: String| Err(Trouble::Missing(text));
    match spot {
        Spot::Region(region) => Ok(Scope::Region(region)),
        Spot::Number(n) => {
            let sector = SectorId(n.min(u32::from(u16::MAX)) as u16);
            if shape.has_sector(sector) {
                Ok(Region::Sector(sector).into())
            } else {
                missing(format!("sector {n}"))
            }
        }
        Spot::ClusterNumber(n) => {
            let sector = sector_in_focus(context).ok_or(Trouble::Unfixed)?;
            let id = ClusterId {
                sector,
                cluster: n.min(255) as u8,
            };
            if shape.has_cluster(id) {
                Ok(Region::Cluster(id).into())
            } else {
                missing(format!("{sector}-{n}"))
            }
        }
        Spot::AgentNumber(n) => {
            let cluster = cluster_in_focus(context).ok_or(Trouble::Unfixed)?;
            let id = AgentId {
                cluster,
                agent: n.min(255) as u8,
            };
            if shape.has_agent(id) {
                Ok(Region::Agent(id).into())
            } else {
                missing(format!("{cluster}-{n}"))
            }
        }
    }
}

/// The place that a scope lies in, as a region.
fn place_of(scope: &Scope) -> Option<Region> {
    match scope {
        Scope::Region(region) => Some(*region),
        Scope::Filter(filter) => filter.terms().iter().find_map(|term| match term.test {
            Test::Sector(id) if !term.negated => Some(Region::Sector(id)),
            Test::Cluster(id) if !term.negated => Some(Region::Cluster(id)),
            _ => None,
        }),
        Scope::Auto => None,
    }
}

fn sector_in_focus(context: &Context) -> Option<SectorId> {
    let focus = context.focus.as_ref()?;
    let mut sectors = focus
        .scopes
        .as_slice()
        .iter()
        .map(|scope| place_of(scope).and_then(Region::sector));
    let first = sectors.next()??;
    sectors.all(|sector| sector == Some(first)).then_some(first)
}

fn cluster_in_focus(context: &Context) -> Option<ClusterId> {
    let focus = context.focus.as_ref()?;
    let mut clusters = focus
        .scopes
        .as_slice()
        .iter()
        .map(|scope| place_of(scope).and_then(Region::cluster));
    let first = clusters.next()??;
    clusters
        .all(|cluster| cluster == Some(first))
        .then_some(first)
}

/// What a reference or a position means.
fn referred(phrase: &Phrase, context: &Context) -> Result<Vec<Scope>, Trouble> {
    let focus = || {
        context
            .focus
            .as_ref()
            .map(|focus| focus.scopes.as_slice().to_vec())
            .ok_or(Trouble::Unfixed)
    };
    if let Some(pick) = phrase.pick {
        return picked(pick, context);
    }
    let definite = phrase.definite
        && phrase.singular
        && !phrase.names()
        && !phrase.all
        && phrase.sort.is_none();
    let refer = match (phrase.refer, phrase.noun) {
        (Some(refer), _) => refer,
        // "The sector" is the one spoken of.
        (None, Some(noun @ (Noun::Sector | Noun::Cluster | Noun::Agent))) if definite => {
            Refer::That(noun)
        }
        (None, _) => return Ok(Vec::new()),
    };
    match refer {
        Refer::It => focus(),
        Refer::Them if context.rows => Err(Trouble::Unfixed),
        // "Watch 2-2", "also 2-3", "heal them".
        Refer::Them if context.run.len() > 1 => Ok(context.run.clone()),
        Refer::Them => focus(),
        Refer::There => {
            let places = focus()?
                .iter()
                .map(|scope| place_of(scope).map_or_else(|| scope.clone(), Scope::Region))
                .collect();
            Ok(places)
        }
        Refer::That(noun) => that(noun, context),
        Refer::Several(n) => several(n as usize, context),
        Refer::Other => other(context),
        Refer::Slow => {
            let scopes = focus()?;
            let slow = |scope: &Scope| match scope {
                Scope::Filter(filter) => filter
                    .terms()
                    .iter()
                    .any(|term| matches!(term.test, Test::Impedance(..))),
                _ => false,
            };
            if scopes.iter().all(slow) {
                Ok(scopes)
            } else {
                Err(Trouble::Unfixed)
            }
        }
    }
}

fn that(noun: Noun, context: &Context) -> Result<Vec<Scope>, Trouble> {
    let focus = context.focus.iter().map(|focus| &focus.scopes);
    for scopes in focus.chain(context.mentions.iter().rev()) {
        let regions = scopes.as_slice().iter().map(|scope| {
            let region = place_of(scope)?;
            match noun {
                Noun::Sector => region.sector().map(Region::Sector),
                Noun::Cluster => region.cluster().map(Region::Cluster),
                _ => matches!(region, Region::Agent(_)).then_some(region),
            }
        });
        if let Some(found) = regions.collect::<Option<Vec<_>>>() {
            return Ok(found.into_iter().map(Scope::Region).collect());
        }
    }
    Err(Trouble::Unfixed)
}

fn several(n: usize, context: &Context) -> Result<Vec<Scope>, Trouble> {
    if let Some(focus) = &context.focus
        && focus.scopes.as_slice().len() == n
    {
        return Ok(focus.scopes.as_slice().to_vec());
    }
    if context.run.len() == n {
        return Ok(context.run.clone());
    }
    if context.group.len() == n {
        return Ok(context.group.clone());
    }
    let mut found: Vec<Scope> = Vec::new();
    for scopes in context.mentions.iter().rev() {
        if let [one] = scopes.as_slice()
            && !found.contains(one)
        {
            found.insert(0, one.clone());
        }
        if found.len() == n {
            return Ok(found);
        }
    }
    Err(Trouble::Unfixed)
}

fn other(context: &Context) -> Result<Vec<Scope>, Trouble> {
    let focus = context.focus.as_ref().ok_or(Trouble::Unfixed)?;
    let inside = focus
        .scopes
        .as_slice()
        .iter()
        .all(|scope| context.group.contains(scope));
    let rest: Vec<Scope> = context
        .group
        .iter()
        .filter(|scope| !focus.scopes.as_slice().contains(scope))
        .cloned()
        .collect();
    if inside && !rest.is_empty() {
        Ok(rest)
    } else {
        Err(Trouble::Unfixed)
    }
}

fn picked(pick: Pick, context: &Context) -> Result<Vec<Scope>, Trouble> {
    if context.rows {
        return Err(Trouble::Unfixed);
    }
    let group = &context.group;
    let len = group.len();
    let range = match pick {
        Pick::First(n) => 0..n as usize,
        Pick::Last(n) => len.checked_sub(n as usize).ok_or(Trouble::Unfixed)?..len,
        Pick::Nth(n) => (n as usize).saturating_sub(1)..n as usize,
    };
    group
        .get(range)
        .filter(|scopes| !scopes.is_empty())
        .map(<[Scope]>::to_vec)
        .ok_or(Trouble::Unfixed)
}
