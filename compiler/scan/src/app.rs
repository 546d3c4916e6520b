//! `encore.app`: which app this is, and in which language.

use std::borrow::Cow;

use compiler_diagnostics::{Code, Diagnostic, closest};
use schema_documents::manifest::Language;

use crate::SourceTree;
use crate::json::{self, Json, Member, field};
use crate::service_file::ServiceFiles;
use crate::text::Lines;

/// The file that makes a folder an app.
const FILE: &str = "encore.app";

/// The same under the name that editors take for JSON.
const JSON_FILE: &str = "encore.app.json";

/// The languages and how they are written, the one that is assumed first.
pub(crate) const LANGUAGES: [(&str, Language); 4] = [
    ("go", Language::Go),
    ("typescript", Language::Typescript),
    ("python", Language::Python),
    ("rust", Language::Rust),
];

/// What `encore.app` says, as far as infrastructure is concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct App {
    /// `id`, else the name of the root folder.
    pub(crate) name: String,
    /// `lang`, else the language of the services and files that are there.
    pub(crate) language: Language,
}

/// Reads `encore.app` or `encore.app.json` (JSON with comments and trailing commas).
///
/// The app is absent when the file is (`S0004`), or when it is so broken that the app could not be read in the
/// right language (`S0003`).
pub(crate) fn read(tree: &SourceTree, services: &ServiceFiles) -> (Option<App>, Vec<Diagnostic>) {
    let Some((file, text)) = file(tree) else { return (None, vec![missing(tree)]) };
    let lines = Lines::new(file, &text);
    let json = match json::parse(&without_comments(&text)) {
        Ok(json) => json,
        Err(json::Invalid { message, at }) => {
            let diagnostic = invalid(format!("`{file}` is not valid JSON: {message}"))
                .at(&lines.position(at, at + 1))
                .help("comments and trailing commas are allowed; anything else must be JSON");
            return (None, vec![diagnostic]);
        }
    };
    let Some(members) = json.members() else {
        let diagnostic = invalid(format!("`{file}` is not a JSON object"))
            .at(&json.position(&lines))
            .help("write `{\"id\": \"my-app\"}`");
        return (None, vec![diagnostic]);
    };
    let mut diagnostics: Vec<Diagnostic> = second_file(tree, file, &lines).into_iter().collect();
    let name = name(members, &lines, &mut diagnostics);
    let language = match field(members, "lang").map(|member| &member.value) {
        None => language_of_files(tree, services),
        Some(written) if written.as_text() == Some("") => language_of_files(tree, services),
        Some(written) => {
            let Some(language) = written.as_text().and_then(language_named) else {
                diagnostics.push(unknown_language(written).at(&written.position(&lines)));
                return (None, diagnostics);
            };
            language
        }
    };
    (Some(App { name: name_or_folder(name, tree), language }), diagnostics)
}

/// The file that makes the root folder an app, and its text.
fn file(tree: &SourceTree) -> Option<(&'static str, Cow<'_, str>)> {
    [FILE, JSON_FILE].into_iter().find_map(|file| Some((file, tree.text(file)?)))
}

/// Two files may say two things.
fn second_file(tree: &SourceTree, read: &str, lines: &Lines<'_>) -> Option<Diagnostic> {
    (read == FILE && tree.exists(JSON_FILE)).then(|| {
        Diagnostic::warning(Code::S0003, format!("there is `{FILE}` and `{JSON_FILE}`, of which one is read"))
            .at(&lines.position(0, 0))
            .note(format!("`{FILE}` is read"))
            .help(format!("remove `{JSON_FILE}`, or move what it says to `{FILE}`"))
    })
}

fn missing(tree: &SourceTree) -> Diagnostic {
    let diagnostic = Diagnostic::error(Code::S0004, format!("there is no `{FILE}` in this folder"))
        .note(format!("the folder that holds `{FILE}` is the root of an app; all paths are relative to it"));
    let unreadable = [FILE, JSON_FILE].into_iter().find_map(|file| Some((file, tree.unreadable.get(file)?)));
    if let Some((file, reason)) = unreadable {
        return Diagnostic::error(Code::S0002, format!("`{file}` cannot be read: {reason}"))
            .help("make the file readable and small");
    }
    let roots: Vec<String> = tree.other_apps().map(|folder| format!("`{folder}`")).collect();
    match roots.as_slice() {
        [] => diagnostic.help(format!("name the app's root folder, or create `{FILE}` there with `{{}}`")),
        [one] => diagnostic.help(format!("there is one in {one}: name that folder instead")),
        several => diagnostic.help(format!("name one of the folders that have one: {}", several.join(", "))),
    }
}

fn invalid(message: impl Into<String>) -> Diagnostic {
    Diagnostic::error(Code::S0003, message)
        .note(format!("`{FILE}` says which app this is and in which language it is written"))
}

fn name(members: &[Member], lines: &Lines<'_>, out: &mut Vec<Diagnostic>) -> String {
    let Some(id) = field(members, "id").map(|member| &member.value) else { return String::new() };
    let Some(name) = id.as_text() else {
        out.push(invalid("`id` is not a string").at(&id.position(lines)).help("write `\"id\": \"my-app\"`"));
        return String::new();
    };
    name.trim().to_owned()
}

/// The language that is written so.
pub(crate) fn language_named(written: &str) -> Option<Language> {
    LANGUAGES.iter().find(|(name, _)| *name == written).map(|(_, language)| *language)
}

fn unknown_language(written: &Json) -> Diagnostic {
    let written = written.shown();
    let help = match closest(&written, LANGUAGES.map(|(name, _)| name)) {
        Some(language) => format!("did you mean `{language}`?"),
        None => write_a_language(),
    };
    invalid(format!("`{written}` is not a language that can be scanned")).help(help)
}

/// What to write for a language.
pub(crate) fn write_a_language() -> String {
    let names = LANGUAGES.map(|(name, _)| format!("`\"{name}\"`"));
    format!("write one of {}", names.join(", "))
}

/// Where services have files of their own, the framework that is there without them, else the language of most
/// services. Otherwise the first of Go, TypeScript, Python and Rust of which there is a file; Go if there is none.
fn language_of_files(tree: &SourceTree, services: &ServiceFiles) -> Language {
    if let Some(language) = services.language() {
        return [Language::Go, Language::Typescript]
            .into_iter()
            .find(|language| declares_services(tree, *language))
            .unwrap_or(language);
    }
    let any = |ending: &str| tree.readable().any(|(path, _)| path.ends_with(ending));
    let endings = [
        (".go", Language::Go),
        (".ts", Language::Typescript),
        (".py", Language::Python),
        (".rs", Language::Rust),
    ];
    endings.into_iter().find(|(ending, _)| any(ending)).map_or(Language::Go, |(_, language)| language)
}

/// Whether there are services of a language that needs no service files.
pub(crate) fn declares_services(tree: &SourceTree, language: Language) -> bool {
    match language {
        Language::Go => tree.text("go.mod").is_some_and(|module| module.contains("encore.dev")),
        Language::Typescript => {
            tree.below("").any(|path| path == "encore.service.ts" || path.ends_with("/encore.service.ts"))
        }
        Language::Python | Language::Rust => false,
    }
}

fn name_or_folder(name: String, tree: &SourceTree) -> String {
    if !name.is_empty() {
        name
    } else if tree.name.is_empty() {
        "app".to_owned()
    } else {
        tree.name.clone()
    }
}

/// Blanks out comments and trailing commas; every other byte keeps its offset.
pub(crate) fn without_comments(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let mut at = 0;
    let mut comma = None;
    while at < bytes.len() {
        match (bytes[at], bytes.get(at + 1)) {
            (b'"', _) => {
                at = after_string(&bytes, at);
                comma = None;
            }
            (b'/', Some(b'/')) => {
                let end =
                    bytes[at..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |len| at + len);
                bytes[at..end].fill(b' ');
                at = end;
            }
            (b'/', Some(b'*')) => {
                let end = bytes[at + 2..].windows(2).position(|pair| pair == b"*/");
                let end = end.map_or(bytes.len(), |len| at + 2 + len + 2);
                bytes[at..end].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
                at = end;
            }
            (b'}' | b']', _) => {
                if let Some(comma) = comma.take() {
                    bytes[comma] = b' ';
                }
                at += 1;
            }
            (byte, _) => {
                if byte == b',' {
                    comma = Some(at);
                } else if !byte.is_ascii_whitespace() {
                    comma = None;
                }
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The offset after the string that starts here, or the end of the text.
fn after_string(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(files: &[(&str, &str)], expected: Result<(&str, Language), &str>) {
        let tree = SourceTree::from_files("folder", files.iter().copied());
        let (app, diagnostics) = read(&tree, &ServiceFiles::read(&tree).0);
        let said: Vec<_> = diagnostics.iter().map(|d| format!("{} {}", d.code.as_str(), d.message)).collect();
        match expected {
            Ok((name, language)) => {
                assert_eq!(app, Some(App { name: name.to_owned(), language }), "{said:?}");
                assert_eq!(said, Vec::<String>::new());
            }
            Err(message) => {
                assert!(said.iter().any(|said| said.contains(message)), "{said:?}");
                assert!(diagnostics.iter().all(|diagnostic| diagnostic.help.is_some()), "{diagnostics:?}");
            }
        }
    }

    #[test]
    fn comments_and_trailing_commas_are_no_matter() {
        check(&[(FILE, "{\n\t// not // linked\n\t\"id\": \"a//b\", /* , */\n}")], Ok(("a//b", Language::Go)));
        check(&[(FILE, r#"{"id": "x\",}", "list": [1, 2 , /* é */ ],}"#)], Ok(("x\",}", Language::Go)));
    }

    #[test]
    fn an_app_without_id_is_named_after_its_folder() {
        check(&[(FILE, r#"{"id": ""}"#)], Ok(("folder", Language::Go)));
        check(&[(FILE, "{}")], Ok(("folder", Language::Go)));
    }

    #[test]
    fn the_language_is_the_one_written_or_that_of_the_files() {
        check(&[(FILE, r#"{"lang": "typescript"}"#), ("a.go", "")], Ok(("folder", Language::Typescript)));
        check(&[(FILE, "{}"), ("a.ts", "")], Ok(("folder", Language::Typescript)));
        check(&[(FILE, "{}"), ("a.ts", ""), ("a.go", "")], Ok(("folder", Language::Go)));
        check(&[(FILE, "{}"), ("a.py", "")], Ok(("folder", Language::Python)));
        check(&[(FILE, r#"{"lang": "rust"}"#), ("a.ts", "")], Ok(("folder", Language::Rust)));
    }

    #[test]
    fn services_with_files_of_their_own_say_the_language() {
        let service = ("a/encore.service.json", r#"{"name": "a", "lang": "python"}"#);
        check(&[(FILE, "{}"), ("web/a.ts", ""), service], Ok(("folder", Language::Python)));
        check(&[(FILE, "{}"), ("b/encore.service.ts", ""), service], Ok(("folder", Language::Typescript)));
        let module = ("go.mod", "module x\nrequire encore.dev v1.50.0");
        check(&[(FILE, "{}"), module, service], Ok(("folder", Language::Go)));
    }

    #[test]
    fn the_file_may_be_named_like_json() {
        check(&[(JSON_FILE, r#"{"id": "x", /* so */}"#)], Ok(("x", Language::Go)));
        check(&[("backend/encore.app.json", "{}")], Err("there is no `encore.app`"));
        check(&[(FILE, "{"), (JSON_FILE, "{}")], Err("`encore.app` is not valid JSON"));
        check(&[(FILE, r#"{"lang": "x"}"#), (JSON_FILE, "{}")], Err("of which one is read"));
    }

    #[test]
    fn a_broken_file_is_explained() {
        check(&[], Err("there is no `encore.app`"));
        check(&[("backend/encore.app", "{}")], Err("there is no `encore.app`"));
        check(&[(FILE, "{\"id\": ")], Err("S0003 `encore.app` is not valid JSON: EOF"));
        check(&[(FILE, "[]")], Err("not a JSON object"));
        check(&[(FILE, r#"{"id": 3}"#)], Err("`id` is not a string"));
        check(&[(FILE, r#"{"lang": "typescrip"}"#)], Err("`typescrip` is not a language"));
        check(&[(FILE, r#"{"lang": 7}"#)], Err("`7` is not a language"));
        check(&[(FILE, "/* {")], Err("not valid JSON"));
        check(&[(FILE, &"[".repeat(100_000))], Err("not valid JSON"));
    }

    #[test]
    fn the_error_points_at_the_byte_that_is_wrong() {
        let tree = SourceTree::from_files("x", [(FILE, "{\n  \"id\": x\n}")]);
        let (_, diagnostics) = read(&tree, &ServiceFiles::default());
        let span = diagnostics[0].span.clone().unwrap();
        assert_eq!((span.line, span.column), (2, 9));
    }
}
