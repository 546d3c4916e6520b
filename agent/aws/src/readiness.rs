//! Whether what was deployed runs, and is healthy. Of a service of ECS, by what ECS tells of its deployments, and the load balancer
//! of its targets: success of Cloud Control says only that the deployment has begun. Of an add-on of EKS, by its status: Cloud
//! Control calls one that is degraded a success.

use agent_world::Readiness;
use schema_catalog::{Catalog, Kind, compare};
use schema_documents::{FieldPath, Json};

/// What ECS says of a deployment, as far as it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rollout {
    /// There is nothing more to ask.
    Judged(Readiness),
    /// It is complete, and each of these target groups has to have a healthy target.
    Complete {
        /// Their ARNs.
        target_groups: Vec<String>,
    },
}

/// One target of a target group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// Such as `healthy`, `initial`, `unhealthy`, `draining`.
    pub state: String,
    /// Why, in words; empty for one that is healthy.
    pub why: String,
}

/// Judges the answer of `DescribeServices` to a question about one service. `written` is the task definition that was
/// deployed: where another one has taken its place, the deployment has failed and the cloud went back by itself.
pub fn rollout(answer: &Json, written: Option<&str>) -> Rollout {
    let Some(service) = answer.pointer("/services/0") else {
        return Rollout::Judged(gone("ECS does not know it"));
    };
    match text(service, "status") {
        "DRAINING" => return Rollout::Judged(gone("it was deleted, and its last instances stop")),
        "INACTIVE" => return Rollout::Judged(gone("it was deleted")),
        _ => {}
    }
    let deployments = service.get("deployments").and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
    let is_ours = |deployment: &&Json| {
        written.is_none_or(|written| is_same_task(written, text(deployment, "taskDefinition")))
    };
    let Some(deployment) = deployments.iter().find(is_ours) else {
        return Rollout::Judged(failed(gone_back(service)));
    };
    match (text(deployment, "rolloutState"), text(deployment, "status")) {
        ("FAILED", _) => Rollout::Judged(failed(reason(deployment, service))),
        ("IN_PROGRESS", _) => Rollout::Judged(not_yet(&running(deployment))),
        // It stands behind another one that has begun since: the cloud goes back.
        (_, status) if status != "PRIMARY" => Rollout::Judged(failed(gone_back(service))),
        _ if count(deployment, "runningCount") != count(deployment, "desiredCount") => {
            Rollout::Judged(not_yet(&running(deployment)))
        }
        _ if count(deployment, "desiredCount") == 0 => Rollout::Complete { target_groups: Vec::new() },
        _ => Rollout::Complete { target_groups: target_groups(service) },
    }
}

/// Judges the targets of a target group.
pub fn targets(all: &[Target]) -> Readiness {
    if all.iter().any(|target| target.state == "healthy") {
        return Readiness::Ready;
    }
    let told: Vec<String> = all
        .iter()
        .map(|target| match target.why.as_str() {
            "" => target.state.clone(),
            why => format!("{} ({why})", target.state),
        })
        .collect();
    let which = if told.is_empty() { "none is registered".to_owned() } else { told.join(", ") };
    not_yet(&format!("no target is healthy: {which}"))
}

/// Judges the answer of `DescribeAddon`. One that is degraded may become active yet: the first add-on of a cluster comes before its
/// first node.
pub fn addon(answer: &Json) -> Readiness {
    let Some(addon) = answer.get("addon") else { return not_yet("EKS tells nothing of it") };
    let issues = addon.pointer("/health/issues").and_then(Json::as_array).into_iter().flatten();
    let issues: Vec<String> = issues
        .map(|issue| match (text(issue, "code"), text(issue, "message")) {
            (code, "") => code.to_owned(),
            (code, message) => format!("{message} ({code})"),
        })
        .collect();
    let status = text(addon, "status").to_lowercase().replace('_', " ");
    let told = |words: &str| {
        if issues.is_empty() { words.to_owned() } else { format!("{words}: {}", issues.join("; ")) }
    };
    match status.as_str() {
        "active" => Readiness::Ready,
        "deleting" => gone("it is being deleted"),
        "create failed" | "update failed" | "delete failed" => failed(told(&status)),
        status => not_yet(&told(&format!("it is {status}"))),
    }
}

/// The cluster and the add-on that an identifier of Cloud Control names.
pub fn addon_parts(identifier: &str) -> Option<(&str, &str)> {
    identifier.split_once('|')
}

/// The cluster and the service that an identifier of Cloud Control names.
pub fn parts(identifier: &str) -> (&str, Option<&str>) {
    identifier.split_once('|').map_or((identifier, None), |(service, cluster)| (service, Some(cluster)))
}

/// What may come yet.
pub fn not_yet(words: &str) -> Readiness {
    Readiness::NotYet { words: words.to_owned() }
}

fn failed(words: String) -> Readiness {
    Readiness::Failed { words }
}

/// What there is none of.
pub fn gone(words: &str) -> Readiness {
    Readiness::Gone { words: words.to_owned() }
}

fn running(deployment: &Json) -> String {
    let (running, desired) = (count(deployment, "runningCount"), count(deployment, "desiredCount"));
    match count(deployment, "failedTasks") {
        0 => format!("{running} of {desired} instances run"),
        failed => {
            format!("{running} of {desired} instances run, {failed} failed to start or to stay healthy")
        }
    }
}

/// Why a deployment has failed.
fn reason(deployment: &Json, service: &Json) -> String {
    match text(deployment, "rolloutStateReason") {
        "" => last_failure(service).unwrap_or("its rollout failed").to_owned(),
        reason => reason.to_owned(),
    }
}

fn gone_back(service: &Json) -> String {
    let now = text(service, "taskDefinition");
    let why = last_failure(service).map(|event| format!(": {event}")).unwrap_or_default();
    format!("the cloud went back to `{now}` by itself{why}")
}

/// What the newest event tells of a failed deployment. Events come newest first.
fn last_failure(service: &Json) -> Option<&str> {
    let events = service.get("events")?.as_array()?;
    events.iter().map(|event| text(event, "message")).find(|message| message.contains("deployment failed"))
}

fn target_groups(service: &Json) -> Vec<String> {
    let balancers = service.get("loadBalancers").and_then(Json::as_array).into_iter().flatten();
    balancers.map(|one| text(one, "targetGroupArn").to_owned()).filter(|arn| !arn.is_empty()).collect()
}

/// Whether two spellings, as ARN or as family and revision, are of the same task definition.
fn is_same_task(one: &str, other: &str) -> bool {
    let kind = Catalog::builtin().kind("AWS::ECS::Service");
    let (one, other) = (Json::from(one), Json::from(other));
    let path = FieldPath::root().child("TaskDefinition");
    let same = |kind: &Kind| compare::equal(kind, &path, &one, &other);
    kind.map_or(one == other, same)
}

fn text<'a>(json: &'a Json, member: &str) -> &'a str {
    json.get(member).and_then(Json::as_str).unwrap_or_default()
}

fn count(json: &Json, member: &str) -> u64 {
    json.get(member).and_then(Json::as_u64).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NEW: &str = "arn:aws:ecs:eu-central-1:123456789012:task-definition/all:2";
    const OLD: &str = "arn:aws:ecs:eu-central-1:123456789012:task-definition/all:1";

    fn deployment(task: &str, status: &str, state: &str, running: u64) -> Json {
        json!({
            "status": status, "taskDefinition": task, "rolloutState": state,
            "desiredCount": 2, "runningCount": running, "failedTasks": 0,
        })
    }

    fn service(deployments: &[Json]) -> Json {
        json!({ "services": [{
            "taskDefinition": deployments[0]["taskDefinition"],
            "deployments": deployments,
            "loadBalancers": [{ "targetGroupArn": "tg" }],
            "events": [{ "message": "(service all) (deployment ecs-svc/1) deployment failed: tasks failed to start." }],
        }] })
    }

    #[track_caller]
    fn check(deployments: &[Json], words: Option<Readiness>) {
        let complete = Rollout::Complete { target_groups: vec!["tg".to_owned()] };
        assert_eq!(rollout(&service(deployments), Some(NEW)), words.map_or(complete, Rollout::Judged));
    }

    #[test]
    fn a_rollout_is_complete_when_all_instances_of_what_was_deployed_run() {
        let failed = |words: &str| Some(Readiness::Failed { words: words.to_owned() });
        check(&[deployment(NEW, "PRIMARY", "COMPLETED", 2)], None);
        check(&[deployment("all:2", "PRIMARY", "COMPLETED", 2)], None);
        check(&[deployment(NEW, "PRIMARY", "COMPLETED", 1)], Some(not_yet("1 of 2 instances run")));
        let both = [deployment(NEW, "PRIMARY", "IN_PROGRESS", 0), deployment(OLD, "ACTIVE", "COMPLETED", 2)];
        check(&both, Some(not_yet("0 of 2 instances run")));

        let mut broken = deployment(NEW, "PRIMARY", "FAILED", 0);
        broken["rolloutStateReason"] = json!("ECS deployment circuit breaker: tasks failed to start.");
        check(&[broken], failed("ECS deployment circuit breaker: tasks failed to start."));
        let event = "(service all) (deployment ecs-svc/1) deployment failed: tasks failed to start.";
        let back = format!("the cloud went back to `{OLD}` by itself: {event}");
        check(&[deployment(OLD, "PRIMARY", "COMPLETED", 2)], failed(&back));
        let on_its_way = [deployment(OLD, "PRIMARY", "IN_PROGRESS", 1), deployment(NEW, "ACTIVE", "", 1)];
        check(&on_its_way, failed(&back));
    }

    #[test]
    fn what_is_gone_is_no_failure_and_what_should_not_run_needs_no_target() {
        let nothing = json!({ "services": [], "failures": [{ "reason": "MISSING" }] });
        assert_eq!(rollout(&nothing, Some(NEW)), Rollout::Judged(gone("ECS does not know it")));
        for (status, words) in
            [("DRAINING", "it was deleted, and its last instances stop"), ("INACTIVE", "it was deleted")]
        {
            let mut deleted = service(&[deployment(NEW, "PRIMARY", "COMPLETED", 2)]);
            deleted["services"][0]["status"] = json!(status);
            assert_eq!(rollout(&deleted, Some(NEW)), Rollout::Judged(gone(words)));
        }
        let mut off = deployment(NEW, "PRIMARY", "COMPLETED", 0);
        off["desiredCount"] = json!(0);
        assert_eq!(rollout(&service(&[off]), Some(NEW)), Rollout::Complete { target_groups: Vec::new() });
    }

    #[test]
    fn an_add_on_is_done_when_it_is_active_and_what_ails_it_is_told() {
        let answer = |status: &str, issues: Json| json!({ "addon": { "status": status, "health": { "issues": issues } } });
        assert_eq!(addon(&answer("ACTIVE", json!([]))), Readiness::Ready);
        assert_eq!(addon(&answer("CREATING", json!([]))), not_yet("it is creating"));
        let issues = json!([{ "code": "InsufficientNumberOfReplicas", "message": "replicas are missing" }]);
        let told = "it is degraded: replicas are missing (InsufficientNumberOfReplicas)";
        assert_eq!(addon(&answer("DEGRADED", issues.clone())), not_yet(told));
        let why = "create failed: replicas are missing (InsufficientNumberOfReplicas)";
        assert_eq!(addon(&answer("CREATE_FAILED", issues)), failed(why.to_owned()));
        assert_eq!(addon(&answer("DELETING", json!([]))), gone("it is being deleted"));
        assert_eq!(addon(&json!({})), not_yet("EKS tells nothing of it"));
        assert_eq!(addon_parts("cluster|metrics-server"), Some(("cluster", "metrics-server")));
    }

    #[test]
    fn one_healthy_target_is_enough() {
        let target = |state: &str, why: &str| Target { state: state.to_owned(), why: why.to_owned() };
        assert_eq!(targets(&[target("draining", ""), target("healthy", "")]), Readiness::Ready);
        let codes = "Health checks failed with these codes: [500]";
        assert_eq!(
            targets(&[target("unhealthy", codes), target("initial", "")]),
            not_yet(&format!("no target is healthy: unhealthy ({codes}), initial"))
        );
        assert_eq!(targets(&[]), not_yet("no target is healthy: none is registered"));
    }
}
