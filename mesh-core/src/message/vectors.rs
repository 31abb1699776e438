//! The specification's messages, row by row: what §2.4 and appendix B list, what §9.1 and §9.2 give in figures.

use super::*;
use crate::guard::flood::Limiter;
use crate::throw::quorum::Trinary;
use crate::time::Micros;
use crate::trust::certificate::{LIFETIME_MAX, ROTATE_AT_PERCENT};
use crate::trust::session::SESSION_MAX;

#[test]
fn the_words_of_a_message_are_those_of_the_specification() {
    let table: [(&str, &[&str], &[&str]); 3] = [
        (
            "§2.4 verb",
            Verb::WORDS,
            &["observe", "orient", "decide", "act", "record", "sync"],
        ),
        (
            "§2.4 routing_strategy",
            Routing::WORDS,
            &["direct", "broadcast", "scatter-gather", "pipeline"],
        ),
        (
            "§3.3 cascade_strategy",
            Strategy::WORDS,
            &["wave", "parallel", "priority_first"],
        ),
    ];
    for (section, words, wanted) in table {
        assert_eq!(words, wanted, "{section}");
    }
}

#[test]
fn the_numbers_of_a_message_are_those_of_the_specification() {
    let priorities = [
        ("§2.4 priority 0 = background", 0, Ok(Priority::Background)),
        ("§2.4 priority 1", 1, Ok(Priority::Normal)),
        ("§2.4 priority 2", 2, Ok(Priority::High)),
        ("§2.4 priority 3 = critical", 3, Ok(Priority::Critical)),
        ("§2.4 there is no priority 4", 4, Err(())),
    ];
    for (section, number, wanted) in priorities {
        assert_eq!(
            Priority::try_from(number).map_err(|_| ()),
            wanted,
            "{section}"
        );
    }
    let states = [
        ("§1.4 READY is +1", 1, Ok(Trinary::Ready)),
        ("§1.4 TRANSIT is 0", 0, Ok(Trinary::Transit)),
        ("§1.4 CONFLICT is -1", -1, Ok(Trinary::Conflict)),
        ("§2.4 trinary_expectation is none else", 2, Err(())),
    ];
    for (section, number, wanted) in states {
        assert_eq!(
            Trinary::try_from(number).map_err(|_| ()),
            wanted,
            "{section}"
        );
    }
}

#[test]
fn every_field_of_the_message_structure_travels() {
    let header = envelope::sample::header();
    let json = serde_json::to_value(&header).expect("it is written");
    for (section, field) in [
        ("§2.4 message_id", "id"),
        ("§2.4 correlation_id", "correlation"),
        ("§2.4 causation_id", "causation"),
        ("§2.4 source_agent_id", "source"),
        ("§2.4 routing_strategy", "routing"),
        ("§2.4 created_at", "created"),
        ("§2.4 ttl_ms", "ttl"),
        ("§2.4 priority", "priority"),
        ("§2.4 payload_weight", "weight"),
        ("§2.4 requires_capabilities", "requires"),
        ("§2.4 verb", "verb"),
        ("§2.4 payload", "payload"),
        ("§2.4 payload_hash", "payload_hash"),
        ("§2.4 trinary_expectation", "expectation"),
        ("PROTOCOL §10 the orchestrator's own word", "warrant"),
    ] {
        assert!(json.get(field).is_some(), "{section}");
    }
    let hop = Hop {
        header: std::sync::Arc::new(header),
        target: crate::time::Moment(1),
        bound: Micros(2),
        gated: false,
        targets: Targets::Agents(
            [Compensation {
                slot: 3,
                lead: Micros(4),
                processing: Micros(5),
                confidence: crate::unit::Share::ALL,
            }]
            .into(),
        ),
    };
    let json = serde_json::to_value(&hop).expect("it is written");
    let part = &json["targets"]["Agents"][0];
    for (section, value) in [
        ("§2.4 target_arrival_time", &json["target"]),
        ("§2.4 target_agent_ids", &part["slot"]),
        ("§2.4 lead_time_ms", &part["lead"]),
        ("§2.4 expected_processing_ms", &part["processing"]),
        ("§2.4 confidence", &part["confidence"]),
    ] {
        assert!(!value.is_null(), "{section}");
    }
}

#[test]
fn a_payload_that_its_hash_does_not_fit_is_seen() {
    let mut header = envelope::sample::header();
    assert!(header.intact(), "§2.4 payload_hash");
    header.payload = std::sync::Arc::from(&b"another"[..]);
    assert!(!header.intact(), "§2.4 payload_hash");
}

#[test]
fn the_figures_of_security_are_those_of_the_specification() {
    for (section, found, wanted) in [
        (
            "§9.1 rotation every 30 days",
            LIFETIME_MAX,
            Micros::seconds(30 * 86_400),
        ),
        (
            "§9.1 sessions of 8 hours",
            SESSION_MAX,
            Micros::seconds(8 * 3_600),
        ),
    ] {
        assert_eq!(found, wanted, "{section}");
    }
    const {
        assert!(
            ROTATE_AT_PERCENT < 100,
            "PROTOCOL §10 rotation before expiry"
        );
    }
    assert!(
        (Limiter::TIMES - 10.0).abs() < f32::EPSILON,
        "§9.2 ten times the baseline"
    );
}
