//! The overlay: what no schema says about a kind, written by hand in `data/aws-overlay.toml`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use schema_documents::{FieldPath, Json};
use serde::{Deserialize, Serialize};

use crate::{Arns, Pattern, Unit};

/// The hand-written facts about one kind. Everything is optional.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Overlay {
    /// Whether losing the resource loses data.
    pub stateful: bool,
    /// What is lost with it, in words, where that is data.
    pub holds: Option<String>,
    /// Paths that say how much of it is kept elsewhere: backups, versions, copies.
    pub copies: BTreeSet<Pattern>,
    /// Whether the resource says who may do or reach what: a rule, a binding, a policy.
    pub grants_access: bool,
    /// Where the physical name is set, and what it may look like.
    pub name: Option<NameRule>,
    /// How its ARNs are made, where one that is there already can be taken.
    pub arns: Option<Arns>,
    /// What tells a resource from all others of its kind before it has an identifier.
    pub natural_key: Option<NaturalKey>,
    /// How paths are merged, where the general rules would say something else.
    pub units: BTreeMap<Pattern, UnitRule>,
    /// Paths that the cloud fills in or changes at run time, though the schema lets us set them.
    pub provider: BTreeSet<Pattern>,
    /// Paths that the cloud changes at run time while nobody asks for a value, such as a count that is scaled.
    pub scaled: BTreeSet<Pattern>,
    /// The values that the cloud fills in where none is given.
    pub defaults: BTreeMap<Pattern, Json>,
    /// Paths whose change restarts the resource or makes it fail over.
    pub restart: BTreeSet<Pattern>,
    /// Paths that only a create may set, though the schema would let an update send them as well.
    pub create_only: BTreeSet<Pattern>,
    /// Paths that are changed in place, though the schema calls them (conditionally) create-only.
    pub in_place: BTreeSet<Pattern>,
    /// Paths whose change loses data.
    pub data_loss: BTreeSet<Pattern>,
    /// Paths whose values are secrets in the wide sense.
    pub sensitive: BTreeSet<Pattern>,
    /// How two values are told apart, where the general rules would find a difference that is none.
    pub equality: BTreeMap<Pattern, Equality>,
    /// The same for all paths whose schema has this format, with or without what follows its dot.
    pub formats: BTreeMap<String, Equality>,
    /// Paths whose drift is answered by a revert step, each with its reason.
    pub enforced: BTreeMap<Pattern, Enforced>,
    /// Properties that hold a policy or another JSON document where the schema allows any object. The same for all kinds.
    pub json_properties: BTreeSet<String>,
    /// Members by which elements of a list of pairs are told apart, if the other member is the value. The same for all kinds.
    pub pair_keys: Vec<String>,
    /// How long after an operation reads may still show the state before it, in milliseconds.
    pub settling_ms: u64,
    /// How long after a create reads may still say that there is nothing, in milliseconds.
    pub visibility_ms: u64,
    /// Sources of the audit events that tell of changes, such as `sqs.amazonaws.com`.
    #[serde(skip)]
    pub audited_as: Vec<String>,
    /// What the resource waits for while nobody provides its kind, in words; of the kinds that no cloud has.
    #[serde(skip)]
    pub awaits: Option<String>,
    /// An output that is there once somebody has done their part.
    pub awaited: Option<AwaitedOutput>,
    /// Whether a list shows all that a read shows, so that one list stands for a read of each.
    pub lists_in_full: bool,
    /// What a deployment of this kind has to pass after the cloud has done what was asked.
    pub gate: Option<Gate>,
    /// How long an operation takes, from its acceptance to its end.
    pub typical_ms: TypicalMs,
}

/// An output that is there once somebody has done their part, and that the provider's uniform interface does not show: who needs
/// it waits.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AwaitedOutput {
    /// Where a read shows it: a text, at the top.
    pub path: FieldPath,
    /// What is asked.
    pub asks: OutputQuestion,
    /// What is missing while it is not there, in words.
    pub words: String,
}

/// A question that a provider answers with every read, beside its uniform interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutputQuestion {
    /// By what containers are told the value of a secret: its ARN, once it has a value.
    SecretValue,
}

/// What a deployment has to pass: an operation that succeeded says only that the cloud has taken up what was asked, and not that
/// it runs. A creation is a deployment, and so is an update that restarts.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// What is asked.
    pub asks: GateQuestion,
    /// The paths of what was written that has to be what runs.
    pub proves: BTreeSet<FieldPath>,
    /// The permissions that the question takes.
    pub permissions: BTreeSet<String>,
    /// After so long a deployment that is not healthy has failed, in milliseconds.
    pub deadline_ms: u64,
}

/// A question that a provider answers beside its uniform interface, which does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GateQuestion {
    /// A service of ECS: its rollout is complete, as many instances run as should, and each of its target groups has a
    /// healthy one.
    EcsService,
    /// An add-on of EKS: it is active.
    EksAddon,
}

/// How long the operations of a kind take, in milliseconds: from experience, and rough. What to begin first and when to
/// ask how it is doing depend on it, never whether something is right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TypicalMs {
    /// A creation.
    pub create: u64,
    /// An update.
    pub update: u64,
    /// A deletion.
    pub delete: u64,
}

impl TypicalMs {
    /// The same for every operation.
    const fn all(ms: u64) -> Self {
        Self { create: ms, update: ms, delete: ms }
    }
}

/// Where a physical name is set, and what it may look like.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NameRule {
    /// The property that holds it.
    pub property: FieldPath,
    /// Most characters.
    pub max_length: u32,
    /// What it is made of.
    pub charset: Charset,
    /// What every name must end with, such as `.fifo`, where it depends on a property: that property and the ending.
    #[serde(default)]
    pub suffix_if: BTreeMap<FieldPath, String>,
    /// What every name must begin with, such as `alias/`.
    #[serde(default)]
    pub prefix: String,
}

/// What a physical name is made of. Every charset wants a letter first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Charset {
    /// Lower-case letters, digits, single hyphens inside.
    LowerKebab,
    /// Letters of both cases, digits, hyphens.
    Kebab,
    /// Letters of both cases, digits, hyphens, underscores.
    KebabSnake,
    /// Lower-case letters, digits, and `-`, `_`, `.`, `/` between them.
    Repository,
    /// Letters of both cases, digits, and `-`, `_`, `.`, `/`.
    Path,
}

/// What tells a resource from all others of its kind before it has an identifier.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub enum NaturalKey {
    /// The ownership tags: nothing else would.
    Tags,
    /// These properties together, the parent among them.
    Properties(Vec<FieldPath>),
}

/// How two values at a path are compared, where the general rules do not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Equality {
    /// Case has no meaning.
    IgnoreCase,
    /// The cloud lets it grow: a live value that is larger is what was declared.
    AtLeast,
    /// One may be the ARN of what the other names.
    ArnOrName,
    /// Versions: the shorter is a prefix of the longer, part by part, so `17` is `17.4`.
    PrefixVersion,
    /// A Redis access string: words in any order; the words that every user starts with may be left out.
    AccessString,
    /// A domain name, with or without the dot at its end, in any case.
    DomainName,
    /// An IP protocol, as name or number.
    Protocol,
    /// White space at the ends has no meaning.
    Trimmed,
    /// A list whose order has no meaning, though it is merged as a whole.
    Unordered,
    /// An encryption key by id, ARN or alias. The alias of a key that the cloud manages (`alias/aws/…`) and a key ARN
    /// cannot be told apart without asking, so they count as the same.
    KeyReference,
}

/// A path whose drift is answered by a revert step.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enforced {
    /// Why, in a sentence for the person whose edit is reverted.
    pub reason: String,
    /// Enforced only as at least this, so that more can be imported.
    #[serde(default)]
    pub minimum: Option<f64>,
}

/// A unit as the overlay writes it: `set`, `map:Key`, `atomic`, `ordered`, `scalar`, `embedded-json`, `group:/Path`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct UnitRule(pub Unit);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    #[serde(default)]
    general: General,
    format: BTreeMap<String, Equality>,
    service: BTreeMap<String, Service>,
    kind: BTreeMap<String, Overlay>,
}

/// What holds for all kinds.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct General {
    json_properties: BTreeSet<String>,
    pair_keys: Vec<String>,
}

/// What all kinds of a service have in common.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Service {
    settling_ms: u64,
    visibility_ms: u64,
    typical_ms: u64,
    /// Where the source of its audit events is not its own name in lower case.
    #[serde(default)]
    audited_as: Vec<String>,
}

impl File {
    /// The overlay that is built in.
    pub(crate) fn builtin() -> &'static Self {
        static BUILTIN: LazyLock<File> = LazyLock::new(|| {
            File::parse(include_str!("../data/aws-overlay.toml"))
                .expect("BUG: data/aws-overlay.toml is an overlay, a test reads it")
        });
        &BUILTIN
    }

    /// Reads an overlay file.
    pub(crate) fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// What it says of a kind, with the numbers of the kind's service where it has none of its own.
    pub(crate) fn of(&self, kind: &str) -> Overlay {
        self.completed(kind, self.kind.get(kind).cloned().unwrap_or_default())
    }

    /// What holds for every kind, added to what the overlay says of this one.
    pub(crate) fn completed(&self, kind: &str, mut overlay: Overlay) -> Overlay {
        let service = kind.rsplit_once("::").map_or(kind, |(service, _)| service);
        let Service { settling_ms, visibility_ms, typical_ms, audited_as } =
            self.service.get(service).cloned().unwrap_or_default();
        overlay.formats.extend(self.format.iter().map(|(format, rule)| (format.clone(), *rule)));
        overlay.json_properties.extend(self.general.json_properties.iter().cloned());
        overlay.pair_keys.extend(self.general.pair_keys.iter().cloned());
        if overlay.settling_ms == 0 {
            overlay.settling_ms = settling_ms;
        }
        if overlay.visibility_ms == 0 {
            overlay.visibility_ms = visibility_ms;
        }
        if overlay.typical_ms == TypicalMs::default() {
            overlay.typical_ms = TypicalMs::all(typical_ms);
        }
        let own_name = || service.rsplit("::").next().unwrap_or_default().to_lowercase();
        overlay.audited_as = match audited_as.as_slice() {
            [] => vec![format!("{}.amazonaws.com", own_name())],
            sources => sources.to_vec(),
        };
        overlay
    }

    /// The kinds of which it says something.
    #[cfg(test)]
    pub(crate) fn kinds(&self) -> impl Iterator<Item = &String> {
        self.kind.keys()
    }
}

impl Overlay {
    /// How a path is merged, if the overlay says.
    pub fn unit_at(&self, path: &FieldPath) -> Option<&Unit> {
        self.units.iter().find(|(pattern, _)| pattern.matches(path)).map(|(_, rule)| &rule.0)
    }

    /// How two values at a path are compared, if the overlay says so of the path or of its format.
    pub fn equality_at(&self, path: &FieldPath, format: Option<&str>) -> Option<Equality> {
        let of_path = self.equality.iter().find(|(pattern, _)| pattern.matches(path)).map(|(_, rule)| *rule);
        let base = |format: &str| format.split_once('.').map_or(format, |(base, _)| base).to_owned();
        of_path.or_else(|| self.formats.get(&base(format?)).copied())
    }

    /// The rule that enforces a path, if one does: of the path itself or of what it is part of.
    pub fn enforced_at(&self, path: &FieldPath) -> Option<&Enforced> {
        self.enforced.iter().find(|(pattern, _)| pattern.covers(path)).map(|(_, rule)| rule)
    }

    /// Every pattern that is mentioned anywhere, for the check that each exists in the schema.
    pub fn patterns(&self) -> impl Iterator<Item = &Pattern> {
        let sets = [
            &self.copies,
            &self.provider,
            &self.scaled,
            &self.restart,
            &self.in_place,
            &self.data_loss,
            &self.sensitive,
        ];
        sets.into_iter()
            .flatten()
            .chain(self.units.keys())
            .chain(self.defaults.keys())
            .chain(self.equality.keys())
            .chain(self.enforced.keys())
    }
}

impl TryFrom<Vec<String>> for NaturalKey {
    type Error = schema_documents::path::InvalidPath;
    fn try_from(parts: Vec<String>) -> Result<Self, Self::Error> {
        if parts == ["tags"] {
            return Ok(Self::Tags);
        }
        parts.iter().map(|part| FieldPath::parse(part)).collect::<Result<_, _>>().map(Self::Properties)
    }
}

impl TryFrom<String> for UnitRule {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let unit = match text.split_once(':') {
            Some(("map", key)) => Unit::Map(key.to_owned()),
            Some(("group", path)) => Unit::Group(FieldPath::parse(path).map_err(|error| error.to_string())?),
            None if text == "scalar" => Unit::Scalar,
            None if text == "atomic" => Unit::Atomic,
            None if text == "set" => Unit::Set,
            None if text == "ordered" => Unit::Ordered,
            None if text == "embedded-json" => Unit::EmbeddedJson,
            _ => return Err(format!("`{text}` is no unit")),
        };
        Ok(Self(unit))
    }
}
