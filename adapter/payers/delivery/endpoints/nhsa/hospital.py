"""Who speaks: the institution and its operator, and the keys for signing. Keys never print (医院与密钥)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from adapter.model.issues import AdapterError
from adapter.payers.delivery.endpoints.nhsa import setting_issues


@dataclass(frozen=True, slots=True)
class Hospital:
    """The institution as the bureau knows it.

    Attributes:
        division: six-digit division of the place of care (mdtrtarea_admvs).
        opter_type: 1 operator, 2 self-service, 3 mobile.
        mac, ip: of the machine that signs in (9001).
    """

    fixmedins_code: str
    fixmedins_name: str
    division: str
    opter: str
    opter_name: str
    opter_type: str = "1"
    mac: str = ""
    ip: str = ""

    def checked(self, endpoint: str, *, sign_in: bool) -> Hospital:
        """This, or AdapterError CFG-735 for each setting that is empty; 9001 needs the machine's addresses too."""
        always = ("fixmedins_code", "fixmedins_name", "division", "opter", "opter_name")
        missing = [name for name in (*always, *(("mac", "ip") if sign_in else ())) if not getattr(self, name)]
        if missing:
            raise AdapterError(*(setting_issues.hospital_unset(f"endpoints.{endpoint}.nhsa.{n}") for n in missing))
        return self


@dataclass(frozen=True, slots=True)
class Keys:
    """Secrets for signing, by name (``access_key``, ``secret_key``, ``sm2_private`` …). Nothing of it prints."""

    values: Mapping[str, str] = field(default_factory=dict, repr=False)

    def need(self, name: str, scheme: str) -> str:
        """A secret, or AdapterError CFG-731."""
        found = self.values.get(name, "")
        if not found:
            raise AdapterError(setting_issues.key_unset(name, scheme))
        return found


@dataclass(frozen=True, slots=True)
class Credential:
    """What the patient gave at the window, for one sending. Never stored.

    Attributes:
        number: token of the electronic credential or number of the card.
        card_sn: recognition code of a card.
    """

    number: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    card_sn: str = field(default="", repr=False)
