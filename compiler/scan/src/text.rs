//! Places in a text: from byte offsets to lines and columns.

use schema_documents::Position;

/// The lines of one file, for turning byte offsets into positions.
pub(crate) struct Lines<'a> {
    file: String,
    text: &'a str,
    /// The offset at which each line starts.
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    /// Finds the lines of a file's text.
    pub(crate) fn new(file: &str, text: &'a str) -> Self {
        let starts =
            std::iter::once(0).chain(text.match_indices('\n').map(|(newline, _)| newline + 1)).collect();
        Self { file: file.to_owned(), text, starts }
    }

    /// The position of a range of bytes. Offsets past the end mean the end; offsets within a character mean the
    /// start of that character; an end before the start means the start.
    pub(crate) fn position(&self, start_byte: usize, end_byte: usize) -> Position {
        let (line, column) = self.place(start_byte);
        let (end_line, end_column) = self.place(end_byte.max(start_byte));
        Position { file: self.file.clone(), line, column, end_line, end_column }
    }

    /// Line and column of an offset, both from 1.
    fn place(&self, offset: usize) -> (u32, u32) {
        let offset = self.text.floor_char_boundary(offset);
        let line = self.starts.partition_point(|start| *start <= offset).max(1);
        let column = self.text[self.starts[line - 1]..offset].chars().count() + 1;
        (count(line), count(column))
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, start: usize, end: usize, expected: &str) {
        assert_eq!(Lines::new("a.go", text).position(start, end).to_string(), format!("a.go:{expected}"));
    }

    #[test]
    fn columns_count_characters_and_not_bytes() {
        check("é = 1\nb", 0, 2, "1:1-1:2");
        check("é = 1\nb", 3, 4, "1:3-1:4");
        check("é = 1\nb", 7, 8, "2:1-2:2");
    }

    #[test]
    fn an_offset_that_is_nowhere_is_moved_to_the_nearest_place_before_it() {
        check("é", 1, 1, "1:1-1:1");
        check("ab\n", 99, 99, "2:1-2:1");
        check("", 5, 2, "1:1-1:1");
        check("abc", 2, 1, "1:3-1:3");
    }
}
