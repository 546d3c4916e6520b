//! What is said of a file that is not Go, and what is left of it.

use super::check_errors;

#[test]
fn an_error_in_a_statement_does_not_hide_the_next() {
    check_errors(
        "package p\nfunc f() {\n\tx := := 3\n\ty()\n}\nvar a = 1\n",
        &["3:7 expected an expression, found `:=`"],
        &["(func f () { (:= x | BAD) (call y) })", "(var (a = 1))"],
    );
    check_errors(
        "package p\nfunc f() {\n\tfoo bar\n\ty()\n}\n",
        &["3:6 expected the end of the line or `;`, found `bar`"],
        &["(func f () { foo (call y) })"],
    );
}
