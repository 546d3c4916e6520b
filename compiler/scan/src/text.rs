//! Places in a text: from byte offsets to lines and columns.

use std::cell::RefCell;

use memchr::memchr_iter;
use schema_documents::Position;
use serde::{Deserialize, Serialize, Serializer};

/// Where something stands in a text: lines and columns from 1, columns in characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
pub(crate) struct Place {
    pub(crate) line: u32,
    pub(crate) column: u32,
    pub(crate) end_line: u32,
    pub(crate) end_column: u32,
}

impl Place {
    /// The position of this place in a file.
    pub(crate) fn in_file(self, file: &str) -> Position {
        let Self { line, column, end_line, end_column } = self;
        Position { file: file.to_owned(), line, column, end_line, end_column }
    }
}

thread_local! {
    /// Where places go while a value is encoded without them.
    static APART: RefCell<Option<Vec<Place>>> = const { RefCell::new(None) };
}

/// What `encode` gives when the places in what it encodes are left out, and these, in the order in which they stand.
pub(crate) fn apart(encode: impl FnOnce() -> Vec<u8>) -> (Vec<u8>, Vec<Place>) {
    APART.set(Some(Vec::new()));
    let encoded = encode();
    (encoded, APART.take().unwrap_or_default())
}

impl Serialize for Place {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // A serializer cannot be told from outside to treat one type in another way, so the type has to know.
        let is_apart = APART.with_borrow_mut(|apart| apart.as_mut().map(|apart| apart.push(*self)).is_some());
        if is_apart {
            return serializer.serialize_unit();
        }
        (self.line, self.column, self.end_line, self.end_column).serialize(serializer)
    }
}

/// Characters are counted ahead once in so many bytes, so that a long line costs no more than many short ones.
const BLOCK_BYTES: usize = 1_024;

/// A line of most files has about so many bytes.
const USUAL_LINE_BYTES: usize = 24;

/// The places of a text, for turning byte offsets into lines and columns.
pub(crate) struct Places<'a> {
    text: &'a str,
    /// The offset at which each line starts.
    starts: Vec<usize>,
    /// The characters before each block; none for a text whose characters are all one byte.
    before_block: Vec<usize>,
}

impl<'a> Places<'a> {
    /// Finds the lines of a text.
    pub(crate) fn new(text: &'a str) -> Self {
        let mut starts = Vec::with_capacity(text.len() / USUAL_LINE_BYTES + 1);
        starts.push(0);
        starts.extend(memchr_iter(b'\n', text.as_bytes()).map(|newline| newline + 1));
        let mut before_block = Vec::new();
        if !text.is_ascii() {
            let mut count = 0;
            for block in text.as_bytes().chunks(BLOCK_BYTES) {
                before_block.push(count);
                count += characters(block);
            }
        }
        Self { text, starts, before_block }
    }

    /// The place of a range of bytes. Offsets past the end mean the end; offsets within a character mean the start of
    /// that character; an end before the start means the start.
    pub(crate) fn place(&self, start_byte: usize, end_byte: usize) -> Place {
        let (line, column) = self.point(start_byte);
        let end_byte = end_byte.max(start_byte);
        // Most of what has a place is a name: its end is in the same line, and is found by counting.
        let next_line = self.starts.get(line as usize).copied().unwrap_or(self.text.len());
        let (end_line, end_column) = if self.before_block.is_empty() && end_byte < next_line {
            (line, column + number(end_byte - start_byte))
        } else {
            self.point(end_byte)
        };
        Place { line, column, end_line, end_column }
    }

    /// Line and column of an offset, both from 1.
    fn point(&self, offset: usize) -> (u32, u32) {
        let offset = self.text.floor_char_boundary(offset);
        let line = self.starts.partition_point(|start| *start <= offset).max(1);
        let column = self.characters_before(offset) - self.characters_before(self.starts[line - 1]) + 1;
        (number(line), number(column))
    }

    fn characters_before(&self, offset: usize) -> usize {
        match self.before_block.get(offset / BLOCK_BYTES) {
            Some(before) => {
                let block = offset / BLOCK_BYTES * BLOCK_BYTES;
                before + characters(&self.text.as_bytes()[block..offset])
            }
            // All are one byte, or the text ends with its last block.
            None if self.before_block.is_empty() => offset,
            None => self.text.chars().count(),
        }
    }
}

/// The characters that begin in these bytes.
fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| !matches!(byte, 0x80..=0xbf)).count()
}

/// The lines of one file, for turning byte offsets into positions.
pub(crate) struct Lines<'a> {
    file: String,
    places: Places<'a>,
}

impl<'a> Lines<'a> {
    /// Finds the lines of a file's text.
    pub(crate) fn new(file: &str, text: &'a str) -> Self {
        Self { file: file.to_owned(), places: Places::new(text) }
    }

    /// The position of a range of bytes; see [`Places::place`].
    pub(crate) fn position(&self, start_byte: usize, end_byte: usize) -> Position {
        self.places.place(start_byte, end_byte).in_file(&self.file)
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
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

    #[test]
    fn a_long_line_is_counted_in_blocks() {
        let text = "é".repeat(3 * BLOCK_BYTES) + "\nb";
        check(&text, 4 * BLOCK_BYTES, 4 * BLOCK_BYTES + 2, "1:2049-1:2050");
        check(&text, 6 * BLOCK_BYTES + 1, 6 * BLOCK_BYTES + 2, "2:1-2:2");
        let exact = "é".repeat(BLOCK_BYTES / 2);
        check(&exact, BLOCK_BYTES, BLOCK_BYTES, "1:513-1:513");
    }
}
