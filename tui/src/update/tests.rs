//! Key scripts: what is pressed, and what comes of it.

use super::{Effect, Event, News, next_wake, update};
use crate::fixture::{NOW, WALL, changed, console, fresh, keys_of, press, press_at, screen};
use crate::state::State;
use crate::state::composer::Mode;
use crate::state::place::Level;
use crate::state::screen::{Overlay, Screen};
use crate::view;
use mesh_core::operation::{Answer, Operation};
use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

fn asked(effects: &[Effect]) -> Vec<(String, bool)> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Ask {
                operation,
                confirmed,
                ..
            } => Some((operation.line(), *confirmed)),
            _ => None,
        })
        .collect()
}

fn told(state: &State) -> String {
    state
        .talk
        .turns()
        .flat_map(|turn| turn.lines.iter().map(|(_, line)| line.clone()))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn a_command_that_looks_is_asked_at_once() {
    let mut state = console((120, 40), "default-dark", false);
    let effects = press(&mut state, ":inspect sector:7<enter>");
    assert_eq!(asked(&effects), [("inspect sector:7".to_owned(), false)]);
    assert_eq!(
        (state.composer.mode, state.composer.text()),
        (Mode::Ask, "")
    );
}

#[test]
fn what_a_model_reads_is_shown_and_a_change_waits_whatever_the_table_says() {
    let mut state = console((120, 40), "default-dark", false);
    state.model = true;
    let line = "put the whole seventh part on ice for me";
    let effects = press(&mut state, &format!("{line}<enter>"));
    let consult = effects.iter().find_map(|effect| match effect {
        Effect::Consult(consult) => Some(consult.clone()),
        _ => None,
    });
    let consult = consult.unwrap_or_else(|| panic!("a model is asked: {effects:?}"));
    assert!(consult.line.contains("on ice"), "{}", consult.line);
    let reading = |text: &str| {
        let operation = Operation::from_line(text).expect("it reads");
        nl::model::Opinion {
            reading: nl::Reading {
                kind: nl::Kind::Operation,
                confirm: operation.changes(),
                operations: vec![operation],
                confidence: 0.5,
            },
            by_model: true,
            trouble: None,
        }
    };
    let opinion = Event::Opinion(Box::new(reading("avoid sector:7")));
    let effects = update(&mut state, opinion, NOW, WALL);
    let asked_for = asked(&effects);
    assert!(
        asked_for
            .iter()
            .all(|(line, _)| line.starts_with("what_if")),
        "{asked_for:?}"
    );
    assert!(told(&state).contains("reads as (model): :avoid sector:7"));
    // A yes counts when the proposal could be read.
    update(&mut state, Event::Drawn(1, 1), NOW, WALL);
    let effects = press_at(&mut state, "yes<enter>", NOW.plus_ms(600));
    assert_eq!(asked(&effects), [("avoid sector:7".to_owned(), true)]);
    // What only looks needs no word.
    let opinion = Event::Opinion(Box::new(reading("status")));
    let effects = update(&mut state, opinion, NOW, WALL);
    assert_eq!(asked(&effects), [("status".to_owned(), false)]);
    // Gone, it costs a line.
    let gone = nl::model::Opinion {
        reading: nl::turn(line, &mut nl::Context::default()),
        by_model: false,
        trouble: Some(nl::model::ModelError::Status(503)),
    };
    let effects = update(&mut state, Event::Opinion(Box::new(gone)), NOW, WALL);
    assert!(asked(&effects).is_empty() && told(&state).contains("status 503"));
}

#[test]
fn no_single_key_changes_the_mesh() {
    for key in (' '..='~')
        .map(|c| c.to_string())
        .chain(["<enter>", "<tab>", "<f2>", "<c-r>", "<c-u>", "<c-a>"].map(ToOwned::to_owned))
    {
        for before in [
            "<esc>",
            "<esc><enter>",
            "<esc><enter><enter>",
            "<esc>6",
            "<esc>2",
            "",
        ] {
            let mut state = console((120, 40), "default-dark", false);
            press(&mut state, before);
            for effect in press(&mut state, &key) {
                if let Effect::Ask { operation, .. } = &effect {
                    assert!(
                        !operation.changes() || operation.name() == "undo",
                        "{before} {key}: {}",
                        operation.line()
                    );
                }
            }
        }
    }
}

#[test]
fn freezing_a_sector_takes_a_yes_and_freezing_all_takes_its_words() {
    let mut state = console((120, 40), "default-dark", false);
    press(&mut state, "<esc>llllll");
    let effects = press(&mut state, "f<enter>");
    assert_eq!(
        asked(&effects),
        [("what_if freeze sector:7".to_owned(), false)],
        "only looked at"
    );
    // Drawn, and the deaf time is over.
    update(&mut state, Event::Drawn(1, 1), NOW, WALL);
    let early = press(&mut state, "yes<enter>");
    assert_eq!(asked(&early), [], "{}", told(&state));
    let effects = press_at(&mut state, "yes<enter>", NOW.plus_ms(600));
    assert_eq!(asked(&effects), [("freeze sector:7".to_owned(), true)]);

    let effects = press(&mut state, "<esc>F<enter>");
    assert_eq!(asked(&effects), [("what_if freeze all".to_owned(), false)]);
    assert!(matches!(state.overlay, Overlay::Confirm(_)));
    let wrong = press(&mut state, "yes<enter>");
    assert_eq!(
        (asked(&wrong), matches!(state.overlay, Overlay::None)),
        (vec![], true)
    );
    press(&mut state, "<esc>F<enter>");
    let right = press(&mut state, "freeze all<enter>");
    assert_eq!(asked(&right), [("freeze all".to_owned(), true)]);
}

#[test]
fn the_words_cannot_be_pasted_and_the_question_closes_by_itself() {
    let mut state = console((120, 40), "default-dark", false);
    press(&mut state, "<esc>F<enter>");
    update(&mut state, Event::Paste("freeze all".into()), NOW, WALL);
    let effects = press(&mut state, "<enter>");
    assert_eq!(asked(&effects), []);
    press(&mut state, "<esc>F<enter>");
    assert!(next_wake(&state).is_some());
    update(&mut state, Event::Wake, NOW.plus_ms(60_000), WALL);
    assert!(matches!(state.overlay, Overlay::None));
}

#[test]
fn read_only_parses_and_sends_nothing() {
    let mut state = console((120, 40), "default-dark", false);
    let effects = press(&mut state, "<f2>:avoid 7-4<enter>");
    assert_eq!(asked(&effects), []);
    assert_eq!(state.composer.text(), "avoid 7-4", "the draft is kept");
    assert!(screen(&state).contains("read-only"));
}

#[test]
fn without_a_mesh_nothing_is_sent_and_nothing_is_kept_to_be_sent() {
    let mut state = console((120, 40), "default-dark", false);
    update(&mut state, Event::Lost("it is gone".into()), NOW, WALL);
    let effects = press(&mut state, ":avoid 7-4<enter>");
    assert_eq!(asked(&effects), []);
    assert_eq!(state.composer.text(), "avoid 7-4", "the draft is kept");
    update(&mut state, Event::Wake, NOW.plus_ms(6_000), WALL);
    assert!(screen(&state).contains("DISCONNECTED"));
    let effects = update(
        &mut state,
        Event::Connected(Box::new(crate::fixture::identity(
            mesh_core::place::Shape::DEFAULT,
        ))),
        NOW.plus_ms(7_000),
        WALL,
    );
    assert_eq!(asked(&effects), []);
}

#[test]
fn a_draft_survives_every_switch_and_resize() {
    let mut state = console((120, 40), "default-dark", false);
    press(&mut state, "half a thought<esc>jj");
    for size in [(80, 24), (40, 8), (200, 60)] {
        update(&mut state, Event::Resize(size.0, size.1), NOW, WALL);
        screen(&state);
    }
    press(&mut state, "?<esc>3<esc>i");
    assert_eq!(state.composer.text(), "half a thought");
}

#[test]
fn a_paste_of_a_megabyte_leaves_the_draft_as_it_was() {
    let mut state = console((120, 40), "default-dark", false);
    press(&mut state, "draft");
    update(&mut state, Event::Paste("x".repeat(1 << 20)), NOW, WALL);
    assert_eq!(state.composer.text(), "draft");
    assert!(screen(&state).contains("1048576 bytes are too many"));
}

#[test]
fn a_wrong_command_says_what_would_be_right_and_stays() {
    let mut state = console((120, 40), "default-dark", false);
    press(&mut state, ":frezze all<enter>");
    assert_eq!(state.composer.text(), "frezze all");
    assert!(
        screen(&state).contains("did you mean freeze?"),
        "{}",
        screen(&state)
    );
}

#[test]
fn ctrl_c_clears_then_quits_within_two_seconds() {
    let mut state = console((120, 40), "default-dark", false);
    press(&mut state, "words");
    assert!(press(&mut state, "<c-c>").is_empty() && state.composer.text().is_empty());
    assert!(
        press_at(&mut state, "<c-c>", NOW.plus_ms(2_100)).is_empty(),
        "too late"
    );
    assert_eq!(
        press_at(&mut state, "<c-c>", NOW.plus_ms(2_200)),
        [Effect::Quit]
    );
    press_at(&mut state, "<up>", NOW.plus_ms(2_300));
    assert_eq!(state.composer.text(), "words", "one Up away");
}

#[test]
fn a_filter_finds_and_opens() {
    let mut state = console((120, 40), "default-dark", false);
    press(&mut state, "<esc>/class=local impedance>500");
    assert!(
        screen(&state).contains("2 of 30000 match"),
        "{}",
        screen(&state)
    );
    press(&mut state, "<enter>j<enter>");
    assert_eq!(
        (
            state.at.spot.level,
            state.at.spot.agent().to_string().as_str()
        ),
        (Level::Agent, "7-4-19")
    );
}

#[test]
fn a_held_view_stands_still_while_the_mesh_goes_on() {
    let mut state = console((120, 40), "default-dark", false);
    press(&mut state, "<esc>llllll<enter><enter> ");
    let before = screen(&state);
    let mut seen = crate::fixture::agent("7-1-1".parse().expect("a place"), 0);
    seen.impedance = Some(mesh_core::unit::Impedance(mesh_core::time::Micros::millis(
        999,
    )));
    update(
        &mut state,
        changed(|view| view.agents = vec![seen]),
        NOW.plus_ms(1),
        WALL,
    );
    assert_eq!(screen(&state), before);
    press(&mut state, " ");
    assert!(screen(&state).contains("999"));
}

#[test]
fn an_answer_to_a_question_that_nobody_remembers_changes_nothing() {
    let mut state = console((120, 40), "default-dark", false);
    let before = screen(&state);
    update(
        &mut state,
        Event::Answer(999, Box::new(Ok(Answer::Ok))),
        NOW,
        WALL,
    );
    assert_eq!(screen(&state), before);
}

#[test]
fn nothing_ticks_when_nothing_is_under_way() {
    let mut state = console((120, 40), "default-dark", false);
    assert_eq!(next_wake(&state), None);
    press(&mut state, "<f2>");
    assert!(next_wake(&state).is_some(), "a notice goes away");
    update(&mut state, Event::Wake, NOW.plus_ms(10_000), WALL);
    assert_eq!(next_wake(&state), None);
}

#[test]
fn a_lost_question_is_said_and_not_asked_again_by_itself() {
    let mut state = console((120, 40), "default-dark", false);
    press(&mut state, ":inspect sector:7<enter>");
    let number = state.asked;
    let effects = update(
        &mut state,
        Event::Failed(number, "it broke".into()),
        NOW,
        WALL,
    );
    assert_eq!(asked(&effects), []);
    assert!(told(&state).contains(":inspect sector:7 has no answer: it broke"));
}

#[test]
fn a_screen_asks_once_for_what_it_shows() {
    let mut state = console((120, 40), "default-dark", false);
    let effects = press(&mut state, "<esc>3");
    assert_eq!(
        asked(&effects),
        [("list conflicts limit 500".to_owned(), false)]
    );
    assert_eq!(asked(&press(&mut state, "33")), []);
    assert_eq!(state.screen, Screen::Conflicts);
    press(&mut state, "<esc>");
    assert_eq!(state.screen, Screen::Mesh);
}

#[test]
fn themes_change_live_and_a_wrong_name_changes_nothing() {
    let mut state = console((200, 60), "default-dark", false);
    press(&mut state, ":theme high-contrast<enter>");
    assert_eq!(state.look.theme.name(), "high-contrast");
    press(&mut state, ":theme drak<enter>");
    assert_eq!(state.look.theme.name(), "high-contrast");
}

/// Something that can happen, for random runs.
fn happening() -> impl Strategy<Value = Vec<Event>> {
    let keys = prop_oneof![
        "[a-zA-Z0-9:/?!\\[\\]\\- ]".prop_map(|key| key),
        prop::sample::select(vec![
            "<enter>", "<esc>", "<tab>", "<up>", "<down>", "<left>", "<right>", "<pgup>", "<pgdn>",
            "<bs>", "<c-c>", "<c-r>", "<c-p>", "<c-u>", "<c-w>", "<f2>"
        ])
        .prop_map(ToOwned::to_owned),
        prop::sample::select(vec![
            ":freeze all<enter>",
            ":inspect sector:7<enter>",
            "yes<enter>",
            "/queue>2<enter>",
            "freeze all<enter>"
        ])
        .prop_map(ToOwned::to_owned),
    ];
    prop_oneof![
        8 => keys.prop_map(|keys| keys_of(&keys).into_iter().map(Event::Key).collect::<Vec<_>>()),
        1 => (0_u16..260, 0_u16..90).prop_map(|(width, height)| vec![Event::Resize(width, height)]),
        1 => any::<String>().prop_map(|text| vec![Event::Paste(text)]),
        1 => any::<u64>().prop_map(|seed| {
            let shape = mesh_core::place::Shape::DEFAULT;
            let rows = (0..40).map(|at| {
                let index = crate::fixture::pick(seed.wrapping_add(at), shape.agent_count() as u64);
                let id = shape.all_agents().nth(index as usize).expect("inside");
                crate::fixture::agent(id, seed)
            });
            let seen: Vec<_> = rows.collect();
            let change = changed(|view| {
                view.agents = seen;
                view.status.frozen = (seed % 3) as u32 * 10_000;
                view.throws = vec![crate::fixture::throw(seed as i64 % 500, seed % 2 == 0)];
            });
            let told = Event::News(Box::new(News { events: crate::fixture::events(), ..News::default() }));
            vec![change, told]
        }),
        1 => any::<bool>().prop_map(|lost| {
            vec![if lost { Event::Lost("gone".into()) } else { Event::Connected(Box::new(crate::fixture::identity(mesh_core::place::Shape::DEFAULT))) }]
        }),
        1 => (0_u64..20).prop_map(|number| vec![Event::Answer(number, Box::new(Ok(Answer::Ok)))]),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn random_keys_and_feeds_never_panic(events in prop::collection::vec(happening(), 1..60)) {
        let mut state = fresh((80, 24), "default-dark", false);
        let shape = mesh_core::place::Shape::DEFAULT;
        update(&mut state, Event::Connected(Box::new(crate::fixture::identity(shape))), NOW, WALL);
        let mut now = NOW;
        for event in events.into_iter().flatten() {
            now = now.plus_ms(37);
            for effect in update(&mut state, event, now, WALL) {
                if let Effect::Ask { operation, confirmed, .. } = effect {
                    // Whatever was pressed: what needs a word first was given one.
                    prop_assert!(confirmed || !Operation::confirm_needed(&operation).is_needed() || !operation.changes());
                }
            }
            let spot = state.at.spot;
            prop_assert!((1..=100).contains(&spot.sector) && (1..=10).contains(&spot.cluster) && (1..=30).contains(&spot.agent));
            let mut buffer = Buffer::empty(Rect::new(0, 0, state.size.0, state.size.1));
            view::draw(&state, &mut buffer);
            update(&mut state, Event::Drawn(1, 1), now, WALL);
        }
    }
}
