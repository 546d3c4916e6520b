//! Every setting with what it takes, its default, what it becomes in the cloud, and what a change of it does. Read by
//! `manifestc settings`; the book's page is written from it.

use schema_documents::environment::EnvironmentType;

use crate::sizes::{KUBERNETES, POSTGRES, REDIS, Sizes, sizes};

/// One setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingReference {
    /// Its key, with its tables: `database.<name>.storage_gib`.
    pub key: &'static str,
    /// What it takes.
    pub takes: &'static str,
    /// Its default, in words.
    pub default: String,
    /// What it is in the cloud, and what a change of it does.
    pub meaning: &'static str,
}

/// A default of an edition that no setting is about, or that several are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SizeReference {
    /// What it is about.
    pub what: &'static str,
    /// In environments of each type, in the order of [`TYPES`].
    pub values: [String; 3],
}

/// The types of environments that can be built, most demanding first.
pub const TYPES: [&str; 3] = ["production", "development", "preview"];

/// How the default of a setting is found.
enum Default {
    /// There is none.
    Required,
    /// The same everywhere.
    Is(&'static str),
    /// By the type of the environment.
    BySize(Words),
}

use Default::{BySize, Is, Required};

/// How a default of an environment reads, from its sizes.
type Words = fn(&Sizes) -> String;

/// Key, what it takes, default, meaning.
type Row = (&'static str, &'static str, Default, &'static str);

/// All settings, in the order of the book.
pub fn settings() -> impl Iterator<Item = SettingReference> {
    ROWS.iter().map(|(key, takes, default, meaning)| {
        let default = match default {
            Required => "required".to_owned(),
            Is(text) => (*text).to_owned(),
            BySize(of) => by_type(&each_type(*of)),
        };
        SettingReference { key, takes, default, meaning }
    })
}

/// All defaults that depend on what an environment is for.
pub fn defaults_by_type() -> impl Iterator<Item = SizeReference> {
    SIZES.iter().map(|(what, of)| SizeReference { what, values: each_type(*of) })
}

/// What is the same in all environments of the edition, as a sentence.
pub fn versions() -> String {
    let (redis, _) = REDIS;
    format!("PostgreSQL is of version {POSTGRES}, Redis of {redis}, Kubernetes of {KUBERNETES}.")
}

fn each_type(of: Words) -> [String; 3] {
    use EnvironmentType::{Development, Preview, Production};
    [Production, Development, Preview].map(|kind| of(sizes(kind)))
}

/// `a in production, else b`, where that is all.
fn by_type(values: &[String; 3]) -> String {
    match values {
        [production, development, preview] if production == development && development == preview => {
            production.clone()
        }
        [production, development, preview] if development == preview => {
            format!("{production} in production, else {development}")
        }
        [production, development, preview] => {
            format!("{production} in production, {development} in development, {preview} in previews")
        }
    }
}

fn truth(is: bool) -> String {
    format!("`{is}`")
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

fn yes(is: bool) -> String {
    if is { "yes" } else { "no" }.to_owned()
}

fn count(number: u32) -> String {
    if number == 0 { "none".to_owned() } else { number.to_string() }
}

#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("version", "number", Required, "version of the format: 1. Nothing in the cloud"),
    ("edition", "text", Required, "edition of the compiler's defaults: `2026.1`. Raising it is a change of its own"),
    ("type", "`local`, `preview`, `development`, `production`", Required, "what the environment is for; sizes follow, and with them whatever a change of each does. `local` cannot be built yet"),
    ("cloud", "`aws`, `gcp`, `local`", Required, "where everything is; only `aws` can be built yet"),
    ("region", "text", Is("required on AWS"), "the region. An environment stays where it is: in another one the agent finds nothing of what it made, and holds everything"),
    ("allocation", "`\"all\"`, `\"per-service\"`, `{ groups = { NAME = [\"service\", …] } }`", Is("`\"all\"`"), "which services share a process. A service in no group gets a process of its own. A change makes processes, roles and rights anew, and no data"),
    ("approval", "`automatic`, `required`", Is("`automatic`"), "with `required` changes wait for a person: by `manifest-agent approve`. Nothing in the cloud"),
    ("settle", "duration: `60s`, `5m`, `2h`, `1d`", Is("`60s`"), "how long a console edit rests before it is taken as meant. Nothing in the cloud"),
    ("network.cidr", "text", Is("`10.0.0.0/16`"), "`AWS::EC2::VPC` `/CidrBlock`: the private /16 network of the environment. A change replaces the whole network, and what holds data waits for a person"),
    ("network.nat_gateways", "1, 2", BySize(|sizes| sizes.nat_gateways.to_string()), "`AWS::EC2::NatGateway`: ways of the processes to the internet, one for all zones, or one in each. With one the other zone is cut off when its zone fails. A change breaks connections that are open"),
    ("network.flow_logs", "`true`, `false`", BySize(|sizes| truth(sizes.flow_logs)), "`AWS::EC2::FlowLog`: whether it is logged who talked to whom in the network. In place"),
    ("network.access_logs", "`true`, `false`", BySize(|sizes| truth(sizes.access_logs)), "`AWS::S3::Bucket` for them: whether load balancers and buckets log who asked for what. In place; logs that are there go when a person confirms"),
    ("network.private_endpoints", "`true`, `false`", BySize(|sizes| truth(sizes.private_endpoints)), "`AWS::EC2::VPCEndpoint`: whether processes reach services of AWS by addresses inside the network instead of over the internet. Each service and zone has its price by the hour. In place"),
    ("roles.permissions_boundary", "ARN of a managed policy", Is("none"), "`AWS::IAM::Role` `/PermissionsBoundary` of every role: the most that a role can be allowed, whatever its policies say. In place. The template of `manifestc bootstrap` makes one, and with `RoleBoundary=required` no role without it"),
    ("providers.database", "`rds`, …", Is("`rds`"), "who provides databases; only `rds` can be built yet. A change moves no data"),
    ("providers.compute", "`fargate`, `eks`, …", Is("`fargate`"), "who runs processes. With `eks` there is a cluster whose nodes AWS runs, with an identity and a repository for each process; what runs inside it cannot be built yet. Moving from one to the other replaces what runs the processes, and no data"),
    ("database.<name>.server", "`shared`, `own`", Is("`shared`"), "a server of its own, or the one that all share. A change moves no data: a new server is empty"),
    ("database.<name>.instance_class", "text", BySize(|sizes| code(sizes.database.instance_class)), "`AWS::RDS::DBInstance` `/DBInstanceClass`. The server restarts; over two zones it fails over"),
    ("database.<name>.storage_gib", "GiB", BySize(|sizes| sizes.database.storage_gib.to_string()), "`/AllocatedStorage`. In place; it can grow and never shrink"),
    ("database.<name>.backup_days", "days", BySize(|sizes| sizes.database.backup_days.to_string()), "`/BackupRetentionPeriod`. In place; at least 7 in production"),
    ("database.<name>.multi_az", "`true`, `false`", BySize(|sizes| truth(sizes.database.multi_az)), "`/MultiAZ`: a standby in another zone. In place"),
    ("cache.<name>.node_type", "text", BySize(|sizes| code(sizes.cache.node_type)), "`AWS::ElastiCache::ReplicationGroup` `/CacheNodeType`. The nodes are replaced one by one"),
    ("cache.<name>.replicas", "number", BySize(|sizes| sizes.cache.replicas.to_string()), "`/NumCacheClusters`, one more. In place; without a replica nothing takes over when the node fails"),
    ("process.<name>.cpu", "units; 1024 are one virtual CPU", BySize(|sizes| sizes.process.cpu.to_string()), "`AWS::ECS::TaskDefinition` `/Cpu`. New tasks take the place of the old ones"),
    ("process.<name>.memory_mib", "MiB", BySize(|sizes| sizes.process.memory_mib.to_string()), "`AWS::ECS::TaskDefinition` `/Memory`. New tasks take the place of the old ones"),
    ("process.<name>.instances", "number", BySize(|sizes| sizes.process.instances.to_string()), "`AWS::ECS::Service` `/DesiredCount`, or the least of `ScalableTarget` `/MinCapacity`. In place"),
    ("gateway.<name>.domain", "text", Is("none: the name of the load balancer"), "`AWS::ElasticLoadBalancingV2::Listener`: the domain of the gateway. The load balancer encrypts from then on, and sends there whoever asks without"),
    ("gateway.<name>.hosted_zone", "id of a zone in Route 53", Is("none"), "`AWS::CertificateManager::Certificate`, `AWS::Route53::RecordSet`: the zone that holds the domain. The certificate is made and renewed by it, and the domain leads to the load balancer"),
    ("gateway.<name>.certificate", "ARN", Is("none"), "`/Certificates` of the listener: a certificate that is there already, for a domain that is kept elsewhere; instead of `hosted_zone`"),
    ("bucket.<name>.versioned", "`true`, `false`", Is("as the code says"), "`AWS::S3::Bucket` `/VersioningConfiguration/Status`. In place; old versions are kept from then on, and those there are stay"),
];

#[rustfmt::skip]
const SIZES: &[(&str, Words)] = &[
    ("NAT gateways", |sizes| if sizes.nat_gateways > 1 { format!("{}, one in each zone", sizes.nat_gateways) } else { "1".to_owned() }),
    ("flow logs of the network", |sizes| yes(sizes.flow_logs)),
    ("access logs of load balancers and buckets", |sizes| yes(sizes.access_logs)),
    ("private endpoints of AWS services", |sizes| yes(sizes.private_endpoints)),
    ("days that logs are kept", |sizes| sizes.log_days.to_string()),
    ("process", |sizes| format!("{} vCPU, {} MiB", f64::from(sizes.process.cpu) / 1024.0, sizes.process.memory_mib)),
    ("instances of a process", |sizes| match sizes.process.most_instances {
        Some(most) => format!("{}, up to {most}", sizes.process.instances),
        None => sizes.process.instances.to_string(),
    }),
    ("database", |sizes| format!("`{}`, {}", sizes.database.instance_class, if sizes.database.multi_az { "two zones" } else { "one zone" })),
    ("its storage", |sizes| format!("{} GiB, grows up to {}", sizes.database.storage_gib, sizes.database.most_storage_gib)),
    ("days of backups", |sizes| sizes.database.backup_days.to_string()),
    ("deletion protection", |sizes| yes(sizes.database.deletion_protection)),
    ("performance insights", |sizes| yes(sizes.database.performance_insights)),
    ("reports of the server's operating system", |sizes| match sizes.database.monitoring_seconds {
        0 => "none".to_owned(),
        seconds => format!("every {seconds} seconds"),
    }),
    ("cache", |sizes| format!("`{}`, {} replicas", sizes.cache.node_type, count(sizes.cache.replicas).replace("none", "no"))),
    ("days of snapshots of a cache", |sizes| count(sizes.cache.snapshot_days)),
];
