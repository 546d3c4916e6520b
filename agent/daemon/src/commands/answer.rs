//! `manifest-agent adopt` and `revert`: the two answers to drift.

use agent_driver::append_as_person;
use anyhow::{Context as _, Result, bail};
use schema_catalog::Catalog;
use schema_documents::desired::Class;
use schema_documents::journal::Entry;
use schema_documents::recorded::{Choice, ResourceRecord, Status};
use schema_documents::{FieldPath, Kept, ResourceId};

use crate::args::Answer;
use crate::output::{self, Verdict};
use crate::wiring::{self, Environment};

pub(crate) async fn adopt(args: Answer) -> Result<Verdict> {
    answer(args, Choice::Adopt).await
}

pub(crate) async fn revert(args: Answer) -> Result<Verdict> {
    answer(args, Choice::Revert).await
}

async fn answer(args: Answer, choice: Choice) -> Result<Verdict> {
    let who = wiring::person(args.person.by.as_ref())?;
    let environment = Environment::find(&args.place).await?;
    let recorded = environment.recorded().await?;
    let (generation, record) = recorded.current(&args.resource).with_context(|| {
        format!("`{}` is not recorded in {} {}", args.resource, environment.app, environment.name)
    })?;
    let paths = paths(record, args.path.as_ref());
    if paths.is_empty() {
        bail!("`{}` has no open console edit (`manifest-agent status` lists them)", args.resource);
    }
    let mut entries = Vec::new();
    for path in paths.iter().filter(|path| choice == Choice::Adopt && !has_memory(record, path)) {
        entries.push(adopted_beside(&args.resource, generation, (record, path), &who)?);
    }
    entries.extend(paths.iter().map(|path| Entry::Answered {
        resource: args.resource.clone(),
        path: path.clone(),
        choice,
        over: record.seen.at(path).filter(|_| !path.is_root()).map(Kept::to_json),
        who: who.clone(),
    }));
    let driver = environment.driver_without_cloud(wiring::lease_of_person(args.person.lease)?);
    append_as_person(&driver, entries).await?;
    for path in &paths {
        let what = match choice {
            Choice::Adopt => "the repository gets the console's value with the next import",
            Choice::Revert => "the next pass writes the repository's value",
        };
        output::data(&format!("{} {path}: {what}\n", args.resource))?;
    }
    Ok(Verdict::Clean)
}

/// Whether the document mentions a field, or did, or an edit of it is open.
fn has_memory(record: &ResourceRecord, path: &FieldPath) -> bool {
    path.is_root()
        || record.fields.get(path).is_some_and(|field| field.asked.is_some() || field.edit.is_some())
}

/// A field that the document does not mention becomes an open edit when somebody adopts it: what was seen last.
fn adopted_beside(
    resource: &ResourceId,
    generation: u32,
    (record, path): (&ResourceRecord, &FieldPath),
    who: &str,
) -> Result<Entry> {
    let kind = Catalog::builtin()
        .kind(&record.kind)
        .with_context(|| format!("the catalogue does not know `{}`", record.kind))?;
    let unit = kind.unit_path(path);
    if unit != *path {
        bail!("`{path}` is not taken alone: adopt `{unit}`");
    }
    if kind.is_provider_owned(path) || kind.is_sensitive(path) || kind.is_write_only(path) {
        bail!(
            "`{path}` of `{resource}` cannot be taken into the repository: the cloud sets it, or it is secret"
        );
    }
    let Some(seen) = record.seen.at(path) else {
        bail!("`{resource}` was last seen without `{path}`, so there is nothing to adopt");
    };
    Ok(Entry::Edited {
        resource: resource.clone(),
        generation,
        path: path.clone(),
        from: None,
        to: Some(seen.to_json()),
        who: Some(who.to_owned()),
        made_at_ms: None,
        class: Class::Open,
        origin: None,
    })
}

/// The field that was named, or every one with an open edit; of what is gone or never came to be, the whole resource.
fn paths(record: &ResourceRecord, named: Option<&FieldPath>) -> Vec<FieldPath> {
    if let Some(path) = named {
        return vec![path.clone()];
    }
    if record.status != Status::Live {
        return vec![FieldPath::root()];
    }
    record.fields.iter().filter(|(_, field)| field.edit.is_some()).map(|(path, _)| path.clone()).collect()
}
