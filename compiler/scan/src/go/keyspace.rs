//! The rules of keyspaces: what a key is made of, and how a pattern is written. Which patterns may stand beside each other is
//! for the app model to say.

use std::collections::BTreeSet;

use compiler_diagnostics::{Code as Number, Diagnostic, closest};
use schema_documents::Position;

use super::Found;
use super::declaration::{Config, Declared};
use super::facts::{Field, Type, TypeForm};
use super::program::{Doing, File, Program};
use super::types::{Shape, Struct, is_exported, is_integer, shape, written};

/// How the framework's own keys begin.
const RESERVED: &str = "__encore";

/// Checks the pattern and the types of a keyspace.
pub(super) fn check(
    program: &Program<'_>,
    each: &Declared<'_>,
    config: &Config<'_>,
    pattern: &str,
    holds_structs: bool,
    found: &mut Found,
) {
    let at = inside_quotes(config.at_field("KeyPattern"));
    if let Some((message, help)) = malformed(pattern) {
        let diagnostic = Diagnostic::error(Number::S0025, format!("the pattern `{pattern}` {message}"));
        found.diagnostics.push(diagnostic.at(&at).note("keys are built from the pattern").help(help));
        return;
    }
    let parameters: BTreeSet<_> = parameters(pattern).collect();
    if let Some(ty) = each.ty(0) {
        let key = Key { program, parameters: &parameters, at: &at };
        key.check(each.file, ty, &mut found.diagnostics);
    }
    if let (true, Some(ty)) = (holds_structs, each.ty(1)) {
        let what = match (&ty.form, shape(program, each.file, ty)) {
            (TypeForm::Pointer(_), _) | (_, Shape::Basic(_) | Shape::Other) => "a struct with a name",
            _ => return,
        };
        let message = format!("`{}` is not {what}", written(ty));
        found.diagnostics.push(wrong_type(
            each.file,
            ty,
            message,
            "the values of a struct keyspace are structs",
        ));
    }
}

/// What is wrong with the form of a pattern, and what to do.
fn malformed(pattern: &str) -> Option<(&'static str, &'static str)> {
    let name_of = |segment: &str| segment.strip_prefix(':').map(str::to_owned);
    let is_name = |name: &str| {
        let mut letters = name.chars();
        letters.next().is_some_and(|letter| letter.is_alphabetic() || letter == '_')
            && letters.all(|letter| letter.is_alphanumeric() || letter == '_')
    };
    if pattern.starts_with(RESERVED) {
        Some(("begins like the framework's own keys", "begin it with another word"))
    } else if pattern.starts_with('/') {
        Some(("begins with `/`", "leave out the first `/`, such as `users/:key`"))
    } else if pattern.contains('?') {
        Some(("contains a `?`", "leave it out"))
    } else if pattern.split('/').any(str::is_empty) {
        Some(("has an empty part", "remove the `/` that is too much"))
    } else if pattern.split('/').filter_map(name_of).any(|name| !is_name(&name)) {
        Some(("has a parameter without a valid name", "name it like a field, such as `:UserID`"))
    } else {
        None
    }
}

fn parameters(pattern: &str) -> impl Iterator<Item = &str> {
    pattern.split('/').filter_map(|segment| segment.strip_prefix(':'))
}

/// The position of a literal's content.
pub(super) fn inside_quotes(at: Position) -> Position {
    let (column, end_column) = (at.column + 1, at.end_column.saturating_sub(1));
    if at.line == at.end_line && column < end_column { Position { column, end_column, ..at } } else { at }
}

/// The key of a keyspace.
struct Key<'k> {
    program: &'k Program<'k>,
    /// The names in the pattern.
    parameters: &'k BTreeSet<&'k str>,
    /// The pattern.
    at: &'k Position,
}

impl<'k> Key<'k> {
    fn check(&self, file: &'k File<'k>, ty: &'k Type, out: &mut Vec<Diagnostic>) {
        let why = "a key is a basic type, or a struct of such fields";
        match (&ty.form, shape(self.program, file, ty)) {
            (TypeForm::Pointer(_), _) => {
                let message = format!("`{}` is a pointer and cannot be a key", written(ty));
                out.push(wrong_type(file, ty, message, why));
            }
            (_, Shape::Struct(structure)) => self.check_struct(&structure, out),
            (_, Shape::Basic(name)) if is_key(name) => self.check_parameters(out),
            (_, Shape::Foreign(package, name)) if is_basic_of_packages(package, name) => {
                self.check_parameters(out);
            }
            (_, Shape::Foreign("encoding/json", "RawMessage") | Shape::Basic(_) | Shape::Other) => {
                out.push(wrong_type(file, ty, format!("`{}` cannot be a key", written(ty)), why));
            }
            (_, Shape::Foreign(..) | Shape::Unknown) => {}
        }
    }

    /// A key that is one value has the name `:key` in the pattern.
    fn check_parameters(&self, out: &mut Vec<Diagnostic>) {
        for name in self.parameters.iter().filter(|name| **name != "key") {
            out.push(
                Diagnostic::error(Number::S0025, format!("the parameter `:{name}` is not called `:key`"))
                    .at(self.at)
                    .note("the key is one value, whose place in the pattern is `:key`")
                    .help("write `:key`, or make the key a struct with such a field"),
            );
        }
    }

    fn check_struct(&self, key: &Struct<'k>, out: &mut Vec<Diagnostic>) {
        for field in key.fields {
            out.extend(self.check_field(key, field));
        }
        let names = key.fields.iter().flat_map(|field| &field.names).map(|name| name.text.as_str());
        let names: BTreeSet<_> = names.collect();
        for parameter in self.parameters.iter().filter(|parameter| !names.contains(*parameter)) {
            let help =
                closest(parameter, names.iter().copied()).map(|meant| format!("did you mean `:{meant}`?"));
            out.push(
                Diagnostic::error(Number::S0025, format!("`{}` has no field `{parameter}`", key.name))
                    .at(self.at)
                    .note("each parameter of the pattern is a field of the key")
                    .help(help.unwrap_or_else(|| "name a field of the key".to_owned())),
            );
        }
    }

    fn check_field(&self, key: &Struct<'k>, field: &'k Field) -> Vec<Diagnostic> {
        let at = key.file.at(field.at);
        let wrong = |message: String, help: &str| {
            Diagnostic::error(Number::S0020, message)
                .at(&at)
                .label(self.at, "it is the key of this pattern")
                .note("each field of a key is a part of the pattern")
                .help(help)
        };
        if field.names.is_empty() {
            return vec![wrong("a key has an embedded field".to_owned(), "write its fields out")];
        }
        let mut found = Vec::new();
        for name in &field.names {
            if !is_exported(&name.text) {
                let message = format!("the field `{}` of a key is not exported", name.text);
                found.push(wrong(message, "begin its name with a capital letter"));
            } else if !self.parameters.contains(name.text.as_str()) {
                let message = format!("the field `{}` of a key is not in the pattern", name.text);
                found.push(wrong(
                    message,
                    &format!("write `:{}` into the pattern, or remove the field", name.text),
                ));
            }
        }
        if !self.is_basic_field(key, &field.kind) {
            let message = format!("the field `{}` of a key is not of a basic type", field.names[0].text);
            found.push(wrong(message, "make it a string, a number or a truth value"));
        }
        found
    }

    fn is_basic_field(&self, key: &Struct<'k>, ty: &'k Type) -> bool {
        let argument = match &ty.form {
            TypeForm::Name { qualifier: None, name, .. } => key.arguments.get(name.as_str()),
            _ => None,
        };
        let (file, ty) = argument.copied().unwrap_or((key.file, ty));
        match shape(self.program, file, ty) {
            Shape::Basic(name) => is_key(name),
            Shape::Foreign(package, name) => !(package == "encoding/json" && name == "RawMessage"),
            Shape::Struct(_) | Shape::Other => false,
            Shape::Unknown => true,
        }
    }
}

fn is_key(name: &str) -> bool {
    is_integer(name) || matches!(name, "string" | "bool")
}

/// Types of packages that the framework treats as basic ones.
fn is_basic_of_packages(package: &str, name: &str) -> bool {
    matches!(
        (package, name),
        ("time", "Time") | ("encore.dev/types/uuid", "UUID") | ("encore.dev/beta/auth", "UID")
    )
}

fn wrong_type(file: &File<'_>, ty: &Type, message: String, why: &str) -> Diagnostic {
    Diagnostic::error(Number::S0020, message).at(&file.at(ty.at)).note(why).help("name a type that is one")
}

/// A keyspace is used in the service that declares it, and nowhere else.
pub(super) fn check_uses(program: &Program<'_>, each: &Declared<'_>, found: &mut Found) {
    let Some((package, variable)) = each.key() else { return };
    let own = program.service_of(each.file.folder);
    for site in program.sites(&package, &variable) {
        let user = program.service_of(site.file.folder);
        if user == own || matches!(site.doing(), Doing::Typed) {
            continue;
        }
        let by = match user {
            Some(user) => format!("in the service `{}`", found.manifest.services[user].name),
            None => "outside of all services".to_owned(),
        };
        found.diagnostics.push(
            Diagnostic::error(Number::S0022, format!("the keyspace `{variable}` is used {by}"))
                .at(&site.at())
                .label(&each.at(), "it is declared here")
                .note("a keyspace belongs to the service that declares it")
                .help("call an endpoint of that service"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::check_file;

    fn check(key: &str, pattern: &str, diagnostics: &[&str]) {
        let body = format!(
            "var c = cache.NewCluster(\"c\", cache.ClusterConfig{{}})
type Key struct {{ ID int; Name string }}
type Of[T any] struct {{ ID T }}
var k = cache.NewIntKeyspace[{key}](c, cache.KeyspaceConfig{{KeyPattern: \"{pattern}\"}})
"
        );
        check_file(&body, &[], diagnostics);
    }

    #[test]
    fn a_pattern_has_the_parts_of_its_key() {
        for (key, pattern) in [
            ("string", "a/:key"),
            ("int", "a"),
            ("Key", ":ID/:Name"),
            ("Of[string]", "of/:ID"),
            ("missing.Key", "a/:b"),
        ] {
            check(key, pattern, &[]);
        }
        check("int", "a/:id", &["S0025 svc/svc.go:19:72-19:77 the parameter `:id` is not called `:key`"]);
        check(
            "Key",
            ":ID",
            &["S0020 svc/svc.go:17:27-17:38 the field `Name` of a key is not in the pattern"],
        );
        check(
            "Of[Key]",
            ":ID",
            &["S0020 svc/svc.go:18:25-18:29 the field `ID` of a key is not of a basic type"],
        );
        check("float64", "a", &["S0020 svc/svc.go:19:30-19:37 `float64` cannot be a key"]);
        check("*Key", "a", &["S0020 svc/svc.go:19:30-19:34 `*Key` is a pointer and cannot be a key"]);
    }

    #[test]
    fn a_pattern_has_a_form() {
        for (pattern, message) in [
            ("/a", "begins with `/`"),
            ("a//b", "has an empty part"),
            ("a/:", "has a parameter without a valid name"),
            ("__encore/a", "begins like the framework's own keys"),
        ] {
            let end = 72 + pattern.len();
            check(
                "int",
                pattern,
                &[&format!("S0025 svc/svc.go:19:72-19:{end} the pattern `{pattern}` {message}")],
            );
        }
    }
}
