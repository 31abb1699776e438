//! 128-bit ids in serde: hex digits where people read (JSON numbers end at 64 bits), a number elsewhere.

use serde::de::{Deserialize, Deserializer, Error};
use serde::{Serialize, Serializer};

pub(super) fn serialize<S: Serializer>(id: &u128, to: S) -> Result<S::Ok, S::Error> {
    if to.is_human_readable() {
        to.collect_str(&format_args!("{id:032x}"))
    } else {
        id.serialize(to)
    }
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u128, D::Error> {
    if !from.is_human_readable() {
        return u128::deserialize(from);
    }
    let text = String::deserialize(from)?;
    let plain = text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
    plain
        .then(|| u128::from_str_radix(&text, 16).ok())
        .flatten()
        .ok_or_else(|| {
            let head = crate::text::excerpt(&text);
            D::Error::custom(format!(
                "cannot read {head:?} as an id; it has 32 hex digits"
            ))
        })
}
