//! Gateways: a load balancer each, in the public tier, that sends requests to the process with the gateways. With a domain it
//! encrypts, and answers on the open port only by sending there.

use compiler_model::{DEFAULT_GATEWAY, Gateway as Declared};
use schema_documents::environment::GatewaySettings;
use schema_documents::{Json, Origin, ResourceId, Value};
use serde_json::json;

use super::access_log::AccessLog;
use super::network::{self, Network, PROCESS_PORT};
use crate::builder::{Draft, Lowering, id, output};

/// The path that tells whether an instance of the app is well.
const HEALTH_PATH: &str = "/__encore/healthz";

/// TLS 1.2 and 1.3, with ciphers that keep past traffic secret.
const TLS_POLICY: &str = "ELBSecurityPolicy-TLS13-1-2-2021-06";

/// What the process behind a gateway needs of it.
pub(crate) struct Gateway {
    pub target_group: ResourceId,
    pub listener: ResourceId,
}

/// Where the app is reached from outside: by the gateway that is there by itself, else the first by name.
pub(crate) fn base_url(lowering: &Lowering<'_>) -> Option<Value> {
    let gateways = &lowering.model.gateways;
    let name = gateways.get_key_value(DEFAULT_GATEWAY).or_else(|| gateways.first_key_value())?.0;
    let domain =
        lowering.environment.environment.gateway.get(name).and_then(|settings| settings.domain.as_deref());
    Some(match domain {
        Some(domain) => format!("https://{domain}").into(),
        None => Value::join(["http://".into(), output(&load_balancer_id(name), "/DNSName")]),
    })
}

fn load_balancer_id(gateway: &str) -> ResourceId {
    id(["gateway", gateway, "load-balancer"])
}

pub(crate) fn lower(lowering: &mut Lowering<'_>, network: &Network, log: Option<&AccessLog>) -> Vec<Gateway> {
    let model = lowering.model;
    model.gateways.values().map(|gateway| lower_one(lowering, gateway, network, log)).collect()
}

fn lower_one(
    lowering: &mut Lowering<'_>,
    gateway: &Declared,
    network: &Network,
    log: Option<&AccessLog>,
) -> Gateway {
    let name = gateway.name.as_str();
    let why = gateway.at.as_ref().map_or_else(|| lowering.default("gateway"), Lowering::declared);
    let load_balancer = load_balancer(lowering, name, network, log, &why);
    let target_group = target_group(lowering, name, network, &why);
    let forward = json!({ "Type": "forward", "TargetGroupArn": output(&target_group, "/TargetGroupArn") });
    let settings = lowering.environment.environment.gateway.get(name);
    let listener = if let Some((settings, domain)) = settings.and_then(|it| Some((it, it.domain.as_deref()?)))
    {
        Domain { gateway: name, name: domain, settings }.lower(lowering, &load_balancer, &forward)
    } else {
        // Without a domain there is no certificate, so the listener speaks plain HTTP, until somebody gives it one.
        let listener = listener(name, "listener", &load_balancer, (80, "HTTP"), &forward, &why);
        lowering.add(listener.open("/Protocol"))
    };
    Gateway { target_group, listener }
}

fn load_balancer(
    lowering: &mut Lowering<'_>,
    name: &str,
    network: &Network,
    log: Option<&AccessLog>,
    why: &Origin,
) -> ResourceId {
    let subnets: Vec<Value> = network.public.iter().map(|subnet| output(subnet, "/SubnetId")).collect();
    let protected = (!network::is_ephemeral(lowering)).to_string();
    let attribute = |key: &str, value: Value| json!({ "Key": key, "Value": value });
    let mut attributes = vec![
        attribute("deletion_protection.enabled", protected.as_str().into()),
        attribute("routing.http.drop_invalid_header_fields.enabled", "true".into()),
    ];
    if let Some(log) = log {
        attributes.push(attribute("access_logs.s3.enabled", "true".into()));
        attributes.push(attribute("access_logs.s3.bucket", output(&log.bucket, "/BucketName")));
        attributes.push(attribute("access_logs.s3.prefix", format!("gateway/{name}").as_str().into()));
    }
    let draft = Draft::new(load_balancer_id(name), "AWS::ElasticLoadBalancingV2::LoadBalancer", why)
        .named([name])
        .properties(json!({
            "Type": "application",
            "Scheme": "internet-facing",
            "Subnets": subnets,
            "SecurityGroups": [output(&network.groups.load_balancer, "/GroupId")],
            "LoadBalancerAttributes": attributes,
        }))
        .after(&network.gateway_attachment);
    lowering.add(match log {
        Some(log) => draft.after(&log.policy),
        None => draft,
    })
}

fn target_group(lowering: &mut Lowering<'_>, name: &str, network: &Network, why: &Origin) -> ResourceId {
    let id = id(["gateway", name, "target-group"]);
    let draft = Draft::new(id, "AWS::ElasticLoadBalancingV2::TargetGroup", why).named([name]);
    lowering.add(draft.properties(json!({
        "VpcId": output(&network.vpc, "/VpcId"),
        "TargetType": "ip",
        "Protocol": "HTTP",
        "Port": PROCESS_PORT,
        "HealthCheckPath": HEALTH_PATH,
        "HealthCheckProtocol": "HTTP",
        "Matcher": { "HttpCode": "200" },
        "TargetGroupAttributes": [{ "Key": "deregistration_delay.timeout_seconds", "Value": "30" }],
    })))
}

fn listener(
    name: &str,
    role: &str,
    load_balancer: &ResourceId,
    (port, protocol): (u16, &str),
    action: &Json,
    why: &Origin,
) -> Draft {
    let id = id(["gateway", name, role]);
    Draft::new(id, "AWS::ElasticLoadBalancingV2::Listener", why).properties(json!({
        "LoadBalancerArn": output(load_balancer, "/LoadBalancerArn"),
        "Port": port,
        "Protocol": protocol,
        "DefaultActions": [action],
    }))
}

/// A gateway that is reached under a domain.
struct Domain<'a> {
    gateway: &'a str,
    name: &'a str,
    settings: &'a GatewaySettings,
}

impl Domain<'_> {
    /// The listener that encrypts, and what belongs to it.
    fn lower(&self, lowering: &mut Lowering<'_>, load_balancer: &ResourceId, forward: &Json) -> ResourceId {
        let why = lowering.asked(&["gateway", self.gateway, "domain"], "gateway");
        let certificate = self.certificate(lowering, &why);
        let draft = listener(self.gateway, "listener", load_balancer, (443, "HTTPS"), forward, &why);
        let draft = draft.set("SslPolicy", TLS_POLICY);
        let listener_id = lowering.add(draft.set("Certificates", json!([{ "CertificateArn": certificate }])));
        let redirect = json!({
            "Type": "redirect",
            "RedirectConfig": { "Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301" },
        });
        // A listener that spoke plain HTTP so far has to leave the port first.
        let draft = listener(self.gateway, "redirect", load_balancer, (80, "HTTP"), &redirect, &why);
        lowering.add(draft.open("/Protocol").after(&listener_id));
        if let Some(zone) = &self.settings.hosted_zone {
            self.record(lowering, zone, load_balancer, &why);
        }
        listener_id
    }

    /// The certificate's ARN: of one that is there, or of one that the zone vouches for.
    fn certificate(&self, lowering: &mut Lowering<'_>, why: &Origin) -> Value {
        if let Some(certificate) = &self.settings.certificate {
            return certificate.as_str().into();
        }
        let id = id(["gateway", self.gateway, "certificate"]);
        let draft = Draft::new(id, "AWS::CertificateManager::Certificate", why).properties(json!({
            "DomainName": self.name,
            "ValidationMethod": "DNS",
            "DomainValidationOptions": [
                { "DomainName": self.name, "HostedZoneId": self.settings.hosted_zone },
            ],
        }));
        output(&lowering.add(draft), "/CertificateArn")
    }

    fn record(&self, lowering: &mut Lowering<'_>, zone: &str, load_balancer: &ResourceId, why: &Origin) {
        let draft = Draft::new(id(["gateway", self.gateway, "record"]), "AWS::Route53::RecordSet", why);
        lowering.add(draft.properties(json!({
            "HostedZoneId": zone,
            "Name": self.name,
            "Type": "A",
            "AliasTarget": {
                "DNSName": output(load_balancer, "/DNSName"),
                "HostedZoneId": output(load_balancer, "/CanonicalHostedZoneID"),
                "EvaluateTargetHealth": true,
            },
        })));
    }
}
