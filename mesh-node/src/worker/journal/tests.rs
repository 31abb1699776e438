use super::*;
use mesh_core::message::TaskSaid;

fn agent() -> AgentId {
    "7-4-12".parse().expect("a place")
}

fn task(number: u32) -> TaskId {
    TaskId::try_from(format!("t{number}")).expect("an id")
}

fn began(number: u32) -> Entry {
    Entry::Began(agent(), task(number))
}

fn done(number: u32) -> Entry {
    let said = TaskSaid::done(&format!("result {number}"));
    Entry::Ended(agent(), task(number), said)
}

/// A log of ten tasks, every other one ended, and where each frame ends.
fn ten() -> (Vec<u8>, Vec<(usize, Entry)>) {
    let mut bytes = HEAD.to_vec();
    let mut frames = Vec::new();
    for number in 0..10 {
        for entry in [
            Some(began(number)),
            number.is_multiple_of(2).then(|| done(number)),
        ] {
            let Some(entry) = entry else { continue };
            encode(&entry, &mut bytes);
            frames.push((bytes.len(), entry));
        }
    }
    (bytes, frames)
}

fn holds(journal: &Journal, entries: &[Entry]) {
    let mut expected = Ledger::default();
    entries
        .iter()
        .cloned()
        .for_each(|entry| expected.take(entry));
    expected.interrupt_all();
    for number in 0..10 {
        let known = journal.known(agent(), &task(number));
        assert_eq!(
            known,
            expected.known(agent(), &task(number)),
            "task {number}"
        );
    }
}

#[tokio::test]
async fn killed_at_any_byte_it_knows_every_entry_that_was_whole_and_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("worker.log");
    let (bytes, frames) = ten();
    for length in 0..=bytes.len() {
        std::fs::write(&path, &bytes[..length]).expect("writes");
        let whole = frames.iter().take_while(|(end, _)| *end <= length);
        let whole: Vec<Entry> = whole.map(|(_, entry)| entry.clone()).collect();
        let journal = Journal::open(&path).expect("opens");
        assert_eq!(
            journal.found().entries,
            whole.len() as u64,
            "cut at {length}"
        );
        holds(&journal, &whole);
        journal.append(began(99)).await.expect("is written");
        drop(journal);
        let again = Journal::open(&path).expect("opens again");
        assert_eq!(again.found().damaged, 0, "cut at {length}");
        holds(&again, &whole);
        assert_eq!(
            again.known(agent(), &task(99)),
            Some(Known::Ended(TaskSaid::Interrupted))
        );
    }
}

#[test]
fn a_changed_byte_costs_one_entry_and_no_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("worker.log");
    let (bytes, frames) = ten();
    for at in HEAD.len()..bytes.len() {
        let mut hurt = bytes.clone();
        hurt[at] ^= 0x10;
        std::fs::write(&path, &hurt).expect("writes");
        let journal = Journal::open(&path).expect("opens");
        let struck = frames.iter().position(|(end, _)| at < *end);
        let left: Vec<Entry> = frames
            .iter()
            .enumerate()
            .filter(|(index, _)| Some(*index) != struck)
            .map(|(_, (_, entry))| entry.clone())
            .collect();
        assert_eq!(journal.found().entries, left.len() as u64, "byte {at}");
        assert!(journal.found().damaged > 0, "byte {at}");
        holds(&journal, &left);
    }
}

#[tokio::test]
async fn many_that_come_at_once_are_all_on_disk_when_they_are_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("worker.log");
    let journal = Arc::new(Journal::open(&path).expect("opens"));
    let writers: Vec<_> = (0..500)
        .map(|number| {
            let journal = Arc::clone(&journal);
            tokio::spawn(async move { journal.append(done(number)).await })
        })
        .collect();
    for writer in writers {
        writer.await.expect("ends").expect("is written");
    }
    // Read as another process would, without the one that wrote it having ended.
    let bytes = std::fs::read(&path).expect("reads");
    assert_eq!(read_all(&bytes[HEAD.len()..]).entries.len(), 500);
}

#[test]
fn two_processes_cannot_have_one_log_and_a_foreign_file_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("worker.log");
    let held = Journal::open(&path).expect("opens");
    assert!(matches!(Journal::open(&path), Err(JournalError::InUse(_))));
    drop(held);
    std::fs::write(&path, "dear diary, it rained\n").expect("writes");
    assert!(matches!(
        Journal::open(&path),
        Err(JournalError::Foreign(_))
    ));
    let left = std::fs::read_to_string(&path).expect("reads");
    assert_eq!(left, "dear diary, it rained\n");
}

#[tokio::test]
async fn a_disk_that_takes_nothing_is_an_error_and_loses_nothing_from_before() {
    let full = Path::new("/dev/full");
    if !full.exists() {
        return;
    }
    let mut disk = Disk {
        file: OpenOptions::new().write(true).open(full).expect("opens"),
        path: full.to_owned(),
        length: 0,
    };
    let (done, _) = oneshot::channel();
    let request = Request {
        entry: began(1),
        done,
    };
    let failed = disk.write(&[request]).expect_err("there is no room");
    assert_eq!(failed.kind(), io::ErrorKind::StorageFull);
    assert_eq!(disk.length, 0);
}

#[test]
fn the_ledger_forgets_the_oldest_ends_and_never_what_has_only_begun() {
    let mut ledger = Ledger::default();
    ledger.take(began(1));
    for number in 2..20_000 {
        ledger.take(done(number));
    }
    assert_eq!(ledger.known(agent(), &task(1)), Some(Known::Began));
    assert_eq!(ledger.known(agent(), &task(2)), None);
    assert!(ledger.known(agent(), &task(19_999)).is_some());
    assert!(ledger.entries().count() <= 16_385);
}
