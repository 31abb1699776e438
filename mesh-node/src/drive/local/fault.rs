//! What can be made to go wrong in a lab while it runs.

use super::super::sim::link::{FaultRates, LinkFaults};
use super::super::sim::node::NodeId;
use super::shard::{Event, Shard};
use mesh_core::place::SectorId;
use mesh_core::place::scope::Scope;
use mesh_core::time::{Micros, Moment};
use mesh_core::trust::seat::Seat;

/// Something that goes wrong.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// Agents die; after the fault's time they start again, or never.
    Crash(Scope),
    /// Agents live and say nothing.
    Silence(Scope),
    /// Agents take so many times as long for everything (0.01 to 255).
    Slow(Scope, f64),
    /// This share of the messages to and from agents is lost (0 to 1).
    Loss(Scope, f64),
    /// Agents report so many times the processing time that they had.
    Lie(Scope, f64),
    /// A sector cannot be reached from above, nor reach anybody there.
    Partition(SectorId),
    /// The node that holds a seat dies; after the fault's time it starts again, as a standby.
    Kill(Seat),
    /// Everything that was made wrong is put right.
    Recover,
}

impl Shard {
    /// A fault strikes what this shard holds.
    pub(super) fn strike(&mut self, fault: Fault, lasts: Option<Micros>) {
        self.wake_up();
        match &fault {
            Fault::Crash(scope) => {
                for agent in self.agents_in(scope) {
                    self.crash(NodeId::Agent(agent), lasts);
                }
                return;
            }
            Fault::Kill(seat) => {
                if let Some(node) = self.holder(*seat) {
                    self.crash(node, lasts);
                }
                return;
            }
            Fault::Recover => return self.recover(),
            Fault::Silence(scope) => self.each(scope, |agent| agent.host.silent = true),
            Fault::Slow(scope, factor) => {
                let factor = *factor;
                self.each(scope, |agent| agent.device.slow_down(factor));
            }
            Fault::Lie(scope, factor) => {
                let factor = *factor;
                self.each(scope, |agent| agent.host.lies = Some(factor));
            }
            Fault::Loss(scope, share) => {
                let rates = FaultRates {
                    loss: *share,
                    ..FaultRates::NONE
                };
                let number = self.link_faults(LinkFaults::new(&rates));
                self.each(scope, |agent| agent.host.faults = number);
            }
            Fault::Partition(sector) => {
                if let Some(info) = self.sector_mut(*sector) {
                    info.cut = true;
                }
            }
        }
        if let Some(lasts) = lasts {
            let number = self.over.len() as u32;
            self.over.push(Some(fault));
            let at = self.now + lasts;
            self.queue.push(at, Event::Over(number));
        }
    }

    /// A fault's time is over.
    pub(super) fn relent(&mut self, number: u32) {
        let Some(fault) = self.over.get_mut(number as usize).and_then(Option::take) else {
            return;
        };
        match &fault {
            Fault::Silence(scope) => self.each(scope, |agent| agent.host.silent = false),
            Fault::Slow(scope, _) => self.each(scope, |agent| agent.device.slow_down(1.0)),
            Fault::Lie(scope, _) => self.each(scope, |agent| agent.host.lies = None),
            Fault::Loss(scope, _) => self.each(scope, |agent| agent.host.faults = 0),
            Fault::Partition(sector) => {
                if let Some(info) = self.sector_mut(*sector) {
                    info.cut = false;
                }
            }
            Fault::Crash(_) | Fault::Kill(_) | Fault::Recover => {}
        }
    }

    fn recover(&mut self) {
        self.over.iter_mut().for_each(|over| *over = None);
        self.each(&Scope::ALL, |agent| {
            agent.host.silent = false;
            agent.host.lies = None;
            agent.host.faults = 0;
            agent.device.slow_down(1.0);
        });
        self.sectors
            .iter_mut()
            .flatten()
            .for_each(|info| info.cut = false);
        for index in 0..self.agents.len() as u32 {
            self.restart(NodeId::Agent(index));
        }
        for index in 0..self.seats.len() as u32 {
            self.restart(NodeId::Seat(index));
        }
    }

    fn crash(&mut self, node: NodeId, back_after: Option<Micros>) {
        if !self.host(node).up {
            return;
        }
        let host = self.host_mut(node);
        host.up = false;
        host.armed = Moment::NEVER;
        self.reset(node);
        if let Some(after) = back_after {
            let at = self.now + after;
            self.queue.push(at, Event::Restart(node));
        }
    }
}
