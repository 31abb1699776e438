//! What the orchestrator decides and only its driver can do: seats given by the grantor, backups read back, chained logs
//! recomputed, keys (§9.2, §10.1, PROTOCOL §8 to §10). Each service has an end, by what it brings or by time.

use super::Orchestrator;
use super::door::Outcome;
use super::eyes::Eyes;
use super::look::set_of;
use crate::operation::answer::{Answer, ConflictLine};
use crate::operation::refusal::Ground;
use crate::operation::view::Upkeep;
use crate::operation::word::{BackupAct, KeyAct, LogKind, SeatKind};
use crate::operation::{Refusal, Scopes};
use crate::place::AgentId;
use crate::registry::State;
use crate::role::{
    Ask, AskId, Backup, Brought, KeyService, Output, Outputs, Record, Service, Ticket,
};
use crate::time::{Micros, Moment, WallTime};
use crate::trust::seat::Seat;
use crate::unit::Digest;
use std::sync::Arc;

/// How long a service may take: a takeover and a long log.
const ERRAND_MAX: Micros = Micros::seconds(30);
/// Services under way at most.
const ERRANDS_MAX: usize = 16;

/// What is under way.
#[derive(Debug, Default)]
pub(super) struct Services {
    sent: Vec<Sent>,
    /// When the last backup was made, by the wall.
    pub(super) backup: Option<WallTime>,
}

/// A service under way.
#[derive(Debug)]
struct Sent {
    asked: AskId,
    ticket: Ticket,
    what: What,
    until: Moment,
}

/// What is answered when it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Seat,
    BackupMade(WallTime),
    BackupRead,
    Log(LogKind),
    Keys,
}

impl Services {
    /// When the first of them has had its time.
    pub(super) fn next_wake(&self) -> Moment {
        let until = self.sent.iter().map(|sent| sent.until);
        until.min().unwrap_or(Moment::NEVER)
    }
}

impl Orchestrator {
    /// Gives a seat to the node of an agent.
    pub(super) fn promote(
        &mut self,
        now: Moment,
        ask: &Ask,
        scope: &Scopes,
        to: Option<SeatKind>,
        out: &mut Outputs,
    ) -> Result<Outcome, Refusal> {
        let wrong = || {
            let why = "a seat goes to exactly one agent; name it, for example agent:7-4-3";
            Refusal::new(Ground::Wrong, why)
        };
        let agent = scope.single_agent().ok_or_else(wrong)?;
        let row = self.replica.table.row(agent);
        let row = row.ok_or_else(|| Refusal::new(Ground::NotFound, format!("no agent {agent}")))?;
        if row.class().is_human() || row.state() != State::Active || row.is_frozen() {
            let state = row.state();
            let why = format!("{agent} is {state}; a seat goes to a machine that is active");
            return Err(Refusal::new(Ground::Wrong, why).allowing(["inspect", "list"]));
        }
        let seat = match to.unwrap_or(SeatKind::Lead) {
            SeatKind::Lead => Seat::Lead(agent.cluster),
            SeatKind::Coordinator => Seat::Coordinator(agent.sector()),
        };
        self.send_service(now, ask, Service::Appoint { agent, seat }, What::Seat, out)
    }

    /// Backups: how old, a new one, whether the last one is right.
    pub(super) fn backup(
        &mut self,
        now: Moment,
        ask: &Ask,
        act: BackupAct,
        out: &mut Outputs,
    ) -> Result<Outcome, Refusal> {
        match act {
            BackupAct::Show => Ok(Outcome::Now(self.backups(now, None))),
            BackupAct::Make => {
                let backup = self.backed_up(now)?;
                let at = backup.at;
                let ticket = self.free_service()?;
                let record = Record::Backup(Box::new(backup));
                out.0.push(Output::Store(ticket, record));
                self.note_service(now, ask, ticket, What::BackupMade(at));
                Ok(Outcome::Later)
            }
            BackupAct::Verify => {
                self.send_service(now, ask, Service::ReadBackup, What::BackupRead, out)
            }
        }
    }

    /// A backup that nobody waits for.
    pub(super) fn back_up(&mut self, now: Moment, out: &mut Outputs) {
        if let Ok(backup) = self.backed_up(now) {
            self.door.services.backup = Some(backup.at);
            let ticket = self.ticket();
            let record = Record::Backup(Box::new(backup));
            out.0.push(Output::Store(ticket, record));
        }
    }

    /// Recomputes a log.
    pub(super) fn verify(
        &mut self,
        now: Moment,
        ask: &Ask,
        log: LogKind,
        out: &mut Outputs,
    ) -> Result<Outcome, Refusal> {
        self.send_service(now, ask, Service::Verify(log), What::Log(log), out)
    }

    /// Something about keys.
    pub(super) fn keys(
        &mut self,
        now: Moment,
        ask: &Ask,
        service: KeyService,
        out: &mut Outputs,
    ) -> Result<Outcome, Refusal> {
        let needs = match service.act {
            KeyAct::Show | KeyAct::Token => true,
            KeyAct::Admit => service.key.is_some(),
            KeyAct::Rotate | KeyAct::Revoke => {
                service.key.is_some() || ask.operation.scope().is_some()
            }
        };
        if !needs {
            let why = format!(
                "keys {} needs a key or a scope; keys show lists them",
                service.act.word()
            );
            return Err(Refusal::new(Ground::Wrong, why).allowing(["keys"]));
        }
        self.send_service(now, ask, Service::Keys(service), What::Keys, out)
    }

    /// Which agents an operation about keys means.
    pub(super) fn key_holders(&self, ask: &Ask, now: Moment) -> Vec<AgentId> {
        let Some(scope) = ask.operation.scope() else {
            return Vec::new();
        };
        let set = set_of(Some(scope), ask.operation.except());
        self.replica.table.select(&set, now).places().collect()
    }

    /// A service has brought something.
    pub(super) fn brought(
        &mut self,
        now: Moment,
        ticket: Ticket,
        brought: Brought,
        out: &mut Outputs,
    ) {
        let Some(sent) = self.take_service(ticket) else {
            return;
        };
        let result = match (sent.what, brought) {
            (_, Brought::Nothing(ground, why)) => Err(Refusal::new(ground, why)),
            (What::Seat, Brought::Appointed(_)) => Ok(self.done_for(now, &sent.asked, 1)),
            (What::BackupRead, Brought::Backup(Some(backup))) => {
                self.door.services.backup = Some(backup.at);
                Ok(self.backups(now, Some(backup.is_whole())))
            }
            (What::BackupRead, Brought::Backup(None)) => {
                let why = "no backup was made yet";
                Err(Refusal::new(Ground::NotFound, why).allowing(["backup"]))
            }
            (What::Log(log), Brought::Verified { rows, altered }) => {
                Ok(Answer::Verified { log, rows, altered })
            }
            (What::Keys, Brought::Keys(keys, changed)) => {
                if changed > 0 {
                    self.done_for(now, &sent.asked, changed);
                }
                Ok(Answer::Keys(*keys))
            }
            (_, _) => {
                let why = "the answer does not fit what was asked; nothing is known of it";
                Err(Refusal::new(Ground::Unavailable, why))
            }
        };
        self.finish(now, &sent.asked, result, out);
    }

    /// The store has what was kept under this ticket; whether that was a service.
    pub(super) fn service_stored(
        &mut self,
        now: Moment,
        ticket: Ticket,
        out: &mut Outputs,
    ) -> bool {
        let Some(sent) = self.take_service(ticket) else {
            return false;
        };
        if let What::BackupMade(at) = sent.what {
            self.door.services.backup = Some(at);
        }
        let answer = self.backups(now, None);
        self.finish(now, &sent.asked, Ok(answer), out);
        true
    }

    /// Services whose time is up.
    pub(super) fn advance_services(&mut self, now: Moment, out: &mut Outputs) {
        while let Some(at) = self
            .door
            .services
            .sent
            .iter()
            .position(|sent| now >= sent.until)
        {
            let sent = self.door.services.sent.swap_remove(at);
            let why = format!(
                "nothing came of it within {ERRAND_MAX}; whoever does it is not there or did not manage"
            );
            let refusal = Refusal::new(Ground::Unavailable, why);
            self.finish(now, &sent.asked, Err(refusal), out);
        }
    }

    /// How well backups are looked after.
    pub(super) fn upkeep(&self, now: Moment) -> Upkeep {
        let wall = self.wall_at(now);
        let age = self.door.services.backup.map(|at| wall - at);
        Upkeep {
            registry_backup: age,
            conflict_log_backup: age,
            snapshots: age,
            ..self.door.upkeep
        }
    }

    fn backups(&self, now: Moment, verified: Option<bool>) -> Answer {
        let upkeep = self.upkeep(now);
        Answer::Backup {
            ages: [
                upkeep.registry_backup,
                upkeep.conflict_log_backup,
                upkeep.snapshots,
            ],
            verified,
        }
    }

    fn backed_up(&self, now: Moment) -> Result<Backup, Refusal> {
        let table = &self.replica.table;
        let line = |row: &crate::operation::view::ConflictRow| ConflictLine {
            id: row.id.clone(),
            kind: row.kind.to_owned(),
            priority: row.priority,
            agent: row.agent,
            expected: "".into(),
            received: "".into(),
            age: now.since(row.at),
            settled: None,
        };
        let mut backup = Backup {
            at: self.wall_at(now),
            agents: table
                .changed(0)
                .map(|row| super::follow::agent(&row, now))
                .collect(),
            levels: self.desired.levels().entries().cloned().collect(),
            conflicts: self.door.conflicts.iter().map(line).collect(),
            tasks: self.board.kept().cloned().collect(),
            desk: self.door.desk.clone(),
            sum: Digest::default(),
        };
        backup.sum = backup.digest().ok_or_else(|| {
            Refusal::new(Ground::Unavailable, "the backup could not be written down")
        })?;
        Ok(backup)
    }

    fn send_service(
        &mut self,
        now: Moment,
        ask: &Ask,
        service: Service,
        what: What,
        out: &mut Outputs,
    ) -> Result<Outcome, Refusal> {
        let ticket = self.free_service()?;
        out.0.push(Output::Service(ticket, Box::new(service)));
        self.note_service(now, ask, ticket, what);
        Ok(Outcome::Later)
    }

    fn free_service(&mut self) -> Result<Ticket, Refusal> {
        if self.door.services.sent.len() >= ERRANDS_MAX {
            let why = "as many services are under way as one node keeps; try again in a moment";
            return Err(Refusal::new(Ground::TooMuch, why));
        }
        Ok(self.ticket())
    }

    fn note_service(&mut self, now: Moment, ask: &Ask, ticket: Ticket, what: What) {
        self.door.services.sent.push(Sent {
            asked: Arc::clone(&ask.id),
            ticket,
            what,
            until: now + ERRAND_MAX,
        });
    }

    fn take_service(&mut self, ticket: Ticket) -> Option<Sent> {
        let sent = &mut self.door.services.sent;
        let at = sent.iter().position(|sent| sent.ticket == ticket)?;
        Some(sent.swap_remove(at))
    }

    /// Something that went on is done: it is remembered as what its caller did.
    pub(super) fn done_for(&mut self, now: Moment, asked: &AskId, agents: u64) -> Answer {
        let open = self.door.open.get(asked).cloned();
        let Some((caller, operation)) = open else {
            return Answer::Ok;
        };
        let ask = Ask {
            id: Arc::clone(asked),
            caller,
            operation,
            confirmed: true,
        };
        self.done(now, &ask, agents, 0)
    }

    /// The mesh as it is now, to be looked at.
    pub(super) const fn eyes(&self, now: Moment) -> Eyes<'_> {
        Eyes { mesh: self, now }
    }
}
