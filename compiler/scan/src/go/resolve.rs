//! The app's code as a whole: packages, where each name is used, and whose code a package is.

use std::collections::{BTreeMap, BTreeSet};

use super::syntax::{self, File, Source, Use};
use crate::SourceTree;

/// Index of a service in the manifest, as it is being made.
pub(super) type ServiceId = usize;

/// The app's Go module.
pub(super) struct Module {
    /// The path by which its root package is imported.
    path: String,
    /// Folders with a `go.mod` of their own: other modules.
    foreign: Vec<String>,
}

/// One package of the app that can matter.
pub(super) struct Package {
    pub(super) folder: String,
    pub(super) import_path: String,
    pub(super) name: String,
}

/// The root of a service.
pub(super) struct Root {
    pub(super) folder: String,
    /// Index in the manifest's services.
    pub(super) service: ServiceId,
}

/// A use of a name, in its file.
#[derive(Clone, Copy)]
pub(super) struct Site<'c, 't> {
    pub(super) file: &'c File<'t>,
    pub(super) used: &'c Use<'t>,
}

/// All files that can matter, and who uses what.
pub(super) struct Code<'t> {
    pub(super) tree: &'t SourceTree,
    pub(super) files: Vec<File<'t>>,
    /// File and use, by package and name.
    uses: BTreeMap<(&'t str, &'t str), Vec<(usize, usize)>>,
    roots: Vec<Root>,
    /// The services that a package's code runs in, by import path.
    services: BTreeMap<String, Vec<ServiceId>>,
}

impl Module {
    /// Reads the app's `go.mod`. Without one the module is called `encore.app`, as the framework's own templates do.
    pub(super) fn read(tree: &SourceTree) -> Self {
        let text = tree.text("go.mod").unwrap_or_default();
        let line = text.lines().find_map(|line| line.trim_start().strip_prefix("module "));
        let path = line.and_then(|line| line.split_ascii_whitespace().next());
        let path = path.map_or("encore.app", |path| path.trim_matches('"')).to_owned();
        let folders = tree.below("").filter_map(|path| path.strip_suffix("/go.mod"));
        Self { path, foreign: folders.map(str::to_owned).collect() }
    }

    fn import_path(&self, folder: &str) -> String {
        if folder.is_empty() { self.path.clone() } else { format!("{}/{folder}", self.path) }
    }

    fn holds(&self, path: &str) -> bool {
        let folders = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let is_read = |part: &str| !(part == "node_modules" || part == "vendor" || part.starts_with('.'));
        (folders.is_empty() || folders.split('/').all(is_read))
            && !self.foreign.iter().any(|folder| is_within(folders, folder))
    }

    /// Parses the files that can matter: those that mention the framework, those beside them, and those that import
    /// another package of the app. Any other file cannot name a resource.
    pub(super) fn sources<'t>(&self, tree: &'t SourceTree) -> Vec<Source<'t>> {
        let files: Vec<_> = tree.files().filter(|(path, _)| is_go(path) && self.holds(path)).collect();
        let folder = |path: &'t str| path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let declaring: BTreeSet<_> =
            files.iter().filter(|(_, text)| mentions_framework(text)).map(|(path, _)| folder(path)).collect();
        let own_import = format!("\"{}/", self.path);
        files
            .into_iter()
            .filter(|(path, text)| declaring.contains(folder(path)) || contains(text, own_import.as_bytes()))
            .filter_map(|(path, text)| syntax::parse(path, text))
            .filter(|source| source.package() != "main")
            .collect()
    }

    /// The packages of these files, by folder.
    pub(super) fn packages(&self, sources: &[Source<'_>]) -> Vec<Package> {
        let mut names = BTreeMap::new();
        for source in sources {
            if !source.package().is_empty() {
                names.entry(source.folder()).or_insert_with(|| source.package());
            }
        }
        let package = |(folder, name): (&str, &str)| Package {
            folder: folder.to_owned(),
            import_path: self.import_path(folder),
            name: name.to_owned(),
        };
        names.into_iter().map(package).collect()
    }
}

/// Whether a file's bytes mention the framework at all.
pub(super) fn mentions_framework(text: &[u8]) -> bool {
    contains(text, b"encore.dev") || contains(text, b"encore:") || contains(text, b"var secrets")
}

fn is_go(path: &str) -> bool {
    path.strip_suffix(".go").is_some_and(|stem| !stem.ends_with("_test"))
}

fn contains(text: &[u8], word: &[u8]) -> bool {
    let Some(first) = word.first() else { return true };
    let mut rest = text;
    while let Some(at) = rest.iter().position(|byte| byte == first) {
        if rest[at..].starts_with(word) {
            return true;
        }
        rest = &rest[at + 1..];
    }
    false
}

impl<'t> Code<'t> {
    /// Finds every use of a package-level name.
    pub(super) fn new(tree: &'t SourceTree, sources: &'t [Source<'t>], packages: &'t [Package]) -> Self {
        let by_path: BTreeMap<_, _> =
            packages.iter().map(|package| (package.import_path.as_str(), package.name.as_str())).collect();
        let by_folder: BTreeMap<_, _> =
            packages.iter().map(|package| (package.folder.as_str(), package.import_path.as_str())).collect();
        let package_of = |path: &'t str| by_path.get(path).copied();
        let files: Vec<_> = sources
            .iter()
            .filter_map(|source| Some(File::new(source, by_folder.get(source.folder())?, &package_of)))
            .collect();
        let mut uses: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (file, uses_of_file) in files.iter().enumerate() {
            for (index, used) in uses_of_file.uses.iter().enumerate() {
                uses.entry((used.package, used.name)).or_default().push((file, index));
            }
        }
        Self { tree, files, uses, roots: Vec::new(), services: BTreeMap::new() }
    }

    /// The uses of a name, in the order of files.
    pub(super) fn sites<'c>(&'c self, package: &str, name: &str) -> Vec<Site<'c, 't>> {
        let at = self.uses.get(&(package, name)).map(Vec::as_slice).unwrap_or_default();
        at.iter()
            .map(|(file, index)| Site { file: &self.files[*file], used: &self.files[*file].uses[*index] })
            .collect()
    }

    /// Takes up the roots of services.
    pub(super) fn assign(&mut self, roots: Vec<Root>) {
        self.roots = roots;
    }

    /// Finds out whose code each package is. `guests` are packages that run in services which do not import them.
    pub(super) fn settle(&mut self, guests: &BTreeMap<String, BTreeSet<ServiceId>>) {
        let mut importers: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let mut folders = BTreeMap::new();
        for file in &self.files {
            folders.insert(file.import_path.as_str(), file.folder);
            for imported in &file.imported {
                importers.entry(imported).or_default().insert(&file.import_path);
            }
        }
        let services = folders.keys().map(|package| {
            let services = self.services_that_reach(package, &folders, &importers, guests);
            ((*package).to_owned(), services.into_iter().collect())
        });
        self.services = services.collect();
    }

    /// A package within a service is that service's; a shared one belongs to every service that imports it, be it
    /// through other shared ones.
    fn services_that_reach(
        &self,
        package: &str,
        folders: &BTreeMap<&str, &str>,
        importers: &BTreeMap<&str, BTreeSet<&str>>,
        guests: &BTreeMap<String, BTreeSet<ServiceId>>,
    ) -> BTreeSet<ServiceId> {
        let mut services = BTreeSet::new();
        let mut seen = BTreeSet::from([package]);
        let mut open = vec![package];
        while let Some(package) = open.pop() {
            if let Some(service) = folders.get(package).and_then(|folder| self.service_of(folder)) {
                services.insert(service);
                continue;
            }
            services.extend(guests.get(package).into_iter().flatten());
            let next = importers.get(package).into_iter().flatten().copied();
            open.extend(next.filter(|importer| seen.insert(importer)));
        }
        services
    }

    /// The service that a folder is part of: that of the nearest root above it.
    pub(super) fn service_of(&self, folder: &str) -> Option<ServiceId> {
        let above = self.roots.iter().filter(|root| is_within(folder, &root.folder));
        above.max_by_key(|root| root.folder.len()).map(|root| root.service)
    }

    /// The services that a file's code runs in.
    pub(super) fn services_of(&self, file: &File<'_>) -> &[ServiceId] {
        self.services.get(&file.import_path).map(Vec::as_slice).unwrap_or_default()
    }
}

/// Whether a folder is another one or lies below it.
pub(super) fn is_within(folder: &str, above: &str) -> bool {
    above.is_empty()
        || folder.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
