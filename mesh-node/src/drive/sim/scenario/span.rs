//! Lengths of time in TOML: numbers of seconds, or texts with a unit.

use mesh_core::time::Micros;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A length of time by itself.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Span(#[serde(with = "super::span")] pub(super) Micros);

/// Units and their microseconds, the longer name first where one ends in the other.
const UNITS: [(&str, f64); 6] = [
    ("us", 1.0),
    ("ms", 1e3),
    ("s", 1e6),
    ("m", 6e7),
    ("h", 3.6e9),
    ("d", 8.64e10),
];

const WANTED: &str =
    "a length of time: seconds as a number, or a text like \"150ms\", \"10s\", \"5m\" or \"1h\"";

/// Ten years: nothing in a scenario is longer, and sums of it fit.
const SECONDS_MAX: f64 = 3.2e8;

pub(super) fn parse(text: &str) -> Option<Micros> {
    let text = text.trim();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = &text[digits.len()..];
    let (_, micros) = UNITS.iter().find(|(name, _)| *name == unit)?;
    from_seconds(digits.trim_end().parse::<f64>().ok()? * micros / 1e6)
}

fn from_seconds(seconds: f64) -> Option<Micros> {
    (seconds.abs() <= SECONDS_MAX).then(|| Micros(libm::round(seconds * 1e6) as i64))
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks for a reference"
)]
pub(super) fn serialize<S: Serializer>(span: &Micros, to: S) -> Result<S::Ok, S::Error> {
    let us = span.0;
    if us % 1_000_000 == 0 {
        return to.serialize_i64(us / 1_000_000);
    }
    if us % 1_000 == 0 {
        return to.serialize_str(&format!("{}ms", us / 1_000));
    }
    to.serialize_str(&format!("{us}us"))
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Micros, D::Error> {
    struct Span;
    impl Visitor<'_> for Span {
        type Value = Micros;
        fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
            f.write_str(WANTED)
        }
        fn visit_i64<E: Error>(self, seconds: i64) -> Result<Micros, E> {
            self.visit_f64(seconds as f64)
        }
        fn visit_u64<E: Error>(self, seconds: u64) -> Result<Micros, E> {
            self.visit_f64(seconds as f64)
        }
        fn visit_f64<E: Error>(self, seconds: f64) -> Result<Micros, E> {
            from_seconds(seconds).ok_or_else(|| E::custom(format!("{seconds} is not {WANTED}")))
        }
        fn visit_str<E: Error>(self, text: &str) -> Result<Micros, E> {
            parse(text).ok_or_else(|| {
                let start: String = text.chars().take(40).collect();
                E::custom(format!("{start:?} is not {WANTED}"))
            })
        }
    }
    from.deserialize_any(Span)
}

/// The same for what may be left out.
pub(super) mod option {
    use super::{Deserializer, Micros, Serializer};

    #[expect(clippy::ref_option, reason = "serde asks for a reference")]
    pub(in super::super) fn serialize<S: Serializer>(
        span: &Option<Micros>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match span {
            Some(span) => super::serialize(span, to),
            None => to.serialize_none(),
        }
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Micros>, D::Error> {
        super::deserialize(from).map(Some)
    }
}
