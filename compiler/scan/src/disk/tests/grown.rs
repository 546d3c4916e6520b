//! A file says more: where that concerns a part of the app alone, no more is put together, and else everything is.

use super::cache::Stage;
use super::write;
use crate::disk::Together;

/// Adds to a file, and compares with a scan without a cache.
#[track_caller]
fn check(files: &[(&str, &str)], path: &str, more: &str, expected: Together) {
    let stage = Stage::of(files);
    stage.check();
    let text = std::fs::read_to_string(stage.root().join(path)).unwrap();
    write(&stage.root(), path, text + more);
    assert_eq!(stage.check().together, expected, "{more}");
    assert_eq!(stage.check().together, Together::Nothing, "it is known now");
}

/// Two services in Go and shared code; in one of the services are these files as well.
#[track_caller]
fn check_go(others: &[(&str, &str)], more: &str, expected: Together) {
    let mut files = vec![
        ("encore.app", r#"{"lang": "go"}"#),
        ("go.mod", "module example.com/app\n"),
        (
            "a/a.go",
            "package a\nimport (\"encore.dev/storage/objects\"; \"example.com/app/lib\"; \"example.com/app/b\")\n\
             //encore:api public\nfunc A() { lib.Known(); b.B() }\nvar own = objects.NewBucket(\"own\", objects.BucketConfig{})\n",
        ),
        (
            "b/b.go",
            "package b\nimport \"encore.dev/storage/objects\"\n//encore:api public\nfunc B() {}\n\
             var Files = objects.NewBucket(\"b\", objects.BucketConfig{})\n",
        ),
        (
            "lib/lib.go",
            "package lib\nimport \"example.com/app/b\"\nfunc Known() {}\nfunc Help() { b.Files.List(ctx) }\n",
        ),
    ];
    files.extend(others);
    check(&files, "a/a.go", more, expected);
}

const BUCKET: &str = "var More = objects.NewBucket(\"more\", objects.BucketConfig{})\n";

#[test]
fn what_is_declared_in_go_concerns_a_part() {
    check_go(&[], "//encore:api public path=/x\nfunc More() { own.List(ctx) }\n", Together::Part);
    check_go(&[], &format!("{BUCKET}func f() {{ More.Upload(ctx, `x`); b.B() }}\n"), Together::Part);
    check_go(&[], "var secrets struct { Key string }\n", Together::Part);
    check_go(&[], "//encore:api odd\nfunc More() {}\n", Together::Part);
}

#[test]
fn what_others_name_in_go_concerns_them() {
    let user = "package b\nimport \"example.com/app/a\"\nfunc f() { a.More.Upload(ctx, `x`) }\n";
    check_go(&[("b/user.go", user)], BUCKET, Together::All);
    check_go(&[("a/user.go", "package a\nfunc f() { More.Upload(ctx, `x`) }\n")], BUCKET, Together::All);
    let typed = "package b\nimport \"example.com/app/a\"\nfunc f(x a.T) { x.Do() }\n";
    let others = [("b/typed.go", typed), ("a/type.go", "package a\n//encore:api\ntype T struct{}\n")];
    check_go(&others, "func (t T) Do() { own.List(ctx) }\n", Together::All);
}

#[test]
fn what_leads_elsewhere_in_go_concerns_more() {
    check_go(&[], "func f() { lib.Help() }\n", Together::All);
    check_go(&[], "func f() { b.Files.List(ctx) }\n", Together::All);
    let middleware = "package mw\nimport \"encore.dev/middleware\"\nimport \"example.com/app/b\"\n//encore:middleware global target=tag:more\n\
        func M(req middleware.Request, next middleware.Next) middleware.Response { return help(next(req)) }\n";
    let help =
        "package mw\nimport \"example.com/app/b\"\nfunc help(x any) any { b.Files.List(ctx); return x }\n";
    check_go(
        &[("mw/mw.go", middleware), ("mw/help.go", help)],
        "//encore:api public tag:more\nfunc More() {}\n",
        Together::All,
    );
}

#[test]
fn what_says_less_or_something_else_concerns_everything() {
    let stage = Stage::of(&[
        ("encore.app", r#"{"lang": "go"}"#),
        ("go.mod", "module example.com/app\n"),
        ("a/a.go", "package a\n//encore:api public\nfunc A() {}\n//encore:api public\nfunc B() {}\n"),
    ]);
    stage.check();
    for text in [
        "package a\n//encore:api public\nfunc A() {}\n",
        "package a\n//encore:api private\nfunc A() {}\n",
        "package a\n//encore:api private\nfunc A() { A() }\n",
    ] {
        write(&stage.root(), "a/a.go", text);
        assert_eq!(stage.check().together, Together::All, "{text}");
    }
}

/// Two services in TypeScript and shared code, with these files as well.
#[track_caller]
fn check_typescript(others: &[(&str, &str)], more: &str, expected: Together) {
    let service = "import { Service } from 'encore.dev/service';\nexport default new Service('x');\n";
    let mut files = vec![
        ("encore.app", r#"{"lang": "typescript"}"#),
        ("a/encore.service.ts", service),
        ("b/encore.service.ts", service),
        (
            "a/a.ts",
            "import { api } from 'encore.dev/api';\nimport { Bucket } from 'encore.dev/storage/objects';\n\
             import { help } from '../lib/help';\nexport const own = new Bucket('own', {});\n",
        ),
        (
            "b/b.ts",
            "import { Bucket } from 'encore.dev/storage/objects';\nexport const files = new Bucket('b', {});\n",
        ),
        (
            "lib/help.ts",
            "import { files } from '../b/b';\nexport function help(x: any) { x.list(); files.upload('x', y); }\n",
        ),
    ];
    files.extend(others);
    check(&files, "a/a.ts", more, expected);
}

#[test]
fn what_is_declared_in_typescript_concerns_a_part() {
    check_typescript(
        &[],
        "export const more = api({ expose: true }, async () => { own.list(); });\n",
        Together::Part,
    );
    let bucket =
        "export const more = new Bucket('more', {});\nexport function f() { more.upload('x', y); }\n";
    check_typescript(&[], bucket, Together::Part);
    check_typescript(&[], "import { files } from '../b/b';\nfiles.list();\n", Together::Part);
}

#[test]
fn what_others_name_in_typescript_concerns_them() {
    let bucket = "export const more = new Bucket('more', {});\n";
    let user = "import { more } from '../a/a';\nexport function f() { more.upload('x', y); }\n";
    check_typescript(&[("b/user.ts", user)], bucket, Together::All);
    let all = "import * as all from '../a/a';\nexport function f() { all.more.upload('x', y); }\n";
    check_typescript(&[("b/user.ts", all)], bucket, Together::All);
}

#[test]
fn what_leads_elsewhere_in_typescript_concerns_more() {
    check_typescript(&[], "help(own);\n", Together::All);
    let loaded = "import { files } from '../b/b';\nfiles.remove('x');\n";
    check_typescript(&[("lib/more.ts", loaded)], "import '../lib/more';\n", Together::All);
}
