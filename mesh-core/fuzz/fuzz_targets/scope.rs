//! Any bytes as a scope that somebody typed.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mesh_core_fuzz::scope(bytes));
