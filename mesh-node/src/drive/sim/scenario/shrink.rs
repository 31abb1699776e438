//! Smaller scenarios: whoever found one that fails tries these, keeps the first that still fails, and begins again.

use super::{ClassMix, Fault, MeshSize, Network, Scenario};
use mesh_core::place::Shape;
use mesh_core::time::Micros;

impl Scenario {
    /// Scenarios with one thing less, the largest cuts first. Every one is strictly simpler, so that keeping and trying
    /// again comes to an end.
    pub fn simpler(&self) -> impl Iterator<Item = Self> + '_ {
        self.fewer_faults()
            .chain(self.shorter())
            .chain(self.smaller())
            .chain(self.calmer())
            .chain(self.plainer_faults())
    }

    fn with(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut simpler = self.clone();
        change(&mut simpler);
        simpler
    }

    /// Without either half of the faults, then without each one.
    fn fewer_faults(&self) -> impl Iterator<Item = Self> + '_ {
        let count = self.faults.len();
        let half = count / 2;
        let halves = [(0, half), (half, count)]
            .into_iter()
            .filter(move |_| count > 2);
        halves
            .chain((0..count).map(|index| (index, index + 1)))
            .map(|(from, to)| {
                self.with(|scenario| {
                    scenario.faults.drain(from..to);
                })
            })
    }

    /// Half as long, then a tenth shorter, in whole seconds and never under one.
    fn shorter(&self) -> impl Iterator<Item = Self> + '_ {
        let second = 1_000_000;
        [2, 10].into_iter().filter_map(move |part| {
            let cut = (self.duration.0 / part / second * second).max(second);
            let rest = Micros(self.duration.0 - cut);
            (rest.0 >= second).then(|| self.with(|scenario| scenario.duration = rest))
        })
    }

    /// Half the sectors, clusters or agents. Scopes that name places which are gone strike nobody.
    fn smaller(&self) -> impl Iterator<Item = Self> + '_ {
        let shape = self.shape();
        let halves = [
            Shape {
                sectors: shape.sectors / 2,
                ..shape
            },
            Shape {
                clusters: shape.clusters / 2,
                ..shape
            },
            Shape {
                agents: shape.agents / 2,
                ..shape
            },
        ];
        let possible = |shape: &Shape| shape.sectors > 0 && shape.clusters > 0 && shape.agents > 0;
        halves
            .into_iter()
            .filter(possible)
            .map(|shape| self.with(|scenario| scenario.mesh = MeshSize::of_shape(shape)))
    }

    /// Without one of the standing troubles.
    fn calmer(&self) -> impl Iterator<Item = Self> + '_ {
        let changes: [fn(&mut Self); 9] = [
            |s| s.churn.per_minute = 0.0,
            |s| s.network.loss = 0.0,
            |s| s.network.burst = None,
            |s| s.network.duplication = 0.0,
            |s| s.network.reordering = 0.0,
            |s| s.clocks.offset = Micros::ZERO,
            |s| s.clocks.drift_ppm = 0.0,
            |s| s.load.tasks_per_minute = 0.0,
            |s| s.network.asymmetry = 0.0,
        ];
        let last: [fn(&mut Self); 4] = [
            |s| s.load.every = Micros::ZERO,
            |s| s.load.weight = 0.0,
            |s| s.network.delay_factor = Network::default().delay_factor,
            |s| {
                s.classes = ClassMix {
                    edge: 1.0,
                    ..ClassMix::NONE
                };
            },
        ];
        changes
            .into_iter()
            .chain(last)
            .map(move |change| self.with(change))
            .filter(move |simpler| simpler != self)
    }

    /// With one fault that strikes once only.
    fn plainer_faults(&self) -> impl Iterator<Item = Self> + '_ {
        let repeated = |(index, fault): (usize, &Fault)| fault.every.map(|_| index);
        let indices = self.faults.iter().enumerate().filter_map(repeated);
        indices.map(|index| {
            self.with(|scenario| {
                scenario.faults[index].every = None;
                scenario.faults[index].until = None;
            })
        })
    }
}
