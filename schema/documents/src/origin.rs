//! Where a wish comes from: the line of code, the setting or the rule that asked for it.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A span in a file, written `file:line:column-end_line:end_column`. Lines and columns count from 1, columns in
/// characters; the end is the column after the last character. The file is relative to the app's root, with `/`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Position {
    /// The file, relative to the app's root.
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

/// Why a text is not a position.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a position: write `file:line:column-end_line:end_column`, `file:line:column` or `file:line`"
)]
pub struct InvalidPosition(pub String);

impl Position {
    /// A position of one point.
    pub fn point(file: impl Into<String>, line: u32, column: u32) -> Self {
        Self { file: file.into(), line, column, end_line: line, end_column: column }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}:{}-{}:{}", self.file, self.line, self.column, self.end_line, self.end_column)
    }
}

impl fmt::Debug for Position {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{self}")
    }
}

impl FromStr for Position {
    type Err = InvalidPosition;

    fn from_str(text: &str) -> Result<Self, InvalidPosition> {
        parse(text).ok_or_else(|| InvalidPosition(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<Position> {
    let number = |text: &str| text.parse::<u32>().ok();
    if let Some((start, end)) = text.rsplit_once('-')
        && let Some((end_line, end_column)) = end.split_once(':')
        && let (Some(end_line), Some(end_column)) = (number(end_line), number(end_column))
    {
        let (start, column) = start.rsplit_once(':')?;
        let (file, line) = start.rsplit_once(':')?;
        let (line, column) = (number(line)?, number(column)?);
        let is_forward = (line, column) <= (end_line, end_column);
        return (!file.is_empty() && is_forward).then(|| Position {
            file: file.to_owned(),
            line,
            column,
            end_line,
            end_column,
        });
    }
    let (before, last) = text.rsplit_once(':')?;
    let last = number(last)?;
    if let Some((file, line)) = before.rsplit_once(':')
        && let Some(line) = number(line)
    {
        return (!file.is_empty()).then(|| Position::point(file, line, last));
    }
    (!before.is_empty()).then(|| Position::point(before, last, 1))
}

impl TryFrom<String> for Position {
    type Error = InvalidPosition;
    fn try_from(text: String) -> Result<Self, InvalidPosition> {
        text.parse()
    }
}

impl From<Position> for String {
    fn from(position: Position) -> Self {
        position.to_string()
    }
}

/// Who asks for a value, weakest first: the order is that of the semantics, §1 (`default` < `code` < `setting`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "by", rename_all = "snake_case", deny_unknown_fields)]
pub enum Origin {
    /// A rule of the compiler.
    Default {
        /// Name of the rule, such as `database.instance_class`.
        rule: String,
        /// The edition whose rule it is.
        edition: String,
    },
    /// A declaration in the app's source.
    Declaration {
        /// Where it stands.
        at: Position,
    },
    /// A setting in the environment file.
    Setting {
        /// Where it stands.
        at: Position,
    },
}

/// The strength of an [`Origin`], without its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rank {
    /// A rule of the compiler.
    Default,
    /// The app's source.
    Code,
    /// The environment file.
    Setting,
}

impl Origin {
    /// How strong a wish of this origin is.
    pub fn rank(&self) -> Rank {
        match self {
            Self::Default { .. } => Rank::Default,
            Self::Declaration { .. } => Rank::Code,
            Self::Setting { .. } => Rank::Setting,
        }
    }

    /// The source position, where there is one.
    pub fn position(&self) -> Option<&Position> {
        match self {
            Self::Default { .. } => None,
            Self::Declaration { at } | Self::Setting { at } => Some(at),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default { rule, edition } => write!(out, "default {rule} ({edition})"),
            Self::Declaration { at } | Self::Setting { at } => write!(out, "{}:{}", at.file, at.line),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_survive_the_way_through_text() {
        for text in ["site/site.ts:12:14-12:25", "a-b/c:d.go:1:2-3:4"] {
            assert_eq!(text.parse::<Position>().unwrap().to_string(), text);
        }
        assert_eq!("a.go:3:9".parse::<Position>().unwrap(), Position::point("a.go", 3, 9));
        assert_eq!("a.go:3".parse::<Position>().unwrap(), Position::point("a.go", 3, 1));
        for bad in ["", "a.go", ":1:2", "a.go:x", "a.go:99999999999", "a.go:3:9-3:8", "a.go:3:9-2:10"] {
            assert!(bad.parse::<Position>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_setting_outranks_code_and_code_outranks_a_default() {
        assert!(Rank::Setting > Rank::Code && Rank::Code > Rank::Default);
    }
}
