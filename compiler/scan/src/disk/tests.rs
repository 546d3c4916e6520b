mod cache;
mod part;

use std::path::Path;

use super::*;

fn write(root: &Path, path: &str, content: impl AsRef<[u8]>) {
    let path = root.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}

#[test]
fn a_folder_is_read_without_what_is_not_the_apps() {
    let root = tempfile::tempdir().unwrap();
    let write = |path: &str, content: &[u8]| write(root.path(), path, content);
    write("encore.app", b"{}");
    write(".gitignore", b"dist/\n");
    write("site/site.go", b"package site");
    write("site/migrations/1_a.up.sql", b"SELECT 1");
    write("site/logo.png", b"png");
    write("environments/production.toml", b"version = 1");
    write("dist/x.go", b"ignored");
    write("node_modules/x/x.ts", b"ignored");
    write(".git/x.go", b"ignored");
    write("other/encore.app", b"{}");
    write("other/x.go", b"another app");
    write("large.go", &vec![b' '; 8 * 1024 * 1024 + 1]);
    write("site/migrations/2_seed.up.sql", &vec![b' '; 8 * 1024 * 1024 + 1]);
    let tree = SourceTree::read(root.path()).unwrap();
    let read: Vec<_> = tree.files().map(|(path, _)| path).collect();
    assert_eq!(read, ["encore.app", "environments/production.toml", "site/site.go"]);
    assert!(tree.exists("site/logo.png") && tree.exists("site/migrations/2_seed.up.sql"));
    assert!(!tree.exists("dist/x.go") && !tree.exists("other/x.go"));
    assert_eq!(tree.unreadable.keys().collect::<Vec<_>>(), ["large.go"]);
    assert_eq!(tree.below("site/migrations").count(), 2);
    assert!(tree.has_folder("site") && !tree.has_folder("sit"));
}

#[cfg(unix)]
#[test]
fn links_are_not_followed_and_strange_names_are_noted() {
    use std::os::unix::ffi::OsStrExt;
    let root = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(root.path(), root.path().join("loop")).unwrap();
    std::fs::write(root.path().join(std::ffi::OsStr::from_bytes(b"\xff.go")), "").unwrap();
    let folder = root.path().join(std::ffi::OsStr::from_bytes(b"\xfe"));
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("a.go"), "").unwrap();
    let tree = SourceTree::read(root.path()).unwrap();
    assert_eq!(tree.files().count(), 0);
    assert_eq!(tree.unreadable.keys().collect::<Vec<_>>(), ["\u{fffd}.go", "\u{fffd}/a.go"]);
}

#[test]
fn a_folder_that_is_not_there_is_an_error() {
    assert!(SourceTree::read(Path::new("/does/not/exist")).is_err());
    assert!(scan(Path::new("/does/not/exist"), &Options::default()).is_err());
}

#[cfg(unix)]
#[test]
fn a_path_never_leaves_the_root() {
    let place = tempfile::tempdir().unwrap();
    write(place.path(), "outside/secret.go", "package secret");
    let root = place.path().join("app");
    write(&root, "encore.app", r#"{"lang": "go"}"#);
    std::os::unix::fs::symlink("../outside", root.join("linked")).unwrap();
    std::os::unix::fs::symlink("../outside/secret.go", root.join("linked.go")).unwrap();
    let tree = scan(&root, &Options::default()).unwrap().tree;
    assert_eq!(tree.below("").collect::<Vec<_>>(), ["encore.app"]);
}

#[test]
fn without_an_app_all_roots_below_are_named() {
    let root = tempfile::tempdir().unwrap();
    for app in ["a", "tools/b"] {
        write(root.path(), &format!("{app}/encore.app"), "{}");
    }
    let scanned = scan(root.path(), &Options::default()).unwrap();
    let help = scanned.diagnostics[0].help.as_deref().unwrap();
    assert_eq!(help, "name one of the folders that have one: `a`, `tools/b`");
}

#[test]
fn a_tree_that_is_too_large_is_not_scanned_at_all() {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), "encore.app", r#"{"lang": "go"}"#);
    for index in 0..9 {
        write(root.path(), &format!("a{index}/a.go"), "package a\n");
        write(root.path(), &format!("a{index}/notes.txt"), "not source, and a file all the same");
    }
    let check = |files: usize, bytes: u64, expected: Option<&str>| {
        for threads in [1, 3] {
            let how = walk::How { threads, limits: walk::Limits { files, bytes } };
            let tree = walk::walk(root.path(), &Known::default(), &walk::Wanted::All, &how).tree;
            let (manifest, diagnostics) = crate::scan(&tree);
            let said: Vec<_> = diagnostics.iter().map(|one| one.message.as_str()).collect();
            assert_eq!(said, expected.into_iter().collect::<Vec<_>>());
            assert_eq!(manifest.is_none(), expected.is_some());
        }
    };
    // The folder has 19 files, with 14 bytes in `encore.app` and 10 in each of the sources.
    check(19, 104, None);
    check(18, 104, Some("this folder is too large: there are more than 18 files"));
    check(19, 103, Some("this folder is too large: there are more than 103 bytes of source"));
}
