//! From syntax to facts: a file is parsed, its names are resolved by scope, and the syntax tree is dropped.
//!
//! By scope, so that a parameter called like an import is not taken for it.

use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::LazyLock;

use memchr::memmem::Finder;
use oxc_allocator::Allocator;
use oxc_ast::ast::{
    BindingPattern, Declaration as Syntax, ExportDefaultDeclarationKind, Expression, ImportDeclaration,
    ImportDeclarationSpecifier, Program, Statement, VariableDeclarator,
};
use oxc_diagnostics::OxcDiagnostic;
use oxc_parser::{ParseOptions, Parser, ParserReturn};
use oxc_semantic::{Semantic, SemanticBuilder};
use oxc_span::SourceType;

use super::construct::Construct;
use super::facts::{DEFAULT, Export, Facts, Flaw, FlawKind, Import, is_of_the_runtime};
use super::literal::{Kind, Reader, Value};
use super::nesting;
use super::query::Queries;
use super::shape::{Function, Type};
use super::shorten::{Cuts, MIN_BYTES, shorten};
use super::trace::MAX_PARTS;
use crate::text::Places;

/// Syntax errors kept of one file; the rest are mostly echoes.
const MAX_SYNTAX_ERRORS: usize = 5;

/// What the modules of the framework begin with. A file that has it in it, in quotes, may declare something, and is read whole:
/// what is wrong with it is said.
static FRAMEWORK: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new("encore.dev"));

/// Takes the facts of a file: a pure function of its bytes. Those of a file that only uses what others declare may have
/// [`Facts::left_out`] what they have no use for themselves.
///
/// Parsing recurses as deep as [`nesting`] allows: this wants a thread with a stack of
/// [`STACK_BYTES`](crate::parallel::STACK_BYTES).
pub(crate) fn facts(content: &[u8]) -> Facts {
    let may_declare = FRAMEWORK.find_iter(content).any(|at| matches!(content[..at], [.., b'"' | b'\'']));
    let facts = if may_declare { None } else { facts_of_shortened(content, MIN_BYTES) };
    facts.unwrap_or_else(|| all_facts(content))
}

/// Takes the facts of what is left of a file without what cannot matter; absent when that is all of it, or is in doubt.
pub(super) fn facts_of_shortened(content: &[u8], min_bytes: usize) -> Option<Facts> {
    let text = text(content);
    in_arena(|arena| {
        let left = shorten(arena, &text, min_bytes)?;
        Some(take(&left.program, Facts::default(), &left.cuts, &Places::new(&text)))
    })
}

/// Takes all facts of a file of which nothing is to be left out.
pub(crate) fn whole_facts(content: &[u8]) -> Facts {
    Facts { asked_whole: true, ..all_facts(content) }
}

fn all_facts(content: &[u8]) -> Facts {
    let text = text(content);
    in_arena(|arena| parse(arena, &text))
}

fn text(content: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(content).map_or_else(|_| String::from_utf8_lossy(content), Cow::Borrowed)
}

fn in_arena<R>(work: impl FnOnce(&Allocator) -> R) -> R {
    thread_local! {
        /// The memory of syntax trees, used again for one file after the other.
        static ARENA: RefCell<Allocator> = RefCell::default();
    }
    ARENA.with_borrow_mut(|arena| {
        let result = work(arena);
        arena.reset();
        result
    })
}

/// Parses a text; its offset where it is nested too deep for that.
pub(super) fn tree<'a>(arena: &'a Allocator, text: &'a str) -> Result<ParserReturn<'a>, usize> {
    let options = ParseOptions { preserve_parens: false, ..ParseOptions::default() };
    match nesting::too_deep(text) {
        Some(offset) => Err(offset),
        None => Ok(Parser::new(arena, text, SourceType::ts()).with_options(options).parse()),
    }
}

fn parse(arena: &Allocator, text: &str) -> Facts {
    let places = Places::new(text);
    let parsed = match tree(arena, text) {
        Ok(parsed) => parsed,
        Err(offset) => {
            let flaw = Flaw { kind: FlawKind::TooDeep, at: places.place(offset, offset + 1) };
            return Facts { flaws: vec![flaw], ..Facts::default() };
        }
    };
    let errors = parsed.diagnostics.errors().take(MAX_SYNTAX_ERRORS);
    let flaws = errors.map(|error| syntax_error(error, &places)).collect();
    let facts = Facts { flaws, ..Facts::default() };
    if parsed.panicked { facts } else { take(&parsed.program, facts, &Cuts::default(), &places) }
}

fn take(program: &Program<'_>, facts: Facts, cuts: &Cuts, places: &Places<'_>) -> Facts {
    let semantic = SemanticBuilder::new().with_build_nodes(true).build(program).semantic;
    let (read, queries) = (Reader::new(places, cuts), Queries::default());
    let mut taker = Taker { facts, semantic: &semantic, read, cuts, queries };
    taker.take(program);
    taker.facts
}

fn syntax_error(error: &OxcDiagnostic, places: &Places<'_>) -> Flaw {
    let (start, end) = error.labels.first().map_or((0, 0), |label| {
        let span = label.span();
        (span.start as usize, span.end as usize)
    });
    let help = error.help.as_ref().map(ToString::to_string);
    Flaw { kind: FlawKind::Syntax(error.message.to_string(), help), at: places.place(start, end) }
}

/// Takes facts from a syntax tree.
pub(super) struct Taker<'s, 'a> {
    pub(super) facts: Facts,
    pub(super) semantic: &'s Semantic<'a>,
    pub(super) read: Reader<'s>,
    pub(super) cuts: &'s Cuts,
    pub(super) queries: Queries,
}

impl Taker<'_, '_> {
    fn take(&mut self, program: &Program<'_>) {
        for statement in &program.body {
            self.take_statement(statement);
        }
        self.take_declarations();
        self.take_uses();
    }

    fn take_statement(&mut self, statement: &Statement<'_>) {
        match statement {
            Statement::ImportDeclaration(import) => self.take_import(import),
            Statement::ExportAllDeclaration(all) => {
                let module = all.source.value.to_string();
                self.facts.loaded.insert(module.clone());
                match &all.exported {
                    Some(name) => self.export_from(name.name().to_string(), module, "*"),
                    None => self.facts.exported_modules.push(module),
                }
            }
            Statement::ExportFromDeclaration(from) => {
                self.facts.loaded.insert(from.source.value.to_string());
                for one in &from.specifiers {
                    let module = from.source.value.to_string();
                    if let Some(construct) = Construct::of(&module, &[&one.local.name()]) {
                        self.facts.uncalled.push((construct, self.read.at(one.span)));
                    }
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
        let scoping = self.semantic.scoping();
        let is_needed = |specifier: &ImportDeclarationSpecifier<'_>| {
            let symbol = specifier.local().symbol_id.get();
            let mut references =
                symbol.into_iter().flat_map(|symbol| scoping.get_resolved_references(symbol));
            references.any(|reference| !reference.is_type())
        };
        let is_loaded = import.specifiers.as_ref().is_none_or(|list| list.iter().any(is_needed));
        if is_loaded && !import.import_kind.is_type() && !is_of_the_runtime(&import.source.value) {
            self.facts.loaded.insert(import.source.value.to_string());
        }
        for specifier in import.specifiers.iter().flatten() {
            let (local, name) = match specifier {
                ImportDeclarationSpecifier::ImportSpecifier(one) => {
                    (&one.local, one.imported.name().to_string())
                }
                ImportDeclarationSpecifier::ImportDefaultSpecifier(one) => (&one.local, DEFAULT.to_owned()),
                ImportDeclarationSpecifier::ImportNamespaceSpecifier(one) => (&one.local, "*".to_owned()),
            };
            let module = import.source.value.to_string();
            self.facts.imports.insert(local.name.to_string(), Import { module, name });
        }
    }

    fn take_default(&mut self, declaration: &ExportDefaultDeclarationKind<'_>) {
        let local = match declaration {
            ExportDefaultDeclarationKind::FunctionDeclaration(function) => {
                let name = function.name().map(|name| name.to_string());
                if let Some(name) = &name {
                    self.take_function(name, function);
                }
                name
            }
            ExportDefaultDeclarationKind::ClassDeclaration(class) => {
                class.name().map(|name| name.to_string())
            }
            other => match other.as_expression().map(Expression::get_inner_expression) {
                Some(Expression::Identifier(name)) => Some(name.name.to_string()),
                Some(value) => {
                    let value = self.read.value(value);
                    let kept = value.named_parts().filter(|value| !matches!(value.kind, Kind::Made));
                    self.facts.values.extend(kept.map(|value| (DEFAULT.to_owned(), value)));
                    None
                }
                None => None,
            },
        };
        self.export(DEFAULT.to_owned(), local.unwrap_or_else(|| DEFAULT.to_owned()));
    }

    fn take_function(&mut self, name: &str, function: &oxc_ast::ast::Function<'_>) {
        let kind = Kind::Function(Box::new(Function::of(&function.params, self.read)));
        let value = Value { kind, at: self.read.at(function.span) };
        self.facts.values.insert(name.to_owned(), value);
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
                    self.take_function(&name, function);
                    names.push(name.to_string());
                }
            }
            Syntax::TSInterfaceDeclaration(interface) => {
                self.facts.types.insert(interface.id.name.to_string(), Type::of_interface(interface));
                names.push(interface.id.name.to_string());
            }
            Syntax::TSTypeAliasDeclaration(alias) => {
                self.facts
                    .types
                    .insert(alias.id.name.to_string(), Type::of(&alias.type_annotation, self.read));
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
        let Some(value) = &variable.init else { return };
        match (&variable.id, value.get_inner_expression()) {
            (BindingPattern::BindingIdentifier(name), Expression::ObjectExpression(object))
                if object.properties.len() <= MAX_PARTS =>
            {
                if let Some(parts) = self.read.value(value).named_parts() {
                    self.facts.values.insert(name.name.to_string(), parts);
                }
            }
            (
                BindingPattern::BindingIdentifier(name),
                Expression::Identifier(_)
                | Expression::StaticMemberExpression(_)
                | Expression::ArrowFunctionExpression(_)
                | Expression::FunctionExpression(_),
            ) => {
                self.facts.values.insert(name.name.to_string(), self.read.value(value));
            }
            (
                BindingPattern::ObjectPattern(object),
                Expression::Identifier(_) | Expression::StaticMemberExpression(_),
            ) if object.rest.is_none() => {
                let whole = self.read.value(value);
                for property in &object.properties {
                    let names = (property.key.static_name(), property.value.get_identifier_name());
                    if let (Some(field), Some(name)) = names {
                        let kind = Kind::Member(Box::new(whole.clone()), field.into_owned());
                        self.facts.values.insert(name.to_string(), Value { kind, at: whole.at });
                    }
                }
            }
            _ => {}
        }
    }

    fn export(&mut self, exported: String, local: String) {
        self.facts.exports.insert(exported, Export::Local(local));
    }

    fn export_from(&mut self, exported: String, module: String, name: &str) {
        self.facts.exports.insert(exported, Export::From(Import { module, name: name.to_owned() }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_can_be_kept_and_taken_up_again() {
        let source = "import { api } from 'encore.dev/api'; import { t } from './t'; type A = { b: 1 } & C;
export const e = api<A, void>({ path: '/a', method: ['GET'] }, async ({ b }: A) => t.publish({})); const x;";
        let taken = facts(source.as_bytes());
        let kept = serde_json::to_vec(&taken).unwrap();
        let again: Facts = serde_json::from_slice(&kept).unwrap();
        assert_eq!(format!("{again:?}"), format!("{taken:?}"));
        assert_eq!((taken.declarations.len(), taken.uses.len(), taken.flaws.len()), (1, 1, 1));
    }
}
