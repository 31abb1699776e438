//! Keys, certificates, admission, places and seats (§9, PROTOCOL §10).
