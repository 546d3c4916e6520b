//! Where the names of a file are used: what declares infrastructure, and what is done with it.

use std::collections::{BTreeMap, BTreeSet};

use oxc_ast::AstKind;
use oxc_ast::ast::{Expression, FormalParameter, FormalParameters, TSType, TSTypeParameterInstantiation};
use oxc_semantic::{NodeId, Semantic};
use oxc_span::{GetSpan, Span};

use super::construct::Construct;
use super::facts::{Action, DEFAULT, Declaration, Export, Given, Subject, Use, is_of_the_runtime};
use super::literal::Kind;
use super::shape::Type;
use super::syntax::Taker;
use super::trace::{self, End, Trace, is_top_level};

/// Places of one file where the same thing is passed on that are kept.
const MAX_PLACES: usize = 20;

/// Things done by one function with its parameters that are kept.
const MAX_GIVEN: usize = 256;

impl<'a> Taker<'_, 'a> {
    /// Takes the declarations of infrastructure, and what is done with those that no name holds.
    pub(super) fn take_declarations(&mut self) {
        let mut declarations = Vec::new();
        let mut trace = Trace::new(self.semantic);
        for (name, reference) in references(self.semantic) {
            let Some(import) = self.facts.imports.get(name).filter(|import| import.is_of_framework()) else {
                continue;
            };
            let climbed = climb(self.semantic, reference);
            let path: Vec<&str> = (import.name != "*")
                .then_some(import.name.as_str())
                .into_iter()
                .chain(climbed.path.iter().map(String::as_str))
                .collect();
            let Some(construct) = Construct::of(&import.module, &path) else { continue };
            match self.declaration(climbed.end, construct).filter(|_| climbed.is_called) {
                Some(one) => declarations.push((one, climbed.end)),
                None if climbed.is_called || is_type_like(self.semantic, climbed.end) => {}
                None => self.facts.uncalled.push((construct, self.read.at(climbed.span))),
            }
        }
        declarations.sort_by_key(|(declaration, _)| declaration.at);
        for (index, (declaration, node)) in declarations.into_iter().enumerate() {
            match &declaration.bound {
                Some((name, _)) => drop(self.facts.bound.insert(name.clone(), index)),
                // Outside of the top level only naming is allowed; the rest is reported as it is.
                None if declaration.in_function && declaration.construct.is_class() => {}
                None => {
                    let ends = trace.follow(node);
                    let used = ends.into_iter().map(|end| self.used(end, Subject::Declaration(index)));
                    let used: Vec<Use> = used.collect();
                    self.facts.uses.extend(used);
                }
            }
            self.facts.declarations.push(declaration);
        }
        self.facts.uncalled.sort_by_key(|(_, at)| *at);
    }

    /// Takes what is done with names of the top level that may lead to a declaration.
    pub(super) fn take_uses(&mut self) {
        let mut trace = Trace::new(self.semantic);
        let mut uses = std::mem::take(&mut self.facts.uses);
        for (name, reference) in references(self.semantic) {
            if self.may_lead_to_a_declaration(name) {
                let ends = trace.follow(reference);
                uses.extend(ends.into_iter().map(|end| self.used(end, Subject::Name(name.to_owned()))));
            }
        }
        uses.sort_by(|a, b| (a.at, &a.path).cmp(&(b.at, &b.path)));
        self.facts.uses = first_of_each(uses);
        self.take_given(&mut trace);
    }

    fn may_lead_to_a_declaration(&self, name: &str) -> bool {
        let facts = &self.facts;
        facts.bound.contains_key(name)
            || facts
                .imports
                .get(name)
                .is_some_and(|import| !import.is_of_framework() && !is_of_the_runtime(&import.module))
            || facts.values.get(name).is_some_and(|value| !matches!(value.kind, Kind::Function(_)))
    }

    /// Takes what exported functions and classes do with what they are given.
    fn take_given(&mut self, trace: &mut Trace<'_, 'a>) {
        let exported: BTreeSet<&str> = self.facts.exports.values().filter_map(Export::local).collect();
        let scoping = self.semantic.scoping();
        let (mut given, mut left_out) = (BTreeMap::new(), BTreeSet::new());
        for (name, symbol) in scoping.get_bindings(scoping.root_scope_id()) {
            if !exported.contains(name.as_str()) {
                continue;
            }
            let declared = self.semantic.nodes().kind(scoping.symbol_declaration(*symbol));
            if self.is_left_out(declared) {
                left_out.insert(name.to_string());
            } else if let Some(parameters) = parameters(declared) {
                given.insert(name.to_string(), self.given(parameters, trace));
            }
        }
        self.facts.given = given;
        self.facts.left_out = left_out;
    }

    /// Whether something is done with what is given to this, and it is not known what.
    fn is_left_out(&self, declared: AstKind<'_>) -> bool {
        let takes_something = match declared {
            AstKind::Class(_) => true,
            declared => {
                parameters(declared).is_some_and(|parameters| parameters.items.iter().any(is_of_interest))
            }
        };
        takes_something && self.cuts.are_in(declared.span())
    }

    fn given(&self, parameters: &FormalParameters<'a>, trace: &mut Trace<'_, 'a>) -> Vec<Given> {
        let mut list = Vec::new();
        for (parameter, written) in parameters.items.iter().enumerate() {
            if !is_of_interest(written) {
                continue;
            }
            for end in trace.follow_parameter(parameters, parameter) {
                let (types, sql) =
                    (self.types(end.types), self.queries.access(self.semantic, end.node, &end.path));
                if list.len() == MAX_GIVEN {
                    return given_away(parameters.items.len());
                }
                let one = Given { parameter, path: end.path, action: end.action, types, sql };
                if !list.contains(&one) {
                    list.push(one);
                }
            }
        }
        list
    }

    fn used(&self, end: End<'_>, subject: Subject) -> Use {
        Use {
            subject,
            types: self.types(end.types),
            sql: self.queries.access(self.semantic, end.node, &end.path),
            path: end.path,
            action: end.action,
            at: self.read.at(end.span),
        }
    }

    fn types(&self, arguments: Option<&TSTypeParameterInstantiation<'_>>) -> Vec<Type> {
        let arguments = arguments.map(|arguments| &arguments.params).into_iter().flatten();
        arguments.map(|one| Type::of(one, self.read)).collect()
    }

    /// Reads the declaration that a call or construction makes.
    fn declaration(&self, node: NodeId, construct: Construct) -> Option<Declaration> {
        let (arguments, type_arguments, span) = match self.semantic.nodes().kind(node) {
            AstKind::CallExpression(call) if !construct.is_class() => {
                (&call.arguments, &call.type_arguments, call.span)
            }
            AstKind::NewExpression(new) if construct.is_class() => {
                (&new.arguments, &new.type_arguments, new.span)
            }
            _ => return None,
        };
        let in_function = self.semantic.nodes().ancestor_kinds(node).any(|kind| {
            matches!(
                kind,
                AstKind::Function(_) | AstKind::ArrowFunctionExpression(_) | AstKind::StaticBlock(_)
            )
        });
        Some(Declaration {
            construct,
            arguments: arguments.iter().map(|argument| self.read.argument(argument)).collect(),
            types: self.types(type_arguments.as_deref()),
            types_at: type_arguments
                .iter()
                .flat_map(|written| &written.params)
                .map(|written| self.read.at(written.span()))
                .collect(),
            is_dropped: matches!(self.semantic.nodes().parent_kind(node), AstKind::ExpressionStatement(_)),
            bound: bound(self.semantic, node).map(|(name, span)| (name, self.read.at(span))),
            in_function,
            at: self.read.at(span),
        })
    }
}

/// Every place where the value of a name of the top level is used.
fn references<'s>(semantic: &'s Semantic<'_>) -> impl Iterator<Item = (&'s str, NodeId)> {
    let scoping = semantic.scoping();
    scoping.get_bindings(scoping.root_scope_id()).iter().flat_map(move |(name, symbol)| {
        let name: &'s str = name.as_str();
        scoping
            .get_resolved_references(*symbol)
            .filter(|reference| reference.is_value() && reference.is_read() && !reference.is_type())
            .map(move |reference| (name, reference.node_id()))
    })
}

/// What is kept of a function that does more than can be kept: it passes everything on.
fn given_away(parameters: usize) -> Vec<Given> {
    let passed = |parameter| Given {
        parameter,
        path: Vec::new(),
        action: Action::Passed(None),
        types: Vec::new(),
        sql: None,
    };
    (0..parameters).map(passed).collect()
}

/// The first of each kind of use, and the first places where something is passed on to nobody knows where.
fn first_of_each(uses: Vec<Use>) -> Vec<Use> {
    let mut count: BTreeMap<_, usize> = BTreeMap::new();
    let mut is_first = Vec::with_capacity(uses.len());
    for Use { subject, path, action, types, sql, at: _ } in &uses {
        let seen = count.entry((subject, path, action, types, sql.map(|access| access as u8))).or_default();
        *seen += 1;
        is_first.push(*seen <= if *action == Action::Passed(None) { MAX_PLACES } else { 1 });
    }
    uses.into_iter().zip(is_first).filter_map(|(one, is_first)| is_first.then_some(one)).collect()
}

/// Whether a parameter may take something with fields of its own.
fn is_of_interest(parameter: &FormalParameter<'_>) -> bool {
    !parameter.type_annotation.as_ref().is_some_and(|written| is_plain(&written.type_annotation))
}

/// Whether a type has no fields of its own.
fn is_plain(written: &TSType<'_>) -> bool {
    matches!(
        written,
        TSType::TSStringKeyword(_)
            | TSType::TSNumberKeyword(_)
            | TSType::TSBooleanKeyword(_)
            | TSType::TSBigIntKeyword(_)
            | TSType::TSLiteralType(_)
            | TSType::TSArrayType(_)
            | TSType::TSFunctionType(_)
    )
}

/// The parameters of what is declared.
fn parameters(declared: AstKind<'_>) -> Option<&FormalParameters<'_>> {
    match declared {
        AstKind::Function(function) => Some(&function.params),
        AstKind::Class(class) => trace::method(class, "constructor"),
        AstKind::VariableDeclarator(variable) => match variable.init.as_ref()?.get_inner_expression() {
            Expression::ArrowFunctionExpression(arrow) => Some(&arrow.params),
            Expression::FunctionExpression(function) => Some(&function.params),
            _ => None,
        },
        _ => None,
    }
}

/// Where one arrives from a name of the framework by going through its fields.
struct Climbed {
    path: Vec<String>,
    is_called: bool,
    /// The expression that ends the path, the call if it is called.
    span: Span,
    end: NodeId,
}

/// Goes from a name of the framework up through its fields.
fn climb(semantic: &Semantic<'_>, reference: NodeId) -> Climbed {
    let nodes = semantic.nodes();
    let mut path = Vec::new();
    let mut at = reference;
    loop {
        let span = nodes.kind(at).span();
        let parent = nodes.parent_id(at);
        let is_called = match nodes.kind(parent) {
            AstKind::StaticMemberExpression(member) => {
                path.push(member.property.name.to_string());
                at = parent;
                continue;
            }
            AstKind::TSNonNullExpression(_)
            | AstKind::TSAsExpression(_)
            | AstKind::TSSatisfiesExpression(_)
            | AstKind::TSInstantiationExpression(_) => {
                at = parent;
                continue;
            }
            AstKind::CallExpression(call) => call.callee.span() == span,
            AstKind::NewExpression(new) => new.callee.span() == span,
            _ => false,
        };
        let is_exported = matches!(nodes.kind(parent), AstKind::ExportSpecifier(_));
        let end = if is_called { parent } else { at };
        let shown = if is_called || is_exported { nodes.kind(parent).span() } else { span };
        return Climbed { path, is_called, span: shown, end };
    }
}

/// Whether a class is only extended or compared with.
fn is_type_like(semantic: &Semantic<'_>, node: NodeId) -> bool {
    let kinds = [semantic.nodes().kind(node), semantic.nodes().parent_kind(node)];
    kinds.iter().any(|kind| matches!(kind, AstKind::Class(_) | AstKind::BinaryExpression(_)))
}

/// The name of the top level that holds the value of an expression.
fn bound(semantic: &Semantic<'_>, node: NodeId) -> Option<(String, Span)> {
    let nodes = semantic.nodes();
    let mut at = node;
    loop {
        let parent = nodes.parent_id(at);
        match nodes.kind(parent) {
            AstKind::TSNonNullExpression(_)
            | AstKind::TSAsExpression(_)
            | AstKind::TSSatisfiesExpression(_)
            | AstKind::TSTypeAssertion(_)
            | AstKind::AwaitExpression(_) => at = parent,
            AstKind::VariableDeclarator(variable) if is_top_level(semantic, parent) => {
                let name = variable.id.get_binding_identifier()?;
                return Some((name.name.to_string(), name.span));
            }
            AstKind::ExportDefaultDeclaration(_) => return Some((DEFAULT.to_owned(), nodes.kind(at).span())),
            _ => return None,
        }
    }
}
