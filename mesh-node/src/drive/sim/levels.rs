//! Operations of a scenario that are desired state and nothing else, written by the orchestrator itself. This is the way
//! around a door that does not take them yet.

use super::node::{NodeId, SeatRole};
use super::world::World;
use mesh_core::guard::level::{Kind, Value};
use mesh_core::place::scope::{Region, Scope};
use mesh_core::role::{Orchestrator, Outputs};
use mesh_core::time::{Micros, Moment};
use toml::Table;

/// A level that an operation writes, by the operation's name.
fn level_of(operation: &str) -> Option<(Kind, Value)> {
    Some(match operation {
        "freeze" => (Kind::Freeze, Value::Hold),
        "thaw" => (Kind::Freeze, Value::Lift),
        "avoid" => (Kind::Avoid, Value::Hold),
        "restore" => (Kind::Avoid, Value::Lift),
        "quarantine" => (Kind::Quarantine, Value::Hold),
        "release" => (Kind::Quarantine, Value::Lift),
        "trip" => (Kind::Breaker, Value::Hold),
        "reset" => (Kind::Breaker, Value::Lift),
        "unlock" => (Kind::Weights, Value::Lift),
        _ => return None,
    })
}

impl World {
    /// Writes what an operation means. None: it is not one of those.
    pub(super) fn write_level(
        &mut self,
        operation: &str,
        scope: Option<&str>,
        args: &Table,
    ) -> Option<bool> {
        let (kind, value) = level_of(operation)?;
        let regions = self.regions_of(scope.unwrap_or("all"));
        let lasting = args
            .get("for_s")
            .and_then(toml::Value::as_integer)
            .map(Micros::seconds);
        let mut done = !regions.is_empty();
        for region in regions {
            let kind = kind.clone();
            done &= self
                .at_the_top(|role, local, out| {
                    role.write(local, kind, region, value, lasting, out).is_ok()
                })
                .unwrap_or(false);
        }
        Some(done)
    }

    /// Lets the orchestrator that serves do something; none when nobody serves.
    pub(super) fn at_the_top<T>(
        &mut self,
        act: impl FnOnce(&mut Orchestrator, Moment, &mut Outputs) -> T,
    ) -> Option<T> {
        let serving = |index: &u32| self.seats[*index as usize].role.serving();
        let index = self.orchestrators.into_iter().find(serving)?;
        let node = NodeId::Seat(index);
        let seat = &mut self.seats[index as usize];
        let SeatRole::Orchestrator(role) = &mut seat.role else {
            return None;
        };
        let local = seat.host.clock.read(self.now);
        let mut out = core::mem::take(&mut self.out);
        let done = act(role, local, &mut out);
        let next = role.next_wake();
        self.carry_out(node, local, &mut out);
        self.out = out;
        self.arm(node, next);
        Some(done)
    }

    /// The regions that a scope names; a filter names each of its agents.
    fn regions_of(&self, text: &str) -> Vec<Region> {
        match Scope::parse(text) {
            Ok(Scope::Region(region)) => vec![region],
            Ok(scope) => {
                let places = self
                    .agents
                    .iter()
                    .map(|agent| (agent.role.place(), agent.role.class()));
                places
                    .filter(|(place, class)| scope.matches_place(*place, *class).unwrap_or(false))
                    .map(|(place, _)| Region::Agent(place))
                    .collect()
            }
            Err(_) => Vec::new(),
        }
    }
}
