//! A file without the bodies of functions and classes that cannot matter.
//!
//! What a file has to do with resources comes in by its imports, and goes on from statement to statement by the names of
//! its top level. So a statement matters when it has an imported name in it, or a name that another one which matters
//! has in it as well. Of all others the heads are kept, and their bodies left out. Names are looked for as words, be they
//! in comments, strings or fields: too many are kept, and never too few.
//!
//! What is left is parsed as if it were the file, and its places are moved to where they were.

use std::ops::Range;

use memchr::memmem;
use oxc_allocator::Allocator;
use oxc_ast::ast::{
    BindingPattern, Declaration, ExportDefaultDeclarationKind, ImportDeclaration, ImportDeclarationSpecifier,
    Program, Statement,
};
use oxc_span::{GetSpan, Span};
use rustc_hash::FxHashSet;

use super::bodies::{bodies, is_word};
use super::facts::is_of_the_runtime;
use super::syntax::tree;

/// Bytes to leave out from which on it is worth it.
pub(super) const MIN_BYTES: usize = 512;

/// Names that are looked for in one file; with more of them it is read whole.
const MAX_NAMES: usize = 64;

/// Times the word `import` is looked at, and the bytes from there to the path of the module, before anything is parsed.
const MAX_IMPORTS: usize = 256;
const MAX_CLAUSE_BYTES: usize = 1_024;

/// What is left of a file, parsed.
pub(super) struct Shortened<'a> {
    pub(super) program: Program<'a>,
    pub(super) cuts: Cuts,
}

/// Where parts of a text were left out.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Cuts(Vec<Cut>);

#[derive(Debug, PartialEq, Eq)]
struct Cut {
    /// Where it is in the text that is left.
    at: usize,
    /// The bytes left out here and before.
    left_out: usize,
}

impl Cuts {
    /// Where an offset was before.
    pub(super) fn original(&self, offset: usize) -> usize {
        let before = self.0.partition_point(|cut| cut.at < offset);
        before.checked_sub(1).map_or(offset, |last| offset + self.0[last].left_out)
    }

    /// Whether something was left out within a span.
    pub(super) fn are_in(&self, span: Span) -> bool {
        let first = self.0.partition_point(|cut| cut.at < span.start as usize);
        self.0.get(first).is_some_and(|cut| cut.at < span.end as usize)
    }
}

/// Parses a text without what cannot matter. Absent when all of it may, when that is in doubt, when what is left is no
/// code, and when less than so many bytes would be left out.
pub(super) fn shorten<'a>(arena: &'a Allocator, text: &str, min_bytes: usize) -> Option<Shortened<'a>> {
    let is_enough = |parts: &[&Range<usize>]| {
        parts.iter().copied().map(ExactSizeIterator::len).sum::<usize>() >= min_bytes
    };
    let bodies = bodies(text)?;
    let guess = without_names(text, &bodies);
    if !is_enough(&guess) {
        return None;
    }
    let first = parse(arena, text, &guess)?;
    let items = Items::of(&first.program, &first.cuts)?;
    let matter = items.that_matter(text, &first.program)?;
    let can_go = |body: &Range<usize>| items.at(body.start).is_some_and(|item| !matter[item]);
    if guess.iter().all(|body| can_go(body)) {
        return Some(first);
    }
    let rest: Vec<&Range<usize>> = guess.into_iter().filter(|body| can_go(body)).collect();
    if is_enough(&rest) { parse(arena, text, &rest) } else { None }
}

/// The bodies that have no name in them which an import seems to give. Most often these are those that can go, and then
/// what is left has to be parsed once, and not first to find out what it imports.
fn without_names<'b>(text: &str, bodies: &'b [Range<usize>]) -> Vec<&'b Range<usize>> {
    let mut names = FxHashSet::default();
    for at in memmem::find_iter(text.as_bytes(), b"import").take(MAX_IMPORTS) {
        let near = &text.as_bytes()[at..text.len().min(at + MAX_CLAUSE_BYTES)];
        let Some(end) = memchr::memchr2(b'"', b'\'', near).map(|length| at + length) else { continue };
        let words = words(&text[at + "import".len()..end]);
        let is_of_values = words.clone().next() != Some("type") && !is_of_the_runtime(&text[end + 1..]);
        names.extend(words.filter(|word| is_of_values && !matches!(*word, "type" | "as" | "from")));
    }
    let mut has_name = vec![false; bodies.len()];
    for at in names.into_iter().take(MAX_NAMES).flat_map(|name| occurrences(text, name)) {
        let after = bodies.partition_point(|body| body.end <= at);
        if bodies.get(after).is_some_and(|body| body.contains(&at)) {
            has_name[after] = true;
        }
    }
    bodies.iter().zip(has_name).filter_map(|(body, has_name)| (!has_name).then_some(body)).collect()
}

fn parse<'a>(arena: &'a Allocator, text: &str, without: &[&Range<usize>]) -> Option<Shortened<'a>> {
    let (mut left, mut cuts) = (String::with_capacity(text.len()), Cuts::default());
    let (mut end, mut left_out) = (0, 0);
    for part in without.iter().filter(|part| !part.is_empty()) {
        left.push_str(&text[end..part.start]);
        left_out += part.len();
        cuts.0.push(Cut { at: left.len(), left_out });
        end = part.end;
    }
    left.push_str(&text[end..]);
    let parsed = tree(arena, arena.alloc_str(&left)).ok()?;
    let is_code = !parsed.panicked && !parsed.diagnostics.has_errors();
    is_code.then_some(Shortened { program: parsed.program, cuts })
}

/// The statements of the top level.
struct Items<'a> {
    /// Where each stands in the whole text.
    places: Vec<Range<usize>>,
    /// The names of values that they declare.
    declared: FxHashSet<&'a str>,
}

impl<'a> Items<'a> {
    /// Absent when there are some that declare who knows what.
    fn of(program: &Program<'a>, cuts: &Cuts) -> Option<Self> {
        let mut items =
            Self { places: Vec::with_capacity(program.body.len()), declared: FxHashSet::default() };
        for statement in &program.body {
            let span = statement.span();
            items.places.push(cuts.original(span.start as usize)..cuts.original(span.end as usize));
            items.declare(statement)?;
        }
        Some(items)
    }

    fn declare(&mut self, statement: &Statement<'a>) -> Option<()> {
        match statement {
            Statement::ExportDeclaration(export) => self.take(&export.declaration),
            Statement::ExportDefaultDeclaration(default) => {
                let id = match &default.declaration {
                    ExportDefaultDeclarationKind::FunctionDeclaration(function) => function.id.as_ref(),
                    ExportDefaultDeclarationKind::ClassDeclaration(class) => class.id.as_ref(),
                    _ => None,
                };
                self.declared.extend(id.map(|id| id.name.as_str()));
            }
            Statement::ExpressionStatement(_) | Statement::EmptyStatement(_) => {}
            other => match other.as_declaration() {
                Some(declaration) => self.take(declaration),
                None if other.is_module_declaration() => {}
                None => return None,
            },
        }
        Some(())
    }

    fn take(&mut self, declaration: &Declaration<'a>) {
        let id = match declaration {
            Declaration::VariableDeclaration(variables) => {
                for variable in &variables.declarations {
                    self.bind(&variable.id);
                }
                return;
            }
            Declaration::FunctionDeclaration(function) => function.id.as_ref(),
            Declaration::ClassDeclaration(class) => class.id.as_ref(),
            Declaration::TSEnumDeclaration(one) => Some(&one.id),
            Declaration::TSNamespaceDeclaration(one) => Some(&one.id),
            Declaration::TSImportEqualsDeclaration(one) => Some(&one.id),
            Declaration::TSTypeAliasDeclaration(_)
            | Declaration::TSInterfaceDeclaration(_)
            | Declaration::TSExternalModuleDeclaration(_)
            | Declaration::TSGlobalDeclaration(_) => None,
        };
        self.declared.extend(id.map(|id| id.name.as_str()));
    }

    fn bind(&mut self, pattern: &BindingPattern<'a>) {
        match pattern {
            BindingPattern::BindingIdentifier(name) => drop(self.declared.insert(name.name.as_str())),
            other => {
                let names = other.get_binding_identifiers();
                self.declared.extend(names.iter().map(|name| name.name.as_str()));
            }
        }
    }

    /// The item in which an offset lies.
    fn at(&self, offset: usize) -> Option<usize> {
        let after = self.places.partition_point(|place| place.end <= offset);
        self.places.get(after).filter(|place| place.contains(&offset)).map(|_| after)
    }

    /// Which items matter; absent when too many names do.
    fn that_matter(&self, text: &str, program: &Program<'a>) -> Option<Vec<bool>> {
        let mut matter = vec![false; self.places.len()];
        let mut names: Vec<&str> = program.body.iter().flat_map(imported).collect();
        let mut seen: FxHashSet<&str> = names.iter().copied().collect();
        // A name with an escape in it could be any.
        let escaped = memmem::find_iter(text.as_bytes(), b"\\u");
        let mut found: Vec<usize> = escaped.filter_map(|at| self.at(at)).collect();
        loop {
            for item in found.drain(..) {
                if !std::mem::replace(&mut matter[item], true) {
                    let words = words(&text[self.places[item].clone()]);
                    names.extend(words.filter(|word| self.declared.contains(word) && seen.insert(word)));
                }
            }
            let Some(name) = names.pop() else { return Some(matter) };
            if seen.len() > MAX_NAMES {
                return None;
            }
            found.extend(occurrences(text, name).filter_map(|at| self.at(at)));
        }
    }
}

/// The names that an import gives to values of the app, as far as can be told.
fn imported<'p>(statement: &'p Statement<'_>) -> Vec<&'p str> {
    let Statement::ImportDeclaration(import) = statement else { return Vec::new() };
    let ImportDeclaration { source, specifiers, import_kind, .. } = &**import;
    if import_kind.is_type() || is_of_the_runtime(&source.value) {
        return Vec::new();
    }
    let is_type = |one: &ImportDeclarationSpecifier<'_>| matches!(one, ImportDeclarationSpecifier::ImportSpecifier(one) if one.import_kind.is_type());
    let specifiers = specifiers.iter().flatten().filter(|one| !is_type(one));
    specifiers.map(|one| one.local().name.as_str()).collect()
}

/// The words of a text.
fn words(text: &str) -> impl Iterator<Item = &str> + Clone {
    text.split(|letter: char| letter.is_ascii() && !is_word(letter as u8)).filter(|word| !word.is_empty())
}

/// Where a name stands as a word of its own.
fn occurrences<'t>(text: &'t str, name: &'t str) -> impl Iterator<Item = usize> + 't {
    let text = text.as_bytes();
    let is_alone = move |at: &usize| {
        !at.checked_sub(1).is_some_and(|before| is_word(text[before]))
            && !text.get(at + name.len()).is_some_and(|after| is_word(*after))
    };
    memmem::find_iter(text, name.as_bytes()).filter(is_alone)
}

#[cfg(test)]
mod tests;
