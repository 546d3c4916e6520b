//! Secrets: `var secrets struct { … }`, in any package. They go to every service that the package's code runs in.

use std::collections::BTreeMap;

use compiler_diagnostics::{Code as Number, Diagnostic};
use schema_documents::Position;
use schema_documents::manifest::{Secret, SecretScope};
use tree_sitter::Node;

use super::Found;
use super::resolve::Code;
use super::syntax::{File, fields, named_children};

/// Finds the secrets and who needs them.
pub(super) fn scan(code: &Code<'_>, found: &mut Found) {
    let mut secrets: BTreeMap<String, Secret> = BTreeMap::new();
    for file in &code.files {
        let declarations = file.declarations().into_iter().map(|each| each.node);
        for declaration in declarations.filter(|node| node.kind() == "var_declaration") {
            for (name, at) in names(file, declaration, &mut found.diagnostics) {
                let services: Vec<_> =
                    found.services_of(code, file).map(|service| service.name.clone()).collect();
                let secret = secrets.entry(name.clone()).or_insert_with(|| Secret {
                    name,
                    scope: SecretScope::Shared,
                    packages_or_services: Vec::new(),
                    reference: false,
                    at: at.clone(),
                });
                secret.packages_or_services.extend(services);
                secret.packages_or_services.sort();
                secret.packages_or_services.dedup();
                secret.at = secret.at.clone().min(at);
            }
        }
    }
    found.manifest.secrets.extend(secrets.into_values());
}

/// The names of the secrets in a declaration of variables.
fn names(
    file: &File<'_>,
    declaration: Node<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<(String, Position)> {
    let is_secrets = |spec: Node<'_>| fields(spec, "name").iter().any(|name| file.slice(*name) == "secrets");
    let mut wrong = |node: Node<'_>, message: &str| {
        let diagnostic = Diagnostic::error(Number::S0016, message)
            .at(&file.at(node))
            .note("the names of secrets are read from the fields of `secrets`")
            .help("write `var secrets struct { MySecret string }`, in a declaration of its own");
        diagnostics.push(diagnostic);
        Vec::new()
    };
    for child in named_children(declaration) {
        if child.kind() == "var_spec_list" {
            if let Some(spec) = named_children(child).into_iter().find(|spec| is_secrets(*spec)) {
                return wrong(spec, "`secrets` is declared in a block with other variables");
            }
        } else if child.kind() == "var_spec" && is_secrets(child) {
            if let Some(value) = child.child_by_field_name("value") {
                return wrong(value, "`secrets` is given a value");
            }
            return match child.child_by_field_name("type") {
                Some(kind) if kind.kind() == "struct_type" => names_of_fields(file, kind, diagnostics),
                kind => wrong(kind.unwrap_or(child), "`secrets` is not a struct written in place"),
            };
        }
    }
    Vec::new()
}

fn names_of_fields(
    file: &File<'_>,
    structure: Node<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<(String, Position)> {
    let mut names = Vec::new();
    let lists = named_children(structure).into_iter().flat_map(named_children);
    for field in lists.filter(|node| node.kind() == "field_declaration") {
        let of_field = fields(field, "name");
        let is_text = field.child_by_field_name("type").is_some_and(|kind| file.slice(kind) == "string");
        if of_field.is_empty() || !is_text {
            let message =
                if is_text { "a secret has no name of its own" } else { "a secret is not a `string`" };
            let diagnostic = Diagnostic::error(Number::S0016, message)
                .at(&file.at(field))
                .note("the value of a secret is a text")
                .help("write a name and `string`, such as `MySecret string`");
            diagnostics.push(diagnostic);
            continue;
        }
        names.extend(of_field.into_iter().map(|name| (file.slice(name).to_owned(), file.at(name))));
    }
    names
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
        wrong("var secrets struct { A []byte }", "4:22-4:30", "a secret is not a `string`");
        wrong("var secrets struct { Other }", "4:22-4:27", "a secret is not a `string`");
    }
}
