//! What other files can see of one.

use std::collections::{BTreeMap, BTreeSet};

use crate::go::facts::{Above, Declaration, Facts, Form};
use crate::per_file::encode;
use crate::text::apart;

/// The names of a package of which a file says something else: what it declares by them, or which methods they have.
pub(super) fn changed_names(old: Option<&Facts>, now: Option<&Facts>) -> BTreeSet<String> {
    let [mut old, mut now] = [old, now].map(|facts| facts.map(shown).unwrap_or_default());
    let names: BTreeSet<String> = old.keys().chain(now.keys()).cloned().collect();
    names.into_iter().filter(|name| old.remove(name) != now.remove(name)).collect()
}

/// What others can see of a file, by name.
fn shown(facts: &Facts) -> BTreeMap<String, Vec<Vec<u8>>> {
    let mut shown: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
    for (at, declaration) in facts.declarations.iter().enumerate() {
        let seen = apart(|| seen(facts, at, declaration)).0;
        let receiver = match &declaration.form {
            Form::Function(function) => function.receiver.as_ref().map(|receiver| &receiver.name),
            _ => None,
        };
        for name in declaration.names.iter().chain(receiver).filter(|name| name.text != "_") {
            shown.entry(name.text.to_string()).or_default().push(seen.clone());
        }
    }
    shown
}

/// Whether a word of a directive concerns those who call what stands below.
fn concerns_callers(word: &str) -> bool {
    !word.contains(['=', ':']) && !matches!(word, "public" | "private" | "auth" | "sensitive")
}

/// What others can see of a declaration. What a function does runs in its service, whoever calls it.
fn seen(facts: &Facts, at: usize, declaration: &Declaration) -> Vec<u8> {
    let is_above = |above: Above| above == Above::Declaration(at);
    let directives: Vec<Vec<&str>> = facts
        .directives
        .iter()
        .filter(|directive| is_above(directive.above))
        .map(|directive| directive.text.split_whitespace().filter(|word| concerns_callers(word)).collect())
        .collect();
    if let Form::Function(function) = &declaration.form {
        return encode(&(&declaration.names, &function.receiver, directives));
    }
    let uses: Vec<_> = facts
        .uses
        .iter()
        .filter(|used| used.within == at)
        .map(|used| (&used.path, &used.action, used.role))
        .collect();
    encode(&(declaration, directives, uses))
}
