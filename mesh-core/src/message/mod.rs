//! What travels.

pub mod context;
pub mod delivery;
pub mod envelope;
mod id;

pub use id::{Epoch, IdMint, Lamport, MessageId};
