//! Which mode holds, without flapping.

use super::Mode;
use crate::time::{Micros, Moment};
use crate::unit::Share;
use serde::{Deserialize, Serialize};

/// Who is told of a change, and how loudly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Alert {
    /// A line in the log: things get better.
    Notice,
    /// The operators that watch.
    Warning,
    /// Hook and webhook as well.
    Urgent,
    /// Every human operator (§6.3 EMERGENCY).
    Everyone,
}

/// The mode has changed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ModeChange {
    /// Until now.
    pub from: Mode,
    /// From now on.
    pub to: Mode,
    /// The rate that decided it.
    pub active: Share,
    /// Who is told.
    pub alert: Alert,
    /// Whether state is to be saved now.
    pub save_state: bool,
}

/// Follows the rate of active agents.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ModeKeeper {
    mode: Mode,
    active: Share,
    /// A better mode, and since when the rate has never been below it.
    rising: Option<(Mode, Moment)>,
    /// Until when a fresh mesh is still gathering.
    gathering: Option<Moment>,
}

impl ModeKeeper {
    /// How long a better mode must last before it is believed: six beats, in which every agent has been heard or not.
    pub const DWELL: Micros = Micros::seconds(30);
    /// How long a mesh without a past may gather its agents before their absence counts (§10.2 has agents report within
    /// a beat or two of their start).
    pub const GATHERING: Micros = Micros::seconds(60);

    /// Starts in the mode that was saved before a restart; without one, as a fresh mesh in FULL.
    pub fn new(now: Moment, saved: Option<Mode>) -> Self {
        Self {
            mode: saved.unwrap_or_default(),
            active: Share::ALL,
            rising: None,
            gathering: saved.is_none().then_some(now + Self::GATHERING),
        }
    }

    /// `active` of `seated` agents are active, people left out of both. With nobody seated there is no rate, and nothing
    /// changes.
    pub fn observe(&mut self, active: usize, seated: usize, now: Moment) -> Option<ModeChange> {
        self.active = Share::of(active, seated)?;
        let raw = Mode::at(self.active);
        if let Some(until) = self.gathering {
            if raw > Mode::Full && now < until {
                return None;
            }
            self.gathering = None;
        }
        if raw > self.mode {
            self.rising = None;
            return Some(self.change(raw));
        }
        if raw == self.mode {
            self.rising = None;
            return None;
        }
        // The worst of the better modes seen since is the one that has lasted.
        let (best, since) = match self.rising {
            Some((mode, since)) => (mode.max(raw), since),
            None => (raw, now),
        };
        self.rising = Some((best, since));
        self.poll(now)
    }

    /// Looks at the time.
    pub fn poll(&mut self, now: Moment) -> Option<ModeChange> {
        match self.rising {
            Some((mode, since)) if now - since >= Self::DWELL => {
                // What is better still has to last by itself from here.
                let raw = Mode::at(self.active);
                self.rising = (raw < mode).then_some((raw, now));
                Some(self.change(mode))
            }
            Some(_) | None => None,
        }
    }

    /// When [`ModeKeeper::poll`] has something to do.
    pub fn next_deadline(&self) -> Moment {
        self.rising
            .map_or(Moment::NEVER, |(_, since)| since + Self::DWELL)
    }

    /// The mode that holds.
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    /// The last rate of active agents.
    pub const fn active(&self) -> Share {
        self.active
    }

    fn change(&mut self, to: Mode) -> ModeChange {
        let from = core::mem::replace(&mut self.mode, to);
        let alert = match to {
            _ if to < from => Alert::Notice,
            Mode::Full | Mode::DegradedLight => Alert::Warning,
            Mode::DegradedModerate | Mode::DegradedSevere => Alert::Urgent,
            Mode::Emergency => Alert::Everyone,
        };
        ModeChange {
            from,
            to,
            active: self.active,
            alert,
            save_state: to > from && to.restrictions().save_state,
        }
    }
}
