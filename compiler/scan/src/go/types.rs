//! What a type comes down to, across files and packages.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{Field, Type, TypeForm};
use super::program::{File, Named, Program};

/// How many names a type may be followed through.
const MAX_STEPS: usize = 64;

/// What a type comes down to.
pub(super) enum Shape<'p> {
    /// A struct that has a name.
    Struct(Struct<'p>),
    /// A type that every file knows, or one that is the same under another name.
    Basic(&'p str),
    /// A type of a package that is not the app's: the import path and the name.
    Foreign(&'p str, &'p str),
    /// Something else that is written out: a pointer, a list, a struct without a name, a function.
    Other,
    /// A name that is declared nowhere, or that has no end.
    Unknown,
}

/// A struct that has a name.
pub(super) struct Struct<'p> {
    /// The file in which it is declared.
    pub(super) file: &'p File<'p>,
    /// Where its name is given.
    pub(super) name: &'p str,
    pub(super) fields: &'p [Field],
    /// What its type parameters stand for: the type, with the file in which it is written.
    pub(super) arguments: BTreeMap<&'p str, (&'p File<'p>, &'p Type)>,
}

/// What a type that is written in a file comes down to.
pub(super) fn shape<'p>(program: &'p Program<'p>, file: &'p File<'p>, ty: &'p Type) -> Shape<'p> {
    let (mut file, mut ty) = (file, ty);
    let mut seen = BTreeSet::new();
    for _ in 0..MAX_STEPS {
        if ty.form == TypeForm::Broken {
            return Shape::Unknown;
        }
        let Some(named) = program.resolve_type(file, ty) else { return Shape::Other };
        let Some((declared, spec)) = program.type_spec(named.package, named.name) else {
            return undeclared(program, file, ty, named);
        };
        if !seen.insert((named.package, named.name)) {
            return Shape::Unknown;
        }
        match &spec.kind.form {
            TypeForm::Struct(fields) => {
                let parameters = spec.parameters.iter().map(|name| name.text.as_str());
                let arguments = parameters.zip(arguments(ty)).map(|(name, ty)| (name, (file, ty))).collect();
                let name = named.name;
                return Shape::Struct(Struct { file: declared, name, fields, arguments });
            }
            TypeForm::Name { .. } if spec.is_alias => (file, ty) = (declared, &spec.kind),
            _ => return Shape::Other,
        }
    }
    Shape::Unknown
}

fn undeclared<'p>(program: &Program<'_>, file: &File<'_>, ty: &'p Type, named: Named<'p>) -> Shape<'p> {
    match &ty.form {
        TypeForm::Name { qualifier: None, name, .. } if is_basic(name) => Shape::Basic(name),
        _ if named.package == file.import_path || program.folder_of(named.package).is_some() => {
            Shape::Unknown
        }
        _ => Shape::Foreign(named.package, named.name),
    }
}

fn arguments(ty: &Type) -> &[Type] {
    match &ty.form {
        TypeForm::Name { arguments, .. } => arguments,
        _ => &[],
    }
}

/// Whether a name is that of a type that every file knows.
pub(super) fn is_basic(name: &str) -> bool {
    is_integer(name)
        || matches!(
            name,
            "string" | "bool" | "float32" | "float64" | "complex64" | "complex128" | "error" | "any"
        )
}

/// Whether a name is that of a type of whole numbers.
pub(super) fn is_integer(name: &str) -> bool {
    matches!(
        name,
        "int"
            | "int8"
            | "int16"
            | "int32"
            | "int64"
            | "uint"
            | "uint8"
            | "uint16"
            | "uint32"
            | "uint64"
            | "uintptr"
            | "byte"
            | "rune"
    )
}

/// The name in a tag of a field: `x` of `key:"x,option"`.
pub(super) fn tagged<'t>(field: &'t Field, key: &str) -> Option<&'t str> {
    let mut rest = field.tag.as_ref()?.text.trim_start();
    while let Some((found, after)) = rest.split_once(":\"") {
        // A quote within the value has a backslash before it.
        let end = after.match_indices('"').map(|(at, _)| at).find(|at| !after[..*at].ends_with('\\'))?;
        if found.trim() == key {
            return after[..end].split(',').next();
        }
        rest = &after[end + 1..];
    }
    None
}

/// Whether a name can be seen from other packages.
pub(super) fn is_exported(name: &str) -> bool {
    name.chars().next().is_some_and(char::is_uppercase)
}

/// A type as people write it.
pub(super) fn written(ty: &Type) -> String {
    match &ty.form {
        TypeForm::Name { qualifier: Some(package), name, .. } => format!("{package}.{name}"),
        TypeForm::Name { qualifier: None, name, .. } => name.clone(),
        TypeForm::Pointer(inner) => format!("*{}", written(inner)),
        TypeForm::List(inner) => format!("[]{}", written(inner)),
        TypeForm::Map(..) => "a map".to_owned(),
        TypeForm::Struct(_) => "a struct without a name".to_owned(),
        TypeForm::Interface { .. } => "an interface".to_owned(),
        TypeForm::Other | TypeForm::Broken => "this type".to_owned(),
    }
}

/// The names of the framework's interfaces that a type embeds or is; absent when there is anything else in it.
pub(super) fn permissions<'p>(
    program: &'p Program<'p>,
    file: &'p File<'p>,
    ty: &'p Type,
    package: &str,
) -> Permissions<'p> {
    let mut found = Permissions { names: BTreeSet::new(), is_clear: true };
    let mut seen = BTreeSet::new();
    let mut open = vec![(file, ty)];
    while let Some((file, ty)) = open.pop() {
        match (&ty.form, program.resolve_type(file, ty)) {
            (TypeForm::Interface { has_methods, embedded }, _) => {
                found.is_clear &= !has_methods;
                open.extend(embedded.iter().map(|ty| (file, ty)));
            }
            (_, Some(named)) if named.package == package => drop(found.names.insert(named.name)),
            (_, Some(named)) => match program.type_spec(named.package, named.name) {
                Some((file, spec)) if seen.insert((named.package, named.name)) => {
                    open.push((file, &spec.kind));
                }
                _ => found.is_clear = false,
            },
            (_, None) => found.is_clear = false,
        }
    }
    found.is_clear &= !found.names.is_empty();
    found
}

/// What an interface of permissions is made of.
pub(super) struct Permissions<'p> {
    pub(super) names: BTreeSet<&'p str>,
    /// Whether there is nothing else in it.
    pub(super) is_clear: bool,
}

#[cfg(test)]
mod tests {
    use super::super::facts::Word;
    use super::*;
    use crate::text::Place;

    #[test]
    fn a_tag_is_found_by_its_key() {
        let at = Place::default();
        for (tag, expected) in [
            ("json:\"a,omitempty\" pubsub-attr:\"b\"", Some("b")),
            ("pubsub-attr:\"b,x\"", Some("b")),
            ("json:\"\\\"pubsub-attr:\" x:\"y\"", None),
            ("pubsub-attr:", None),
        ] {
            let kind = Type { at, form: TypeForm::Other };
            let tag = Some(Word { text: tag.into(), at });
            let field = Field { names: Vec::new(), at, kind, tag };
            assert_eq!(tagged(&field, "pubsub-attr"), expected);
        }
    }
}
