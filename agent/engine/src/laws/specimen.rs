//! Kinds with merge units of every sort, and values for each: some spellings of the same, and others.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use schema_catalog::{Catalog, Kind, Unit};
use schema_documents::{FieldPath, Json};
use serde_json::json;

/// A kind with some of its units.
pub(super) struct Specimen {
    pub(super) kind: &'static str,
    /// Properties that every one has.
    pub(super) fixed: Json,
    pub(super) units: Vec<UnitOf>,
}

/// One merge unit.
#[derive(Clone, Debug)]
pub(super) struct UnitOf {
    pub(super) kind: &'static str,
    pub(super) path: String,
    /// Each value with its spellings; the first is how documents spell it.
    pub(super) values: Vec<Vec<Json>>,
    /// Which of them the cloud fills in where there is none.
    pub(super) default: Option<usize>,
    /// Which of them are above a minimum that is enforced.
    pub(super) above_minimum: Vec<usize>,
}

impl UnitOf {
    pub(super) fn path(&self) -> FieldPath {
        FieldPath::parse(&self.path).unwrap()
    }

    pub(super) fn facts(&self) -> &'static Kind {
        Catalog::builtin().kind(self.kind).unwrap()
    }

    pub(super) fn sort(&self) -> Unit {
        let path = self.path();
        match path.parent().map(|parent| self.facts().unit(&parent)) {
            Some(set @ (Unit::Set | Unit::Map(_))) => set,
            _ => self.facts().unit(&path),
        }
    }

    pub(super) fn is_element(&self) -> bool {
        matches!(self.sort(), Unit::Set | Unit::Map(_))
    }

    /// Whether the document lists all elements of the set that it is in.
    pub(super) fn is_closed(&self) -> bool {
        self.path.starts_with("/SecurityGroupIngress")
    }

    pub(super) fn is_readable(&self) -> bool {
        !self.facts().is_write_only(&self.path())
    }

    pub(super) fn is_provider_owned(&self) -> bool {
        self.facts().is_provider_owned(&self.path())
    }

    /// Whether two of its values mean the same; absent is the default.
    pub(super) fn same(&self, one: Option<usize>, other: Option<usize>) -> bool {
        one == other || one.or(self.default) == other.or(self.default)
    }

    /// What an output that is not known yet looks like here; `None` where the path would be another one.
    pub(super) fn unknown(&self) -> Option<Json> {
        let output = json!({"$ref": {"resource": "topic/none/topic", "output": "/Arn"}});
        match self.sort() {
            Unit::Set => None,
            Unit::Map(_) => {
                let mut element = self.values[0][0].clone();
                element["Value"] = output;
                Some(element)
            }
            _ => Some(output),
        }
    }
}

fn unit(kind: &'static str, path: &str, values: &[&[Json]]) -> UnitOf {
    let values = values.iter().map(|spellings| spellings.to_vec()).collect();
    UnitOf { kind, path: path.to_owned(), values, default: None, above_minimum: Vec::new() }
}

fn element(kind: &'static str, array: &str, spellings: &[Json]) -> UnitOf {
    let path = FieldPath::parse(array).unwrap().element(&spellings[0]);
    unit(kind, &path.to_string(), &[spellings])
}

fn tag(kind: &'static str, key: &str) -> UnitOf {
    let value = |value: &str| json!({"Key": key, "Value": value});
    unit(kind, &format!("/Tags/[Key={key}]"), &[&[value("a")], &[value("b")], &[value("c")]])
}

fn rule(port: u16, protocols: &[&str]) -> Vec<Json> {
    let spelled = |protocol: &&str| json!({"IpProtocol": protocol, "CidrIp": "10.0.0.0/8", "FromPort": port, "ToPort": port});
    protocols.iter().map(spelled).collect()
}

pub(super) static SPECIMENS: LazyLock<Vec<Specimen>> =
    LazyLock::new(|| vec![queue(), listener(), security_group(), schedule(), database(), target_group()]);

fn queue() -> Specimen {
    let kind = "AWS::SQS::Queue";
    let redrive = |count: u16| {
        let policy =
            json!({"deadLetterTargetArn": "arn:aws:sqs:eu-central-1:1:dead", "maxReceiveCount": count});
        vec![policy.clone(), Json::from(policy.to_string())]
    };
    let key = |name: &str| vec![json!(format!("arn:aws:kms:eu-central-1:1:key/{name}")), json!(name)];
    let timeout = [vec![json!(31), json!("31")], vec![json!(32), json!("32")], vec![json!(30)]];
    let timeout = unit(kind, "/VisibilityTimeout", &timeout.each_ref().map(Vec::as_slice));
    let redrive = [redrive(1), redrive(2), redrive(3)];
    let keys = [key("a"), key("b")];
    Specimen {
        kind,
        fixed: json!({}),
        units: vec![
            UnitOf { default: Some(2), ..timeout },
            unit(kind, "/RedrivePolicy", &redrive.each_ref().map(Vec::as_slice)),
            unit(kind, "/KmsMasterKeyId", &keys.each_ref().map(Vec::as_slice)),
            tag(kind, "team"),
            tag(kind, "cost"),
        ],
    }
}

fn listener() -> Specimen {
    let kind = "AWS::ElasticLoadBalancingV2::Listener";
    let alpn: [&[Json]; 2] = [&[json!(["HTTP2Only", "None"])], &[json!(["None", "HTTP2Only"])]];
    let certificate = |name: &str| vec![json!([{"CertificateArn": name}])];
    let certificates = [certificate("a"), certificate("b")];
    Specimen {
        kind,
        fixed: json!({
            "LoadBalancerArn": "arn:aws:elasticloadbalancing:eu-central-1:1:loadbalancer/app/a/1",
            "DefaultActions": [{"Type": "forward", "TargetGroupArn": "a"}],
        }),
        units: vec![
            unit(kind, "/AlpnPolicy", &alpn),
            unit(kind, "/Certificates", &certificates.each_ref().map(Vec::as_slice)),
        ],
    }
}

fn security_group() -> Specimen {
    let kind = "AWS::EC2::SecurityGroup";
    Specimen {
        kind,
        fixed: json!({"GroupDescription": "all"}),
        units: vec![
            element(kind, "/SecurityGroupEgress", &rule(443, &["tcp", "6"])),
            element(kind, "/SecurityGroupEgress", &rule(53, &["udp", "17"])),
            element(kind, "/SecurityGroupIngress", &rule(80, &["tcp"])),
            element(kind, "/SecurityGroupIngress", &rule(22, &["tcp"])),
            tag(kind, "team"),
        ],
    }
}

fn schedule() -> Specimen {
    let kind = "AWS::Scheduler::Schedule";
    let window = |minutes: u16| vec![json!({"Mode": "FLEXIBLE", "MaximumWindowInMinutes": minutes})];
    let windows = [window(1), window(2), window(3)];
    let zone = unit(
        kind,
        "/ScheduleExpressionTimezone",
        &[&[json!("Europe/Berlin")], &[json!("Asia/Tokyo")], &[json!("UTC")]],
    );
    let target =
        json!({"Arn": "arn:aws:sqs:eu-central-1:1:a", "RoleArn": "arn:aws:iam::123456789012:role/a"});
    Specimen {
        kind,
        fixed: json!({"ScheduleExpression": "rate(1 hour)", "Target": target}),
        units: vec![
            unit(kind, "/FlexibleTimeWindow", &windows.each_ref().map(Vec::as_slice)),
            UnitOf { default: Some(2), ..zone },
            unit(kind, "/Description", &[&[json!("a")], &[json!("b")], &[json!("c")]]),
        ],
    }
}

fn database() -> Specimen {
    let kind = "AWS::RDS::DBInstance";
    let days = [vec![json!(7), json!("7")], vec![json!(14), json!("14")], vec![json!(1), json!("1")]];
    let days = unit(kind, "/BackupRetentionPeriod", &days.each_ref().map(Vec::as_slice));
    Specimen {
        kind,
        fixed: json!({"DBInstanceClass": "db.m5.large", "Engine": "postgres", "AllocatedStorage": "20"}),
        units: vec![
            UnitOf { above_minimum: vec![0, 1], default: Some(2), ..days },
            unit(kind, "/MasterUserPassword", &[&[json!("one-two-three")], &[json!("two-three-four")]]),
            element(kind, "/EnableCloudwatchLogsExports", &[json!("postgresql")]),
            element(kind, "/EnableCloudwatchLogsExports", &[json!("upgrade")]),
        ],
    }
}

fn target_group() -> Specimen {
    let kind = "AWS::ElasticLoadBalancingV2::TargetGroup";
    Specimen {
        kind,
        fixed: json!({"Port": 80, "Protocol": "HTTP", "TargetType": "ip"}),
        units: vec![element(kind, "/Targets", &[json!({"Id": "i-1"})]), tag(kind, "team")],
    }
}

#[test]
fn the_specimens_have_units_of_every_sort() {
    let units: Vec<&UnitOf> = SPECIMENS.iter().flat_map(|specimen| &specimen.units).collect();
    let has = |is_it: &dyn Fn(&UnitOf) -> bool| units.iter().any(|unit| is_it(unit));
    let sorts: BTreeSet<&str> = units.iter().map(|unit| name(&unit.sort())).collect();
    let all = ["scalar", "atomic", "set", "map", "ordered", "embedded JSON", "group"];
    assert_eq!(sorts, BTreeSet::from(all));
    assert!(has(&|unit| unit.is_provider_owned()) && has(&|unit| !unit.is_readable()));
    for unit in &units {
        let default = unit.facts().default_at(&unit.path());
        assert_eq!(default, unit.default.map(|value| &unit.values[value][0]), "{}", unit.path);
    }
    assert!(has(&UnitOf::is_closed) && has(&|unit| !unit.above_minimum.is_empty()));
}

fn name(sort: &Unit) -> &'static str {
    match sort {
        Unit::Scalar => "scalar",
        Unit::Atomic => "atomic",
        Unit::Set => "set",
        Unit::Map(_) => "map",
        Unit::Ordered => "ordered",
        Unit::EmbeddedJson => "embedded JSON",
        Unit::Group(_) => "group",
    }
}
