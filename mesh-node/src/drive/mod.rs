//! Who holds the roles and does what they ask.

pub mod local;
pub mod sim;
