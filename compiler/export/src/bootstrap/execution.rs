//! The execution role: what Cloud Control does in the agent's name. Its permissions are those that the handlers of the
//! kinds in use need, by the catalogue.

use std::collections::{BTreeMap, BTreeSet};

use schema_catalog::{Actions, Catalog, Kind};
use schema_documents::Json;
use serde_json::json;

use super::{PREFIX, Template, arn, document, sub};

/// The role.
pub(super) const ROLE: &str = "ExecutionRole";
/// The most that roles of processes are ever allowed.
pub(super) const BOUNDARY: &str = "Boundary";

/// Characters of a managed policy, with room for what the names of a stack add. AWS takes 6144.
const POLICY_LENGTH: usize = 5_500;

/// Services that are asked in another region than their resources are in.
const GLOBAL: [&str; 6] = ["acm", "cloudfront", "cloudtrail", "organizations", "route53", "s3"];

/// Whoever gets a role that the agent made.
const PASSED_TO: [&str; 10] = [
    "application-autoscaling.amazonaws.com",
    "ec2.amazonaws.com",
    "ecs-tasks.amazonaws.com",
    "ecs.amazonaws.com",
    "eks.amazonaws.com",
    "lambda.amazonaws.com",
    "monitoring.rds.amazonaws.com",
    "pods.eks.amazonaws.com",
    "scheduler.amazonaws.com",
    "vpc-flow-logs.amazonaws.com",
];

/// What is deleted only under the environment's own names: action, and the part of an ARN before the name.
const OWN: [(&str, &str); 3] = [
    ("eks:DeleteCluster", "eks:*:${AWS::AccountId}:cluster/"),
    ("elasticache:DeleteReplicationGroup", "elasticache:*:${AWS::AccountId}:replicationgroup:"),
    ("rds:DeleteDBInstance", "rds:*:${AWS::AccountId}:db:"),
];

/// Services whose resources all have names of ours: service, types of resources, and the part of an ARN before the name.
/// Secrets that RDS manages are called as RDS says.
const NAMED: [(&str, &[&str], &[&str]); 6] = [
    ("ecr", &["repository"], &["ecr:*:${AWS::AccountId}:repository/"]),
    ("logs", &["log-group", "log-stream"], &["logs:*:${AWS::AccountId}:log-group:"]),
    ("s3", &["bucket", "object"], &["s3:::"]),
    (
        "secretsmanager",
        &["Secret"],
        &["secretsmanager:*:${AWS::AccountId}:secret:", "secretsmanager:*:${AWS::AccountId}:secret:rds!"],
    ),
    ("sns", &["topic"], &["sns:*:${AWS::AccountId}:"]),
    ("sqs", &["queue"], &["sqs:*:${AWS::AccountId}:"]),
];

/// What processes do, at most.
const PROCESSES: [&str; 34] = [
    "cloudwatch:PutMetricData",
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:GetAuthorizationToken",
    "ecr:GetDownloadUrlForLayer",
    "elasticache:Connect",
    "kms:Decrypt",
    "kms:GenerateDataKey",
    "logs:CreateLogGroup",
    "logs:CreateLogStream",
    "logs:DescribeLogGroups",
    "logs:DescribeLogStreams",
    "logs:GetLogEvents",
    "logs:PutLogEvents",
    "logs:PutRetentionPolicy",
    "rds-db:connect",
    "s3:AbortMultipartUpload",
    "s3:DeleteObject",
    "s3:GetObject",
    "s3:GetObjectVersion",
    "s3:ListBucket",
    "s3:ListBucketVersions",
    "s3:ListMultipartUploadParts",
    "s3:PutObject",
    "secretsmanager:GetSecretValue",
    "sns:Publish",
    "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:GetQueueUrl",
    "sqs:ReceiveMessage",
    "sqs:SendMessage",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
];

pub(super) fn add(template: &mut Template, catalog: &Catalog, kinds: &BTreeSet<String>) {
    boundary(template);
    let policies = policies(&actions(catalog, kinds));
    let names: Vec<String> = (1..=policies.len()).map(|number| format!("Handlers{number}")).collect();
    for (name, statements) in names.iter().zip(&policies) {
        template.resource(
            name,
            "AWS::IAM::ManagedPolicy",
            json!({
                "Description": "what the handlers of the kinds in use need",
                "PolicyDocument": document(statements),
            }),
        );
    }
    let attached: Vec<Json> = names.iter().map(|name| json!({ "Ref": name })).collect();
    template.resource(
        ROLE,
        "AWS::IAM::Role",
        json!({
            "Description": "Cloud Control in the name of manifest-agent",
            "AssumeRolePolicyDocument": super::trusts("cloudformation.amazonaws.com"),
            "ManagedPolicyArns": attached,
            "MaxSessionDuration": 43_200,
        }),
    );
    guard(template);
    template.output("ExecutionRoleArn", "for --role-arn", arn(ROLE));
    template.output(
        "BoundaryArn",
        "the permissions boundary for roles of processes",
        json!({ "Ref": BOUNDARY }),
    );
}

/// The kinds that were named; without any, all that the compiler can ask for.
pub(super) fn in_use<'a>(
    catalog: &'a Catalog,
    kinds: &'a BTreeSet<String>,
) -> impl Iterator<Item = &'a Kind> {
    let is_wanted = |kind: &&Kind| {
        if kinds.is_empty() { kind.natural_key().is_some() } else { kinds.contains(&kind.name) }
    };
    catalog.kinds().filter(is_wanted)
}

/// All that the handlers need and IAM knows, by service. Policies of users and groups are no concern of an app.
fn actions(catalog: &Catalog, kinds: &BTreeSet<String>) -> BTreeMap<String, BTreeSet<String>> {
    let mut actions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for kind in in_use(catalog, kinds) {
        let known = |permission: &&str| Actions::builtin().resources(permission).is_some();
        for (service, action) in
            kind.permissions().into_iter().filter(known).filter_map(|known| known.split_once(':'))
        {
            let service = service.to_lowercase();
            if service != "iam" || !(action.contains("User") || action.contains("Group")) {
                actions.entry(service).or_default().insert(action.to_owned());
            }
        }
    }
    actions
}

/// Statements for all services, in policies of a size that AWS takes.
fn policies(actions: &BTreeMap<String, BTreeSet<String>>) -> Vec<Vec<Json>> {
    let mut policies: Vec<Vec<Json>> = Vec::new();
    let mut length = POLICY_LENGTH;
    for statement in actions.iter().flat_map(|(service, actions)| statements(service, actions)) {
        let more = statement.to_string().len();
        match policies.last_mut() {
            Some(policy) if length + more <= POLICY_LENGTH => policy.push(statement),
            _ => {
                policies.push(vec![statement]);
                length = 0;
            }
        }
        length += more;
    }
    policies
}

fn statements(service: &str, actions: &BTreeSet<String>) -> Vec<Json> {
    if service == "iam" {
        return identities(actions);
    }
    let named = NAMED.iter().find(|(name, ..)| *name == service);
    let is_named = |permission: &String| {
        let resources = Actions::builtin().resources(permission).unwrap_or_default();
        named.is_some_and(|(_, types, _)| resources.iter().any(|resource| types.contains(&resource.as_str())))
    };
    let permissions = actions.iter().map(|action| format!("{service}:{action}"));
    let (own, all): (Vec<String>, Vec<String>) = permissions.partition(is_named);
    let mut statements = Vec::new();
    if let (Some((_, _, before)), false) = (named, own.is_empty()) {
        let resources: Vec<Json> = before.iter().map(|before| own_name(before)).collect();
        statements.push(json!({ "Effect": "Allow", "Action": own, "Resource": resources }));
    }
    if !all.is_empty() {
        let mut statement = json!({ "Effect": "Allow", "Action": all, "Resource": "*" });
        if !GLOBAL.contains(&service) {
            let here = json!({ "aws:RequestedRegion": { "Ref": "AWS::Region" } });
            statement["Condition"] = json!({ "StringEquals": here });
        }
        statements.push(statement);
    }
    statements
}

/// The ARNs of what has one of the environment's own names, or of what RDS calls its own.
fn own_name(before: &str) -> Json {
    let name = if before.ends_with('!') { "*" } else { PREFIX };
    sub(&format!("arn:${{AWS::Partition}}:{before}{name}"))
}

/// Roles are changed, and given to services, under the environment's own names only.
fn identities(actions: &BTreeSet<String>) -> Vec<Json> {
    let mut by_resource: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for action in actions {
        let resource = match action.as_str() {
            "PassRole" => "passed",
            name if name.starts_with("Get") || name.starts_with("List") => "*",
            name if name.contains("ServiceLinkedRole") => "role/aws-service-role/*",
            "AttachRolePolicy" | "CreateRole" | "PutRolePermissionsBoundary" | "PutRolePolicy" => "granted",
            name if name.contains("OpenIDConnectProvider") => "oidc-provider/*",
            name if name.contains("InstanceProfile") => "instance-profile/${App}-${Named}-*",
            name if name.contains("Role") => "role/${App}-${Named}-*",
            _ => "policy/${App}-${Named}-*",
        };
        by_resource.entry(resource).or_default().push(format!("iam:{action}"));
    }
    let of_account = |path: &str| sub(&format!("arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:{path}"));
    let role = || of_account(&format!("role/{PREFIX}"));
    let statement = |(resource, actions): (&str, Vec<String>)| {
        let mut statement = json!({ "Effect": "Allow", "Action": actions });
        statement["Resource"] = match resource {
            "*" => json!("*"),
            "passed" | "granted" => role(),
            path => of_account(path),
        };
        match resource {
            "passed" => {
                statement["Condition"] = json!({ "StringEquals": { "iam:PassedToService": PASSED_TO } });
            }
            "granted" => {
                let bounded = json!({ "StringEquals": { "iam:PermissionsBoundary": { "Ref": BOUNDARY } } });
                let none = json!({ "Ref": "AWS::NoValue" });
                statement["Condition"] = json!({ "Fn::If": ["Bounded", bounded, none] });
            }
            _ => {}
        }
        statement
    };
    by_resource.into_iter().map(statement).collect()
}

/// What the role must never do, whatever its handlers would allow: change who it is and what bounds it, silence the audit
/// trail, touch the store, delete what is not the environment's.
fn guard(template: &mut Template) {
    let deny = |sid: &str, actions: Json, resource: Json| json!({ "Sid": sid, "Effect": "Deny", "Action": actions, "Resource": resource });
    let mut statements = vec![
        deny(
            "NotItself",
            json!("iam:*"),
            json!([arn(ROLE), arn(super::identities::AGENT), { "Ref": BOUNDARY }]),
        ),
        deny(
            "NotTheAuditTrail",
            json!([
                "cloudtrail:DeleteTrail",
                "cloudtrail:StopLogging",
                "cloudtrail:UpdateTrail",
                "organizations:*"
            ]),
            json!("*"),
        ),
        deny("NotTheStore", json!("s3:*"), json!([arn(super::store::BUCKET), sub("${StateBucket.Arn}/*")])),
    ];
    statements.extend(OWN.map(
        |(action, before)| json!({ "Effect": "Deny", "Action": action, "NotResource": own_name(before) }),
    ));
    template.resource(
        "Guard",
        "AWS::IAM::RolePolicy",
        json!({
            "RoleName": { "Ref": ROLE },
            "PolicyName": "guard",
            "PolicyDocument": document(&statements),
        }),
    );
}

fn boundary(template: &mut Template) {
    template.resource(
        BOUNDARY,
        "AWS::IAM::ManagedPolicy",
        json!({
            "Description": "the most that a process of the app is ever allowed",
            "PolicyDocument": document(&[
                json!({ "Sid": "Processes", "Effect": "Allow", "Action": PROCESSES.as_slice(), "Resource": "*" }),
                json!({
                    "Sid": "NotTheStore",
                    "Effect": "Deny",
                    "Action": "s3:*",
                    "Resource": [arn(super::store::BUCKET), sub("${StateBucket.Arn}/*")],
                }),
            ]),
        }),
    );
}
