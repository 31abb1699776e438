//! Regions as numbers, ordered so that everything below a place lies in one range.

use crate::place::scope::Region;
use crate::place::{SectorId, Shape};
use core::ops::RangeInclusive;

/// Above every place: sectors end at [`Shape::SECTORS_MAX`], far below 0xFFFF.
pub(super) const CLASSES_FIRST: u32 = 0xFFFF_0000;

/// What the store of levels needs of a region beside what everybody does.
pub(crate) trait Node: Copy {
    /// Whether the numbers can belong to a mesh at all (each from 1, at most [`Shape::SECTORS_MAX`] and
    /// [`Shape::CHILDREN_MAX`]).
    fn is_possible(self) -> bool;

    /// One number per region: places in tree order after the whole mesh, classes after all places. Distinct for all
    /// possible regions.
    fn node(self) -> u32;

    /// The nodes of everything that surely lies in it, as one range.
    fn node_span(self) -> RangeInclusive<u32>;

    /// Itself and the places that contain it, the widest first.
    fn line(self) -> impl Iterator<Item = Self>;
}

impl Node for Region {
    fn is_possible(self) -> bool {
        let child = |number: u8| (1..=Shape::CHILDREN_MAX).contains(&number);
        let sector = |id: SectorId| (1..=Shape::SECTORS_MAX).contains(&id.0);
        match self {
            Self::All | Self::Class(_) => true,
            Self::Sector(id) => sector(id),
            Self::Cluster(id) => sector(id.sector) && child(id.cluster),
            Self::Agent(id) => sector(id.sector()) && child(id.cluster.cluster) && child(id.agent),
        }
    }

    fn node(self) -> u32 {
        match self {
            Self::All => 0,
            Self::Sector(id) => u32::from(id.0) << 16,
            Self::Cluster(id) => u32::from(id.sector.0) << 16 | u32::from(id.cluster) << 8,
            Self::Agent(id) => id.pack(),
            Self::Class(class) => CLASSES_FIRST + class as u32,
        }
    }

    fn node_span(self) -> RangeInclusive<u32> {
        let first = self.node();
        let width = match self {
            Self::All => u32::MAX,
            Self::Sector(_) => 0xFFFF,
            Self::Cluster(_) => 0xFF,
            Self::Agent(_) | Self::Class(_) => 0,
        };
        first..=first + width
    }

    fn line(self) -> impl Iterator<Item = Self> {
        let own = matches!(self, Self::Agent(_) | Self::Class(_)).then_some(self);
        [
            Some(Self::All),
            self.sector().map(Self::Sector),
            self.cluster().map(Self::Cluster),
            own,
        ]
        .into_iter()
        .flatten()
    }
}
