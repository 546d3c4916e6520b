//! The packages of an app: where their crates begin, and under which names they know each other.

use std::collections::{BTreeMap, BTreeSet};

use compiler_diagnostics::{Code, Diagnostic};
use toml::{Table, Value};

use super::sdk;
use crate::SourceTree;
use crate::service_file::{is_below, is_foreign};
use crate::text::Lines;

/// The file that makes a folder a package.
const FILE: &str = "Cargo.toml";

/// Folders of a package that hold no code of the app.
const OTHER_TARGETS: [&str; 4] = ["target", "tests", "benches", "examples"];

/// A package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Package {
    /// Its folder, relative to the app; empty for the app's root.
    pub(super) folder: String,
    /// The name by which others know its library, and the library's first file.
    pub(super) library: Option<(String, String)>,
    /// The first files of its programs.
    pub(super) programs: Vec<String>,
    /// What its code calls other crates.
    pub(super) dependencies: BTreeMap<String, Dependency>,
}

/// A crate that code can name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Dependency {
    Sdk,
    /// The package in this folder.
    Package(String),
}

/// Reads the packages of an app, sorted by folder. A folder with `src/main.rs` or `src/lib.rs` and no `Cargo.toml`
/// around it is a package too.
pub(super) fn read(tree: &SourceTree, out: &mut Vec<Diagnostic>) -> Vec<Package> {
    let manifests = manifests(tree, out);
    let mut packages: BTreeMap<String, Package> = BTreeMap::new();
    for (folder, table) in &manifests {
        if let Some(package) = package(tree, folder, table, &manifests) {
            packages.insert(folder.clone(), package);
        }
    }
    for folder in bare_folders(tree, &packages) {
        let library = format!("{folder}src/lib.rs");
        let library = tree.exists(&library).then(|| ("lib".to_owned(), library));
        let folder = folder.trim_end_matches('/').to_owned();
        let programs = programs(tree, &folder, None);
        packages.insert(folder.clone(), Package { folder, library, programs, ..Package::default() });
    }
    rename_libraries(&mut packages);
    packages.into_values().collect()
}

/// A dependency is known by the name of its library, unless it was given another.
fn rename_libraries(packages: &mut BTreeMap<String, Package>) {
    let libraries: BTreeMap<String, String> = packages
        .iter()
        .filter_map(|(folder, package)| Some((folder.clone(), package.library.as_ref()?.0.clone())))
        .collect();
    for package in packages.values_mut() {
        let dependencies = std::mem::take(&mut package.dependencies);
        for (name, dependency) in dependencies {
            let library = match &dependency {
                Dependency::Package(folder) => libraries.get(folder),
                Dependency::Sdk => None,
            };
            let name = match (name.strip_prefix('='), library) {
                (Some(_), Some(library)) => library.clone(),
                (Some(name), None) => name.to_owned(),
                (None, _) => name,
            };
            package.dependencies.insert(name, dependency);
        }
    }
}

fn manifests(tree: &SourceTree, out: &mut Vec<Diagnostic>) -> BTreeMap<String, Table> {
    let mut manifests = BTreeMap::new();
    for (path, _) in tree.files().filter(|(path, _)| path.rsplit('/').next() == Some(FILE)) {
        let folder = path.strip_suffix(FILE).unwrap_or(path).trim_end_matches('/');
        if folder.split('/').any(|part| part == "target") || is_foreign(tree, path) {
            continue;
        }
        let text = tree.text(path).unwrap_or_default();
        match text.parse::<Table>() {
            Ok(table) => drop(manifests.insert(folder.to_owned(), table)),
            Err(error) => out.push(invalid(path, &text, &error)),
        }
    }
    manifests
}

fn invalid(path: &str, text: &str, error: &toml::de::Error) -> Diagnostic {
    let span = error.span().unwrap_or_default();
    let message = error.message().lines().next().unwrap_or_default();
    Diagnostic::error(Code::S0001, format!("`{FILE}` is not valid TOML: {message}"))
        .at(&Lines::new(path, text).position(span.start, span.end))
        .note("it says where the crates of this package begin, so none of its code is read")
        .help("mend the place that is underlined: `cargo metadata` says more")
}

fn package(
    tree: &SourceTree,
    folder: &str,
    table: &Table,
    manifests: &BTreeMap<String, Table>,
) -> Option<Package> {
    let name = table.get("package")?.get("name")?.as_str()?;
    if name == sdk::PACKAGE {
        return None;
    }
    let own = table.get("lib");
    let text = |key| own.and_then(|own: &Value| own.get(key)).and_then(Value::as_str);
    let library = join(folder, text("path").unwrap_or("src/lib.rs"))
        .filter(|path| tree.exists(path))
        .map(|path| (text("name").unwrap_or(name).replace('-', "_"), path));
    let programs = programs(tree, folder, table.get("bin"));
    let dependencies = dependencies(folder, table, manifests);
    Some(Package { folder: folder.to_owned(), library, programs, dependencies })
}

/// The first files of programs: those that are named, and those in the usual places.
fn programs(tree: &SourceTree, folder: &str, named: Option<&Value>) -> Vec<String> {
    let named = named.and_then(Value::as_array).into_iter().flatten();
    let named = named.filter_map(|program| join(folder, program.get("path")?.as_str()?));
    let mut programs: BTreeSet<String> = named.chain(join(folder, "src/main.rs")).collect();
    if let Some(others) = join(folder, "src/bin") {
        programs.extend(
            tree.below(&others).filter(|path| is_program(&path[others.len() + 1..])).map(str::to_owned),
        );
    }
    programs.retain(|path| tree.exists(path));
    programs.into_iter().collect()
}

/// `name.rs` or `name/main.rs`
fn is_program(path: &str) -> bool {
    match path.split_once('/') {
        None => path.strip_suffix(".rs").is_some(),
        Some((_, file)) => file == "main.rs",
    }
}

/// Folders that look like packages where no `Cargo.toml` says so; with a `/` last, or empty.
fn bare_folders(tree: &SourceTree, packages: &BTreeMap<String, Package>) -> BTreeSet<String> {
    let candidates = tree.files().filter_map(|(path, _)| {
        let folder = path.strip_suffix("src/main.rs").or_else(|| path.strip_suffix("src/lib.rs"))?;
        let is_other = folder.split('/').any(|part| OTHER_TARGETS.contains(&part)) || is_foreign(tree, path);
        let is_known = packages.keys().any(|known| is_below(path, known));
        let is_whole = folder.is_empty() || folder.ends_with('/');
        (is_whole && !is_other && !is_known).then(|| folder.to_owned())
    });
    candidates.collect()
}

/// Names that stand for the name of a library begin with `=`; see [`rename_libraries`].
fn dependencies(
    folder: &str,
    table: &Table,
    manifests: &BTreeMap<String, Table>,
) -> BTreeMap<String, Dependency> {
    let targets = table.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values);
    let targets = targets.filter_map(Value::as_table);
    let lists =
        std::iter::once(table).chain(targets).filter_map(|table| table.get("dependencies")?.as_table());
    let mut found = BTreeMap::new();
    for (key, written) in lists.flatten() {
        let is_inherited = written.get("workspace").and_then(Value::as_bool) == Some(true);
        let (folder, written) = if is_inherited {
            let Some(inherited) = inherited(folder, key, manifests) else { continue };
            inherited
        } else {
            (folder, written)
        };
        let package = written.get("package").and_then(Value::as_str);
        let name = key.replace('-', "_");
        if package.unwrap_or(key) == sdk::PACKAGE {
            let name = if package.is_some() { name } else { sdk::CRATE.to_owned() };
            found.insert(name, Dependency::Sdk);
        } else if let Some(path) =
            written.get("path").and_then(Value::as_str).and_then(|path| join(folder, path))
        {
            let name = if package.is_some() { name } else { format!("={name}") };
            found.insert(name, Dependency::Package(path));
        }
    }
    found
}

/// What the workspace around a package says of a dependency, and the workspace's folder.
fn inherited<'m>(
    folder: &str,
    key: &str,
    manifests: &'m BTreeMap<String, Table>,
) -> Option<(&'m str, &'m Value)> {
    let around = manifests.iter().filter(|(root, _)| folder == root.as_str() || is_below(folder, root));
    let workspaces = around.filter_map(|(root, table)| {
        Some((root.as_str(), table.get("workspace")?.get("dependencies")?.get(key)?))
    });
    workspaces.max_by_key(|(root, _)| root.len())
}

/// A path taken from a folder; absent when it leaves the app.
pub(super) fn join(folder: &str, relative: &str) -> Option<String> {
    if relative.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(files: &[(&str, &str)], expected: &[&str], problems: &[Code]) {
        let tree = SourceTree::from_files("app", files.iter().copied());
        let mut diagnostics = Vec::new();
        let found: Vec<String> = read(&tree, &mut diagnostics).iter().map(shown).collect();
        assert_eq!(diagnostics.iter().map(|one| one.code).collect::<Vec<_>>(), problems);
        assert_eq!(found, expected);
    }

    fn shown(package: &Package) -> String {
        let Package { folder, library, programs, dependencies } = package;
        format!("{folder}: {library:?} {programs:?} {dependencies:?}").replace('"', "")
    }

    #[test]
    fn a_package_has_a_library_programs_and_dependencies() {
        check(
            &[
                ("Cargo.toml", "[workspace.dependencies]\nb-b = { path = 'b' }\nencore-dev = '2'"),
                (
                    "a/Cargo.toml",
                    "[package]\nname = 'a-a'\n[dependencies]\nb-b.workspace = true\nencore-dev.workspace = true\nserde = '1'\n[target.'cfg(unix)'.dependencies]\nx = { path = '../b', package = 'b-b' }\n[dev-dependencies]\nc = { path = '../c' }",
                ),
                ("a/src/lib.rs", ""),
                ("a/src/main.rs", ""),
                ("a/src/bin/x.rs", ""),
                ("a/src/bin/y/main.rs", ""),
                ("a/src/bin/y/z.rs", ""),
                (
                    "b/Cargo.toml",
                    "[package]\nname = 'b-b'\n[lib]\nname = 'bee'\npath = 'bee.rs'\n[[bin]]\nname = 'm'\npath = 'm.rs'\n[[bin]]\nname = 'gone'\npath = '../../gone.rs'",
                ),
                ("b/bee.rs", ""),
                ("b/m.rs", ""),
            ],
            &[
                "a: Some((a_a, a/src/lib.rs)) [a/src/bin/x.rs, a/src/bin/y/main.rs, a/src/main.rs] {bee: Package(b), encore: Sdk, x: Package(b)}",
                "b: Some((bee, b/bee.rs)) [b/m.rs] {}",
            ],
            &[],
        );
    }

    #[test]
    fn a_folder_with_sources_may_do_without_a_manifest() {
        check(
            &[("a/src/main.rs", ""), ("src/lib.rs", ""), ("examples/src/main.rs", ""), ("asrc/main.rs", "")],
            &[": Some((lib, src/lib.rs)) [] {}", "a: None [a/src/main.rs] {}"],
            &[],
        );
    }

    #[test]
    fn what_others_wrote_and_what_is_no_manifest_is_left_out() {
        check(
            &[
                ("vendor/x/Cargo.toml", "[package]\nname = 'x'"),
                ("target/x/Cargo.toml", "[package]\nname = 'x'"),
                ("sdk/Cargo.toml", "[package]\nname = 'encore-dev'"),
                ("bad/Cargo.toml", "[package"),
                (
                    "a/Cargo.toml",
                    "[package]\nname = 'a'\n[dependencies]\nb = { path = '/b' }\nc = { path = '../../c' }",
                ),
            ],
            &["a: None [] {}"],
            &[Code::S0001],
        );
    }
}
