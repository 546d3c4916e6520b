//! What is needed to read any part of a file: its imports, its constants, and where things stand.

use rustc_hash::{FxHashMap, FxHashSet};

use super::standard::is_standard;
use super::{Import, Word};
use crate::go::parser::ast::{
    ConstSpec, Declaration, Expression, ExpressionKind, File, ImportSpec, LiteralKind, Name, Span,
};
use crate::text::{Place, Places};

/// The start of the import paths of the framework.
const FRAMEWORK: &str = "encore.dev";

/// A file that is being read.
pub(super) struct Reader<'a> {
    pub(super) file: File<'a>,
    pub(super) imports: Vec<Import>,
    places: Places<'a>,
    /// Import paths by the names that they most likely have here.
    names: FxHashMap<&'a str, &'a str>,
    /// The names of imported packages of Go's own library.
    standard: FxHashSet<&'a str>,
    /// Whether names of the framework may stand without a dot.
    has_framework_inside: bool,
    /// The values of the constants at package level.
    constants: FxHashMap<&'a str, Expression<'a>>,
}

impl<'a> Reader<'a> {
    /// Looks at what the rest of the file refers to.
    pub(super) fn new(file: File<'a>) -> Self {
        let places = Places::new(file.source);
        let mut reader = Self {
            file,
            imports: Vec::new(),
            places,
            names: FxHashMap::default(),
            standard: FxHashSet::default(),
            has_framework_inside: false,
            constants: FxHashMap::default(),
        };
        for declaration in file.declarations {
            match declaration {
                Declaration::Import(group) => group.specs.iter().for_each(|spec| reader.import(spec)),
                Declaration::Const(group) => reader.constants.extend(group.specs.iter().flat_map(constants)),
                _ => {}
            }
        }
        reader
    }

    fn import(&mut self, spec: &ImportSpec<'a>) {
        let path = spec.path.text.trim_matches(['"', '`']);
        let name = spec.name.map(|name| name.text);
        match name {
            Some("_") => {}
            Some(".") => self.has_framework_inside |= is_framework(path),
            Some(name) => self.name(name, path),
            None => self.name(usual_name(path), path),
        }
        self.imports.push(Import { name: name.map(str::to_owned), path: path.to_owned() });
    }

    fn name(&mut self, name: &'a str, path: &'a str) {
        self.names.insert(name, path);
        if is_standard(path) {
            self.standard.insert(name);
        }
    }

    /// Where something stands.
    pub(super) fn at(&self, span: Span) -> Place {
        self.places.place(span.start as usize, span.end as usize)
    }

    /// A name and where it stands.
    pub(super) fn word(&self, name: Name<'a>) -> Word {
        Word { text: name.text.to_owned(), at: self.at(name.span) }
    }

    /// The import path that a name most likely stands for.
    pub(super) fn path_of(&self, name: &str) -> Option<&'a str> {
        self.names.get(name).copied()
    }

    /// Whether a name that is not local is one of an imported package of Go's own library.
    pub(super) fn is_standard(&self, name: &str) -> bool {
        self.standard.contains(name)
    }

    /// Whether a path of names may lead to something of the framework.
    pub(super) fn is_framework(&self, path: &[Name<'a>]) -> bool {
        match path {
            [] => false,
            [_] => self.has_framework_inside,
            [package, ..] => self.path_of(package.text).is_some_and(is_framework),
        }
    }

    /// The value of a constant at package level.
    pub(super) fn constant(&self, name: &str) -> Option<Expression<'a>> {
        self.constants.get(name).copied()
    }
}

/// Whether an import path is one of the framework.
pub(in crate::go) fn is_framework(path: &str) -> bool {
    path.strip_prefix(FRAMEWORK).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The names of a `const`, with their values.
pub(super) fn constants<'a>(spec: &ConstSpec<'a>) -> impl Iterator<Item = (&'a str, Expression<'a>)> {
    spec.names.iter().map(|name| name.text).zip(spec.values.iter().copied())
}

/// The name that a package most likely has: the last part of its path that is no version.
pub(in crate::go) fn usual_name(path: &str) -> &str {
    let is_version = |part: &&str| {
        part.strip_prefix('v')
            .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
    };
    let last = path.rsplit('/').find(|part| !is_version(part)).unwrap_or(path);
    let last = last.rsplit_once(".v").map_or(last, |(name, _)| name);
    if path == FRAMEWORK { "encore" } else { last.strip_prefix("go-").unwrap_or(last) }
}

/// Names with dots between them: `a.b.c`.
pub(super) struct Chain<'a> {
    /// One at least.
    pub(super) names: Vec<Name<'a>>,
    /// What stands in brackets behind it, or between: type arguments, or indices.
    pub(super) indices: Vec<&'a [Expression<'a>]>,
}

impl<'a> Chain<'a> {
    /// Takes an expression apart. Parentheses, brackets, and the stars within are looked through; anything else that
    /// is no name makes it no chain.
    pub(super) fn of(expression: Expression<'a>) -> Option<Self> {
        let (mut names, mut indices) = (Vec::new(), Vec::new());
        let mut rest = expression;
        loop {
            rest = match rest.kind {
                ExpressionKind::Parenthesized(inner) => *inner,
                ExpressionKind::Star(inner) if !names.is_empty() => *inner,
                ExpressionKind::Index(index) => {
                    indices.push(index.indices);
                    index.operand
                }
                ExpressionKind::Selector(selector) => {
                    names.push(selector.name);
                    selector.operand
                }
                ExpressionKind::Identifier(text) => {
                    names.push(Name { span: rest.span, text });
                    names.reverse();
                    return Some(Self { names, indices });
                }
                _ => return None,
            }
        }
    }

    /// The first name, which alone is looked up.
    pub(super) fn base(&self) -> &'a str {
        self.names.first().map_or("", |name| name.text)
    }

    /// The type arguments, if it is a function that is given some.
    pub(super) fn types(&self) -> &'a [Expression<'a>] {
        self.indices.first().copied().unwrap_or_default()
    }

    /// The names as they are kept.
    pub(super) fn texts(&self) -> Vec<String> {
        self.names.iter().map(|name| name.text.to_owned()).collect()
    }
}

/// The content of a string literal; absent for one that is not valid.
pub(super) fn unquote(written: &str, kind: LiteralKind) -> Option<String> {
    match kind {
        LiteralKind::RawString => Some(written.strip_prefix('`')?.strip_suffix('`')?.replace('\r', "")),
        LiteralKind::String => unescape(written.strip_prefix('"')?.strip_suffix('"')?),
        _ => None,
    }
}

fn unescape(written: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(written.len());
    let mut rest = written;
    while let Some((before, escape)) = rest.split_once('\\') {
        bytes.extend_from_slice(before.as_bytes());
        let digits = match escape.chars().next()? {
            'x' => 1..3,
            'u' => 1..5,
            'U' => 1..9,
            '0'..='7' => 0..3,
            _ => 0..1,
        };
        let length = digits.end;
        let digits = escape.get(digits)?;
        match escape.chars().next()? {
            'x' => bytes.push(u8::from_str_radix(digits, 16).ok()?),
            '0'..='7' => bytes.push(u8::from_str_radix(digits, 8).ok()?),
            'u' | 'U' => {
                let letter = char::from_u32(u32::from_str_radix(digits, 16).ok()?)?;
                bytes.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
            }
            letter => bytes.push(control(letter)?),
        }
        rest = escape.get(length..)?;
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).ok()
}

fn control(letter: char) -> Option<u8> {
    Some(match letter {
        'a' => 7,
        'b' => 8,
        'f' => 12,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 11,
        '\\' => b'\\',
        '"' => b'"',
        _ => return None,
    })
}
