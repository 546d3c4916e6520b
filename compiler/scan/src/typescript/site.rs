//! A declaration at its place, with the questions that every primitive asks of it.

use compiler_diagnostics::{Code, Diagnostic};
use schema_documents::Position;

use super::facts::Declaration;
use super::literal::{Config, Value};
use super::resolve::{Key, Module, Program};
use super::shape::Type;
use crate::text::Place;

/// A declaration at its place.
#[derive(Clone, Copy)]
pub(super) struct Site<'p> {
    pub(super) program: &'p Program<'p>,
    pub(super) key: Key,
    pub(super) module: &'p Module<'p>,
    pub(super) declaration: &'p Declaration,
}

/// A name, and where it is written.
pub(super) struct Named {
    pub(super) name: String,
    pub(super) at: Position,
}

impl<'p> Site<'p> {
    /// The service whose folder holds it, as an index.
    pub(super) fn service(&self) -> Option<usize> {
        self.program.service_of(self.module.path)
    }

    /// The services that run its code, as indices: that one, or for shared code those that load it.
    pub(super) fn services(&self) -> &'p [usize] {
        self.program.services_running(self.key.0)
    }

    /// The name of that service; empty outside of all.
    pub(super) fn service_name(&self) -> String {
        self.service().map(|service| self.program.services[service].name.clone()).unwrap_or_default()
    }

    /// Where it stands: the variable that holds it, else its first line.
    pub(super) fn at(&self) -> Position {
        self.module.at(self.place())
    }

    fn place(&self) -> Place {
        let whole = self.declaration.at;
        match &self.declaration.bound {
            Some((_, name)) if *name < whole => *name,
            _ => self.declaration.arguments.first().map_or(whole, |first| Place {
                end_line: first.at.line,
                end_column: first.at.column,
                ..whole
            }),
        }
    }

    /// An argument.
    pub(super) fn argument(&self, index: usize) -> Option<&'p Value> {
        self.declaration.arguments.get(index)
    }

    /// The name that an argument gives: a string literal. Reports anything else.
    pub(super) fn name(&self, index: usize, out: &mut Vec<Diagnostic>) -> Option<Named> {
        let Some(value) = self.argument(index) else {
            out.push(self.missing("a name"));
            return None;
        };
        let at = self.module.at(value.at);
        let name = value.as_string();
        if name.is_none() {
            out.push(
                Diagnostic::error(
                    Code::S0006,
                    format!("the name in `{}` must be a string literal", self.written()),
                )
                .at(&at)
                .note("the infrastructure of an app is read from its source without running it")
                .help("write the name in place, in quotes"),
            );
        }
        name.map(|name| Named { name: name.to_owned(), at })
    }

    /// The name of the variable that holds it. Reports one that nothing holds.
    pub(super) fn variable(&self, out: &mut Vec<Diagnostic>) -> Option<&'p str> {
        let bound = self.declaration.bound.as_ref();
        if bound.is_none() {
            out.push(
                Diagnostic::error(Code::S0005, format!("`{}` must be held by a variable", self.written()))
                    .at(&self.at())
                    .note("the variable's name is the name by which it is known")
                    .help("write `export const name = …` at the top level of the file"),
            );
        }
        bound.map(|(name, _)| name.as_str())
    }

    /// The configuration that an argument gives; empty when there is no such argument.
    pub(super) fn config(&self, index: usize, known: &[&str], out: &mut Vec<Diagnostic>) -> Config<'p> {
        Config::read(self.module, self.argument(index), known, out)
    }

    /// The report that an argument is missing.
    pub(super) fn missing(&self, what: &str) -> Diagnostic {
        Diagnostic::error(Code::S0007, format!("`{}` needs {what}", self.written()))
            .at(&self.module.at(self.declaration.at))
            .note("the infrastructure of an app is read from its source without running it")
            .help(format!("add {what} to the arguments"))
    }

    /// A type argument, and where it is written.
    pub(super) fn type_argument(&self, index: usize) -> Option<(&'p Type, Position)> {
        let declared = self.declaration.types.get(index)?;
        Some((declared, self.module.at(*self.declaration.types_at.get(index)?)))
    }

    /// Reports fields of a type argument that hold what is no text, number or truth value.
    pub(super) fn check_basic_fields(&self, index: usize, what: &str, why: &str, out: &mut Vec<Diagnostic>) {
        let Some((declared, at)) = self.type_argument(index) else { return };
        for field in self.program.compound_fields(self.key.0, declared) {
            out.push(
                Diagnostic::error(
                    Code::S0020,
                    format!("the {what} `{field}` is not a string, a number or a boolean"),
                )
                .at(&at)
                .note(why)
                .help(format!("give `{field}` one of these types, or leave it out")),
            );
        }
    }

    /// The report that a type argument is missing.
    pub(super) fn missing_type(&self, what: &str, written: &str) -> Diagnostic {
        Diagnostic::error(Code::S0007, format!("`{}` needs {what}", self.written()))
            .at(&self.at())
            .note("the type argument cannot be left to be found out by the compiler")
            .help(format!("write `{written}`"))
    }

    /// The report that a required field of the configuration is missing.
    pub(super) fn missing_field(&self, field: &str) -> Diagnostic {
        Diagnostic::error(Code::S0010, format!("`{}` needs the field `{field}`", self.written()))
            .at(&self.at())
            .note("there is no default for it")
            .help(format!("add `{field}: …` to its configuration"))
    }

    /// The report that a value does not lead to what it should.
    pub(super) fn unresolved(&self, value: &Value, what: &str) -> Diagnostic {
        Diagnostic::error(Code::S0011, format!("this does not lead to {what}"))
            .at(&self.module.at(value.at))
            .note("names are followed through imports and exports, not through function calls")
            .help(format!("name {what} that is declared at the top level of a file of this app"))
    }

    /// How the declaration is written, for messages.
    pub(super) fn written(&self) -> &'static str {
        self.declaration.construct.written()
    }
}
