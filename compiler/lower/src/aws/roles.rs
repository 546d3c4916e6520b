//! Identities: each process has a role of its own with what the code of its services uses, statement by statement on the
//! resources that it uses, and a role by which it is started.

use std::collections::{BTreeMap, BTreeSet};

use compiler_model::Service;
use schema_documents::manifest::BucketOperation;
use schema_documents::{FieldPath, Json, ResourceId, Value};
use serde_json::json;

use crate::builder::{self, Draft, Lowering, id, output};
use crate::processes::Process;

const ROLE: &str = "AWS::IAM::Role";

/// The roles of a process.
pub(crate) struct Roles {
    /// By which the app runs.
    pub task: ResourceId,
    /// By which the process is started: it pulls the image, writes the log and reads the secrets.
    pub execution: ResourceId,
    /// The policies, which must be there before the process starts.
    pub policies: Vec<ResourceId>,
}

/// Lowers the roles of a process.
pub(crate) fn lower(
    lowering: &mut Lowering<'_>,
    process: &Process,
    repository: &ResourceId,
    log_group: &ResourceId,
) -> Roles {
    let mut policies = Vec::new();
    let tasks = trusts("ecs-tasks.amazonaws.com");
    let execution = role(lowering, process, "execution-role", &tasks);
    let start = starting(lowering, process, repository, log_group);
    policies.extend(policy(lowering, process, &execution, &start));
    let task = role(lowering, process, "task-role", &tasks);
    let uses = uses(lowering, process);
    policies.extend(policy(lowering, process, &task, &uses));
    Roles { task, execution, policies }
}

/// Sets the boundary that the environment file names on every role.
pub(crate) fn bound(lowering: &mut Lowering<'_>) {
    let settings = lowering.environment.environment.roles.as_ref();
    let Some(boundary) = settings.and_then(|roles| roles.permissions_boundary.as_deref()) else { return };
    let origin = lowering.asked(&["roles", "permissions_boundary"], "roles");
    let (property, kind) = ("PermissionsBoundary", builder::kind(ROLE));
    let path = FieldPath::root().child(property);
    let field = lowering.field(kind, &path, origin);
    for role in lowering.resources.values_mut().filter(|resource| resource.kind == ROLE) {
        role.properties.insert(property.to_owned(), Value::text(boundary));
        role.fields.insert(path.clone(), field.clone());
    }
}

/// Lowers the role of a process whose pods read their secrets themselves. Whoever runs them pulls the image and keeps the log.
pub(crate) fn lower_pod(lowering: &mut Lowering<'_>, process: &Process, trusts: &Json) -> ResourceId {
    let role = role(lowering, process, "task-role", trusts);
    let mut statements = uses(lowering, process);
    statements.extend(secrets(lowering, process));
    policy(lowering, process, &role, &statements);
    role
}

/// The document that lets a service of AWS act as a role.
pub(crate) fn trusts(service: &str) -> Json {
    json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Principal": { "Service": service }, "Action": "sts:AssumeRole" }],
    })
}

/// A statement that allows actions on one resource.
pub(crate) fn allow(actions: &[&str], resource: impl serde::Serialize) -> Json {
    json!({ "Effect": "Allow", "Action": actions, "Resource": resource })
}

/// A policy document.
pub(crate) fn document(statements: &[Json]) -> Json {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

fn role(lowering: &mut Lowering<'_>, process: &Process, role: &'static str, trusts: &Json) -> ResourceId {
    let draft = Draft::new(id(["compute", &process.name, role]), ROLE, &process.origin);
    lowering.add(draft.named_as([&process.name], role).properties(json!({
        "AssumeRolePolicyDocument": trusts,
    })))
}

/// The policy of a role, unless it allows nothing.
fn policy(
    lowering: &mut Lowering<'_>,
    process: &Process,
    role: &ResourceId,
    statements: &[Json],
) -> Option<ResourceId> {
    if statements.is_empty() {
        return None;
    }
    let word = if role.as_str().ends_with("/task-role") { "task-role" } else { "execution-role" };
    let name = format!("{word}-policy");
    let draft = Draft::new(id(["compute", &process.name, &name]), "AWS::IAM::RolePolicy", &process.origin);
    // The role has it to itself, so that its name needs nothing that tells it from others.
    Some(lowering.add(draft.properties(json!({
        "RoleName": output(role, "/RoleName"),
        "PolicyName": word,
        "PolicyDocument": document(statements),
    }))))
}

fn starting(
    lowering: &Lowering<'_>,
    process: &Process,
    repository: &ResourceId,
    log_group: &ResourceId,
) -> Vec<Json> {
    let pull = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];
    let mut statements = vec![
        // AWS grants this one on no single resource.
        allow(&["ecr:GetAuthorizationToken"], "*"),
        allow(&pull, output(repository, "/Arn")),
        allow(&["logs:CreateLogStream", "logs:PutLogEvents"], output(log_group, "/Arn")),
    ];
    statements.extend(secrets(lowering, process));
    statements
}

/// What reading the secrets of a process takes.
fn secrets(lowering: &Lowering<'_>, process: &Process) -> Vec<Json> {
    let secrets = super::runtime::secrets(lowering, process).into_iter();
    let secrets: Vec<Value> = secrets.map(|(_, secret)| output(&secret, "/Id")).collect();
    let key = output(&super::key::key_id(), "/Arn");
    vec![allow(&["secretsmanager:GetSecretValue"], secrets), allow(&["kms:Decrypt"], key)]
}

/// What a statement allows something on: the resource, and whether its objects are meant.
type Target = (ResourceId, &'static str);

fn uses(lowering: &Lowering<'_>, process: &Process) -> Vec<Json> {
    let mut granted: BTreeMap<Target, BTreeSet<&'static str>> = BTreeMap::new();
    for service in services_of(lowering, process) {
        for topic in service.uses.publishes.keys() {
            granted.entry((super::topic::topic_id(topic), "/TopicArn")).or_default().insert("sns:Publish");
        }
        for (topic, subscriptions) in &service.uses.subscribes {
            for subscription in subscriptions {
                let queue = (super::topic::queue_id(topic, subscription), "/Arn");
                granted.entry(queue).or_default().extend(RECEIVE);
            }
        }
        for (bucket, used) in &service.uses.buckets {
            let bucket_id = super::bucket::bucket_id(bucket);
            // Code reads old versions only of a bucket that it declares to have some.
            let versioned = lowering.model.buckets.get(bucket).is_some_and(|bucket| bucket.versioned);
            for operation in &used.operations {
                for (on, action) in
                    actions(*operation).iter().filter(|(_, action)| versioned || *action != OLD_VERSION)
                {
                    granted.entry((bucket_id.clone(), on)).or_default().insert(action);
                }
            }
        }
    }
    let mut statements: Vec<Json> =
        granted.into_iter().map(|(target, actions)| statement(&target, actions)).collect();
    if services_of(lowering, process).any(|service| !service.uses.metrics.is_empty()) {
        statements.push(metrics(lowering));
    }
    statements
}

/// Metrics are written to no resource, but to a namespace.
fn metrics(lowering: &Lowering<'_>) -> Json {
    let namespace = super::runtime::namespace(&lowering.model.app, &lowering.environment.name);
    let mut statement = allow(&["cloudwatch:PutMetricData"], "*");
    statement["Condition"] = json!({ "StringEquals": { "cloudwatch:namespace": namespace } });
    statement
}

fn services_of<'a>(lowering: &Lowering<'a>, process: &'a Process) -> impl Iterator<Item = &'a Service> {
    process.services.iter().filter_map(|name| lowering.model.services.get(name))
}

fn statement((resource, on): &Target, actions: BTreeSet<&str>) -> Json {
    let actions: Vec<&str> = actions.into_iter().collect();
    if *on == OBJECTS {
        return allow(&actions, Value::join([output(resource, "/Arn"), "/*".into()]));
    }
    allow(&actions, output(resource, on))
}

const RECEIVE: [&str; 3] = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:ReceiveMessage"];
const BUCKET: &str = "/Arn";
const OBJECTS: &str = "/Arn/*";
/// Reads what was there before: there is something only in a bucket that keeps old versions.
const OLD_VERSION: &str = "s3:GetObjectVersion";

/// The actions that an operation of the code needs, on the bucket or on its objects.
fn actions(operation: BucketOperation) -> &'static [(&'static str, &'static str)] {
    match operation {
        BucketOperation::ListObjects => &[(BUCKET, "s3:ListBucket")],
        BucketOperation::ReadObjectContents
        | BucketOperation::GetObjectMetadata
        | BucketOperation::SignedDownloadUrl => &[(OBJECTS, "s3:GetObject"), (OBJECTS, OLD_VERSION)],
        BucketOperation::WriteObject | BucketOperation::SignedUploadUrl => {
            &[(OBJECTS, "s3:PutObject"), (OBJECTS, "s3:AbortMultipartUpload")]
        }
        // Metadata is changed by a copy of the object onto itself.
        BucketOperation::UpdateObjectMetadata => &[(OBJECTS, "s3:GetObject"), (OBJECTS, "s3:PutObject")],
        BucketOperation::DeleteObject => &[(OBJECTS, "s3:DeleteObject")],
        BucketOperation::GetPublicUrl => &[],
    }
}
