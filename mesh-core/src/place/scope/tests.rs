use super::*;
use crate::place::{ClusterId, SectorId, Shape};
use proptest::prelude::*;

#[test]
fn what_is_said_comes_out_in_the_contracts_form() {
    let table = [
        ("all", "all"),
        ("ALL", "all"),
        ("auto", "auto"),
        (" sector:7 ", "sector:7"),
        ("7", "sector:7"),
        ("7-4", "cluster:7-4"),
        ("SECTOR7-CLUSTER4-AGENT-12", "agent:7-4-12"),
        ("agent:SECTOR7-CLUSTER4-AGENT-12", "agent:7-4-12"),
        ("class:CLASS_D_GPU", "class:gpu"),
        ("CLASS_D_GPU", "class:gpu"),
        ("class:d", "class:gpu"),
        ("where:sector=9", "sector:9"),
        ("where:sector=7 cluster=7-4", "cluster:7-4"),
        ("where:class=gpu", "class:gpu"),
        ("where:!class=gpu", "where:!class=gpu"),
        ("where:class!=gpu", "where:!class=gpu"),
        (
            "where:state=offline|degraded|offline",
            "where:state=degraded|offline",
        ),
        (
            "where:task=t beat>10  context=A1B2 capability=LLM_inference drift>0.50 reliability<0.9 queue>=10 impedance>500 state=frozen class=E sector=7",
            "where:sector=7 class=local state=frozen impedance>500 queue>=10 reliability<0.9 drift>0.5 capability=llm_inference context=a1b2 beat>10 task=t",
        ),
    ];
    for (said, shown) in table {
        let read = Scope::parse(said).map(|scope| scope.to_string());
        assert_eq!(read.unwrap_or_default(), shown, "{said}");
    }
}

#[test]
fn a_wrong_scope_is_one_line_with_place_value_and_what_would_be_right() {
    let table = [
        ("", 1, "say all"),
        ("sektor:7", 1, "did you mean sector?"),
        ("sector:0", 8, "\"0\" is no sector; write it like sector:7"),
        ("cluster:7", 9, "cluster:7-4"),
        ("class:gpus", 7, "did you mean gpu?"),
        ("where:", 7, "where:state=offline"),
        ("where:sector=7 stat=offline", 16, "did you mean state?"),
        ("where:state=ofline", 13, "did you mean offline?"),
        ("where:state=active|slow", 20, "active, degraded, offline"),
        ("where:class>gpu", 12, "class cannot be compared with \">\""),
        ("where:impedance>fast", 17, "milliseconds"),
        ("where:reliability<90", 19, "a fraction of 1 such as 0.9"),
        ("where:queue>=1.5", 14, "a whole number"),
        ("where:context=xyz", 15, "hex digits"),
        ("where:capability=a*b", 18, "llm_inference"),
        ("where:offline", 7, "compares nothing"),
        ("where:!", 8, "compares nothing"),
        ("where:state!offline", 7, "compares nothing"),
        ("freeze everything", 1, "no scope begins with"),
    ];
    for (text, at, right) in table {
        let error = Scope::parse(text).expect_err(text);
        let line = error.to_string();
        assert_eq!(error.at, at, "{text}: {line}");
        assert!(line.contains(right) && !line.contains('\n'), "{line}");
    }
}

#[test]
fn texts_terms_and_lists_are_bounded() {
    assert!(Scope::parse(&"x".repeat(TEXT_MAX + 1)).is_err());
    let longest = format!("!capability={}", "x".repeat(Name::LEN_MAX));
    let terms: Vec<String> = (10..26)
        .map(|n| longest[..longest.len() - 2].to_owned() + &n.to_string())
        .collect();
    let full = format!("where:{}", terms.join(" "));
    assert_eq!(
        Scope::parse(&full).map(|scope| scope.to_string()),
        Ok(full.clone())
    );
    assert!(Scope::parse(&format!("{full} queue>1")).is_err());
    let many = (1..=1_001).map(|n| Scope::Region(Region::Sector(SectorId(n))));
    assert!(Scopes::new(many.clone()).is_err());
    assert!(Scopes::new(many.take(1_000)).is_ok());
}

#[test]
fn one_scope_is_a_string_and_several_are_an_array() {
    let one: Scopes = serde_json::from_str("\"7-4\"").expect("a scope");
    assert_eq!(
        serde_json::to_string(&one).expect("json"),
        "\"cluster:7-4\""
    );
    let text = r#"["sector:3","sector:4"]"#;
    let two: Scopes = serde_json::from_str(text).expect("scopes");
    assert_eq!(serde_json::to_string(&two).expect("json"), text);
    assert_eq!("sector:3,sector:4".parse(), Ok(two));
    for bad in ["[]", r#"["sector:3"]"#, "7", r#""sektor:3""#] {
        assert!(serde_json::from_str::<Scopes>(bad).is_err(), "{bad}");
    }
    let set: ScopeSet =
        serde_json::from_str(r#"{"scope":"sector:7","except":"agent:7-4-12"}"#).expect("a set");
    assert_eq!(set.to_string(), "sector:7 except agent:7-4-12");
    assert_eq!(
        serde_json::to_string(&ScopeSet::all()).expect("json"),
        r#"{"scope":"all"}"#
    );
}

#[test]
fn a_place_that_does_not_exist_is_told_what_exists() {
    let table = [
        (
            "sector:101",
            "there is no sector 101; this mesh has sectors 1 to 100",
        ),
        (
            "cluster:7-11",
            "there is no cluster 7-11; sector 7 has clusters 1 to 10",
        ),
        (
            "agent:7-4-31",
            "there is no agent 7-4-31; cluster 7-4 has agents 1 to 30",
        ),
        (
            "where:sector=101 state=offline",
            "there is no sector 101; this mesh has sectors 1 to 100",
        ),
        ("agent:100-10-30", ""),
        ("class:gpu", ""),
    ];
    for (text, wanted) in table {
        let scope = Scope::parse(text).expect(text);
        let said = scope.check(&Shape::DEFAULT).err().map(|e| e.to_string());
        assert_eq!(said.unwrap_or_default(), wanted);
    }
}

#[test]
fn regions_know_what_lies_within_them() {
    let region = |text: &str| text.parse::<Region>().expect(text);
    let table = [
        ("agent:7-4-12", "cluster:7-4", true),
        ("agent:7-4-12", "sector:7", true),
        ("cluster:7-4", "sector:7", true),
        ("cluster:7-4", "cluster:7-4", true),
        ("sector:7", "cluster:7-4", false),
        ("cluster:8-4", "sector:7", false),
        ("all", "sector:7", false),
        ("class:gpu", "sector:7", false),
        ("class:gpu", "class:gpu", true),
        ("agent:7-4-12", "class:gpu", false),
    ];
    for (inner, outer, within) in table {
        assert_eq!(
            region(inner).within(region(outer)),
            within,
            "{inner} {outer}"
        );
        assert!(region(inner).within(Region::All));
    }
    assert!(region("class:gpu").meets(region("sector:7")));
    assert!(!region("class:gpu").meets(region("class:edge")));
    assert!(!region("cluster:7-4").meets(region("sector:8")));
}

#[test]
fn a_filter_says_without_a_registry_what_place_and_class_decide() {
    let place = "7-4-12".parse::<AgentId>().expect("a place");
    let table = [
        ("where:sector=7 class=gpu", Some(true)),
        ("where:sector=8 state=offline", Some(false)),
        ("where:sector=7 state=offline", None),
        ("where:!sector=7", Some(false)),
        ("auto", None),
    ];
    for (text, wanted) in table {
        let scope = Scope::parse(text).expect(text);
        assert_eq!(scope.matches_place(place, Class::Gpu), wanted, "{text}");
    }
}

#[test]
fn numbers_are_compared_exactly() {
    let n = |text| Number::parse(text).expect(text);
    let table = [
        (Compare::Below, "0.9", 9_000, false),
        (Compare::AtMost, "0.9", 9_000, true),
        (Compare::Equal, "0.9", 9_000, true),
        (Compare::AtLeast, "0.9", 9_000, true),
        (Compare::Above, "0.9", 9_000, false),
        (Compare::Below, "0.90001", 9_000, true),
        (Compare::Equal, "0.90001", 9_000, false),
        (Compare::AtLeast, "0.90001", 9_000, false),
        (Compare::Below, "0", 0, false),
        (Compare::AtMost, "0", 0, true),
    ];
    for (compare, number, value, holds) in table {
        let range = compare.range(n(number), Test::UNIT_RELIABILITY);
        assert_eq!(range.has(value), holds, "{value} {compare:?} {number}");
    }
}

/// Any agent's place in a mesh of the greatest shape, mostly in its first corner so that scopes meet agents.
pub(crate) fn any_place() -> impl Strategy<Value = AgentId> {
    let place = |sector, cluster, agent| AgentId {
        cluster: ClusterId {
            sector: SectorId(sector),
            cluster,
        },
        agent,
    };
    prop_oneof![
        4 => (1..=3u16, 1..=3u8, 1..=4u8),
        1 => (1..=1_000u16, 1..=128u8, 1..=128u8),
    ]
    .prop_map(move |(s, c, a)| place(s, c, a))
}

pub(crate) fn any_class() -> impl Strategy<Value = Class> {
    prop::sample::select(Class::ALL.to_vec())
}

fn any_region() -> impl Strategy<Value = Region> {
    prop_oneof![
        Just(Region::All),
        any_place().prop_map(|place| Region::Sector(place.sector())),
        any_place().prop_map(|place| Region::Cluster(place.cluster)),
        any_place().prop_map(Region::Agent),
        any_class().prop_map(Region::Class),
    ]
}

pub(crate) fn any_term() -> impl Strategy<Value = Term> {
    let number = |max: u64, unit: u64| {
        (0..=max).prop_map(move |n| Number::of_millionths(n * unit).expect("small"))
    };
    let compare = || {
        prop::sample::select(vec![
            Compare::Equal,
            Compare::Above,
            Compare::AtLeast,
            Compare::Below,
            Compare::AtMost,
        ])
    };
    let name = || {
        prop::sample::select(vec!["llm_inference", "vision", "embed", "t.1/x:y-z"])
            .prop_map(|n| Name::new(n).expect("a name"))
    };
    let test = prop_oneof![
        any_place().prop_map(|place| Test::Sector(place.sector())),
        any_place().prop_map(|place| Test::Cluster(place.cluster)),
        any_class().prop_map(Test::Class),
        prop::collection::vec(prop::sample::select(Mark::ALL.to_vec()), 1..4)
            .prop_map(|marks| Test::State(marks.into_iter().fold(Marks::NONE, Marks::with))),
        (compare(), number(1_500_000, 1_000)).prop_map(|(c, n)| Test::Impedance(c, n)),
        (compare(), number(60, 1_000_000)).prop_map(|(c, n)| Test::Queue(c, n)),
        (compare(), number(1_000_000, 1)).prop_map(|(c, n)| Test::Reliability(c, n)),
        (compare(), number(2_000, 1_000)).prop_map(|(c, n)| Test::Drift(c, n)),
        name().prop_map(Test::Capability),
        "[0-9a-f]{1,16}".prop_map(|hex| Test::Context(HexPrefix::parse(&hex).expect("hex"))),
        (compare(), number(20_000, 10_000)).prop_map(|(c, n)| Test::Beat(c, n)),
        name().prop_map(Test::Task),
    ];
    (test, any::<bool>()).prop_map(|(test, negated)| Term { test, negated })
}

pub(crate) fn any_scope() -> impl Strategy<Value = Scope> {
    prop_oneof![
        1 => Just(Scope::Auto),
        3 => any_region().prop_map(Scope::Region),
        6 => prop::collection::vec(any_term(), 1..5)
            .prop_map(|terms| Scope::from(Filter::new(terms).expect("a few terms"))),
    ]
}

pub(crate) fn any_scope_set() -> impl Strategy<Value = ScopeSet> {
    let scopes = || {
        prop::collection::vec(any_scope(), 1..4)
            .prop_map(|list| Scopes::new(list).expect("a few scopes"))
    };
    (scopes(), prop::option::of(scopes())).prop_map(|(scopes, except)| ScopeSet { scopes, except })
}

proptest! {
    #[test]
    fn parsing_what_is_displayed_gives_the_same_scope(scope in any_scope()) {
        prop_assert_eq!(Scope::parse(&scope.to_string()), Ok(scope));
    }

    #[test]
    fn json_gives_back_what_was_written(set in any_scope_set()) {
        let text = serde_json::to_string(&set).expect("json");
        prop_assert_eq!(serde_json::from_str::<ScopeSet>(&text).expect("a scope set"), set);
    }

    #[test]
    fn no_text_makes_the_parser_fail_otherwise_than_with_one_line(text in "\\PC*|where:[a-z!=<>|. 0-9-]{0,60}|[a-z]{0,8}:\\PC{0,20}") {
        if let Err(error) = Scope::parse(&text) {
            let line = error.to_string();
            prop_assert!(!line.contains('\n') && line.len() < 600, "{}", line);
        }
    }

    #[test]
    fn what_is_within_a_region_is_covered_by_it(inner in any_region(), outer in any_region(), place in any_place(), class in any_class()) {
        if inner.within(outer) && inner.covers(place, class) {
            prop_assert!(outer.covers(place, class));
        }
        if inner.covers(place, class) && outer.covers(place, class) {
            prop_assert!(inner.meets(outer) && outer.meets(inner));
        }
    }
}
