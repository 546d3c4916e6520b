//! Files at the rim: read whole, written whole or not at all.

use std::borrow::Cow;
use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use compiler_cli::pipeline::{Scan, Source};
use compiler_scan::written::MAX_BYTES;
use compiler_scan::{SourceTree, disk};
use schema_documents::desired::DesiredState;
use schema_documents::read;

use crate::args::ReadFrom;

/// An app as it is read: its folder, and the manifests that were named.
#[derive(Default)]
pub(crate) struct App {
    tree: SourceTree,
    manifests: Vec<(String, Vec<u8>)>,
    with_source: bool,
    /// What was found in the code on the way in.
    scanned: Option<Scan>,
}

impl App {
    /// Reads the app at `dir`, as it is.
    pub(crate) fn read(dir: &Path, from: &ReadFrom) -> Result<Self> {
        let read = |path: &PathBuf| {
            let named = || format!("the manifest `{}` cannot be read", path.display());
            let file = fs::File::open(path).with_context(named)?;
            let mut bytes = Vec::new();
            // One byte more than is allowed is enough to be refused.
            file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes).with_context(named)?;
            Ok((name_in(dir, path), bytes))
        };
        let manifests = from.files.iter().map(read).collect::<Result<Vec<_>>>()?;
        let named = || format!("the folder `{}` cannot be read", dir.display());
        if !manifests.is_empty() && !from.with_source {
            let tree = disk::list(dir).with_context(named)?;
            return Ok(Self { tree, manifests, ..Self::default() });
        }
        let options = disk::Options { cache: from.keeping.folder(), ..disk::Options::default() };
        let disk::Scanned { tree, manifest, diagnostics, .. } =
            disk::scan(dir, &options).with_context(named)?;
        let scanned = Some((manifest, diagnostics));
        Ok(Self { tree, manifests, with_source: from.with_source, scanned })
    }

    /// Reads the app at `dir` as it was at a git revision. A manifest that was not there then is left out; before the first
    /// of them, the app was its code.
    pub(crate) fn read_at(dir: &Path, from: &ReadFrom, revision: &str) -> Result<Self> {
        let tree = tree_at(dir, revision)?;
        let was = |path: &PathBuf| {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            let object = format!("{revision}:./{}", path.file_name()?.to_string_lossy());
            let bytes = git(folder.unwrap_or(Path::new(".")), &["cat-file", "blob", &object], &[]).ok()?;
            Some((name_in(dir, path), bytes))
        };
        let manifests = from.files.iter().filter_map(was).collect();
        Ok(Self { tree, manifests, with_source: from.with_source, scanned: None })
    }

    /// What the compiler reads.
    pub(crate) fn source(&self) -> Source<'_> {
        Source {
            tree: &self.tree,
            manifests: &self.manifests,
            with_source: self.with_source,
            scanned: self.scanned.as_ref(),
        }
    }

    /// The folder.
    pub(crate) fn tree(&self) -> &SourceTree {
        &self.tree
    }

    /// The text of a file that a diagnostic points at.
    pub(crate) fn text(&self, file: &str) -> Option<String> {
        let manifest = self.manifests.iter().find(|(name, _)| name == file);
        let written = manifest.map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned());
        written.or_else(|| self.tree.text(file).map(Cow::into_owned))
    }
}

/// How a manifest is spoken of: by its path in the app's folder, so that the same input gives the same output on any
/// machine, or as it was typed when it lies elsewhere.
fn name_in(dir: &Path, path: &Path) -> String {
    let below = dir.canonicalize().ok().zip(path.canonicalize().ok());
    let below = below.and_then(|(dir, path)| Some(path.strip_prefix(dir).ok()?.to_owned()));
    below.as_deref().unwrap_or(path).to_string_lossy().replace('\\', "/")
}

fn tree_at(dir: &Path, revision: &str) -> Result<SourceTree> {
    if revision.starts_with('-') {
        bail!("`{revision}` is no git revision");
    }
    let listing = git(dir, &["ls-tree", "-r", "-z", "--name-only", revision, "."], &[])?;
    let listing = String::from_utf8_lossy(&listing).into_owned();
    let all = || listing.split('\0').filter(|path| !path.is_empty());
    let paths: Vec<&str> = all().filter(|path| SourceTree::reads(path) && !path.contains('\n')).collect();
    let asked: Vec<String> = paths.iter().map(|path| format!("{revision}:./{path}\n")).collect();
    let answer = git(dir, &["cat-file", "--batch"], asked.concat().as_bytes())?;
    let files = blobs(&answer, &paths).context("git gave an answer that cannot be read")?;
    let name =
        dir.canonicalize()?.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(SourceTree::from_files(&name, files).with_names(all().map(str::to_owned)))
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
