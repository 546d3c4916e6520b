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
    let tree = SourceTree::read(root.path()).unwrap();
    assert_eq!(tree.files().count(), 0);
    assert_eq!(tree.unreadable.len(), 1);
}

#[test]
fn a_folder_that_is_not_there_is_an_error() {
    assert!(SourceTree::read(Path::new("/does/not/exist")).is_err());
    assert!(scan(Path::new("/does/not/exist"), &Options::default()).is_err());
}
