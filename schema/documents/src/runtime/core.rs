//! The runtime configuration that the core runtime reads from the variable `ENCORE_RUNTIME_CONFIG`: the message
//! `encore.runtime.v1.RuntimeConfig`, in base64. Names and numbers of the fields are Encore's; only what is ever written is
//! described.

use std::collections::BTreeMap;

use prost::{Enumeration, Message};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Bytes of the message for what a document holds as JSON. The error says what is wrong with it.
pub fn encode(document: &crate::Json) -> Result<Vec<u8>, String> {
    super::read::<RuntimeConfig>(document).map(|config| config.encode_to_vec())
}

/// The message that bytes are.
pub fn decode(bytes: &[u8]) -> Result<RuntimeConfig, String> {
    RuntimeConfig::decode(bytes).map_err(|error| error.to_string())
}

/// A message: what is left out has the value that Encore's own documents leave out.
macro_rules! message {
    ($(#[$doc:meta])* $name:ident { $($(#[$field:meta])* $field_name:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Message, Serialize, Deserialize, JsonSchema)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            $($(#[$field])* #[serde(skip_serializing_if = "is_default")] pub $field_name: $type,)*
        }
    };
}

/// Whether the message leaves it out.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

message! {
    /// What a process is told.
    RuntimeConfig {
        /// Which app and environment this is.
        #[prost(message, optional, tag = "1")]
        environment: Option<Environment>,
        /// Databases, topics, buckets, caches and secrets.
        #[prost(message, optional, tag = "2")]
        infra: Option<Infrastructure>,
        /// What runs in this process, and where the rest is.
        #[prost(message, optional, tag = "3")]
        deployment: Option<Deployment>,
        /// Whose calls are those of the platform: cron jobs.
        #[prost(message, optional, tag = "5")]
        encore_platform: Option<Platform>,
    }
}

message! {
    /// Which app and environment this is.
    Environment {
        /// The app.
        #[prost(string, tag = "2")]
        app_slug: String,
        /// The environment.
        #[prost(string, tag = "4")]
        env_name: String,
        /// What it is for, as a [`EnvironmentType`].
        #[prost(enumeration = "EnvironmentType", tag = "5")]
        env_type: i32,
        /// The cloud, as a [`Cloud`].
        #[prost(enumeration = "Cloud", tag = "6")]
        cloud: i32,
    }
}

/// What an environment is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Enumeration)]
#[repr(i32)]
pub enum EnvironmentType {
    /// Nothing is said.
    Unspecified = 0,
    /// Developers share it.
    Development = 1,
    /// People depend on it.
    Production = 2,
    /// It belongs to a pull request.
    Ephemeral = 3,
}

/// The cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Enumeration)]
#[repr(i32)]
pub enum Cloud {
    /// Nothing is said.
    Unspecified = 0,
    /// Amazon Web Services.
    Aws = 3,
    /// Google Cloud.
    Gcp = 4,
}

message! {
    /// Databases, topics, buckets, caches and secrets.
    Infrastructure {
        /// What there is.
        #[prost(message, optional, tag = "1")]
        resources: Option<Resources>,
        /// As whom it is used.
        #[prost(message, optional, tag = "2")]
        credentials: Option<Credentials>,
    }
}

message! {
    /// As whom databases and caches are used.
    Credentials {
        /// Of databases.
        #[prost(message, repeated, tag = "2")]
        sql_roles: Vec<SqlRole>,
        /// Of caches.
        #[prost(message, repeated, tag = "3")]
        redis_roles: Vec<RedisRole>,
    }
}

message! {
    /// A role in a database server.
    SqlRole {
        /// By which a pool refers to it.
        #[prost(string, tag = "1")]
        rid: String,
        /// Its name.
        #[prost(string, tag = "2")]
        username: String,
        /// Its password.
        #[prost(message, optional, tag = "3")]
        password: Option<SecretData>,
    }
}

message! {
    /// A user of a cache.
    RedisRole {
        /// By which a pool refers to it.
        #[prost(string, tag = "1")]
        rid: String,
        /// By name and password.
        #[prost(message, optional, tag = "10")]
        acl: Option<Acl>,
    }
}

message! {
    /// Name and password.
    Acl {
        /// The name.
        #[prost(string, tag = "1")]
        username: String,
        /// The password.
        #[prost(message, optional, tag = "2")]
        password: Option<SecretData>,
    }
}

message! {
    /// A secret, by the variable that holds it. The message could hold the secret itself: not here.
    SecretData {
        /// Name of the variable.
        #[prost(string, tag = "2")]
        env: String,
    }
}

message! {
    /// What there is.
    Resources {
        /// Gateways.
        #[prost(message, repeated, tag = "1")]
        gateways: Vec<Gateway>,
        /// Database servers.
        #[prost(message, repeated, tag = "2")]
        sql_clusters: Vec<SqlCluster>,
        /// Topics and subscriptions.
        #[prost(message, repeated, tag = "3")]
        pubsub_clusters: Vec<PubSubCluster>,
        /// Caches.
        #[prost(message, repeated, tag = "4")]
        redis_clusters: Vec<RedisCluster>,
        /// Secrets that the app declares.
        #[prost(message, repeated, tag = "5")]
        app_secrets: Vec<AppSecret>,
        /// Buckets.
        #[prost(message, repeated, tag = "6")]
        bucket_clusters: Vec<BucketCluster>,
    }
}

message! {
    /// A gateway.
    Gateway {
        /// By which a deployment refers to it.
        #[prost(string, tag = "1")]
        rid: String,
        /// Its name in the app.
        #[prost(string, tag = "2")]
        encore_name: String,
        /// Where it is reached from outside.
        #[prost(string, tag = "3")]
        base_url: String,
    }
}

message! {
    /// A database server.
    SqlCluster {
        /// Its name here.
        #[prost(string, tag = "1")]
        rid: String,
        /// Its addresses.
        #[prost(message, repeated, tag = "2")]
        servers: Vec<Server>,
        /// Its databases.
        #[prost(message, repeated, tag = "3")]
        databases: Vec<SqlDatabase>,
    }
}

message! {
    /// An address of a database server or cache.
    Server {
        /// Its name here.
        #[prost(string, tag = "1")]
        rid: String,
        /// Host and port.
        #[prost(string, tag = "2")]
        host: String,
        /// 1: it takes writes.
        #[prost(int32, tag = "3")]
        kind: i32,
        /// That the connection is encrypted. Without it, it is not.
        #[prost(message, optional, tag = "4")]
        tls_config: Option<Tls>,
    }
}

message! {
    /// An encrypted connection whose certificate any public authority vouches for.
    Tls {}
}

message! {
    /// A database.
    SqlDatabase {
        /// Its name here.
        #[prost(string, tag = "1")]
        rid: String,
        /// Its name in the app.
        #[prost(string, tag = "2")]
        encore_name: String,
        /// Its name in the server.
        #[prost(string, tag = "3")]
        cloud_name: String,
        /// How to connect.
        #[prost(message, repeated, tag = "4")]
        conn_pools: Vec<Pool>,
    }
}

message! {
    /// Connections to a database or a cache.
    Pool {
        /// As whom.
        #[prost(string, tag = "2")]
        role_rid: String,
        /// Most connections.
        #[prost(int32, tag = "4")]
        max_connections: i32,
    }
}

message! {
    /// Topics and subscriptions of one provider.
    PubSubCluster {
        /// Its name here.
        #[prost(string, tag = "1")]
        rid: String,
        /// Topics.
        #[prost(message, repeated, tag = "2")]
        topics: Vec<Topic>,
        /// Subscriptions.
        #[prost(message, repeated, tag = "3")]
        subscriptions: Vec<Subscription>,
        /// That it is SNS with SQS.
        #[prost(message, optional, tag = "6")]
        aws: Option<Nothing>,
    }
}

message! {
    /// A message without fields.
    Nothing {}
}

message! {
    /// A topic.
    Topic {
        /// Its name here.
        #[prost(string, tag = "1")]
        rid: String,
        /// Its name in the app.
        #[prost(string, tag = "2")]
        encore_name: String,
        /// Its ARN.
        #[prost(string, tag = "3")]
        cloud_name: String,
        /// 1: at least once. 2: exactly once.
        #[prost(int32, tag = "4")]
        delivery_guarantee: i32,
        /// The attribute by which messages are kept in order.
        #[prost(string, optional, tag = "5")]
        ordering_attr: Option<String>,
    }
}

message! {
    /// A subscription.
    Subscription {
        /// Its name here.
        #[prost(string, tag = "1")]
        rid: String,
        /// Name of the topic in the app.
        #[prost(string, tag = "2")]
        topic_encore_name: String,
        /// Its name in the app.
        #[prost(string, tag = "3")]
        subscription_encore_name: String,
        /// ARN of the topic.
        #[prost(string, tag = "4")]
        topic_cloud_name: String,
        /// URL of its queue.
        #[prost(string, tag = "5")]
        subscription_cloud_name: String,
    }
}

message! {
    /// A cache.
    RedisCluster {
        /// Its name here.
        #[prost(string, tag = "1")]
        rid: String,
        /// Its addresses.
        #[prost(message, repeated, tag = "2")]
        servers: Vec<Server>,
        /// Its databases.
        #[prost(message, repeated, tag = "3")]
        databases: Vec<RedisDatabase>,
    }
}

message! {
    /// A database in a cache.
    RedisDatabase {
        /// Its name here.
        #[prost(string, tag = "1")]
        rid: String,
        /// Its name in the app.
        #[prost(string, tag = "2")]
        encore_name: String,
        /// How to connect.
        #[prost(message, repeated, tag = "5")]
        conn_pools: Vec<Pool>,
    }
}

message! {
    /// A secret that the app declares.
    AppSecret {
        /// Its name here.
        #[prost(string, tag = "1")]
        rid: String,
        /// Its name in the app.
        #[prost(string, tag = "2")]
        encore_name: String,
        /// Where it is.
        #[prost(message, optional, tag = "3")]
        data: Option<SecretData>,
    }
}

message! {
    /// Buckets of one provider.
    BucketCluster {
        /// Its name here.
        #[prost(string, tag = "1")]
        rid: String,
        /// Buckets.
        #[prost(message, repeated, tag = "2")]
        buckets: Vec<Bucket>,
        /// That it is S3.
        #[prost(message, optional, tag = "10")]
        s3: Option<S3>,
    }
}

message! {
    /// S3, with the credentials of the process.
    S3 {
        /// The region.
        #[prost(string, tag = "1")]
        region: String,
    }
}

message! {
    /// A bucket.
    Bucket {
        /// Its name here.
        #[prost(string, tag = "1")]
        rid: String,
        /// Its name in the app.
        #[prost(string, tag = "2")]
        encore_name: String,
        /// Its name in the cloud.
        #[prost(string, tag = "3")]
        cloud_name: String,
        /// Where its objects are read by anybody, if they are public.
        #[prost(string, optional, tag = "5")]
        public_base_url: Option<String>,
    }
}

message! {
    /// What runs in this process, and where the rest is.
    Deployment {
        /// Gateways that run here, by [`Gateway::rid`].
        #[prost(string, repeated, tag = "4")]
        hosted_gateways: Vec<String>,
        /// Services that run here.
        #[prost(message, repeated, tag = "5")]
        hosted_services: Vec<HostedService>,
        /// How calls of other services are trusted.
        #[prost(message, repeated, tag = "6")]
        auth_methods: Vec<ServiceAuth>,
        /// Where metrics go.
        #[prost(message, optional, tag = "7")]
        observability: Option<Observability>,
        /// The services that run elsewhere.
        #[prost(message, optional, tag = "8")]
        service_discovery: Option<ServiceDiscovery>,
        /// Metrics that services set here.
        #[prost(message, repeated, tag = "10")]
        metrics: Vec<Metric>,
    }
}

message! {
    /// A service that runs here.
    HostedService {
        /// Its name.
        #[prost(string, tag = "1")]
        name: String,
    }
}

message! {
    /// How calls are trusted: by keys.
    ServiceAuth {
        /// By keys that both sides have.
        #[prost(message, optional, tag = "11")]
        encore_auth: Option<Keys>,
    }
}

message! {
    /// Keys.
    Keys {
        /// Each of them.
        #[prost(message, repeated, tag = "1")]
        auth_keys: Vec<Key>,
    }
}

message! {
    /// A key by which calls are signed.
    Key {
        /// Its number, which a signature names.
        #[prost(uint32, tag = "1")]
        id: u32,
        /// The key.
        #[prost(message, optional, tag = "2")]
        data: Option<SecretData>,
    }
}

message! {
    /// Where what is measured goes.
    Observability {
        /// Metrics.
        #[prost(message, repeated, tag = "2")]
        metrics: Vec<MetricsProvider>,
    }
}

message! {
    /// Where metrics go.
    MetricsProvider {
        /// Its name here.
        #[prost(string, tag = "1")]
        rid: String,
        /// `CloudWatch`.
        #[prost(message, optional, tag = "12")]
        aws: Option<CloudWatch>,
    }
}

message! {
    /// `CloudWatch`.
    CloudWatch {
        /// The namespace.
        #[prost(string, tag = "1")]
        namespace: String,
    }
}

message! {
    /// The services that run elsewhere.
    ServiceDiscovery {
        /// Each of them.
        #[prost(btree_map = "string, message", tag = "1")]
        services: BTreeMap<String, Location>,
    }
}

message! {
    /// Where a service runs.
    Location {
        /// Scheme, host and port.
        #[prost(string, tag = "1")]
        base_url: String,
        /// How calls to it are signed.
        #[prost(message, repeated, tag = "2")]
        auth_methods: Vec<ServiceAuth>,
    }
}

message! {
    /// A metric that services set here.
    Metric {
        /// Its name in the app.
        #[prost(string, tag = "1")]
        encore_name: String,
        /// The services.
        #[prost(string, repeated, tag = "2")]
        services: Vec<String>,
    }
}

message! {
    /// Whose calls are those of the platform: cron jobs.
    Platform {
        /// The keys that sign them.
        #[prost(message, repeated, tag = "1")]
        platform_signing_keys: Vec<Key>,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Reference;
    use crate::{ResourceId, Value};
    use serde_json::json;

    /// Field numbers and wire types are Encore's: these bytes are written by hand, from its definition.
    #[test]
    fn the_bytes_are_those_of_the_message() {
        let environment = json!({ "environment": { "app_slug": "a", "env_type": 2, "cloud": 3 } });
        let expected = [0x0a, 7, 0x12, 1, b'a', 0x28, 2, 0x30, 3];
        assert_eq!(encode(&environment).unwrap(), expected);
        let topic = json!({
            "encore_name": "t", "cloud_name": "c", "delivery_guarantee": 2, "ordering_attr": "o",
        });
        let topics =
            json!({ "infra": { "resources": { "pubsub_clusters": [{ "topics": [topic], "aws": {} }] } } });
        let bytes = [0x12, 1, b't', 0x1a, 1, b'c', 0x20, 2, 0x2a, 1, b'o'];
        let cluster = [&[0x12, 11][..], &bytes, &[0x32, 0]].concat();
        let expected = [&[0x12, 19, 0x0a, 17, 0x1a, 15][..], &cluster].concat();
        assert_eq!(encode(&topics).unwrap(), expected);
        let key =
            json!({ "encore_platform": { "platform_signing_keys": [{ "id": 1, "data": { "env": "K" } }] } });
        assert_eq!(encode(&key).unwrap(), [0x2a, 9, 0x0a, 7, 8, 1, 0x12, 3, 0x12, 1, b'K']);
    }

    #[test]
    fn what_the_runtime_would_not_read_is_not_written() {
        let misspelt = json!({ "infra": { "resources": { "bukets": [] } } });
        assert!(encode(&misspelt).unwrap_err().contains("bukets"));
        let value = Value::parse(&json!({ "$runtime_config": misspelt })).unwrap();
        assert!(!value.evaluate(&|_| None).value.is_whole(), "nothing is sent that is no message");
    }

    #[test]
    fn the_message_waits_for_what_the_cloud_tells() {
        let resource = ResourceId::parse("topic/t/topic").unwrap();
        let config = json!({ "environment": { "app_slug": Value::reference(&resource, "/Arn") } });
        let value = Value::runtime_config(Value::parse(&config).unwrap());
        let waiting = value.evaluate(&|_| None);
        assert_eq!(waiting.waits_for.len(), 1);
        assert_eq!(Value::parse(&waiting.value.to_document()).unwrap(), value);
        let known = |_: &Reference| Some(json!("a"));
        assert_eq!(value.evaluate(&known).value, Value::text("CgMSAWE="));
    }
}
