//! Words to operations, operations and findings back to words.
//!
//! No input or output of its own, no clock, no model needed ([`model`], which has all three, is off unless it is named): a line and a [`Context`] make a [`Reading`], and the context
//! is what the next line is read with.
//!
//! | file | what it is |
//! |---|---|
//! | `token`, `lexicon` | a line as tokens; which words are known, and what a mistyped one was meant to be |
//! | `quantity`, `phrase` | numbers, lengths of time, places, and whom a noun phrase means |
//! | `piece`, `frame` | a clause as pieces; the rows of words that make an operation |
//! | `opening`, `clause`, `compile` | politeness off, one clause to one operation, several clauses to several |
//! | `act`, `payload`, `rows`, `watch`, `question` | the kinds of clauses |
//! | `context`, `select`, `follow`, `answer`, `dialogue` | what "it" and "no, 8" mean, yes and no, one turn after another |
//! | `explain`, `glossary` | what words and operations mean |
//! | [`model`] | a second opinion on what is rejected or doubted, by a chat model |
//! | `reading` | the result, in the form of the conversation contract |

mod act;
mod answer;
mod clause;
mod compile;
mod context;
mod dialogue;
mod draft;
mod explain;
mod follow;
mod frame;
mod glossary;
mod heads;
mod lexicon;
mod miss;
pub mod model;
mod opening;
mod payload;
mod phrase;
mod piece;
mod quantity;
mod question;
mod reader;
mod reading;
mod rows;
mod select;
mod token;
mod watch;

pub use context::Context;
pub use dialogue::{LINE_MAX, turn};
pub use explain::explain;
pub use reading::{Kind, Reading};
