//! What the console may ask, what it gets back, and the events in between.
