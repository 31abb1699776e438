//! Screens as pictures: what a change of the console changes on them is seen in the difference.

use crate::fixture::{NOW, WALL, changed, console, fresh, of_shape, press, screen};
use crate::state::State;
use crate::update::{Event, News, update};
use mesh_core::conflict::Settlement;
use mesh_core::guard::kpi::{Figure, Kpi};
use mesh_core::operation::answer::{ConflictLine, Plan, RowKind, Rows, Skipped};
use mesh_core::operation::preview::{Effect as Touch, Preview};
use mesh_core::operation::{Answer, Operation};
use mesh_core::place::Shape;
use mesh_core::throw::Account;
use mesh_core::time::{Micros, WallTime};
use mesh_core::unit::Share;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

const SIZES: [(u16, u16); 4] = [(80, 24), (120, 40), (200, 60), (40, 8)];

/// At a sector with trouble, as one would be.
fn at_seven(size: (u16, u16), theme: &str, ascii: bool) -> State {
    let mut state = console(size, theme, ascii);
    press(&mut state, "<esc>llllll");
    state
}

/// Answers the last question that was asked.
fn answer(state: &mut State, answer: Answer) {
    let number = state.asked;
    update(
        state,
        Event::Answer(number, Box::new(Ok(answer))),
        NOW,
        WALL,
    );
}

fn frozen(state: &mut State) {
    update(
        state,
        changed(|view| view.status.frozen = 29_847),
        NOW,
        WALL,
    );
}

#[test]
fn the_mesh_at_four_sizes_in_three_looks() {
    for size in SIZES {
        for (name, theme, ascii) in [
            ("dark", "default-dark", false),
            ("mono", "mono", false),
            ("ascii", "default-light", true),
        ] {
            let state = at_seven(size, theme, ascii);
            insta::assert_snapshot!(format!("mesh_{}x{}_{name}", size.0, size.1), screen(&state));
        }
    }
}

#[test]
fn every_level_at_three_sizes() {
    for size in &SIZES[..3] {
        let mut state = at_seven(*size, "default-dark", false);
        for (level, keys) in [("sector", "<enter>jjj"), ("cluster", "<enter>")] {
            press(&mut state, keys);
            insta::assert_snapshot!(format!("{level}_{}x{}", size.0, size.1), screen(&state));
        }
        press(&mut state, "<enter>");
        let picture = screen(&state);
        for part in [
            "AGENT 7-4-12",
            "847 ms",
            "usually",
            "made of",
            "llm_inference",
            "sensing",
            "91.0%",
        ] {
            assert!(picture.contains(part), "{part}: {picture}");
        }
    }
}

#[test]
fn ascii_is_ascii() {
    for size in SIZES {
        let mut state = at_seven(size, "default-dark", true);
        for keys in ["", "<enter>", "<enter>", "<enter>", "?", "<esc>2", "7"] {
            press(&mut state, keys);
            let picture = screen(&state);
            let odd: Vec<char> = picture.chars().filter(|c| !c.is_ascii()).collect();
            assert_eq!(odd, Vec::<char>::new(), "{picture}");
        }
    }
}

#[test]
fn a_frozen_mesh_says_so_everywhere() {
    for size in &SIZES {
        let mut state = at_seven(*size, "default-dark", false);
        frozen(&mut state);
        let picture = screen(&state);
        assert!(picture.contains("FROZEN"), "{picture}");
        insta::assert_snapshot!(format!("frozen_{}x{}", size.0, size.1), picture);
    }
}

#[test]
fn a_proposal_and_the_question_that_takes_words() {
    let mut state = at_seven((80, 24), "default-dark", false);
    press(&mut state, "f<enter>");
    let preview = Preview {
        agents: 300,
        already: 0,
        by_class: [90, 90, 60, 30, 30, 0],
        active: 297,
        sectors: vec![mesh_core::place::SectorId(7)],
        clusters: 10,
        names: Vec::new(),
        tasks: 12,
        effects: vec![Touch::Stopped {
            agents: 300,
            tasks: 12,
        }],
        capacity: Vec::new(),
        undo: Some("thaw sector:7".into()),
    };
    answer(
        &mut state,
        Answer::WhatIf {
            preview: preview.clone(),
            refusal: None,
        },
    );
    insta::assert_snapshot!("proposal_80x24", screen(&state));
    press(&mut state, "<esc>F<enter>");
    answer(
        &mut state,
        Answer::WhatIf {
            preview: Preview {
                agents: 30_000,
                ..preview
            },
            refusal: None,
        },
    );
    press(&mut state, "freeze a");
    insta::assert_snapshot!("question_80x24", screen(&state));
}

#[test]
fn overlays_lists_and_reports() {
    let mut state = at_seven((80, 24), "default-dark", false);
    press(&mut state, "?freeze");
    insta::assert_snapshot!("help_80x24", screen(&state));
    press(&mut state, "<esc><c-p>conf");
    insta::assert_snapshot!("palette_80x24", screen(&state));
    press(&mut state, "<esc>3");
    let conflict = ConflictLine {
        id: "c-17".into(),
        kind: "CONTEXT_DIVERGENCE".into(),
        priority: 2,
        agent: "23-2-8".parse().expect("a place"),
        expected: "a1b2c3d4".into(),
        received: "\u{1b}[2Je5f6g7h8".into(),
        age: Micros::seconds(20),
        settled: None,
    };
    let settled = ConflictLine {
        id: "c-16".into(),
        settled: Some(Settlement::KeepExpected.word().into()),
        ..conflict.clone()
    };
    answer(
        &mut state,
        Answer::Rows(Rows {
            total: 2,
            rows: RowKind::Conflicts(vec![conflict, settled]),
        }),
    );
    insta::assert_snapshot!("conflicts_80x24", screen(&state));
    press(&mut state, "7");
    let kpis = Kpi::ALL
        .iter()
        .map(|kpi| Figure {
            kpi: *kpi,
            value: Some(kpi.target()),
            target: kpi.target(),
            met: Some(true),
            of: 412,
        })
        .collect();
    answer(&mut state, Answer::Kpis { kpis });
    insta::assert_snapshot!("kpis_80x24", screen(&state));
}

#[test]
fn a_plan_is_drawn_before_anything_is_fired() {
    let mut state = at_seven((120, 40), "default-dark", false);
    press(&mut state, "P");
    let skipped = |agent: &str, why| Skipped {
        agent: agent.parse().expect("a place"),
        why,
        lead: Some(Micros::millis(1_400)),
    };
    let plan = Plan {
        counts: Account {
            targeted: 300,
            skipped: 2,
            unreachable: 1,
            transit: 297,
            ..Account::default()
        },
        until_t: Micros::millis(412),
        ready: Share::new(0.993),
        fire_within: Micros::millis(96),
        stragglers: vec![
            ("7-4-12".parse().expect("a place"), Share::new(0.41)),
            ("7-4-19".parse().expect("a place"), Share::new(0.77)),
        ],
        skipped: vec![skipped("7-1-27", mesh_core::message::SkipReason::Human)],
        refusal: None,
    };
    answer(&mut state, Answer::Plan(Box::new(plan)));
    insta::assert_snapshot!("plan_120x40", screen(&state));
}

#[test]
fn a_throw_fills_the_picture_around_t() {
    let mut state = at_seven((120, 40), "default-dark", false);
    press(&mut state, "2");
    update(
        &mut state,
        changed(|view| view.throws = vec![crate::fixture::throw(40, false)]),
        NOW,
        WALL,
    );
    let running = screen(&state);
    for part in [
        "THROW 881",
        "T in 40.0ms",
        "READY",
        "sectors",
        "clusters",
        "A edge",
        "of 28,000 eligible",
    ] {
        assert!(running.contains(part), "{part}: {running}");
    }
    update(
        &mut state,
        changed(|view| view.throws = vec![crate::fixture::throw(-200, true)]),
        NOW,
        WALL,
    );
    let sealed = screen(&state);
    let bars = |picture: &str| picture.chars().filter(|c| ('▁'..='█').contains(c)).count();
    assert!(
        sealed.contains("PROCEED") && bars(&sealed) > bars(&running),
        "{sealed}"
    );
    press(&mut state, ":proof 881<enter>");
    let sheet = crate::fixture::sheet();
    let counts = sheet.account;
    let reference = mesh_core::operation::answer::SheetRef {
        throw_id: "881".into(),
        sheet: mesh_core::unit::Digest::of(b"881"),
        counts,
        error_p90: Some(Micros::millis(18)),
        spread_p99: Some((Micros(2_400), Micros(900))),
        written: Some(serde_json::to_string(&sheet).expect("writes")),
    };
    answer(&mut state, Answer::Proof(reference));
    let sheet = screen(&state);
    for part in [
        "PROOF 881",
        "error p90 18.0ms",
        "READY minus predicted",
        "E_LOCAL",
        "7-4-19 silent",
    ] {
        assert!(sheet.contains(part), "{part}: {sheet}");
    }
}

#[test]
fn what_agents_say_never_reaches_the_terminal_as_it_is() {
    let mut state = at_seven((120, 40), "default-dark", false);
    let evil = "\u{1b}]0;owned\u{7}\r\n\u{202e}gnp\u{9b}31m";
    let mut seen = crate::fixture::agent("7-1-1".parse().expect("a place"), 0);
    seen.task = 2;
    let news = changed(|view| {
        view.agents = vec![seen];
        view.tasks = vec![(2, evil.into())];
        view.capabilities = vec![evil.into()];
        view.status.mode = evil.into();
        view.throws = vec![mesh_core::operation::follow::ThrowSeen {
            id: evil.into(),
            line: evil.into(),
            strategy: evil.into(),
            ..crate::fixture::throw(96, false)
        }];
    });
    update(&mut state, news, NOW, WALL);
    let event = mesh_core::operation::event::Stamped {
        number: 9,
        at: WallTime(WALL),
        event: mesh_core::operation::event::Event::Alert { text: evil.into() },
    };
    let news = News {
        events: vec![event],
        ..News::default()
    };
    update(&mut state, Event::News(Box::new(news)), NOW, WALL);
    let identity = crate::state::link::Identity {
        mesh: evil.into(),
        ..crate::fixture::identity(Shape::DEFAULT)
    };
    update(&mut state, Event::Connected(Box::new(identity)), NOW, WALL);
    update(&mut state, Event::Said(evil.into()), NOW, WALL);
    press(&mut state, "i:ask \"what is it\"<enter>");
    answer(
        &mut state,
        Answer::Asked(mesh_core::operation::answer::Asked {
            asked: 1,
            answered: 1,
            answers: vec![(evil.into(), 1)],
            conflicts: vec![],
        }),
    );
    for keys in [
        "",
        "<esc><enter><enter>",
        "<enter>",
        "2",
        "<esc><tab><enter>",
    ] {
        press(&mut state, keys);
        let picture = screen(&state);
        let bad = picture.chars().find(|c| {
            c.is_control() && *c != '\n'
                || matches!(c, '\u{202a}'..='\u{202e}' | '\u{80}'..='\u{9f}')
        });
        assert_eq!(bad, None, "{picture}");
    }
}

#[test]
fn the_state_of_a_cell_is_told_by_colour_and_by_sign() {
    let state = at_seven((80, 24), "default-dark", false);
    let mut buffer = Buffer::empty(Rect::new(0, 0, 80, 24));
    super::draw(&state, &mut buffer);
    let map: String = buffer
        .content
        .chunks(80)
        .map(|row| {
            let line: String = row
                .iter()
                .map(
                    |cell| match (cell.modifier.contains(Modifier::REVERSED), cell.fg) {
                        (true, _) => 'R',
                        (false, ratatui::style::Color::Reset) => '.',
                        (false, ratatui::style::Color::Rgb(red, green, _)) if red > green => 'w',
                        (false, _) => 'c',
                    },
                )
                .collect();
            line + "\n"
        })
        .collect();
    insta::assert_snapshot!("styles_80x24", map);
}

#[test]
fn a_mesh_of_any_shape_fits() {
    for (sectors, clusters, agents) in [(1, 1, 3), (1_000, 10, 30), (3, 128, 128), (250, 4, 60)] {
        let shape = Shape {
            sectors,
            clusters,
            agents,
        };
        for size in SIZES {
            let mut state = of_shape(size, "default-dark", false, shape);
            for keys in ["<esc>G", "<enter>G", "<enter>G", "<enter>"] {
                press(&mut state, keys);
                screen(&state);
            }
        }
    }
    let state = of_shape(
        (80, 24),
        "default-dark",
        false,
        Shape {
            sectors: 1,
            clusters: 1,
            agents: 3,
        },
    );
    insta::assert_snapshot!("smallest_80x24", screen(&state));
}

#[test]
fn before_anything_is_known_the_screen_says_so() {
    let state = fresh((80, 24), "default-dark", false);
    insta::assert_snapshot!("connecting_80x24", screen(&state));
}

#[test]
fn wide_characters_stay_in_their_cells() {
    let mut state = at_seven((80, 24), "default-dark", false);
    let mut seen = crate::fixture::agent("7-1-1".parse().expect("a place"), 0);
    seen.task = 2;
    seen.impedance = Some(mesh_core::unit::Impedance(Micros::millis(990)));
    let news = changed(|view| {
        view.agents = vec![seen];
        view.tasks = vec![(2, "模型推理任务🚀正在运行中请稍候".into())];
    });
    update(&mut state, news, NOW, WALL);
    press(&mut state, "<enter><enter>");
    for row in screen(&state).lines() {
        assert!(super::width(row) <= 80, "{row}");
    }
    insta::assert_snapshot!("wide_80x24", screen(&state));
    assert!(Operation::from_line("status").is_ok());
}
