//! Object storage: private buckets, whose public objects go out through a distribution and never directly.

use compiler_model::Bucket;
use schema_documents::{Json, Origin, ResourceId, Value};
use serde_json::json;

use super::access_log::AccessLog;
use super::roles;
use crate::builder::{Draft, Lowering, id, output};

/// The cache policy of AWS that suits objects which seldom change.
const CACHING_OPTIMIZED: &str = "658327ea-f89d-4fab-a63d-7e88639e58f6";

/// Days after which parts of an upload that never ended are dropped.
pub(crate) const UNFINISHED_DAYS: u32 = 7;

/// The id of a bucket.
pub(crate) fn bucket_id(bucket: &str) -> ResourceId {
    id(["bucket", bucket, "bucket"])
}

/// The id of the distribution of a public bucket.
pub(crate) fn distribution_id(bucket: &str) -> ResourceId {
    id(["bucket", bucket, "distribution"])
}

pub(crate) fn lower(lowering: &mut Lowering<'_>, log: Option<&AccessLog>) {
    let model = lowering.model;
    for declared in model.buckets.values() {
        let why = Lowering::declared(&declared.at);
        let bucket = lower_bucket(lowering, declared, log, &why);
        let distribution = declared.public.then(|| distribution(lowering, declared, &bucket, &why));
        policy(lowering, declared, &bucket, distribution.as_ref(), &why);
    }
}

fn lower_bucket(
    lowering: &mut Lowering<'_>,
    bucket: &Bucket,
    log: Option<&AccessLog>,
    why: &Origin,
) -> ResourceId {
    let mut properties = private(bucket.versioned);
    properties["LifecycleConfiguration"] = json!({ "Rules": [{
        "Id": "drop-unfinished-uploads",
        "Status": "Enabled",
        "AbortIncompleteMultipartUpload": { "DaysAfterInitiation": UNFINISHED_DAYS },
    }] });
    let draft = Draft::new(bucket_id(&bucket.name), "AWS::S3::Bucket", why).named([&bucket.name]);
    let mut draft = draft.properties(properties).from(why, "/VersioningConfiguration");
    if let Some(log) = log {
        draft = draft.set(
            "LoggingConfiguration",
            json!({
                "DestinationBucketName": output(&log.bucket, "/BucketName"),
                "LogFilePrefix": format!("bucket/{}/", bucket.name),
            }),
        );
    }
    lowering.add(draft)
}

/// What makes a bucket private: encrypted, owned by this account whoever writes, and closed to the public.
pub(crate) fn private(versioned: bool) -> Json {
    let encryption = json!({ "ServerSideEncryptionByDefault": { "SSEAlgorithm": "AES256" } });
    json!({
        "BucketEncryption": { "ServerSideEncryptionConfiguration": [encryption] },
        "OwnershipControls": { "Rules": [{ "ObjectOwnership": "BucketOwnerEnforced" }] },
        "PublicAccessBlockConfiguration": {
            "BlockPublicAcls": true,
            "BlockPublicPolicy": true,
            "IgnorePublicAcls": true,
            "RestrictPublicBuckets": true,
        },
        "VersioningConfiguration": { "Status": if versioned { "Enabled" } else { "Suspended" } },
    })
}

/// The statement that refuses what does not come encrypted.
pub(crate) fn encrypted_transport_only(bucket: &ResourceId) -> Json {
    json!({
        "Sid": "EncryptedTransportOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [output(bucket, "/Arn"), Value::join([output(bucket, "/Arn"), "/*".into()])],
        "Condition": { "Bool": { "aws:SecureTransport": "false" } },
    })
}

fn policy(
    lowering: &mut Lowering<'_>,
    declared: &Bucket,
    bucket: &ResourceId,
    distribution: Option<&ResourceId>,
    why: &Origin,
) {
    let mut statements = vec![encrypted_transport_only(bucket)];
    if let Some(distribution) = distribution {
        // Ids of distributions are unique in all of AWS, so the account in front of one says nothing more.
        let source = Value::join(["arn:aws:cloudfront::*:distribution/".into(), output(distribution, "/Id")]);
        statements.push(json!({
            "Sid": "PublicThroughDistribution",
            "Effect": "Allow",
            "Principal": { "Service": "cloudfront.amazonaws.com" },
            "Action": "s3:GetObject",
            "Resource": Value::join([output(bucket, "/Arn"), "/*".into()]),
            "Condition": { "ArnLike": { "aws:SourceArn": source } },
        }));
    }
    let draft = Draft::new(id(["bucket", &declared.name, "policy"]), "AWS::S3::BucketPolicy", why);
    lowering.add(draft.properties(json!({
        "Bucket": output(bucket, "/BucketName"),
        "PolicyDocument": roles::document(&statements),
    })));
}

fn distribution(
    lowering: &mut Lowering<'_>,
    declared: &Bucket,
    bucket: &ResourceId,
    why: &Origin,
) -> ResourceId {
    let name = declared.name.as_str();
    let access = lowering.add(
        Draft::new(
            id(["bucket", name, "origin-access-control"]),
            "AWS::CloudFront::OriginAccessControl",
            why,
        )
        .named([name])
        .properties(json!({ "OriginAccessControlConfig": {
                "OriginAccessControlOriginType": "s3",
                "SigningBehavior": "always",
                "SigningProtocol": "sigv4",
            } })),
    );
    let draft = Draft::new(distribution_id(name), "AWS::CloudFront::Distribution", why);
    lowering.add(draft.properties(json!({ "DistributionConfig": {
        "Enabled": true,
        "Comment": format!("public objects of bucket {name}"),
        "HttpVersion": "http2and3",
        "IPV6Enabled": true,
        "PriceClass": "PriceClass_100",
        "Origins": [{
            "Id": "bucket",
            "DomainName": output(bucket, "/RegionalDomainName"),
            "OriginAccessControlId": output(&access, "/Id"),
            "S3OriginConfig": { "OriginAccessIdentity": "" },
        }],
        "DefaultCacheBehavior": {
            "TargetOriginId": "bucket",
            "ViewerProtocolPolicy": "redirect-to-https",
            "AllowedMethods": ["GET", "HEAD"],
            "CachedMethods": ["GET", "HEAD"],
            "CachePolicyId": CACHING_OPTIMIZED,
            "Compress": true,
        },
        "ViewerCertificate": { "CloudFrontDefaultCertificate": true },
    } })))
}
