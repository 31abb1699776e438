//! Whether an agent's context is what it should be, is only late, or is corrupt (§6.1).

use crate::unit::Digest;

/// What a reported context hash means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ContextCheck {
    /// The present head.
    Same,
    /// A head of before: the newest has not arrived yet, or the agent forked lawfully. Bring it in line.
    Behind,
    /// Nothing that it was ever given: [`super::FailureClass::ContextCorruption`].
    Corrupt,
}

/// Compares the hash that an agent reports with the head it should hold and the heads of before (`earlier`, from the
/// context's history). No head set means nothing to compare with.
pub fn check_context(
    reported: Digest,
    head: Option<Digest>,
    earlier: impl IntoIterator<Item = Digest>,
) -> ContextCheck {
    match head {
        None => ContextCheck::Same,
        Some(head) if head == reported => ContextCheck::Same,
        Some(_) if earlier.into_iter().any(|known| known == reported) => ContextCheck::Behind,
        Some(_) => ContextCheck::Corrupt,
    }
}
