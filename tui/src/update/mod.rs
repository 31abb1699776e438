//! From an event to a changed state and to what is to be done outside: the one place where anything changes.
//!
//! | file | what it is |
//! |---|---|
//! | `command` | what keys can make the console do |
//! | `keys` | which key does what, where |
//! | `press` | a key pressed, by context and command |
//! | `walk` | moving about |
//! | `act` | operations: asking, proposing, confirming, answering |
//! | `news` | what the mesh tells |

mod act;
mod command;
mod keys;
mod news;
mod press;
mod walk;

pub(crate) use command::Command;
pub(crate) use keys::keys_of;
pub(crate) use news::News;

use crate::model::Consult;
use crate::state::link::{Identity, Standing};
use crate::state::screen::Overlay;
use crate::state::{State, Tick};
use crossterm::event::{KeyEvent, MouseEvent};
use mesh_core::operation::{Answer, Operation, Progress, Refusal};

/// Everything that can happen to the console.
#[derive(Debug)]
pub(crate) enum Event {
    /// A key.
    Key(KeyEvent),
    /// A text that was pasted.
    Paste(String),
    /// The mouse; only while its reports are wanted.
    Mouse(MouseEvent),
    /// The terminal has another size.
    Resize(u16, u16),
    /// The mesh tells what has changed.
    News(Box<News>),
    /// A question goes on.
    Progress(u64, Progress),
    /// A question has its end.
    Answer(u64, Box<Result<Answer, Refusal>>),
    /// A question has no end: the connection broke, or it could not be asked.
    Failed(u64, String),
    /// The connection is there.
    Connected(Box<Identity>),
    /// It is gone, and will be tried again.
    Lost(String),
    /// It cannot be.
    Refused(String),
    /// A frame was drawn: in so many microseconds, with so many bytes so far.
    Drawn(u64, u64),
    /// Something outside went well or wrong; one line.
    Said(String),
    /// What a sentence came to, after a model was asked about it.
    Opinion(Box<nl::model::Opinion>),
    /// Time has passed that somebody waited for.
    Wake,
    /// The system wants the console to end.
    Terminate,
}

/// What is to be done outside.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Effect {
    /// Ask the mesh, or have it do something.
    Ask {
        /// The number of the question.
        number: u64,
        /// What.
        operation: Operation,
        /// Whether what has to be said first was said.
        confirmed: bool,
    },
    /// Ask the model about a sentence.
    Consult(Box<Consult>),
    /// Into the clipboard.
    Copy(String),
    /// Into a file of this name in the working folder.
    Write {
        /// Its name.
        name: String,
        /// What.
        text: String,
    },
    /// The screen into a file.
    Dump,
    /// The bell, once.
    Bell,
    /// The terminal's title.
    Title(String),
    /// To the shell and back.
    Suspend,
    /// Everything drawn anew.
    Redraw,
    /// Mouse reports on or off.
    Mouse(bool),
    /// The end.
    Quit,
}

/// Takes an event in, at this time; `wall` is microseconds since 1970.
pub(crate) fn update(state: &mut State, event: Event, now: Tick, wall: i64) -> Vec<Effect> {
    let mut effects = Vec::new();
    state.now = now;
    state.wall.0 = wall;
    match event {
        Event::Key(key) => press::key(state, &key, &mut effects),
        Event::Paste(text) => press::paste(state, &text),
        Event::Mouse(mouse) => walk::mouse(state, mouse, &mut effects),
        Event::Resize(width, height) => state.size = (width, height),
        Event::News(news) => news::take(state, &news, &mut effects),
        Event::Progress(number, progress) => act::progress(state, number, &progress),
        Event::Answer(number, answer) => act::answered(state, number, *answer, &mut effects),
        Event::Failed(number, why) => act::failed(state, number, &why),
        Event::Connected(identity) => connected(state, *identity, &mut effects),
        Event::Lost(why) => {
            if !matches!(state.link.standing, Standing::Lost { .. }) {
                state.link.standing = Standing::Lost { since: now, why };
            }
        }
        Event::Refused(why) => state.link.standing = Standing::Refused { why },
        Event::Drawn(frame_us, bytes) => {
            state.meters.frames += 1;
            state.meters.frame_us = frame_us;
            state.meters.bytes = bytes;
            state.talk.drawn(now);
        }
        Event::Said(text) => state.notice(text),
        Event::Opinion(opinion) => act::opinion(state, *opinion, &mut effects),
        Event::Wake => {}
        Event::Terminate => effects.push(Effect::Quit),
    }
    expire(state);
    effects
}

fn connected(state: &mut State, identity: Identity, effects: &mut Vec<Effect>) {
    let again = state.link.to.is_some();
    if !again {
        state.mesh = crate::state::mesh::Mesh::new(identity.shape);
    }
    if !again {
        state.dialogue = nl::Context::new(identity.shape);
    }
    state.at.spot = state.at.spot.within(identity.shape);
    state.link.standing = Standing::Live;
    state.link.heard = state.now;
    effects.push(Effect::Title(format!("mesh {}", identity.mesh)));
    if again {
        state.notice("connected again");
    } else {
        state.events.note(
            &format!("connected to {} ({})", identity.mesh, identity.address),
            state.wall.0,
        );
    }
    state.link.to = Some(identity);
    act::open_screen(state, effects);
}

/// What has had its time goes.
fn expire(state: &mut State) {
    let now = state.now;
    if state
        .notice
        .as_ref()
        .is_some_and(|(_, until)| *until <= now)
    {
        state.notice = None;
    }
    if state.leaving.is_some_and(|until| until <= now) {
        state.leaving = None;
    }
    for number in state.talk.expire(now) {
        state.talk.line(
            crate::state::talk::Who::Mesh,
            format!("#{number} has expired; say it again if it is still wanted"),
        );
    }
    if let Overlay::Confirm(confirm) = &state.overlay
        && confirm.until <= now
    {
        state.overlay = Overlay::None;
        state.notice("closed without an answer; nothing was done");
    }
}

/// When something will change by itself: the next moment at which the screen must be looked at again. None when nothing
/// is under way, and then nothing ticks.
pub(crate) fn next_wake(state: &State) -> Option<Tick> {
    let second = || Tick((state.now.0 / 1_000_000 + 1) * 1_000_000);
    let counts_down = matches!(state.overlay, Overlay::Confirm(_))
        || matches!(state.link.standing, Standing::Lost { .. })
        || state.talk.proposals().next().is_some() && state.size.0 >= 100;
    [
        state.notice.as_ref().map(|(_, until)| *until),
        state.leaving,
        state.talk.next_expiry(),
        counts_down.then(second),
    ]
    .into_iter()
    .flatten()
    .min()
}

#[cfg(test)]
mod tests;
