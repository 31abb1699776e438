//! Breakers, failure detection, modes, threats (§6, §9.2).
