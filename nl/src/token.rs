//! A line as tokens: words in lower case, numbers, places, lengths of time, clock times, ids, quotations, signs.
//!
//! What stands in quotation marks is one token and is never looked into: it is payload.

use mesh_core::operation::At;
use mesh_core::place::scope::{Compare, Scope, Term};

/// A piece of the line.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Token {
    /// What it is.
    pub(crate) kind: Kind,
    /// As it is compared: lower case, straight apostrophes.
    pub(crate) text: String,
    /// The bytes of the line it came from.
    pub(crate) start: usize,
    /// Where it ends.
    pub(crate) end: usize,
}

/// The kinds of tokens.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    /// A word.
    Word,
    /// A number.
    Number(f64),
    /// A percentage, as a fraction of 1.
    Percent(f64),
    /// Two or three numbers that may be a place: `7-4`, `7/4/12`, `7.4`.
    Place(Vec<u32>),
    /// A place with its kind, or another scope in its canonical form.
    Scope(Scope),
    /// A length of time in seconds: `10m`, `1h30m`.
    Span(f64),
    /// A time of day (`HH:MM`) or an instant (RFC 3339).
    Time(String),
    /// An id: letters and digits mixed, too long for a place.
    Id,
    /// A filter term in its canonical form.
    Term(Term),
    /// A sign that compares.
    Compare(Compare),
    /// Text in quotation marks, without them.
    Quote(String),
    /// `,` `;` `:` `.` `!` `?`
    Punct(char),
    /// A sign that no sentence about the mesh needs.
    Odd,
}

/// Tokens of one line at most; what is longer is no sentence.
pub(crate) const TOKENS_MAX: usize = 200;

/// The tokens of `line`; `None` when there are more than [`TOKENS_MAX`].
pub(crate) fn tokens(line: &str) -> Option<Vec<Token>> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < line.len() {
        let rest = &line[at..];
        let c = rest.chars().next()?;
        if c.is_whitespace() || c.is_control() {
            at += c.len_utf8();
        } else if let Some((text, len)) = quotation(line, at) {
            push(&mut out, Kind::Quote(text.to_owned()), text, at, at + len);
            at += len;
        } else {
            let len = chunk_len(line, at);
            chunk(&mut out, &line[at..at + len], at);
            at += len;
        }
        if out.len() > TOKENS_MAX {
            return None;
        }
    }
    Some(out)
}

fn push(out: &mut Vec<Token>, kind: Kind, text: &str, start: usize, end: usize) {
    out.push(Token {
        kind,
        text: text.to_lowercase(),
        start,
        end,
    });
}

/// The text between quotation marks that open at `at`, and the length with them. A double mark that is never closed
/// runs to the end: what somebody began to quote is not a command.
fn quotation(line: &str, at: usize) -> Option<(&str, usize)> {
    let rest = &line[at..];
    let open = rest.chars().next()?;
    let closers: &[char] = match open {
        '"' | '“' | '”' | '„' => &['"', '”', '“'],
        '«' => &['»'],
        '»' => &['«'],
        '\'' | '‘' | '`' => &['\'', '’', '`'],
        _ => return None,
    };
    let single = matches!(open, '\'' | '‘' | '`');
    let before = line[..at].chars().next_back();
    if single && before.is_some_and(char::is_alphanumeric) {
        return None;
    }
    let inner = &rest[open.len_utf8()..];
    let close = inner.char_indices().find(|&(i, c)| {
        closers.contains(&c)
            && (!single || {
                let after = inner[i + c.len_utf8()..].chars().next();
                !after.is_some_and(char::is_alphanumeric) && i > 0
            })
    });
    match close {
        Some((i, c)) => Some((&inner[..i], open.len_utf8() + i + c.len_utf8())),
        None if single => None,
        None => Some((inner, rest.len())),
    }
}

/// The length of what stands up to the next space or quotation.
fn chunk_len(line: &str, at: usize) -> usize {
    let mut len = 0;
    for (i, c) in line[at..].char_indices() {
        let stop =
            c.is_whitespace() || c.is_control() || matches!(c, '"' | '“' | '”' | '„' | '«' | '»');
        if i > 0 && stop {
            return i;
        }
        len = i + c.len_utf8();
    }
    len
}

/// Signs that end a sentence or part it.
const fn is_punct(c: char) -> bool {
    matches!(c, ',' | ';' | ':' | '.' | '!' | '?' | '…')
}

fn chunk(out: &mut Vec<Token>, text: &str, at: usize) {
    let Some(first) = text.chars().next() else {
        return;
    };
    if let Some(token) = whole(text) {
        push(out, token, text, at, at + text.len());
        return;
    }
    if matches!(
        first,
        '(' | '[' | '{' | ')' | ']' | '}' | '…' | '—' | '–' | '*'
    ) || is_punct(first) && !(first == '!' && text.len() > 1)
        || first == '!' && text[1..].chars().all(is_punct)
    {
        let kind = match first {
            c if is_punct(c) => Kind::Punct(c),
            '—' | '–' | '(' | ')' => Kind::Punct(','),
            _ => Kind::Odd,
        };
        push(
            out,
            kind,
            &text[..first.len_utf8()],
            at,
            at + first.len_utf8(),
        );
        chunk(out, &text[first.len_utf8()..], at + first.len_utf8());
        return;
    }
    let last = text.chars().next_back().unwrap_or(first);
    if is_punct(last) || matches!(last, ')' | ']' | '}' | '—' | '–') {
        let cut = text.len() - last.len_utf8();
        chunk(out, &text[..cut], at);
        let kind = if is_punct(last) || last == '—' || last == '–' {
            Kind::Punct(if is_punct(last) { last } else { ',' })
        } else {
            Kind::Odd
        };
        if !matches!(last, ')') {
            push(out, kind, &text[cut..], at + cut, at + text.len());
        }
        return;
    }
    // Parts joined by signs that part: `7-4,7-5`, `freeze;thaw`, `7-4…7-6`.
    if let Some(i) = text.find([',', ';', '…', '—']) {
        chunk(out, &text[..i], at);
        chunk(out, &text[i..], at + i);
        return;
    }
    if let Some((i, len, kind)) = sign(text) {
        chunk(out, &text[..i], at);
        push(out, kind, &text[i..i + len], at + i, at + i + len);
        chunk(out, &text[i + len..], at + i + len);
        return;
    }
    word(out, text, at);
}

/// A sign that compares or joins, somewhere in a chunk.
fn sign(text: &str) -> Option<(usize, usize, Kind)> {
    let at = text.find([
        '<', '>', '=', '≥', '≤', '&', '+', '|', '\\', '$', '^', '~', '@',
    ])?;
    let rest = &text[at..];
    let found = [
        (">=", Kind::Compare(Compare::AtLeast)),
        ("=>", Kind::Compare(Compare::AtLeast)),
        ("<=", Kind::Compare(Compare::AtMost)),
        ("≥", Kind::Compare(Compare::AtLeast)),
        ("≤", Kind::Compare(Compare::AtMost)),
        (">", Kind::Compare(Compare::Above)),
        ("<", Kind::Compare(Compare::Below)),
        ("==", Kind::Compare(Compare::Equal)),
        ("=", Kind::Compare(Compare::Equal)),
        ("&", Kind::Word),
        ("+", Kind::Word),
    ]
    .into_iter()
    .find(|(sign, _)| rest.starts_with(sign));
    let (len, kind) = found.map_or(
        (rest.chars().next()?.len_utf8(), Kind::Odd),
        |(sign, kind)| (sign.len(), kind),
    );
    Some((at, len, kind))
}

/// A chunk that is one token as it stands.
fn whole(text: &str) -> Option<Kind> {
    let lower = text.to_lowercase();
    if At::try_from(text.to_uppercase()).is_ok_and(|at| at.wall().is_some()) {
        return Some(Kind::Time(text.to_uppercase()));
    }
    if let Some(time) = clock(&lower) {
        return Some(Kind::Time(time));
    }
    if let Some(number) = number(&lower) {
        return Some(Kind::Number(number));
    }
    if let Some(percent) = lower.strip_suffix('%').and_then(number) {
        return Some(Kind::Percent(percent / 100.0));
    }
    if let Some(seconds) = span(&lower) {
        return Some(Kind::Span(seconds));
    }
    if let Some(numbers) = place(&lower) {
        return Some(Kind::Place(numbers));
    }
    if let Some(scope) = named_scope(&lower) {
        return Some(Kind::Scope(scope));
    }
    if lower.contains(['=', '<', '>']) && lower.is_ascii() {
        if let Ok(term) = Term::parse(lower.trim_start_matches("where:")) {
            return Some(Kind::Term(term));
        }
    }
    is_id(text).then_some(Kind::Id)
}

/// Digits, with a fraction, a sign of more, or thousands parted by commas.
fn number(text: &str) -> Option<f64> {
    let text = text.strip_prefix(['+', '#']).unwrap_or(text);
    if text.is_empty() || !text.bytes().next()?.is_ascii_digit() || text.len() > 18 {
        return None;
    }
    if let Some((head, groups)) = text.split_once(',') {
        let fits = head.len() <= 3
            && groups
                .split(',')
                .all(|g| g.len() == 3 && g.bytes().all(|b| b.is_ascii_digit()));
        return (fits && head.bytes().all(|b| b.is_ascii_digit()))
            .then(|| text.replace(',', "").parse().ok())
            .flatten();
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    // `7.4` may be a place as well; that is for whoever asks.
    (digits(whole) && digits(fraction))
        .then(|| text.parse().ok())
        .flatten()
}

/// `7-4`, `7/4/12`, `c7-4`: two or three numbers. `7.4` is a number that may be read as one ([`dotted`]).
fn place(text: &str) -> Option<Vec<u32>> {
    let bare = text.strip_prefix(['c', 'a']).unwrap_or(text);
    numbers(bare, &['-', '/', '–']).or_else(|| {
        let numbers = numbers(bare, &['.'])?;
        (numbers.len() == 3 || bare.len() < text.len()).then_some(numbers)
    })
}

/// The place that a number with a fraction may be.
pub(crate) fn dotted(text: &str) -> Option<Vec<u32>> {
    numbers(text, &['.'])
}

fn numbers(text: &str, signs: &[char]) -> Option<Vec<u32>> {
    let parts: Vec<&str> = text.split(signs).collect();
    let fits = (2..=3).contains(&parts.len())
        && parts
            .iter()
            .all(|p| (1..=4).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_digit()));
    fits.then(|| parts.iter().filter_map(|p| p.parse().ok()).collect())
}

/// `sector:7`, `SECTOR7-CLUSTER4-AGENT-12`, `s7`, `class:gpu`, `CLASS_D_GPU`.
fn named_scope(text: &str) -> Option<Scope> {
    let digits = text.bytes().any(|b| b.is_ascii_digit());
    let known = ["sector", "cluster", "agent", "class", "where:"]
        .iter()
        .any(|kind| text.starts_with(kind));
    if known
        && (digits || text.contains(':') || text.starts_with("class_"))
        && !text.contains([' ', '=', '<', '>'])
    {
        let asked = if text.starts_with("class_") {
            format!("class:{text}")
        } else {
            text.to_owned()
        };
        if let Ok(scope) = Scope::parse(&asked) {
            return Some(scope);
        }
    }
    let number = text
        .strip_prefix("sec")
        .or_else(|| text.strip_prefix('s'))?;
    let plain = (1..=3).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
    plain
        .then(|| Scope::parse(&format!("sector:{number}")).ok())
        .flatten()
}

/// Seconds of `10m`, `1h30m`, `500ms`, `1.5h`.
fn span(text: &str) -> Option<f64> {
    let mut rest = text;
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .filter(|at| *at > 0)?;
        let number: f64 = rest[..digits].parse().ok()?;
        let end = rest[digits..]
            .find(|c: char| c.is_ascii_digit())
            .map_or(rest.len(), |at| digits + at);
        seconds += number * unit(&rest[digits..end])?;
        rest = &rest[end..];
    }
    (seconds > 0.0).then_some(seconds)
}

/// Seconds in a unit of time, by its name or sign.
pub(crate) fn unit(name: &str) -> Option<f64> {
    Some(match name {
        "ms" | "msec" | "millis" | "millisecond" | "milliseconds" => 0.001,
        "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
        "m" | "min" | "mins" | "minute" | "minutes" | "minuets" => 60.0,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3_600.0,
        "d" | "day" | "days" => 86_400.0,
        "w" | "wk" | "week" | "weeks" => 604_800.0,
        "fortnight" | "fortnights" => 1_209_600.0,
        "month" | "months" => 2_592_000.0,
        _ => return None,
    })
}

/// `18:30`, `6am`, `6:30pm`, `18h30` as `HH:MM`.
pub(crate) fn clock(text: &str) -> Option<String> {
    let (body, half) = [("am", 0), ("a.m", 0), ("pm", 12), ("p.m", 12)]
        .into_iter()
        .find_map(|(suffix, half)| Some((text.strip_suffix(suffix)?, Some(half))))
        .unwrap_or((text, None));
    let (hour, minute) = match body.split_once([':', 'h', '.']) {
        Some((hour, minute)) if minute.len() == 2 && (half.is_some() || !body.contains('.')) => {
            (hour, minute)
        }
        None if half.is_some() => (body, "00"),
        _ => return None,
    };
    time_of_day(
        hour.parse().ok().filter(|_| hour.len() <= 2)?,
        minute.parse().ok()?,
        half,
    )
}

/// `HH:MM`, when there is such a time; `half` is 0 in the morning and 12 after noon.
pub(crate) fn time_of_day(hour: u32, minute: u32, half: Option<u32>) -> Option<String> {
    let hour = match half {
        Some(half) if (1..=12).contains(&hour) => hour % 12 + half,
        Some(_) => return None,
        None => hour,
    };
    (hour < 24 && minute < 60).then(|| format!("{hour:02}:{minute:02}"))
}

fn is_id(text: &str) -> bool {
    let has = |test: fn(&char) -> bool| text.chars().any(|c| test(&c));
    let body = text.len() >= 6 && text.len() <= 128;
    body && text
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        && has(char::is_ascii_digit)
        && has(|c| c.is_ascii_alphabetic())
        && text.bytes().filter(u8::is_ascii_digit).count() >= 2
        && !text.to_ascii_lowercase().starts_with("sector")
        && !text.to_ascii_lowercase().starts_with("cluster")
}

/// Contractions, slang and joined words as the words that they stand for.
const SPELT_OUT: &[(&str, &str)] = &[
    ("can't", "can not"),
    ("cant", "can not"),
    ("cannot", "can not"),
    ("won't", "will not"),
    ("wont", "will not"),
    ("shan't", "shall not"),
    ("ain't", "is not"),
    ("aint", "is not"),
    ("dont", "do not"),
    ("doesnt", "does not"),
    ("didnt", "did not"),
    ("isnt", "is not"),
    ("arent", "are not"),
    ("havent", "have not"),
    ("hasnt", "has not"),
    ("shouldnt", "should not"),
    ("wasnt", "was not"),
    ("whats", "what is"),
    ("wats", "what is"),
    ("hows", "how is"),
    ("whos", "who is"),
    ("wheres", "where is"),
    ("thats", "that is"),
    ("theres", "there is"),
    ("theyre", "they are"),
    ("im", "i am"),
    ("ive", "i have"),
    ("id", "i would"),
    ("let's", "let us"),
    ("lets", "let us"),
    ("gimme", "give me"),
    ("lemme", "let me"),
    ("wanna", "want to"),
    ("gonna", "going to"),
    ("gotta", "have to"),
    ("y'all", "you"),
    ("ok'd", "ok"),
    ("pls", "please"),
    ("plz", "please"),
    ("plse", "please"),
    ("thx", "thanks"),
    ("teh", "the"),
    ("hw", "how"),
    ("wht", "what"),
    ("u", "you"),
    ("r", "are"),
    ("ur", "your"),
    ("w/", "with"),
    ("w/o", "without"),
    ("&", "and"),
    ("+", "plus"),
    ("adn", "and"),
    ("nad", "and"),
    ("fo", "for"),
    ("fro", "for"),
    ("shw", "show"),
    ("lst", "list"),
    ("hwo", "how"),
    ("waht", "what"),
    ("whcih", "which"),
    ("wich", "which"),
    ("hav", "have"),
    ("al", "all"),
    ("yuo", "you"),
    ("nto", "not"),
    ("whatif", "what if"),
    ("dryrun", "dry run"),
    ("setpoint", "set point"),
    ("dunno", "do not know"),
    ("diag", "diagnose"),
    ("quar", "quarantine"),
    ("insp", "inspect"),
    ("bcast", "broadcast"),
    ("sched", "schedule"),
    ("stat", "status"),
    ("kinda", "kind of"),
    ("cuz", "because"),
    ("tho", "though"),
    ("btw", "by the way"),
    ("asap", "now"),
    ("everyone's", "everyone is"),
    ("everything's", "everything is"),
];

fn word(out: &mut Vec<Token>, text: &str, at: usize) {
    let lower = text.to_lowercase().replace(['’', '‘', '`'], "'");
    let end = at + text.len();
    let mut put = |text: &str| push(out, Kind::Word, text, at, end);
    if let Some((_, full)) = SPELT_OUT.iter().find(|(short, _)| *short == lower) {
        full.split(' ').for_each(put);
        return;
    }
    if let Some(stem) = lower.strip_suffix("n't") {
        put(stem);
        put("not");
        return;
    }
    for (suffix, full) in [
        ("'re", "are"),
        ("'ve", "have"),
        ("'ll", "will"),
        ("'d", "would"),
        ("'m", "am"),
    ] {
        if let Some(stem) = lower.strip_suffix(suffix) {
            put(stem);
            put(full);
            return;
        }
    }
    if let Some(stem) = lower.strip_suffix("'s") {
        let asks = matches!(
            stem,
            "what"
                | "how"
                | "who"
                | "where"
                | "that"
                | "there"
                | "it"
                | "when"
                | "why"
                | "which"
                | "he"
                | "she"
                | "here"
        );
        match whole(stem) {
            Some(kind) if !asks => push(out, kind, stem, at, end),
            _ => put(stem),
        }
        push(out, Kind::Word, if asks { "is" } else { "'s" }, at, end);
        return;
    }
    let lower = lower.trim_matches('\'');
    if lower
        .chars()
        .any(|c| !c.is_alphanumeric() && !matches!(c, '-' | '_' | '/' | '.' | '\'' | ':' | '!'))
    {
        push(out, Kind::Odd, lower, at, end);
        return;
    }
    if lower.contains(['-', '/', '.', ':', '!']) {
        parts(out, text, at);
    } else if !lower.is_empty() {
        put(lower);
    }
}

/// Words joined by hyphens, slashes or points.
fn parts(out: &mut Vec<Token>, text: &str, at: usize) {
    let lower = text.to_lowercase();
    // A path, an address or an option of a program is no sentence about the mesh.
    if lower.starts_with(['-', '/', '.'])
        || lower.contains("//")
        || lower.matches(['/', '.']).count() > 1
    {
        push(out, Kind::Odd, &lower, at, at + text.len());
        return;
    }
    if let Some(rest) = lower
        .strip_prefix("un-")
        .or_else(|| lower.strip_prefix("re-"))
    {
        push(
            out,
            Kind::Word,
            &format!("{}{rest}", &lower[..2]),
            at,
            at + text.len(),
        );
        return;
    }
    let mut start = 0;
    for part in text.split(['-', '/', '.', ':', '!']) {
        if !part.is_empty() {
            chunk(out, part, at + start);
        }
        start += part.len() + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(line: &str) -> Vec<Kind> {
        tokens(line)
            .unwrap_or_default()
            .into_iter()
            .map(|token| token.kind)
            .collect()
    }

    fn words(line: &str) -> String {
        let tokens = tokens(line).unwrap_or_default();
        tokens
            .iter()
            .map(|token| token.text.as_str())
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn what_is_quoted_is_one_token() {
        for line in [
            r#"say "freeze, then thaw" now"#,
            "say “freeze, then thaw” now",
            "say 'freeze, then thaw' now",
        ] {
            assert_eq!(
                kinds(line)[1],
                Kind::Quote("freeze, then thaw".into()),
                "{line}"
            );
        }
        assert_eq!(
            kinds("say \"freeze all").last(),
            Some(&Kind::Quote("freeze all".into()))
        );
        assert_eq!(words("don't"), "do not");
    }

    #[test]
    fn spans_clocks_places_and_numbers_are_told_apart() {
        for (text, kind) in [
            ("10m", Kind::Span(600.0)),
            ("1h30m", Kind::Span(5_400.0)),
            ("500ms", Kind::Span(0.5)),
            ("18:30", Kind::Time("18:30".into())),
            ("6am", Kind::Time("06:00".into())),
            ("12pm", Kind::Time("12:00".into())),
            ("7-4", Kind::Place(vec![7, 4])),
            ("7/4/12", Kind::Place(vec![7, 4, 12])),
            ("30,000", Kind::Number(30_000.0)),
            ("7.4", Kind::Number(7.4)),
            ("50%", Kind::Percent(0.5)),
            ("01J9ZQ4T7X2M8B5KD3N6V0RWYE", Kind::Id),
        ] {
            assert_eq!(kinds(text), [kind], "{text}");
        }
        assert_eq!(kinds("7,8,9").len(), 5);
    }

    #[test]
    fn an_endless_line_is_no_sentence() {
        assert!(tokens(&"a ".repeat(100_000)).is_none());
    }
}
