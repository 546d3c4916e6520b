//! What is kept of files, as tables in bytes.
//!
//! A scan that finds little changed asks for little of what is kept. So nothing is put together before it is asked for: rows
//! have a fixed length and an order, and are found and read where they stand. Their bytes are checked as a whole before; what
//! makes no sense all the same is taken for what is not there.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::known::{Digest, Key, PiecePlace, Searches, Stamp};

/// A folder: where its path is, and which are its files.
const FOLDER: usize = RANGE + RANGE;

/// A file: where its name is, its stamp, its first look, the number of its content, and what was looked for in it.
const FILE: usize = RANGE + STAMP + PIECE + NUMBER + RANGE;

/// What was looked for: what stands for the words, and whether they are there.
const SEARCH: usize = size_of::<Key>() + 1;

/// A content: its digest, and where its facts are.
const CONTENT: usize = size_of::<Digest>() + PIECE;

const NUMBER: usize = 4;
const RANGE: usize = 2 * NUMBER;

/// Whether there is one, its bytes, two times, the inode.
const STAMP: usize = 1 + 4 * 8;

/// Where it is, and its checksum.
const PIECE: usize = RANGE + 8;

/// How many tables there are.
pub(crate) const TABLES: usize = 5;

/// Tables that were written.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tables<'b> {
    /// Sorted by path.
    folders: &'b [[u8; FOLDER]],
    /// Those of a folder are together, sorted by name.
    files: &'b [[u8; FILE]],
    /// The names of both.
    names: &'b [u8],
    searches: &'b [[u8; SEARCH]],
    /// Sorted by digest.
    contents: &'b [[u8; CONTENT]],
}

/// What is kept of a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row<'b> {
    pub(crate) stamp: Option<Stamp>,
    pub(crate) glance: Option<PiecePlace>,
    pub(crate) digest: Option<&'b Digest>,
    pub(crate) searches: Searched<'b>,
}

/// Whether a file contains words, by what stands for them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Searched<'b>(&'b [[u8; SEARCH]]);

impl<'b> Searched<'b> {
    pub(crate) fn get(self, key: &Key) -> Option<bool> {
        let found = self.0.binary_search_by(|row| row[..key.len()].cmp(key)).ok()?;
        Some(Fields(&self.0[found][key.len()..]).next() != [0])
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = (Key, bool)> + 'b {
        self.0.iter().map(|row| {
            let mut fields = Fields(row);
            (fields.next(), fields.next() != [0])
        })
    }
}

impl<'b> Tables<'b> {
    /// Tables as [`Writer::finish`] gives them.
    pub(crate) fn new([folders, files, names, searches, contents]: [&'b [u8]; TABLES]) -> Self {
        let (folders, files) = (folders.as_chunks().0, files.as_chunks().0);
        Self { folders, files, names, searches: searches.as_chunks().0, contents: contents.as_chunks().0 }
    }

    /// How many files there are.
    pub(crate) fn len(self) -> usize {
        self.files.len()
    }

    /// The numbers of the files in a folder.
    pub(crate) fn folder(self, path: &str) -> Range<usize> {
        let found = self.folders.binary_search_by(|row| self.name(&mut Fields(row)).cmp(path.as_bytes()));
        found.map_or(0..0, |found| {
            let mut fields = Fields(&self.folders[found]);
            self.name(&mut fields);
            fields.range()
        })
    }

    /// The number of a file in a folder.
    pub(crate) fn in_folder(self, folder: Range<usize>, name: &str) -> Option<usize> {
        let start = folder.start;
        let files = self.files.get(folder)?;
        let found = files.binary_search_by(|row| self.name(&mut Fields(row)).cmp(name.as_bytes()));
        Some(start + found.ok()?)
    }

    /// The stamp of a file.
    pub(crate) fn stamp(self, number: usize) -> Option<Stamp> {
        let mut fields = Fields(self.files.get(number)?);
        self.name(&mut fields);
        fields.stamp()
    }

    /// What is kept of a file.
    pub(crate) fn file(self, number: usize) -> Option<Row<'b>> {
        let mut fields = Fields(self.files.get(number)?);
        self.name(&mut fields);
        let (stamp, glance) = (fields.stamp(), fields.piece());
        let digest = self.contents.get(fields.number()).and_then(|row| row.first_chunk());
        let searches = Searched(self.searches.get(fields.range()).unwrap_or_default());
        Some(Row { stamp, glance, digest, searches })
    }

    /// Where the facts of a content are.
    pub(crate) fn facts(self, digest: &Digest) -> Option<PiecePlace> {
        let found = self.contents.binary_search_by(|row| row[..digest.len()].cmp(digest)).ok()?;
        Fields(&self.contents[found][digest.len()..]).piece()
    }

    /// The contents that there are.
    pub(crate) fn digests(self) -> impl Iterator<Item = &'b Digest> {
        self.contents.iter().filter_map(|row| row.first_chunk())
    }

    fn name(self, fields: &mut Fields<'_>) -> &'b [u8] {
        self.names.get(fields.range()).unwrap_or_default()
    }
}

/// The fields of a row, which are taken one after the other.
struct Fields<'b>(&'b [u8]);

impl Fields<'_> {
    fn next<const N: usize>(&mut self) -> [u8; N] {
        let Some((field, rest)) = self.0.split_first_chunk() else { return [0; N] };
        self.0 = rest;
        *field
    }

    fn number(&mut self) -> usize {
        usize::try_from(u32::from_le_bytes(self.next())).unwrap_or(usize::MAX)
    }

    fn range(&mut self) -> Range<usize> {
        self.number()..self.number()
    }

    fn stamp(&mut self) -> Option<Stamp> {
        let is_there = self.next() != [0];
        let bytes = u64::from_le_bytes(self.next());
        let [modified_ns, changed_ns] = [self.next(), self.next()].map(|ns| i64::from_le_bytes(ns).into());
        let inode = u64::from_le_bytes(self.next());
        is_there.then_some(Stamp { bytes, modified_ns, changed_ns, inode })
    }

    /// A piece that is nowhere is none.
    fn piece(&mut self) -> Option<PiecePlace> {
        let (Range { start, end }, checksum) = (self.range(), self.next());
        (start <= end).then_some(PiecePlace { start, end, checksum })
    }
}

/// Tables that are being written.
#[derive(Debug)]
pub(crate) struct Writer<'k> {
    /// The folder of the last file, and the number of its first one.
    folder: Option<(&'k str, usize)>,
    files: usize,
    digests: Vec<&'k Digest>,
    tables: [Vec<u8>; TABLES],
}

impl<'k> Writer<'k> {
    /// Begins with contents and where their facts are.
    pub(crate) fn new(contents: &'k BTreeMap<Digest, PiecePlace>) -> Self {
        let mut tables = <[Vec<u8>; TABLES]>::default();
        for (digest, facts) in contents {
            tables[4].extend_from_slice(digest);
            write_piece(Some(*facts), &mut tables[4]);
        }
        Self { folder: None, files: 0, digests: contents.keys().collect(), tables }
    }

    /// Adds a file. They come sorted by folder, and then by name. Its content is one of those that there are.
    pub(crate) fn file(
        &mut self,
        (folder, name): (&'k str, &str),
        stamp: Option<Stamp>,
        glance: Option<PiecePlace>,
        digest: Option<&Digest>,
        searches: &Searches,
    ) {
        if self.folder.is_none_or(|(path, _)| path != folder) {
            self.end_folder();
            self.folder = Some((folder, self.files));
        }
        let digest = digest.and_then(|digest| self.digests.binary_search(&digest).ok());
        let name = self.name(name);
        let [_, files, _, all_searches, _] = &mut self.tables;
        write_range(name, files);
        write_stamp(stamp, files);
        write_piece(glance, files);
        write_number(digest.unwrap_or(usize::MAX), files);
        let first_search = all_searches.len() / SEARCH;
        for (key, answer) in searches {
            all_searches.extend_from_slice(key);
            all_searches.push(u8::from(*answer));
        }
        write_range(first_search..all_searches.len() / SEARCH, files);
        self.files += 1;
    }

    /// The tables.
    pub(crate) fn finish(mut self) -> [Vec<u8>; TABLES] {
        self.end_folder();
        self.tables
    }

    fn end_folder(&mut self) {
        if let Some((path, first)) = self.folder {
            let name = self.name(path);
            write_range(name, &mut self.tables[0]);
            write_range(first..self.files, &mut self.tables[0]);
        }
    }

    fn name(&mut self, name: &str) -> Range<usize> {
        let names = &mut self.tables[2];
        let start = names.len();
        names.extend_from_slice(name.as_bytes());
        start..names.len()
    }
}

/// Writes a number. One that is too large leads nowhere.
fn write_number(number: usize, to: &mut Vec<u8>) {
    to.extend_from_slice(&u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes());
}

fn write_range(range: Range<usize>, to: &mut Vec<u8>) {
    write_number(range.start, to);
    write_number(range.end, to);
}

/// Writes a stamp. One of a time that is centuries away is none.
fn write_stamp(stamp: Option<Stamp>, to: &mut Vec<u8>) {
    let times = stamp.and_then(|Stamp { modified_ns, changed_ns, .. }| {
        Some([i64::try_from(modified_ns).ok()?, i64::try_from(changed_ns).ok()?])
    });
    let (Some(Stamp { bytes, inode, .. }), Some([modified_ns, changed_ns])) = (stamp, times) else {
        to.extend_from_slice(&[0; STAMP]);
        return;
    };
    to.push(1);
    let fields =
        [bytes.to_le_bytes(), modified_ns.to_le_bytes(), changed_ns.to_le_bytes(), inode.to_le_bytes()];
    to.extend_from_slice(fields.as_flattened());
}

/// Writes a piece; if there is none, one that is nowhere.
fn write_piece(piece: Option<PiecePlace>, to: &mut Vec<u8>) {
    let PiecePlace { start, end, checksum } =
        piece.unwrap_or(PiecePlace { start: usize::MAX, end: 0, checksum: [0; 8] });
    write_range(start..end, to);
    to.extend_from_slice(&checksum);
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAMPED: Stamp = Stamp { bytes: 7, modified_ns: -3, changed_ns: 1 << 60, inode: u64::MAX };

    fn piece(start: usize, end: usize) -> PiecePlace {
        PiecePlace { start, end, checksum: [9; 8] }
    }

    /// Tables of files whose names are their paths.
    fn written(files: &[&'static str], contents: &BTreeMap<Digest, PiecePlace>) -> [Vec<u8>; TABLES] {
        let mut writer = Writer::new(contents);
        for path in files {
            let place = path.rsplit_once('/').unwrap_or(("", path));
            let searches = Searches::from([([1; 16], true), ([3; 16], false)]);
            let digest = contents.keys().find(|digest| usize::from(digest[0]) == path.len());
            writer.file(place, Some(STAMPED), Some(piece(1, path.len())), digest, &searches);
        }
        writer.finish()
    }

    fn number(tables: Tables<'_>, folder: &str, name: &str) -> Option<usize> {
        tables.in_folder(tables.folder(folder), name)
    }

    #[test]
    fn what_is_written_is_found_where_it_stands() {
        let contents = BTreeMap::from([([3; 32], piece(0, 4)), ([5; 32], piece(4, 9))]);
        let written = written(&["a.go", "b.go", "a/a.go", "a/b/longer.go"], &contents);
        let tables = Tables::new(written.each_ref().map(Vec::as_slice));
        let places =
            [("", "a.go"), ("", "b.go"), ("a", "a.go"), ("a/b", "longer.go"), ("a", "b.go"), ("b", "a.go")];
        let numbers = places.map(|(folder, name)| number(tables, folder, name));
        assert_eq!(numbers, [Some(0), Some(1), Some(2), Some(3), None, None]);
        let row = tables.file(2).unwrap();
        assert_eq!(
            (row.stamp, tables.stamp(2), row.glance),
            (Some(STAMPED), Some(STAMPED), Some(piece(1, 6)))
        );
        assert_eq!(row.searches.iter().collect::<Vec<_>>(), [([1; 16], true), ([3; 16], false)]);
        let answers = [1, 2, 3].map(|key| row.searches.get(&[key; 16]));
        assert_eq!(answers, [Some(true), None, Some(false)]);
        assert_eq!((tables.facts(&[5; 32]), tables.facts(&[4; 32])), (Some(piece(4, 9)), None));
        assert_eq!((tables.len(), tables.digests().count()), (4, 2));
    }

    #[test]
    fn a_content_is_that_of_its_file() {
        let contents = BTreeMap::from([([4; 32], piece(0, 4)), ([6; 32], piece(4, 9))]);
        let written = written(&["a.go", "x.txt", "a/a.go"], &contents);
        let tables = Tables::new(written.each_ref().map(Vec::as_slice));
        let digests = [0, 1, 2].map(|number| tables.file(number).unwrap().digest);
        assert_eq!(digests, [Some(&[4; 32]), None, Some(&[6; 32])]);
    }

    #[test]
    fn times_that_are_centuries_away_are_none() {
        let contents = BTreeMap::new();
        let mut writer = Writer::new(&contents);
        let stamp = Stamp { changed_ns: i128::from(i64::MAX) + 1, ..STAMPED };
        writer.file(("", "a"), Some(stamp), None, None, &Searches::new());
        let written = writer.finish();
        let row = Tables::new(written.each_ref().map(Vec::as_slice)).file(0).unwrap();
        assert!(row.stamp.is_none() && row.glance.is_none() && row.searches.iter().next().is_none());
    }

    #[test]
    fn bytes_that_make_no_sense_are_not_there() {
        let contents = BTreeMap::from([([4; 32], piece(0, 4))]);
        let written = written(&["a.go", "b/a.go"], &contents);
        for table in 0..TABLES {
            for byte in [0, 0x7f, 0xff] {
                let mut damaged = written.clone();
                damaged[table].fill(byte);
                let tables = Tables::new(damaged.each_ref().map(Vec::as_slice));
                for (folder, name) in [("", "a.go"), ("b", "a.go")] {
                    number(tables, folder, name).and_then(|number| tables.file(number));
                }
                tables.facts(&[4; 32]);
            }
        }
        let tables = Tables::new([&[], &[1], &[2; 3], &[3; 20], &[4; 40]]);
        assert!(tables.len() == 0 && number(tables, "", "a").is_none());
    }
}
