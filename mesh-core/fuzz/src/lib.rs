//! What holds for any bytes that the world may send: they are read or refused, nothing panics, and what was read means
//! the same when it is written and read again.

use mesh_core::message::Body;
use mesh_core::message::envelope::{self, ENVELOPE_MAX, Encoding};
use mesh_core::place::scope::Scope;
use mesh_core::trust::{Purpose, Scheme, Sealed, Signer, World, sealed};

/// Bytes from the network, first as they came and then as the content of an envelope that is signed as it should be, so
/// that what stands behind the signature is reached too.
///
/// # Panics
/// When a body that was read is another one after being sent on.
pub fn envelope(bytes: &[u8]) {
    let scheme = Scheme::StandIn(World::new(1));
    let signer = scheme.key(&[7; 32]);
    let key = signer.public();
    if let Ok(sealed) = Sealed::read(bytes, Purpose::Envelope, ENVELOPE_MAX) {
        // The signature of a stranger: nearly always refused, which must not panic either.
        let _ = sealed.verify(&scheme, key).map(envelope::open);
    }
    let ours = sealed::seal(Purpose::Envelope, &signer, |out| {
        out.extend_from_slice(bytes);
    });
    let Ok(sealed) = Sealed::read(ours.as_slice(), Purpose::Envelope, ENVELOPE_MAX) else {
        return;
    };
    let genuine = sealed
        .verify(&scheme, key)
        .expect("it was signed with this key");
    let Ok(opened) = envelope::open(genuine) else {
        return;
    };
    let Ok(body) = opened.body::<Body>() else {
        return;
    };
    for encoding in [Encoding::MessagePack, Encoding::Json] {
        // What came in one encoding may be too long in the other; it must not come out as something else.
        if let Ok(again) = envelope::encode(&body, encoding) {
            let read: Body = envelope::decode(&again).expect("what we write we read");
            // Compared as written: a number that is none (NaN) does not equal itself.
            assert_eq!(envelope::encode(&read, encoding).ok(), Some(again));
        }
    }
}

/// Bytes as the text of a scope.
///
/// # Panics
/// When a scope that was read is another one after being shown.
pub fn scope(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(scope) = Scope::parse(&text) {
        let shown = scope.to_string();
        let again = Scope::parse(&shown);
        assert_eq!(again.as_ref(), Ok(&scope), "{text:?} is shown as {shown:?}");
    }
}
