//! Bodies as bytes: `MessagePack` with named fields, or JSON from functions and scripts.
//!
//! Which of the two it is, the first byte says: a body is a map, a list or a word, and those begin with `{`, `[` and
//! `"` in JSON, which in `MessagePack` are bare numbers, and no body is one.

use super::{ENVELOPE_MAX, OVERHEAD};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Bytes of a body at most. An element of any list or map takes a byte and more, so this bounds those too.
pub const BODY_MAX: usize = ENVELOPE_MAX - OVERHEAD;
/// How deep a body may nest; the deepest of the protocol's own is under ten.
pub const DEPTH_MAX: usize = 32;

/// How a body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// For nodes.
    #[default]
    MessagePack,
    /// For functions and scripts that have nothing else.
    Json,
}

/// A body that cannot be written or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// Too large.
    #[error("body of {size} bytes; at most {BODY_MAX} are sent and taken")]
    Long {
        /// How many there are.
        size: usize,
    },
    /// Not in this encoding, or not this type.
    #[error("body of {size} bytes as {encoding:?}: {why}")]
    Unreadable {
        /// As what it was read.
        encoding: Encoding,
        /// How many bytes there are.
        size: usize,
        /// What the reader says: where, what, and what would be right.
        why: String,
    },
    /// Something follows the body.
    #[error(
        "body of {size} bytes as {encoding:?}: {extra} bytes follow its end; send nothing after it"
    )]
    Extra {
        /// As what it was read.
        encoding: Encoding,
        /// How many bytes there are.
        size: usize,
        /// How many of them are too many.
        extra: usize,
    },
    /// This value has no form in that encoding.
    #[error("cannot write a body as {encoding:?}: {why}")]
    Unwritable {
        /// As what.
        encoding: Encoding,
        /// What the writer says.
        why: String,
    },
}

/// Writes a body.
pub fn encode<T: Serialize>(body: &T, encoding: Encoding) -> Result<Vec<u8>, BodyError> {
    let bytes = match encoding {
        Encoding::MessagePack => rmp_serde::to_vec_named(body).map_err(|error| error.to_string()),
        Encoding::Json => serde_json::to_vec(body).map_err(|error| error.to_string()),
    }
    .map_err(|why| BodyError::Unwritable {
        encoding,
        why: line(&why),
    })?;
    let size = bytes.len();
    if size > BODY_MAX {
        return Err(BodyError::Long { size });
    }
    Ok(bytes)
}

/// Reads a body; all of the bytes, and nothing that is deeper or larger than allowed.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, BodyError> {
    let size = bytes.len();
    if size > BODY_MAX {
        return Err(BodyError::Long { size });
    }
    let encoding = match bytes.first() {
        Some(b'{' | b'[' | b'"') => Encoding::Json,
        Some(_) | None => Encoding::MessagePack,
    };
    let unreadable = |why: String| BodyError::Unreadable {
        encoding,
        size,
        why: line(&why),
    };
    match encoding {
        Encoding::Json => {
            if json_depth(bytes) > DEPTH_MAX {
                return Err(unreadable(format!(
                    "nested deeper than {DEPTH_MAX}; send it flatter"
                )));
            }
            serde_json::from_slice(bytes).map_err(|error| unreadable(error.to_string()))
        }
        Encoding::MessagePack => {
            // A cursor, so that what follows the body is seen.
            let mut reader = rmp_serde::Deserializer::new(std::io::Cursor::new(bytes));
            reader.set_max_depth(DEPTH_MAX);
            let body =
                T::deserialize(&mut reader).map_err(|error| unreadable(error.to_string()))?;
            let extra = size - reader.position() as usize;
            if extra > 0 {
                return Err(BodyError::Extra {
                    encoding,
                    size,
                    extra,
                });
            }
            Ok(body)
        }
    }
}

/// How deep JSON opens, whether it is right or not.
fn json_depth(bytes: &[u8]) -> usize {
    let (mut depth, mut deepest, mut in_text, mut escaped) = (0usize, 0, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// One line, and not longer than a screen is wide twice.
fn line(text: &str) -> String {
    text.chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .take(160)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde::Deserialize;

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    enum Body {
        Beat {
            boot: u32,
            load: f64,
            names: Vec<String>,
        },
        Stop,
    }

    fn beat() -> Body {
        Body::Beat {
            boot: 3,
            load: 0.5,
            names: vec!["a".into(), "\u{e9}".into()],
        }
    }

    #[test]
    fn both_encodings_are_told_apart_by_themselves() {
        for body in [beat(), Body::Stop] {
            for encoding in [Encoding::MessagePack, Encoding::Json] {
                let bytes = encode(&body, encoding).unwrap();
                assert_eq!(decode::<Body>(&bytes).as_ref(), Ok(&body));
            }
        }
    }

    #[test]
    fn what_follows_a_body_is_refused() {
        for encoding in [Encoding::MessagePack, Encoding::Json] {
            let mut bytes = encode(&beat(), encoding).unwrap();
            bytes.push(b'0');
            assert!(decode::<Body>(&bytes).is_err(), "{encoding:?}");
        }
    }

    #[test]
    fn deep_nesting_is_refused_in_both_encodings() {
        let deep = |open: u8, close: &[u8]| {
            let mut bytes = vec![open; 200];
            bytes.extend_from_slice(&close.repeat(200));
            bytes
        };
        for bytes in [deep(b'[', b"]"), deep(0x91, b"")] {
            let refused = decode::<serde_json::Value>(&bytes).unwrap_err();
            assert!(matches!(refused, BodyError::Unreadable { .. }), "{refused}");
        }
        let text = serde_json::json!({ "text": "[".repeat(100) + "\\\"{" });
        assert_eq!(
            decode::<serde_json::Value>(text.to_string().as_bytes()),
            Ok(text)
        );
    }

    #[test]
    fn lengths_that_lie_allocate_nothing_much() {
        // A list that says to hold 2^32 - 1 elements, a byte string that says to be 4 GiB.
        for lie in [
            &[0xdd, 0xff, 0xff, 0xff, 0xff, 1][..],
            &[0xc6, 0xff, 0xff, 0xff, 0xff, 1],
        ] {
            assert!(decode::<Vec<u64>>(lie).is_err());
            assert!(decode::<String>(lie).is_err());
        }
    }

    #[test]
    fn a_body_that_is_too_large_is_neither_sent_nor_read() {
        let size = BODY_MAX + 1;
        assert_eq!(
            decode::<Body>(&vec![0; size]),
            Err(BodyError::Long { size })
        );
        assert!(encode(&"x".repeat(BODY_MAX), Encoding::MessagePack).is_err());
    }

    #[test]
    fn a_refused_body_is_told_in_one_line_that_says_where() {
        let refused = decode::<Body>(b"{\"Beat\":\n{\"boot\":-1}}")
            .unwrap_err()
            .to_string();
        assert!(
            refused.contains("line 2 column 10") && !refused.contains('\n'),
            "{refused}"
        );
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), first in prop::sample::select(&[0x81u8, 0xde, 0xdc, b'{', b'[', b'"'][..])) {
            let mut bytes = bytes;
            let _ = decode::<Body>(&bytes);
            let _ = decode::<serde_json::Value>(&bytes);
            bytes.insert(0, first);
            let _ = decode::<Body>(&bytes);
            let _ = decode::<serde_json::Value>(&bytes);
        }
    }
}
