//! Standard output, buffered and counted: how many bytes the console sends is one of its figures.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes written so far; shared with whoever shows it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Written(Arc<AtomicU64>);

impl Written {
    /// How many.
    pub(crate) fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A writer that holds a frame until it is flushed, so that it reaches the terminal in one piece.
#[derive(Debug)]
pub(crate) struct Counted<W> {
    inner: W,
    frame: Vec<u8>,
    written: Written,
}

impl<W: Write> Counted<W> {
    /// Around `inner`.
    pub(crate) fn new(inner: W, written: Written) -> Self {
        Self {
            inner,
            frame: Vec::with_capacity(64 * 1024),
            written,
        }
    }
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.frame.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.written
            .0
            .fetch_add(self.frame.len() as u64, Ordering::Relaxed);
        let result = self.inner.write_all(&self.frame);
        self.frame.clear();
        result?;
        self.inner.flush()
    }
}
