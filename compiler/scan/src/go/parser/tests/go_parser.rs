//! Go's own parser as the judge of what is valid, and where things are.

use std::fmt::Write as _;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use bumpalo::Bump;

use super::super::ast::{Declaration, ExpressionKind, File, Span};
use super::super::parse;
use super::super::walk::{self, Node};
use super::corpus;

/// Reads names of files, and writes a line for each: `ok` and the places of calls, composite and function literals and
/// functions in the order of the source, or the first error.
const JUDGE: &str = r#"package main

import (
	"bufio"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
)

func main() {
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, in.Text(), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			fmt.Fprintf(out, "%q\n", err.Error())
			continue
		}
		fmt.Fprint(out, "ok")
		at := func(pos token.Pos) int { return files.PositionFor(pos, false).Offset }
		ast.Inspect(file, func(node ast.Node) bool {
			switch node := node.(type) {
			case *ast.CallExpr:
				fmt.Fprintf(out, " call:%d-%d", at(node.Pos()), at(node.End()))
			case *ast.CompositeLit:
				fmt.Fprintf(out, " literal:%d-%d", at(node.Pos()), at(node.End()))
			case *ast.FuncLit:
				fmt.Fprintf(out, " closure:%d-%d", at(node.Pos()), at(node.End()))
			case *ast.FuncDecl:
				fmt.Fprintf(out, " func:%d-%d", at(node.Pos()), at(node.End()))
			}
			return true
		})
		fmt.Fprintln(out)
	}
}
"#;

/// What Go's parser says of each file.
fn judge(files: &[PathBuf]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("judge.go");
    fs::write(&program, JUDGE).unwrap();
    let names = files.iter().map(|file| format!("{}\n", file.display())).collect::<Vec<_>>().concat();
    let list = folder.path().join("files");
    fs::File::create(&list).unwrap().write_all(names.as_bytes()).unwrap();
    let output = Command::new("go")
        .arg("run")
        .arg(&program)
        .current_dir(folder.path())
        .env("GOTOOLCHAIN", "local")
        .stdin(fs::File::open(&list).unwrap())
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success(), "the judge failed");
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// The same line of what is parsed here.
fn places(file: &File<'_>) -> String {
    let mut places = vec![];
    let mut add = |sort: &'static str, span: Span| places.push((span.start, sort, span.end));
    walk::all(file, &mut |node| match node {
        Node::Declaration(Declaration::Function(function)) => add("func", function.span),
        Node::Expression(expression) => match expression.kind {
            ExpressionKind::Call(_) => add("call", expression.span),
            ExpressionKind::Composite(_) => add("literal", expression.span),
            ExpressionKind::FunctionLiteral(_) => add("closure", expression.span),
            _ => {}
        },
        _ => {}
    });
    places.iter().fold("ok".to_owned(), |mut line, (start, sort, end)| {
        write!(line, " {sort}:{start}-{end}").unwrap();
        line
    })
}

/// How the judge and we agree.
#[derive(Debug, Default)]
struct Verdict {
    accepted: usize,
    refused: usize,
    /// Go's parser takes it, and we do not.
    refused_by_us_only: Vec<String>,
    /// We take it, and Go's parser does not.
    accepted_by_us_only: Vec<String>,
    misplaced: Vec<String>,
}

fn compare(files: &[PathBuf]) -> Verdict {
    let mut verdict = Verdict::default();
    let said = judge(files);
    assert_eq!(said.len(), files.len());
    for (path, said) in files.iter().zip(said) {
        let Ok(source) = fs::read_to_string(path) else { continue };
        let arena = Bump::new();
        let file = parse(&arena, &source);
        let name = path.display();
        match (said.starts_with("ok"), file.errors.first()) {
            (true, None) => {
                verdict.accepted += 1;
                if places(&file) != said {
                    verdict.misplaced.push(format!("{name}: {}", first_difference(&places(&file), &said)));
                }
            }
            (false, Some(_)) => verdict.refused += 1,
            (true, Some(error)) => {
                let at = source[..error.span.start as usize].matches('\n').count() + 1;
                verdict.refused_by_us_only.push(format!("{name}:{at}: {}", error.message));
            }
            (false, None) => verdict.accepted_by_us_only.push(said),
        }
    }
    verdict
}

fn first_difference(ours: &str, theirs: &str) -> String {
    let mut pairs = ours.split(' ').zip(theirs.split(' '));
    let (ours, theirs) = pairs.find(|(ours, theirs)| ours != theirs).unwrap_or(("an end", "or an end"));
    format!("{ours} and not {theirs}")
}

#[test]
fn go_finds_the_same_in_its_standard_library() {
    let Some(sources) = corpus::standard_library() else {
        eprintln!("skipped: there is no Go installation to ask");
        return;
    };
    let verdict = compare(&corpus::sample(&sources));
    eprintln!("go/parser and we accept {} and refuse {}", verdict.accepted, verdict.refused);
    assert_eq!(verdict.refused_by_us_only, [""; 0]);
    assert_eq!(verdict.accepted_by_us_only, [""; 0]);
    assert_eq!(verdict.misplaced, [""; 0]);
    assert!(verdict.accepted > 0);
}

/// Folders of Go's own tests for what is valid and what is not.
const TEST_DATA: &[&str] =
    &["go/parser/testdata", "internal/types/testdata", "cmd/compile/internal/syntax/testdata", "../test"];

/// What only Go's type checker refuses, and our tree has no place for.
const NOT_KEPT: &[(&str, &str)] =
    &[("test/syntax/typesw.go", "a type switch over what is no name: `switch main() := x.(type)`")];

#[test]
fn go_accepts_and_refuses_the_same_of_its_test_data() {
    let Some(sources) = corpus::standard_library() else {
        eprintln!("skipped: there is no Go installation to ask");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole.go");
    fs::write(&whole, include_str!("whole.go.txt")).unwrap();
    let of = |folder: &&str| corpus::files_below(&sources.join(Path::new(folder)), &[".go", ".go2", ".src"]);
    let files: Vec<_> = TEST_DATA.iter().flat_map(of).chain([whole]).collect();
    let verdict = compare(&files);
    eprintln!("go/parser and we accept {} and refuse {}", verdict.accepted, verdict.refused);
    assert_eq!(verdict.refused_by_us_only, [""; 0]);
    assert_eq!(verdict.accepted_by_us_only, [""; 0]);
    let misplaced = |name: &&String| !NOT_KEPT.iter().any(|(file, _)| name.contains(file));
    assert_eq!(verdict.misplaced.iter().filter(misplaced).collect::<Vec<_>>(), [""; 0]);
}
