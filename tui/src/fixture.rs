//! A mesh that tests look at: 30,000 agents from a formula, with the troubles of the mock-ups. Never part of the product.

use crate::state::link::Identity;
use crate::state::{State, Tick};
use crate::theme::{Background, Wish, choose};
use crate::update::{Effect, Event, News, update};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use mesh_core::operation::answer::{BreakerLine, Status};
use mesh_core::operation::event::{BreakerTurn, Event as Happened, Stamped};
use mesh_core::operation::follow::{
    AgentSeen, Arrivals, ClassSeen, Sight, ThrowSeen, TierSeen, View,
};
use mesh_core::operation::view::{BreakerAt, QuarantineReason};
use mesh_core::place::scope::Marks;
use mesh_core::place::{AgentId, Class, SectorId, Shape};
use mesh_core::registry::{CapabilitySet, State as Standing};
use mesh_core::throw::Account;
use mesh_core::time::{Micros, WallTime};
use mesh_core::trust::seat::Seat;
use mesh_core::unit::Impedance;

/// The wall clock of all fixtures: 2031-03-01 12:04:31 UTC.
pub(crate) const WALL: i64 = 1_930_133_071_000_000;
/// The console's own clock.
pub(crate) const NOW: Tick = Tick(60_000_000);

/// A number from 0 to `below` that only depends on `seed`.
pub(crate) fn pick(seed: u64, below: u64) -> u64 {
    let mut x = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD1B5_4A32_D192_ED03;
    x ^= x >> 29;
    x = x.wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x ^= x >> 32;
    x % below
}

fn class_of(cluster: u8) -> Class {
    match cluster {
        1..=3 => Class::Edge,
        4..=6 => Class::Serverless,
        7 | 8 => Class::Persistent,
        9 => Class::Gpu,
        _ => Class::Local,
    }
}

/// One agent; `turn` moves the figures a little.
pub(crate) fn agent(id: AgentId, turn: u64) -> AgentSeen {
    let place = u64::from(id.pack());
    let class = if pick(place, 15) == 0 {
        Class::Human
    } else {
        class_of(id.cluster.cluster)
    };
    let base = 60 + pick(place, 120) as i64;
    let wobble = pick(place ^ turn.wrapping_mul(77), 20) as i64;
    let z = |ms: i64| Some(Impedance(Micros::millis(ms)));
    let mut seen = AgentSeen {
        id,
        class,
        marks: Marks::of(Standing::Active.mark()),
        stale: false,
        impedance: z(base + wobble).filter(|_| !class.is_human()),
        usual: z(base).filter(|_| !class.is_human()),
        latency: Micros::millis(base / 2),
        processing: Micros::millis(base / 2),
        queue: pick(place + 1, 4) as u32,
        reliability: 9_900,
        drift: 30 + pick(place, 5) as u16 * 10,
        silent: Some(Micros::seconds(pick(place + turn, 5) as i64)),
        task: 0,
        context: 0xa1b2_c3d4_0000_0000,
        capabilities: CapabilitySet(1),
    };
    let trouble = |seen: &mut AgentSeen, ms: i64, queue: u32| {
        seen.class = Class::Local;
        seen.impedance = z(ms);
        seen.queue = queue;
        seen.marks = Marks::of(Standing::Degraded.mark());
        seen.task = 1;
        seen.reliability = 9_100;
        seen.drift = 620;
    };
    match (id.sector().0, id.cluster.cluster, id.agent) {
        (7, 4, 12) => trouble(&mut seen, 847, 14),
        (7, 4, 19) => trouble(&mut seen, 612, 11),
        (7, 9, 3..=5) => {
            seen.marks = Marks::of(Standing::Quarantined.mark());
            seen.context = 0xe5f6_0000_0000_0000;
        }
        (41, ..) => {
            seen.marks = Marks::of(Standing::Offline.mark());
            seen.silent = Some(Micros::seconds(90));
        }
        (77, 2 | 3 | 9, _) => {
            seen.impedance = z(900 + wobble);
            seen.marks = Marks::of(Standing::Degraded.mark());
        }
        (12, 1 | 8, _) => seen.impedance = z(700 + wobble),
        (58, 1, 1..=16) => seen.marks = Marks::of(Standing::Offline.mark()),
        (90, _, 1..=4) => {
            seen.stale = true;
            seen.silent = Some(Micros::seconds(40));
        }
        _ => {}
    }
    seen
}

/// The head figures.
pub(crate) fn status() -> Status {
    Status {
        agents: 30_000,
        active: 29_847,
        sectors: 100,
        sectors_healthy: 97,
        impedance: Some(Impedance(Micros::millis(127))),
        impedance_p95: Some(Impedance(Micros::millis(341))),
        conflicts: 23,
        mode: "FULL".into(),
        last_cascade: Some(Micros::seconds(3 * 3_600 + 27 * 60)),
        frozen: 0,
        breakers: (1, 1),
        reviews: 2,
        age: Micros::ZERO,
    }
}

fn place(text: &str) -> AgentId {
    text.parse().expect("a place")
}

/// What happened before.
pub(crate) fn events() -> Vec<Stamped> {
    let all = [
        (
            150,
            Happened::Takeover {
                seat: mesh_core::trust::seat::Seat::Coordinator(SectorId(41)),
                to: None,
                epoch: 3,
                after: Micros::seconds(4),
            },
        ),
        (
            90,
            Happened::Quarantined {
                agent: place("7-9-3"),
                reason: QuarantineReason::ContextDivergence,
            },
        ),
        (
            51,
            Happened::AgentState {
                agent: place("7-4-12"),
                from: Standing::Active,
                to: Standing::Degraded,
            },
        ),
        (
            33,
            Happened::Breaker {
                at: BreakerAt::Sector(SectorId(12)),
                turn: BreakerTurn::HalfOpened,
                failures: 12,
            },
        ),
        (
            20,
            Happened::Conflict {
                id: "c-17".into(),
                kind: "CONTEXT_DIVERGENCE".into(),
                priority: 2,
                agent: place("23-2-8"),
            },
        ),
        (
            2,
            Happened::Breaker {
                at: BreakerAt::Sector(SectorId(77)),
                turn: BreakerTurn::Opened,
                failures: 51,
            },
        ),
    ];
    all.into_iter()
        .enumerate()
        .map(|(number, (ago, event))| Stamped {
            number: number as u64,
            at: WallTime(WALL - ago * 1_000_000),
            event,
        })
        .collect()
}

/// What is seen of these agents.
pub(crate) fn view(agents: Vec<AgentSeen>) -> View {
    let breaker = |sector, open| BreakerLine {
        at: BreakerAt::Sector(SectorId(sector)),
        open,
        age: Micros::seconds(33),
        failures: 51,
    };
    View {
        at: WallTime(WALL),
        status: status(),
        gone: Vec::new(),
        agents,
        tasks: vec![(1, "llm_inference".into())],
        capabilities: vec!["sensing".into()],
        clusters: Vec::new(),
        sectors: Vec::new(),
        breakers: vec![breaker(12, false), breaker(77, true)],
        vacant: vec![Seat::Coordinator(SectorId(41))],
        throws: Vec::new(),
    }
}

/// All of it.
pub(crate) fn news(shape: Shape) -> News {
    let view = view(shape.all_agents().map(|id| agent(id, 0)).collect());
    News {
        sight: Some(Sight::Snapshot(Box::new(view))),
        events: events(),
        missed: 0,
    }
}

/// Something of it changed.
pub(crate) fn changed(change: impl FnOnce(&mut View)) -> Event {
    let mut view = view(Vec::new());
    change(&mut view);
    Event::News(Box::new(News {
        sight: Some(Sight::Changes(Box::new(view))),
        ..News::default()
    }))
}

/// Who stands behind the door.
pub(crate) fn identity(shape: Shape) -> Identity {
    Identity {
        mesh: "prod".into(),
        driver: "local".into(),
        lab: true,
        shape,
        caller: "cecilia".into(),
        may_change: true,
        address: "mesh".into(),
    }
}

/// A console that knows nothing, in a look.
pub(crate) fn fresh(size: (u16, u16), theme: &str, ascii: bool) -> State {
    let wish = Wish {
        theme: Some(theme.to_owned()),
        ascii,
        colorterm: "truecolor".into(),
        term: "xterm-256color".into(),
        locale: "C.UTF-8".into(),
        no_color: theme == "mono",
    };
    let look = choose(&wish, Background::Dark).expect("built in");
    State::new(look, wish, size)
}

/// A console in front of the whole fixture.
pub(crate) fn console(size: (u16, u16), theme: &str, ascii: bool) -> State {
    of_shape(size, theme, ascii, Shape::DEFAULT)
}

/// The same of another shape.
pub(crate) fn of_shape(size: (u16, u16), theme: &str, ascii: bool, shape: Shape) -> State {
    let mut state = fresh(size, theme, ascii);
    update(
        &mut state,
        Event::Connected(Box::new(identity(shape))),
        NOW,
        WALL,
    );
    update(&mut state, Event::News(Box::new(news(shape))), NOW, WALL);
    update(&mut state, Event::Drawn(900, 8_000), NOW, WALL);
    state
}

/// Presses keys as they are written: letters, and names in angle brackets (`<enter>`, `<c-c>`, `<pgup>`).
pub(crate) fn press(state: &mut State, keys: &str) -> Vec<Effect> {
    press_at(state, keys, NOW)
}

/// The same at another time.
pub(crate) fn press_at(state: &mut State, keys: &str, now: Tick) -> Vec<Effect> {
    keys_of(keys)
        .into_iter()
        .flat_map(|key| update(state, Event::Key(key), now, WALL))
        .collect()
}

/// Keys as they are written.
pub(crate) fn keys_of(written: &str) -> Vec<KeyEvent> {
    let mut keys = Vec::new();
    let mut rest = written;
    while let Some(first) = rest.chars().next() {
        let named = (first == '<')
            .then(|| rest.find('>').map(|end| (&rest[1..end], &rest[end + 1..])))
            .flatten();
        let (key, after) = match named {
            Some((name, after)) => (named_key(name), after),
            None => (
                KeyEvent::new(KeyCode::Char(first), KeyModifiers::NONE),
                &rest[first.len_utf8()..],
            ),
        };
        keys.push(key);
        rest = after;
    }
    keys
}

fn named_key(name: &str) -> KeyEvent {
    let plain = |code| KeyEvent::new(code, KeyModifiers::NONE);
    match name {
        "enter" => plain(KeyCode::Enter),
        "esc" => plain(KeyCode::Esc),
        "tab" => plain(KeyCode::Tab),
        "up" => plain(KeyCode::Up),
        "down" => plain(KeyCode::Down),
        "left" => plain(KeyCode::Left),
        "right" => plain(KeyCode::Right),
        "pgup" => plain(KeyCode::PageUp),
        "pgdn" => plain(KeyCode::PageDown),
        "bs" => plain(KeyCode::Backspace),
        "space" => plain(KeyCode::Char(' ')),
        "f2" => plain(KeyCode::F(2)),
        other => {
            let letter = other
                .strip_prefix("c-")
                .and_then(|rest| rest.chars().next());
            KeyEvent::new(
                KeyCode::Char(letter.unwrap_or_else(|| panic!("no key {other}"))),
                KeyModifiers::CONTROL,
            )
        }
    }
}

/// The screen as text.
pub(crate) fn screen(state: &State) -> String {
    let mut buffer = ratatui::buffer::Buffer::empty(ratatui::layout::Rect::new(
        0,
        0,
        state.size.0,
        state.size.1,
    ));
    crate::view::draw(state, &mut buffer);
    text(&buffer)
}

/// A buffer as text; the second cell of a wide character is not written.
pub(crate) fn text(buffer: &ratatui::buffer::Buffer) -> String {
    let width = usize::from(buffer.area.width.max(1));
    let mut out = String::new();
    for row in buffer.content.chunks(width) {
        let mut skip = 0;
        let mut line = String::new();
        for cell in row {
            if skip > 0 {
                skip -= 1;
                continue;
            }
            line.push_str(cell.symbol());
            skip = usize::from(crate::view::width(cell.symbol())).saturating_sub(1);
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// A throw as it is seen so many milliseconds before T, or after it; sealed or not.
pub(crate) fn throw(until_t: i64, sealed: bool) -> ThrowSeen {
    // Arrivals around T, of which so much has come by now.
    let come = |of: u32, center: i64| {
        let mut arrivals = Arrivals::default();
        for step in 0..200_i64 {
            let at = center + (step - 100) * 3;
            let share = (-((step - 100) as f64 / 30.0).powi(2)).exp() / 53.0;
            if sealed || at <= -until_t {
                for _ in 0..(f64::from(of) * share / 10.0) as u32 {
                    arrivals.count(Micros::millis(at));
                }
            }
        }
        TierSeen {
            of,
            come: arrivals.total() * 10,
            arrivals,
        }
    };
    let class = |class, targeted: u32, center| {
        let seen = come(targeted, center);
        ClassSeen {
            class,
            targeted,
            eligible: targeted,
            ready: seen.come,
            conflict: 5,
            in_window: seen.come,
            arrivals: seen.arrivals,
        }
    };
    let classes = vec![
        class(Class::Edge, 10_000, -20),
        class(Class::Serverless, 8_000, -60),
        class(Class::Persistent, 5_000, -90),
        class(Class::Gpu, 2_000, -120),
        class(Class::Local, 3_000, -5),
    ];
    let ready: u32 = classes
        .iter()
        .map(|class| class.ready)
        .sum::<u32>()
        .min(27_900);
    ThrowSeen {
        id: "881".into(),
        line: "cascade sync all".into(),
        strategy: "wave".into(),
        since: Micros::millis(412 - until_t),
        until_t: Micros::millis(until_t),
        window: Micros::millis(500),
        counts: Account {
            targeted: 30_000,
            ready,
            conflict: 31,
            skipped: 2_000,
            unreachable: 12,
            transit: 30_000 - 2_043 - ready,
        },
        late: u32::from(sealed) * 41,
        sectors: come(100, -300),
        clusters: come(1_000, -240),
        agents: come(28_000, -50),
        classes,
        decision: sealed.then(|| "PROCEED".to_owned()),
    }
}

/// The sheet of that throw.
pub(crate) fn sheet() -> mesh_core::throw::Sheet {
    use mesh_core::message::{SkipReason, Strategy, Verb};
    use mesh_core::throw::{ClassTally32, Fate, Sheet, Straggler};
    let tally = |class, targeted: u32, skipped: u32, share: f64| {
        let eligible = targeted - skipped;
        let part = |share: f64| (f64::from(eligible) * share) as u32;
        ClassTally32 {
            class,
            targeted,
            eligible,
            ready: part(share),
            conflict: 5,
            in_window: part(share - 0.002),
            within_50: part(share - 0.01),
        }
    };
    Sheet {
        operation: mesh_core::message::MessageId::default(),
        verb: Verb::Sync,
        strategy: Strategy::Wave,
        created: WallTime(WALL),
        lead: Micros::millis(412),
        elapsed: Micros::millis(600),
        decision: mesh_core::throw::quorum::Decision::Proceed,
        account: Account {
            targeted: 30_000,
            ready: 27_900,
            conflict: 31,
            transit: 57,
            skipped: 2_000,
            unreachable: 12,
        },
        classes: vec![
            tally(Class::Edge, 10_000, 0, 0.999),
            tally(Class::Serverless, 8_000, 0, 0.998),
            tally(Class::Persistent, 5_000, 0, 0.996),
            tally(Class::Gpu, 2_000, 0, 0.99),
            tally(Class::Local, 3_000, 0, 0.94),
            tally(Class::Human, 2_000, 2_000, 0.0),
        ],
        sectors: Vec::new(),
        skips: vec![(SkipReason::Human, 2_000)],
        short: Vec::new(),
        errors: vec![
            0, 2, 9, 41, 230, 900, 3_100, 5_400, 9_000, 4_100, 2_700, 1_400, 700, 260, 40, 12, 5, 1,
        ],
        releases: vec![
            0, 0, 0, 0, 0, 0, 3, 900, 14_000, 11_000, 1_900, 90, 7, 0, 0, 0, 0, 0,
        ],
        bound: Micros(900),
        stragglers: vec![
            Straggler {
                agent: place("7-4-12"),
                fate: Fate::Late,
            },
            Straggler {
                agent: place("7-4-19"),
                fate: Fate::Silent,
            },
        ],
        straggler_count: 57,
    }
}
