//! The way back to the repository: console edits become minimal edits of an environment file.
//!
//! An edit takes the typed setting where all fields lowered from it agree, else it is written as
//! `[resources."<id>".properties] "<path>" = …`. Law: lowering the edited file equals live at every imported path, and
//! changes no other. The law is not hoped for: each edit is lowered before it is kept, and one that breaks the law is
//! dropped with a diagnostic.

mod edit;
mod existing;
mod law;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use compiler_diagnostics::{Code, Diagnostic, closest};
use compiler_lower::{EnvironmentFile, Images, environment_path, lower, read_environment};
use compiler_lower::{SettingKey, fields_of, setting_for};
use compiler_model::AppModel;
use schema_documents::desired::{DEFAULT_MAX_BYTES, DesiredState};
use schema_documents::import::{self, Import, Imports};
use schema_documents::{Json, ResourceId, canonical, read};

use edit::Edit;

pub use existing::{Written, name};

/// The environment file that the edits go into.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// The app.
    pub model: &'a AppModel,
    /// The environment's name.
    pub environment: &'a str,
    /// The text of its file; absent when it has none.
    pub file: Option<&'a str>,
}

/// What became of the imports.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// The new text of the environment file.
    pub text: String,
    /// The imports that were taken, each with the place it was written to.
    pub taken: Vec<Taken>,
}

/// An import that was taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Taken {
    /// The import.
    pub import: Import,
    /// Where it stands now, such as `[database.shared] instance_class`.
    pub place: String,
}

/// Reads an import document; `file` is its name, for the diagnostic.
pub fn read_document(file: &str, bytes: &[u8]) -> Result<Imports, Box<Diagnostic>> {
    read::document(bytes, import::VERSION, DEFAULT_MAX_BYTES).map_err(|reason| {
        let message = format!("`{file}` is no import document: {reason}");
        Box::new(
            Diagnostic::error(Code::I0303, message)
                .help("write one with `manifest-agent imports --out FILE`"),
        )
    })
}

/// Takes imports into an environment file. `None`: the file or the app cannot be built as they are, which the
/// diagnostics say. An import that cannot be taken is left out with a diagnostic; the others are taken.
pub fn import(target: Target<'_>, imports: &[Import]) -> (Option<Imported>, Vec<Diagnostic>) {
    import_by(target, imports, &|environment| lower(target.model, environment, &Images::default()))
}

/// How an environment file is lowered.
pub type Lower<'a> = dyn Fn(&EnvironmentFile) -> (Option<DesiredState>, Vec<Diagnostic>) + 'a;

/// As [`import`], for resources that are lowered in another way than from the app's model alone.
pub fn import_by(
    target: Target<'_>,
    imports: &[Import],
    lower: &Lower<'_>,
) -> (Option<Imported>, Vec<Diagnostic>) {
    let (environment, mut diagnostics) = read(target, target.file);
    let Some(environment) = environment else { return (None, diagnostics) };
    let (before, found) = lower(&environment);
    diagnostics.extend(found);
    let Some(before) = before else { return (None, diagnostics) };
    // What was wrong before is not for an import to say again.
    diagnostics.retain(|diagnostic| diagnostic.severity == compiler_diagnostics::Severity::Error);

    let mut state = State {
        target,
        lower,
        text: target.file.map_or_else(|| new_file(&environment), ToOwned::to_owned),
        desired: before,
    };
    let mut taken = Vec::new();
    let groups = groups(imports, &state.desired, &mut diagnostics);
    let refused = state.take_each(groups, &mut taken);
    // What cannot be without the others is right once they are there: the only element of a list, replaced by another one.
    let refused = state.take_each(refused.into_iter().map(|refused| refused.group).collect(), &mut taken);
    let refused = state.take_together(refused, &mut taken);
    diagnostics.extend(refused.into_iter().flat_map(|refused| refused.reasons));
    (Some(Imported { text: state.text, taken }), diagnostics)
}

fn read(target: Target<'_>, text: Option<&str>) -> (Option<EnvironmentFile>, Vec<Diagnostic>) {
    let path = environment_path(target.environment);
    read_environment(target.environment, text.map(|text| (path.as_str(), text)))
}

/// The file of an environment that had none: what it was built with, written down.
fn new_file(environment: &EnvironmentFile) -> String {
    let environment = &environment.environment;
    let word = |value: Json| value.as_str().unwrap_or_default().to_owned();
    let kind = word(serde_json::to_value(environment.kind).unwrap_or_default());
    let cloud = word(serde_json::to_value(environment.cloud).unwrap_or_default());
    let region =
        environment.region.as_ref().map(|region| format!("region = \"{region}\"\n")).unwrap_or_default();
    format!(
        "version = {}\nedition = \"{}\"\ntype = \"{kind}\"\ncloud = \"{cloud}\"\n{region}",
        environment.version, environment.edition
    )
}

/// Imports that become one edit.
struct Group {
    imports: Vec<Import>,
    setting: Option<(SettingKey, Json)>,
}

/// A group that was not taken, and why.
struct Refused {
    group: Group,
    reasons: Vec<Diagnostic>,
}

/// Groups the imports that one typed setting can say: those whose fields are all there and agree.
fn groups(imports: &[Import], desired: &DesiredState, diagnostics: &mut Vec<Diagnostic>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for import in imports {
        if !desired.resources.contains_key(&import.resource) {
            let near = closest(import.resource.as_str(), desired.resources.keys().map(ResourceId::as_str));
            let message = format!("`{}` is not built from this app", import.resource);
            let help =
                near.map(|near| format!("did you mean `{near}`? a `[[moved]]` entry tells of a new id"));
            diagnostics.push(Diagnostic::error(Code::I0301, message).maybe_help(help));
            continue;
        }
        if groups.iter().any(|group| group.imports.contains(import)) {
            continue;
        }
        groups.push(
            typed(import, imports, desired)
                .unwrap_or_else(|| Group { imports: vec![import.clone()], setting: None }),
        );
    }
    groups
}

/// The group of a typed setting: every field that the setting becomes is imported, and all say the same.
fn typed(import: &Import, imports: &[Import], desired: &DesiredState) -> Option<Group> {
    let key = setting_for(&import.resource, &import.path)?;
    let mut members = Vec::new();
    let mut agreed: Option<Json> = None;
    for (resource, path) in fields_of(&key, desired) {
        let member = imports.iter().find(|other| other.resource == resource && other.path == path)?;
        let value = key.setting.from_property(member.to.as_ref()?)?;
        if agreed.as_ref().is_some_and(|agreed| *agreed != value) {
            return None;
        }
        agreed = Some(value);
        members.push(member.clone());
    }
    Some(Group { imports: members, setting: Some((key, agreed?)) })
}

struct State<'a> {
    target: Target<'a>,
    lower: &'a Lower<'a>,
    text: String,
    desired: DesiredState,
}

impl State<'_> {
    /// Takes one group after another; those that cannot be taken come back.
    fn take_each(&mut self, groups: Vec<Group>, taken: &mut Vec<Taken>) -> Vec<Refused> {
        let mut refused = Vec::new();
        for group in groups {
            match self.take(&group) {
                Ok(place) => {
                    let imports = group.imports.into_iter();
                    taken.extend(imports.map(|import| Taken { import, place: place.clone() }));
                }
                Err(reasons) => refused.push(Refused { group, reasons }),
            }
        }
        refused
    }

    /// Takes all that is left of a resource in one edit, where there are several; what cannot be taken comes back.
    fn take_together(&mut self, refused: Vec<Refused>, taken: &mut Vec<Taken>) -> Vec<Refused> {
        let mut by_resource: BTreeMap<ResourceId, Vec<Refused>> = BTreeMap::new();
        for refused in refused {
            if let Some(first) = refused.group.imports.first() {
                by_resource.entry(first.resource.clone()).or_default().push(refused);
            }
        }
        let mut left = Vec::new();
        for together in by_resource.into_values() {
            let imports: Vec<Import> =
                together.iter().flat_map(|refused| refused.group.imports.iter().cloned()).collect();
            let attempted = (together.len() > 1).then(|| self.attempt_attributes(&imports));
            match attempted {
                Some(Ok(place)) => {
                    taken.extend(imports.into_iter().map(|import| Taken { import, place: place.clone() }));
                }
                _ => left.extend(together),
            }
        }
        left
    }

    /// Makes the edit of a group, typed if that keeps the law, else attribute by attribute. Says where it was written.
    fn take(&mut self, group: &Group) -> Result<String, Vec<Diagnostic>> {
        if let Some((key, value)) = &group.setting
            && let Ok(place) = self.attempt(&[Edit::setting(key, value)], &group.imports)
        {
            return Ok(place);
        }
        self.attempt_attributes(&group.imports)
    }

    /// Attribute by attribute. One that is gone goes with the line that asks for it, if that is all that does; else it is
    /// left out by name.
    fn attempt_attributes(&mut self, imports: &[Import]) -> Result<String, Vec<Diagnostic>> {
        let lines =
            imports.iter().map(|import| Edit::line_out(import).unwrap_or_else(|| Edit::attribute(import)));
        if imports.iter().any(|import| import.to.is_none())
            && let Ok(places) = self.attempt(&lines.collect::<Vec<_>>(), imports)
        {
            return Ok(places);
        }
        let edits: Vec<Edit> = imports.iter().map(Edit::attribute).collect();
        self.attempt(&edits, imports)
    }

    fn attempt(&mut self, edits: &[Edit], imports: &[Import]) -> Result<String, Vec<Diagnostic>> {
        let what = || {
            let names: Vec<String> =
                imports.iter().map(|import| format!("{} {}", import.resource, import.path)).collect();
            names.join(", ")
        };
        let mut text = self.text.clone();
        for edit in edits {
            text = edit.apply(&text).map_err(|reason| {
                vec![Diagnostic::error(
                    Code::I0302,
                    format!("the console edit of `{}` cannot be written: {reason}", what()),
                )]
            })?;
        }
        let (environment, mut found) = read(self.target, Some(&text));
        let lowered = environment.and_then(|environment| {
            let (lowered, more) = (self.lower)(&environment);
            found.extend(more);
            lowered
        });
        if compiler_diagnostics::any_error(&found) {
            return Err(found);
        }
        let Some(after) = lowered else { return Err(found) };
        if let Some(broken) = law::broken(&self.desired, &after, imports) {
            let message = format!("the console edit of `{}` cannot be written: {broken}", what());
            let help = "write the setting by hand, or take the edit back with `manifest-agent revert`";
            return Err(vec![Diagnostic::error(Code::I0302, message).help(help)]);
        }
        self.text = text;
        self.desired = after;
        Ok(edits.iter().map(|edit| edit.place.clone()).collect::<Vec<_>>().join(", "))
    }
}

/// A value, for messages.
pub(crate) fn shown(value: Option<&Json>) -> String {
    value.map_or_else(|| "nothing".to_owned(), canonical::to_string)
}
