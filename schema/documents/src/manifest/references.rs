//! References by name: what a part of an app does with what another part declares.
//!
//! Code in one language or repository names a topic or a secret of another one. Its manifest then holds an entry that
//! is a `reference`. Once the parts are one manifest, each reference is joined to its declaration.

use super::{Manifest, Secret, SecretScope, Topic};

impl Manifest {
    /// Joins references to the declarations that are in this manifest, and to each other. Those of which nothing here
    /// is the declaration stay what they are.
    pub fn join_references(&mut self) {
        let (references, declared): (Vec<Topic>, _) =
            self.topics.drain(..).partition(|topic| topic.reference);
        self.topics = declared;
        for reference in references {
            match self.topics.iter_mut().find(|topic| topic.name == reference.name) {
                Some(topic) => join_topic(topic, reference),
                None => self.topics.push(reference),
            }
        }
        let (references, declared): (Vec<Secret>, _) =
            self.secrets.drain(..).partition(|secret| secret.reference);
        self.secrets = declared;
        for reference in references {
            let is_meant =
                |secret: &&mut Secret| secret.name == reference.name && secret.scope != SecretScope::Service;
            match self.secrets.iter_mut().find(is_meant) {
                Some(secret) => join_names(&mut secret.packages_or_services, reference.packages_or_services),
                None => self.secrets.push(reference),
            }
        }
    }
}

fn join_topic(topic: &mut Topic, reference: Topic) {
    join_names(&mut topic.publishers, reference.publishers);
    topic.subscriptions.extend(reference.subscriptions);
}

fn join_names(names: &mut Vec<String>, more: Vec<String>) {
    names.extend(more);
    names.sort();
    names.dedup();
}
