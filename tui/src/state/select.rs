//! A window on the rows: filtered, sorted, cut out. The rows before it are selected, not sorted, and nothing is copied.

use super::mesh::{Agent, Mesh, RowNo};
use mesh_core::place::scope::Filter;
use mesh_core::place::{ClusterId, SectorId};

/// Where rows are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Within {
    /// Everywhere.
    #[default]
    Mesh,
    /// In a sector.
    Sector(SectorId),
    /// In a cluster.
    Cluster(ClusterId),
}

/// What rows are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum SortKey {
    /// Slowest first.
    #[default]
    Impedance,
    /// By place.
    Place,
    /// Fullest first.
    Queue,
    /// Least steady first.
    Drift,
    /// Least reliable first.
    Reliability,
    /// Longest silent first.
    Beat,
}

impl SortKey {
    /// In the order in which a key press goes through them.
    pub(crate) const ALL: [Self; 6] = [
        Self::Impedance,
        Self::Place,
        Self::Queue,
        Self::Drift,
        Self::Reliability,
        Self::Beat,
    ];

    /// The next one.
    pub(crate) fn next(self) -> Self {
        let at = Self::ALL.iter().position(|key| *key == self).unwrap_or(0);
        Self::ALL[(at + 1) % Self::ALL.len()]
    }

    /// As a title says it.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Impedance => "z desc",
            Self::Place => "place",
            Self::Queue => "queue desc",
            Self::Drift => "drift desc",
            Self::Reliability => "reliability asc",
            Self::Beat => "beat desc",
        }
    }

    /// What is smallest for the row that comes first; the row's number decides between equals.
    fn rank(self, agent: Agent<'_>) -> u64 {
        let most = |value: u64| u64::from(u32::MAX) - value.min(u64::from(u32::MAX));
        match self {
            Self::Impedance => most(u64::from(agent.z().map_or(0, |z| z.saturating_add(1)))),
            Self::Place => 0,
            Self::Queue => most(u64::from(agent.pending())),
            Self::Drift => most((agent.variation() * 1_000.0) as u64),
            Self::Reliability => (agent.success().value() * 10_000.0) as u64,
            Self::Beat => most(
                agent
                    .silence()
                    .map_or(u64::from(u32::MAX), |silent| silent.0.max(0) as u64 / 1_000),
            ),
        }
    }
}

/// What is looked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Query {
    /// Where.
    pub(crate) within: Within,
    /// Of whom all this is true.
    pub(crate) filter: Option<Filter>,
    /// In which order.
    pub(crate) sort: SortKey,
}

/// Rows from `offset` on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Window {
    /// How many rows match in all.
    pub(crate) total: usize,
    /// Of how many.
    pub(crate) of: usize,
    /// The number of the first row in the window, from 0.
    pub(crate) offset: usize,
    /// The rows of the window.
    pub(crate) rows: Vec<RowNo>,
}

impl Mesh {
    /// The rows of a place, known or not.
    fn range(&self, within: Within) -> core::ops::Range<RowNo> {
        let shape = self.shape_or_none();
        let per_cluster = RowNo::from(shape.agents);
        let per_sector = per_cluster * RowNo::from(shape.clusters);
        let range = match within {
            Within::Mesh => 0..self.len(),
            Within::Sector(id) => {
                let start = RowNo::from(id.0.saturating_sub(1)) * per_sector;
                start..start + per_sector
            }
            Within::Cluster(id) => {
                let start = RowNo::from(id.sector.0.saturating_sub(1)) * per_sector
                    + RowNo::from(id.cluster.saturating_sub(1)) * per_cluster;
                start..start + per_cluster
            }
        };
        range.start.min(self.len())..range.end.min(self.len())
    }

    /// The window of `len` rows from `offset` on; an offset beyond the end shows the end.
    pub(crate) fn window(&self, query: &Query, offset: usize, len: usize) -> Window {
        let mut of = 0;
        let mut ranked: Vec<(u64, RowNo)> = self
            .range(query.within)
            .filter_map(|row| self.at(row))
            .inspect(|_| of += 1)
            .filter(|agent| {
                query
                    .filter
                    .as_ref()
                    .is_none_or(|filter| filter.matches(agent))
            })
            .map(|agent| (query.sort.rank(agent), agent.row()))
            .collect();
        let total = ranked.len();
        let offset = offset.min(total.saturating_sub(len));
        let end = (offset + len).min(total);
        if query.sort != SortKey::Place && end > 0 {
            if end < total {
                ranked.select_nth_unstable(end - 1);
            }
            if offset > 0 {
                ranked[..end].select_nth_unstable(offset);
            }
            ranked[offset..end].sort_unstable();
        }
        Window {
            total,
            of,
            offset,
            rows: ranked[offset..end].iter().map(|(_, row)| *row).collect(),
        }
    }

    /// Where an agent stands in the order of a query; none when the query does not find it.
    pub(crate) fn position(&self, query: &Query, row: RowNo) -> Option<usize> {
        let finds = |agent: &Agent<'_>| {
            query
                .filter
                .as_ref()
                .is_none_or(|filter| filter.matches(agent))
        };
        let wanted = self
            .at(row)
            .filter(finds)
            .map(|agent| (query.sort.rank(agent), row))?;
        let range = self.range(query.within);
        range.contains(&row).then(|| {
            range
                .filter_map(|row| self.at(row))
                .filter(finds)
                .filter(|agent| (query.sort.rank(*agent), agent.row()) < wanted)
                .count()
        })
    }
}
