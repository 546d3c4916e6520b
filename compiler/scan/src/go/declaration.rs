//! What the declarations of all resources have in common: a constructor, called at package level, with a name and a
//! configuration that are written out.

use std::collections::BTreeMap;

use compiler_diagnostics::{Code as Number, Diagnostic, closest};
use schema_documents::Position;
use tree_sitter::Node;

use super::Found;
use super::fold::{Constant, Why, fold};
use super::resolve::Code;
use super::syntax::{File, Place, Role, arguments, fields, named_children, string};

/// The constructor of a resource.
#[derive(Clone, Copy)]
pub(super) struct Constructor {
    /// Import path of its package.
    pub(super) package: &'static str,
    /// Name of the function.
    pub(super) function: &'static str,
    /// What a call looks like; as many arguments as this has are needed.
    pub(super) usage: &'static str,
    /// How many arguments there are.
    pub(super) arguments: usize,
}

impl Constructor {
    fn name(&self) -> String {
        let package = self.package.rsplit('/').next().unwrap_or(self.package);
        format!("{package}.{}", self.function)
    }
}

/// A call of a constructor in the right place, with the right number of arguments.
pub(super) struct Declared<'c, 't> {
    pub(super) file: &'c File<'t>,
    pub(super) call: Node<'t>,
    pub(super) arguments: Vec<Node<'t>>,
    /// The package-level variable that is set.
    pub(super) variable: Option<&'t str>,
    /// Whether the variable holds something made of the resource, and not the resource.
    pub(super) is_nested: bool,
}

/// The calls of a constructor. Those in a wrong place or with wrong arguments become diagnostics.
pub(super) fn declared<'c, 't>(
    code: &'c Code<'t>,
    constructor: &Constructor,
    found: &mut Found,
) -> Vec<Declared<'c, 't>> {
    let mut calls = Vec::new();
    for site in code.sites(constructor.package, constructor.function) {
        let (file, node) = (site.file, site.used.node);
        let Role::Called(call) = site.used.role else {
            let message = format!("`{}` is referenced without being called", constructor.name());
            let diagnostic = Diagnostic::error(Number::S0015, message)
                .at(&file.at(node))
                .note("a resource can be found only where its constructor is called by its own name")
                .help(format!("call it: `{}`", constructor.usage));
            found.diagnostics.push(diagnostic);
            continue;
        };
        let Place::Variable { name, direct } = site.used.place else {
            let message = format!("`{}` is not called from a package-level variable", constructor.name());
            let diagnostic = Diagnostic::error(Number::S0005, message)
                .at(&file.at(node))
                .note("resources exist before the app runs, so they cannot depend on code that does")
                .help(format!("move it out of the function: `var x = {}`", constructor.usage));
            found.diagnostics.push(diagnostic);
            continue;
        };
        let arguments = arguments(call);
        if arguments.len() != constructor.arguments {
            found.diagnostics.push(wrong_arguments(file, call, constructor, arguments.len()));
            continue;
        }
        calls.push(Declared { file, call, arguments, variable: name, is_nested: !direct });
    }
    calls
}

fn wrong_arguments(file: &File<'_>, call: Node<'_>, constructor: &Constructor, given: usize) -> Diagnostic {
    let plural = if constructor.arguments == 1 { "" } else { "s" };
    let message =
        format!("`{}` takes {} argument{plural}, not {given}", constructor.name(), constructor.arguments);
    Diagnostic::error(Number::S0007, message)
        .at(&file.at(call))
        .note("what is declared must be readable without running the app")
        .help(format!("write `{}`", constructor.usage))
}

impl Declared<'_, '_> {
    /// The argument that is the resource's name.
    pub(super) fn name(&self, index: usize, found: &mut Found) -> Option<(String, Position)> {
        let node = *self.arguments.get(index)?;
        let at = self.file.at(node);
        if let Some(text) = string(node, self.file.text) {
            return Some((text.trim().to_owned(), at));
        }
        let diagnostic = Diagnostic::error(Number::S0006, "the name is not a string literal")
            .at(&at)
            .note("names are read from the source; constants and expressions are not looked through")
            .help("write the name itself, in quotes");
        found.diagnostics.push(diagnostic);
        None
    }

    /// The package-level variable, by import path and name.
    pub(super) fn key(&self) -> Option<(String, String)> {
        Some((self.file.import_path.clone(), self.variable?.to_owned()))
    }
}

/// A configuration: a composite literal with keys.
pub(super) struct Config<'c, 't> {
    file: &'c File<'t>,
    /// Where it stands.
    pub(super) at: Position,
    fields: BTreeMap<&'t str, Node<'t>>,
    /// Whether some of it could not be read, so that what is missing may only be misspelt.
    is_partial: bool,
}

impl<'c, 't> Config<'c, 't> {
    /// Reads a configuration with these fields. `nil` has none.
    pub(super) fn read(file: &'c File<'t>, node: Node<'t>, known: &[&str], found: &mut Found) -> Self {
        let mut config = Self { file, at: file.at(node), fields: BTreeMap::new(), is_partial: false };
        let literal = without_address(node);
        let body = match literal.kind() {
            "nil" => return config,
            "literal_value" => Some(literal),
            "composite_literal" => literal.child_by_field_name("body"),
            _ => None,
        };
        let Some(body) = body else {
            let diagnostic = Diagnostic::error(Number::S0007, "the configuration is not a struct literal")
                .at(&config.at)
                .note("what is declared must be readable without running the app")
                .help("write the fields out in place: `Config{Field: value}`");
            found.diagnostics.push(diagnostic);
            config.is_partial = true;
            return config;
        };
        for element in named_children(body) {
            match keyed(file, element, known, found) {
                Some((name, value)) => {
                    config.fields.insert(name, value);
                }
                None => config.is_partial = true,
            }
        }
        config
    }

    /// The expression of a field, unless it is `nil`.
    pub(super) fn node(&self, name: &str) -> Option<Node<'t>> {
        self.fields.get(name).copied().filter(|node| node.kind() != "nil")
    }

    /// The expression of a field that must be there.
    pub(super) fn required(&self, name: &str, help: &str, found: &mut Found) -> Option<Node<'t>> {
        let node = self.node(name);
        if node.is_none() && !self.is_partial {
            let diagnostic = Diagnostic::error(Number::S0010, format!("the field `{name}` is missing"))
                .at(&self.at)
                .note("there is no default for it")
                .help(help);
            found.diagnostics.push(diagnostic);
        }
        node
    }

    /// A configuration within this one.
    pub(super) fn nested(&self, name: &str, known: &[&str], found: &mut Found) -> Option<Config<'c, 't>> {
        Some(Config::read(self.file, self.node(name)?, known, found))
    }

    /// A whole number; a duration in the unit of its package.
    pub(super) fn integer(&self, name: &str, found: &mut Found) -> Option<i64> {
        match self.constant(name, found)? {
            Constant::Integer(number) => Some(number),
            _ => self.mismatch(name, "a whole number", found),
        }
    }

    /// A truth value; absent means false.
    pub(super) fn boolean(&self, name: &str, found: &mut Found) -> bool {
        match self.constant(name, found) {
            Some(Constant::Boolean(truth)) => truth,
            Some(_) => self.mismatch(name, "`true` or `false`", found).unwrap_or(false),
            None => false,
        }
    }

    /// A text; an empty one counts as absent.
    pub(super) fn text(&self, name: &str, found: &mut Found) -> Option<String> {
        match self.constant(name, found)? {
            Constant::Text(text) => Some(text).filter(|text| !text.is_empty()),
            _ => self.mismatch(name, "a string", found),
        }
    }

    fn constant(&self, name: &str, found: &mut Found) -> Option<Constant> {
        match fold(self.file, self.node(name)?) {
            Ok(Constant::Nil) => None,
            Ok(constant) => Some(constant),
            Err(unknown) => {
                let code = if unknown.why == Why::TooDeep { Number::S0017 } else { Number::S0009 };
                let diagnostic = Diagnostic::error(code, format!("`{name}` is not a constant"))
                    .at(&self.file.at(unknown.node))
                    .note(unknown.why.text())
                    .help("write a literal, or arithmetic over literals and constants such as `time.Second`");
                found.diagnostics.push(diagnostic);
                None
            }
        }
    }

    fn mismatch<T>(&self, name: &str, wanted: &str, found: &mut Found) -> Option<T> {
        let at = self.node(name).map_or_else(|| self.at.clone(), |node| self.file.at(node));
        let diagnostic = Diagnostic::error(Number::S0009, format!("`{name}` is not {wanted}"))
            .at(&at)
            .note("the field has another type")
            .help(format!("write {wanted}"));
        found.diagnostics.push(diagnostic);
        None
    }

    /// The position of a field's value, or else of the whole.
    pub(super) fn at_field(&self, name: &str) -> Position {
        self.node(name).map_or_else(|| self.at.clone(), |node| self.file.at(node))
    }
}

fn keyed<'t>(
    file: &File<'t>,
    element: Node<'t>,
    known: &[&str],
    found: &mut Found,
) -> Option<(&'t str, Node<'t>)> {
    let (Some(key), Some(value)) = (fields(element, "key").pop(), fields(element, "value").pop()) else {
        if !element.is_error() {
            let diagnostic =
                Diagnostic::error(Number::S0007, "the configuration has a value without a field name")
                    .at(&file.at(element))
                    .note("what a value means is read from the name of its field")
                    .help("write `Field: value`");
            found.diagnostics.push(diagnostic);
        }
        return None;
    };
    let name = file.slice(key);
    if known.contains(&name) {
        return Some((name, value.named_child(0)?));
    }
    let help = match closest(name, known.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None if known.is_empty() => "remove it".to_owned(),
        None => format!(
            "the fields are {}",
            known.iter().map(|field| format!("`{field}`")).collect::<Vec<_>>().join(", ")
        ),
    };
    let diagnostic = Diagnostic::error(Number::S0008, format!("there is no field `{name}`"))
        .at(&file.at(key))
        .note("a field that is not known would be left out without a word")
        .help(help);
    found.diagnostics.push(diagnostic);
    None
}

/// `T{…}` of `&T{…}` and `(T{…})`.
fn without_address(node: Node<'_>) -> Node<'_> {
    let mut node = node;
    while matches!(node.kind(), "parenthesized_expression" | "unary_expression") {
        let is_address = node.child(0).is_some_and(|first| matches!(first.kind(), "&" | "("));
        match node.named_child(0) {
            Some(inside) if is_address => node = inside,
            _ => break,
        }
    }
    node
}

#[cfg(test)]
mod tests {
    use super::super::tests::check_file;

    #[test]
    fn a_resource_is_declared_at_package_level() {
        check_file(
            "func f() { x := sqldb.Named(\"a\"); x.Exec() }",
            &[],
            &["S0005 svc/svc.go:16:17-16:28 `sqldb.Named` is not called from a package-level variable"],
        );
        check_file(
            "var f = func() { objects.NewBucket(\"a\", objects.BucketConfig{}) }",
            &[],
            &["S0005 svc/svc.go:16:18-16:35 `objects.NewBucket` is not called from a package-level variable"],
        );
    }

    #[test]
    fn a_constructor_is_called_by_its_own_name() {
        check_file(
            "var f = pubsub.NewTopic",
            &[],
            &["S0015 svc/svc.go:16:9-16:24 `pubsub.NewTopic` is referenced without being called"],
        );
    }

    #[test]
    fn names_and_arguments_are_written_out() {
        check_file(
            "const name = \"a\"\nvar a = objects.NewBucket(name, objects.BucketConfig{})",
            &[],
            &["S0006 svc/svc.go:17:27-17:31 the name is not a string literal"],
        );
        check_file(
            "var a = objects.NewBucket(\"a\")",
            &[],
            &["S0007 svc/svc.go:16:9-16:31 `objects.NewBucket` takes 2 arguments, not 1"],
        );
        check_file(
            "var a = objects.NewBucket(\"a\", config())",
            &["bucket a public=false versioned=false"],
            &["S0007 svc/svc.go:16:32-16:40 the configuration is not a struct literal"],
        );
    }

    #[test]
    fn fields_of_a_configuration_must_exist() {
        check_file(
            "var a = objects.NewBucket(\"a\", objects.BucketConfig{Versionned: true, Public: true})",
            &["bucket a public=true versioned=false"],
            &["S0008 svc/svc.go:16:53-16:63 there is no field `Versionned`"],
        );
        check_file(
            "var a = objects.NewBucket(\"a\", objects.BucketConfig{true})",
            &[],
            &["S0007 svc/svc.go:16:53-16:57 the configuration has a value without a field name"],
        );
        check_file(
            "var a = objects.NewBucket(\"a\", objects.BucketConfig{Public: \"yes\"})",
            &[],
            &["S0009 svc/svc.go:16:61-16:66 `Public` is not `true` or `false`"],
        );
    }

    #[test]
    fn a_misspelt_field_is_not_said_to_be_missing_as_well() {
        check_file(
            "var a = sqldb.NewDatabase(\"a\", sqldb.DatabaseConfig{Migration: \"./migrations\"})",
            &[],
            &["S0008 svc/svc.go:16:53-16:62 there is no field `Migration`"],
        );
    }
}
