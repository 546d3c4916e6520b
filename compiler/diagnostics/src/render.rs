//! Diagnostics as text for people, as JSON for tools and as annotations for GitHub.
//!
//! Names in a message come from somebody's app, so control characters in them are made visible and never reach the
//! terminal. A span that lies outside of its file, or in a file that is not there, costs the excerpt and nothing else.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;

use annotate_snippets::{
    Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet, normalize_untrusted_str,
};
use serde_json::{Value as Json, json};

use crate::{Diagnostic, Label, Severity, Span};

/// Lines longer than this are cut around the place of interest, in characters.
const MAX_LINE_CHARS: usize = 400;

/// Text for people, in the look of rustc. `source` returns a file's text by its path; `color` asks for ANSI colours, which
/// are never the only signal. There is a blank line between two diagnostics, and a newline at the end of each.
pub fn text(diagnostics: &[Diagnostic], source: &dyn Fn(&str) -> Option<String>, color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let mut files = Files { source, read: BTreeMap::new() };
    let mut out = String::new();
    for diagnostic in diagnostics {
        if !out.is_empty() {
            out.push('\n');
        }
        let excerpts = excerpts(diagnostic, &mut files);
        out.push_str(&renderer.render(&[group(diagnostic, &excerpts)]));
        out.push('\n');
    }
    out
}

/// An array of objects, for tools. The place is `null` where there is none.
pub fn json(diagnostics: &[Diagnostic]) -> Json {
    let label = |label: &Label| with_place(json!({ "message": label.message }), Some(&label.span));
    let diagnostic = |diagnostic: &Diagnostic| {
        let object = json!({
            "code": diagnostic.code,
            "severity": diagnostic.severity,
            "message": diagnostic.message,
            "help": diagnostic.help,
            "notes": diagnostic.notes,
            "labels": diagnostic.labels.iter().map(label).collect::<Vec<_>>(),
        });
        with_place(object, diagnostic.span.as_ref())
    };
    diagnostics.iter().map(diagnostic).collect()
}

fn with_place(mut object: Json, span: Option<&Span>) -> Json {
    object["file"] = json!(span.map(|span| &span.file));
    object["line"] = json!(span.map(|span| span.line));
    object["column"] = json!(span.map(|span| span.column));
    object["end_line"] = json!(span.map(|span| span.end_line));
    object["end_column"] = json!(span.map(|span| span.end_column));
    object
}

/// How many there are, such as `2 errors, 1 warning`.
pub fn summary(diagnostics: &[Diagnostic]) -> String {
    let kinds = [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Note, "note")];
    let count = |(severity, word): (Severity, &str)| {
        let count = diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count();
        let plural = if count == 1 { "" } else { "s" };
        (count > 0).then(|| format!("{count} {word}{plural}"))
    };
    let counts: Vec<String> = kinds.into_iter().filter_map(count).collect();
    if counts.is_empty() { "no problems".to_owned() } else { counts.join(", ") }
}

/// Workflow commands that GitHub shows as annotations of a pull request, one a line.
pub fn github(diagnostics: &[Diagnostic]) -> String {
    diagnostics.iter().map(|diagnostic| github_command(diagnostic) + "\n").collect()
}

fn github_command(diagnostic: &Diagnostic) -> String {
    let mut out = match diagnostic.severity {
        Severity::Error => "::error ",
        Severity::Warning => "::warning ",
        Severity::Note => "::notice ",
    }
    .to_owned();
    if let Some(span) = &diagnostic.span {
        let _ = write!(out, "file={},line={},", github_property(&span.file), span.line);
        // GitHub takes columns only when the span is within one line.
        let _ = if span.line == span.end_line {
            write!(out, "col={},endColumn={},", span.column, span.end_column)
        } else {
            write!(out, "endLine={},", span.end_line)
        };
    }
    let mut message = diagnostic.message.clone();
    for note in &diagnostic.notes {
        let _ = write!(message, "\nnote: {note}");
    }
    if let Some(help) = &diagnostic.help {
        let _ = write!(message, "\nhelp: {help}");
    }
    let _ = write!(out, "title={}::{}", diagnostic.code.as_str(), github_data(&message));
    out
}

fn github_data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn github_property(text: &str) -> String {
    github_data(text).replace(':', "%3A").replace(',', "%2C")
}

/// Files that were read for excerpts, each once.
struct Files<'s> {
    source: &'s dyn Fn(&str) -> Option<String>,
    read: BTreeMap<String, Option<String>>,
}

impl Files<'_> {
    fn text(&mut self, file: &str) -> Option<&str> {
        if !self.read.contains_key(file) {
            self.read.insert(file.to_owned(), (self.source)(file));
        }
        self.read[file].as_deref()
    }
}

/// A part of a file with the marks on it; without text where the file cannot be shown.
struct Excerpt<'d> {
    file: &'d str,
    /// The line that the text starts with.
    first_line: u32,
    /// Whole lines, long ones cut.
    text: String,
    marks: Vec<Mark<'d>>,
}

struct Mark<'d> {
    /// Bytes of the excerpt's text.
    bytes: Range<usize>,
    label: Option<&'d str>,
}

fn group<'d>(diagnostic: &'d Diagnostic, excerpts: &'d Excerpts<'d>) -> Group<'d> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let mut group = level.primary_title(diagnostic.message.as_str()).id(diagnostic.code.as_str()).elements(
        excerpts.primary_origin.iter().map(|span| {
            Origin::path(normalize_untrusted_str(&span.file))
                .line(span.line as usize)
                .char_column(span.column as usize)
        }),
    );
    for (index, excerpt) in excerpts.shown.iter().enumerate() {
        let holds_primary = index == 0 && excerpts.primary_origin.is_none();
        group = group.element(
            Snippet::source(excerpt.text.as_str())
                .path(normalize_untrusted_str(excerpt.file))
                .line_start(excerpt.first_line as usize)
                .annotations(annotations(excerpt, holds_primary)),
        );
    }
    for label in &excerpts.not_shown {
        let Label { span, message } = label;
        let text = format!("{message}: {}:{}:{}", span.file, span.line, span.column);
        group = group.element(Level::NOTE.message(normalize_untrusted_str(&text)));
    }
    for note in &diagnostic.notes {
        group = group.element(Level::NOTE.message(normalize_untrusted_str(note)));
    }
    group.elements(diagnostic.help.iter().map(|help| Level::HELP.message(normalize_untrusted_str(help))))
}

fn annotations<'d>(excerpt: &'d Excerpt<'d>, holds_primary: bool) -> impl Iterator<Item = Annotation<'d>> {
    excerpt.marks.iter().enumerate().map(move |(index, mark)| {
        let kind =
            if holds_primary && index == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
        kind.span(mark.bytes.clone()).label(mark.label)
    })
}

/// What can be shown of a diagnostic's places.
struct Excerpts<'d> {
    /// The place of the diagnostic, when its text cannot be shown.
    primary_origin: Option<&'d Span>,
    /// One per file; the diagnostic's own place is the first mark of the first, if it can be shown.
    shown: Vec<Excerpt<'d>>,
    /// Second places whose text cannot be shown.
    not_shown: Vec<&'d Label>,
}

fn excerpts<'d>(diagnostic: &'d Diagnostic, files: &mut Files<'_>) -> Excerpts<'d> {
    let mut excerpts = Excerpts { primary_origin: None, shown: Vec::new(), not_shown: Vec::new() };
    let mut places: Vec<(&str, Vec<Place<'d>>)> = Vec::new();
    let mut add = |span: &'d Span, label: Option<&'d str>| {
        let Some(lines) = files.text(&span.file).and_then(|text| lines_of(text, span)) else { return false };
        let place = Place { span, label, lines };
        match places.iter_mut().find(|(file, _)| *file == span.file) {
            Some((_, same_file)) => same_file.push(place),
            None => places.push((&span.file, vec![place])),
        }
        true
    };
    if let Some(span) = &diagnostic.span
        && !add(span, None)
    {
        excerpts.primary_origin = Some(span);
    }
    for label in &diagnostic.labels {
        if !add(&label.span, Some(&label.message)) {
            excerpts.not_shown.push(label);
        }
    }
    for (file, places) in places {
        let text = files.text(file).unwrap_or_default();
        excerpts.shown.push(excerpt(file, text, &places));
    }
    excerpts
}

/// A span that lies in its file.
struct Place<'d> {
    span: &'d Span,
    label: Option<&'d str>,
    /// Its lines, from 0, the last one included.
    lines: (usize, usize),
}

/// The lines of a span, from 0; none when it starts outside of the text.
fn lines_of(text: &str, span: &Span) -> Option<(usize, usize)> {
    let count = text.lines().count();
    let first = usize::try_from(span.line).ok()?.checked_sub(1).filter(|first| *first < count)?;
    let last = usize::try_from(span.end_line).ok()?.saturating_sub(1).clamp(first, count - 1);
    Some((first, last))
}

fn excerpt<'d>(file: &'d str, text: &str, places: &[Place<'d>]) -> Excerpt<'d> {
    let first = places.iter().map(|place| place.lines.0).min().unwrap_or(0);
    let last = places.iter().map(|place| place.lines.1).max().unwrap_or(first);
    let mut shown = String::new();
    let mut lines = Vec::new();
    for (index, line) in text.lines().enumerate().skip(first).take(last - first + 1) {
        let line = Line::cut(line, index, places, shown.len());
        shown.push_str(&line.text);
        shown.push('\n');
        lines.push(line);
    }
    let mark = |place: &Place<'d>| {
        let start = lines[place.lines.0 - first].byte(place.span.column);
        let end = lines[place.lines.1 - first].byte(place.span.end_column);
        Mark { bytes: start..end.max(start), label: place.label }
    };
    let first_line = u32::try_from(first).map_or(u32::MAX, |first| first.saturating_add(1));
    Excerpt { file, first_line, marks: places.iter().map(mark).collect(), text: shown }
}

/// A line as it is shown.
struct Line {
    text: String,
    /// Where it starts in the excerpt.
    offset: usize,
    /// Characters cut off at the front.
    cut: usize,
}

impl Line {
    /// A line, cut to [`MAX_LINE_CHARS`] around the first place on it.
    fn cut(line: &str, index: usize, places: &[Place<'_>], offset: usize) -> Self {
        let mut starts = places.iter().filter(|place| place.lines.0 == index).map(|place| place.span.column);
        let interest = starts.next().map_or(0, |column| column.saturating_sub(1) as usize);
        if line.len() <= MAX_LINE_CHARS {
            return Self { text: line.to_owned(), offset, cut: 0 };
        }
        let cut = interest.saturating_sub(MAX_LINE_CHARS / 4);
        Self { text: line.chars().skip(cut).take(MAX_LINE_CHARS).collect(), offset, cut }
    }

    /// The byte of the excerpt at a column, at most the end of the line.
    fn byte(&self, column: u32) -> usize {
        let character = (column.saturating_sub(1) as usize).saturating_sub(self.cut);
        let byte = self.text.char_indices().nth(character).map_or(self.text.len(), |(byte, _)| byte);
        self.offset + byte
    }
}

#[cfg(test)]
mod tests;
