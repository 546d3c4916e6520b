use serde_json::json;

use super::*;
use crate::attention::Looks;
use crate::diff::{Sighting, Sightings};
use crate::options::Limits;
use crate::scene::{Scene, id, path};

const QUEUE: &str = "topic/orders/queue";
const OTHER: &str = "topic/other/queue";
/// 2026-11-26T02:00:00Z
const AT_MS: Millis = 1_795_658_400_000;

/// An event as `EventBridge` delivers it to a queue, of somebody's call about the resource with this identifier.
#[expect(clippy::needless_pass_by_value, reason = "it reads better at the call")]
fn delivered(event: &str, who: &str, parameters: Json) -> Json {
    json!({
        "version": "0", "id": "d-1", "detail-type": "AWS API Call via CloudTrail", "source": "aws.sqs",
        "account": "123456789012", "time": "2026-11-26T02:00:05Z", "region": "eu-central-1", "resources": [],
        "detail": {
            "eventVersion": "1.11",
            "userIdentity": {
                "type": "AssumedRole", "principalId": format!("AROAEXAMPLE:{who}"),
                "arn": format!("arn:aws:sts::123456789012:assumed-role/Admin/{who}"),
                "accountId": "123456789012", "accessKeyId": format!("ASIA{who}"),
            },
            "eventTime": "2026-11-26T02:00:00Z", "eventSource": "sqs.amazonaws.com", "eventName": event,
            "awsRegion": "eu-central-1", "sourceIPAddress": "192.0.2.1", "requestParameters": parameters,
            "responseElements": null, "eventID": format!("{event}-{who}"), "readOnly": false,
            "eventType": "AwsApiCall", "managementEvent": true,
        },
    })
}

fn scene() -> Scene {
    let mut scene = Scene::new()
        .with(QUEUE, "AWS::SQS::Queue", json!({"VisibilityTimeout": 60, "DelaySeconds": 5}))
        .with(OTHER, "AWS::SQS::Queue", json!({"VisibilityTimeout": 60}));
    scene.pass();
    scene
}

fn edit(scene: &Scene, who: &str) -> Json {
    let attributes = json!({"VisibilityTimeout": "90"});
    delivered(
        "SetQueueAttributes",
        who,
        json!({"queueUrl": scene.identifier(QUEUE), "attributes": attributes}),
    )
}

fn key(name: &str) -> Key {
    (id(name), 1)
}

#[track_caller]
fn touched(scene: &Scene, delivered: &Json) -> Vec<String> {
    let event = Event::parse(delivered).expect("it tells of a change");
    event.touches(&scene.recorded, Catalog::builtin()).into_iter().map(|(id, _)| id.to_string()).collect()
}

#[test]
fn an_event_is_read_with_who_when_and_what() {
    let event = Event::parse(&edit(&scene(), "ada@example.com")).unwrap();
    assert_eq!((event.at_ms, event.name.as_str()), (AT_MS, "SetQueueAttributes"));
    assert_eq!(event.caller.name.as_deref(), Some("ada@example.com"));
    let user = json!({"type": "IAMUser", "userName": "ada", "arn": "arn:aws:iam::1:user/team/ada"});
    assert_eq!(Caller::of(&user).name.as_deref(), Some("ada"));
    assert_eq!(Caller::of(&json!({"type": "Root"})).name.as_deref(), Some("root"));
}

#[test]
fn questions_failures_and_what_is_no_event_tell_of_no_change() {
    let good = edit(&scene(), "ada");
    for (at, value) in [
        ("readOnly", json!(true)),
        ("errorCode", json!("AccessDenied")),
        ("eventName", json!("GetQueueAttributes")),
        ("eventTime", json!("yesterday")),
        ("eventSource", json!(null)),
    ] {
        let mut bad = good.clone();
        bad["detail"][at] = value;
        assert_eq!(Event::parse(&bad), None, "{at}");
    }
    assert_eq!(Event::parse(&json!({"detail": "text"})), None);
    assert_eq!(Event::parse(&Json::Null), None);
}

#[test]
fn a_resource_is_found_by_any_of_its_names_and_a_foreign_one_is_not() {
    let scene = scene();
    assert_eq!(touched(&scene, &edit(&scene, "ada")), [QUEUE]);
    let name = scene.recorded.current(&id(QUEUE)).unwrap().1.name.clone().unwrap();
    let arn = format!("arn:aws:sqs:eu-central-1:123456789012:{name}");
    assert_eq!(touched(&scene, &delivered("TagQueue", "ada", json!({"resourceArn": arn}))), [QUEUE]);
    let foreign = json!({"queueUrl": "https://sqs.eu-central-1.amazonaws.com/123456789012/elsewhere"});
    assert!(touched(&scene, &delivered("SetQueueAttributes", "ada", foreign)).is_empty());
}

#[test]
fn a_name_counts_only_in_events_of_its_own_service() {
    let scene = scene();
    let mut of_another = edit(&scene, "ada");
    of_another["detail"]["eventSource"] = json!("sns.amazonaws.com");
    assert!(touched(&scene, &of_another).is_empty());
    of_another["detail"]["eventSource"] = json!("tagging.amazonaws.com");
    assert_eq!(touched(&scene, &of_another), [QUEUE]);
}

#[test]
fn our_own_calls_are_known_by_their_key_and_then_by_their_identity() {
    let scene = scene();
    let mut ourselves =
        Ourselves { access_keys: BTreeSet::from(["ASIAagent".to_owned()]), ..Ourselves::default() };
    let made = |ourselves: &mut Ourselves, event: &Json| ourselves.made(&Event::parse(event).unwrap());
    let mut in_our_name = edit(&scene, "agent");
    in_our_name["detail"]["userIdentity"]["accessKeyId"] = json!("ASIAOFTHESERVICE");
    assert!(!made(&mut ourselves, &in_our_name), "nothing shows yet that this identity is ours");
    assert!(made(&mut ourselves, &edit(&scene, "agent")));
    assert!(made(&mut ourselves, &in_our_name));
    assert!(!made(&mut ourselves, &edit(&scene, "ada")));
}

#[test]
fn what_the_cloud_does_in_the_name_of_our_role_is_ours() {
    let scene = scene();
    let role = Some("arn:aws:iam::123456789012:role/agents/execution".to_owned());
    let mut ourselves = Ourselves { role, ..Ourselves::default() };
    let mut made = |arn: &str| {
        let mut event = edit(&scene, "cloud");
        event["detail"]["userIdentity"]["arn"] = json!(arn);
        ourselves.made(&Event::parse(&event).unwrap())
    };
    assert!(made("arn:aws:sts::123456789012:assumed-role/execution/AWSCloudFormation"));
    assert!(!made("arn:aws:sts::210987654321:assumed-role/execution/AWSCloudFormation"), "another account's");
    assert!(!made("arn:aws:sts::123456789012:assumed-role/execution-2/AWSCloudFormation"));
    assert!(!made("arn:aws:iam::123456789012:user/execution"));
}

#[test]
fn an_edit_has_the_author_who_spoke_of_its_field_or_the_only_one_there_was() {
    let scene = scene();
    let note = |authors: &mut Authors, event: &Json| {
        let event = Event::parse(event).unwrap();
        authors.note(&event, event.touches(&scene.recorded, Catalog::builtin()));
    };
    let who = |authors: &Authors, at: &str, since, until| {
        authors.of(&key(QUEUE), &path(at), since, until).and_then(|author| author.who.clone())
    };
    let mut authors = Authors::default();
    note(&mut authors, &edit(&scene, "ada"));
    let (since, until) = (AT_MS - 10_000, AT_MS + 10_000);
    assert_eq!(who(&authors, "/VisibilityTimeout", since, until).as_deref(), Some("ada"));
    assert_eq!(who(&authors, "/DelaySeconds", since, until).as_deref(), Some("ada"), "nobody else was there");
    assert_eq!(who(&authors, "/VisibilityTimeout", AT_MS + 10_000, AT_MS + 20_000), None, "too early");
    let delay = json!({"queueUrl": scene.identifier(QUEUE), "attributes": {"DelaySeconds": "9"}});
    note(&mut authors, &delivered("SetQueueAttributes", "bob", delay));
    assert_eq!(who(&authors, "/VisibilityTimeout", since, until).as_deref(), Some("ada"));
    assert_eq!(who(&authors, "/DelaySeconds", since, until).as_deref(), Some("bob"));
    assert_eq!(who(&authors, "/Tags", since, until), None, "it may have been either");
}

fn limits() -> Limits {
    Limits { lag_percent: 0, ..Limits::default() }
}

fn take(inbox: &mut Inbox, scene: &Scene, receipt: &str, event: &Json) -> bool {
    inbox.take(receipt, event, &scene.recorded, (Catalog::builtin(), &limits(), AT_MS))
}

#[test]
fn a_delivery_is_given_back_when_it_was_looked_at_late_enough_and_nothing_of_it_is_unsettled() {
    let scene = scene();
    let mut inbox = Inbox::default();
    assert!(take(&mut inbox, &scene, "r1", &edit(&scene, "ada")));
    assert!(take(&mut inbox, &scene, "r2", &edit(&scene, "ada")), "the same event again");
    assert_eq!(inbox.named(), BTreeSet::from([key(QUEUE)]));
    let none = Sightings::new();
    let too_early = Looks::from([(key(QUEUE), AT_MS - 1)]);
    assert!(inbox.settle(&too_early, &none, AT_MS).is_empty());
    let looks = Looks::from([(key(QUEUE), AT_MS)]);
    let sighting = Sighting { value: None, first_seen_ms: AT_MS, passes: 1 };
    let unsettled = Sightings::from([((id(QUEUE), 1, path("/VisibilityTimeout")), sighting)]);
    assert!(inbox.settle(&looks, &unsettled, AT_MS).is_empty());
    assert_eq!(inbox.settle(&looks, &none, AT_MS), ["r1", "r2"]);
    assert!(inbox.named().is_empty() && inbox.look_again_at_ms().is_none());
}

#[test]
fn what_concerns_nobody_here_is_given_back_at_once_and_what_nobody_can_look_at_after_a_while() {
    let scene = scene();
    let keys = BTreeSet::from(["ASIAagent".to_owned()]);
    let mut inbox = Inbox::new(Ourselves { access_keys: keys, ..Ourselves::default() });
    let foreign = delivered("SetQueueAttributes", "ada", json!({"queueUrl": "elsewhere"}));
    assert!(!take(&mut inbox, &scene, "r1", &foreign));
    assert!(!take(&mut inbox, &scene, "r2", &edit(&scene, "agent")));
    assert!(!take(&mut inbox, &scene, "r3", &json!("nonsense")));
    assert!(take(&mut inbox, &scene, "r4", &edit(&scene, "ada")));
    assert!(inbox.settle(&Looks::new(), &Sightings::new(), AT_MS + 60_000).is_empty());
    assert_eq!(inbox.settle(&Looks::new(), &Sightings::new(), AT_MS + 3_600_000), ["r4"]);
}

#[test]
fn what_a_known_person_deleted_is_not_created_again_until_somebody_answers() {
    let mut scene = Scene::new().with("topic/a/topic", "AWS::SNS::Topic", json!({"DisplayName": "a"}));
    scene.pass();
    let identifier = scene.identifier("topic/a/topic");
    let mut deletion = delivered("DeleteTopic", "ada", json!({"topicArn": identifier}));
    deletion["detail"]["eventSource"] = json!("sns.amazonaws.com");
    let event = Event::parse(&deletion).unwrap();
    let at = event.touches(&scene.recorded, Catalog::builtin());
    let nobody_knew = scene.clone();
    scene.vanish("topic/a/topic");
    scene.authors.note(&Event { at_ms: scene.now_ms, ..event }, at);
    let plan = scene.pass();
    assert!(plan.steps.is_empty(), "{plan:#?}");
    assert_eq!(plan.imports[0].import.who.as_deref(), Some("ada"));
    scene.authors = Authors::default();
    assert!(scene.pass().steps.is_empty(), "it is remembered without the event");
    scene.answer("topic/a/topic", "", schema_documents::recorded::Choice::Revert, None);
    assert_eq!(scene.pass().steps.len(), 1);

    let mut scene = nobody_knew;
    scene.vanish("topic/a/topic");
    assert_eq!(scene.pass().steps.len(), 1, "what nobody is known to have deleted comes back");
}

#[test]
fn an_edit_is_journaled_with_its_author_and_its_time() {
    let mut scene = scene();
    let event = Event::parse(&edit(&scene, "ada")).unwrap();
    let at = event.touches(&scene.recorded, Catalog::builtin());
    scene.edit(QUEUE, "/VisibilityTimeout", json!(90));
    scene.authors.note(&Event { at_ms: scene.now_ms + 9_000_000, ..event }, at);
    scene.pass();
    let record = scene.recorded.current(&id(QUEUE)).unwrap().1;
    let edit = record.fields[&path("/VisibilityTimeout")].edit.as_ref().unwrap();
    assert_eq!(edit.who.as_deref(), Some("ada"));
    assert!(edit.made_at_ms.is_some());
}
