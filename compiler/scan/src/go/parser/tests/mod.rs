//! What the parser is held to: constructs one by one, two other parsers, and hostile input.

mod constructs;
mod corpus;
mod errors;
mod go_parser;
mod hostile;
mod marks;
mod render;
mod tree_sitter;

use bumpalo::Bump;

use super::parse;

/// Parses a file that must be valid, and compares its declarations with S-expressions.
#[track_caller]
fn check_file(source: &str, expected: &[&str]) {
    let arena = Bump::new();
    let file = parse(&arena, source);
    assert_eq!(file.errors, [], "{source}");
    let rendered: Vec<String> = file.declarations.iter().map(render::declaration).collect();
    assert_eq!(rendered, expected, "{source}");
}

/// The same for one declaration.
#[track_caller]
fn check(declaration: &str, expected: &str) {
    check_file(&format!("package p\n{declaration}\n"), &[expected]);
}

/// The same for a statement.
#[track_caller]
fn check_statement(statement: &str, expected: &str) {
    check(&format!("func f() {{\n{statement}\n}}"), &format!("(func f () {{ {expected} }})"));
}

/// The same for an expression.
#[track_caller]
fn check_expression(expression: &str, expected: &str) {
    check(&format!("var x = {expression}"), &format!("(var (x = {expected}))"));
}

/// Compares the errors of a file, as `line:column message`, and what is left of its declarations.
#[track_caller]
fn check_errors(source: &str, errors: &[&str], declarations: &[&str]) {
    let arena = Bump::new();
    let file = parse(&arena, source);
    let said: Vec<String> = file
        .errors
        .iter()
        .map(|error| {
            let before = &source[..error.span.start as usize];
            let line = before.matches('\n').count() + 1;
            let column = before.len() - before.rfind('\n').map_or(0, |newline| newline + 1) + 1;
            format!("{line}:{column} {}", error.message)
        })
        .collect();
    assert_eq!(said, errors, "{source}");
    let rendered: Vec<String> = file.declarations.iter().map(render::declaration).collect();
    assert_eq!(rendered, declarations, "{source}");
}
