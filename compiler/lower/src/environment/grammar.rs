//! The grammar of an environment file: one tree that says which keys there are and what each takes.

/// What a key takes.
pub(super) enum Shape {
    Text,
    Count,
    Truth,
    Word(&'static [&'static str]),
    Allocation,
    Texts,
    Paths,
    Record(&'static [(&'static str, Shape)]),
    Named(&'static Shape),
    PerResource(&'static Shape),
    PerPath,
    Records(&'static [(&'static str, Shape)]),
}

/// The grammar of the file.
pub(super) static FILE: Shape = Shape::Record(&[
    ("version", Shape::Count),
    ("edition", Shape::Text),
    ("type", Shape::Word(&["local", "preview", "development", "production"])),
    ("cloud", Shape::Word(&["aws", "gcp", "local"])),
    ("region", Shape::Text),
    ("allocation", Shape::Allocation),
    ("approval", Shape::Word(&["automatic", "required"])),
    ("settle", Shape::Text),
    ("network", Shape::Record(NETWORK)),
    ("roles", Shape::Record(&[("permissions_boundary", Shape::Text)])),
    ("providers", Shape::Record(PROVIDERS)),
    ("database", Shape::Named(&Shape::Record(DATABASE))),
    ("cache", Shape::Named(&Shape::Record(&[("node_type", Shape::Text), ("replicas", Shape::Count)]))),
    ("process", Shape::Named(&Shape::Record(PROCESS))),
    ("gateway", Shape::Named(&Shape::Record(GATEWAY))),
    ("bucket", Shape::Named(&Shape::Record(&[("versioned", Shape::Truth)]))),
    ("resources", Shape::PerResource(&Shape::Record(RESOURCE))),
    ("moved", Shape::Records(&[("from", Shape::Text), ("to", Shape::Text)])),
]);

const PROVIDERS: &[(&str, Shape)] = &[
    ("database", Shape::Word(&["rds", "cloudsql", "neon", "kubernetes", "existing"])),
    ("compute", Shape::Word(&["fargate", "eks", "cloudrun", "gke"])),
];
const NETWORK: &[(&str, Shape)] = &[
    ("cidr", Shape::Text),
    ("nat_gateways", Shape::Count),
    ("flow_logs", Shape::Truth),
    ("access_logs", Shape::Truth),
    ("private_endpoints", Shape::Truth),
];
const GATEWAY: &[(&str, Shape)] =
    &[("domain", Shape::Text), ("hosted_zone", Shape::Text), ("certificate", Shape::Text)];
const DATABASE: &[(&str, Shape)] = &[
    ("server", Shape::Word(&["shared", "own"])),
    ("instance_class", Shape::Text),
    ("storage_gib", Shape::Count),
    ("backup_days", Shape::Count),
    ("multi_az", Shape::Truth),
];
const PROCESS: &[(&str, Shape)] =
    &[("cpu", Shape::Count), ("memory_mib", Shape::Count), ("instances", Shape::Count)];
const RESOURCE: &[(&str, Shape)] = &[
    ("properties", Shape::PerPath),
    ("without", Shape::Paths),
    ("absent", Shape::Truth),
    ("report", Shape::Paths),
    ("import", Shape::Text),
    ("mode", Shape::Word(&["owned", "reference"])),
];
/// What every file has, with an example of each.
pub(super) const REQUIRED: &[(&str, &str)] = &[
    ("version", "version = 1"),
    ("edition", "edition = \"2026.1\""),
    ("type", "type = \"production\""),
    ("cloud", "cloud = \"aws\""),
];
