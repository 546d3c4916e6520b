//! A scan with a cache, over apps that change.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use compiler_diagnostics::Code;
use fixtures_generator::Part as generated;
use fixtures_generator::{App, Language, Shape};
use proptest::prelude::*;

use super::write;
use crate::SourceTree;
use crate::disk::cache::Cache;
use crate::disk::{Options, Scanned, kept, scan, scan_at, scan_knowing};
use crate::on_a_large_stack;
use crate::tree::Part;

/// An app on disk, and a folder for its cache.
struct Stage {
    place: tempfile::TempDir,
    app: App,
}

impl Stage {
    fn new(language: Language) -> Self {
        let place = tempfile::tempdir().unwrap();
        let app = App::new(&Shape { seed: 3, ..Shape::usual(language, 3_000) });
        app.write(&place.path().join("app")).unwrap();
        Self { place, app }
    }

    fn of(files: &[(&str, &str)]) -> Self {
        let (place, app) = (tempfile::tempdir().unwrap(), App::default());
        for (path, content) in files {
            write(&place.path().join("app"), path, content);
        }
        Self { place, app }
    }

    fn root(&self) -> PathBuf {
        self.place.path().join("app")
    }

    fn cache(&self) -> PathBuf {
        self.place.path().join("cache")
    }

    /// Scans with the cache, at a time when all files are old.
    fn scan(&self) -> Scanned {
        let later = SystemTime::now() + std::time::Duration::from_mins(1);
        let options = Options { cache: Some(self.cache()), keep_from_files: 0, threads: 2 };
        scan_at(&self.root(), &options, later).unwrap()
    }

    /// Scans with the cache, and compares with a scan without one.
    fn check(&self) -> Scanned {
        let (cached, cold) = (self.scan(), scan(&self.root(), &Options::default()).unwrap());
        assert_eq!(cached.diagnostics, cold.diagnostics);
        assert_eq!(cached.manifest, cold.manifest);
        cached
    }

    fn cache_file(&self) -> PathBuf {
        let entries = std::fs::read_dir(self.cache()).unwrap().map(|entry| entry.unwrap().path());
        let files: Vec<_> =
            entries.filter(|path| path.extension().is_some_and(|ending| ending == "scan")).collect();
        assert_eq!(files.len(), 1, "{files:?}");
        files.into_iter().next().unwrap()
    }
}

const LANGUAGES: [Language; 2] = [Language::Go, Language::Typescript];

#[test]
fn nothing_is_read_twice_and_nothing_untouched_is_read_again() {
    for language in LANGUAGES {
        let stage = Stage::new(language);
        let first = stage.check();
        let counts = stage.app.counts;
        let sources = counts.declaring_files + counts.using_files + counts.other_files;
        let configuration =
            first.tree.files().filter(|(path, _)| Part::of(path) == Part::Configuration).count();
        assert_eq!(first.files_read, sources + configuration, "{language:?}");
        // Not even those that mention the framework in a comment are many.
        assert!(
            first.files_parsed <= counts.declaring_files + counts.using_files + 2,
            "{}",
            first.files_parsed
        );
        let second = stage.check();
        assert_eq!((second.files_read, second.files_parsed), (configuration, 0), "{language:?}");
        for (touched, part) in
            [generated::Declares, generated::Uses, generated::Other].into_iter().enumerate()
        {
            let path = stage.root().join(stage.app.one(part));
            let text = std::fs::read_to_string(&path).unwrap();
            std::fs::write(&path, text + "// more\n").unwrap();
            let third = stage.check();
            assert_eq!(third.files_read, configuration + touched + 1, "{language:?} {part:?}");
        }
    }
}

/// Something more for a file to declare.
fn more(language: Language, number: usize) -> String {
    match language {
        Language::Go => format!("\n//encore:api private\nfunc More{number}() {{}}\n"),
        Language::Typescript => format!(
            "import {{ secret as s{number} }} from 'encore.dev/config'; const m{number} = s{number}('More{number}');\n"
        ),
    }
}

fn append(path: &Path, more: &str) {
    let text = std::fs::read_to_string(path).unwrap();
    std::fs::write(path, text + more).unwrap();
}

/// Puts a text before that of a file.
fn prepend(path: &Path, more: &str) {
    let text = std::fs::read_to_string(path).unwrap();
    std::fs::write(path, more.to_owned() + &text).unwrap();
}

#[test]
fn what_was_found_moves_with_the_lines_of_its_file() {
    for language in LANGUAGES {
        let stage = Stage::new(language);
        stage.check();
        for part in [generated::Declares, generated::Uses] {
            prepend(&stage.root().join(stage.app.one(part)), "// one\n\n");
            let scanned = stage.check();
            // What has to be put together again counts as parsed.
            assert_eq!(scanned.files_parsed, 0, "{language:?} {part:?}");
        }
    }
}

#[test]
fn what_was_complained_about_moves_as_well() {
    let text = "package a\n\n//encore:api public\nfunc A() {}\n\n//encore:api odd\nfunc B() {}\n";
    let stage = Stage::of(&[("encore.app", r#"{"lang": "go"}"#), ("go.mod", "module x\n"), ("a/a.go", text)]);
    assert_eq!(stage.check().diagnostics[0].span.as_ref().unwrap().line, 6);
    prepend(&stage.root().join("a/a.go"), "// one\n");
    let scanned = stage.check();
    assert_eq!((scanned.diagnostics[0].span.as_ref().unwrap().line, scanned.files_parsed), (7, 0));
    assert!(scanned.tree.file("a/a.go").is_some(), "it is there to be shown");
}

#[test]
fn a_file_that_is_nested_as_deep_as_may_be_is_touched_without_harm() {
    let deep = format!("{}1{}", "[".repeat(490), "]".repeat(490));
    let secret = "import { secret } from \"encore.dev/config\";\nconst s = secret(\"S\");\n";
    let text = format!("{secret}const deep = {deep};\n");
    let stage = Stage::of(&[("encore.app", r#"{"lang": "typescript"}"#), ("a.ts", &text)]);
    stage.check();
    prepend(&stage.root().join("a.ts"), "// one\n");
    assert_eq!(stage.check().files_parsed, 0);
}

#[test]
fn python_and_rust_are_kept_as_well() {
    let python = [
        ("encore.app", r#"{"lang": "python"}"#),
        ("a/encore.service.json", r#"{"name": "a", "lang": "python"}"#),
        ("a/a.py", "from encore import pubsub\nt = pubsub.Topic('t')\n"),
        ("a/b.py", "from .a import t\nt.publish({})\n"),
        ("a/c.py", "x = 1\n"),
        ("a/test_a.py", "from .a import t\n"),
    ];
    let rust = [
        ("encore.app", r#"{"lang": "rust"}"#),
        ("a/encore.service.json", r#"{"name": "a", "lang": "rust"}"#),
        ("a/Cargo.toml", "[package]\nname = \"a\"\n[dependencies]\nencore = \"1\"\n"),
        (
            "a/src/main.rs",
            "mod b;\nuse encore::storage::postgres::Database;\nstatic DB: Database = Database::named(\"d\");\n",
        ),
        ("a/src/b.rs", "async fn f() { crate::DB.execute(\"SELECT 1\", &[]).await; }\n"),
        ("a/src/c.rs", "fn f() {}\n"),
    ];
    for (files, changed, comment) in [(python, "a/b.py", "# one\n"), (rust, "a/src/b.rs", "// one\n")] {
        let stage = Stage::of(&files);
        let first = stage.check();
        assert!(first.files_parsed >= 2, "{changed}");
        let second = stage.check();
        let configuration =
            second.tree.files().filter(|(path, _)| Part::of(path) == Part::Configuration).count();
        assert_eq!((second.files_read, second.files_parsed), (configuration, 0), "{changed}");
        prepend(&stage.root().join(changed), comment);
        let third = stage.check();
        assert_eq!((third.files_read, third.files_parsed), (configuration + 1, 0), "{changed}");
    }
}

#[test]
fn what_is_wrong_in_a_body_is_said_while_it_matters() {
    let user = "package a\nimport \"example.com/app/b\"\nfunc f() { b.Do() }\nfunc g() { DB := := }\n";
    let declared = |name: &str| {
        format!(
            "package a\nimport \"encore.dev/storage/objects\"\n//encore:api private\nfunc E() {{}}\n\
             var {name} = objects.NewBucket(\"x\", objects.BucketConfig{{}})\n"
        )
    };
    let stage = Stage::of(&[
        ("encore.app", r#"{"lang": "go"}"#),
        ("go.mod", "module example.com/app\n"),
        ("a/a.go", &declared("Files")),
        ("a/user.go", user),
        ("b/b.go", "package b\n//encore:api private\nfunc Do() {}\n"),
    ]);
    assert_eq!(stage.check().diagnostics, []);
    for (name, is_said) in [("DB", true), ("Files", false), ("DB", true)] {
        write(&stage.root(), "a/a.go", declared(name));
        assert_eq!(!stage.check().diagnostics.is_empty(), is_said, "{name}");
    }
    write(&stage.root(), "a/user.go", user.replace("DB := := ", "Files.List()"));
    assert_eq!(stage.check().manifest.unwrap().services[0].buckets, []);
    write(&stage.root(), "a/a.go", declared("Files"));
    assert_eq!(stage.check().manifest.unwrap().services[0].buckets.len(), 1);
}

#[test]
fn what_is_wrong_in_a_body_of_typescript_is_said_while_it_matters() {
    let user = |code: &str| {
        format!(
            "import {{ f }} from './lib';\nimport {{ t }} from './topic';\nexport function g() {{ {code} }}\n"
        )
    };
    let stage = Stage::of(&[
        ("encore.app", r#"{"lang": "typescript"}"#),
        (
            "a/encore.service.ts",
            "import { Service } from 'encore.dev/service';\nexport default new Service('a');\n",
        ),
        (
            "a/topic.ts",
            "import { Topic } from 'encore.dev/pubsub';\nexport const t = new Topic<M>('t', {});\n",
        ),
        (
            "a/lib.ts",
            // What is short is not left out.
            &format!(
                "import {{ t }} from './topic';\nexport function f(x: any) {{ const y = ;{}}}\nexport const held = t;\n",
                " ".repeat(600)
            ),
        ),
        ("a/user.ts", &user("t.publish({})")),
    ]);
    let is_wrong = || stage.check().diagnostics.iter().any(|one| one.code == Code::S0001);
    assert!(!is_wrong());
    for (code, is_said) in [("f(t)", true), ("t.publish({})", false), ("f(t)", true)] {
        write(&stage.root(), "a/user.ts", user(code));
        assert_eq!(is_wrong(), is_said, "{code}");
    }
}

#[test]
fn a_damaged_cache_is_none() {
    let stage = Stage::new(Language::Go);
    stage.check();
    let whole = std::fs::read(stage.cache_file()).unwrap();
    for length in [0, 1, 30, whole.len() / 2, whole.len() - 1] {
        std::fs::write(stage.cache_file(), &whole[..length]).unwrap();
        stage.check();
        assert!(std::fs::read(stage.cache_file()).unwrap() == whole, "it is written anew, the same");
    }
    let path = stage.root().join(stage.app.one(generated::Declares));
    let text = std::fs::read_to_string(&path).unwrap();
    for at in (0..whole.len()).step_by(whole.len() / 40) {
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << (at % 8);
        std::fs::write(stage.cache_file(), flipped).unwrap();
        stage.check();
        std::fs::write(&path, format!("// {at}\n{text}")).unwrap();
        stage.check();
    }
}

/// Damages the pieces of a cache: all that follows its head.
fn damage_pieces(path: &Path) {
    let mut bytes = std::fs::read(path).unwrap();
    for byte in &mut bytes[kept::head_of(path)..] {
        *byte ^= 1;
    }
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn pieces_that_are_damaged_are_found_anew() {
    for language in LANGUAGES {
        let stage = Stage::new(language);
        let first = stage.check();
        let whole = std::fs::read(stage.cache_file()).unwrap();
        damage_pieces(&stage.cache_file());
        // Nothing was touched, so none of them is asked for.
        assert_eq!(stage.check().files_parsed, 0);
        let path = stage.root().join(stage.app.one(generated::Declares));
        prepend(&path, "// one\n");
        let scanned = stage.check();
        assert_eq!((scanned.files_parsed, scanned.files_read), (first.files_parsed, first.files_read));
        // Everything was read, so everything is written.
        assert!(std::fs::read(stage.cache_file()).unwrap().len() >= whole.len());
        prepend(&path, "// two\n");
        assert_eq!(stage.check().files_parsed, 0);
    }
}

#[test]
fn pieces_that_are_gone_when_they_are_needed_are_found_anew() {
    for language in LANGUAGES {
        for (kept, is_touched) in [(0, false), (0, true), (1_000, true)] {
            let stage = Stage::new(language);
            let first = stage.check();
            if is_touched {
                write(&stage.root(), stage.app.one(generated::Declares), "");
            }
            let root = stage.root().canonicalize().unwrap();
            let options = Options { keep_from_files: 0, threads: 2, ..Options::default() };
            let cache = Cache::new(&stage.cache(), &root, options.threads);
            let known = cache.load();
            let length = kept::head_of(&stage.cache_file()) + kept;
            let file = std::fs::File::options().write(true).open(stage.cache_file()).unwrap();
            file.set_len(u64::try_from(length).unwrap()).unwrap();
            let now = SystemTime::now();
            let scanned = on_a_large_stack(|| scan_knowing(&root, &options, now, Some(&cache), &known));
            let cold = scan(&root, &Options::default()).unwrap();
            assert!(scanned.manifest == cold.manifest && scanned.diagnostics == cold.diagnostics);
            assert_eq!(scanned.files_read == first.files_read, is_touched);
            stage.check();
        }
    }
}

#[test]
fn a_cache_that_is_replaced_meanwhile_is_the_one_that_was_opened() {
    let stage = Stage::new(Language::Go);
    stage.check();
    let root = stage.root().canonicalize().unwrap();
    let options = Options { keep_from_files: 0, threads: 2, ..Options::default() };
    let cache = Cache::new(&stage.cache(), &root, options.threads);
    let known = cache.load();
    let other = stage.cache_file().with_extension("other");
    std::fs::write(&other, "another one").unwrap();
    std::fs::rename(other, stage.cache_file()).unwrap();
    let path = stage.app.one(generated::Declares);
    let text = std::fs::read_to_string(root.join(path)).unwrap();
    write(&root, path, text + "\n//encore:api private\nfunc More() {}\n");
    let now = SystemTime::now();
    let scanned = on_a_large_stack(|| scan_knowing(&root, &options, now, Some(&cache), &known));
    assert_eq!(scanned.files_parsed, 1);
    assert_eq!(scanned.manifest, scan(&root, &Options::default()).unwrap().manifest);
}

#[test]
fn what_changed_is_kept_beside_what_did_not() {
    for language in LANGUAGES {
        let stage = Stage::new(language);
        stage.check();
        let whole = std::fs::read(stage.cache_file()).unwrap();
        let addition = stage.cache_file().with_extension("added");
        let path = stage.root().join(stage.app.one(generated::Declares));
        let text = std::fs::read_to_string(&path).unwrap();
        // When two files say more, all is put together.
        append(&stage.root().join(stage.app.one(generated::Uses)), &more(language, 0));
        append(&path, &more(language, 1));
        let changed = stage.check();
        assert!(changed.files_parsed >= 2);
        assert_eq!(stage.check().manifest, changed.manifest);
        assert!(std::fs::read(stage.cache_file()).unwrap() == whole, "it is as it was");
        let added = std::fs::read(&addition).unwrap();
        assert!(added.len() * 3 < whole.len(), "{} and {}", added.len(), whole.len());
        // What it knows of a file goes before what is known otherwise.
        prepend(&path, "// one\n");
        assert_eq!(stage.check().files_parsed, 0);
        for damaged in [added.len() / 2, 40, 0] {
            std::fs::write(&addition, &added[..damaged]).unwrap();
            assert_eq!(stage.check().files_parsed, changed.files_parsed);
        }
        std::fs::write(&path, &text).unwrap();
        stage.check();
        // Of another cache it says nothing.
        std::fs::write(&addition, &added).unwrap();
        std::fs::remove_file(stage.cache_file()).unwrap();
        stage.check();
        std::fs::write(&addition, &added).unwrap();
        std::fs::write(&path, text + &more(language, 2)).unwrap();
        stage.check();
    }
}

#[test]
fn what_one_file_says_more_is_told_without_all_and_nothing_is_written() {
    for language in LANGUAGES {
        for part in [generated::Declares, generated::Uses] {
            let stage = Stage::new(language);
            stage.check();
            let path = stage.root().join(stage.app.one(part));
            let before = std::fs::read_to_string(&path).unwrap();
            let user = if part == generated::Uses { generated::Declares } else { generated::Uses };
            append(&stage.root().join(stage.app.one(user)), "// more\n");
            for number in 0..3 {
                append(&path, &more(language, number));
                let told = stage.check();
                assert_eq!(told.files_parsed, 1, "{language:?} {part:?}");
                assert!(!stage.cache_file().with_extension("added").exists(), "{language:?} {part:?}");
            }
            // A comment at the end of another file is no matter.
            append(&stage.root().join(stage.app.one(generated::Other)), "// more\n");
            assert_eq!(stage.check().files_parsed, 1, "{language:?} {part:?}");
            assert!(!stage.cache_file().with_extension("added").exists(), "{language:?} {part:?}");
            std::fs::write(&path, before).unwrap();
            assert_eq!(stage.check().files_parsed, 0);
        }
    }
}

#[test]
fn a_cache_of_another_folder_or_scanner_is_none() {
    let (one, other) = (Stage::new(Language::Go), Stage::new(Language::Typescript));
    one.check();
    other.check();
    std::fs::copy(other.cache_file(), one.cache_file()).unwrap();
    let scanned = one.check();
    assert!(scanned.files_parsed > 0);
}

#[test]
fn nothing_is_kept_of_a_small_app() {
    let stage = Stage::new(Language::Go);
    let options = Options { cache: Some(stage.cache()), ..Options::default() };
    assert!(scan(&stage.root(), &options).unwrap().manifest.is_some());
    assert!(!stage.cache().exists());
}

#[test]
fn a_cache_that_cannot_be_written_is_no_error() {
    let stage = Stage::new(Language::Go);
    std::fs::write(stage.cache(), "a file where the folder should be").unwrap();
    stage.check();
}

#[test]
fn files_touched_just_before_they_were_read_are_not_trusted() {
    let stage = Stage::new(Language::Go);
    let options = Options { cache: Some(stage.cache()), keep_from_files: 0, threads: 2 };
    let first = scan(&stage.root(), &options).unwrap();
    let second = scan(&stage.root(), &options).unwrap();
    assert_eq!(second.files_read, first.files_read);
    assert_eq!(second.files_parsed, 0, "their content is known all the same");
}

#[test]
fn scans_at_the_same_time_do_not_disturb_each_other() {
    let stage = Stage::new(Language::Typescript);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..3 {
                    stage.check();
                }
            });
        }
    });
    assert_eq!(stage.check().files_parsed, 0);
}

/// A change of a file, picked by a number.
#[derive(Clone, Copy, Debug)]
enum Edit {
    Touch(usize),
    Append(usize),
    Prepend(usize),
    Delete(usize),
    Rename(usize),
    Copy(usize, usize),
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let edit = prop_oneof![
        any::<usize>().prop_map(Edit::Touch),
        any::<usize>().prop_map(Edit::Append),
        any::<usize>().prop_map(Edit::Prepend),
        any::<usize>().prop_map(Edit::Delete),
        any::<usize>().prop_map(Edit::Rename),
        any::<(usize, usize)>().prop_map(|(from, to)| Edit::Copy(from, to)),
    ];
    proptest::collection::vec(edit, 1..6)
}

fn apply(root: &Path, edit: Edit) {
    let files = SourceTree::read(root).unwrap();
    let files: Vec<&str> = files.files().map(|(path, _)| path).filter(|path| *path != "encore.app").collect();
    let pick = |number: usize| root.join(files[number % files.len()]);
    match edit {
        Edit::Touch(file) => {
            let file = std::fs::File::options().append(true).open(pick(file)).unwrap();
            file.set_modified(SystemTime::now()).unwrap();
        }
        Edit::Append(file) => {
            let text = std::fs::read_to_string(pick(file)).unwrap();
            std::fs::write(pick(file), text + "\n// encore.dev\n").unwrap();
        }
        Edit::Prepend(file) => prepend(&pick(file), "// one\n"),
        Edit::Delete(file) => std::fs::remove_file(pick(file)).unwrap(),
        Edit::Rename(file) => {
            let path = pick(file);
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            std::fs::rename(&path, path.with_file_name(format!("x{name}"))).unwrap();
        }
        Edit::Copy(from, to) => {
            let text = std::fs::read(pick(from)).unwrap();
            std::fs::write(pick(to), text).unwrap();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_scan_with_a_cache_finds_what_one_without_finds(go in edits(), typescript in edits()) {
        for (language, edits) in LANGUAGES.into_iter().zip([go, typescript]) {
            let stage = Stage::new(language);
            stage.check();
            for edit in edits {
                apply(&stage.root(), edit);
                stage.check();
            }
        }
    }
}
