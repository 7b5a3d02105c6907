"""What one arrival brings, read: rows, messages, or both; and the stays that are to be taken because of it (到达批次).

Whole stays are taken as they stand in the export. Rows of a feed that sends only changes, and messages, are kept first;
what is taken then is each stay as everything that was ever kept of it has it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from adapter.cases import messages_in, rows_in
from adapter.cases.bundles_in import stays_of_resources
from adapter.cases.tools import Act, Feed, Tools
from adapter.intake.mapping import Mapping_
from adapter.intake.readers.fhir_bundle import StagedBundles, bundle_files, stage_bundles
from adapter.intake.readers.formats import files_of
from adapter.intake.readers.messages import StagedMessages, is_message_file, message_files, stage_messages
from adapter.intake.readers.staging import Staged, stage
from adapter.intake.readers.together import shape_of_file, stays_together
from adapter.model.issues import Issue
from adapter.model.message import MessageShape, PriceList
from adapter.model.source import Delivery, ExportShape, StayRecords


@dataclass(frozen=True, slots=True)
class Batch:
    """One arrival, read.

    Attributes:
        delivery: whether it holds its stays whole.
        messages: of a source that has messages, those that came; none of them where only rows did.
        rows: what came by files or views, by shape.
        resources: of a hospital that speaks FHIR, those that came.
    """

    files: list[Path]
    delivery: Delivery
    messages: StagedMessages | None
    rows: tuple[Staged, ...]
    resources: StagedBundles | None = None

    @property
    def whole(self) -> Staged | None:
        """The export, where it holds each of its stays whole."""
        if self.messages is not None or self.resources is not None or self.delivery is not Delivery.WHOLE:
            return None
        return self.rows[0]

    @property
    def issues(self) -> tuple[Issue, ...]:
        """Everything that reading found."""
        read = (self.messages, self.resources, *self.rows)
        return tuple(issue for each in read if each is not None for issue in each.issues)

    def stays(self) -> Iterator[StayRecords]:
        """The stays of this batch alone, as a sample shows them."""
        if self.resources is not None:
            return self.resources.stays()
        if self.messages is None and len(self.rows) == 1:
            return self.rows[0].stays()
        return stays_together(self.messages, self.rows)


def batch_of_rows(staged: Staged) -> Batch:
    """Rows that no file brought, as an arrival."""
    return Batch([], staged.shape.delivery, None, (staged,))


@contextmanager
def batch_of_files(
    mapping: Mapping_, messages: MessageShape | None, paths: Sequence[Path], prices: PriceList | None = None
) -> Iterator[Batch]:
    """The files that a source's readers take, read. A folder may hold messages and the files of views side by side."""
    shapes = mapping.row_shapes
    with ExitStack() as open_:
        if mapping.native is not None:
            bundles = bundle_files(paths)
            resources = open_.enter_context(stage_bundles(bundles, mapping.native.shape, mapping.source))
            yield Batch(bundles, mapping.shape.delivery, None, (), resources)
            return
        if messages is None and len(shapes) == 1:
            files = files_of(paths, shapes[0])
            staged = open_.enter_context(stage(files, shapes[0], mapping.source))
            yield Batch(files, mapping.shape.delivery, None, (staged,))
            return
        of_messages, of_shapes = _sorted_out(shapes, messages is not None, paths)
        rows = tuple(
            open_.enter_context(stage(of_shapes[place], shape, mapping.source))
            for place, shape in enumerate(shapes)
            if of_shapes[place]
        )
        read = None
        if messages is not None:
            read = open_.enter_context(stage_messages(of_messages, messages, mapping.source, prices=prices))
        files = sorted({*of_messages, *(file for some in of_shapes for file in some)})
        yield Batch(files, mapping.shape.delivery, read, rows)


def _sorted_out(
    shapes: Sequence[ExportShape], messages: bool, paths: Sequence[Path]
) -> tuple[list[Path], list[list[Path]]]:
    """Files of messages, and the files of each shape. A file that is nobody's goes to whoever then says so."""
    of_messages = message_files(paths) if messages else []
    if shapes:
        of_messages = [file for file in of_messages if is_message_file(file)]
    of_shapes: list[list[Path]] = [[] for _ in shapes]
    for file in dict.fromkeys(file for shape in shapes for file in files_of(paths, shape)):
        if file not in of_messages:
            of_shapes[shape_of_file(file, shapes)].append(file)
    return of_messages, of_shapes


def stays_of(
    batch: Batch,
    feed: Feed,
    tools: Tools,
    act: Act,
    *,
    dry_run: bool,
    found: Callable[[Issue], None],
) -> Iterator[StayRecords]:
    """Keep what is to be kept, then the stays to be taken: those of the batch, or those that it touches.

    A dry run keeps nothing and gives the stays as they would be.

    Args:
        found: told of everything that keeping finds.
    """
    if batch.whole is not None:
        return batch.whole.stays()
    if batch.resources is not None:
        return stays_of_resources(batch.resources, feed, tools, act, dry_run=dry_run, found=found)
    if dry_run:
        return _looked_at(batch, feed, tools, act.at, found)
    return _kept(batch, feed, tools, act, found)


def _kept(batch: Batch, feed: Feed, tools: Tools, act: Act, found: Callable[[Issue], None]) -> Iterator[StayRecords]:
    stays: dict[str, None] = {}
    for staged in batch.rows:
        rows = rows_in.keep_rows(staged, feed, tools, act)
        stays |= dict.fromkeys(rows.stay_keys)
    if feed.messages is None:
        yield from rows_in.stays_kept(feed, stays, tools, found)
        return
    keys: dict[str, None] = {}
    if batch.messages is not None:
        kept = messages_in.keep_messages(batch.messages, feed, tools, act)
        keys |= dict.fromkeys(kept.keys)
        for issue in kept.issues:
            found(issue)
    keys |= dict.fromkeys(f"stay:{each}" for each in stays)
    yield from messages_in.stays_tied(feed, keys, tools, found)


def _looked_at(
    batch: Batch, feed: Feed, tools: Tools, at: datetime, found: Callable[[Issue], None]
) -> Iterator[StayRecords]:
    if feed.messages is None:
        yield from rows_in.stays_looked_at(batch.rows, feed, tools, at, found)
        return
    rows_of = rows_in.rows_looked_at(batch.rows, feed, tools, at)
    stays = rows_in.stays_of_rows_looked_at(batch.rows, feed, tools)
    keys = [f"stay:{each}" for each in stays]
    seen = set()
    with ExitStack() as open_:
        messages = batch.messages
        if messages is None:
            messages = open_.enter_context(stage_messages([], feed.messages, feed.name, prices=feed.prices))
        for stay in messages_in.stays_looked_at(messages, feed, tools, rows_of, keys):
            seen.add(stay.stay_key)
            yield stay
    for stay_key in stays:
        if stay_key not in seen:
            for issue in rows_in.waiting(feed, stay_key, rows_of(stay_key)):
                found(issue)
