//! One walk over a file that finds the uses of package-level names, past the local variables that hide them.

use std::collections::{BTreeMap, BTreeSet};

use tree_sitter::Node;

use super::syntax::{Place, Role, Use, children, fields, named_children, parameter_names};

/// Kinds of nodes that open a scope for variables.
const SCOPES: [&str; 12] = [
    "block",
    "function_declaration",
    "method_declaration",
    "func_literal",
    "if_statement",
    "for_statement",
    "expression_switch_statement",
    "type_switch_statement",
    "expression_case",
    "type_case",
    "default_case",
    "communication_case",
];

const FUNCTIONS: [&str; 3] = ["function_declaration", "method_declaration", "func_literal"];

/// The uses of names in a file, in order.
pub(super) fn uses<'t>(
    root: Node<'t>,
    text: &'t str,
    own: &'t str,
    imports: &BTreeMap<&'t str, &'t str>,
) -> Vec<Use<'t>> {
    let mut walk = Walk {
        text,
        own,
        imports,
        above: Vec::new(),
        scopes: Vec::new(),
        hidden: BTreeMap::new(),
        functions: 0,
        uses: Vec::new(),
    };
    let mut cursor = root.walk();
    loop {
        let step = Step { node: cursor.node(), field: cursor.field_name() };
        walk.enter(step);
        if cursor.goto_first_child() {
            walk.above.push(step);
            continue;
        }
        walk.leave(step.node);
        while !cursor.goto_next_sibling() {
            let Some(parent) = walk.above.pop() else { return walk.uses };
            cursor.goto_parent();
            walk.leave(parent.node);
        }
    }
}

/// A node on the way down, with the field of its parent that it stands in.
#[derive(Clone, Copy)]
struct Step<'t> {
    node: Node<'t>,
    field: Option<&'t str>,
}

struct Walk<'w, 't> {
    text: &'t str,
    own: &'t str,
    imports: &'w BTreeMap<&'t str, &'t str>,
    /// From the root to the parent of the current node.
    above: Vec<Step<'t>>,
    /// The variables of each open scope.
    scopes: Vec<BTreeSet<&'t str>>,
    /// In how many open scopes there is a variable of this name.
    hidden: BTreeMap<&'t str, usize>,
    /// How many functions are open.
    functions: usize,
    uses: Vec<Use<'t>>,
}

impl<'t> Walk<'_, 't> {
    fn enter(&mut self, step: Step<'t>) {
        let node = step.node;
        match node.kind() {
            "identifier" if !self.is_being_named(step) => self.note(step, self.own, node),
            "selector_expression" => {
                if let (Some(operand), Some(name)) =
                    (node.child_by_field_name("operand"), node.child_by_field_name("field"))
                    && operand.kind() == "identifier"
                    && !self.is_hidden(self.slice(operand))
                    && let Some(package) = self.imports.get(self.slice(operand))
                {
                    self.note(step, package, name);
                }
            }
            "qualified_type" => {
                if let (Some(package), Some(name)) =
                    (node.child_by_field_name("package"), node.child_by_field_name("name"))
                    && !self.is_hidden(self.slice(package))
                    && let Some(package) = self.imports.get(self.slice(package))
                {
                    self.note(step, package, name);
                }
            }
            kind if SCOPES.contains(&kind) => {
                self.scopes.push(BTreeSet::new());
                self.functions += usize::from(FUNCTIONS.contains(&kind));
                if kind == "block"
                    && let Some(parent) = self.above.last()
                    && FUNCTIONS.contains(&parent.node.kind())
                {
                    self.declare(&parameter_names(parent.node));
                }
            }
            _ => {}
        }
    }

    /// A local variable exists from the end of its declaration, so that `db := db.Stdlib()` uses the outer `db`.
    fn leave(&mut self, node: Node<'t>) {
        match node.kind() {
            kind if SCOPES.contains(&kind) => {
                self.functions -= usize::from(FUNCTIONS.contains(&kind));
                for name in self.scopes.pop().unwrap_or_default() {
                    self.hidden.entry(name).and_modify(|count| *count -= 1);
                }
            }
            "short_var_declaration" | "range_clause" | "receive_statement"
                if children(node).iter().any(|child| child.kind() == ":=") =>
            {
                self.declare_list(node.child_by_field_name("left"));
            }
            "expression_list" if self.is_switch_alias(node) => self.declare_list(Some(node)),
            "var_spec" | "const_spec" => self.declare(&fields(node, "name")),
            _ => {}
        }
    }

    fn is_switch_alias(&self, node: Node<'t>) -> bool {
        self.above.last().is_some_and(|parent| {
            parent.node.kind() == "type_switch_statement"
                && parent.node.child_by_field_name("alias") == Some(node)
        })
    }

    fn declare_list(&mut self, list: Option<Node<'t>>) {
        self.declare(&list.map(named_children).unwrap_or_default());
    }

    fn declare(&mut self, names: &[Node<'t>]) {
        for name in names {
            let name = self.slice(*name);
            if self.scopes.last_mut().is_some_and(|scope| scope.insert(name)) {
                *self.hidden.entry(name).or_default() += 1;
            }
        }
    }

    fn note(&mut self, step: Step<'t>, package: &'t str, name: Node<'t>) {
        let name = self.slice(name);
        if step.node.kind() == "identifier" && self.is_hidden(name) {
            return;
        }
        let (role, place) = (self.role(step), self.place(step.node));
        self.uses.push(Use { package, name, node: step.node, role, place });
    }

    fn is_hidden(&self, name: &str) -> bool {
        self.hidden.get(name).is_some_and(|count| *count > 0)
    }

    fn slice(&self, node: Node<'_>) -> &'t str {
        &self.text[node.byte_range()]
    }

    /// Whether an identifier is the name of something just being declared, or of a field in a literal.
    fn is_being_named(&self, step: Step<'t>) -> bool {
        let mut above = self.above.iter().rev();
        let Some(parent) = above.next() else { return true };
        let grandparent = above.next().map_or("", |step| step.node.kind());
        match parent.node.kind() {
            "literal_element" => grandparent == "keyed_element" && parent.field == Some("key"),
            "expression_list" => {
                let declares =
                    ["short_var_declaration", "range_clause", "receive_statement"].contains(&grandparent);
                (declares && parent.field == Some("left")) || parent.field == Some("alias")
            }
            "selector_expression" => false,
            _ => step.field == Some("name"),
        }
    }

    fn role(&self, step: Step<'t>) -> Role<'t> {
        let mut step = step;
        let mut above = self.above.iter().rev().copied().peekable();
        while let Some(parent) = above.peek().copied() {
            let same = match parent.node.kind() {
                "parenthesized_expression" => true,
                "index_expression" => step.field == Some("operand"),
                "generic_type" | "type_instantiation_expression" => step.field == Some("type"),
                _ => false,
            };
            if !same {
                break;
            }
            step = parent;
            above.next();
        }
        let (parent, grandparent) = (above.next(), above.next());
        let Some(parent) = parent else { return Role::Value };
        match (parent.node.kind(), step.field) {
            ("call_expression", Some("function")) | ("type_conversion_expression", Some("type")) => {
                Role::Called(parent.node)
            }
            ("type_conversion_expression", Some("operand")) => Role::Argument(parent.node),
            ("argument_list", _) => {
                grandparent.map_or(Role::Value, |grandparent| Role::Argument(grandparent.node))
            }
            ("selector_expression", Some("operand")) => {
                let called = parent.field == Some("function")
                    && grandparent.is_some_and(|grandparent| grandparent.node.kind() == "call_expression");
                match parent.node.child_by_field_name("field") {
                    Some(name) if called => Role::Method(self.slice(name)),
                    _ => Role::Field,
                }
            }
            _ => Role::Value,
        }
    }

    fn place(&self, used: Node<'t>) -> Place<'t> {
        if self.functions > 0 {
            return Place::Function;
        }
        let Some(at) = self.above.iter().take(4).position(|step| step.node.kind() == "var_spec") else {
            return Place::Other;
        };
        let [list, path @ ..] = &self.above[at + 1..] else { return Place::Other };
        if list.field != Some("value") {
            return Place::Other;
        }
        let value = path.first().map_or(used, |step| step.node);
        let index = named_children(list.node).iter().position(|child| *child == value).unwrap_or(0);
        let name = fields(self.above[at].node, "name").get(index).map(|name| self.slice(*name));
        Place::Variable { name: name.filter(|name| *name != "_"), direct: is_one_call(path) }
    }
}

/// Whether the way down to a function's name is its call alone, with type arguments and parentheses.
fn is_one_call(path: &[Step<'_>]) -> bool {
    let is_call = |kind| matches!(kind, "call_expression" | "type_conversion_expression");
    let is_wrapping = |kind| {
        matches!(
            kind,
            "parenthesized_expression"
                | "index_expression"
                | "generic_type"
                | "type_instantiation_expression"
        )
    };
    let kinds = || path.iter().map(|step| step.node.kind());
    path.len() < 8
        && kinds().all(|kind| is_call(kind) || is_wrapping(kind))
        && kinds().filter(|kind| is_call(kind)).count() == 1
}
