//! The comments that belong to a declaration.

use super::ast::{Comment, File, Span};

impl<'a> File<'a> {
    /// The comments that document what starts at an offset: the last group that ends on the line above it. Between the
    /// comments of a group is no empty line, and none of them stands behind code.
    pub(crate) fn doc(&self, start: u32) -> &'a [Comment<'a>] {
        let last = self.comments.partition_point(|comment| comment.span.end <= start);
        let mut first = last;
        let mut below = start;
        while let Some(comment) = first.checked_sub(1).map(|index| self.comments[index]) {
            let lines = self.lines_between(comment.span.end, below);
            let touches =
                if first == last { lines == Some(1) } else { lines.is_some_and(|lines| lines <= 1) };
            if !touches || self.stands_behind_code(first - 1) {
                break;
            }
            first -= 1;
            below = comment.span.start;
        }
        &self.comments[first..last]
    }

    /// How many line ends there are between two offsets; absent when there is more than space.
    fn lines_between(&self, start: u32, end: u32) -> Option<usize> {
        let between = self.text(Span { start, end });
        between.trim_ascii().is_empty().then(|| between.matches('\n').count())
    }

    /// Whether there is code on the line before a comment.
    fn stands_behind_code(&self, comment: usize) -> bool {
        let mut start = self.comments[comment].span.start;
        for before in self.comments[..comment].iter().rev() {
            if self.lines_between(before.span.end, start) != Some(0) {
                break;
            }
            start = before.span.start;
        }
        let line = self.source[..start as usize].rsplit('\n').next().unwrap_or_default();
        !line.trim_matches(['\u{feff}', ' ', '\t', '\r']).is_empty()
    }
}
