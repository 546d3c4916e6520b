//! What holds a value on its way through a file: variables, properties of classes, and the functions that return it.

use std::collections::BTreeMap;
use std::rc::Rc;

use oxc_ast::AstKind;
use oxc_ast::ast::{
    AssignmentExpression, AssignmentTarget, BindingPattern, Class, Expression, IdentifierReference,
    ObjectPropertyKind, VariableDeclarator,
};
use oxc_semantic::{NodeId, Semantic, SymbolId};
use oxc_span::{GetSpan, Span};

use super::trace::{Holder, MAX_PATH, Step, Trace};

impl<'a> Trace<'_, 'a> {
    /// Into a variable, or into those that an object is taken apart into.
    pub(super) fn hold(&mut self, pattern: &BindingPattern<'a>, step: Step) {
        match pattern {
            BindingPattern::BindingIdentifier(name) => match name.symbol_id.get() {
                Some(symbol) => self.follow_symbol(symbol, &step),
                None => self.pass_on(&step),
            },
            BindingPattern::AssignmentPattern(with_default) => self.hold(&with_default.left, step),
            BindingPattern::ObjectPattern(object) if !self.spend(object.properties.len()) => {
                self.pass_on(&step);
            }
            BindingPattern::ObjectPattern(object) => {
                for property in &object.properties {
                    let mut inner = step.clone();
                    let name = property.key.static_name();
                    if name.is_some_and(|name| self.field(&mut inner, &name).is_continue()) {
                        if inner.path.len() > step.path.len() {
                            self.read(&inner, property.node_id.get(), property.span);
                        }
                        self.hold(&property.value, inner);
                    }
                }
                match &object.rest {
                    Some(rest) if !step.within.is_empty() => self.hold(&rest.argument, step),
                    Some(_) => self.pass_on(&step),
                    None => {}
                }
            }
            BindingPattern::ArrayPattern(_) => self.pass_on(&step),
        }
    }

    /// Into variables that are among the facts, by which it is followed from there: its fields are read here.
    pub(super) fn take_apart(&mut self, pattern: &BindingPattern<'a>, step: &Step) {
        let BindingPattern::ObjectPattern(object) = pattern else { return };
        if !self.spend(object.properties.len()) {
            return self.pass_on(step);
        }
        for property in &object.properties {
            let mut inner = step.clone();
            let name = property.key.static_name();
            if name.is_some_and(|name| self.field(&mut inner, &name).is_continue()) {
                self.read(&inner, property.node_id.get(), property.span);
            }
        }
    }

    fn follow_symbol(&mut self, symbol: SymbolId, step: &Step) {
        if !self.is_new(Holder::Symbol(symbol.index()), step) {
            return;
        }
        for reference in self.semantic.scoping().get_resolved_references(symbol) {
            let held = Step { node: reference.node_id(), is_plain: false, ..step.clone() };
            if reference.is_read() && !reference.is_type() && !self.go_on(held) {
                return;
            }
        }
    }

    /// Whether a value has not been followed this way before.
    fn is_new(&mut self, holder: Holder, step: &Step) -> bool {
        self.seen.insert((holder, step.is_quiet, step.path.clone(), step.within.clone()))
    }

    pub(super) fn assign(&mut self, assignment: &AssignmentExpression<'a>, step: &Step) {
        match &assignment.left {
            AssignmentTarget::AssignmentTargetIdentifier(name) => match self.symbol(name) {
                Some(symbol) => self.follow_symbol(symbol, step),
                None => self.pass_on(step),
            },
            AssignmentTarget::StaticMemberExpression(member)
                if matches!(member.object, Expression::ThisExpression(_)) =>
            {
                match self.class_around(member.node_id.get()) {
                    Some(class) => self.hold_in_class(class, member.property.name.to_string(), false, step),
                    None => self.pass_on(step),
                }
            }
            AssignmentTarget::PrivateFieldExpression(member) => {
                match self.class_around(member.node_id.get()) {
                    Some(class) => self.hold_in_class(class, format!("#{}", member.field.name), true, step),
                    None => self.pass_on(step),
                }
            }
            _ => self.pass_on(step),
        }
    }

    pub(super) fn symbol(&self, name: &IdentifierReference<'_>) -> Option<SymbolId> {
        self.semantic.scoping().get_reference(name.reference_id.get()?).symbol_id()
    }

    pub(super) fn class_around(&self, node: NodeId) -> Option<NodeId> {
        let nodes = self.semantic.nodes();
        nodes.ancestor_ids(node).find(|around| matches!(nodes.kind(*around), AstKind::Class(_)))
    }

    /// Into a property of a class: of `this` within it, and of what is made from it.
    pub(super) fn hold_in_class(&mut self, class: NodeId, name: String, is_private: bool, step: &Step) {
        self.keep(step);
        let mut step = step.clone();
        step.within.push(name);
        if step.within.len() > MAX_PATH {
            return self.pass_on(&step);
        }
        self.hold_in(class, &step);
        if !is_private {
            self.hold_in_instances(class, &step);
        }
    }

    /// Into what `this` is within a class, or within an object with methods.
    pub(super) fn hold_in(&mut self, holder: NodeId, step: &Step) {
        let semantic = self.semantic;
        let this = self.this.get_or_insert_with(|| this_by_holder(semantic));
        let Some(places) = this.get(&holder).map(Rc::clone) else { return };
        if !self.is_new(Holder::This(holder), step) {
            return;
        }
        for node in places.iter() {
            if !self.go_on(Step { node: *node, is_plain: false, ..step.clone() }) {
                return;
            }
        }
    }

    fn hold_in_instances(&mut self, class: NodeId, step: &Step) {
        let nodes = self.semantic.nodes();
        let AstKind::Class(Class { id: Some(id), .. }) = nodes.kind(class) else { return };
        let Some(symbol) = id.symbol_id.get() else { return };
        for reference in self.semantic.scoping().get_resolved_references(symbol) {
            let node = nodes.parent_id(reference.node_id());
            if matches!(nodes.kind(node), AstKind::NewExpression(_))
                && !self.go_on(Step { node, is_quiet: true, is_plain: false, ..step.clone() })
            {
                return;
            }
        }
    }

    /// Out of the function that returns it.
    pub(super) fn result(&mut self, statement: NodeId, step: &Step) {
        let nodes = self.semantic.nodes();
        let function = nodes.ancestor_ids(statement).find(|around| {
            matches!(nodes.kind(*around), AstKind::Function(_) | AstKind::ArrowFunctionExpression(_))
        });
        match function {
            Some(function) => self.result_of(function, step),
            None => self.pass_on(step),
        }
    }

    pub(super) fn result_of(&mut self, function: NodeId, step: &Step) {
        self.keep(step);
        let nodes = self.semantic.nodes();
        let named = match (nodes.kind(function), nodes.parent_kind(function)) {
            (AstKind::Function(function), _) if function.id.is_some() => function.id.as_ref(),
            (
                _,
                AstKind::VariableDeclarator(VariableDeclarator {
                    id: BindingPattern::BindingIdentifier(id),
                    ..
                }),
            ) => Some(&**id),
            _ => None,
        };
        let Some(symbol) = named.and_then(|id| id.symbol_id.get()) else { return self.pass_on(step) };
        if is_exported(self.semantic, function) {
            self.pass_on(step);
        }
        if !self.is_new(Holder::Symbol(symbol.index()), step) {
            return;
        }
        for reference in self.semantic.scoping().get_resolved_references(symbol) {
            let call = nodes.parent_id(reference.node_id());
            if let AstKind::CallExpression(one) = nodes.kind(call)
                && one.callee.span() == self.span(reference.node_id())
                && !self.go_on(Step { node: call, is_plain: false, ..step.clone() })
            {
                return;
            }
        }
    }
}

/// Whether a function or variable is exported where it is declared.
pub(super) fn is_exported(semantic: &Semantic<'_>, declared: NodeId) -> bool {
    let nodes = semantic.nodes();
    nodes
        .ancestor_kinds(declared)
        .take_while(|kind| {
            matches!(
                kind,
                AstKind::VariableDeclarator(_)
                    | AstKind::VariableDeclaration(_)
                    | AstKind::ExportDeclaration(_)
                    | AstKind::ExportDefaultDeclaration(_)
            )
        })
        .any(|kind| matches!(kind, AstKind::ExportDeclaration(_) | AstKind::ExportDefaultDeclaration(_)))
}

/// Where `this` is written in each class, and in each object with methods: in a function of the one or of the other,
/// which is not told apart.
fn this_by_holder(semantic: &Semantic<'_>) -> BTreeMap<NodeId, Rc<[NodeId]>> {
    let mut found: BTreeMap<NodeId, Vec<NodeId>> = BTreeMap::new();
    let (mut classes, mut objects) = (Vec::new(), Vec::new());
    for node in semantic.nodes().iter() {
        let span = node.kind().span();
        for around in [&mut classes, &mut objects] {
            while around.last().is_some_and(|(_, holder): &(NodeId, Span)| holder.end <= span.start) {
                around.pop();
            }
        }
        match node.kind() {
            AstKind::Class(_) => classes.push((node.id(), span)),
            AstKind::ObjectExpression(object) if object.properties.iter().any(is_method) => {
                objects.push((node.id(), span));
            }
            AstKind::ThisExpression(_) => {
                let class = classes.last();
                let is_inner =
                    |object: &&(NodeId, Span)| class.is_none_or(|class| class.1.start < object.1.start);
                for (holder, _) in class.into_iter().chain(objects.last().filter(is_inner)) {
                    found.entry(*holder).or_default().push(node.id());
                }
            }
            _ => {}
        }
    }
    found.into_iter().map(|(holder, places)| (holder, places.into())).collect()
}

fn is_method(property: &ObjectPropertyKind<'_>) -> bool {
    match property {
        ObjectPropertyKind::ObjectProperty(property) => {
            matches!(property.value, Expression::FunctionExpression(_))
        }
        ObjectPropertyKind::SpreadProperty(_) => false,
    }
}
