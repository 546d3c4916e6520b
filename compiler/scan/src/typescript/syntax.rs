//! The facts of one file: what it imports, exports and declares, and what it does with names of its top level.
//!
//! Everything here is owned; the syntax tree is dropped with its arena as soon as the facts are taken. Names are
//! resolved by scope, so that a parameter called like an import is not taken for it.

use std::collections::BTreeMap;

use oxc_ast::AstKind;
use oxc_ast::ast::{
    Argument, BindingPattern, Declaration as Syntax, ExportDefaultDeclarationKind, Expression,
    ImportDeclaration, ImportDeclarationSpecifier, Program, Statement, TSTypeParameterInstantiation,
    VariableDeclarator,
};
use oxc_semantic::{NodeId, Semantic};
use oxc_span::{GetSpan, Span};

use super::construct::Construct;
use super::literal::{Kind, Value};
use super::shape::{Function, Type};

/// What [`Facts::exports`] calls the default export.
pub(super) const DEFAULT: &str = "default";

/// The facts of one file.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// What each imported name stands for.
    pub(super) imports: BTreeMap<String, Import>,
    /// What each exported name stands for.
    pub(super) exports: BTreeMap<String, Export>,
    /// Modules of which everything is exported again.
    pub(super) exported_modules: Vec<String>,
    /// Declarations of infrastructure, in the order of the source.
    pub(super) declarations: Vec<Declaration>,
    /// Which declaration a name of the top level holds.
    pub(super) bound: BTreeMap<String, usize>,
    /// Other values that names of the top level hold: names of others, members of others, functions.
    pub(super) values: BTreeMap<String, Value>,
    /// Interfaces and type aliases of the top level.
    pub(super) types: BTreeMap<String, Type>,
    /// What is done with names of the top level, and with declarations that no name holds.
    pub(super) uses: Vec<Use>,
    /// Constructs of the framework that are named without being called.
    pub(super) uncalled: Vec<(Construct, Span)>,
}

/// An imported name.
#[derive(Debug)]
pub(super) struct Import {
    /// The module, as written.
    pub(super) module: String,
    /// The name there: [`DEFAULT`], or `*` for the module itself.
    pub(super) name: String,
}

impl Import {
    /// Whether it comes from the framework itself.
    pub(super) fn is_of_framework(&self) -> bool {
        self.module == "encore.dev" || self.module.starts_with("encore.dev/")
    }
}

/// An exported name.
#[derive(Debug)]
pub(super) enum Export {
    /// A name of the file's own top level.
    Local(String),
    /// A name of another module, `*` for the module itself.
    From(Import),
}

/// A call or construction that declares infrastructure.
#[derive(Debug)]
pub(super) struct Declaration {
    pub(super) construct: Construct,
    pub(super) arguments: Vec<Value>,
    /// The type arguments.
    pub(super) types: Vec<Type>,
    /// The name of the top level that holds it, and where that stands; [`DEFAULT`] for a default export.
    pub(super) bound: Option<(String, Span)>,
    /// Whether it stands in a function, and so not at the top level.
    pub(super) in_function: bool,
    /// The whole call.
    pub(super) span: Span,
}

/// Something done with a name or a declaration.
#[derive(Debug)]
pub(super) struct Use {
    pub(super) subject: Subject,
    /// The fields gone through: `db.query` is `["query"]`.
    pub(super) path: Vec<String>,
    pub(super) action: Action,
    /// The type arguments of a call.
    pub(super) types: Vec<Type>,
    pub(super) span: Span,
}

/// With what something is done.
#[derive(Debug)]
pub(super) enum Subject {
    /// A name of the top level.
    Name(String),
    /// A declaration that no name holds, as an index.
    Declaration(usize),
}

/// What is done with a name, or with a field of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// It is called, also as the tag of a template.
    Called,
    /// It is passed on as an argument.
    Passed,
    /// It is read.
    Read,
    /// Nothing: it is exported, or gets another name of the top level.
    Renamed,
}

/// Takes the facts of a file.
pub(super) fn facts<'a>(program: &'a Program<'a>, semantic: &Semantic<'a>) -> Facts {
    let mut facts = Facts::default();
    for statement in &program.body {
        facts.take_statement(statement);
    }
    facts.take_declarations(semantic);
    facts.take_uses(semantic);
    facts
}

impl Facts {
    fn take_statement(&mut self, statement: &Statement<'_>) {
        match statement {
            Statement::ImportDeclaration(import) => self.take_import(import),
            Statement::ExportAllDeclaration(all) => {
                let module = all.source.value.to_string();
                match &all.exported {
                    Some(name) => self.export_from(name.name().to_string(), module, "*"),
                    None => self.exported_modules.push(module),
                }
            }
            Statement::ExportFromDeclaration(from) => {
                for one in &from.specifiers {
                    let module = from.source.value.to_string();
                    self.export_from(one.exported.name().to_string(), module, &one.local.name());
                }
            }
            Statement::ExportNamedDeclaration(named) => {
                for one in &named.specifiers {
                    self.export(one.exported.name().to_string(), one.local.name().to_string());
                }
            }
            Statement::ExportDefaultDeclaration(default) => self.take_default(&default.declaration),
            Statement::ExportDeclaration(export) => self.take_syntax(&export.declaration, true),
            other => {
                if let Some(declaration) = other.as_declaration() {
                    self.take_syntax(declaration, false);
                }
            }
        }
    }

    fn take_import(&mut self, import: &ImportDeclaration<'_>) {
        for specifier in import.specifiers.iter().flatten() {
            let (local, name) = match specifier {
                ImportDeclarationSpecifier::ImportSpecifier(one) => {
                    (&one.local, one.imported.name().to_string())
                }
                ImportDeclarationSpecifier::ImportDefaultSpecifier(one) => (&one.local, DEFAULT.to_owned()),
                ImportDeclarationSpecifier::ImportNamespaceSpecifier(one) => (&one.local, "*".to_owned()),
            };
            let module = import.source.value.to_string();
            self.imports.insert(local.name.to_string(), Import { module, name });
        }
    }

    fn take_default(&mut self, declaration: &ExportDefaultDeclarationKind<'_>) {
        if let Some(Expression::Identifier(name)) = declaration.as_expression() {
            self.export(DEFAULT.to_owned(), name.name.to_string());
        } else {
            self.export(DEFAULT.to_owned(), DEFAULT.to_owned());
        }
    }

    fn take_syntax(&mut self, declaration: &Syntax<'_>, exported: bool) {
        let mut names = Vec::new();
        match declaration {
            Syntax::VariableDeclaration(variables) => {
                for variable in &variables.declarations {
                    names.extend(
                        variable.id.get_binding_identifiers().iter().map(|name| name.name.to_string()),
                    );
                    self.take_variable(variable);
                }
            }
            Syntax::FunctionDeclaration(function) => {
                if let Some(name) = function.name() {
                    let kind = Kind::Function(Box::new(Function::of(&function.params)));
                    self.values.insert(name.to_string(), Value { kind, span: function.span });
                    names.push(name.to_string());
                }
            }
            Syntax::TSInterfaceDeclaration(interface) => {
                self.types.insert(interface.id.name.to_string(), Type::of_interface(interface));
                names.push(interface.id.name.to_string());
            }
            Syntax::TSTypeAliasDeclaration(alias) => {
                self.types.insert(alias.id.name.to_string(), Type::of(&alias.type_annotation));
                names.push(alias.id.name.to_string());
            }
            Syntax::ClassDeclaration(class) => names.extend(class.name().map(|name| name.to_string())),
            _ => {}
        }
        if exported {
            for name in names {
                self.export(name.clone(), name);
            }
        }
    }

    fn take_variable(&mut self, variable: &VariableDeclarator<'_>) {
        let (Some(name), Some(value)) = (variable.id.get_identifier_name(), &variable.init) else { return };
        let wanted = matches!(
            value.get_inner_expression(),
            Expression::Identifier(_)
                | Expression::StaticMemberExpression(_)
                | Expression::ArrowFunctionExpression(_)
                | Expression::FunctionExpression(_)
        );
        if wanted {
            self.values.insert(name.to_string(), Value::of(value));
        }
    }

    fn export(&mut self, exported: String, local: String) {
        self.exports.insert(exported, Export::Local(local));
    }

    fn export_from(&mut self, exported: String, module: String, name: &str) {
        self.exports.insert(exported, Export::From(Import { module, name: name.to_owned() }));
    }

    fn take_declarations(&mut self, semantic: &Semantic<'_>) {
        let mut declarations = Vec::new();
        for (name, reference) in references(semantic) {
            let Some(import) = self.imports.get(name).filter(|import| import.is_of_framework()) else {
                continue;
            };
            let Some(climbed) = climb(semantic, reference) else { continue };
            let path: Vec<&str> = (import.name != "*")
                .then_some(import.name.as_str())
                .into_iter()
                .chain(climbed.path.iter().map(String::as_str))
                .collect();
            let Some(construct) = Construct::of(&import.module, &path) else { continue };
            match declaration(semantic, climbed.end, construct).filter(|_| climbed.action == Action::Called) {
                Some(one) => declarations.push((one, climb(semantic, climbed.end))),
                None if climbed.action == Action::Called || is_type_like(semantic, climbed.end) => {}
                None => self.uncalled.push((construct, climbed.span)),
            }
        }
        declarations.sort_by_key(|(declaration, _)| declaration.span.start);
        for (index, (declaration, used)) in declarations.into_iter().enumerate() {
            match &declaration.bound {
                Some((name, _)) => drop(self.bound.insert(name.clone(), index)),
                // Outside of the top level only naming is allowed; the rest is reported as it is.
                None if declaration.in_function && declaration.construct.is_class() => {}
                None => self.uses.extend(used.map(|used| used.into_use(Subject::Declaration(index)))),
            }
            self.declarations.push(declaration);
        }
        self.uncalled.sort_by_key(|(_, span)| *span);
    }

    fn take_uses(&mut self, semantic: &Semantic<'_>) {
        for (name, reference) in references(semantic) {
            if self.imports.get(name).is_some_and(Import::is_of_framework) {
                continue;
            }
            let climbed = climb(semantic, reference).filter(|climbed| climbed.action != Action::Renamed);
            self.uses.extend(climbed.map(|climbed| climbed.into_use(Subject::Name(name.to_owned()))));
        }
        self.uses.sort_by(|a, b| (a.span, &a.path).cmp(&(b.span, &b.path)));
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
struct Climbed {
    path: Vec<String>,
    action: Action,
    types: Vec<Type>,
    /// The expression that ends the path, the call if it is called.
    span: Span,
    end: NodeId,
}

impl Climbed {
    fn into_use(self, subject: Subject) -> Use {
        Use { subject, path: self.path, action: self.action, types: self.types, span: self.span }
    }
}

/// Goes from a name or a declaration up through its fields. Nothing is done by a statement of a mere name.
fn climb(semantic: &Semantic<'_>, reference: NodeId) -> Option<Climbed> {
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
                    _ => return end(Action::Read, Vec::new(), path),
                }
            }
            AstKind::TSNonNullExpression(_)
            | AstKind::TSAsExpression(_)
            | AstKind::TSSatisfiesExpression(_)
            | AstKind::TSTypeAssertion(_)
            | AstKind::ChainExpression(_) => {}
            AstKind::CallExpression(call) if call.callee.span() == span => {
                return end(Action::Called, types(call.type_arguments.as_deref()), path);
            }
            AstKind::NewExpression(new) if new.callee.span() == span => {
                return end(Action::Called, types(new.type_arguments.as_deref()), path);
            }
            AstKind::TaggedTemplateExpression(tagged) if tagged.tag.span() == span => {
                return end(Action::Called, Vec::new(), path);
            }
            AstKind::CallExpression(_) | AstKind::NewExpression(_) => {
                return end(Action::Passed, Vec::new(), path);
            }
            AstKind::ExportSpecifier(_) | AstKind::ExportDefaultDeclaration(_) => {
                return end(Action::Renamed, Vec::new(), path);
            }
            AstKind::VariableDeclarator(variable)
                if path.is_empty() && is_alias(semantic, parent, variable) =>
            {
                return end(Action::Renamed, Vec::new(), path);
            }
            AstKind::ExpressionStatement(_) if path.is_empty() => return None,
            _ => return Some(Climbed { path, action: Action::Read, types: Vec::new(), span, end: at }),
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

fn types(arguments: Option<&TSTypeParameterInstantiation<'_>>) -> Vec<Type> {
    arguments.map(|arguments| arguments.params.iter().map(Type::of).collect()).unwrap_or_default()
}

/// Reads the declaration that a call or construction makes.
fn declaration(semantic: &Semantic<'_>, node: NodeId, construct: Construct) -> Option<Declaration> {
    let (arguments, type_arguments, span) = match semantic.nodes().kind(node) {
        AstKind::CallExpression(call) if !construct.is_class() => {
            (&call.arguments, &call.type_arguments, call.span)
        }
        AstKind::NewExpression(new) if construct.is_class() => {
            (&new.arguments, &new.type_arguments, new.span)
        }
        _ => return None,
    };
    let in_function = semantic.nodes().ancestor_kinds(node).any(|kind| {
        matches!(kind, AstKind::Function(_) | AstKind::ArrowFunctionExpression(_) | AstKind::StaticBlock(_))
    });
    Some(Declaration {
        construct,
        arguments: arguments.iter().map(|argument: &Argument<'_>| Value::of_argument(argument)).collect(),
        types: types(type_arguments.as_deref()),
        bound: bound(semantic, node),
        in_function,
        span,
    })
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
