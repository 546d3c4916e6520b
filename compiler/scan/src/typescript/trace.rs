//! Following a value through its file: from where it is named to what is done with it.
//!
//! A value is followed through its fields, through variables, properties of objects and classes, parameters and results
//! of functions of the same file, as far as names go. Where that ends without a call or a field, the value is passed on:
//! to a function of another file, which may be followed from there, or to nobody knows where.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow::{self, Break, Continue};
use std::rc::Rc;

use oxc_ast::AstKind;
use oxc_ast::ast::{
    Argument, BindingPattern, BindingProperty, CallExpression, Class, ClassElement, Expression,
    FormalParameters, MethodDefinitionKind, PropertyKey, TSAccessibility, TSTypeParameterInstantiation,
    TaggedTemplateExpression, VariableDeclarator,
};
use oxc_semantic::{NodeId, Semantic};
use oxc_span::{GetSpan, Span};

use super::facts::{Action, Callee};
use super::hold::is_exported;
use super::query::is_query;

/// Steps that are made in one file; what is still open then counts as passed on.
pub(super) const MAX_STEPS: usize = 100_000;

/// Names of a path that are kept; no declaration has more.
pub(super) const MAX_PATH: usize = 8;

/// Arguments that are followed into a function; no function takes more.
const MAX_ARGUMENTS: usize = 64;

/// Properties of an object that are kept among the facts; a larger one is followed in its file alone.
pub(super) const MAX_PARTS: usize = 500;

/// What becomes of a value.
pub(super) struct End<'a> {
    /// The fields that were gone through.
    pub(super) path: Vec<String>,
    pub(super) action: Action,
    /// The type arguments of a call.
    pub(super) types: Option<&'a TSTypeParameterInstantiation<'a>>,
    /// The call, or the expression that ends the path.
    pub(super) node: NodeId,
    pub(super) span: Span,
}

/// How a value is held at some place of the syntax.
#[derive(Clone)]
pub(super) struct Step {
    pub(super) node: NodeId,
    /// The fields of the value that were gone through.
    pub(super) path: Vec<String>,
    /// The properties of the objects around it, the outermost last.
    pub(super) within: Vec<String>,
    /// Whether only certain uses count: the object around it goes its own ways.
    pub(super) is_quiet: bool,
    /// Whether the names and objects among the facts lead here too, from this file and from others.
    pub(super) is_plain: bool,
    /// The call whose argument it was; that of a function whose parameter is followed is not known.
    pub(super) through: Option<NodeId>,
}

/// Follows values through a file.
pub(super) struct Trace<'s, 'a> {
    pub(super) semantic: &'s Semantic<'a>,
    /// How many more steps are made in this file.
    steps_left: usize,
    pub(super) open: Vec<Step>,
    pub(super) seen: BTreeSet<Seen>,
    ends: Vec<End<'a>>,
    /// What functions return and keep of what they were given, by the fields gone through, with the call.
    kept: BTreeMap<Vec<String>, NodeId>,
    /// Where `this` is written, by class and by object with methods.
    pub(super) this: Option<BTreeMap<NodeId, Rc<[NodeId]>>>,
}

/// The name that holds a value, and how.
type Seen = (Holder, bool, Vec<String>, Vec<String>);

/// What can hold a value under a name.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Holder {
    Symbol(usize),
    /// A class, or an object with methods.
    This(NodeId),
}

impl<'s, 'a> Trace<'s, 'a> {
    /// Follows nothing yet.
    pub(super) fn new(semantic: &'s Semantic<'a>) -> Self {
        let (open, ends) = (Vec::new(), Vec::new());
        let (seen, kept) = (BTreeSet::new(), BTreeMap::new());
        Self { semantic, steps_left: MAX_STEPS, open, seen, ends, kept, this: None }
    }

    /// What becomes of the value of an expression.
    pub(super) fn follow(&mut self, node: NodeId) -> Vec<End<'a>> {
        self.open.push(Step {
            node,
            path: Vec::new(),
            within: Vec::new(),
            is_quiet: false,
            is_plain: true,
            through: None,
        });
        self.run()
    }

    /// What becomes of the value that a parameter takes.
    pub(super) fn follow_parameter(
        &mut self,
        parameters: &FormalParameters<'a>,
        index: usize,
    ) -> Vec<End<'a>> {
        let node = NodeId::ROOT;
        let step = Step {
            node,
            path: Vec::new(),
            within: Vec::new(),
            is_quiet: false,
            is_plain: false,
            through: Some(node),
        };
        self.parameter(parameters, index, step);
        self.run()
    }

    fn run(&mut self) -> Vec<End<'a>> {
        self.seen.clear();
        while let Some(step) = self.open.pop() {
            self.climb(step);
        }
        self.pass_on_what_is_kept();
        std::mem::take(&mut self.ends)
    }

    /// Notes that a function returns or keeps what it was given.
    pub(super) fn keep(&mut self, step: &Step) {
        if let Some(call) = step.through {
            self.kept.entry(step.path.clone()).or_insert(call);
        }
    }

    /// What is given to a function that returns or keeps it is for something. Where nothing is seen to be done with it,
    /// nobody knows what that is.
    fn pass_on_what_is_kept(&mut self) {
        for (path, node) in std::mem::take(&mut self.kept) {
            let is_of_it = |end: &End<'_>| {
                end.path
                    .strip_prefix(path.as_slice())
                    .is_some_and(|rest| !rest.is_empty() || end.action != Action::Read)
            };
            if !self.ends.iter().any(is_of_it) {
                let span = self.span(node);
                self.ends.push(End { path, action: Action::Passed(None), types: None, node, span });
            }
        }
    }

    /// Notes a place from which to go on; tells whether there is time for more.
    pub(super) fn go_on(&mut self, step: Step) -> bool {
        let is_in_time = self.spend(1);
        if is_in_time {
            self.open.push(step);
        } else {
            self.pass_on(&step);
        }
        is_in_time
    }

    /// Takes steps from those that are left.
    pub(super) fn spend(&mut self, steps: usize) -> bool {
        let is_in_time = steps <= self.steps_left;
        self.steps_left = self.steps_left.saturating_sub(steps);
        is_in_time
    }

    fn climb(&mut self, mut step: Step) {
        let ends = self.ends.len();
        let mut field = None;
        loop {
            let parent = self.semantic.nodes().parent_id(step.node);
            let depth = step.path.len();
            let is_left = self.step_up(&mut step, parent).is_break();
            if step.path.len() > depth {
                field = Some(parent);
            }
            if is_left {
                break;
            }
            step.node = parent;
        }
        if let Some(node) = field.filter(|_| self.ends.len() == ends) {
            self.read(&step, node, self.span(node));
        }
    }

    /// A field is read, whatever becomes of it. A method that queries does nothing before it is called.
    pub(super) fn read(&mut self, step: &Step, node: NodeId, span: Span) {
        let is_followed_query = !step.is_quiet && step.path.last().is_some_and(|name| is_query(name));
        if !is_followed_query {
            let (path, action) = (step.path.clone(), Action::Read);
            self.ends.push(End { path, action, types: None, node, span });
        }
    }

    pub(super) fn span(&self, node: NodeId) -> Span {
        self.semantic.nodes().kind(node).span()
    }

    fn end(&mut self, step: &Step, action: Action, node: NodeId) {
        self.ends.push(End { path: step.path.clone(), action, types: None, node, span: self.span(node) });
    }

    /// Nobody knows where it goes.
    pub(super) fn pass_on(&mut self, step: &Step) {
        if !step.is_quiet {
            self.end(step, Action::Passed(None), step.node);
        }
    }

    /// A field is looked at; a look at the value itself is nothing.
    fn look_at(&mut self, step: &Step) {
        if !step.path.is_empty() && step.within.is_empty() {
            self.end(step, Action::Read, step.node);
        }
    }

    /// From an expression to the syntax around it.
    fn step_up(&mut self, step: &mut Step, parent: NodeId) -> ControlFlow<()> {
        let span = self.span(step.node);
        match self.semantic.nodes().kind(parent) {
            AstKind::StaticMemberExpression(member) => self.field(step, &member.property.name),
            AstKind::PrivateFieldExpression(member) => self.field(step, &format!("#{}", member.field.name)),
            AstKind::ComputedMemberExpression(member) if member.object.span() == span => {
                self.computed_field(step, &member.expression)
            }
            AstKind::TSNonNullExpression(_)
            | AstKind::TSAsExpression(_)
            | AstKind::TSSatisfiesExpression(_)
            | AstKind::TSTypeAssertion(_)
            | AstKind::TSInstantiationExpression(_)
            | AstKind::ChainExpression(_)
            | AstKind::ParenthesizedExpression(_)
            | AstKind::ObjectExpression(_) => Continue(()),
            AstKind::AwaitExpression(_) | AstKind::LogicalExpression(_) => indirectly(step),
            AstKind::ConditionalExpression(choice) if choice.test.span() != span => indirectly(step),
            AstKind::SequenceExpression(sequence)
                if sequence.expressions.last().is_some_and(|last| last.span() == span) =>
            {
                indirectly(step)
            }
            AstKind::CallExpression(call) => self.call(step, parent, call),
            AstKind::NewExpression(new) if new.callee.span() == span => {
                self.called(step, parent, new.type_arguments.as_deref())
            }
            AstKind::NewExpression(new) => self.argument(step, parent, &new.callee, &new.arguments),
            AstKind::TaggedTemplateExpression(tagged) if tagged.tag.span() == span => {
                self.called(step, parent, tagged.type_arguments.as_deref())
            }
            AstKind::TemplateLiteral(_) => self.template(step, parent),
            AstKind::SpreadElement(_) if !step.within.is_empty() => indirectly(step),
            AstKind::ObjectProperty(property) if property.value.span() == span => {
                self.property(step, parent, &property.key)
            }
            other => self.leave(step, parent, other, span),
        }
    }

    /// From an expression into what holds its value.
    fn leave(&mut self, step: &mut Step, parent: NodeId, kind: AstKind<'a>, span: Span) -> ControlFlow<()> {
        match kind {
            AstKind::VariableDeclarator(variable) => {
                if step.is_plain && is_kept(self.semantic, parent, variable) {
                    self.look_at(step);
                    self.take_apart(&variable.id, step);
                } else {
                    self.hold(&variable.id, step.clone());
                    if is_exported(self.semantic, parent) {
                        self.pass_on(step);
                    }
                }
            }
            AstKind::AssignmentExpression(assignment) if assignment.right.span() == span => {
                self.assign(assignment, step);
                return indirectly(step);
            }
            AstKind::AssignmentPattern(with_default) => self.hold(&with_default.left, step.clone()),
            AstKind::FormalParameter(parameter) => self.hold(&parameter.pattern, step.clone()),
            AstKind::PropertyDefinition(property) => {
                let name = property.key.name().map(|name| key_name(&property.key, &name));
                let is_private = property.accessibility == Some(TSAccessibility::Private);
                match (name, self.class_around(parent)) {
                    (Some(name), Some(class)) => self.hold_in_class(class, name, is_private, step),
                    _ => self.pass_on(step),
                }
            }
            AstKind::ReturnStatement(_) => self.result(parent, step),
            AstKind::ArrowFunctionExpression(_) => self.result_of(parent, step),
            AstKind::ExportSpecifier(_) | AstKind::ExportDefaultDeclaration(_) if !step.is_plain => {
                self.pass_on(step);
            }
            AstKind::ExportSpecifier(_)
            | AstKind::ExportDefaultDeclaration(_)
            | AstKind::ExpressionStatement(_)
            | AstKind::IfStatement(_)
            | AstKind::ConditionalExpression(_)
            | AstKind::SequenceExpression(_)
            | AstKind::UnaryExpression(_)
            | AstKind::BinaryExpression(_)
            | AstKind::AssignmentExpression(_)
            | AstKind::Class(_) => self.look_at(step),
            _ => self.pass_on(step),
        }
        Break(())
    }

    /// `value.name`, or the object around it with its own property.
    pub(super) fn field(&mut self, step: &mut Step, name: &str) -> ControlFlow<()> {
        match step.within.last() {
            Some(outer) if outer == name => drop(step.within.pop()),
            Some(_) => return Break(()),
            None if step.path.len() == MAX_PATH => {
                self.pass_on(step);
                return Break(());
            }
            None => step.path.push(name.to_owned()),
        }
        Continue(())
    }

    /// `value["name"]`; a field that is computed may be any.
    fn computed_field(&mut self, step: &mut Step, name: &Expression<'a>) -> ControlFlow<()> {
        match name {
            Expression::StringLiteral(name) => self.field(step, &name.value),
            _ if step.within.pop().is_some() => Continue(()),
            _ => {
                self.pass_on(step);
                Break(())
            }
        }
    }

    fn called(
        &mut self,
        step: &Step,
        node: NodeId,
        types: Option<&'a TSTypeParameterInstantiation<'a>>,
    ) -> ControlFlow<()> {
        if step.within.is_empty() {
            let (path, span) = (step.path.clone(), self.span(node));
            self.ends.push(End { path, action: Action::Called, types, node, span });
        }
        Break(())
    }

    fn call(&mut self, step: &mut Step, parent: NodeId, call: &'a CallExpression<'a>) -> ControlFlow<()> {
        if call.callee.span() == self.span(step.node) {
            return self.called(step, parent, call.type_arguments.as_deref());
        }
        self.argument(step, parent, &call.callee, &call.arguments)
    }

    /// A value in a template is only written out, unless the template has a tag.
    fn template(&mut self, step: &Step, template: NodeId) -> ControlFlow<()> {
        if matches!(
            self.semantic.nodes().parent_kind(template),
            AstKind::TaggedTemplateExpression(TaggedTemplateExpression { .. })
        ) {
            self.pass_on(step);
        }
        Break(())
    }

    fn property(&mut self, step: &mut Step, property: NodeId, key: &PropertyKey<'a>) -> ControlFlow<()> {
        match key.static_name() {
            Some(name) if step.within.len() < MAX_PATH => {
                step.within.push(name.into_owned());
                let object = self.semantic.nodes().parent_id(property);
                self.hold_in(object, step);
                Continue(())
            }
            _ => {
                self.pass_on(step);
                Break(())
            }
        }
    }

    /// Into a function, as an argument.
    fn argument(
        &mut self,
        step: &Step,
        call: NodeId,
        callee: &'a Expression<'a>,
        arguments: &'a [Argument<'a>],
    ) -> ControlFlow<()> {
        let span = self.span(step.node);
        let index = arguments.partition_point(|argument| argument.span().start < span.start);
        let is_spread = |argument: &Argument<'_>| matches!(argument, Argument::SpreadElement(_));
        let index = arguments
            .get(..=index)
            .filter(|before| before.len() <= MAX_ARGUMENTS && !before.iter().any(is_spread));
        let index = index.map(|before| before.len() - 1);
        if is_harmless(callee, index) {
            self.look_at(step);
        } else if let Some((function, index)) = self.parameters(callee).zip(index) {
            let through = step.through.or(Some(call));
            self.parameter(function, index, Step { node: call, through, ..step.clone() });
        } else if !step.is_quiet {
            let callee = index.and_then(|argument| self.callee(callee, argument, step));
            self.end(step, Action::Passed(callee), call);
        }
        Break(())
    }

    fn parameter(&mut self, parameters: &FormalParameters<'a>, index: usize, step: Step) {
        match parameters.items.get(index) {
            Some(parameter) => {
                let name = parameter.pattern.get_identifier_name();
                let is_property = parameter.accessibility.is_some() || parameter.readonly;
                let class = self.class_around(parameter.node_id.get());
                if let (true, Some(name), Some(class)) = (is_property, name, class) {
                    let is_private = parameter.accessibility == Some(TSAccessibility::Private);
                    self.hold_in_class(class, name.to_string(), is_private, &step);
                }
                self.hold(&parameter.pattern, step);
            }
            None if parameters.rest.is_some() => self.pass_on(&step),
            None => {}
        }
    }

    /// The parameters of a function or class of this file.
    fn parameters(&mut self, callee: &'a Expression<'a>) -> Option<&'a FormalParameters<'a>> {
        let nodes = self.semantic.nodes();
        match callee.get_inner_expression() {
            Expression::ArrowFunctionExpression(arrow) => Some(&arrow.params),
            Expression::FunctionExpression(function) => Some(&function.params),
            Expression::Identifier(name) => {
                let symbol = self.symbol(name)?;
                if self.semantic.scoping().symbol_is_mutated(symbol) {
                    return None;
                }
                match nodes.kind(self.semantic.scoping().symbol_declaration(symbol)) {
                    AstKind::Function(function) => Some(&function.params),
                    AstKind::Class(class) => method(class, "constructor"),
                    AstKind::VariableDeclarator(variable) => {
                        match variable.init.as_ref()?.get_inner_expression() {
                            Expression::ArrowFunctionExpression(arrow) => Some(&arrow.params),
                            Expression::FunctionExpression(function) => Some(&function.params),
                            _ => None,
                        }
                    }
                    _ => None,
                }
            }
            Expression::StaticMemberExpression(member) => {
                let class = match &member.object {
                    Expression::ThisExpression(this) => self.class_around(this.node_id.get())?,
                    Expression::Identifier(name) => {
                        self.semantic.scoping().symbol_declaration(self.symbol(name)?)
                    }
                    _ => return None,
                };
                let AstKind::Class(class) = nodes.kind(class) else { return None };
                self.spend(class.body.body.len()).then(|| method(class, &member.property.name))?
            }
            _ => None,
        }
    }

    /// The name of a function that is imported, which may be followed in its own file.
    fn callee(&self, callee: &Expression<'_>, argument: usize, step: &Step) -> Option<Callee> {
        let mut path = Vec::new();
        let mut callee = callee.get_inner_expression();
        while let Expression::StaticMemberExpression(member) = callee {
            path.insert(0, member.property.name.to_string());
            callee = member.object.get_inner_expression();
            if path.len() > MAX_PATH {
                return None;
            }
        }
        let Expression::Identifier(name) = callee else { return None };
        let declaration = self.semantic.scoping().symbol_declaration(self.symbol(name)?);
        let is_import = matches!(
            self.semantic.nodes().kind(declaration),
            AstKind::ImportSpecifier(_)
                | AstKind::ImportDefaultSpecifier(_)
                | AstKind::ImportNamespaceSpecifier(_)
        );
        let within = step.within.iter().rev().cloned().collect();
        is_import.then(|| Callee { name: name.name.to_string(), path, argument, within })
    }
}

/// The value goes on, but not by names that others could follow.
fn indirectly(step: &mut Step) -> ControlFlow<()> {
    step.is_plain = false;
    Continue(())
}

/// Whether a call does nothing with an argument that matters: `f.bind(x)`, `console.log(x)`.
fn is_harmless(callee: &Expression<'_>, index: Option<usize>) -> bool {
    let Expression::StaticMemberExpression(member) = callee.get_inner_expression() else { return false };
    let is_console = matches!(&member.object, Expression::Identifier(name) if name.name == "console");
    is_console || (index == Some(0) && matches!(member.property.name.as_str(), "bind" | "call" | "apply"))
}

/// The parameters of a method.
pub(super) fn method<'a>(class: &'a Class<'a>, name: &str) -> Option<&'a FormalParameters<'a>> {
    class.body.body.iter().find_map(|element| match element {
        ClassElement::MethodDefinition(method) => {
            let is_it = match method.kind {
                MethodDefinitionKind::Constructor => name == "constructor",
                _ => method.key.static_name().is_some_and(|key| key == name),
            };
            is_it.then_some(&*method.value.params)
        }
        _ => None,
    })
}

fn key_name(key: &PropertyKey<'_>, name: &str) -> String {
    match key {
        PropertyKey::PrivateIdentifier(_) => format!("#{name}"),
        _ => name.to_owned(),
    }
}

/// Whether the value of a variable of the top level is kept among the facts of its file, by which it is followed from
/// there: other names, their fields, and objects of them.
pub(super) fn is_kept(semantic: &Semantic<'_>, node: NodeId, variable: &VariableDeclarator<'_>) -> bool {
    let Some(value) = &variable.init else { return false };
    let is_name = |value: &Expression<'_>| {
        matches!(value, Expression::Identifier(_) | Expression::StaticMemberExpression(_))
    };
    let value = value.get_inner_expression();
    let is_kept = match &variable.id {
        BindingPattern::BindingIdentifier(_) => {
            is_name(value)
                || matches!(value, Expression::ObjectExpression(object) if object.properties.len() <= MAX_PARTS)
        }
        BindingPattern::ObjectPattern(object) => {
            let is_simple = |property: &BindingProperty<'_>| {
                matches!(property.value, BindingPattern::BindingIdentifier(_))
                    && property.key.static_name().is_some()
            };
            is_name(value) && object.rest.is_none() && object.properties.iter().all(is_simple)
        }
        _ => false,
    };
    is_kept && is_top_level(semantic, node)
}

/// Whether a variable is declared at the top level.
pub(super) fn is_top_level(semantic: &Semantic<'_>, declarator: NodeId) -> bool {
    let mut above = semantic.nodes().ancestor_kinds(declarator);
    matches!(above.next(), Some(AstKind::VariableDeclaration(_)))
        && match above.next() {
            Some(AstKind::ExportDeclaration(_)) => matches!(above.next(), Some(AstKind::Program(_))),
            Some(kind) => matches!(kind, AstKind::Program(_)),
            None => false,
        }
}
