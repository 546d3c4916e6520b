//! Logical names: what a template calls its resources, parameters and outputs. A name depends on nothing but what it
//! names, for a resource that gets another one is replaced.

use schema_documents::value::{Reference, SecretRef};
use schema_documents::{Digest, ResourceId};

/// CloudFormation takes 255 characters; this leaves room for an output's path behind it.
const LONGEST: usize = 120;

/// Digits of the digest that tells `a-b/c` from `a/b-c`.
const DIGITS: usize = 6;

/// The logical name of a resource.
pub(super) fn resource(id: &ResourceId) -> String {
    name(id.as_str())
}

/// The name of a parameter or an output that carries an output of a resource.
pub(super) fn output(reference: &Reference) -> String {
    format!("{}{}", resource(&reference.resource), name(&reference.output.to_string()))
}

/// The name of the parameter that names a secret.
pub(super) fn secret(secret: &SecretRef) -> String {
    format!("Secret{}", name(&secret.reference))
}

/// The name of the parameter for what a process is told, by the resource that starts it.
pub(super) fn runtime_config(id: &ResourceId) -> String {
    format!("RuntimeConfig{}", resource(id))
}

fn name(text: &str) -> String {
    let mut words = String::new();
    for word in text.split(|c: char| !c.is_ascii_alphanumeric()) {
        let mut letters = word.chars();
        words.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        words.push_str(letters.as_str());
    }
    words.truncate(LONGEST);
    let digest = Digest::of_bytes(text.as_bytes());
    format!("{words}{}", &digest.short()[..DIGITS])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(id: &str, expected: &str) {
        assert_eq!(resource(&ResourceId::parse(id).unwrap()), expected);
    }

    #[test]
    fn a_logical_name_is_readable_and_belongs_to_one_resource() {
        check("network/public-a/subnet", "NetworkPublicASubnet8b75a3");
        check("topic/a-b/c", "TopicABC38eeab");
        check("topic/a/b-c", "TopicABC502514");
        let long = format!("topic/{}/topic", "x".repeat(200));
        assert_eq!(resource(&ResourceId::parse(&long).unwrap()).len(), LONGEST + DIGITS);
    }
}
