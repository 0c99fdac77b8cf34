"""What people read."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

from monitoring.alert_book import Alert, Message, Told
from monitoring.alert_text import Writer

WRITER = Writer(
    station="Đài Hưng Yên",
    channels={"hytv": "Truyền hình Hưng Yên"},
    zone=ZoneInfo("Asia/Ho_Chi_Minh"),
    pages_url="https://theodoi.example.vn",
)
OFF_AIR = Told(
    alert=Alert(
        name="ChannelOffAir",
        severity="page",
        stage="packager",
        labels=(("channel", "hytv"), ("process", "packager")),
        texts=(
            ("summary", "Kênh không lên sóng. / Off air."),
            ("description", "Đoạn mới nhất đã cũ. / The newest segment is old."),
            ("action", "Xem `lensong status`."),
        ),
    ),
    began_s=1_795_000_000,
)
FIRED = Message(kind="fired", severity="page", made_s=1_795_000_003, alerts=(OFF_AIR,))


def test_a_page_says_channel_what_since_when_what_to_do_and_where_to_read() -> None:
    letter = WRITER.letter(FIRED)
    assert letter.subject == "[KHẨN / PAGE] hytv: ChannelOffAir"
    assert letter.text == (
        "Kênh không lên sóng. / Off air.\n"
        "Kênh / channel: Truyền hình Hưng Yên (hytv)\n"
        "Khâu / stage: đóng gói / packager\n"
        "Chi tiết / details: process packager\n"
        "Từ / since: 18:06:40 18/11/2026 (+07)\n"
        "Đoạn mới nhất đã cũ. / The newest segment is old.\n"
        "Làm gì / what to do: Xem `lensong status`.\n"
        "Hướng dẫn / runbook: https://theodoi.example.vn/runbooks/ChannelOffAir\n\n"
        "-- \nĐài Hưng Yên · Lensong · https://theodoi.example.vn/\n"
    )


def test_the_all_clear_says_how_long_it_was() -> None:
    over = replace(OFF_AIR, ended_s=1_795_000_600, ending="resolved")
    letter = WRITER.letter(replace(FIRED, kind="cleared", alerts=(over,)))
    assert letter.subject == "[ĐÃ HẾT / CLEAR] hytv: ChannelOffAir"
    assert "Đến / until: 18:16:40 18/11/2026 (+07) (10 phút / min)" in letter.text
    assert "Làm gì" not in letter.text
    unheard = replace(over, ending="unheard")
    letter = WRITER.letter(replace(FIRED, kind="cleared", alerts=(unheard,)))
    assert "chưa chắc đã hết" in letter.text


def test_a_storm_is_counted_in_the_subject() -> None:
    alerts = tuple(
        replace(OFF_AIR, alert=replace(OFF_AIR.alert, labels=(("channel", f"kenh-{number}"),)))
        for number in range(20)
    )
    subject = WRITER.letter(replace(FIRED, alerts=alerts)).subject
    assert subject.startswith("[KHẨN / PAGE] 20 cảnh báo / alerts, kenh-0: ChannelOffAir")
    assert len(subject) <= 150


def test_a_webhook_gets_the_words_and_the_facts() -> None:
    values = WRITER.values(FIRED)
    assert values["text"].startswith("[KHẨN / PAGE] hytv: ChannelOffAir\n\nKênh không lên sóng.")
    (alert,) = values["alerts"]
    assert alert["labels"] == {"channel": "hytv", "process": "packager"}
    assert (alert["began"], alert["ended"]) == ("2026-11-18T18:06:40+07:00", None)


def test_the_weekly_test_says_that_it_is_one() -> None:
    test = Message(kind="test", severity="ticket", made_s=1_795_000_000)
    letter = WRITER.letter(test)
    assert letter.subject == "[Thử / test] Đài Hưng Yên"
    assert "không cần làm gì" in letter.text
    assert WRITER.values(test)["alerts"] == []
