//! The store, on `SQLite` and on a real `PostgreSQL`. Where there is no postgres its share says so and checks nothing.

mod postgres;

use mesh_core::conflict::log::{ConflictLog, Entry as LogEntry, Head, Mark, StoredRow, WriterId};
use mesh_core::message::{Epoch, Lamport};
use mesh_core::operation::Operation;
use mesh_core::operation::answer::OperationLine;
use mesh_core::operation::task::{Outcome, Task, TaskId, TaskState};
use mesh_core::place::SectorId;
use mesh_core::role::{Desk, KeptTask, Record, Ticket};
use mesh_core::time::{Micros, Moment, WallTime};
use mesh_core::unit::Digest;
use mesh_node::drive::local::clock::RealClock;
use mesh_node::store::{
    AgentPoint, Job, Keeper, Location, Point, Step, Store, StoreError, Told, Write,
};
use postgres::Postgres;
use sqlx::{AnyConnection, AssertSqlSafe, Connection as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

const NOW: WallTime = WallTime(1_700_000_000_000_000);
const EPOCH: Epoch = Epoch(3);

fn file(folder: &tempfile::TempDir) -> Location {
    Location::File(folder.path().join("mesh.db"))
}

fn address(at: &Location) -> String {
    match at {
        Location::File(path) => format!("sqlite://{}", path.display()),
        Location::Server(_) | Location::Memory => panic!("only files have one here"),
    }
}

fn task(id: &str, state: TaskState) -> KeptTask {
    let id: TaskId = id.to_owned().try_into().expect("an id");
    let (name, now) = ("resize".into(), Moment(5));
    let mut task = Task::accepted(id, name, Digest::of(b"input"), NOW, now);
    if state == TaskState::Expired {
        task.end(TaskState::Accepted, Outcome::Expired, now)
            .expect("it may expire");
    }
    KeptTask {
        task,
        to: None,
        input: "input".into(),
        result: None,
        asked: None,
    }
}

fn keep(record: Record) -> Write {
    Write::Record(EPOCH, Arc::new(record))
}

fn kept(id: &str, state: TaskState) -> Write {
    keep(Record::Task(Box::new(task(id, state))))
}

fn line(result: &str) -> Write {
    keep(Record::Audit(Box::new(OperationLine {
        at: NOW,
        by: "cecilia".into(),
        from: "a test".into(),
        operation: Operation::Status {},
        result: result.into(),
    })))
}

/// A chain of conflicts of so many rows; what they say does not matter here.
fn chain(writer: u8, rows: u64) -> Vec<StoredRow> {
    let mut log = ConflictLog::new(WriterId([writer; 32]));
    let head = |count| Head {
        writer: WriterId([99; 32]),
        count,
        hash: Digest::of(&[writer]),
        mark: Mark([0; 64]),
    };
    (0..rows)
        .map(|count| log.append(NOW, Lamport(count), LogEntry::Anchor(head(count))))
        .collect()
}

fn rows(writer: u8, count: u64) -> Vec<Write> {
    let chain = chain(writer, count).into_iter();
    chain.map(|row| Write::Row(Arc::new(row))).collect()
}

async fn filled(at: &Location) -> Store {
    let mut store = Store::open(at).await.expect("it opens");
    let mut writes = vec![
        kept("open", TaskState::Accepted),
        kept("ended", TaskState::Expired),
        keep(Record::Desk(Box::default())),
    ];
    writes.extend(["one", "two", "three"].map(line));
    writes.extend(rows(1, 4));
    writes.extend(rows(2, 2));
    store.write(NOW, &writes).await.expect("written");
    store
}

async fn everything_holds_at(at: &Location) {
    let mut store = filled(at).await;

    // A task has one outcome.
    let again = store
        .write(NOW, &[kept("ended", TaskState::Accepted)])
        .await;
    let error = again.expect_err("it has an outcome").error;
    assert!(
        matches!(&error, StoreError::Ended(id) if id == "ended"),
        "{error}"
    );
    assert!(error.is_refusal());
    let same = store.write(NOW, &[kept("ended", TaskState::Expired)]).await;
    same.expect("the same again is no second one");

    // Whoever orchestrated before writes no more.
    let before = Write::Record(Epoch(2), Arc::new(Record::Desk(Box::default())));
    let late = store.write(NOW, &[line("four"), before]).await;
    let failure = late.expect_err("the epoch is over");
    assert_eq!(failure.at, Some(1));
    assert!(matches!(
        failure.error,
        StoreError::Fenced { epoch: 2, fence: 3 }
    ));
    // And what was to be written with it was not.
    assert_eq!(store.verify_audit().await.expect("read").rows, 3);

    // The same row of conflicts twice is one row; another in its place is refused.
    store.write(NOW, &rows(1, 4)).await.expect("the same again");
    let mut forged = chain(1, 4).remove(2);
    let other = chain(7, 3).remove(2);
    (forged.bytes, forged.hash) = (other.bytes, other.hash);
    let refused = store.write(NOW, &[Write::Row(Arc::new(forged))]).await;
    assert!(refused.expect_err("it is taken").error.is_refusal());

    // Chains are whole.
    let (audit, conflicts) = (
        store.verify_audit().await.expect("read"),
        store.verify_conflicts().await.expect("read"),
    );
    assert_eq!((audit.rows, audit.altered), (3, None));
    assert_eq!(
        (conflicts.rows, conflicts.chains, conflicts.altered),
        (6, 2, None)
    );

    // It is all there at the next start.
    store.close().await.expect("closed");
    let mut store = Store::open(at).await.expect("it opens again");
    let saved = store.saved().await.expect("read");
    assert_eq!(saved.tasks, [task("open", TaskState::Accepted)]);
    assert_eq!(saved.ended, [task("ended", TaskState::Expired)]);
    let results: Vec<String> = saved
        .audit
        .iter()
        .map(|row| row.result.to_string())
        .collect();
    assert_eq!(results, ["one", "two", "three"]);
    assert_eq!(saved.desk, Some(Desk::default()));
    assert_eq!(store.fence().await.expect("read"), EPOCH);
    assert_eq!(store.boot().0, 2 << 12);
    store.close().await.expect("closed");
}

#[tokio::test]
async fn a_file_keeps_what_it_was_given_and_refuses_the_rest() {
    let folder = tempfile::tempdir().expect("a folder");
    everything_holds_at(&file(&folder)).await;
}

#[tokio::test]
async fn a_server_keeps_what_it_was_given_and_refuses_the_rest() {
    let Some(server) = Postgres::start() else {
        return;
    };
    let at: Location = server.url().parse().expect("a place");
    let mut up = Store::open(&at).await;
    for _ in 0..200 {
        if up.is_ok() {
            break;
        }
        // It takes connections before it takes logins, and has no event for that.
        tokio::time::sleep(Duration::from_millis(50)).await;
        up = Store::open(&at).await;
    }
    up.expect("it answers").close().await.expect("closed");
    let mut conn = AnyConnection::connect(&server.url())
        .await
        .expect("connected");
    let cleared = sqlx::query("UPDATE mesh_store SET openings = 0")
        .execute(&mut conn)
        .await;
    cleared.expect("counted anew");
    everything_holds_at(&at).await;
    logs_refuse_changes(&mut conn, &["TRUNCATE audit", "TRUNCATE conflicts"]).await;

    // From one kind into the other, and whole.
    let folder = tempfile::tempdir().expect("a folder");
    let backup = folder.path().join("backup");
    let mut store = Store::existing(&at).await.expect("it is there");
    let before = store.contents().await.expect("counted");
    store.back_up(&backup).await.expect("backed up");
    restored_is(&file(&folder), &backup, &before).await;
}

async fn restored_is(at: &Location, backup: &Path, before: &mesh_node::store::Contents) {
    Store::restore(at, backup).await.expect("restored");
    let mut store = Store::existing(at).await.expect("it is there");
    let after = store.contents().await.expect("counted");
    assert_eq!(
        (after.tasks_open, after.tasks_ended),
        (before.tasks_open, before.tasks_ended)
    );
    assert_eq!(
        (after.audit, after.conflicts),
        (before.audit, before.conflicts)
    );
    assert_eq!((after.levels, after.epoch), (before.levels, before.epoch));
    assert_eq!(store.verify_audit().await.expect("read").altered, None);
    assert_eq!(store.verify_conflicts().await.expect("read").altered, None);
    assert_eq!(store.saved().await.expect("read").tasks.len(), 1);
}

async fn logs_refuse_changes(conn: &mut AnyConnection, more: &[&str]) {
    let texts = [
        "UPDATE audit SET body = 'x' WHERE number = 1",
        "DELETE FROM audit WHERE number = 2",
        "UPDATE conflicts SET at = 0 WHERE number = 1",
        "DELETE FROM conflicts",
        "UPDATE tasks SET body = 'x' WHERE ended = 1",
    ];
    for text in texts.iter().chain(more) {
        let done = sqlx::raw_sql(AssertSqlSafe(*text))
            .execute(&mut *conn)
            .await;
        let said = done.expect_err(text).to_string();
        assert!(
            said.contains("append-only") || said.contains("one outcome"),
            "{text}: {said}"
        );
    }
}

#[tokio::test]
async fn logs_are_append_only_even_for_whoever_has_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = file(&folder);
    let store = filled(&at).await;
    let mut conn = AnyConnection::connect(&address(&at))
        .await
        .expect("connected");
    let replace =
        "REPLACE INTO audit SELECT number, at, before, hash, 'x' FROM audit WHERE number = 1";
    let replace_row = "REPLACE INTO conflicts SELECT writer, number, at, conflict, agent, kind, hash, x'00' FROM conflicts";
    logs_refuse_changes(&mut conn, &[replace, replace_row]).await;
    drop(store);
}

#[tokio::test]
async fn the_first_altered_row_is_found_when_the_guards_were_taken_away() {
    let changes = [
        ("UPDATE audit SET body = 'x' WHERE number = 1", 1),
        ("DELETE FROM audit WHERE number = 0", 0),
        ("UPDATE audit SET before = x'00' WHERE number = 2", 2),
    ];
    for (change, number) in changes {
        let folder = tempfile::tempdir().expect("a folder");
        let at = file(&folder);
        filled(&at).await.close().await.expect("closed");
        let mut conn = AnyConnection::connect(&address(&at))
            .await
            .expect("connected");
        let text = format!("DROP TRIGGER audit_update; DROP TRIGGER audit_delete; {change}");
        sqlx::raw_sql(AssertSqlSafe(text))
            .execute(&mut conn)
            .await
            .expect("changed");
        conn.close().await.expect("closed");
        let mut store = Store::existing(&at).await.expect("it opens");
        let altered = store.verify_audit().await.expect("read").altered;
        assert_eq!(altered.map(|found| found.number), Some(number), "{change}");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let at = file(&folder);
    filled(&at).await.close().await.expect("closed");
    let mut conn = AnyConnection::connect(&address(&at))
        .await
        .expect("connected");
    let text = "DROP TRIGGER conflicts_update; UPDATE conflicts SET body = x'80' WHERE number = 2";
    sqlx::raw_sql(text)
        .execute(&mut conn)
        .await
        .expect("changed");
    let mut store = Store::existing(&at).await.expect("it opens");
    let altered = store.verify_conflicts().await.expect("read").altered;
    assert_eq!(altered.map(|found| found.number), Some(2));
}

#[tokio::test]
async fn a_backup_is_whole_or_refused_and_never_written_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = file(&folder);
    let mut store = filled(&at).await;
    let before = store.contents().await.expect("counted");
    let backup = folder.path().join("backup");
    let archived = store.back_up(&backup).await.expect("backed up");
    assert_eq!(
        archived.bytes,
        std::fs::metadata(&backup).expect("there").len()
    );
    store
        .back_up(&backup)
        .await
        .expect_err("it is there already");
    let new = Location::File(folder.path().join("new.db"));
    restored_is(&new, &backup, &before).await;
    let again = Store::restore(&new, &backup)
        .await
        .expect_err("it is not empty");
    assert!(again.to_string().contains("not empty"), "{again}");

    let whole = std::fs::read_to_string(&backup).expect("text");
    let damaged = [
        whole.replace("\"two\"", "\"twO\"").replace("two", "twO"),
        whole[..whole.len() / 2].to_owned(),
        whole.split_inclusive('\n').take(3).collect(),
        String::new(),
        "not a backup\n".to_owned(),
    ];
    for (number, text) in damaged.iter().enumerate() {
        assert_ne!(text, &whole);
        let path = folder.path().join(format!("damaged{number}"));
        std::fs::write(&path, text).expect("written");
        let place = Location::File(folder.path().join(format!("from{number}.db")));
        Store::restore(&place, &path)
            .await
            .expect_err("it is damaged");
        Store::existing(&place)
            .await
            .expect_err("and nothing was made of it");
    }
}

#[tokio::test]
async fn history_is_rolled_up_by_age_and_goes_in_the_end() {
    let mut store = Store::open(&Location::Memory).await.expect("it opens");
    let cluster = SectorId::at(6).cluster(3);
    let begin = WallTime(NOW.0 / 3_600_000_000 * 3_600_000_000);
    let minute = |n: i64| begin + Micros::seconds(60 * n);
    // An hour of minutes: impedance n milliseconds, active every second minute.
    let points: Vec<Point> = (0..60)
        .map(|n| {
            Point::look(
                cluster,
                minute(n),
                [(11, n % 2 == 0, Some(Micros::millis(n)))],
            )
        })
        .collect();
    store.write(begin, &[points.into()]).await.expect("written");
    let read = async |store: &mut Store| store.history(cluster, WallTime(0)).await.expect("read");
    assert_eq!(read(&mut store).await.len(), 60);
    store
        .write(minute(60), &[Write::Tidy])
        .await
        .expect("tidied");
    assert_eq!(read(&mut store).await.len(), 60, "nothing is old yet");
    store
        .write(minute(60 + 121), &[Write::Tidy])
        .await
        .expect("tidied");
    let quarters = read(&mut store).await;
    assert_eq!(quarters.len(), 4);
    assert_eq!(
        quarters[0].agents,
        [AgentPoint {
            slot: 11,
            looks: 15,
            active: 8,
            known: 15,
            mean: 7_000,
            worst: 14_000
        }]
    );
    store
        .write(minute(60 * 50), &[Write::Tidy])
        .await
        .expect("tidied");
    let hours = read(&mut store).await;
    assert_eq!((hours.len(), hours[0].step), (1, Step::Hour));
    assert_eq!(
        (hours[0].agents[0].looks, hours[0].agents[0].active),
        (60, 30)
    );
    assert_eq!(hours[0].agents[0].worst, 59_000);
    store
        .write(minute(60 * 24 * 31), &[Write::Tidy])
        .await
        .expect("tidied");
    assert!(read(&mut store).await.is_empty());
}

#[test]
fn a_store_that_is_locked_is_waited_for_and_nothing_is_lost() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = file(&folder);
    let (tell, told) = sync_channel(16);
    let clock = RealClock::start();
    let keeper = Keeper::open(&at, clock, move |said| drop(tell.send(said))).expect("it opens");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.expect("a runtime");
    let mut conn = runtime
        .block_on(AnyConnection::connect(&address(&at)))
        .expect("connected");
    let mut run = |text: &'static str| {
        let done = runtime.block_on(sqlx::raw_sql(text).execute(&mut conn));
        done.expect(text);
    };
    run("BEGIN EXCLUSIVE");
    let ticket = Ticket {
        epoch: EPOCH,
        number: 1,
    };
    let record = Record::Task(Box::new(task("open", TaskState::Accepted)));
    keeper.ask(Job::Keep(7, ticket, Arc::new(record)));
    // The database itself waits five seconds before it says that it is locked.
    let until = std::time::Instant::now() + Duration::from_secs(60);
    while keeper.trouble().now().is_none() {
        assert!(std::time::Instant::now() < until, "nobody noticed");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(told.try_recv().is_err(), "it is not written yet");
    run("ROLLBACK");
    let said = told
        .recv_timeout(Duration::from_secs(60))
        .expect("in the end");
    assert!(matches!(said, Told::Stored(7, said) if said == ticket));
    assert_eq!(keeper.trouble().now(), None);
    assert_eq!(keeper.trouble().counts(), [1, 0, 0]);
}

/// A disk of half a megabyte, where the system lets a test have one.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn new() -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let mounted = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=512k,mode=0700", "tmpfs"])
            .arg(folder.path())
            .stderr(std::process::Stdio::null())
            .status();
        if mounted.is_ok_and(|status| status.success()) {
            return Some(Self(folder));
        }
        println!("skipped: no small disk can be had here");
        None
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // What is not unmounted is seen by whoever runs the tests.
        let _ = std::process::Command::new("umount")
            .arg(self.0.path())
            .status();
    }
}

#[test]
fn a_full_disk_is_waited_for_and_nothing_is_lost() {
    let Some(disk) = SmallDisk::new() else { return };
    let at = file(&disk.0);
    let (tell, told) = sync_channel(16);
    let clock = RealClock::start();
    let keeper = Keeper::open(&at, clock, move |said| drop(tell.send(said))).expect("it opens");
    let filler = disk.0.path().join("filler");
    // As much as there is room for; the rest is refused, which is what is wanted.
    let _ = std::fs::write(&filler, vec![0; 1 << 20]);
    let keep = |number: u64| {
        let ticket = Ticket {
            epoch: EPOCH,
            number,
        };
        let mut kept = task(&format!("task-{number}"), TaskState::Accepted);
        kept.input = "x".repeat(20_000).into();
        keeper.ask(Job::Keep(7, ticket, Arc::new(Record::Task(Box::new(kept)))));
    };
    (0..3).for_each(keep);
    let until = std::time::Instant::now() + Duration::from_secs(60);
    while keeper.trouble().now().is_none() {
        assert!(std::time::Instant::now() < until, "nobody noticed");
        std::thread::sleep(Duration::from_millis(20));
    }
    let said = keeper.trouble().now().unwrap_or_default();
    assert!(said.contains("free some space"), "{said}");
    std::fs::remove_file(&filler).expect("removed");
    for number in 0..3 {
        let said = told
            .recv_timeout(Duration::from_secs(60))
            .expect("in the end");
        assert!(
            matches!(said, Told::Stored(7, ticket) if ticket.number == number),
            "{said:?}"
        );
    }
    assert_eq!(keeper.trouble().counts(), [3, 0, 0]);
}

#[test]
fn places_are_said_in_few_words_and_passwords_are_not_shown() {
    let server: Location = "postgres://mesh:hunter2@db:5432/mesh?sslpassword=hunter2"
        .parse()
        .expect("a place");
    let shown = format!("{server} {server:?}");
    assert!(
        !shown.contains("hunter2") && shown.contains("db:5432/mesh"),
        "{shown}"
    );
    for wrong in ["", "mysql://root:hunter2@db/mesh", "state/", "postgres://"] {
        let said = wrong.parse::<Location>().expect_err("no place").to_string();
        assert!(
            said.contains("write a path") && !said.contains("hunter2"),
            "{said}"
        );
    }
    assert_eq!(
        "memory".parse::<Location>().expect("a place"),
        Location::Memory
    );
}

#[tokio::test]
async fn a_file_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().expect("a folder");
    let Location::File(path) = file(&folder) else {
        unreachable!("it is one")
    };
    std::fs::write(&path, "").expect("written");
    let open = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(&path, open).expect("set");
    let said = Store::open(&Location::File(path))
        .await
        .expect_err("refused")
        .to_string();
    assert!(said.contains("chmod 600"), "{said}");
}

#[tokio::test]
async fn what_is_no_database_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = file(&folder);
    Store::open(&at)
        .await
        .expect("made")
        .close()
        .await
        .expect("closed");
    let Location::File(path) = &at else {
        unreachable!("it is one")
    };
    std::fs::write(
        path,
        "something else, and long enough to be looked at".repeat(200),
    )
    .expect("written");
    let said = Store::open(&at).await.expect_err("refused").to_string();
    assert!(said.contains("restore"), "{said}");
    let absent = Location::File(folder.path().join("absent.db"));
    let said = Store::existing(&absent)
        .await
        .expect_err("refused")
        .to_string();
    assert!(said.contains("there is no store"), "{said}");
}
