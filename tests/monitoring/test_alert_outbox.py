"""Messages on their way: tried again, in order, never lost before a day."""

from __future__ import annotations

import json

from monitoring.alert_book import Alert, Message, Told
from monitoring.alert_outbox import Outbox


def message(made_s: float, name: str = "ChannelOffAir") -> Message:
    alert = Alert(name=name, severity="page", texts=(("summary", "Kênh tắt"),))
    return Message(
        kind="fired", severity="page", made_s=made_s, alerts=(Told(alert=alert, began_s=1),)
    )


def test_a_receiver_gets_its_messages_in_order_and_others_do_not_wait_for_it() -> None:
    outbox = Outbox()
    outbox.add(message(1000, "One"), ["mail", "chat"])
    outbox.add(message(1001, "Two"), ["mail", "chat"])
    due = outbox.due(1002)
    assert {name: parcel.message.alerts[0].alert.name for name, parcel in due.items()} == {
        "mail": "One",
        "chat": "One",
    }
    outbox.delivered(due["chat"])
    outbox.failed(due["mail"], 1002)
    assert list(outbox.due(1003)) == ["chat"]  # the mail's second waits behind its first
    assert outbox.due(1003)["chat"].message.alerts[0].alert.name == "Two"


def test_pauses_grow_to_ten_minutes_and_after_a_day_it_is_given_up() -> None:
    outbox = Outbox()
    outbox.add(message(1000), ["mail"])
    now_s, pauses = 1000.0, []
    while parcel := outbox.due(now_s).get("mail"):
        if outbox.failed(parcel, now_s):
            break
        pauses.append(parcel.next_s - now_s)
        now_s = parcel.next_s
    assert pauses[:9] == [5, 10, 20, 40, 80, 160, 320, 600, 600]
    assert 86_400 < now_s - 1000 <= 87_000
    assert outbox.waiting == []


def test_what_waits_survives_a_restart_and_goes_with_its_receiver() -> None:
    outbox = Outbox()
    outbox.add(message(1000), ["mail", "gone"])
    outbox.failed(outbox.due(1000)["mail"], 1000)
    again = Outbox()
    again.restore(json.loads(json.dumps(outbox.describe())))
    assert again.waiting == outbox.waiting
    again.keep_only(["mail"])
    assert [parcel.receiver for parcel in again.waiting] == ["mail"]


def test_too_many_give_up_the_oldest() -> None:
    outbox = Outbox()
    lost = [item for number in range(502) for item in outbox.add(message(number), ["mail"])]
    assert [parcel.message.made_s for parcel in lost] == [0, 1]
    assert len(outbox.waiting) == 500
