//! What real accounts answered: pairs of declared properties and the read that followed, with what a drift check is
//! expected to say. The data are not part of the repository; without them this test says so and passes.

use std::path::PathBuf;

use schema_catalog::findings::{Class, findings};
use schema_catalog::validate::{Mode, validate};
use schema_catalog::{Catalog, Kind, any_kind};
use schema_documents::{FieldPath, Json};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

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

/// What was found in some of the reads, held against what the source of the recordings says.
#[derive(Default)]
struct Tally {
    reads: usize,
    declared: usize,
    undeclared: usize,
    missed: Vec<String>,
    false_declared: Vec<String>,
    false_undeclared: Vec<String>,
    beside: Vec<String>,
}

impl Tally {
    fn add(&mut self, case: &Case, kind: &Kind) {
        self.reads += 1;
        let found = findings(kind, &case.declared, &case.live);
        for expected in &case.findings {
            let is_here = |class| {
                found.iter().any(|finding| finding.class == class && touch(&finding.path, &expected.path))
            };
            let at = || format!("{} {}", case.id, expected.path);
            match expected.kind.as_str() {
                "declared" if is_here(Class::Declared) => self.declared += 1,
                "undeclared" if is_here(Class::Undeclared) => self.undeclared += 1,
                "declared" | "undeclared" => self.missed.push(at()),
                _ => {}
            }
        }
        for finding in found {
            let is_expected = |kinds: &[&str]| {
                let mut about =
                    case.findings.iter().filter(|expected| kinds.contains(&expected.kind.as_str()));
                about.any(|expected| touch(&finding.path, &expected.path))
            };
            let line =
                || format!("{} {}: {:?} != {:?}", case.id, finding.path, finding.declared, finding.live);
            match finding.class {
                Class::Declared if !is_expected(&["declared"]) => self.false_declared.push(line()),
                Class::Undeclared if is_expected(&["atDefault", "generated"]) => {
                    self.false_undeclared.push(line());
                }
                Class::Undeclared if !is_expected(&["undeclared"]) => self.beside.push(line()),
                _ => {}
            }
        }
    }
}

/// Whether one is the other, or lies in it.
fn touch(one: &FieldPath, other: &FieldPath) -> bool {
    one.is_within(other) || other.is_within(one)
}

/// Whether a line is one of those that the rules were made on: the digest of its id ends in an even byte.
fn is_known(case: &Case) -> bool {
    Sha256::digest(case.id.as_bytes()).last().is_some_and(|byte| byte % 2 == 0)
}

#[test]
fn real_reads_show_true_drift_and_no_other() {
    let Some(cases) = cases() else {
        eprintln!("skipped: no aws-reads.jsonl; MANIFEST_DATA names the folder that holds it");
        return;
    };
    for (name, half) in [("even", true), ("odd", false)] {
        let mut tally = Tally::default();
        for case in cases.iter().filter(|case| is_known(case) == half) {
            tally.add(case, &any_kind(&case.kind));
        }
        let Tally { reads, declared, undeclared, missed, false_declared, false_undeclared, beside, .. } =
            tally;
        eprintln!(
            "{name}: {reads} reads, {declared} declared and {undeclared} undeclared differences found, {} missed, {} false, \
             {} defaults and {} other values called undeclared {false_undeclared:#?} {beside:#?}",
            missed.len(),
            false_declared.len(),
            false_undeclared.len(),
            beside.len(),
        );
        assert_eq!(missed, Vec::<String>::new(), "true drift that was not found");
        assert_eq!(false_declared, Vec::<String>::new(), "drift that is none");
    }
}

/// Another value of the same type: a smaller one, for the cloud lets some grow.
fn edited(value: &Json) -> Option<Json> {
    match value {
        Json::Bool(value) => Some(Json::Bool(!value)),
        Json::Number(number) => Some(Json::from(number.as_i64()? - 1)),
        Json::String(text) if text.parse::<i64>().is_ok() => Some(Json::String(format!("-{text}1"))),
        Json::String(text) if !text.is_empty() => Some(Json::String(format!("7{text}7"))),
        _ => None,
    }
}

#[test]
fn an_edit_of_what_was_declared_is_found_wherever_it_is_made() {
    let (mut edits, mut missed) = (0, Vec::new());
    for case in cases().into_iter().flatten() {
        let kind = any_kind(&case.kind);
        let says_something = |finding: &&Finding| finding.kind != "atDefault" && finding.kind != "generated";
        let silent: Vec<&FieldPath> =
            case.findings.iter().filter(says_something).map(|finding| &finding.path).collect();
        for (name, value) in case.declared.as_object().into_iter().flatten() {
            let path = FieldPath::root().child(name);
            let Some(edited) = edited(value).filter(|_| case.live.get(name) == Some(value)) else { continue };
            if silent.iter().any(|silent| touch(silent, &path)) {
                continue;
            }
            let mut live = case.live.clone();
            assert!(path.set(&mut live, edited));
            edits += 1;
            let found = findings(&kind, &case.declared, &live);
            if !found.iter().any(|finding| finding.class == Class::Declared && finding.path == path) {
                missed.push(format!("{} {path}", case.id));
            }
        }
    }
    eprintln!("{edits} edits, {} missed", missed.len());
    assert_eq!(missed, Vec::<String>::new());
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
