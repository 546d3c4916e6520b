//! Diagnostics: what is wrong with an app, where, why, and what to do.
//!
//! A stage returns `(output, Vec<Diagnostic>)` and goes on after a problem. [`code`] lists every code; each has a
//! page in `book/src/diagnostics`, which [`Code::page`] returns. [`render`] turns diagnostics into text and JSON.

pub mod code;
pub mod render;
mod suggest;

use serde::{Deserialize, Serialize};

pub use code::Code;
pub use suggest::closest;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Probably not meant.
    Warning,
    /// The app cannot be built like this.
    Error,
}

/// A span in a file: 1-based lines and columns (in characters), the end after the last character, the file relative to
/// the app's root.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Span {
    /// The file.
    pub file: String,
    /// First line.
    pub line: u32,
    /// First column.
    pub column: u32,
    /// Last line.
    pub end_line: u32,
    /// The column after the last character.
    pub end_column: u32,
}

/// A second place that explains the first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What is there.
    pub message: String,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// Its code, with a page of its own.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// A sentence, lower case, no full stop, backticks around names.
    pub message: String,
    /// Where; absent for what belongs to no place in a file.
    pub span: Option<Span>,
    /// Second places.
    pub labels: Vec<Label>,
    /// Why it matters.
    pub notes: Vec<String>,
    /// What to do: something that can be followed.
    pub help: Option<String>,
    /// Whether it stands only if the app model says the same; see [`Self::if_the_model_agrees`].
    pub is_for_model: bool,
}

impl Diagnostic {
    /// An error.
    pub fn error(code: Code, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Error, message)
    }

    /// A warning.
    pub fn warning(code: Code, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Warning, message)
    }

    fn new(code: Code, severity: Severity, message: impl Into<String>) -> Self {
        let message = message.into();
        let (labels, notes) = (Vec::new(), Vec::new());
        Self { code, severity, message, span: None, labels, notes, help: None, is_for_model: false }
    }

    /// Leaves the last word to the app model, which knows all parts of the app: this stands if the model says the same, in
    /// the same words. It knows the exact place.
    #[must_use]
    pub fn if_the_model_agrees(mut self) -> Self {
        self.is_for_model = true;
        self
    }

    /// Points at a place.
    #[must_use]
    pub fn at(mut self, span: impl Into<Span>) -> Self {
        self.span = Some(span.into());
        self
    }

    /// Points at a second place.
    #[must_use]
    pub fn label(mut self, span: impl Into<Span>, message: impl Into<String>) -> Self {
        self.labels.push(Label { span: span.into(), message: message.into() });
        self
    }

    /// Says why it matters.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Says what to do, if there is something to say.
    #[must_use]
    pub fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help = help.or(self.help);
        self
    }
}

impl From<&schema_documents::Position> for Span {
    fn from(position: &schema_documents::Position) -> Self {
        Self {
            file: position.file.clone(),
            line: position.line,
            column: position.column,
            end_line: position.end_line,
            end_column: position.end_column,
        }
    }
}

/// Sorts by place, then severity (worst first), then code, and drops what is said twice.
pub fn sort(diagnostics: &mut Vec<Diagnostic>) {
    diagnostics.sort_by(|a, b| {
        let key = |d: &Diagnostic| (d.span.clone(), std::cmp::Reverse(d.severity), d.code.as_str());
        key(a).cmp(&key(b)).then_with(|| a.message.cmp(&b.message))
    });
    diagnostics.dedup();
}

/// Whether any of them is an error.
pub fn any_error(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
}
