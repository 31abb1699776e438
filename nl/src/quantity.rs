//! Numbers, lengths of time and times of day in words and digits.

use crate::lexicon::Lexeme;
use crate::token::{self, Kind};

/// What was read and the index behind it.
pub(crate) type Read<T> = Option<(T, usize)>;

fn text(words: &[Lexeme], at: usize) -> &str {
    words.get(at).map_or("", |word| word.token.text.as_str())
}

/// The index behind `texts`, when they stand at `at`.
pub(crate) fn stands(words: &[Lexeme], at: usize, texts: &[&str]) -> Option<usize> {
    texts
        .iter()
        .enumerate()
        .all(|(i, each)| text(words, at + i) == *each)
        .then_some(at + texts.len())
}

const UNITS: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 8] = [
    "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
];

fn unit(text: &str) -> Option<f64> {
    UNITS
        .iter()
        .position(|unit| *unit == text)
        .map(|n| n as f64)
}

fn tens(text: &str) -> Option<f64> {
    let text = if text == "fourty" { "forty" } else { text };
    TENS.iter()
        .position(|ten| *ten == text)
        .map(|n| (n as f64 + 2.0) * 10.0)
}

/// Whether the word is one that numbers are made of.
pub(crate) fn is_number_word(text: &str) -> bool {
    unit(text).is_some()
        || tens(text).is_some()
        || matches!(text, "hundred" | "thousand" | "million" | "dozen")
}

/// A plain number: `12`, `twelve`, `two hundred and fifty`, `thirty-one`.
pub(crate) fn plain(words: &[Lexeme], at: usize) -> Read<f64> {
    let (mut number, mut next) = match words.get(at)?.token.kind {
        Kind::Number(number) => (number, at + 1),
        Kind::Word => below_hundred(words, at).or_else(|| {
            // `a hundred` is read by `quantity`; a bare `hundred` or `thousand` is one of them.
            matches!(text(words, at), "hundred" | "thousand").then_some((1.0, at))
        })?,
        _ => return None,
    };
    let mut total = 0.0;
    loop {
        match text(words, next) {
            "hundred" | "hundreds" => (number, next) = (number * 100.0, next + 1),
            "thousand" | "thousands" | "k" => {
                total += number * 1_000.0;
                (number, next) = (0.0, next + 1);
            }
            "million" => {
                total += number * 1_000_000.0;
                (number, next) = (0.0, next + 1);
            }
            "dozen" | "dozens" => (number, next) = (number * 12.0, next + 1),
            "and" if number >= 100.0 || total > 0.0 => match below_hundred(words, next + 1) {
                Some((rest, after)) if text(words, after) != "hundred" => {
                    return Some((total + number + rest, after));
                }
                _ => break,
            },
            _ => match below_hundred(words, next) {
                Some((rest, after))
                    if (number >= 100.0 || total > 0.0) && number % 100.0 == 0.0 =>
                {
                    (number, next) = (number + rest, after);
                }
                _ => break,
            },
        }
    }
    Some((total + number, next))
}

fn below_hundred(words: &[Lexeme], at: usize) -> Read<f64> {
    let word = text(words, at);
    if let Some(n) = unit(word) {
        return Some((n, at + 1));
    }
    let ten = tens(word)?;
    match unit(text(words, at + 1)) {
        Some(n) if (1.0..10.0).contains(&n) => Some((ten + n, at + 2)),
        _ => Some((ten, at + 1)),
    }
}

/// Whether a number that was said is one.
#[expect(
    clippy::float_cmp,
    reason = "a number that was said is read and not computed: it is one exactly or another number"
)]
pub(crate) fn is_one(n: f64) -> bool {
    n == 1.0
}

/// A quantity: a plain number, `a couple`, `a few`, `half a dozen`, `a dozen`, `a hundred`.
pub(crate) fn quantity(words: &[Lexeme], at: usize) -> Read<f64> {
    let said: &[(&[&str], f64)] = &[
        (&["half", "a", "dozen"], 6.0),
        (&["half", "dozen"], 6.0),
        (&["a", "half", "dozen"], 6.0),
        (&["a", "couple", "of"], 2.0),
        (&["a", "couple"], 2.0),
        (&["couple", "of"], 2.0),
        (&["a", "few"], 3.0),
        (&["a", "pair", "of"], 2.0),
        (&["a", "dozen"], 12.0),
        (&["the", "dozen"], 12.0),
        (&["dozen"], 12.0),
        (&["half", "a", "hundred"], 50.0),
        (&["half", "a", "thousand"], 500.0),
        (&["a", "single"], 1.0),
    ];
    if let Some((next, n)) = said
        .iter()
        .find_map(|(texts, n)| Some((stands(words, at, texts)?, *n)))
    {
        return Some((n, next));
    }
    if matches!(text(words, at), "a" | "the")
        && matches!(text(words, at + 1), "hundred" | "thousand" | "million")
    {
        return plain(words, at + 1);
    }
    plain(words, at)
}

/// A number with a per cent sign or words, as a fraction, or as it stands.
pub(crate) fn share(words: &[Lexeme], at: usize) -> Read<(f64, bool)> {
    if let Kind::Percent(share) = words.get(at)?.token.kind {
        return Some(((share, true), at + 1));
    }
    let (number, next) = quantity(words, at)?;
    match text(words, next) {
        "percent" | "pct" | "%" => Some(((number / 100.0, true), next + 1)),
        "per" if text(words, next + 1) == "cent" => Some(((number / 100.0, true), next + 2)),
        _ => Some(((number, false), next)),
    }
}

/// A length of time in seconds.
pub(crate) fn duration(words: &[Lexeme], at: usize) -> Read<f64> {
    let (mut seconds, mut next) = one_duration(words, at)?;
    // `2 hours and 30 minutes`, `1h 30m`.
    loop {
        let from = if text(words, next) == "and" {
            next + 1
        } else {
            next
        };
        match one_duration(words, from) {
            Some((more, after))
                if more < seconds
                    && matches!(
                        words[from].token.kind,
                        Kind::Number(_) | Kind::Span(_) | Kind::Word
                    )
                    && text(words, from) != "a"
                    && text(words, from) != "an" =>
            {
                (seconds, next) = (seconds + more, after);
            }
            _ => break,
        }
    }
    if let Some(after) = stands(words, next, &["or", "so"]) {
        next = after;
    }
    Some((seconds, next))
}

fn one_duration(words: &[Lexeme], at: usize) -> Read<f64> {
    if let Kind::Span(seconds) = words.get(at)?.token.kind {
        return Some((seconds, at + 1));
    }
    let unit_at = |at: usize| {
        let text = text(words, at);
        if matches!(text, "s" | "m" | "h" | "d" | "w")
            && at > 0
            && !matches!(words[at - 1].token.kind, Kind::Number(_))
        {
            return None;
        }
        words
            .get(at)
            .and_then(|word| token::unit(text).or_else(|| token::unit(word.lemma)))
    };
    // Halves and quarters, with the words that may stand around them.
    let parts: &[(&[&str], f64)] = &[
        (&["half", "an"], 0.5),
        (&["half", "a"], 0.5),
        (&["a", "half"], 0.5),
        (&["half", "of", "an"], 0.5),
        (&["half"], 0.5),
        (&["a", "quarter", "of", "an"], 0.25),
        (&["a", "quarter", "of", "a"], 0.25),
        (&["quarter", "of", "an"], 0.25),
        (&["quarter", "of", "a"], 0.25),
        (&["a", "quarter"], 0.25),
        (&["quarter"], 0.25),
        (&["three", "quarters", "of", "an"], 0.75),
        (&["three", "quarters", "of", "a"], 0.75),
    ];
    for (texts, part) in parts {
        if let Some((next, unit)) =
            stands(words, at, texts).and_then(|next| Some((next, unit_at(next)?)))
        {
            return Some((unit * part, next + 1));
        }
    }
    let article = matches!(text(words, at), "a" | "an" | "another" | "one");
    if article && let Some(unit) = unit_at(at + 1) {
        let halves = stands(words, at + 2, &["and", "a", "half"]).map(|next| (unit * 1.5, next));
        let quarters =
            stands(words, at + 2, &["and", "a", "quarter"]).map(|next| (unit * 1.25, next));
        return halves.or(quarters).or(Some((unit, at + 2)));
    }
    let (number, next) = quantity(words, at)?;
    if let Some(after) = stands(words, next, &["and", "a", "half"])
        && let Some(unit) = unit_at(after)
    {
        return Some((unit * (number + 0.5), after + 1));
    }
    let next = if text(words, next) == "more" {
        next + 1
    } else {
        next
    };
    let unit = unit_at(next)?;
    let seconds = number * unit;
    if let Some(after) = stands(words, next + 1, &["and", "a", "half"]) {
        return Some((seconds + unit / 2.0, after));
    }
    (seconds > 0.0).then_some((seconds, next + 1))
}

/// A time of day or an instant; `said` when the word `at` stands before it, so that `at 6` is one.
pub(crate) fn time(words: &[Lexeme], at: usize, said: bool) -> Read<String> {
    match &words.get(at)?.token.kind {
        Kind::Time(time) => {
            let next = at + 1;
            return Some((
                time.clone(),
                stands(words, next, &["o'clock"])
                    .or_else(|| stands(words, next, &["hours"]))
                    .unwrap_or(next),
            ));
        }
        Kind::Word | Kind::Number(_) => {}
        _ => return None,
    }
    match text(words, at) {
        "noon" | "midday" => return Some(("12:00".into(), at + 1)),
        "midnight" => return Some(("00:00".into(), at + 1)),
        "half" if text(words, at + 1) == "past" => {
            let (hour, next) = plain(words, at + 2)?;
            return half_of_day(words, hour, 30, next);
        }
        "quarter" if matches!(text(words, at + 1), "past" | "to") => {
            let (hour, next) = plain(words, at + 2)?;
            return if text(words, at + 1) == "past" {
                half_of_day(words, hour, 15, next)
            } else {
                half_of_day(words, hour - 1.0, 45, next)
            };
        }
        _ => {}
    }
    let (hour, next) = plain(words, at)?;
    if let Some(minutes) = (text(words, next) == "thirty").then_some(30) {
        return half_of_day(words, hour, minutes, next + 1);
    }
    let clock_word = matches!(
        text(words, next),
        "am" | "pm" | "a.m" | "p.m" | "o'clock" | "oclock"
    );
    (said || clock_word)
        .then(|| half_of_day(words, hour, 0, next))
        .flatten()
}

fn half_of_day(words: &[Lexeme], hour: f64, minute: u32, next: usize) -> Read<String> {
    if !(0.0..24.0).contains(&hour) || hour.fract() > 0.0 {
        return None;
    }
    let next = if matches!(text(words, next), "o'clock" | "oclock") {
        next + 1
    } else {
        next
    };
    let (half, next) = match text(words, next) {
        "am" | "a.m" => (Some(0), next + 1),
        "pm" | "p.m" => (Some(12), next + 1),
        "in" if stands(words, next, &["in", "the", "morning"]).is_some() => (Some(0), next + 3),
        "in" if stands(words, next, &["in", "the", "evening"]).is_some() => (Some(12), next + 3),
        "in" if stands(words, next, &["in", "the", "afternoon"]).is_some() => (Some(12), next + 3),
        "at" if stands(words, next, &["at", "night"]).is_some() => (Some(12), next + 2),
        "tonight" => (Some(12), next + 1),
        _ => (None, next),
    };
    let half = half.filter(|_| (1.0..=12.0).contains(&hour));
    Some((token::time_of_day(hour as u32, minute, half)?, next))
}

/// `first`, `second`, `3rd`; the last is 0.
pub(crate) fn ordinal(text: &str) -> Option<u32> {
    let names = [
        "last", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth",
        "ninth", "tenth",
    ];
    if let Some(n) = names.iter().position(|name| *name == text) {
        return Some(n as u32);
    }
    let digits = ["st", "nd", "rd", "th"]
        .iter()
        .find_map(|suffix| text.strip_suffix(suffix))?;
    digits.parse().ok()
}
