//! Permissions of IAM: which of those that handlers name there are, and what each can be limited to.
//!
//! `data/aws-actions.json` is generated (`schema/catalog/actions.py`) from the same package as the kinds.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

/// The permissions that handlers need.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Actions {
    /// Where the facts come from.
    pub source: String,
    /// The version of that.
    pub version: String,
    services: BTreeMap<String, BTreeMap<String, Vec<String>>>,
}

static BUILTIN: LazyLock<Actions> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../data/aws-actions.json"))
        .expect("BUG: data/aws-actions.json is what actions.py writes")
});

impl Actions {
    /// The permissions that are built in.
    pub fn builtin() -> &'static Self {
        &BUILTIN
    }

    /// The types of resources that a permission, such as `sqs:CreateQueue`, can be limited to: none, where AWS grants it on
    /// all or on nothing. `None` where IAM knows no such permission.
    pub fn resources(&self, permission: &str) -> Option<&[String]> {
        let (service, action) = permission.split_once(':')?;
        Some(self.services.get(&service.to_lowercase())?.get(action)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Catalog;

    #[test]
    fn most_permissions_of_the_handlers_are_known_and_those_that_iam_has_not_are_none() {
        let actions = Actions::builtin();
        assert_eq!(actions.resources("sqs:CreateQueue"), Some(["queue".to_owned()].as_slice()));
        assert_eq!(actions.resources("sqs:ListQueues"), Some([].as_slice()));
        assert_eq!(actions.resources("kms:ReEncrypt"), None, "a handler names it, and it is two");
        let all: Vec<&str> = Catalog::builtin().kinds().flat_map(|kind| kind.permissions()).collect();
        let unknown = all.iter().filter(|action| actions.resources(action).is_none()).count();
        assert!(unknown * 10 < all.len(), "{unknown} of {} are unknown: run actions.py again", all.len());
    }
}
