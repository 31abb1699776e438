//! Trinary quorum (§5.2).
