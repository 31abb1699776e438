//! What the console does outside itself, besides drawing.

use super::link::Question;
use crate::model::Consult;
use crate::term::{Guard, Written};
use crate::update::{Effect, Event};
use base64::Engine as _;
use std::io::{self, Write as _};
use tokio::sync::mpsc;

/// Bytes of a clipboard's sequence at most: what terminals with a limit take.
const CLIPBOARD_MAX: usize = 74_994;

/// The way outside.
#[derive(Debug)]
pub(crate) struct Outside {
    questions: mpsc::Sender<Question>,
    /// None where no model is named.
    consults: Option<mpsc::Sender<Consult>>,
    /// None where no terminal is held, as in tests.
    guard: Option<Guard>,
    written: Written,
}

impl Outside {
    pub(super) fn new(
        questions: mpsc::Sender<Question>,
        consults: Option<mpsc::Sender<Consult>>,
        guard: Guard,
        written: Written,
    ) -> Self {
        Self {
            questions,
            consults,
            guard: Some(guard),
            written,
        }
    }

    /// Without a terminal.
    #[cfg(test)]
    pub(crate) fn detached(questions: mpsc::Sender<Question>) -> Self {
        Self {
            questions,
            consults: None,
            guard: None,
            written: Written::default(),
        }
    }

    /// Bytes written to the terminal so far.
    pub(super) fn bytes(&self) -> u64 {
        self.written.bytes()
    }

    /// To the shell and back.
    pub(super) fn suspend(&mut self) -> io::Result<()> {
        self.guard.as_mut().map_or(Ok(()), Guard::suspend)
    }

    /// Does it; what came of it, where that is to be known.
    pub(super) fn carry_out(&mut self, effect: Effect) -> Option<Event> {
        match effect {
            Effect::Ask {
                number,
                operation,
                confirmed,
            } => {
                let question = Question {
                    number,
                    operation,
                    confirmed,
                };
                let sent = self.questions.try_send(question);
                sent.err().map(|_| {
                    Event::Failed(number, "the connection is busy; nothing was sent".into())
                })
            }
            Effect::Consult(consult) => {
                let sent = self
                    .consults
                    .as_ref()
                    .map(|to| to.try_send(*consult).is_ok());
                (sent != Some(true)).then(|| {
                    Event::Said("the model is still busy with what was said before".to_owned())
                })
            }
            Effect::Copy(text) => Some(Event::Said(self.copy(&text))),
            Effect::Write { name, text } => Some(Event::Said(Self::write(&name, &text))),
            Effect::Bell => {
                self.say(b"\x07");
                None
            }
            Effect::Title(title) => {
                let plain: String = title.chars().filter(|c| !c.is_control()).take(80).collect();
                self.say(format!("\x1b]2;{plain}\x07").as_bytes());
                None
            }
            Effect::Mouse(on) => {
                let result = self.guard.as_mut().map_or(Ok(()), |guard| guard.mouse(on));
                result
                    .err()
                    .map(|error| Event::Said(format!("the mouse: {error}")))
            }
            // The loop has seen to these.
            Effect::Dump | Effect::Suspend | Effect::Redraw | Effect::Quit => None,
        }
    }

    /// A new file in the working folder; one that is there already is not touched.
    pub(super) fn write(name: &str, text: &str) -> String {
        let (stem, ending) = name.rsplit_once('.').unwrap_or((name, "txt"));
        for number in 0..1_000 {
            let name = if number == 0 {
                name.to_owned()
            } else {
                format!("{stem}-{number}.{ending}")
            };
            match std::fs::File::create_new(&name)
                .and_then(|mut file| file.write_all(text.as_bytes()))
            {
                Ok(()) => return format!("written to {name}"),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return format!("cannot write {name}: {error}"),
            }
        }
        format!("cannot write {name}: a thousand of them are there already")
    }

    /// OSC 52, which works over SSH; through tmux in its own wrapping.
    fn copy(&self, text: &str) -> String {
        let encoded = base64::engine::general_purpose::STANDARD.encode(text);
        if encoded.len() > CLIPBOARD_MAX {
            return format!(
                "{} bytes are too many for the terminal's clipboard",
                text.len()
            );
        }
        let plain = format!("\x1b]52;c;{encoded}\x07");
        let sequence = if std::env::var_os("TMUX").is_some() {
            format!("\x1bPtmux;\x1b{plain}\x1b\\")
        } else {
            plain
        };
        self.say(sequence.as_bytes());
        format!("copied {} characters", text.chars().count())
    }

    /// Straight to the terminal, between frames.
    fn say(&self, bytes: &[u8]) {
        if self.guard.is_some() {
            let mut out = io::stdout();
            // A terminal that is gone ends the console elsewhere.
            let _ = out.write_all(bytes).and_then(|()| out.flush());
        }
    }
}
