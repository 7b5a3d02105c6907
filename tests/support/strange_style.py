"""How a strange HIS writes things down: format, names, encoding, dates, codes, refunds; drawn from the same seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from random import Random

#: Logical columns by table, with what three families of products call them; ``_known_columns.csv`` has some of each.
COLUMNS: Mapping[str, Mapping[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]]] = {
    "stay": {
        "stay": (("ZYLSH", "ZYH", "JZLSH"), ("stay_no", "episode_key", "admission_id"), ("住院流水号", "就诊序号")),
        "visit": (("ZYCS", "RYCS"), ("visit_seq", "times"), ("住院次数",)),
        "person": (("BRID", "HZBH"), ("patient_id", "person_no"), ("病人ID", "患者编号")),
        "printed": (("ZYHM", "ZYHAO"), ("inp_no", "chart_no"), ("住院号", "病案号")),
        "name": (("BRXM", "XM"), ("patient_name", "full_name"), ("姓名", "患者姓名")),
        "sex": (("XB", "BRXB", "XBDM"), ("sex", "gender_code"), ("性别",)),
        "born": (("CSRQ", "CSNY"), ("birth_date", "birthday"), ("出生日期",)),
        "id": (("SFZH", "ZJHM"), ("id_card", "cert_no"), ("身份证号", "证件号码")),
        "insurance": (("YBLX", "BRXZ"), ("insurance_type", "payer_class"), ("参保类型", "医保类别")),
        "card": (("YBKH", "YBBH"), ("insurance_no", "member_no"), ("医保号", "医保卡号")),
        "admitted": (("RYSJ", "RYRQ"), ("admit_date", "in_time"), ("入院时间", "入院日期")),
        "discharged": (("CYSJ", "CYRQ"), ("discharge_time", "out_time"), ("出院时间", "出院日期")),
        "state": (("ZYZT", "BRZT"), ("status_code", "in_hospital"), ("在院状态", "病人状态")),
        "ward": (("BQDM", "BRBQ"), ("ward_code", "unit"), ("病区", "当前病区")),
        "phone": (("LXDH", "DH"), ("phone", "mobile_no"), ("联系电话", "手机号")),
    },
    "fee": {
        "line": (("FYLSH", "JLXH"), ("detail_id", "fee_seq"), ("费用ID", "明细流水号")),
        "stay": (("ZYLSH", "ZYH", "JZLSH"), ("stay_no", "episode_key", "admission_id"), ("住院流水号", "就诊序号")),
        "item": (("XMBM", "SFXM"), ("item_code", "charge_code"), ("项目编码", "收费编码")),
        "item_name": (("XMMC", "FYMC"), ("item_name", "charge_desc"), ("项目名称", "收费名称")),
        "at": (("FYRQ", "JFSJ"), ("fee_time", "service_date"), ("费用日期", "计费时间")),
        "quantity": (("SL", "FYSL"), ("quantity", "qty", "amount_num"), ("数量",)),
        "price": (("DJ", "FYDJ"), ("unit_price", "rate"), ("单价",)),
        "amount": (("JE", "ZJE", "HJJE"), ("amount", "line_total"), ("金额", "合计金额")),
        "category": (("FYLB", "FYXM"), ("fee_category", "fee_group"), ("费用类别", "收费大类")),
        "operator": (("CZYDM", "CZGH"), ("oper_code", "keyed_by"), ("操作员", "录入人")),
        "undoes": (("TFXH", "YJLXH"), ("refund_id", "orig_seq"), ("原费用ID", "冲销序号")),
        "mark": (("JLZT", "TFBZ"), ("record_state", "refund_flag"), ("记录状态", "冲销标志")),
    },
    "diagnosis": {
        "stay": (("ZYLSH", "ZYH", "JZLSH"), ("stay_no", "episode_key", "admission_id"), ("住院流水号", "就诊序号")),
        "code": (("ZDDM", "JBBM"), ("diag_code", "icd_key"), ("诊断编码", "疾病编码")),
        "text": (("ZDMC", "JBMC"), ("diag_name", "disease"), ("诊断名称", "疾病名称")),
        "rank": (("ZDLB", "ZDCX"), ("diag_type", "seq_type"), ("诊断类别", "主次标志")),
    },
}
TABLES: Mapping[str, tuple[str, str, str]] = {
    "stay": ("ZY_BRXX", "inpatient", "住院病人"),
    "fee": ("ZY_FYMX", "charge_detail", "费用明细"),
    "drug": ("ZY_YPMX", "drug_detail", "药品明细"),
    "diagnosis": ("ZY_ZDXX", "diagnosis", "住院诊断"),
}
FORMS = ("csv", "semicolon", "tsv", "pipe", "xml", "json", "json_tables", "ndjson", "fixed")
NAMES = ("pinyin", "english", "chinese", "camel", "opaque")
ENCODINGS = ("utf-8", "gb18030", "utf-16")
REFUNDS = ("negative", "linked", "mirror")
TIMES = (
    *("%Y-%m-%d %H:%M:%S", "%Y%m%d%H%M%S", "%Y/%m/%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"),
    *("%Y年%m月%d日 %H:%M:%S", "%d-%m-%Y %H:%M:%S", "%Y-%m-%d %I:%M:%S %p"),
)
DAYS = ("%Y-%m-%d", "%Y%m%d", "%Y/%m/%d", "%d-%b-%y", "%Y年%m月%d日", "%d/%m/%Y")
STATES = (("在院", "出院"), ("I", "O"), ("0", "1"), ("1", "2"), ("R", "D"), ("ADM", "DIS"))
SEXES = (("男", "女"), ("M", "F"), ("1", "2"), ("X", "Y"))
INSURANCES = ("01", "居民医保", "390", "J", "CXJM")
RANKS = (("1", "2"), ("主", "次"), ("A", "B"), ("主要诊断", "其他诊断"))
MARKS = (("1", "2", "3"), ("N", "R", "C"), ("正常", "冲销", "被冲"))
CATEGORIES = (("1", "2"), ("医疗", "药品"), ("S", "D"))
ABSENT = ("", "-", "无", "NULL", "/")
NO_DAYS = ("", "1900-01-01", "9999-12-31")
DECIMALS = ("two", "four", "stripped", "exact")


@dataclass(frozen=True)
class Style:
    """One way of writing.

    Attributes:
        tables, columns: physical names by logical ones; columns by ``<table>.<column>``.
        times, fee_times, born_days: strptime formats.
        no_day: ISO day that stands for "not yet"; empty where the absent text does.
        decimals: how amounts are written: ``exact`` keeps what quantity × price gives, finer than a fen.
        two_tables: drugs apart from other items, numbered on their own.
        joined: no column names a stay: person and visit do together.
        by_place: the mirror of a refund stands under the document and place of its original.
    """

    form: str
    names: str
    encoding: str
    refunds: str
    tables: Mapping[str, str]
    columns: Mapping[str, str]
    times: str
    fee_times: str
    born_days: str
    states: tuple[str, str]
    sexes: tuple[str, str]
    insurance: str
    ranks: tuple[str, str]
    marks: tuple[str, str, str]
    categories: tuple[str, str]
    absent: str
    no_day: str
    decimals: str
    two_tables: bool
    joined: bool

    def column(self, table: str, name: str) -> str:
        return self.columns[f"{table}.{name}"]

    @property
    def fee_tables(self) -> tuple[str, ...]:
        return ("fee", "drug") if self.two_tables else ("fee",)

    def moment(self, at: datetime) -> str:
        return at.strftime(self.times)

    def not_yet(self) -> str:
        """What stands where a stay has not ended."""
        return datetime.fromisoformat(self.no_day).strftime(self.times) if self.no_day else self.absent


def draw_style(seed: int) -> Style:
    """The same seed draws the same style for ever."""
    lots = Random(f"strange style {seed}")
    names, form = lots.choice(NAMES), lots.choice(FORMS)
    joined = lots.random() < 0.3
    refunds = lots.choice(REFUNDS)
    columns = _columns(lots, names, joined, refunds)
    return Style(
        form=form,
        names=names,
        encoding=lots.choice(ENCODINGS),
        refunds=refunds,
        tables=_tables(lots, names),
        columns=columns,
        times=lots.choice(TIMES),
        fee_times=lots.choice((*TIMES, *DAYS)),
        born_days=lots.choice(DAYS[:3] if lots.random() < 0.5 else ("%Y-%m-%d", "%Y年%m月%d日", "%d/%m/%Y")),
        states=lots.choice(STATES),
        sexes=lots.choice(SEXES),
        insurance=lots.choice(INSURANCES),
        ranks=lots.choice(RANKS),
        marks=lots.choice(MARKS),
        categories=lots.choice(CATEGORIES),
        absent=lots.choice(ABSENT),
        no_day=lots.choice(NO_DAYS),
        decimals=lots.choice(DECIMALS),
        two_tables=lots.random() < 0.5,
        joined=joined,
    )


def _tables(lots: Random, names: str) -> dict[str, str]:
    if names == "opaque":
        return {table: f"T{number:03d}" for table, number in zip(TABLES, lots.sample(range(100, 999), 4), strict=True)}
    which = {"pinyin": 0, "chinese": 2}.get(names, 1)
    return {table: given[which] for table, given in TABLES.items()}


def _columns(lots: Random, names: str, joined: bool, refunds: str) -> dict[str, str]:
    """Physical column names; what joins tables is mostly called the same in all of them, the drug table may differ."""
    found: dict[str, str] = {}
    which = {"pinyin": 0, "chinese": 2}.get(names, 1)
    key = lots.randrange(2)
    opaque = iter(lots.sample([f"{a}{b}{n}" for a in "FGKQ" for b in "XYZ" for n in range(10, 40)], 80))
    for table, columns in (*COLUMNS.items(), ("drug", COLUMNS["fee"])):
        for column, given in columns.items():
            family = given[which]
            chosen = family[key % len(family)] if column == "stay" else lots.choice(family)
            if names == "opaque":
                chosen = next(opaque)
            found[f"{table}.{column}"] = _camel(chosen) if names == "camel" else chosen
    for table in ("fee", "drug", "diagnosis"):  # the parts of a joined key are called as in the stay's table
        found[f"{table}.person"], found[f"{table}.visit"] = found["stay.person"], found["stay.visit"]
    return found


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(other.capitalize() for other in others)
