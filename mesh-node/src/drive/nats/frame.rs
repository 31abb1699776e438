//! Several sealed messages in one message of the broker: what goes to one place at one instant travels together.
//!
//! ```text
//! offset  size  what
//!      0     4  length of the first, big-endian
//!      4     n  the first: sealed bytes
//!    4+n     4  length of the second, and so on
//! ```

use bytes::{BufMut as _, Bytes, BytesMut};

/// Bytes of a bundle at most, unless one message alone is longer.
pub(super) const BUNDLE_MAX: usize = 256 * 1024;
/// What stands before each.
const LENGTH: usize = 4;

/// Adds one; false, with nothing added, when the bundle is full.
pub(super) fn add(bundle: &mut BytesMut, sealed: &[u8]) -> bool {
    if !bundle.is_empty() && bundle.len() + LENGTH + sealed.len() > BUNDLE_MAX {
        return false;
    }
    bundle.put_u32(sealed.len() as u32);
    bundle.put_slice(sealed);
    true
}

/// The messages of a bundle. What is cut off ends it.
pub(super) fn each(mut bundle: Bytes) -> impl Iterator<Item = Result<Bytes, Torn>> {
    core::iter::from_fn(move || {
        if bundle.is_empty() {
            return None;
        }
        let length = bundle.first_chunk::<LENGTH>().copied();
        let length = length.map(|length| u32::from_be_bytes(length) as usize);
        if let Some(length) = length.filter(|length| *length <= bundle.len() - LENGTH) {
            let _ = bundle.split_to(LENGTH);
            return Some(Ok(bundle.split_to(length)));
        }
        bundle.clear();
        Some(Err(Torn))
    })
}

/// A bundle that ends before it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Torn;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_went_in_comes_out(messages in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..20)) {
            let mut bundle = BytesMut::new();
            for message in &messages {
                prop_assert!(add(&mut bundle, message));
            }
            let out: Vec<_> = each(bundle.freeze()).map(|one| one.map(|bytes| bytes.to_vec())).collect();
            prop_assert_eq!(out, messages.into_iter().map(Ok).collect::<Vec<_>>());
        }

        #[test]
        fn whatever_comes_is_read_to_its_end(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let size = bytes.len();
            let out = each(Bytes::from(bytes)).flatten();
            prop_assert!(out.map(|one| one.len() + LENGTH).sum::<usize>() <= size);
        }
    }

    #[test]
    fn a_bundle_has_an_end() {
        let mut bundle = BytesMut::new();
        assert!(
            add(&mut bundle, &vec![0; BUNDLE_MAX]),
            "one alone may be long"
        );
        assert!(!add(&mut bundle, &[1]));
    }
}
