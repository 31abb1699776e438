//! Facts and properties of the chain.

use super::super::record::tests::{agent, report};
use super::super::record::{CAUSES_MAX, Claim, PROVENANCE_MAX, Station};
use super::*;
use crate::message::ConflictKind;
use crate::message::{Lamport, MessageId};
use proptest::prelude::*;

/// A stand-in for keys: the "signature" is a hash that only holders of the secret can make.
struct Stamp;

fn stamp(writer: WriterId, bytes: &[u8]) -> [u8; 64] {
    let half = Digest::of(&[b"secret".as_slice(), &writer.0, bytes].concat()).0;
    let mut mark = [0; 64];
    mark[..32].copy_from_slice(&half);
    mark
}

struct StampOf(WriterId);

impl Seal for StampOf {
    fn sign(&self, bytes: &[u8]) -> [u8; 64] {
        stamp(self.0, bytes)
    }
}

impl SealCheck for Stamp {
    fn holds(&self, writer: WriterId, bytes: &[u8], mark: &[u8; 64]) -> bool {
        stamp(writer, bytes) == *mark
    }
}

const WRITER: WriterId = WriterId([7; 32]);
const OTHER: WriterId = WriterId([8; 32]);

fn chain(rows: usize) -> (Vec<StoredRow>, ConflictLog) {
    let mut log = ConflictLog::new(WRITER);
    let stored = (0..rows)
        .map(|n| {
            let record = report(ConflictKind::DataContradiction, n as u128)
                .record(WallTime(n as i64), Lamport(n as u64));
            log.append(
                WallTime(n as i64),
                Lamport(n as u64),
                Entry::Conflict(record.into()),
            )
        })
        .collect();
    (stored, log)
}

fn found(rows: &[StoredRow], heads: &[Head]) -> Result<u64, (u64, What)> {
    verify(WRITER, rows.iter().cloned(), heads, &Stamp)
        .map(|verified| verified.count)
        .map_err(|broken| (broken.index, broken.what))
}

/// Puts other content into a row and makes its hash fit, as whoever holds the store could.
fn rewrite(stored: &mut StoredRow, change: impl FnOnce(&mut Row)) {
    let mut row = stored.row().expect("whole");
    change(&mut row);
    stored.bytes = rmp_serde::to_vec_named(&row).expect("encodes");
    stored.hash = Digest::of(&stored.bytes);
}

#[test]
fn a_whole_chain_is_whole_and_says_how_far_it_is_vouched_for() {
    let (rows, log) = chain(5);
    let head = log.head(&StampOf(WRITER));
    let verified = verify(WRITER, rows.clone(), &[head], &Stamp).expect("whole");
    assert_eq!((verified.count, verified.anchored), (5, 5));
    assert_eq!(verified.last, head.hash);
    assert_eq!(found(&rows, &[]), Ok(5));
    assert_eq!(found(&[], &[]), Ok(0));
    let mut resumed = ConflictLog::resume(WRITER, verified.count, verified.last);
    let record = report(ConflictKind::HashMismatch, 99).record(WallTime(9), Lamport(9));
    let sixth = resumed.append(WallTime(9), Lamport(9), Entry::Conflict(record.into()));
    assert_eq!(found(&[rows, vec![sixth]].concat(), &[head]), Ok(6));
}

#[test]
fn a_cut_tail_shows_in_the_head_that_another_chain_anchors() {
    let (mut rows, log) = chain(5);
    let head = log.head(&StampOf(WRITER));
    let mut other = ConflictLog::new(OTHER);
    let anchored = other
        .anchor(WallTime(0), Lamport(9), head, &Stamp)
        .expect("signed and new");
    assert_eq!(other.anchor(WallTime(0), Lamport(9), head, &Stamp), None);
    rows.truncate(3);
    assert_eq!(
        found(&rows, &[]),
        Ok(3),
        "nothing within the chain shows it"
    );
    let witness = verify(OTHER, [anchored], &[], &Stamp).expect("whole").heads;
    assert_eq!(found(&rows, &witness), Err((3, What::Cut { signed: 5 })));
}

#[test]
fn a_forged_head_accuses_nobody_and_is_not_anchored() {
    let (rows, log) = chain(3);
    let mut forged = log.head(&StampOf(WRITER));
    forged.count = 9;
    assert_eq!(found(&rows, &[forged]), Ok(3));
    let mut other = ConflictLog::new(OTHER);
    assert_eq!(other.anchor(WallTime(0), Lamport(0), forged, &Stamp), None);
    assert_eq!(other.count(), 0);
    assert_eq!(
        other.anchor(WallTime(0), Lamport(0), other.head(&StampOf(OTHER)), &Stamp),
        None,
        "nobody vouches for himself"
    );
}

#[test]
fn a_chain_written_again_from_some_row_on_shows_in_the_next_signed_head() {
    let (rows, log) = chain(6);
    let (early, _) = chain(2);
    let heads = [
        ConflictLog::resume(WRITER, 2, early[1].hash).head(&StampOf(WRITER)),
        log.head(&StampOf(WRITER)),
    ];
    let mut forked = ConflictLog::resume(WRITER, 3, rows[2].hash);
    let mut written = rows[..3].to_vec();
    for n in 0..3 {
        let record = report(ConflictKind::HashMismatch, 50 + n).record(WallTime(0), Lamport(0));
        written.push(forked.append(WallTime(0), Lamport(0), Entry::Conflict(record.into())));
    }
    assert_eq!(found(&written, &heads), Err((5, What::Forked { since: 2 })));
}

#[test]
fn the_largest_record_fits_its_bound_and_a_row_its_store() {
    let way: Vec<Station> = (0..PROVENANCE_MAX as u8)
        .map(|n| Station {
            by: agent(n),
            event: MessageId(u128::MAX),
            lamport: Lamport(u64::MAX),
            value: Digest([255; 32]),
        })
        .collect();
    let mut largest = report(ConflictKind::DataContradiction, u128::MAX);
    largest.causes = vec![MessageId(u128::MAX); 2 * CAUSES_MAX];
    largest.detail.subject = "\u{1}".repeat(500).as_str().into();
    largest.detail.expected = Claim::new(&"é".repeat(4_000), way.clone());
    largest.detail.received = Claim::new(&"ü".repeat(4_000), way);
    let record = largest.record(WallTime(i64::MAX), Lamport(u64::MAX));
    let mut log = ConflictLog::new(WriterId([255; 32]));
    let stored = log.append(
        WallTime(0),
        Lamport(0),
        Entry::Conflict(record.clone().into()),
    );
    assert!(
        stored.bytes.len() < ROW_BYTES_MAX / 2,
        "{}",
        stored.bytes.len()
    );
    let row = stored.row().expect("our own bytes");
    assert_eq!(
        row.keys(),
        (
            Some(record.id),
            Some(record.agent),
            Some(record.detail.kind)
        )
    );
    assert_eq!(row.entry, Entry::Conflict(record.clone().into()));
    let text = serde_json::to_string(&record).expect("encodes");
    assert_eq!(
        serde_json::from_str::<ConflictRecord>(&text).expect("decodes"),
        record
    );
}

#[test]
fn only_the_last_rows_stay_in_memory() {
    let (rows, log) = chain(TAIL_MAX + 9);
    assert_eq!(log.tail().count(), TAIL_MAX);
    assert_eq!(log.tail().next_back(), rows.last());
}

proptest! {
    #[test]
    fn any_altered_byte_is_found_at_its_row(row in 0usize..12, at: usize, bit in 0u8..8) {
        let (mut rows, _) = chain(12);
        let at = at % rows[row].bytes.len();
        rows[row].bytes[at] ^= 1 << bit;
        prop_assert_eq!(found(&rows, &[]), Err((row as u64, What::Altered)));
        let (mut rows, _) = chain(12);
        rows[row].hash.0[at % 32] ^= 1 << bit;
        prop_assert_eq!(found(&rows, &[]), Err((row as u64, What::Altered)));
    }

    #[test]
    fn any_rewritten_row_is_found_even_if_its_hash_was_made_to_fit(row in 0usize..12, link: bool) {
        let (mut rows, log) = chain(12);
        let head = log.head(&StampOf(WRITER));
        rewrite(&mut rows[row], |row| if link { row.before.0[3] ^= 1 } else { row.wall.0 += 1 });
        let broken = found(&rows, &[head]);
        prop_assert_eq!(broken.map_err(|(index, _)| index), Err(row as u64));
        // Without a head the last row has no witness; every other one has the row after it.
        let unwitnessed = found(&rows, &[]).map_err(|(index, _)| index);
        if row < 11 {
            prop_assert_eq!(unwitnessed, Err(row as u64));
        }
    }

    #[test]
    fn any_row_taken_out_swapped_or_put_in_is_found_at_its_place(a in 0usize..12, b in 0usize..12) {
        let (rows, log) = chain(12);
        let head = log.head(&StampOf(WRITER));
        let mut without = rows.clone();
        without.remove(a);
        prop_assert_eq!(found(&without, &[head]).map_err(|(index, _)| index), Err(a as u64));
        let mut doubled = rows.clone();
        doubled.insert(a, rows[a].clone());
        prop_assert_eq!(
            found(&doubled, &[head]).map_err(|(index, _)| index),
            Err(a as u64 + 1)
        );
        if a != b {
            let mut swapped = rows.clone();
            swapped.swap(a, b);
            prop_assert_eq!(found(&swapped, &[]).map_err(|(index, _)| index), Err(a.min(b) as u64));
        }
    }

    #[test]
    fn any_cut_shows_against_the_signed_head(keep in 0usize..12) {
        let (mut rows, log) = chain(12);
        let head = log.head(&StampOf(WRITER));
        rows.truncate(keep);
        prop_assert_eq!(found(&rows, &[head]), Err((keep as u64, What::Cut { signed: 12 })));
    }

    #[test]
    fn bytes_that_are_no_row_are_refused_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let stored = StoredRow { writer: WRITER, index: 0, hash: Digest::of(&bytes), bytes };
        prop_assert_eq!(found(&[stored], &[]), Err((0, What::Unreadable)));
    }
}
