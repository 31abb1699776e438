//! What a node knows of another node's clock.
