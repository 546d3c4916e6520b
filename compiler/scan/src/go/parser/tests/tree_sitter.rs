//! The same places as the parser of tree-sitter finds.

use std::fs;

use ::tree_sitter::{Node, Parser, Tree};
use bumpalo::Bump;

use super::super::ast::Span;
use super::super::parse;
use super::corpus;
use super::marks::{self, Mark, Sort};

fn parse_with_tree_sitter(source: &str) -> Tree {
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_go::LANGUAGE.into()).unwrap();
    parser.parse(source, None).unwrap()
}

/// The places in a tree of tree-sitter, sorted.
fn marks_of(tree: &Tree, source: &str) -> Vec<Mark> {
    let mut marks = Vec::new();
    let mut cursor = tree.walk();
    loop {
        let node = cursor.node();
        if let Some(sort) = sort(node) {
            let offset = |byte: usize| u32::try_from(byte).unwrap();
            let text = &source[node.byte_range()];
            let start = node.start_byte() + misplaced_stars(sort, text);
            let end = node.end_byte() - line_end_in_comment(sort, text);
            marks.push((sort, offset(start), offset(end)));
        }
        if cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                marks.sort_unstable();
                return marks;
            }
        }
    }
}

/// Known bug of the grammar: in `*(*[]T)(x)` it takes the first star for a part of the type that is converted to. Go
/// has it mean what the pointer points to; no call and no selector begins with a star.
fn misplaced_stars(sort: Sort, text: &str) -> usize {
    let behind = text.trim_start_matches('*');
    if matches!(sort, Sort::Call | Sort::Selector) { text.len() - behind.len() } else { 0 }
}

/// Known bug of the grammar: the `\r` of a `\r\n` belongs to the comment before it.
fn line_end_in_comment(sort: Sort, text: &str) -> usize {
    usize::from(sort == Sort::Comment && text.ends_with('\r'))
}

fn sort(node: Node<'_>) -> Option<Sort> {
    if !node.is_named() {
        return None;
    }
    let is_in_file = || node.parent().is_some_and(|parent| parent.kind() == "source_file");
    Some(match node.kind() {
        "import_declaration" | "function_declaration" | "method_declaration" => Sort::Declaration,
        "const_declaration" | "var_declaration" | "type_declaration" if is_in_file() => Sort::Declaration,
        "call_expression" | "type_conversion_expression" => Sort::Call,
        "selector_expression" | "qualified_type" => Sort::Selector,
        "composite_literal" => Sort::Composite,
        "func_literal" => Sort::FunctionLiteral,
        "interpreted_string_literal" | "raw_string_literal" => Sort::String,
        "comment" => Sort::Comment,
        "identifier" | "type_identifier" | "field_identifier" | "package_identifier" | "label_name"
        | "blank_identifier" | "nil" | "true" | "false" | "iota" => Sort::Identifier,
        _ => return None,
    })
}

/// Compares a file; what differs is told with its place. Absent when one of the two finds an error.
fn differences(source: &str) -> Option<Vec<String>> {
    let tree = parse_with_tree_sitter(source);
    let arena = Bump::new();
    let file = parse(&arena, source);
    if tree.root_node().has_error() || !file.errors.is_empty() {
        return None;
    }
    let (ours, theirs) = (marks::of(&file), marks_of(&tree, source));
    let show = |side: &str, (sort, start, end): &Mark| {
        format!("{side} {sort:?} {start}: {}", file.text(Span { start: *start, end: *end }))
    };
    let only_ours = ours.iter().filter(|mark| theirs.binary_search(mark).is_err());
    let only_theirs = theirs.iter().filter(|mark| ours.binary_search(mark).is_err());
    let differences =
        only_ours.map(|mark| show("ours", mark)).chain(only_theirs.map(|mark| show("theirs", mark)));
    Some(differences.collect())
}

#[test]
fn the_file_with_everything_looks_the_same_to_tree_sitter() {
    // The grammar knows `new` with a type only.
    let whole = include_str!("whole.go.txt").replace("new(1 + 2)", "new(int)");
    assert_eq!(differences(&whole), Some(Vec::new()));
}

/// What only Go's type checker refuses, and our tree has no place for.
const NOT_KEPT: &[(&str, &str)] =
    &[("types/testdata/check/decls2/decls2a.go", "a method with two receivers: of those, the first is kept")];

#[test]
fn the_standard_library_looks_the_same_to_tree_sitter() {
    let Some(sources) = corpus::standard_library() else {
        eprintln!("skipped: there is no Go installation to take files from");
        return;
    };
    let (mut same, mut refused, mut different) = (0, 0, Vec::new());
    for path in corpus::sample(&sources) {
        let Ok(source) = fs::read_to_string(&path) else { continue };
        match differences(&source) {
            None => refused += 1,
            Some(found) if found.is_empty() => same += 1,
            Some(found) => different.push(format!("{}: {}", path.display(), found.join("; "))),
        }
    }
    eprintln!("{same} files look the same, {refused} have errors for one of the two");
    different.retain(|found| !NOT_KEPT.iter().any(|(file, _)| found.contains(file)));
    assert_eq!(different, [""; 0]);
    assert!(same > 50 * refused, "tree-sitter refuses too much to compare with");
}
