//! Links: delay, loss, duplication, reordering, asymmetry, partition.
