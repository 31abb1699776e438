//! Which known word was probably meant.

use super::excerpt;

/// The known word that is nearest to what was written, in any case, when one is near enough to be meant: a third of its
/// letters may be wrong, and one always. `sektor` is sector, `xyz` is nothing.
pub fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let written = excerpt(written).to_lowercase();
    known
        .into_iter()
        .map(|word| (edits(&written, &word.to_lowercase()), word))
        .min()
        .filter(|&(edits, word)| edits <= (word.chars().count() / 3).max(1))
        .map(|(_, word)| word)
}

/// Insertions, deletions, replacements and swaps of neighbours that turn `a`, which is at most an excerpt long, into `b`,
/// which is one of our words (Damerau 1964, restricted).
fn edits(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                let best = replaced.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
                let swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
                if swapped {
                    best.min(rows[i - 2][j - 2] + 1)
                } else {
                    best
                }
            };
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_meant_is_found_and_nothing_is_made_up() {
        let known = ["sector", "all", "freeze", "CLASS_D_GPU"];
        for (written, meant) in [
            ("sektor", Some("sector")),
            ("Sectro", Some("sector")),
            ("frezze", Some("freeze")),
            ("al", Some("all")),
            ("class_d_cpu", Some("CLASS_D_GPU")),
            ("xyz", None),
            ("", None),
            ("thaw", None),
        ] {
            assert_eq!(nearest(written, known), meant, "{written}");
        }
        assert_eq!(nearest(&"x".repeat(1 << 20), known), None);
        assert_eq!(nearest("x", []), None);
    }
}
