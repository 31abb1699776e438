//! Words to operations, operations and findings back to words.
//!
//! This crate will hold the conversation: a compiler from sentences to typed operations, the dialogue that resolves
//! "it" and "there", and the answers in words. No input or output of its own. Nothing of it is built yet.
