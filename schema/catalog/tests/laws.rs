//! Laws of merge units and of equality, over documents that are made from the schemas: mostly as a cloud would answer,
//! sometimes not.

use proptest::prelude::*;
use schema_catalog::findings::{Class, findings};
use schema_catalog::units::{Unit, is_empty, units};
use schema_catalog::{Catalog, Kind, Schema, compare};
use schema_documents::{FieldPath, Json};
use serde_json::{Map, json};

/// Decisions of a generator, drawn from bytes so that proptest can make a failing document smaller.
struct Choices<'a>(std::slice::Iter<'a, u8>);

impl Choices<'_> {
    fn below(&mut self, limit: usize) -> usize {
        usize::from(self.0.next().copied().unwrap_or(0)) % limit.max(1)
    }

    fn scalar(&mut self) -> Json {
        let texts =
            ["a", "b", "1", "true", "TRUE", "arn:aws:iam::1:role/a", "[=x]", "{\"a\":[]}", "aws:x", ""];
        match self.below(16) {
            0 => json!(1),
            1 => json!(true),
            2 => json!(1.5),
            3 => Json::Null,
            4 => json!([]),
            5 => json!({}),
            more => json!(texts[more - 6]),
        }
    }

    fn value(&mut self, kind: &Kind, schema: &Schema, levels: usize) -> Json {
        let Some(schema) = kind.resolve(schema).filter(|_| levels > 0 && self.below(12) != 1) else {
            return self.scalar();
        };
        if let Some(items) = &schema.items {
            return (0..self.below(4)).map(|_| self.value(kind, items, levels - 1)).collect();
        }
        if schema.types.contains("object") && schema.properties.is_empty() {
            let names = ["a", "Statement", "[a=b]", "", "0"];
            return Json::Object(
                (0..self.below(3)).map(|_| (names[self.below(5)].to_owned(), self.scalar())).collect(),
            );
        }
        if schema.properties.is_empty() {
            self.scalar()
        } else {
            self.object(kind, &schema.properties, levels)
        }
    }

    fn object(
        &mut self,
        kind: &Kind,
        members: &std::collections::BTreeMap<String, Schema>,
        levels: usize,
    ) -> Json {
        let names: Vec<&String> = members.keys().collect();
        let chosen = (0..self.below(5)).map(|_| names[self.below(names.len())]).collect::<Vec<_>>();
        let mut out = Map::new();
        for name in chosen {
            let value = self.value(kind, &members[name], levels - 1);
            out.insert(name.clone(), value);
        }
        Json::Object(out)
    }
}

fn document(kind: &Kind, choices: &[u8]) -> Json {
    Choices(choices.iter()).object(kind, &kind.properties, 7)
}

fn any_kind() -> impl Strategy<Value = &'static Kind> {
    let kinds: Vec<&'static Kind> = Catalog::builtin().kinds().collect();
    prop::sample::select(kinds)
}

fn choices() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..160)
}

/// The document without the empty containers that can be reached by entering objects, which are no units.
fn without_empties(kind: &Kind, path: &FieldPath, value: &Json) -> Option<Json> {
    if is_empty(value) {
        return None;
    }
    let is_entered = kind.unit(path) == Unit::Scalar
        && value.as_object().is_some_and(|members| {
            !members.keys().any(|name| schema_documents::path::selector(name).is_some())
        });
    let Some(members) = value.as_object().filter(|_| is_entered) else { return Some(value.clone()) };
    let kept = members
        .iter()
        .filter_map(|(name, value)| Some((name.clone(), without_empties(kind, &path.child(name), value)?)));
    Some(Json::Object(kept.collect()))
}

/// The same document, the elements of each set and map in reverse.
fn reversed(kind: &Kind, document: &Json) -> Json {
    let mut out = json!({});
    for (path, value) in units(kind, document).into_iter().rev() {
        assert!(path.set(&mut out, value));
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_document_is_put_together_again_from_its_units(kind in any_kind(), choices in choices()) {
        let document = document(kind, &choices);
        let mut rebuilt = json!({});
        for (path, value) in units(kind, &document) {
            prop_assert!(path.set(&mut rebuilt, value), "{path}");
        }
        prop_assert_eq!(&rebuilt, &without_empties(kind, &FieldPath::root(), &document).unwrap_or_else(|| json!({})));
        prop_assert!(compare::equal(kind, &FieldPath::root(), &rebuilt, &document));
    }

    #[test]
    fn units_lie_side_by_side_and_are_found_at_their_paths(kind in any_kind(), choices in choices()) {
        let document = document(kind, &choices);
        let units = units(kind, &document);
        for (index, (path, value)) in units.iter().enumerate() {
            prop_assert_eq!(path.get(&document), Some(value));
            prop_assert_eq!(&FieldPath::parse(&path.to_string()).unwrap(), path);
            for (other, _) in &units[index + 1..] {
                prop_assert!(!path.is_within(other) && !other.is_within(path), "{path} and {other}");
            }
        }
    }

    #[test]
    fn equality_is_reflexive_and_symmetric(kind in any_kind(), one in choices(), other in choices()) {
        let (one, other) = (document(kind, &one), document(kind, &other));
        let root = FieldPath::root();
        prop_assert!(compare::equal(kind, &root, &one, &one));
        prop_assert_eq!(compare::equal(kind, &root, &one, &other), compare::equal(kind, &root, &other, &one));
        for (path, value) in units(kind, &one) {
            let Some(found) = path.get(&other) else { continue };
            prop_assert_eq!(compare::equal(kind, &path, &value, found), compare::equal(kind, &path, found, &value));
        }
    }

    #[test]
    fn what_is_equal_satisfies_and_shows_no_difference(kind in any_kind(), one in choices(), other in choices()) {
        let (one, other) = (document(kind, &one), document(kind, &other));
        prop_assert_eq!(compare::differences(kind, &one, &one), Vec::new());
        prop_assert_eq!(compare::undeclared_elements(kind, &one, &one), Vec::new());
        if compare::equal(kind, &FieldPath::root(), &one, &other) {
            prop_assert!(compare::satisfies(kind, &FieldPath::root(), &one, &other));
        }
    }

    #[test]
    fn the_order_of_units_makes_no_difference(kind in any_kind(), choices in choices()) {
        let document = document(kind, &choices);
        let reversed = reversed(kind, &document);
        prop_assert!(compare::equal(kind, &FieldPath::root(), &document, &reversed), "{document} {reversed}");
        prop_assert_eq!(compare::differences(kind, &document, &reversed), Vec::new());
    }

    #[test]
    fn what_is_as_declared_for_the_agent_is_no_finding(kind in any_kind(), one in choices(), other in choices()) {
        let (one, other) = (document(kind, &one), document(kind, &other));
        // The cloud's own tags are tags for the one, and keys of any list for the other.
        let is_plain = !one.to_string().contains("\"aws:");
        for live in [&one, &reversed(kind, &one), &other].into_iter().filter(|_| is_plain) {
            if compare::differences(kind, &one, live).is_empty() {
                let found = findings(kind, &one, live);
                prop_assert!(found.iter().all(|finding| finding.class != Class::Declared), "{one} {live} {found:?}");
            }
        }
    }
}
