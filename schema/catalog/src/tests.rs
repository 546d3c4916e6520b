//! The data themselves: what the generated file and the overlay promise.

use schema_documents::{FieldPath, Json};
use serde_json::json;

use super::*;
use crate::regexes::is_match;

fn kind(name: &str) -> &'static Kind {
    Catalog::builtin().kind(name).unwrap()
}

fn path(text: &str) -> FieldPath {
    FieldPath::parse(text).unwrap()
}

/// Whether a path of the overlay is one that the schema has; members of free-form objects are anything.
fn exists(kind: &Kind, path: &FieldPath) -> bool {
    let is_free = |schema: &Schema| {
        schema.types.contains("object")
            && schema.properties.is_empty()
            && schema.pattern_properties.is_empty()
    };
    kind.schema(path).is_some() || path.parent().and_then(|parent| kind.schema(&parent)).is_some_and(is_free)
}

/// What all sub-schemas of a kind say, visited once each.
fn schemas(kind: &Kind) -> Vec<&Schema> {
    let mut queue: Vec<&Schema> = kind.properties.values().chain(kind.definitions.values()).collect();
    let mut out = Vec::new();
    while let Some(schema) = queue.pop() {
        out.push(schema);
        queue.extend(schema.properties.values().chain(schema.pattern_properties.values()));
        queue.extend(schema.items.as_deref());
    }
    out
}

#[test]
fn every_kind_of_the_generated_file_is_found_by_its_name() {
    let file: Json = serde_json::from_str(GENERATED).unwrap();
    let mut names: Vec<&str> =
        file["kinds"].as_array().unwrap().iter().map(|kind| kind["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    let found: Vec<&str> = Catalog::builtin().kinds().map(|kind| kind.name.as_str()).collect();
    assert_eq!(found, names);
    assert!(names.iter().all(|name| kind(name).name == *name));
}

#[test]
fn every_kind_has_an_identifier_and_a_natural_key() {
    for kind in Catalog::builtin().kinds() {
        assert!(!kind.identifier.is_empty(), "{} has no identifier", kind.name);
        assert!(kind.natural_key().is_some(), "{} has no natural key", kind.name);
        assert!(kind.overlay.settling_ms > 0, "{} has no settling time", kind.name);
        let TypicalMs { create, update, delete } = kind.overlay.typical_ms;
        assert!(create.min(update).min(delete) > 0, "{} has no typical duration", kind.name);
        let by_tags = kind.natural_key() == Some(&NaturalKey::Tags);
        assert!(!by_tags || kind.tags.is_some(), "{} is known by tags that it does not have", kind.name);
    }
}

#[test]
fn every_kind_but_one_can_be_created_and_deleted() {
    for kind in Catalog::builtin().kinds().filter(|kind| !kind.name.ends_with("::ListenerCertificate")) {
        for handler in ["create", "delete"] {
            assert!(kind.handlers.contains_key(handler), "{} has no {handler}", kind.name);
        }
    }
}

#[test]
fn the_overlay_names_only_kinds_and_paths_that_exist() {
    let mut wrong = Vec::new();
    for kind in Catalog::builtin().kinds() {
        let mut named: Vec<FieldPath> =
            kind.overlay.patterns().map(|pattern| pattern.path().clone()).collect();
        named.extend(kind.overlay.name.iter().map(|rule| rule.property.clone()));
        named.extend(kind.overlay.name.iter().flat_map(|rule| rule.suffix_if.keys().cloned()));
        if let Some(NaturalKey::Properties(paths)) = kind.natural_key() {
            named.extend(paths.iter().cloned());
        }
        wrong.extend(
            named.iter().filter(|path| !exists(kind, path)).map(|path| format!("{} {path}", kind.name)),
        );
    }
    let unknown =
        overlay::File::builtin().kinds().filter(|kind| !Catalog::builtin().kinds.contains_key(kind.as_str()));
    wrong.extend(unknown.map(|kind| format!("there is no kind {kind}")));
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn an_overlay_with_a_word_that_does_not_exist_is_refused() {
    let is_read =
        |facts: &str| overlay::File::parse(&format!("[service]\n[format]\n[kind.\"A\"]\n{facts}")).is_ok();
    assert!(is_read("units = { \"/A\" = \"map:Key\" }"));
    for facts in ["units = { \"/A\" = \"bag\" }", "natural_keys = []", "equality = { \"/A\" = \"same\" }"] {
        assert!(!is_read(facts), "{facts}");
    }
}

#[test]
fn rules_and_policies_of_access_grant_it_and_nothing_that_holds_data_does() {
    let grants: Vec<&str> = Catalog::builtin()
        .kinds()
        .filter(|kind| kind.grants_access())
        .map(|kind| kind.name.as_str())
        .collect();
    for name in ["AWS::EC2::SecurityGroupIngress", "AWS::IAM::RolePolicy", "AWS::S3::BucketPolicy"] {
        assert!(grants.contains(&name), "{name}");
    }
    for name in ["AWS::ApplicationAutoScaling::ScalingPolicy", "AWS::EC2::SecurityGroup", "AWS::IAM::Role"] {
        assert!(!grants.contains(&name), "{name}");
    }
    assert!(grants.iter().all(|name| !kind(name).is_stateful()));
}

#[test]
fn every_path_of_the_generated_file_exists() {
    for kind in Catalog::builtin().kinds() {
        let sets = [&kind.create_only, &kind.conditional_create_only, &kind.read_only, &kind.write_only];
        for pattern in sets.into_iter().flatten() {
            assert!(kind.schema(pattern.path()).is_some(), "{} {pattern}", kind.name);
        }
    }
}

#[test]
fn every_reference_resolves_and_every_pattern_compiles() {
    for kind in Catalog::builtin().kinds() {
        for schema in schemas(kind) {
            assert!(kind.resolve(schema).is_some(), "{} {:?}", kind.name, schema.reference);
            for pattern in schema.pattern.iter().chain(schema.pattern_properties.keys()) {
                assert!(is_match(pattern, "").is_some(), "{} {pattern}", kind.name);
            }
        }
    }
}

#[test]
fn facts_about_a_database_are_as_the_schema_and_the_overlay_say() {
    let database = kind("AWS::RDS::DBInstance");
    assert!(database.is_provider_owned(&path("/Endpoint/Address")));
    assert!(
        database.is_create_only(&path("/StorageEncrypted"))
            && !database.is_create_only(&path("/DBInstanceClass"))
    );
    assert!(
        database.is_write_only(&path("/MasterUserPassword"))
            && database.is_sensitive(&path("/MasterUserPassword"))
    );
    assert_eq!(database.consequence(&path("/DBInstanceClass")), Consequence::Restart);
    assert_eq!(database.consequence(&path("/StorageEncrypted")), Consequence::DataLoss);
    assert_eq!(database.consequence(&path("/BackupRetentionPeriod")), Consequence::InPlace);
    assert_eq!(database.consequence(&path("/CharacterSetName")), Consequence::Replacement);
    assert!(
        database.enforced(&path("/PubliclyAccessible")).is_some()
            && database.enforced(&path("/Port")).is_none()
    );
    assert_eq!(database.enforced_minimum(&path("/BackupRetentionPeriod")), Some(7.0));
    assert_eq!(database.timeout_ms("create"), 2_160 * 60_000);
    assert_eq!(database.timeout_ms("read"), 120 * 60_000);
    assert!(database.is_stateful());
}

#[test]
fn an_identifier_is_made_of_all_of_its_parts() {
    let route = kind("AWS::EC2::Route");
    let properties = json!({"RouteTableId": "rtb-1", "CidrBlock": "0.0.0.0/0"});
    assert_eq!(route.identifier_of(&properties).as_deref(), Some("rtb-1|0.0.0.0/0"));
    assert_eq!(route.identifier_of(&json!({"RouteTableId": "rtb-1"})), None);
    assert_eq!(route.identifier_of(&Json::Null), None);
}

#[test]
fn a_path_with_a_sensitive_value_further_down_is_sensitive() {
    let task = kind("AWS::ECS::TaskDefinition");
    assert!(task.is_sensitive(&path("/ContainerDefinitions/[Name=app]")));
    assert!(task.is_sensitive(&path("/ContainerDefinitions/0/Environment/0/Value")));
    assert!(!task.is_sensitive(&path("/Cpu")));
}

#[test]
fn a_rule_that_enforces_one_attribute_leaves_the_others_to_the_console() {
    let balancer = kind("AWS::ElasticLoadBalancingV2::LoadBalancer");
    let attribute = |key: &str| path("/LoadBalancerAttributes").keyed("Key", key);
    assert!(balancer.enforced(&attribute("deletion_protection.enabled")).is_some());
    assert!(balancer.enforced(&attribute("idle_timeout.timeout_seconds")).is_none());
}

#[test]
fn a_key_is_compared_as_a_key_wherever_the_schema_says_that_it_is_one() {
    let cluster = kind("AWS::ECS::Cluster");
    let found = cluster.equality(&path("/Configuration/ManagedStorageConfiguration/KmsKeyId"));
    assert_eq!(found, Some(Equality::KeyReference));
}

#[test]
fn defaults_come_from_the_overlay_and_from_the_schema() {
    assert_eq!(kind("AWS::SQS::Queue").default_at(&path("/VisibilityTimeout")), Some(&json!(30)));
    let beside_a_reference = path("/DistributionConfig/ViewerMtlsConfig/Mode");
    assert_eq!(
        kind("AWS::CloudFront::Distribution").default_at(&beside_a_reference),
        Some(&json!("required"))
    );
    assert_eq!(kind("AWS::RDS::DBProxy").default_at(&path("/IdleClientTimeout")), None);
}
