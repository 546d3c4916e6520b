//! Patterns of field paths: `/Rules/*/Prefix`, where `*` stands for one segment of any kind.

use std::fmt;
use std::str::FromStr;

use schema_documents::FieldPath;
use schema_documents::path::InvalidPath;
use serde::{Deserialize, Serialize};

/// A set of field paths: those that have the same segments, where `*` equals any element, index or member.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pattern(FieldPath);

impl Pattern {
    /// Parses `/A/*/B`.
    pub fn parse(text: &str) -> Result<Self, InvalidPath> {
        FieldPath::parse(text).map(Self)
    }

    /// The pattern that this path alone matches.
    pub(crate) fn of(path: FieldPath) -> Self {
        Self(path)
    }

    /// The pattern itself as a path, with its `*` segments.
    pub fn path(&self) -> &FieldPath {
        &self.0
    }

    /// Whether this is a pattern of just this path.
    pub fn matches(&self, path: &FieldPath) -> bool {
        self.0.segments().len() == path.segments().len() && self.covers(path)
    }

    /// Whether the path matches, or lies below one that matches.
    pub fn covers(&self, path: &FieldPath) -> bool {
        let (ours, theirs) = (self.0.segments(), path.segments());
        ours.len() <= theirs.len() && ours.iter().zip(theirs).all(|(our, their)| our == "*" || our == their)
    }

    /// Whether some path that matches lies below this one.
    pub fn is_below(&self, path: &FieldPath) -> bool {
        let (ours, theirs) = (self.0.segments(), path.segments());
        ours.len() > theirs.len() && ours.iter().zip(theirs).all(|(our, their)| our == "*" || our == their)
    }
}

impl FromStr for Pattern {
    type Err = InvalidPath;
    fn from_str(text: &str) -> Result<Self, InvalidPath> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Pattern {
    type Error = InvalidPath;
    fn try_from(text: String) -> Result<Self, InvalidPath> {
        Self::parse(&text)
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.to_string()
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, path: &str) -> (bool, bool, bool) {
        let (pattern, path) = (Pattern::parse(pattern).unwrap(), FieldPath::parse(path).unwrap());
        (pattern.matches(&path), pattern.covers(&path), pattern.is_below(&path))
    }

    #[test]
    fn a_star_stands_for_any_element() {
        assert_eq!(check("/Rules/*/Prefix", "/Rules/[Id=a]/Prefix"), (true, true, false));
        assert_eq!(check("/Rules/*/Prefix", "/Rules/0/Prefix/Deep"), (false, true, false));
        assert_eq!(check("/Rules/*/Prefix", "/Rules"), (false, false, true));
        assert_eq!(check("/Rules/*/Prefix", "/Rules/0/Id"), (false, false, false));
    }
}
