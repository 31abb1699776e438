//! What the mesh tells: rows that changed, the head figures, events. Taken in at once, however much it is.

use super::{Effect, act};
use crate::state::mesh::Mesh;
use crate::state::screen::Screen;
use crate::state::{State, TREND_MAX};
use mesh_core::operation::Operation;
use mesh_core::operation::event::{Event, Stamped};
use mesh_core::operation::follow::{Sight, View};

/// From one point of the trend to the next.
const TREND_STEP_MS: i64 = 10_000;

/// What has changed since the last news.
#[derive(Debug, Clone, Default)]
pub(crate) struct News {
    /// How the mesh is; none where only events are told.
    pub(crate) sight: Option<Sight>,
    /// What happened.
    pub(crate) events: Vec<Stamped>,
    /// How many events are not among them.
    pub(crate) missed: u64,
}

pub(super) fn take(state: &mut State, news: &News, effects: &mut Vec<Effect>) {
    state.link.heard = state.now;
    state.link.frames += 1;
    let before = state.frozen().is_some();
    state.mesh.now = state.now.0;
    match &news.sight {
        None => {}
        Some(Sight::Nobody) => state.link.headless = true,
        Some(Sight::Snapshot(view)) => {
            let shape = state.link.to.as_ref().map(|to| to.shape);
            state.mesh = shape.map_or_else(Mesh::default, Mesh::new);
            state.mesh.now = state.now.0;
            seen(state, view);
        }
        Some(Sight::Changes(view)) => seen(state, view),
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

fn seen(state: &mut State, view: &View) {
    state.link.headless = false;
    state.mesh.take(view);
    state.throws.follow(&view.throws, state.now);
}

fn event(state: &mut State, stamped: &Stamped, effects: &mut Vec<Effect>) {
    state.events.take(stamped);
    match &stamped.event {
        Event::Alert { .. } | Event::Threat { .. } => effects.push(Effect::Bell),
        // The sheet of what somebody looks at; the standing load seals a throw every now and then.
        Event::ThrowSealed { id, .. } if state.throws.shows(id) => {
            if let Ok(operation) = Operation::from_line(&format!("proof {id} as json")) {
                act::ask(
                    state,
                    operation,
                    crate::state::Purpose::Sheet,
                    false,
                    effects,
                );
            }
        }
        _ => {}
    }
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
    }
}
