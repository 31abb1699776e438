use super::*;
use crate::chance::Chance;
use crate::unit::Share;

/// Teaches thirty agents of a class for so many rounds; what they take follows the true slopes, with noise and outliers.
fn taught(
    rounds: usize,
    true_weight: f64,
    true_queue: f64,
    noise: f64,
    seed: u64,
) -> (Vec<(f64, Processing)>, ClassSlopes) {
    let mut chance = Chance::new(seed);
    let mut slopes = ClassSlopes::default();
    let mut agents: Vec<(f64, Processing)> = (0..30)
        .map(|_| (chance.between(40.0, 300.0), Processing::new(Class::Gpu)))
        .collect();
    for _ in 0..rounds {
        for (place, (base, agent)) in agents.iter_mut().enumerate() {
            // Slow agents get the heavy work, which must not be taken for a slope.
            let weight = Weight(chance.below(100 + 10 * place as u64) as u16);
            let queue = chance.below(12) as u16;
            let outlier = if chance.happens(0.02) { 10.0 } else { 1.0 };
            let took = *base
                * (1.0 + true_weight * weight.value())
                * (1.0 + true_queue * f64::from(queue))
                * libm::exp(noise * chance.normal())
                * outlier;
            agent.observe(Micros::from_millis_f64(took), weight, queue, &mut slopes);
        }
    }
    (agents, slopes)
}

#[test]
fn the_specifications_numbers_are_the_prior() {
    // §3.1: base_times, 0.5 by weight, 0.1 by queue.
    for (class, base, weight, queue, wanted) in [
        (Class::Edge, 10.0, 0, 0, 10.0),
        (Class::Serverless, 50.0, 100, 0, 75.0),
        (Class::Persistent, 200.0, 0, 5, 300.0),
        (Class::Gpu, 100.0, 200, 10, 400.0),
        (Class::Local, 150.0, 100, 10, 450.0),
        (Class::Human, 60_000.0, 100, 0, 90_000.0),
    ] {
        let processing = Processing::new(class);
        let near = |got: Micros, wanted: f64| (got.as_millis_f64() / wanted - 1.0).abs() < 0.002;
        assert!(
            near(processing.base(&ClassSlopes::default()).median(), base),
            "{class}"
        );
        let got = processing
            .estimate(&ClassSlopes::default(), Weight(weight), queue)
            .median();
        assert!(near(got, wanted), "{class}: {got} and not {wanted} ms");
    }
}

#[test]
fn base_and_slopes_are_learnt_under_noise_and_outliers() {
    for (seed, (weight, queue)) in [(0.5, 0.1), (1.2, 0.1), (0.5, 0.3), (0.1, 0.02), (2.0, 0.5)]
        .into_iter()
        .enumerate()
    {
        let (agents, slopes) = taught(150, weight, queue, 0.2, seed as u64);
        let (learnt_weight, learnt_queue) = slopes.slopes();
        assert!(
            (f64::from(learnt_weight) - weight).abs() < 0.12 * weight + 0.05,
            "{weight}: {learnt_weight}"
        );
        assert!(
            (f64::from(learnt_queue) - queue).abs() < 0.12 * queue + 0.015,
            "{queue}: {learnt_queue}"
        );
        let off: f64 = agents
            .iter()
            .map(|(base, agent)| {
                libm::log(agent.base(&slopes).median().as_millis_f64() / base).abs()
            })
            .sum::<f64>()
            / 30.0;
        assert!(off < 0.1, "bases are {off} off on average");
    }
}

#[test]
fn work_that_never_varies_teaches_no_slope() {
    let mut slopes = ClassSlopes::default();
    let mut agent = Processing::new(Class::Edge);
    for _ in 0..1_000 {
        agent.observe(Micros::millis(30), Weight(100), 3, &mut slopes);
    }
    let (weight, queue) = slopes.slopes();
    assert!(
        (weight - 0.5).abs() < 0.05 && (queue - 0.1).abs() < 0.02,
        "{weight} {queue}"
    );
    let again = agent
        .estimate(&slopes, Weight(100), 3)
        .median()
        .as_millis_f64();
    assert!((again - 30.0).abs() < 0.5, "{again}");
}

#[test]
fn the_upper_quantile_of_the_work_is_kept() {
    let mut chance = Chance::new(8);
    let mut slopes = ClassSlopes::default();
    let mut agent = Processing::new(Class::Local);
    let mut late = 0;
    for turn in 0..2_000 {
        let took = Micros::from_millis_f64(90.0 * libm::exp(0.5 * chance.normal()));
        if turn >= 200 && took > agent.base(&slopes).at(Share::new(0.95)) {
            late += 1;
        }
        agent.observe(took, Weight(0), 0, &mut slopes);
    }
    let late = f64::from(late) / 1_800.0;
    assert!((0.03..0.07).contains(&late), "{late}");
}

#[test]
fn nonsense_keeps_everything_finite() {
    let mut slopes = ClassSlopes::default();
    let mut agent = Processing::new(Class::Human);
    for took in [i64::MIN, -1, 0, 1, i64::MAX] {
        for _ in 0..50 {
            agent.observe(Micros(took), Weight(u16::MAX), u16::MAX, &mut slopes);
            agent.observe(Micros(took), Weight(0), 0, &mut slopes);
        }
        let base = agent.base(&slopes);
        assert!(
            base.levels.iter().all(|value| value.is_finite()),
            "{took}: {base:?}"
        );
        assert!(slopes.factor(Weight(100), 10).is_finite());
    }
}

#[test]
fn two_rounds_of_its_agents_settle_a_class_and_no_lead_is_cut_too_short_meanwhile() {
    // Bases a tenth apart either way, work that varies by 8 %: what the prior takes for a half and more.
    let (mut late, mut all) = (0, 0);
    for seed in 0..20 {
        let mut chance = Chance::new(seed);
        let mut slopes = ClassSlopes::default();
        let mut agents: Vec<(f64, Processing)> = (0..30)
            .map(|_| {
                (
                    chance.between(180.0, 220.0),
                    Processing::new(Class::Persistent),
                )
            })
            .collect();
        for (round, wanted) in [(0, 1.53), (1, 1.6), (2, 1.4), (3, 1.35)] {
            let lead = |(base, agent): &(f64, Processing)| {
                agent.base(&slopes).at(Share::new(0.99)).as_millis_f64() / base
            };
            let mean = agents.iter().map(lead).sum::<f64>() / 30.0;
            assert!(mean < wanted, "round {round}: leads are {mean} bases");
            for (base, agent) in &mut agents {
                let took = Micros::from_millis_f64(*base * libm::exp(0.08 * chance.normal()));
                all += 1;
                late += i32::from(took > agent.base(&slopes).at(Share::new(0.99)));
                agent.observe(took, Weight(0), 0, &mut slopes);
            }
        }
    }
    let share = f64::from(late) / f64::from(all);
    assert!(share < 0.03, "{share} late, a hundredth wanted");
}

#[test]
fn before_anything_is_seen_work_is_seldom_longer_than_half_as_much_again_or_what_is_typical() {
    // §3.1 base_times; §2.2 the middle of typical_latency.
    for (class, seldom) in [
        (Class::Edge, 15.0),
        (Class::Serverless, 100.0),
        (Class::Persistent, 300.0),
        (Class::Gpu, 350.0),
        (Class::Local, 230.0),
    ] {
        let base = Processing::new(class).base(&ClassSlopes::default());
        let got = base.at(Share::new(0.99)).as_millis_f64();
        assert!((got / seldom - 1.0).abs() < 0.01, "{class}: {got} ms");
    }
}
