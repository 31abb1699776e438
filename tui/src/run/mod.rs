//! Runs the console: waits for what happens, has it taken in, does what is to be done outside, draws what has changed.
//!
//! | file | what it is |
//! |---|---|
//! | `cycle` | the loop, for any terminal and any source of events |
//! | `link` | the connection to the mesh, kept up by itself |
//! | `outside` | clipboard, files, bell, title |
//! | `input` | keys, pastes, sizes and signals |

mod cycle;
mod input;
mod link;
mod outside;

pub(crate) use cycle::{Clock, Cycle};
pub(crate) use link::{STUCK_MIN, Target};

use crate::state::State;
use crate::term::{Counted, Guard, Written, background, check};
use crate::theme::{Wish, choose};
use crate::update::Event;
use anyhow::Context as _;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use std::process::ExitCode;
use tokio::sync::mpsc;

/// Events that wait to be taken in; whoever has more waits.
const EVENTS_MAX: usize = 1_024;

/// Sentences that wait for the model.
const CONSULTS_MAX: usize = 4;

/// How the console was called.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// Which mesh.
    pub(crate) target: Target,
    /// A theme by name.
    pub(crate) theme: Option<String>,
    /// ASCII only.
    pub(crate) ascii: bool,
    /// Nothing may be changed.
    pub(crate) read_only: bool,
}

/// The full-screen console, until somebody leaves it.
pub(crate) fn console(options: Options) -> anyhow::Result<ExitCode> {
    let wish = Wish::from_env(options.theme.clone(), options.ascii);
    check(&wish.term)?;
    // NO_COLOR is served by a theme without colours; an empty colour sequence would take reverse and bold with it.
    crossterm::style::force_color_output(true);
    let asked = wish.theme.as_deref().is_some_and(|name| name != "auto");
    let background = if asked || wish.no_color {
        crate::theme::Background::Dark
    } else {
        background()
    };
    let look = choose(&wish, background)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("starting the runtime")?;
    let size = crossterm::terminal::size().context("asking the terminal for its size")?;
    let mut state = State::new(look, wish, size);
    let model = crate::model::named()?;
    state.read_only = options.read_only;
    state.model = model.is_some();
    state.wall = (0, zone());
    let guard = Guard::take().context("taking the terminal")?;
    let result = runtime.block_on(run(state, guard, options.target, model));
    // A mesh that is embedded ends with the runtime; it is not waited for longer than a person would.
    runtime.shutdown_timeout(std::time::Duration::from_millis(500));
    result
}

async fn run(
    state: State,
    guard: Guard,
    target: Target,
    model: Option<nl::model::Model>,
) -> anyhow::Result<ExitCode> {
    let written = Written::default();
    let backend = CrosstermBackend::new(Counted::new(std::io::stdout(), written.clone()));
    let terminal = Terminal::new(backend).context("preparing the screen")?;
    let (to_console, events) = mpsc::channel::<Event>(EVENTS_MAX);
    let (to_mesh, questions) = mpsc::channel(64);
    input::start(&to_console)?;
    tokio::spawn(link::keep(target, to_console.clone(), questions));
    let consults = model.map(|model| {
        let (to_model, consults) = mpsc::channel(CONSULTS_MAX);
        tokio::spawn(crate::model::keep(model, consults, to_console.clone()));
        to_model
    });
    drop(to_console);
    let outside = outside::Outside::new(to_mesh, consults, guard, written);
    let mut cycle = Cycle::new(state, terminal, Clock::start());
    cycle.run(events, outside).await?;
    Ok(ExitCode::SUCCESS)
}

/// The distance of the local time from UTC, in seconds.
fn zone() -> i32 {
    jiff::Zoned::now().offset().seconds()
}

#[cfg(test)]
mod tests;
