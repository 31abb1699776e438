//! Measured values of each agent, a cluster and a step to a row, rolled up by age: minutes for two hours, quarters of an
//! hour for two days, hours for thirty.

use super::write::packed;
use super::{Store, StoreError, failed};
use mesh_core::place::ClusterId;
use mesh_core::time::{Micros, WallTime};
use serde::{Deserialize, Serialize};
use sqlx::Row as _;
use sqlx::any::AnyRow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Rows that one statement writes: well below what databases take of parameters.
const AT_ONCE: usize = 200;
/// Rows that are rolled up at once; a mesh of thirty thousand makes a thousand a minute.
const ROLLED_AT_ONCE: i64 = 4_000;

/// How much time one row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// As it was measured.
    Minute,
    /// A quarter of an hour.
    Quarter,
    /// An hour.
    Hour,
}

impl Step {
    /// From the finest to the coarsest.
    pub const ALL: [Self; 3] = [Self::Minute, Self::Quarter, Self::Hour];

    /// How long it is.
    pub const fn length(self) -> Micros {
        match self {
            Self::Minute => Micros::seconds(60),
            Self::Quarter => Micros::seconds(15 * 60),
            Self::Hour => Micros::seconds(3_600),
        }
    }

    /// How long its rows are kept.
    const fn kept(self) -> Micros {
        match self {
            Self::Minute => Micros::seconds(2 * 3_600),
            Self::Quarter => Micros::seconds(2 * 86_400),
            Self::Hour => Micros::seconds(30 * 86_400),
        }
    }

    const fn coarser(self) -> Option<Self> {
        match self {
            Self::Minute => Some(Self::Quarter),
            Self::Quarter => Some(Self::Hour),
            Self::Hour => None,
        }
    }
}

/// An agent within one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentPoint {
    /// Its slot in the cluster.
    pub slot: u8,
    /// How often it was looked at.
    pub looks: u32,
    /// At how many of them it was active.
    pub active: u32,
    /// At how many of them its impedance was known.
    pub known: u32,
    /// The mean of its impedance, where that was known, in microseconds.
    pub mean: u32,
    /// The largest.
    pub worst: u32,
}

impl AgentPoint {
    /// The same agent over both times.
    fn and(self, other: Self) -> Self {
        let known = self.known + other.known;
        let sum = u64::from(self.mean) * u64::from(self.known)
            + u64::from(other.mean) * u64::from(other.known);
        Self {
            slot: self.slot,
            looks: self.looks + other.looks,
            active: self.active + other.active,
            known,
            mean: sum.checked_div(u64::from(known)).unwrap_or(0) as u32,
            worst: self.worst.max(other.worst),
        }
    }
}

/// A cluster within one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    /// Which cluster.
    pub cluster: ClusterId,
    /// When the step began.
    pub at: WallTime,
    /// How long it is.
    pub step: Step,
    /// Those of its agents that there were.
    pub agents: Vec<AgentPoint>,
}

impl Store {
    pub(super) async fn write_history(&mut self, points: &[Point]) -> Result<(), StoreError> {
        for some in points.chunks(AT_ONCE) {
            let mut rows = Vec::with_capacity(some.len());
            for point in some {
                rows.push((point, packed("history", &point.agents, self)?));
            }
            let mut query = sqlx::QueryBuilder::<sqlx::Any>::new(
                "INSERT INTO history (step, place, at, body) ",
            );
            query.push_values(rows, |mut row, (point, body)| {
                row.push_bind(point.step.length().0)
                    .push_bind(point.cluster.to_string())
                    .push_bind(point.at.0)
                    .push_bind(body);
            });
            query.push(" ON CONFLICT (step, place, at) DO UPDATE SET body = excluded.body");
            let written = query.build().execute(&mut self.conn).await;
            written.map_err(failed(&self.at, "keeping history"))?;
        }
        Ok(())
    }

    /// A cluster's history since some time, at all steps, the oldest first.
    pub async fn history(
        &mut self,
        cluster: ClusterId,
        since: WallTime,
    ) -> Result<Vec<Point>, StoreError> {
        let doing = failed(&self.at, "reading history");
        let rows = sqlx::query(
            "SELECT step, place, at, body FROM history WHERE place = $1 AND at >= $2 ORDER BY at, step",
        )
        .bind(cluster.to_string())
        .bind(since.0)
        .fetch_all(&mut self.conn)
        .await
        .map_err(doing)?;
        rows.iter().map(|row| self.point(row)).collect()
    }

    /// What is too old for its step becomes part of the next coarser one.
    pub(super) async fn roll_up(&mut self, now: WallTime) -> Result<(), StoreError> {
        for step in Step::ALL {
            let Some(coarser) = step.coarser() else {
                let gone = sqlx::query("DELETE FROM history WHERE step = $1 AND at < $2")
                    .bind(step.length().0)
                    .bind(now.0 - step.kept().0)
                    .execute(&mut self.conn)
                    .await;
                gone.map_err(failed(&self.at, "tidying history"))?;
                continue;
            };
            self.roll_up_step(now, step, coarser).await?;
        }
        Ok(())
    }

    async fn roll_up_step(
        &mut self,
        now: WallTime,
        step: Step,
        coarser: Step,
    ) -> Result<(), StoreError> {
        let place = self.at.clone();
        let doing = failed(&place, "rolling up history");
        // Whole coarser steps only, so that each is made once.
        let bound = begins(coarser, WallTime(now.0 - step.kept().0)).0;
        let rows = sqlx::query(
            "SELECT step, place, at, body FROM history WHERE step = $1 AND at < $2 ORDER BY at LIMIT $3",
        )
        .bind(step.length().0)
        .bind(bound)
        .bind(ROLLED_AT_ONCE)
        .fetch_all(&mut self.conn)
        .await
        .map_err(&doing)?;
        let mut merged: BTreeMap<(ClusterId, i64), BTreeMap<u8, AgentPoint>> = BTreeMap::new();
        for row in &rows {
            let point = self.point(row)?;
            let at = begins(coarser, point.at).0;
            add(merged.entry((point.cluster, at)).or_default(), point.agents);
        }
        let mut points = Vec::with_capacity(merged.len());
        for ((cluster, at), mut agents) in merged {
            // A part of it may be there from the last time.
            let there = sqlx::query(
                "SELECT step, place, at, body FROM history WHERE step = $1 AND place = $2 AND at = $3",
            )
            .bind(coarser.length().0)
            .bind(cluster.to_string())
            .bind(at)
            .fetch_optional(&mut self.conn)
            .await
            .map_err(&doing)?;
            if let Some(row) = there {
                add(&mut agents, self.point(&row)?.agents);
            }
            points.push(Point {
                cluster,
                at: WallTime(at),
                step: coarser,
                agents: agents.into_values().collect(),
            });
        }
        self.write_history(&points).await?;
        for row in &rows {
            let (place, at): (String, i64) = (
                row.try_get(1).map_err(&doing)?,
                row.try_get(2).map_err(&doing)?,
            );
            let gone =
                sqlx::query("DELETE FROM history WHERE step = $1 AND place = $2 AND at = $3")
                    .bind(step.length().0)
                    .bind(place)
                    .bind(at)
                    .execute(&mut self.conn)
                    .await;
            gone.map_err(&doing)?;
        }
        Ok(())
    }

    fn point(&self, row: &AnyRow) -> Result<Point, StoreError> {
        let doing = failed(&self.at, "reading history");
        let length: i64 = row.try_get(0).map_err(&doing)?;
        let place: String = row.try_get(1).map_err(&doing)?;
        let body: Vec<u8> = row.try_get(3).map_err(&doing)?;
        let step = Step::ALL.into_iter().find(|step| step.length().0 == length);
        let step = step.ok_or_else(|| self.unreadable("history", &"a step of another length"))?;
        let cluster: Result<ClusterId, _> = place.parse();
        Ok(Point {
            cluster: cluster.map_err(|error| self.unreadable("history", &error))?,
            at: WallTime(row.try_get(2).map_err(&doing)?),
            step,
            agents: self.unpacked(&format!("history of {place}"), &body)?,
        })
    }
}

/// When the step began that this time is in.
fn begins(step: Step, at: WallTime) -> WallTime {
    WallTime(at.0.div_euclid(step.length().0) * step.length().0)
}

fn add(sum: &mut BTreeMap<u8, AgentPoint>, more: impl IntoIterator<Item = AgentPoint>) {
    for agent in more {
        sum.entry(agent.slot)
            .and_modify(|known| *known = known.and(agent))
            .or_insert(agent);
    }
}

impl Point {
    /// One look at a cluster: each agent's slot, whether it is active, and its impedance where that is known.
    pub fn look(
        cluster: ClusterId,
        at: WallTime,
        agents: impl IntoIterator<Item = (u8, bool, Option<Micros>)>,
    ) -> Self {
        let point = |(slot, active, impedance): (u8, bool, Option<Micros>)| {
            let value = impedance.map_or(0, |value| u32::try_from(value.0).unwrap_or(u32::MAX));
            AgentPoint {
                slot,
                looks: 1,
                active: u32::from(active),
                known: u32::from(impedance.is_some()),
                mean: value,
                worst: value,
            }
        };
        Self {
            cluster,
            at: begins(Step::Minute, at),
            step: Step::Minute,
            agents: agents.into_iter().map(point).collect(),
        }
    }
}

/// Points of one look at many clusters, as a write takes them.
impl From<Vec<Point>> for super::Write {
    fn from(points: Vec<Point>) -> Self {
        Self::History(Arc::from(points))
    }
}
