//! Envelopes: the bytes of a message, signed and checked.
