//! Configuration: `config.Load[T]()`, in the root package of a service.

use std::collections::BTreeSet;

use compiler_diagnostics::{Code as Number, Diagnostic};

use super::Found;
use super::declaration::{Constructor, Declared, declared};
use super::facts::{Field, Type, TypeForm};
use super::module::is_within;
use super::program::{File, Program};
use super::types::{Shape, is_basic, is_exported, shape, written};

const PACKAGE: &str = "encore.dev/config";

const LOAD: Constructor = Constructor {
    package: PACKAGE,
    function: "Load",
    usage: "config.Load[*Config]()",
    types: 1..=1,
    arguments: 0,
};

/// How many types are looked at for one configuration.
const MAX_TYPES: usize = 10_000;

/// Checks where configurations are loaded, of what types they are, and who uses them.
pub(super) fn scan(program: &Program<'_>, found: &mut Found) {
    for each in declared(program, &LOAD, found) {
        place(program, &each, found);
        if let Some(ty) = each.ty(0) {
            found.diagnostics.extend(check_type(program, &each, ty));
        }
    }
}

fn place(program: &Program<'_>, each: &Declared<'_>, found: &mut Found) {
    let wrong = |message: &str, help: &str| {
        Diagnostic::error(Number::S0026, message)
            .at(&each.at())
            .note("the files with the values lie in the folder of the service")
            .help(help)
    };
    let Some(root) = program.root_of(each.file.folder) else {
        let help = "load it in a service, and pass on what others need";
        found.diagnostics.push(wrong("a configuration is loaded outside of all services", help));
        return;
    };
    if root != each.file.folder {
        let help = "load it in the package of the service itself, and pass on what others need";
        found.diagnostics.push(wrong("a configuration is loaded below the folder of its service", help));
    }
    let Some((package, variable)) = each.key() else { return };
    for site in program.sites(&package, &variable) {
        if !is_within(site.file.folder, root) {
            found.diagnostics.push(
                Diagnostic::error(
                    Number::S0022,
                    format!("the configuration `{variable}` is used outside of its service"),
                )
                .at(&site.at())
                .label(&each.at(), "it is loaded here")
                .note("only the service that loads a configuration has its values")
                .help("pass the value on, or load a configuration of its own"),
            );
        }
    }
}

fn check_type(program: &Program<'_>, each: &Declared<'_>, ty: &Type) -> Vec<Diagnostic> {
    let inner = match &ty.form {
        TypeForm::Pointer(inner) => inner,
        _ => ty,
    };
    if let Shape::Basic(_) | Shape::Other = shape(program, each.file, inner) {
        let diagnostic =
            Diagnostic::error(Number::S0020, format!("`{}` is not the type of a configuration", written(ty)))
                .at(&each.file.at(ty.at))
                .note("a configuration is read into the fields of a struct")
                .help("declare a struct with a name: `type Config struct { … }`");
        return vec![diagnostic];
    }
    let mut walk = Walk { program, each, seen: BTreeSet::new(), found: Vec::new() };
    walk.open(each.file, inner);
    walk.found
}

/// A walk over all types that a configuration is made of.
struct Walk<'w> {
    program: &'w Program<'w>,
    each: &'w Declared<'w>,
    /// The types that were looked at, by package and name.
    seen: BTreeSet<(&'w str, &'w str)>,
    found: Vec<Diagnostic>,
}

impl<'w> Walk<'w> {
    fn open(&mut self, file: &'w File<'w>, ty: &'w Type) {
        let mut open = vec![(file, ty, false)];
        for _ in 0..MAX_TYPES {
            let Some((file, ty, in_value)) = open.pop() else { return };
            match &ty.form {
                TypeForm::Pointer(inner) | TypeForm::List(inner) => open.push((file, inner, false)),
                TypeForm::Map(key, value) => open.extend([(file, &**key, false), (file, &**value, false)]),
                TypeForm::Struct(fields) => {
                    for field in fields.iter().rev() {
                        if self.check_field(file, field) {
                            open.push((file, &field.kind, false));
                        }
                    }
                }
                TypeForm::Name { arguments, .. } => {
                    open.extend(self.named(file, ty, in_value).map(|(file, ty)| (file, ty, false)));
                    let within = self.is_value(file, ty);
                    open.extend(arguments.iter().map(|argument| (file, argument, within)));
                }
                TypeForm::Broken => {}
                TypeForm::Interface { .. } | TypeForm::Other => {
                    self.report(file, ty, format!("`{}` has no place in a configuration", written(ty)));
                }
            }
        }
    }

    /// Follows a name to what it is declared as.
    fn named(
        &mut self,
        file: &'w File<'w>,
        ty: &'w Type,
        in_value: bool,
    ) -> Option<(&'w File<'w>, &'w Type)> {
        let named = self.program.resolve_type(file, ty)?;
        if named.package == PACKAGE {
            if in_value {
                self.report(file, ty, "a `config.Value` stands within another".to_owned());
            }
            return None;
        }
        if is_basic(named.name) || !self.seen.insert((named.package, named.name)) {
            return None;
        }
        let (file, spec) = self.program.type_spec(named.package, named.name)?;
        Some((file, &spec.kind))
    }

    fn is_value(&self, file: &File<'_>, ty: &Type) -> bool {
        self.program.resolve_type(file, ty).is_some_and(|named| named.package == PACKAGE)
    }

    /// Whether the type of a field is to be looked at.
    fn check_field(&mut self, file: &'w File<'w>, field: &'w Field) -> bool {
        let message = match field.names.iter().find(|name| !is_exported(&name.text)) {
            Some(name) => format!("the field `{}` of a configuration is not exported", name.text),
            None if field.names.is_empty() => "a configuration has an embedded field".to_owned(),
            None => return true,
        };
        let diagnostic =
            self.diagnostic(message, "begin its name with a capital letter, or write its fields out");
        self.found.push(diagnostic.at(&file.at(field.at)));
        false
    }

    fn report(&mut self, file: &File<'_>, ty: &Type, message: String) {
        let diagnostic = self.diagnostic(message, "make it a basic type, a struct, a list or a map");
        self.found.push(diagnostic.at(&file.at(ty.at)));
    }

    fn diagnostic(&self, message: String, help: &str) -> Diagnostic {
        Diagnostic::error(Number::S0020, message)
            .label(&self.each.at(), "the configuration is loaded here")
            .note("a value is read into each field by its name")
            .help(help)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    fn check_config(types: &str, diagnostics: &[&str]) {
        let text = format!(
            "package a\nimport \"encore.dev/config\"\n//encore:api private\nfunc A() {{}}\nvar cfg = config.Load[*Config]()\n{types}\n"
        );
        check(&[("a/a.go", &text)], &[], diagnostics);
    }

    #[test]
    fn a_configuration_is_made_of_exported_fields() {
        check_config(
            "type Config struct { A config.Bool; B config.Values[string]; C []Inner; D map[string]*Inner }\ntype Inner struct { Own *Config }",
            &[],
        );
        check_config(
            "type Config struct { A, b int }",
            &["S0020 a/a.go:6:22-6:30 the field `b` of a configuration is not exported"],
        );
        check_config(
            "type Config struct { Inner }\ntype Inner struct {}",
            &["S0020 a/a.go:6:22-6:27 a configuration has an embedded field"],
        );
        check_config(
            "type Config struct { A config.Value[config.Int] }",
            &["S0020 a/a.go:6:37-6:47 a `config.Value` stands within another"],
        );
        check_config(
            "type Config struct { A chan int }",
            &["S0020 a/a.go:6:24-6:32 `this type` has no place in a configuration"],
        );
        check_config(
            "type Config []int",
            &["S0020 a/a.go:5:23-5:30 `*Config` is not the type of a configuration"],
        );
    }

    #[test]
    fn a_configuration_is_loaded_and_used_in_its_service() {
        let load =
            "import \"encore.dev/config\"\ntype Config struct { A int }\nvar Cfg = config.Load[Config]()\n";
        let user = "package c\nimport \"example.com/app/a\"\nfunc F() int { return a.Cfg.A }\n";
        check(
            &[
                ("a/a.go", &format!("package a\n{load}//encore:api private\nfunc A() {{}}\n")),
                ("a/b/b.go", &format!("package b\n{load}")),
                ("c/c.go", user),
                ("d/d.go", &format!("package d\n{load}")),
            ],
            &[],
            &[
                "S0026 a/b/b.go:4:11-4:32 a configuration is loaded below the folder of its service",
                "S0022 c/c.go:3:23-3:28 the configuration `Cfg` is used outside of its service",
                "S0026 d/d.go:4:11-4:32 a configuration is loaded outside of all services",
            ],
        );
    }
}
