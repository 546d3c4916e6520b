//! Go syntax: one parsed file, and every use of a name in it that is not a local variable's.
//!
//! Nothing here recurses over the tree: files nested ten thousand deep are walked with a cursor.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use schema_documents::Position;
use tree_sitter::{Node, Parser, Tree};

use super::walk;
use crate::text::Lines;

/// The text of a file and its tree.
pub(super) struct Source<'t> {
    pub(super) path: &'t str,
    pub(super) text: Cow<'t, str>,
    /// Offset of the first byte that is no UTF-8.
    pub(super) broken_at: Option<usize>,
    tree: Tree,
}

/// One Go file.
pub(super) struct File<'t> {
    pub(super) path: &'t str,
    /// The folder, relative to the app's root; empty for the root itself.
    pub(super) folder: &'t str,
    pub(super) text: &'t str,
    pub(super) root: Node<'t>,
    /// Name in the package clause.
    pub(super) package: &'t str,
    /// The path by which other packages import this one.
    pub(super) import_path: String,
    /// Import path by the name it has in this file.
    pub(super) imports: BTreeMap<&'t str, &'t str>,
    /// Import paths, also of what has no name here.
    pub(super) imported: BTreeSet<&'t str>,
    pub(super) uses: Vec<Use<'t>>,
    lines: Lines<'t>,
}

/// A use of a package-level name: of the file's own package, or of an imported one.
pub(super) struct Use<'t> {
    /// Import path of the package that declares the name.
    pub(super) package: &'t str,
    pub(super) name: &'t str,
    /// `name` or `package.name`.
    pub(super) node: Node<'t>,
    pub(super) role: Role<'t>,
    pub(super) place: Place<'t>,
}

/// What is done with a name.
#[derive(Clone, Copy)]
pub(super) enum Role<'t> {
    /// `name(…)`: the call.
    Called(Node<'t>),
    /// `name.method(…)`.
    Method(&'t str),
    /// `name.field`.
    Field,
    /// `call(…, name, …)`: the call.
    Argument(Node<'t>),
    /// Anything else.
    Value,
}

/// Where a name is used.
#[derive(Clone, Copy)]
pub(super) enum Place<'t> {
    /// In a function.
    Function,
    /// In what a package-level variable is set to; `direct` when it is the whole value, not a part.
    Variable {
        /// The variable; absent for `_`.
        name: Option<&'t str>,
        direct: bool,
    },
    /// Elsewhere at package level: in a type, a signature, a constant.
    Other,
}

/// A declaration at package level, with the comments directly above it.
pub(super) struct Declaration<'t> {
    pub(super) node: Node<'t>,
    pub(super) comments: Vec<Node<'t>>,
}

/// Parses the text of a file. Absent only if the parser gave up.
pub(super) fn parse<'t>(path: &'t str, content: &'t [u8]) -> Option<Source<'t>> {
    let broken_at = std::str::from_utf8(content).err().map(|error| error.valid_up_to());
    let text = String::from_utf8_lossy(content);
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_go::LANGUAGE.into()).ok()?;
    let mut tree = parser.parse(text.as_bytes(), None)?;
    if tree.root_node().has_error() && text.contains("new(") {
        tree = parser.parse(without_new(&text), None)?;
    }
    Some(Source { path, text, broken_at, tree })
}

/// The grammar knows `new` with a type only; since Go 1.26 it takes any expression. Under another name of the same
/// length it is a call like any other, and every offset stays. What begins like a type cannot stand in such a call.
fn without_new(text: &str) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for (at, call) in text.match_indices("new(") {
        let argument = &text[at + call.len()..];
        if !["[", "*", "map[", "chan ", "<-chan", "func(", "struct", "interface"]
            .iter()
            .any(|kind| argument.starts_with(kind))
        {
            bytes[at + 2] = b'W';
        }
    }
    bytes
}

impl Source<'_> {
    /// Name in the package clause; empty when there is none.
    pub(super) fn package(&self) -> &str {
        let root = self.tree.root_node();
        let clause = children(root).into_iter().find(|node| node.kind() == "package_clause");
        let name = clause.and_then(|clause| clause.named_child(0));
        name.map_or("", |name| &self.text[name.byte_range()])
    }

    /// The first place that the parser could not make sense of.
    pub(super) fn error(&self) -> Option<Node<'_>> {
        first_error(self.tree.root_node())
    }

    pub(super) fn folder(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }
}

impl<'t> File<'t> {
    /// Reads a file's imports and uses. `package_of` gives the name of a package by its import path.
    pub(super) fn new(
        source: &'t Source<'t>,
        import_path: &'t str,
        package_of: &dyn Fn(&'t str) -> Option<&'t str>,
    ) -> Self {
        let root = source.tree.root_node();
        let text: &'t str = &source.text;
        let specs = imports(root, text);
        let name = |(alias, path): &(Option<&'t str>, &'t str)| {
            let usual = || package_of(path).unwrap_or_else(|| usual_name(path));
            (alias.unwrap_or_else(usual), *path)
        };
        let imports = specs.iter().map(name).filter(|(name, _)| !matches!(*name, "_" | ".")).collect();
        let uses = walk::uses(root, text, import_path, &imports);
        Self {
            path: source.path,
            folder: source.folder(),
            text,
            root,
            package: source.package(),
            import_path: import_path.to_owned(),
            imports,
            imported: specs.into_iter().map(|(_, path)| path).collect(),
            uses,
            lines: Lines::new(source.path, text),
        }
    }

    /// The text of a node.
    pub(super) fn slice(&self, node: Node<'_>) -> &'t str {
        &self.text[node.byte_range()]
    }

    /// The position of a node.
    pub(super) fn at(&self, node: Node<'_>) -> Position {
        self.lines.position(node.start_byte(), node.end_byte())
    }

    /// The declarations at package level, in order.
    pub(super) fn declarations(&self) -> Vec<Declaration<'t>> {
        let mut declarations = Vec::new();
        let mut comments: Vec<Node<'t>> = Vec::new();
        for node in children(self.root) {
            let touches =
                comments.last().is_none_or(|last| last.end_position().row + 1 >= node.start_position().row);
            if !touches {
                comments.clear();
            }
            if node.kind() == "comment" {
                comments.push(node);
            } else if node.is_named() {
                declarations.push(Declaration { node, comments: std::mem::take(&mut comments) });
            }
        }
        declarations
    }

    /// The package and name that an expression or type stands for; type arguments, pointers and parentheses are
    /// looked through. Local variables are not known here.
    pub(super) fn qualified(&self, node: Node<'t>) -> Option<(&str, &'t str)> {
        let node = inner(node);
        match node.kind() {
            "identifier" | "type_identifier" => Some((&self.import_path, self.slice(node))),
            "selector_expression" => self.of_package(node, "operand", "field"),
            "qualified_type" => self.of_package(node, "package", "name"),
            _ => None,
        }
    }

    fn of_package(&self, node: Node<'t>, package: &str, name: &str) -> Option<(&str, &'t str)> {
        let package = self.slice(node.child_by_field_name(package)?);
        let name = self.slice(node.child_by_field_name(name)?);
        Some((self.imports.get(package)?, name))
    }

    /// The package and name of the function that is called.
    pub(super) fn callee(&self, call: Node<'t>) -> Option<(&str, &'t str)> {
        let function = call.child_by_field_name("function").or_else(|| call.child_by_field_name("type"))?;
        self.qualified(function)
    }
}

/// The arguments of a call.
pub(super) fn arguments(call: Node<'_>) -> Vec<Node<'_>> {
    if let Some(operand) = call.child_by_field_name("operand") {
        return vec![operand];
    }
    call.child_by_field_name("arguments").map(named_children).unwrap_or_default()
}

/// The type arguments of a call, as types or as the expressions that the parser took them for.
pub(super) fn type_arguments(call: Node<'_>) -> Vec<Node<'_>> {
    let function = call.child_by_field_name("function");
    if let Some(index) = function.and_then(|function| function.child_by_field_name("index")) {
        return vec![index];
    }
    let of_type = || call.child_by_field_name("type")?.child_by_field_name("type_arguments");
    let list = call.child_by_field_name("type_arguments").or_else(of_type);
    list.map(named_children).unwrap_or_default()
}

/// All children.
pub(super) fn children(node: Node<'_>) -> Vec<Node<'_>> {
    node.children(&mut node.walk()).collect()
}

/// The named children, without comments.
pub(super) fn named_children(node: Node<'_>) -> Vec<Node<'_>> {
    node.named_children(&mut node.walk()).filter(|child| child.kind() != "comment").collect()
}

/// The children in a field.
pub(super) fn fields<'t>(node: Node<'t>, field: &str) -> Vec<Node<'t>> {
    node.children_by_field_name(field, &mut node.walk()).filter(Node::is_named).collect()
}

/// What an expression or type is about, without type arguments, pointers and parentheses around it.
pub(super) fn inner(mut node: Node<'_>) -> Node<'_> {
    loop {
        let next = match node.kind() {
            "parenthesized_expression"
            | "parenthesized_type"
            | "type_elem"
            | "pointer_type"
            | "literal_element" => node.named_child(0),
            "index_expression" => node.child_by_field_name("operand"),
            "generic_type" | "type_instantiation_expression" => node.child_by_field_name("type"),
            "unary_expression"
                if node.child(0).is_some_and(|operator| matches!(operator.kind(), "*" | "&")) =>
            {
                node.child_by_field_name("operand")
            }
            _ => None,
        };
        match next {
            Some(next) => node = next,
            None => return node,
        }
    }
}

/// The content of a string literal; absent for anything else, and for one that is not valid.
pub(super) fn string<'t>(node: Node<'t>, text: &'t str) -> Option<Cow<'t, str>> {
    let written = &text[node.byte_range()];
    match node.kind() {
        "raw_string_literal" => Some(Cow::Borrowed(written.strip_prefix('`')?.strip_suffix('`')?)),
        "interpreted_string_literal" => unescape(written.strip_prefix('"')?.strip_suffix('"')?),
        _ => None,
    }
}

fn unescape(written: &str) -> Option<Cow<'_, str>> {
    if !written.contains('\\') {
        return Some(Cow::Borrowed(written));
    }
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
    String::from_utf8(bytes).ok().map(Cow::Owned)
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

/// The imports of a file: name, where one is given, and path.
fn imports<'t>(root: Node<'t>, text: &'t str) -> Vec<(Option<&'t str>, &'t str)> {
    let declarations = children(root).into_iter().filter(|node| node.kind() == "import_declaration");
    let specs = declarations.flat_map(named_children).flat_map(|node| match node.kind() {
        "import_spec_list" => named_children(node),
        _ => vec![node],
    });
    let import = |spec: Node<'t>| {
        let path = text[spec.child_by_field_name("path")?.byte_range()].trim_matches(['"', '`']);
        Some((spec.child_by_field_name("name").map(|name| &text[name.byte_range()]), path))
    };
    specs.filter_map(import).collect()
}

/// The name that a package most likely has: the last part of its path that is no version.
fn usual_name(path: &str) -> &str {
    let is_version = |part: &&str| {
        part.strip_prefix('v')
            .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
    };
    let last = path.rsplit('/').find(|part| !is_version(part)).unwrap_or(path);
    let last = last.rsplit_once(".v").map_or(last, |(name, _)| name);
    last.strip_prefix("go-").unwrap_or(last)
}

fn first_error(root: Node<'_>) -> Option<Node<'_>> {
    if !root.has_error() {
        return None;
    }
    let mut node = root;
    // Each step goes one level down, to the first child that holds the error.
    loop {
        if node.is_error() || node.is_missing() {
            return Some(node);
        }
        let Some(child) = children(node).into_iter().find(|child| child.has_error() || child.is_missing())
        else {
            return Some(node);
        };
        node = child;
    }
}

/// The names that a function's parameters and results have in its body.
pub(super) fn parameter_names(function: Node<'_>) -> Vec<Node<'_>> {
    let lists =
        ["receiver", "parameters", "result"].iter().filter_map(|field| function.child_by_field_name(field));
    lists.flat_map(named_children).flat_map(|parameter| fields(parameter, "name")).collect()
}
