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

/// A text with parts left out.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Shortened {
    pub(super) text: String,
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

/// The text without what cannot matter. Absent when all of it may, when that is in doubt, or when it is shorter by less
/// than so many bytes.
pub(super) fn shorten(arena: &Allocator, text: &str, min_bytes: usize) -> Option<Shortened> {
    let bodies = bodies(text)?;
    if bodies.iter().map(Range::len).sum::<usize>() < min_bytes {
        return None;
    }
    let heads = without(text, bodies.iter().cloned());
    let parsed = tree(arena, &heads.text).ok()?;
    if parsed.panicked || parsed.diagnostics.has_errors() {
        return None;
    }
    let items = Items::of(&parsed.program, &heads.cuts)?;
    let kept = items.that_matter(text, &parsed.program)?;
    let can_go = |body: &&Range<usize>| items.at(body.start).is_some_and(|item| !kept[item]);
    let going = bodies.iter().filter(can_go);
    if going.clone().map(ExactSizeIterator::len).sum::<usize>() < min_bytes {
        return None;
    }
    Some(if going.clone().count() == bodies.len() { heads } else { without(text, going.cloned()) })
}

fn without(text: &str, parts: impl Iterator<Item = Range<usize>>) -> Shortened {
    let mut shortened = Shortened { text: String::with_capacity(text.len()), cuts: Cuts::default() };
    let (mut end, mut left_out) = (0, 0);
    for part in parts.filter(|part| !part.is_empty()) {
        shortened.text.push_str(&text[end..part.start]);
        left_out += part.len();
        shortened.cuts.0.push(Cut { at: shortened.text.len(), left_out });
        end = part.end;
    }
    shortened.text.push_str(&text[end..]);
    shortened
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
fn words(text: &str) -> impl Iterator<Item = &str> {
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
