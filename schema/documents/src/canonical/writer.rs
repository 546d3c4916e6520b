//! Writes canonical JSON without a document between: members are put into order in the text itself, when their object ends.

use std::cmp::Ordering;
use std::io;
use std::ops::Range;

use serde::Serialize;
use serde_json::ser::{CharEscape, CompactFormatter, Formatter, Serializer};

/// The document on one line, its members sorted by key. Of two members with one key the last one stands.
pub(super) fn write(document: &impl Serialize) -> String {
    let mut writer = Writer::default();
    document
        .serialize(&mut Serializer::with_formatter(io::sink(), &mut writer))
        .expect("BUG: a document serialises");
    String::from_utf8(writer.text).expect("BUG: it is cut between characters only")
}

/// Canonical JSON over several lines, two spaces for each level, with a newline at its end.
pub(super) fn indent(json: &str) -> String {
    let bytes = json.as_bytes();
    let mut text = String::with_capacity(json.len() * 2);
    let (mut depth, mut copied, mut at) = (0, 0, 0);
    while let Some(byte) = bytes.get(at) {
        let copied_before = copied;
        match byte {
            b'"' => at += string_bytes(&bytes[at..]),
            b'{' | b'[' if matches!(bytes.get(at + 1), Some(b'}' | b']')) => at += 2,
            b'}' | b']' => {
                copied = at;
                depth -= 1;
                at += 1;
            }
            b'{' | b'[' => {
                at += 1;
                copied = at;
                depth += 1;
            }
            b',' | b':' => {
                at += 1;
                copied = at;
            }
            _ => at += 1,
        }
        if copied > copied_before {
            text.push_str(&json[copied_before..copied]);
            if *byte == b':' {
                text.push(' ');
            } else {
                new_line(&mut text, depth);
            }
        }
    }
    text.push_str(&json[copied..]);
    text.push('\n');
    text
}

/// How many bytes the string has that this begins with, quotes and all.
fn string_bytes(bytes: &[u8]) -> usize {
    let mut at = 1;
    while let Some(found) = bytes[at..].iter().position(|byte| matches!(byte, b'"' | b'\\')) {
        at += found;
        if bytes[at] == b'"' {
            return at + 1;
        }
        at += 2;
    }
    bytes.len()
}

fn new_line(text: &mut String, depth: usize) {
    const SPACES: &str = "                                                                ";
    text.push('\n');
    let mut left = 2 * depth;
    while left > 0 {
        let now = left.min(SPACES.len());
        text.push_str(&SPACES[..now]);
        left -= now;
    }
}

/// The text so far, and the objects in it that have not ended.
#[derive(Default)]
struct Writer {
    text: Vec<u8>,
    /// The members of all objects that have not ended, those of the innermost last.
    members: Vec<Member>,
    /// How many members there were when each of these objects began.
    objects: Vec<usize>,
    /// The members of an object that is put into order, as they were.
    unordered: Vec<u8>,
}

/// Where a member stands in the text: its key with its quotes, and all of it.
#[derive(Clone)]
struct Member {
    key: Range<usize>,
    end: usize,
}

impl Writer {
    /// Puts the members of the object that ends here into order.
    fn order(&mut self) {
        let first = self.objects.pop().expect("BUG: an object ends that began");
        let Self { text, members, unordered, .. } = self;
        let of_object = &mut members[first..];
        let key = |member: &Member| &text[member.key.clone()];
        if !of_object.is_sorted_by(|one, other| compared(key(one), key(other)) == Ordering::Less) {
            let begin = of_object[0].key.start;
            unordered.clear();
            unordered.extend_from_slice(&text[begin..]);
            text.truncate(begin);
            let part = |from: usize, to: usize| &unordered[from - begin..to - begin];
            let key = |member: &Member| part(member.key.start, member.key.end);
            of_object.sort_by(|one, other| compared(key(one), key(other)));
            for (nth, member) in of_object.iter().enumerate() {
                if of_object.get(nth + 1).is_some_and(|next| key(next) == key(member)) {
                    continue;
                }
                if text.len() > begin {
                    text.push(b',');
                }
                text.extend_from_slice(part(member.key.start, member.end));
            }
        }
        members.truncate(first);
    }
}

/// The order of two keys, each in its quotes: that of what they say, and not of how it is escaped.
fn compared(one: &[u8], other: &[u8]) -> Ordering {
    let bare = |key: &[u8]| key.len() >= 2 && !key.contains(&b'\\');
    if bare(one) && bare(other) {
        return one[1..one.len() - 1].cmp(&other[1..other.len() - 1]);
    }
    let said = |key: &[u8]| serde_json::from_slice::<String>(key).expect("BUG: a key is a string");
    said(one).cmp(&said(other))
}

/// All goes into the text, and nothing to where the serialiser would write.
impl Formatter for &mut Writer {
    fn write_null<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        CompactFormatter.write_null(&mut self.text)
    }

    fn write_bool<W: ?Sized + io::Write>(&mut self, _: &mut W, value: bool) -> io::Result<()> {
        CompactFormatter.write_bool(&mut self.text, value)
    }

    fn write_i8<W: ?Sized + io::Write>(&mut self, _: &mut W, value: i8) -> io::Result<()> {
        CompactFormatter.write_i8(&mut self.text, value)
    }

    fn write_i16<W: ?Sized + io::Write>(&mut self, _: &mut W, value: i16) -> io::Result<()> {
        CompactFormatter.write_i16(&mut self.text, value)
    }

    fn write_i32<W: ?Sized + io::Write>(&mut self, _: &mut W, value: i32) -> io::Result<()> {
        CompactFormatter.write_i32(&mut self.text, value)
    }

    fn write_i64<W: ?Sized + io::Write>(&mut self, _: &mut W, value: i64) -> io::Result<()> {
        CompactFormatter.write_i64(&mut self.text, value)
    }

    fn write_i128<W: ?Sized + io::Write>(&mut self, _: &mut W, value: i128) -> io::Result<()> {
        CompactFormatter.write_i128(&mut self.text, value)
    }

    fn write_u8<W: ?Sized + io::Write>(&mut self, _: &mut W, value: u8) -> io::Result<()> {
        CompactFormatter.write_u8(&mut self.text, value)
    }

    fn write_u16<W: ?Sized + io::Write>(&mut self, _: &mut W, value: u16) -> io::Result<()> {
        CompactFormatter.write_u16(&mut self.text, value)
    }

    fn write_u32<W: ?Sized + io::Write>(&mut self, _: &mut W, value: u32) -> io::Result<()> {
        CompactFormatter.write_u32(&mut self.text, value)
    }

    fn write_u64<W: ?Sized + io::Write>(&mut self, _: &mut W, value: u64) -> io::Result<()> {
        CompactFormatter.write_u64(&mut self.text, value)
    }

    fn write_u128<W: ?Sized + io::Write>(&mut self, _: &mut W, value: u128) -> io::Result<()> {
        CompactFormatter.write_u128(&mut self.text, value)
    }

    fn write_f32<W: ?Sized + io::Write>(&mut self, _: &mut W, value: f32) -> io::Result<()> {
        CompactFormatter.write_f32(&mut self.text, value)
    }

    fn write_f64<W: ?Sized + io::Write>(&mut self, _: &mut W, value: f64) -> io::Result<()> {
        CompactFormatter.write_f64(&mut self.text, value)
    }

    fn write_number_str<W: ?Sized + io::Write>(&mut self, _: &mut W, value: &str) -> io::Result<()> {
        CompactFormatter.write_number_str(&mut self.text, value)
    }

    fn write_byte_array<W: ?Sized + io::Write>(&mut self, _: &mut W, value: &[u8]) -> io::Result<()> {
        CompactFormatter.write_byte_array(&mut self.text, value)
    }

    fn begin_string<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        CompactFormatter.begin_string(&mut self.text)
    }

    fn end_string<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        CompactFormatter.end_string(&mut self.text)
    }

    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, _: &mut W, part: &str) -> io::Result<()> {
        CompactFormatter.write_string_fragment(&mut self.text, part)
    }

    fn write_char_escape<W: ?Sized + io::Write>(&mut self, _: &mut W, escape: CharEscape) -> io::Result<()> {
        CompactFormatter.write_char_escape(&mut self.text, escape)
    }

    fn begin_array<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        CompactFormatter.begin_array(&mut self.text)
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        CompactFormatter.end_array(&mut self.text)
    }

    fn begin_array_value<W: ?Sized + io::Write>(&mut self, _: &mut W, first: bool) -> io::Result<()> {
        CompactFormatter.begin_array_value(&mut self.text, first)
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.objects.push(self.members.len());
        CompactFormatter.begin_object(&mut self.text)
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.order();
        CompactFormatter.end_object(&mut self.text)
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, _: &mut W, first: bool) -> io::Result<()> {
        CompactFormatter.begin_object_key(&mut self.text, first)?;
        let at = self.text.len();
        self.members.push(Member { key: at..at, end: at });
        Ok(())
    }

    fn end_object_key<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        let at = self.text.len();
        self.members.last_mut().expect("BUG: a key ends that began").key.end = at;
        Ok(())
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        CompactFormatter.begin_object_value(&mut self.text)
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        let at = self.text.len();
        self.members.last_mut().expect("BUG: a value ends that began").end = at;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde::ser::SerializeMap as _;
    use serde::{Serialize, Serializer};
    use serde_json::json;

    use super::*;
    use crate::Json;

    /// An object whose members are written in this order.
    #[derive(Clone, Debug)]
    enum Tree {
        Leaf(Json),
        List(Vec<Tree>),
        Object(Vec<(String, Tree)>),
    }

    impl Serialize for Tree {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            match self {
                Self::Leaf(json) => json.serialize(serializer),
                Self::List(items) => items.serialize(serializer),
                Self::Object(members) => {
                    let mut map = serializer.serialize_map(None)?;
                    for (key, value) in members {
                        map.serialize_entry(key, value)?;
                    }
                    map.end()
                }
            }
        }
    }

    impl Tree {
        /// The text by its definition.
        fn canonical(&self) -> String {
            match self {
                Self::Leaf(json) => json.to_string(),
                Self::List(items) => {
                    format!("[{}]", items.iter().map(Self::canonical).collect::<Vec<_>>().join(","))
                }
                Self::Object(members) => {
                    let sorted: BTreeMap<&String, String> =
                        members.iter().map(|(key, value)| (key, value.canonical())).collect();
                    let member = |(key, value): (&&String, &String)| format!("{}:{value}", json!(key));
                    format!("{{{}}}", sorted.iter().map(member).collect::<Vec<_>>().join(","))
                }
            }
        }
    }

    fn tree() -> impl Strategy<Value = Tree> {
        let text = || prop_oneof!["[a-c]{0,2}", "[\"\\\\\n\u{1}/{},:é𝄞 \\[\\]]{0,3}"];
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            any::<i64>().prop_map(Json::from),
            any::<u64>().prop_map(Json::from),
            any::<f64>().prop_map(Json::from),
            text().prop_map(Json::from),
        ];
        leaf.prop_map(Tree::Leaf).prop_recursive(4, 40, 6, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Tree::List),
                prop::collection::vec((text(), inner), 0..6).prop_map(Tree::Object),
            ]
        })
    }

    proptest! {
        #[test]
        fn members_are_sorted_whatever_order_they_come_in(tree in tree()) {
            let text = write(&tree);
            prop_assert_eq!(&text, &tree.canonical());
            let json: Json = serde_json::from_str(&text).unwrap();
            let mut pretty = serde_json::to_string_pretty(&json).unwrap();
            pretty.push('\n');
            prop_assert_eq!(indent(&text), pretty);
        }
    }

    #[test]
    fn keys_sort_by_what_they_say() {
        let object = |keys: &[&str]| {
            Tree::Object(keys.iter().map(|key| ((*key).to_owned(), Tree::Leaf(json!(1)))).collect())
        };
        assert_eq!(
            write(&object(&["b", "a\n", "a", "\u{1}", "Z"])),
            "{\"\\u0001\":1,\"Z\":1,\"a\":1,\"a\\n\":1,\"b\":1}"
        );
        assert_eq!(write(&BTreeMap::from([(10, "ten"), (9, "nine")])), "{\"10\":\"ten\",\"9\":\"nine\"}");
    }
}
