//! `manifest-agent adopt` and `revert`: the two answers to drift.

use agent_driver::append_as_person;
use anyhow::{Context as _, Result, bail};
use schema_documents::FieldPath;
use schema_documents::journal::Entry;
use schema_documents::recorded::{Choice, ResourceRecord, Status};

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
    let (_, record) = recorded.current(&args.resource).with_context(|| {
        format!("`{}` is not recorded in {} {}", args.resource, environment.app, environment.name)
    })?;
    let paths = paths(record, args.path.as_ref());
    if paths.is_empty() {
        bail!("`{}` has no open console edit (`manifest-agent status` lists them)", args.resource);
    }
    let entries = paths.iter().map(|path| Entry::Answered {
        resource: args.resource.clone(),
        path: path.clone(),
        choice,
        over: path.get(&record.seen).filter(|_| !path.is_root()).cloned(),
        who: who.clone(),
    });
    let driver = environment.driver_without_cloud(wiring::lease_of_person(args.person.lease)?);
    append_as_person(&driver, entries.collect()).await?;
    for path in &paths {
        let what = match choice {
            Choice::Adopt => "the repository gets the console's value with the next import",
            Choice::Revert => "the next pass writes the repository's value",
        };
        output::data(&format!("{} {path}: {what}\n", args.resource))?;
    }
    Ok(Verdict::Clean)
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
