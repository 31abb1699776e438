//! Facts about the desk.
