//! One walk over a file that finds the uses of package-level names, past the local variables that hide them.

mod statement;

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeSet;

use bumpalo::Bump;

use super::reader::{Chain, Reader, usual_name};
use super::scope::Scope;
use super::standard::is_standard;
use super::{
    Action, Call, Declaration, Extent, Facts, Form, Passed, Problem, Role, Use, declare, kind, value,
};
use crate::go::glance;
use crate::go::parser::ast::{
    self, Block, ErrorKind, Expression, ExpressionKind, Function, InterfaceElement, Signature, TypeParameter,
    TypeSpec,
};
use crate::go::parser::{LeftOut, parse, parse_without};
use crate::text::Places;

/// Imports whose names are looked for in bodies; with more of them a file is read whole.
const MAX_IMPORTS: usize = 64;

/// Methods and functions that are given SQL, and which of their arguments it is.
const QUERIES: [(&str, usize); 6] =
    [("Exec", 1), ("Query", 1), ("QueryRow", 1), ("ExecTx", 2), ("QueryTx", 2), ("QueryRowTx", 2)];

/// Finds the facts of a file, without those of bodies that most likely cannot matter.
pub(in crate::go) fn facts(content: &[u8]) -> Facts {
    facts_of(content, |arena, text| shortened(arena, text).unwrap_or_else(|| facts_in(parse(arena, text))))
}

/// Finds all facts of a file.
pub(in crate::go) fn whole_facts(content: &[u8]) -> Facts {
    let extent = Extent::AllAskedFor;
    facts_of(content, |arena, text| Facts { extent, ..facts_in(parse(arena, text)) })
}

fn facts_of(content: &[u8], find: impl FnOnce(&Bump, &str) -> Facts) -> Facts {
    let (text, broken_at) = match std::str::from_utf8(content) {
        Ok(text) => (Cow::Borrowed(text), None),
        Err(error) => (String::from_utf8_lossy(content), Some(error.valid_up_to())),
    };
    thread_local! {
        /// The memory of syntax trees, used again for one file after the other.
        static ARENA: RefCell<Bump> = RefCell::default();
    }
    ARENA.with_borrow_mut(|arena| {
        let mut facts = find(arena, &text);
        arena.reset();
        if let Some(at) = broken_at {
            facts.problem = Some(not_text(&text, at));
        }
        facts
    })
}

/// The facts of a file that only uses what others declare, without those of bodies that name nothing imported. Absent when
/// all of it is to be read: when it speaks of the framework, when there are names without a dot that may be imported, and
/// when what is left is no code.
fn shortened(arena: &Bump, text: &str) -> Option<Facts> {
    let imports = glance::imports(text.as_bytes());
    if glance::speaks(text.as_bytes()) || imports.len() > MAX_IMPORTS {
        return None;
    }
    let mut names = Vec::with_capacity(imports.len());
    for (name, path) in &imports {
        match std::str::from_utf8(name).ok()? {
            "." => return None,
            "_" => {}
            _ if is_standard(path) => {}
            "" => names.push(usual_name(path)),
            name => names.push(name),
        }
    }
    let left_out = LeftOut::without(names.into_iter());
    let mut facts = facts_in(parse_without(arena, text, Some(&left_out)));
    let imported = facts.imports.iter().map(|import| import.path.as_str());
    if facts.problem.is_some() || !imported.eq(imports.iter().map(|(_, path)| *path)) {
        return None;
    }
    let is_left_out =
        |each: &Declaration| matches!(&each.form, Form::Function(function) if function.is_left_out);
    if facts.declarations.iter().any(is_left_out) {
        facts.extent = Extent::WithoutBodies;
    }
    Some(facts)
}

fn facts_in(file: ast::File<'_>) -> Facts {
    let reader = Reader::new(file);
    let mut facts = Facts { problem: problem(&reader), ..Facts::default() };
    if let Some(name) = reader.file.package {
        name.text.clone_into(&mut facts.package);
        let start = reader.file.source[..name.span.start as usize].rfind("package").unwrap_or_default();
        let start = u32::try_from(start).unwrap_or_default();
        facts.package_at = reader.at(ast::Span { start, end: name.span.end });
    }
    let mut walk = Walk::new(&reader);
    declare::declarations(&reader, &mut walk, &mut facts);
    facts.uses = walk.uses;
    facts.imports = reader.imports;
    facts
}

fn not_text(text: &str, start: usize) -> Problem {
    let at = Places::new(text).place(start, start + char::REPLACEMENT_CHARACTER.len_utf8());
    Problem { message: "the file is not UTF-8".to_owned(), at, is_limit: false }
}

fn problem(reader: &Reader<'_>) -> Option<Problem> {
    let error = reader.file.errors.first()?;
    let is_limit = error.kind == ErrorKind::TooDeep;
    Some(Problem { message: error.message.to_owned(), at: reader.at(error.span), is_limit })
}

/// The walk over one file.
pub(super) struct Walk<'r, 'a> {
    reader: &'r Reader<'a>,
    scope: Scope<'a>,
    /// The declaration that is being walked.
    within: usize,
    role: Role,
    uses: Vec<Use>,
    types: BTreeSet<&'a str>,
}

impl<'r, 'a> Walk<'r, 'a> {
    fn new(reader: &'r Reader<'a>) -> Self {
        Self {
            reader,
            scope: Scope::default(),
            within: 0,
            role: Role::Elsewhere,
            uses: Vec::new(),
            types: BTreeSet::new(),
        }
    }

    /// Begins with the declaration of this index.
    pub(super) fn begin(&mut self, within: usize) {
        self.within = within;
        self.types.clear();
    }

    /// The names of the package that the declaration mentions as types.
    pub(super) fn end(&mut self) -> Vec<String> {
        std::mem::take(&mut self.types).into_iter().map(str::to_owned).collect()
    }

    /// Walks over the value of a package-level variable.
    pub(super) fn initial(&mut self, value: Expression<'a>) {
        self.role = Role::Whole;
        self.value(value);
        self.role = Role::Elsewhere;
    }

    /// Walks over a function.
    pub(super) fn function(&mut self, function: &Function<'a>) {
        self.scope.open();
        self.type_parameters(function.type_parameters);
        if let Some(receiver) = &function.receiver {
            self.kind(receiver.ty);
        }
        self.signature(&function.signature);
        for name in function.receiver.iter().flat_map(|receiver| receiver.names) {
            self.scope.declare(name.text, None);
        }
        self.parameters(&function.signature);
        if let Some(body) = &function.body {
            self.body(body);
        }
        self.scope.close();
    }

    /// Walks over the type that a name is given.
    pub(super) fn type_spec(&mut self, spec: &TypeSpec<'a>) {
        self.scope.declare(spec.name.text, None);
        self.scope.open();
        self.type_parameters(spec.type_parameters);
        self.kind(spec.ty);
        self.scope.close();
    }

    fn type_parameters(&mut self, parameters: &[TypeParameter<'a>]) {
        for name in parameters.iter().flat_map(|parameter| parameter.names) {
            self.scope.declare(name.text, None);
        }
        for parameter in parameters {
            self.kind(parameter.constraint);
        }
    }

    fn signature(&mut self, signature: &Signature<'a>) {
        for parameter in signature.parameters.iter().chain(signature.results) {
            self.kind(parameter.ty);
        }
    }

    fn parameters(&mut self, signature: &Signature<'a>) {
        for name in signature.parameters.iter().chain(signature.results).flat_map(|each| each.names) {
            self.scope.declare(name.text, None);
        }
    }

    fn body(&mut self, body: &Block<'a>) {
        let role = std::mem::replace(&mut self.role, Role::InFunction);
        self.block(body);
        self.role = role;
    }

    /// Walks over a type, or over an expression that is one.
    pub(super) fn kind(&mut self, ty: Expression<'a>) {
        match ty.kind {
            ExpressionKind::Bad | ExpressionKind::Literal(_) => {}
            ExpressionKind::Identifier(name) => {
                if !self.scope.hides(name) && !is_predeclared(name) {
                    self.types.insert(name);
                }
            }
            ExpressionKind::Selector(_) => self.path(ty, |_, _| Action::Typed),
            ExpressionKind::Index(index) => {
                self.kind(index.operand);
                index.indices.iter().for_each(|argument| self.kind(*argument));
            }
            ExpressionKind::Parenthesized(inner)
            | ExpressionKind::Star(inner)
            | ExpressionKind::SliceType(inner) => self.kind(*inner),
            ExpressionKind::ArrayType(array) => {
                array.length.iter().for_each(|length| self.value(*length));
                self.kind(array.element);
            }
            ExpressionKind::MapType(map) => {
                self.kind(map.key);
                self.kind(map.value);
            }
            ExpressionKind::ChannelType(channel) => self.kind(channel.element),
            ExpressionKind::FunctionType(signature) => self.signature(signature),
            ExpressionKind::StructType(fields) => fields.iter().for_each(|field| self.kind(field.ty)),
            ExpressionKind::InterfaceType(elements) => elements.iter().for_each(|element| match element {
                InterfaceElement::Method(method) => self.signature(&method.signature),
                InterfaceElement::Embedded(ty) => self.kind(*ty),
            }),
            ExpressionKind::Unary(unary) => self.kind(unary.operand),
            ExpressionKind::Binary(union) => {
                self.kind(union.first);
                union.rest.iter().for_each(|part| self.kind(part.operand));
            }
            _ => self.value(ty),
        }
    }

    /// Walks over an expression.
    fn value(&mut self, expression: Expression<'a>) {
        if let ExpressionKind::Parenthesized(inner) = expression.kind {
            return self.value(*inner);
        }
        let role = self.role;
        match expression.kind {
            ExpressionKind::Call(call) => self.call(call, expression),
            ExpressionKind::Identifier(_) | ExpressionKind::Selector(_) | ExpressionKind::Index(_) => {
                self.path(expression, |_, _| Action::Valued);
            }
            _ => {
                self.part();
                self.compound(expression);
            }
        }
        self.role = role;
    }

    fn compound(&mut self, expression: Expression<'a>) {
        match expression.kind {
            ExpressionKind::Composite(composite) => {
                composite.ty.iter().for_each(|ty| self.kind(*ty));
                for element in composite.elements {
                    // The name of a field; a constant of the package would be of no interest either.
                    if let Some(key) = element.key.filter(|key| key.name().is_none()) {
                        self.value(key);
                    }
                    self.value(element.value);
                }
            }
            ExpressionKind::FunctionLiteral(function) => {
                self.scope.open();
                self.signature(&function.signature);
                self.parameters(&function.signature);
                self.body(&function.body);
                self.scope.close();
            }
            ExpressionKind::Slice(slice) => {
                self.value(slice.operand);
                [slice.low, slice.high, slice.max].into_iter().flatten().for_each(|bound| self.value(bound));
            }
            ExpressionKind::Assertion(assertion) => {
                self.value(assertion.operand);
                self.kind(assertion.ty);
            }
            ExpressionKind::Star(inner) => self.value(*inner),
            ExpressionKind::Unary(unary) => self.value(unary.operand),
            ExpressionKind::Binary(list) => {
                self.value(list.first);
                list.rest.iter().for_each(|part| self.value(part.operand));
            }
            ExpressionKind::Bad | ExpressionKind::Literal(_) => {}
            _ => self.kind(expression),
        }
    }

    fn call(&mut self, call: &ast::Call<'a>, whole: Expression<'a>) {
        if Chain::of(call.function).is_some() {
            self.path(call.function, |walk, chain| walk.called(chain, call, whole));
        } else {
            self.part();
            self.value(call.function);
        }
        self.part();
        for argument in call.arguments {
            let is_path = matches!(
                argument.unparenthesized().kind,
                ExpressionKind::Identifier(_) | ExpressionKind::Selector(_) | ExpressionKind::Index(_)
            );
            if is_path {
                self.path(*argument, |walk, _| walk.passed(call, whole));
            } else {
                self.value(*argument);
            }
        }
    }

    /// What is found from here on is not the whole value of a variable.
    fn part(&mut self) {
        if self.role == Role::Whole {
            self.role = Role::Part;
        }
    }

    fn called(&self, chain: &Chain<'a>, call: &ast::Call<'a>, whole: Expression<'a>) -> Action {
        let last = chain.names.last().map_or("", |name| name.text);
        let query = QUERIES.iter().find(|(name, _)| *name == last);
        if let Some((_, index)) = query {
            let local = |name: &str| self.scope.local(name);
            let sql =
                call.arguments.get(*index).filter(|_| !call.spread || *index + 1 < call.arguments.len());
            return Action::Queried(sql.and_then(|sql| value::text(self.reader, *sql, &local)));
        }
        if self.role == Role::InFunction || !self.reader.is_framework(&chain.names) {
            return Action::Called(None);
        }
        Action::Called(Some(Box::new(Call {
            at: self.reader.at(whole.span),
            types: self.types_of(chain),
            arguments: call.arguments.iter().map(|argument| value::value(self.reader, *argument)).collect(),
        })))
    }

    fn passed(&self, call: &ast::Call<'a>, whole: Expression<'a>) -> Action {
        let chain = Chain::of(call.function).filter(|chain| !self.scope.hides(chain.base()));
        Action::Passed(Box::new(Passed {
            types: chain.as_ref().map(|chain| self.types_of(chain)).unwrap_or_default(),
            function: chain.map(|chain| chain.texts()).unwrap_or_default(),
            call: self.reader.at(whole.span),
        }))
    }

    fn types_of(&self, chain: &Chain<'a>) -> Vec<super::Type> {
        chain.types().iter().map(|argument| kind::kind(self.reader, *argument)).collect()
    }

    /// Notes the use of a path, or walks over what it begins with. `action` is asked only if there is a use.
    fn path(&mut self, expression: Expression<'a>, action: impl FnOnce(&Self, &Chain<'a>) -> Action) {
        let Some(chain) = Chain::of(expression) else {
            self.part();
            match expression.unparenthesized().kind {
                ExpressionKind::Selector(selector) => self.value(selector.operand),
                ExpressionKind::Index(index) => {
                    self.value(index.operand);
                    index.indices.iter().for_each(|index| self.value(*index));
                }
                _ => self.value(expression),
            }
            return;
        };
        let base = chain.base();
        let is_known_to_all = chain.names.len() == 1 && is_predeclared(base);
        if !self.scope.hides(base) && !is_known_to_all {
            let action = action(self, &chain);
            // What it is given to may still say what that is about.
            let is_about = matches!(&action, Action::Passed(passed) if !passed.types.is_empty());
            if self.reader.is_standard(base) && !is_about {
                return self.indices(&chain);
            }
            let path = chain.names.iter().map(|name| self.reader.word(*name)).collect();
            self.uses.push(Use { path, action, within: self.within, role: self.role });
        }
        self.indices(&chain);
    }

    fn indices(&mut self, chain: &Chain<'a>) {
        self.part();
        chain.indices.iter().copied().flatten().for_each(|index| self.value(*index));
    }
}

/// Whether every file knows a name. That a package declares one of them anew is not taken into account.
fn is_predeclared(name: &str) -> bool {
    matches!(
        name,
        "any"
            | "append"
            | "bool"
            | "byte"
            | "cap"
            | "clear"
            | "close"
            | "comparable"
            | "complex"
            | "complex128"
            | "complex64"
            | "copy"
            | "delete"
            | "error"
            | "false"
            | "float32"
            | "float64"
            | "imag"
            | "int"
            | "int16"
            | "int32"
            | "int64"
            | "int8"
            | "iota"
            | "len"
            | "make"
            | "max"
            | "min"
            | "new"
            | "nil"
            | "panic"
            | "print"
            | "println"
            | "real"
            | "recover"
            | "rune"
            | "string"
            | "true"
            | "uint"
            | "uint16"
            | "uint32"
            | "uint64"
            | "uint8"
            | "uintptr"
    )
}
