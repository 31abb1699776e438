//! The loop. Whatever waits is taken in before a frame is drawn; keys are drawn at once, news at most thirty times a
//! second; when nothing happens, nothing runs.

use super::outside::Outside;
use crate::state::{State, Tick};
use crate::update::{Effect, Event, next_wake, update};
use crate::view;
use crossterm::execute;
use crossterm::terminal::{BeginSynchronizedUpdate, EndSynchronizedUpdate};
use ratatui::Terminal;
use ratatui::backend::Backend;
use std::io;
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::mpsc;

/// Between two frames that nobody waits for.
const FRAME_GAP: Duration = Duration::from_millis(33);
/// Events taken in before a frame at most, so that a flood cannot keep the screen from being drawn.
const BATCH_MAX: usize = 256;

/// Where the console's time comes from; the one place that reads a clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock(Instant);

impl Clock {
    /// From now on.
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// Now.
    pub(crate) fn now(self) -> Tick {
        Tick(self.0.elapsed().as_micros() as i64)
    }

    /// Now, in microseconds since 1970.
    pub(crate) fn wall() -> i64 {
        SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0, |since| since.as_micros() as i64)
    }
}

/// A terminal that frames can be drawn on.
pub(crate) trait Screen: Backend {
    /// What went wrong, as the system says it.
    fn trouble(error: Self::Error) -> io::Error;
    /// The frame that follows is shown at once, as a whole, where the terminal can do that.
    fn begin(&mut self) -> io::Result<()> {
        Ok(())
    }
    /// It is complete.
    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<W: io::Write> Screen for ratatui::backend::CrosstermBackend<W> {
    fn trouble(error: io::Error) -> io::Error {
        error
    }
    fn begin(&mut self) -> io::Result<()> {
        crossterm::queue!(self, BeginSynchronizedUpdate)
    }
    fn end(&mut self) -> io::Result<()> {
        execute!(self, EndSynchronizedUpdate)
    }
}

/// The console at work.
#[derive(Debug)]
pub(crate) struct Cycle<B: Screen> {
    /// What it knows.
    pub(crate) state: State,
    terminal: Terminal<B>,
    clock: Clock,
    drawn: Option<Instant>,
}

/// How urgently a frame is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Dirt {
    Clean,
    Later,
    Now,
}

impl<B: Screen> Cycle<B> {
    /// Ready to run.
    pub(crate) fn new(state: State, terminal: Terminal<B>, clock: Clock) -> Self {
        Self {
            state,
            terminal,
            clock,
            drawn: None,
        }
    }

    /// Until somebody leaves, or the terminal is gone.
    pub(crate) async fn run(
        &mut self,
        mut events: mpsc::Receiver<Event>,
        mut outside: Outside,
    ) -> io::Result<()> {
        let mut dirt = Dirt::Now;
        loop {
            if dirt == Dirt::Now || dirt == Dirt::Later && self.frame_due() {
                self.draw(&mut outside)?;
                dirt = Dirt::Clean;
            }
            let first = tokio::select! {
                event = events.recv() => match event {
                    Some(event) => event,
                    None => return Ok(()),
                },
                () = self.wait(dirt) => Event::Wake,
            };
            let mut next = Some(first);
            let mut taken = 0;
            while let Some(event) = next.take() {
                dirt = dirt.max(urgency(&event));
                if self.take(event, &mut outside)? {
                    return Ok(());
                }
                taken += 1;
                if taken < BATCH_MAX {
                    next = events.try_recv().ok();
                }
            }
        }
    }

    /// One event; whether it was the last.
    fn take(&mut self, event: Event, outside: &mut Outside) -> io::Result<bool> {
        let effects = update(&mut self.state, event, self.clock.now(), Clock::wall());
        for effect in effects {
            match effect {
                Effect::Quit => return Ok(true),
                Effect::Redraw => self.redraw()?,
                Effect::Suspend => {
                    outside.suspend()?;
                    self.redraw()?;
                }
                Effect::Dump => {
                    let text = self.dump();
                    let said = Outside::write("mesh-screen.txt", &text);
                    self.state.notice(said);
                }
                other => {
                    if let Some(event) = outside.carry_out(other) {
                        update(&mut self.state, event, self.clock.now(), Clock::wall());
                    }
                }
            }
        }
        Ok(false)
    }

    fn frame_due(&self) -> bool {
        self.drawn.is_none_or(|drawn| drawn.elapsed() >= FRAME_GAP)
    }

    /// Until the next frame is due, or something in the state changes by itself; for ever when neither is so.
    async fn wait(&self, dirt: Dirt) {
        let frame = match (dirt, self.drawn) {
            (Dirt::Later, Some(drawn)) => Some(FRAME_GAP.saturating_sub(drawn.elapsed())),
            (Dirt::Later | Dirt::Now, _) => Some(Duration::ZERO),
            (Dirt::Clean, _) => None,
        };
        let wake = next_wake(&self.state)
            .map(|at| Duration::from_micros((at.0 - self.clock.now().0).max(0) as u64 + 1));
        match [frame, wake].into_iter().flatten().min() {
            Some(span) => tokio::time::sleep(span).await,
            None => std::future::pending().await,
        }
    }

    fn draw(&mut self, outside: &mut Outside) -> io::Result<()> {
        let began = Instant::now();
        self.terminal.backend_mut().begin()?;
        let state = &self.state;
        let completed = self
            .terminal
            .draw(|frame| view::draw(state, frame.buffer_mut()))
            .map_err(B::trouble)?;
        let size = (completed.area.width, completed.area.height);
        self.terminal.backend_mut().end()?;
        let took = began.elapsed().as_micros() as u64;
        self.drawn = Some(Instant::now());
        self.state.size = size;
        update(
            &mut self.state,
            Event::Drawn(took, outside.bytes()),
            self.clock.now(),
            Clock::wall(),
        );
        Ok(())
    }

    fn redraw(&mut self) -> io::Result<()> {
        // Not `Terminal::clear`, which asks the terminal where its cursor is while keys are being read.
        self.terminal.backend_mut().clear().map_err(B::trouble)?;
        self.terminal.swap_buffers();
        Ok(())
    }

    /// Where it draws.
    #[cfg(test)]
    pub(crate) fn backend(&self) -> &B {
        self.terminal.backend()
    }

    /// The screen as text, and what the console measures of itself.
    fn dump(&mut self) -> String {
        let mut buffer = ratatui::buffer::Buffer::empty(ratatui::layout::Rect::new(
            0,
            0,
            self.state.size.0,
            self.state.size.1,
        ));
        view::draw(&self.state, &mut buffer);
        let rows = buffer.content.chunks(usize::from(buffer.area.width.max(1)));
        let mut text: String = rows
            .map(|row| {
                row.iter()
                    .map(ratatui::buffer::Cell::symbol)
                    .collect::<String>()
                    .trim_end()
                    .to_owned()
                    + "\n"
            })
            .collect();
        let meters = self.state.meters;
        text.push_str(&format!(
            "\nframes {}  bytes {}  last frame {} us  agents {}  events {}  open questions {}\n",
            meters.frames,
            meters.bytes,
            meters.frame_us,
            self.state.mesh.whole().agents,
            self.state.events.len(),
            self.state.open.len()
        ));
        text
    }
}

/// What somebody did is drawn at once; what the mesh tells can wait for the next frame.
fn urgency(event: &Event) -> Dirt {
    match event {
        Event::Key(_)
        | Event::Paste(_)
        | Event::Mouse(_)
        | Event::Resize(..)
        | Event::Said(_)
        | Event::Wake => Dirt::Now,
        Event::News(_)
        | Event::Progress(..)
        | Event::Answer(..)
        | Event::Opinion(_)
        | Event::Failed(..)
        | Event::Connected(_)
        | Event::Lost(_)
        | Event::Refused(_) => Dirt::Later,
        Event::Drawn(..) | Event::Terminate => Dirt::Clean,
    }
}
