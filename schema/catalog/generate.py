#!/usr/bin/env python3
"""Writes data/aws.json and data/aws-broad.zlib: facts about AWS resource kinds, from the schemas that the Python package
cfn-lint carries.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install cfn-lint
    /tmp/venv/bin/python schema/catalog/generate.py

Facts only, no prose: property trees with their constraints, identifiers, handlers with their permissions. One kind
per line, sorted, so that a difference of the file shows which kinds a new release of the schemas changed.

The second file has a line for every kind that there is, with what a comparison needs and nothing else, compressed.
"""

import importlib.metadata
import importlib.util
import json
import pathlib
import re
import sys
import zlib

REGION = "us-east-1"
HERE = pathlib.Path(__file__).resolve().parent
OUTPUT = HERE / "data" / "aws.json"
BROAD = HERE / "data" / "aws-broad.zlib"

KINDS = {
    "ApplicationAutoScaling": "ScalableTarget ScalingPolicy",
    "AutoScaling": "AutoScalingGroup",
    "CertificateManager": "Certificate",
    "CloudFront": "Distribution KeyGroup OriginAccessControl PublicKey",
    "CloudTrail": "Trail",
    "CloudWatch": "Alarm",
    "EC2": "DHCPOptions EIP EgressOnlyInternetGateway FlowLog InternetGateway LaunchTemplate NatGateway NetworkAcl "
    "NetworkAclEntry Route RouteTable SecurityGroup SecurityGroupEgress SecurityGroupIngress "
    "SecurityGroupVpcAssociation Subnet SubnetNetworkAclAssociation SubnetRouteTableAssociation VPC VPCCidrBlock "
    "VPCDHCPOptionsAssociation VPCEndpoint VPCGatewayAttachment",
    "ECR": "PullThroughCacheRule RegistryPolicy RegistryScanningConfiguration Repository RepositoryCreationTemplate",
    "ECS": "CapacityProvider Cluster ClusterCapacityProviderAssociations ExpressGatewayService PrimaryTaskSet Service "
    "TaskDefinition TaskSet",
    "EKS": "AccessEntry Addon Cluster FargateProfile IdentityProviderConfig Nodegroup PodIdentityAssociation",
    "ElastiCache": "CacheCluster ParameterGroup ReplicationGroup ServerlessCache SubnetGroup User UserGroup",
    "ElasticLoadBalancingV2": "Listener ListenerCertificate ListenerRule LoadBalancer TargetGroup",
    "Events": "ApiDestination Connection EventBus Rule",
    "IAM": "InstanceProfile ManagedPolicy OIDCProvider Policy Role RolePolicy ServiceLinkedRole",
    "KMS": "Alias Key",
    "Lambda": "Function",
    "Logs": "LogGroup ResourcePolicy",
    "RDS": "DBCluster DBClusterParameterGroup DBInstance DBParameterGroup DBProxy DBSubnetGroup EventSubscription",
    "ResourceGroups": "Group",
    "Route53": "HostedZone RecordSet",
    "S3": "AccessPoint Bucket BucketPolicy",
    "SNS": "Subscription Topic TopicInlinePolicy TopicPolicy",
    "SQS": "Queue QueueInlinePolicy QueuePolicy",
    "SSM": "Parameter",
    "Scheduler": "Schedule ScheduleGroup",
    "SecretsManager": "ResourcePolicy RotationSchedule Secret SecretTargetAttachment",
    "ServiceDiscovery": "HttpNamespace PrivateDnsNamespace Service",
}

# What the Rust crate `regex` refuses, because it cannot be matched in linear time or is no character.
UNSUPPORTED_IN_PATTERNS = re.compile(r"\(\?[=!<>]|\\[1-9]|\\[ZzGc]|\\u[dD][89a-fA-F]|[*+?}]\+")

# JSON Schema word -> word of the catalogue, for those that are copied as they are.
COPIED = {
    "minLength": "min_length",
    "maxLength": "max_length",
    "minimum": "minimum",
    "maximum": "maximum",
    "minItems": "min_items",
    "maxItems": "max_items",
    "default": "default",
    "format": "format",
}


# What a transform of a property looks like -> how two values of it are told apart. The first that fits.
TRANSFORMS = [
    (re.compile(pattern), rule)
    for pattern, rule in (
        (r":kms:", "key-reference"),
        (r"'icmpv6'.*lowercase\(IpProtocol\)\)$", "protocol"),
        (r"\$lookup|~>|\?", None),
        (r"\$join\(\[\w+, \"\.\"\]\)|\\\.\$/", "domain-name"),
        (r"EngineVersion", "prefix-version"),
        (r"arn:|\$split\(|\$substringAfter\(", "arn-or-name"),
        (r"\\s\+\$/|\n\$/|\"\n\"", "trimmed"),
        (r"\$lowercase\(|\$uppercase\(|\"prefix\"", "ignore-case"),
    )
]

# What the broad file keeps of a property.
COMPARED = {"ref", "type", "properties", "pattern_properties", "items", "unique_items", "insertion_order", "format", "default"}
COMPARED_FORMATS = ("AWS::IAM::Role", "AWS::KMS::Key")

# How prose says what is filled in where nothing is given.
DEFAULT_IN_PROSE = re.compile(
    r"(?:[Tt]he default(?: value| setting)?(?: for [\w ]{1,40})? is|[Dd]efault(?:s| value)?(?: is| to|:)|by default, this value is set to)"
    r"\s*[:]?\s*(?P<quote>``|`|'|\"|\*\*)?(?P<value>[\w.:/-]+?)(?P=quote)?(?=[\s.,;)]*(?:\s|$|``|`))",
)


class Generator:
    """Turns one provider schema into the facts of one kind."""

    def __init__(self, raw):
        self.raw = raw
        self.dropped = []

    def kind(self):
        raw = self.raw
        xor, some = groups(raw)
        kind = {
            "name": raw["typeName"],
            "identifier": self.paths("primaryIdentifier", keep_order=True),
            "required": sorted(raw.get("required", [])),
            "create_only": self.paths("createOnlyProperties"),
            "conditional_create_only": self.paths("conditionalCreateOnlyProperties"),
            "read_only": self.paths("readOnlyProperties"),
            "write_only": self.paths("writeOnlyProperties"),
            "handlers": {name: handler(raw) for name, raw in sorted(raw.get("handlers", {}).items())},
            "tags": self.tags(),
            "replacement": raw.get("replacementStrategy", "create_then_delete"),
            "properties": self.members(raw["properties"]),
            "definitions": self.members(self.used_definitions()),
        }
        if xor:
            kind["required_xor"] = xor
        if some:
            kind["required_or"] = some
        equality = self.equality()
        if equality:
            kind["equality"] = equality
        return kind

    def equality(self):
        """What a schema's transforms say about two spellings of the same, where that is a rule that we have a name for."""
        found = {}
        for pointer, transform in self.raw.get("propertyTransform", {}).items():
            rule = next((rule for pattern, rule in TRANSFORMS if pattern.search(str(transform))), None)
            path = self.path(pointer)
            if rule and path:
                found[path] = rule
        return dict(sorted(found.items()))

    def members(self, raw):
        return {name: self.schema(member) for name, member in sorted(raw.items())}

    def schema(self, raw):
        if not isinstance(raw, dict):
            return {}
        out = {}
        if "$ref" in raw:
            out["ref"] = definition_name(raw["$ref"])
        types = raw.get("type", [])
        if types:
            out["type"] = sorted([types] if isinstance(types, str) else types)
        properties = dict(raw.get("properties", {}))
        for branch in branches(raw):
            for name, member in (branch.get("properties") or {}).items():
                properties.setdefault(name, member)
        if properties:
            out["properties"] = self.members(properties)
        patterns = {portable(name): member for name, member in raw.get("patternProperties", {}).items() if usable(name)}
        if isinstance(raw.get("additionalProperties"), dict):
            patterns[""] = raw["additionalProperties"]
        if patterns:
            out["pattern_properties"] = self.members(patterns)
        if raw.get("additionalProperties") is False and len(patterns) == len(raw.get("patternProperties", {})):
            out["additional_properties"] = False
        if raw.get("required"):
            out["required"] = sorted(raw["required"])
        xor, some = groups(raw)
        if xor:
            out["required_xor"] = xor
        if some:
            out["required_or"] = some
        if isinstance(raw.get("items"), dict):
            out["items"] = self.schema(raw["items"])
        if raw.get("uniqueItems"):
            out["unique_items"] = True
        if "insertionOrder" in raw:
            out["insertion_order"] = raw["insertionOrder"]
        if "const" in raw:
            out["enum"] = [raw["const"]]
        if "enum" in raw:
            out["enum"] = raw["enum"]
        if "enumCaseInsensitive" in raw:
            out["enum"] = raw["enumCaseInsensitive"]
            out["enum_ignore_case"] = True
        if "pattern" in raw and usable(raw["pattern"]):
            out["pattern"] = portable(raw["pattern"])
        for word, ours in COPIED.items():
            if word in raw:
                out[ours] = raw[word]
        if key_formats(raw):
            out["format"] = "AWS::KMS::Key"
        return dict(sorted(out.items()))

    def used_definitions(self):
        """The definitions that the properties reach; schemas carry more."""
        reached, queue = {}, [self.raw["properties"]]
        while queue:
            at = queue.pop()
            if isinstance(at, dict):
                name = at.get("$ref")
                if isinstance(name, str):
                    name = definition_name(name)
                    if name not in reached:
                        reached[name] = self.definition(name)
                        queue.append(reached[name])
                queue.extend(at.values())
            elif isinstance(at, list):
                queue.extend(at)
        return reached

    def tags(self):
        tagging = self.raw.get("tagging", {})
        taggable = tagging.get("taggable", self.raw.get("taggable", False))
        path = tagging.get("tagProperty", "/properties/Tags")
        if not taggable or not tagging.get("tagUpdatable", True):
            return None
        return self.path(path)

    def paths(self, word, keep_order=False):
        found = []
        for pointer in self.raw.get(word, []):
            path = self.path(pointer)
            if path is None:
                self.dropped.append(f"{self.raw['typeName']} {word} {pointer}")
            elif path not in found:
                found.append(path)
        return found if keep_order else sorted(found)

    def path(self, pointer):
        """`/properties/A/B` as `/A/*/B`, if the property tree has it: some schemas leave the `*` out."""
        segments = [segment for segment in pointer.split("/")[2:] if segment != "properties"]
        at, out = {"properties": self.raw["properties"]}, []
        for segment in segments:
            at = self.resolve(at)
            if "items" in at:
                out.append("*")
                at = self.resolve(at["items"])
                if segment in ("*", "items", "[]"):
                    continue
            elif segment == "*" and at.get("patternProperties"):
                out.append("*")
                at = next(iter(at["patternProperties"].values()))
                continue
            members = dict(at.get("properties", {}))
            for branch in branches(at):
                members.update(branch.get("properties") or {})
            if segment not in members:
                return None
            out.append(segment)
            at = members[segment]
        return "/" + "/".join(out)

    def resolve(self, schema):
        for _ in range(8):
            if "$ref" not in schema:
                break
            schema = self.definition(definition_name(schema["$ref"]))
        return schema

    def definition(self, name):
        if name in self.raw.get("definitions", {}):
            return self.raw["definitions"][name]
        at = self.raw
        for segment in name.split("/"):
            at = at[segment]
        return at


def branches(raw):
    return [branch for word in ("anyOf", "oneOf") for branch in raw.get(word, []) if isinstance(branch, dict)]


def key_formats(raw):
    """Whether a text names an encryption key in any of the ways there are."""
    formats = [branch.get("format", "") for branch in branches(raw)]
    return bool(formats) and all(name.startswith("AWS::KMS::") for name in formats)


def groups(raw):
    """Sets of members of which exactly one, and of which at least one, must be there."""
    xor = [sorted(raw["requiredXor"])] if "requiredXor" in raw else []
    some = [sorted(raw["requiredOr"])] if "requiredOr" in raw else []
    for word, found in (("oneOf", xor), ("anyOf", some)):
        single = [branch.get("required", []) for branch in raw.get(word, []) if isinstance(branch, dict)]
        if single and all(len(names) == 1 for names in single):
            names = sorted({name for names in single for name in names})
            if names not in found:
                found.append(names)
    return xor, some


def handler(raw):
    out = {}
    if raw.get("permissions"):
        out["permissions"] = sorted(set(raw["permissions"]))
    if raw.get("timeoutInMinutes"):
        out["timeout_minutes"] = raw["timeoutInMinutes"]
    needed = raw.get("handlerSchema") or {}
    requires = set(needed.get("required", []))
    for word in ("oneOf", "anyOf", "allOf"):
        for branch in needed.get(word, [])[:1]:
            requires.update(branch.get("required", []))
    if requires:
        out["requires"] = sorted(requires)
    return out


def definition_name(reference):
    """What a reference is called among the definitions; `properties/Arn` for one to a property."""
    if not reference.startswith("#/"):
        raise SystemExit(f"a reference that this generator does not understand: {reference}")
    return reference.removeprefix("#/definitions/").removeprefix("#/")


def usable(pattern):
    return not UNSUPPORTED_IN_PATTERNS.search(pattern)


def portable(pattern):
    """The pattern with `[`, `&&`, `--` and `~~` inside character classes escaped: in Rust they are set operations."""
    out, in_class, at = [], False, 0
    while at < len(pattern):
        char, after = pattern[at], pattern[at + 1 : at + 2]
        if char == "\\":
            out.append(char + after)
            at += 2
            continue
        if not in_class:
            in_class = char == "["
            out.append(char)
        elif char == "]":
            in_class = False
            out.append(char)
        else:
            out.append("\\" + char if char == "[" or (char in "&-~" and char == after) else char)
        at += 1
    return "".join(out)


def broad(raw, kind):
    """What a comparison needs of a kind: nothing about what is valid, and what its prose says about defaults."""
    kind = dict(kind, required=[], handlers={})
    kind.pop("required_xor", None)
    kind.pop("required_or", None)
    for word, source in (("properties", raw["properties"]), ("definitions", raw.get("definitions", {}))):
        kind[word] = {name: compared(member, source.get(name, {})) for name, member in kind[word].items()}
    return kind


def compared(schema, raw):
    out = {word: value for word, value in schema.items() if word in COMPARED}
    if not str(out.get("format", "")).startswith(COMPARED_FORMATS):
        out.pop("format", None)
    for word in ("properties", "pattern_properties"):
        if word in out:
            known = raw.get("properties", {}) if word == "properties" else {}
            out[word] = {name: compared(member, known.get(name, {})) for name, member in out[word].items()}
    if "items" in out:
        out["items"] = compared(out["items"], raw.get("items", {}))
    if "default" not in out:
        default = default_in_prose(schema, raw)
        if default is not None:
            out["default"] = default
    return out


def default_in_prose(schema, raw):
    """The default that a description names, if it can be one: of the property's type, and among its allowed values."""
    found = DEFAULT_IN_PROSE.search(raw.get("description", ""))
    if not found:
        return None
    types, text = schema.get("type", []), found["value"].rstrip(".")
    if "boolean" in types:
        return {"true": True, "false": False}.get(text.lower())
    if "integer" in types or "number" in types:
        return int(text) if re.fullmatch(r"-?\d+", text) else None
    if "string" not in types:
        return None
    if "enum" in schema:
        return next((value for value in schema["enum"] if str(value).lower() == text.lower()), None)
    return text if found["quote"] in ("``", "`") or re.fullmatch(r"[A-Z][A-Z0-9_]+", text) else None


def main():
    spec = importlib.util.find_spec("cfnlint")
    if spec is None:
        raise SystemExit("cfn-lint is not installed here: pip install cfn-lint")
    schemas = pathlib.Path(spec.submodule_search_locations[0]) / "data" / "schemas"
    index = json.loads((schemas / "providers" / f"{REGION}.json").read_text())
    lines = []
    for service, names in sorted(KINDS.items()):
        for name in sorted(names.split()):
            raw = json.loads((schemas / "resources" / f"{index[f'AWS::{service}::{name}']}.json").read_text())
            generator = Generator(raw)
            lines.append(json.dumps(generator.kind(), separators=(",", ":"), ensure_ascii=False))
            for dropped in generator.dropped:
                print("no such property:", dropped, file=sys.stderr)
    everything = []
    for _, digest in sorted(index.items()):
        raw = json.loads((schemas / "resources" / f"{digest}.json").read_text())
        kind = broad(raw, Generator(raw).kind())
        everything.append(json.dumps(kind, separators=(",", ":"), ensure_ascii=False))
    header = {
        "source": "cfn-lint (MIT-0)",
        "version": importlib.metadata.version("cfn-lint"),
        "schema_date": json.loads((schemas / "version.json").read_text())["schema_date"],
        "region": REGION,
    }
    text = json.dumps(header, indent=1)[:-2] + ',\n "kinds": [\n' + ",\n".join(lines) + "\n]}\n"
    json.loads(text)
    OUTPUT.write_text(text)
    print(f"{len(lines)} kinds, {len(text)} bytes", file=sys.stderr)
    packed = zlib.compress("\n".join(everything).encode(), 9)
    BROAD.write_bytes(packed)
    print(f"{len(everything)} kinds for comparisons, {len(packed)} bytes", file=sys.stderr)


if __name__ == "__main__":
    main()
