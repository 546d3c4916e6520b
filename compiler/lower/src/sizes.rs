//! The defaults that depend on what an environment is for. This table is what an edition freezes.

use schema_documents::environment::EnvironmentType;

/// Sizes and availability of one type of environment, in edition 2026.1.
#[derive(Debug)]
pub(crate) struct Sizes {
    /// Gateways through which the compute tier reaches the internet: one, or one in each zone.
    pub nat_gateways: u32,
    /// Whether the network's traffic is logged.
    pub flow_logs: bool,
    /// Whether the load balancers and buckets log who asked for what.
    pub access_logs: bool,
    /// Whether processes reach services of AWS by private endpoints instead of the internet.
    pub private_endpoints: bool,
    /// Days that logs are kept.
    pub log_days: u32,
    pub process: ProcessSize,
    pub database: DatabaseSize,
    pub cache: CacheSize,
}

#[derive(Debug)]
pub(crate) struct ProcessSize {
    /// CPU units: 1024 are one virtual CPU.
    pub cpu: u32,
    pub memory_mib: u32,
    /// Instances that run at least.
    pub instances: u32,
    /// Instances that run at most; without it nothing scales.
    pub most_instances: Option<u32>,
}

#[derive(Debug)]
pub(crate) struct DatabaseSize {
    pub instance_class: &'static str,
    pub storage_gib: u32,
    /// Storage grows by itself up to this.
    pub most_storage_gib: u32,
    pub backup_days: u32,
    pub multi_az: bool,
    pub deletion_protection: bool,
    pub performance_insights: bool,
    /// Seconds between two reports of the server's operating system; 0 for none.
    pub monitoring_seconds: u32,
}

#[derive(Debug)]
pub(crate) struct CacheSize {
    pub node_type: &'static str,
    pub replicas: u32,
    /// Days that snapshots are kept; 0 for none.
    pub snapshot_days: u32,
}

/// Major version of the database server, in edition 2026.1.
pub(crate) const POSTGRES: &str = "18";

/// Minor version of Kubernetes, in edition 2026.1: on EKS since January 2026, and in standard support until March 2027.
pub(crate) const KUBERNETES: &str = "1.35";

/// The image that writes a file and ends: busybox 1.37.0, from the public registry of AWS, in edition 2026.1.
pub(crate) const WRITER_IMAGE: &str = "public.ecr.aws/docker/library/busybox@sha256:9db7b59979c38555a39def84a31fb98b5296952f9e3afd4f6f11f05b07adfab0";

/// Redis' version and the family of its parameters, in edition 2026.1.
pub(crate) const REDIS: (&str, &str) = ("7.1", "redis7");

static PRODUCTION: Sizes = Sizes {
    nat_gateways: 2,
    flow_logs: true,
    access_logs: true,
    private_endpoints: true,
    log_days: 365,
    process: ProcessSize { cpu: 1024, memory_mib: 2048, instances: 2, most_instances: Some(10) },
    database: DatabaseSize {
        instance_class: "db.m5.large",
        storage_gib: 20,
        most_storage_gib: 1000,
        backup_days: 7,
        multi_az: true,
        deletion_protection: true,
        performance_insights: true,
        monitoring_seconds: 60,
    },
    cache: CacheSize { node_type: "cache.m6g.large", replicas: 1, snapshot_days: 7 },
};

static DEVELOPMENT: Sizes = Sizes {
    nat_gateways: 1,
    flow_logs: false,
    access_logs: false,
    private_endpoints: false,
    log_days: 30,
    process: ProcessSize { cpu: 256, memory_mib: 512, instances: 1, most_instances: None },
    database: DatabaseSize {
        instance_class: "db.t4g.micro",
        storage_gib: 20,
        most_storage_gib: 100,
        backup_days: 1,
        multi_az: false,
        deletion_protection: true,
        performance_insights: false,
        monitoring_seconds: 0,
    },
    cache: CacheSize { node_type: "cache.t4g.micro", replicas: 0, snapshot_days: 0 },
};

/// As development, but made to go again.
static PREVIEW: Sizes = Sizes {
    nat_gateways: 1,
    flow_logs: false,
    access_logs: false,
    private_endpoints: false,
    log_days: 7,
    process: ProcessSize { cpu: 256, memory_mib: 512, instances: 1, most_instances: None },
    database: DatabaseSize {
        instance_class: "db.t4g.micro",
        storage_gib: 20,
        most_storage_gib: 100,
        backup_days: 1,
        multi_az: false,
        deletion_protection: false,
        performance_insights: false,
        monitoring_seconds: 0,
    },
    cache: CacheSize { node_type: "cache.t4g.micro", replicas: 0, snapshot_days: 0 },
};

/// The sizes of a type of environment. There is one edition so far.
pub(crate) fn sizes(kind: EnvironmentType) -> &'static Sizes {
    match kind {
        EnvironmentType::Production => &PRODUCTION,
        EnvironmentType::Development => &DEVELOPMENT,
        EnvironmentType::Preview | EnvironmentType::Local => &PREVIEW,
    }
}
