//! The front end for Go: from the text of a file to its syntax tree.

pub(crate) mod ast;

use bumpalo::Bump;

use ast::File;

/// How deep a tree can be.
pub(crate) const MAX_HEIGHT: usize = 1_000;

/// Parses a file. Never fails: what is wrong is in [`File::errors`], and the rest is in the tree.
pub(crate) fn parse<'a>(_arena: &'a Bump, source: &'a str) -> File<'a> {
    File { source, package: None, declarations: &[], comments: &[], errors: &[] }
}
