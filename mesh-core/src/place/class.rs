//! Impedance classes A to F and what is assumed of each before anything is measured (§2.2, §3.1).

use crate::time::Micros;
use core::fmt;
use serde::{Deserialize, Serialize};

/// The six impedance classes, A to F in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Class {
    /// A: edge functions.
    Edge,
    /// B: serverless functions.
    Serverless,
    /// C: long-running containers and servers.
    Persistent,
    /// D: GPU boxes.
    Gpu,
    /// E: local hardware, Raspberry Pis.
    Local,
    /// F: people.
    Human,
}

/// What the specification says of a class before its agents are measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClassPrior {
    /// Lower end of the typical delay until READY (§2.2).
    pub typical_low: Micros,
    /// Upper end of it.
    pub typical_high: Micros,
    /// Processing of a payload of weight 0 on an empty queue (§3.1).
    pub processing: Micros,
    /// How many of 30,000 agents are of this class (§2.2).
    pub allocation: u32,
    /// The longest uninterrupted work the class takes: 50 ms of CPU at the edge, seconds for serverless, … (§2.2).
    pub work_max: Micros,
}

impl Class {
    /// All six, A to F.
    pub const ALL: [Self; 6] = [
        Self::Edge,
        Self::Serverless,
        Self::Persistent,
        Self::Gpu,
        Self::Local,
        Self::Human,
    ];

    /// The priors of §2.2 and §3.1. Class E has no typical delay in the specification ("depends on network"); its
    /// processing of 150 ms and a home network's round trip of about 100 ms (the traces of PROTOCOL §3) give 160 to
    /// 300 ms.
    pub const fn prior(self) -> ClassPrior {
        let (low_ms, high_ms, processing_ms, allocation, work_ms) = match self {
            Self::Edge => (5, 20, 10, 10_000, 50),
            Self::Serverless => (50, 150, 50, 8_000, 10_000),
            Self::Persistent => (100, 300, 200, 5_000, 600_000),
            Self::Gpu => (200, 500, 100, 2_000, 600_000),
            Self::Local => (160, 300, 150, 3_000, 600_000),
            Self::Human => (5_000, 14_400_000, 60_000, 2_000, 86_400_000),
        };
        ClassPrior {
            typical_low: Micros::millis(low_ms),
            typical_high: Micros::millis(high_ms),
            processing: Micros::millis(processing_ms),
            allocation,
            work_max: Micros::millis(work_ms),
        }
    }

    /// The letter A to F.
    pub const fn letter(self) -> char {
        (b'A' + self as u8) as char
    }

    /// The word used in scopes and filters.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Edge => "edge",
            Self::Serverless => "serverless",
            Self::Persistent => "persistent",
            Self::Gpu => "gpu",
            Self::Local => "local",
            Self::Human => "human",
        }
    }

    /// From the word, the letter, or the specification's `CLASS_D_GPU`; case does not matter.
    pub fn parse(text: &str) -> Option<Self> {
        let lower = text.to_ascii_lowercase();
        let bare = lower
            .strip_prefix("class_")
            .or_else(|| lower.strip_prefix("class "))
            .unwrap_or(&lower);
        Self::ALL.into_iter().find(|class| {
            let letter = class.letter().to_ascii_lowercase();
            bare == class.word()
                || bare.len() == 1 && bare.starts_with(letter)
                || bare
                    .strip_prefix(letter)
                    .and_then(|rest| rest.strip_prefix('_'))
                    == Some(class.word())
        })
    }

    /// Whether this is a person, whose lane is minutes and whose slowness is no fault.
    pub const fn is_human(self) -> bool {
        matches!(self, Self::Human)
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A set of classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClassSet(u8);

impl ClassSet {
    /// Every class.
    pub const ALL: Self = Self(0b11_1111);

    /// This set and `class`.
    pub const fn with(self, class: Class) -> Self {
        Self(self.0 | 1 << class as u8)
    }

    /// Whether `class` is in it.
    pub const fn has(self, class: Class) -> bool {
        self.0 >> class as u8 & 1 == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_allocation_of_the_classes_adds_up_to_thirty_thousand() {
        assert_eq!(
            Class::ALL
                .iter()
                .map(|class| class.prior().allocation)
                .sum::<u32>(),
            30_000
        );
    }

    #[test]
    fn a_class_is_read_by_word_letter_and_long_name() {
        for class in Class::ALL {
            let long = format!("CLASS_{}_{}", class.letter(), class.word().to_uppercase());
            for text in [class.word().to_owned(), class.letter().to_string(), long] {
                assert_eq!(Class::parse(&text), Some(class), "{text}");
            }
        }
        assert_eq!(Class::parse("d_edge"), None);
        assert_eq!(Class::parse(""), None);
    }
}
