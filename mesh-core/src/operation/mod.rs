//! What the console may ask, what it gets back, and the events in between: the only door from above.
//!
//! | file | what it is |
//! |---|---|
//! | [`table`] | one row for each operation: arguments, risk, help, examples |
//! | [`word`], [`value`], [`scope`] | what arguments are made of |
//! | [`kind`] | the typed operations, in the JSON form of the conversation contract |
//! | [`read`] | JSON to operation, with errors that say what would be right |
//! | [`line`](mod@line) | an operation as the command line that does the same, and back |
//! | [`risk`] | what changes the mesh, what needs a yes, what undoes what, what a mode looks at |
//! | [`answer`], [`refusal`], [`event`] | what comes back |
//! | [`follow`] | what a console is shown: all of the mesh, then what has changed since it looked last |
//! | [`view`] | what this folder needs to know of the mesh |
//! | [`preview`] | who would be touched, found by the code that acts |
//! | [`heal`], [`scale`], [`settle`] | recovery and growth as concrete steps (§7.1, §10.2) |
//! | [`task`], [`resource`], [`pipeline`], [`review`], [`schedule`], [`undo`] | what is kept between operations |

mod access;
pub mod answer;
pub mod event;
pub mod follow;
pub mod heal;
pub mod kind;
pub mod line;
pub mod pipeline;
pub mod preview;
pub mod read;
pub mod refusal;
pub mod resource;
pub mod review;
pub mod risk;
pub mod scale;
pub mod schedule;
pub mod scope;
pub mod settle;
pub mod table;
pub mod task;
pub mod undo;
pub mod value;
pub mod view;
pub mod word;

pub use answer::{Answer, Progress};
pub use event::Event;
pub use kind::Operation;
pub use read::OperationError;
pub use refusal::Refusal;
pub use risk::{Confirm, Traits};
pub use scope::Scopes;
pub use value::{At, Condition, Millis, Seconds};
pub use view::View;
