//! Commands that do not look like this mesh's commands (§9.2 orchestrator compromise).
//!
//! No single sign decides: people work at night, and sometimes everything has to be restarted. Each sign has points, and
//! what is together within ten minutes adds up. Whoever holds this watch asks it before it carries a command out, so the
//! command that completes the picture is the first that is not carried out.

use super::{Evidence, Finding, Threat};
use crate::place::scope::Region;
use crate::time::{Micros, Moment};
use crate::unit::Share;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// What the watch needs to know of a command.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CommandSeen {
    /// Which operation, by its number in the operation table.
    pub kind: u16,
    /// It may destroy work or take agents out: restart, quarantine, revoke, wipe. Freezing protects and is none.
    pub destructive: bool,
    /// How much of the mesh it touches.
    pub share: Share,
    /// The hour of the day where the operator is, 0 to 23.
    pub hour: u8,
    /// Credential and location it came with, hashed.
    pub origin: u64,
}

impl CommandSeen {
    /// Of what carries no caller, as entries of desired state: it is neither strange nor ever learnt, so that whoever has
    /// just taken a seat does not take the first command with a caller for a stranger's.
    pub const NO_ORIGIN: u64 = 0;
}

/// One odd thing about commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Sign {
    /// A credential, or a location for it, that was never seen and never admitted.
    UnknownOrigin,
    /// Destructive commands that together touch half of the mesh and more.
    MassDestruction,
    /// Over ten times the usual number of commands, and at least twenty in the minute.
    Rate,
    /// An hour in which hardly any command ever came.
    StrangeHour,
    /// An operation that nobody here has ever used.
    StrangeKind,
}

impl Sign {
    /// All five.
    pub const ALL: [Self; 5] = [
        Self::UnknownOrigin,
        Self::MassDestruction,
        Self::Rate,
        Self::StrangeHour,
        Self::StrangeKind,
    ];

    /// What it counts.
    pub const fn points(self) -> u8 {
        match self {
            Self::UnknownOrigin | Self::MassDestruction | Self::Rate => 2,
            Self::StrangeHour | Self::StrangeKind => 1,
        }
    }
}

/// A set of signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Signs(u8);

impl Signs {
    /// Whether the sign is in it.
    pub const fn has(self, sign: Sign) -> bool {
        self.0 >> sign as u8 & 1 == 1
    }

    /// With the sign.
    pub const fn with(self, sign: Sign) -> Self {
        Self(self.0 | 1 << sign as u8)
    }

    /// The points of all of them.
    pub fn points(self) -> u8 {
        let own = Sign::ALL.into_iter().filter(|sign| self.has(*sign));
        own.map(Sign::points).sum()
    }
}

/// What commands are usual here. It is saved and given to [`CommandWatch::resume`], so that a restart unlearns nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Habits {
    learnt: u32,
    kinds: BTreeMap<u16, u32>,
    hours: [u32; 24],
    origins: Vec<u64>,
    /// Commands in a usual minute that has any.
    usual: f64,
}

/// Learns what commands are usual here, and notices when they are not. It is shown what comes from people and from other
/// machines, not what the mesh's own rules and schedules do.
#[derive(Debug, Clone)]
pub struct CommandWatch {
    subject: Region,
    habits: Habits,
    /// The last ten minutes.
    recent: VecDeque<Recent>,
    /// When each sign was last seen.
    signs: [Moment; Sign::ALL.len()],
    told: bool,
}

#[derive(Debug, Clone, Copy)]
struct Recent {
    when: Moment,
    /// How much of the mesh it destroys.
    destroys: f32,
}

impl CommandWatch {
    /// Points that are a finding. Unknown origin and mass destruction, or a rate out of all proportion with either, or
    /// any two and two small ones.
    pub const LIMIT: u8 = 4;
    /// Signs within this time add up.
    pub const WINDOW: Micros = Micros::seconds(600);
    /// Commands before hours, kinds and rates mean anything.
    pub const LEARN_MIN: u32 = 100;
    /// Commands of the window that are remembered: nearly one a second for ten minutes; the oldest go first, which leaves
    /// a flood of commands a flood.
    pub const RECENT_MAX: usize = 512;
    /// Kinds of operations that are counted; the table has about a hundred.
    pub const KINDS_MAX: usize = 256;
    /// Known origins: operators times the places they work from.
    pub const ORIGINS_MAX: usize = 64;

    /// Nothing learnt yet. `subject` is what would be sealed: all, or a coordinator's sector.
    pub const fn new(subject: Region) -> Self {
        let habits = Habits {
            learnt: 0,
            kinds: BTreeMap::new(),
            hours: [0; 24],
            origins: Vec::new(),
            usual: 1.0,
        };
        Self {
            subject,
            habits,
            recent: VecDeque::new(),
            signs: [Moment(i64::MIN); Sign::ALL.len()],
            told: false,
        }
    }

    /// With the habits of before a restart; what is over the bounds is left out.
    pub fn resume(subject: Region, mut habits: Habits) -> Self {
        habits.origins.truncate(Self::ORIGINS_MAX);
        while habits.kinds.len() > Self::KINDS_MAX {
            habits.kinds.pop_last();
        }
        Self {
            habits,
            ..Self::new(subject)
        }
    }

    /// What has been learnt, to be saved.
    pub const fn habits(&self) -> &Habits {
        &self.habits
    }

    /// An operator key was admitted under the root, or the owner says that this origin is theirs. Origins beyond
    /// [`CommandWatch::ORIGINS_MAX`] push out the oldest.
    pub fn admit_origin(&mut self, origin: u64) {
        if self.habits.origins.contains(&origin) {
            return;
        }
        if self.habits.origins.len() >= Self::ORIGINS_MAX {
            self.habits.origins.remove(0);
        }
        self.habits.origins.push(origin);
    }

    /// Looks at a command before it is carried out. Gives the finding once, until [`CommandWatch::cleared`]; while
    /// [`CommandWatch::is_suspicious`] no command is to be carried out.
    pub fn observe(&mut self, command: CommandSeen, now: Moment) -> Option<Finding> {
        self.remember(command, now);
        for sign in self.odd(command, now) {
            self.signs[sign as usize] = now;
        }
        let signs = self.signs(now);
        let points = signs.points();
        if points >= Self::LIMIT {
            if core::mem::replace(&mut self.told, true) {
                return None;
            }
            let evidence = Evidence::Commands {
                signs,
                points,
                limit: Self::LIMIT,
                per_minute: self.per_minute(now),
                usual_per_minute: self.habits.usual,
                destroyed: self.destroyed(),
            };
            let threat = Threat::OrchestratorCompromise;
            return Some(Finding::new(threat, self.subject, evidence, now));
        }
        // Nothing is learnt from what is half suspicious: an enemy would be patient.
        if points < 2 && !self.told {
            self.learn(command, now);
        }
        None
    }

    /// Whether a finding stands.
    pub const fn is_suspicious(&self) -> bool {
        self.told
    }

    /// The root key has lifted the seal: the owner is there in person.
    pub fn cleared(&mut self) {
        self.told = false;
        self.recent.clear();
        self.signs = [Moment(i64::MIN); Sign::ALL.len()];
    }

    /// The signs of the last ten minutes.
    pub fn signs(&self, now: Moment) -> Signs {
        Sign::ALL
            .into_iter()
            .filter(|sign| now - self.signs[*sign as usize] < Self::WINDOW)
            .fold(Signs::default(), Signs::with)
    }

    fn odd(&self, command: CommandSeen, now: Moment) -> impl Iterator<Item = Sign> + use<> {
        let knows = self.habits.learnt >= Self::LEARN_MIN;
        let in_hour = self.habits.hours[usize::from(command.hour % 24)];
        // The first origin of all is the one that the mesh began with.
        let stranger = command.origin != CommandSeen::NO_ORIGIN
            && !self.habits.origins.is_empty()
            && !self.habits.origins.contains(&command.origin);
        let count = self.per_minute(now);
        [
            (Sign::UnknownOrigin, stranger),
            (
                Sign::MassDestruction,
                command.destructive && self.destroyed() >= 0.5,
            ),
            (
                Sign::Rate,
                knows && count >= 20 && count as f64 > 10.0 * self.habits.usual,
            ),
            (
                Sign::StrangeHour,
                knows && in_hour * 100 < self.habits.learnt,
            ),
            (
                Sign::StrangeKind,
                knows && !self.habits.kinds.contains_key(&command.kind),
            ),
        ]
        .into_iter()
        .filter_map(|(sign, seen)| seen.then_some(sign))
    }

    fn remember(&mut self, command: CommandSeen, now: Moment) {
        let old = |recent: &Recent| now - recent.when >= Self::WINDOW;
        while self.recent.front().is_some_and(old) || self.recent.len() >= Self::RECENT_MAX {
            self.recent.pop_front();
        }
        let destroys = if command.destructive {
            command.share.value() as f32
        } else {
            0.0
        };
        self.recent.push_back(Recent {
            when: now,
            destroys,
        });
    }

    fn learn(&mut self, command: CommandSeen, now: Moment) {
        self.habits.learnt = self.habits.learnt.saturating_add(1);
        if self.habits.origins.is_empty() && command.origin != CommandSeen::NO_ORIGIN {
            self.admit_origin(command.origin);
        }
        let hour = &mut self.habits.hours[usize::from(command.hour % 24)];
        *hour = hour.saturating_add(1);
        if self.habits.kinds.len() < Self::KINDS_MAX
            || self.habits.kinds.contains_key(&command.kind)
        {
            let kind = self.habits.kinds.entry(command.kind).or_default();
            *kind = kind.saturating_add(1);
        }
        self.habits.usual += (self.per_minute(now) as f64 - self.habits.usual) / 256.0;
    }

    fn per_minute(&self, now: Moment) -> usize {
        let minute = Micros::seconds(60);
        let fresh = |recent: &&Recent| now - recent.when < minute;
        self.recent.iter().rev().take_while(fresh).count()
    }

    fn destroyed(&self) -> f64 {
        self.recent
            .iter()
            .map(|recent| f64::from(recent.destroys))
            .sum()
    }
}
