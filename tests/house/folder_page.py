"""docs/wire-folder.md from the code that names the files: ``python -m tests.house.pages --write`` makes it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path

from adapter.payers.delivery.endpoints.folder.exchange import IN, KEPT, OUT, receipt_name, statement_name, stem

ROOT = Path(__file__).resolve().parents[2]
FOLDER_PAGE = ROOT / "docs" / "wire-folder.md"
KEY = "qingshi_county-300010004.v1.insurance.settle"
FACILITY, DAY = "H99990100001", date(2021, 5, 17)

_PAGE = f"""# The `folder` dialect: files for offline exchange

For a counterpart that cannot be reached over a network: files in a folder, a share or a stick, taken and brought by whoever carries them
(文件交换). What the files say is what the [`fhir` dialect](wire-fhir.md) says. It was tried against our own receiver only; no office is known to use it.
Generated (`make docs`); a test compares.

## 1. What lies where

| place | who writes | what |
| --- | --- | --- |
| `{OUT}/` | the hospital | one file per message, and beside it `<name>.sha256`: the hexadecimal digest, two spaces, the name, as `sha256sum` prints it; capital digits and a byte order mark are read too |
| `{IN}/` | the counterpart | receipts and statements, each with its `<name>.sha256`. A file without one is not looked at |
| `{KEPT}/` | the hospital, for itself | a mark for each message that was ever laid out. Not to be carried, not to be emptied while a bill may still be settled or reversed |

- A message's file is `<digest>.json`: the first 40 hexadecimal digits of the SHA-256 of its claim key. No name tells a person or a case. The key
  `{KEY}` gives `{stem(KEY)}.json`.
- A file appears whole, under its name, or not at all: it is written beside, forced onto the disk and renamed. Names that begin with a dot are nobody's business.
- Nothing is ever overwritten. The same key never gets a second file while nothing proves that the first was not taken.

## 2. Outgoing files

The Bundle that the `fhir` dialect would have sent (sections 2, 3, 5 and 6 of [wire-fhir.md](wire-fhir.md)): year-to-date question, trial, settlement, reversal;
with `form = "transaction"` for an aid office, its own least Bundle. The claim key stands in it.

## 3. Receipts

`{IN}/<digest>.receipt.json`, with the digest of the message's file: here `{receipt_name(KEY)}`.

```json
{{"key": "{KEY}", "outcome": "accepted", "answer": {{"resourceType": "ClaimResponse"}}}}
```

| element | content |
| --- | --- |
| `key` | the claim key of the file that was taken; another one is not ours (DEL-601) |
| `outcome` | `accepted`, or `rejected`: nothing was done and a person must change something |
| `reason` | of a refusal, in words for the clerk; nothing personal |
| `answer` | what the `fhir` dialect would have answered: ClaimResponse, Bundle of them, CoverageEligibilityResponse. An aid office may leave it out until it has adjudicated, and lay the receipt down again then |

## 4. Statements

`{IN}/statement-<first 12 digits of the SHA-256 of the facility code>-<day>.json`, for `{FACILITY}` and {DAY.isoformat()} `{statement_name(FACILITY, DAY)}`:
`totals` (the `Parameters` of section 7 of wire-fhir.md) and `details` (a list of its searchset Bundles). `adapter reconcile` reads it; DEL-504 while it is not there.

## 5. What is known of a message

| what lies there | what it means |
| --- | --- |
| a receipt that is whole and bears the key | accepted or rejected |
| no mark in `{KEPT}/`, no file, no receipt | never laid out: it is laid out now, after a crash only when the longest delay has passed |
| the file in `{OUT}/` | waits to be taken: unknown, looked at again after `collect_seconds` |
| the mark `.out`, no file, no receipt | taken, not answered yet: unknown, looked at again. Never laid out again |
| the mark `.begun`, no file | the process died while it laid the file out: a person asks the counterpart (DEL-602); a question is laid out again |
| nothing could be written: the folder is full, read-only, not to be reached | nobody can have taken it: laid out when there is room (DEL-603) |
| the folder itself is gone | nothing is known, and nothing is laid out: unknown (DEL-603). The adapter makes `{OUT}`, `{IN}` and `{KEPT}`, never the folder. Make it inside the share, and name it, not the mount point |

A message that has waited as often as `ADAPTER_RETRY_LIMIT` allows is set aside; when the answer has come, `adapter outbox retry KEY` reads it.

## 6. Duties of the counterpart

- Take only files named by 40 hexadecimal digits and `.json`. Whatever else lies there is not a message: leave it.
- Take a file only when its digest is right. One whose digest is missing or wrong stays where it is, unanswered, and is looked at again.
- Take a name once: a second file of the same name is the same message. Put it away, do not act on it, whatever it says; its receipt stays as it was.
- Move what was taken out of `{OUT}/`; leave `{KEPT}/` alone.
- Lay a receipt down for each file that was taken, within the time agreed: the file under another name first, then renamed, then its digest. The same receipt may be laid
  down again; one that said accepted never becomes rejected. One that said rejected may become accepted, when the office has acted on the file after all: the
  hospital lays no second file out under that name; `adapter outbox retry KEY`, or the reversal asked for again, reads the new receipt. Otherwise the hospital reverses the
  refused bill, and its next version goes under a new name. A file that cannot be read is rejected; its `key` is empty.
- Files that lie there together may be taken in any order: the hospital lays out what depends on another file only when it has that one's receipt.

`adapter conform insurance --dialect folder --url DIR` tries all of this out at a test system ([conformance-kit.md](conformance-kit.md)).

## 7. Issues

| code | finding |
| --- | --- |
"""  # noqa: E501 - tables of a page


def folder_page(issues: Iterable[tuple[str, str]]) -> str:
    """The page. ``issues``: (code, words) of the dialect, in order."""
    return _PAGE + "".join(f"| {code} | {words} |\n" for code, words in issues)
