//! The door: the one way in from above, for the console, the conversation, the command line and scripts.
//!
//! Whoever wants something of a mesh connects to its door, says hello, and then looks, asks and follows. The bytes are
//! the same over a pipe in memory and over a Unix socket; `frame` says what they mean and `wire` how they are written.
//!
//! | file | what it is |
//! |---|---|
//! | [`frame`] | what is said, in both directions |
//! | [`wire`] | frames as bytes: a length and `MessagePack` with named fields |
//! | [`address`] | where a mesh's door is |
//! | [`porter`] | the mesh's side: hands requests in, and brings what comes back to whoever asked |
//! | [`guest`] | the mesh's side of one connection |
//! | [`socket`] | a door on a Unix socket, for its owner alone |
//! | [`client`] | the caller's side: what console, conversation and command line hold |
//!
//! Following is made so that nothing can pile up: the mesh's side asks for the next changes only when the last ones have
//! been written to the connection, so a slow client gets fewer frames, each with more in it.

pub mod address;
pub mod client;
mod error;
pub mod frame;
pub mod guest;
pub mod porter;
#[cfg(unix)]
pub mod socket;
#[cfg(test)]
mod tests;
pub mod wire;

pub use address::Address;
pub use client::{Client, Feed, News, Pending, Visitor};
pub use error::DoorError;
pub use frame::Welcome;
pub use porter::{Porter, Request, Requests};
