//! Facts and properties of context.

use super::*;
use crate::unit::Digest;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn document(pairs: &[(&str, &str)]) -> Document {
    Document::of(pairs.iter().copied()).expect("within bounds")
}

fn choices() -> BTreeMap<String, Option<String>> {
    BTreeMap::new()
}

/// A store with `main` and `other` branched off the same beginning.
fn two_branches() -> ContextStore {
    let mut store = ContextStore::new(document(&[("a", "1"), ("b", "1")]), "root");
    let head = store.head(MAIN).expect("begins");
    store.branch("other", head).expect("new");
    store
}

#[test]
fn edits_of_different_keys_merge_by_themselves() {
    let mut store = two_branches();
    store
        .commit(MAIN, document(&[("a", "2"), ("b", "1")]), "7-4-1", "a", 1)
        .expect("commits");
    store
        .commit(
            "other",
            document(&[("a", "1"), ("c", "3")]),
            "7-4-2",
            "b",
            1,
        )
        .expect("commits");
    let merged = store
        .merge(MAIN, "other", &choices(), "7-4", 2)
        .expect("merges");
    let Merged::Joined(head) = merged else {
        panic!("{merged:?}")
    };
    assert_eq!(
        store.document(head),
        Ok(&document(&[("a", "2"), ("c", "3")]))
    );
    assert_eq!(store.verify(head), Ok(()));
    let again = store.merge(MAIN, "other", &choices(), "7-4", 3);
    assert_eq!(again, Ok(Merged::Already(head)));
    let forward = store.merge("other", MAIN, &choices(), "7-4", 3);
    assert_eq!(forward, Ok(Merged::FastForward(head)));
}

#[test]
fn colliding_edits_wait_for_a_person_and_change_nothing() {
    let mut store = two_branches();
    store
        .commit(MAIN, document(&[("a", "2"), ("b", "1")]), "x", "", 1)
        .expect("commits");
    store
        .commit("other", document(&[("a", "3"), ("b", "1")]), "y", "", 1)
        .expect("commits");
    let before = store.head(MAIN);
    let collision = Collision {
        key: "a".into(),
        base: Some("1".into()),
        ours: Some("2".into()),
        theirs: Some("3".into()),
    };
    assert_eq!(
        store.merge(MAIN, "other", &choices(), "x", 2),
        Ok(Merged::Collides(vec![collision]))
    );
    assert_eq!(store.head(MAIN), before);
    let answer = BTreeMap::from([("a".to_owned(), Some("3".to_owned()))]);
    let merged = store.merge(MAIN, "other", &answer, "operator", 2);
    let Ok(Merged::Joined(head)) = merged else {
        panic!("{merged:?}")
    };
    assert_eq!(store.document(head).expect("held").value("a"), Some("3"));
}

#[test]
fn divergence_counts_the_commits_since_the_base() {
    let mut store = two_branches();
    let base = store.head(MAIN).expect("begins");
    for step in 0..12 {
        let text = step.to_string();
        store
            .commit(MAIN, document(&[("a", &text)]), "x", "", step)
            .expect("commits");
    }
    store
        .commit("other", document(&[("b", "9")]), "y", "", 1)
        .expect("commits");
    let (ours, theirs) = (
        store.head(MAIN).expect("is"),
        store.head("other").expect("is"),
    );
    let divergence = store.divergence(ours, theirs).expect("held");
    assert_eq!(
        divergence,
        Divergence {
            base: Some(base),
            ours: 12,
            theirs: 1
        }
    );
    assert_eq!(divergence.depth(), 12);
    assert_eq!(store.divergence(ours, ours).expect("held").depth(), 0);
}

#[test]
fn the_base_is_the_last_shared_commit_whatever_its_author_says_of_time() {
    let mut store = two_branches();
    let mut head = store.head(MAIN).expect("begins");
    let content = store.get(head).expect("held").content;
    for (step, lamport) in [9u64, 3, 1].into_iter().enumerate() {
        let commit = Commit {
            parents: vec![head],
            content,
            author: "liar".into(),
            note: step.to_string(),
            lamport,
        };
        head = commit.id();
        store.insert_commit(head, &commit.encode()).expect("intact");
    }
    store.adopt(MAIN, head).expect("a name");
    store.adopt("other", head).expect("a name");
    let ours = store
        .commit(MAIN, document(&[("a", "2")]), "x", "", 1)
        .expect("commits");
    let divergence = store.divergence(ours, head).expect("held");
    assert_eq!((divergence.base, divergence.ours), (Some(head), 1));
    assert!(store.get(ours).expect("held").lamport > 1);
}

#[test]
fn branches_that_met_by_themselves_merge_from_where_they_met() {
    let mut store = two_branches();
    let met = document(&[("a", "5"), ("b", "1")]);
    let ours = store
        .commit(MAIN, met.clone(), "x", "", 1)
        .expect("commits");
    let theirs = store.commit("other", met, "y", "", 1).expect("commits");
    let later = document(&[("a", "6"), ("b", "1")]);
    let head = store.commit("other", later, "y", "", 2).expect("commits");
    assert_eq!(store.convergence(ours, head), Some((ours, theirs)));
    let merge = store.preview(ours, head).expect("merges");
    assert_eq!(merge.collisions, []);
    assert_eq!(merge.document.value("a"), Some("6"));
}

#[test]
fn a_corrupt_document_is_noticed_and_reloaded_from_known_good() {
    let mut store = two_branches();
    let good = store.head(MAIN).expect("begins");
    let head = store
        .commit(MAIN, document(&[("a", "2")]), "x", "", 1)
        .expect("commits");
    assert_eq!(store.verify_loaded(head, &document(&[("a", "2")])), Ok(()));
    let flipped = store.verify_loaded(head, &document(&[("a", "3")]));
    assert!(
        matches!(flipped, Err(ContextError::WrongHash { .. })),
        "{flipped:?}"
    );
    let (reloaded, loaded) = store.reload(MAIN).expect("known good is held");
    assert_eq!((reloaded, loaded.value("a")), (good, Some("1")));
    assert_eq!(store.head(MAIN), Ok(good));
    let mut empty = ContextStore::empty();
    assert_eq!(empty.reload(MAIN).err(), Some(ContextError::NoKnownGood));
}

#[test]
fn a_node_that_knows_only_a_hash_fetches_the_rest_and_refuses_forgeries() {
    let mut source = two_branches();
    let head = source
        .commit(MAIN, document(&[("a", "2")]), "x", "", 1)
        .expect("commits");
    let mut node = ContextStore::empty();
    node.adopt(MAIN, head).expect("a name");
    let mut rounds = 0;
    loop {
        let missing = node.missing(head, 10);
        if missing.is_empty() {
            break;
        }
        rounds += 1;
        assert!(rounds < 5, "{missing:?}");
        for id in missing.commits {
            let bytes = source.get(id).expect("held").encode();
            let mut forged = bytes.clone();
            forged[5] ^= 1;
            assert!(node.insert_commit(id, &forged).is_err());
            node.insert_commit(id, &bytes).expect("intact");
        }
        for id in missing.documents {
            let bytes = source.document(head).expect("held").encode();
            assert!(node.insert_document(Digest::of(b"other"), &bytes).is_err());
            node.insert_document(id, &bytes).expect("intact");
        }
    }
    assert_eq!(node.document(head), source.document(head));
    assert_eq!(node.verify(head), Ok(()));
}

#[test]
fn what_does_not_fit_is_refused_with_its_bound() {
    let mut document = Document::new();
    for (key, value) in [("", "x".to_owned()), ("k", "x".repeat(VALUE_BYTES_MAX + 1))] {
        let error = document.set(key, &value).expect_err("out of bounds");
        assert!(error.to_string().contains("bytes"), "{error}");
    }
    for n in 0..DOCUMENT_KEYS_MAX {
        document.set(&n.to_string(), "").expect("fits");
    }
    assert!(document.set("one more", "").is_err());
    assert!(document.set("7", "changed").is_ok());
    assert!(Document::decode(&[0xc1]).is_err());
    assert!(Document::decode(&vec![0; 10 * DOCUMENT_BYTES_MAX]).is_err());

    let mut store = two_branches();
    let head = store.head(MAIN).expect("begins");
    for name in ["", "white space", "ü", MAIN] {
        assert!(store.branch(name, head).is_err(), "{name}");
    }
    for n in 0..BRANCHES_MAX - 2 {
        store.branch(&format!("b{n}"), head).expect("fits");
    }
    assert_eq!(
        store.branch("more", head),
        Err(ContextError::Full { what: "branches" })
    );
    assert!(store.delete_branch(MAIN).is_err());
    assert_eq!(store.delete_branch("b1"), Ok(head));
}

#[test]
fn a_long_history_is_pruned_but_heads_and_known_good_stay() {
    let mut store = two_branches();
    let (good, other) = (store.head(MAIN), store.head("other"));
    let value = "x".repeat(VALUE_BYTES_MAX);
    for step in 0..2_000u64 {
        let text = format!("{step}{}", &value[..4_000]);
        store
            .commit(MAIN, document(&[("a", &text)]), "x", "", step)
            .expect("commits");
        let (commits, bytes) = store.size();
        assert!(commits <= COMMITS_MAX && bytes <= STORE_BYTES_MAX);
    }
    assert_eq!(store.verify(store.head(MAIN).expect("is")), Ok(()));
    assert_eq!(store.verify(good.expect("was")), Ok(()));
    assert_eq!(store.verify(other.expect("was")), Ok(()));
}

fn any_document() -> impl Strategy<Value = Document> {
    proptest::collection::btree_map("[a-e]", "[0-3]", 0..5)
        .prop_map(|pairs| Document::of(pairs).expect("within bounds"))
}

proptest! {
    #[test]
    fn a_document_is_its_bytes(document in any_document()) {
        let decoded = Document::decode(&document.encode()).expect("our own bytes");
        prop_assert_eq!(decoded.byte_count(), document.byte_count());
        prop_assert_eq!(decoded.digest(), document.digest());
        prop_assert_eq!(decoded, document);
    }

    #[test]
    fn a_merge_keeps_every_edit_and_is_the_same_from_either_side(
        base in any_document(), ours in any_document(), theirs in any_document()
    ) {
        let merge = three_way(&base, &ours, &theirs).expect("small");
        let other = three_way(&base, &theirs, &ours).expect("small");
        prop_assert_eq!(&merge.document, &other.document);
        prop_assert_eq!(merge.collisions.len(), other.collisions.len());
        for key in ["a", "b", "c", "d", "e"] {
            let (was, our, their) = (base.value(key), ours.value(key), theirs.value(key));
            let collides = merge.collisions.iter().any(|c| c.key == key);
            prop_assert_eq!(collides, our != was && their != was && our != their);
            if !collides {
                let wanted = if our == was { their } else { our };
                prop_assert_eq!(merge.document.value(key), wanted);
            }
        }
        prop_assert_eq!(three_way(&base, &ours, &base).expect("small").document, ours);
    }

    #[test]
    fn bytes_from_outside_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Document::decode(&bytes);
        let _ = Commit::decode(&bytes);
        let mut store = ContextStore::empty();
        let _ = store.insert_commit(Digest::of(&bytes), &bytes);
        let _ = store.insert_document(Digest::of(&bytes), &bytes);
        let (commits, held) = store.size();
        prop_assert!(commits <= 1 && held <= bytes.len());
    }
}
