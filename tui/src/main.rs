//! `mesh`, the full-screen console.
//!
//! The console is built after the node whose door it opens; until then this program says so and points at what runs.

mod parse;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// The console of the mesh.
#[derive(Debug, Parser)]
#[command(name = "mesh", version)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Shows what is understood of each line of standard input, as JSON, and does nothing.
    Parse,
}

fn main() -> ExitCode {
    match Arguments::parse().command {
        Some(Command::Parse) => match parse::run() {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("mesh parse: {error}");
                ExitCode::FAILURE
            }
        },
        None => {
            eprintln!(
                "mesh: the console is not part of this version; run `cargo run --release -p mesh-node -- sim` to see the protocol at work"
            );
            ExitCode::from(69)
        }
    }
}
