//! Lists whose elements are told apart by a key, and somebody made one without, or two of one key. Each element is a field of its
//! own, so that of such a list only a part could be compared, and what has no key would be written over by the next change. The
//! list is held as a whole, as it was remembered, until its elements have keys again.

use std::borrow::Cow;
use std::collections::BTreeSet;

use schema_catalog::units::is_proper_map;
use schema_catalog::{Kind, Unit};
use schema_documents::path::{Selector, selector};
use schema_documents::plan::Hold;
use schema_documents::{FieldPath, Json};

use super::ResourceDifference;
use super::fields::Subject;

/// Of the lists in which these are elements, those that were proper when they were seen last and are not any more.
pub(super) fn muddled<'a>(
    kind: &Kind,
    paths: impl Iterator<Item = &'a FieldPath>,
    (seen, live): (&Json, &Json),
) -> BTreeSet<FieldPath> {
    let list_of = |path: &FieldPath| {
        let last = path.segments().last().and_then(|last| selector(last));
        path.parent().filter(|_| matches!(last, Some(Selector::Keyed(..))))
    };
    let lists: BTreeSet<FieldPath> = paths.filter_map(list_of).collect();
    let is_proper = |list: &FieldPath, side: &Json| match (kind.unit(list), list.get(side)) {
        (Unit::Map(key), Some(Json::Array(items))) => is_proper_map(items, &key),
        _ => true,
    };
    lists.into_iter().filter(|list| is_proper(list, seen) && !is_proper(list, live)).collect()
}

/// Tells of a muddled list.
pub(super) fn hold(difference: &mut ResourceDifference, lists: &BTreeSet<FieldPath>) {
    for path in lists {
        let message = format!(
            "somebody made elements of `{path}` that no key tells apart: nothing in it is compared or written until each has a key of its own again"
        );
        difference.holds.push((Hold::Invalid { path: path.clone() }, message));
    }
}

impl Subject<'_> {
    pub(super) fn is_muddled(&self, path: &FieldPath) -> bool {
        self.muddled.iter().any(|list| path.is_within(list))
    }

    /// The live properties as they enter memory: a muddled list stays as it was.
    pub(super) fn memorable(&self) -> Cow<'_, Json> {
        if self.muddled.is_empty() {
            return Cow::Borrowed(&self.redacted);
        }
        let mut live = self.redacted.clone().into_owned();
        for list in &self.muddled {
            if let Some(before) = list.get(&self.seen) {
                list.set(&mut live, before.clone());
            }
        }
        Cow::Owned(live)
    }
}
