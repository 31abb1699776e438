//! Tables, for both kinds of database. What must never change is refused by the database itself, whoever asks.

/// The version of what is below.
pub(super) const VERSION: i64 = 1;

/// Which language a database speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// `SQLite`.
    Sqlite,
    /// `PostgreSQL`.
    Postgres,
    /// `CockroachDB`, which speaks nearly the same.
    Cockroach,
}

/// What every connection begins with: a commit is on the disk when it returns.
pub(super) const fn greeting(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => {
            "PRAGMA busy_timeout = 5000;
             PRAGMA journal_mode = WAL;
             PRAGMA synchronous = FULL;
             PRAGMA foreign_keys = ON;
             PRAGMA recursive_triggers = ON;
             PRAGMA trusted_schema = OFF;
             PRAGMA cache_size = -2000;"
        }
        Dialect::Postgres => {
            "SET synchronous_commit = on;
             SET statement_timeout = '20s';
             SET client_min_messages = warning;"
        }
        Dialect::Cockroach => "SET statement_timeout = '20s';",
    }
}

/// How a transaction begins that will write.
pub(super) const fn begin(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "BEGIN IMMEDIATE",
        Dialect::Postgres | Dialect::Cockroach => "BEGIN",
    }
}

/// All tables, as far as they are not there.
pub(super) fn tables(dialect: Dialect) -> String {
    let bytes = match dialect {
        Dialect::Sqlite => "BLOB",
        Dialect::Postgres | Dialect::Cockroach => "BYTEA",
    };
    TABLES.replace("BYTES", bytes)
}

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS mesh_store (only_row BIGINT PRIMARY KEY CHECK (only_row = 1), version BIGINT NOT NULL,
    fence BIGINT NOT NULL, openings BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS tasks (id TEXT PRIMARY KEY, state TEXT NOT NULL, ended BIGINT NOT NULL, epoch BIGINT NOT NULL,
    at BIGINT NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS tasks_open ON tasks (ended, at);
CREATE TABLE IF NOT EXISTS documents (name TEXT PRIMARY KEY, body BYTES NOT NULL);
CREATE TABLE IF NOT EXISTS backups (at BIGINT PRIMARY KEY, body BYTES NOT NULL);
CREATE TABLE IF NOT EXISTS sheets (id TEXT PRIMARY KEY, at BIGINT NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS audit (number BIGINT PRIMARY KEY, at BIGINT NOT NULL, before BYTES NOT NULL,
    hash BYTES NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS conflicts (writer BYTES NOT NULL, number BIGINT NOT NULL, at BIGINT NOT NULL,
    conflict TEXT, agent TEXT, kind TEXT, hash BYTES NOT NULL, body BYTES NOT NULL, PRIMARY KEY (writer, number));
CREATE INDEX IF NOT EXISTS conflicts_at ON conflicts (at);
CREATE INDEX IF NOT EXISTS conflicts_agent ON conflicts (agent, at);
CREATE INDEX IF NOT EXISTS conflicts_kind ON conflicts (kind, at);
CREATE TABLE IF NOT EXISTS held (conflict TEXT NOT NULL, digest BYTES NOT NULL, body BYTES NOT NULL,
    PRIMARY KEY (conflict, digest));
CREATE TABLE IF NOT EXISTS levels (holder TEXT NOT NULL, name TEXT NOT NULL, term BIGINT NOT NULL,
    counter BIGINT NOT NULL, body BYTES NOT NULL, PRIMARY KEY (holder, name));
CREATE TABLE IF NOT EXISTS history (step BIGINT NOT NULL, place TEXT NOT NULL, at BIGINT NOT NULL, body BYTES NOT NULL,
    PRIMARY KEY (step, place, at));
CREATE INDEX IF NOT EXISTS history_at ON history (step, at);
";

/// What keeps logs as they were written.
pub(super) const fn guards(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => SQLITE_GUARDS,
        Dialect::Postgres => POSTGRES_GUARDS,
        Dialect::Cockroach => COCKROACH_GUARDS,
    }
}

// A row that is written over counts as deleted; with the same content it is the same row, come twice.
const SQLITE_GUARDS: &str = "
CREATE TRIGGER IF NOT EXISTS audit_update BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS audit_delete BEFORE DELETE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS audit_replace BEFORE INSERT ON audit
    WHEN EXISTS (SELECT 1 FROM audit WHERE number = NEW.number)
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS conflicts_update BEFORE UPDATE ON conflicts
    BEGIN SELECT RAISE(ABORT, 'the conflict log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS conflicts_delete BEFORE DELETE ON conflicts
    BEGIN SELECT RAISE(ABORT, 'the conflict log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS conflicts_replace BEFORE INSERT ON conflicts
    WHEN EXISTS (SELECT 1 FROM conflicts WHERE writer = NEW.writer AND number = NEW.number
        AND (body <> NEW.body OR hash <> NEW.hash))
    BEGIN SELECT RAISE(ABORT, 'the conflict log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS tasks_outcome BEFORE UPDATE ON tasks
    WHEN OLD.ended = 1 AND NEW.body <> OLD.body
    BEGIN SELECT RAISE(ABORT, 'a task has one outcome'); END;
";

const POSTGRES_GUARDS: &str = "
CREATE OR REPLACE FUNCTION mesh_append_only() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$;
CREATE OR REPLACE FUNCTION mesh_one_outcome() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN IF OLD.ended = 1 AND NEW.body <> OLD.body THEN RAISE EXCEPTION 'a task has one outcome'; END IF;
    RETURN NEW; END $$;
CREATE OR REPLACE TRIGGER audit_row BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION mesh_append_only();
CREATE OR REPLACE TRIGGER audit_all BEFORE TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION mesh_append_only();
CREATE OR REPLACE TRIGGER conflicts_row BEFORE UPDATE OR DELETE ON conflicts
    FOR EACH ROW EXECUTE FUNCTION mesh_append_only();
CREATE OR REPLACE TRIGGER conflicts_all BEFORE TRUNCATE ON conflicts
    FOR EACH STATEMENT EXECUTE FUNCTION mesh_append_only();
CREATE OR REPLACE TRIGGER tasks_outcome BEFORE UPDATE ON tasks
    FOR EACH ROW EXECUTE FUNCTION mesh_one_outcome();
";

// It has no triggers for whole statements, and none that are replaced.
const COCKROACH_GUARDS: &str = "
CREATE OR REPLACE FUNCTION mesh_append_only() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'this log is append-only'; END $$;
CREATE OR REPLACE FUNCTION mesh_one_outcome() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN IF (OLD).ended = 1 AND (NEW).body <> (OLD).body THEN RAISE EXCEPTION 'a task has one outcome'; END IF;
    RETURN NEW; END $$;
DROP TRIGGER IF EXISTS audit_row ON audit;
CREATE TRIGGER audit_row BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION mesh_append_only();
DROP TRIGGER IF EXISTS conflicts_row ON conflicts;
CREATE TRIGGER conflicts_row BEFORE UPDATE OR DELETE ON conflicts
    FOR EACH ROW EXECUTE FUNCTION mesh_append_only();
DROP TRIGGER IF EXISTS tasks_outcome ON tasks;
CREATE TRIGGER tasks_outcome BEFORE UPDATE ON tasks
    FOR EACH ROW EXECUTE FUNCTION mesh_one_outcome();
";
