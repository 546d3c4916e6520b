use proptest::prelude::*;

use super::*;
use crate::Code;

fn span(file: &str, line: u32, column: u32, end_line: u32, end_column: u32) -> Span {
    Span { file: file.to_owned(), line, column, end_line, end_column }
}

/// Renders one diagnostic over one file, `a.ts`.
#[track_caller]
fn check(source: &str, diagnostic: Diagnostic, expected: &str) {
    let files = |file: &str| (file == "a.ts").then(|| source.to_owned());
    let actual = text(&[diagnostic], &files, false);
    assert_eq!(actual, expected, "\n{actual}");
}

#[test]
fn the_place_is_underlined_and_notes_and_help_follow() {
    let diagnostic = Diagnostic::error(Code::M0101, "topic `a` is declared twice")
        .at(span("a.ts", 3, 11, 3, 14))
        .label(span("a.ts", 1, 11, 1, 14), "it is declared here first")
        .note("names are unique in the app")
        .help("remove one");
    let expected = "\
error[M0101]: topic `a` is declared twice
 --> a.ts:3:11
  |
1 | new Topic(\"a\");
  |           --- it is declared here first
2 |
3 | new Topic(\"a\");
  |           ^^^
  |
  = note: names are unique in the app
  = help: remove one
";
    check("new Topic(\"a\");\n\nnew Topic(\"a\");\n", diagnostic, expected);
}

#[test]
fn a_second_place_in_another_file_has_an_excerpt_of_its_own() {
    let diagnostic = Diagnostic::warning(Code::M0101, "twice")
        .at(span("b.ts", 1, 1, 1, 2))
        .label(span("a.ts", 2, 1, 2, 4), "here first");
    let expected = "\
warning[M0101]: twice
 --> b.ts:1:1
  |
 ::: a.ts:2:1
  |
2 | two
  | --- here first
";
    check("one\ntwo\n", diagnostic, expected);
}

#[test]
fn a_diagnostic_without_a_place_is_a_title_with_its_help() {
    let diagnostic = Diagnostic::error(Code::S0004, "no app was found").help("run it in an app");
    check("", diagnostic, "error[S0004]: no app was found\n |\n = help: run it in an app\n");
}

#[test]
fn a_place_that_the_file_does_not_have_is_named_without_an_excerpt() {
    let diagnostic = Diagnostic::error(Code::S0001, "broken")
        .at(span("a.ts", 9, 3, 9, 4))
        .label(span("a.ts", 0, 0, 0, 0), "opened here");
    let expected = "\
error[S0001]: broken
--> a.ts:9:3
 = note: opened here: a.ts:0:0
";
    check("one line\n", diagnostic, expected);
}

#[test]
fn columns_are_characters_whatever_their_width() {
    let diagnostic = Diagnostic::error(Code::M0102, "bad").at(span("a.ts", 1, 7, 1, 10));
    let expected = "\
error[M0102]: bad
 --> a.ts:1:7
  |
1 |     日本 = \"ä\"
  |            ^^^
";
    check("\t日本 =\u{20}\"ä\"\n", diagnostic, expected);
}

#[test]
fn a_very_long_line_is_cut_around_the_place() {
    let source = format!("{}HERE{}\n", "x".repeat(200_000), "y".repeat(200_000));
    let diagnostic = Diagnostic::error(Code::S0001, "broken").at(span("a.ts", 1, 200_001, 1, 200_005));
    let shown = text(&[diagnostic], &|_| Some(source.clone()), false);
    assert!(shown.contains("HERE") && shown.contains("^^^^"), "{shown}");
    assert!(shown.lines().all(|line| line.chars().count() <= 160), "{shown}");
}

#[test]
fn control_characters_never_reach_the_terminal() {
    let evil = "a\u{1b}[31m\u{7}";
    let diagnostic = Diagnostic::error(Code::M0102, evil)
        .at(span(evil, 1, 1, 1, 2))
        .label(span("gone", 1, 1, 1, 1), evil)
        .note(evil)
        .help(evil);
    let shown = text(&[diagnostic], &|file| (file == evil).then(|| evil.to_owned()), false);
    assert!(!shown.contains(['\u{1b}', '\u{7}']), "{shown:?}");
}

#[test]
fn diagnostics_stand_apart_and_colour_adds_only_escapes() {
    let diagnostics = [
        Diagnostic::error(Code::S0001, "one").at(span("a.ts", 1, 1, 1, 2)),
        Diagnostic::error(Code::S0002, "two"),
    ];
    let files = |_: &str| Some("text\n".to_owned());
    let plain = text(&diagnostics, &files, false);
    assert_eq!(plain, "error[S0001]: one\n --> a.ts:1:1\n  |\n1 | text\n  | ^\n\nerror[S0002]: two\n");
    let colored = text(&diagnostics, &files, true);
    assert!(colored.contains('\u{1b}'));
    assert_eq!(anstream::adapter::strip_str(&colored).to_string(), plain);
}

#[test]
fn json_has_every_field_and_null_where_there_is_no_place() {
    let diagnostics = [
        Diagnostic::error(Code::M0103, "lost")
            .at(span("a.ts", 1, 2, 3, 4))
            .label(span("b.ts", 5, 6, 7, 8), "l"),
        Diagnostic::warning(Code::S0004, "no app").note("n").help("h"),
    ];
    let expected = json!([
        {
            "code": "M0103", "severity": "error", "message": "lost", "help": null, "notes": [],
            "file": "a.ts", "line": 1, "column": 2, "end_line": 3, "end_column": 4,
            "labels": [{
                "message": "l", "file": "b.ts", "line": 5, "column": 6, "end_line": 7, "end_column": 8,
            }],
        },
        {
            "code": "S0004", "severity": "warning", "message": "no app", "help": "h", "notes": ["n"], "labels": [],
            "file": null, "line": null, "column": null, "end_line": null, "end_column": null,
        },
    ]);
    assert_eq!(json(&diagnostics), expected);
}

#[test]
fn a_summary_counts_what_there_is() {
    let (error, warning) = (Diagnostic::error(Code::S0001, ""), Diagnostic::warning(Code::S0001, ""));
    assert_eq!(summary(&[error.clone(), warning, error.clone()]), "2 errors, 1 warning");
    assert_eq!(summary(&[error]), "1 error");
    assert_eq!(summary(&[]), "no problems");
}

#[test]
fn github_commands_are_escaped() {
    let diagnostics = [
        Diagnostic::error(Code::M0102, "100 %: a,b").at(span("a,b:c.ts", 1, 2, 1, 4)).help("x\ny"),
        Diagnostic::warning(Code::S0001, "w").at(span("a.ts", 1, 2, 3, 4)),
        Diagnostic::warning(Code::S0004, "no app"),
    ];
    let expected = "\
::error file=a%2Cb%3Ac.ts,line=1,col=2,endColumn=4,title=M0102::100 %25: a,b%0Ahelp: x%0Ay
::warning file=a.ts,line=1,endLine=3,title=S0001::w
::warning title=S0004::no app
";
    assert_eq!(github(&diagnostics), expected);
}

fn any_span() -> impl Strategy<Value = Span> {
    let number = || prop_oneof![0..6_u32, Just(500), Just(u32::MAX)];
    ("[ab]", number(), number(), number(), number()).prop_map(|(file, line, column, end_line, end_column)| {
        span(&file, line, column, end_line, end_column)
    })
}

proptest! {
    #[test]
    fn no_span_and_no_text_make_it_panic(
        source in "([ -~äß日👩\u{200d}\t\r\n]|\\PC){0,40}|[a日]{390,900}",
        at in any_span(),
        labels in proptest::collection::vec(any_span(), 0..3),
        color: bool,
    ) {
        let mut diagnostic = Diagnostic::error(Code::S0001, "message").at(at).note("note").help("help");
        for label in labels {
            diagnostic = diagnostic.label(label, "label");
        }
        let shown = text(&[diagnostic], &|file| (file == "a").then(|| source.clone()), color);
        prop_assert!(shown.contains("message") && shown.contains("help"));
    }
}
