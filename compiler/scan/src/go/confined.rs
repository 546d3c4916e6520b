//! Whether what is added to a Go file concerns a part of the app alone; see [`crate::grown`].

use std::collections::BTreeSet;

use super::facts::{Above, Action, Declaration, Facts, Form, Import, Type, TypeForm, Use, is_framework};
use super::glance::contains_word;
use super::module::{Module, is_within, upwards};
use super::program::{File, Program};
use super::source::{arguments, is_predeclared, makes_a_service, parts};
use crate::grown::{MAX_ADDED, Scene, has_text};
use crate::mentions::Mentions;
use crate::per_file::encode;
use crate::text::apart;
use crate::tree;

/// What files say of each other.
#[derive(Clone, Copy)]
pub(super) enum Said {
    /// A file was read that does not speak of the framework: its path.
    Read,
    /// Another package names this: package and name.
    Named,
    /// A service names this of another package: the service's folder, package and name.
    NamedBy,
    /// A type may have values in other services than its own: package and name.
    Entered,
}

impl Said {
    /// What it begins with.
    pub(super) const fn tag(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Named => "named",
            Self::NamedBy => "named by",
            Self::Entered => "entered",
        }
    }
}

/// What the files of an app say of each other; absent where names stand for things of other packages without saying so.
pub(super) fn mentions(program: &Program<'_>) -> Option<Mentions> {
    if program.files.iter().flat_map(|file| &file.dots).any(|package| program.is_own(package)) {
        return None;
    }
    let mut said: Vec<[&str; 4]> = Vec::new();
    for file in program.files {
        if !file.speaks {
            said.push([Said::Read.tag(), file.path, "", ""]);
        }
    }
    for (file, package, name) in program.all_uses() {
        if package != file.import_path && program.is_own(package) {
            said.push([Said::Named.tag(), package, name, ""]);
            // No folder is called so.
            let root = program.root_of(file.folder).unwrap_or("/");
            said.push([Said::NamedBy.tag(), root, package, name]);
        }
    }
    said.extend(program.entered_types().map(|(package, name)| [Said::Entered.tag(), package, name, ""]));
    Some(Mentions::of(said.into_iter()))
}

/// What a file says more than before.
pub(super) struct Added {
    /// The declarations that are new, by their indices in what it says now.
    declarations: BTreeSet<usize>,
    imports: Vec<Import>,
}

impl Added {
    /// What facts say more than others, and these, as they would be without it.
    pub(super) fn since(before: &Facts, now: &Facts) -> Option<(Facts, Self)> {
        let mut open = about(before).into_iter().peekable();
        let mut kept_at = vec![None; now.declarations.len()];
        let mut declarations = BTreeSet::new();
        for (at, said) in about(now).into_iter().enumerate() {
            if open.next_if_eq(&said).is_some() {
                kept_at[at] = Some(at - declarations.len());
            } else {
                declarations.insert(at);
            }
        }
        let is_within = |used: &Use| used.within < now.declarations.len();
        let is_much = declarations.len() > MAX_ADDED || now.imports.len() > MAX_ADDED;
        if is_much || open.next().is_some() || !now.uses.iter().all(is_within) {
            return None;
        }
        let (old, imports): (Vec<Import>, Vec<Import>) =
            now.imports.iter().cloned().partition(|import| before.imports.contains(import));
        let mut kept = Facts { imports: old, ..now.clone() };
        let all = now.declarations.iter().zip(&kept_at);
        kept.declarations = all.filter(|(_, kept)| kept.is_some()).map(|(one, _)| one.clone()).collect();
        kept.uses.retain_mut(|used| kept_at[used.within].inspect(|at| used.within = *at).is_some());
        kept.directives.retain_mut(|directive| match &mut directive.above {
            Above::Declaration(at) => kept_at[*at].inspect(|kept| *at = *kept).is_some(),
            Above::Other | Above::Nothing | Above::Broken => true,
        });
        Some((kept, Self { declarations, imports }))
    }
}

/// All that is said of each declaration, wherever it stands.
fn about(facts: &Facts) -> Vec<Vec<u8>> {
    let mut uses = vec![Vec::new(); facts.declarations.len()];
    for used in &facts.uses {
        uses.get_mut(used.within)
            .into_iter()
            .for_each(|uses| uses.push((&used.path, &used.action, used.role)));
    }
    let mut above = vec![Vec::new(); facts.declarations.len()];
    for directive in &facts.directives {
        if let Above::Declaration(at) = directive.above {
            above[at].push((&directive.text, directive.skipped));
        }
    }
    let all = facts.declarations.iter().zip(uses).zip(above);
    all.map(|((declaration, uses), above)| apart(|| encode(&(declaration, uses, above))).0).collect()
}

/// All that was said in the package of a file, encoded.
pub(super) fn said_in_package(files: &[File<'_>], file: &File<'_>, kept: &Facts) -> Vec<u8> {
    let is_beside = |other: &&File<'_>| other.import_path == file.import_path && other.path != file.path;
    let others = files.iter().filter(is_beside).map(|other| &other.facts);
    [kept].into_iter().chain(others).flat_map(encode).collect()
}

/// Whether what is added concerns the part alone.
pub(super) struct Judge<'j> {
    pub(super) scene: &'j Scene<'j>,
    pub(super) module: &'j Module,
    pub(super) files: &'j [File<'j>],
    /// The file as it is, and its facts without what was added.
    pub(super) file: &'j File<'j>,
    pub(super) kept: &'j Facts,
    pub(super) added: &'j Added,
    /// All that was said in the package, encoded.
    pub(super) said: Vec<u8>,
}

impl Judge<'_> {
    /// What is said more of others, if nothing comes of that anywhere else.
    pub(super) fn is_confined(&self) -> Option<Mentions> {
        let root = self.root()?;
        let is_fine = self.imports_are_known()
            && self.is_no_new_service()
            && self.runs_no_middleware(root)
            && self.declarations().all(|one| self.is_new(one));
        let mut said = Vec::new();
        for used in self.uses() {
            let named = self.named(used);
            if !is_fine || !self.leads_nowhere(used, root) {
                return None;
            }
            if let Some((package, name)) = named {
                said.push([Said::Named.tag(), package, name, ""]);
                said.push([Said::NamedBy.tag(), root, package, name]);
            }
        }
        (is_fine && self.mentions_are_uses() && self.hides_no_mention())
            .then(|| Mentions::of(said.into_iter()))
    }

    fn declarations(&self) -> impl Iterator<Item = &Declaration> {
        self.added.declarations.iter().map(|at| &self.file.facts.declarations[*at])
    }

    fn uses(&self) -> impl Iterator<Item = &Use> {
        self.file.facts.uses.iter().filter(|used| self.added.declarations.contains(&used.within))
    }

    /// The files of the same package.
    fn package(&self) -> impl Iterator<Item = &File<'_>> {
        self.files.iter().filter(|file| file.import_path == self.file.import_path)
    }

    /// The folder of the service that the file is part of.
    fn root(&self) -> Option<&str> {
        let services = &self.scene.services;
        upwards(self.file.folder).find(|folder| services.iter().any(|service| service == folder))
    }

    /// The package and name that a use has of another package of the app.
    fn named<'u>(&'u self, used: &'u Use) -> Option<(&'u str, &'u str)> {
        let package = self.file.names.get(used.path[0].text.as_str())?;
        self.module.folder_of(package)?;
        Some((package, used.path.get(1).map_or("", |name| name.text.as_str())))
    }

    /// An import of the app loads code and may lead to more, unless it is one of the package already. A name that an import
    /// is given must not have meant something else.
    fn imports_are_known(&self) -> bool {
        let said = encode(&(&self.kept.declarations, &self.kept.uses));
        let is_known = |path: &str| {
            self.module.folder_of(path).is_none()
                || self
                    .package()
                    .filter(|file| file.path != self.file.path)
                    .map(|file| &file.facts)
                    .chain([self.kept])
                    .any(|facts| facts.imports.iter().any(|import| import.path == path))
        };
        let is_unused = |path: &str| {
            let mut names = self.file.names.iter().filter(|(_, imported)| *imported == path);
            names.all(|(name, _)| !has_text(&said, name))
        };
        self.file.dots.is_empty()
            && self.added.imports.iter().all(|import| is_known(&import.path) && is_unused(&import.path))
    }

    /// What makes a folder a service makes its code one of somebody else for the folders around it.
    fn is_no_new_service(&self) -> bool {
        let mut others = self.package().filter(|file| file.path != self.file.path).map(|file| &file.facts);
        !makes_a_service(&self.file.facts) || makes_a_service(self.kept) || others.any(makes_a_service)
    }

    /// Middleware of all services runs wherever there is an endpoint for it.
    fn runs_no_middleware(&self, root: &str) -> bool {
        let is_any = |facts: &Facts| facts.directives.iter().any(|one| one.text.starts_with("middleware"));
        let is_foreign = |file: &&File<'_>| !is_within(file.folder, root);
        let is_directed = self.file.facts.directives.len() != self.kept.directives.len();
        !is_directed
            || is_any(self.kept) == is_any(&self.file.facts)
                && !self.files.iter().filter(is_foreign).any(|file| is_any(&file.facts))
    }

    /// Whether nobody has a name in hand that is declared now.
    fn is_new(&self, declared: &Declaration) -> bool {
        let package = self.file.import_path.as_str();
        let receiver = match &declared.form {
            Form::Function(function) => function.receiver.as_ref(),
            _ => None,
        };
        let is_entered = |name: &str| {
            let mut said = [Said::Entered, Said::Named].into_iter();
            said.any(|said| self.scene.mentions.hold(&[said.tag(), package, name, ""]))
        };
        if receiver.is_some_and(|receiver| is_entered(&receiver.name.text)) {
            return false;
        }
        let is_named = |name: &str| {
            self.scene.mentions.hold(&[Said::Named.tag(), package, name, ""]) || has_text(&self.said, name)
        };
        declared.names.iter().filter(|name| name.text != "_").all(|name| !is_named(&name.text))
    }

    /// Whether a use that was added leads to nothing that was not reached before, or has to be read.
    fn leads_nowhere(&self, used: &Use, root: &str) -> bool {
        if !self.types_are_known(used) {
            return false;
        }
        let Some((package, name)) = self.named(used) else { return true };
        let declared = self.files.iter().filter(|file| file.import_path == package).find_map(|file| {
            let at =
                file.facts.declarations.iter().position(|one| one.names.iter().any(|it| it.text == name));
            Some((file, at?))
        });
        let Some((file, at)) = declared else { return false };
        let is_endpoint = file
            .facts
            .directives
            .iter()
            .any(|one| one.text.starts_with("api") && one.above == Above::Declaration(at));
        let is_of_another = !is_within(file.folder, root);
        is_endpoint && is_of_another
            || matches!(file.facts.declarations[at].form, Form::Variable(_))
                && self.scene.mentions.hold(&[Said::NamedBy.tag(), root, package, name])
    }

    /// Types that a declaration is about are read. Those that it mentions must be known, and lead to no others.
    fn types_are_known(&self, used: &Use) -> bool {
        let is_of_framework =
            self.file.names.get(used.path[0].text.as_str()).is_some_and(|package| is_framework(package));
        let types = match &used.action {
            Action::Called(Some(call)) => &call.types,
            Action::Passed(passed) => &passed.types,
            _ => return true,
        };
        let is_deep = is_of_framework && used.path.last().is_some_and(|word| word.text == "Load");
        !is_deep && types.iter().all(|ty| self.is_known_type(ty))
    }

    fn is_known_type(&self, ty: &Type) -> bool {
        match &ty.form {
            TypeForm::Name { qualifier: Some(package), .. } => {
                let is_own = |path: &String| self.module.folder_of(path).is_some();
                !self.file.names.get(package).is_some_and(is_own) && arguments(ty).is_empty()
            }
            TypeForm::Name { name, .. } => {
                let declared = self.package().flat_map(|file| &file.facts.declarations);
                let is_struct = |form: &Form| match form {
                    Form::Type(spec) => matches!(spec.kind.form, TypeForm::Struct(_)),
                    _ => false,
                };
                let mut declared = declared.filter(|one| one.declares(name));
                let is_known = is_predeclared(name) || declared.any(|one| is_struct(&one.form));
                is_known && arguments(ty).iter().all(|ty| self.is_known_type(ty))
            }
            _ => parts(ty, false).all(|ty| self.is_known_type(ty)),
        }
    }

    /// Whether no file has a new name in what is not known of it.
    fn hides_no_mention(&self) -> bool {
        let names = self.declarations().flat_map(|one| &one.names).filter(|name| name.text != "_");
        let names: BTreeSet<String> = names.map(|name| name.text.to_string()).collect();
        let mut beside =
            self.scene.tree.in_folder(self.file.folder).filter(|(path, _)| *path != self.file.path);
        beside.all(|(path, file)| {
            let touched = match file {
                tree::File::Read(content, _) => Some(content),
                tree::File::Unread(_) | tree::File::Named => None,
            };
            let content = self.scene.beside.get(path).or(touched);
            content.is_none_or(|content| !contains_word(content, &names))
        })
    }

    /// Whether packages of the app are named nowhere but in uses: what stands in a signature or in a type is none.
    fn mentions_are_uses(&self) -> bool {
        let said: Vec<u8> = self.declarations().flat_map(encode).collect();
        let own = self.file.names.iter().filter(|(_, path)| self.module.folder_of(path).is_some());
        own.into_iter().all(|(name, _)| !has_text(&said, name))
    }
}
