//! `manifestc publish`: the next numbered desired state.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use schema_documents::desired::DesiredState;
use schema_documents::publication::{Format, Publication, VERSION};
use schema_documents::{canonical, read};
use schema_store::{Claim, Missing, Numbered, Store};

use crate::args::Publish;
use crate::files;
use crate::output::{self, Verdict};

pub(crate) fn run(args: &Publish) -> Result<Verdict> {
    let states = states(args)?;
    let store = Store::open(&args.to, Missing::Create)?;
    let publisher = args
        .publisher
        .clone()
        .or_else(user)
        .context("nobody is named: say who publishes with `--publisher`")?;
    let folder = if args.desired.is_dir() {
        args.desired.as_path()
    } else {
        args.desired.parent().unwrap_or(Path::new("."))
    };
    let commit = args
        .commit
        .clone()
        .or_else(|| files::head(if folder.as_os_str().is_empty() { Path::new(".") } else { folder }));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for desired in states {
        let numbered = store.below("desired").below(&desired.app).below(&desired.environment.name).numbered();
        let (app, environment) = (desired.app.clone(), desired.environment.name.clone());
        let next = Next {
            desired,
            commit: commit.clone(),
            publisher: publisher.clone(),
            limit: args.max_document_bytes,
        };
        let line = match runtime.block_on(publish(&numbered, next))? {
            Published::Now(number) => format!("{app} {environment}: published as number {number}"),
            Published::Before(number) => format!("{app} {environment}: unchanged, number {number}"),
        };
        output::data(&format!("{line}\n"))?;
    }
    Ok(Verdict::Clean)
}

struct Next {
    desired: DesiredState,
    commit: Option<String>,
    publisher: String,
    limit: u64,
}

enum Published {
    /// Under this number, by this call.
    Now(u64),
    /// The last number has the same content.
    Before(u64),
}

/// Writes the number after the last one, and never over one that is there. Losing that race is a failure, for what was
/// built does not know of the winner.
async fn publish(numbered: &Numbered, next: Next) -> Result<Published> {
    let mut number = 1;
    let mut previous = None;
    if let Some((last, bytes)) = numbered.last().await? {
        let (desired, _) =
            read::desired(&bytes, next.limit).with_context(|| format!("number {last} cannot be used"))?;
        let digest = desired.digest();
        if digest == next.desired.digest() {
            return Ok(Published::Before(last));
        }
        number = last + 1;
        previous = Some(digest);
    }
    let publication = Publication {
        format: Format::Publication,
        version: VERSION,
        number,
        previous,
        commit: next.commit,
        publisher: next.publisher,
        restores: None,
        desired: next.desired,
    };
    let bytes = canonical::to_pretty(&publication).into_bytes();
    match numbered.claim(number, bytes).await? {
        Claim::Ours => Ok(Published::Now(number)),
        Claim::Taken(found) => bail!("superseded by {}", describe(&found, number, next.limit)),
    }
}

fn describe(bytes: &[u8], number: u64, limit: u64) -> String {
    let publication: Option<Publication> = read::document(bytes, VERSION, limit).ok();
    match publication {
        Some(other) => {
            let commit = other.commit.map(|commit| format!(" from commit {commit}")).unwrap_or_default();
            format!("number {number}, published by {}{commit}: build again on top of it", other.publisher)
        }
        None => format!("number {number}"),
    }
}

fn states(args: &Publish) -> Result<Vec<DesiredState>> {
    let mut paths: Vec<PathBuf> = if args.desired.is_dir() {
        let entries = std::fs::read_dir(&args.desired)?;
        let is_desired = |path: &PathBuf| path.to_string_lossy().ends_with(".desired.json");
        entries.flatten().map(|entry| entry.path()).filter(is_desired).collect()
    } else {
        vec![args.desired.clone()]
    };
    paths.sort();
    if paths.is_empty() {
        bail!(
            "`{}` holds no `*.desired.json`: run `manifestc build --out {0}` first",
            args.desired.display()
        );
    }
    paths.iter().map(|path| files::desired(path, args.max_document_bytes)).collect()
}

fn user() -> Option<String> {
    ["GITHUB_ACTOR", "USER", "LOGNAME", "USERNAME"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok())
        .or_else(|| {
            let output = std::process::Command::new("id").arg("-un").output().ok()?;
            let name = String::from_utf8(output.stdout).ok()?;
            Some(name.trim().to_owned()).filter(|name| !name.is_empty())
        })
}
