//! A declaration at its place, with the questions that every primitive asks of it.

use compiler_diagnostics::{Code, Diagnostic, closest};
use schema_documents::Position;

use super::construct::Construct;
use super::facts::{Argument, Declaration};
use super::literal::{Kind, Value, duration_ns};
use super::resolve::{Key, Module, Program};

/// A declaration at its place.
#[derive(Clone, Copy)]
pub(super) struct Site<'p> {
    pub(super) program: &'p Program<'p>,
    pub(super) key: Key,
    pub(super) module: &'p Module<'p>,
    pub(super) declaration: &'p Declaration,
    pub(super) construct: Construct,
}

/// A name, and where it is written.
pub(super) struct Named {
    pub(super) name: String,
    pub(super) at: Position,
}

/// What a constructor takes.
#[derive(Clone, Copy)]
pub(super) struct Signature {
    /// Arguments that may be given by their position, in order.
    pub(super) positional: &'static [&'static str],
    /// Arguments that are given by their names alone.
    pub(super) named: &'static [&'static str],
}

/// The arguments of a call, by their names.
pub(super) struct Arguments<'p> {
    site: Site<'p>,
    given: Vec<(&'p str, &'p Argument)>,
}

impl<'p> Site<'p> {
    /// The service whose folder holds it, as an index.
    pub(super) fn service(&self) -> Option<usize> {
        self.program.service_of(self.key.0)
    }

    /// Where it stands: the variable that holds it, else what is called.
    pub(super) fn at(&self) -> Position {
        let place = self.declaration.bound.as_ref().map_or(self.declaration.callee_at, |(_, place)| *place);
        self.module.at(place)
    }

    /// How the declaration is written, for messages.
    pub(super) fn written(&self) -> String {
        match self.construct {
            Construct::Metric(..) | Construct::NamedMetric => {
                let path = self.declaration.callee.full_path();
                path[path.len().saturating_sub(if self.construct == Construct::NamedMetric {
                    3
                } else {
                    2
                })..]
                    .join(".")
            }
            Construct::Call => {
                let path = self.declaration.callee.full_path();
                path.last().cloned().unwrap_or_default()
            }
            other => other.written().to_owned(),
        }
    }

    /// Reads the arguments, and reports those that it does not take.
    pub(super) fn arguments(&self, takes: Signature, out: &mut Vec<Diagnostic>) -> Arguments<'p> {
        let mut given: Vec<(&'p str, &'p Argument)> = Vec::new();
        let mut positions = takes.positional.iter();
        for argument in &self.declaration.arguments {
            if argument.value.kind == Kind::Spread {
                out.push(self.spread(&argument.value));
                continue;
            }
            let name = match &argument.name {
                Some((name, _)) => name.as_str(),
                None => match positions.next() {
                    Some(name) => name,
                    None => {
                        out.push(self.too_many(takes, &argument.value));
                        continue;
                    }
                },
            };
            if let Some((_, place)) = argument.name.as_ref().filter(|_| !takes.knows(name)) {
                let known = || takes.positional.iter().chain(takes.named).copied();
                let help = match closest(name, known()) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => format!("it takes `{}`", known().collect::<Vec<_>>().join("`, `")),
                };
                out.push(
                    Diagnostic::error(Code::S0008, format!("`{}` takes no `{name}`", self.written()))
                        .at(&self.module.at(*place))
                        .note("the SDK refuses it when the app starts")
                        .help(help),
                );
            } else if given.iter().any(|(other, _)| *other == name) {
                out.push(
                    Diagnostic::error(Code::S0007, format!("`{name}` is given twice"))
                        .at(&self.module.at(argument.value.at))
                        .note("it can have one value")
                        .help("remove one of the two"),
                );
            } else {
                given.push((name, argument));
            }
        }
        Arguments { site: *self, given }
    }

    fn spread(&self, value: &Value) -> Diagnostic {
        Diagnostic::error(Code::S0009, format!("the arguments of `{}` must be written out", self.written()))
            .at(&self.module.at(value.at))
            .note("the infrastructure of an app is read from its source without running it")
            .help("write each argument in place instead of `*` or `**`")
    }

    fn too_many(&self, takes: Signature, value: &Value) -> Diagnostic {
        let count = takes.positional.len();
        let plural = if count == 1 { "" } else { "s" };
        let message = format!("`{}` takes {count} argument{plural} without a name", self.written());
        let help = match takes.named.first() {
            Some(name) => format!("write the rest by their names, such as `{name}=…`"),
            None => "remove the rest".to_owned(),
        };
        Diagnostic::error(Code::S0007, message)
            .at(&self.module.at(value.at))
            .note("the SDK refuses more when the app starts")
            .help(help)
    }

    /// The report that an argument is missing.
    pub(super) fn missing(&self, what: &str) -> Diagnostic {
        Diagnostic::error(Code::S0007, format!("`{}` needs {what}", self.written()))
            .at(&self.module.at(self.declaration.callee_at))
            .note("the infrastructure of an app is read from its source without running it")
            .help(format!("add {what} to the arguments"))
    }

    /// The report that a value does not lead to what it should.
    pub(super) fn unresolved(&self, value: &Value, what: &str) -> Diagnostic {
        Diagnostic::error(Code::S0011, format!("this does not lead to {what}"))
            .at(&self.module.at(value.at))
            .note("names are followed through imports and assignments, not through function calls")
            .help(format!("name {what} that is declared at the top level of a file of this app"))
    }

    /// The report that it stands outside of all services.
    pub(super) fn outside(&self, what: &str) -> Diagnostic {
        Diagnostic::error(Code::M0112, format!("{what} is declared outside of all services"))
            .at(&self.at())
            .note("it belongs to a service, and here there is none")
            .help("move it below the folder of a service, which has an `encore.service.json`")
    }
}

impl Signature {
    fn knows(&self, name: &str) -> bool {
        self.positional.contains(&name) || self.named.contains(&name)
    }
}

impl<'p> Arguments<'p> {
    /// An argument that is given, and is not `None`.
    pub(super) fn value(&self, name: &str) -> Option<&'p Value> {
        let (_, argument) = self.given.iter().find(|(given, _)| *given == name)?;
        Some(&argument.value).filter(|value| value.kind != Kind::None)
    }

    /// The name that the first argument gives: a string literal. Reports anything else.
    pub(super) fn name(&self, name: &str, out: &mut Vec<Diagnostic>) -> Option<Named> {
        let Some(value) = self.value(name) else {
            out.push(self.site.missing("a name"));
            return None;
        };
        let at = self.site.module.at(value.at);
        let Some(name) = value.as_text() else {
            let message = format!("the name in `{}` must be a string literal", self.site.written());
            out.push(
                Diagnostic::error(Code::S0006, message)
                    .at(&at)
                    .note("the infrastructure of an app is read from its source without running it")
                    .help("write the name in place, in quotes"),
            );
            return None;
        };
        Some(Named { name: name.to_owned(), at })
    }

    pub(super) fn bool(&self, name: &str, out: &mut Vec<Diagnostic>) -> bool {
        let value = self.value(name).map(|value| match value.kind {
            Kind::Bool(truth) => Some(truth),
            _ => None,
        });
        self.expect(name, value, "`True` or `False`", out).unwrap_or(false)
    }

    pub(super) fn integer(&self, name: &str, out: &mut Vec<Diagnostic>) -> Option<i64> {
        let value = self.value(name).map(|value| match value.kind {
            Kind::Integer(number) => Some(number),
            _ => None,
        });
        self.expect(name, value, "a whole number", out)
    }

    pub(super) fn text(&self, name: &str, out: &mut Vec<Diagnostic>) -> Option<&'p str> {
        let value = self.value(name).map(Value::as_text);
        self.expect(name, value, "a string literal", out)
    }

    pub(super) fn duration_ns(&self, name: &str, out: &mut Vec<Diagnostic>) -> Option<i64> {
        let value = self.value(name).map(|value| match &value.kind {
            Kind::Text(text) => duration_ns(text),
            Kind::Duration(ns) => Some(*ns),
            _ => None,
        });
        self.expect(name, value, "a duration such as `\"30s\"`, `\"10m\"` or `\"7d\"`", out)
    }

    /// Takes a value that an argument has, or reports that it has none of the right kind.
    pub(super) fn expect<T>(
        &self,
        name: &str,
        value: Option<Option<T>>,
        what: &str,
        out: &mut Vec<Diagnostic>,
    ) -> Option<T> {
        let given = self.value(name)?;
        let value = value?;
        if value.is_none() {
            out.push(
                Diagnostic::error(Code::S0009, format!("`{name}` must be {what}"))
                    .at(&self.site.module.at(given.at))
                    .note("the infrastructure of an app is read from its source without running it")
                    .help("write the value in place"),
            );
        }
        value
    }
}
