"""What is wrong with a guide file, in words that an editor can act on.  Sans-I/O.

Three weights.  A *file* fault leaves the whole guide as it was: what was read cannot be trusted.  A
*day* fault refuses one day of one channel, whose old guide stays.  A *warning* refuses nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from core.errors import FormatError

__all__ = ["Fault", "FaultError", "Weight", "fault", "render_fault", "tally"]

Weight: TypeAlias = Literal["file", "day", "warning"]

_SENTENCES: Final[dict[str, tuple[Weight, str, str]]] = {
    "too_large": (
        "file",
        "tệp lớn hơn {detail}; hãy chia nhỏ theo ngày",
        "the file is larger than {detail}; split it by days",
    ),
    "too_many": (
        "file",
        "tệp có hơn {detail} mục; hãy chia nhỏ theo ngày",
        "the file holds more than {detail} items; split it by days",
    ),
    "bad_gzip": (
        "file",
        "tệp nén gzip bị hỏng; hãy nén lại",
        "the gzip file is damaged; compress it again",
    ),
    "unknown_form": (
        "file",
        "không phải XMLTV, CSV hay JSON; hãy xuất lại lịch",
        "neither XMLTV, CSV nor JSON; export the guide again",
    ),
    "bad_encoding": (
        "file",
        "tệp không phải UTF-8; hãy lưu lại với mã UTF-8",
        "the file is not UTF-8; save it as UTF-8",
    ),
    "not_xml": (
        "file",
        "XML sai cú pháp ({detail}); hãy xuất lại tệp",
        "the XML is not well-formed ({detail}); export the file again",
    ),
    "not_xmltv": (
        "file",
        "thẻ gốc là <{detail}>, XMLTV cần <tv>",
        "the root element is <{detail}>, XMLTV wants <tv>",
    ),
    "forbidden_dtd": (
        "file",
        "tệp tự khai báo DTD hoặc thực thể, không được nhận; bỏ phần trong [ ] của DOCTYPE",
        "a file with a DTD or entities of its own is refused; remove the [ ] of its DOCTYPE",
    ),
    "too_deep": (
        "file",
        "các thẻ lồng nhau quá {detail} lớp; đây không phải XMLTV",
        "elements are nested deeper than {detail}; this is not XMLTV",
    ),
    "no_column": (
        "file",
        "dòng tiêu đề thiếu cột {detail}",
        "the header line lacks the column {detail}",
    ),
    "not_csv": (
        "file",
        "CSV sai cú pháp ({detail}); hãy xuất lại tệp",
        "the CSV is malformed ({detail}); export the file again",
    ),
    "not_json": (
        "file",
        "JSON sai ({detail}); hãy xuất lại tệp",
        "the JSON is wrong ({detail}); export the file again",
    ),
    "several_channels": (
        "file",
        "tệp có nhiều kênh ({detail}), không dùng được --channel; ghi các tên này vào guide_ids",
        "the file has several channels ({detail}): no --channel; put the names into guide_ids",
    ),
    "empty": (
        "file",
        "tệp không có chương trình nào",
        "the file holds no programme",
    ),
    "bad_date": (
        "day",
        "không đọc được giờ {detail}; viết 2026-11-23 19:00 hoặc 20261123190000 +0700",
        "the time {detail} cannot be read; write 2026-11-23 19:00 or 20261123190000 +0700",
    ),
    "bad_zone": (
        "day",
        "múi giờ trong {detail} sai; viết +0700",
        "the zone in {detail} is wrong; write +0700",
    ),
    "far_date": (
        "day",
        "ngày {detail} cách hôm nay hơn một năm; hãy sửa năm",
        "the day {detail} is more than a year from today; correct the year",
    ),
    "end_before_start": (
        "day",
        "giờ kết thúc không sau giờ bắt đầu ({detail}); hãy sửa giờ kết thúc",
        "the end is not after the start ({detail}); correct the end",
    ),
    "too_long": (
        "day",
        "chương trình dài hơn 24 giờ ({detail}); hãy sửa giờ kết thúc",
        "the programme is longer than 24 hours ({detail}); correct the end",
    ),
    "empty_title": (
        "day",
        "thiếu tên chương trình ({detail}); hãy điền tên",
        "the title is empty ({detail}); fill it in",
    ),
    "long_title": (
        "day",
        "tên chương trình dài {detail} ký tự, tối đa 200; hãy rút ngắn",
        "the title has {detail} characters, at most 200 are taken; shorten it",
    ),
    "overlap": (
        "day",
        "chồng giờ với dòng {detail}; hãy sửa giờ bắt đầu hoặc kết thúc",
        "overlaps with line {detail}; correct a start or an end",
    ),
    "duplicate": (
        "warning",
        "trùng với dòng {detail}, chỉ lấy một lần",
        "the same as line {detail}, taken once",
    ),
    "no_zone": (
        "warning",
        "giờ không ghi múi giờ, hiểu là {detail}{more}",
        "the time has no zone, taken as {detail}{more}",
    ),
    "other_zone": (
        "warning",
        "giờ ghi múi {detail}, khác múi giờ của đài, đã đổi{more}; hãy xem lại nếu lịch bị lệch",
        "the zone {detail} is not the station's, converted{more}; look if the guide is shifted",
    ),
    "unknown_channel": (
        "warning",
        "không có kênh {detail}, bỏ qua{more}; thêm tên này vào guide_ids của kênh nếu cần",
        "there is no channel {detail}, left out{more}; add it to a channel's guide_ids if wanted",
    ),
    "gap": (
        "warning",
        "lịch trống {detail} trước chương trình này",
        "nothing is planned for {detail} before this programme",
    ),
    "no_end": (
        "warning",
        "không có giờ kết thúc, lấy {detail}",
        "there is no end, taken as {detail}",
    ),
    "characters": (
        "warning",
        "đã bỏ ký tự điều khiển hoặc ký tự ẩn trong {detail}",
        "control or invisible characters were removed from {detail}",
    ),
    "cut_text": (
        "warning",
        "{detail} quá dài, đã cắt bớt",
        "{detail} is too long and was cut",
    ),
    "bad_image": (
        "warning",
        "địa chỉ ảnh không phải http(s), đã bỏ",
        "the picture's address is not http(s), left out",
    ),
    "bad_series": (
        "warning",
        "mã loạt chương trình {detail} chỉ được gồm a-z, 0-9 và dấu gạch, đã đổi",
        "a series' name may hold a-z, 0-9 and dashes alone, {detail} was changed",
    ),
    "neighbour": (
        "warning",
        "chồng giờ với chương trình đã có {detail} của ngày không được nhập",
        "overlaps with {detail}, which is there already on a day that is not imported",
    ),
    "decision_kept": (
        "warning",
        "{detail} đổi tên nhưng giữ bản quyền hoặc giờ phát thật đã ghi; hãy kiểm tra",
        "{detail} has another title now and keeps its rights or as-run times; check them",
    ),
    "decision_lost": (
        "warning",
        "{detail} không còn trong lịch, bản quyền đã ghi không còn tác dụng; hãy kiểm tra",
        "{detail} is no longer in the guide, so its rights have no effect; check them",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong."""

    line: int
    """Line of the file, from 1; 0 when it is no line's."""

    code: str
    """Stable name."""

    weight: Weight
    vi: str
    en: str
    count: int = 1
    """How many lines have it, of which ``line`` is the first."""


class FaultError(FormatError):
    """A file of which nothing can be taken."""

    code = "guide"

    def __init__(self, fault_: Fault) -> None:
        super().__init__(render_fault(fault_), code=fault_.code)
        self.fault = fault_


def fault(code: str, *, line: int = 0, detail: object = "") -> Fault:
    """Return a fault with its sentences; ``detail`` is shortened, since a stranger wrote it."""
    weight, vietnamese, english = _SENTENCES[code]
    shown = str(detail) if len(str(detail)) <= 80 else f"{str(detail)[:80]}…"  # noqa: PLR2004
    shown = "".join(character if character.isprintable() else "?" for character in shown)
    return Fault(
        line=line,
        code=code,
        weight=weight,
        vi=vietnamese.replace("{detail}", shown),
        en=english.replace("{detail}", shown),
    )


def tally(faults: Iterable[Fault]) -> list[Fault]:
    """Join the faults that a whole file shares (no zone, an unknown channel), and sort by line."""
    joined: dict[tuple[str, str], Fault] = {}
    single: list[Fault] = []
    for item in faults:
        if "{more}" not in item.en:
            single.append(item)
            continue
        key = (item.code, item.en)
        known = joined.get(key)
        joined[key] = item if known is None else replace(known, count=known.count + 1)
    return sorted([*single, *map(_say_count, joined.values())], key=lambda item: item.line)


def _say_count(item: Fault) -> Fault:
    more = item.count - 1
    return replace(
        item,
        vi=item.vi.replace("{more}", f" (và {more} dòng nữa)" if more else ""),
        en=item.en.replace("{more}", f" (and {more} more lines)" if more else ""),
    )


def render_fault(item: Fault) -> str:
    """Write the line that people read."""
    marks = {"file": "LỖI TỆP", "day": "LỖI", "warning": "lưu ý"}
    where = f"dòng/line {item.line}: " if item.line else ""
    return f"{where}{marks[item.weight]}: {item.vi} / {item.en}"
