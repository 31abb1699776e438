use super::*;

const T: Moment = Moment(1_000_000);

fn relay(lossy: bool, threshold: Option<Share>) -> Relay {
    let children = (0..10).map(|child| (child, Micros::millis(30)));
    Relay::new(Moment(0), T, children, threshold, false, lossy)
}

/// What is due until `end`, woken by its own deadlines alone.
fn lived(relay: &mut Relay, end: Moment) -> Vec<(Moment, RelayDue)> {
    let mut done = Vec::new();
    while relay.next_deadline() <= end {
        let now = relay.next_deadline().max(Moment(0));
        while let Some(due) = relay.due(now) {
            done.push((now, due));
        }
    }
    done
}

#[test]
fn a_throw_goes_three_times_to_those_who_have_not_armed() {
    let mut relay = relay(true, None);
    for child in 1..10 {
        relay.armed(child, Micros::ZERO);
    }
    let resent: Vec<_> = lived(&mut relay, Moment(30_000));
    assert_eq!(
        resent,
        [
            (Moment(10_000), RelayDue::Resend(0)),
            (Moment(20_000), RelayDue::Resend(0))
        ]
    );
}

#[test]
fn an_open_gate_is_told_three_times_where_messages_get_lost_and_once_elsewhere() {
    for (lossy, wanted) in [(false, 1), (true, 3)] {
        let mut relay = relay(lossy, Some(Share::new(0.95)));
        for child in 0..10 {
            relay.armed(child, Micros::ZERO);
        }
        let told = lived(&mut relay, Moment(50_000))
            .into_iter()
            .filter(|(_, due)| *due == RelayDue::Gate(true))
            .count();
        assert_eq!(told, wanted, "lossy: {lossy}");
        assert_eq!(relay.gate(), Gate::Open);
    }
}

#[test]
fn a_gate_that_asks_for_95_of_100_waits_for_all_of_ten() {
    // PROTOCOL §4: 0.98, 0.95, 0.95.
    let mut relay = relay(false, Some(Share::new(0.95)));
    for child in 0..9 {
        relay.armed(child, Micros::ZERO);
    }
    assert_eq!(relay.due(Moment(1_000)), None);
    relay.armed(9, Micros::ZERO);
    assert_eq!(relay.due(Moment(2_000)), Some(RelayDue::Gate(true)));
}

#[test]
fn a_gate_that_does_not_open_is_shut_at_t() {
    let mut relay = relay(false, Some(Share::new(0.95)));
    let told: Vec<_> = lived(&mut relay, T)
        .into_iter()
        .filter(|(_, due)| matches!(due, RelayDue::Gate(_)))
        .collect();
    assert_eq!(told, [(T, RelayDue::Gate(false))]);
}
