//! The store of a mesh: the only truth for tasks and desired state, and the logs that nobody may alter.
//!
//! `SQLite` by default, `PostgreSQL` or `CockroachDB` by URL, through one library and one set of statements. A commit is on
//! the disk when it returns (`synchronous=FULL`, `synchronous_commit=on`). Whoever orchestrates writes with its epoch, and
//! the store fences off lower ones.
//!
//! ```text
//! roles -> shard -> keeper's queue -> keeper's thread: gather what waits, one transaction, commit -> shard -> roles
//! ```
//!
//! | file | what it is |
//! |---|---|
//! | `location` | where a store is |
//! | `schema` | tables, and the guards that keep logs append-only |
//! | `write` | what can be written, in one transaction |
//! | `read` | what a new orchestrator is told, and what else is read |
//! | `verify` | the chains recomputed: the first altered row |
//! | `history` | measured values of each agent, rolled up by age |
//! | `archive` | backup to a file, and restore from it |
//! | `keeper` | the thread that writes beside a mesh that runs |
//! | `error` | what can be wrong |

mod archive;
mod error;
mod history;
mod keeper;
mod location;
mod read;
mod schema;
mod verify;
mod write;

pub use archive::Archived;
pub use error::StoreError;
pub use history::{AgentPoint, Point, Step};
pub use keeper::{Job, Keeper, Told, Trouble};
pub use location::{Location, Url};
pub use read::Contents;
pub use verify::{Finding, LogFound};
pub use write::{Failure, Write};

use mesh_core::time::Boot;
use schema::Dialect;
use sqlx::{AnyConnection, AssertSqlSafe, Connection as _, Row as _};

/// Starts of a node that fit between two openings of its store, so that a boot number only grows.
const BOOTS: i64 = 1 << 12;

/// An open store: one connection.
#[derive(Debug)]
pub struct Store {
    conn: AnyConnection,
    dialect: Dialect,
    at: Location,
    openings: i64,
}

impl Store {
    /// Opens a store, and makes it where there is none.
    pub async fn open(at: &Location) -> Result<Self, StoreError> {
        at.prepare()?;
        let mut store = Self::connect(at).await?;
        let mut made = store.make().await;
        for _ in 0..2 {
            // Two that make the same tables at once disturb each other once.
            if !matches!(made, Err(StoreError::Database { .. })) {
                break;
            }
            made = store.make().await;
        }
        made?;
        Ok(store)
    }

    /// Opens a store that is there already.
    pub async fn existing(at: &Location) -> Result<Self, StoreError> {
        if !at.exists() {
            return Err(StoreError::Absent(at.clone()));
        }
        at.prepare()?;
        let mut store = Self::connect(at).await?;
        store.check_version().await?;
        Ok(store)
    }

    /// The same store, on a new connection.
    async fn again(&self) -> Result<Self, StoreError> {
        let mut store = Self::connect(&self.at).await?;
        store.check_version().await?;
        store.openings = self.openings;
        Ok(store)
    }

    async fn connect(at: &Location) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let doing = failed(at, "connecting");
        let mut conn = AnyConnection::connect(&at.address())
            .await
            .map_err(&doing)?;
        let dialect = if conn.backend_name() == "SQLite" {
            Dialect::Sqlite
        } else {
            let row = sqlx::query("SELECT version()").fetch_one(&mut conn).await;
            let version: String = row.and_then(|row| row.try_get(0)).map_err(&doing)?;
            if version.contains("CockroachDB") {
                Dialect::Cockroach
            } else {
                Dialect::Postgres
            }
        };
        sqlx::raw_sql(schema::greeting(dialect))
            .execute(&mut conn)
            .await
            .map_err(&doing)?;
        Ok(Self {
            conn,
            dialect,
            at: at.clone(),
            openings: 0,
        })
    }

    /// Tables and guards, and one more opening.
    async fn make(&mut self) -> Result<(), StoreError> {
        let place = self.at.clone();
        let doing = failed(&place, "making its tables");
        let conn = &mut self.conn;
        let tables = schema::tables(self.dialect);
        for text in [tables.as_str(), schema::guards(self.dialect)] {
            // Both are made of constants alone.
            let made = sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut *conn).await;
            made.map_err(&doing)?;
        }
        sqlx::query(
            "INSERT INTO mesh_store (only_row, version, fence, openings) VALUES (1, $1, 0, 0) \
             ON CONFLICT (only_row) DO NOTHING",
        )
        .bind(schema::VERSION)
        .execute(&mut *conn)
        .await
        .map_err(&doing)?;
        self.check_version().await?;
        let doing = failed(&place, "counting that it was opened");
        let row = sqlx::query("UPDATE mesh_store SET openings = openings + 1 RETURNING openings")
            .fetch_one(&mut self.conn)
            .await;
        self.openings = row.and_then(|row| row.try_get(0)).map_err(doing)?;
        Ok(())
    }

    async fn check_version(&mut self) -> Result<(), StoreError> {
        let row = sqlx::query("SELECT version FROM mesh_store")
            .fetch_one(&mut self.conn)
            .await;
        let found: i64 = row
            .and_then(|row| row.try_get(0))
            .map_err(failed(&self.at, "reading its version"))?;
        if found > schema::VERSION {
            return Err(StoreError::Newer {
                at: self.at.clone(),
                found,
                known: schema::VERSION,
            });
        }
        Ok(())
    }

    /// Where it is.
    pub const fn location(&self) -> &Location {
        &self.at
    }

    /// From which number on nodes that know no other boot count their starts: above all of earlier openings.
    pub fn boot(&self) -> Boot {
        Boot(u32::try_from(self.openings.saturating_mul(BOOTS)).unwrap_or(u32::MAX))
    }

    /// Closes it: what a SQLite file has beside it is put into it.
    pub async fn close(self) -> Result<(), StoreError> {
        let at = self.at;
        self.conn.close().await.map_err(failed(&at, "closing"))
    }
}

/// What the database says, with what was being done.
fn failed<'a>(at: &'a Location, doing: &'static str) -> impl Fn(sqlx::Error) -> StoreError + 'a {
    move |error| StoreError::Database {
        at: at.clone(),
        doing,
        said: error.to_string(),
        refused: is_refusal(&error),
    }
}

/// Whether a statement was refused for what it says: `SQLite` calls that a constraint, SQL the classes 22 and 23, and
/// what a guard raises is P0001.
fn is_refusal(error: &sqlx::Error) -> bool {
    let code = error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code);
    let Some(code) = code else { return false };
    match code.parse::<u32>() {
        Ok(number) if code.len() != 5 => number & 0xff == 19,
        _ => ["22", "23", "P0"]
            .iter()
            .any(|class| code.starts_with(class)),
    }
}
