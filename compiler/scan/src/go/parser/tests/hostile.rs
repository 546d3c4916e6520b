//! Input that nobody would write: never a panic, spans in order, bounded depth.

use bumpalo::Bump;
use proptest::prelude::*;

use super::super::ast::{Declaration, ErrorKind, File, Span};
use super::super::walk::{self, Node};
use super::super::{MAX_HEIGHT, parse};

/// Nodes of the tree per step that the parser counts.
const NODES_PER_LEVEL: usize = 6;

/// What holds for the tree of any text.
fn check_sound(source: &str) {
    let arena = Bump::new();
    let file = parse(&arena, source);
    check_nesting(&file);
    check_in_order(file.comments.iter().map(|comment| comment.span), source);
    for comment in file.comments {
        assert_eq!(comment.text, &source[comment.span.range()]);
    }
    for error in file.errors {
        assert!(source.get(error.span.range()).is_some(), "{:?} is out of bounds", error.span);
        assert!(!error.message.is_empty());
    }
    assert!(file.errors.is_sorted_by_key(|error| error.span));
    let again = Bump::new();
    assert_eq!(format!("{file:?}"), format!("{:?}", parse(&again, source)), "two runs differ");
}

fn check_in_order(spans: impl Iterator<Item = Span>, source: &str) {
    let mut end = 0;
    for span in spans {
        assert!(span.start >= end && span.end >= span.start, "{span:?} begins before {end}");
        assert!(source.get(span.range()).is_some(), "{span:?} is out of bounds");
        end = span.end;
    }
}

fn check_nesting(file: &File<'_>) {
    check_in_order(file.declarations.iter().map(Declaration::span), file.source);
    for declaration in file.declarations {
        check_children(Node::Declaration(declaration), 0);
    }
}

fn check_children(node: Node<'_>, depth: usize) {
    assert!(depth < MAX_HEIGHT * NODES_PER_LEVEL, "the tree is too deep");
    let outer = node.span();
    let mut end = outer.start;
    walk::children(node, &mut |child| {
        let inner = child.span();
        assert!(
            inner.start >= end && inner.end >= inner.start && inner.end <= outer.end,
            "{inner:?} of {child:?} does not follow {end} in {outer:?} of {node:?}",
        );
        end = inner.end;
        check_children(child, depth + 1);
    });
}

const WORDS: &[&str] = &[
    "break",
    "case",
    "chan",
    "const",
    "continue",
    "default",
    "defer",
    "else",
    "fallthrough",
    "for",
    "func",
    "go",
    "goto",
    "if",
    "import",
    "interface",
    "map",
    "package",
    "range",
    "return",
    "select",
    "struct",
    "switch",
    "type",
    "var",
    "x",
    "T",
    "é",
    "1",
    "0x_",
    "1.5i",
    "'a'",
    "'",
    "\"s\"",
    "\"",
    "`raw`",
    "`",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    ".",
    "...",
    ":=",
    "=",
    "+=",
    "&^=",
    "+",
    "-",
    "*",
    "/",
    "&",
    "|",
    "||",
    "<-",
    "<",
    "==",
    "!",
    "~",
    "++",
    "--",
    ";",
    "\n",
    "\nfunc ",
    "//c\n",
    "/*c*/",
    "/*\n*/",
    "/*",
    "\u{feff}",
    "\0",
    "€",
    "any",
    "nil",
];

/// A file with everything in it.
const WHOLE: &str = include_str!("whole.go.txt");

fn soup() -> impl Strategy<Value = String> {
    let word = prop::sample::select(WORDS);
    prop::collection::vec(word, 0..60).prop_map(|words| format!("package p\n{}", words.join(" ")))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_gives_a_sound_tree(source in ".{0,200}") {
        check_sound(&source);
    }

    #[test]
    fn any_bytes_give_a_sound_tree(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        check_sound(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn any_words_give_a_sound_tree(source in soup()) {
        check_sound(&source);
    }

    #[test]
    fn any_words_in_a_function_give_a_sound_tree(source in soup()) {
        check_sound(&source.replacen('\n', "\nfunc f() {\n", 1));
    }

    #[test]
    fn a_file_that_is_cut_off_gives_a_sound_tree(end in 0..WHOLE.len()) {
        check_sound(&WHOLE[..WHOLE.floor_char_boundary(end)]);
    }

    #[test]
    fn a_file_with_a_word_replaced_gives_a_sound_tree(
        start in 0..WHOLE.len(),
        length in 0..20_usize,
        word in prop::sample::select(WORDS),
    ) {
        let start = WHOLE.floor_char_boundary(start);
        let end = WHOLE.floor_char_boundary((start + length).min(WHOLE.len())).max(start);
        check_sound(&format!("{}{word}{}", &WHOLE[..start], &WHOLE[end..]));
    }
}

/// More than any parser with a stack takes without a bound.
const MANY: usize = 100_000;

/// Checks a file on a stack as threads have it by default.
#[track_caller]
fn check_pathological(source: &str, too_deep: bool) {
    let (parsed, said) = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(2 << 20);
        let run = || {
            let arena = Bump::new();
            let file = parse(&arena, source);
            check_nesting(&file);
            let deep = file.errors.iter().filter(|error| error.kind == ErrorKind::TooDeep).count();
            (deep == file.errors.len(), deep)
        };
        thread.spawn_scoped(scope, run).unwrap().join().unwrap()
    });
    assert_eq!(said, usize::from(too_deep), "how often it is said to be too deep");
    assert!(parsed || too_deep, "there are other errors");
}

/// `count` times the opening, the core, and as often the closing.
fn nested(prefix: &str, opening: &str, core: &str, closing: &str, suffix: &str) -> String {
    format!("package p\n{prefix}{}{core}{}{suffix}\n", opening.repeat(MANY), closing.repeat(MANY))
}

#[test]
fn what_nests_a_hundred_thousand_deep_is_said_to_be_too_deep() {
    for source in [
        nested("var x = ", "(", "1", ")", ""),
        nested("var x = ", "- ", "1", "", ""),
        nested("var x = ", "<-", "c", "", ""),
        nested("var x = ", "*", "p", "", ""),
        nested("var x = ", "f(", "1", ")", ""),
        nested("var x = ", "a[", "1", "]", ""),
        nested("var x = ", "[]int{", "1", "}", ""),
        nested("var x = T", "{", "1", "}", ""),
        nested("var x = ", "func() {", "", "}", ""),
        nested("var x = ", "func(x ", "int", ")", ""),
        nested("var x ", "[]", "int", "", ""),
        nested("var x ", "*", "int", "", ""),
        nested("var x ", "(", "int", ")", ""),
        nested("var x ", "map[", "int", "]int", ""),
        nested("var x ", "chan ", "int", "", ""),
        nested("var x ", "func() ", "int", "", ""),
        nested("var x ", "struct { x ", "int", "}", ""),
        nested("var x ", "interface { f(", "int", ") }", ""),
        nested("var x ", "L[", "int", "]", ""),
        nested("type T[P ", "interface{ ~", "int", "}", "] int"),
        nested("func f() {", "{", "", "}", "}"),
        nested("func f() {", "if x {", "", "}", "}"),
        nested("func f() {", "for {", "", "}", "}"),
        nested("func f() {", "switch { case x: ", "", "}", "}"),
        nested("func f() {", "select { default: ", "", "}", "}"),
        nested("func f() {", "l: ", "x()", "", "}"),
        nested("var x = a", ".b", "", "", ""),
        nested("var x = a", ".b()", "", "", ""),
        nested("var x = a", "[0]", "", "", ""),
        nested("var x = a", "(0)", "", "", ""),
        nested("var x = ", "a + b*(", "1", ")", ""),
    ] {
        check_pathological(&source, true);
    }
}

#[test]
fn openings_without_an_end_are_said_to_be_too_deep() {
    for opening in
        ["(", "[", "{", "f(", "[]T{", "func() {", "if x {", "map[", "struct{x ", "(\n", "{\n", "&", "x.("]
    {
        for start in ["package p\nvar x = ", "package p\nfunc f() {\n", "package p\ntype T "] {
            let source = format!("{start}{}", opening.repeat(MANY));
            let arena = Bump::new();
            let file = parse(&arena, &source);
            assert!(!file.errors.is_empty());
            check_nesting(&file);
        }
    }
}

#[test]
fn what_is_long_and_not_deep_is_parsed() {
    for source in [
        nested("var x = a", " + a", "", "", ""),
        nested("var x = a", " + a * b", "", "", ""),
        nested("var x = a", " && f(a.b.c, d.e) == 1", "", "", ""),
        nested("var x = []int{", "1, ", "", "", "}"),
        nested("var x = []T{", "{1, 2}, ", "", "", "}"),
        nested("var x = f(", "1, ", "", "", ")"),
        nested("func f() { if x {}", " else if x {}", "", "", "}"),
        nested("func f() {", "x();", "", "", "}"),
        nested("func f(", "x int, ", "", "", ") {}"),
        nested("func f(", "x, ", "y int", "", ") {}"),
        nested("type T interface { int", "| int", "", "", "}"),
        nested("const (\n", "x\n", "", "", ")"),
        nested("", "func f() {};", "", "", ""),
        nested("func f() {", "x = a.b.c(d).e;", "", "", "}"),
    ] {
        check_pathological(&source, false);
    }
}
