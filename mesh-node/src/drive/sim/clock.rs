//! Clocks that are off, drift and step.
