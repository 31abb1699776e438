//! Scopes as operations carry them: those of [`crate::place::scope`], and what operations ask of them besides.

pub use crate::place::scope::Scopes;
use crate::place::scope::{Region, Scope};
use crate::place::{AgentId, ClusterId, SectorId};

impl Scopes {
    /// These agents by name, at most [`Scopes::MAX`]; nobody gives `None`, since an empty scope is none.
    pub fn agents(ids: impl IntoIterator<Item = AgentId>) -> Option<Self> {
        Self::new(
            ids.into_iter()
                .take(Self::MAX)
                .map(|id| Scope::Region(Region::Agent(id))),
        )
        .ok()
    }

    /// The regions among them, without filters.
    pub fn regions(&self) -> impl Iterator<Item = Region> {
        self.as_slice().iter().filter_map(Scope::region)
    }

    /// The sectors that they name.
    pub fn sectors(&self) -> impl Iterator<Item = SectorId> {
        self.regions().filter_map(|region| match region {
            Region::Sector(id) => Some(id),
            Region::All | Region::Cluster(_) | Region::Agent(_) | Region::Class(_) => None,
        })
    }

    /// The clusters that they name.
    pub fn clusters(&self) -> impl Iterator<Item = ClusterId> {
        self.regions().filter_map(|region| match region {
            Region::Cluster(id) => Some(id),
            Region::All | Region::Sector(_) | Region::Agent(_) | Region::Class(_) => None,
        })
    }
}
