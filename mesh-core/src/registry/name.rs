//! Names of capabilities and tasks as numbers, so that a row is small and a filter compares words of a machine.

use crate::place::scope::{Name, NameError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A set of capabilities, as bits of one [`Capabilities`]; it means nothing under another.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct CapabilitySet(pub u64);

impl CapabilitySet {
    /// No capability.
    pub const EMPTY: Self = Self(0);

    /// Those in either.
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` are in it.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// The capabilities known here, in the order in which they were first heard of.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Capabilities(Vec<Name>);

/// A capability that cannot be kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CapabilityError {
    /// Not a name.
    #[error("capability {0}")]
    Name(#[from] NameError),
    /// The table is full.
    #[error(
        "no room for the capability {name}: a mesh knows at most {} of them",
        Capabilities::MAX
    )]
    Full {
        /// The one too many.
        name: Name,
    },
}

impl Capabilities {
    /// Capabilities of a whole mesh at most: the bits of a row's set. Kinds of work are few; what an agent works on is
    /// its task.
    pub const MAX: usize = 64;

    /// The set of one, remembered if it is new.
    pub fn intern(&mut self, text: &str) -> Result<CapabilitySet, CapabilityError> {
        let name = Name::new(text)?;
        if let Some(known) = self.find(name.as_str()) {
            return Ok(known);
        }
        if self.0.len() >= Self::MAX {
            return Err(CapabilityError::Full { name });
        }
        self.0.push(name);
        Ok(CapabilitySet(1 << (self.0.len() - 1)))
    }

    /// The set of all of these, remembered if they are new. Stops at the first that cannot be kept.
    pub fn intern_all<'a>(
        &mut self,
        texts: impl IntoIterator<Item = &'a str>,
    ) -> Result<CapabilitySet, CapabilityError> {
        texts
            .into_iter()
            .try_fold(CapabilitySet::EMPTY, |set, text| {
                Ok(set.or(self.intern(text)?))
            })
    }

    /// The set of one that is already known.
    pub fn find(&self, name: &str) -> Option<CapabilitySet> {
        let position = self
            .0
            .iter()
            .take(Self::MAX)
            .position(|n| n.as_str() == name)?;
        Some(CapabilitySet(1 << position))
    }

    /// The names in a set.
    pub fn names(&self, set: CapabilitySet) -> impl Iterator<Item = &Name> {
        let held = move |&(bit, _): &(usize, &Name)| set.0 >> bit & 1 == 1;
        let known = self.0.iter().take(Self::MAX).enumerate();
        known.filter(held).map(|(_, name)| name)
    }

    /// A set of `other`'s bits in bits of these; what does not fit any more is left out.
    pub fn translate(&mut self, other: &Self, set: CapabilitySet) -> CapabilitySet {
        other
            .names(set)
            .filter_map(|name| self.intern(name.as_str()).ok())
            .fold(CapabilitySet::EMPTY, CapabilitySet::or)
    }
}

/// A task's name as a number of one [`Tasks`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct TaskId(u16);

impl TaskId {
    /// No task.
    pub const IDLE: Self = Self(0);
    /// A task whose name found no room.
    pub const OTHER: Self = Self(1);
    const FIRST: u16 = 2;

    /// From [`TaskId::number`].
    pub(crate) const fn of_number(number: u16) -> Self {
        Self(number)
    }

    /// The number itself, to sort and group by.
    pub const fn number(self) -> u16 {
        self.0
    }
}

/// The names of the tasks that rows are at, each kept as long as a row needs it.
#[derive(Debug, Clone, Default)]
pub struct Tasks {
    numbers: BTreeMap<Name, TaskId>,
    /// Name and how many rows are at it, by number; free places have no name.
    slots: Vec<(Option<Name>, u32)>,
    free: Vec<TaskId>,
}

impl Tasks {
    /// Different task names at a time at most: 4,096 names of 64 characters are a quarter of a megabyte. A mesh has a
    /// few dozen; past this bound a row says [`TaskId::OTHER`].
    pub const MAX: usize = 4_096;

    /// The number of a name, counting one more row at it. `None` is no task.
    pub(super) fn take(&mut self, name: Option<&Name>) -> TaskId {
        let Some(name) = name else {
            return TaskId::IDLE;
        };
        if let Some(&known) = self.numbers.get(name) {
            self.slots[Self::slot(known)].1 += 1;
            return known;
        }
        let entry = (Some(name.clone()), 1);
        let id = if let Some(id) = self.free.pop() {
            self.slots[Self::slot(id)] = entry;
            id
        } else if self.slots.len() < Self::MAX {
            self.slots.push(entry);
            TaskId(self.slots.len() as u16 - 1 + TaskId::FIRST)
        } else {
            return TaskId::OTHER;
        };
        self.numbers.insert(name.clone(), id);
        id
    }

    /// One row fewer at it.
    pub(super) fn drop(&mut self, id: TaskId) {
        if id.0 < TaskId::FIRST {
            return;
        }
        let (name, rows) = &mut self.slots[Self::slot(id)];
        *rows -= 1;
        if *rows == 0
            && let Some(name) = name.take()
        {
            self.numbers.remove(&name);
            self.free.push(id);
        }
    }

    /// The number of a name that some row is at.
    pub fn find(&self, name: &str) -> Option<TaskId> {
        self.numbers.get(name).copied()
    }

    /// The name of a number; `None` for no task and for one whose name found no room.
    pub fn name(&self, id: TaskId) -> Option<&Name> {
        let slot = id.0.checked_sub(TaskId::FIRST)?;
        self.slots.get(usize::from(slot))?.0.as_ref()
    }

    fn slot(id: TaskId) -> usize {
        usize::from(id.0 - TaskId::FIRST)
    }
}
