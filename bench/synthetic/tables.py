"""The seven tables of the ``bsoft_phis`` shape and how their rows are written as XML, row after row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO
from xml.sax.saxutils import escape

Row = Mapping[str, str]


def _columns(names: str) -> tuple[str, ...]:
    return tuple(names.split())


#: Column order of each table. A row lacks none of them; what it does not say is written empty.
TABLES: Mapping[str, tuple[str, ...]] = {
    "ZY_BRRY": _columns(
        "ZYH ZYHM BAHM BRID MZHM JGID BRXZ BRXM BRXB CSNY SFZH HYZK MZDM HKDZ LXRM LXGX LXDH YBKH "
        "BRKS BRBQ BRCH RYRQ CYRQ CYPB CYFS RYQK JSCS ZYCS DJJE"
    ),
    "ZY_FYMX": _columns(
        "JLXH ZYH FYRQ JFRQ FYXH FYMC YPCD FYSL FYDJ ZJJE ZFJE ZLJE ZFBL DZBL YSGH FYBQ FYKS ZXKS "
        "XMLX YPLX FYXM JSCS YZXH YEPB SCBZ"
    ),
    "ZY_TBKK": _columns("JKXH ZYH JKRQ JKJE JKFS SJHM JSCS ZFPB ZFRQ ZCPB"),
    "ZY_ZYJS": _columns("ZYH JSCS JSLX KSRQ ZZRQ JSRQ FYHJ ZFHJ JKHJ FPHM ZFPB TCJE ZHZF JSXZ"),
    "ZY_JSMX": _columns("ZYH JSCS FYXM ZJJE ZFJE ZLJE"),
    "ZY_RYZD": _columns("ZYH ZDXH ZDLB ZGQK"),
    "ZY_ZKJL": _columns("ZYH HCLX HQKS HHKS HQBQ HHBQ HQCH HHCH YSSQRQ BQZXRQ ZXBZ"),
}


@dataclass(frozen=True, slots=True)
class Dress:
    """How a file says it is encoded, and how it really is. Exports in the wild disagree with themselves."""

    declared: str | None = "UTF-8"
    actual: str = "utf-8"
    bom: bool = False


PLAIN = Dress()

#: What the fixture hospital's export looks like: one file lies about being UTF-8, one about being GB2312,
#: one opens with a byte order mark, one declares nothing.
MOTLEY: Mapping[str, Dress] = {
    "ZY_FYMX": Dress(declared="UTF-8", actual="gb18030"),
    "ZY_BRRY": Dress(declared="GB2312", actual="utf-8"),
    "ZY_TBKK": Dress(bom=True),
    "ZY_ZKJL": Dress(declared=None),
}


class TableFile:
    """One table's XML file, written row by row; memory does not grow with it."""

    def __init__(self, folder: Path, table: str, dress: Dress = PLAIN) -> None:
        self.table = table
        self.rows = 0
        self._shape = "".join(f"<{column}>%({column})s</{column}>" for column in TABLES[table])
        self._empty = dict.fromkeys(TABLES[table], "")
        self._out: IO[str] = (folder / f"{table}.xml").open("w", encoding=dress.actual, newline="\n")
        if dress.bom:
            self._out.write("\ufeff")
        declared = f' encoding="{dress.declared}"' if dress.declared else ""
        self._out.write(f'<?xml version="1.0"{declared}?>\n<msg>\n')

    def write(self, row: Row) -> None:
        """Append one row. Raises KeyError for a column that the table does not have."""
        fields = dict(self._empty)
        for column, text in row.items():
            if column not in self._empty:
                raise KeyError(f"{self.table} has no column {column}")
            fields[column] = escape(text)
        self._out.write(f"<row>{self._shape % fields}</row>\n")
        self.rows += 1

    def close(self) -> None:
        self._out.write("</msg>\n")
        self._out.close()


class Export:
    """A folder of all seven tables, open for writing."""

    def __init__(self, folder: Path, dresses: Mapping[str, Dress] | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._files = {table: TableFile(folder, table, (dresses or {}).get(table, PLAIN)) for table in TABLES}

    def write(self, table: str, row: Row) -> None:
        self._files[table].write(row)

    @property
    def rows(self) -> int:
        """Rows written so far, all tables."""
        return sum(file.rows for file in self._files.values())

    def __enter__(self) -> Export:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in self._files.values():
            file.close()
