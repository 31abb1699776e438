//! Any bytes as an envelope from the network.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mesh_core_fuzz::envelope(bytes));
