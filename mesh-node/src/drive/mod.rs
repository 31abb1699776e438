//! Who holds the roles and does what they ask.

mod address;
pub mod local;
pub mod nats;
pub mod sim;
mod vouched;
