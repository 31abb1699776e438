//! Figures of the last minutes, a point every ten seconds, bounded; older ones are in the store.

use crate::operation::word::Metric;
use crate::registry::Vitals;
use crate::time::Micros;
use crate::unit::Share;
use std::collections::VecDeque;

/// One moment of a cluster, a sector or the mesh. 32 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Point {
    /// Sum of Z of those measured, microseconds.
    sum: u64,
    measured: u32,
    agents: u32,
    active: u32,
    queue: u32,
    /// Of the throws since the point before; known for the mesh only.
    pub(super) arrival: Option<Share>,
}

/// Points, oldest first.
#[derive(Debug, Clone, Default)]
pub(super) struct Series(VecDeque<Point>);

impl Point {
    pub(super) fn of(vitals: &Vitals, queue: u32) -> Self {
        let measured = vitals.impedance.count() as u32;
        let mean = vitals.impedance.mean().unwrap_or_default();
        Self {
            sum: mean.0.max(0) as u64 * u64::from(measured),
            measured,
            agents: vitals.counts.agents,
            active: vitals.counts.active,
            queue,
            arrival: None,
        }
    }

    /// Takes in a part.
    pub(super) fn add(&mut self, part: &Self) {
        self.sum += part.sum;
        self.measured += part.measured;
        self.agents += part.agents;
        self.active += part.active;
        self.queue += part.queue;
    }

    /// Its figure: milliseconds, counts or shares, as the metric is; none where nothing was measured. Conflicts are not
    /// kept here.
    pub(super) fn figure(&self, metric: Metric) -> Option<f64> {
        let mean = (self.measured > 0)
            .then(|| Micros((self.sum / u64::from(self.measured)) as i64).as_millis_f64());
        match metric {
            Metric::Impedance | Metric::Latency => mean,
            Metric::Active => Some(f64::from(self.active)),
            Metric::Queue => Some(f64::from(self.queue)),
            Metric::Arrival => self.arrival.map(Share::value),
            Metric::Conflicts => None,
        }
    }

    pub(super) const fn queue(&self) -> u32 {
        self.queue
    }
}

impl Series {
    pub(super) fn push(&mut self, point: Point, most: usize) {
        if self.0.len() >= most {
            self.0.pop_front();
        }
        self.0.push_back(point);
    }

    /// The last `count` points, oldest first.
    pub(super) fn last(&self, count: usize) -> impl Iterator<Item = &Point> {
        self.0.iter().skip(self.0.len().saturating_sub(count))
    }

    /// The oldest that is kept.
    pub(super) fn first(&self) -> Option<&Point> {
        self.0.front()
    }
}
