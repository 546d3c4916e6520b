//! SQL databases: one server for all of them, or one of its own for a database that asks for it. The
//! databases, roles and grants inside a server are resources of another provider.

use std::collections::{BTreeMap, BTreeSet};

use compiler_diagnostics::{Code, Diagnostic};
use compiler_model::Database;
use schema_documents::manifest::DatabaseAccess;
use schema_documents::{Origin, ResourceId, Value};
use serde_json::json;

use super::network::Network;
use super::{groups, postgres, roles};
use crate::builder::{Draft, Lowering, id, output};
use crate::processes::{self, Process};
use crate::sizes::POSTGRES;

/// Name of the server that databases share.
pub(crate) const SHARED: &str = "shared";

const PORT: u16 = 5432;

fn instance_id(server: &str) -> ResourceId {
    id(["database", server, "instance"])
}

/// Host and port of a server.
pub(crate) fn host(server: &str) -> Value {
    let instance = instance_id(server);
    Value::join([output(&instance, "/Endpoint/Address"), ":".into(), output(&instance, "/Endpoint/Port")])
}

/// The server of a database.
fn server_of<'a>(lowering: &Lowering<'_>, database: &'a str) -> &'a str {
    let settings = lowering.environment.environment.database.get(database);
    let own = settings.and_then(|settings| settings.server.as_deref()) == Some("own");
    if own { database } else { SHARED }
}

/// The servers whose databases a process uses, with the most that it does in each.
pub(crate) fn servers_of<'a>(
    lowering: &Lowering<'a>,
    process: &Process,
) -> BTreeMap<String, BTreeMap<&'a str, DatabaseAccess>> {
    let mut servers: BTreeMap<String, BTreeMap<&str, DatabaseAccess>> = BTreeMap::new();
    for service in process.services.iter().filter_map(|name| lowering.model.services.get(name)) {
        for (database, used) in &service.uses.databases {
            let server = servers.entry(server_of(lowering, database).to_owned()).or_default();
            let access = server.entry(database).or_insert(used.access);
            *access = used.access.max(*access);
        }
    }
    servers
}

pub(crate) fn lower(lowering: &mut Lowering<'_>, processes: &[Process], network: &Network) {
    for (server, databases) in servers(lowering) {
        // Of several declarations the first by name speaks: that is the same on every machine.
        let Some(first) = databases.first() else { continue };
        let why = Lowering::declared(&first.at);
        let names: BTreeSet<&str> = databases.iter().map(|database| database.name.as_str()).collect();
        let users = processes::users(lowering.model, processes, |uses| {
            uses.databases.keys().any(|database| names.contains(database.as_str()))
        });
        let server = lower_server(lowering, &server, &users, network, &why);
        postgres::lower(lowering, &server, &databases, processes);
    }
}

/// The servers, with the databases on each.
fn servers<'a>(lowering: &mut Lowering<'a>) -> BTreeMap<String, Vec<&'a Database>> {
    let mut servers: BTreeMap<String, Vec<&Database>> = BTreeMap::new();
    let environment = lowering.environment;
    for database in lowering.model.databases.values() {
        let name = database.name.as_str();
        if name == SHARED {
            let message = format!("a database cannot be called `{SHARED}`");
            lowering.found.push(
                Diagnostic::error(Code::L0205, message)
                    .at(&database.at)
                    .note("it is the name of the server that databases share")
                    .help("give the database another name"),
            );
        }
        let settings = environment.environment.database.get(name).cloned().unwrap_or_default();
        let server = server_of(lowering, name);
        let own = server != SHARED;
        servers.entry(server.to_owned()).or_default().push(database);
        let says_nothing = schema_documents::environment::DatabaseSettings {
            server: settings.server.clone(),
            ..Default::default()
        };
        if !own && name != SHARED && settings != says_nothing {
            let message = format!("database `{name}` has no server of its own to be set");
            let help =
                format!("write `[database.{SHARED}]` for the server it shares, or add `server = \"own\"`");
            let diagnostic = Diagnostic::error(Code::E0004, message).help(help);
            lowering.found.push(environment.point(diagnostic, &["database", name]));
        }
    }
    servers
}

fn lower_server(
    lowering: &mut Lowering<'_>,
    server: &str,
    users: &BTreeSet<String>,
    network: &Network,
    why: &Origin,
) -> postgres::Server {
    let subnets: Vec<Value> = network.storage.iter().map(|subnet| output(subnet, "/SubnetId")).collect();
    let subnet_group = lowering.add(
        Draft::new(id(["database", server, "subnet-group"]), "AWS::RDS::DBSubnetGroup", why)
            .named([server])
            .properties(json!({
                "DBSubnetGroupDescription": format!("database server {server}"),
                "SubnetIds": subnets,
            })),
    );
    let parameters = lowering.add(
        Draft::new(id(["database", server, "parameter-group"]), "AWS::RDS::DBParameterGroup", why)
            .named([server])
            .properties(json!({
                "Description": format!("database server {server}"),
                "Family": format!("postgres{POSTGRES}"),
                "Parameters": { "rds.force_ssl": "1" },
            })),
    );
    let group = id(["database", server, "security-group"]);
    let group = groups::storage(lowering, network, group, PORT, users, why);
    let size = &lowering.sizes.database;
    let settings = lowering.environment.environment.database.get(server);
    let storage = settings.and_then(|settings| settings.storage_gib).unwrap_or(size.storage_gib);
    let monitoring = (size.monitoring_seconds > 0).then(|| monitoring(lowering, server, why));
    let instance =
        Draft::new(instance_id(server), "AWS::RDS::DBInstance", why).named([server]).properties(json!({
            "Engine": "postgres",
            "EngineVersion": POSTGRES,
            "DBInstanceClass": size.instance_class,
            "StorageType": "gp3",
            "AllocatedStorage": size.storage_gib.to_string(),
            // It has to leave room to grow, also above a setting.
            "MaxAllocatedStorage": size.most_storage_gib.max(storage.saturating_mul(2)),
            "StorageEncrypted": true,
            "MasterUsername": "manifest_admin",
            "ManageMasterUserPassword": true,
            "EnableIAMDatabaseAuthentication": true,
            "Port": PORT.to_string(),
            "PubliclyAccessible": false,
            "DBSubnetGroupName": output(&subnet_group, "/DBSubnetGroupName"),
            "DBParameterGroupName": output(&parameters, "/DBParameterGroupName"),
            "VPCSecurityGroups": [output(&group, "/GroupId")],
            "BackupRetentionPeriod": size.backup_days,
            "MultiAZ": size.multi_az,
            "DeletionProtection": size.deletion_protection,
            "CopyTagsToSnapshot": true,
            "AutoMinorVersionUpgrade": true,
            "EnablePerformanceInsights": size.performance_insights,
            "EnableCloudwatchLogsExports": ["postgresql", "upgrade"],
        }));
    let instance = match monitoring {
        Some(role) => instance
            .set("MonitoringInterval", size.monitoring_seconds)
            .set("MonitoringRoleArn", output(&role, "/Arn")),
        None => instance,
    };
    let instance = lowering.add(instance);
    postgres::Server {
        name: server.to_owned(),
        address: host(server),
        administrator: output(&instance, "/MasterUserSecret/SecretArn"),
    }
}

/// The role by which a server reports what its operating system does.
fn monitoring(lowering: &mut Lowering<'_>, server: &str, why: &Origin) -> ResourceId {
    let draft = Draft::new(id(["database", server, "monitoring-role"]), "AWS::IAM::Role", why);
    lowering.add(draft.named_as([server], "monitoring").properties(json!({
        "AssumeRolePolicyDocument": roles::trusts("monitoring.rds.amazonaws.com"),
        "ManagedPolicyArns": ["arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"],
    })))
}
