//! The whole system from outside: through real processes, terminals, servers and networks.
//!
//! What is here drives the built binaries and the simulator; scenarios of faults are in `tests/scenarios`.
