//! Facts that say what they said before, while the lines that they speak of have moved.
//!
//! Whoever edits the top of a file moves all that stands below. What a scan finds is then the same but for the numbers of
//! lines: it copies and compares places, computes columns from what stands in the same line, and nothing from the number
//! of a line. So where lines keep their order and all that stands in them, the result of the last scan is moved along.

use std::collections::BTreeMap;

use compiler_diagnostics::{Diagnostic, Span};
use serde::Serialize;
use serde_json::Value;

use crate::per_file::encode;
use crate::text;

/// Where the lines of a file went, as far as its facts speak of them.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Lines(BTreeMap<u32, u32>);

/// What has become of a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// For all that a scan asks of it, it is what it was.
    Nothing,
    /// It says the same in other lines.
    Lines(Lines),
    /// It may say something else.
    Facts,
}

impl Lines {
    /// Where the lines went between two facts; absent if they differ in anything else.
    pub(crate) fn between<F: Serialize>(before: &F, now: &F) -> Option<Self> {
        let (before, places_before) = text::apart(|| encode(before));
        let (now, places_now) = text::apart(|| encode(now));
        if before != now || places_before.len() != places_now.len() {
            return None;
        }
        let mut lines = BTreeMap::new();
        for (before, now) in places_before.into_iter().zip(places_now) {
            if (before.column, before.end_column) != (now.column, now.end_column) {
                return None;
            }
            for (before, now) in [(before.line, now.line), (before.end_line, now.end_line)] {
                if *lines.entry(before).or_insert(now) != now {
                    return None;
                }
            }
        }
        lines.values().is_sorted_by(|above, below| above < below).then_some(Self(lines))
    }

    /// Whether every line is where it was.
    fn stayed(&self) -> bool {
        self.0.iter().all(|(before, now)| before == now)
    }

    fn moved(&self, [line, end_line]: [u32; 2]) -> Option<[u32; 2]> {
        Some([*self.0.get(&line)?, *self.0.get(&end_line)?])
    }
}

/// The files whose lines moved, and where they went.
#[derive(Debug, Default)]
pub(crate) struct Moved<'p>(pub(crate) BTreeMap<&'p str, Lines>);

impl Moved<'_> {
    /// Whether all lines are where they were.
    pub(crate) fn is_nothing(&self) -> bool {
        self.0.values().all(Lines::stayed)
    }

    /// Moves the places in a manifest, as JSON, along; absent when it has one that cannot be followed.
    pub(crate) fn manifest(&self, value: &mut Value) -> Option<()> {
        match value {
            Value::Array(items) => items.iter_mut().try_for_each(|item| self.manifest(item)),
            Value::Object(members) => members.iter_mut().try_for_each(|(name, member)| match member {
                Value::String(text) if name == "at" => self.position(text),
                member => self.manifest(member),
            }),
            _ => Some(()),
        }
    }

    fn position(&self, text: &mut String) -> Option<()> {
        let mut position: schema_documents::Position = text.parse().ok()?;
        if let Some(lines) = self.0.get(position.file.as_str()) {
            [position.line, position.end_line] = lines.moved([position.line, position.end_line])?;
            *text = position.to_string();
        }
        Some(())
    }

    /// The same with diagnostics.
    pub(crate) fn diagnostics(&self, diagnostics: &mut [Diagnostic]) -> Option<()> {
        let spans = diagnostics.iter_mut().flat_map(|one| {
            let labels = one.labels.iter_mut().map(|label| &mut label.span);
            one.span.iter_mut().chain(labels)
        });
        spans.into_iter().try_for_each(|span: &mut Span| {
            if let Some(lines) = self.0.get(span.file.as_str()) {
                [span.line, span.end_line] = lines.moved([span.line, span.end_line])?;
            }
            Some(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Place;

    fn place(line: u32, column: u32, end_line: u32, end_column: u32) -> Place {
        Place { line, column, end_line, end_column }
    }

    /// Where the lines of some places went that have one of two names.
    fn check(before: (&str, &[Place]), now: (&str, &[Place]), expected: Option<&[(u32, u32)]>) {
        let expected = expected.map(|lines| Lines(lines.iter().copied().collect()));
        assert_eq!(Lines::between(&before, &now), expected, "{before:?} {now:?}");
    }

    #[test]
    fn lines_move_with_all_that_stands_in_them() {
        let before = [place(3, 1, 3, 9), place(5, 2, 9, 1)];
        check(("a", &before), ("a", &before), Some(&[(3, 3), (5, 5), (9, 9)]));
        let now = [place(4, 1, 4, 9), place(5, 2, 90, 1)];
        check(("a", &before), ("a", &now), Some(&[(3, 4), (5, 5), (9, 90)]));
        check(("a", &before), ("b", &now), None);
        check(("a", &before), ("a", &[place(4, 2, 4, 9), place(5, 2, 90, 1)]), None);
        check(("a", &before), ("a", &now[..1]), None);
    }

    #[test]
    fn lines_that_part_or_meet_or_change_their_order_have_not_just_moved() {
        let apart = [place(3, 1, 3, 2), place(4, 1, 4, 2)];
        let one = [place(3, 1, 3, 2), place(3, 1, 3, 2)];
        let turned = [place(4, 1, 4, 2), place(3, 1, 3, 2)];
        check(("a", &apart), ("a", &one), None);
        check(("a", &one), ("a", &apart), None);
        check(("a", &apart), ("a", &turned), None);
    }
}
