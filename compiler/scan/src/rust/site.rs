//! A declaration at its place, with the questions that every primitive asks of it.

use compiler_diagnostics::{Code, Diagnostic, closest};
use schema_documents::Position;

use super::fold::Fold;
use super::program::{Key, Program};
use super::resolve::{Names, Space};
use super::sdk::{self, Construct};
use super::syntax::{Binding, Holder, ScopeKind, Stands};
use super::value::{Chained, Kind, Value};
use crate::text::Place;

/// A declaration at its place.
#[derive(Clone, Copy)]
pub(super) struct Site<'s> {
    pub(super) names: &'s Names<'s, 's>,
    pub(super) module: usize,
    pub(super) construct: Construct,
    /// Whether it only names what is declared elsewhere.
    pub(super) is_named: bool,
    arguments: &'s [Value],
    /// The options, and what else is called on it.
    pub(super) methods: &'s [Chained],
    /// The `static` or `const` whose value it is.
    pub(super) held: Option<(Key, &'s Binding)>,
    /// Where it stands when no `static` or `const` has it.
    stands: Option<Stands>,
    place: Place,
}

/// A name, and where it is written.
pub(super) struct Named {
    pub(super) name: String,
    pub(super) at: Position,
}

/// Every declaration, module by module.
pub(super) fn all<'s>(names: &'s Names<'s, 's>) -> Vec<Site<'s>> {
    let program = names.program();
    let mut sites = Vec::new();
    for module in 0..program.modules.len() {
        let scope = program.scope(module);
        for (index, binding) in scope.bindings.iter().enumerate() {
            let held = Some(((module, index), binding));
            sites.extend(Site::read(names, module, &binding.value, held, None));
        }
        for call in &scope.calls {
            sites.extend(Site::read(names, module, &call.value, None, Some(call.stands)));
        }
    }
    sites
}

impl<'s> Site<'s> {
    fn read(
        names: &'s Names<'s, 's>,
        module: usize,
        value: &'s Value,
        held: Option<(Key, &'s Binding)>,
        stands: Option<Stands>,
    ) -> Option<Self> {
        let value = match &value.kind {
            Kind::Reference(inner) => inner,
            _ => value,
        };
        let Kind::Call { callee, callee_at, arguments, methods } = &value.kind else { return None };
        if !callee.last().is_some_and(|last| sdk::is_constructor(last)) {
            return None;
        }
        let path = names.of_sdk(module, callee, Space::Values)?;
        let (function, owner) = path.split_last()?;
        let (construct, place) = (sdk::construct(owner)?, *callee_at);
        let is_named = function == "named";
        Some(Self { names, module, construct, is_named, arguments, methods, held, stands, place })
    }

    pub(super) fn program(&self) -> &'s Program<'s> {
        self.names.program()
    }

    /// The service whose folder holds it.
    pub(super) fn service(&self) -> Option<usize> {
        self.program().service_of(self.module)
    }

    /// Where it stands: the name that holds it, else the function that is called.
    pub(super) fn at(&self) -> Position {
        let place = self.held.map_or(self.place, |(_, binding)| binding.at);
        self.program().at(self.module, place)
    }

    pub(super) fn position(&self, place: Place) -> Position {
        self.program().at(self.module, place)
    }

    /// How it is written, for messages.
    pub(super) fn written(&self) -> String {
        let function = if self.is_named { "named" } else { "new" };
        format!("{}::{function}", self.construct.written())
    }

    /// An argument.
    pub(super) fn argument(&self, index: usize) -> Option<&'s Value> {
        self.arguments.get(index)
    }

    /// The name that an argument gives: a string literal. Reports anything else.
    pub(super) fn name(&self, index: usize, out: &mut Vec<Diagnostic>) -> Option<Named> {
        self.literal(index, "name", out)
    }

    /// A string literal that has to be written in place.
    pub(super) fn literal(&self, index: usize, what: &str, out: &mut Vec<Diagnostic>) -> Option<Named> {
        let Some(value) = self.argument(index) else {
            out.push(self.missing(&format!("a {what}")));
            return None;
        };
        let at = self.position(value.at);
        let name = value.as_text();
        if name.is_none() {
            out.push(not_a_literal(&format!("the {what} in `{}`", self.written())).at(&at));
        }
        name.map(|name| Named { name: name.to_owned(), at })
    }

    /// The report that an argument is missing.
    pub(super) fn missing(&self, what: &str) -> Diagnostic {
        Diagnostic::error(Code::S0007, format!("`{}` needs {what}", self.written()))
            .at(&self.position(self.place))
            .note("the infrastructure of an app is read from its source without running it")
            .help(format!("add {what} to the arguments"))
    }

    /// Whether an option is there that takes no argument.
    pub(super) fn has(&self, option: &str) -> bool {
        self.option(option).is_some()
    }

    fn option(&self, name: &str) -> Option<&'s Chained> {
        self.methods.iter().rfind(|method| method.name == name)
    }

    /// What an option is given.
    pub(super) fn given(&self, option: &str) -> Option<&'s Value> {
        self.option(option)?.arguments.first()
    }

    /// The text that an option gives, which has to be written in place.
    pub(super) fn text(&self, option: &str, out: &mut Vec<Diagnostic>) -> Option<&'s str> {
        let value = self.given(option)?;
        self.expect(option, value, value.as_text(), "a string literal", out)
    }

    /// The duration that an option gives, in nanoseconds.
    pub(super) fn duration_ns(&self, option: &str, out: &mut Vec<Diagnostic>) -> Option<i64> {
        let value = self.given(option)?;
        let duration = Fold::new(self.names).duration_ns(self.module, value);
        self.expect(option, value, duration, "a constant such as `Duration::from_secs(30)`", out)
    }

    /// The number that an option gives.
    pub(super) fn integer(&self, option: &str, out: &mut Vec<Diagnostic>) -> Option<i64> {
        let value = self.given(option)?;
        let number = Fold::new(self.names).integer(self.module, value);
        let number = number.and_then(|number| i64::try_from(number).ok());
        self.expect(option, value, number, "a constant number", out)
    }

    /// What a value was found to be, or the report that it is something else.
    pub(super) fn expect<T>(
        &self,
        option: &str,
        value: &Value,
        found: Option<T>,
        expected: &str,
        out: &mut Vec<Diagnostic>,
    ) -> Option<T> {
        if found.is_none() {
            out.push(
                Diagnostic::error(Code::S0009, format!("{} must be {expected}", quoted(option)))
                    .at(&self.position(value.at))
                    .note("the infrastructure of an app is read from its source without running it")
                    .help("write the value in place, or as a `const`"),
            );
        }
        found
    }

    /// Reports what does not stand where resources are declared, and what is no option of it.
    pub(super) fn check(&self, out: &mut Vec<Diagnostic>) {
        out.extend(self.misplaced().map(|(message, help)| {
            Diagnostic::error(Code::S0005, message)
                .at(&self.at())
                .note("what an app needs must be known before any of its code runs")
                .help(help)
        }));
        if self.is_named && !self.construct.can_be_named() {
            return;
        }
        let options = self.construct.options();
        for method in self.methods {
            let name = method.name.as_str();
            let is_option = options.contains(&name);
            if self.is_named && is_option {
                out.push(
                    Diagnostic::error(Code::S0007, format!("`{}` takes no options", self.written()))
                        .at(&self.position(method.at))
                        .note("what is named here is configured where it is declared")
                        .help(format!("call `.{name}(…)` on the declaration")),
                );
            } else if self.held.is_some() && !is_option && !READS.contains(&name) {
                let guess = closest(name, options.iter().copied());
                let known = || match options {
                    [] => format!("a `{}` has no options", self.construct.written()),
                    options => format!("the options are `{}`", options.join("`, `")),
                };
                let help = guess.map_or_else(known, |guess| format!("did you mean `{guess}`?"));
                let message = format!("`{}` has no option `{name}`", self.construct.written());
                out.push(
                    Diagnostic::error(Code::S0008, message)
                        .at(&self.position(method.at))
                        .note("what is called on a declaration is part of what it declares")
                        .help(help),
                );
            }
        }
    }

    /// Why it does not stand where it should, and what to do.
    fn misplaced(&self) -> Option<(String, String)> {
        let written = self.written();
        let declare = format!("write `static NAME: {} = {written}(…)` in a module", self.construct.written());
        let in_function = format!("`{written}` cannot be called in a function");
        match (self.held, self.stands) {
            (Some(_), _) if self.program().scope(self.module).kind == ScopeKind::Block => {
                Some((in_function, declare))
            }
            (Some((_, binding)), _) if binding.holder == Holder::Const => {
                let message =
                    format!("`{written}` is held by a `const`, which is another one wherever it is used");
                Some((message, "write `static` instead of `const`".to_owned()))
            }
            (Some(_), _) => None,
            (None, Some(Stands::WithinValue)) => {
                Some((format!("`{written}` is not the whole value of a `static`"), declare))
            }
            (None, Some(Stands::InMacro)) => {
                Some((format!("`{written}` in a macro is not seen where the macro is used"), declare))
            }
            (None, _) => Some((in_function, declare)),
        }
    }
}

/// What may be asked of a declaration in a constant.
const READS: [&str; 4] = ["name", "path", "schedule", "reference"];

/// The report that something is not written in place.
pub(super) fn not_a_literal(what: &str) -> Diagnostic {
    Diagnostic::error(Code::S0006, format!("{what} must be a string literal"))
        .note("the infrastructure of an app is read from its source without running it")
        .help("write it in place, in quotes")
}

/// The name of an option in backticks; words are left as they are.
fn quoted(option: &str) -> String {
    if option.contains(' ') { option.to_owned() } else { format!("`{option}`") }
}
