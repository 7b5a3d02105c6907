"""The dialects that the kit speaks. A new one is a row of ``DIALECTS``: its scenario files, its words, its player."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from ssl import SSLContext
from typing import Any

import httpx

from adapter.counterparts.conformance.aid_xml import clerk as aid_clerk
from adapter.counterparts.conformance.aid_xml import site as aid_site
from adapter.counterparts.conformance.checks import CHECKS
from adapter.counterparts.conformance.checks_sums import SUMS
from adapter.counterparts.conformance.folder import checks as folder_checks
from adapter.counterparts.conformance.folder import clerk as folder_clerk
from adapter.counterparts.conformance.folder.drop import Drop
from adapter.counterparts.conformance.hospital import SENDS, Hospital
from adapter.counterparts.conformance.issues import secret_missing, unknown_dialect
from adapter.counterparts.conformance.masking import Mask
from adapter.counterparts.conformance.nhsa import checks as nhsa_checks
from adapter.counterparts.conformance.nhsa import clerk as nhsa_clerk
from adapter.counterparts.conformance.nhsa import site as nhsa_site
from adapter.counterparts.conformance.nhsa.signing import Signer
from adapter.counterparts.conformance.play import Player, Result, play
from adapter.counterparts.conformance.scenario import Scenario, chosen, load_scenarios
from adapter.counterparts.conformance.site import Site, load_site
from adapter.counterparts.conformance.wire_talk import Talk, client_for
from adapter.model.issues import AdapterError

FOLDER = "conformance"
AnySite = Site | nhsa_site.NhsaSite | aid_site.AidXmlSite


@dataclass(frozen=True, slots=True)
class Target:
    """The party under test.

    Attributes:
        url: its base address; of one that is reached by files: the exchange folder.
        secret: gives the value of an environment variable, or None.
        client: how it is reached; None: over the network.
        token: gives the bearer token to show (``Bearer``); None: the site's, where it names one.
        tls: certificate that is shown and authorities that are trusted; None: the machine's own.
        pause: waits so many seconds between two looks into a folder.
    """

    url: str
    site: AnySite
    secret: Callable[[str], str | None] = field(default=lambda _: None, repr=False)
    client: httpx.Client | None = None
    token: Callable[[str | None], str] | None = field(default=None, repr=False)
    tls: SSLContext | None = field(default=None, repr=False)
    pause: Callable[[float], None] = field(default=time.sleep, repr=False)


@dataclass(frozen=True, slots=True)
class Dialect:
    """One wire format.

    Attributes:
        files: role → scenario file below ``mappings/conformance``.
        sends, checks: the words of its scenarios.
        opened: makes the player of one scenario, given role, target and the stay's name.
        site: the site file as shipped, below ``mappings/conformance``.
        load_site: reads such a file.
        features: what of a scenario's ``forms`` a site has; a scenario that wants none fits every site.
    """

    files: Mapping[str, str]
    sends: Collection[str]
    checks: Collection[str]
    opened: Callable[[str, Target, httpx.Client, str], Player[Any]]
    site: str
    load_site: Callable[..., AnySite]
    features: Callable[[AnySite], frozenset[str]] = lambda _: frozenset()


def _fhir(role: str, target: Target, client: httpx.Client, case: str) -> Player[Any]:
    site = target.site
    assert isinstance(site, Site)
    talk = Talk(target.url.rstrip("/"), client, site.timeout_seconds)
    return Hospital(role, site, Mask.of(site.persons.values()), case, talk=talk)


def _nhsa(role: str, target: Target, client: httpx.Client, case: str) -> Player[Any]:
    site = target.site
    assert isinstance(site, nhsa_site.NhsaSite)
    talk = Talk(target.url.rstrip("/"), client, site.timeout_seconds, "application/json")
    shown = [text for person in site.persons.values() for text in (person.certno, person.name)]
    key, secret = _secret(target, site.key_env, "key_env"), _secret(target, site.secret_env, "secret_env")
    signer = Signer(site.signing, key, secret)
    return nhsa_clerk.Clerk(site, talk, Mask.of(shown, nhsa_clerk.PERSONAL), signer, case)


def _aid_xml(role: str, target: Target, client: httpx.Client, case: str) -> Player[Any]:
    site = target.site
    assert isinstance(site, aid_site.AidXmlSite)
    client.cookies.clear()  # every scenario begins without a session
    talk = Talk(target.url.rstrip("/"), client, site.timeout_seconds, "text/xml")
    shown = [text for person in site.persons.values() for text in (person.id_card, person.name)]
    mask = Mask.of(shown, aid_clerk.PERSONAL)
    return aid_clerk.AidClerk(site, talk, mask, _secret(target, site.password_env, "password_env"), case)


def _folder(role: str, target: Target, client: httpx.Client, case: str) -> Player[Any]:
    site = target.site
    assert isinstance(site, Site)
    drop = Drop(Path(target.url), site.wait_seconds, target.pause)
    return folder_clerk.FolderClerk(role, site, Mask.of(site.persons.values()), case, drop=drop)


def _secret(target: Target, variable: str, entry: str) -> str:
    """The value of an environment variable; empty where the site names none. Raises AdapterError CNF-905."""
    found = target.secret(variable) if variable else ""
    if variable and not found:
        raise AdapterError(secret_missing(variable, entry))
    return found or ""


DIALECTS: Mapping[str, Dialect] = {
    "fhir": Dialect(
        files={"insurance": "fhir/insurance.yaml", "aid": "fhir/aid.yaml"},
        sends=tuple(SENDS),
        checks=(*CHECKS, *SUMS),
        opened=_fhir,
        site="site.yaml",
        load_site=load_site,
    ),
    "nhsa": Dialect(
        files={"insurance": "nhsa/insurance.yaml"},
        sends=tuple(nhsa_clerk.SENDS),
        checks=("answer", *nhsa_checks.CHECKS),
        opened=_nhsa,
        site="nhsa/site.yaml",
        load_site=nhsa_site.load_site,
        features=lambda site: site.features if isinstance(site, nhsa_site.NhsaSite) else frozenset(),
    ),
    "aid-xml": Dialect(
        files={"aid": "aid-xml/aid.yaml"},
        sends=tuple(aid_clerk.SENDS),
        checks=tuple(aid_clerk.CHECKS),
        opened=_aid_xml,
        site="aid-xml/site.yaml",
        load_site=aid_site.load_site,
    ),
    "folder": Dialect(
        files={"insurance": "folder/insurance.yaml", "aid": "folder/aid.yaml"},
        sends=tuple(folder_clerk.SENDS),
        checks=folder_checks.CHECKS,
        opened=_folder,
        site="folder/site.yaml",
        load_site=load_site,
    ),
}


def scenarios_for(dialect: str, role: str, mappings: Path, names: Sequence[str] = ()) -> tuple[Scenario, ...]:
    """The scenarios of a role, or those that are named. Raises AdapterError CNF-900, CNF-901, CNF-903."""
    spoken = _dialect(dialect, role)
    path = mappings / FOLDER / spoken.files[role]
    return chosen(load_scenarios(path, sends=spoken.sends, checks=spoken.checks), names)


def site_for(dialect: str, role: str, mappings: Path, file: Path | None, facility: str | None = None) -> AnySite:
    """The site file that is named, else the one as shipped. Raises AdapterError CNF-900, CNF-902."""
    spoken = _dialect(dialect, role)
    return spoken.load_site(file or mappings / FOLDER / spoken.site, facility=facility)


def conform(dialect: str, role: str, target: Target, scenarios: Sequence[Scenario]) -> Iterator[Result]:
    """Play the scenarios that fit a party's site, one by one. Raises AdapterError CNF-900, CNF-905, CNF-908."""
    spoken = _dialect(dialect, role)
    has = spoken.features(target.site)
    scenarios = [each for each in scenarios if not each.forms or each.forms & has]
    run = uuid.uuid4().hex[:10]
    with _client(target) as client:
        for number, scenario in enumerate(scenarios, start=1):
            player = spoken.opened(role, target, client, f"CONF-{run}-{number}")
            yield play(scenario, player, milliseconds)


def milliseconds() -> int:
    """A clock that only goes forward."""
    return time.monotonic_ns() // 1_000_000


def _dialect(dialect: str, role: str) -> Dialect:
    spoken = DIALECTS.get(dialect)
    if spoken is None or role not in spoken.files:
        known = (f"{name} ({each})" for name, one in DIALECTS.items() for each in one.files)
        raise AdapterError(unknown_dialect(dialect, role, known))
    return spoken


@contextmanager
def _client(target: Target) -> Iterator[httpx.Client]:
    if target.client is not None:
        yield target.client
        return
    own = _secret(target, target.site.token_env, "token_env") if target.token is None else ""
    token = (lambda instead_of: own) if own else target.token
    with client_for(target.site.timeout_seconds, token, target.tls) as client:
        yield client
