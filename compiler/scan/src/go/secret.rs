//! Secrets: `var secrets struct { … }`, in any package. They go to every service that loads the package.

use std::collections::BTreeMap;

use compiler_diagnostics::{Code as Number, Diagnostic};
use schema_documents::Position;
use schema_documents::manifest::{Secret, SecretScope};

use super::Found;
use super::facts::{Declaration, Field, Form, TypeForm};
use super::program::{File, Program};
use crate::text::Place;

/// Finds the secrets and who needs them.
pub(super) fn scan(program: &Program<'_>, found: &mut Found) {
    let mut secrets: BTreeMap<String, Secret> = BTreeMap::new();
    for file in program.files {
        let services = program.services_that_load(&file.import_path);
        let services: Vec<_> =
            services.iter().map(|service| found.manifest.services[*service].name.clone()).collect();
        for declaration in &file.facts.declarations {
            for (name, at) in names(file, declaration, &mut found.diagnostics) {
                let secret = secrets.entry(name.clone()).or_insert_with(|| Secret {
                    name,
                    scope: SecretScope::Shared,
                    packages_or_services: Vec::new(),
                    reference: false,
                    at: at.clone(),
                });
                secret.packages_or_services.extend(services.iter().cloned());
                secret.packages_or_services.sort();
                secret.packages_or_services.dedup();
                secret.at = secret.at.clone().min(at);
            }
        }
    }
    found.manifest.secrets.extend(secrets.into_values());
}

/// The names of the secrets in a declaration.
fn names(
    file: &File<'_>,
    declaration: &Declaration,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<(String, Position)> {
    let Form::Variable(Some(variable)) = &declaration.form else { return Vec::new() };
    if !declaration.declares("secrets") {
        return Vec::new();
    }
    let mut wrong = |place: Place, message: &str| {
        let diagnostic = Diagnostic::error(Number::S0016, message)
            .at(&file.at(place))
            .note("the names of secrets are read from the fields of `secrets`")
            .help("write `var secrets struct { MySecret string }`, in a declaration of its own");
        diagnostics.push(diagnostic);
        Vec::new()
    };
    if variable.in_block {
        return wrong(declaration.at, "`secrets` is declared in a block with other variables");
    }
    if let Some(value) = variable.value {
        return wrong(value, "`secrets` is given a value");
    }
    match &variable.kind {
        Some(kind) => match &kind.form {
            TypeForm::Struct(fields) => {
                fields.iter().flat_map(|each| field(file, each, diagnostics)).collect()
            }
            _ => wrong(kind.at, "`secrets` is not a struct written in place"),
        },
        None => wrong(declaration.at, "`secrets` is not a struct written in place"),
    }
}

fn field(file: &File<'_>, field: &Field, diagnostics: &mut Vec<Diagnostic>) -> Vec<(String, Position)> {
    let is_text =
        matches!(&field.kind.form, TypeForm::Name { qualifier: None, name, .. } if name == "string");
    if !field.names.is_empty() && is_text {
        return field.names.iter().map(|name| (name.text.to_string(), file.at(name.at))).collect();
    }
    let (message, at) = if is_text {
        ("a secret has no name of its own", field.at)
    } else {
        ("a secret is not a `string`", if field.names.is_empty() { field.at } else { field.kind.at })
    };
    let diagnostic = Diagnostic::error(Number::S0016, message)
        .at(&file.at(at))
        .note("the value of a secret is a text")
        .help("write a name and `string`, such as `MySecret string`");
    diagnostics.push(diagnostic);
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    #[test]
    fn a_shared_package_has_its_secrets_in_every_service_that_imports_it() {
        let shared = "package shared\nvar secrets struct {\n\tA, B string\n\t// C string\n}\n";
        let service = |name: &str, import: &str| {
            format!(
                "package {name}\nimport \"example.com/app/{import}\"\n//encore:api public\nfunc E() {{}}\n"
            )
        };
        check(
            &[
                ("shared/shared.go", shared),
                ("between/between.go", "package between\nimport _ \"example.com/app/shared\"\n"),
                ("a/a.go", &service("a", "shared")),
                ("b/b.go", &service("b", "between")),
                ("c/c.go", "package c\n//encore:api public\nfunc E() {}\nvar secrets struct { B string }\n"),
            ],
            &["secret A a b", "secret B a b c"],
            &[],
        );
    }

    #[test]
    fn secrets_are_declared_in_one_way() {
        let wrong = |declaration: &str, place: &str, message: &str| {
            let text = format!("package a\n//encore:api public\nfunc E() {{}}\n{declaration}\n");
            check(&[("a/a.go", &text)], &[], &[&format!("S0016 a/a.go:{place} {message}")]);
        };
        wrong("var secrets = struct{ A string }{}", "4:15-4:35", "`secrets` is given a value");
        wrong("var secrets Secrets", "4:13-4:20", "`secrets` is not a struct written in place");
        wrong(
            "var (\n\tsecrets struct { A string }\n)",
            "5:2-5:29",
            "`secrets` is declared in a block with other variables",
        );
        wrong("var secrets struct { A []byte }", "4:24-4:30", "a secret is not a `string`");
        wrong("var secrets struct { Other }", "4:22-4:27", "a secret is not a `string`");
    }
}
