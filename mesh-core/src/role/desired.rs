//! Desired state at a parent: what it wrote, what it was told, and how it spreads (PROTOCOL §6).
//!
//! Commands spread at once, up and down, as the entries themselves; digests in beats, echoes and answers to probes find
//! what was missed. Whoever sees a difference says what it has, and gets what it lacks and a question for what the
//! other lacks:
//!
//! ```text
//! parent                                      child
//!        <------------- beat, digest -------
//! LevelsHave ------------------------------->  compares
//!        <-- Levels (what the parent lacks) -
//!        <-- LevelsWanted (what it lacks) ---
//! Levels ----------------------------------->  the same on both sides
//! ```
//!
//! | kind | methods |
//! |---|---|
//! | begin | [`Desired::start`], [`Desired::serve`] |
//! | write | [`Desired::write`], [`Desired::accept`] |
//! | in | [`Desired::take`], [`Desired::beat`], [`Desired::probed`], [`Desired::echoed`], [`Desired::wake`] |
//! | when | [`Desired::next_wake`] |
//! | look | [`Desired::levels`], [`Desired::settled`] and the digests for messages |

use super::notary::{Notary, Signatory};
use super::{BEAT, BUCKET, Event, From, Output, Outputs, Refusal as Refused, Start, To};
use crate::guard::level::region::Node as _;
use crate::guard::level::{
    Author, DIFFERENCE_MAX, Effective, Entry, Kind, Levels, Merged, Refusal, Stamp, Summary, Value,
};
use crate::message::{Body, Epoch, Header, TaskOrder};
use crate::place::scope::Region;
use crate::place::{AgentId, Class, SectorId};
use crate::time::{Micros, Moment};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Entries of one message that are looked at: a full difference, and the entry that proves the term.
pub(super) const ENTRIES_TAKEN_MAX: usize = DIFFERENCE_MAX + 1;
/// Between two questions to the parent: a round trip of the slowest trunk is well below.
const ASK_GAP: Micros = Micros::seconds(1);
/// A parent that has heard nothing from above for two beats speaks for itself, so that a sector without orchestrator
/// carries on.
const ALONE_AFTER: Micros = Micros(2 * BEAT.0);
/// Second copies waiting at once: a burst of as many writes within one bucket of 10 ms. One more is not repeated, and
/// the next beat finds what was lost.
const REPEATS_MAX: usize = 16;

/// Why nothing was written; everything is as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// This node does not have the seat.
    #[error("this node does not have the seat of the {0}; ask whoever serves")]
    NotServing(Author),
    /// The entry may not be written.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// Desired state at one seat.
#[derive(Debug)]
pub struct Desired {
    me: Author,
    notary: Option<Arc<dyn Notary>>,
    levels: Levels,
    /// The epoch of the seat while it is held.
    seat: Option<Epoch>,
    lossy: bool,
    settled: bool,
    /// From when on it speaks for itself.
    alone_at: Moment,
    asked_at: Option<Moment>,
    repeats: Vec<(Moment, To, Arc<[Entry]>)>,
    /// All entries, shared with the agents of a cluster; made when it is asked for.
    sheet: Option<Arc<[Entry]>>,
}

impl Desired {
    /// Nothing known, and nothing to sign with before [`Desired::start`].
    pub fn new(me: Author) -> Self {
        Self {
            me,
            notary: None,
            levels: Levels::new(),
            seat: None,
            lossy: false,
            settled: false,
            alone_at: Moment::NEVER,
            asked_at: None,
            repeats: Vec::new(),
            sheet: None,
        }
    }

    /// The node has started, with what it had on disk. That was verified when it was first taken in; it is verified again,
    /// since a disk can be written by others.
    pub fn start(&mut self, start: &Start) {
        self.notary = Some(Arc::clone(&start.notary));
        self.lossy = start.lossy;
        let mut ignored = Vec::new();
        for batch in start.levels.chunks(ENTRIES_TAKEN_MAX) {
            self.merge(batch, &mut ignored);
        }
    }

    /// The seat was taken: holds that were meant to pass count their time from now on, and an orchestrator's term begins.
    pub fn serve(&mut self, now: Moment, epoch: Epoch) {
        self.seat = Some(epoch);
        self.settled = self.me == Author::Orchestrator;
        self.alone_at = now + ALONE_AFTER;
        self.asked_at = None;
        if self.me == Author::Orchestrator {
            self.levels.raise_term(u64::from(epoch.0));
        }
        self.levels.watch_endings(self.me, now);
    }

    /// The seat was lost: what is known is kept, nothing is written any more.
    pub fn retire(&mut self) {
        self.seat = None;
        self.repeats.clear();
    }

    /// Writes a level in the name of this seat and spreads it at once. `lasting`: it is lifted by itself after this
    /// long, by whoever has the seat then.
    pub fn write(
        &mut self,
        now: Moment,
        kind: Kind,
        region: Region,
        value: Value,
        lasting: Option<Micros>,
        out: &mut Outputs,
    ) -> Result<Stamp, WriteError> {
        let draft = self.levels.draft(self.me, kind, region, value, lasting)?;
        let stamp = draft.stamp;
        let Some(entry) = self.sign(draft) else {
            return Err(WriteError::NotServing(self.me));
        };
        if let Merged::Refused(refusal) = self.levels.merge(entry.clone(), |_, _, _| true) {
            return Err(refusal.into());
        }
        if lasting.is_some() {
            self.levels.watch_endings(self.me, now);
        }
        self.changed(now, vec![entry], None, out);
        Ok(stamp)
    }

    /// Takes in entries that were written elsewhere (by the root key's owner, by another tool) and spreads them. Gives
    /// those that count from now on; what is refused is told as an event.
    pub fn accept(&mut self, now: Moment, entries: &[Entry], out: &mut Outputs) -> Vec<Entry> {
        self.take_entries(now, None, entries, out)
    }

    /// A message about desired state. Gives the entries that count from now on.
    pub fn take(&mut self, now: Moment, from: From, body: Body, out: &mut Outputs) -> Vec<Entry> {
        match body {
            Body::Levels(entries) => {
                if from == From::Parent {
                    self.settled = true;
                }
                return self.take_entries(now, Some(from), &entries, out);
            }
            Body::LevelsHave(summary) => self.compare(from, &summary, out),
            Body::LevelsWanted(prints) => {
                let picked = self.levels.pick(&prints);
                self.answer(from, picked, out);
            }
            _ => out.refuse(Refused::Unexpected),
        }
        Vec::new()
    }

    /// A child's beat says what it has applied.
    pub fn beat(&mut self, slot: u16, digest: u64, out: &mut Outputs) {
        let region = self.child(slot);
        if digest != self.levels.digest(region) {
            self.say_what_i_have(To::Child(slot), region, out);
        }
    }

    /// The parent has answered a probe with the digest of what concerns us.
    pub fn probed(&mut self, now: Moment, digest: Option<u64>, out: &mut Outputs) {
        let Some(digest) = digest else { return };
        if digest == self.levels.digest(self.me.realm()) {
            self.settled = true;
        } else {
            self.ask(now, out);
        }
    }

    /// The parent's echo carries the digest of what concerns all its children alike.
    pub fn echoed(&mut self, now: Moment, digest: Option<u64>, out: &mut Outputs) {
        let own = match self.me {
            Author::Lead(cluster) => self.levels.digest_above(Region::Sector(cluster.sector)),
            Author::Coordinator(_) => self.levels.digest_above(Region::All),
            Author::Orchestrator | Author::Root => return,
        };
        if digest.is_some_and(|digest| digest != own) || !self.settled && digest.is_some() {
            self.ask(now, out);
        }
    }

    /// What is due: second copies, and lifts of what was meant to pass. Gives the entries that count from now on.
    pub fn wake(&mut self, now: Moment, out: &mut Outputs) -> Vec<Entry> {
        if self.seat.is_none() {
            return Vec::new();
        }
        if now >= self.alone_at {
            self.alone_at = Moment::NEVER;
            self.settled = true;
        }
        while let Some(index) = self.repeats.iter().position(|(at, ..)| now >= *at) {
            let (_, to, entries) = self.repeats.remove(index);
            self.send(to, entries, out);
        }
        if now < self.levels.next_deadline() {
            return Vec::new();
        }
        let mut lifted = Vec::new();
        for draft in self.levels.expire(self.me, now) {
            if let Some(entry) = self.sign(draft)
                && self.levels.merge(entry.clone(), |_, _, _| true) == Merged::Applied
            {
                lifted.push(entry);
            }
        }
        if !lifted.is_empty() {
            self.changed(now, lifted.clone(), None, out);
        }
        lifted
    }

    /// When [`Desired::wake`] has something to do.
    pub fn next_wake(&self) -> Moment {
        if self.seat.is_none() {
            return Moment::NEVER;
        }
        let repeats = self.repeats.iter().map(|(at, ..)| *at);
        repeats.fold(self.levels.next_deadline().min(self.alone_at), Moment::min)
    }

    /// The levels themselves.
    pub const fn levels(&self) -> &Levels {
        &self.levels
    }

    /// Whether it has compared what it holds with its parent since it took the seat, or speaks for itself.
    pub const fn settled(&self) -> bool {
        self.settled
    }

    /// What holds for one agent; the default while nothing is in force anywhere.
    pub fn effective(&self, agent: AgentId, class: Class) -> Effective {
        if self.levels.is_empty() {
            return Effective::default();
        }
        self.levels.effective(agent, class)
    }

    /// For its own beat: the digest of what it has applied.
    pub fn digest(&self) -> u64 {
        self.levels.digest(self.me.realm())
    }

    /// For the answer to a child's probe.
    pub fn digest_for(&self, slot: u16) -> Option<u64> {
        self.settled.then(|| self.levels.digest(self.child(slot)))
    }

    /// For the echo: what concerns all children alike.
    pub fn digest_for_all(&self) -> Option<u64> {
        self.settled
            .then(|| self.levels.digest_above(self.me.realm()))
    }

    /// Sends everything that these children should hold once more.
    pub fn offer_again(&mut self, to: To, out: &mut Outputs) {
        let sheet = self.sheet();
        self.send(to, sheet, out);
    }

    /// Whether the signature is that of the agent's own key.
    pub fn vouches_for(
        &self,
        agent: AgentId,
        bytes: &[u8],
        signature: &crate::trust::key::Signature,
    ) -> bool {
        self.notary
            .as_ref()
            .is_some_and(|notary| notary.vouch(Signatory::Agent(agent), bytes, signature))
    }

    /// Whom to believe.
    pub const fn notary(&self) -> Option<&Arc<dyn Notary>> {
        self.notary.as_ref()
    }

    /// A throw with this seat's signature.
    pub fn warrant_throw(&self, header: Header) -> Header {
        match &self.notary {
            Some(notary) => header.signed(|bytes| notary.sign(Signatory::Seat(self.me), bytes)),
            None => header,
        }
    }

    /// An order about a task with this seat's signature.
    pub fn warrant_task(&self, order: TaskOrder) -> TaskOrder {
        match &self.notary {
            Some(notary) => order.signed(|bytes| notary.sign(Signatory::Seat(self.me), bytes)),
            None => order,
        }
    }

    fn sign(&self, draft: Entry) -> Option<Entry> {
        let notary = self.notary.as_ref().filter(|_| self.seat.is_some())?;
        let who = Signatory::Seat(self.me);
        Some(draft.signed(|bytes| notary.sign(who, bytes)))
    }

    fn take_entries(
        &mut self,
        now: Moment,
        from: Option<From>,
        entries: &[Entry],
        out: &mut Outputs,
    ) -> Vec<Entry> {
        let mut refused = Vec::new();
        let applied = self.merge(entries, &mut refused);
        for refusal in refused {
            out.event(Event::LevelRefused(from, Box::new(refusal)));
        }
        if !applied.is_empty() {
            let own = |entry: &Entry| entry.author == self.me && entry.lasting.is_some();
            if self.seat.is_some() && applied.iter().any(own) {
                self.levels.watch_endings(self.me, now);
            }
            self.changed(now, applied.clone(), from, out);
        }
        applied
    }

    /// Commands first: they prove the term that others may write in.
    fn merge(&mut self, entries: &[Entry], refused: &mut Vec<Refusal>) -> Vec<Entry> {
        let Some(notary) = self.notary.clone() else {
            return Vec::new();
        };
        let realm = self.me.realm();
        merge_into(&mut self.levels, realm, &*notary, entries, refused)
    }

    fn changed(&mut self, now: Moment, entries: Vec<Entry>, from: Option<From>, out: &mut Outputs) {
        self.sheet = None;
        out.0
            .push(Output::Keep(proven(&self.levels, entries.clone())));
        self.spread(now, entries, from, out);
    }

    fn spread(&mut self, now: Moment, entries: Vec<Entry>, from: Option<From>, out: &mut Outputs) {
        if self.seat.is_none() {
            return;
        }
        if self.me != Author::Orchestrator && from != Some(From::Parent) {
            let up = proven(&self.levels, entries.clone());
            self.send_twice(now, To::Parent, up, out);
        }
        if matches!(self.me, Author::Lead(_)) {
            let down = if self.levels.len() <= DIFFERENCE_MAX {
                self.sheet()
            } else {
                proven(&self.levels, entries)
            };
            return self.send_twice(now, To::Everyone, down, out);
        }
        let mut single: BTreeMap<u16, Vec<Entry>> = BTreeMap::new();
        let mut everyone = Vec::new();
        for entry in entries {
            match self.slot_of(entry.region) {
                Some(slot) => single.entry(slot).or_default().push(entry),
                None => everyone.push(entry),
            }
        }
        if !everyone.is_empty() {
            let entries = proven(&self.levels, everyone);
            self.send_twice(now, To::Everyone, entries, out);
        }
        for (slot, entries) in single {
            if from != Some(From::Child(slot)) {
                let entries = proven(&self.levels, entries);
                self.send_twice(now, To::Child(slot), entries, out);
            }
        }
    }

    fn send_twice(&mut self, now: Moment, to: To, entries: Arc<[Entry]>, out: &mut Outputs) {
        if self.lossy && self.repeats.len() < REPEATS_MAX {
            self.repeats.push((now + BUCKET, to, Arc::clone(&entries)));
        }
        self.send(to, entries, out);
    }

    fn send(&self, to: To, entries: Arc<[Entry]>, out: &mut Outputs) {
        out.send(to, self.seat.unwrap_or_default(), Body::Levels(entries));
    }

    fn ask(&mut self, now: Moment, out: &mut Outputs) {
        if self
            .asked_at
            .is_some_and(|at| now < at + ASK_GAP && now >= at)
        {
            return;
        }
        self.asked_at = Some(now);
        self.say_what_i_have(To::Parent, self.me.realm(), out);
    }

    fn say_what_i_have(&self, to: To, region: Region, out: &mut Outputs) {
        let epoch = self.seat.unwrap_or_default();
        say_what_is_here(&self.levels, region, |summary| {
            out.send(to, epoch, Body::LevelsHave(summary));
        });
    }

    /// Somebody says what it has: it gets what it lacks (an empty list says that we have compared) and is asked for what
    /// is lacking here.
    fn compare(&mut self, from: From, summary: &Summary, out: &mut Outputs) {
        let region = match from {
            From::Parent => self.me.realm(),
            From::Child(slot) => self.child(slot),
            // Peers share no levels.
            From::Peer(_) => return,
        };
        let difference = self.levels.difference(region, summary);
        self.answer(from, difference.lacking, out);
        if !difference.wanted.is_empty() {
            let wanted = Body::LevelsWanted(difference.wanted.into());
            out.send(back(from), self.seat.unwrap_or_default(), wanted);
        }
    }

    fn answer(&mut self, from: From, entries: Vec<Entry>, out: &mut Outputs) {
        let whole = matches!((self.me, from), (Author::Lead(_), From::Child(_)))
            && self.levels.len() <= DIFFERENCE_MAX;
        let entries = if whole && !entries.is_empty() {
            self.sheet()
        } else {
            proven(&self.levels, entries)
        };
        self.send(back(from), entries, out);
    }

    /// All that children of a lead hold, in one list that they share.
    fn sheet(&mut self) -> Arc<[Entry]> {
        let (levels, realm) = (&self.levels, self.me.realm());
        let sheet = self
            .sheet
            .get_or_insert_with(|| proven(levels, levels.concerning(realm).cloned().collect()));
        Arc::clone(sheet)
    }

    fn child(&self, slot: u16) -> Region {
        match self.me {
            Author::Lead(cluster) => Region::Cluster(cluster),
            Author::Coordinator(sector) => Region::Cluster(sector.cluster(slot as u8)),
            Author::Orchestrator | Author::Root => Region::Sector(SectorId::at(usize::from(slot))),
        }
    }

    /// The one child below which the region lies; none when it concerns all of them.
    fn slot_of(&self, region: Region) -> Option<u16> {
        let (sector, cluster) = match region {
            Region::All | Region::Class(_) => return None,
            Region::Sector(sector) => (sector, None),
            Region::Cluster(cluster) => (cluster.sector, Some(cluster)),
            Region::Agent(agent) => (agent.sector(), Some(agent.cluster)),
        };
        match self.me {
            Author::Orchestrator | Author::Root => Some(sector.index() as u16),
            Author::Coordinator(_) => cluster.map(|cluster| u16::from(cluster.slot())),
            Author::Lead(_) => None,
        }
    }
}

/// With an entry that proves the term, where one of them was not written by a commander: whoever has not heard of the term
/// would refuse it.
pub(super) fn proven(levels: &Levels, mut entries: Vec<Entry>) -> Arc<[Entry]> {
    let needed = entries.iter().filter(|entry| !entry.author.commands());
    if let Some(needed) = needed
        .map(|entry| entry.stamp.term)
        .max()
        .filter(|term| *term > 0)
    {
        let proof = |entry: &&Entry| entry.author.commands() && entry.stamp.term >= needed;
        if !entries.iter().any(|entry| proof(&entry)) {
            entries.extend(levels.entries().find(proof).cloned());
        }
    }
    entries.into()
}

/// Merges what concerns `realm`, commands first; a command from elsewhere only proves its term.
pub(super) fn merge_into(
    levels: &mut Levels,
    realm: Region,
    notary: &dyn Notary,
    entries: &[Entry],
    refused: &mut Vec<Refusal>,
) -> Vec<Entry> {
    let mut applied = Vec::new();
    let vouch = |author, bytes: &[u8], signature: &_| {
        notary.vouch(Signatory::Seat(author), bytes, signature)
    };
    for commands in [true, false] {
        let of_rank = |entry: &&Entry| entry.author.commands() == commands;
        for entry in entries.iter().take(ENTRIES_TAKEN_MAX).filter(of_rank) {
            if !entry.region.is_possible() || entry.region.meets(realm) {
                match levels.merge(entry.clone(), vouch) {
                    Merged::Applied => applied.push(entry.clone()),
                    Merged::Stale => {}
                    Merged::Refused(refusal) => refused.push(refusal),
                }
            } else if commands && entry.stamp.term > levels.term() {
                // It concerns nobody here; it is kept to prove the term to others in turn.
                if let Merged::Refused(refusal) = levels.merge(entry.clone(), vouch) {
                    refused.push(refusal);
                }
            }
        }
    }
    applied
}

/// All summaries of what is held for a region: one, but for a mesh with thousands of entries.
pub(super) fn say_what_is_here(levels: &Levels, region: Region, mut say: impl FnMut(Arc<Summary>)) {
    let mut from = 0;
    loop {
        let summary = levels.summary(region, from);
        let to = summary.to;
        say(Arc::new(summary));
        if to == u64::MAX {
            return;
        }
        from = to + 1;
    }
}

const fn back(from: From) -> To {
    match from {
        From::Parent => To::Parent,
        From::Child(slot) => To::Child(slot),
        From::Peer(slot) => To::Peer(slot),
    }
}

#[cfg(test)]
mod tests;
