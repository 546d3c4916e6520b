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
//! | which resource that is there already does a person mean | [`Kind::named`] |
//! | what a permission of its handlers can be limited to | [`Actions`] |

mod actions;
mod broad;
pub mod compare;
mod existing;
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
use std::sync::{LazyLock, OnceLock};

use serde::Deserialize;

pub use actions::Actions;
pub use broad::any_kind;
pub use existing::{Arns, Named};
pub use given::unconditional_defaults;
pub use kind::{Consequence, Handler, Kind, Replacement};
pub use overlay::{
    AwaitedOutput, Charset, Enforced, Equality, Gate, GateQuestion, NameRule, NaturalKey, OutputQuestion,
    Overlay, TypicalMs, UnitRule,
};
pub use pattern::Pattern;
pub use schema::Schema;
pub use units::Unit;

/// All kinds that this build knows.
pub struct Catalog {
    /// Where the facts come from, for `--version` and reports: source, its version and the date of the schemas.
    pub source: String,
    kinds: BTreeMap<&'static str, Entry>,
    own: BTreeMap<String, Kind>,
}

/// One kind, read when it is first asked for: an environment has few of them, and a property tree takes many times its text.
struct Entry {
    text: &'static str,
    kind: OnceLock<Box<Kind>>,
}

/// The kinds that no cloud has.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Own {
    kind: Vec<Kind>,
    awaits: BTreeMap<String, String>,
    overlay: BTreeMap<String, Overlay>,
}

/// The generated file. Each kind has a line of its own, which begins with its name.
const GENERATED: &str = include_str!("../data/aws.json");

/// What the generated file says of itself.
#[derive(Deserialize)]
struct Head {
    source: String,
    version: String,
    schema_date: String,
    region: String,
}

static BUILTIN: LazyLock<Catalog> = LazyLock::new(Catalog::load);

impl Catalog {
    /// The catalogue that is built in.
    pub fn builtin() -> &'static Self {
        &BUILTIN
    }

    fn load() -> Self {
        let Head { source, version, schema_date, region } =
            serde_json::from_str(GENERATED).expect("BUG: data/aws.json is what generate.py writes");
        let mut own: Own = toml::from_str(include_str!("../data/own.toml"))
            .expect("BUG: data/own.toml has facts of kinds, a test reads it");
        let own_kinds = std::mem::take(&mut own.kind).into_iter().map(|mut kind| {
            kind.overlay = own.overlay.remove(&kind.name).unwrap_or_default();
            kind.overlay.awaits = own.awaits.remove(&kind.name);
            (kind.name.clone(), kind)
        });
        Self {
            kinds: entries().collect(),
            own: own_kinds.collect(),
            source: format!("{source} {version}, schemas of {schema_date}, {region}"),
        }
    }

    /// The facts about a kind.
    pub fn kind(&self, name: &str) -> Option<&Kind> {
        self.kinds.get(name).map(Entry::kind).or_else(|| self.own.get(name))
    }

    /// All kinds, sorted by name: first those that a cloud has, then those that none has.
    pub fn all_kinds(&self) -> impl Iterator<Item = &Kind> {
        self.kinds().chain(self.own.values())
    }

    /// All kinds that a cloud has, sorted by name.
    pub fn kinds(&self) -> impl Iterator<Item = &Kind> {
        self.kinds.values().map(Entry::kind)
    }
}

impl Entry {
    fn kind(&self) -> &Kind {
        self.kind.get_or_init(|| {
            let mut kind: Kind =
                serde_json::from_str(self.text).expect("BUG: data/aws.json has a kind on each line");
            kind.overlay = overlay::File::builtin().of(&kind.name);
            kind.take_up_awaited();
            Box::new(kind)
        })
    }
}

/// The kinds of the generated file, by name.
fn entries() -> impl Iterator<Item = (&'static str, Entry)> {
    GENERATED.lines().filter_map(|line| {
        let (name, _) = line.strip_prefix("{\"name\":\"")?.split_once('"')?;
        Some((name, Entry { text: line.trim_end_matches(','), kind: OnceLock::new() }))
    })
}

#[cfg(test)]
mod tests;
