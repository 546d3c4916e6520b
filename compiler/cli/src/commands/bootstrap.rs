//! `manifestc bootstrap`: what installs the agent.

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use compiler_export::bootstrap::{self, Options};
use schema_catalog::Catalog;
use schema_documents::canonical;
use schema_documents::desired::DesiredState;

use crate::args::BootstrapAws;
use crate::files;
use crate::output::{self, Verdict};

pub(crate) fn aws(args: &BootstrapAws) -> Result<Verdict> {
    let documents = args.kinds_from.iter().map(|path| files::desired(path, args.max_document_bytes));
    let documents = documents.collect::<Result<Vec<DesiredState>>>()?;
    let kinds = documents.iter().flat_map(|desired| desired.resources.values());
    let kinds: BTreeSet<String> = kinds.map(|resource| resource.kind.clone()).collect();
    if kinds.is_empty() && !documents.is_empty() {
        bail!("the documents of `--kinds-from` have no resources: without the option all kinds are allowed");
    }
    let count = kinds.len();
    let only = |named: &Option<String>, name: fn(&DesiredState) -> &String| {
        let said: BTreeSet<&String> = documents.iter().map(name).collect();
        named.clone().or_else(|| said.first().filter(|_| said.len() == 1).map(|name| (*name).clone()))
    };
    let options = Options {
        app: only(&args.app, |desired| &desired.app),
        environment: only(&args.env, |desired| &desired.environment.name),
        kinds,
    };
    let template = canonical::to_pretty(&bootstrap::aws(Catalog::builtin(), &options));
    let to = if let Some(out) = &args.out {
        files::write(out, template.as_bytes())?;
        out.display().to_string()
    } else {
        output::data(&template)?;
        "standard output".to_owned()
    };
    let kinds = if count == 0 { "all kinds".to_owned() } else { format!("the {count} kinds in use") };
    anstream::eprintln!("{to}: an agent with permissions for {kinds}");
    Ok(Verdict::Clean)
}
