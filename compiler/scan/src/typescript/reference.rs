//! Where the names of a file are used: what declares infrastructure, and what is done with it.

use oxc_ast::AstKind;
use oxc_ast::ast::{BindingPattern, Expression, TSTypeParameterInstantiation, VariableDeclarator};
use oxc_semantic::{NodeId, Semantic};
use oxc_span::{GetSpan, Span};

use super::construct::Construct;
use super::facts::{Action, DEFAULT, Declaration, Subject, Use};
use super::literal::Kind;
use super::shape::Type;
use super::syntax::Taker;

impl Taker<'_, '_> {
    /// Takes the declarations of infrastructure, and what is done with those that no name holds.
    pub(super) fn take_declarations(&mut self) {
        let mut declarations = Vec::new();
        for (name, reference) in references(self.semantic) {
            let Some(import) = self.facts.imports.get(name).filter(|import| import.is_of_framework()) else {
                continue;
            };
            let Some(climbed) = climb(self.semantic, reference) else { continue };
            let path: Vec<&str> = (import.name != "*")
                .then_some(import.name.as_str())
                .into_iter()
                .chain(climbed.path.iter().map(String::as_str))
                .collect();
            let Some(construct) = Construct::of(&import.module, &path) else { continue };
            let is_called = climbed.action == Action::Called;
            match self.declaration(climbed.end, construct).filter(|_| is_called) {
                Some(one) => declarations.push((one, climb(self.semantic, climbed.end))),
                None if is_called || is_type_like(self.semantic, climbed.end) => {}
                None => self.facts.uncalled.push((construct, self.read.at(climbed.span))),
            }
        }
        declarations.sort_by_key(|(declaration, _)| declaration.at);
        for (index, (declaration, used)) in declarations.into_iter().enumerate() {
            match &declaration.bound {
                Some((name, _)) => drop(self.facts.bound.insert(name.clone(), index)),
                // Outside of the top level only naming is allowed; the rest is reported as it is.
                None if declaration.in_function && declaration.construct.is_class() => {}
                None => self.facts.uses.extend(used.map(|used| self.used(used, Subject::Declaration(index)))),
            }
            self.facts.declarations.push(declaration);
        }
        self.facts.uncalled.sort_by_key(|(_, at)| *at);
    }

    /// Takes what is done with names of the top level that may lead to a declaration.
    pub(super) fn take_uses(&mut self) {
        let mut uses = Vec::new();
        for (name, reference) in references(self.semantic) {
            if !self.may_lead_to_a_declaration(name) {
                continue;
            }
            let climbed = climb(self.semantic, reference).filter(|climbed| climbed.action != Action::Renamed);
            uses.extend(climbed.map(|climbed| self.used(climbed, Subject::Name(name.to_owned()))));
        }
        self.facts.uses.append(&mut uses);
        self.facts.uses.sort_by(|a, b| (a.at, &a.path).cmp(&(b.at, &b.path)));
    }

    fn may_lead_to_a_declaration(&self, name: &str) -> bool {
        let facts = &self.facts;
        facts.bound.contains_key(name)
            || facts.imports.get(name).is_some_and(|import| !import.is_of_framework())
            || facts.values.get(name).is_some_and(|value| !matches!(value.kind, Kind::Function(_)))
    }

    fn used(&self, climbed: Climbed<'_>, subject: Subject) -> Use {
        Use {
            subject,
            path: climbed.path,
            action: climbed.action,
            types: self.types(climbed.types),
            at: self.read.at(climbed.span),
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

/// Where one arrives from a name by going through its fields.
struct Climbed<'a> {
    path: Vec<String>,
    action: Action,
    types: Option<&'a TSTypeParameterInstantiation<'a>>,
    /// The expression that ends the path, the call if it is called.
    span: Span,
    end: NodeId,
}

/// Goes from a name or a declaration up through its fields. Nothing is done by a statement of a mere name.
fn climb<'a>(semantic: &Semantic<'a>, reference: NodeId) -> Option<Climbed<'a>> {
    let nodes = semantic.nodes();
    let mut path = Vec::new();
    let mut at = reference;
    loop {
        let span = nodes.kind(at).span();
        let parent = nodes.parent_id(at);
        let end = |action, types, path| {
            Some(Climbed { path, action, types, span: nodes.kind(parent).span(), end: parent })
        };
        match nodes.kind(parent) {
            AstKind::StaticMemberExpression(member) => path.push(member.property.name.to_string()),
            AstKind::ComputedMemberExpression(member) if member.object.span() == span => {
                match &member.expression {
                    Expression::StringLiteral(name) => path.push(name.value.to_string()),
                    _ => return end(Action::Read, None, path),
                }
            }
            AstKind::TSNonNullExpression(_)
            | AstKind::TSAsExpression(_)
            | AstKind::TSSatisfiesExpression(_)
            | AstKind::TSTypeAssertion(_)
            | AstKind::ChainExpression(_) => {}
            AstKind::CallExpression(call) if call.callee.span() == span => {
                return end(Action::Called, call.type_arguments.as_deref(), path);
            }
            AstKind::NewExpression(new) if new.callee.span() == span => {
                return end(Action::Called, new.type_arguments.as_deref(), path);
            }
            AstKind::TaggedTemplateExpression(tagged) if tagged.tag.span() == span => {
                return end(Action::Called, None, path);
            }
            AstKind::CallExpression(_) | AstKind::NewExpression(_) => {
                return end(Action::Passed, None, path);
            }
            AstKind::ExportSpecifier(_) | AstKind::ExportDefaultDeclaration(_) => {
                return end(Action::Renamed, None, path);
            }
            AstKind::VariableDeclarator(variable)
                if path.is_empty() && is_alias(semantic, parent, variable) =>
            {
                return end(Action::Renamed, None, path);
            }
            AstKind::ExpressionStatement(_) if path.is_empty() => return None,
            _ => return Some(Climbed { path, action: Action::Read, types: None, span, end: at }),
        }
        at = parent;
    }
}

/// Whether a class is only extended or compared with.
fn is_type_like(semantic: &Semantic<'_>, node: NodeId) -> bool {
    let kinds = [semantic.nodes().kind(node), semantic.nodes().parent_kind(node)];
    kinds.iter().any(|kind| matches!(kind, AstKind::Class(_) | AstKind::BinaryExpression(_)))
}

/// Whether a variable of the top level is only another name.
fn is_alias(semantic: &Semantic<'_>, node: NodeId, variable: &VariableDeclarator<'_>) -> bool {
    is_top_level(semantic, node) && matches!(variable.id, BindingPattern::BindingIdentifier(_))
}

fn is_top_level(semantic: &Semantic<'_>, declarator: NodeId) -> bool {
    let mut above = semantic.nodes().ancestor_kinds(declarator);
    matches!(above.next(), Some(AstKind::VariableDeclaration(_)))
        && match above.next() {
            Some(AstKind::ExportDeclaration(_)) => matches!(above.next(), Some(AstKind::Program(_))),
            Some(kind) => matches!(kind, AstKind::Program(_)),
            None => false,
        }
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
