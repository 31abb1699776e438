//! Keys, certificates, admission, places and seats (§9, PROTOCOL §10).
//!
//! | module | what it is |
//! |---|---|
//! | [`key`] | public keys, signatures, signers; Ed25519 and the simulator's stand-in behind one [`Scheme`] |
//! | [`sealed`] | bytes with a signature behind them: the one form of everything that is signed |
//! | [`batch`] | many signatures checked at once |
//! | [`certificate`] | what the root key, or who it trusts to, says of another key |
//! | [`keyring`] | who is admitted, where it sits and what it may do |
//! | [`command`] | the orchestrator's own signature inside the hop's |
//! | [`proof`] | what an agent says for itself, what an operator asks |
//! | [`rights`] | what kinds of key there are, and what each may at most be or do |
//! | [`token`] | one-time words that let a node in |
//! | [`session`] | an operator's eight hours |
//! | [`seat`] | seats, claims, the compare-and-set table, and the fence that children keep |
//! | [`tenure`] | how a seat is claimed, kept and lost |
//!
//! Nothing here draws randomness: seeds of keys and secrets of tokens are given by whoever drives the mesh.

pub mod batch;
pub mod certificate;
pub mod command;
#[cfg(test)]
pub(crate) mod fixture;
pub mod key;
pub mod keyring;
pub mod proof;
pub mod rights;
pub mod sealed;
pub mod seat;
pub mod session;
mod stand_in;
pub mod tenure;
pub mod token;

pub use key::{KeyId, PublicKey, Scheme, SecretKey, Signature, Signer};
pub use keyring::{Act, Keyring, Refusal};
pub use rights::{Holder, Limits, Right, Rights};
pub use sealed::{Genuine, Purpose, Sealed};
pub use seat::{Fence, Reach, Seat};
pub use stand_in::{Mark, Pen, World};
