//! `mesh-node`: headless, on devices and servers.

fn main() {}
