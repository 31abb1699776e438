//! `mesh parse`: what the language layer understands, one JSON object a line, and nothing else happens.

use std::io::{self, Write as _};

/// Reads utterances from standard input until it ends. An empty line ends the dialogue so far and prints nothing.
pub(crate) fn run() -> io::Result<()> {
    let mut input = io::stdin().lock();
    let mut output = io::stdout().lock();
    let mut context = nl::Context::default();
    let mut line = Vec::new();
    loop {
        line.clear();
        if read_line(&mut input, &mut line)? == 0 {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end_matches(['\r', '\n']);
        let blank = text.chars().all(char::is_whitespace);
        let reading = nl::turn(text, &mut context);
        if !blank {
            serde_json::to_writer(&mut output, &reading.to_json())?;
            output.write_all(b"\n")?;
            output.flush()?;
        }
    }
}

/// One line into `line`; of a line longer than any sentence only the beginning is kept.
fn read_line(input: &mut impl io::BufRead, line: &mut Vec<u8>) -> io::Result<usize> {
    let mut read = 0;
    loop {
        let chunk = input.fill_buf()?;
        if chunk.is_empty() {
            return Ok(read);
        }
        let (used, ends) = match chunk.iter().position(|byte| *byte == b'\n') {
            Some(at) => (at + 1, true),
            None => (chunk.len(), false),
        };
        let room = (nl::LINE_MAX + 1).saturating_sub(line.len());
        line.extend_from_slice(&chunk[..used.min(room)]);
        input.consume(used);
        read += used;
        if ends {
            return Ok(read);
        }
    }
}
