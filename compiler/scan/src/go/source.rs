//! Which files are read: those whose facts can matter.
//!
//! A file can matter when it speaks of the framework, or names something of the app that may lead to a resource. That
//! is found in rounds. The first reads the files that speak of the framework or import a package that may. The next ones
//! read files beside these that contain a name which turned out to be wanted: a variable that may hold a resource, or
//! a type that a declaration is about. Packages outside of services are read whole, since it matters which of their
//! functions call each other.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{Above, Action, Facts, Form, Type, TypeForm, Use, facts, usual_name};
use super::glance::{Glance, contains_word, glance};
use super::module::{Module, folder_of, upwards};
use super::program::File;
use crate::SourceTree;

/// A file that may be read.
struct Candidate<'t> {
    path: &'t str,
    content: &'t [u8],
    package: String,
    glance: Glance,
    facts: Option<Facts>,
}

/// Reads the files of an app that can matter.
pub(super) fn read<'t>(tree: &'t SourceTree, module: &Module) -> Vec<File<'t>> {
    let mut candidates = candidates(tree, module);
    let names = package_names(&candidates);
    let leading = leading(&candidates);
    for each in &mut candidates {
        if each.glance.speaks || each.glance.imports.iter().any(|import| leading.contains(import)) {
            each.facts = Some(facts(each.content));
        }
    }
    loop {
        let wanted = Wanted::of(&candidates, &names, &leading);
        let next = candidates.iter_mut().filter(|each| each.facts.is_none() && wanted.has(each));
        if next.map(|each| each.facts = Some(facts(each.content))).count() == 0 {
            break;
        }
    }
    candidates.into_iter().filter_map(|each| file(each, &names)).collect()
}

fn candidates<'t>(tree: &'t SourceTree, module: &Module) -> Vec<Candidate<'t>> {
    let files = tree.files().filter(|(path, content)| module.builds(path, content));
    let candidate = |(path, content)| Candidate {
        path,
        content,
        package: module.import_path(folder_of(path)),
        glance: glance(content, &module.path),
        facts: None,
    };
    files.map(candidate).filter(|each| each.glance.package != "main").collect()
}

/// The names of packages by their import paths.
fn package_names(candidates: &[Candidate<'_>]) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    for each in candidates.iter().filter(|each| !each.glance.package.is_empty()) {
        names.entry(each.package.clone()).or_insert_with(|| each.glance.package.clone());
    }
    names
}

/// The packages that may lead to a resource: those that speak of the framework, and those that import one of them, be it
/// through others.
fn leading(candidates: &[Candidate<'_>]) -> BTreeSet<String> {
    let mut importers: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for each in candidates {
        for import in &each.glance.imports {
            importers.entry(import).or_default().insert(&each.package);
        }
    }
    let mut open: Vec<&str> =
        candidates.iter().filter(|each| each.glance.speaks).map(|each| each.package.as_str()).collect();
    let mut leading = BTreeSet::new();
    while let Some(package) = open.pop() {
        if leading.insert(package.to_owned()) {
            open.extend(importers.get(package).into_iter().flatten());
        }
    }
    leading
}

fn file<'t>(candidate: Candidate<'t>, names: &BTreeMap<String, String>) -> Option<File<'t>> {
    let facts = candidate.facts?;
    if facts.package == "main" {
        return None;
    }
    let dots = facts.imports.iter().filter(|import| import.name.as_deref() == Some("."));
    Some(File {
        path: candidate.path,
        folder: folder_of(candidate.path),
        import_path: candidate.package,
        speaks: candidate.glance.speaks,
        names: imported_names(&facts, names),
        dots: dots.map(|import| import.path.clone()).collect(),
        facts,
    })
}

/// Import paths by the names that they have in a file.
fn imported_names(facts: &Facts, names: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut imported = BTreeMap::new();
    for import in &facts.imports {
        let name = match import.name.as_deref() {
            Some("_" | ".") => continue,
            Some(name) => name,
            None => names.get(&import.path).map_or_else(|| usual_name(&import.path), String::as_str),
        };
        imported.insert(name.to_owned(), import.path.clone());
    }
    imported
}

/// What is looked for in the files that are not read yet.
struct Wanted {
    /// Words, by package.
    words: BTreeMap<String, BTreeSet<String>>,
    /// Packages of which everything is wanted.
    whole: BTreeSet<String>,
}

impl Wanted {
    fn of(
        candidates: &[Candidate<'_>],
        names: &BTreeMap<String, String>,
        leading: &BTreeSet<String>,
    ) -> Self {
        let services = candidates.iter().filter(|each| each.facts.as_ref().is_some_and(makes_a_service));
        let services: BTreeSet<_> = services.map(|each| folder_of(each.path)).collect();
        let in_service =
            |each: &Candidate<'_>| upwards(folder_of(each.path)).any(|folder| services.contains(folder));
        let whole = candidates.iter().filter(|each| leading.contains(&each.package) && !in_service(each));
        let whole = whole.map(|each| each.package.clone()).collect();
        let mut wanted = Self { words: BTreeMap::new(), whole };
        for each in candidates {
            let Some(facts) = &each.facts else { continue };
            let imported = imported_names(facts, names);
            let leads = |used: &Use| {
                let package = imported.get(&used.path[0].text);
                package.is_some_and(|package| leading.contains(package) || !names.contains_key(package))
            };
            let holding: BTreeSet<_> =
                facts.uses.iter().filter(|used| leads(used)).map(|used| used.within).collect();
            let variables = facts.declarations.iter().enumerate().filter(|(index, declaration)| {
                matches!(declaration.form, Form::Variable(_)) && holding.contains(index)
            });
            for (_, declaration) in variables {
                wanted.add(&each.package, declaration.names.iter().map(|name| name.text.as_str()));
            }
        }
        for (package, name) in Types::new(candidates, names).missing() {
            wanted.add(&package, std::iter::once(name.as_str()));
        }
        wanted
    }

    fn add<'w>(&mut self, package: &str, words: impl Iterator<Item = &'w str>) {
        let words = words.filter(|word| *word != "_").map(str::to_owned);
        self.words.entry(package.to_owned()).or_default().extend(words);
    }

    fn has(&self, candidate: &Candidate<'_>) -> bool {
        let words = self.words.get(&candidate.package);
        self.whole.contains(&candidate.package)
            || words.is_some_and(|words| contains_word(candidate.content, words))
    }
}

/// Whether something in a file makes its folder a service.
fn makes_a_service(facts: &Facts) -> bool {
    let is_sign = |text: &str| !text.starts_with("middleware");
    let subscribes = |used: &Use| used.path.last().is_some_and(|word| word.text == "NewSubscription");
    facts.directives.iter().any(|each| matches!(each.above, Above::Declaration(_)) && is_sign(&each.text))
        || facts.uses.iter().any(subscribes)
}

/// The types that declarations are about.
struct Types<'c> {
    candidates: &'c [Candidate<'c>],
    /// The names that packages have in each file that is read.
    imported: Vec<BTreeMap<String, String>>,
    /// Where types are declared, by package and name.
    declared: BTreeMap<(&'c str, &'c str), (usize, &'c Type)>,
    packages: &'c BTreeMap<String, String>,
}

/// A type in a file. Of a deep one the types of its fields are wanted as well.
#[derive(Clone, Copy)]
struct Mention<'c> {
    file: usize,
    ty: &'c Type,
    is_deep: bool,
}

impl<'c> Types<'c> {
    fn new(candidates: &'c [Candidate<'c>], packages: &'c BTreeMap<String, String>) -> Self {
        let names = |each: &Candidate<'_>| each.facts.as_ref().map(|facts| imported_names(facts, packages));
        let imported = candidates.iter().map(|each| names(each).unwrap_or_default()).collect();
        let mut declared = BTreeMap::new();
        for (index, each) in candidates.iter().enumerate() {
            for declaration in each.facts.iter().flat_map(|facts| &facts.declarations) {
                if let Form::Type(spec) = &declaration.form {
                    declared.insert((each.package.as_str(), declaration.name()), (index, &spec.kind));
                }
            }
        }
        Self { candidates, imported, declared, packages }
    }

    /// The types that are wanted and declared in no file that is read, by package and name.
    fn missing(&self) -> BTreeSet<(String, String)> {
        let mut missing = BTreeSet::new();
        let mut seen = BTreeSet::new();
        let mut open = self.mentioned();
        while let Some(mention) = open.pop() {
            let Some((package, name)) = self.named(mention) else {
                open.extend(parts(mention.ty, mention.is_deep).map(|ty| Mention { ty, ..mention }));
                continue;
            };
            open.extend(arguments(mention.ty).iter().map(|ty| Mention { ty, ..mention }));
            if !self.packages.contains_key(package) || !seen.insert((package, name, mention.is_deep)) {
                continue;
            }
            match self.declared.get(&(package, name)) {
                Some((file, ty)) => open.push(Mention { file: *file, ty, ..mention }),
                None => drop(missing.insert((package.to_owned(), name.to_owned()))),
            }
        }
        missing
    }

    /// The types that calls of the framework's functions mention.
    fn mentioned(&self) -> Vec<Mention<'c>> {
        let mut mentioned = Vec::new();
        for (file, each) in self.candidates.iter().enumerate() {
            for used in each.facts.iter().flat_map(|facts| &facts.uses) {
                let is_deep = used.path.last().is_some_and(|word| word.text == "Load");
                let types = match &used.action {
                    Action::Called(Some(call)) => &call.types,
                    Action::Passed(passed) => &passed.types,
                    _ => continue,
                };
                mentioned.extend(types.iter().map(|ty| Mention { file, ty, is_deep }));
            }
        }
        mentioned
    }

    fn named(&self, mention: Mention<'c>) -> Option<(&str, &'c str)> {
        match &mention.ty.form {
            TypeForm::Name { qualifier: Some(package), name, .. } => {
                Some((self.imported[mention.file].get(package).map_or("", String::as_str), name))
            }
            TypeForm::Name { qualifier: None, name, .. } => {
                Some((&self.candidates[mention.file].package, name))
            }
            _ => None,
        }
    }
}

fn arguments(ty: &Type) -> &[Type] {
    match &ty.form {
        TypeForm::Name { arguments, .. } => arguments,
        _ => &[],
    }
}

/// The types that one without a name is made of.
fn parts(ty: &Type, with_fields: bool) -> impl Iterator<Item = &Type> {
    let (one, other, many): (Option<&Type>, Option<&Type>, &[Type]) = match &ty.form {
        TypeForm::Pointer(inner) | TypeForm::List(inner) => (Some(inner), None, &[]),
        TypeForm::Map(key, value) => (Some(key), Some(value), &[]),
        TypeForm::Interface { embedded, .. } => (None, None, embedded),
        TypeForm::Struct(_) | TypeForm::Name { .. } | TypeForm::Other | TypeForm::Broken => (None, None, &[]),
    };
    let fields = match &ty.form {
        TypeForm::Struct(fields) if with_fields => fields.as_slice(),
        _ => &[],
    };
    one.into_iter().chain(other).chain(many).chain(fields.iter().map(|field| &field.kind))
}
