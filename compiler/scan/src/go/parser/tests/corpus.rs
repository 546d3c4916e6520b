//! Go files to compare parsers over.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// One of so many files of the standard library is looked at, unless `GO_PARSER_CORPUS=all`.
const SAMPLE: usize = 40;

/// The sources of the Go installation; absent when there is none.
pub(super) fn standard_library() -> Option<PathBuf> {
    let output = Command::new("go").args(["env", "GOROOT"]).output().ok()?;
    let root = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
    Some(root.join("src")).filter(|sources| sources.is_dir())
}

/// All files below a folder whose name has one of the endings, sorted.
pub(super) fn files_below(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut folders = vec![folder.to_owned()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = path.to_string_lossy();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(path);
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// The files of the standard library that this run looks at.
pub(super) fn sample(sources: &Path) -> Vec<PathBuf> {
    let files = files_below(sources, &[".go"]);
    let every =
        if std::env::var_os("GO_PARSER_CORPUS").is_some_and(|value| value == "all") { 1 } else { SAMPLE };
    files.into_iter().step_by(every).collect()
}
