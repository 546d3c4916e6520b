//! Manifests that people or other tools wrote, in TOML or JSON.
//!
//! They are held against the JSON Schema of the document, so that what an editor accepts with it is what is accepted
//! here. Three fields may be left out although every [`Manifest`] has them: `version`, the `path` of a service, which is
//! its name then, and `at`, which is the place in the manifest then.

mod checked;
mod toml_tree;

use compiler_diagnostics::{Code, Diagnostic};
use schema_documents::Position;
use schema_documents::manifest::{Manifest, VERSION};
use serde_json::Value;

use crate::json::{self, Json};
use crate::text::Lines;

/// The largest manifest that is read, in bytes.
pub const MAX_BYTES: usize = 16 << 20;

/// What one source says of an app, and where it names the app.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// What it declares.
    pub manifest: Manifest,
    /// The place that a conflict with another part can point to.
    pub at: Position,
}

/// Reads a manifest: JSON when the name of the file ends in `.json`, TOML otherwise.
///
/// It is absent when something is wrong with it; all problems are reported at once (`M0114`).
pub fn read(file: &str, bytes: &[u8]) -> (Option<Part>, Vec<Diagnostic>) {
    let whole = || Position::point(file, 1, 1);
    if bytes.len() > MAX_BYTES {
        let message = format!("the manifest is too large: it has {} bytes", bytes.len());
        let help = format!("split it; each part may have {MAX_BYTES} bytes");
        return (None, vec![invalid(message).at(&whole()).help(help)]);
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let valid = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
            let at = Lines::new(file, &valid).position(valid.len(), valid.len());
            return (None, vec![invalid("the manifest is not UTF-8").at(&at).help("save it as UTF-8")]);
        }
    };
    let lines = Lines::new(file, text);
    let tree = match parse(file, text) {
        Ok(tree) => tree,
        Err((message, start, end)) => return (None, vec![invalid(message).at(&lines.position(start, end))]),
    };
    if let Some(newer) = newer_version(&tree, &lines) {
        return (None, vec![newer]);
    }
    let (value, found) = checked::manifest(&tree, &lines);
    if !found.is_empty() {
        return (None, found);
    }
    match serde_json::from_value(value) {
        Ok(manifest) => (Some(Part { manifest, at: app(&tree, &lines).unwrap_or_else(whole) }), Vec::new()),
        Err(error) => (None, vec![invalid(format!("the manifest is not valid: {error}")).at(&whole())]),
    }
}

/// The tree, or what is wrong with the text from where to where.
fn parse(file: &str, text: &str) -> Result<Json, (String, usize, usize)> {
    let is_json = file.rsplit_once('.').is_some_and(|(_, ending)| ending.eq_ignore_ascii_case("json"));
    if is_json {
        json::parse(text).map_err(|error| {
            (format!("the manifest is not valid JSON: {}", error.message), error.at, error.at + 1)
        })
    } else {
        toml_tree::parse(text).map_err(|(message, span)| {
            (format!("the manifest is not valid TOML: {message}"), span.start, span.end)
        })
    }
}

/// What a newer version has is not known here, so nothing else is said of it.
fn newer_version(tree: &Json, lines: &Lines<'_>) -> Option<Diagnostic> {
    let version = json::field(tree.members()?, "version")?;
    let json::Kind::Number(written) = &version.value.kind else { return None };
    let is_newer = written.parse::<u64>().is_ok_and(|number| number > u64::from(VERSION));
    is_newer.then(|| {
        invalid(format!("the manifest has format version {written}, and this program knows up to {VERSION}"))
            .at(&version.value.position(lines))
            .help("use a newer `manifestc`")
    })
}

fn app(tree: &Json, lines: &Lines<'_>) -> Option<Position> {
    Some(json::field(tree.members()?, "app")?.value.position(lines))
}

fn invalid(message: impl Into<String>) -> Diagnostic {
    Diagnostic::error(Code::M0114, message)
}

/// A value as it is handed on.
fn number(written: &str) -> Option<Value> {
    let signed = written.parse::<i64>().ok().map(Value::from);
    signed.or_else(|| written.parse::<u64>().ok().map(Value::from))
}

#[cfg(test)]
mod tests;
