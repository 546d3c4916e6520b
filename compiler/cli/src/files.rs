//! Files at the rim: read whole, written whole or not at all.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use compiler_scan::SourceTree;
use schema_documents::desired::DesiredState;
use schema_documents::read;

/// Reads the app at `dir`.
pub(crate) fn tree(dir: &Path) -> Result<SourceTree> {
    SourceTree::read(dir).with_context(|| format!("the folder `{}` cannot be read", dir.display()))
}

/// Reads the app at `dir` as it was at a git revision.
pub(crate) fn tree_at(dir: &Path, revision: &str) -> Result<SourceTree> {
    if revision.starts_with('-') {
        bail!("`{revision}` is no git revision");
    }
    let listing = git(dir, &["ls-tree", "-r", "-z", "--name-only", revision, "."], &[])?;
    let listing = String::from_utf8_lossy(&listing).into_owned();
    let paths: Vec<&str> =
        listing.split('\0').filter(|path| SourceTree::reads(path) && !path.contains('\n')).collect();
    let asked: Vec<String> = paths.iter().map(|path| format!("{revision}:./{path}\n")).collect();
    let answer = git(dir, &["cat-file", "--batch"], asked.concat().as_bytes())?;
    let files = blobs(&answer, &paths).context("git gave an answer that cannot be read")?;
    let name =
        dir.canonicalize()?.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(SourceTree::from_files(&name, files))
}

/// The commit that is checked out at `dir`, if that is a git repository.
pub(crate) fn head(dir: &Path) -> Option<String> {
    let commit = git(dir, &["rev-parse", "HEAD"], &[]).ok()?;
    Some(String::from_utf8_lossy(&commit).trim().to_owned())
}

/// The contents in an answer of `git cat-file --batch`: a line with the size, the bytes, a line's end.
fn blobs(mut answer: &[u8], paths: &[&str]) -> Option<Vec<(String, Vec<u8>)>> {
    let mut files = Vec::new();
    for path in paths {
        let end = answer.iter().position(|byte| *byte == b'\n')?;
        let (head, rest) = (std::str::from_utf8(&answer[..end]).ok()?, &answer[end + 1..]);
        let size: usize = head.rsplit(' ').next()?.parse().ok()?;
        files.push(((*path).to_owned(), rest.get(..size)?.to_vec()));
        answer = rest.get(size + 1..)?;
    }
    Some(files)
}

fn git(dir: &Path, arguments: &[&str], input: &[u8]) -> Result<Vec<u8>> {
    let mut command = Command::new("git");
    command
        .arg("-C")
        .arg(dir)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().context("git cannot be started")?;
    let mut stdin = child.stdin.take().context("BUG: the input is piped")?;
    let output = std::thread::scope(|scope| {
        // Written from beside, so that git never waits for us while we wait for git. A git that stopped reading says why.
        scope.spawn(move || drop(stdin.write_all(input)));
        child.wait_with_output()
    })?;
    if !output.status.success() {
        bail!("git {}: {}", arguments[0], String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(output.stdout)
}

/// Reads a desired state; a file above the limit is refused by its size, before it is read.
pub(crate) fn desired(path: &Path, limit: u64) -> Result<DesiredState> {
    let named = || format!("`{}` cannot be used", path.display());
    let bytes = fs::metadata(path).with_context(named)?.len();
    if bytes > limit {
        return Err(read::Unusable::TooLarge { bytes, limit }).with_context(named);
    }
    let bytes = fs::read(path).with_context(named)?;
    let (desired, _) = read::desired(&bytes, limit).with_context(named)?;
    Ok(desired)
}

/// Writes a file whole or not at all.
pub(crate) fn write(path: &Path, content: &[u8]) -> Result<()> {
    schema_store::write_whole(path, content)
        .with_context(|| format!("`{}` cannot be written", path.display()))
}
