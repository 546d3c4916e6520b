use super::*;

fn check(text: &str, expected: Option<&[&str]>) {
    let found = bodies(text);
    let found: Option<Vec<&str>> =
        found.as_ref().map(|found| found.iter().map(|body| &text[body.clone()]).collect());
    assert_eq!(found.as_deref(), expected, "{text}");
}

#[test]
fn bodies_of_functions_and_classes_are_found() {
    check("function f() { a }", Some(&[" a "]));
    check("async function* f<T extends () => { x: 1 }>(a = {}, b = ')') { a { b } }", Some(&[" a { b } "]));
    check("export default class { a() { b } }", Some(&[" a() { b } "]));
    check("class A<T> extends B.c<{ d: 1 }>(e, {}) implements F, G { h }", Some(&[" h "]));
    check("const f = (a: { b: c }) => { d }, g = x => ({ e: () => { f } });", Some(&[" d ", " f "]));
    check("api({ a: 1 }, async () => {\n b\n});", Some(&["\n b\n"]));
}

#[test]
fn the_type_of_a_result_is_no_body() {
    check("function f(): { a: 1 } { b }", Some(&[" b "]));
    check("function f(a: A): a is { b: 1 } | C[] & (() => { d: 1 }) { e }", Some(&[" e "]));
    check("function f(): Promise<{ a: 1 }>\nfunction f(): 'x' | -1 { b }", Some(&[" b "]));
    check("function f(): void\nfunction f(a): asserts a { b }", Some(&[" b "]));
}

#[test]
fn words_are_told_from_fields() {
    check("a.function = { class: { b: 1 }, function: { c: 1 } }; const d = { class() { e } };", Some(&[]));
    check("interface A { class: { b: 1 }; functions(): { c: 1 } }", Some(&[]));
}

#[test]
fn braces_in_text_are_none() {
    check(
        "function f() { '}' + \"\\\"}\" + `}${`${'}'}`}}` /* } */ // }\n }",
        Some(&[" '}' + \"\\\"}\" + `}${`${'}'}`}}` /* } */ // }\n "]),
    );
    check("() => { a = /}/ }", Some(&[" a = /}/ "]));
    check("() => { if (a(b)) /}/.test(c) }", Some(&[" if (a(b)) /}/.test(c) "]));
    check("() => { a(b) / c / d } // }", Some(&[" a(b) / c / d "]));
    check("() => { return /[/}]\\/}/ }", Some(&[" return /[/}]\\/}/ "]));
    check("() => { a / b; c['d'] / 1 / 2 }", Some(&[" a / b; c['d'] / 1 / 2 "]));
}

#[test]
fn where_a_parser_would_be_needed_nothing_is_said() {
    for text in [
        "() => { a",
        "() => { 'a\n' }",
        "() => { `a }",
        "() => { {} / a / b }",
        "() => { a++ / b / c }",
        "() => { a! / b / c }",
        "() => { a // b\n / c / d }",
        "class A + B {}",
        "function f(): A = B {}",
        "() => { /*",
        &format!("() => {{ {} }}", "`${".repeat(1_000)),
    ] {
        check(text, None);
    }
}

#[test]
fn strange_bytes_are_survived() {
    for text in
        ["", "#!", "=>", "=> ", "function", "class", "function f(", "class A<", "/", "\\", "é/é/é", "<>", ">"]
    {
        bodies(text);
    }
}
