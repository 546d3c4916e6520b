//! The typed settings, one row each: which key it is, and which fields of which resources it becomes.
//!
//! Lowering reads the table from left to right, an import from right to left, documentation as it stands.

use compiler_diagnostics::{Code, Diagnostic, closest};
use schema_catalog::Kind;
use schema_documents::desired::DesiredState;
use schema_documents::{FieldPath, Json, Origin, ResourceId, Value};

use crate::aws::database::SHARED;
use crate::builder::{self, Lowering};
use crate::processes::Process;
use crate::properties;

/// A typed setting: `[<table>.<name>] <key> = …`.
#[derive(Debug)]
pub struct Setting {
    /// The table, such as `database`.
    pub table: &'static str,
    /// The key in it, such as `instance_class`.
    pub key: &'static str,
    /// How the value of the setting becomes that of the fields.
    pub conversion: Conversion,
    /// The fields that it becomes.
    pub places: &'static [Place],
}

/// A field that a setting becomes: `<primitive>/<name>/<role>` and a path in its properties.
#[derive(Debug)]
pub struct Place {
    /// First part of the resource's id.
    pub primitive: &'static str,
    /// Last part of the resource's id.
    pub role: &'static str,
    /// The property.
    pub path: &'static str,
}

/// How the value of a setting becomes that of a field, and back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conversion {
    /// As it is.
    Same,
    /// A number that the cloud wants as text.
    NumberAsText,
    /// One more than the setting says: replicas become nodes.
    OneMore,
    /// `Enabled` or `Suspended`.
    Enabled,
}

/// Every typed setting that is one value of one or more fields.
pub const SETTINGS: &[Setting] = &[
    row("database", "instance_class", Conversion::Same, &[at("database", "instance", "/DBInstanceClass")]),
    row(
        "database",
        "storage_gib",
        Conversion::NumberAsText,
        &[at("database", "instance", "/AllocatedStorage")],
    ),
    row("database", "backup_days", Conversion::Same, &[at("database", "instance", "/BackupRetentionPeriod")]),
    row("database", "multi_az", Conversion::Same, &[at("database", "instance", "/MultiAZ")]),
    row("cache", "node_type", Conversion::Same, &[at("cache", "replication-group", "/CacheNodeType")]),
    row("cache", "replicas", Conversion::OneMore, &[at("cache", "replication-group", "/NumCacheClusters")]),
    row("process", "cpu", Conversion::NumberAsText, &[at("compute", "task-definition", "/Cpu")]),
    row("process", "memory_mib", Conversion::NumberAsText, &[at("compute", "task-definition", "/Memory")]),
    row(
        "process",
        "instances",
        Conversion::Same,
        &[at("compute", "service", "/DesiredCount"), at("compute", "scalable-target", "/MinCapacity")],
    ),
    row(
        "bucket",
        "versioned",
        Conversion::Enabled,
        &[at("bucket", "bucket", "/VersioningConfiguration/Status")],
    ),
];

const fn row(
    table: &'static str,
    key: &'static str,
    conversion: Conversion,
    places: &'static [Place],
) -> Setting {
    Setting { table, key, conversion, places }
}

const fn at(primitive: &'static str, role: &'static str, path: &'static str) -> Place {
    Place { primitive, role, path }
}

/// A typed setting of one named thing.
#[derive(Clone, Debug)]
pub struct SettingKey {
    /// The row.
    pub setting: &'static Setting,
    /// Name of the thing: the second key.
    pub name: String,
}

impl SettingKey {
    /// The three keys by which the environment file has it.
    pub fn keys(&self) -> [&str; 3] {
        [self.setting.table, &self.name, self.setting.key]
    }
}

impl PartialEq for SettingKey {
    fn eq(&self, other: &Self) -> bool {
        self.keys() == other.keys()
    }
}

impl Setting {
    /// The rule that decides without the setting, such as `database.instance_class`.
    pub fn rule(&self) -> String {
        format!("{}.{}", self.table, self.key)
    }

    /// The value of the fields for a value of the setting; `None` if it has the wrong type.
    pub fn to_property(&self, setting: &Json) -> Option<Json> {
        match self.conversion {
            Conversion::Same => Some(setting.clone()),
            Conversion::NumberAsText => setting.as_u64().map(|number| Json::from(number.to_string())),
            Conversion::OneMore => setting.as_u64()?.checked_add(1).map(Json::from),
            Conversion::Enabled => {
                setting.as_bool().map(|on| Json::from(if on { "Enabled" } else { "Suspended" }))
            }
        }
    }

    /// The value of the setting for a value of the fields; `None` if no setting says that.
    pub fn from_property(&self, property: &Json) -> Option<Json> {
        let number = |json: &Json| json.as_u64().or_else(|| json.as_str()?.parse().ok());
        match self.conversion {
            Conversion::Same => Some(property.clone()),
            Conversion::NumberAsText => number(property).map(Json::from),
            Conversion::OneMore => number(property)?.checked_sub(1).map(Json::from),
            Conversion::Enabled => match property.as_str()? {
                "Enabled" => Some(Json::Bool(true)),
                "Suspended" => Some(Json::Bool(false)),
                _ => None,
            },
        }
    }
}

impl Place {
    fn of(&self, id: &ResourceId) -> bool {
        let mut parts = id.as_str().split('/');
        parts.next() == Some(self.primitive) && parts.nth(1) == Some(self.role) && parts.next().is_none()
    }

    fn resource(&self, name: &str) -> Option<ResourceId> {
        ResourceId::parse(&format!("{}/{name}/{}", self.primitive, self.role)).ok()
    }
}

/// The typed setting that a lowered field comes from, if there is one.
pub fn setting_for(resource: &ResourceId, path: &FieldPath) -> Option<SettingKey> {
    let text = path.to_string();
    let is_it = |place: &Place| place.path == text && place.of(resource);
    let setting = SETTINGS.iter().find(|setting| setting.places.iter().any(is_it))?;
    Some(SettingKey { setting, name: resource.declared_name().to_owned() })
}

/// The fields of a desired state that a setting becomes. An import may use the setting when all of them agree.
pub fn fields_of(key: &SettingKey, desired: &DesiredState) -> Vec<(ResourceId, FieldPath)> {
    let fields = key.setting.places.iter().filter_map(|place| {
        let id = place.resource(&key.name)?;
        let path = builder::path(place.path);
        let resource = desired.resources.get(&id)?;
        properties::get(&resource.properties, &path).is_some().then_some((id, path))
    });
    fields.collect()
}

/// Puts the settings of the environment file over the defaults, and names the rule of each that is not set.
pub(crate) fn apply(lowering: &mut Lowering<'_>) {
    let written =
        serde_json::to_value(&lowering.environment.environment).expect("BUG: an environment serialises");
    let ids: Vec<ResourceId> = lowering.resources.keys().cloned().collect();
    for id in ids {
        for setting in SETTINGS {
            for place in setting.places.iter().filter(|place| place.of(&id)) {
                let value = written[setting.table][id.declared_name()].get(setting.key);
                lower_setting(lowering, setting, place, &id, value);
            }
        }
    }
}

fn lower_setting(
    lowering: &mut Lowering<'_>,
    setting: &Setting,
    place: &Place,
    id: &ResourceId,
    value: Option<&Json>,
) {
    let keys = [setting.table, id.declared_name(), setting.key];
    let path = builder::path(place.path);
    let asked = value.and_then(|value| setting.to_property(value)).zip(lowering.environment.origin(&keys));
    let Some(resource) = lowering.resources.get_mut(id) else { return };
    if properties::get(&resource.properties, &path).is_none() {
        return;
    }
    let kind = builder::kind(&resource.kind);
    let before = resource.field(&path).map(|field| field.origin.clone());
    let origin = match asked {
        Some((value, origin)) => {
            properties::set(&mut resource.properties, &path, &Value::literal(&value));
            check_minimum(lowering, kind, &path, &value, keys);
            origin
        }
        None => match before {
            Some(declared @ Origin::Declaration { .. }) => declared,
            _ => lowering.default(setting.rule()),
        },
    };
    let field = lowering.field(kind, &path, origin);
    if let Some(resource) = lowering.resources.get_mut(id) {
        resource.fields.insert(path, field);
    }
}

/// Reports a value below the minimum that is enforced.
fn check_minimum(lowering: &mut Lowering<'_>, kind: &Kind, path: &FieldPath, value: &Json, keys: [&str; 3]) {
    let least = kind.enforced_minimum(path).filter(|_| lowering.is_enforced(kind, path));
    let Some((least, value)) = least.zip(value.as_f64()) else { return };
    if value < least {
        let message = format!("`{}` of `{}` is at least {least} here", keys[2], keys[1]);
        let diagnostic = Diagnostic::error(Code::E0007, message);
        lowering.found.push(lowering.environment.point(diagnostic, &keys));
    }
}

/// Settings of things that are not there.
pub(crate) fn check_names(lowering: &mut Lowering<'_>, processes: &[Process]) {
    let environment = &lowering.environment.environment;
    let model = lowering.model;
    let mut servers: Vec<&str> = model.databases.keys().map(String::as_str).collect();
    if lowering.resources.keys().any(|id| id.primitive() == "database" && id.declared_name() == SHARED) {
        servers.push(SHARED);
    }
    let caches: Vec<&str> = model.caches.keys().map(String::as_str).collect();
    let gateways: Vec<&str> = model.gateways.keys().map(String::as_str).collect();
    let buckets: Vec<&str> = model.buckets.keys().map(String::as_str).collect();
    let processes: Vec<&str> = processes.iter().map(|process| process.name.as_str()).collect();
    let mut unknown = Vec::new();
    let mut look = |table: &'static str, written: Vec<&String>, known: &[&str]| {
        let missing = written.into_iter().filter(|name| !known.contains(&name.as_str()));
        unknown.extend(missing.map(|name| {
            let help = match closest(name, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None if known.is_empty() => format!("the app has no {table}"),
                None => format!(
                    "there is {}",
                    known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
                ),
            };
            (table, name.clone(), help)
        }));
    };
    look("database", environment.database.keys().collect(), &servers);
    look("cache", environment.cache.keys().collect(), &caches);
    look("gateway", environment.gateway.keys().collect(), &gateways);
    look("bucket", environment.bucket.keys().collect(), &buckets);
    look("process", environment.process.keys().collect(), &processes);
    for (table, name, help) in unknown {
        let diagnostic = Diagnostic::error(Code::E0004, format!("there is no {table} `{name}`")).help(help);
        lowering.found.push(lowering.environment.point(diagnostic, &[table, &name]));
    }
}
