//! What a new orchestrator is told, what nodes begin with, and what people ask.

use super::write::DESK;
use super::{Store, StoreError, failed};
use mesh_core::guard::level::Entry;
use mesh_core::message::Epoch;
use mesh_core::operation::answer::OperationLine;
use mesh_core::operation::task::TASKS_MAX;
use mesh_core::role::{Backup, Desk, KeptTask, Saved};
use mesh_core::time::WallTime;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::Row as _;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Ended tasks that an orchestrator is told of: longer than anybody asks again.
const ENDED_MAX: i64 = 1_024;

/// Rows of the audit log that an orchestrator is told of.
const AUDIT_MAX: i64 = 1_024;

/// How much of everything there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Contents {
    /// Tasks without an outcome.
    pub tasks_open: u64,
    /// Tasks with one.
    pub tasks_ended: u64,
    /// Rows of the audit log.
    pub audit: u64,
    /// Rows of all chains of conflicts.
    pub conflicts: u64,
    /// Pieces of data in quarantine.
    pub held: u64,
    /// Entries of desired state, over all nodes.
    pub levels: u64,
    /// Proof sheets.
    pub sheets: u64,
    /// Backups of the mesh's state.
    pub backups: u64,
    /// Rows of history, one a cluster and step.
    pub history: u64,
    /// The highest epoch that wrote.
    pub epoch: u64,
    /// How often it was opened.
    pub openings: u64,
}

impl Store {
    /// What there is for a new orchestrator.
    pub async fn saved(&mut self) -> Result<Saved, StoreError> {
        let open = "SELECT id, body FROM tasks WHERE ended = 0 ORDER BY id LIMIT $1";
        let tasks = self.tasks(open, TASKS_MAX as i64).await?;
        let last = "SELECT id, body FROM tasks WHERE ended = 1 ORDER BY at DESC, id DESC LIMIT $1";
        let mut ended = self.tasks(last, ENDED_MAX).await?;
        ended.reverse();
        let audit = self.audit_tail().await?;
        let doing = failed(&self.at, "reading the desk");
        let row = sqlx::query("SELECT body FROM documents WHERE name = $1")
            .bind(DESK)
            .fetch_optional(&mut self.conn)
            .await
            .map_err(&doing)?;
        let desk = match row {
            Some(row) => {
                let body: Vec<u8> = row.try_get(0).map_err(&doing)?;
                Some(self.unpacked::<Desk>("the desk", &body)?)
            }
            None => None,
        };
        let doing = failed(&self.at, "reading when the last backup was made");
        let row = sqlx::query("SELECT at FROM backups ORDER BY at DESC LIMIT 1")
            .fetch_optional(&mut self.conn)
            .await
            .map_err(&doing)?;
        let backup = match row {
            Some(row) => Some(WallTime(row.try_get(0).map_err(&doing)?)),
            None => None,
        };
        Ok(Saved {
            tasks,
            ended,
            audit,
            desk,
            backup,
        })
    }

    /// The last rows of the audit log, the oldest first.
    async fn audit_tail(&mut self) -> Result<Vec<OperationLine>, StoreError> {
        let doing = failed(&self.at, "reading the audit log");
        let rows = sqlx::query("SELECT number, body FROM audit ORDER BY number DESC LIMIT $1")
            .bind(AUDIT_MAX)
            .fetch_all(&mut self.conn)
            .await
            .map_err(&doing)?;
        let mut lines = Vec::with_capacity(rows.len());
        for row in rows.iter().rev() {
            let number: i64 = row.try_get(0).map_err(&doing)?;
            let body: String = row.try_get(1).map_err(&doing)?;
            // A row that was altered is found by who verifies the log; here it is no reason to be without an orchestrator.
            match serde_json::from_str(&body) {
                Ok(line) => lines.push(line),
                Err(error) => {
                    tracing::warn!(number, %error, "a row of the audit log cannot be read");
                }
            }
        }
        Ok(lines)
    }

    async fn tasks(&mut self, text: &'static str, most: i64) -> Result<Vec<KeptTask>, StoreError> {
        let doing = failed(&self.at, "reading tasks");
        let rows = sqlx::query(text)
            .bind(most)
            .fetch_all(&mut self.conn)
            .await
            .map_err(&doing)?;
        let mut tasks = Vec::with_capacity(rows.len());
        for row in rows {
            let id: String = row.try_get(0).map_err(&doing)?;
            let body: String = row.try_get(1).map_err(&doing)?;
            let kept: KeptTask = serde_json::from_str(&body)
                .map_err(|error| self.unreadable(&format!("task {id}"), &error))?;
            tasks.push(kept);
        }
        Ok(tasks)
    }

    /// The highest epoch that wrote.
    pub async fn fence(&mut self) -> Result<Epoch, StoreError> {
        let row = sqlx::query("SELECT fence FROM mesh_store")
            .fetch_one(&mut self.conn)
            .await;
        let fence: i64 = row
            .and_then(|row| row.try_get(0))
            .map_err(failed(&self.at, "looking who may write"))?;
        Ok(Epoch(u32::try_from(fence).unwrap_or(u32::MAX)))
    }

    /// The last backup of the mesh's state.
    pub async fn last_backup(&mut self) -> Result<Option<Backup>, StoreError> {
        let doing = failed(&self.at, "reading the last backup");
        let row = sqlx::query("SELECT body FROM backups ORDER BY at DESC LIMIT 1")
            .fetch_optional(&mut self.conn)
            .await
            .map_err(&doing)?;
        let Some(row) = row else { return Ok(None) };
        let body: Vec<u8> = row.try_get(0).map_err(&doing)?;
        self.unpacked("the last backup", &body).map(Some)
    }

    /// Desired state as every node kept it.
    pub async fn levels(&mut self) -> Result<BTreeMap<Arc<str>, Vec<Entry>>, StoreError> {
        let doing = failed(&self.at, "reading desired state");
        let rows = sqlx::query("SELECT holder, body FROM levels ORDER BY holder, name")
            .fetch_all(&mut self.conn)
            .await
            .map_err(&doing)?;
        let mut levels: BTreeMap<Arc<str>, Vec<Entry>> = BTreeMap::new();
        for row in rows {
            let holder: String = row.try_get(0).map_err(&doing)?;
            let body: Vec<u8> = row.try_get(1).map_err(&doing)?;
            let entry = self.unpacked(&format!("desired state of {holder}"), &body)?;
            levels.entry(holder.into()).or_default().push(entry);
        }
        Ok(levels)
    }

    /// How much of everything there is.
    pub async fn contents(&mut self) -> Result<Contents, StoreError> {
        let doing = failed(&self.at, "counting what there is");
        let row = sqlx::query(
            "SELECT (SELECT COUNT(*) FROM tasks WHERE ended = 0), (SELECT COUNT(*) FROM tasks WHERE ended = 1), \
             (SELECT COUNT(*) FROM audit), (SELECT COUNT(*) FROM conflicts), (SELECT COUNT(*) FROM held), \
             (SELECT COUNT(*) FROM levels), (SELECT COUNT(*) FROM sheets), (SELECT COUNT(*) FROM backups), \
             (SELECT COUNT(*) FROM history), fence, openings FROM mesh_store",
        )
        .fetch_one(&mut self.conn)
        .await
        .map_err(&doing)?;
        let mut counts = [0; 11];
        for (at, count) in counts.iter_mut().enumerate() {
            let value: i64 = row.try_get(at).map_err(&doing)?;
            *count = u64::try_from(value).unwrap_or(0);
        }
        let [
            tasks_open,
            tasks_ended,
            audit,
            conflicts,
            held,
            levels,
            sheets,
            backups,
            history,
            epoch,
            openings,
        ] = counts;
        Ok(Contents {
            tasks_open,
            tasks_ended,
            audit,
            conflicts,
            held,
            levels,
            sheets,
            backups,
            history,
            epoch,
            openings,
        })
    }

    pub(super) fn unpacked<T: DeserializeOwned>(
        &self,
        what: &str,
        body: &[u8],
    ) -> Result<T, StoreError> {
        rmp_serde::from_slice(body).map_err(|error| self.unreadable(what, &error))
    }

    pub(super) fn unreadable(&self, what: &str, why: &dyn std::fmt::Display) -> StoreError {
        StoreError::Unreadable {
            at: self.at.clone(),
            what: what.to_owned(),
            why: why.to_string(),
        }
    }
}
