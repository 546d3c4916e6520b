//! Small apps in which much is connected with much.

use super::Files;

/// All of them.
pub(super) fn all() -> Vec<(&'static str, Files)> {
    let texts = [("woven-ts", TYPESCRIPT), ("loose-ts", LOOSE_TYPESCRIPT), ("woven-go", GO)];
    texts.into_iter().map(|(name, text)| (name, files(text))).collect()
}

/// The files in a text, each with its path after `==>`.
pub(super) fn files(text: &str) -> Files {
    text.split("==> ")
        .skip(1)
        .map(|file| {
            let (path, content) = file.split_once('\n').unwrap();
            (path.to_owned(), content.to_owned())
        })
        .collect()
}

const TYPESCRIPT: &str = include_str!("woven-ts.txt");
const LOOSE_TYPESCRIPT: &str = include_str!("loose-ts.txt");
const GO: &str = include_str!("woven-go.txt");
