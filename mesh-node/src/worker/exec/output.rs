//! What a process writes, read within bounds.

use std::collections::VecDeque;
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt};

/// Bytes of a result at most; what a message carries.
pub(super) const RESULT_MAX: usize = mesh_core::message::TaskSaid::RESULT_MAX;
/// Bytes of standard error that are kept: its end.
pub(super) const TAIL_MAX: usize = 4 * 1024;
/// Bytes of standard error of one task that are read at all.
pub(super) const ERRORS_MAX: u64 = 16 * 1024 * 1024;

/// More came than may.
#[derive(Debug)]
pub(super) struct Flood;

/// All that comes, up to a bound.
pub(super) async fn collect(mut from: impl AsyncRead + Unpin) -> Result<Vec<u8>, Flood> {
    let mut held = Vec::new();
    let mut chunk = vec![0; 16 * 1024];
    loop {
        match from.read(&mut chunk).await {
            // A stream that breaks has ended: how the process ends says more.
            Ok(0) | Err(_) => return Ok(held),
            Ok(count) if held.len() + count > RESULT_MAX => return Err(Flood),
            Ok(count) => held.extend_from_slice(&chunk[..count]),
        }
    }
}

/// The end of what comes. It is put in `tail` as it comes, so that it is there when the reading is given up.
pub(super) async fn keep_tail(
    mut from: impl AsyncRead + Unpin,
    tail: &std::sync::Mutex<VecDeque<u8>>,
    max: u64,
) -> Result<(), Flood> {
    let mut chunk = vec![0; 16 * 1024];
    let mut read = 0;
    loop {
        let count = match from.read(&mut chunk).await {
            Ok(0) | Err(_) => return Ok(()),
            Ok(count) => count,
        };
        read += count as u64;
        if read > max {
            return Err(Flood);
        }
        let mut tail = tail
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        tail.extend(&chunk[..count]);
        let surplus = tail.len().saturating_sub(TAIL_MAX);
        tail.drain(..surplus);
    }
}

/// What was kept, as text. A character that was cut at the beginning is left out.
pub(super) fn words(tail: &std::sync::Mutex<VecDeque<u8>>) -> String {
    let mut tail = tail
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let text = String::from_utf8_lossy(tail.make_contiguous()).into_owned();
    text.trim_start_matches('\u{fffd}').trim().to_owned()
}

/// The next line, without its end; `None` at the end of the stream. One that is too long is an error, and so is what
/// breaks.
#[derive(Debug)]
pub(super) struct LineReader<R> {
    from: R,
    held: Vec<u8>,
    /// Up to here there is no end of a line.
    looked: usize,
    max: usize,
}

impl<R: AsyncRead + Unpin> LineReader<R> {
    pub(super) const fn new(from: R, max: usize) -> Self {
        Self {
            from,
            held: Vec::new(),
            looked: 0,
            max,
        }
    }

    /// Can be given up between two calls and in the middle of one: nothing that was read is lost.
    pub(super) async fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            let end = self.held[self.looked..]
                .iter()
                .position(|byte| *byte == b'\n');
            if let Some(end) = end {
                let rest = self.held.split_off(self.looked + end + 1);
                let mut line = std::mem::replace(&mut self.held, rest);
                line.pop();
                self.looked = 0;
                return Ok(Some(line));
            }
            self.looked = self.held.len();
            if self.held.len() > self.max {
                return Err(io::Error::other(format!(
                    "a line of more than {} bytes",
                    self.max
                )));
            }
            if self.from.read_buf(&mut self.held).await? == 0 {
                let last = std::mem::take(&mut self.held);
                self.looked = 0;
                return Ok((!last.is_empty()).then_some(last));
            }
        }
    }
}
