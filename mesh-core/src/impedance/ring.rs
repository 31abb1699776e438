//! The last hundred delays (§4.1), in order of arrival and of size at once.

use super::delay::Delay;
use super::quantiles::{LEVEL_COUNT, LEVELS, Levels};

/// Samples that are looked back on (§4.1).
pub(super) const SAMPLES_MAX: usize = 100;

/// Samples of the shorter look back: enough for a p95, few enough to notice a change within half a minute of beats.
pub(super) const RECENT_MAX: usize = 32;

/// The last hundred delays: 340 bytes; a new one costs two counts and moves of at most a hundred bytes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ring {
    /// By arrival; `head` is where the next one goes.
    delays: [Delay; SAMPLES_MAX],
    head: u8,
    long: Order<SAMPLES_MAX>,
    recent: Order<RECENT_MAX>,
}

/// The places of the newest delays in the ring, smallest delay first.
#[derive(Debug, Clone, PartialEq)]
struct Order<const N: usize> {
    places: [u8; N],
    len: u8,
}

/// Delays in order of size.
pub(super) struct Ranked<'a> {
    delays: &'a [Delay; SAMPLES_MAX],
    places: &'a [u8],
}

impl Ring {
    pub(super) const fn new() -> Self {
        Self {
            delays: [Delay::none(); SAMPLES_MAX],
            head: 0,
            long: Order::new(),
            recent: Order::new(),
        }
    }

    /// See [`crate::warm`].
    pub(super) fn warm(&self) -> u64 {
        let delays = self.delays.iter().step_by(32).map(|delay| delay.warm());
        let places = self
            .long
            .places
            .iter()
            .step_by(64)
            .map(|&place| place.into());
        delays.chain(places).sum::<u64>() + u64::from(self.recent.places[0])
    }

    /// Takes a delay in; the oldest leaves when there are a hundred.
    pub(super) fn push(&mut self, delay: Delay) {
        self.long.make_room(&self.delays, self.head);
        self.recent.make_room(&self.delays, self.head);
        self.delays[usize::from(self.head)] = delay;
        self.long.insert(&self.delays, self.head);
        self.recent.insert(&self.delays, self.head);
        self.head = ((usize::from(self.head) + 1) % SAMPLES_MAX) as u8;
    }

    /// Forgets the oldest delay, if there is one.
    pub(super) fn drop_oldest(&mut self) {
        if self.recent.len == self.long.len {
            self.recent.drop_oldest(&self.delays, self.head);
        }
        self.long.drop_oldest(&self.delays, self.head);
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        usize::from(self.long.len)
    }

    /// All delays, at most a hundred.
    pub(super) fn long(&self) -> Ranked<'_> {
        self.long.ranked(&self.delays)
    }

    /// The quantiles of all delays.
    pub(super) fn long_levels(&self) -> Levels {
        self.long.levels(&self.delays)
    }

    /// The quantiles of the newest.
    pub(super) fn recent_levels(&self) -> Levels {
        self.recent.levels(&self.delays)
    }

    /// The newest, at most [`RECENT_MAX`].
    pub(super) fn recent(&self) -> Ranked<'_> {
        self.recent.ranked(&self.delays)
    }
}

impl<const N: usize> Order<N> {
    const fn new() -> Self {
        Self {
            places: [0; N],
            len: 0,
        }
    }

    fn make_room(&mut self, delays: &[Delay; SAMPLES_MAX], head: u8) {
        if usize::from(self.len) == N {
            self.drop_oldest(delays, head);
        }
    }

    /// Adds the delay at `place`, which is the newest, behind those that are as large.
    fn insert(&mut self, delays: &[Delay; SAMPLES_MAX], place: u8) {
        let (len, delay) = (usize::from(self.len), delays[usize::from(place)]);
        let rank = count(delays, place, len, |other| other <= delay);
        self.places.copy_within(rank..len, rank + 1);
        self.places[rank] = place;
        self.len += 1;
    }

    /// Removes the oldest of its delays, which is `len` places before `head`.
    fn drop_oldest(&mut self, delays: &[Delay; SAMPLES_MAX], head: u8) {
        let len = usize::from(self.len);
        if len == 0 {
            return;
        }
        let place = (usize::from(head) + SAMPLES_MAX - len) % SAMPLES_MAX;
        let delay = delays[place];
        // Of those that are as large it came first.
        let rank = count(delays, head, len, |other| other < delay);
        self.places.copy_within(rank + 1..len, rank);
        self.len -= 1;
    }

    /// [`Ranked::quantile`] at [`LEVELS`].
    fn levels(&self, delays: &[Delay; SAMPLES_MAX]) -> Levels {
        let ranked = self.ranked(delays);
        let mut levels = [0.0; LEVEL_COUNT];
        for (level, standing) in levels.iter_mut().zip(&STANDINGS[ranked.places.len()]) {
            *level = ranked.at(*standing);
        }
        levels
    }

    fn ranked<'a>(&'a self, delays: &'a [Delay; SAMPLES_MAX]) -> Ranked<'a> {
        Ranked {
            delays,
            places: &self.places[..usize::from(self.len)],
        }
    }
}

/// For how many of the `len` delays before `head` something is true. Looking at each, one after the other as they lie there,
/// costs less than a search by rank, whose every step is a guess.
fn count(
    delays: &[Delay; SAMPLES_MAX],
    head: u8,
    len: usize,
    holds: impl Fn(Delay) -> bool,
) -> usize {
    let head = usize::from(head);
    let among = |part: &[Delay]| {
        part.iter()
            .map(|&delay| u16::from(holds(delay)))
            .sum::<u16>()
    };
    let near = among(&delays[head.saturating_sub(len)..head]);
    let wrapped = len.saturating_sub(head);
    usize::from(near + among(&delays[SAMPLES_MAX - wrapped..]))
}

/// Where a quantile lies: between the delays of these two ranks, by this part of the way.
#[derive(Clone, Copy)]
struct Standing {
    low: u8,
    high: u8,
    part: f32,
}

/// Where [`LEVELS`] lie among so many delays.
static STANDINGS: [[Standing; LEVEL_COUNT]; SAMPLES_MAX + 1] = {
    let mut all = [[Standing::of(0.0, 0); LEVEL_COUNT]; SAMPLES_MAX + 1];
    let mut count = 0;
    while count <= SAMPLES_MAX {
        let mut level = 0;
        while level < LEVEL_COUNT {
            all[count][level] = Standing::of(LEVELS[level], count);
            level += 1;
        }
        count += 1;
    }
    all
};

impl Standing {
    /// Among `count` delays; among none it is nowhere.
    const fn of(level: f32, count: usize) -> Self {
        let last = count.saturating_sub(1);
        let position = (level * (last as f32 + 2.0) - 1.0).max(0.0);
        let rank = position as i32 as usize;
        let rank = if rank > last { last } else { rank };
        let next = if rank < last { rank + 1 } else { last };
        Self {
            low: rank as u8,
            high: next as u8,
            part: (position - rank as f32).min(1.0),
        }
    }
}

impl Ranked<'_> {
    /// The delay that the next one exceeds with probability `1 - level` if all are alike: of n + 1 equal chances. In
    /// microseconds; 0 when there is none.
    pub(super) fn quantile(&self, level: f32) -> f32 {
        self.at(Standing::of(level, self.places.len()))
    }

    #[inline]
    fn at(&self, standing: Standing) -> f32 {
        if self.places.is_empty() {
            return 0.0;
        }
        let (low, high) = (self.nth(standing.low), self.nth(standing.high));
        low + (high - low) * standing.part
    }

    /// The delay of this rank, smallest first; there must be one.
    #[inline]
    fn nth(&self, rank: u8) -> f32 {
        self.delays[usize::from(self.places[usize::from(rank)])].value()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::Chance;
    use crate::time::Micros;

    #[test]
    fn ranks_are_those_of_the_newest_delays() {
        let mut chance = Chance::new(3);
        let mut ring = Ring::new();
        let mut all = Vec::new();
        for turn in 0..1_000 {
            let delay = Delay::from_micros(Micros::millis(chance.below(50) as i64));
            ring.push(delay);
            all.push(delay);
            for _ in 0..if turn % 200 == 150 {
                90
            } else {
                turn % 37 / 36
            } {
                ring.drop_oldest();
            }
            all = all.split_off(all.len() - ring.len());
            for (ranked, length) in [(ring.long(), SAMPLES_MAX), (ring.recent(), RECENT_MAX)] {
                let mut sorted = all[all.len().saturating_sub(length)..].to_vec();
                sorted.sort_unstable();
                let ranked: Vec<f32> = (0..ranked.places.len())
                    .map(|r| ranked.nth(r as u8))
                    .collect();
                assert_eq!(ranked, sorted.iter().map(|d| d.value()).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn an_empty_ring_answers_nothing() {
        let mut ring = Ring::new();
        ring.drop_oldest();
        assert!(ring.long().quantile(0.5).abs() < 0.5);
    }
}
