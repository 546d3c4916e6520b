//! From the bytes of a file to its facts.
//!
//! The parser is `syn`: it is what the language's own macros are written with, so it follows the language closely, it
//! is small, and it has exact places. It recurses and stops at the first error. So [`nesting`] bounds how deep it goes,
//! and items are parsed one by one: what follows a broken one is read all the same.

use std::collections::BTreeSet;
use std::str::FromStr;

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use serde::{Deserialize, Serialize};
use syn::parse::discouraged::Speculative;
use syn::parse::{ParseStream, Parser};
use syn::visit::Visit;
use syn::{Attribute, Item};

use super::nesting::{self, is_word};
use super::span;
use super::syntax::{Facts, Problem, ProblemKind};
use super::walk::Walker;
use crate::text::{Place, Places};

/// The words of a file, found without parsing it.
fn words(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|byte| !is_word(*byte)).filter(|word| !word.is_empty())
}

/// What a file could have to do with the framework, found without parsing it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Glance {
    /// It may have modules in other files.
    pub(super) has_modules: bool,
}

/// Looks at the bytes of a file.
pub(super) fn glance(bytes: &[u8]) -> Glance {
    Glance { has_modules: words(bytes).any(|word| word == b"mod") }
}

/// Whether a file has one of these words in it.
pub(crate) fn contains_word(bytes: &[u8], wanted: &BTreeSet<String>) -> bool {
    words(bytes).any(|word| std::str::from_utf8(word).is_ok_and(|word| wanted.contains(word)))
}

/// Reads a file.
pub(super) fn facts(bytes: &[u8]) -> Facts {
    let text = String::from_utf8_lossy(bytes);
    let mut problems = Vec::new();
    if let Err(error) = std::str::from_utf8(bytes) {
        let at = error.valid_up_to();
        let at = Places::new(&text).place(at, at + char::REPLACEMENT_CHARACTER.len_utf8());
        problems.push(Problem {
            kind: ProblemKind::NotText,
            message: "the file is not UTF-8".to_owned(),
            at,
        });
    }
    let mut walker = Walker::new();
    if let Some(offset) = nesting::too_deep(&text) {
        let at = Places::new(&text).place(offset, offset + 1);
        let message = "this file is nested too deep to be read".to_owned();
        problems.push(Problem { kind: ProblemKind::TooDeep, message, at });
    } else {
        let (items, problem) = parse(without_first_line(&text));
        problems.extend(problem);
        for item in &items {
            walker.visit_item(item);
        }
        drop(items);
        // The parser keeps every text for its places until it is told that they are no longer needed.
        proc_macro2::extra::invalidate_current_thread_spans();
    }
    Facts { scopes: walker.finish(), problems }
}

/// A text without its byte order mark and its `#!` line, with all lines where they were.
fn without_first_line(text: &str) -> &str {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let is_script = text.strip_prefix("#!").is_some_and(|rest| !rest.trim_start().starts_with('['));
    if is_script { &text[text.find('\n').unwrap_or(text.len())..] } else { text }
}

/// The items of a text, and the first problem with it.
fn parse(text: &str) -> (Vec<Item>, Option<Problem>) {
    let problem = |message: &str, at: Place| {
        let message = format!("syntax error: {message}");
        Some(Problem { kind: ProblemKind::Syntax, message, at })
    };
    let tokens = match TokenStream::from_str(text) {
        Ok(tokens) => tokens,
        Err(error) => {
            let at = span::between(error.span(), error.span());
            return (Vec::new(), problem("this is no Rust, or a bracket or quote is not closed", at));
        }
    };
    let mut first_error = None;
    let items = (|input: ParseStream<'_>| Ok(items(input, &mut first_error))).parse2(tokens);
    let problem = first_error
        .and_then(|error: syn::Error| problem(&error.to_string(), span::between(error.span(), error.span())));
    (items.unwrap_or_default(), problem)
}

fn items(input: ParseStream<'_>, first_error: &mut Option<syn::Error>) -> Vec<Item> {
    let mut items = Vec::new();
    if let Err(error) = Attribute::parse_inner(input) {
        *first_error = Some(error);
    }
    while !input.is_empty() {
        let ahead = input.fork();
        match ahead.parse::<Item>() {
            Ok(item) => {
                input.advance_to(&ahead);
                items.push(item);
            }
            Err(error) => {
                first_error.get_or_insert(error);
                skip_item(input);
            }
        }
    }
    items
}

/// Goes on after the next `;` or block, where an item may begin.
fn skip_item(input: ParseStream<'_>) {
    while let Ok(token) = input.parse::<TokenTree>() {
        let ends = match &token {
            TokenTree::Punct(mark) => mark.as_char() == ';',
            TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
            _ => false,
        };
        if ends {
            return;
        }
    }
}
