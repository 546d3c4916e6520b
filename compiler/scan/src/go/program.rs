//! The app's code as a whole: what each name means, where it is used, and whose code each declaration is.

use std::collections::{BTreeMap, BTreeSet};

use compiler_diagnostics::{Code, Diagnostic};
use foldhash::HashMap;
use schema_documents::Position;

use super::facts::{
    Action, Call, Declaration, Facts, Form, Passed, Role, Type, TypeForm, TypeSpec, Use, Word,
};
use super::module::{Module, upwards};
use super::reach::{self, Reached};
use crate::SourceTree;
use crate::text::Place;

/// Index of a service in the manifest, as it is being made.
pub(super) type ServiceId = usize;

/// A declaration, by the indices of its file and its own.
pub(super) type Node = (usize, usize);

/// One file of the app, with its facts.
pub(super) struct File<'t> {
    /// Its index among all sources.
    pub(super) listed: usize,
    pub(super) path: &'t str,
    /// The folder, relative to the app's root; empty for the root itself.
    pub(super) folder: &'t str,
    /// The path by which other packages import this one.
    pub(super) import_path: String,
    /// Whether it speaks of the framework.
    pub(super) speaks: bool,
    pub(super) facts: Facts,
    /// Import paths by the names that they have in this file.
    pub(super) names: HashMap<String, String>,
    /// Import paths of packages whose names stand without a dot.
    pub(super) dots: Vec<String>,
}

impl File<'_> {
    /// The position of a place in this file.
    pub(super) fn at(&self, place: Place) -> Position {
        place.in_file(self.path)
    }

    /// The declaration that a use stands in.
    pub(super) fn declaration(&self, used: &Use) -> Option<&Declaration> {
        self.facts.declarations.get(used.within)
    }
}

/// What a path of names leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Named<'p> {
    /// Import path of the package that declares the name.
    pub(super) package: &'p str,
    pub(super) name: &'p str,
    /// How many words of the path it takes.
    pub(super) words: usize,
}

/// A use of a name, in its file.
#[derive(Clone, Copy)]
pub(super) struct Site<'p> {
    pub(super) file: &'p File<'p>,
    pub(super) used: &'p Use,
    /// Index of the file.
    index: usize,
    /// How many words of the path are the name.
    words: usize,
}

/// What is done with a name.
pub(super) enum Doing<'p> {
    /// `name(…)`: the call, if that is of the framework.
    Called(Option<&'p Call>),
    /// `name.method(…)`.
    Method(&'p str),
    /// `name.field`, or something of that.
    Field(&'p str),
    /// `call(…, name, …)`.
    Passed(&'p Passed),
    Typed,
    /// Anything else.
    Valued,
}

impl<'p> Site<'p> {
    /// Where the name stands.
    pub(super) fn place(&self) -> Place {
        let path = &self.used.path;
        let (first, last) = (path[0].at, path[self.words - 1].at);
        Place { end_line: last.end_line, end_column: last.end_column, ..first }
    }

    /// The position of the name.
    pub(super) fn at(&self) -> Position {
        self.file.at(self.place())
    }

    /// What is reached from the name with dots.
    pub(super) fn rest(&self) -> &'p [Word] {
        &self.used.path[self.words..]
    }

    /// What is done with the name.
    pub(super) fn doing(&self) -> Doing<'p> {
        match (self.rest(), &self.used.action) {
            ([], Action::Called(call)) => Doing::Called(call.as_deref()),
            ([], Action::Queried(_)) => Doing::Called(None),
            ([], Action::Passed(passed)) => Doing::Passed(passed),
            ([], Action::Typed) => Doing::Typed,
            ([], Action::Valued) => Doing::Valued,
            ([method], Action::Called(_) | Action::Queried(_)) => Doing::Method(&method.text),
            ([field, ..], _) => Doing::Field(&field.text),
        }
    }

    /// Whether it is passed to a function.
    pub(super) fn is_passed_to(&self, program: &Program<'_>, package: &str, function: &str) -> bool {
        let Doing::Passed(passed) = self.doing() else { return false };
        let named = program.resolve_texts(self.file, &passed.function);
        named.is_some_and(|named| (named.package, named.name) == (package, function))
    }

    /// The report that something is used outside of all services.
    pub(super) fn outside(&self, what: &str) -> Diagnostic {
        Diagnostic::error(Code::M0112, format!("the {what} is used outside of all services"))
            .at(&self.at())
            .note("a use gives the service that makes it the permission for it; no service runs this code")
            .help("move this code into a service, or pass it what it needs from one")
    }

    /// The package-level variables that are set to what this is, or to something made of it.
    pub(super) fn variables(&self) -> &'p [Word] {
        match (self.used.role, self.file.declaration(self.used)) {
            (Role::Whole | Role::Part, Some(declaration)) => &declaration.names,
            _ => &[],
        }
    }
}

/// Something about names, by package and name.
type ByName<'t, T> = HashMap<&'t str, HashMap<&'t str, Vec<T>>>;

/// What is known of a name.
fn of<'m, T>(map: &'m ByName<'_, T>, package: &str, name: &str) -> &'m [T] {
    map.get(package).and_then(|names| names.get(name)).map(Vec::as_slice).unwrap_or_default()
}

/// All files that can matter, and who uses what.
pub(super) struct Program<'t> {
    pub(super) tree: &'t SourceTree,
    module: &'t Module,
    pub(super) files: &'t [File<'t>],
    /// Where a name is declared, methods left out, by package and name: file and index.
    declared: ByName<'t, Node>,
    /// Uses by package and name: file, index, and how many words the name takes.
    uses: ByName<'t, (usize, usize, usize)>,
    /// The services by their root folders.
    roots: BTreeMap<String, ServiceId>,
    /// In which services code runs.
    reached: Reached<'t>,
}

impl<'t> Program<'t> {
    /// Finds out what each name means.
    pub(super) fn new(tree: &'t SourceTree, module: &'t Module, files: &'t [File<'t>]) -> Self {
        let mut program = Self {
            tree,
            module,
            files,
            declared: ByName::default(),
            uses: ByName::default(),
            roots: BTreeMap::new(),
            reached: Reached::default(),
        };
        for (index, file) in files.iter().enumerate() {
            for (at, declaration) in file.facts.declarations.iter().enumerate() {
                for name in declaration.names.iter().filter(|name| declaration.declares(&name.text)) {
                    let names = program.declared.entry(&file.import_path).or_default();
                    names.entry(&name.text).or_default().push((index, at));
                }
            }
        }
        for (index, file) in files.iter().enumerate() {
            for (at, used) in file.facts.uses.iter().enumerate() {
                if let Some(named) = program.resolve(file, &used.path)
                    && program.matters(named.package)
                {
                    let names = program.uses.entry(named.package).or_default();
                    names.entry(named.name).or_default().push((index, at, named.words));
                }
            }
        }
        program
    }

    /// Whether anything is asked about the names of a package: about those of the app and of the framework.
    fn matters(&self, package: &str) -> bool {
        package.starts_with("encore.dev/") || self.module.folder_of(package).is_some()
    }

    /// What a path of words in a file leads to.
    pub(super) fn resolve<'p>(&self, file: &'p File<'_>, path: &'p [Word]) -> Option<Named<'p>> {
        let texts = [path.first()?.text.as_str(), path.get(1).map_or("", |word| word.text.as_str())];
        self.named(file, texts)
    }

    /// What a path of texts in a file leads to.
    pub(super) fn resolve_texts<'p>(&self, file: &'p File<'_>, path: &'p [String]) -> Option<Named<'p>> {
        self.named(file, [path.first()?.as_str(), path.get(1).map_or("", String::as_str)])
    }

    /// What the name of a type leads to.
    pub(super) fn resolve_type<'p>(&self, file: &'p File<'_>, ty: &'p Type) -> Option<Named<'p>> {
        match &ty.form {
            TypeForm::Name { qualifier: Some(qualifier), name, .. } => self.named(file, [qualifier, name]),
            TypeForm::Name { qualifier: None, name, .. } => self.named(file, [name, ""]),
            _ => None,
        }
    }

    fn named<'p>(&self, file: &'p File<'_>, [first, second]: [&'p str; 2]) -> Option<Named<'p>> {
        if let Some(package) = file.names.get(first) {
            return (!second.is_empty()).then_some(Named { package, name: second, words: 2 });
        }
        let own = Named { package: &file.import_path, name: first, words: 1 };
        let declares = |package: &str| !of(&self.declared, package, first).is_empty();
        if file.dots.is_empty() || declares(own.package) {
            return Some(own);
        }
        let of_framework = |package: &&String| self.module.folder_of(package).is_none();
        let dot = file
            .dots
            .iter()
            .find(|package| declares(package))
            .or_else(|| file.dots.iter().find(of_framework));
        Some(dot.map_or(own, |package| Named { package, ..own }))
    }

    /// The uses of a name, in the order of files.
    pub(super) fn sites<'p>(&'p self, package: &str, name: &str) -> Vec<Site<'p>> {
        of(&self.uses, package, name)
            .iter()
            .map(|(file, used, words)| self.site(*file, *used, *words))
            .collect()
    }

    fn site(&self, index: usize, used: usize, words: usize) -> Site<'_> {
        let file = &self.files[index];
        Site { file, used: &file.facts.uses[used], index, words }
    }

    /// Where a name is declared.
    pub(super) fn declaration(&self, package: &str, name: &str) -> Option<(&'t File<'t>, &'t Declaration)> {
        let (file, index) = *of(&self.declared, package, name).first()?;
        let file = &self.files[file];
        Some((file, &file.facts.declarations[index]))
    }

    /// All declarations of a name in a package; of functions called `init` there may be several.
    pub(super) fn declarations(&self, package: &str, name: &str) -> &[Node] {
        of(&self.declared, package, name)
    }

    /// How a type is declared.
    pub(super) fn type_spec(&self, package: &str, name: &str) -> Option<(&'t File<'t>, &'t TypeSpec)> {
        match self.declaration(package, name)? {
            (file, Declaration { form: Form::Type(spec), .. }) => Some((file, spec)),
            _ => None,
        }
    }

    /// Whether a package may be one of the app.
    pub(super) fn is_own(&self, package: &str) -> bool {
        self.module.folder_of(package).is_some()
    }

    /// The folder of a package of the app.
    pub(super) fn folder_of<'p>(&self, package: &'p str) -> Option<&'p str> {
        self.module.folder_of(package).filter(|folder| self.tree.has_folder(folder))
    }

    /// Takes up the roots of services.
    pub(super) fn assign(&mut self, roots: BTreeMap<String, ServiceId>) {
        self.roots = roots;
    }

    /// Finds out in which services each declaration's code runs. `guests` are functions that run in services which do
    /// not name them, and `endpoints` those that are called over the network from other services. Gives the paths of the
    /// files that have to be read whole before that is known.
    pub(super) fn settle(
        &mut self,
        guests: &[(Node, BTreeSet<ServiceId>)],
        endpoints: &BTreeSet<Node>,
        threads: usize,
    ) -> BTreeSet<String> {
        let unfinished;
        (self.reached, unfinished) = reach::reach(self, guests, endpoints, threads);
        unfinished.into_iter().map(|file| self.files[file].path.to_owned()).collect()
    }

    /// The service that a folder is part of: that of the nearest root above it.
    pub(super) fn service_of(&self, folder: &str) -> Option<ServiceId> {
        self.root_above(folder).map(|(_, service)| *service)
    }

    /// The root folder of the service that a folder is part of.
    pub(super) fn root_of(&self, folder: &str) -> Option<&str> {
        self.root_above(folder).map(|(root, _)| root.as_str())
    }

    fn root_above(&self, folder: &str) -> Option<(&String, &ServiceId)> {
        upwards(folder).find_map(|folder| self.roots.get_key_value(folder))
    }

    /// The services whose code a use is.
    pub(super) fn services_of(&self, site: &Site<'_>) -> &[ServiceId] {
        self.reached.runs((site.index, site.used.within))
    }

    /// Whether a use is in a package that no service loads.
    pub(super) fn is_outside(&self, site: &Site<'_>) -> bool {
        self.services_of(site).is_empty() && self.services_that_load(&site.file.import_path).is_empty()
    }

    /// The services in which code of a file runs.
    fn running(&self, index: usize) -> impl Iterator<Item = ServiceId> {
        let declarations = 0..self.files[index].facts.declarations.len();
        declarations.flat_map(move |at| self.reached.runs((index, at))).copied()
    }

    /// Whether code of a file runs in a service.
    pub(super) fn runs_in(&self, index: usize, service: ServiceId) -> bool {
        self.running(index).any(|running| running == service)
    }

    /// Whether code of a file runs in another service than that which the file is part of.
    pub(super) fn is_entered(&self, index: usize) -> bool {
        let own = self.service_of(self.files[index].folder);
        self.running(index).any(|service| Some(service) != own)
    }

    /// The names of the app's packages that are named in other packages, by package and name.
    pub(super) fn asked(&self) -> impl Iterator<Item = (&'t str, &'t str)> {
        let own = self.uses.iter().filter(|(package, _)| self.is_own(package));
        let names =
            own.flat_map(|(package, names)| names.iter().map(move |(name, uses)| (*package, *name, uses)));
        let is_elsewhere = |package: &str, uses: &[(usize, usize, usize)]| {
            uses.iter().any(|(file, ..)| self.files[*file].import_path != package)
        };
        names
            .filter(move |(package, _, uses)| is_elsewhere(package, uses))
            .map(|(package, name, _)| (package, name))
    }

    /// The services that load a package: its own, or those that import it, be it through others.
    pub(super) fn services_that_load(&self, package: &str) -> &[ServiceId] {
        self.reached.loads.get(package).map(Vec::as_slice).unwrap_or_default()
    }
}
