//! What is said of a file that is not Go, and what is left of it.

use bumpalo::Bump;

use super::super::parse;
use super::check_errors;

/// Checks a file that has exactly one error, and what is left of its declarations.
#[track_caller]
fn check_error(source: &str, error: &str, declarations: &[&str]) {
    check_errors(source, &[error], declarations);
}

/// Checks what is said of a number, string or rune.
#[track_caller]
fn check_literal(literal: &str, message: &str) {
    let arena = Bump::new();
    let source = format!("package p\nvar x = {literal}\n");
    let file = parse(&arena, &source);
    let said: Vec<_> = file.errors.iter().map(|error| error.message).collect();
    assert_eq!(said, [message], "{literal}");
}

#[test]
fn an_error_in_a_statement_does_not_hide_the_next() {
    check_error(
        "package p\nfunc f() {\n\tx := := 3\n\ty()\n}\nvar a = 1\n",
        "3:7 expected an expression, found `:=`",
        &["(func f () { (:= x | BAD) (call y) })", "(var (a = 1))"],
    );
    check_error(
        "package p\nfunc f() {\n\tfoo bar\n\ty()\n}\n",
        "3:6 expected the end of the line or `;`, found `bar`",
        &["(func f () { foo (call y) })"],
    );
    check_error(
        "package p\nfunc f() {\n\tx = ;\n\ty()\n}\n",
        "3:6 expected an expression, found `;`",
        &["(func f () { (= x | BAD) (call y) })"],
    );
}

#[test]
fn a_forgotten_bracket_hides_one_statement_at_most() {
    check_error(
        "package p\nfunc f() {\n\tx(a, b\n\ty()\n}\n",
        "3:8 expected `,` or the end of the arguments, found the end of the line",
        &["(func f () { (call x a b) (call y) })"],
    );
    check_error(
        "package p\nfunc f() {\n\tx(a b)\n\ty()\n}\n",
        "3:6 expected `,` or the end of the arguments, found `b`",
        &["(func f () { (call x a b) (call y) })"],
    );
    check_error(
        "package p\nvar x = f(\n\ta,\n\tb\n)\nvar y = 1\n",
        "4:3 expected `,` or the end of the arguments, found the end of the line",
        &["(var (x = (call f a b)))", "(var (y = 1))"],
    );
}

#[test]
fn a_forgotten_brace_does_not_swallow_the_next_function() {
    check_error(
        "package p\nfunc f() {\n\tif x {\n\t\ty()\n}\n\nfunc g() {}\n",
        "7:1 expected `}`, found `func`",
        &["(func f () { (if (x { (call y) })) })", "(func g () { })"],
    );
    check_error(
        "package p\nfunc f() {\n\ty()\n\nfunc (t *T) g() {}\n",
        "5:1 expected `}`, found `func`",
        &["(func f () { (call y) })", "(func (t (* T)) g () { })"],
    );
    check_errors(
        "package p\nfunc f() {\nfunc (t T) (x int) {}()\n}\n",
        &[],
        &["(func f () { (call (func (t T)(x int) { })) })"],
    );
}

#[test]
fn what_is_no_declaration_does_not_hide_those_behind_it() {
    check_error(
        "package p\nfoo bar {\n\tvar x = 1\n}\nvar y = 2\n",
        "2:1 expected a declaration, found `foo`",
        &["(var (y = 2))"],
    );
    check_error("package p\n}\nfunc f() {}\n", "2:1 expected a declaration, found `}`", &["(func f () { })"]);
    check_error("func f() {}\n", "1:1 expected `package`, found `func`", &["(func f () { })"]);
    check_error("", "1:1 expected `package`, found the end of the file", &[]);
}

#[test]
fn what_is_no_field_does_not_hide_those_behind_it() {
    check_error(
        "package p\ntype T struct {\n\ta int = 1\n\tb int\n}\nvar x int\n",
        "3:8 expected the end of the line, found `=`",
        &["(type (T (struct (a int) (b int))))", "(var (x int))"],
    );
    check_error(
        "package p\ntype T struct {\n\t3\n\tb int\n}\n",
        "3:2 expected a field, found `3`",
        &["(type (T (struct (b int))))"],
    );
}

#[test]
fn what_only_the_grammar_forbids_is_said() {
    for (statement, message) in [
        ("go f", "expected a call behind `go`, without parentheses around it"),
        ("defer (f())", "expected a call behind `defer`, without parentheses around it"),
        (
            "if x := 1 { }",
            "expected a condition, found a statement; a composite literal needs parentheses here",
        ),
        ("if { }", "expected a condition, found `{`"),
        ("if x; { }", "expected a condition behind the `;`"),
        ("if x\n{ }", "the `{` must stand on the line of the `if`"),
        ("for a, b, c := range x { }", "a `range` gives two values at most"),
        ("switch x = y.(type) { }", "a type switch declares its variable with `:=`"),
        ("select { case x: case a, b = <-c, <-d: }", "expected a send or a receive"),
        ("x.y: z()", "a label is a name"),
        ("x = a[1::2]", "a slice with two `:` has a bound behind each"),
        ("x = (T){}", "the type of a composite literal has no parentheses"),
        ("a, b++", "expected one expression, or `=` behind them"),
        ("f(a..., b)", "the argument with `...` is the last one"),
        ("~x", "expected a statement, found `~`"),
    ] {
        let arena = Bump::new();
        let source = format!("package p\nfunc f() {{\n{statement}\n}}\nvar y int\n");
        let file = parse(&arena, &source);
        assert_eq!(file.errors.first().map(|error| error.message), Some(message), "{statement}");
        assert_eq!(file.declarations.len(), 2, "{statement}");
    }
    for (declaration, message) in [
        ("type T[] int\ntype U[P] = int", "expected a type, found `=`"),
        ("func f[]() {}", "the list of type parameters is empty"),
        ("func f[T]() {}", "this type parameter has no constraint"),
        ("func (T) f[P any]() {}", "a method has no type parameters"),
        ("func f(a int, string) {}", "this parameter has no type"),
        ("func f(a int, []string) {}", "this parameter has no name, but others have one"),
        ("func f(a ...int, b int) {}", "only the last parameter of a function can have `...`"),
        ("func f() (a ...int) {}", "only the last parameter of a function can have `...`"),
        ("func f()\n{}", "the `{` must stand on the line of the `func`"),
        ("type T struct { (U) }", "an embedded type has no parentheses"),
        ("type T interface { m[P any]() }", "expected `,` or the end of the type arguments, found `any`"),
        ("import x", "expected the path of a package, as a string, found the end of the line"),
        ("var x int\nimport \"a\"", "imports stand before all other declarations"),
    ] {
        let arena = Bump::new();
        let source = format!("package p\n{declaration}\n");
        let file = parse(&arena, &source);
        assert_eq!(file.errors.first().map(|error| error.message), Some(message), "{declaration}");
    }
}

#[test]
fn wrong_literals_are_said_and_taken() {
    check_literal("0x", "this number has no digits");
    check_literal("0b12", "this number has a digit that its base does not have");
    check_literal("089", "this number has a digit that its base does not have");
    check_literal("1__0", "`_` must stand between digits");
    check_literal("1_", "`_` must stand between digits");
    check_literal("1e", "this exponent has no digits");
    check_literal("0x1.5", "a hexadecimal number with a point must have a `p` exponent");
    check_literal("1p5", "a `p` exponent belongs to a hexadecimal number");
    check_literal("0b1.0", "only decimal and hexadecimal numbers can have a point");
    check_literal("\"a\\q\"", "Go does not know this escape");
    check_literal("\"\\x1\"", "this escape has too few digits");
    check_literal("'\\400'", "this escape is no character");
    check_literal("\"\\ud800\"", "this escape is no character");
    check_literal("\"abc", "this string has no end");
    check_literal("`abc", "this string has no end");
    check_literal("'a", "this rune has no end");
    check_literal("''", "a rune is one character");
    check_literal("'ab'", "a rune is one character");
    check_literal("1 /* abc", "this comment has no end");
    check_literal("1 \u{20ac}", "this character cannot stand here");
    check_literal("1\0", "a NUL character cannot stand here");
    check_literal("1\u{feff}", "a byte order mark can stand at the start of the file only");
}
