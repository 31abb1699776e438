//! Conflicts: triage, the hash-chained log, quarantine, resolution (§5).
