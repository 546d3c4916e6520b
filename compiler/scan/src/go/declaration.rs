//! What the declarations of all resources have in common: a constructor, called at package level, with a name and a
//! configuration that are written out.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use compiler_diagnostics::{Code as Number, Diagnostic, closest};
use schema_documents::Position;

use super::Found;
use super::facts::{Call, Constant, Element, Role, Type, Value, ValueForm, Why, Word};
use super::program::{Doing, File, Program, Site};

/// The constructor of a resource.
#[derive(Clone)]
pub(super) struct Constructor {
    /// Import path of its package.
    pub(super) package: &'static str,
    /// Name of the function.
    pub(super) function: &'static str,
    /// What a call looks like; as many arguments as this has are needed.
    pub(super) usage: &'static str,
    /// How many type arguments there are.
    pub(super) types: RangeInclusive<usize>,
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
pub(super) struct Declared<'p> {
    pub(super) file: &'p File<'p>,
    pub(super) site: Site<'p>,
    pub(super) call: &'p Call,
    /// The package-level variable that is set.
    pub(super) variable: Option<&'p str>,
    /// Whether the variable holds something made of the resource, and not the resource.
    pub(super) is_nested: bool,
}

/// The calls of a constructor. Those in a wrong place or with wrong arguments become diagnostics.
pub(super) fn declared<'p>(
    program: &'p Program<'_>,
    constructor: &Constructor,
    found: &mut Found,
) -> Vec<Declared<'p>> {
    let mut calls = Vec::new();
    for site in program.sites(constructor.package, constructor.function) {
        match check(site, constructor) {
            Ok(declared) => calls.push(declared),
            Err(diagnostic) => found.diagnostics.push(*diagnostic),
        }
    }
    calls
}

fn check<'p>(site: Site<'p>, constructor: &Constructor) -> Result<Declared<'p>, Box<Diagnostic>> {
    let Doing::Called(call) = site.doing() else { return Err(Box::new(not_called(site, constructor))) };
    let (Some(call), Role::Whole | Role::Part) = (call, site.used.role) else {
        return Err(Box::new(in_function(site, constructor)));
    };
    if !constructor.types.contains(&call.types.len()) {
        return Err(Box::new(wrong_types(site, call, constructor)));
    }
    if call.arguments.len() != constructor.arguments {
        return Err(Box::new(wrong_arguments(site.file, call, constructor)));
    }
    let variable = site.variables().first().map(|name| name.text.as_str());
    Ok(Declared {
        file: site.file,
        site,
        call,
        variable: variable.filter(|name| *name != "_"),
        is_nested: site.used.role == Role::Part,
    })
}

fn not_called(site: Site<'_>, constructor: &Constructor) -> Diagnostic {
    let message = format!("`{}` is referenced without being called", constructor.name());
    Diagnostic::error(Number::S0015, message)
        .at(&site.at())
        .note("a resource can be found only where its constructor is called by its own name")
        .help(format!("call it: `{}`", constructor.usage))
}

fn in_function(site: Site<'_>, constructor: &Constructor) -> Diagnostic {
    let message = format!("`{}` is not called from a package-level variable", constructor.name());
    Diagnostic::error(Number::S0005, message)
        .at(&site.at())
        .note("resources exist before the app runs, so they cannot depend on code that does")
        .help(format!("move it out of the function: `var x = {}`", constructor.usage))
}

fn wrong_types(site: Site<'_>, call: &Call, constructor: &Constructor) -> Diagnostic {
    let (least, most) = (*constructor.types.start(), *constructor.types.end());
    let wanted = if least == most { most.to_string() } else { format!("{least} or {most}") };
    let plural = if most == 1 { "" } else { "s" };
    let (name, given) = (constructor.name(), call.types.len());
    Diagnostic::error(Number::S0007, format!("`{name}` takes {wanted} type argument{plural}, not {given}"))
        .at(&site.at())
        .note("what is declared must be readable without running the app")
        .help(format!("write `{}`", constructor.usage))
}

fn wrong_arguments(file: &File<'_>, call: &Call, constructor: &Constructor) -> Diagnostic {
    let plural = if constructor.arguments == 1 { "" } else { "s" };
    let (name, wanted, given) = (constructor.name(), constructor.arguments, call.arguments.len());
    Diagnostic::error(Number::S0007, format!("`{name}` takes {wanted} argument{plural}, not {given}"))
        .at(&file.at(call.at))
        .note("what is declared must be readable without running the app")
        .help(format!("write `{}`", constructor.usage))
}

impl<'p> Declared<'p> {
    /// The argument that is the resource's name.
    pub(super) fn name(&self, index: usize, found: &mut Found) -> Option<(String, Position)> {
        let value = self.call.arguments.get(index)?;
        let at = self.file.at(value.at);
        match &value.form {
            ValueForm::Text(text) => return Some((text.trim().to_owned(), at)),
            ValueForm::Broken => return None,
            _ => {}
        }
        let diagnostic = Diagnostic::error(Number::S0006, "the name is not a string literal")
            .at(&at)
            .note("names are read from the source; constants and expressions are not looked through")
            .help("write the name itself, in quotes");
        found.diagnostics.push(diagnostic);
        None
    }

    /// An argument; there are as many as the constructor wants.
    pub(super) fn argument(&self, index: usize) -> &'p Value {
        &self.call.arguments[index]
    }

    /// The position of an argument.
    pub(super) fn at_argument(&self, index: usize) -> Position {
        self.file.at(self.argument(index).at)
    }

    /// A type argument.
    pub(super) fn ty(&self, index: usize) -> Option<&'p Type> {
        self.call.types.get(index)
    }

    /// What an argument leads to by its name.
    pub(super) fn named(&self, program: &Program<'_>, index: usize) -> Option<(String, String)> {
        named(program, self.file, self.argument(index))
    }

    /// The package-level variable, by import path and name.
    pub(super) fn key(&self) -> Option<(String, String)> {
        Some((self.file.import_path.clone(), self.variable?.to_owned()))
    }

    /// The report that it is declared outside of all services.
    pub(super) fn outside(&self, what: &str) -> Diagnostic {
        Diagnostic::error(Number::S0005, format!("a {what} is declared outside of all services"))
            .at(&self.at())
            .note("it runs with a service, and there is none around it")
            .help("move it into the folder of a service")
    }

    /// The position of the whole call.
    pub(super) fn at(&self) -> Position {
        self.file.at(self.call.at)
    }
}

/// The package and name of what a value names; absent when it is more than a name.
pub(super) fn named(program: &Program<'_>, file: &File<'_>, value: &Value) -> Option<(String, String)> {
    let ValueForm::Path(path) = &value.form else { return None };
    let named = program.resolve(file, path)?;
    (named.words == path.len()).then(|| (named.package.to_owned(), named.name.to_owned()))
}

/// A configuration: a composite literal with keys.
pub(super) struct Config<'p> {
    file: &'p File<'p>,
    /// Where it stands.
    pub(super) at: Position,
    fields: BTreeMap<&'p str, &'p Value>,
    /// Whether some of it could not be read, so that what is missing may only be misspelt.
    is_partial: bool,
}

impl<'p> Config<'p> {
    /// Reads a configuration with these fields. `nil` has none.
    pub(super) fn read(file: &'p File<'p>, value: &'p Value, known: &[&str], found: &mut Found) -> Self {
        let mut config = Self { file, at: file.at(value.at), fields: BTreeMap::new(), is_partial: false };
        let elements = match &value.form {
            ValueForm::Constant(Constant::Nil) => return config,
            ValueForm::Literal(elements) => elements,
            ValueForm::Broken => {
                config.is_partial = true;
                return config;
            }
            _ => {
                let diagnostic =
                    Diagnostic::error(Number::S0007, "the configuration is not a struct literal")
                        .at(&config.at)
                        .note("what is declared must be readable without running the app")
                        .help("write the fields out in place: `Config{Field: value}`");
                found.diagnostics.push(diagnostic);
                config.is_partial = true;
                return config;
            }
        };
        for element in elements {
            match keyed(file, element, known, found) {
                Some(name) => drop(config.fields.insert(name, &element.value)),
                None => config.is_partial = true,
            }
        }
        config
    }

    /// The value of a field, unless it is `nil`.
    pub(super) fn value(&self, name: &str) -> Option<&'p Value> {
        let is_nil = |value: &&Value| value.form == ValueForm::Constant(Constant::Nil);
        self.fields.get(name).copied().filter(|value| !is_nil(value))
    }

    /// The value of a field that must be there.
    pub(super) fn required(&self, name: &str, help: &str, found: &mut Found) -> Option<&'p Value> {
        let value = self.value(name);
        if value.is_none() && !self.is_partial {
            let diagnostic = Diagnostic::error(Number::S0010, format!("the field `{name}` is missing"))
                .at(&self.at)
                .note("there is no default for it")
                .help(help);
            found.diagnostics.push(diagnostic);
        }
        value
    }

    /// A configuration within this one.
    pub(super) fn nested(&self, name: &str, known: &[&str], found: &mut Found) -> Option<Self> {
        Some(Config::read(self.file, self.value(name)?, known, found))
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
            Some(_) => self.mismatch(name, "`true` or `false`", found).unwrap_or_default(),
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
        let value = self.value(name)?;
        let (why, at) = match &value.form {
            ValueForm::Text(text) => return Some(Constant::Text(text.clone())),
            ValueForm::Constant(constant) => return Some(constant.clone()),
            ValueForm::Broken => return None,
            ValueForm::Unknown(why, at) => (*why, *at),
            ValueForm::Path(_) | ValueForm::Literal(_) | ValueForm::Call(..) | ValueForm::Function => {
                (Why::NotConstant, value.at)
            }
        };
        let code = if why == Why::TooDeep { Number::S0017 } else { Number::S0009 };
        let diagnostic = Diagnostic::error(code, format!("`{name}` is not a constant"))
            .at(&self.file.at(at))
            .note(why.text())
            .help("write a literal, or arithmetic over literals and constants such as `time.Second`");
        found.diagnostics.push(diagnostic);
        None
    }

    fn mismatch<T>(&self, name: &str, wanted: &str, found: &mut Found) -> Option<T> {
        let diagnostic = Diagnostic::error(Number::S0009, format!("`{name}` is not {wanted}"))
            .at(&self.at_field(name))
            .note("the field has another type")
            .help(format!("write {wanted}"));
        found.diagnostics.push(diagnostic);
        None
    }

    /// The position of a field's value, or else of the whole.
    pub(super) fn at_field(&self, name: &str) -> Position {
        self.value(name).map_or_else(|| self.at.clone(), |value| self.file.at(value.at))
    }
}

fn keyed<'p>(file: &File<'_>, element: &'p Element, known: &[&str], found: &mut Found) -> Option<&'p str> {
    let Some(key) = &element.key else {
        let diagnostic =
            Diagnostic::error(Number::S0007, "the configuration has a value without a field name")
                .at(&file.at(element.at))
                .note("what a value means is read from the name of its field")
                .help("write `Field: value`");
        found.diagnostics.push(diagnostic);
        return None;
    };
    if known.contains(&key.text.as_str()) {
        return Some(&key.text);
    }
    found.diagnostics.push(unknown_field(file, key, known));
    None
}

fn unknown_field(file: &File<'_>, key: &Word, known: &[&str]) -> Diagnostic {
    let help = match closest(&key.text, known.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None if known.is_empty() => "remove it".to_owned(),
        None => format!(
            "the fields are {}",
            known.iter().map(|field| format!("`{field}`")).collect::<Vec<_>>().join(", ")
        ),
    };
    Diagnostic::error(Number::S0008, format!("there is no field `{}`", key.text))
        .at(&file.at(key.at))
        .note("a field that is not known would be left out without a word")
        .help(help)
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
