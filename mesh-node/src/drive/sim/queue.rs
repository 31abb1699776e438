//! The queue of events in virtual time.
