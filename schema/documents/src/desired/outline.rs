//! The outline of a desired state: what tells two of them apart, resource by resource, without keeping either.

use std::collections::BTreeSet;

use sha2::{Digest as _, Sha256};

use super::{DesiredState, digest};
use crate::{Digest, ResourceId, Value};

/// What a document is, in little memory. As with [`DesiredState::digest`], source positions do not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    digest: Digest,
    /// All that is not a resource.
    frame: String,
    /// A digest of each resource, sorted by id.
    resources: Vec<(ResourceId, [u8; 32])>,
    /// Whose outputs are used by whom, sorted.
    uses: Vec<(ResourceId, ResourceId)>,
}

impl Outline {
    /// The outline of a document. This hashes all of it.
    pub fn of(desired: &DesiredState) -> Self {
        let (mut resources, mut uses) = (Vec::with_capacity(desired.resources.len()), BTreeSet::new());
        let digest = digest::of(desired, |id, resource, written| {
            resources.push((id.clone(), Sha256::digest(written).into()));
            let references = resource.properties.values().flat_map(Value::references);
            uses.extend(references.map(|reference| (reference.resource, id.clone())));
        });
        Self { digest, frame: digest::frame(desired), resources, uses: uses.into_iter().collect() }
    }

    /// The digest of the document.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// The resources that are not the same in an earlier document, or in one of the two only. `None` where the documents differ in
    /// more than resources.
    pub fn changed_since(&self, earlier: &Self) -> Option<BTreeSet<ResourceId>> {
        if self.frame != earlier.frame {
            return None;
        }
        let mut changed = BTreeSet::new();
        let mut before = earlier.resources.iter().peekable();
        for (id, digest) in &self.resources {
            while let Some((gone, _)) = before.next_if(|(other, _)| other < id) {
                changed.insert(gone.clone());
            }
            let same = before.next_if(|(other, _)| other == id).is_some_and(|(_, other)| other == digest);
            if !same {
                changed.insert(id.clone());
            }
        }
        changed.extend(before.map(|(gone, _)| gone.clone()));
        Some(changed)
    }

    /// The resources that use an output of one of these.
    pub fn users_of<'a>(&'a self, used: impl IntoIterator<Item = &'a ResourceId>) -> BTreeSet<ResourceId> {
        let users = used.into_iter().flat_map(|used| {
            let first = self.uses.partition_point(|(other, _)| other < used);
            self.uses[first..].iter().take_while(move |(other, _)| other == used)
        });
        users.map(|(_, user)| user.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::digest::tests::document;
    use super::*;

    fn id(text: &str) -> ResourceId {
        ResourceId::parse(text).unwrap()
    }

    fn changed(from: &DesiredState, to: &DesiredState) -> Option<Vec<String>> {
        let changed = Outline::of(to).changed_since(&Outline::of(from))?;
        Some(changed.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn it_tells_which_resources_changed_came_and_went() {
        let before = document("a.go:1:1-1:2");
        assert_eq!(Outline::of(&before).digest(), &before.digest());
        assert_eq!(changed(&before, &document("b.go:9:9-9:9")), Some(vec![]));
        let mut after = before.clone();
        let topic = after.resources.get_mut(&id("topic/a/topic")).unwrap();
        topic.properties.insert("FifoTopic".to_owned(), false.into());
        let other = after.resources.remove(&id("topic/b/topic")).unwrap();
        after.resources.insert(id("topic/c/topic"), other);
        let expected = ["topic/a/topic", "topic/b/topic", "topic/c/topic"].map(str::to_owned);
        assert_eq!(changed(&before, &after), Some(expected.to_vec()));
        after.settle_seconds += 1;
        assert_eq!(changed(&before, &after), None);
    }

    #[test]
    fn it_tells_who_uses_the_outputs_of_whom() {
        let mut desired = document("a.go:1:1-1:2");
        let value = Value::array([Value::reference(&id("topic/a/topic"), "/TopicArn")]);
        for user in ["topic/b/topic", "topic/a/topic"] {
            desired.resources.get_mut(&id(user)).unwrap().properties.insert("Uses".to_owned(), value.clone());
        }
        let outline = Outline::of(&desired);
        let users = outline.users_of([&id("topic/a/topic"), &id("network/vpc")]);
        assert_eq!(users, BTreeSet::from([id("topic/a/topic"), id("topic/b/topic")]));
        assert!(outline.users_of([&id("topic/b/topic")]).is_empty());
    }
}
