//! The fuzz targets of mesh-core as ordinary tests: random bytes, and good input with a few bytes changed, for as many
//! cases as take a second or two.

#[path = "../../mesh-core/fuzz/src/lib.rs"]
pub mod decoders;

use mesh_core::chance::Chance;
use mesh_core::message::envelope::{self, Address, ENVELOPE_MAX, Encoding, Head};
use mesh_core::message::{Body, Epoch, Probe};
use mesh_core::time::{Boot, Micros, Moment};
use mesh_core::trust::{Purpose, Scheme, Sealed, Signer, World};

/// Cases of each kind: enough to meet each kind of damage many times, few enough for every run.
const CASES: u64 = 20_000;
/// The longest random input; longer than any header and any good sample below.
const BYTES_MAX: u64 = 300;
/// How many places of a good input are changed at most.
const CHANGES_MAX: u64 = 6;

#[test]
fn no_bytes_from_the_network_cause_a_panic() {
    // What is signed, without its signature: the reader signs it again after it was damaged.
    let signer = Scheme::StandIn(World::new(1)).key(&[7; 32]);
    let head = Head {
        boot: Boot(3),
        sequence: 1,
        sent: Moment(1_000_000),
        ttl: Micros::seconds(30),
        epoch: Epoch(2),
        from: Address::key(signer.id()),
        to: Address::Coordinators,
    };
    let body = Body::Probe(Probe {
        boot: Boot(3),
        epoch: mesh_core::message::Epoch(2),
        obeys: None,
        exchange: None,
    });
    let samples = [Encoding::MessagePack, Encoding::Json].map(|encoding| {
        let bytes =
            envelope::seal(&head, &body, encoding, &signer).expect("a sample can be sealed");
        let sealed =
            Sealed::read(bytes, Purpose::Envelope, ENVELOPE_MAX).expect("it was just sealed");
        let genuine = sealed.verify(&Scheme::StandIn(World::new(1)), signer.public());
        genuine
            .expect("it was signed with this key")
            .content()
            .to_vec()
    });
    attack(1, &samples, decoders::envelope);
}

#[test]
fn no_text_of_a_scope_causes_a_panic() {
    let samples = [
        "all",
        "auto",
        "sector:7",
        "cluster:7-4",
        "agent:7-4-12",
        "class:gpu",
        "where:class=gpu state=active|degraded impedance>500 queue>=10 reliability<0.9",
        "where:!capability=llm_inference context=a1b2 beat>10 task=t",
    ]
    .map(|text| text.as_bytes().to_vec());
    attack(2, &samples, decoders::scope);
}

/// Feeds `reader` with random bytes and with damaged samples, the same ones in every run.
fn attack(seed: u64, samples: &[Vec<u8>], reader: fn(&[u8])) {
    for sample in samples {
        reader(sample);
    }
    let mut chance = Chance::new(seed);
    for _ in 0..CASES {
        let length = chance.below(BYTES_MAX);
        let random: Vec<u8> = (0..length).map(|_| chance.bits() as u8).collect();
        reader(&random);
        let sample = &samples[chance.below(samples.len() as u64) as usize];
        reader(&damaged(sample, &mut chance));
    }
}

/// A sample with bytes changed, dropped, doubled or cut off.
fn damaged(sample: &[u8], chance: &mut Chance) -> Vec<u8> {
    let mut bytes = sample.to_vec();
    for _ in 0..=chance.below(CHANGES_MAX) {
        if bytes.is_empty() {
            break;
        }
        let at = chance.below(bytes.len() as u64) as usize;
        match chance.below(5) {
            0 => bytes[at] = chance.bits() as u8,
            1 => bytes[at] ^= 1 << chance.below(8),
            2 => drop(bytes.remove(at)),
            3 => bytes.insert(at, bytes[at]),
            _ => bytes.truncate(at),
        }
    }
    bytes
}
