//! Approval: which steps of a plan wait for a person, and what a person allowed.
//!
//! A plan is approved by the digest of the steps that wait ([`plan_digest`]), not by the digest of the whole plan: that one
//! moves with every entry of the journal. A step counts by what it does ([`step_digest`]): moving a line in a file, or a
//! step before it that is done by now, is no other step.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::plan::{Action, Consequence, Step, StepKey};
use crate::{Digest, Json, Millis};

/// The steps of a plan that wait for a person's approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Awaited {
    /// What `manifest-agent approve` takes: [`plan_digest`] of the steps.
    pub digest: Digest,
    /// The steps, in the order of the plan.
    pub steps: Vec<AwaitedStep>,
}

/// A step that waits for a person's approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AwaitedStep {
    /// The step.
    pub step: StepKey,
    /// What is different from the step of this name that was approved, if one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<String>,
}

/// Steps that were put before people, and that nobody has approved yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    /// What `manifest-agent approve` takes.
    pub plan: Digest,
    /// When they were.
    pub at_ms: Millis,
    /// The steps.
    pub steps: Vec<Step>,
}

/// A step that a person approved, and that has not been done yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// Of which plan it was.
    pub plan: Digest,
    /// Who approved it.
    pub who: String,
    /// When.
    pub at_ms: Millis,
    /// The step, as it was approved.
    pub step: Step,
}

/// What a step does, without where that was asked for and what it comes after.
pub fn step_digest(step: &Step) -> Digest {
    let changes: Vec<_>;
    let action: (&str, Option<&str>, Json) = match &step.action {
        Action::Create { body, .. } => ("create", None, body.to_document()),
        Action::Update { identifier, changes: written } => {
            changes = written.iter().map(|change| (&change.path, &change.from, &change.to)).collect();
            ("update", Some(identifier), serde_json::to_value(changes).unwrap_or_default())
        }
        Action::Import { identifier, account, region, differences } => {
            changes = differences.iter().map(|change| (&change.path, &change.from, &change.to)).collect();
            let consequences: Vec<Consequence> =
                differences.iter().map(|change| change.consequence).collect();
            let report = serde_json::to_value((account, region, changes, consequences));
            ("import", Some(identifier), report.unwrap_or_default())
        }
        Action::Delete { identifier, confirmed } => {
            ("delete", Some(identifier), serde_json::to_value(confirmed).unwrap_or_default())
        }
    };
    Digest::of(&(&step.key, &step.kind, step.stateful, step.consequence, action))
}

/// By which these steps are approved together. Their order does not count.
pub fn plan_digest<'a>(app: &str, environment: &str, steps: impl IntoIterator<Item = &'a Step>) -> Digest {
    let mut digests: Vec<Digest> = steps.into_iter().map(step_digest).collect();
    digests.sort();
    Digest::of(&("approve", app, environment, digests))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desired::Phase;
    use crate::plan::{Change, Reason};
    use crate::{FieldPath, Origin, Position, ResourceId, Value};

    fn step(name: &str, to: &str) -> Step {
        let origin = Origin::Declaration { at: Position::point("app.go", 1, 1) };
        let change = Change {
            path: FieldPath::parse("/DisplayName").unwrap(),
            from: None,
            to: Some(Value::text(to)),
            origin: Some(origin),
            consequence: Consequence::InPlace,
        };
        Step {
            key: StepKey(format!("update {name}#1")),
            resource: ResourceId::parse(name).unwrap(),
            generation: 1,
            kind: "AWS::SNS::Topic".to_owned(),
            stateful: false,
            phase: Phase::Provision,
            action: Action::Update { identifier: "arn".to_owned(), changes: vec![change] },
            after: std::collections::BTreeSet::new(),
            reason: Reason::Changed,
            consequence: Consequence::InPlace,
        }
    }

    #[test]
    fn a_step_is_what_it_does() {
        let one = step("topic/a/topic", "x");
        let mut moved = one.clone();
        let Action::Update { changes, .. } = &mut moved.action else { unreachable!() };
        changes[0].origin = Some(Origin::Declaration { at: Position::point("app.go", 99, 1) });
        moved.after.insert(StepKey("create topic/b/topic#1".to_owned()));
        assert_eq!(step_digest(&one), step_digest(&moved), "a line moved, a step before it");
        assert_ne!(step_digest(&one), step_digest(&step("topic/a/topic", "y")));
        let graver = Step { consequence: Consequence::Restart, ..one.clone() };
        assert_ne!(step_digest(&one), step_digest(&graver));
    }

    #[test]
    fn a_plan_is_its_steps_in_any_order_and_of_one_environment() {
        let (one, two) = (step("topic/a/topic", "x"), step("topic/b/topic", "x"));
        let both = plan_digest("shop", "production", [&one, &two]);
        assert_eq!(both, plan_digest("shop", "production", [&two, &one]));
        assert_ne!(both, plan_digest("shop", "staging", [&one, &two]));
        assert_ne!(both, plan_digest("shop", "production", [&one]));
    }
}
