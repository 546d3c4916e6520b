//! What is found when bodies are left out is what is found when none are.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use compiler_diagnostics::{Code, Diagnostic};
use fixtures_generator::{App as Generated, Language as Written, Shape};
use proptest::prelude::*;
use schema_documents::manifest::{Language as Spoken, Manifest};

use super::facts::{Extent, Facts};
use super::glance::Glance;
use super::{LANGUAGE, WHOLE, facts, scan_by};
use crate::SourceTree;
use crate::app::App;
use crate::known::Known;
use crate::per_file::{Language, Reader};

fn scan(tree: &SourceTree, language: &'static Language<Glance, Facts>) -> (Manifest, Vec<Diagnostic>) {
    let known = Known::default();
    let reader = Reader::new(tree, &known, 1, false);
    let app = App { name: "app".to_owned(), language: Spoken::Go };
    let (mut manifest, mut diagnostics) = scan_by(&reader, &app, language).unwrap();
    crate::sort(&mut manifest);
    // What is no Go in a body that is left out is for the Go compiler to say.
    diagnostics.retain(|one| !matches!(one.code, Code::S0001 | Code::S0017));
    compiler_diagnostics::sort(&mut diagnostics);
    (manifest, diagnostics)
}

#[track_caller]
fn check(tree: &SourceTree) {
    let (manifest, diagnostics) = scan(tree, &LANGUAGE);
    let (whole_manifest, whole_diagnostics) = scan(tree, &WHOLE);
    assert_eq!(manifest, whole_manifest);
    assert_eq!(diagnostics, whole_diagnostics);
}

#[test]
fn only_bodies_that_name_nothing_imported_are_left_out() {
    let check = |text: &str, extent: Extent, uses: usize| {
        let facts = facts(text.as_bytes());
        assert_eq!((facts.extent, facts.uses.len()), (extent, uses), "{text}");
    };
    let import = "package a\nimport (\"fmt\"; \"example.com/app/b\")\n";
    check(&format!("{import}func f() {{ g() }}\nfunc h() {{ b.X() }}"), Extent::WithoutBodies, 1);
    check(&format!("{import}func f() {{ b.X(g()) }}"), Extent::All, 2);
    check(&format!("{import}var f = func() {{ g() }}"), Extent::All, 1);
    check("package a\nimport . \"example.com/app/b\"\nfunc f() { g() }", Extent::All, 1);
    check("package a\nimport \"encore.dev/rlog\"\nfunc f() { g() }", Extent::All, 1);
    check("package a\nfunc f() { g() }\nfunc h( {", Extent::All, 1);
    check("package a\nfunc f() { if x {\n}\nfunc h() { g() }\n", Extent::All, 2);
}

#[test]
fn apps_are_the_same_without_bodies() {
    let generated = Generated::new(&Shape::usual(Written::Go, 20_000));
    check(&SourceTree::from_files("app", generated.files));
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    let examples = std::env::var_os("EXAMPLES").map(PathBuf::from);
    for root in std::iter::once(own).chain(examples).flat_map(|folder| roots(&folder)) {
        check(&SourceTree::read(&root).unwrap());
    }
}

/// The folders with an app below one.
fn roots(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    let below =
        entries.filter(|entry| entry.file_type().unwrap().is_dir()).flat_map(|entry| roots(&entry.path()));
    let own = folder.join("encore.app").is_file().then(|| folder.to_owned());
    own.into_iter().chain(below).collect()
}

#[test]
fn bodies_that_run_in_another_service_are_not_left_out() {
    let shared = "package shared\nimport \"encore.dev/storage/objects\"\n\
        var bucket = objects.NewBucket(\"s\", objects.BucketConfig{})\nfunc Fill() { bucket.Upload() }\n";
    let files = [
        ("go.mod", "module example.com/app\n"),
        ("shared/shared.go", shared),
        ("a/a.go", "package a\nvar Run = func() { first() }\n//encore:api private\nfunc E() {}\n"),
        (
            "a/more.go",
            "package a\nimport \"example.com/app/shared\"\n\
             func first() { second() }\nfunc second() { shared.Fill() }\n",
        ),
        ("b/b.go", "package b\nimport \"example.com/app/a\"\n//encore:api private\nfunc E() { a.Run() }\n"),
    ];
    let tree = SourceTree::from_files("app", files);
    let (manifest, _) = scan(&tree, &LANGUAGE);
    let used: Vec<_> = manifest.services.iter().map(|service| service.buckets.len()).collect();
    assert_eq!(used, [1, 1]);
    check(&tree);
}

/// Bodies of functions called `f0`, `f1` and so on.
const BODIES: &[&str] = &[
    "",
    "f1()",
    "f2()",
    "x := \"}\"; _ = x",
    "db.Exec(nil, \"\")",
    "Bucket.List()",
    "if db := 1; db > 0 { print(db) }",
    "E()",
    "x := E; x()",
    "a.E()",
    "a.Bucket.Upload()",
    "a.F0()",
    "a.Variable()",
    "var t a.T; t.Do()",
    "shared.F0()",
    "(&T{}).Do()",
    "other.Use()",
    "_ = A",
];

/// Packages of an app: a folder, and what stands in its first file besides functions.
const PACKAGES: [(&str, &str); 4] = [
    (
        "a",
        "import (\"context\"; \"encore.dev/storage/objects\")\n\
         var Bucket = objects.NewBucket(\"a\", objects.BucketConfig{})\n\
         var Variable = func() { f2() }\n\
         //encore:api private\nfunc E(ctx context.Context) error { return nil }\n\
         //encore:authhandler\nfunc A(ctx context.Context, token string) (auth.UID, error) { return \"\", nil }\n",
    ),
    (
        "b",
        "import \"encore.dev/storage/sqldb\"\n\
         var db = sqldb.NewDatabase(\"b\", sqldb.DatabaseConfig{Migrations: \"./m\"})\n\
         //encore:api private\nfunc E() {}\n",
    ),
    (
        "shared",
        "import \"encore.dev/storage/objects\"\nvar Bucket = objects.NewBucket(\"s\", objects.BucketConfig{})\n",
    ),
    ("names", "import \"example.com/app/a\"\nfunc Use() { a.Bucket.List() }\n"),
];

/// The second file of a package: functions, and a type with a method.
fn functions(package: &str, bodies: &[usize]) -> String {
    // By the import of a package that is not called what its path says a file is read whole.
    let is_used =
        |import: &str| import != "names" || bodies.iter().any(|body| BODIES[*body].contains("other."));
    let imports = ["a", "shared", "names"].iter().filter(|import| **import != package && is_used(import));
    let mut text = format!("package {}\n", if package == "names" { "other" } else { package });
    for import in imports {
        let _ = writeln!(text, "import \"example.com/app/{import}\"");
    }
    for (number, body) in bodies.iter().enumerate() {
        let _ = writeln!(text, "func f{number}() {{\n\t{}\n}}", BODIES[*body]);
    }
    let last = bodies.last().map_or("", |body| BODIES[*body]);
    let _ = writeln!(text, "func F0() {{ f0() }}\ntype T struct{{}}\nfunc (T) Do() {{\n\t{last}\n}}");
    text
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_code_is_the_same_without_bodies(
        bodies in prop::collection::vec(prop::collection::vec(0..BODIES.len(), 3), PACKAGES.len()),
    ) {
        let mut files = vec![("go.mod".to_owned(), "module example.com/app\n".to_owned())];
        for ((folder, text), bodies) in PACKAGES.iter().zip(&bodies) {
            let name = if *folder == "names" { "other" } else { folder };
            files.push((format!("{folder}/first.go"), format!("package {name}\n{text}")));
            files.push((format!("{folder}/second.go"), functions(folder, bodies)));
        }
        check(&SourceTree::from_files("app", files));
    }
}
