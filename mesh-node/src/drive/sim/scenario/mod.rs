//! Scenarios: what goes wrong, and when, as TOML.
