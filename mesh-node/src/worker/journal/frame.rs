//! Frames of the workers' log: one entry each, with a checksum, found again behind damage.

use super::Entry;

/// The first line of the file.
pub(super) const HEAD: &[u8] = b"mesh-30k worker log 1\n";
/// What every frame begins with.
const MARK: [u8; 2] = [0xA5, 0x5A];
/// Mark, length, checksum.
const PREFIX: usize = 2 + 4 + 8;
/// Bytes of an entry at most: a result of 64 KiB and what stands around it.
const ENTRY_MAX: usize = 80 * 1024;

/// What was read.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) entries: Vec<Entry>,
    /// Bytes that are no frame.
    pub(super) damaged: u64,
}

/// Puts a frame at the end of `bytes`.
pub(super) fn encode(entry: &Entry, bytes: &mut Vec<u8>) {
    let body = rmp_serde::to_vec(entry).expect("an entry has a form in MessagePack");
    bytes.extend_from_slice(&MARK);
    bytes.extend_from_slice(&(body.len() as u32).to_le_bytes());
    bytes.extend_from_slice(&checksum(&body));
    bytes.extend_from_slice(&body);
}

/// Every whole frame, in order; between two, what is none is passed over byte by byte.
pub(super) fn read_all(mut bytes: &[u8]) -> Read {
    let mut read = Read::default();
    while !bytes.is_empty() {
        if let Some((entry, length)) = decode(bytes) {
            read.entries.push(entry);
            bytes = &bytes[length..];
        } else {
            read.damaged += 1;
            bytes = &bytes[1..];
        }
    }
    read
}

/// The frame that `bytes` begin with, and how long it is.
fn decode(bytes: &[u8]) -> Option<(Entry, usize)> {
    let rest = bytes.strip_prefix(&MARK)?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let (sum, rest) = rest.split_first_chunk::<8>()?;
    let length = u32::from_le_bytes(*length) as usize;
    if length > ENTRY_MAX {
        return None;
    }
    let body = rest.get(..length)?;
    if checksum(body) != *sum {
        return None;
    }
    let entry = rmp_serde::from_slice(body).ok()?;
    Some((entry, PREFIX + length))
}

fn checksum(body: &[u8]) -> [u8; 8] {
    mesh_core::unit::Digest::of(body).short().to_be_bytes()
}
