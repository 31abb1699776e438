//! The whole record of one agent as §2.3 names its fields: for people, exports and JSON.

use super::{HoldMode, Row, State};
use crate::place::Class;
use crate::time::{Moment, WallTime};
use core::fmt::Write;
use serde::{Deserialize, Serialize};

/// §2.3 `AgentImpedance`, and what the registry knows beside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgentImpedance {
    /// Its place, `7-4-12`.
    pub agent_id: String,
    /// Its class.
    pub agent_class: Class,
    /// Its sector, `7`.
    pub sector_id: String,
    /// Its cluster, `7-4`.
    pub cluster_id: String,
    /// Rolling average of the round trip.
    pub current_latency_ms: f64,
    /// Rolling average of the processing.
    pub current_processing_ms: f64,
    /// Pending operations.
    pub current_queue_depth: u32,
    /// Last heartbeat by the wall clock of whoever made this record, in RFC 3339; `None` when none ever came.
    pub last_heartbeat: Option<String>,
    /// Z in milliseconds, at most 1000; people have none.
    pub impedance_score: Option<u16>,
    /// Success rate, 0 to 1.
    pub reliability_score: f64,
    /// Drift coefficient.
    pub drift_coefficient: f64,
    /// Its state.
    pub operational_state: State,
    /// First sixteen hex digits of its context's hash.
    pub current_context_hash: String,
    /// What it can do.
    pub capabilities: Vec<String>,
    /// Whether it is routed around.
    pub avoided: bool,
    /// Whether it is stopped.
    pub frozen: bool,
    /// Whether this record is older than it should be.
    pub stale: bool,
    /// How old this record is.
    pub age_ms: f64,
    /// What it is doing.
    pub task: Option<String>,
    /// How it takes part in throws.
    pub mode: HoldMode,
    /// Its boot number.
    pub boot: u32,
    /// The epoch of desired state that it has applied.
    pub epoch: u64,
}

impl super::Table {
    /// The record of an agent. `now` is the table's owner's clock and `wall` the wall clock at the same instant.
    pub fn record(
        &self,
        agent: crate::place::AgentId,
        now: Moment,
        wall: WallTime,
    ) -> Option<AgentImpedance> {
        self.row(agent).map(|row| self.describe(&row, now, wall))
    }

    fn describe(&self, row: &Row, now: Moment, wall: WallTime) -> AgentImpedance {
        let place = row.place();
        let names = self.capabilities().names(row.capabilities());
        let heard = row.silent_for(now).map(|silence| rfc3339(wall + -silence));
        AgentImpedance {
            agent_id: place.to_string(),
            agent_class: row.class(),
            sector_id: place.sector().to_string(),
            cluster_id: place.cluster.to_string(),
            current_latency_ms: row.latency().as_millis_f64(),
            current_processing_ms: row.processing().as_millis_f64(),
            current_queue_depth: row.queue(),
            last_heartbeat: heard,
            impedance_score: row.impedance().map(crate::unit::Impedance::score),
            reliability_score: row.reliability().value(),
            drift_coefficient: row.drift(),
            operational_state: row.state(),
            current_context_hash: format!("{:016x}", row.context()),
            capabilities: names.map(ToString::to_string).collect(),
            avoided: row.is_avoided(),
            frozen: row.is_frozen(),
            stale: row.is_stale(),
            age_ms: row.age(now).as_millis_f64(),
            task: self.tasks().name(row.task()).map(ToString::to_string),
            mode: row.mode(),
            boot: row.boot().0,
            epoch: row.epoch(),
        }
    }
}

/// `2026-08-01T12:00:00.250Z` (days to dates after Hinnant, "chrono-compatible low-level date algorithms").
fn rfc3339(wall: WallTime) -> String {
    let millis = wall.0.div_euclid(1_000);
    let (days, rest) = (millis.div_euclid(86_400_000), millis.rem_euclid(86_400_000));
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute) = (rest / 3_600_000, rest / 60_000 % 60);
    let (second, milli) = (rest / 1_000 % 60, rest % 1_000);
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write!(
        text,
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z"
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wall_time_is_written_as_people_read_it() {
        for (micros, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (-1_000, "1969-12-31T23:59:59.999Z"),
            (951_782_400_000_000, "2000-02-29T00:00:00.000Z"),
            (1_785_585_600_250_000, "2026-08-01T12:00:00.250Z"),
        ] {
            assert_eq!(rfc3339(WallTime(micros)), text);
        }
    }
}
