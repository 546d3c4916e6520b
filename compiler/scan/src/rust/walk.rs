//! A walk over the syntax of a file that collects its facts.

use std::collections::BTreeSet;

use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{
    Attribute, Block, Expr, ExprCall, ExprClosure, ExprMethodCall, Fields, ImplItem, Item, ItemMod, Lit,
    Macro, Meta, PatIdent, Stmt, Token, TraitItem, Type, UnOp, UseTree,
};

use super::condition::is_only_in_tests;
use super::syntax::{
    Binding, Call, Holder, Import, Method, ModuleFile, Register, Scope, ScopeKind, Stands, TypeFacts, Use,
};
use super::value::{
    MAX_USED_METHODS, Path, Value, bare, chain, method, parts_of, path_of, short, type_path, types_in, word,
};
use super::{sdk, span, tokens};

/// Macros within macros that are read as expressions; what is deeper is read as tokens.
const MAX_MACROS: usize = 8;

/// The walk.
pub(super) struct Walker {
    scopes: Vec<Scope>,
    /// The scope that is walked.
    scope: usize,
    /// Where a constructor that is met now would stand.
    stands: Stands,
    /// Macros around.
    macros: usize,
    /// Names that `encore::services::base_url` may have in this file.
    base_url: BTreeSet<String>,
    /// Variables of the function around.
    locals: BTreeSet<String>,
}

impl Walker {
    pub(super) fn new() -> Self {
        Self {
            scopes: vec![Scope::new(ScopeKind::File, 0)],
            scope: 0,
            stands: Stands::InFunction,
            macros: 0,
            base_url: BTreeSet::from([sdk::BASE_URL.to_owned()]),
            locals: BTreeSet::new(),
        }
    }

    /// What was found.
    pub(super) fn finish(self) -> Vec<Scope> {
        self.scopes
    }

    fn here(&mut self) -> &mut Scope {
        &mut self.scopes[self.scope]
    }

    /// Walks what lies in a scope of its own.
    fn within(&mut self, kind: ScopeKind, walk: impl FnOnce(&mut Self)) {
        let around = self.scope;
        self.scopes.push(Scope::new(kind, around));
        self.scope = self.scopes.len() - 1;
        walk(self);
        self.scope = around;
    }

    /// Walks what stands elsewhere.
    fn standing(&mut self, stands: Stands, walk: impl FnOnce(&mut Self)) {
        let around = std::mem::replace(&mut self.stands, stands);
        walk(self);
        self.stands = around;
    }

    /// Walks a function, with variables of its own.
    fn function(&mut self, walk: impl FnOnce(&mut Self)) {
        let around = std::mem::take(&mut self.locals);
        self.standing(Stands::InFunction, walk);
        self.locals = around;
    }

    fn module(&mut self, module: &ItemMod) {
        let (name, path) = (word(&module.ident), path_attribute(&module.attrs));
        if let Some((_, items)) = &module.content {
            self.within(ScopeKind::Module(name, path), |walker| {
                for item in items {
                    walker.visit_item(item);
                }
            });
        } else {
            let at = span::ident(&module.ident);
            self.here().files.push(ModuleFile { name, path, at });
        }
    }

    fn imports(&mut self, tree: &UseTree, path: &mut Path) {
        match tree {
            UseTree::Path(inner) => {
                path.push(word(&inner.ident));
                self.imports(&inner.tree, path);
                path.pop();
            }
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.imports(tree, path)),
            UseTree::Glob(_) => self.here().imports.push(Import { path: path.clone(), name: None }),
            UseTree::Name(name) => self.import(path, &word(&name.ident), None),
            UseTree::Rename(rename) => {
                self.import(path, &word(&rename.ident), Some(word(&rename.rename)));
            }
        }
    }

    fn import(&mut self, path: &Path, name: &str, renamed: Option<String>) {
        let mut path = path.clone();
        // `use a::{self}` is `use a`.
        if name != "self" || path.is_empty() {
            path.push(name.to_owned());
        }
        let name = renamed.or_else(|| path.last().cloned());
        if path.last().is_some_and(|last| last == sdk::BASE_URL) {
            self.base_url.extend(name.clone());
        }
        self.here().imports.push(Import { path, name });
    }

    /// Reads a `static` or `const`. Its value is what it declares; what else stands in it is looked at.
    fn binding(
        &mut self,
        name: &syn::Ident,
        holder: Holder,
        declared: &Type,
        value: &Expr,
        attributes: &[Attribute],
    ) {
        let mut types = Vec::new();
        types_in(declared, &mut types);
        let is_path = type_path(declared).is_some();
        let binding = Binding {
            name: word(name),
            at: span::ident(name),
            holder,
            declared: type_path(declared),
            arguments: types.split_off(usize::from(is_path && !types.is_empty())),
            value: Value::of(value),
            handle: handle(value),
            registers: attributes.iter().filter_map(register).collect(),
        };
        self.here().bindings.push(binding);
        self.standing(Stands::WithinValue, |walker| match referred(value) {
            (Expr::Call(call), methods) => {
                walker.arguments(call);
                for method in methods {
                    walker.method_arguments(method);
                }
            }
            _ => walker.visit_expr(value),
        });
    }

    fn type_facts(&mut self, name: &syn::Ident, fields: &mut dyn Iterator<Item = &Fields>) {
        let mut facts =
            TypeFacts { name: word(name), is_alias: false, parts: Vec::new(), secrets: Vec::new() };
        for field in fields.flatten() {
            types_in(&field.ty, &mut facts.parts);
            facts.secrets.extend(field.attrs.iter().filter_map(config_secret));
        }
        self.here().types.push(facts);
    }

    fn alias(&mut self, name: &syn::Ident, written: &Type) {
        let mut parts = Vec::new();
        match written {
            Type::Tuple(tuple) => parts.extend(tuple.elems.iter().filter_map(type_path)),
            other => parts.extend(type_path(other)),
        }
        self.here().types.push(TypeFacts { name: word(name), is_alias: true, parts, secrets: Vec::new() });
    }

    /// A chain of methods, on a path, on a call of a path, or on anything else.
    fn chained(&mut self, expression: &Expr) {
        let (base, methods) = chain(expression);
        match referred_base(base) {
            Expr::Path(path) => self.used(path, &methods),
            Expr::Call(call) => {
                self.called(call, Some(expression));
                self.arguments(call);
            }
            other => self.visit_expr(other),
        }
        for method in methods {
            self.method_arguments(method);
        }
    }

    fn used(&mut self, path: &syn::ExprPath, methods: &[&ExprMethodCall]) {
        let methods = methods.iter().take(MAX_USED_METHODS).map(|call| method(call)).collect();
        self.note_use(path, methods, None);
    }

    fn note_use(&mut self, path: &syn::ExprPath, methods: Vec<Method>, argument_of: Option<(Path, Method)>) {
        let Some(parts) = path_of(path) else { return };
        let is_local = parts.len() == 1 && self.locals.contains(&parts[0]);
        if !is_local {
            self.here().uses.push(Use { path: parts, at: span::path(&path.path), methods, argument_of });
        }
    }

    /// Notes a call that may make a resource.
    fn called(&mut self, call: &ExprCall, whole: Option<&Expr>) {
        let Expr::Path(callee) = bare(&call.func) else { return };
        let Some(path) = path_of(callee) else { return };
        let matters = match path.as_slice() {
            [] => false,
            [name] => self.base_url.contains(name),
            [.., last] => sdk::is_constructor(last) || last == sdk::BASE_URL,
        };
        if !matters || call.args.is_empty() {
            return;
        }
        let value = match whole {
            Some(whole) => Value::of(whole),
            None => Value::of_call(call),
        };
        let stands = self.stands;
        self.here().calls.push(Call { value, stands });
    }

    /// Walks the arguments of a call. A function may be called like a method, on its first argument.
    fn arguments(&mut self, call: &ExprCall) {
        let mut arguments = call.args.iter();
        if let Expr::Path(callee) = bare(&call.func) {
            let first = call.args.first().map(referred_base);
            if let (Some(Expr::Path(path)), Some(parts)) = (first, path_of(callee)) {
                arguments.next();
                let name = parts.last().cloned().unwrap_or_default();
                let argument = call.args.iter().nth(1).map(short);
                let at = span::path(&callee.path);
                self.note_use(path, Vec::new(), Some((parts, Method { name, at, types: None, argument })));
            }
        } else {
            self.visit_expr(&call.func);
        }
        arguments.for_each(|argument| self.visit_expr(argument));
    }

    fn method_arguments(&mut self, method: &ExprMethodCall) {
        method.args.iter().for_each(|argument| self.visit_expr(argument));
    }

    /// Most macros take expressions or statements; what others take is read token by token.
    fn macro_call(&mut self, call: &Macro) {
        let parse_expressions = Punctuated::<Expr, Token![,]>::parse_terminated;
        if self.macros < MAX_MACROS {
            self.macros += 1;
            if let Ok(arguments) = call.parse_body_with(parse_expressions) {
                arguments.iter().for_each(|argument| self.visit_expr(argument));
            } else if let Ok(statements) = call.parse_body_with(Block::parse_within) {
                self.statements(&statements);
            } else {
                self.macro_tokens(call);
            }
            self.macros -= 1;
        } else {
            self.macro_tokens(call);
        }
    }

    fn macro_tokens(&mut self, call: &Macro) {
        let scope = &mut self.scopes[self.scope];
        tokens::read(call.tokens.clone(), &self.base_url, &mut scope.calls, &mut scope.uses);
    }

    /// Statements with items among them are a scope of their own.
    fn statements(&mut self, statements: &[Stmt]) {
        let walk = |walker: &mut Self| {
            for statement in statements {
                visit::visit_stmt(walker, statement);
            }
        };
        if statements.iter().any(|statement| matches!(statement, Stmt::Item(_))) {
            self.within(ScopeKind::Block, walk);
        } else {
            walk(self);
        }
    }
}

impl<'ast> Visit<'ast> for Walker {
    fn visit_item(&mut self, item: &'ast Item) {
        if is_only_in_tests(attributes(item)) {
            return;
        }
        match item {
            Item::Mod(module) => self.module(module),
            Item::Use(import) => {
                let leading = import.leading_colon.as_ref().map(|_| String::new());
                self.imports(&import.tree, &mut leading.into_iter().collect());
            }
            Item::ExternCrate(import) => {
                let path = vec![String::new(), word(&import.ident)];
                let name = import.rename.as_ref().map_or_else(|| word(&import.ident), |(_, name)| word(name));
                self.here().imports.push(Import { path, name: Some(name) });
            }
            Item::Static(item) => {
                let holder = match item.mutability {
                    syn::StaticMutability::Mut(_) => Holder::MutableStatic,
                    _ => Holder::Static,
                };
                self.binding(&item.ident, holder, &item.ty, &item.expr, &item.attrs);
            }
            Item::Const(item) => {
                self.binding(&item.ident, Holder::Const, &item.ty, &item.expr, &item.attrs);
            }
            Item::Type(alias) => self.alias(&alias.ident, &alias.ty),
            Item::Struct(item) => self.type_facts(&item.ident, &mut std::iter::once(&item.fields)),
            Item::Enum(item) => {
                self.type_facts(&item.ident, &mut item.variants.iter().map(|variant| &variant.fields));
            }
            Item::Fn(function) => self.function(|walker| visit::visit_item_fn(walker, function)),
            Item::Macro(item) => self.macro_tokens(&item.mac),
            other => self.standing(Stands::WithinValue, |walker| visit::visit_item(walker, other)),
        }
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        match item {
            ImplItem::Fn(function) if is_only_in_tests(&function.attrs) => {}
            ImplItem::Fn(_) => self.function(|walker| visit::visit_impl_item(walker, item)),
            ImplItem::Const(item) if is_only_in_tests(&item.attrs) => {}
            _ => visit::visit_impl_item(self, item),
        }
    }

    fn visit_trait_item(&mut self, item: &'ast TraitItem) {
        self.function(|walker| visit::visit_trait_item(walker, item));
    }

    fn visit_block(&mut self, block: &'ast Block) {
        self.statements(&block.stmts);
    }

    fn visit_expr_closure(&mut self, closure: &'ast ExprClosure) {
        self.standing(Stands::InFunction, |walker| visit::visit_expr_closure(walker, closure));
    }

    fn visit_expr(&mut self, expression: &'ast Expr) {
        match bare(expression) {
            Expr::Path(path) => self.used(path, &[]),
            Expr::MethodCall(_) => self.chained(bare(expression)),
            Expr::Call(call) => {
                self.called(call, None);
                self.arguments(call);
            }
            other => visit::visit_expr(self, other),
        }
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        self.macro_call(call);
    }

    fn visit_pat_ident(&mut self, pattern: &'ast PatIdent) {
        let name = word(&pattern.ident);
        // A static cannot be shadowed, and by convention has capitals.
        if name.starts_with(|first: char| first.is_lowercase() || first == '_') {
            self.locals.insert(name);
        }
        visit::visit_pat_ident(self, pattern);
    }

    fn visit_attribute(&mut self, _: &'ast Attribute) {}

    fn visit_type(&mut self, _: &'ast Type) {}
}

/// What an expression refers to, without `&` and `*`.
fn referred_base(expression: &Expr) -> &Expr {
    let mut expression = bare(expression);
    loop {
        expression = bare(match expression {
            Expr::Reference(reference) => &reference.expr,
            Expr::Unary(unary) if matches!(unary.op, UnOp::Deref(_)) => &unary.expr,
            other => return other,
        });
    }
}

/// A resource by its path, and what is called on it.
fn handle(value: &Expr) -> Option<Use> {
    let (base, methods) = referred(value);
    let Expr::Path(path) = referred_base(base) else { return None };
    if methods.is_empty() {
        return None;
    }
    let methods = methods.iter().take(MAX_USED_METHODS).map(|call| method(call)).collect();
    Some(Use { path: path_of(path)?, at: span::path(&path.path), methods, argument_of: None })
}

/// The call that a value is, with or without `&`, and the methods on it.
fn referred(value: &Expr) -> (&Expr, Vec<&ExprMethodCall>) {
    chain(referred_base(value))
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::ExternCrate(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::ForeignMod(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// `#[path = "…"]`
fn path_attribute(attributes: &[Attribute]) -> Option<String> {
    attributes.iter().find_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("path") => text(&pair.value),
        _ => None,
    })
}

fn text(value: &Expr) -> Option<String> {
    match bare(value) {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

/// An attribute that may be `encore::pubsub::register`, whatever it is called here.
fn register(attribute: &Attribute) -> Option<Register> {
    let path = attribute.path();
    let known = ["allow", "cfg", "cfg_attr", "deny", "doc", "expect", "must_use", "warn"];
    if known.iter().any(|name| path.is_ident(name)) {
        return None;
    }
    let has_arguments = match &attribute.meta {
        Meta::Path(_) => false,
        Meta::List(list) => !list.tokens.is_empty(),
        Meta::NameValue(_) => true,
    };
    Some(Register { path: parts_of(path), has_arguments, at: span::path(path) })
}

/// `#[config(secret = "…")]`
fn config_secret(attribute: &Attribute) -> Option<(String, crate::text::Place)> {
    if !attribute.path().is_ident("config") {
        return None;
    }
    let pairs =
        attribute.parse_args_with(Punctuated::<syn::MetaNameValue, Token![,]>::parse_terminated).ok()?;
    let pair = pairs.into_iter().find(|pair| pair.path.is_ident("secret"))?;
    Some((text(&pair.value)?, span::expression(&pair.value)))
}
