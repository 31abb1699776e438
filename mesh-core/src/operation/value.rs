//! Values of arguments that are more than a word or a number: spans, instants, conditions.

use crate::place::scope::{Name, Term};
use crate::text::excerpt;
use crate::time::{Micros, WallTime};
use core::fmt;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// The longest span an operation may name: 366 days.
pub const SPAN_MAX: Micros = Micros::seconds(366 * 86_400);

/// A length of time that is written in seconds (`for_s`, `in_s`, `span_s`, `timeout_s`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seconds(pub Micros);

/// A length of time that is written in milliseconds (`window_ms`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Millis(pub Micros);

macro_rules! span {
    ($name:ident, $unit:literal) => {
        impl Serialize for $name {
            /// Whole numbers stay whole, so that 600 never comes back as 600.0.
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                if self.0.0 % $unit == 0 {
                    to.serialize_i64(self.0.0 / $unit)
                } else {
                    to.serialize_f64(self.0.0 as f64 / f64::from($unit))
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let number = f64::deserialize(from)?;
                let span = Micros(libm::round(number * f64::from($unit)) as i64);
                if number.is_finite() && span > Micros::ZERO && span <= SPAN_MAX {
                    Ok(Self(span))
                } else {
                    Err(D::Error::custom(format_args!(
                        "{number} is no span; more than 0 and at most 366 days"
                    )))
                }
            }
        }
    };
}

span!(Seconds, 1_000_000);
span!(Millis, 1_000);

/// When, by the wall: RFC 3339 (`2031-03-01T06:00:00Z`), or the console's local `HH:MM`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct At(String);

/// A text that is no time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot read {0:?} as a time; write 2031-03-01T06:00:00Z, or 06:00 for local time")]
pub struct AtError(String);

impl At {
    /// The instant; `None` for a local time of day, which only the console's own zone can place.
    pub fn wall(&self) -> Option<WallTime> {
        rfc3339(&self.0)
    }

    /// Hour and minute of a local time of day.
    pub fn local(&self) -> Option<(u8, u8)> {
        clock(self.0.as_bytes())
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for At {
    type Error = AtError;
    fn try_from(text: String) -> Result<Self, AtError> {
        if clock(text.as_bytes()).is_some() || rfc3339(&text).is_some() {
            Ok(Self(text))
        } else {
            Err(AtError(excerpt(&text)))
        }
    }
}

impl From<At> for String {
    fn from(at: At) -> Self {
        at.0
    }
}

fn clock(text: &[u8]) -> Option<(u8, u8)> {
    let [a, b, b':', c, d] = *text else {
        return None;
    };
    let (hour, minute) = (two(a, b)?, two(c, d)?);
    (hour < 24 && minute < 60).then_some((hour, minute))
}

fn two(tens: u8, ones: u8) -> Option<u8> {
    (tens.is_ascii_digit() && ones.is_ascii_digit()).then(|| (tens - b'0') * 10 + (ones - b'0'))
}

/// `YYYY-MM-DDTHH:MM:SS[.fraction](Z|+HH:MM|-HH:MM)` (RFC 3339 §5.6).
fn rfc3339(text: &str) -> Option<WallTime> {
    let bytes = text.as_bytes();
    if bytes.len() < 20 || bytes.len() > 40 || !text.is_ascii() {
        return None;
    }
    let fixed = [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')];
    if fixed.iter().any(|&(at, sign)| bytes[at] != sign) || !matches!(bytes[10], b'T' | b't' | b' ')
    {
        return None;
    }
    let pair = |at: usize| two(bytes[at], bytes[at + 1]).map(i64::from);
    let (year, month, day) = (pair(0)? * 100 + pair(2)?, pair(5)?, pair(8)?);
    let (hour, minute, second) = (pair(11)?, pair(14)?, pair(17)?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=days).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let mut rest = &text[19..];
    let mut fraction = 0;
    if let Some(after) = rest.strip_prefix('.') {
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            return None;
        }
        fraction = format!("{:0<6}", &after[..digits.min(6)])
            .parse::<i64>()
            .ok()?;
        rest = &after[digits..];
    }
    let offset = match rest.as_bytes() {
        b"Z" | b"z" => 0,
        [sign @ (b'+' | b'-'), hours_minutes @ ..] => {
            let (hours, minutes) = clock(hours_minutes)?;
            let minutes = i64::from(hours) * 60 + i64::from(minutes);
            if *sign == b'+' { minutes } else { -minutes }
        }
        _ => return None,
    };
    // Days since 1970 by the civil-calendar count from a March-based year, which puts the leap day last.
    let (y, m) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let day_number =
        y * 365 + y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400) + (153 * m + 2) / 5 + day
            - 1
            - 719_468;
    let seconds = ((day_number * 24 + hour) * 60 + minute - offset) * 60 + second;
    Some(WallTime(seconds * 1_000_000 + fraction))
}

/// What a watch waits for: `healthy`, `thawed`, `active`, `quiet`, or a filter term.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Condition(String);

/// A text that is no condition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "cannot read {0:?} as a condition; write healthy, thawed, active, quiet or a filter term such as impedance<300"
)]
pub struct ConditionError(String);

impl Condition {
    /// The words that are conditions by themselves.
    pub const WORDS: [&'static str; 4] = ["healthy", "thawed", "active", "quiet"];

    /// As it is written.
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Condition {
    type Error = ConditionError;
    fn try_from(text: String) -> Result<Self, ConditionError> {
        if Self::WORDS.contains(&text.as_str()) {
            return Ok(Self(text));
        }
        match Term::parse(&text) {
            Ok(term) => Ok(Self(term.to_string())),
            Err(_) => Err(ConditionError(excerpt(&text))),
        }
    }
}

impl From<Condition> for String {
    fn from(condition: Condition) -> Self {
        condition.0
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether `text` is the name of a capability, as it is kept.
pub fn is_capability(text: &str) -> bool {
    Name::new(text).is_ok_and(|name| name.as_str() == text)
}

/// Whether `text` may be an id (of a task, a throw, a conflict, a key, a hash, …): at most 128 bytes of letters, digits,
/// `-`, `_`, `.` and `:`.
pub fn is_id(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_read_as_rfc_3339_says() {
        for (text, unix) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2031-03-01T06:00:00Z", 1_930_111_200_i64),
            ("2031-03-01T08:00:00+02:00", 1_930_111_200),
            ("2000-02-29T23:59:59.5-00:30", 951_870_599),
        ] {
            let at = At::try_from(text.to_owned()).expect(text);
            assert_eq!(
                at.wall().map(|wall| wall.0.div_euclid(1_000_000)),
                Some(unix),
                "{text}"
            );
        }
        assert_eq!(
            At::try_from("06:05".to_owned()).expect("local").local(),
            Some((6, 5))
        );
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "6:00",
            "24:00",
            "2031-02-29T06:00:00Z",
            "2031-03-01T06:00:00",
            "2031-13-01T06:00:00Z",
            "soon",
        ] {
            assert!(At::try_from(text.to_owned()).is_err(), "{text}");
        }
    }

    #[test]
    fn whole_seconds_stay_whole() {
        let span: Seconds = serde_json::from_str("600").expect("a span");
        assert_eq!(serde_json::to_string(&span).expect("writes"), "600");
        let part: Seconds = serde_json::from_str("1.5").expect("a span");
        assert_eq!(serde_json::to_string(&part).expect("writes"), "1.5");
        for wrong in ["0", "-1", "1e300", "\"5\""] {
            assert!(serde_json::from_str::<Seconds>(wrong).is_err(), "{wrong}");
        }
    }
}
