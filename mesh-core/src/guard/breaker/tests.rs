use super::*;
use crate::chance::Chance;
use crate::guard::level::Gate;
use crate::place::scope::Region;
use crate::place::{AgentId, SectorId};
use crate::time::{Micros, Moment};
use proptest::prelude::*;

fn at(seconds: i64) -> Moment {
    Moment(0) + Micros::seconds(seconds)
}
fn agent(sector: u16, cluster: u8, agent: u8) -> AgentId {
    SectorId(sector).cluster(cluster).agent(agent)
}
fn gate_changes(events: &[BreakerEvent]) -> Vec<(Region, Gate, Why)> {
    let change = |event: &BreakerEvent| match event.step {
        Step::Change { to, why, .. } => Some((event.region, to, why)),
        Step::Probe => None,
    };
    events.iter().filter_map(change).collect()
}
/// Healthy traffic to all thirty agents of a cluster.
fn traffic(breakers: &mut Breakers, sector: u16, cluster: u8, now: Moment) {
    (0..30).for_each(|slot| breakers.succeeded(agent(sector, cluster, slot), now));
}

#[test]
fn the_thresholds_of_section_6_2_count_different_agents() {
    let mut breakers = Breakers::new(100);
    traffic(&mut breakers, 1, 0, at(0));
    for _ in 0..3 {
        for slot in 0..5 {
            assert!(
                breakers.failed(agent(1, 0, slot), at(1)).is_empty(),
                "five are not over five"
            );
        }
    }
    let region = Region::Cluster(SectorId(1).cluster(0));
    let events = breakers.failed(agent(1, 0, 5), at(1));
    assert_eq!(gate_changes(&events), [(region, Gate::Open, Why::Count)]);
    assert!(!breakers.is_routable(agent(1, 0, 29), &mut Chance::new(1)));
    assert!(breakers.is_routable(agent(1, 1, 0), &mut Chance::new(1)));
}

#[test]
fn more_than_fifty_in_a_sector_and_more_than_ten_sectors_open_the_wider_ones() {
    let mut breakers = Breakers::new(100);
    let mut opened = Vec::new();
    for sector in 1..=11 {
        for cluster in 0..10 {
            traffic(&mut breakers, sector, cluster, at(0));
        }
        for failing in 0..51 {
            let events = breakers.failed(agent(sector, failing % 10, failing / 10), at(1));
            opened.extend(
                gate_changes(&events)
                    .into_iter()
                    .map(|(region, ..)| (region, failing)),
            );
        }
    }
    let sectors = opened
        .iter()
        .filter(|(region, _)| matches!(region, Region::Sector(_)));
    assert!(sectors.clone().count() == 11 && sectors.clone().all(|(_, nth)| *nth == 50));
    assert_eq!(
        opened
            .iter()
            .filter(|(region, _)| *region == Region::All)
            .count(),
        1
    );
    assert_eq!(
        opened.last(),
        Some(&(Region::All, 50)),
        "with the eleventh sector"
    );
    assert!(!breakers.is_routable(agent(99, 0, 0), &mut Chance::new(1)));
}

#[test]
fn a_minute_later_old_failures_no_longer_count() {
    let mut breakers = Breakers::new(100);
    for second in 0..40 {
        traffic(&mut breakers, 1, 0, at(second * 15));
        let slot = (second % 30) as u8;
        assert!(
            breakers
                .failed(agent(1, 0, slot), at(second * 15))
                .is_empty()
        );
    }
}

#[test]
fn a_small_cluster_opens_by_rate() {
    let mut breakers = Breakers::new(1);
    let mut events = Vec::new();
    for round in 0..10 {
        breakers.succeeded(agent(1, 0, 2), at(round));
        events.extend(breakers.failed(agent(1, 0, 0), at(round)));
        events.extend(breakers.failed(agent(1, 0, 1), at(round)));
    }
    let cluster = Region::Cluster(SectorId(1).cluster(0));
    assert_eq!(gate_changes(&events), [(cluster, Gate::Open, Why::Rate)]);
}

#[test]
fn open_probe_half_open_closed_takes_thirty_and_sixty_seconds() {
    let mut breaker = Breaker::new(Limits::CLUSTER);
    (0..10).for_each(|_| breaker.succeeded(at(0)));
    let opened = (0..6).find_map(|member| breaker.failed(member, at(0)));
    assert!(opened.is_some() && breaker.poll(at(29)).is_none());
    assert_eq!(breaker.poll(at(30)), Some(Step::Probe));
    breaker.probed(true, at(31));
    assert_eq!(
        (breaker.gate(), breaker.poll(at(90))),
        (Gate::HalfOpen, None)
    );
    assert!(matches!(
        breaker.poll(at(91)),
        Some(Step::Change {
            to: Gate::Closed,
            ..
        })
    ));
}

#[test]
fn a_failed_probe_an_unanswered_one_and_a_bad_trial_wait_sixty_seconds_more() {
    let mut breaker = Breaker::new(Limits::CLUSTER);
    (0..10).for_each(|_| breaker.succeeded(at(0)));
    for member in 0..6 {
        breaker.failed(member, at(0));
    }
    breaker.poll(at(30));
    assert_eq!(breaker.probed(false, at(31)), None);
    assert_eq!(breaker.next_deadline(), at(91));
    assert_eq!(breaker.poll(at(91)), Some(Step::Probe));
    assert_eq!(breaker.poll(at(101)), None, "nobody answered");
    assert_eq!(breaker.probed(true, at(102)), None, "too late to count");
    assert_eq!(breaker.next_deadline(), at(161));
    breaker.poll(at(161));
    breaker.probed(true, at(162));
    let failed = (0..2).find_map(|member| breaker.failed(member, at(163)));
    assert!(matches!(
        failed,
        Some(Step::Change {
            why: Why::TrialFailed,
            ..
        })
    ));
    assert_eq!(breaker.next_deadline(), at(223));
}

#[test]
fn tripped_by_hand_it_stays_open_until_reset_by_hand() {
    let mut breakers = Breakers::new(100);
    let region = Region::Sector(SectorId(9));
    assert_eq!(
        gate_changes(&breakers.trip(region, at(0))),
        [(region, Gate::Open, Why::ByHand)]
    );
    assert!(breakers.trip(region, at(1)).is_empty(), "it is open");
    assert!(breakers.poll(at(100_000)).is_empty());
    assert_eq!(breakers.tripped().count(), 1);
    assert_eq!(
        gate_changes(&breakers.reset(region, at(2))),
        [(region, Gate::Closed, Why::ByHand)]
    );
    assert!(
        breakers
            .trip(Region::Agent(agent(1, 1, 1)), at(3))
            .is_empty()
    );
}

#[test]
fn a_set_of_breakers_gives_the_deadline_of_a_probe_that_failed_quietly() {
    let mut breakers = Breakers::new(100);
    traffic(&mut breakers, 1, 0, at(0));
    (0..6).for_each(|slot| drop(breakers.failed(agent(1, 0, slot), at(0))));
    assert_eq!(breakers.next_deadline(), at(30));
    let region = Region::Cluster(SectorId(1).cluster(0));
    assert_eq!(
        breakers.poll(at(30)),
        [BreakerEvent {
            region,
            step: Step::Probe
        }]
    );
    assert!(breakers.probed(region, false, at(31)).is_empty());
    assert_eq!(breakers.next_deadline(), at(91));
}

#[test]
fn a_new_coordinator_goes_on_with_the_breakers_of_the_old_one() {
    let mut breakers = Breakers::new(1);
    let region = Region::Cluster(SectorId(1).cluster(0));
    breakers.resume(region, Gate::Open, at(500));
    assert!(!breakers.is_routable(agent(1, 0, 0), &mut Chance::new(1)));
    let probe = BreakerEvent {
        region,
        step: Step::Probe,
    };
    assert_eq!(breakers.next_deadline(), at(530));
    assert_eq!(breakers.poll(at(530)), [probe]);
}

#[derive(Debug, Clone)]
enum Act {
    Ok(u8),
    Fail(u8),
    Probed(bool),
    Wait(i64),
}

fn any_act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (0u8..30).prop_map(Act::Ok),
        6 => (0u8..30).prop_map(Act::Fail),
        1 => any::<bool>().prop_map(Act::Probed),
        2 => (0i64..40).prop_map(Act::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn it_never_routes_while_open_and_always_closes_when_healthy(
        acts in prop::collection::vec(any_act(), 0..200),
        seed in any::<u64>(),
    ) {
        let mut chance = Chance::new(seed);
        let mut breaker = Breaker::new(Limits::CLUSTER);
        let mut now = at(0);
        let mut recent: Vec<(u8, bool, Moment)> = Vec::new();
        for act in acts {
            let before = breaker.gate();
            let step = match act {
                Act::Ok(member) => {
                    recent.push((member, true, now));
                    breaker.succeeded(now);
                    None
                }
                Act::Fail(member) => {
                    recent.push((member, false, now));
                    breaker.failed(u32::from(member), now)
                }
                Act::Probed(answered) => breaker.probed(answered, now),
                Act::Wait(seconds) => {
                    now = now + Micros::seconds(seconds);
                    breaker.poll(now)
                }
            };
            if let (Gate::Closed, Some(Step::Change { to: Gate::Open, .. })) = (before, step) {
                let minute: Vec<_> = recent.iter().filter(|(.., when)| now - *when < Micros::seconds(60)).collect();
                let mut failing: Vec<u8> = minute.iter().filter(|(_, ok, _)| !ok).map(|(member, ..)| *member).collect();
                failing.sort_unstable();
                failing.dedup();
                prop_assert!(minute.len() >= 10 && failing.len() >= 2, "{minute:?}");
            }
            if breaker.gate() == Gate::Open {
                prop_assert!(!breaker.gate().admits(&mut chance));
            }
        }
        // From here on everything is healthy: probes are answered, nothing fails.
        for _ in 0..4 {
            now = now.max(breaker.next_deadline().min(now + Micros::seconds(100)));
            if breaker.poll(now) == Some(Step::Probe) || breaker.gate() == Gate::Open {
                breaker.probed(true, now);
            }
        }
        prop_assert_eq!(breaker.gate(), Gate::Closed);
    }
}

#[test]
fn a_breaker_is_small() {
    assert!(size_of::<Breaker>() <= 160, "{}", size_of::<Breaker>());
}
