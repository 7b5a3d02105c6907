"""The one place that builds real things (ledger, policies, mappings, endpoints, clock) and hands them over."""

from __future__ import annotations

import gc
import os
import secrets
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from ssl import SSLContext
from typing import TYPE_CHECKING, Any

import structlog

from adapter.cases.issues import endpoint_unset
from adapter.cases.tools import ExportRules, Feed, OfficeRules, SubscriberRules, Tools
from adapter.fhir.search.parameters import EDITION
from adapter.fhir.search.terms import moved_of_kept, terms_of_kept
from adapter.intake.mapping import Mapping_, compile_mapping, load_mapping, source_names
from adapter.intake.mapping.messages import load_messages
from adapter.intake.mapping.way_back import load_way_back
from adapter.intake.reference import load_estimates, load_prices, load_reference, load_window
from adapter.ledger.ledger import Ledger
from adapter.ledger.search_index import Indexer
from adapter.model.dates import Clock, SystemClock
from adapter.model.issues import AdapterError
from adapter.model.message import MessageLimits
from adapter.model.source import MESSAGES, ReadingLimits
from adapter.payers.delivery.endpoint import EndpointConfig
from adapter.payers.delivery.endpoints.aid_xml.definitions import load_definitions
from adapter.payers.delivery.endpoints.aid_xml.endpoint import AidXmlEndpoint
from adapter.payers.delivery.endpoints.aid_xml.issues import account_unset
from adapter.payers.delivery.endpoints.aid_xml.stay import Office
from adapter.payers.delivery.endpoints.fhir.endpoint import FhirEndpoint
from adapter.payers.delivery.endpoints.folder.endpoint import FolderEndpoint
from adapter.payers.delivery.endpoints.his.endpoint import open_way
from adapter.payers.delivery.endpoints.his.way import Way
from adapter.payers.delivery.endpoints.nhsa.endpoint import NhsaEndpoint
from adapter.payers.delivery.endpoints.nhsa.hospital import Credential, Hospital, Keys
from adapter.payers.delivery.endpoints.nhsa.load import load_dialect
from adapter.payers.delivery.endpoints.nhsa.setting_issues import hospital_unset
from adapter.payers.delivery.http import NotSent, mutual_tls
from adapter.payers.delivery.oauth_issues import no_token_now, oauth_misplaced
from adapter.payers.delivery.retry import RetryPolicy
from adapter.payers.delivery.shown import Shown
from adapter.payers.delivery.tokens import Tokens, as_safe
from adapter.payers.delivery.traffic import Traffic, TrafficRules
from adapter.rules.policy.load import load_book
from adapter.settings import (
    AidXmlSettings,
    EndpointSettings,
    LimitSettings,
    NhsaSettings,
    OAuthSettings,
    Settings,
    secret,
)

if TYPE_CHECKING:
    from adapter.payers.delivery.assertion import Signer

log = structlog.get_logger(__name__)

#: What kept resources are found under.
INDEXER = Indexer(terms_of_kept, EDITION, moved_of_kept)

#: After so many new containers the collector looks at the youngest, every tenth time at older ones, and so on. What a
#: settlement makes is let go of when it ends; looking after each seven hundred, as is usual, finds nothing.
_YOUNG = 10_000


@contextmanager
def long_lived() -> Iterator[None]:
    """For a process that goes on for long: what start-up made stays, so the collector need not look at it again, and
    it looks less often at what comes. At the end everything is as before.
    """
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


@contextmanager
def open_tools(settings: Settings, *, clock: Clock | None = None, worker: str | None = None) -> Iterator[Tools]:
    """Everything a use case needs, closed again at the end."""
    clock = clock or SystemClock()
    shown = Shown()
    payers = {name: _endpoint(name, each, clock, settings, shown) for name, each in settings.endpoints.items()}
    hospitals = ways_back(settings.mappings_folder, clock)
    ledger = Ledger.open(settings.database_url, indexer=INDEXER)
    try:
        yield Tools(
            ledger=ledger,
            book=load_book(settings.mappings_folder),
            feed=feeds(settings.mappings_folder, settings.reference_folder, settings.limits),
            endpoints={**payers, **hospitals},
            clock=clock,
            retry=RetryPolicy(settings.retry_first_seconds, settings.retry_most_seconds, settings.retry_limit),
            lease_seconds=settings.lease_seconds,
            office=_office(settings),
            subscribers=_subscribers(settings),
            exports=ExportRules(**settings.exports.model_dump()),
            shown=shown,
            traffic=Traffic({name: _traffic(each) for name, each in settings.endpoints.items()}),
            most_seconds=settings.limits.seconds,
            worker=worker or f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}",
        )
    finally:
        for payer in payers.values():
            payer.close()
        for hospital in hospitals.values():
            hospital.close()
        ledger.close()


def feeds(mappings: Path, reference_folder: Path, limits: LimitSettings | None = None) -> Callable[[str], Feed]:
    """Sources by name, each compiled once when it is first asked for."""
    of_files, of_messages = _reading_limits(limits or LimitSettings())

    @cache
    def feed(source: str) -> Feed:
        mapping = load_mapping(mappings, source)
        completing = tuple(replace(each, shape=replace(each.shape, limits=of_files)) for each in mapping.completing)
        mapping = replace(mapping, shape=replace(mapping.shape, limits=of_files), completing=completing)
        mapping = replace(mapping, native=mapping.native and mapping.native.limited(of_files))
        facts = reference_folder / source
        reference, windows = load_reference(facts), load_window(facts / "window.yaml")
        master = facts / "prices.csv"
        prices = load_prices(master) if master.is_file() else None
        table = facts / "estimates.csv"
        estimates, wrong = load_estimates(table) if table.is_file() else ((), ())
        unread = (*reference.issues, *windows.issues, *(prices.issues if prices is not None else ()), *wrong)
        messages = load_messages(mappings, mapping) if mapping.shape.reader == MESSAGES else None
        messages = messages and replace(messages, limits=of_messages)
        return Feed(
            source,
            compile_mapping(mapping),
            reference,
            windows,
            unread,
            messages,
            prices,
            password=database_password(mapping),
            way_back=load_way_back(mappings, source),
            estimates=estimates,
        )

    return feed


def ways_back(mappings: Path, clock: Clock) -> dict[str, Way]:
    """The endpoints of all sources whose HIS hears of decisions.

    A source whose file is wrong is left out: its notices wait, and whoever uses the source is told what is wrong.
    """
    found = {}
    for source in source_names(mappings):
        try:
            way = load_way_back(mappings, source)
        except AdapterError as error:
            log.warning("way back not opened", source=source, codes=[issue.code for issue in error.issues])
            continue
        if way is not None:
            found[way.endpoint] = open_way(way, clock, os.environ.get)
    return found


def database_password(mapping: Mapping_) -> Callable[[], str] | None:
    """What gives the password of a source's database when it is opened; None where none is needed."""
    if mapping.database is None or not mapping.database.password_env:
        return None
    return partial(secret, mapping.database.password_env)


def row_limits(settings: Settings) -> ReadingLimits:
    """What reading rows may take, as the settings say."""
    return _reading_limits(settings.limits)[0]


def _reading_limits(limits: LimitSettings) -> tuple[ReadingLimits, MessageLimits]:
    """The settings as the readers of files and of messages take them."""
    common: dict[str, Any] = {name: getattr(limits, name) for name in ("file_bytes", "seconds", "listed")}
    of_rows = {name: getattr(limits, name) for name in ("row_bytes", "rows", "columns", "depth", "nesting")}
    of_parts = {name: getattr(limits, name) for name in ("message_bytes", "segments", "fields", "parts")}
    return ReadingLimits(**common, **of_rows), MessageLimits(**common, **of_parts, messages=limits.rows)


@dataclass(frozen=True, slots=True)
class Reached:
    """How a counterpart of the settings is reached, for whoever speaks with it in words of his own.

    Attributes:
        simulator: whether it is marked as one that test data may be sent to.
        tls: what the connection shows and whom it trusts; None: the machine's own authorities.
        token: gives the bearer token to show, given one that was not taken or None; None: none is set. It raises
            AdapterError: DEL-598 no token is given to us, DEL-632 not just now.
    """

    url: str
    dialect: str
    simulator: bool
    tls: SSLContext | None = field(default=None, repr=False)
    token: Callable[[str | None], str] | None = field(default=None, repr=False)


@contextmanager
def reached(name: str, settings: Settings, clock: Clock | None = None) -> Iterator[Reached]:
    """How an endpoint is reached, signing in as the product does. Raises AdapterError CASE-315, CFG-746, -750, -751."""
    own = settings.endpoints.get(name)
    if own is None:
        raise AdapterError(endpoint_unset(name))
    config = _config(name, own)
    if own.oauth is None:
        shown = config.token
        token = None if shown is None else lambda instead_of: shown
        yield Reached(config.base_url, config.dialect, config.simulator, config.tls, token)
        return
    with closing(_tokens(config, own.oauth, clock or SystemClock())) as tokens:

        def asked(instead_of: str | None) -> str:
            found = tokens.token(instead_of=instead_of)
            if isinstance(found, NotSent):
                raise AdapterError(*(found.issues or (no_token_now(name, found.reason),)))
            return found

        yield Reached(config.base_url, config.dialect, config.simulator, config.tls, asked)


def _config(name: str, settings: EndpointSettings) -> EndpointConfig:
    """What all dialects have in common. Raises AdapterError CFG-746, CFG-751."""
    if settings.oauth is not None and (settings.dialect != "fhir" or settings.token is not None):
        raise AdapterError(oauth_misplaced(f"endpoints.{name}.oauth", "token" if settings.token else settings.dialect))
    return EndpointConfig(
        name=name,
        dialect=settings.dialect,
        base_url=settings.base_url.rstrip("/"),
        form=settings.form,
        simulator=settings.simulator,
        longest_delay=settings.longest_delay,
        timeout=settings.timeout,
        token=settings.token.get_secret_value() if settings.token else None,
        max_entries=settings.max_entries,
        conditional=settings.conditional,
        claim_profiles=settings.claim_profiles,
        look_up=settings.look_up,
        tls=mutual_tls(f"endpoints.{name}", cert=settings.client_cert, key=settings.client_key, ca=settings.ca),
    )


def _endpoint(
    name: str, settings: EndpointSettings, clock: Clock, whole: Settings, shown: Shown
) -> FhirEndpoint | NhsaEndpoint | AidXmlEndpoint | FolderEndpoint:
    config = _config(name, settings)
    if settings.dialect == "nhsa":
        return _bureau(config, settings.nhsa, clock, whole.mappings_folder, shown)
    if settings.dialect == "aid-xml":
        return _aid_service(config, settings.aid_xml, clock, whole.mappings_folder)
    if settings.dialect == "folder":
        return FolderEndpoint(config, clock, collect_seconds=settings.collect_seconds)
    return FhirEndpoint(config, clock, _tokens(config, settings.oauth, clock) if settings.oauth is not None else None)


def public_key(name: str, settings: Settings) -> dict[str, object]:
    """The JWK that a counterpart registers. Raises AdapterError CFG-750, CFG-751 where no OAuth client is set."""
    known = settings.endpoints.get(name)
    if known is None or known.oauth is None:
        raise AdapterError(oauth_misplaced(f"endpoints.{name}.oauth", "oauth unset"))
    return _signer(name, known.oauth).public()


def _signer(name: str, own: OAuthSettings) -> Signer:
    from adapter.payers.delivery.assertion import load_signer  # here: its library is slow to load, and few need it

    key = f"endpoints.{name}.oauth.key"
    return load_signer(key, client_id=own.client_id, key=own.key, kid=own.kid, alg=own.alg)


def _tokens(config: EndpointConfig, own: OAuthSettings, clock: Clock) -> Tokens:
    """Who gives an endpoint's tokens. Raises AdapterError CFG-750 and CFG-751."""
    if own.token_url is not None and not as_safe(own.token_url, config.base_url):
        raise AdapterError(oauth_misplaced(f"endpoints.{config.name}.oauth.token_url", "token_url"))
    return Tokens(
        config.name,
        config.base_url,
        signer=_signer(config.name, own),
        scope=own.scope,
        clock=clock,
        token_url=own.token_url,
        timeout=config.timeout,
        tls=config.tls,
    )


def _bureau(
    config: EndpointConfig, own: NhsaSettings | None, clock: Clock, mappings: Path, shown: Shown
) -> NhsaEndpoint:
    """A bureau of the national platform. Raises AdapterError CFG-730 to -735 and MAP-101."""
    if own is None:
        raise AdapterError(hospital_unset(f"endpoints.{config.name}.nhsa"))

    def window(case_id: str) -> Credential | None:
        given = shown.take(case_id, clock.now())
        return None if given is None else Credential(given.number, given.password, given.card_sn)

    names = ("fixmedins_code", "fixmedins_name", "division", "opter", "opter_name", "opter_type", "mac", "ip")
    return NhsaEndpoint(
        config,
        clock,
        dialect=load_dialect(mappings, own.region),
        hospital=Hospital(**{name: getattr(own, name) for name in names}),
        keys=Keys({name: key.get_secret_value() for name, key in own.keys.items()}),
        window=window,
    )


def _aid_service(config: EndpointConfig, own: AidXmlSettings | None, clock: Clock, mappings: Path) -> AidXmlEndpoint:
    """A civil-affairs aid service. Raises AdapterError CFG-740 and MAP-101."""
    if own is None or own.password is None:
        place = f"endpoints.{config.name}.aid_xml"
        raise AdapterError(account_unset(place if own is None else f"{place}.password"))
    return AidXmlEndpoint(
        config,
        clock,
        definitions=load_definitions(mappings),
        office=Office(own.namespace, own.hospital_id, own.also, own.details),
        user_name=own.user_name,
        password=own.password.get_secret_value,
        session_seconds=own.session_seconds,
    )


def _traffic(settings: EndpointSettings) -> TrafficRules:
    """When an endpoint may be spoken to, and how fast."""
    return TrafficRules(
        quiet=settings.quiet_hours,
        maintenance=settings.maintenance,
        per_second=settings.per_second,
        breaker_failures=settings.breaker_failures,
        breaker_seconds=settings.breaker_seconds,
    )


def _subscribers(settings: Settings) -> SubscriberRules:
    """Whom subscriptions may tell."""
    own = settings.subscriptions
    return SubscriberRules(own.addresses, str(own.ca or ""), own.timeout)


def _office(settings: Settings) -> OfficeRules:
    """What the office decided about settlements."""
    return OfficeRules(
        advance_difference=settings.advance_difference,
        refuse_declared=settings.reverse_declared == "refuse",
        refuse_before_later=settings.reverse_before_later == "refuse",
        reconcile_days=settings.reconcile_days,
    )
