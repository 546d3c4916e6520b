//! The files of an app put together: crates, their trees of modules, and the services whose code they are.

use std::collections::{BTreeMap, BTreeSet};

use schema_documents::Position;

use super::package::{Dependency, Package, join};
use super::syntax::{Binding, Facts, ModuleFile, Scope, ScopeKind};
use crate::SourceTree;
use crate::service_file::is_below;
use crate::text::Place;

/// A file that was read.
pub(super) struct File<'t> {
    /// Its path, relative to the app.
    pub(super) path: &'t str,
    /// Whether it speaks of the SDK.
    pub(super) names_sdk: bool,
    pub(super) facts: Facts,
}

/// A scope of a file, at its place in a crate.
pub(super) struct Module {
    pub(super) file: usize,
    /// Its scope in the file.
    pub(super) scope: usize,
    /// The module around it; absent for the root of a crate. Of a block, the block or module around it.
    pub(super) parent: Option<usize>,
    pub(super) unit: usize,
    pub(super) children: BTreeMap<String, usize>,
    /// The folder in which the files of its modules lie.
    folder: String,
    /// The folder from which `#[path]` is taken.
    path_folder: String,
}

/// A crate.
pub(super) struct Unit {
    pub(super) root: usize,
    /// What its code calls other crates.
    pub(super) names: BTreeMap<String, Crate>,
}

/// What the name of a crate leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Crate {
    Sdk,
    /// The root module of a crate of this app.
    Root(usize),
}

/// Names a `static` or `const`: its module and its index there.
pub(super) type Key = (usize, usize);

/// The whole app.
pub(super) struct Program<'t> {
    pub(super) files: Vec<File<'t>>,
    pub(super) modules: Vec<Module>,
    pub(super) units: Vec<Unit>,
    /// Folders of the services, in the order of the manifest's.
    services: Vec<String>,
    /// The services in which the code of each file runs.
    runs_in: BTreeMap<usize, Vec<usize>>,
    /// `mod name;` without a file.
    pub(super) missing: Vec<(usize, ModuleFile)>,
    /// Services whose code is part of no crate, each with a file that speaks of the SDK.
    pub(super) lost: Vec<(usize, &'t str)>,
}

impl<'t> Program<'t> {
    /// Puts the files of an app together.
    pub(super) fn new(
        tree: &SourceTree,
        files: Vec<File<'t>>,
        packages: &[Package],
        services: Vec<String>,
    ) -> Self {
        let mut builder = Builder::new(tree, &files);
        for (index, package) in packages.iter().enumerate() {
            builder.crates(index, package);
        }
        let names: Vec<_> = builder.unit_packages.iter().map(|unit| builder.names(*unit, packages)).collect();
        let runs_in = builder.runs_in(packages, &services);
        let lost = builder.lost(packages, &services);
        let Builder { modules, roots, missing, .. } = builder;
        let units = roots.into_iter().zip(names).map(|(root, names)| Unit { root, names }).collect();
        Self { files, modules, units, services, runs_in, missing, lost }
    }

    /// The facts of a module.
    pub(super) fn scope(&self, module: usize) -> &Scope {
        let module = &self.modules[module];
        &self.files[module.file].facts.scopes[module.scope]
    }

    /// A `static` or `const`.
    pub(super) fn binding(&self, key: Key) -> &Binding {
        &self.scope(key.0).bindings[key.1]
    }

    /// The file that a module is written in.
    pub(super) fn path(&self, module: usize) -> &'t str {
        self.files[self.modules[module].file].path
    }

    /// The position of a place in a module's file.
    pub(super) fn at(&self, module: usize, place: Place) -> Position {
        place.in_file(self.path(module))
    }

    /// The service whose folder holds a module's file.
    pub(super) fn service_of(&self, module: usize) -> Option<usize> {
        service_of(&self.services, self.path(module))
    }

    /// The services in which a module's code runs: that whose folder holds it, else all that have it in one of their
    /// crates or in one that these depend on.
    pub(super) fn services_of(&self, module: usize) -> &[usize] {
        self.runs_in.get(&self.modules[module].file).map_or(&[], Vec::as_slice)
    }
}

/// A folder belongs to one service.
fn service_of(services: &[String], path: &str) -> Option<usize> {
    services.iter().position(|folder| is_below(path, folder))
}

struct Builder<'b, 't> {
    tree: &'b SourceTree,
    files: &'b [File<'t>],
    by_path: BTreeMap<&'t str, usize>,
    modules: Vec<Module>,
    /// The module that each file became.
    module_of: BTreeMap<usize, usize>,
    /// The root of each crate, and its package.
    roots: Vec<usize>,
    unit_packages: Vec<usize>,
    missing: Vec<(usize, ModuleFile)>,
}

impl<'b, 't> Builder<'b, 't> {
    fn new(tree: &'b SourceTree, files: &'b [File<'t>]) -> Self {
        let by_path = files.iter().enumerate().map(|(index, file)| (file.path, index)).collect();
        Self {
            tree,
            files,
            by_path,
            modules: Vec::new(),
            module_of: BTreeMap::new(),
            roots: Vec::new(),
            unit_packages: Vec::new(),
            missing: Vec::new(),
        }
    }

    /// The crates of a package: its library first, since programs name it.
    fn crates(&mut self, package: usize, about: &Package) {
        let library = about.library.iter().map(|(_, path)| path);
        for path in library.chain(&about.programs) {
            let Some(&file) = self.by_path.get(path.as_str()) else { continue };
            if self.module_of.contains_key(&file) {
                continue;
            }
            let unit = self.roots.len();
            self.roots.push(self.modules.len());
            self.unit_packages.push(package);
            self.attach_all(file, unit);
        }
    }

    /// Attaches a file and, one after the other, all that it leads to.
    fn attach_all(&mut self, file: usize, unit: usize) {
        let folder = folder_of(self.files[file].path);
        let mut waiting = self.attach(file, unit, None, folder);
        while let Some((module, declared)) = waiting.pop() {
            let Some((path, folder)) = self.file_of(module, &declared) else { continue };
            let Some(&file) = self.by_path.get(path.as_str()) else { continue };
            // A file is one module, however often it is named.
            let known = self.module_of.get(&file).copied();
            let child = known.unwrap_or(self.modules.len());
            if known.is_none() {
                waiting.extend(self.attach(file, unit, Some(module), &folder));
            }
            self.modules[module].children.insert(declared.name, child);
        }
    }

    /// Makes modules of the scopes of a file, and returns the modules in other files that they name.
    fn attach(
        &mut self,
        file: usize,
        unit: usize,
        parent: Option<usize>,
        folder: &str,
    ) -> Vec<(usize, ModuleFile)> {
        let first = self.modules.len();
        self.module_of.insert(file, first);
        let files = self.files;
        let mut waiting = Vec::new();
        for (index, scope) in files[file].facts.scopes.iter().enumerate() {
            let around = if index == 0 { parent } else { Some(first + scope.parent) };
            let (folder, path_folder) = match (&scope.kind, around) {
                (ScopeKind::File, _) | (_, None) => {
                    (folder.to_owned(), folder_of(files[file].path).to_owned())
                }
                (ScopeKind::Block, Some(around)) => {
                    let around = &self.modules[around];
                    (around.folder.clone(), around.path_folder.clone())
                }
                (ScopeKind::Module(name, path), Some(around)) => {
                    self.modules[around].children.insert(name.clone(), first + index);
                    let around = &self.modules[around];
                    let inner = match path {
                        Some(path) => join(&around.path_folder, path),
                        None => join(&around.folder, name),
                    };
                    let inner = inner.unwrap_or_default();
                    (inner.clone(), inner)
                }
            };
            waiting.extend(scope.files.iter().map(|declared| (first + index, declared.clone())));
            self.modules.push(Module {
                file,
                scope: index,
                parent: around,
                unit,
                children: BTreeMap::new(),
                folder,
                path_folder,
            });
        }
        waiting
    }

    /// The file of `mod name;`, and the folder of its own modules. Notes one that is nowhere.
    fn file_of(&mut self, module: usize, declared: &ModuleFile) -> Option<(String, String)> {
        let Module { folder, path_folder, file, .. } = &self.modules[module];
        let name = &declared.name;
        let candidates = if let Some(path) = &declared.path {
            let path = join(path_folder, path)?;
            let folder = folder_of(&path).to_owned();
            vec![(path, folder)]
        } else {
            let inner = join(folder, name)?;
            vec![(format!("{inner}.rs"), inner.clone()), (format!("{inner}/mod.rs"), inner)]
        };
        let found = candidates.into_iter().find(|(path, _)| self.tree.exists(path));
        if found.is_none() {
            self.missing.push((*file, declared.clone()));
        }
        found
    }

    /// What the code of a package calls other crates.
    fn names(&self, package: usize, packages: &[Package]) -> BTreeMap<String, Crate> {
        let library = |package: &Package| {
            let (_, path) = package.library.as_ref()?;
            let root = self.module_of.get(self.by_path.get(path.as_str())?)?;
            Some(Crate::Root(*root))
        };
        let mut names = BTreeMap::new();
        let own = &packages[package];
        if let (Some((name, _)), Some(root)) = (&own.library, library(own)) {
            names.insert(name.clone(), root);
        }
        for (name, dependency) in &own.dependencies {
            let found = match dependency {
                Dependency::Sdk => Some(Crate::Sdk),
                Dependency::Package(folder) => {
                    packages.iter().find(|other| other.folder == *folder).and_then(library)
                }
            };
            names.extend(found.map(|found| (name.clone(), found)));
        }
        names
    }

    /// Services in whose folders no crate begins and no file is part of one.
    fn lost(&self, packages: &[Package], services: &[String]) -> Vec<(usize, &'t str)> {
        let first_files = |package: &'_ Package| {
            let library = package.library.iter().map(|(_, path)| path.clone());
            library.chain(package.programs.iter().cloned()).collect::<Vec<_>>()
        };
        let first_files: Vec<String> = packages.iter().flat_map(first_files).collect();
        let lost = services.iter().enumerate().filter_map(|(service, folder)| {
            let own = || self.files.iter().enumerate().filter(|(_, file)| is_below(file.path, folder));
            let is_reached = first_files.iter().any(|path| is_below(path, folder))
                || own().any(|(file, _)| self.module_of.contains_key(&file));
            let (_, speaks) = own().find(|(_, file)| file.names_sdk)?;
            (!is_reached).then_some((service, speaks.path))
        });
        lost.collect()
    }

    /// The services in which the code of each file runs.
    fn runs_in(&self, packages: &[Package], services: &[String]) -> BTreeMap<usize, Vec<usize>> {
        let package_of = |file: usize| {
            let module = self.module_of.get(&file)?;
            Some(self.unit_packages[self.modules[*module].unit])
        };
        let mut reach = vec![BTreeSet::new(); packages.len()];
        let mut has_code = BTreeSet::new();
        for (file, about) in self.files.iter().enumerate() {
            if let (Some(package), Some(service)) = (package_of(file), service_of(services, about.path)) {
                reach[package].insert(service);
                has_code.insert(service);
            }
        }
        // A service without code of its own is run by the package that it lies in.
        for (service, folder) in
            services.iter().enumerate().filter(|(service, _)| !has_code.contains(service))
        {
            let around = packages.iter().enumerate();
            let around =
                around.filter(|(_, package)| is_below(folder, &package.folder) || package.folder == *folder);
            if let Some((package, _)) = around.max_by_key(|(_, package)| package.folder.len()) {
                reach[package].insert(service);
            }
        }
        spread(&mut reach, packages);
        let services_of = |file: usize, path: &str| match service_of(services, path) {
            Some(service) => vec![service],
            None => {
                package_of(file).map(|package| reach[package].iter().copied().collect()).unwrap_or_default()
            }
        };
        self.files.iter().enumerate().map(|(file, about)| (file, services_of(file, about.path))).collect()
    }
}

/// What reaches a package reaches those that it depends on.
fn spread(reach: &mut [BTreeSet<usize>], packages: &[Package]) {
    let index_of: BTreeMap<&str, usize> =
        packages.iter().enumerate().map(|(index, package)| (package.folder.as_str(), index)).collect();
    let mut waiting: Vec<usize> = (0..packages.len()).collect();
    while let Some(package) = waiting.pop() {
        for dependency in packages[package].dependencies.values() {
            let Dependency::Package(folder) = dependency else { continue };
            let Some(&other) = index_of.get(folder.as_str()) else { continue };
            let before = reach[other].len();
            let services = reach[package].clone();
            reach[other].extend(services);
            if reach[other].len() > before {
                waiting.push(other);
            }
        }
    }
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}
