//! A store as one file, and a store from such a file: a line for each row, the last one with the sum of all before it. It
//! also moves a store from one kind of database to another.

use super::schema::Dialect;
use super::{Location, Store, StoreError, failed};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use futures_util::TryStreamExt as _;
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use sqlx::{Any, AssertSqlSafe, QueryBuilder, Row as _};
use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Read as _, Write as _};
use std::path::Path;

/// Which form the file has.
const FORM: u32 = 1;
/// A line is no longer than this: a backup of 30,000 agents within it has some 20 MB.
const LINE_MAX: u64 = 256 << 20;

/// What one table has. `B` is bytes, `N` a number, `T` a text, `O` a text that may be missing.
struct Table {
    name: &'static str,
    columns: &'static [(&'static str, Kind)],
    /// By which its rows are in order; together they name a row.
    order: &'static str,
}

#[derive(Clone, Copy)]
enum Kind {
    B,
    N,
    T,
    O,
}

use Kind::{B, N, O, T};

const TABLES: &[Table] = &[
    Table {
        name: "tasks",
        columns: &[
            ("id", T),
            ("state", T),
            ("ended", N),
            ("epoch", N),
            ("at", N),
            ("body", T),
        ],
        order: "id",
    },
    Table {
        name: "documents",
        columns: &[("name", T), ("body", B)],
        order: "name",
    },
    Table {
        name: "backups",
        columns: &[("at", N), ("body", B)],
        order: "at",
    },
    Table {
        name: "sheets",
        columns: &[("id", T), ("at", N), ("body", T)],
        order: "id",
    },
    Table {
        name: "audit",
        columns: &[
            ("number", N),
            ("at", N),
            ("before", B),
            ("hash", B),
            ("body", T),
        ],
        order: "number",
    },
    Table {
        name: "conflicts",
        columns: &[
            ("writer", B),
            ("number", N),
            ("at", N),
            ("conflict", O),
            ("agent", O),
            ("kind", O),
            ("hash", B),
            ("body", B),
        ],
        order: "writer, number",
    },
    Table {
        name: "held",
        columns: &[("conflict", T), ("digest", B), ("body", B)],
        order: "conflict, digest",
    },
    Table {
        name: "levels",
        columns: &[
            ("holder", T),
            ("name", T),
            ("term", N),
            ("counter", N),
            ("body", B),
        ],
        order: "holder, name",
    },
    Table {
        name: "history",
        columns: &[("step", N), ("place", T), ("at", N), ("body", B)],
        order: "step, place, at",
    },
];

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct First {
    mesh_store_backup: u32,
    fence: i64,
    openings: i64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    table: String,
    row: Vec<Value>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Last {
    rows: u64,
    blake3: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Value {
    Number(i64),
    Text(Option<String>),
}

/// What went into a file or came out of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Archived {
    /// Rows of all tables.
    pub rows: u64,
    /// Bytes of the file.
    pub bytes: u64,
}

impl Store {
    /// Writes all of it to a file that is not there yet, as it is at one instant; the file is whole or not there.
    pub async fn back_up(&mut self, path: &Path) -> Result<Archived, StoreError> {
        let system = |error: std::io::Error| refused(path, &error);
        if path.exists() {
            return Err(refused(path, &"it is there already; choose another name"));
        }
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(system)?;
        self.snapshot().await?;
        let written = self.copy_to(file.as_file_mut(), path).await;
        self.end_snapshot().await;
        let archived = written?;
        file.as_file().sync_all().map_err(system)?;
        let persisted = file.persist_noclobber(path);
        persisted.map_err(|error| system(error.error))?;
        // The name is on the disk when its folder is.
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(system)?;
        Ok(archived)
    }

    async fn copy_to(&mut self, file: &mut File, path: &Path) -> Result<Archived, StoreError> {
        let mut out = Summed {
            to: BufWriter::new(file),
            sum: blake3::Hasher::new(),
            bytes: 0,
        };
        let doing = failed(&self.at, "reading all of it");
        let row = sqlx::query("SELECT fence, openings FROM mesh_store")
            .fetch_one(&mut self.conn)
            .await
            .map_err(&doing)?;
        let first = First {
            mesh_store_backup: FORM,
            fence: row.try_get(0).map_err(&doing)?,
            openings: row.try_get(1).map_err(&doing)?,
        };
        let system = |error: std::io::Error| refused(path, &error);
        out.line(&first).map_err(system)?;
        let mut rows = 0;
        for table in TABLES {
            let names: Vec<&str> = table.columns.iter().map(|(name, _)| *name).collect();
            let text = format!(
                "SELECT {} FROM {} ORDER BY {}",
                names.join(", "),
                table.name,
                table.order
            );
            // Made of constants alone.
            let mut some = sqlx::query(AssertSqlSafe(text)).fetch(&mut self.conn);
            while let Some(row) = some.try_next().await.map_err(&doing)? {
                let line = Line {
                    table: table.name.to_owned(),
                    row: values(table, &row).map_err(&doing)?,
                };
                out.line(&line).map_err(system)?;
                rows += 1;
            }
        }
        let last = Last {
            rows,
            blake3: out.sum.finalize().to_hex().to_string(),
        };
        out.line(&last).map_err(system)?;
        out.to.flush().map_err(system)?;
        Ok(Archived {
            rows,
            bytes: out.bytes,
        })
    }

    async fn snapshot(&mut self) -> Result<(), StoreError> {
        let text = match self.dialect {
            Dialect::Sqlite => "BEGIN",
            Dialect::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            Dialect::Cockroach => "BEGIN READ ONLY",
        };
        let begun = sqlx::raw_sql(text).execute(&mut self.conn).await;
        begun
            .map(drop)
            .map_err(failed(&self.at, "reading all of it"))
    }

    async fn end_snapshot(&mut self) {
        // Nothing was written; what does not end so ends with the connection.
        let _ = sqlx::raw_sql("ROLLBACK").execute(&mut self.conn).await;
    }

    /// Makes a store from such a file. There must be nothing in it yet; all of the file is taken or nothing.
    pub async fn restore(at: &Location, path: &Path) -> Result<Archived, StoreError> {
        // Whole before anything is written, and read again from the start then.
        let archived = checked(path)?;
        let mut store = Self::open(at).await?;
        let there = store.contents().await?;
        let rows =
            there.tasks_open + there.tasks_ended + there.audit + there.conflicts + there.backups;
        if rows + there.levels + there.sheets + there.history > 0 {
            return Err(refused(
                path,
                &format!(
                    "store {at} is not empty; restore into a new one, and move this one away first"
                ),
            ));
        }
        let doing = failed(at, "restoring");
        let begin = super::schema::begin(store.dialect);
        let begun = sqlx::raw_sql(begin).execute(&mut store.conn).await;
        begun.map_err(&doing)?;
        store.copy_from(path).await?;
        let committed = sqlx::raw_sql("COMMIT").execute(&mut store.conn).await;
        committed.map_err(&doing)?;
        for found in [store.verify_audit().await?, store.verify_conflicts().await?] {
            if let Some(altered) = found.altered {
                tracing::warn!(
                    row = altered.number,
                    "restored as it was: a row {}",
                    altered.what
                );
            }
        }
        store.close().await?;
        Ok(archived)
    }

    async fn copy_from(&mut self, path: &Path) -> Result<(), StoreError> {
        let mut lines = lines(path)?;
        let first: First = lines.next_as(path)?;
        let doing = failed(&self.at, "restoring");
        let set = sqlx::query(
            "UPDATE mesh_store SET fence = $1, openings = CASE WHEN openings > $2 THEN openings ELSE $2 END",
        )
        .bind(first.fence)
        .bind(first.openings)
        .execute(&mut self.conn)
        .await;
        set.map_err(&doing)?;
        while let Some(text) = lines.next(path)? {
            // The last one is about the file.
            if text.starts_with("{\"rows\"") {
                break;
            }
            let Line { table: name, row } = parsed(path, &text)?;
            let table = TABLES.iter().find(|table| table.name == name);
            let table =
                table.ok_or_else(|| refused(path, &format!("no table {name:?} is known")))?;
            if row.len() != table.columns.len() {
                return Err(refused(path, &format!("a row of {name} of another length")));
            }
            let names: Vec<&str> = table.columns.iter().map(|(name, _)| *name).collect();
            let mut query = QueryBuilder::<Any>::new(format!(
                "INSERT INTO {} ({}) VALUES (",
                table.name,
                names.join(", ")
            ));
            let mut places = query.separated(", ");
            for ((column, kind), value) in table.columns.iter().zip(row) {
                let odd = || refused(path, &format!("{name}.{column} has another type"));
                match (kind, value) {
                    (N, Value::Number(number)) => places.push_bind(number),
                    (T, Value::Text(Some(text))) => places.push_bind(text),
                    (O, Value::Text(text)) => places.push_bind(text),
                    (B, Value::Text(Some(text))) => {
                        places.push_bind(BASE64.decode(text).map_err(|_| odd())?)
                    }
                    _ => return Err(odd()),
                };
            }
            query.push(")");
            let written = query.build().execute(&mut self.conn).await;
            written.map_err(&doing)?;
        }
        Ok(())
    }
}

fn values(table: &Table, row: &AnyRow) -> Result<Vec<Value>, sqlx::Error> {
    let columns = table.columns.iter().enumerate();
    let value = |(at, (_, kind)): (usize, &(&str, Kind))| {
        Ok(match kind {
            N => Value::Number(row.try_get(at)?),
            T | O => Value::Text(row.try_get(at)?),
            B => Value::Text(Some(BASE64.encode(row.try_get::<Vec<u8>, _>(at)?))),
        })
    };
    columns.map(value).collect()
}

/// Reads a file once: whether it is whole.
fn checked(path: &Path) -> Result<Archived, StoreError> {
    let mut lines = lines(path)?;
    let first: First = lines.next_as(path)?;
    if first.mesh_store_backup != FORM {
        let form = first.mesh_store_backup;
        return Err(refused(
            path,
            &format!("it has form {form}, this program knows {FORM}"),
        ));
    }
    let mut rows = 0;
    loop {
        let sum = lines.sum.finalize().to_hex().to_string();
        let Some(text) = lines.next(path)? else {
            return Err(refused(path, &"it ends too early: a part of it is missing"));
        };
        if !text.starts_with("{\"rows\"") {
            rows += 1;
            continue;
        }
        let last: Last = parsed(path, &text)?;
        if last.rows != rows || last.blake3 != sum {
            return Err(refused(path, &"it was altered: its sum is another"));
        }
        return Ok(Archived {
            rows,
            bytes: lines.bytes,
        });
    }
}

/// The lines of a file, with the sum of those that were read.
struct Lines {
    from: BufReader<File>,
    sum: blake3::Hasher,
    bytes: u64,
}

fn lines(path: &Path) -> Result<Lines, StoreError> {
    let file = File::open(path).map_err(|error| refused(path, &error))?;
    Ok(Lines {
        from: BufReader::new(file),
        sum: blake3::Hasher::new(),
        bytes: 0,
    })
}

impl Lines {
    fn next(&mut self, path: &Path) -> Result<Option<String>, StoreError> {
        let mut text = String::new();
        let mut limited = (&mut self.from).take(LINE_MAX);
        let read = limited.read_line(&mut text);
        let read = read.map_err(|error| refused(path, &error))?;
        if read == 0 {
            return Ok(None);
        }
        if !text.ends_with('\n') {
            return Err(refused(path, &"it ends too early: a part of it is missing"));
        }
        self.sum.update(text.as_bytes());
        self.bytes += read as u64;
        Ok(Some(text))
    }

    fn next_as<T: serde::de::DeserializeOwned>(&mut self, path: &Path) -> Result<T, StoreError> {
        let text = self.next(path)?;
        let text = text.ok_or_else(|| refused(path, &"it is empty"))?;
        parsed(path, &text)
    }
}

fn parsed<T: serde::de::DeserializeOwned>(path: &Path, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text)
        .map_err(|error| refused(path, &format!("it is no backup of a store: {error}")))
}

fn refused(path: &Path, why: &dyn std::fmt::Display) -> StoreError {
    StoreError::Backup {
        path: path.to_owned(),
        why: why.to_string(),
    }
}

/// A file that is written, with its sum.
struct Summed<'a> {
    to: BufWriter<&'a mut File>,
    sum: blake3::Hasher,
    bytes: u64,
}

impl Summed<'_> {
    fn line<T: Serialize>(&mut self, line: &T) -> std::io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        self.sum.update(&text);
        self.bytes += text.len() as u64;
        self.to.write_all(&text)
    }
}
