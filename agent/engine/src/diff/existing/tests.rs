//! Stories about what is there already.

use schema_documents::approval::Approval;
use schema_documents::desired::{Existing, Mode};
use schema_documents::environment::Approval as Policy;
use schema_documents::journal::{Act, Entry, Intent};
use schema_documents::plan::{Action, Consequence, Hold, Plan, Reason, StepKey};
use schema_documents::recorded::{Owner, Status};
use schema_documents::{Json, Value};
use serde_json::json;

use crate::diff::Presence;
use crate::scene::{Scene, code, id, keys, path, setting};

const SERVER: &str = "database/orders/instance";
const TOPIC: &str = "topic/placed/topic";
const ARN: &str = "arn:aws:sns:eu-central-1:123456789012:placed";

fn existing(identifier: &str, mode: Mode) -> Existing {
    Existing { identifier: identifier.to_owned(), account: None, region: None, mode, origin: setting() }
}

fn name(scene: &mut Scene, resource: &str, existing: Option<Existing>) {
    scene.desired.resources.get_mut(&id(resource)).unwrap().existing = existing;
}

/// A server that somebody made, and a document that names it for its own.
fn server(mode: Mode) -> Scene {
    let wishes = json!({"DBInstanceClass": "db.m5.large", "BackupRetentionPeriod": 7, "Engine": "postgres"});
    let mut scene = Scene::new().with(SERVER, "AWS::RDS::DBInstance", wishes);
    name(&mut scene, SERVER, Some(existing("theirs", mode)));
    let live = json!({
        "DBInstanceIdentifier": "theirs", "DBInstanceClass": "db.m5.xlarge", "BackupRetentionPeriod": 7,
        "Engine": "mysql", "DBInstanceArn": "arn:aws:rds:eu-central-1:123456789012:db:theirs",
        "Tags": [{"Key": "team", "Value": "billing"}],
    });
    scene.cloud.insert("theirs".to_owned(), live);
    scene
}

fn approve(scene: &mut Scene) {
    let plan = scene.recorded.proposal.clone().expect("something waits").plan;
    scene.append(Entry::Approved { plan, who: "ada".to_owned() });
}

/// The same, imported.
fn imported() -> Scene {
    let mut scene = server(Mode::Owned);
    scene.pass();
    approve(&mut scene);
    scene.pass();
    scene
}

fn tags(scene: &Scene, identifier: &str) -> Vec<String> {
    let tags = scene.cloud[identifier]["Tags"].as_array().cloned().unwrap_or_default();
    tags.iter().map(|tag| tag["Key"].as_str().unwrap().to_owned()).collect()
}

fn why(plan: &Plan) -> (&Hold, &str) {
    assert_eq!((plan.held.len(), plan.steps.len()), (1, 0), "{plan:#?}");
    (&plan.held[0].why, &plan.held[0].message)
}

#[test]
fn an_import_begins_with_a_report_and_waits_for_a_person_whatever_the_environment_says() {
    let mut scene = server(Mode::Owned);
    let before = scene.cloud.clone();
    let plan = scene.pass();
    assert_eq!(keys(&plan), [format!("import {SERVER}#1")]);
    assert_eq!(plan.awaited.as_ref().map(|awaited| awaited.steps.len()), Some(1));
    let Action::Import { identifier, account, differences, .. } = &plan.steps[0].action else {
        panic!("{plan:#?}")
    };
    assert_eq!((identifier.as_str(), account.as_deref()), ("theirs", Some("123456789012")));
    let told: Vec<_> = differences.iter().map(|one| (one.path.to_string(), one.consequence)).collect();
    let expected = [("/DBInstanceClass", Consequence::Restart), ("/Engine", Consequence::DataLoss)];
    assert_eq!(told, expected.map(|(path, consequence)| (path.to_owned(), consequence)));
    scene.pass();
    assert_eq!(scene.cloud, before, "nothing is written before the approval");
    assert!(scene.recorded.resources.is_empty());
}

#[test]
fn what_was_approved_is_attached_its_tags_are_written_and_nothing_else() {
    let mut scene = server(Mode::Owned);
    scene.pass();
    approve(&mut scene);
    let plan = scene.pass();
    assert_eq!(keys(&plan), [format!("update {SERVER}#1")]);
    assert_eq!((plan.awaited.as_ref(), plan.imports.len()), (None, 2), "{plan:#?}");
    let mut live = scene.cloud["theirs"].clone();
    let team = live["Tags"].as_array_mut().unwrap().remove(0);
    assert_eq!(team["Key"], "team", "a foreign tag stays");
    assert_eq!(live["Tags"].as_array().unwrap().len(), 5);
    assert_eq!((&live["DBInstanceClass"], &live["Engine"]), (&json!("db.m5.xlarge"), &json!("mysql")));
    let (_, record) = scene.recorded.current(&id(SERVER)).unwrap();
    assert_eq!(
        (record.existing, record.attached, record.name.as_deref()),
        (Some(Mode::Owned), false, Some("theirs"))
    );
    assert_eq!(record.fields[&path("/DBInstanceClass")].owner, Owner::Console);
    assert!(scene.recorded.approvals.is_empty());
    let plan = scene.plan();
    assert_eq!((plan.steps.len(), plan.held.len()), (0, 0), "{plan:#?}");
}

#[test]
fn where_every_change_wants_approval_the_tags_have_that_of_the_import() {
    let mut scene = server(Mode::Owned);
    scene.desired.approval = Policy::Required;
    scene.pass();
    approve(&mut scene);
    let plan = scene.pass();
    assert_eq!((keys(&plan), &plan.awaited), (vec![format!("update {SERVER}#1").as_str()], &None));
    scene.wish(SERVER, "BackupRetentionPeriod", json!(9), code());
    assert_eq!(scene.plan().awaited.unwrap().steps.len(), 1, "a later change wants its own");
}

#[test]
fn a_setting_that_is_not_live_is_a_conflict_and_the_rest_is_owned_field_by_field() {
    let mut scene = server(Mode::Owned);
    scene.wish(SERVER, "DBInstanceClass", json!("db.m5.2xlarge"), setting());
    scene.pass();
    approve(&mut scene);
    let plan = scene.pass();
    assert_eq!(plan.conflicts.len(), 1, "{plan:#?}");
    scene.wish(SERVER, "BackupRetentionPeriod", json!(9), code());
    scene.pass();
    assert_eq!(scene.cloud["theirs"]["BackupRetentionPeriod"], 9);
    scene.edit(SERVER, "/BackupRetentionPeriod", json!(11));
    scene.pass();
    assert_eq!(scene.cloud["theirs"]["BackupRetentionPeriod"], 11, "an edit is kept like any other");
}

#[test]
fn a_report_that_is_another_one_by_now_waits_again_and_one_that_says_less_does_not() {
    let mut scene = server(Mode::Owned);
    scene.pass();
    approve(&mut scene);
    let approved = scene.clone();
    scene.cloud.get_mut("theirs").unwrap()["DBInstanceClass"] = json!("db.t3.micro");
    let plan = scene.pass();
    let changed = plan.awaited.unwrap().steps[0].changed.clone().unwrap();
    assert!(changed.contains("`/DBInstanceClass` is \"db.t3.micro\""), "{changed}");
    assert!(scene.recorded.resources.is_empty());
    let mut scene = approved;
    scene.cloud.get_mut("theirs").unwrap()["DBInstanceClass"] = json!("db.m5.large");
    assert_eq!(keys(&scene.pass()), [format!("update {SERVER}#1")]);
}

#[track_caller]
fn refused(change: impl FnOnce(&mut Scene), words: &str) {
    let mut scene = server(Mode::Owned);
    change(&mut scene);
    let before = scene.cloud.clone();
    let plan = scene.pass();
    let (hold, message) = why(&plan);
    assert_eq!((hold, message.contains(words)), (&Hold::Existing, true), "{message}");
    assert_eq!(scene.cloud, before);
}

fn tag(scene: &mut Scene, tags: &[(&str, &str)]) {
    let tags = tags.iter().map(|(key, value)| json!({"Key": format!("manifest:{key}"), "Value": value}));
    scene.cloud.get_mut("theirs").unwrap()["Tags"] = Json::Array(tags.collect());
}

#[test]
fn what_is_somebody_elses_is_elsewhere_or_is_nothing_is_refused() {
    let of = |environment: &'static str| {
        [
            ("app", "shop"),
            ("environment", environment),
            ("resource", "database/x/instance"),
            ("generation", "1"),
        ]
    };
    refused(
        |scene| tag(scene, &of("staging")),
        "`database/x/instance` of shop staging already: it has to be given back",
    );
    refused(|scene| tag(scene, &of("production")), "manifest-agent recover");
    refused(|scene| tag(scene, &of("staging")[..1]), "an ownership tag");
    refused(|scene| scene.cloud.clear(), "there is no `AWS::RDS::DBInstance` `theirs`");
    let arn = json!("arn:aws:rds:eu-central-1:999999999999:db:theirs");
    refused(|scene| scene.cloud.get_mut("theirs").unwrap()["DBInstanceArn"] = arn, "in account 999999999999");
    refused(|scene| scene.desired.environment.region = Some("eu-west-1".to_owned()), "is in eu-central-1");
    let account = |scene: &mut Scene| {
        let existing = Existing { account: Some("1".to_owned()), ..existing("theirs", Mode::Owned) };
        name(scene, SERVER, Some(existing));
    };
    refused(account, "is in account 1, and this agent works in 123456789012");
}

#[test]
fn what_is_a_resource_of_this_environment_already_is_not_taken_for_another() {
    let mut scene = Scene::new().with(TOPIC, "AWS::SNS::Topic", json!({})).with(
        "topic/other/topic",
        "AWS::SNS::Topic",
        json!({}),
    );
    scene.pass();
    let (_, record) = scene.recorded.current(&id(TOPIC)).unwrap();
    let (made, other) = (record.identifier.clone().unwrap(), existing("other", Mode::Owned));
    name(&mut scene, TOPIC, Some(other));
    let plan = scene.pass();
    assert!(why(&plan).1.contains(&made), "what was made is not given up for another: {plan:#?}");
    name(&mut scene, TOPIC, None);
    let mut scene = scene.with("topic/third/topic", "AWS::SNS::Topic", json!({}));
    scene.cloud.get_mut(&made).unwrap()["Tags"] = json!([]);
    name(&mut scene, "topic/third/topic", Some(existing(&made, Mode::Owned)));
    let plan = scene.plan();
    let held = plan.held.iter().find(|held| held.resource == id("topic/third/topic")).unwrap();
    assert_eq!(held.message, format!("`{made}` is `{TOPIC}` already"));
}

#[test]
fn a_report_waits_for_what_the_document_refers_to() {
    let subnets = "database/orders/subnet-group";
    let mut scene = server(Mode::Owned).with(
        subnets,
        "AWS::RDS::DBSubnetGroup",
        json!({"DBSubnetGroupDescription": "orders", "SubnetIds": ["subnet-1"]}),
    );
    let group = json!({"$ref": {"resource": subnets, "output": "/DBSubnetGroupName"}});
    scene.wish(SERVER, "DBSubnetGroupName", group, code());
    let plan = scene.pass();
    assert_eq!(keys(&plan), [format!("create {subnets}#1")]);
    assert!(plan.held.iter().any(|held| held.why == Hold::Waiting { on: id(subnets) }), "{plan:#?}");
    assert_eq!(keys(&scene.pass()), [format!("import {SERVER}#1")]);
}

/// A topic that is named, and a subscription that needs it.
fn topic(mode: Mode) -> Scene {
    let subscription = json!({
        "TopicArn": {"$ref": {"resource": TOPIC, "output": "/TopicArn"}}, "Protocol": "sqs", "Endpoint": "queue",
    });
    let mut scene = Scene::new().with(TOPIC, "AWS::SNS::Topic", json!({"DisplayName": "placed"})).with(
        "topic/placed/subscription",
        "AWS::SNS::Subscription",
        subscription,
    );
    name(&mut scene, TOPIC, Some(existing(ARN, mode)));
    scene
        .cloud
        .insert(ARN.to_owned(), json!({"TopicArn": ARN, "TopicName": "placed", "DisplayName": "theirs"}));
    scene
}

#[test]
fn what_depends_on_an_import_waits_for_it_and_everything_else_is_done() {
    let mut scene = topic(Mode::Owned).with("topic/b/queue", "AWS::SQS::Queue", json!({}));
    let plan = scene.pass();
    assert_eq!(plan.held[0].why, Hold::Waiting { on: id(TOPIC) }, "{plan:#?}");
    assert!(scene.recorded.current(&id("topic/b/queue")).is_some());
    approve(&mut scene);
    scene.pass();
    let (_, record) = scene.recorded.current(&id("topic/placed/subscription")).unwrap();
    assert_eq!(record.status, Status::Live, "it has the output in the pass that imports");
}

#[test]
fn what_is_referred_to_gives_its_outputs_and_is_never_written_to_nor_deleted() {
    let mut scene = topic(Mode::Reference);
    let theirs = scene.cloud[ARN].clone();
    assert_eq!(keys(&scene.pass()), ["create topic/placed/subscription#1"]);
    let (_, record) = scene.recorded.current(&id(TOPIC)).unwrap();
    assert_eq!((record.existing, record.attached), (Some(Mode::Reference), false));
    scene.wish(TOPIC, "DisplayName", json!("other"), setting());
    let plan = scene.pass();
    assert!(plan.is_empty() && plan.conflicts.is_empty(), "{plan:#?}");
    assert_eq!(scene.cloud[ARN], theirs);
    scene.forget("topic/placed/subscription");
    scene.forget(TOPIC);
    let mut scene = scene.with("topic/b/queue", "AWS::SQS::Queue", json!({}));
    scene.pass();
    assert!(scene.recorded.current(&id(TOPIC)).is_none());
    assert_eq!(scene.cloud[ARN], theirs, "forgotten, and nothing else");
}

#[test]
fn what_is_referred_to_and_gone_holds_its_users_in_words() {
    let mut scene = topic(Mode::Reference);
    scene.cloud.remove(ARN);
    let plan = scene.pass();
    assert_eq!(plan.held.len(), 2, "{plan:#?}");
    scene.cloud.insert(ARN.to_owned(), json!({"TopicArn": ARN, "TopicName": "placed"}));
    scene.forget("topic/placed/subscription");
    scene.pass();
    scene.cloud.remove(ARN);
    scene.pass();
    assert_eq!(scene.status(TOPIC)[&1], Status::Gone);
    let plan = scene.pass();
    assert!(why(&plan).1.contains("nothing is created for it"), "{plan:#?}");
    scene.cloud.insert(ARN.to_owned(), json!({"TopicArn": ARN, "TopicName": "placed"}));
    scene.pass();
    assert_eq!(scene.status(TOPIC)[&1], Status::Live);
}

#[test]
fn what_is_only_referred_to_can_be_imported_later_and_gives_its_outputs_meanwhile() {
    let mut scene = topic(Mode::Reference);
    scene.pass();
    name(&mut scene, TOPIC, Some(existing(ARN, Mode::Owned)));
    let plan = scene.pass();
    assert_eq!((keys(&plan), plan.held.len()), (vec![format!("import {TOPIC}#1").as_str()], 0), "{plan:#?}");
    approve(&mut scene);
    scene.pass();
    let (generation, record) = scene.recorded.current(&id(TOPIC)).unwrap();
    assert_eq!((generation, record.existing), (1, Some(Mode::Owned)));
    assert_eq!((tags(&scene, ARN).len(), &scene.cloud[ARN]["DisplayName"]), (5, &json!("theirs")));
}

#[test]
fn what_one_name_meant_is_never_taken_under_another() {
    let mut scene = topic(Mode::Reference);
    scene.pass();
    let other = ARN.replace("placed", "other");
    scene.cloud.insert(other.clone(), json!({"TopicArn": other, "TopicName": "other"}));
    name(&mut scene, TOPIC, Some(existing(&other, Mode::Owned)));
    scene.pass();
    assert!(
        scene.recorded.current(&id(TOPIC)).is_none(),
        "the first one is forgotten before the other is looked at"
    );
    let plan = scene.pass();
    let Action::Import { identifier, .. } = &plan.steps[0].action else { panic!("{plan:#?}") };
    assert_eq!((identifier, plan.steps[0].generation), (&other, 2));
}

#[test]
fn without_the_line_it_is_given_back_as_it_is_and_another_one_is_made() {
    let mut scene = imported();
    name(&mut scene, SERVER, None);
    let plan = scene.pass();
    assert_eq!(
        (keys(&plan), &plan.steps[0].reason),
        (vec![format!("update {SERVER}#1").as_str()], &Reason::GivenBack)
    );
    assert_eq!(tags(&scene, "theirs"), ["team"], "only ours go");
    assert_eq!(scene.cloud["theirs"]["DBInstanceClass"], "db.m5.xlarge");
    scene.pass();
    assert_eq!(keys(&scene.pass()), [format!("create {SERVER}#2")]);
    assert!(scene.cloud.contains_key("theirs"));
}

#[test]
fn a_read_that_may_lag_behind_its_tags_is_no_reason_to_forget_it() {
    let mut scene = imported();
    name(&mut scene, SERVER, None);
    tag(&mut scene, &[]);
    let presence = |scene: &Scene| {
        let differences = scene.differences();
        let of_server = differences.resources.iter().find(|difference| difference.id == id(SERVER));
        of_server.expect("there is something to say of it").presence
    };
    assert_eq!(presence(&scene), Presence::Forgotten, "nothing of ours is on it");
    scene.now_ms = scene.recorded.current(&id(SERVER)).unwrap().1.operated_at_ms + 1;
    assert_eq!(presence(&scene), Presence::Unchanged);
}

#[test]
fn whatever_becomes_of_the_document_an_import_is_given_back_and_never_deleted() {
    type Change = fn(&mut Scene);
    let ways: [Change; 4] = [
        |scene| scene.forget(SERVER),
        |scene| scene.destroy = true,
        |scene| name(scene, SERVER, Some(existing("theirs", Mode::Reference))),
        |scene| name(scene, SERVER, Some(existing("others", Mode::Owned))),
    ];
    for (number, way) in ways.into_iter().enumerate() {
        let mut scene = imported().with("topic/b/queue", "AWS::SQS::Queue", json!({}));
        scene.pass();
        way(&mut scene);
        scene.pass();
        scene.pass();
        assert_eq!(tags(&scene, "theirs"), ["team"], "way {number}");
        let owned = scene
            .recorded
            .current(&id(SERVER))
            .is_some_and(|(_, record)| record.existing == Some(Mode::Owned));
        assert!(!owned, "way {number}");
    }
}

#[test]
fn what_another_environment_marked_meanwhile_is_left_alone_when_it_is_given_back() {
    let mut scene = imported();
    tag(
        &mut scene,
        &[("app", "shop"), ("environment", "staging"), ("resource", SERVER), ("generation", "1")],
    );
    let theirs = scene.cloud["theirs"].clone();
    name(&mut scene, SERVER, None);
    scene.pass();
    assert_eq!((scene.recorded.current(&id(SERVER)).is_none(), &scene.cloud["theirs"]), (true, &theirs));
}

#[test]
fn an_import_is_neither_replaced_nor_created_again_when_it_is_gone() {
    let mut scene = topic(Mode::Owned);
    scene.pass();
    approve(&mut scene);
    scene.pass();
    scene.wish(TOPIC, "FifoTopic", json!(true), code());
    let plan = scene.plan();
    let held = plan.held.iter().find(|held| held.resource == id(TOPIC)).expect("held");
    assert!(held.message.contains("this one was imported"), "{plan:#?}");
    scene.cloud.remove(ARN);
    let plan = scene.pass();
    let held = plan.held.iter().find(|held| held.resource == id(TOPIC)).expect("held");
    assert!(held.message.contains("restore it, or take `import` out"), "{plan:#?}");
    assert!(!keys(&plan).contains(&format!("create {TOPIC}#2").as_str()), "{plan:#?}");
}

#[test]
fn a_failed_creation_makes_room_for_what_is_there() {
    let mut scene = Scene::new().with(TOPIC, "AWS::SNS::Topic", json!({}));
    let plan = scene.plan();
    let body = Value::literal(&json!({"TopicName": "placed"}));
    scene.append(Entry::Intent(Box::new(Intent {
        intent: 0,
        resource: id(TOPIC),
        generation: 1,
        kind: "AWS::SNS::Topic".to_owned(),
        stateful: false,
        attempt: 1,
        token: String::new(),
        reason: Some(plan.steps[0].reason.clone()),
        depends_on: std::collections::BTreeSet::new(),
        act: Act::Create { name: None, body },
        settles: std::collections::BTreeMap::new(),
        only_looks: false,
    })));
    let (code, message) = ("AlreadyExists".to_owned(), "there is one".to_owned());
    let (remnant, candidates) = (None, Vec::new());
    scene.append(Entry::Failed {
        intent: 0,
        code,
        message,
        remnant,
        candidates,
        untaken: false,
        for_now: false,
        unhealthy: false,
    });
    name(&mut scene, TOPIC, Some(existing(ARN, Mode::Owned)));
    scene.cloud.insert(ARN.to_owned(), json!({"TopicArn": ARN, "TopicName": "placed"}));
    scene.pass();
    assert_eq!(keys(&scene.pass()), [format!("import {TOPIC}#2")]);
}

#[test]
fn the_journal_takes_no_import_without_a_word_for_just_that() {
    let mut scene = server(Mode::Owned);
    scene.pass();
    approve(&mut scene);
    let (_, entries) = scene.clone().look_again();
    let import = entries.into_iter().find(|entry| matches!(entry, Entry::Imported { .. })).unwrap();
    let key = StepKey::new("import", &id(SERVER), 1);
    let takes = |change: fn(&mut Approval)| {
        let mut recorded = scene.recorded.clone();
        change(recorded.approvals.get_mut(&key).unwrap());
        crate::fold::apply(&mut recorded, &import, 1)
    };
    assert_eq!(takes(|_| {}), Ok(()));
    let other = |approval: &mut Approval| {
        let Action::Import { identifier, .. } = &mut approval.step.action else { unreachable!() };
        *identifier = "other".to_owned();
    };
    assert!(takes(other).unwrap_err().to_string().contains("nobody has approved it"));
    let mut nobody = scene.recorded.clone();
    nobody.approvals.clear();
    assert!(crate::fold::apply(&mut nobody, &import, 1).is_err());
}

#[test]
fn no_plan_passes_that_writes_to_what_is_referred_to_or_deletes_what_somebody_made() {
    let mut scene = imported();
    let mut plan = scene.plan();
    let delete = Action::Delete { identifier: "theirs".to_owned(), confirmed: None };
    let step = schema_documents::plan::Step {
        key: StepKey::new("delete", &id(SERVER), 1),
        resource: id(SERVER),
        generation: 1,
        kind: "AWS::RDS::DBInstance".to_owned(),
        stateful: false,
        phase: schema_documents::desired::Phase::CleanUp,
        action: delete,
        after: std::collections::BTreeSet::new(),
        reason: Reason::Removed,
        consequence: Consequence::Removal,
    };
    plan.steps = vec![step];
    assert!(scene.judge(&plan).unwrap_err().iter().any(|what| what.contains("somebody else made it")));
    let mut mine = scene.recorded.resources[&id(SERVER)][&1].as_ref().clone();
    mine.existing = Some(Mode::Reference);
    scene.recorded.resources.get_mut(&id(SERVER)).unwrap().insert(1, mine.into());
    let changes = Vec::new();
    plan.steps[0].action = Action::Update { identifier: "theirs".to_owned(), changes };
    assert!(scene.judge(&plan).unwrap_err().iter().any(|what| what.contains("only referred to")));
    let import = Action::Import {
        identifier: "else".to_owned(),
        account: None,
        region: None,
        differences: Vec::new(),
    };
    plan.steps[0].action = import;
    let violations = scene.judge(&plan).unwrap_err();
    assert!(violations.iter().any(|what| what.contains("does not name `else`")), "{violations:?}");
    assert!(violations.iter().any(|what| what.contains("nobody has approved it")), "{violations:?}");
}
