//! The template that installs the agent in an account.
//!
//! | | |
//! |---|---|
//! | store | a bucket that keeps every version, takes nothing but new objects, over TLS, and lets nobody delete |
//! | digest key | a secret: with it the agent makes digests of sensitive values |
//! | agent | a service on Fargate; it may use Cloud Control, its bucket and its queue, and hand over the execution role |
//! | execution role | what the handlers of the kinds in use need, and no more; what holds data only under the environment's names |
//! | boundary | the most that roles of processes can ever be allowed |
//! | events | who changes what, from the audit trail to a queue |
//! | CI | a role for whom an identity provider vouches, that may only publish |

mod compute;
mod events;
mod execution;
mod identities;
mod store;

use std::collections::BTreeSet;

use schema_catalog::Catalog;
use schema_documents::{Json, canonical};
use serde_json::json;

/// What the agent is installed for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The app that the template suggests.
    pub app: Option<String>,
    /// The environment that the template suggests.
    pub environment: Option<String>,
    /// The kinds that the agent manages; none for all that the compiler can ask for.
    pub kinds: BTreeSet<String>,
}

/// The sections of a template, in the making.
#[derive(Default)]
struct Template {
    resources: serde_json::Map<String, Json>,
    outputs: serde_json::Map<String, Json>,
}

impl Template {
    fn resource(&mut self, name: &str, kind: &str, properties: Json) {
        let members = [("Type".to_owned(), kind.into()), ("Properties".to_owned(), properties)];
        self.resources.insert(name.to_owned(), Json::Object(members.into_iter().collect()));
    }

    /// One that holds what cannot be made again.
    fn kept(&mut self, name: &str, kind: &str, properties: Json) {
        self.resource(name, kind, properties);
        for policy in ["DeletionPolicy", "UpdateReplacePolicy"] {
            self.resources[name][policy] = json!("Retain");
        }
    }

    fn output(&mut self, name: &str, what: &str, value: Json) {
        let members = [("Description".to_owned(), what.into()), ("Value".to_owned(), value)];
        self.outputs.insert(name.to_owned(), Json::Object(members.into_iter().collect()));
    }
}

/// What of a resource another one refers to.
fn arn(name: &str) -> Json {
    json!({ "Fn::GetAtt": [name, "Arn"] })
}

/// A text with names filled in. `Named` is the environment as names have it: `pr:72` is `pr-72` there.
fn sub(text: &str) -> Json {
    if !text.contains("${Named}") {
        return json!({ "Fn::Sub": text });
    }
    let named = json!({ "Fn::Join": ["-", { "Fn::Split": [":", { "Ref": "Environment" }] }] });
    json!({ "Fn::Sub": [text, { "Named": named }] })
}

/// A policy document.
fn document(statements: &[Json]) -> Json {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

/// Lets a service of AWS act as a role, for this account only.
fn trusts(service: &str) -> Json {
    document(&[json!({
        "Effect": "Allow",
        "Principal": { "Service": service },
        "Action": "sts:AssumeRole",
        "Condition": { "StringEquals": { "aws:SourceAccount": { "Ref": "AWS::AccountId" } } },
    })])
}

/// How the names of everything begin that the environment owns.
const PREFIX: &str = "${App}-${Named}-*";

/// The template for AWS.
pub fn aws(catalog: &Catalog, options: &Options) -> Json {
    let mut template = Template::default();
    store::add(&mut template);
    events::add(&mut template);
    execution::add(&mut template, catalog, &options.kinds);
    identities::add(&mut template, catalog, &options.kinds);
    compute::add(&mut template);
    let mut json = json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "manifest-agent: reconciles one environment with the desired states that are published for it",
        "Parameters": parameters(options),
        "Conditions": {
            "Publishes": { "Fn::Not": [{ "Fn::Equals": [{ "Ref": "PublisherSubject" }, ""] }] },
            "NewProvider": { "Fn::And": [
                { "Condition": "Publishes" },
                { "Fn::Equals": [{ "Ref": "IdentityProvider" }, ""] },
            ] },
            "Bounded": { "Fn::Equals": [{ "Ref": "RoleBoundary" }, "required"] },
        },
        "Resources": template.resources,
        "Outputs": template.outputs,
    });
    canonical::sort(&mut json);
    json
}

fn parameters(options: &Options) -> Json {
    let named = |what: &str, pattern: &str, value: &Option<String>| {
        let mut parameter = json!({ "Type": "String", "Description": what, "AllowedPattern": pattern });
        if let Some(value) = value {
            parameter["Default"] = json!(value);
        }
        parameter
    };
    let text = |what: &str| json!({ "Type": "String", "Description": what, "Default": "" });
    let one_of = |what: &str, values: [&str; 2]| json!({ "Type": "String", "Description": what, "AllowedValues": values, "Default": values[0] });
    json!({
        "App": named("name of the app", "[a-z][a-z0-9-]*", &options.app),
        "Environment": named(
            "name of the environment, such as production or pr:72",
            "[a-z][a-z0-9-]*|pr:[0-9]+",
            &options.environment,
        ),
        "AgentImage": {
            "Type": "String",
            "Description": "the image of manifest-agent, whose entry point is the program: repository@sha256:digest",
            "MinLength": 1,
        },
        "Vpc": { "Type": "AWS::EC2::VPC::Id", "Description": "where the agent runs, apart from the environment" },
        "Subnets": {
            "Type": "List<AWS::EC2::Subnet::Id>",
            "Description": "where the agent runs; they need a way to the endpoints of AWS",
        },
        "PublicIp": one_of(
            "ENABLED where the subnets reach the endpoints with a public address only",
            ["DISABLED", "ENABLED"],
        ),
        "Replicas": {
            "Type": "Number",
            "Description": "one works, the others stand by",
            "Default": 2,
            "MinValue": 0,
            "MaxValue": 5,
        },
        "RoleBoundary": one_of(
            "required: roles are made with the boundary only, which the environment file has to ask for",
            ["optional", "required"],
        ),
        "PublisherSubject": text(
            "who publishes, as the identity provider says it, such as repo:acme/shop:ref:refs/heads/main; empty for nobody",
        ),
        "IdentityProvider": text("ARN of the OIDC provider of GitHub, where the account has it already"),
    })
}

#[cfg(test)]
mod tests;
