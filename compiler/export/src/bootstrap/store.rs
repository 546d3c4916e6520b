//! Where desired states and journals lie: a bucket in which nothing is written over and nothing is deleted.

use serde_json::json;

use super::{Template, arn, document, sub};

/// The bucket.
pub(super) const BUCKET: &str = "StateBucket";
/// The key of all that is kept.
pub(super) const KEY: &str = "Key";

/// The secret that is the key of digests.
pub(super) const DIGEST_KEY: &str = "DigestKey";

/// Days that access logs are kept.
const LOG_DAYS: u32 = 365;

pub(super) fn add(template: &mut Template) {
    key(template);
    template.kept("AccessLogs", "AWS::S3::Bucket", {
        let mut logs = private();
        logs["BucketEncryption"] = encrypted(&json!({ "SSEAlgorithm": "AES256" }));
        logs["LifecycleConfiguration"] =
            json!({ "Rules": [{ "Id": "expire", "Status": "Enabled", "ExpirationInDays": LOG_DAYS }] });
        logs
    });
    policy(
        template,
        "AccessLogs",
        vec![json!({
            "Sid": "AccessLogsOfTheStore",
            "Effect": "Allow",
            "Principal": { "Service": "logging.s3.amazonaws.com" },
            "Action": "s3:PutObject",
            "Resource": sub("${AccessLogs.Arn}/*"),
            "Condition": { "StringEquals": { "aws:SourceAccount": { "Ref": "AWS::AccountId" } } },
        })],
    );
    template.kept(BUCKET, "AWS::S3::Bucket", {
        let mut state = private();
        state["BucketEncryption"] =
            encrypted(&json!({ "SSEAlgorithm": "aws:kms", "KMSMasterKeyID": arn(KEY) }));
        state["LoggingConfiguration"] = json!({ "DestinationBucketName": { "Ref": "AccessLogs" } });
        state
    });
    // The agent and `manifestc publish` put only what is not there yet; a put that does not say so is a mistake.
    policy(
        template,
        BUCKET,
        vec![
            json!({
                "Sid": "NothingIsWrittenOver",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:PutObject",
                "Resource": sub("${StateBucket.Arn}/*"),
                "Condition": {
                    "Null": { "s3:if-none-match": "true" },
                    "Bool": { "s3:ObjectCreationOperation": "true" },
                },
            }),
            json!({
                "Sid": "NothingIsDeleted",
                "Effect": "Deny",
                "Principal": "*",
                "Action": ["s3:DeleteObject", "s3:DeleteObjectVersion"],
                "Resource": sub("${StateBucket.Arn}/*"),
            }),
        ],
    );
    // Journals have digests in the place of sensitive values. Whoever reads them cannot try values without this.
    template.kept(
        DIGEST_KEY,
        "AWS::SecretsManager::Secret",
        json!({
            "Description": "key of the digests in the journals of manifest-agent",
            "KmsKeyId": arn(KEY),
            "GenerateSecretString": { "PasswordLength": 64, "ExcludePunctuation": true },
        }),
    );
    template.output(
        "DigestKeyArn",
        "for --digest-key, where the agent runs elsewhere",
        json!({ "Ref": DIGEST_KEY }),
    );
    template.output(
        "State",
        "for --state, --desired and `manifestc publish --to`",
        sub("s3://${StateBucket}"),
    );
}

fn key(template: &mut Template) {
    let account = json!({ "StringEquals": { "aws:SourceAccount": { "Ref": "AWS::AccountId" } } });
    let logs = sub("arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:*");
    template.kept(
        KEY,
        "AWS::KMS::Key",
        json!({
            "Description": "desired states, journals, events and logs of manifest-agent",
            "EnableKeyRotation": true,
            "KeyPolicy": document(&[
                json!({
                    "Sid": "TheAccountDecides",
                    "Effect": "Allow",
                    "Principal": { "AWS": sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:root") },
                    "Action": "kms:*",
                    "Resource": "*",
                }),
                json!({
                    "Sid": "EventsToTheQueue",
                    "Effect": "Allow",
                    "Principal": { "Service": "events.amazonaws.com" },
                    "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
                    "Resource": "*",
                    "Condition": account,
                }),
                json!({
                    "Sid": "TheAgentsLog",
                    "Effect": "Allow",
                    "Principal": { "Service": sub("logs.${AWS::Region}.amazonaws.com") },
                    "Action": [
                        "kms:Decrypt",
                        "kms:DescribeKey",
                        "kms:Encrypt",
                        "kms:GenerateDataKey",
                        "kms:ReEncryptFrom",
                        "kms:ReEncryptTo",
                    ],
                    "Resource": "*",
                    "Condition": { "ArnLike": { "kms:EncryptionContext:aws:logs:arn": logs } },
                }),
            ]),
        }),
    );
}

/// A bucket of ours that nobody else sees.
fn private() -> serde_json::Value {
    json!({
        "OwnershipControls": { "Rules": [{ "ObjectOwnership": "BucketOwnerEnforced" }] },
        "PublicAccessBlockConfiguration": {
            "BlockPublicAcls": true,
            "BlockPublicPolicy": true,
            "IgnorePublicAcls": true,
            "RestrictPublicBuckets": true,
        },
        "VersioningConfiguration": { "Status": "Enabled" },
    })
}

fn encrypted(by: &serde_json::Value) -> serde_json::Value {
    json!({ "ServerSideEncryptionConfiguration": [{ "BucketKeyEnabled": true, "ServerSideEncryptionByDefault": by }] })
}

fn policy(template: &mut Template, bucket: &str, mut statements: Vec<serde_json::Value>) {
    statements.push(json!({
        "Sid": "EncryptedTransportOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn(bucket), sub(&format!("${{{bucket}.Arn}}/*"))],
        "Condition": { "Bool": { "aws:SecureTransport": "false" } },
    }));
    let properties = json!({ "Bucket": { "Ref": bucket }, "PolicyDocument": document(&statements) });
    template.resource(&format!("{bucket}Policy"), "AWS::S3::BucketPolicy", properties);
}
