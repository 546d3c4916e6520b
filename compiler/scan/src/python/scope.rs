//! Which names of a function, a class or a comprehension are its own, and so hide those of the top level.

use std::collections::{BTreeMap, BTreeSet};

use tree_sitter::{Node, TreeCursor};

use super::facts::Import;
use super::syntax::Source;

/// What a name of an inner scope is.
#[derive(Clone, Debug)]
pub(super) enum Local {
    /// Something of the scope's own.
    Hidden,
    /// An import that the scope makes for itself.
    Import(Import),
}

/// A part of a file with names of its own.
#[derive(Debug)]
pub(super) struct Scope {
    pub(super) names: BTreeMap<String, Local>,
    /// Names that `global` says are those of the top level.
    globals: BTreeSet<String>,
    is_class: bool,
    /// Where it ends, in bytes.
    pub(super) end: usize,
}

/// Whether a node opens a scope; `field` is what it is to its parent.
pub(super) fn opens(node: Node<'_>, field: Option<&str>, parent: Option<Node<'_>>) -> bool {
    match node.kind() {
        "list_comprehension" | "set_comprehension" | "dictionary_comprehension" | "generator_expression" => {
            true
        }
        _ => {
            field == Some("body")
                && parent.is_some_and(|parent| {
                    matches!(parent.kind(), "function_definition" | "lambda" | "class_definition")
                })
        }
    }
}

impl Scope {
    /// The scope that a node opens.
    pub(super) fn of(source: &Source<'_>, node: Node<'_>, parent: Option<Node<'_>>) -> Self {
        let is_class = parent.is_some_and(|parent| parent.kind() == "class_definition")
            && !node.kind().ends_with("comprehension");
        let mut scope =
            Self { names: BTreeMap::new(), globals: BTreeSet::new(), is_class, end: node.end_byte() };
        let parameters = parent
            .filter(|parent| matches!(parent.kind(), "function_definition" | "lambda"))
            .and_then(|parent| parent.child_by_field_name("parameters"))
            .filter(|_| !node.kind().ends_with("comprehension") && node.kind() != "generator_expression");
        if let Some(parameters) = parameters {
            scope.take_parameters(source, parameters);
        }
        scope.take(source, node);
        for global in &scope.globals {
            scope.names.remove(global);
        }
        scope
    }

    /// The names that an import of the scope binds.
    pub(super) fn import(&mut self, imported: Vec<(String, Import)>) {
        for (name, import) in imported {
            if !self.globals.contains(&name) {
                self.names.insert(name, Local::Import(import));
            }
        }
    }

    fn hide(&mut self, name: &str) {
        self.names.insert(name.to_owned(), Local::Hidden);
    }

    fn take_parameters(&mut self, source: &Source<'_>, parameters: Node<'_>) {
        walk(parameters, |node, parent, field| match node.kind() {
            "type" => false,
            "identifier" => {
                let is_default = field == Some("value");
                let is_name = matches!(
                    parent.map(|parent| parent.kind()),
                    Some(
                        "parameters"
                            | "lambda_parameters"
                            | "typed_parameter"
                            | "default_parameter"
                            | "typed_default_parameter"
                            | "list_splat_pattern"
                            | "dictionary_splat_pattern"
                            | "tuple_pattern"
                    )
                );
                if is_name && !is_default {
                    self.hide(source.slice(node));
                }
                false
            }
            _ => field != Some("value"),
        });
    }

    /// Takes the names that are bound in a scope, but not in those within it.
    fn take(&mut self, source: &Source<'_>, root: Node<'_>) {
        let is_comprehension =
            root.kind().ends_with("comprehension") || root.kind() == "generator_expression";
        walk(root, |node, parent, field| {
            let parent_kind = parent.map_or("", |parent| parent.kind());
            match node.kind() {
                "function_definition" | "class_definition" => {
                    if let Some(name) = node.child_by_field_name("name") {
                        self.hide(source.slice(name));
                    }
                    false
                }
                "lambda" => false,
                "global_statement" | "nonlocal_statement" => {
                    let mut cursor = node.walk();
                    let names = node.named_children(&mut cursor).map(|name| source.slice(name).to_owned());
                    if node.kind() == "global_statement" {
                        self.globals.extend(names);
                    }
                    false
                }
                "import_statement" | "import_from_statement" => {
                    self.import(source.imports(node).names);
                    false
                }
                "type" => false,
                "attribute" | "subscript" => true,
                "identifier" => {
                    if binds(parent_kind, field) {
                        self.hide(source.slice(node));
                    }
                    false
                }
                // The targets of a comprehension belong to it alone.
                "for_in_clause" if !is_comprehension => false,
                _ => true,
            }
        });
    }
}

/// Whether an identifier in this place of its parent binds a name.
pub(super) fn binds(parent: &str, field: Option<&str>) -> bool {
    match parent {
        "assignment" | "augmented_assignment" | "for_statement" | "for_in_clause" => field == Some("left"),
        "pattern_list" | "tuple_pattern" | "list_pattern" | "list_splat_pattern" | "as_pattern_target" => {
            true
        }
        "named_expression" => field == Some("name"),
        "except_clause" => field == Some("alias"),
        "case_pattern" | "splat_pattern" | "delete_statement" => true,
        _ => false,
    }
}

/// What a name means in the innermost of these scopes; absent when it is one of the top level.
pub(super) fn look_up<'s>(scopes: &'s [Scope], name: &str) -> Option<&'s Local> {
    let mut is_innermost = true;
    for scope in scopes.iter().rev() {
        // The names of a class are not seen in its methods.
        if !scope.is_class || is_innermost {
            if scope.globals.contains(name) {
                return None;
            }
            if let Some(local) = scope.names.get(name) {
                return Some(local);
            }
        }
        is_innermost = false;
    }
    None
}

/// Walks a tree in the order of the source, as deep as it may be. `enter` gets a node, its parent and what it is to it, and
/// says whether to go on within it.
fn walk<'t>(root: Node<'t>, mut enter: impl FnMut(Node<'t>, Option<Node<'t>>, Option<&str>) -> bool) {
    let mut cursor: TreeCursor<'t> = root.walk();
    let mut above: Vec<Node<'t>> = Vec::new();
    loop {
        let node = cursor.node();
        let goes_on = above.is_empty() || enter(node, above.last().copied(), cursor.field_name());
        if goes_on && cursor.goto_first_child() {
            above.push(node);
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return;
            }
            above.pop();
        }
        if above.is_empty() {
            return;
        }
    }
}
