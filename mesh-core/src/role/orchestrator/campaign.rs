//! `priority_first` (§3.3): a throw class by class, the critical ones first, carrying on past a weak phase and noting it.

use super::Orchestrator;
use super::throws::{Aim, Order, Purpose};
use crate::message::MessageId;
use crate::place::{Class, Slots};
use crate::role::{AskId, Outputs};
use crate::throw::quorum::{Decision, Thresholds};
use crate::throw::{Account, Sheet};
use crate::time::Moment;
use std::collections::VecDeque;

/// The order of the phases (§3.3); people are in none.
const PHASES: [Class; 5] = [
    Class::Gpu,
    Class::Persistent,
    Class::Serverless,
    Class::Edge,
    Class::Local,
];

/// A throw in phases.
#[derive(Debug)]
pub(super) struct Campaign {
    number: u32,
    order: Order,
    /// The phases to come.
    rest: VecDeque<(Class, Aim)>,
    /// Who waits for the end.
    pub(super) asked: Option<AskId>,
    pub(super) first: MessageId,
    pub(super) accepted: Moment,
    pub(super) account: Account,
    /// Phases that did not reach their threshold, with what was decided.
    pub(super) weak: Vec<(MessageId, Decision)>,
    pub(super) stragglers: Vec<crate::place::AgentId>,
}

impl Campaign {
    /// The worst of what was decided.
    pub(super) fn decision(&self) -> Decision {
        let decisions = self.weak.iter().map(|(_, decision)| *decision);
        decisions.max().unwrap_or(Decision::Proceed)
    }
}

impl Orchestrator {
    /// Begins a throw in phases; the id of the first. `None` when nobody of any phase is aimed at, or it cannot begin.
    pub(super) fn campaign(
        &mut self,
        now: Moment,
        order: &Order,
        aim: &Aim,
        asked: Option<AskId>,
        out: &mut Outputs,
    ) -> Option<MessageId> {
        let mut rest: VecDeque<(Class, Aim)> = PHASES
            .into_iter()
            .map(|class| (class, self.of_class(aim, class)))
            .filter(|(_, aim)| !aim.is_empty())
            .collect();
        let mut account = Account::default();
        let people = self.of_class(aim, Class::Human);
        let people: u32 = people.iter().map(|(_, slots)| slots.len() as u32).sum();
        (account.targeted, account.skipped) = (people, people);
        let number = self.campaigns_begun;
        let (class, aim) = rest.pop_front()?;
        let first = self.phase(now, order, class, &aim, number, out)?;
        self.campaigns_begun += 1;
        self.campaigns.push(Campaign {
            number,
            order: order.clone(),
            rest,
            asked,
            first,
            accepted: now,
            account,
            weak: Vec::new(),
            stragglers: Vec::new(),
        });
        Some(first)
    }

    /// A phase has ended: the next one begins, weak or not. Gives the campaign when it was the last.
    pub(super) fn phase_sealed(
        &mut self,
        now: Moment,
        number: u32,
        sheet: &Sheet,
        out: &mut Outputs,
    ) -> Option<Campaign> {
        let index = self
            .campaigns
            .iter()
            .position(|campaign| campaign.number == number)?;
        let campaign = &mut self.campaigns[index];
        campaign.account.join(&sheet.account);
        if sheet.decision != Decision::Proceed {
            campaign.weak.push((sheet.operation, sheet.decision));
        }
        campaign
            .stragglers
            .extend(sheet.stragglers.iter().map(|straggler| straggler.agent));
        while let Some((class, aim)) = self.campaigns[index].rest.pop_front() {
            let order = self.campaigns[index].order.clone();
            if self.phase(now, &order, class, &aim, number, out).is_some() {
                return None;
            }
            // There was no room: nobody of it was sent to.
            let left: u32 = aim.iter().map(|(_, slots)| slots.len() as u32).sum();
            let account = &mut self.campaigns[index].account;
            (account.targeted, account.skipped) = (account.targeted + left, account.skipped + left);
        }
        Some(self.campaigns.swap_remove(index))
    }

    /// Who waits for this campaign.
    pub(super) fn asked_for(&self, number: u32) -> Option<&AskId> {
        let mut campaigns = self.campaigns.iter();
        let found = campaigns.find(|campaign| campaign.number == number)?;
        found.asked.as_ref()
    }

    fn phase(
        &mut self,
        now: Moment,
        order: &Order,
        class: Class,
        aim: &Aim,
        number: u32,
        out: &mut Outputs,
    ) -> Option<MessageId> {
        let order = Order {
            thresholds: Thresholds::of_class(class).unwrap_or(order.thresholds),
            ..order.clone()
        };
        self.launch(now, &order, aim, Purpose::Phase(number), out)
    }

    fn of_class(&self, aim: &Aim, class: Class) -> Aim {
        let of = |&(cluster, agents): &(_, Slots)| {
            let class_of = self.replica.class_of(cluster);
            let slots: Slots = agents
                .iter()
                .filter(|&slot| class_of(slot) == class)
                .collect();
            (cluster, slots)
        };
        aim.iter()
            .map(of)
            .filter(|(_, slots)| !slots.is_empty())
            .collect()
    }
}
