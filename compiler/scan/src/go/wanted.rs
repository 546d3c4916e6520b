//! What is looked for in files that are not read yet, by what is known from those that are.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::{HashMap, HashSet};

use super::facts::{Above, Action, Declaration, Facts, Form, Type, TypeForm, Use, is_framework, usual_name};
use super::glance::{Glance, contains_word};
use super::module::{folder_of, upwards};
use super::source::Candidate;
use crate::known::Key;
use crate::parallel;
use crate::per_file::{Missing, Sources, Words};

/// Types that no file declares.
const PREDECLARED: [&str; 22] = [
    "any",
    "bool",
    "byte",
    "comparable",
    "complex128",
    "complex64",
    "error",
    "float32",
    "float64",
    "int",
    "int16",
    "int32",
    "int64",
    "int8",
    "rune",
    "string",
    "uint",
    "uint16",
    "uint32",
    "uint64",
    "uint8",
    "uintptr",
];

/// What is looked for in the files that are not read yet.
#[derive(PartialEq)]
pub(super) struct Wanted {
    /// Words, by package.
    words: BTreeMap<String, BTreeSet<String>>,
    /// The same with the names of endpoints and auth handlers, which are looked for in bodies that were left out.
    in_bodies: BTreeMap<String, BTreeSet<String>>,
    /// Packages of which everything is wanted.
    pub(super) whole: BTreeSet<String>,
}

impl Wanted {
    pub(super) fn of(
        candidates: &[Candidate<'_, '_>],
        names: &BTreeMap<String, String>,
        leading: &HashSet<String>,
        services: &BTreeSet<String>,
        threads: usize,
    ) -> Self {
        let in_service = |folder: &str| upwards(folder).any(|folder| services.contains(folder));
        let packages: HashMap<&str, &str> =
            candidates.iter().map(|each| (each.package.as_str(), folder_of(each.path))).collect();
        let whole =
            packages.iter().filter(|(package, folder)| leading.contains(**package) && !in_service(folder));
        let whole = whole.map(|(package, _)| (*package).to_owned()).collect();
        let mut wanted = Self { words: BTreeMap::new(), in_bodies: BTreeMap::new(), whole };
        let root_of = |folder| upwards(folder).find(|folder| services.contains(*folder));
        let roots = packages.iter().map(|(package, folder)| (*package, root_of(*folder))).collect();
        let ((held, missing), ()) = parallel::both(
            threads,
            || (holding(candidates, leading), Types::new(candidates, names).missing()),
            || wanted.add_entered(candidates, leading, &roots),
        );
        for (package, words) in held {
            wanted.add(package, words.into_iter());
        }
        for (package, name) in missing {
            wanted.add(&package, std::iter::once(name.as_str()));
        }
        wanted.in_bodies.clone_from(&wanted.words);
        for each in candidates {
            for name in each.facts.iter().flat_map(directed) {
                wanted.in_bodies.entry(each.package.clone()).or_default().insert(name.to_owned());
            }
        }
        wanted
    }

    /// Wants what the code of a service names in the packages of others: a function runs in the service that calls it, with
    /// all that it calls in turn, and so do the methods of a type. Endpoints are called over the network.
    fn add_entered(
        &mut self,
        candidates: &[Candidate<'_, '_>],
        leading: &HashSet<String>,
        roots: &HashMap<&str, Option<&str>>,
    ) {
        let known = Known::of(candidates);
        for each in candidates {
            let Some(facts) = &each.facts else { continue };
            let own = roots.get(each.package.as_str());
            let is_entered = |package: &str| leading.contains(package) && roots.get(package) != own;
            let entered: HashMap<&str, &str> = each
                .imported
                .iter()
                .map(|(name, package)| (name.as_str(), package.as_str()))
                .filter(|(_, package)| is_entered(package))
                .collect();
            if entered.is_empty() {
                continue;
            }
            for used in &facts.uses {
                let (Some(package), Some(name)) =
                    (entered.get(used.path[0].text.as_str()).copied(), used.path.get(1))
                else {
                    continue;
                };
                let key = (package, name.text.as_str());
                if known.is_followed(key) {
                    continue;
                }
                if used.action == Action::Typed && !known.with_methods.contains(&key) {
                    self.add(package, std::iter::once(name.text.as_str()));
                } else {
                    self.whole.insert(package.to_owned());
                }
            }
        }
    }

    /// The words that are looked for here and not there, by package; absent when another package is wanted whole.
    pub(super) fn more_than(&self, other: &Self) -> Option<BTreeMap<String, BTreeSet<String>>> {
        let mut more: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (own, other) in [(&self.words, &other.words), (&self.in_bodies, &other.in_bodies)] {
            for (package, words) in own {
                let known = other.get(package);
                let new = words.iter().filter(|word| known.is_none_or(|known| !known.contains(*word)));
                more.entry(package.clone()).or_default().extend(new.cloned());
            }
        }
        more.retain(|_, words| !words.is_empty());
        (self.whole == other.whole).then_some(more)
    }

    fn add<'w>(&mut self, package: &str, words: impl Iterator<Item = &'w str>) {
        let words = words.filter(|word| *word != "_").map(str::to_owned);
        self.words.entry(package.to_owned()).or_default().extend(words);
    }

    /// The files of which something is open, and that contain what is wanted, by their indices. Those that contain none of
    /// the words that they are asked for are noted in `answered`, and not asked for the same again.
    pub(super) fn found(
        &self,
        sources: &Sources<'_, '_, Glance, Facts>,
        candidates: &[Candidate<'_, '_>],
        names: &BTreeMap<String, String>,
        leads: impl Fn(&Candidate<'_, '_>) -> bool,
        answered: &mut HashMap<usize, Key>,
    ) -> Result<HashSet<usize>, Missing> {
        let [words, in_bodies] = [&self.words, &self.in_bodies].map(|words| -> HashMap<&str, Words> {
            words.iter().map(|(package, words)| (package.as_str(), Words::new(words))).collect()
        });
        let (mut found, mut asked) = (HashSet::default(), Vec::new());
        for each in candidates.iter().filter(|each| each.is_open()) {
            let words = if leads(each) { &in_bodies } else { &words };
            let is_surprising = each.facts.as_ref().is_some_and(|facts| imports_by_surprise(facts, names));
            if is_surprising || self.whole.contains(&each.package) {
                found.insert(each.index);
            } else if let Some(words) = words.get(each.package.as_str())
                && answered.get(&each.index) != Some(&words.key())
            {
                asked.push((each.index, words));
            }
        }
        let answers = sources.contain(&asked, contains_word)?;
        for ((file, words), is_found) in asked.into_iter().zip(answers) {
            if is_found {
                found.insert(file);
            } else {
                answered.insert(file, words.key());
            }
        }
        Ok(found)
    }
}

/// Whether a package of the app has another name than its path says: then its name was not looked for in bodies.
pub(super) fn imports_by_surprise(facts: &Facts, names: &BTreeMap<String, String>) -> bool {
    let is_surprise = |path: &str| names.get(path).is_some_and(|name| name != usual_name(path));
    facts.imports.iter().any(|import| import.name.is_none() && is_surprise(&import.path))
}

/// The names of endpoints and auth handlers: not all that can be written with them may be.
fn directed(facts: &Facts) -> impl Iterator<Item = &str> {
    let is_called = |text: &str| text.starts_with("api") || text.starts_with("authhandler");
    facts.directives.iter().filter(move |directive| is_called(&directive.text)).filter_map(|directive| {
        let Above::Declaration(at) = directive.above else { return None };
        Some(facts.declarations[at].name())
    })
}

/// What the files that are read declare, by package and name.
#[derive(Default)]
struct Known<'c> {
    endpoints: HashSet<(&'c str, &'c str)>,
    variables: HashSet<(&'c str, &'c str)>,
    with_methods: HashSet<(&'c str, &'c str)>,
}

impl<'c> Known<'c> {
    fn of(candidates: &'c [Candidate<'_, '_>]) -> Self {
        let mut known = Self::default();
        for each in candidates {
            let Some(facts) = &each.facts else { continue };
            let package = each.package.as_str();
            for directive in facts.directives.iter().filter(|directive| directive.text.starts_with("api")) {
                if let Above::Declaration(at) = directive.above {
                    known.endpoints.insert((package, facts.declarations[at].name()));
                }
            }
            for declaration in &facts.declarations {
                match &declaration.form {
                    Form::Variable(_) => {
                        let names = declaration.names.iter().map(|name| (package, name.text.as_str()));
                        known.variables.extend(names);
                    }
                    Form::Function(function) => {
                        let receiver = function.receiver.iter();
                        known.with_methods.extend(receiver.map(|it| (package, it.name.text.as_str())));
                    }
                    Form::Constant | Form::Type(_) => {}
                }
            }
        }
        known
    }

    /// Whether nothing more has to be read to follow a use of a name.
    fn is_followed(&self, key: (&str, &str)) -> bool {
        self.endpoints.contains(&key) || self.variables.contains(&key)
    }
}

/// The variables that may hold a resource, by package: those that are set to something of the framework or of a package
/// that may lead to a resource, and those that are made of such a variable.
fn holding<'c>(
    candidates: &'c [Candidate<'_, '_>],
    leading: &HashSet<String>,
) -> BTreeMap<&'c str, BTreeSet<&'c str>> {
    let mut open: Vec<(&str, &str)> = Vec::new();
    let mut made_of: HashMap<(&str, &str), Vec<&str>> = HashMap::default();
    for each in candidates {
        let Some(facts) = &each.facts else { continue };
        let imported = &each.imported;
        for used in &facts.uses {
            let declaration = facts.declarations.get(used.within);
            let Some(Declaration { names, form: Form::Variable(_), .. }) = declaration else { continue };
            let variables = names.iter().map(|name| name.text.as_str());
            let base = used.path[0].text.as_str();
            match imported.get(base) {
                Some(package) if leading.contains(package) || is_framework(package) => {
                    open.extend(variables.map(|variable| (each.package.as_str(), variable)));
                }
                Some(_) => {}
                None => made_of.entry((&each.package, base)).or_default().extend(variables),
            }
        }
    }
    let mut holding: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    while let Some((package, variable)) = open.pop() {
        if holding.entry(package).or_default().insert(variable) {
            let made = made_of.get(&(package, variable)).into_iter().flatten();
            open.extend(made.map(|made| (package, *made)));
        }
    }
    holding
}

/// Whether something in a file makes its folder a service.
pub(super) fn makes_a_service(facts: &Facts) -> bool {
    let is_sign = |text: &str| !text.starts_with("middleware");
    let subscribes = |used: &Use| used.path.last().is_some_and(|word| word.text == "NewSubscription");
    facts.directives.iter().any(|each| matches!(each.above, Above::Declaration(_)) && is_sign(&each.text))
        || facts.uses.iter().any(subscribes)
}

/// The types that declarations are about.
struct Types<'c> {
    candidates: &'c [Candidate<'c, 'c>],
    /// Where types are declared, by package and name.
    declared: HashMap<(&'c str, &'c str), (usize, &'c Type)>,
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
    fn new(candidates: &'c [Candidate<'c, 'c>], packages: &'c BTreeMap<String, String>) -> Self {
        let mut declared = HashMap::default();
        for (index, each) in candidates.iter().enumerate() {
            for declaration in each.facts.iter().flat_map(|facts| &facts.declarations) {
                if let Form::Type(spec) = &declaration.form {
                    declared.insert((each.package.as_str(), declaration.name()), (index, &spec.kind));
                }
            }
        }
        Self { candidates, declared, packages }
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
                Some((self.candidates[mention.file].imported.get(package).map_or("", String::as_str), name))
            }
            TypeForm::Name { qualifier: None, name, .. } if PREDECLARED.contains(&name.as_str()) => None,
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
