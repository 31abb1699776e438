use super::*;
use proptest::prelude::*;

fn schemes() -> [Scheme; 2] {
    [Scheme::Ed25519, Scheme::StandIn(World::new(1))]
}

#[test]
fn ed25519_is_that_of_rfc_8032() {
    // RFC 8032 §7.1, test 2.
    let seed: [u8; 32] =
        unhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb").unwrap();
    let key = Scheme::Ed25519.key(&seed);
    assert_eq!(
        key.public().to_string(),
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
    );
    assert_eq!(
        hex(&key.sign(&[0x72]).0),
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
         085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    );
}

#[test]
fn a_signature_holds_for_its_key_and_its_bytes_only() {
    for scheme in schemes() {
        let (ours, theirs) = (scheme.key(&[1; 32]), scheme.key(&[2; 32]));
        let signature = ours.sign(b"hold");
        assert!(scheme.verify(&ours.public(), b"hold", &signature));
        assert!(!scheme.verify(&ours.public(), b"hole", &signature));
        assert!(!scheme.verify(&ours.public(), b"hold\0", &signature));
        assert!(!scheme.verify(&theirs.public(), b"hold", &signature));
        assert!(!scheme.verify(&ours.public(), b"hold", &theirs.sign(b"hold")));
        for place in 0..64 {
            let mut flipped = signature;
            flipped.0[place] ^= 1;
            assert!(
                !scheme.verify(&ours.public(), b"hold", &flipped),
                "{scheme:?} {place}"
            );
        }
    }
}

#[test]
fn weak_keys_and_bytes_that_are_no_key_are_seen() {
    let mut neutral = [0; 32];
    neutral[0] = 1;
    let no_point = (0..=255)
        .map(|first| {
            let mut bytes = [0; 32];
            bytes[0] = first;
            PublicKey(bytes)
        })
        .find(|key| dalek::VerifyingKey::from_bytes(&key.0).is_err())
        .unwrap();
    assert!(Scheme::Ed25519.is_weak(&PublicKey(neutral)));
    assert!(Scheme::Ed25519.is_weak(&PublicKey([0; 32])));
    assert!(Scheme::Ed25519.is_weak(&no_point));
    for scheme in schemes() {
        assert!(!scheme.is_weak(&scheme.key(&[3; 32]).public()));
    }
}

#[test]
fn a_secret_is_never_printed() {
    for scheme in schemes() {
        let key = scheme.key(&[0xab; 32]);
        assert_eq!(
            format!("{key:?}"),
            format!("SecretKey of {}", key.public().id())
        );
    }
}

#[test]
fn keys_are_short_bytes_in_message_pack_and_hex_in_json() {
    let key = Scheme::Ed25519.key(&[1; 32]).public();
    let packed = rmp_serde::to_vec(&key).unwrap();
    assert_eq!(packed.len(), 34);
    assert_eq!(rmp_serde::from_slice::<PublicKey>(&packed).unwrap(), key);
    let text = serde_json::to_string(&key.id()).unwrap();
    assert_eq!(text, format!("\"{}\"", key.id()));
    assert_eq!(serde_json::from_str::<KeyId>(&text).unwrap(), key.id());
    assert_eq!(key.to_string().parse(), Ok(key));
    assert!("3d40".parse::<PublicKey>().is_err());
    assert!(rmp_serde::from_slice::<Signature>(&packed).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_batch_is_right_exactly_when_each_of_it_is(wrong in proptest::option::of(0usize..8), real in any::<bool>()) {
        let scheme = schemes()[usize::from(!real)].clone();
        let keys: Vec<_> = (0..8).map(|seed| scheme.key(&[seed; 32])).collect();
        let texts: Vec<Vec<u8>> = (0u8..8).map(|n| vec![n; usize::from(n)]).collect();
        let mut items: Vec<_> =
            keys.iter().zip(&texts).map(|(key, text)| (key.public(), text.as_slice(), key.sign(text))).collect();
        if let Some(place) = wrong {
            items[place].2.0[5] ^= 4;
        }
        prop_assert_eq!(scheme.verify_all(&items), wrong.is_none());
    }
}
