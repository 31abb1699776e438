//! What whoever follows is shown. Rows, clusters and sectors bear the stamp of the look in which they changed last, so
//! that a look costs what has changed, and nothing is kept for anybody.

use super::Orchestrator;
use super::eyes::Eyes;
use super::look::{Heads, breaker_line};
use super::throws::{Purpose, Toss};
use crate::operation::follow::{
    AgentSeen, Arrivals, ClassSeen, Cursor, Sight, ThrowSeen, TierSeen, View as Seen,
};
use crate::operation::view::{BreakerRow, View};
use crate::place::Class;
use crate::place::scope::Region;
use crate::registry::{CapabilitySet, Row, TaskId};
use crate::text::Foreign;
use crate::throw::{Account, Sheet};
use crate::time::{Micros, Moment};
use crate::trust::seat::Seat;
use core::cmp::Ordering;
use std::collections::{BTreeSet, VecDeque};

/// Ended throws kept for who looks seldom.
const ENDED_MAX: usize = 8;
/// The figures that need every row are summed up again after this.
const HEADS_FOR: Micros = Micros::seconds(1);
/// Who has not looked for so long does not follow any more.
const FOLLOWED_FOR: Micros = Micros::seconds(60);

/// What is kept for looks, whoever looks.
#[derive(Debug, Default)]
pub(super) struct Gallery {
    ended: VecDeque<(u32, ThrowSeen, Moment)>,
    heads: Option<(Moment, Heads)>,
    looked: Option<Moment>,
}

impl Orchestrator {
    /// What there is to be seen: all of it without a cursor, or with one that is not of this seat or too old; otherwise
    /// what has changed since. Costs some microseconds and what has changed.
    pub fn sight(&mut self, now: Moment, since: Option<Cursor>) -> (Sight, Cursor) {
        if !self.serving() {
            return (Sight::Nobody, Cursor::default());
        }
        let epoch = u64::from(self.epoch.0);
        let known = since.filter(|cursor| {
            let told = cursor.stamp.cmp(&self.replica.table.stamp()) == Ordering::Less;
            cursor.epoch == epoch && told && self.replica.table.gone(cursor.stamp).is_some()
        });
        self.door.gallery.looked = Some(now);
        let heads = self.heads(now);
        let stamp = known.map_or(0, |cursor| cursor.stamp);
        let seen = Box::new(self.seen(now, stamp, &heads));
        let cursor = Cursor {
            epoch,
            stamp: self.replica.table.look(),
        };
        let sight = if known.is_some() {
            Sight::Changes(seen)
        } else {
            Sight::Snapshot(seen)
        };
        (sight, cursor)
    }

    fn heads(&mut self, now: Moment) -> Heads {
        match self.door.gallery.heads {
            Some((at, heads)) if now.since(at) < HEADS_FOR => heads,
            _ => {
                let heads = Heads::of(&self.replica.table);
                self.door.gallery.heads = Some((now, heads));
                heads
            }
        }
    }

    /// What has changed after this look; all of it has since look 0.
    fn seen(&self, now: Moment, since: u32, heads: &Heads) -> Seen {
        let table = &self.replica.table;
        let eyes = Eyes { mesh: self, now };
        let guards: Vec<BreakerRow> = eyes.breakers().collect();
        let agents: Vec<AgentSeen> = table.changed(since).map(|row| agent(&row, now)).collect();
        let tasks: BTreeSet<u16> = agents.iter().map(|agent| agent.task).collect();
        let name = |number: u16| {
            let name = table.tasks().name(TaskId::of_number(number))?;
            Some((number, name.as_str().into()))
        };
        let names = table.capabilities().names(CapabilitySet(u64::MAX));
        Seen {
            at: self.wall_at(now),
            status: self.status_of(heads, now),
            gone: match table.gone(since) {
                Some(gone) if since > 0 => gone.collect(),
                _ => Vec::new(),
            },
            capabilities: if agents.is_empty() {
                Vec::new()
            } else {
                names.map(|name| Foreign::from(name.as_str())).collect()
            },
            agents,
            tasks: tasks.into_iter().filter_map(name).collect(),
            clusters: table
                .changed_clusters(since)
                .map(|id| self.region_line(id, Region::Cluster(id), &guards, now))
                .collect(),
            sectors: table
                .changed_sectors(since)
                .map(|id| self.region_line(id, Region::Sector(id), &guards, now))
                .collect(),
            breakers: guards.iter().map(|row| breaker_line(row, now)).collect(),
            vacant: self.vacant(now),
            throws: self.throws(now, since),
        }
    }

    fn vacant(&self, now: Moment) -> Vec<Seat> {
        let eyes = Eyes { mesh: self, now };
        let seats = eyes.seats().filter(|row| row.holder.is_none());
        seats.map(|row| row.seat).collect()
    }

    fn throws(&self, now: Moment, since: u32) -> Vec<ThrowSeen> {
        let open = self.tosses.iter().filter(|toss| toss.stamp > since);
        let ended = self.door.gallery.ended.iter();
        let ended = ended.filter(|(stamp, ..)| *stamp > since);
        let aged = ended.map(|(_, seen, at)| {
            let later = now.since(*at);
            ThrowSeen {
                since: seen.since + later,
                until_t: seen.until_t - later,
                ..seen.clone()
            }
        });
        aged.chain(open.map(|toss| self.throw_seen(now, toss)))
            .collect()
    }

    /// A throw has ended: what followers see of it last.
    pub(super) fn ended(&mut self, now: Moment, toss: &Toss, sheet: &Sheet) {
        let gallery = &self.door.gallery;
        let followed = |at: Moment| now.since(at) < FOLLOWED_FOR;
        if !gallery.looked.is_some_and(followed) {
            return;
        }
        let seen = ThrowSeen {
            decision: Some(sheet.decision.to_string()),
            ..self.throw_seen(now, toss)
        };
        let stamp = self.replica.table.stamp();
        let ended = &mut self.door.gallery.ended;
        if ended.len() >= ENDED_MAX {
            ended.pop_front();
        }
        ended.push_back((stamp, seen, now));
    }

    fn throw_seen(&self, now: Moment, toss: &Toss) -> ThrowSeen {
        let asked = match &toss.purpose {
            Purpose::Asked(id) => Some(id),
            Purpose::Phase(number) => self.asked_for(*number),
            Purpose::Load => None,
        };
        let open = asked.and_then(|id| self.door.open.get(id));
        let line = open.map_or_else(
            || format!("cascade {}", toss.header.verb),
            |(_, operation)| operation.line(),
        );
        let mut seen = ThrowSeen {
            id: toss.header.id.to_string(),
            line: line.as_str().into(),
            strategy: toss.header.strategy.to_string(),
            since: now.since(toss.accepted),
            until_t: toss.target - now,
            window: toss.header.window,
            counts: Account::default(),
            late: 0,
            sectors: TierSeen {
                of: toss.parts.len() as u32,
                ..toss.come[0]
            },
            clusters: TierSeen {
                of: toss
                    .parts
                    .iter()
                    .map(|part| part.targets.len() as u32)
                    .sum(),
                ..toss.come[1]
            },
            agents: TierSeen::default(),
            classes: Vec::new(),
            decision: None,
        };
        for part in &toss.parts {
            for (targets, fold) in part.targets.iter().zip(&part.folds) {
                let Some(fold) = fold else {
                    let waiting = targets.agents.len() as u32;
                    seen.counts.targeted += waiting;
                    seen.counts.transit += waiting;
                    continue;
                };
                seen.counts.add(fold);
                seen.late += fold.late.len() as u32;
                for tally in &fold.tallies {
                    let class = class_seen(&mut seen.classes, tally.class);
                    class.targeted += u32::from(tally.targeted);
                    class.eligible += u32::from(tally.eligible);
                    class.ready += u32::from(tally.ready);
                    class.conflict += u32::from(tally.conflict);
                    class.in_window += u32::from(tally.in_window);
                    class.arrivals.add(&tally.arrivals);
                }
            }
        }
        seen.agents.of = seen.counts.targeted;
        for class in &seen.classes {
            seen.agents.come += class.ready;
            seen.agents.arrivals.join(&class.arrivals);
        }
        seen
    }
}

fn class_seen(classes: &mut Vec<ClassSeen>, class: Class) -> &mut ClassSeen {
    let at = classes.partition_point(|seen| seen.class < class);
    if classes.get(at).is_none_or(|seen| seen.class != class) {
        let fresh = ClassSeen {
            class,
            targeted: 0,
            eligible: 0,
            ready: 0,
            conflict: 0,
            in_window: 0,
            arrivals: Arrivals::default(),
        };
        classes.insert(at, fresh);
    }
    &mut classes[at]
}

pub(super) fn agent(row: &Row, now: Moment) -> AgentSeen {
    AgentSeen {
        id: row.place(),
        class: row.class(),
        marks: row.marks(),
        stale: row.is_stale(),
        impedance: row.impedance(),
        usual: row.usual(),
        latency: row.latency(),
        processing: row.processing(),
        queue: row.queue(),
        reliability: row.reliability_10k(),
        drift: row.drift_1k(),
        silent: row.silent_for(now),
        task: row.task().number(),
        context: row.context(),
        capabilities: row.capabilities(),
    }
}
