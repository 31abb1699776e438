//! What the mesh tells: rows that changed, the head figures, events. Taken in at once, however much it is.

use super::{Effect, act};
use crate::state::screen::Screen;
use crate::state::{State, TREND_MAX};
use mesh_core::operation::Operation;
use mesh_core::operation::answer::{AgentLine, Status};
use mesh_core::operation::event::{BreakerTurn, Event, Stamped};
use mesh_core::operation::view::BreakerAt;
use mesh_core::place::{AgentId, SectorId, Shape};
use mesh_core::trust::seat::Seat;

/// From one point of the trend to the next.
const TREND_STEP_MS: i64 = 10_000;

/// What has changed since the last news.
#[derive(Debug, Clone, Default)]
pub(crate) struct News {
    /// The shape, when all rows come with this.
    pub(crate) shape: Option<Shape>,
    /// Head figures.
    pub(crate) status: Option<Status>,
    /// Rows that changed.
    pub(crate) rows: Vec<AgentLine>,
    /// Places that are empty now.
    pub(crate) gone: Vec<AgentId>,
    /// Breakers that are not closed, all of them; whether open.
    pub(crate) breakers: Option<Vec<(BreakerAt, bool)>>,
    /// Sectors without a coordinator, all of them.
    pub(crate) vacant: Option<Vec<SectorId>>,
    /// What happened.
    pub(crate) events: Vec<Stamped>,
    /// How many events are not among them.
    pub(crate) missed: u64,
}

pub(super) fn take(state: &mut State, news: &News, effects: &mut Vec<Effect>) {
    state.link.heard = state.now;
    state.link.frames += 1;
    let before = state.frozen().is_some();
    let mesh = &mut state.mesh;
    mesh.now = state.now.0;
    if let Some(shape) = news.shape
        && mesh.shape() != Some(shape)
    {
        *mesh = crate::state::mesh::Mesh::new(shape);
        mesh.now = state.now.0;
    }
    for line in &news.rows {
        mesh.put(line);
    }
    for id in &news.gone {
        mesh.remove(*id);
    }
    if let Some(breakers) = &news.breakers {
        mesh.breakers = breakers.iter().copied().collect();
    }
    if let Some(vacant) = &news.vacant {
        mesh.vacant.clone_from(vacant);
    }
    if let Some(status) = &news.status {
        mesh.status = Some(status.clone());
    }
    state.events.missed += news.missed;
    for stamped in &news.events {
        event(state, stamped, effects);
    }
    state.mesh.settle();
    point(state);
    match (before, state.frozen().is_some()) {
        (false, true) => {
            effects.push(Effect::Bell);
            effects.push(Effect::Title("FROZEN mesh".into()));
        }
        (true, false) => effects.push(Effect::Title(
            state
                .link
                .to
                .as_ref()
                .map_or_else(|| "mesh".into(), |to| format!("mesh {}", to.mesh)),
        )),
        (false, false) | (true, true) => {}
    }
}

fn event(state: &mut State, stamped: &Stamped, effects: &mut Vec<Effect>) {
    state.events.take(stamped);
    match &stamped.event {
        Event::AgentState { agent, to, .. } => state.mesh.turn(*agent, *to),
        Event::Conflict { agent, .. } => state.mesh.add_conflict(*agent),
        Event::Breaker { at, turn, .. } => {
            match turn {
                BreakerTurn::Opened => state.mesh.breakers.insert(*at, true),
                BreakerTurn::HalfOpened => state.mesh.breakers.insert(*at, false),
                BreakerTurn::Closed => state.mesh.breakers.remove(at),
            };
        }
        Event::Takeover {
            seat: Seat::Coordinator(sector),
            to,
            ..
        } => {
            state.mesh.vacant.retain(|vacant| vacant != sector);
            if to.is_none() {
                state.mesh.vacant.push(*sector);
            }
        }
        Event::Alert { .. } | Event::Threat { .. } => effects.push(Effect::Bell),
        Event::ThrowSealed { id, .. } => {
            if state.throws.take(&stamped.event, state.now)
                && let Ok(operation) = Operation::from_line(&format!("proof {id} as json"))
            {
                act::ask(
                    state,
                    operation,
                    crate::state::Purpose::Sheet,
                    false,
                    effects,
                );
            }
            return;
        }
        _ => {}
    }
    state.throws.take(&stamped.event, state.now);
    // A list that an event is about is asked for again, once.
    let about = match &stamped.event {
        Event::Conflict { .. } | Event::ConflictResolved { .. } => Some(Screen::Conflicts),
        Event::Breaker { .. } => Some(Screen::Breakers),
        Event::Task { .. } => Some(Screen::Tasks),
        Event::Review { .. } => Some(Screen::Reviews),
        Event::Operation { .. } => Some(Screen::Audit),
        _ => None,
    };
    if about == Some(state.screen) {
        act::open_screen(state, effects);
    }
}

/// A point of the figure over time, now and then.
fn point(state: &mut State) {
    let due = state.trend.is_empty() || state.now >= state.trend_at.plus_ms(TREND_STEP_MS);
    let z = state
        .mesh
        .status
        .as_ref()
        .and_then(|status| status.impedance);
    if let (true, Some(z)) = (due, z) {
        if state.trend.len() == TREND_MAX {
            state.trend.pop_front();
        }
        state
            .trend
            .push_back(z.0.0.clamp(0, i64::from(u32::MAX)) as u32);
        state.trend_at = state.now;
        // Rows grow stale without being told.
        state.mesh.age();
    }
}
