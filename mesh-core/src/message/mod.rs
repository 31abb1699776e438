//! What travels.

pub mod context;
pub mod envelope;
