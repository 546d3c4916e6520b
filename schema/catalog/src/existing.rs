//! What people call a resource that is there already, its identifier or its ARN, and where an ARN says that it is.

use schema_documents::Json;
use serde::Deserialize;

use crate::Kind;

/// How ARNs of a kind are made, for the kinds of which a resource that is there already can be taken.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arns {
    /// The service that they name.
    pub service: String,
    /// What stands before the identifier in their last part, such as `db:`.
    #[serde(default)]
    pub before: String,
    /// Whether the identifier is the whole ARN.
    #[serde(default)]
    pub whole: bool,
    /// Whether they tell neither region nor account.
    #[serde(default)]
    pub placeless: bool,
}

/// A resource that somebody named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its identifier.
    pub identifier: String,
    /// The account that it is in, where its name says so.
    pub account: Option<String>,
    /// The region, likewise.
    pub region: Option<String>,
}

/// Identifiers are no longer than this, ARNs included.
const LONGEST: usize = 1024;

impl Kind {
    /// Whether a resource of this kind that is there already can be taken.
    pub fn takes_existing(&self) -> bool {
        self.overlay.arns.is_some()
    }

    /// Which resource a person means by an identifier or an ARN; else why it can be none of this kind, in words.
    pub fn named(&self, name: &str) -> Result<Named, String> {
        let Some(arns) = &self.overlay.arns else {
            return Err(format!("a `{}` that is there already cannot be taken", self.name));
        };
        let is_plain = |c: char| c.is_ascii_graphic();
        if name.is_empty() || name.len() > LONGEST || !name.chars().all(is_plain) {
            return Err(format!("`{name}` is no identifier"));
        }
        if !name.starts_with("arn:") {
            let by_arn = || format!("a `{}` is named by its ARN, `{}`", self.name, arns.example());
            let named = Named { identifier: name.to_owned(), account: None, region: None };
            return if arns.whole { Err(by_arn()) } else { Ok(named) };
        }
        arns.read(name)
            .ok_or_else(|| format!("`{name}` is no ARN of a `{}`, which is `{}`", self.name, arns.example()))
    }

    /// Where a live resource says that it is, by its own ARN among its properties.
    pub fn place_of(&self, identifier: &str, live: &Json) -> Option<Named> {
        let arns = self.overlay.arns.as_ref()?;
        let texts = live.as_object()?.values().filter_map(Json::as_str);
        texts.filter_map(|text| arns.read(text)).find(|named| named.identifier == identifier)
    }
}

impl Arns {
    /// The parts of an ARN, if it is one of these.
    fn read(&self, arn: &str) -> Option<Named> {
        let mut parts = arn.splitn(6, ':');
        let (Some("arn"), Some(partition)) = (parts.next(), parts.next()) else { return None };
        let (service, region, account) = (parts.next()?, parts.next()?, parts.next()?);
        let last = parts.next()?.strip_prefix(&self.before)?;
        if partition.is_empty() || service != self.service || last.is_empty() {
            return None;
        }
        let said = |part: &str| (!part.is_empty()).then(|| part.to_owned());
        let identifier = if self.whole { arn } else { last }.to_owned();
        Some(Named { identifier, account: said(account), region: said(region) })
    }

    fn example(&self) -> String {
        let place = if self.placeless { ":" } else { "<region>:<account>" };
        format!("arn:aws:{}:{place}:{}<name>", self.service, self.before)
    }
}

#[cfg(test)]
mod tests {
    use crate::Catalog;

    fn named(kind: &str, name: &str) -> Result<(String, Option<String>, Option<String>), String> {
        let kind = Catalog::builtin().kind(kind).unwrap();
        let named = kind.named(name)?;
        Ok((named.identifier, named.account, named.region))
    }

    #[track_caller]
    fn check(kind: &str, name: &str, identifier: &str, account: &str, region: &str) {
        let said = |part: &str| (!part.is_empty()).then(|| part.to_owned());
        assert_eq!(named(kind, name).unwrap(), (identifier.to_owned(), said(account), said(region)));
    }

    #[test]
    fn an_identifier_and_an_arn_name_the_same_resource() {
        let (account, region) = ("123456789012", "eu-central-1");
        check("AWS::RDS::DBInstance", "orders", "orders", "", "");
        check(
            "AWS::RDS::DBInstance",
            "arn:aws:rds:eu-central-1:123456789012:db:orders",
            "orders",
            account,
            region,
        );
        check("AWS::S3::Bucket", "arn:aws:s3:::pictures", "pictures", "", "");
        let topic = "arn:aws:sns:eu-central-1:123456789012:placed.fifo";
        check("AWS::SNS::Topic", topic, topic, account, region);
        let cluster = "arn:aws-cn:eks:cn-north-1:123456789012:cluster/main";
        check("AWS::EKS::Cluster", cluster, "main", account, "cn-north-1");
        let vpc = "arn:aws:ec2:eu-central-1:123456789012:vpc/vpc-0a1b";
        check("AWS::EC2::VPC", vpc, "vpc-0a1b", account, region);
    }

    #[test]
    fn what_names_no_resource_of_the_kind_is_refused_in_words() {
        let said = |kind, name| named(kind, name).unwrap_err();
        assert!(said("AWS::RDS::DBInstance", "arn:aws:s3:::pictures").contains("arn:aws:rds:"));
        assert!(said("AWS::RDS::DBInstance", "arn:aws:rds:r:1:cluster:orders").contains("db:<name>"));
        assert!(said("AWS::SNS::Topic", "placed").contains("is named by its ARN"));
        assert!(said("AWS::SQS::Queue", "work").contains("cannot be taken"));
        for name in ["", "two words", "arn:aws:s3:::", "arn:", "n\u{e4}me"] {
            assert!(named("AWS::S3::Bucket", name).is_err(), "{name}");
        }
    }

    #[test]
    fn what_can_be_taken_can_be_marked_as_taken() {
        let taken: Vec<_> = Catalog::builtin().kinds().filter(|kind| kind.takes_existing()).collect();
        assert_eq!(taken.len(), 5);
        assert!(taken.iter().all(|kind| kind.tags.is_some() && kind.handlers.contains_key("update")));
    }

    #[test]
    fn a_live_resource_says_where_it_is_by_its_own_arn_and_by_no_other() {
        let kind = Catalog::builtin().kind("AWS::RDS::DBInstance").unwrap();
        let arn = |name: &str| format!("arn:aws:rds:eu-west-1:210987654321:db:{name}");
        let live = serde_json::json!({"SourceDBInstanceArn": arn("other"), "DBInstanceArn": arn("orders")});
        let place = kind.place_of("orders", &live).unwrap();
        assert_eq!(
            (place.account.as_deref(), place.region.as_deref()),
            (Some("210987654321"), Some("eu-west-1"))
        );
        assert_eq!(kind.place_of("third", &live), None);
    }
}
