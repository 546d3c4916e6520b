//! Which file the path of an import means.
//!
//! Relative paths, the short names of the nearest `tsconfig.json` (`"paths": { "@/*": ["./src/*"] }`, with what it
//! extends), those of the nearest `package.json` (`"imports": { "#db": "./db.ts" }`), and the names of the packages that
//! the app itself consists of.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::HashMap;
use serde_json::Value;

use crate::SourceTree;
use crate::app::without_comments;

/// The file that gives short names to the code in its folder and below.
const TSCONFIG: &str = "tsconfig.json";
/// The file that gives short names that begin with `#`.
const PACKAGE: &str = "package.json";

/// The file that makes a folder a service.
const SERVICE: &str = "encore.service.ts";

/// How many configurations may extend each other.
const MAX_EXTENDS: usize = 16;

/// The files that can be imported.
pub(super) struct Modules<'t> {
    /// Sorted, where nothing says where each of them is.
    paths: Vec<&'t str>,
    by_path: Option<HashMap<&'t str, usize>>,
    /// Folders with an `encore.service.ts`.
    services: BTreeSet<&'t str>,
    /// Short names by the folder whose `tsconfig.json` gives them.
    configured: BTreeMap<String, Names>,
    /// Short names by the folder whose `package.json` gives them.
    packaged: BTreeMap<String, Names>,
    /// The packages in the folders of the app.
    packages: Names,
}

impl<'t> Modules<'t> {
    /// The files with these paths, in an app with these configurations.
    pub(super) fn new(paths: impl Iterator<Item = &'t str>, tree: &SourceTree) -> Self {
        let paths: Vec<&str> = paths.collect();
        let by_path = paths.iter().enumerate().map(|(index, path)| (*path, index)).collect();
        Self { by_path: Some(by_path), ..Self::for_few(paths, tree) }
    }

    /// The same for whoever looks for few of them, of paths that are sorted.
    pub(super) fn for_few(paths: Vec<&'t str>, tree: &SourceTree) -> Self {
        let service = |path: &&'t str| path.rsplit('/').next() == Some(SERVICE);
        let services = paths.iter().copied().filter(service).map(folder_of).collect();
        let named = |name, read: fn(&SourceTree, &str) -> Names| {
            let files = files_named(tree, name);
            files.map(|path| (folder_of(path).to_owned(), read(tree, path))).collect()
        };
        let packages = files_named(tree, PACKAGE).flat_map(|path| Name::of_package(tree, path));
        Self {
            paths,
            by_path: None,
            services,
            configured: named(TSCONFIG, |tree, path| Names::of_tsconfig(tree, path, MAX_EXTENDS)),
            packaged: named(PACKAGE, Names::of_package),
            packages: Names { list: sorted(packages), base: None },
        }
    }

    /// Whether a file lies in the folder of a service that has a file of its own.
    pub(super) fn is_within_service(&self, file: usize) -> bool {
        folders_up(folder_of(self.paths[file])).any(|folder| self.services.contains(folder))
    }

    /// The file that a specifier in another file means.
    pub(super) fn find(&self, from: usize, specifier: &str) -> Option<usize> {
        let folder = folder_of(self.paths[from]);
        if specifier == "."
            || specifier == ".."
            || specifier.starts_with("./")
            || specifier.starts_with("../")
        {
            return self.file(&join(folder, specifier)?);
        }
        let nearest = |names: &'_ BTreeMap<String, Names>| {
            let found = folders_up(folder).find_map(|folder| names.get(folder))?;
            found.paths(specifier).iter().find_map(|path| self.file(path))
        };
        let of_package = specifier.starts_with('#').then(|| nearest(&self.packaged)).flatten();
        let of_app = || self.packages.paths(specifier).iter().find_map(|path| self.file(path));
        of_package.or_else(|| nearest(&self.configured)).or_else(of_app)
    }

    fn listed(&self, path: &str) -> Option<usize> {
        match &self.by_path {
            Some(by_path) => by_path.get(path).copied(),
            None => self.paths.binary_search(&path).ok(),
        }
    }

    /// The file that a path means, which may leave out its ending, have that of the compiled file, or name a folder.
    fn file(&self, path: &str) -> Option<usize> {
        let stem = [".js", ".mjs"].iter().find_map(|ending| path.strip_suffix(ending));
        let mut candidate = String::with_capacity(path.len() + "/index.ts".len());
        let mut named = |path: &str, ending: &str| {
            candidate.clear();
            candidate.push_str(path);
            candidate.push_str(ending);
            self.listed(&candidate)
        };
        self.listed(path)
            .or_else(|| named(path, ".ts"))
            .or_else(|| named(stem?, ".ts"))
            .or_else(|| named(path, if path.is_empty() { "index.ts" } else { "/index.ts" }))
    }
}

/// The short names that one configuration gives.
#[derive(Clone, Default)]
struct Names {
    /// Longest first.
    list: Vec<Name>,
    /// The folder from which any other path may be taken.
    base: Option<String>,
}

#[derive(Clone)]
struct Name {
    /// What a specifier begins with, or is.
    prefix: String,
    /// What it ends with, when anything may stand between.
    suffix: Option<String>,
    /// Paths relative to the app, each tried in turn; `*` stands for what is between.
    targets: Vec<String>,
}

impl Names {
    /// Reads a `tsconfig.json` and what it extends; one that cannot be read gives no names.
    fn of_tsconfig(tree: &SourceTree, path: &str, more: usize) -> Self {
        let folder = folder_of(path);
        let file = read(tree, path);
        let mut names = Self::default();
        let extended = match &file["extends"] {
            Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
            other => Vec::from_iter(other.as_str()),
        };
        for other in extended {
            let found = |more| Some(Self::of_tsconfig(tree, &configuration(tree, folder, other)?, more));
            let Some(other) = more.checked_sub(1).and_then(found) else { continue };
            let list = if other.list.is_empty() { names.list } else { other.list };
            names = Self { list, base: other.base.or(names.base) };
        }
        let options = &file["compilerOptions"];
        if let Some(base) = options["baseUrl"].as_str() {
            names.base = join(folder, base);
        }
        if let Value::Object(paths) = &options["paths"] {
            let base = names.base.as_deref().unwrap_or(folder);
            names.list = sorted(paths.iter().map(|(pattern, targets)| Name::of(pattern, targets, base)));
        }
        names
    }

    /// Reads the `imports` of a `package.json`.
    fn of_package(tree: &SourceTree, path: &str) -> Self {
        let file = read(tree, path);
        let imports = file["imports"].as_object().into_iter().flatten();
        let folder = folder_of(path);
        Self { list: sorted(imports.map(|(pattern, target)| Name::of(pattern, target, folder))), base: None }
    }

    /// The paths that a specifier may mean.
    fn paths(&self, specifier: &str) -> Vec<String> {
        let named = self.list.iter().find_map(|name| name.paths(specifier)).unwrap_or_default();
        named.into_iter().chain(self.base.as_ref().and_then(|base| join(base, specifier))).collect()
    }
}

fn sorted(names: impl Iterator<Item = Name>) -> Vec<Name> {
    let mut names: Vec<Name> = names.collect();
    names.sort_by_key(|name| (name.suffix.is_some(), std::cmp::Reverse(name.prefix.len())));
    names
}

impl Name {
    fn of(pattern: &str, targets: &Value, folder: &str) -> Self {
        let mut found = Vec::new();
        collect(targets, MAX_EXTENDS, &mut found);
        let (prefix, suffix) = match pattern.split_once('*') {
            Some((prefix, suffix)) => (prefix, Some(suffix.to_owned())),
            None => (pattern, None),
        };
        let targets = found.into_iter().filter_map(|target| join(folder, target)).collect();
        Self { prefix: prefix.to_owned(), suffix, targets }
    }

    /// The names of a package of the app: for itself, and for what is in it. What is built is not at hand; its source is
    /// where most packages have it.
    fn of_package(tree: &SourceTree, path: &str) -> Vec<Self> {
        let (folder, file) = (folder_of(path), read(tree, path));
        let Some(name) = file["name"].as_str().filter(|name| !name.is_empty()) else { return Vec::new() };
        let exports = &file["exports"];
        let own = |pattern: String, targets: &Value, others: [&str; 2]| {
            let mut name = Self::of(&pattern, targets, folder);
            name.targets.extend(others.iter().filter_map(|other| join(folder, other)));
            name
        };
        let root = if exports.is_string() { exports } else { &exports["."] };
        let root = Value::Array(vec![root.clone(), file["main"].clone()]);
        let mut names = vec![
            own(name.to_owned(), &root, ["index.ts", "src/index.ts"]),
            own(format!("{name}/*"), &Value::Null, ["*", "src/*"]),
        ];
        for (pattern, targets) in exports.as_object().into_iter().flatten() {
            if let Some(inner) = pattern.strip_prefix("./") {
                names.push(Self::of(&format!("{name}/{inner}"), targets, folder));
            }
        }
        names
    }

    fn paths(&self, specifier: &str) -> Option<Vec<String>> {
        let rest = specifier.strip_prefix(&self.prefix)?;
        let between = match &self.suffix {
            Some(suffix) => rest.strip_suffix(suffix.as_str())?,
            None => rest.is_empty().then_some("")?,
        };
        Some(self.targets.iter().filter_map(|target| join("", &target.replacen('*', between, 1))).collect())
    }
}

/// The paths that a target names: itself, or one per condition.
fn collect<'v>(target: &'v Value, depth: usize, found: &mut Vec<&'v str>) {
    let Some(depth) = depth.checked_sub(1) else { return };
    match target {
        Value::String(path) => found.push(path),
        Value::Array(list) => list.iter().for_each(|one| collect(one, depth, found)),
        Value::Object(conditions) => conditions.values().for_each(|one| collect(one, depth, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The files with this name, in any folder.
fn files_named<'t>(tree: &'t SourceTree, name: &'static str) -> impl Iterator<Item = &'t str> {
    let is_named =
        move |path: &&str| path.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'));
    tree.files().map(|(path, _)| path).filter(is_named)
}

/// The configuration that another one extends; those of packages are not at hand.
fn configuration(tree: &SourceTree, folder: &str, written: &str) -> Option<String> {
    let path = join(folder, written).filter(|_| written.starts_with('.'))?;
    let candidates = [path.clone(), format!("{path}.json"), format!("{path}/{TSCONFIG}")];
    candidates.into_iter().find(|candidate| tree.file(candidate).is_some())
}

fn read(tree: &SourceTree, path: &str) -> Value {
    let text = tree.text(path).map(|text| without_comments(&text)).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

/// The folder of a file; empty for the app's root.
pub(super) fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A folder and those around it, the innermost first, the app's root last.
pub(super) fn folders_up(folder: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(folder), |folder| (!folder.is_empty()).then(|| folder_of(folder)))
}

/// A relative path taken from a folder of the app; absent when it leaves the app.
pub(super) fn join(folder: &str, relative: &str) -> Option<String> {
    let mut path = String::with_capacity(folder.len() + 1 + relative.len());
    path.push_str(folder);
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." if path.is_empty() => return None,
            ".." => path.truncate(path.rfind('/').unwrap_or(0)),
            part => {
                if !path.is_empty() {
                    path.push('/');
                }
                path.push_str(part);
            }
        }
    }
    Some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a specifier in `from` means in an app with these files.
    fn check(files: &[(&str, &str)], from: &str, specifier: &str, expected: Option<&str>) {
        let tree = SourceTree::from_files("app", files.iter().copied());
        let modules = Modules::new(files.iter().map(|(path, _)| *path), &tree);
        let from = files.iter().position(|(path, _)| *path == from).unwrap();
        assert_eq!(modules.find(from, specifier).map(|file| files[file].0), expected, "{specifier}");
    }

    #[test]
    fn a_relative_path_may_leave_out_its_ending_or_name_a_folder() {
        let files = [("a/b.ts", ""), ("a/index.ts", ""), ("index.ts", ""), ("c/d.ts", ""), ("c/e.js.ts", "")];
        for (specifier, expected) in [
            ("./b", Some("a/b.ts")),
            ("./b.js", Some("a/b.ts")),
            ("./b.ts", Some("a/b.ts")),
            (".", Some("a/index.ts")),
            ("./", Some("a/index.ts")),
            ("..", Some("index.ts")),
            ("../c/d.mjs", Some("c/d.ts")),
            ("../c/e.js", Some("c/e.js.ts")),
            ("../../x", None),
            ("b", None),
        ] {
            check(&files, "a/b.ts", specifier, expected);
        }
    }

    #[test]
    fn the_nearest_configuration_gives_short_names_and_the_longest_wins() {
        let config = r#"{
            // where things are
            "compilerOptions": { "baseUrl": "./src", "paths": {
                "@/*": ["./*", "../lib/*"], "@/db/*": ["./storage/*"], "config": ["../config.ts"], "*-x": ["./x/*"],
            } },
        }"#;
        let files = [
            ("tsconfig.json", config),
            ("src/a.ts", ""),
            ("lib/b.ts", ""),
            ("src/storage/c.ts", ""),
            ("config.ts", ""),
            ("src/x/d.ts", ""),
            ("inner/tsconfig.json", "{}"),
            ("inner/e.ts", ""),
        ];
        check(&files, "src/a.ts", "@/a", Some("src/a.ts"));
        check(&files, "src/a.ts", "@/b", Some("lib/b.ts"));
        check(&files, "src/a.ts", "@/db/c", Some("src/storage/c.ts"));
        check(&files, "src/a.ts", "config", Some("config.ts"));
        check(&files, "src/a.ts", "config/x", None);
        check(&files, "src/a.ts", "d-x", Some("src/x/d.ts"));
        check(&files, "src/a.ts", "storage/c", Some("src/storage/c.ts"));
        check(&files, "src/a.ts", "react", None);
        check(&files, "inner/e.ts", "@/a", None);
    }

    #[test]
    fn a_configuration_may_extend_others() {
        let files = [
            ("tsconfig.base.json", r#"{ "compilerOptions": { "paths": { "@/*": ["./src/*"] } } }"#),
            ("apps/tsconfig.json", r#"{ "extends": ["@tsconfig/node", "../tsconfig.base"] }"#),
            ("apps/a.ts", ""),
            ("src/b.ts", ""),
            ("loop/tsconfig.json", r#"{ "extends": "./tsconfig.json" }"#),
            ("loop/c.ts", ""),
        ];
        check(&files, "apps/a.ts", "@/b", Some("src/b.ts"));
        check(&files, "loop/c.ts", "@/b", None);
    }

    #[test]
    fn a_package_gives_names_that_begin_with_a_hash() {
        let package = r##"{ "imports": { "#db": "./src/db.ts", "#lib/*": { "node": "./lib/*.js", "default": "./x/*" } } }"##;
        let files = [("package.json", package), ("src/db.ts", ""), ("lib/a.ts", ""), ("b.ts", "")];
        check(&files, "b.ts", "#db", Some("src/db.ts"));
        check(&files, "b.ts", "#lib/a", Some("lib/a.ts"));
        check(&files, "b.ts", "#other", None);
    }

    #[test]
    fn a_package_of_the_app_is_found_by_its_name() {
        let lib = r#"{ "name": "@app/lib", "main": "dist/index.js", "exports": { "./db": { "default": "./storage/db.js" } } }"#;
        let files = [
            ("packages/lib/package.json", lib),
            ("packages/lib/src/index.ts", ""),
            ("packages/lib/src/b.ts", ""),
            ("packages/lib/storage/db.ts", ""),
            ("a/a.ts", ""),
        ];
        check(&files, "a/a.ts", "@app/lib", Some("packages/lib/src/index.ts"));
        check(&files, "a/a.ts", "@app/lib/b", Some("packages/lib/src/b.ts"));
        check(&files, "a/a.ts", "@app/lib/db", Some("packages/lib/storage/db.ts"));
        check(&files, "a/a.ts", "@app/library", None);
    }

    #[test]
    fn a_broken_configuration_gives_none() {
        for text in ["", "{", "[]", r#"{"compilerOptions": {"paths": {"@/*": 1}}}"#] {
            check(&[(TSCONFIG, text), ("a.ts", "")], "a.ts", "@/a", None);
        }
    }

    #[test]
    fn a_path_is_taken_from_a_folder_and_stays_in_the_app() {
        for (folder, relative, expected) in [
            ("a/b", "./c", Some("a/b/c")),
            ("a/b", "../c/", Some("a/c")),
            ("", "c", Some("c")),
            ("a", "..", Some("")),
            ("a", "../..", None),
        ] {
            assert_eq!(join(folder, relative).as_deref(), expected);
        }
    }
}
