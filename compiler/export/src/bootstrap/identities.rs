//! Who the agent is, who starts it, and who publishes.

use std::collections::BTreeSet;

use schema_catalog::{Actions, Catalog};
use schema_documents::Json;
use serde_json::json;

use super::events::QUEUE;
use super::execution::{self, ROLE as EXECUTION};
use super::store::{BUCKET, DIGEST_KEY, KEY};
use super::{PREFIX, Template, arn, document, sub};

/// The role of the agent.
pub(super) const AGENT: &str = "AgentRole";
/// The role by which its tasks are started.
pub(super) const STARTER: &str = "StartRole";

/// The secrets of the environment.
const SECRETS: &str = "arn:${AWS::Partition}:secretsmanager:*:${AWS::AccountId}:secret:${App}-${Named}-*";

/// The identity provider whose tokens prove who publishes.
const ISSUER: &str = "token.actions.githubusercontent.com";

pub(super) fn add(template: &mut Template, catalog: &Catalog, kinds: &BTreeSet<String>) {
    agent(template, gates(catalog, kinds));
    starter(template);
    publisher(template);
}

/// What the agent asks services itself, beside Cloud Control: whether what it deployed is healthy. Under the environment's own
/// names, where AWS can limit it to any.
fn gates(catalog: &Catalog, kinds: &BTreeSet<String>) -> Vec<Json> {
    let gates = execution::in_use(catalog, kinds).filter_map(|kind| kind.overlay.gate.as_ref());
    let permissions: BTreeSet<&String> = gates.flat_map(|gate| &gate.permissions).collect();
    let statement = |permission: &String| {
        let service = permission.split_once(':').map_or(permission.as_str(), |(service, _)| service);
        match Actions::builtin().resources(permission).and_then(<[String]>::first) {
            Some(sort) => json!({
                "Effect": "Allow",
                "Action": permission,
                "Resource": sub(&format!(
                    "arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}:{sort}/{PREFIX}"
                )),
            }),
            None => json!({
                "Effect": "Allow",
                "Action": permission,
                "Resource": "*",
                "Condition": { "StringEquals": { "aws:RequestedRegion": { "Ref": "AWS::Region" } } },
            }),
        }
    };
    permissions.into_iter().map(statement).collect()
}

fn agent(template: &mut Template, gates: Vec<Json>) {
    template.resource(
        AGENT,
        "AWS::IAM::Role",
        json!({
            "Description": "manifest-agent",
            "AssumeRolePolicyDocument": super::trusts("ecs-tasks.amazonaws.com"),
        }),
    );
    let mut statements = vec![
        json!({
            "Sid": "CloudControl",
            "Effect": "Allow",
            "Action": [
                "cloudformation:CancelResourceRequest",
                "cloudformation:CreateResource",
                "cloudformation:DeleteResource",
                "cloudformation:GetResource",
                "cloudformation:GetResourceRequestStatus",
                "cloudformation:ListResourceRequests",
                "cloudformation:ListResources",
                "cloudformation:UpdateResource",
            ],
            "Resource": "*",
        }),
        json!({
            "Sid": "InTheNameOf",
            "Effect": "Allow",
            "Action": "iam:PassRole",
            "Resource": arn(EXECUTION),
            "Condition": { "StringEquals": { "iam:PassedToService": "cloudformation.amazonaws.com" } },
        }),
        json!({
            "Sid": "FindObjects",
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": arn(BUCKET),
        }),
        json!({
            "Sid": "ReadAndAppend",
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:PutObject"],
            "Resource": sub("${StateBucket.Arn}/*"),
        }),
        json!({
            "Sid": "Listen",
            "Effect": "Allow",
            "Action": ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:ReceiveMessage"],
            "Resource": arn(QUEUE),
        }),
        use_key(),
        json!({
            "Sid": "KeyOfDigests",
            "Effect": "Allow",
            "Action": "secretsmanager:GetSecretValue",
            "Resource": { "Ref": DIGEST_KEY },
        }),
        see_what_is_set(),
        read_what_was_drawn(),
        use_the_keys_of_environments(),
    ];
    statements.extend(gates);
    let policy = document(&statements);
    template.resource(
        "AgentPolicy",
        "AWS::IAM::RolePolicy",
        json!({
            "RoleName": { "Ref": AGENT },
            "PolicyName": "agent",
            "PolicyDocument": policy,
        }),
    );
}

/// Processes wait for secrets that have no value yet. Whether one has is no secret.
fn see_what_is_set() -> Json {
    json!({
        "Sid": "SeeWhatIsSet",
        "Effect": "Allow",
        "Action": "secretsmanager:DescribeSecret",
        "Resource": sub(SECRETS),
        "Condition": { "StringEquals": of_the_environment() },
    })
}

/// What the tags of the environment's own resources are.
fn of_the_environment() -> Json {
    json!({
        "aws:ResourceTag/manifest:app": { "Ref": "App" },
        "aws:ResourceTag/manifest:environment": { "Ref": "Environment" },
    })
}

/// Users of a cache are made with the password that was drawn for them. No other secret of the environment may be read.
fn read_what_was_drawn() -> Json {
    json!({
        "Sid": "ReadWhatWasDrawn",
        "Effect": "Allow",
        "Action": "secretsmanager:GetSecretValue",
        "Resource": sub(SECRETS),
        "Condition": {
            "StringEquals": of_the_environment(),
            "StringLike": { "aws:ResourceTag/manifest:resource": "cache/*/password/*" },
        },
    })
}

/// The key that those secrets are encrypted with, by way of the service that holds them.
fn use_the_keys_of_environments() -> Json {
    json!({
        "Sid": "UseTheKeyOfTheEnvironment",
        "Effect": "Allow",
        "Action": "kms:Decrypt",
        "Resource": sub("arn:${AWS::Partition}:kms:*:${AWS::AccountId}:key/*"),
        "Condition": {
            "StringEquals": {
                "aws:ResourceTag/manifest:app": { "Ref": "App" },
                "aws:ResourceTag/manifest:environment": { "Ref": "Environment" },
                "aws:ResourceTag/manifest:resource": "encryption/key",
            },
            "StringLike": { "kms:ViaService": "secretsmanager.*.amazonaws.com" },
        },
    })
}

fn use_key() -> Json {
    json!({
        "Sid": "UseTheKey",
        "Effect": "Allow",
        "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
        "Resource": arn(KEY),
    })
}

fn starter(template: &mut Template) {
    template.resource(
        STARTER,
        "AWS::IAM::Role",
        json!({
            "Description": "starts manifest-agent",
            "AssumeRolePolicyDocument": super::trusts("ecs-tasks.amazonaws.com"),
        }),
    );
    let repositories = sub("arn:${AWS::Partition}:ecr:${AWS::Region}:${AWS::AccountId}:repository/*");
    let policy = document(&[
        // AWS grants this one on no single resource.
        json!({ "Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*" }),
        json!({
            "Effect": "Allow",
            "Action": ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            "Resource": repositories,
        }),
        json!({
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": arn(super::compute::LOG),
        }),
    ]);
    template.resource(
        "StartPolicy",
        "AWS::IAM::RolePolicy",
        json!({
            "RoleName": { "Ref": STARTER },
            "PolicyName": "start",
            "PolicyDocument": policy,
        }),
    );
}

/// A role that writes the next desired state of this environment, and reads what is there to tell which one is next.
fn publisher(template: &mut Template) {
    template.resource(
        "NewIdentityProvider",
        "AWS::IAM::OIDCProvider",
        json!({
            "Url": format!("https://{ISSUER}"),
            "ClientIdList": ["sts.amazonaws.com"],
        }),
    );
    template.resources["NewIdentityProvider"]["Condition"] = json!("NewProvider");
    let provider =
        json!({ "Fn::If": ["NewProvider", { "Ref": "NewIdentityProvider" }, { "Ref": "IdentityProvider" }] });
    let subject = json!({ "Ref": "PublisherSubject" });
    template.resource(
        "PublisherRole",
        "AWS::IAM::Role",
        json!({
            "Description": "publishes desired states, and nothing else",
            "AssumeRolePolicyDocument": document(&[json!({
                "Effect": "Allow",
                "Principal": { "Federated": provider },
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": { "StringEquals": {
                    format!("{ISSUER}:aud"): "sts.amazonaws.com",
                    format!("{ISSUER}:sub"): subject,
                } },
            })]),
        }),
    );
    let own = "desired/${App}/${Named}/*";
    let policy = document(&[
        json!({
            "Sid": "FindTheLast",
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": arn(BUCKET),
            "Condition": { "StringLike": { "s3:prefix": sub(own) } },
        }),
        json!({
            "Sid": "Publish",
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:PutObject"],
            "Resource": sub(&format!("${{StateBucket.Arn}}/{own}")),
        }),
        use_key(),
    ]);
    template.resource(
        "PublisherPolicy",
        "AWS::IAM::RolePolicy",
        json!({
            "RoleName": { "Ref": "PublisherRole" },
            "PolicyName": "publish",
            "PolicyDocument": policy,
        }),
    );
    for name in ["PublisherRole", "PublisherPolicy"] {
        template.resources[name]["Condition"] = json!("Publishes");
    }
    template.output("PublisherRoleArn", "the role that CI takes to publish", arn("PublisherRole"));
    template.outputs["PublisherRoleArn"]["Condition"] = json!("Publishes");
}
