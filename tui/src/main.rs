//! `mesh`, the console: a full screen on a mesh, and every operation as a command.
//!
//! | module | what it is |
//! |---|---|
//! | `cli` | the command line, made from the operation table |
//! | `state` | everything that the console knows, as plain data |
//! | `update` | from an event to a changed state and to what is to be done outside |
//! | `view` | from state to cells |
//! | `run` | the loop, the connection, the terminal's events |
//! | `term` | the terminal, taken and given back |
//! | `theme` | roles, colours and glyphs |
//! | `parse` | what sentences are understood as, for scripts |
//! | `report` | answers as something to be read |
//! | `words` | sentences to operations |
//! | `complete` | the rest of a word |

mod cli;
mod complete;
#[cfg(test)]
mod figures;
#[cfg(test)]
mod fixture;
mod model;
mod parse;
mod report;
mod run;
mod state;
mod term;
mod theme;
mod update;
mod view;
mod words;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
