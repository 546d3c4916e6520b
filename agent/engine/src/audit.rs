//! Audit: what an account's audit trail says, as far as a pass can use it: what to look at, and who changed it.
//!
//! The trail of AWS is `CloudTrail`, as `EventBridge` delivers it (`"detail-type": "AWS API Call via CloudTrail"`). An event comes
//! late, more than once, or never, and it says what was asked of the cloud, not what is: so it only ever makes a pass look. What
//! it names and nobody here has under record wakes nobody. What it does not name at all is left to the sweep.

mod author;
mod inbox;
mod names;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use schema_catalog::Catalog;
use schema_documents::recorded::Recorded;
use schema_documents::{Json, Millis};

use crate::live::Key;

pub use author::{Author, Authors};
pub use inbox::Inbox;

/// A call that changed something, or may have.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The trail's own name for it: two deliveries of one event have the same.
    pub id: String,
    /// The service that was called, such as `sqs.amazonaws.com`.
    pub source: String,
    /// The call, such as `SetQueueAttributes`.
    pub name: String,
    /// When the service took the call, in milliseconds since 1970; the trail tells whole seconds.
    pub at_ms: Millis,
    /// Who called.
    pub caller: Caller,
    /// What the call was asked to do.
    pub parameters: Json,
    /// What it was answered, where the trail tells.
    pub answer: Json,
}

/// Who made a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// A name for people: a user, or the session of a role.
    pub name: Option<String>,
    /// The ARN of the identity, the session of a role included.
    pub arn: Option<String>,
    /// The access key of the call.
    pub access_key: Option<String>,
}

/// By what our own calls are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ourselves {
    /// Our access keys.
    pub access_keys: BTreeSet<String>,
    /// Our identities, as far as calls with our keys have shown them: what a service does in our name has another key.
    pub arns: BTreeSet<String>,
    /// The ARN of the role in whose name the cloud works for us alone.
    pub role: Option<String>,
}

impl Event {
    /// Reads an event as the queue delivers it. `None`: it tells of no change, or is none of the trail.
    pub fn parse(delivered: &Json) -> Option<Self> {
        let detail = delivered.get("detail")?;
        let text = |name: &str| detail.get(name).and_then(Json::as_str);
        let changes = !is_true(detail.get("readOnly")) && text("errorCode").is_none();
        let at: jiff::Timestamp = text("eventTime")?.parse().ok()?;
        let event = Self {
            id: text("eventID").or_else(|| delivered.get("id")?.as_str())?.to_owned(),
            source: text("eventSource")?.to_owned(),
            name: text("eventName")?.to_owned(),
            at_ms: Millis::try_from(at.as_millisecond()).ok()?,
            caller: Caller::of(detail.get("userIdentity").unwrap_or(&Json::Null)),
            parameters: detail.get("requestParameters").cloned().unwrap_or_default(),
            answer: detail.get("responseElements").cloned().unwrap_or_default(),
        };
        (changes && !event.only_asks()).then_some(event)
    }

    /// Whether the call is a question by its name: older trails do not say `readOnly`.
    fn only_asks(&self) -> bool {
        ["Describe", "Get", "List", "Head", "Lookup"].iter().any(|verb| self.name.starts_with(verb))
    }

    /// The resources under record that the event names, by an identifier, a part of one, an ARN or a physical name.
    pub fn touches(&self, recorded: &Recorded, catalog: &Catalog) -> BTreeSet<Key> {
        let named = names::in_event(self);
        let mut touched = BTreeSet::new();
        for (id, generations) in &recorded.resources {
            for (generation, record) in generations {
                let is_audited = names::is_source(catalog, &record.kind, &self.source);
                if is_audited && names::of_record(record).any(|name| named.contains(name)) {
                    touched.insert((id.clone(), *generation));
                }
            }
        }
        touched
    }
}

impl Caller {
    fn of(identity: &Json) -> Self {
        let text = |name: &str| identity.get(name).and_then(Json::as_str).map(str::to_owned);
        let arn = text("arn");
        let session = arn.as_deref().and_then(|arn| arn.rsplit('/').next()).map(str::to_owned);
        let name = match identity.get("type").and_then(Json::as_str) {
            Some("IAMUser") => text("userName").or(session),
            Some("Root") => Some("root".to_owned()),
            Some("AWSService") => text("invokedBy"),
            _ => session.or_else(|| text("principalId")),
        };
        Self { name, arn, access_key: text("accessKeyId") }
    }
}

impl Ourselves {
    /// Whether a call is one of ours. What our keys show of our identity is remembered.
    pub fn made(&mut self, event: &Event) -> bool {
        let Caller { arn, access_key, .. } = &event.caller;
        if access_key.as_ref().is_some_and(|key| self.access_keys.contains(key)) {
            self.arns.extend(arn.clone());
            return true;
        }
        let is_session = |arn: &String| self.role.as_deref().is_some_and(|role| is_session_of(role, arn));
        arn.as_ref().is_some_and(|arn| self.arns.contains(arn) || is_session(arn))
    }
}

/// Whether `arn` is a session of a role: `arn:aws:iam::1:role/path/name` is at work as `arn:aws:sts::1:assumed-role/name/…`.
fn is_session_of(role: &str, arn: &str) -> bool {
    let (Some((account, role)), Some((of, session))) = (account_and_name(role), account_and_name(arn)) else {
        return false;
    };
    let name = role.rsplit('/').next();
    let at_work = session.strip_prefix("assumed-role/").and_then(|session| session.split('/').next());
    account == of && role.starts_with("role/") && name == at_work
}

fn account_and_name(arn: &str) -> Option<(&str, &str)> {
    let mut parts = arn.splitn(6, ':').skip(4);
    Some((parts.next()?, parts.next()?))
}

/// Some deliveries write truth as text.
fn is_true(value: Option<&Json>) -> bool {
    value.is_some_and(|value| value.as_bool() == Some(true) || value.as_str() == Some("true"))
}
