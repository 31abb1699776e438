//! Ranges: what a scenario's values may be.

use super::super::settle::SETTLE_LEAST;
use super::{Expect, Fault, FaultKind, Scenario, ScenarioError, Whom};
use mesh_core::place::Shape;
use mesh_core::place::scope::{Region, Scope};
use mesh_core::text::nearest;
use mesh_core::time::Micros;

/// Names the scenario in errors.
struct Check<'a> {
    name: &'a str,
}

impl Scenario {
    /// Whether every value is in its range; `name` is what errors call the scenario.
    pub fn check(&self, name: &str) -> Result<(), ScenarioError> {
        let check = Check { name };
        check.span("seconds", self.duration, Micros(1), Self::DURATION_MAX)?;
        // TOML holds whole numbers up to this.
        let seed_max = i64::MAX as u64;
        check.that(
            self.seed <= seed_max,
            "seed",
            self.seed,
            "0 to 9223372036854775807",
        )?;
        check.mesh(self)?;
        for (class, weight) in ["edge", "serverless", "persistent", "gpu", "local", "human"]
            .iter()
            .zip(self.classes.weights())
        {
            check.number(&format!("classes.{class}"), weight, 0.0, 1e9)?;
        }
        let some = self.classes.weights().iter().sum::<f64>() > 0.0;
        check.that(some, "classes", "none", "at least one class above 0")?;
        check.load(self)?;
        check.network(self)?;
        let year = Micros::seconds(366 * 86_400);
        check.span("clocks.offset", self.clocks.offset, Micros::ZERO, year)?;
        check.number("clocks.drift_ppm", self.clocks.drift_ppm, 0.0, 10_000.0)?;
        check.share("churn.per_minute", self.churn.per_minute)?;
        check.span("churn.away", self.churn.away, Micros::ZERO, year)?;
        check.that(
            self.faults.len() <= Self::FAULTS_MAX,
            "fault",
            self.faults.len(),
            &format!("at most {} faults; `every` repeats one", Self::FAULTS_MAX),
        )?;
        for (index, fault) in self.faults.iter().enumerate() {
            check.fault(&format!("fault[{}]", index + 1), fault)?;
        }
        let hour = Micros::seconds(3_600);
        if self.settle != Micros::ZERO {
            check.span("settle", self.settle, SETTLE_LEAST, hour)?;
        }
        check.expect(&self.expect)
    }
}

impl Check<'_> {
    fn that(
        &self,
        right: bool,
        path: &str,
        value: impl core::fmt::Display,
        wanted: &str,
    ) -> Result<(), ScenarioError> {
        if right {
            return Ok(());
        }
        Err(ScenarioError::Value {
            name: self.name.to_owned(),
            path: path.to_owned(),
            value: value.to_string().chars().take(60).collect(),
            wanted: wanted.to_owned(),
        })
    }

    fn number(&self, path: &str, value: f64, low: f64, high: f64) -> Result<(), ScenarioError> {
        let right = (low..=high).contains(&value);
        self.that(right, path, value, &format!("{low} to {high}"))
    }

    fn share(&self, path: &str, value: f64) -> Result<(), ScenarioError> {
        self.number(path, value, 0.0, 1.0)
    }

    fn span(
        &self,
        path: &str,
        value: Micros,
        low: Micros,
        high: Micros,
    ) -> Result<(), ScenarioError> {
        let right = (low..=high).contains(&value);
        self.that(right, path, value, &format!("{low} to {high}"))
    }

    /// A scope is read by the protocol itself; here only that it is a short, single line.
    fn scope(&self, path: &str, scope: &str) -> Result<(), ScenarioError> {
        let right = !scope.is_empty() && scope.len() <= 400 && !scope.contains('\n');
        self.that(
            right,
            path,
            format!("{scope:?}"),
            "a scope such as \"all\", \"sector:2\", \"cluster:2-1\", \"agent:2-1-3\" or \"class:gpu\"",
        )
    }

    /// A place, or everything: what breakers and findings are about.
    fn region(&self, path: &str, text: &str) -> Result<(), ScenarioError> {
        let right = matches!(
            Scope::parse(text),
            Ok(Scope::Region(
                Region::All | Region::Sector(_) | Region::Cluster(_) | Region::Agent(_)
            ))
        );
        self.that(
            right,
            path,
            format!("{text:?}"),
            "a place: \"all\", \"sector:2\", \"cluster:2-1\" or \"agent:2-1-3\"",
        )
    }

    fn scopes(&self, path: &str, scopes: &[String]) -> Result<(), ScenarioError> {
        let few = scopes.len() <= 1_000;
        self.that(few, path, scopes.len(), "at most 1000 scopes")?;
        scopes.iter().try_for_each(|scope| self.scope(path, scope))
    }

    fn mesh(&self, scenario: &Scenario) -> Result<(), ScenarioError> {
        let mesh = scenario.mesh;
        if mesh.sectors.is_none() && mesh.clusters.is_none() {
            let most = 16_000_000;
            let right = (1..=most).contains(&mesh.agents);
            return self.that(right, "mesh.agents", mesh.agents, &format!("1 to {most}"));
        }
        let (sectors, clusters) = (mesh.sectors.unwrap_or(1), mesh.clusters.unwrap_or(1));
        let right = Shape::new(sectors, clusters, mesh.agents);
        self.that(
            right.is_ok(),
            "mesh",
            format!("{sectors} x {clusters} x {}", mesh.agents),
            "1 to 1000 sectors, 1 to 128 clusters each, 1 to 128 agents each",
        )
    }

    fn load(&self, scenario: &Scenario) -> Result<(), ScenarioError> {
        let load = &scenario.load;
        let day = Micros::seconds(86_400);
        self.span("load.start", load.start, Micros::ZERO, day)?;
        let none_or_slow = load.every == Micros::ZERO || load.every >= Micros::millis(100);
        self.that(
            none_or_slow && load.every <= day,
            "load.every",
            load.every,
            "0 for none, or 100ms to 24h",
        )?;
        self.scope("load.scope", &load.scope)?;
        self.number("load.weight", load.weight, 0.0, 100.0)?;
        self.span("load.window", load.window, Micros::millis(1), day)?;
        self.share("load.quorum", load.quorum)?;
        if let Some(spread) = load.spread {
            self.span("load.spread", spread, Micros(1), Micros::seconds(60))?;
        }
        self.number("load.tasks_per_minute", load.tasks_per_minute, 0.0, 1e6)
    }

    fn network(&self, scenario: &Scenario) -> Result<(), ScenarioError> {
        let network = &scenario.network;
        self.share("network.loss", network.loss)?;
        self.share("network.duplication", network.duplication)?;
        self.share("network.reordering", network.reordering)?;
        let delay = network.reordering_delay;
        let minute = Micros::seconds(60);
        self.span("network.reordering_delay", delay, Micros::ZERO, minute)?;
        self.number("network.delay_factor", network.delay_factor, 0.001, 1_000.0)?;
        self.number("network.asymmetry", network.asymmetry, 0.0, 0.9)?;
        self.burst("network.burst", network.burst)
    }

    fn burst(
        &self,
        path: &str,
        burst: Option<super::super::link::Burst>,
    ) -> Result<(), ScenarioError> {
        let Some(burst) = burst else { return Ok(()) };
        self.share(&format!("{path}.enter"), burst.enter)?;
        self.share(&format!("{path}.leave"), burst.leave)?;
        self.share(&format!("{path}.loss"), burst.loss)
    }

    fn fault(&self, path: &str, fault: &Fault) -> Result<(), ScenarioError> {
        let most = Scenario::DURATION_MAX;
        self.span(&format!("{path}.at"), fault.at, Micros::ZERO, most)?;
        if let Some(every) = fault.every {
            self.span(&format!("{path}.every"), every, Micros::millis(100), most)?;
        }
        if let Some(until) = fault.until {
            let path = format!("{path}.until");
            self.that(fault.every.is_some(), &path, until, "beside `every` only")?;
            self.span(&path, until, fault.at, most)?;
        }
        if let Some(whom) = fault.kind.whom() {
            self.whom(path, whom)?;
        }
        self.kind(path, &fault.kind)
    }

    fn whom(&self, path: &str, whom: &Whom) -> Result<(), ScenarioError> {
        self.scope(&format!("{path}.scope"), &whom.scope)?;
        if let Some(share) = whom.share {
            self.share(&format!("{path}.share"), share)?;
            let alone = whom.count.is_none();
            self.that(
                alone,
                &format!("{path}.share"),
                share,
                "either `count` or `share`",
            )?;
        }
        Ok(())
    }

    fn kind(&self, path: &str, kind: &FaultKind) -> Result<(), ScenarioError> {
        let at = |key: &str| format!("{path}.{key}");
        let spans: [(&str, Option<Micros>); 2] = match kind {
            FaultKind::Crash { restart, .. } | FaultKind::Kill { restart, .. } => {
                [("restart", *restart), ("restart", None)]
            }
            FaultKind::Slow { lasts, .. }
            | FaultKind::Silent { lasts, .. }
            | FaultKind::Lie { lasts, .. }
            | FaultKind::Wrong { lasts, .. }
            | FaultKind::Conflict { lasts, .. }
            | FaultKind::Flood { lasts, .. }
            | FaultKind::Compromise { lasts, .. }
            | FaultKind::Partition { lasts, .. }
            | FaultKind::Network { lasts, .. }
            | FaultKind::SeatStore { lasts, .. } => [("lasts", *lasts), ("lasts", None)],
            FaultKind::Clock { stop, .. } => [("stop", *stop), ("stop", None)],
            FaultKind::Restart { .. }
            | FaultKind::Clone { .. }
            | FaultKind::CorruptContext { .. }
            | FaultKind::Reconnect {}
            | FaultKind::Operate { .. } => [("lasts", None), ("lasts", None)],
        };
        for (key, span) in spans {
            if let Some(span) = span {
                self.span(&at(key), span, Micros(1), Scenario::DURATION_MAX)?;
            }
        }
        match kind {
            FaultKind::Slow { factor, .. } => self.number(&at("factor"), *factor, 0.01, 255.0),
            FaultKind::Lie { factor, .. } => self.number(&at("factor"), *factor, 0.0, 1_000.0),
            FaultKind::Flood { factor, .. } => self.number(&at("factor"), *factor, 1.0, 10_000.0),
            FaultKind::Wrong { rate, .. }
            | FaultKind::Conflict { rate, .. }
            | FaultKind::SeatStore { rate, .. } => self.share(&at("rate"), *rate),
            FaultKind::Partition { side, other, .. } => {
                self.that(!side.is_empty(), &at("side"), "[]", "at least one scope")?;
                self.scopes(&at("side"), side)?;
                self.scopes(&at("other"), other)
            }
            FaultKind::Network {
                loss,
                burst,
                duplication,
                reordering,
                delay_factor,
                ..
            } => {
                for (key, share) in [
                    ("loss", loss),
                    ("duplication", duplication),
                    ("reordering", reordering),
                ] {
                    if let Some(share) = share {
                        self.share(&at(key), *share)?;
                    }
                }
                if let Some(factor) = delay_factor {
                    self.number(&at("delay_factor"), *factor, 0.001, 1_000.0)?;
                }
                self.burst(&at("burst"), *burst)
            }
            FaultKind::Clock {
                step,
                drift_ppm,
                stop,
                ..
            } => {
                let something = step.is_some() || drift_ppm.is_some() || stop.is_some();
                self.that(something, path, "clock", "`step`, `drift_ppm` or `stop`")?;
                if let Some(drift) = drift_ppm {
                    self.number(&at("drift_ppm"), *drift, -10_000.0, 10_000.0)?;
                }
                let year = Micros::seconds(366 * 86_400);
                step.map_or(Ok(()), |step| self.span(&at("step"), step, -year, year))
            }
            FaultKind::Operate {
                operation, scope, ..
            } => {
                let right = (1..=40).contains(&operation.len());
                self.that(right, &at("operation"), operation, "an operation's name")?;
                scope
                    .as_ref()
                    .map_or(Ok(()), |scope| self.scope(&at("scope"), scope))
            }
            FaultKind::Clone { at_place, .. } => at_place
                .as_ref()
                .map_or(Ok(()), |scope| self.scope(&at("at_place"), scope)),
            FaultKind::Crash { .. }
            | FaultKind::Restart { .. }
            | FaultKind::Kill { .. }
            | FaultKind::Silent { .. }
            | FaultKind::CorruptContext { .. }
            | FaultKind::Compromise { .. }
            | FaultKind::Reconnect {} => Ok(()),
        }
    }

    fn expect(&self, expect: &Expect) -> Result<(), ScenarioError> {
        for (path, names) in [
            ("expect.detected", &expect.detected),
            ("expect.not_detected", &expect.not_detected),
        ] {
            for text in names {
                let (name, region) = text.split_once(" in ").unwrap_or((text, "all"));
                self.known(path, name, &Expect::FINDINGS)?;
                self.region(path, region)?;
            }
        }
        for (path, scopes) in [
            ("expect.frozen", &expect.frozen),
            ("expect.active", &expect.active),
            ("expect.quarantined", &expect.quarantined),
            ("expect.avoided", &expect.avoided),
            ("expect.tripped", &expect.tripped),
        ] {
            self.scopes(path, scopes)?;
        }
        for region in &expect.tripped {
            self.region("expect.tripped", region)?;
        }
        expect.mode.as_ref().map_or(Ok(()), |mode| {
            self.known("expect.mode", mode, &Expect::MODES)
        })
    }

    fn known(&self, path: &str, name: &str, known: &[&str]) -> Result<(), ScenarioError> {
        let hint = nearest(name, known.iter().copied())
            .map(|near| format!("did you mean {near:?}? "))
            .unwrap_or_default();
        let wanted = format!("{hint}known: {}", known.join(", "));
        self.that(known.contains(&name), path, format!("{name:?}"), &wanted)
    }
}
