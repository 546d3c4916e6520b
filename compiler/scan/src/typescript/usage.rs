//! What is done with a declaration, where and for whom.

use std::collections::BTreeSet;

use compiler_diagnostics::{Code, Diagnostic};
use schema_documents::Position;
use schema_documents::manifest::DatabaseAccess;

use super::construct::Construct;
use super::facts::{Action, Callee, Given, Use};
use super::resolve::Program;
use super::shape::Type;
use super::walk::Reached;

/// Functions that a value is followed through, one into the other.
const MAX_FUNCTIONS: usize = 1_000;

/// Something done with a declaration.
pub(super) struct Usage<'p> {
    program: &'p Program<'p>,
    /// The file of the use.
    file: usize,
    one: &'p Use,
    /// The services whose code does it, as indices.
    pub(super) services: &'p [usize],
    /// The fields of the declared thing that are gone through.
    pub(super) rest: Vec<String>,
    pub(super) action: Action,
    /// The type arguments of a call, and the file in which they are written.
    types: (usize, Vec<Type>),
    /// What the constant SQL text of a call can do.
    pub(super) sql: Option<DatabaseAccess>,
}

impl<'p> Usage<'p> {
    /// All that is done with one thing by one use: what functions of other files do with it, if it is passed to them.
    pub(super) fn all(program: &'p Program<'p>, file: usize, one: &'p Use, reached: &Reached) -> Vec<Self> {
        let services = program.services_running(file);
        let usage =
            |rest, action, types, sql| Self { program, file, one, services, rest, action, types, sql };
        if let (Action::Passed(Some(callee)), true) = (&one.action, reached.rest.is_empty()) {
            let mut passing = Passing { program, seen: BTreeSet::new(), fates: Vec::new() };
            if passing.follow(file, callee, &reached.within).is_some() {
                let fates = passing.fates.into_iter();
                return fates.map(|fate| usage(fate.rest, fate.action, fate.types, fate.sql)).collect();
            }
        }
        vec![usage(reached.rest.clone(), one.action.clone(), (file, one.types.clone()), one.sql)]
    }

    /// Where it is done.
    pub(super) fn at(&self) -> Position {
        self.program.modules[self.file].at(self.one.at)
    }

    /// The names of the services whose code does it.
    pub(super) fn service_names(&self) -> impl Iterator<Item = &'p str> {
        let program = self.program;
        self.services.iter().map(|service| program.services[*service].name.as_str())
    }

    /// The field that it concerns; absent when it is the thing as a whole.
    pub(super) fn field(&self) -> Option<&str> {
        self.rest.first().map(String::as_str)
    }

    /// Whether `ref<…>()` is called, of the thing itself.
    pub(super) fn is_reference(&self) -> bool {
        self.rest == ["ref"] && self.action == Action::Called
    }

    /// The permissions that `ref<…>()` asks for.
    pub(super) fn permissions(&self) -> BTreeSet<String> {
        let (file, types) = &self.types;
        types.iter().flat_map(|one| self.program.framework_types(*file, one)).collect()
    }

    /// Whether it is passed to a declaration of this kind.
    pub(super) fn is_argument_of(&self, construct: Construct) -> bool {
        let declaration = self.program.declared_at(self.file, self.one.at);
        matches!(self.one.action, Action::Passed(_))
            && declaration.is_some_and(|(file, index)| {
                self.program.modules[file].facts.declarations[index].construct == construct
            })
    }

    /// The report that it is done outside of all services.
    pub(super) fn outside(&self, name: &str) -> Diagnostic {
        Diagnostic::error(Code::M0112, format!("`{name}` is used outside of all services"))
            .at(&self.at())
            .note("a use gives the service that makes it the permission for it; here there is no service")
            .help("move this code into the folder of a service, or import it from one")
    }

    /// The report that it is passed on to where it cannot be followed.
    pub(super) fn passed_on(&self, thing: &str, allowed: &str, help: &str) -> Diagnostic {
        Diagnostic::warning(Code::S0018, format!("{thing} is passed on as a value"))
            .at(&self.at())
            .note(format!("what is done with it cannot be followed from here: {allowed}"))
            .help(help)
    }
}

/// What becomes of something that is passed on.
struct Fate {
    rest: Vec<String>,
    action: Action,
    types: (usize, Vec<Type>),
    sql: Option<DatabaseAccess>,
}

/// A value on its way through functions of other files.
struct Passing<'p> {
    program: &'p Program<'p>,
    seen: BTreeSet<(usize, String, usize, Vec<String>)>,
    fates: Vec<Fate>,
}

impl Passing<'_> {
    /// Follows a value into a function, down the properties of the argument. Absent when the function is not known.
    fn follow(&mut self, file: usize, callee: &Callee, within: &[String]) -> Option<()> {
        let program = self.program;
        let (file, name) = program.callee(file, &callee.name, &callee.path)?;
        let within = [&callee.within, within].concat();
        let key = (file, name.clone(), callee.argument, within.clone());
        if self.seen.len() >= MAX_FUNCTIONS || within.len() >= MAX_FUNCTIONS || !program.spend_function() {
            return None;
        }
        if !self.seen.insert(key) {
            return Some(());
        }
        let given = program.given(file, &name)?;
        for one in given.iter().filter(|one| one.parameter == callee.argument) {
            self.take(file, one, &within);
        }
        Some(())
    }

    fn take(&mut self, file: usize, one: &Given, within: &[String]) {
        let Some(rest) = one.path.strip_prefix(within) else {
            // It may go on with the object around it, or with another part of that.
            if let Some(deeper) = within.strip_prefix(one.path.as_slice()) {
                self.pass(file, one, deeper);
            }
            return;
        };
        if rest.is_empty() {
            self.pass(file, one, &[]);
        } else {
            self.fates.push(fate(file, one, rest));
        }
    }

    fn pass(&mut self, file: usize, one: &Given, within: &[String]) {
        let is_followed = match &one.action {
            Action::Passed(Some(callee)) => self.follow(file, callee, within).is_some(),
            Action::Passed(None) => false,
            // Nothing is done with the part by a call of the whole, nor with the value itself by a look at it.
            Action::Called => !within.is_empty(),
            Action::Read => true,
        };
        if !is_followed {
            self.fates.push(fate(file, one, &[]));
        }
    }
}

fn fate(file: usize, one: &Given, rest: &[String]) -> Fate {
    Fate {
        rest: rest.to_vec(),
        action: if rest.is_empty() { Action::Passed(None) } else { one.action.clone() },
        types: (file, one.types.clone()),
        sql: one.sql,
    }
}
