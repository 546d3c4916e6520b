//! Stories about one resource: what the table of the semantics does in practice.

use schema_documents::desired::Class;
use schema_documents::journal::Entry;
use schema_documents::plan::{Action, Consequence, Hold, Reason};
use schema_documents::recorded::{Choice, Owner, Status};
use serde_json::json;

use crate::scene::{Scene, code, id, keys, path, rule, setting};

const QUEUE: &str = "topic/orders/queue";

fn queue() -> Scene {
    let mut scene =
        Scene::new().with(QUEUE, "AWS::SQS::Queue", json!({"VisibilityTimeout": 60, "DelaySeconds": 5}));
    scene.pass();
    scene
}

fn owner(scene: &Scene, at: &str) -> Option<Owner> {
    let (_, record) = scene.recorded.current(&id(QUEUE))?;
    record.fields.get(&path(at)).map(|field| field.owner)
}

fn has_edit(scene: &Scene, at: &str) -> bool {
    let (_, record) = scene.recorded.current(&id(QUEUE)).unwrap();
    record.fields.get(&path(at)).is_some_and(|field| field.edit.as_ref().is_some_and(|edit| !edit.reverted))
}

#[test]
fn what_is_new_is_created_and_then_there_is_no_difference() {
    let mut scene = Scene::new().with(QUEUE, "AWS::SQS::Queue", json!({"VisibilityTimeout": 60}));
    let plan = scene.pass();
    assert_eq!(keys(&plan), ["create topic/orders/queue#1"]);
    assert_eq!(plan.steps[0].consequence, Consequence::New);
    assert_eq!(scene.live(QUEUE)["Tags"][2]["Value"], json!(QUEUE));
    assert!(scene.live(QUEUE)["QueueName"].as_str().unwrap().starts_with("shop-"));
    let plan = scene.plan();
    assert!(plan.is_empty() && plan.unchanged == 1, "{plan:#?}");
}

#[test]
fn a_moved_wish_is_written_and_nothing_else() {
    let mut scene = queue();
    scene.wish(QUEUE, "VisibilityTimeout", json!(90), code());
    let plan = scene.pass();
    let Action::Update { changes, .. } = &plan.steps[0].action else { panic!("{plan:#?}") };
    assert_eq!((changes.len(), &changes[0].from), (1, &Some(json!(60))));
    assert_eq!(scene.live(QUEUE)["VisibilityTimeout"], 90);
    assert!(scene.plan().is_empty());
}

#[test]
fn a_console_edit_is_imported_and_never_overwritten() {
    let mut scene = queue();
    scene.edit(QUEUE, "/VisibilityTimeout", json!(120));
    let plan = scene.pass();
    assert!(plan.steps.is_empty());
    assert_eq!(plan.imports[0].import.to, Some(json!(120)));
    assert_eq!(owner(&scene, "/VisibilityTimeout"), Some(Owner::Console));
    assert!(scene.plan().is_empty());
    assert_eq!(scene.live(QUEUE)["VisibilityTimeout"], 120);
}

#[test]
fn adopting_an_edit_in_the_repository_closes_it() {
    let mut scene = queue();
    scene.edit(QUEUE, "/VisibilityTimeout", json!(120));
    scene.pass();
    scene.wish(QUEUE, "VisibilityTimeout", json!(120), setting());
    assert!(scene.pass().steps.is_empty());
    assert!(!has_edit(&scene, "/VisibilityTimeout"));
    assert_eq!(owner(&scene, "/VisibilityTimeout"), Some(Owner::Setting));
    assert!(scene.plan().is_empty());
}

#[test]
fn an_edit_and_a_later_wish_conflict_however_many_passes_lie_between() {
    for passes in 0..3 {
        let mut scene = queue();
        scene.edit(QUEUE, "/VisibilityTimeout", json!(120));
        for _ in 0..passes {
            scene.pass();
        }
        scene.wish(QUEUE, "VisibilityTimeout", json!(90), setting());
        scene.wish(QUEUE, "DelaySeconds", json!(6), code());
        let plan = scene.pass();
        assert_eq!(plan.conflicts.len(), 1, "after {passes} passes");
        assert_eq!(scene.live(QUEUE)["VisibilityTimeout"], 120);
        assert_eq!(scene.live(QUEUE)["DelaySeconds"], 6, "the rest goes on");
        assert_eq!(scene.pass().conflicts.len(), 1, "it stays until somebody answers");
    }
}

#[test]
fn a_default_that_moves_below_an_edit_is_noted_and_the_edit_stays() {
    let mut scene = Scene::new();
    scene.declare(QUEUE, "AWS::SQS::Queue", json!({"VisibilityTimeout": 60}), &rule());
    scene.pass();
    scene.edit(QUEUE, "/VisibilityTimeout", json!(120));
    scene.pass();
    scene.wish(QUEUE, "VisibilityTimeout", json!(90), rule());
    assert!(scene.pass().conflicts.is_empty());
    assert!(has_edit(&scene, "/VisibilityTimeout"));
    assert!(scene.plan().is_empty());
    assert_eq!(scene.live(QUEUE)["VisibilityTimeout"], 120);
}

#[test]
fn a_wish_that_names_the_live_value_it_replaces_is_written() {
    let mut scene = queue();
    scene.edit(QUEUE, "/VisibilityTimeout", json!(120));
    scene.pass();
    scene.wish(QUEUE, "VisibilityTimeout", json!(90), setting());
    scene.field(QUEUE, "/VisibilityTimeout").over = Some(json!(120));
    scene.pass();
    assert_eq!(scene.live(QUEUE)["VisibilityTimeout"], 90);
    assert!(scene.plan().is_empty());
}

#[test]
fn an_answer_to_revert_puts_the_wish_back_once() {
    let mut scene = queue();
    scene.edit(QUEUE, "/VisibilityTimeout", json!(120));
    scene.pass();
    scene.answer(QUEUE, "/VisibilityTimeout", Choice::Revert, Some(json!(120)));
    scene.pass();
    assert_eq!(scene.live(QUEUE)["VisibilityTimeout"], 60);
    assert!(scene.recorded.answers.is_empty());
    scene.edit(QUEUE, "/VisibilityTimeout", json!(120));
    assert!(scene.pass().steps.is_empty(), "the next edit needs another answer");
}

#[test]
fn an_answer_lapses_when_another_value_is_found_also_if_the_answered_one_comes_back() {
    let mut scene = queue();
    scene.edit(QUEUE, "/VisibilityTimeout", json!(120));
    scene.pass();
    scene.answer(QUEUE, "/VisibilityTimeout", Choice::Revert, Some(json!(120)));
    scene.edit(QUEUE, "/VisibilityTimeout", json!(90));
    scene.pass();
    assert!(scene.recorded.answers.is_empty());
    scene.edit(QUEUE, "/VisibilityTimeout", json!(120));
    scene.pass();
    assert_eq!(scene.live(QUEUE)["VisibilityTimeout"], 120, "nobody has answered this edit");
}

#[test]
fn a_change_of_what_the_document_does_not_mention_is_told_once_and_left_alone() {
    let mut scene = queue();
    scene.edit(QUEUE, "/MaximumMessageSize", json!(4096));
    scene.edit(QUEUE, "/Arn", json!("arn:aws:sqs:elsewhere"));
    let plan = scene.pass();
    let told: Vec<String> = plan.noted.iter().map(|noted| noted.path.to_string()).collect();
    assert_eq!(told, ["/MaximumMessageSize"], "what the cloud alone decides is nobody's change");
    assert!(plan.is_empty(), "{plan:#?}");
    assert_eq!(scene.live(QUEUE)["MaximumMessageSize"], 4096);
    assert_eq!(scene.pass().noted, []);
}

#[test]
fn an_edit_rests_until_it_was_seen_twice() {
    let mut scene = queue();
    scene.limits.settle_ms = u64::MAX;
    scene.edit(QUEUE, "/VisibilityTimeout", json!(120));
    assert!(!scene.pass().imports[0].settled);
    assert!(!has_edit(&scene, "/VisibilityTimeout"));
    assert!(scene.pass().imports[0].settled);
    assert!(has_edit(&scene, "/VisibilityTimeout"));
}

#[test]
fn a_read_soon_after_our_operation_is_no_evidence_of_drift() {
    let mut scene = queue();
    let identifier = scene.identifier(QUEUE);
    scene.cloud.get_mut(&identifier).unwrap()["VisibilityTimeout"] = json!(120);
    let record = scene.recorded.resources.get_mut(&id(QUEUE)).unwrap().get_mut(&1).unwrap();
    std::sync::Arc::make_mut(record).operated_at_ms = scene.now_ms;
    assert!(scene.plan().is_empty());
    scene.now_ms += 10_000_000;
    assert_eq!(scene.plan().imports.len(), 1);
}

#[test]
fn a_field_that_leaves_the_document_goes_back_to_a_known_default_unless_the_console_owns_it() {
    let mut scene = queue();
    scene.edit(QUEUE, "/VisibilityTimeout", json!(120));
    scene.pass();
    let resource = scene.desired.resources.get_mut(&id(QUEUE)).unwrap();
    resource.properties.clear();
    resource.fields.clear();
    scene.pass();
    assert_eq!(scene.live(QUEUE)["DelaySeconds"], 0);
    assert_eq!(scene.live(QUEUE)["VisibilityTimeout"], 120);
    assert_eq!(owner(&scene, "/VisibilityTimeout"), None);
    assert!(scene.plan().is_empty());
}

#[test]
fn foreign_elements_survive_an_update_of_their_array() {
    let mut scene = queue();
    let tags = json!([{"Key": "team", "Value": "a"}]);
    scene.wish(QUEUE, "Tags", tags, code());
    scene.pass();
    scene.edit(QUEUE, "/Tags/[Key=foreign]", json!({"Key": "foreign", "Value": "x"}));
    scene.wish(QUEUE, "Tags", json!([{"Key": "team", "Value": "b"}]), code());
    scene.pass();
    let live = scene.live(QUEUE);
    assert_eq!(path("/Tags/[Key=foreign]/Value").get(live), Some(&json!("x")));
    assert_eq!(path("/Tags/[Key=team]/Value").get(live), Some(&json!("b")));
    assert!(scene.plan().is_empty());
}

#[test]
fn an_update_that_the_cloud_would_not_take_is_held_whole_and_the_rest_goes_on() {
    let mut scene = queue();
    scene.declare("topic/orders/topic", "AWS::SNS::Topic", json!({}), &code());
    scene.wish(QUEUE, "VisibilityTimeout", json!(50_000), code());
    scene.wish(QUEUE, "DelaySeconds", json!(6), code());
    let plan = scene.pass();
    assert_eq!(keys(&plan), ["create topic/orders/topic#1"]);
    assert_eq!(plan.held[0].why, Hold::Invalid { path: path("/VisibilityTimeout") });
    assert!(plan.held[0].message.contains("/VisibilityTimeout"), "{}", plan.held[0].message);
    assert_eq!(scene.live(QUEUE)["DelaySeconds"], 5);
    scene.wish(QUEUE, "VisibilityTimeout", json!(90), code());
    scene.pass();
    assert_eq!(
        (&scene.live(QUEUE)["DelaySeconds"], &scene.live(QUEUE)["VisibilityTimeout"]),
        (&json!(6), &json!(90))
    );
}

#[test]
fn what_was_wrong_before_an_update_does_not_hold_it() {
    let mut scene = queue();
    scene.edit(QUEUE, "/VisibilityTimeout", json!(50_000));
    scene.pass();
    scene.wish(QUEUE, "DelaySeconds", json!(6), code());
    assert_eq!(keys(&scene.pass()), ["update topic/orders/queue#1"]);
}

#[test]
fn a_secret_at_a_path_of_any_kind_is_remembered_as_a_digest_only() {
    let secret = json!({"$secret": {"reference": "token"}});
    let mut scene =
        Scene::new().with("topic/orders/topic", "AWS::SNS::Topic", json!({"DisplayName": secret}));
    scene.pass();
    assert_eq!(scene.live("topic/orders/topic")["DisplayName"], "revealed");
    let plan = scene.plan();
    assert!(plan.is_empty(), "{plan:#?}");
    scene.edit("topic/orders/topic", "/DisplayName", json!("in clear"));
    let plan = scene.pass();
    assert!(
        plan.imports.is_empty() && plan.steps.is_empty(),
        "a digest is nothing that the repository could ask for"
    );
    let catalog = schema_catalog::Catalog::builtin();
    assert!(crate::import::open_imports(&scene.recorded, catalog, "shop", "production").imports.is_empty());
    let (_, record) = scene.recorded.current(&id("topic/orders/topic")).unwrap();
    let digest = record.fields[&path("/DisplayName")].edit.as_ref().unwrap().to.clone();
    scene.wish("topic/orders/topic", "DisplayName", json!("public"), setting());
    scene.field("topic/orders/topic", "/DisplayName").over = digest;
    let plan = scene.pass();
    assert_eq!(scene.live("topic/orders/topic")["DisplayName"], "public");
    for text in [serde_json::to_string(&scene.recorded), serde_json::to_string(&plan)] {
        let text = text.unwrap();
        assert!(!text.contains("revealed") && !text.contains("in clear"), "{text}");
    }
}

#[test]
fn above_its_minimum_an_enforced_field_is_imported_and_below_it_goes_back() {
    let name = "database/orders/instance";
    let properties =
        json!({"DBInstanceClass": "db.m5.large", "Engine": "postgres", "BackupRetentionPeriod": 7});
    let mut scene = Scene::new().with(name, "AWS::RDS::DBInstance", properties);
    scene.pass();
    assert_eq!(scene.field(name, "/BackupRetentionPeriod").class, Class::Enforced);
    scene.edit(name, "/BackupRetentionPeriod", json!(14));
    let plan = scene.pass();
    assert_eq!((plan.steps.len(), plan.imports.len()), (0, 1));
    assert_eq!(plan.imports[0].import.to, Some(json!(14)));
    assert!(scene.plan().is_empty());
    scene.edit(name, "/BackupRetentionPeriod", json!(1));
    let plan = scene.pass();
    assert_eq!(plan.steps[0].reason, Reason::Revert, "{plan:#?}");
    assert_eq!(scene.live(name)["BackupRetentionPeriod"], 7);
    assert!(scene.plan().is_empty());
}

const BUCKET: &str = "bucket/files/bucket";

fn bucket() -> Scene {
    let block = json!({"BlockPublicAcls": true, "BlockPublicPolicy": true});
    let mut scene =
        Scene::new().with(BUCKET, "AWS::S3::Bucket", json!({"PublicAccessBlockConfiguration": block}));
    scene.pass();
    scene
}

#[test]
fn an_enforced_field_goes_back_and_the_same_edit_again_is_held() {
    let mut scene = bucket();
    scene.edit(BUCKET, "/PublicAccessBlockConfiguration/BlockPublicAcls", json!(false));
    let plan = scene.pass();
    assert_eq!(plan.steps[0].reason, Reason::Revert);
    assert_eq!(scene.live(BUCKET)["PublicAccessBlockConfiguration"]["BlockPublicAcls"], true);
    assert!(scene.plan().is_empty());
    scene.edit(BUCKET, "/PublicAccessBlockConfiguration/BlockPublicAcls", json!(false));
    for _ in 0..2 {
        let plan = scene.pass();
        assert!(plan.steps.is_empty());
        assert!(matches!(plan.held[0].why, Hold::Enforced { .. }), "{plan:#?}");
    }
    scene.now_ms += crate::fold::FOUGHT_FOR_MS;
    assert_eq!(scene.pass().steps[0].reason, Reason::Revert);
}

#[test]
fn a_reported_field_is_imported_instead() {
    let mut scene = bucket();
    scene.field(BUCKET, "/PublicAccessBlockConfiguration").class = Class::Reported;
    scene.edit(BUCKET, "/PublicAccessBlockConfiguration/BlockPublicAcls", json!(false));
    let plan = scene.pass();
    assert!(plan.steps.is_empty() && plan.imports.len() == 1);
}

#[test]
fn a_rule_that_nobody_listed_is_removed_from_a_closed_set() {
    let rule = json!({"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "10.0.0.0/8"});
    let group = "network/web/security-group";
    let properties = json!({"GroupDescription": "web", "SecurityGroupIngress": [rule]});
    let mut scene = Scene::new().with(group, "AWS::EC2::SecurityGroup", properties);
    scene.pass();
    assert!(scene.plan().is_empty());
    let identifier = scene.identifier(group);
    let open = json!({"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"});
    let rules = scene.cloud.get_mut(&identifier).unwrap()["SecurityGroupIngress"].as_array_mut().unwrap();
    rules.push(open);
    let plan = scene.pass();
    assert_eq!(plan.steps.first().map(|step| &step.reason), Some(&Reason::Revert), "{plan:#?}");
    assert_eq!(scene.live(group)["SecurityGroupIngress"], json!([rule]));
    assert!(scene.plan().is_empty());
}

#[test]
fn what_cannot_be_known_is_held_and_never_taken_for_gone() {
    let mut scene = queue();
    scene.unknown.insert(scene.identifier(QUEUE));
    let plan = scene.pass();
    assert!(plan.steps.is_empty());
    assert!(matches!(plan.held[0].why, Hold::Unknown { .. }));
}

#[test]
fn what_is_gone_and_holds_no_data_is_created_again_as_the_next_generation() {
    let mut scene = Scene::new().with("topic/orders/topic", "AWS::SNS::Topic", json!({"DisplayName": "x"}));
    scene.pass();
    scene.vanish("topic/orders/topic");
    let plan = scene.pass();
    assert_eq!(keys(&plan), ["create topic/orders/topic#2"]);
    assert!(scene.plan().is_empty());
}

#[test]
fn what_is_gone_and_held_data_is_held_until_somebody_answers() {
    let mut scene = bucket();
    scene.vanish(BUCKET);
    for _ in 0..2 {
        let plan = scene.pass();
        assert!(plan.steps.is_empty());
        assert_eq!(plan.held[0].why, Hold::StatefulGone);
    }
    scene.answer(BUCKET, "", Choice::Revert, None);
    assert_eq!(keys(&scene.pass()), ["create bucket/files/bucket#2"]);
    assert!(scene.plan().is_empty());
}

#[test]
fn a_grant_that_is_gone_is_an_edit_of_the_whole_resource() {
    let policy = "topic/orders/policy";
    let properties = json!({"Topics": ["t"], "PolicyDocument": {"Statement": []}});
    let mut scene = Scene::new().with(policy, "AWS::SNS::TopicPolicy", properties);
    scene.pass();
    scene.vanish(policy);
    let plan = scene.pass();
    assert!(plan.steps.is_empty() && plan.imports[0].import.path.is_root());
    assert!(scene.plan().is_empty());
    scene.forget(policy);
    scene.declare(QUEUE, "AWS::SQS::Queue", json!({}), &code());
    scene.pass();
    assert!(scene.status(policy).is_empty());
}

#[test]
fn what_was_gone_and_is_back_when_the_document_drops_it_is_deleted_and_not_forgotten() {
    let policy = "topic/orders/policy";
    let properties = json!({"Topics": ["t"], "PolicyDocument": {"Statement": []}});
    let mut scene = Scene::new().with(policy, "AWS::SNS::TopicPolicy", properties);
    scene.declare(QUEUE, "AWS::SQS::Queue", json!({}), &code());
    scene.pass();
    let (identifier, live) = (scene.identifier(policy), scene.live(policy).clone());
    scene.vanish(policy);
    scene.pass();
    scene.cloud.insert(identifier.clone(), live);
    scene.forget(policy);
    scene.pass();
    assert_eq!(keys(&scene.pass()), ["delete topic/orders/policy#1"]);
    assert!(!scene.cloud.contains_key(&identifier) && scene.status(policy).is_empty());
}

#[test]
fn too_much_gone_at_once_changes_nothing() {
    let mut scene = Scene::new();
    for name in ["a", "b", "c", "d"] {
        scene.declare(&format!("topic/{name}/topic"), "AWS::SNS::Topic", json!({}), &code());
    }
    scene.pass();
    scene.cloud.clear();
    scene.now_ms += 10_000_000;
    let plan = scene.pass();
    assert!(plan.steps.is_empty());
    assert!(plan.held.iter().all(|held| held.why == Hold::TooMuchGone));
    assert_eq!(scene.status("topic/a/topic")[&1], Status::Live);
}

#[test]
fn too_much_gone_at_once_comes_back_when_a_person_has_looked() {
    let mut scene = Scene::new();
    for name in ["a", "b", "c", "d"] {
        scene.declare(&format!("topic/{name}/topic"), "AWS::SNS::Topic", json!({}), &code());
    }
    scene.pass();
    scene.cloud.clear();
    scene.now_ms += 10_000_000;
    scene.pass();
    scene.answer("topic/a/topic", "", Choice::Revert, None);
    assert_eq!(scene.pass().steps.len(), 4, "three more are not too many");
    assert!(scene.plan().is_empty());
}

#[test]
fn a_moved_id_keeps_its_resource() {
    let mut scene = queue();
    let resource = scene.desired.resources.remove(&id(QUEUE)).unwrap();
    scene.desired.resources.insert(id("topic/sales/queue"), resource);
    let moved = schema_documents::environment::Moved { from: id(QUEUE), to: id("topic/sales/queue") };
    scene.desired.moved.push(moved);
    let plan = scene.pass();
    assert_eq!(keys(&plan), ["update topic/sales/queue#1"], "only the ownership tag changes");
    assert!(scene.plan().is_empty());
}

#[test]
fn a_failed_creation_waits_and_is_tried_again_in_its_own_generation() {
    let mut scene = Scene::new().with("topic/a/topic", "AWS::SNS::Topic", json!({}));
    let step = scene.plan().steps.remove(0);
    let Action::Create { body, .. } = &step.action else { panic!() };
    let act = schema_documents::journal::Act::Create { name: None, body: body.clone() };
    let intent = schema_documents::journal::Intent {
        intent: 0,
        resource: step.resource,
        generation: 1,
        kind: step.kind,
        stateful: false,
        attempt: 1,
        token: String::new(),
        act,
        reason: None,
        depends_on: std::collections::BTreeSet::new(),
        settles: std::collections::BTreeMap::new(),
        only_looks: false,
    };
    scene.append(Entry::Intent(Box::new(intent)));
    let (code, message) = ("Throttled".to_owned(), "slow down".to_owned());
    scene.append(Entry::Failed {
        intent: 0,
        code,
        message,
        remnant: None,
        candidates: Vec::new(),
        untaken: false,
        for_now: false,
        unhealthy: false,
    });
    assert!(matches!(scene.plan().held[0].why, Hold::Failed { .. }));
    scene.now_ms += 1_000;
    assert_eq!(keys(&scene.pass()), ["create topic/a/topic#1"]);
}

const LISTENER: &str = "gateway/api/listener";

/// A listener, whose client secret makes a digest of what it does by default.
fn listener() -> Scene {
    let actions = json!([{
        "Type": "authenticate-oidc", "Order": 1,
        "AuthenticateOidcConfig": { "ClientId": "app", "ClientSecret": "hidden", "Issuer": "https://id.example" },
    }]);
    let body = json!({ "LoadBalancerArn": "lb", "Port": 443, "DefaultActions": actions });
    let mut scene = Scene::new().with(LISTENER, "AWS::ElasticLoadBalancingV2::Listener", body);
    scene.pass();
    assert!(scene.plan().is_empty());
    scene
}

#[test]
fn what_somebody_adds_to_a_value_that_is_remembered_as_a_digest_is_an_edit_and_never_overwritten() {
    for passes in 0..3 {
        let mut scene = listener();
        let before = scene.live(LISTENER)["DefaultActions"].clone();
        scene.edit(LISTENER, "/DefaultActions/0/AuthenticateOidcConfig/Scope", json!("email"));
        let with_scope = scene.live(LISTENER)["DefaultActions"].clone();
        for nth in 0..passes {
            let plan = scene.pass();
            assert!(plan.steps.is_empty(), "{nth}: {plan:#?}");
            let (_, record) = scene.recorded.current(&id(LISTENER)).unwrap();
            let edit = record.fields.get(&path("/DefaultActions")).and_then(|field| field.edit.as_ref());
            let edit = edit.unwrap_or_else(|| panic!("{nth}: nobody remembers that it was edited"));
            assert!(edit.from != edit.to && edit.to.as_ref().unwrap().is_string(), "a digest each: {edit:?}");
            assert!(!format!("{:?}", scene.recorded.resources).contains("email"), "the value is nowhere");
        }
        let mut moved = before.clone();
        moved[0]["Order"] = json!(2);
        scene.wish(LISTENER, "DefaultActions", moved, code());
        let plan = scene.pass();
        assert_eq!((plan.steps.len(), plan.conflicts.len()), (0, 1), "after {passes} passes: {plan:#?}");
        assert_eq!(scene.live(LISTENER)["DefaultActions"], with_scope);
        // Put back by hand, the edit is over.
        scene.wish(LISTENER, "DefaultActions", before.clone(), code());
        scene.edit(LISTENER, "/DefaultActions", before);
        scene.pass();
        scene.pass();
        assert!(scene.plan().is_empty(), "after {passes} passes: {:#?}", scene.plan());
    }
}

#[test]
fn an_element_without_a_key_holds_its_list_and_the_rest_goes_on() {
    const DOOR: &str = "network/door";
    let group = |pairs: serde_json::Value| json!({ "GroupDescription": "door", "Tags": pairs });
    let tags = json!([{ "Key": "team", "Value": "a" }]);
    let mut scene = Scene::new().with(DOOR, "AWS::EC2::SecurityGroup", group(tags));
    scene.pass();
    let whole = scene.live(DOOR)["Tags"].clone();
    let mut muddled = whole.clone();
    for tag in muddled.as_array_mut().unwrap().iter_mut().filter(|tag| tag["Key"] == "team") {
        *tag = json!({ "Value": "b" });
    }
    scene.edit(DOOR, "/Tags", muddled.clone());
    for _ in 0..3 {
        let plan = scene.pass();
        assert!(plan.steps.is_empty() && plan.imports.is_empty(), "it is no removal: {plan:#?}");
        assert!(matches!(&plan.held[0].why, Hold::Invalid { path: at } if *at == path("/Tags")), "{plan:#?}");
        assert!(plan.held[0].message.contains("no key tells apart"), "{plan:#?}");
    }
    scene.wish(DOOR, "Tags", json!([{ "Key": "team", "Value": "c" }]), code());
    scene.pass();
    assert_eq!(scene.live(DOOR)["Tags"], muddled, "nothing in it is written over");
    scene.wish(DOOR, "Tags", json!([{ "Key": "team", "Value": "a" }]), code());
    scene.edit(DOOR, "/Tags", whole);
    scene.pass();
    assert!(scene.plan().is_empty(), "{:#?}", scene.plan());
}
