//! `mesh`, the full-screen console.
//!
//! The console is built after the node whose door it opens; until then this program says so and points at what runs.

use std::process::ExitCode;

fn main() -> ExitCode {
    eprintln!(
        "mesh: the console is not part of this version; run `cargo run --release -p mesh-node -- sim` to see the protocol at work"
    );
    ExitCode::from(69)
}
