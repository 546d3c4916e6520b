//! Python syntax: from the bytes of a file to its facts.
//!
//! Nothing here recurses over the tree: files nested ten thousand deep are walked with a cursor.

use std::collections::BTreeMap;

use tree_sitter::{Node, Parser, Tree};

use super::construct::Construct;
use super::facts::{
    Action, Argument, Callee, Class, Declaration, Facts, Flaw, Import, Subject, Surroundings, Use,
};
use super::literal::{Kind, Value};
use super::scope::{Local, Scope, binds, look_up, opens};
use crate::text::{Place, Places};

/// So many operators next to each other in one line are no Python.
const MOST_OPERATOR_PAIRS: usize = 1_000;

/// The text of a file and its tree.
pub(super) struct Source<'t> {
    text: &'t str,
    tree: Tree,
    places: Places<'t>,
}

/// What an import statement binds.
#[derive(Default)]
pub(super) struct Imports {
    pub(super) names: Vec<(String, Import)>,
    star: Option<String>,
}

/// Takes the facts of a file.
pub(crate) fn facts(bytes: &[u8]) -> Facts {
    let text = String::from_utf8_lossy(bytes);
    if let Some(tangle) = tangle(&text) {
        let at = Places::new(&text).place(tangle, tangle + 1);
        let message = format!("no Python has {MOST_OPERATOR_PAIRS} operators in a row");
        return Facts { flaws: vec![Flaw { message, at }], ..Facts::default() };
    }
    let Some(source) = Source::parse(&text) else { return Facts::default() };
    let mut walker = Walker::new(&source);
    walker.facts.flaws.extend(source.flaw(bytes));
    walker.walk();
    walker.finish()
}

/// The start of a line that the parser should not see. What it does to recover from thousands of operators without anything
/// between them takes memory that grows with more than their square.
fn tangle(text: &str) -> Option<usize> {
    // Signs may stand one after the other.
    let is_operator = |byte: u8| b"*/%&|^<>=!@".contains(&byte);
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let pairs = line.as_bytes().windows(2).filter(|pair| is_operator(pair[0]) && is_operator(pair[1]));
        if line.len() > MOST_OPERATOR_PAIRS && pairs.count() > MOST_OPERATOR_PAIRS {
            return Some(start);
        }
        start += line.len();
    }
    None
}

impl<'t> Source<'t> {
    /// Parses a text. Absent only if the parser gave up.
    pub(super) fn parse(text: &'t str) -> Option<Self> {
        let mut parser = Parser::new();
        parser.set_language(&tree_sitter_python::LANGUAGE.into()).ok()?;
        let tree = parser.parse(text.as_bytes(), None)?;
        Some(Self { text, tree, places: Places::new(text) })
    }

    pub(super) fn root(&self) -> Node<'_> {
        self.tree.root_node()
    }

    /// The text of a node.
    pub(super) fn slice(&self, node: Node<'_>) -> &'t str {
        &self.text[node.byte_range()]
    }

    /// Where a node stands.
    pub(super) fn place(&self, node: Node<'_>) -> Place {
        self.places.place(node.start_byte(), node.end_byte())
    }

    /// The first thing that is wrong with the text.
    fn flaw(&self, bytes: &[u8]) -> Option<Flaw> {
        if let Err(error) = std::str::from_utf8(bytes) {
            let start = error.valid_up_to();
            let at = self.places.place(start, start + char::REPLACEMENT_CHARACTER.len_utf8());
            return Some(Flaw { message: "the file is not UTF-8".to_owned(), at });
        }
        let node = first_error(self.root())?;
        let (message, end) = if node.is_missing() {
            (format!("`{}` is missing here", node.kind()), node.start_byte())
        } else {
            let line = self.text[node.start_byte()..].find('\n').unwrap_or(self.text.len());
            ("this is not valid Python".to_owned(), node.end_byte().min(node.start_byte() + line))
        };
        Some(Flaw { message, at: self.places.place(node.start_byte(), end) })
    }

    /// What an import statement binds.
    pub(super) fn imports(&self, node: Node<'_>) -> Imports {
        let mut imports = Imports::default();
        let module = node.child_by_field_name("module_name").map(|module| self.dotted(module));
        let mut cursor = node.walk();
        for (index, child) in node.children(&mut cursor).enumerate() {
            let field = node.field_name_for_child(u32::try_from(index).unwrap_or(u32::MAX));
            if child.kind() == "wildcard_import" {
                imports.star.clone_from(&module);
            }
            if field != Some("name") {
                continue;
            }
            let (name, alias) = match child.child_by_field_name("alias") {
                Some(alias) => (child.child_by_field_name("name"), Some(self.slice(alias).to_owned())),
                None => (Some(child), None),
            };
            let Some(name) = name.map(|name| self.dotted(name)) else { continue };
            let (bound, import) = match (&module, alias) {
                (Some(module), alias) => (
                    alias.unwrap_or_else(|| name.clone()),
                    Import { module: module.clone(), name: Some(name) },
                ),
                (None, Some(alias)) => (alias, Import { module: name, name: None }),
                // `import a.b` binds `a`.
                (None, None) => {
                    let first = name.split('.').next().unwrap_or(&name).to_owned();
                    (first.clone(), Import { module: first, name: None })
                }
            };
            imports.names.push((bound, import));
        }
        imports
    }

    /// A dotted name without blanks.
    fn dotted(&self, node: Node<'_>) -> String {
        self.slice(node).chars().filter(|letter| !letter.is_whitespace() && *letter != '\\').collect()
    }
}

/// The first place that the parser could not make sense of.
fn first_error(root: Node<'_>) -> Option<Node<'_>> {
    if !root.has_error() {
        return None;
    }
    let mut cursor = root.walk();
    loop {
        let node = cursor.node();
        if node.is_error() || node.is_missing() {
            return Some(node);
        }
        if node.has_error() && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return None;
            }
        }
    }
}

/// A node on the way from the root, and what it is to its parent.
#[derive(Clone, Copy)]
struct Step<'t> {
    node: Node<'t>,
    field: Option<&'t str>,
}

/// Where one arrives from a name by going through its fields.
struct Climbed<'t> {
    path: Vec<String>,
    /// What stands in the last brackets: `Topic[Order]`.
    brackets: Option<Node<'t>>,
    end: End<'t>,
    /// How many steps up the expression is that the name begins.
    height: usize,
}

/// How a path ends.
#[derive(Clone, Copy)]
enum End<'t> {
    /// It is called by this call.
    Called(Node<'t>),
    /// It is an argument of this call.
    Passed(Node<'t>),
    Compared,
    Read,
}

struct Walker<'s, 't> {
    source: &'s Source<'t>,
    facts: Facts,
    /// The nodes from the root to the current one.
    steps: Vec<Step<'s>>,
    scopes: Vec<Scope>,
    /// How often a name of the top level is bound.
    assigned: BTreeMap<String, usize>,
    /// Names of the top level that are no more than another name, with the use that they are if they turn out to be more.
    aliases: Vec<(String, Use)>,
}

impl<'s, 't> Walker<'s, 't> {
    fn new(source: &'s Source<'t>) -> Self {
        Self {
            source,
            facts: Facts::default(),
            steps: Vec::new(),
            scopes: Vec::new(),
            assigned: BTreeMap::new(),
            aliases: Vec::new(),
        }
    }

    /// Imports of the top level come first: a function may use what is imported below it.
    fn walk(&mut self) {
        self.each(Self::take_binding);
        self.each(Self::take_name);
    }

    /// Goes through all nodes in the order of the source. `visit` says whether to go on within the current one.
    fn each(&mut self, mut visit: impl FnMut(&mut Self) -> bool) {
        let source: &'s Source<'t> = self.source;
        let mut cursor = source.root().walk();
        self.steps.clear();
        self.scopes.clear();
        loop {
            let step = Step { node: cursor.node(), field: cursor.field_name() };
            self.enter(step);
            if visit(self) && cursor.goto_first_child() {
                continue;
            }
            self.steps.pop();
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() {
                    return;
                }
                self.steps.pop();
            }
        }
    }

    fn enter(&mut self, step: Step<'s>) {
        while self.scopes.last().is_some_and(|scope| step.node.start_byte() >= scope.end) {
            self.scopes.pop();
        }
        let parent = self.steps.last().map(|parent| parent.node);
        if opens(step.node, step.field, parent) {
            self.scopes.push(Scope::of(self.source, step.node, parent));
        }
        self.steps.push(step);
    }

    /// The current node, and what stands so many steps above it.
    fn above(&self, height: usize) -> Option<Step<'s>> {
        self.steps.len().checked_sub(height + 1).map(|index| self.steps[index])
    }

    fn is_top_level(&self) -> bool {
        self.scopes.is_empty()
    }

    /// Takes imports, classes and values of the top level.
    fn take_binding(&mut self) -> bool {
        let Some(Step { node, field }) = self.above(0) else { return false };
        match node.kind() {
            "import_statement" | "import_from_statement" => {
                if self.is_top_level() {
                    let imports = self.source.imports(node);
                    self.facts.star_imports.extend(imports.star);
                    for (name, import) in imports.names {
                        *self.assigned.entry(name.clone()).or_default() += 1;
                        self.facts.imports.insert(name, import);
                    }
                }
                false
            }
            "global_statement" => {
                let mut cursor = node.walk();
                for name in node.named_children(&mut cursor) {
                    *self.assigned.entry(self.source.slice(name).to_owned()).or_default() += 2;
                }
                false
            }
            "identifier" => {
                let parent = self.above(1).map_or("", |step| step.node.kind());
                if self.is_top_level() && binds(parent, field) {
                    *self.assigned.entry(self.source.slice(node).to_owned()).or_default() += 1;
                }
                false
            }
            "assignment" if self.is_top_level() => {
                self.take_assignment(node);
                true
            }
            "class_definition" if self.is_top_level() => {
                if let Some(name) = node.child_by_field_name("name") {
                    self.facts.classes.insert(self.source.slice(name).to_owned(), self.class(node));
                }
                true
            }
            _ => true,
        }
    }

    fn take_assignment(&mut self, node: Node<'s>) {
        let (Some(left), Some(right)) = (node.child_by_field_name("left"), node.child_by_field_name("right"))
        else {
            return;
        };
        if left.kind() == "identifier" {
            let value = Value::of(self.source, right);
            if !matches!(value.kind, Kind::Other | Kind::Spread) {
                self.facts.values.insert(self.source.slice(left).to_owned(), value);
            }
        }
    }

    /// The names in the types of a class's fields.
    fn class(&self, node: Node<'s>) -> Class {
        let mut class = Class::default();
        let Some(body) = node.child_by_field_name("body") else { return class };
        let mut cursor = body.walk();
        for statement in body.named_children(&mut cursor) {
            let field = statement.named_child(0).filter(|field| field.kind() == "assignment");
            let Some(written) = field.and_then(|field| field.child_by_field_name("type")) else { continue };
            let words =
                self.source.slice(written).split(|letter: char| !letter.is_alphanumeric() && letter != '_');
            class.types.extend(words.filter(|word| !word.is_empty()).map(str::to_owned));
        }
        class
    }

    /// Takes what is done with a name.
    fn take_name(&mut self) -> bool {
        let Some(Step { node, field }) = self.above(0) else { return false };
        match node.kind() {
            // Neither imports nor types nor patterns grant anything.
            "import_statement"
            | "import_from_statement"
            | "global_statement"
            | "nonlocal_statement"
            | "type"
            | "type_parameter"
            | "type_alias_statement"
            | "case_pattern"
            | "comment" => false,
            "identifier" => {
                let parent = self.above(1).map_or("", |step| step.node.kind());
                if !binds(parent, field) && !is_no_value(parent, field) {
                    self.take_value(self.source.slice(node));
                }
                false
            }
            _ => true,
        }
    }

    fn take_value(&mut self, name: &'s str) {
        let subject = match look_up(&self.scopes, name) {
            Some(Local::Hidden) => return,
            Some(Local::Import(import)) => Ok(import.clone()),
            None => self.facts.imports.get(name).cloned().ok_or(()),
        };
        let is_local = look_up(&self.scopes, name).is_some();
        let Some(climbed) = self.climb() else { return };
        match subject {
            Ok(import) => {
                let callee = Callee { import: import.clone(), path: climbed.path.clone() };
                if self.take_declaration(callee, &climbed) || import.is_of_sdk() {
                    return;
                }
                let subject = if is_local { Subject::Import(import) } else { Subject::Name(name.to_owned()) };
                self.take_use(subject, &climbed);
            }
            Err(()) if self.facts.star_imports.is_empty() || self.is_bound(name) => {
                self.take_use(Subject::Name(name.to_owned()), &climbed);
            }
            Err(()) => {
                let sdk = |module: &&String| module.split('.').next() == Some(SDK);
                let star = self.facts.star_imports.iter().find(sdk).or(self.facts.star_imports.last());
                let import =
                    Import { module: star.cloned().unwrap_or_default(), name: Some(name.to_owned()) };
                let callee = Callee { import, path: climbed.path.clone() };
                if !self.take_declaration(callee, &climbed) {
                    self.take_use(Subject::Name(name.to_owned()), &climbed);
                }
            }
        }
    }

    fn is_bound(&self, name: &str) -> bool {
        self.assigned.contains_key(name) || self.facts.classes.contains_key(name)
    }

    /// Goes from the current name up through its fields.
    fn climb(&self) -> Option<Climbed<'s>> {
        let mut climbed = Climbed { path: Vec::new(), brackets: None, end: End::Read, height: 0 };
        loop {
            let Some(parent) = self.above(climbed.height + 1) else { return Some(climbed) };
            let field = self.above(climbed.height)?.field;
            match (parent.node.kind(), field) {
                ("attribute", Some("object")) => {
                    let name = parent.node.child_by_field_name("attribute")?;
                    climbed.path.push(self.source.slice(name).to_owned());
                }
                ("subscript", Some("value")) => {
                    climbed.brackets = parent.node.child_by_field_name("subscript");
                }
                ("parenthesized_expression" | "await", _) => {}
                ("call", Some("function")) => {
                    climbed.end = End::Called(parent.node);
                    return Some(climbed);
                }
                ("comparison_operator" | "not_operator" | "boolean_operator", _) => {
                    climbed.end = End::Compared;
                    return Some(climbed);
                }
                ("keyword_argument", Some("value")) | ("argument_list", _) => {
                    let call = |height| self.above(height).filter(|step| step.node.kind() == "call");
                    let height = climbed.height;
                    if let Some(call) = call(height + 2).or_else(|| call(height + 3)) {
                        climbed.end = End::Passed(call.node);
                    }
                    return Some(climbed);
                }
                // A statement of a mere name does nothing.
                ("expression_statement", _) if climbed.path.is_empty() => return None,
                _ => return Some(climbed),
            }
            climbed.height += 1;
        }
    }

    /// The name of the top level that is another name of the expression so many steps up.
    fn alias(&self, height: usize) -> Option<&'s str> {
        let assignment = self.above(height + 1).filter(|step| step.node.kind() == "assignment")?;
        let left = assignment.node.child_by_field_name("left")?;
        let is_alias =
            self.is_top_level() && left.kind() == "identifier" && self.above(height)?.field == Some("right");
        is_alias.then(|| self.source.slice(left))
    }

    fn take_use(&mut self, subject: Subject, climbed: &Climbed<'s>) {
        let whole = self.above(climbed.height).map_or(self.source.root(), |step| step.node);
        let (action, at) = match climbed.end {
            End::Called(call) => (Action::Called, call),
            End::Passed(call) => (Action::Passed(self.source.place(call)), whole),
            End::Compared => (Action::Compared, whole),
            End::Read => (Action::Read, whole),
        };
        let sql = match climbed.end {
            End::Called(call) if runs_sql(&climbed.path) => self.first_argument(call),
            _ => None,
        };
        let at = self.source.place(at);
        let one = Use { subject, path: climbed.path.clone(), action, sql, at };
        match self.alias(climbed.height).filter(|_| action == Action::Read && one.path.is_empty()) {
            // The uses of the other name count.
            Some(name) => self.aliases.push((name.to_owned(), one)),
            None => self.facts.uses.push(one),
        }
    }

    fn first_argument(&self, call: Node<'s>) -> Option<Value> {
        let arguments = call.child_by_field_name("arguments")?;
        let mut cursor = arguments.walk();
        let mut all = arguments.named_children(&mut cursor).filter(|argument| argument.kind() != "comment");
        let first = all.next()?;
        let value =
            if first.kind() == "keyword_argument" { first.child_by_field_name("value")? } else { first };
        Some(Value::of(self.source, value))
    }

    /// Takes a call that may declare something; false if it is none.
    fn take_declaration(&mut self, callee: Callee, climbed: &Climbed<'s>) -> bool {
        if !Construct::may_end_in(&callee.full_path()) {
            return false;
        }
        let End::Called(call) = climbed.end else {
            return self.take_uncalled(callee, climbed);
        };
        let name = self.above(climbed.height).map_or(call, |step| step.node);
        let surroundings = self.surroundings(climbed.height + 1);
        let index = self.facts.declarations.len();
        let bound = self.bound(climbed.height + 1);
        if surroundings == Surroundings::Class {
            self.take_field(index, climbed.height + 1);
        }
        if let Some((name, _)) = &bound {
            self.facts.bound.insert(name.clone(), index);
        }
        self.facts.declarations.push(Declaration {
            callee,
            arguments: self.arguments(call),
            type_argument: climbed.brackets.map(|brackets| Value::of(self.source, brackets)),
            surroundings,
            at: self.source.place(call),
            callee_at: self.source.place(name),
            bound: bound.clone(),
        });
        if bound.is_none() && surroundings != Surroundings::Class {
            self.take_unbound(index, surroundings, climbed.height + 1);
        }
        true
    }

    /// What is done with a declaration that no name holds.
    fn take_unbound(&mut self, index: usize, surroundings: Surroundings, height: usize) {
        let kept = self.steps.split_off(self.steps.len() - height);
        let climbed = self.climb();
        if let Some(climbed) = climbed {
            let holds = matches!(climbed.end, End::Read) && climbed.path.is_empty();
            let is_call = self.facts.declarations[index].callee.is_of_sdk_services();
            // In a function it may not stand at all, whatever is done with it.
            let is_misplaced = surroundings == Surroundings::Function && climbed.path.is_empty();
            let is_held = holds && self.is_assigned(climbed.height);
            if !(is_call || is_misplaced || is_held) {
                self.take_use(Subject::Declaration(index), &climbed);
            }
        }
        self.steps.extend(kept);
    }

    /// Whether the current expression, so high up, is the right side of an assignment.
    fn is_assigned(&self, height: usize) -> bool {
        self.above(height + 1).is_some_and(|step| step.node.kind() == "assignment")
    }

    /// A name of the SDK that is not called: worth a word where it gets another name or is passed on.
    fn take_uncalled(&mut self, callee: Callee, climbed: &Climbed<'s>) -> bool {
        let parent = self.above(climbed.height + 1);
        let is_assigned = parent.is_some_and(|step| step.node.kind() == "assignment")
            && self.above(climbed.height).is_some_and(|step| step.field == Some("right"));
        let is_passed = match climbed.end {
            End::Passed(call) => call.child_by_field_name("function").is_some_and(|function| {
                !matches!(self.source.slice(function), "isinstance" | "issubclass" | "cast" | "typing.cast")
            }),
            _ => false,
        };
        if !callee.import.is_of_sdk() {
            return false;
        }
        if is_assigned || is_passed {
            let at = self.above(climbed.height).map_or(self.source.root(), |step| step.node);
            self.facts.uncalled.push((callee, self.source.place(at)));
        }
        true
    }

    /// A secret as the default of a field.
    fn take_field(&mut self, index: usize, height: usize) {
        let class = (height..)
            .map_while(|height| self.above(height))
            .find(|step| step.node.kind() == "class_definition");
        let name = class.and_then(|step| step.node.child_by_field_name("name"));
        if let Some(class) = name.and_then(|name| self.facts.classes.get_mut(self.source.slice(name))) {
            class.secrets.push(index);
        }
    }

    /// Where something so many steps up stands.
    fn surroundings(&self, height: usize) -> Surroundings {
        let mut found = Surroundings::Module;
        for height in height.. {
            let Some(Step { node, field }) = self.above(height) else { return found };
            let parent = self.above(height + 1).map_or("", |step| step.node.kind());
            match (parent, field) {
                ("function_definition" | "lambda", Some("body")) => return Surroundings::Function,
                ("class_definition", Some("body")) => return Surroundings::Class,
                _ => {}
            }
            if matches!(
                node.kind(),
                "if_statement"
                    | "for_statement"
                    | "while_statement"
                    | "try_statement"
                    | "with_statement"
                    | "match_statement"
            ) {
                found = Surroundings::Conditional;
            }
        }
        found
    }

    /// The name of the top level that holds the value of an expression so many steps up.
    fn bound(&self, height: usize) -> Option<(String, Place)> {
        if !self.is_top_level() {
            return None;
        }
        for height in height.. {
            let (step, parent) = (self.above(height)?, self.above(height + 1)?);
            match (parent.node.kind(), step.field) {
                ("parenthesized_expression", _) => {}
                ("assignment", Some("right")) => {
                    let name = parent.node.child_by_field_name("left")?;
                    let is_name = name.kind() == "identifier";
                    return is_name.then(|| (self.source.slice(name).to_owned(), self.source.place(name)));
                }
                ("named_expression", Some("value")) => {
                    let name = parent.node.child_by_field_name("name")?;
                    return Some((self.source.slice(name).to_owned(), self.source.place(name)));
                }
                _ => return None,
            }
        }
        None
    }

    fn arguments(&self, call: Node<'s>) -> Vec<Argument> {
        let Some(list) = call.child_by_field_name("arguments") else { return Vec::new() };
        if list.kind() != "argument_list" {
            return Vec::new();
        }
        let mut cursor = list.walk();
        let all = list.named_children(&mut cursor).filter(|argument| argument.kind() != "comment");
        let argument = |node: Node<'s>| {
            let (name, value) = (node.child_by_field_name("name"), node.child_by_field_name("value"));
            match (node.kind(), name, value) {
                ("keyword_argument", Some(name), Some(value)) => Argument {
                    name: Some((self.source.slice(name).to_owned(), self.source.place(name))),
                    value: Value::of(self.source, value),
                },
                _ => Argument { name: None, value: Value::of(self.source, node) },
            }
        };
        all.map(argument).collect()
    }

    /// What is bound more than once is not a constant.
    fn finish(mut self) -> Facts {
        let assigned = std::mem::take(&mut self.assigned);
        let mut facts = self.facts;
        facts.values.retain(|name, _| assigned.get(name) == Some(&1));
        for (name, one) in self.aliases {
            if !facts.values.contains_key(&name) {
                facts.uses.push(one);
            }
        }
        let Facts { imports, star_imports, bound, values, .. } = &facts;
        let may_be_more = |name: &String| {
            imports.contains_key(name)
                || bound.contains_key(name)
                || values.get(name).is_some_and(|value| matches!(value.kind, Kind::Name(_)))
                || !star_imports.is_empty() && !assigned.contains_key(name)
        };
        let is_kept: Vec<bool> = facts
            .uses
            .iter()
            .map(|one| !matches!(&one.subject, Subject::Name(name) if !may_be_more(name)))
            .collect();
        let mut is_kept = is_kept.into_iter();
        facts.uses.retain(|_| is_kept.next().unwrap_or(true));
        facts
    }
}

/// The package of the SDK.
const SDK: &str = "encore";

impl Import {
    /// Whether it comes from the SDK itself.
    pub(super) fn is_of_sdk(&self) -> bool {
        self.module.split('.').next() == Some(SDK)
    }
}

impl Callee {
    /// All parts of the name, from the package on.
    pub(super) fn full_path(&self) -> Vec<String> {
        let module = self.import.module.split('.').filter(|part| !part.is_empty());
        let own = module.map(str::to_owned).chain(self.import.name.clone());
        own.chain(self.path.iter().cloned()).collect()
    }

    fn is_of_sdk_services(&self) -> bool {
        let path = self.full_path();
        path.first().is_some_and(|first| first == SDK)
            && path.get(1).is_some_and(|second| second == "services")
    }
}

/// Whether an identifier in this place of its parent is no value at all.
fn is_no_value(parent: &str, field: Option<&str>) -> bool {
    match parent {
        "attribute" => field == Some("attribute"),
        "keyword_argument"
        | "function_definition"
        | "class_definition"
        | "default_parameter"
        | "typed_default_parameter" => field == Some("name"),
        "parameters"
        | "lambda_parameters"
        | "typed_parameter"
        | "dictionary_splat_pattern"
        | "dotted_name"
        | "aliased_import" => true,
        _ => false,
    }
}

/// Whether a method runs the SQL that is its first argument.
fn runs_sql(path: &[String]) -> bool {
    path.last().is_some_and(|method| matches!(method.as_str(), "query" | "exec"))
}
