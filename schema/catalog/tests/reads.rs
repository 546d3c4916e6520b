//! What real accounts answered: pairs of declared properties and the read that followed, with what a drift check is
//! expected to say. The data are not part of the repository; without them this test says so and passes.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schema_catalog::Catalog;
use schema_catalog::compare::{self, Difference};
use schema_catalog::validate::{Mode, validate};
use schema_documents::{FieldPath, Json};
use serde::Deserialize;

/// Differences that the source holds to be none: a rule whose target a deployment tool has switched.
const MOST_FALSE_DIFFERENCES: usize = 1;

/// What stands for a value that was not known when the case was recorded.
const UNRESOLVED: &str = "__cdkrd_corpus_unresolved__";

#[derive(Deserialize)]
struct Case {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    declared: Json,
    live: Json,
    findings: Vec<Finding>,
}

#[derive(Deserialize)]
struct Finding {
    path: FieldPath,
    kind: String,
}

fn cases() -> Option<Vec<Case>> {
    let folder = std::env::var_os("MANIFEST_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let text = std::fs::read_to_string(folder.join("aws-reads.jsonl")).ok()?;
    Some(text.lines().map(|line| serde_json::from_str(line).expect("a case is JSON")).collect())
}

/// The path with selectors turned into what JSON Pointers of the declared document have: indices.
fn pointer(path: &FieldPath, document: &Json) -> FieldPath {
    let mut out = FieldPath::root();
    for segment in path.segments() {
        let next = out.child(segment);
        let items = out.get(document).and_then(Json::as_array);
        let index = items.and_then(|items| {
            let item = next.get(document)?;
            items.iter().position(|candidate| std::ptr::eq(candidate, item))
        });
        out = index.map_or(next, |index| out.child(index.to_string()));
    }
    out
}

/// Whether a finding of these kinds is about the place of a difference, or about a part or a whole of it.
fn is_about(case: &Case, kinds: &[&str], difference: &Difference) -> bool {
    let at = pointer(&difference.path, &case.declared);
    let mut findings = case.findings.iter().filter(|finding| kinds.contains(&finding.kind.as_str()));
    findings.any(|finding| at.is_within(&finding.path) || finding.path.is_within(&at))
}

fn is_unresolved(difference: &Difference) -> bool {
    difference.declared.as_ref().is_some_and(|declared| declared.to_string().contains(UNRESOLVED))
}

#[test]
fn real_reads_show_true_drift_and_hardly_any_other() {
    let Some(cases) = cases() else {
        eprintln!("skipped: no aws-reads.jsonl; MANIFEST_DATA names the folder that holds it");
        return;
    };
    let mut false_differences: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut missed = Vec::new();
    let (mut compared, mut found) = (0, 0);
    for case in &cases {
        let Some(kind) = Catalog::builtin().kind(&case.kind) else { continue };
        compared += 1;
        let differences = compare::differences(kind, &case.declared, &case.live);
        for finding in case.findings.iter().filter(|finding| finding.kind == "declared") {
            let is_here = |difference: &Difference| {
                let at = pointer(&difference.path, &case.declared);
                at.is_within(&finding.path) || finding.path.is_within(&at)
            };
            if differences.iter().any(is_here) {
                found += 1;
            } else {
                missed.push(format!("{} {}", case.id, finding.path));
            }
        }
        for difference in differences {
            if !is_unresolved(&difference)
                && !is_about(case, &["declared", "readGap", "unresolved"], &difference)
            {
                let line = format!("{}: {:?} != {:?}", difference.path, difference.declared, difference.live);
                false_differences.entry(case.id.clone()).or_default().push(line);
            }
        }
    }
    let count: usize = false_differences.values().map(Vec::len).sum();
    eprintln!(
        "{compared} reads compared: {found} true differences, {count} false ones: {false_differences:#?}"
    );
    assert_eq!(missed, Vec::<String>::new(), "true drift that was not found");
    assert!(count <= MOST_FALSE_DIFFERENCES, "{count} false differences: {false_differences:#?}");
}

#[test]
fn what_real_accounts_took_is_valid() {
    let mut wrong = Vec::new();
    for case in cases().into_iter().flatten() {
        let Some(kind) = Catalog::builtin().kind(&case.kind) else { continue };
        let found = validate(kind, &case.declared, Mode::Create);
        wrong.extend(found.into_iter().filter(|violation| !violation.message.contains(UNRESOLVED)));
    }
    assert_eq!(wrong, Vec::new());
}
