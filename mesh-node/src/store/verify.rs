//! The chains recomputed from their first row: the first row that is not as it was written.

use super::write::{audit_beginning, audit_link};
use super::{Store, StoreError, failed};
use mesh_core::conflict::log::{SealCheck, StoredRow, WriterId, verify};
use mesh_core::unit::Digest;
use serde::Serialize;
use sqlx::Row as _;

/// Rows of the audit log that are read at once.
const PAGE: i64 = 1_000;

/// What a log came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogFound {
    /// Rows that were read.
    pub rows: u64,
    /// Chains: one of the audit log, one of each node that ever had a conflict.
    pub chains: u64,
    /// The first row that is not as it was written.
    pub altered: Option<Finding>,
}

/// A row that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Its number in its chain, from 0.
    pub number: u64,
    /// What is wrong with it.
    pub what: String,
}

/// Heads of chains prove something with their writers' keys alone; a store has none.
struct NoKeys;

impl SealCheck for NoKeys {
    fn holds(&self, _: WriterId, _: &[u8], _: &[u8; 64]) -> bool {
        false
    }
}

impl Store {
    /// Recomputes the audit log.
    pub async fn verify_audit(&mut self) -> Result<LogFound, StoreError> {
        let doing = failed(&self.at, "reading the audit log");
        let mut found = LogFound {
            rows: 0,
            chains: 1,
            altered: None,
        };
        let mut last = audit_beginning().0.to_vec();
        loop {
            let next = i64::try_from(found.rows).unwrap_or(i64::MAX);
            // By number, and past what was read: a hole shows as a row with another number in its place.
            let rows = sqlx::query(
                "SELECT number, before, hash, body FROM audit WHERE number >= $1 ORDER BY number LIMIT $2",
            )
            .bind(next)
            .bind(PAGE)
            .fetch_all(&mut self.conn)
            .await
            .map_err(&doing)?;
            if rows.is_empty() {
                return Ok(found);
            }
            for row in rows {
                let index: i64 = row.try_get(0).map_err(&doing)?;
                let before: Vec<u8> = row.try_get(1).map_err(&doing)?;
                let hash: Vec<u8> = row.try_get(2).map_err(&doing)?;
                let body: String = row.try_get(3).map_err(&doing)?;
                let number = found.rows;
                found.rows += 1;
                let what = if u64::try_from(index) != Ok(number) {
                    Some(format!("is missing: row {index} stands in its place"))
                } else if hash != audit_link(&before, index, &body).0 {
                    Some("was altered: it does not have the stored hash".to_owned())
                } else if before != last {
                    Some("does not follow the row before it".to_owned())
                } else {
                    None
                };
                if let Some(what) = what {
                    found.altered = Some(Finding { number, what });
                    return Ok(found);
                }
                last = hash;
            }
        }
    }

    /// Recomputes every node's chain of conflicts. What was cut off at a chain's end shows where its head was anchored.
    pub async fn verify_conflicts(&mut self) -> Result<LogFound, StoreError> {
        let doing = failed(&self.at, "reading the conflict log");
        let writers = sqlx::query("SELECT DISTINCT writer FROM conflicts ORDER BY writer")
            .fetch_all(&mut self.conn)
            .await
            .map_err(&doing)?;
        let mut found = LogFound {
            rows: 0,
            chains: writers.len() as u64,
            altered: None,
        };
        for writer in writers {
            let name: Vec<u8> = writer.try_get(0).map_err(&doing)?;
            let Ok(id) = <[u8; 32]>::try_from(name.as_slice()) else {
                found.altered.get_or_insert(Finding {
                    number: 0,
                    what: "has a writer's name of another length".to_owned(),
                });
                continue;
            };
            let id = WriterId(id);
            let rows = sqlx::query(
                "SELECT number, hash, body FROM conflicts WHERE writer = $1 ORDER BY number",
            )
            .bind(name)
            .fetch_all(&mut self.conn)
            .await
            .map_err(&doing)?;
            found.rows += rows.len() as u64;
            let mut stored = Vec::with_capacity(rows.len());
            for row in rows {
                let index: i64 = row.try_get(0).map_err(&doing)?;
                let hash: Vec<u8> = row.try_get(1).map_err(&doing)?;
                stored.push(StoredRow {
                    writer: id,
                    index: u64::try_from(index).unwrap_or(u64::MAX),
                    bytes: row.try_get(2).map_err(&doing)?,
                    // Of another length it is nobody's hash, and the row counts as altered.
                    hash: <[u8; 32]>::try_from(hash.as_slice()).map_or(Digest::default(), Digest),
                });
            }
            if let Err(broken) = verify(id, stored, &[], &NoKeys) {
                found.altered.get_or_insert(Finding {
                    number: broken.index,
                    what: broken.to_string(),
                });
            }
        }
        Ok(found)
    }
}
