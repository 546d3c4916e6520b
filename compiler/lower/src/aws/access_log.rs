//! Access logs: who asked the load balancers and the buckets for what. They go to a bucket of their own, which only the
//! services that write them may write to, and are kept as long as other logs.

use schema_documents::{Json, ResourceId, Value};
use serde_json::json;

use super::{bucket, roles};
use crate::builder::{Draft, Lowering, id, output};

/// The bucket of the logs.
pub(crate) struct AccessLog {
    pub bucket: ResourceId,
    /// Its policy, without which a load balancer refuses to write.
    pub policy: ResourceId,
}

/// Lowers the bucket of the logs, where the environment has access logs.
pub(crate) fn lower(lowering: &mut Lowering<'_>) -> Option<AccessLog> {
    let settings = lowering.environment.environment.network.as_ref();
    let wanted = settings.and_then(|network| network.access_logs).unwrap_or(lowering.sizes.access_logs);
    if !wanted || (lowering.model.services.is_empty() && lowering.model.buckets.is_empty()) {
        return None;
    }
    let why = lowering.asked(&["network", "access_logs"], "network.access_log");
    let mut properties = bucket::private(true);
    properties["LifecycleConfiguration"] = json!({ "Rules": [{
        "Id": "drop-old-logs",
        "Status": "Enabled",
        "ExpirationInDays": lowering.sizes.log_days,
        "NoncurrentVersionExpiration": { "NoncurrentDays": 1 },
        "AbortIncompleteMultipartUpload": { "DaysAfterInitiation": bucket::UNFINISHED_DAYS },
    }] });
    let draft = Draft::new(id(["network", "access-log", "bucket"]), "AWS::S3::Bucket", &why);
    let bucket = lowering.add(draft.named_as([], "access-log").properties(properties));
    let policy = policy(lowering, &bucket);
    Some(AccessLog { bucket, policy })
}

fn policy(lowering: &mut Lowering<'_>, bucket: &ResourceId) -> ResourceId {
    let why = lowering.asked(&["network", "access_logs"], "network.access_log");
    let objects = Value::join([output(bucket, "/Arn"), "/*".into()]);
    let load_balancers =
        json!(format!("arn:aws:elasticloadbalancing:{}:*:loadbalancer/*", lowering.region()));
    let buckets = lowering.model.buckets.keys();
    let buckets: Vec<Value> = buckets.map(|name| output(&bucket::bucket_id(name), "/Arn")).collect();
    let mut statements = vec![bucket::encrypted_transport_only(bucket)];
    // A load balancer tries to write before it is there, so that its name cannot be known here.
    let writers = [
        ("LoadBalancers", "logdelivery.elasticloadbalancing.amazonaws.com", load_balancers),
        ("Buckets", "logging.s3.amazonaws.com", json!(buckets)),
    ];
    let writers = writers.into_iter().filter(|(.., sources)| *sources != json!([]));
    statements.extend(writers.map(|(sid, service, sources)| -> Json {
        json!({
            "Sid": sid,
            "Effect": "Allow",
            "Principal": { "Service": service },
            "Action": "s3:PutObject",
            "Resource": objects,
            "Condition": { "ArnLike": { "aws:SourceArn": sources } },
        })
    }));
    let draft = Draft::new(id(["network", "access-log", "policy"]), "AWS::S3::BucketPolicy", &why);
    lowering.add(draft.properties(json!({
        "Bucket": output(bucket, "/BucketName"),
        "PolicyDocument": roles::document(&statements),
    })))
}
