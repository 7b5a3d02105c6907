"""R5 resources with the identifier systems of HL7 China's Connectathon guide. HL7 中国测试实施指南的标识系统。

Source: the guide's profiles core-patient and core-inpatient-encounter, releases 2024.4.23, 2024.5.5 and 2025.3.12.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapter.fhir.elements import Resource
from adapter.fhir.identity import extension_url

#: By type: the system that we use → the guide's. The social-security card is not in what we write of a person. The
#: guide has the stay's as urn:uuid:2.16.156.10011.1.10, which is no UUID (R5's type uuid): HL7's validator refuses it.
SYSTEMS: Mapping[str, Mapping[str, str]] = {
    "Patient": {"urn:oid:2.16.156.10011.1.3": "urn:oid:2.16.840.1.113883.2.23.1.19.1"},
    "Encounter": {"urn:oid:2.16.156.10011.1.12": "urn:oid:2.16.156.10011.1.10"},
}

#: By the profile that a resource claims: the one that it keeps as well, once it has the guide's identifier.
_NARROWER = {
    extension_url("hospital-patient"): extension_url("hl7-china-patient"),
    extension_url("inpatient-stay"): extension_url("hl7-china-stay"),
}


def of_hl7_china(resource: Mapping[str, Any]) -> Resource:
    """The resource under the guide's systems, the resources of a Bundle too; what has none of them is as it was.

    Args:
        resource: R5, or a type that R5 has as R4 has it.
    """
    made = dict(resource)
    if made["resourceType"] == "Bundle":
        made["entry"] = [
            {**each, "resource": of_hl7_china(each["resource"])} if "resource" in each else each
            for each in made["entry"]
        ]
        return made
    systems = SYSTEMS.get(made["resourceType"], {})
    if not any(each.get("system") in systems for each in made.get("identifier", ())):
        return made
    made["identifier"] = [_moved(each, systems) for each in made["identifier"]]
    claimed = made.get("meta", {}).get("profile", ())
    if claimed:
        made["meta"] = {**made["meta"], "profile": [_NARROWER.get(url, url) for url in claimed]}
    return made


def _moved(identifier: Mapping[str, Any], systems: Mapping[str, str]) -> dict[str, Any]:
    system = identifier.get("system", "")
    return {**identifier, "system": systems[system]} if system in systems else dict(identifier)
