//! What a lead keeps of one agent, and what it reads from that: when to send to it, and its row for those above.

use super::super::ability;
use super::super::downlink::{Downlink, Measured};
use super::super::mailing::Linked;
use super::ON_TIME;
use crate::impedance::{ClassSlopes, Outlook, Profile};
use crate::message::{Claims, Epoch, Micros32, RowReport};
use crate::place::Class;
use crate::registry::{Capabilities, CapabilitySet, HoldMode};
use crate::throw::Timing;
use crate::time::{Boot, Micros, Moment};
use crate::trust::KeyId;
use crate::unit::{Share, Weight};

/// What the lead keeps of one agent.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) class: Class,
    /// Where its class stands among the lead's slopes.
    pub(super) manner: u8,
    pub(super) link: Downlink,
    pub(super) profile: Profile,
    pub(super) claims: Claims,
    pub(super) context: u64,
    /// The key of whoever sits here.
    pub(super) key: Option<KeyId>,
    /// The start of it that the lead before this one knew.
    pub(super) known_boot: Boot,
    /// That another key was used for this place was told.
    pub(super) cloned: bool,
    pub(super) abilities: CapabilitySet,
}

/// What an agent costs its lead (HOUSE), but for what is under way to it.
const _: () = assert!(size_of::<Record>() <= 1_024);

impl Linked for Record {
    fn link(&mut self) -> &mut Downlink {
        &mut self.link
    }
}

impl Record {
    pub(super) fn new(class: Class, manner: u8, names: &mut Capabilities) -> Self {
        let own = ability::of_class(class).iter().copied();
        Self {
            class,
            manner,
            link: Downlink::new(),
            profile: Profile::new(class),
            claims: Claims::default(),
            context: 0,
            key: None,
            cloned: false,
            known_boot: Boot::default(),
            // Three for each of six classes: there is room.
            abilities: names.intern_all(own).unwrap_or_default(),
        }
    }

    pub(super) fn warm(&self) -> u64 {
        let key = self.key.map_or(0, |key| key.0);
        key ^ self.context ^ self.link.warm() ^ self.profile.warm()
    }

    pub(super) fn hear(
        &mut self,
        boot: Boot,
        exchange: Option<crate::message::Exchange>,
        sent: Moment,
        received: Moment,
        locked: bool,
    ) -> Option<Measured> {
        let measured = self
            .link
            .exchange(Epoch::default(), boot, exchange, sent, received)?;
        if let Some(down) = measured.down
            && !locked
        {
            self.profile.one_way(down, received);
        }
        Some(measured)
    }

    pub(super) fn timing(
        &self,
        outlook: &Outlook,
        slopes: &ClassSlopes,
        weight: Weight,
        on_time: Share,
        copy: Option<Micros>,
    ) -> Timing {
        let network = outlook.network();
        let total = outlook.total(slopes, weight, self.claims.queue, copy);
        let holds = self.claims.mode != HoldMode::LeadOnly;
        let (lead, confidence) = if holds {
            (total.at(on_time), on_time)
        } else {
            (total.median(), total.within(total.median()))
        };
        let back = network.at(Share::new(0.99));
        let trip = network.median();
        Timing {
            median: total.median(),
            lead,
            limit: total.at(Share::new(0.999)),
            processing: total.median() - trip,
            back,
            round: trip + network.at(Share::new(0.999)),
            confidence,
            holds,
            total,
        }
    }

    pub(super) fn row(
        &self,
        slot: u8,
        slopes: &ClassSlopes,
        active: bool,
        copy: Option<Micros>,
        now: Moment,
    ) -> RowReport {
        let outlook = self.profile.outlook(slopes);
        let timing = self.timing(&outlook, slopes, Weight::default(), ON_TIME, copy);
        RowReport {
            slot,
            class: self.class,
            mode: self.claims.mode,
            active,
            timed: self.link.clock().ready(),
            latency: Micros32::from(timing.median - timing.processing),
            processing: timing.processing.into(),
            impedance: timing.median.into(),
            lead: timing.lead.into(),
            queue: self.claims.queue,
            reliability: self.claims.reliability,
            drift: 0,
            silent: self
                .link
                .heard()
                .map_or(Micros::MAX, |heard| now.since(heard))
                .into(),
            usual: self.profile.usual().0.into(),
            boot: self.link.boot().max(self.known_boot),
            abilities: self.abilities,
            context: self.context,
            digest: self.profile.digest_of(&outlook, now),
        }
    }
}
