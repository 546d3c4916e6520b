//! `encore.app`: which app this is, and in which language.

use compiler_diagnostics::{Code, Diagnostic, closest};
use schema_documents::manifest::Language;
use serde_json::Value;

use crate::SourceTree;
use crate::text::Lines;

/// The file that makes a folder an app.
const FILE: &str = "encore.app";

const LANGUAGES: [(&str, Language); 2] = [("go", Language::Go), ("typescript", Language::Typescript)];

/// What `encore.app` says, as far as infrastructure is concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct App {
    /// `id`, else the name of the root folder.
    pub name: String,
    /// `lang`, else the language of the files that are there.
    pub language: Language,
}

/// Reads `encore.app` (JSON with comments and trailing commas).
///
/// The app is absent when the file is (`S0004`), or when it is so broken that the app could not be read in the
/// right language (`S0003`).
pub fn read(tree: &SourceTree) -> (Option<App>, Vec<Diagnostic>) {
    let Some(text) = tree.text(FILE) else { return (None, vec![missing(tree)]) };
    let lines = Lines::new(FILE, &text);
    let plain = without_comments(&text);
    let value = match serde_json::from_str::<Value>(&plain) {
        Ok(value) => value,
        Err(error) => {
            let at = offset(&text, error.line(), error.column());
            let problem = error.to_string();
            let problem = problem.split(" at line").next().unwrap_or(&problem);
            let diagnostic = invalid(format!("`{FILE}` is not valid JSON: {problem}"))
                .at(&lines.position(at, at + 1))
                .help("comments and trailing commas are allowed; anything else must be JSON");
            return (None, vec![diagnostic]);
        }
    };
    let Value::Object(fields) = &value else {
        let diagnostic = invalid(format!("`{FILE}` is not a JSON object"))
            .at(&lines.position(0, text.len()))
            .help("write `{\"id\": \"my-app\"}`");
        return (None, vec![diagnostic]);
    };
    let place = |key: &str| {
        let start = plain.find(&format!("\"{key}\"")).unwrap_or(0);
        lines.position(start, start + key.len() + 2)
    };
    let mut diagnostics = Vec::new();
    let name = match fields.get("id") {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(id)) => id.trim().to_owned(),
        Some(_) => {
            diagnostics
                .push(invalid("`id` is not a string").at(&place("id")).help("write `\"id\": \"my-app\"`"));
            String::new()
        }
    };
    let language = match fields.get("lang") {
        None | Some(Value::Null) => Some(language_of_files(tree)),
        Some(Value::String(lang)) if lang.is_empty() => Some(language_of_files(tree)),
        Some(lang) => known_language(lang),
    };
    let Some(language) = language else {
        diagnostics.push(unknown_language(&fields["lang"]).at(&place("lang")));
        return (None, diagnostics);
    };
    (Some(App { name: name_or_folder(name, tree), language }), diagnostics)
}

fn missing(tree: &SourceTree) -> Diagnostic {
    let diagnostic = Diagnostic::error(Code::S0004, format!("there is no `{FILE}` in this folder"))
        .note(format!("the folder that holds `{FILE}` is the root of an app; all paths are relative to it"));
    if let Some(reason) = tree.unreadable.get(FILE) {
        return Diagnostic::error(Code::S0002, format!("`{FILE}` cannot be read: {reason}"))
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

fn known_language(written: &Value) -> Option<Language> {
    let written = written.as_str()?;
    LANGUAGES.iter().find(|(name, _)| *name == written).map(|(_, language)| *language)
}

fn unknown_language(written: &Value) -> Diagnostic {
    let written = written.as_str().map_or_else(|| written.to_string(), str::to_owned);
    let help = match closest(&written, LANGUAGES.map(|(name, _)| name)) {
        Some(language) => format!("did you mean `{language}`?"),
        None => "write `\"lang\": \"go\"` or `\"lang\": \"typescript\"`".to_owned(),
    };
    invalid(format!("`{written}` is not a language that can be scanned")).help(help)
}

/// TypeScript where there is TypeScript and no Go; the default is Go.
fn language_of_files(tree: &SourceTree) -> Language {
    let any = |ending: &str| tree.readable().any(|(path, _)| path.ends_with(ending));
    if !any(".go") && any(".ts") { Language::Typescript } else { Language::Go }
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

/// The offset of a line and a column in bytes, both from 1.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    (start + column.saturating_sub(1)).min(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(files: &[(&str, &str)], expected: Result<(&str, Language), &str>) {
        let tree = SourceTree::from_files("folder", files.iter().copied());
        let (app, diagnostics) = read(&tree);
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
        let (_, diagnostics) = read(&SourceTree::from_files("x", [(FILE, "{\n  \"id\": x\n}")]));
        let span = diagnostics[0].span.clone().unwrap();
        assert_eq!((span.line, span.column), (2, 9));
    }
}
