//! Kinds that the catalogue does not have: what a comparison needs to know of every kind there is.
//!
//! `data/aws-broad.zlib` has a line for each, sorted, written by `generate.py`. It is unpacked when it is first asked, and
//! only the lines that are asked for are read.

use std::borrow::Cow;
use std::sync::LazyLock;

use crate::{Catalog, Kind, Overlay, overlay};

static LINES: LazyLock<String> = LazyLock::new(|| {
    let packed = include_bytes!("../data/aws-broad.zlib");
    let unpacked = miniz_oxide::inflate::decompress_to_vec_zlib(packed);
    String::from_utf8(unpacked.expect("BUG: data/aws-broad.zlib is what generate.py writes"))
        .expect("BUG: data/aws-broad.zlib holds text")
});

/// The facts about a kind, for a comparison: those of the catalogue, or what a schema says, or nothing but the rules that
/// hold for every kind.
pub fn any_kind(name: &str) -> Cow<'static, Kind> {
    match Catalog::builtin().kind(name) {
        Some(kind) => Cow::Borrowed(kind),
        None => Cow::Owned(broad_kind(name).unwrap_or_else(|| unknown(name))),
    }
}

/// What the schema of a kind says that a comparison needs; kinds of the catalogue have one, too.
pub(crate) fn broad_kind(name: &str) -> Option<Kind> {
    let start = format!("{{\"name\":\"{name}\",");
    let line = LINES.lines().find(|line| line.starts_with(&start))?;
    let mut kind: Kind = serde_json::from_str(line).expect("BUG: data/aws-broad.zlib holds kinds");
    kind.overlay = overlay::File::builtin().completed(name, Overlay::default());
    Some(kind)
}

fn unknown(name: &str) -> Kind {
    Kind {
        name: name.to_owned(),
        overlay: overlay::File::builtin().completed(name, Overlay::default()),
        ..Kind::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_the_broad_file_is_one() {
        assert!(LINES.lines().count() > 1_500);
        for line in LINES.lines() {
            let kind: Kind = serde_json::from_str(line).unwrap();
            assert!(!kind.properties.is_empty(), "{}", kind.name);
        }
    }

    #[test]
    fn every_name_has_facts() {
        assert!(!any_kind("AWS::SQS::Queue").handlers.is_empty(), "the catalogue's own come first");
        assert!(any_kind("AWS::Kinesis::Stream").properties.contains_key("ShardCount"));
        assert!(any_kind("Custom::Thing").properties.is_empty());
    }
}
