//! Which files are read, and how each becomes facts.

use std::borrow::Cow;
use std::collections::BTreeSet;

use compiler_diagnostics::{Code, Diagnostic};
use oxc_allocator::Allocator;
use oxc_parser::{ParseOptions, Parser};
use oxc_semantic::SemanticBuilder;
use oxc_span::SourceType;

use super::alias::Aliases;
use super::nesting;
use super::resolve::Module;
use super::syntax::{Facts, facts};
use crate::SourceTree;
use crate::text::Lines;

/// Syntax errors reported of one file; the rest are mostly echoes.
const MAX_SYNTAX_ERRORS: usize = 5;

/// Longer paths than this are no imports.
const MAX_SPECIFIER_BYTES: usize = 1_024;

/// A source file that may matter.
pub(super) struct Source<'t> {
    pub(super) path: &'t str,
    pub(super) text: Cow<'t, str>,
}

impl Source<'_> {
    /// Whether it speaks of the framework at all.
    fn mentions_encore(&self) -> bool {
        self.text.contains("encore.dev") || self.text.contains("~encore")
    }

    /// What is wrong with a file that declares nothing is worth a warning.
    fn diagnostic(&self, code: Code, message: impl Into<String>) -> Diagnostic {
        if self.mentions_encore() {
            Diagnostic::error(code, message)
        } else {
            Diagnostic::warning(code, message)
        }
    }
}

/// The TypeScript files of an app, tests and generated ones left out.
pub(super) fn list(tree: &SourceTree) -> Vec<Source<'_>> {
    let text = |bytes| String::from_utf8_lossy(bytes);
    tree.files()
        .filter(|(path, _)| is_read(path))
        .map(|(path, bytes)| Source { path, text: text(bytes) })
        .collect()
}

fn is_read(path: &str) -> bool {
    let Some((stem, "ts")) = path.rsplit_once('.') else { return false };
    let is_test_or_types = [".test", ".spec", ".d"].iter().any(|ending| stem.ends_with(ending));
    let is_skipped_folder =
        |part: &str| part.starts_with('.') || matches!(part, "node_modules" | "encore.gen" | "__tests__");
    !is_test_or_types && !path.split('/').any(is_skipped_folder)
}

/// Reads the files that matter: those that speak of the framework, those that may import from one of them, directly or
/// through others, and then all that these import in turn, where types and handlers may be.
pub(super) fn read<'t>(
    sources: &'t [Source<'t>],
    aliases: &Aliases,
    out: &mut Vec<Diagnostic>,
) -> Vec<Module<'t>> {
    let imported = |source: &'t Source<'t>| (source, imported_stems(&source.text, aliases));
    let (mut taken, mut rest): (Vec<Named<'t>>, Vec<Named<'t>>) =
        sources.iter().map(imported).partition(|(source, _)| source.mentions_encore());
    grow(
        &mut taken,
        &mut rest,
        |(source, _)| vec![stem(source.path)],
        |(_, imported), stems| imported.iter().any(|one| one.starts_with('.') || stems.contains(one)),
    );
    grow(
        &mut taken,
        &mut rest,
        |(_, imported)| imported.iter().copied().collect(),
        |(source, _), stems| stems.contains(stem(source.path)),
    );
    let mut modules: Vec<_> = taken.into_iter().map(|(source, _)| module(source, out)).collect();
    modules.sort_by(|a, b| a.path.cmp(b.path));
    modules
}

/// A file, and the names of those that it may import.
type Named<'t> = (&'t Source<'t>, BTreeSet<&'t str>);

/// Takes more and more files: those that are reached by a name that a taken one gives.
fn grow<'t>(
    taken: &mut Vec<Named<'t>>,
    rest: &mut Vec<Named<'t>>,
    gives: impl Fn(&Named<'t>) -> Vec<&'t str>,
    is_reached: impl Fn(&Named<'t>, &BTreeSet<&'t str>) -> bool,
) {
    let mut names = BTreeSet::new();
    let mut seen = 0;
    while seen < taken.len() {
        names.extend(taken[seen..].iter().flat_map(&gives));
        seen = taken.len();
        taken.extend(rest.extract_if(.., |file| is_reached(file, &names)));
    }
}

/// The name by which others import a file: that of the file, or that of the folder whose index it is.
fn stem(path: &str) -> &str {
    let path = path.trim_end_matches('/');
    let path = [".ts", ".js", ".mjs"].iter().find_map(|ending| path.strip_suffix(ending)).unwrap_or(path);
    let path = path.strip_suffix("/index").unwrap_or(path);
    path.rsplit('/').next().unwrap_or(path)
}

/// The names of the files that a text may import, found without parsing: the last parts of the paths in quotes that
/// are relative or begin with a short name. One that begins with a dot may be any file.
fn imported_stems<'s>(text: &'s str, aliases: &Aliases) -> BTreeSet<&'s str> {
    let specifier = |(at, quote): (usize, &str)| {
        let rest = text[at + 1..].get(..MAX_SPECIFIER_BYTES).unwrap_or(&text[at + 1..]);
        let inside =
            (rest.starts_with('.') || aliases.may_begin(rest)).then(|| rest.split_once(quote)).flatten()?.0;
        (!inside.contains('\n')).then(|| stem(inside))
    };
    text.match_indices(['"', '\'', '`']).filter_map(specifier).collect()
}

fn module<'t>(source: &'t Source<'t>, out: &mut Vec<Diagnostic>) -> Module<'t> {
    let lines = Lines::new(source.path, &source.text);
    let facts = match nesting::too_deep(&source.text) {
        Some(offset) => {
            out.push(too_deep(source, &lines, offset));
            Facts::default()
        }
        None => parse(source, &lines, out),
    };
    Module { path: source.path, lines, facts }
}

fn too_deep(source: &Source<'_>, lines: &Lines<'_>, offset: usize) -> Diagnostic {
    let message = "this file is nested too deep to be read";
    source
        .diagnostic(Code::S0017, message)
        .at(&lines.position(offset, offset + 1))
        .note(format!(
            "more than {} brackets or {} operators stand within each other here",
            nesting::MAX_BRACKETS,
            nesting::MAX_LINKS
        ))
        .help("take the expression apart, or move generated data into a JSON file")
}

fn parse(source: &Source<'_>, lines: &Lines<'_>, out: &mut Vec<Diagnostic>) -> Facts {
    let arena = Allocator::default();
    let options = ParseOptions { preserve_parens: false, ..ParseOptions::default() };
    let parsed = Parser::new(&arena, &source.text, SourceType::ts()).with_options(options).parse();
    for error in parsed.diagnostics.errors().take(MAX_SYNTAX_ERRORS) {
        let message = format!("syntax error: {}", lower_first(&error.message));
        let (start, end) = error.labels.first().map_or((0, 0), |label| {
            let span = label.span();
            (span.start as usize, span.end as usize)
        });
        out.push(
            source
                .diagnostic(Code::S0001, message)
                .at(&lines.position(start, end))
                .note("what this file declares may be missing from the manifest")
                .maybe_help(error.help.as_ref().map(ToString::to_string)),
        );
    }
    if parsed.panicked {
        return Facts::default();
    }
    let semantic = SemanticBuilder::new().with_build_nodes(true).build(&parsed.program).semantic;
    facts(&parsed.program, &semantic)
}

/// Our messages begin with a small letter and end without a full stop.
fn lower_first(message: &str) -> String {
    let message = message.trim_end_matches('.');
    let mut letters = message.chars();
    match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => String::new(),
    }
}
