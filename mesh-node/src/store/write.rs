//! What can be written, in one transaction.

use super::history::Point;
use super::{Store, StoreError, failed, schema};
use mesh_core::conflict::log::StoredRow;
use mesh_core::conflict::quarantine::Held;
use mesh_core::guard::level::Entry;
use mesh_core::message::Epoch;
use mesh_core::operation::answer::OperationLine;
use mesh_core::role::{KeptTask, Record};
use mesh_core::time::WallTime;
use mesh_core::unit::Digest;
use serde::Serialize;
use sqlx::Row as _;
use std::sync::Arc;

/// The desk, among documents.
pub(super) const DESK: &str = "desk";
/// Backups that are kept.
const BACKUPS_MAX: i64 = 24;
/// Proof sheets that are kept.
const SHEETS_MAX: i64 = 1_000;
/// How long ended tasks are kept, in microseconds: 30 days.
const ENDED_KEPT: i64 = 30 * 86_400 * 1_000_000;

/// Something to be written.
#[derive(Debug, Clone)]
pub enum Write {
    /// Whoever has a lower epoch writes no more.
    Fence(Epoch),
    /// What an orchestrator with this epoch keeps.
    Record(Epoch, Arc<Record>),
    /// A row of a node's chain of conflicts.
    Row(Arc<StoredRow>),
    /// Data in quarantine.
    Held(Arc<Held>),
    /// Desired state of a node.
    Levels {
        /// Whose: a place or a seat.
        holder: Arc<str>,
        /// What holds.
        entries: Arc<[Entry]>,
        /// It is all that holds; otherwise it is what is new.
        all: bool,
    },
    /// Measured values.
    History(Arc<[Point]>),
    /// What is too old goes or is rolled up.
    Tidy,
}

/// A transaction that did not take place.
#[derive(Debug)]
pub struct Failure {
    /// The write that failed; none when it was the transaction itself.
    pub at: Option<usize>,
    /// Why.
    pub error: StoreError,
}

impl Store {
    /// Writes all of it or nothing; it is on the disk when this returns.
    pub async fn write(&mut self, now: WallTime, writes: &[Write]) -> Result<(), Failure> {
        let whole = |error| Failure { at: None, error };
        self.run(schema::begin(self.dialect), "beginning to write")
            .await
            .map_err(whole)?;
        let mut fenced = None;
        for (at, write) in writes.iter().enumerate() {
            if let Err(error) = self.write_one(now, write, &mut fenced).await {
                self.roll_back().await;
                let at = Some(at);
                return Err(Failure { at, error });
            }
        }
        let committed = self.run("COMMIT", "committing").await;
        if committed.is_err() {
            self.roll_back().await;
        }
        committed.map_err(whole)
    }

    async fn run(&mut self, text: &'static str, doing: &'static str) -> Result<(), StoreError> {
        let done = sqlx::raw_sql(text).execute(&mut self.conn).await;
        done.map(drop).map_err(failed(&self.at, doing))
    }

    async fn roll_back(&mut self) {
        // A connection that is gone has nothing open, and a database may have rolled back by itself.
        let _ = sqlx::raw_sql("ROLLBACK").execute(&mut self.conn).await;
    }

    async fn write_one(
        &mut self,
        now: WallTime,
        write: &Write,
        fenced: &mut Option<Epoch>,
    ) -> Result<(), StoreError> {
        match write {
            Write::Fence(epoch) => self.raise_fence(*epoch, fenced).await,
            Write::Record(epoch, record) => {
                self.raise_fence(*epoch, fenced).await?;
                match &**record {
                    Record::Task(kept) => self.write_task(now, *epoch, kept).await,
                    Record::Sheet(sheet) => {
                        let body = json("a proof sheet", sheet, self)?;
                        let written = sqlx::query(
                            "INSERT INTO sheets (id, at, body) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING",
                        )
                        .bind(sheet.operation.to_string())
                        .bind(sheet.created.0)
                        .bind(body)
                        .execute(&mut self.conn)
                        .await;
                        written
                            .map(drop)
                            .map_err(failed(&self.at, "keeping a proof sheet"))
                    }
                    Record::Audit(line) => self.write_audit(line).await,
                    Record::Desk(desk) => {
                        let body = packed("the desk", desk, self)?;
                        self.document(DESK, body).await
                    }
                    Record::Backup(backup) => {
                        let body = packed("a backup", backup, self)?;
                        let written = sqlx::query(
                            "INSERT INTO backups (at, body) VALUES ($1, $2) \
                             ON CONFLICT (at) DO UPDATE SET body = excluded.body",
                        )
                        .bind(backup.at.0)
                        .bind(body)
                        .execute(&mut self.conn)
                        .await;
                        written
                            .map(drop)
                            .map_err(failed(&self.at, "keeping a backup"))
                    }
                }
            }
            Write::Row(row) => self.write_row(row).await,
            Write::Held(held) => {
                let body = packed("data in quarantine", held, self)?;
                let written = sqlx::query(
                    "INSERT INTO held (conflict, digest, body) VALUES ($1, $2, $3) \
                     ON CONFLICT (conflict, digest) DO NOTHING",
                )
                .bind(held.conflict.to_string())
                .bind(held.digest.0.to_vec())
                .bind(body)
                .execute(&mut self.conn)
                .await;
                written
                    .map(drop)
                    .map_err(failed(&self.at, "keeping data in quarantine"))
            }
            Write::Levels {
                holder,
                entries,
                all,
            } => self.write_levels(holder, entries, *all).await,
            Write::History(points) => self.write_history(points).await,
            Write::Tidy => self.tidy(now).await,
        }
    }

    /// From now on only this epoch and higher ones write.
    async fn raise_fence(
        &mut self,
        epoch: Epoch,
        fenced: &mut Option<Epoch>,
    ) -> Result<(), StoreError> {
        if *fenced == Some(epoch) {
            return Ok(());
        }
        let doing = failed(&self.at, "looking who may write");
        let raised = sqlx::query("UPDATE mesh_store SET fence = $1 WHERE fence <= $1")
            .bind(number(epoch))
            .execute(&mut self.conn)
            .await
            .map_err(&doing)?;
        if raised.rows_affected() == 0 {
            let row = sqlx::query("SELECT fence FROM mesh_store")
                .fetch_one(&mut self.conn)
                .await;
            return Err(StoreError::Fenced {
                epoch: epoch.0.into(),
                fence: row.and_then(|row| row.try_get(0)).map_err(doing)?,
            });
        }
        *fenced = Some(epoch);
        Ok(())
    }

    /// A task as it is now. Once it has an outcome, only the same again is taken.
    async fn write_task(
        &mut self,
        now: WallTime,
        epoch: Epoch,
        kept: &KeptTask,
    ) -> Result<(), StoreError> {
        let state = kept.task.state();
        let body = json("a task", kept, self)?;
        let written = sqlx::query(
            "INSERT INTO tasks (id, state, ended, epoch, at, body) VALUES ($1, $2, $3, $4, $5, $6) \
             ON CONFLICT (id) DO UPDATE SET state = excluded.state, ended = excluded.ended, epoch = excluded.epoch, \
             at = excluded.at, body = excluded.body WHERE tasks.ended = 0 OR tasks.body = excluded.body",
        )
        .bind(kept.task.id.as_str().to_owned())
        .bind(state.to_string())
        .bind(i64::from(state.is_final()))
        .bind(number(epoch))
        .bind(now.0)
        .bind(body)
        .execute(&mut self.conn)
        .await
        .map_err(failed(&self.at, "keeping a task"))?;
        if written.rows_affected() == 0 {
            return Err(StoreError::Ended(kept.task.id.as_str().to_owned()));
        }
        Ok(())
    }

    /// The next row of the audit log's chain.
    async fn write_audit(&mut self, line: &OperationLine) -> Result<(), StoreError> {
        let body = json("a row of the audit log", line, self)?;
        let doing = failed(&self.at, "writing the audit log");
        let last = sqlx::query("SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1")
            .fetch_optional(&mut self.conn)
            .await
            .map_err(&doing)?;
        let (index, before) = match last {
            Some(row) => (
                row.try_get::<i64, _>(0).map_err(&doing)? + 1,
                row.try_get::<Vec<u8>, _>(1).map_err(&doing)?,
            ),
            None => (0, audit_beginning().0.to_vec()),
        };
        let hash = audit_link(&before, index, &body);
        let written = sqlx::query(
            "INSERT INTO audit (number, at, before, hash, body) VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(index)
        .bind(line.at.0)
        .bind(before)
        .bind(hash.0.to_vec())
        .bind(body)
        .execute(&mut self.conn)
        .await;
        written.map(drop).map_err(doing)
    }

    /// A row of a chain of conflicts; the same row twice is one row.
    async fn write_row(&mut self, stored: &StoredRow) -> Result<(), StoreError> {
        let row = stored.row().map_err(|error| StoreError::Unreadable {
            at: self.at.clone(),
            what: format!("row {} of {}", stored.index, stored.writer),
            why: error.to_string(),
        })?;
        let (conflict, agent, kind) = row.keys();
        let doing = failed(&self.at, "writing the conflict log");
        let index = i64::try_from(stored.index).unwrap_or(i64::MAX);
        let written = sqlx::query(
            "INSERT INTO conflicts (writer, number, at, conflict, agent, kind, hash, body) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (writer, number) DO NOTHING",
        )
        .bind(stored.writer.0.to_vec())
        .bind(index)
        .bind(row.wall.0)
        .bind(conflict.map(|id| id.to_string()))
        .bind(agent.map(|agent| agent.to_string()))
        .bind(kind.map(|kind| kind.to_string()))
        .bind(stored.hash.0.to_vec())
        .bind(stored.bytes.clone())
        .execute(&mut self.conn)
        .await
        .map_err(&doing)?;
        if written.rows_affected() > 0 {
            return Ok(());
        }
        let there = sqlx::query("SELECT hash FROM conflicts WHERE writer = $1 AND number = $2")
            .bind(stored.writer.0.to_vec())
            .bind(index)
            .fetch_one(&mut self.conn)
            .await;
        let hash: Vec<u8> = there.and_then(|row| row.try_get(0)).map_err(doing)?;
        if hash == stored.hash.0 {
            return Ok(());
        }
        Err(StoreError::Database {
            at: self.at.clone(),
            doing: "writing the conflict log",
            said: format!(
                "row {} of {} is there already and says something else",
                stored.index, stored.writer
            ),
            refused: true,
        })
    }

    async fn write_levels(
        &mut self,
        holder: &str,
        entries: &[Entry],
        all: bool,
    ) -> Result<(), StoreError> {
        if all {
            let cleared = sqlx::query("DELETE FROM levels WHERE holder = $1")
                .bind(holder.to_owned())
                .execute(&mut self.conn)
                .await;
            cleared.map_err(failed(&self.at, "keeping desired state"))?;
        }
        for entry in entries {
            let name = json("a name", &(&entry.kind, &entry.region), self)?;
            let body = packed("desired state", entry, self)?;
            let written = sqlx::query(
                "INSERT INTO levels (holder, name, term, counter, body) VALUES ($1, $2, $3, $4, $5) \
                 ON CONFLICT (holder, name) DO UPDATE SET term = excluded.term, counter = excluded.counter, \
                 body = excluded.body WHERE excluded.term > levels.term \
                 OR (excluded.term = levels.term AND excluded.counter >= levels.counter)",
            )
            .bind(holder.to_owned())
            .bind(name)
            .bind(i64::try_from(entry.stamp.term).unwrap_or(i64::MAX))
            .bind(i64::try_from(entry.stamp.counter).unwrap_or(i64::MAX))
            .bind(body)
            .execute(&mut self.conn)
            .await;
            written.map_err(failed(&self.at, "keeping desired state"))?;
        }
        Ok(())
    }

    async fn document(&mut self, name: &str, body: Vec<u8>) -> Result<(), StoreError> {
        let written = sqlx::query(
            "INSERT INTO documents (name, body) VALUES ($1, $2) \
             ON CONFLICT (name) DO UPDATE SET body = excluded.body",
        )
        .bind(name.to_owned())
        .bind(body)
        .execute(&mut self.conn)
        .await;
        written
            .map(drop)
            .map_err(failed(&self.at, "keeping a document"))
    }

    /// What is too old goes: logs stay.
    async fn tidy(&mut self, now: WallTime) -> Result<(), StoreError> {
        let place = self.at.clone();
        let doing = failed(&place, "tidying up");
        let old = [
            (
                "DELETE FROM tasks WHERE ended = 1 AND at < $1",
                now.0 - ENDED_KEPT,
            ),
            (
                "DELETE FROM sheets WHERE at < (SELECT MIN(at) FROM (SELECT at FROM sheets ORDER BY at DESC LIMIT $1) AS newest)",
                SHEETS_MAX,
            ),
            (
                "DELETE FROM backups WHERE at < (SELECT MIN(at) FROM (SELECT at FROM backups ORDER BY at DESC LIMIT $1) AS newest)",
                BACKUPS_MAX,
            ),
        ];
        for (text, bound) in old {
            let gone = sqlx::query(text).bind(bound).execute(&mut self.conn).await;
            gone.map_err(&doing)?;
        }
        self.roll_up(now).await
    }
}

/// What the first row of the audit log follows.
pub(super) fn audit_beginning() -> Digest {
    Digest::of(b"mesh audit log")
}

/// The hash of a row of the audit log: over the hash before, the row's number and its text.
pub(super) fn audit_link(before: &[u8], index: i64, body: &str) -> Digest {
    let mut bytes = Vec::with_capacity(before.len() + 8 + body.len());
    bytes.extend_from_slice(before);
    bytes.extend_from_slice(&index.to_be_bytes());
    bytes.extend_from_slice(body.as_bytes());
    Digest::of(&bytes)
}

fn number(epoch: Epoch) -> i64 {
    i64::try_from(u64::from(epoch.0)).unwrap_or(i64::MAX)
}

/// As text that people and other programs can read.
pub(super) fn json<T: Serialize>(
    what: &str,
    value: &T,
    store: &Store,
) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Unreadable {
        at: store.at.clone(),
        what: what.to_owned(),
        why: error.to_string(),
    })
}

/// As `MessagePack` with names, so that a field can be added later.
pub(super) fn packed<T: Serialize>(
    what: &str,
    value: &T,
    store: &Store,
) -> Result<Vec<u8>, StoreError> {
    rmp_serde::to_vec_named(value).map_err(|error| StoreError::Unreadable {
        at: store.at.clone(),
        what: what.to_owned(),
        why: error.to_string(),
    })
}
