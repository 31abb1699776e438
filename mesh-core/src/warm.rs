//! Reading ahead, for drivers that know who is next.
//!
//! A million agents, and thirty thousand as well, do not fit a processor's caches: whoever is called waits for memory first,
//! a dozen times one after the other, and that is longer than it works. So a role can be asked to `warm` itself: it reads one
//! word of each cache line (64 bytes) that its next input will touch and gives their mixture, which means nothing. A driver
//! asks those who come next, several at once, whose memory is then fetched side by side; it changes nothing but time.
