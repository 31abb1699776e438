//! Context: a content-addressed document with branches and a known-good head (PROTOCOL §9a).
