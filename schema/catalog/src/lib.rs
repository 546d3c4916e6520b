//! The catalogue: facts about cloud resource kinds, as data.
//!
//! `data/aws.json` is generated (`schema/catalog/generate.py`) from the schemas that the Python package `cfn-lint`
//! carries; `data/aws-overlay.toml` is written by hand and says what no schema says, `data/own.toml` has the kinds that no cloud
//! has. No code here is about one kind.
//!
//! | question | answered by |
//! |---|---|
//! | what is this property, who sets it, what does a change of it do | [`Kind`] |
//! | what is one field in the sense of the merge | [`Unit`], [`units`](fn@units::units) |
//! | does the cloud have what was declared | [`compare`] |
//! | what does a person want to know of two documents | [`findings`](fn@findings::findings), for any kind there is: [`any_kind`] |
//! | would the cloud take these properties | [`validate`] |
//! | what is lost with it | [`Catalog::loss`] |
//! | what a permission of its handlers can be limited to | [`Actions`] |

mod actions;
mod broad;
pub mod compare;
pub mod findings;
mod given;
mod kind;
mod loss;
mod overlay;
mod pattern;
mod plausible;
mod policy;
mod regexes;
mod schema;
pub mod units;
pub mod validate;
mod words;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

pub use actions::Actions;
pub use broad::any_kind;
pub use given::unconditional_defaults;
pub use kind::{Consequence, Handler, Kind, Replacement};
pub use overlay::{
    Charset, Enforced, Equality, Gate, GateQuestion, NameRule, NaturalKey, Overlay, TypicalMs, UnitRule,
};
pub use pattern::Pattern;
pub use schema::Schema;
pub use units::Unit;

/// All kinds that this build knows.
pub struct Catalog {
    /// Where the facts come from, for `--version` and reports: source, its version and the date of the schemas.
    pub source: String,
    kinds: BTreeMap<String, Kind>,
    own: BTreeMap<String, Kind>,
}

/// The kinds that no cloud has.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Own {
    kind: Vec<Kind>,
    awaits: BTreeMap<String, String>,
    overlay: BTreeMap<String, Overlay>,
}

/// The generated file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Generated {
    source: String,
    version: String,
    schema_date: String,
    region: String,
    kinds: Vec<Kind>,
}

static BUILTIN: LazyLock<Catalog> = LazyLock::new(Catalog::load);

impl Catalog {
    /// The catalogue that is built in.
    pub fn builtin() -> &'static Self {
        &BUILTIN
    }

    fn load() -> Self {
        let generated: Generated = serde_json::from_str(include_str!("../data/aws.json"))
            .expect("BUG: data/aws.json is what generate.py writes");
        let mut overlays = overlay::File::builtin();
        let Generated { source, version, schema_date, region, kinds } = generated;
        let kinds = kinds.into_iter().map(|mut kind| {
            kind.overlay = overlays.take(&kind.name);
            (kind.name.clone(), kind)
        });
        let mut own: Own = toml::from_str(include_str!("../data/own.toml"))
            .expect("BUG: data/own.toml has facts of kinds, a test reads it");
        let own_kinds = std::mem::take(&mut own.kind).into_iter().map(|mut kind| {
            kind.overlay = own.overlay.remove(&kind.name).unwrap_or_default();
            kind.overlay.awaits = own.awaits.remove(&kind.name);
            (kind.name.clone(), kind)
        });
        Self {
            kinds: kinds.collect(),
            own: own_kinds.collect(),
            source: format!("{source} {version}, schemas of {schema_date}, {region}"),
        }
    }

    /// The facts about a kind.
    pub fn kind(&self, name: &str) -> Option<&Kind> {
        self.kinds.get(name).or_else(|| self.own.get(name))
    }

    /// All kinds, sorted by name: first those that a cloud has, then those that none has.
    pub fn all_kinds(&self) -> impl Iterator<Item = &Kind> {
        self.kinds.values().chain(self.own.values())
    }

    /// All kinds that a cloud has, sorted by name.
    pub fn kinds(&self) -> impl Iterator<Item = &Kind> {
        self.kinds.values()
    }
}

#[cfg(test)]
mod tests;
