#!/usr/bin/env python3
"""Writes data/aws-actions.json: which permissions of the handlers in data/aws.json IAM knows, and what each can be limited to.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install cfn-lint
    /tmp/venv/bin/python schema/catalog/actions.py

Schemas name permissions that IAM has none of. In a policy they do nothing, so they are left out. One service per line.
"""

import importlib.metadata
import importlib.util
import json
import pathlib

DATA = pathlib.Path(__file__).resolve().parent / "data"


def main():
    spec = importlib.util.find_spec("cfnlint")
    if spec is None:
        raise SystemExit("cfn-lint is not installed here: pip install cfn-lint")
    policies = pathlib.Path(spec.submodule_search_locations[0]) / "data" / "AdditionalSpecs" / "Policies.json"
    known = json.loads(policies.read_text())
    services = {}
    for kind in json.loads((DATA / "aws.json").read_text())["kinds"]:
        for handler in kind["handlers"].values():
            for permission in handler.get("permissions", []):
                service, action = permission.split(":", 1)
                actions = known.get(service.lower(), {}).get("Actions", {})
                fact = actions.get(action.lower())
                if fact is not None or (actions and action.endswith("*")):
                    resources = sorted((fact or {}).get("Resources", []))
                    services.setdefault(service.lower(), {})[action] = resources
    header = {"source": "cfn-lint (MIT-0)", "version": importlib.metadata.version("cfn-lint")}
    lines = [
        json.dumps(service) + ":" + json.dumps(dict(sorted(actions.items())), separators=(",", ":"))
        for service, actions in sorted(services.items())
    ]
    text = json.dumps(header, indent=1)[:-2] + ',\n "services": {\n' + ",\n".join(lines) + "\n}}\n"
    json.loads(text)
    (DATA / "aws-actions.json").write_text(text)


if __name__ == "__main__":
    main()
