//! The same places as the parser of tree-sitter finds.

use std::fs;

use ::tree_sitter::{Node, Parser, Tree};
use bumpalo::Bump;

use super::corpus;
use super::marks::{self, Mark, Sort};
use crate::go::parser::ast::Span;
use crate::go::parser::parse;

fn parse_with_tree_sitter(source: &str) -> Tree {
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_go::LANGUAGE.into()).unwrap();
    parser.parse(source, None).unwrap()
}

/// The places in a tree of tree-sitter, sorted.
fn marks_of(tree: &Tree) -> Vec<Mark> {
    let mut marks = Vec::new();
    let mut cursor = tree.walk();
    loop {
        let node = cursor.node();
        if let Some(sort) = sort(node) {
            let offset = |byte: usize| u32::try_from(byte).unwrap();
            marks.push((sort, offset(node.start_byte()), offset(node.end_byte())));
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

/// Compares a file; what differs is told with its place. Absent when tree-sitter finds an error.
fn differences(source: &str) -> Option<Vec<String>> {
    let tree = parse_with_tree_sitter(source);
    if tree.root_node().has_error() {
        return None;
    }
    let arena = Bump::new();
    let file = parse(&arena, source);
    let (ours, theirs) = (marks::of(&file), marks_of(&tree));
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
    let whole = include_str!("whole.go.txt");
    assert_eq!(differences(whole), Some(Vec::new()));
}

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
    eprintln!("{same} files look the same, {refused} have errors for tree-sitter");
    assert_eq!(different, [""; 0]);
    assert!(same > 50 * refused, "tree-sitter refuses too much to compare with");
}
