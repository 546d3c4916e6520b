//! The language, construct by construct.

use bumpalo::Bump;

use super::super::ast::{Declaration, File, Span};
use super::super::parse;
use super::{check, check_expression, check_file, check_statement};

#[test]
fn a_file_has_a_package_and_imports() {
    check_file(
        "\u{feff}package p; import \"a\"\nimport (\n\tb \"c/d\"\n\t. `e`; _ \"f\"\n)",
        &["(import \"a\")", "(import b \"c/d\" . `e` _ \"f\")"],
    );
    let arena = Bump::new();
    assert_eq!(parse(&arena, "// doc\npackage p").package.unwrap().text, "p");
}

#[test]
fn constants_know_their_place_in_the_group() {
    check("const a = 1", "(const (a#0 = 1))");
    check("const (\na T = iota\nb\n\nc, d = 1, 2\n)", "(const (a#0 T = iota) (b#1) (c d#2 = 1 2))");
    check("const ()", "(const)");
}

#[test]
fn variables_have_names_types_and_values() {
    check("var a int", "(var (a int))");
    check("var a, b T = f(), 2", "(var (a b T = (call f) 2))");
    check("var (a = 1; b []int)", "(var (a = 1) (b (slice-of int)))");
}

#[test]
fn types_are_declared_and_aliased() {
    check("type A = b.C", "(type (A = b.C))");
    check("type (A B; C D)", "(type (A B) (C D))");
    check("type A[T any] = []T", "(type (A[T any] = (slice-of T)))");
}

#[test]
fn a_bracket_behind_a_type_name_is_a_length_or_type_parameters() {
    check("type T[P any] int", "(type (T[P any] int))");
    check("type T[N]int", "(type (T (array N int)))");
    check("type T[]int", "(type (T (slice-of int)))");
    check("type T[3]int", "(type (T (array 3 int)))");
    check("type T[...]int", "(type (T (array ... int)))");
    check("type T[a.N]int", "(type (T (array a.N int)))");
    check("type T[N * 2]int", "(type (T (array (N * 2) int)))");
    check("type T[P * C]int", "(type (T (array (P * C) int)))");
    check("type T[P *C,] int", "(type (T[P (* C)] int))");
    check("type T[P *C, Q any] int", "(type (T[P (* C), Q any] int))");
    check("type T[P *[]int] int", "(type (T[P (* (slice-of int))] int))");
    check("type T[P (C)]int", "(type (T (array (call P C) int)))");
    check("type T[P (C),] int", "(type (T[P (paren C)] int))");
    check("type T[P ([]int)] int", "(type (T[P (paren (slice-of int))] int))");
    check("type T[P *A|B|~C] int", "(type (T[P ((* A) | B | (~ C))] int))");
    check("type T[P *A|B|C]int", "(type (T (array ((P * A) | B | C) int)))");
    check("type T[P []int] int", "(type (T[P (slice-of int)] int))");
    check("type T[P []int, Q any] int", "(type (T[P (slice-of int), Q any] int))");
    check("type T[P, Q any] int", "(type (T[P Q any] int))");
    check("type T[P interface{ ~int }] int", "(type (T[P (interface (~ int))] int))");
    check("type T[P ~int | string] int", "(type (T[P ((~ int) | string)] int))");
    check("type T[P a.B[C]] int", "(type (T[P a.B[C]] int))");
}

#[test]
fn structs_have_fields_tags_and_embedded_types() {
    check("type T struct{}", "(type (T (struct)))");
    check(
        "type T struct {\n\ta, b int `x`\n\tc D \"y\"\n\tE; *f.G `z`\n\tH[I]\n\tj []K\n\tl [3]M\n\tn [N]O\n\tp q.R[S, T]\n}",
        "(type (T (struct (a b int `x`) (c D \"y\") (embedded E) (embedded (* f.G) `z`) (embedded H[I]) (j (slice-of K)) (l (array 3 M)) (n (array N O)) (p q.R[S T]))))",
    );
}

#[test]
fn interfaces_have_methods_and_type_sets() {
    check("type T interface{}", "(type (T (interface)))");
    check(
        "type T interface {\n\tA()\n\tB(x int) error\n\tc.D\n\tE[F]\n\t~int | G[H]\n\t[]int\n\t*I\n}",
        "(type (T (interface (A ()) (B (x int)(error)) c.D E[F] ((~ int) | G[H]) (slice-of int) (* I))))",
    );
}

#[test]
fn all_other_types() {
    check("type T map[K]*V", "(type (T (map K (* V))))");
    check("type T chan int", "(type (T (chan int)))");
    check("type T chan<- <-chan int", "(type (T (chan<- (<-chan int))))");
    check("type T <-chan (chan int)", "(type (T (<-chan (paren (chan int)))))");
    check("type T func(a, b int, c ...D) (e F, g H)", "(type (T (func-type (a b int, c ...D)(e F, g H))))");
    check("type T func(A, b.C, []D) func()", "(type (T (func-type (A, b.C, (slice-of D))((func-type ())))))");
    check("type T func(...A)", "(type (T (func-type (...A))))");
    check("type T func(a A[B], C [2]D)", "(type (T (func-type (a A[B], C (array 2 D)))))");
    check("type T func(A[B], C[D])", "(type (T (func-type (A[B], C[D]))))");
}

#[test]
fn functions_and_methods() {
    check("func f()", "(func f ())");
    check("func f(a int) (b string, err error) {}", "(func f (a int)(b string, err error) { })");
    check("func (t *T[A, B]) f(_ int) C { return }", "(func (t (* T[A B])) f (_ int)(C) { (return) })");
    check("func (T) f() {}", "(func (T) f () { })");
    check("func f[A any, B, C ~[]A](b B) {}", "(func f[A any, B C (~ (slice-of A))] (b B) { })");
    check("func f(\n\ta int,\n\tb int,\n) {}", "(func f (a int, b int) { })");
}

#[test]
fn literals_of_every_form() {
    for literal in [
        "0",
        "42",
        "1_000",
        "017",
        "0o17",
        "0b1010",
        "0xFF",
        "0x_1f",
        "1.",
        ".5",
        "1.5",
        "1e10",
        "1E+3",
        "08.5",
        "0x1p4",
        "0x1.8p-3",
        "1i",
        "09i",
        "0x1i",
        "1.5e3i",
        "'a'",
        "'\\''",
        "'\\n'",
        "'\\x7f'",
        "'\\377'",
        "'\\u00e9'",
        "'\\U0001F600'",
        "'é'",
        "\"\"",
        "\"a\\\"b\\\\\"",
        "\"é\\u00e9\"",
        "`a\\b\n\"c\"`",
    ] {
        check_expression(literal, literal);
    }
}

#[test]
fn operators_bind_as_they_should() {
    check_expression("a + b - c", "(a + b - c)");
    check_expression("a + b*c - d", "(a + (b * c) - d)");
    check_expression("a*b + c", "((a * b) + c)");
    check_expression("a || b && c == d + e*f", "(a || (b && (c == (d + (e * f)))))");
    check_expression("a*b == c || d", "(((a * b) == c) || d)");
    check_expression("-a * !b", "((- a) * (! b))");
    check_expression("^a &^ b << 2 >> 1", "((^ a) &^ b << 2 >> 1)");
    check_expression("&a.b[1]", "(& a.b[1])");
    check_expression("*a.b", "(* a.b)");
    check_expression("(*a).b", "(paren (* a)).b");
    check_expression("<-a.b()", "(<- (call a.b))");
}

#[test]
fn chains_of_links() {
    check_expression("a.b(c)[d].e.(f.G)", "(call a.b c)[d].e.(f.G)");
    check_expression("a[:]", "(slice a _ _ _)");
    check_expression("a[1:][:2][1:2:3][:2:3]", "(slice (slice (slice (slice a 1 _ _) _ 2 _) 1 2 3) _ 2 3)");
    check_expression("f(a, b...)", "(call f a b ...)");
    check_expression("f(\n\ta,\n\tb,\n)", "(call f a b)");
    check_expression("f[A](x)", "(call f[A] x)");
    check_expression("f[A, []B](x)", "(call f[A (slice-of B)] x)");
    check_expression("f[map[A]B, *C]()", "(call f[(map A B) (* C)])");
    check_expression("a.f[A, b.C,](x)", "(call a.f[A b.C] x)");
}

#[test]
fn a_type_can_stand_where_a_value_does() {
    check_expression("make([]int, 3)", "(call make (slice-of int) 3)");
    check_expression("new(T)", "(call new T)");
    check_expression("new(1 + x)", "(call new (1 + x))");
    check_expression("[]byte(s)", "(call (slice-of byte) s)");
    check_expression("map[A]B(c)", "(call (map A B) c)");
    check_expression("(*T)(nil)", "(call (paren (* T)) nil)");
    check_expression("(func())(x)", "(call (paren (func-type ())) x)");
    check_expression("func() int(x)", "(call (func-type ()(int)) x)");
    check_expression("interface{}(x)", "(call (interface) x)");
    check_expression("chan int(x)", "(call (chan int) x)");
    check_expression("struct{}{}", "(lit (struct))");
    check_expression(
        "f(func(int) string, chan<- T, [...]int{1})",
        "(call f (func-type (int)(string)) (chan<- T) (lit (array ... int) 1))",
    );
}

#[test]
fn an_arrow_before_a_channel_type_belongs_to_it() {
    check_expression("f(<-chan int)", "(call f (<-chan int))");
    check_expression("<-chan int(x)", "(<- (call (chan int) x))");
    check_expression("(<-chan int)(x)", "(call (paren (<-chan int)) x)");
    check_expression("f(<-chan<- chan T)", "(call f (<-chan (<-chan T)))");
    check_expression("f(<-chan (chan T))", "(call f (<-chan (paren (chan T))))");
    check_expression("<-<-c", "(<- (<- c))");
}

#[test]
fn composite_literals() {
    check_expression("T{}", "(lit T)");
    check_expression("&a.T{x: 1, y: 2}", "(& (lit a.T x: 1 y: 2))");
    check_expression("[]T{{1}, {x: 2}, 3: {4},}", "(lit (slice-of T) (lit 1) (lit x: 2) 3: (lit 4))");
    check_expression("map[K]V{{1}: {2}}", "(lit (map K V) (lit 1): (lit 2))");
    check_expression("[...]int{1, 2}", "(lit (array ... int) 1 2)");
    check_expression("T[A]{1}", "(lit T[A] 1)");
    check_expression("a.T[A, B]{}", "(lit a.T[A B])");
    check_expression("T{1}.x", "(lit T 1).x");
    check_expression("T{\n\ta: 1,\n\tb: T{\n\t\tc: 2,\n\t},\n}", "(lit T a: 1 b: (lit T c: 2))");
}

#[test]
fn function_literals() {
    check_expression("func() {}", "(func () { })");
    check_expression("func(a int) (b T) { return c }(1)", "(call (func (a int)(b T) { (return c) }) 1)");
    check_expression("func() func() { return nil }", "(func ()((func-type ())) { (return nil) })");
}

#[test]
fn simple_statements() {
    check_statement("f()", "(call f)");
    check_statement("a, b = c, d", "(= a b | c d)");
    check_statement("a, b := f()", "(:= a b | (call f))");
    check_statement("a += 1; a &^= b; a <<= 2", "(+= a | 1) (&^= a | b) (<<= a | 2)");
    check_statement("a++; b.c--", "(++ a) (-- b.c)");
    check_statement("c <- 1 + 2", "(send c (1 + 2))");
    check_statement("<-c", "(<- c)");
    check_statement("*p = 1", "(= (* p) | 1)");
    check_statement("go f(1); defer a.b()", "(go (call f 1)) (defer (call a.b))");
    check_statement("return; return 1, 2", "(return) (return 1 2)");
    check_statement("var a int; const b = 1; type c d", "(var (a int)) (const (b#0 = 1)) (type (c d))");
    check_statement("{ a() }; {}", "{ (call a) } { }");
    check_statement(";", "empty");
}

#[test]
fn labels_and_jumps() {
    check_statement("a: f()", "(label a (call f))");
    check_statement("a:\n\tfor {\n\t\tbreak a\n\t}", "(label a (for _ _ _ { (break a) }))");
    check_statement("goto a; break; continue a; fallthrough", "(goto a) (break) (continue a) (fallthrough)");
    check_statement("a:", "(label a empty)");
    check_statement("a: b: f()", "(label a (label b (call f)))");
}

#[test]
fn conditions() {
    check_statement("if a { b() }", "(if (a { (call b) }))");
    check_statement("if a := f(); a { }", "(if ((:= a | (call f)); a { }))");
    check_statement("if ; a { }", "(if (a { }))");
    check_statement("if a {} else if b; c {} else { d() }", "(if (a { }) (b; c { }) { (call d) })");
}

#[test]
fn a_brace_in_a_head_begins_the_body_unless_there_are_brackets() {
    check_statement("if a == b { }", "(if ((a == b) { }))");
    check_statement("if a == (T{1}) { }", "(if ((a == (paren (lit T 1))) { }))");
    check_statement("if f(T{1}) { }", "(if ((call f (lit T 1)) { }))");
    check_statement("if a[T{1}] { }", "(if (a[(lit T 1)] { }))");
    check_statement("for range []int{1} { }", "(range (lit (slice-of int) 1) { })");
    check_statement("if x := []T{{1}}; x { }", "(if ((:= x | (lit (slice-of T) (lit 1))); x { }))");
    check_statement("if f(func() { x = T{} }) { }", "(if ((call f (func () { (= x | (lit T)) })) { }))");
    check_statement(
        "if func() bool { if x {}; return T{} == y }() { }",
        "(if ((call (func ()(bool) { (if (x { })) (return ((lit T) == y)) })) { }))",
    );
    check_statement("switch a { }", "(switch a)");
    check_statement("for a.b { }", "(for _ a.b _ { })");
    check_statement("if struct{}{} == x { }", "(if (((lit (struct)) == x) { }))");
}

#[test]
fn loops() {
    check_statement("for { }", "(for _ _ _ { })");
    check_statement("for a { }", "(for _ a _ { })");
    check_statement("for i := 0; i < n; i++ { }", "(for (:= i | 0) (i < n) (++ i) { })");
    check_statement("for ;; { }", "(for _ _ _ { })");
    check_statement("for ; a; { }", "(for _ a _ { })");
    check_statement("for i = 0; ; i = f() { }", "(for (= i | 0) _ (= i | (call f)) { })");
    check_statement("for range x { }", "(range x { })");
    check_statement("for range 10 { }", "(range 10 { })");
    check_statement("for k := range x { }", "(range k := x { })");
    check_statement("for k, v = range f(x) { }", "(range k v = (call f x) { })");
    check_statement("for a[0], b.c = /* all */ range x { }", "(range a[0] b.c = x { })");
    check_statement(
        "for i := range func(yield func(int) bool) { } { }",
        "(range i := (func (yield (func-type (int)(bool))) { }) { })",
    );
}

#[test]
fn switches() {
    check_statement("switch { case a, b: c(); default: }", "(switch _ (case a b: (call c)) (default:))");
    check_statement("switch x := f(); x { }", "(switch (:= x | (call f)); x)");
    check_statement("switch x := f(); { }", "(switch (:= x | (call f)); _)");
    check_statement("switch x.(type) { case int, []T: }", "(type-switch x (case int (slice-of T):))");
    check_statement("switch y := x.(type) { }", "(type-switch y := x)");
    check_statement(
        "switch a(); y := x.(type) { case nil: b() }",
        "(type-switch (call a); y := x (case nil: (call b)))",
    );
    check_statement(
        "switch a { case b:\n\tc()\n\tfallthrough\ncase T{1}: }",
        "(switch a (case b: (call c) (fallthrough)) (case (lit T 1):))",
    );
}

#[test]
fn selects() {
    check_statement(
        "select { case <-a: b(); case c <- d: ; case x, ok := <-e: ; case y = <-f: ; default: g() }",
        "(select (case (<- a): (call b)) (case (send c d): empty) (case (:= x ok | (<- e)): empty) (case (= y | (<- f)): empty) (default: (call g)))",
    );
    check_statement("select {}", "(select)");
}

#[test]
fn the_end_of_a_line_is_a_semicolon_behind_what_can_end_a_statement() {
    check_statement("a()\nb()", "(call a) (call b)");
    check_statement("a(\nb)", "(call a b)");
    check_statement("a.\nb()", "(call a.b)");
    check_statement("a = b +\n\tc", "(= a | (b + c))");
    check_statement("a() /* one line */ ; b()", "(call a) (call b)");
    check_statement("a() /* two\nlines */ b()", "(call a) (call b)");
    check_statement("a() // comment\nb()", "(call a) (call b)");
    check_statement("return /* two\nlines */ a", "(return) a");
    check_statement("if a { b() }; c()", "(if (a { (call b) })) (call c)");
    check_statement("if a {\r\n\tb()\r\n}\r\nc()", "(if (a { (call b) })) (call c)");
}

#[test]
fn names_beyond_ascii() {
    check("var größe, 世界 = ñ_1, x٣", "(var (größe 世界 = ñ_1 x٣))");
}

/// The text that a node spans.
fn spanned(file: &File<'_>, span: Span) -> String {
    file.text(span).to_owned()
}

#[test]
fn spans_are_those_of_the_text() {
    let source = "package p\n\nvar (\n\ta = 1 // one\n)\n\nfunc (t T) f() (x int) { a.b(c).d(e) ; } // end\nconst c, d = 1, f(\n2,\n)\n";
    let arena = Bump::new();
    let file = parse(&arena, source);
    let spans: Vec<_> =
        file.declarations.iter().map(|declaration| spanned(&file, declaration.span())).collect();
    assert_eq!(
        spans,
        ["var (\n\ta = 1 // one\n)", "func (t T) f() (x int) { a.b(c).d(e) ; }", "const c, d = 1, f(\n2,\n)",]
    );
    let Declaration::Var(group) = file.declarations[0] else { panic!() };
    assert_eq!(spanned(&file, group.specs[0].span), "a = 1");
    let Declaration::Function(function) = file.declarations[1] else { panic!() };
    assert_eq!(spanned(&file, function.signature.span), "() (x int)");
    assert_eq!(spanned(&file, function.receiver.unwrap().span), "t T");
    let statement = function.body.unwrap().statements[0];
    assert_eq!(spanned(&file, statement.span), "a.b(c).d(e)");
}

/// Compares the comments above the marker `@` of a file.
#[track_caller]
fn check_doc(source: &str, expected: &[&str]) {
    let at = source.find('@').unwrap();
    let source = source.replace('@', "");
    let arena = Bump::new();
    let file = parse(&arena, &source);
    let doc = file.doc(u32::try_from(at).unwrap());
    assert_eq!(doc.iter().map(|comment| comment.text).collect::<Vec<_>>(), expected, "{source}");
}

#[test]
fn the_doc_of_a_declaration_stands_right_above_it() {
    check_doc("package p\n// a\n//encore:api\n@func f() {}\n", &["// a", "//encore:api"]);
    check_doc("package p\n// a\n\n// b\n@func f() {}\n", &["// b"]);
    check_doc("package p\n// a\n\n@func f() {}\n", &[]);
    check_doc("package p\n/* a\nb */\n// c\r\n@func f() {}\n", &["/* a\nb */", "// c"]);
    check_doc("package p\n/* a */ @func f() {}\n", &[]);
    check_doc("package p\nvar x int // behind\n@func f() {}\n", &[]);
    check_doc("package p\nvar x int // behind\n// own\n@func f() {}\n", &["// own"]);
    check_doc("package p\nvar x int /* a */ // b\n@func f() {}\n", &[]);
    check_doc("package p\ntype t struct {\n\t// a\n\t@b int\n}\n", &["// a"]);
    check_doc("package p\nconst (\n\ta = 1 // a\n\t// b\n\t@b = 2\n)\n", &["// b"]);
    check_doc("// doc\n@package p\n", &["// doc"]);
    check_doc("\u{feff}// doc\n@package p\n", &["// doc"]);
    check_doc("package p\n// é\n@func f() {}\n", &["// é"]);
}

#[test]
fn the_file_with_everything_has_no_errors() {
    let arena = Bump::new();
    let file = parse(&arena, include_str!("whole.go.txt"));
    assert_eq!(file.errors, []);
    assert_eq!(file.declarations.len(), 10);
}
