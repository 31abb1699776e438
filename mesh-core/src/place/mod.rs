//! Where an agent is, what kind it is, and how people and commands name sets of them.

mod class;
mod id;
pub mod scope;
mod shape;
mod slots;

pub use class::{Class, ClassPrior, ClassSet};
pub use id::{AgentId, ClusterId, PlaceError, SectorId};
pub use shape::{Shape, ShapeError};
pub use slots::Slots;
