//! A program in a real pseudo-terminal, with a terminal in memory that answers what programs ask of one.

#![allow(dead_code, reason = "each test that includes this uses a part of it")]

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the terminal in memory has seen.
struct Seen {
    parser: vt100::Parser,
    raw: Vec<u8>,
    ended: bool,
}

/// A program at work in it.
pub(crate) struct Pty {
    master: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
    keys: Arc<Mutex<Box<dyn Write + Send>>>,
    seen: Arc<(Mutex<Seen>, Condvar)>,
}

impl Pty {
    /// Starts a program; `columns` and `rows` are the terminal's.
    pub(crate) fn start(
        program: &str,
        args: &[&str],
        env: &[(&str, &str)],
        columns: u16,
        rows: u16,
    ) -> Self {
        let size = PtySize {
            rows,
            cols: columns,
            pixel_width: 0,
            pixel_height: 0,
        };
        let pair = native_pty_system()
            .openpty(size)
            .expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(program);
        command.args(args);
        command.env_clear();
        command.env("TERM", "xterm-256color");
        command.env("COLORTERM", "truecolor");
        command.env("LANG", "C.UTF-8");
        command.env("PATH", std::env::var("PATH").unwrap_or_default());
        for (name, value) in env {
            command.env(name, value);
        }
        command.cwd(std::env::temp_dir());
        let child = pair.slave.spawn_command(command).expect("starts");
        drop(pair.slave);
        let mut output = pair.master.try_clone_reader().expect("a reader");
        let keys = Arc::new(Mutex::new(pair.master.take_writer().expect("a writer")));
        let seen = Arc::new((
            Mutex::new(Seen {
                parser: vt100::Parser::new(rows, columns, 0),
                raw: Vec::new(),
                ended: false,
            }),
            Condvar::new(),
        ));
        let (to_seen, answers) = (Arc::clone(&seen), Arc::clone(&keys));
        std::thread::spawn(move || {
            let mut bytes = vec![0; 65_536];
            loop {
                let count = output.read(&mut bytes).unwrap_or(0);
                let chunk = &bytes[..count];
                let mut held = lock(&to_seen.0);
                held.ended |= count == 0;
                held.parser.process(chunk);
                held.raw.extend_from_slice(chunk);
                drop(held);
                to_seen.1.notify_all();
                if count == 0 {
                    return;
                }
                // What terminals answer: where the cursor is, what the background is, what they are.
                for (question, answer) in [
                    ("\x1b[6n", "\x1b[1;1R"),
                    ("\x1b]11;?", "\x1b]11;rgb:1010/1010/1010\x07"),
                    ("\x1b]10;?", "\x1b]10;rgb:eeee/eeee/eeee\x07"),
                    ("\x1b[c", "\x1b[?62;c"),
                ] {
                    if chunk
                        .windows(question.len())
                        .any(|window| window == question.as_bytes())
                    {
                        let _ = lock(&answers).write_all(answer.as_bytes());
                    }
                }
            }
        });
        Self {
            master: pair.master,
            child,
            keys,
            seen,
        }
    }

    /// Types.
    pub(crate) fn send(&self, text: &str) {
        let mut keys = lock(&self.keys);
        keys.write_all(text.as_bytes()).expect("writes");
        keys.flush().expect("flushes");
    }

    /// Waits until the screen is so, and panics with the screen when it does not become so.
    pub(crate) fn wait(&self, what: &str, so: impl Fn(&vt100::Screen) -> bool) {
        let until = Instant::now() + PATIENCE;
        let mut held = lock(&self.seen.0);
        while !so(held.parser.screen()) {
            let left = until.saturating_duration_since(Instant::now());
            assert!(
                !left.is_zero() && !held.ended || so(held.parser.screen()),
                "{what} did not come:\n{}",
                held.parser.screen().contents()
            );
            held = self
                .seen
                .1
                .wait_timeout(held, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// Waits for a text on the screen.
    pub(crate) fn wait_text(&self, text: &str) {
        self.wait(text, |screen| screen.contents().contains(text));
    }

    /// Another size.
    pub(crate) fn resize(&self, columns: u16, rows: u16) {
        lock(&self.seen.0)
            .parser
            .screen_mut()
            .set_size(rows, columns);
        self.master
            .resize(PtySize {
                rows,
                cols: columns,
                pixel_width: 0,
                pixel_height: 0,
            })
            .expect("resizes");
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.process_id().expect("runs").to_string();
        let status = std::process::Command::new("kill")
            .args(["-s", name, &id])
            .status()
            .expect("kill");
        assert!(status.success());
    }

    /// Waits until the process is in this state (`T` is stopped).
    pub(crate) fn wait_state(&self, state: char) {
        let id = self.child.process_id().expect("runs");
        let until = Instant::now() + PATIENCE;
        loop {
            let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
            let now = stat
                .rsplit(')')
                .next()
                .and_then(|rest| rest.trim().chars().next());
            if now == Some(state) {
                return;
            }
            assert!(
                Instant::now() < until,
                "the process is {now:?}, not {state}"
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits for the end; the exit code.
    pub(crate) fn end(&mut self) -> u32 {
        let until = Instant::now() + PATIENCE;
        let code = loop {
            if let Some(status) = self.child.try_wait().expect("waits") {
                break status.exit_code();
            }
            assert!(
                Instant::now() < until,
                "it does not end:\n{}",
                self.contents()
            );
            std::thread::sleep(Duration::from_millis(5));
        };
        let mut held = lock(&self.seen.0);
        while !held.ended {
            held = self
                .seen
                .1
                .wait_timeout(held, Duration::from_secs(5))
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        code
    }

    /// The process.
    pub(crate) fn id(&self) -> u32 {
        self.child.process_id().expect("runs")
    }

    /// The screen as text.
    pub(crate) fn contents(&self) -> String {
        lock(&self.seen.0).parser.screen().contents()
    }

    /// Everything that was written.
    pub(crate) fn raw(&self) -> Vec<u8> {
        lock(&self.seen.0).raw.clone()
    }

    /// Panics unless the terminal is as a shell wants it.
    pub(crate) fn given_back(&self) {
        let held = lock(&self.seen.0);
        let screen = held.parser.screen();
        assert!(!screen.alternate_screen(), "the alternate screen is left");
        assert!(!screen.hide_cursor(), "the cursor is shown");
        assert!(!screen.bracketed_paste(), "paste is plain");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        // It has ended, or the test has failed and nobody wants it any more.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
