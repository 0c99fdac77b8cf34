"""origin.preparation: the table is in step with the window."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable
from dataclasses import replace

from core.publication import HoleDeclared, Publication, SnapshotEnd
from core.timeline import PartAddress
from origin.preparation import Preparation
from origin.prepared import BlockingPlaylist, Hold, HostForms, ResponseTable
from tests.origin.broadcast import MSN, Broadcast, make_settings

SETTINGS = make_settings()
TV, RADIO = (Broadcast(channel) for channel in SETTINGS.channels)


def tell(preparation: Preparation, publications: Iterable[Publication]) -> None:
    for publication in publications:
        preparation.apply(publication, stored_ns=7)


def prepared(broadcast: Broadcast = TV, last: int = MSN) -> Preparation:
    preparation = Preparation(ResponseTable(max_held=10), SETTINGS.channels)
    preparation.begin_snapshot()
    tell(
        preparation,
        [*broadcast.headers(), *broadcast.segments(last - 9, last), SnapshotEnd()],
    )
    return preparation


def body(preparation: Preparation, path: str) -> bytes | None:
    found = preparation.table.playlist(path.encode())
    if found is not None:
        return text(found).encode()
    response = preparation.table.get(path.encode(), gzip=False)
    return None if response is None else b"".join(response.body)


def playlist(preparation: Preparation, rendition: str) -> BlockingPlaylist:
    found = preparation.table.playlist(f"/ll/hytv/{rendition}/index.m3u8".encode())
    assert found is not None
    return found


def text(found: BlockingPlaylist) -> str:
    return b"".join(found.choose(blocking=True, skip=False, gzip=False).body).decode()


def test_every_address_that_a_playlist_names_is_answered() -> None:
    preparation = prepared()
    tell(preparation, TV.live(MSN + 1, range(4)))
    for path, entry in list(preparation.table.entries.items()):
        if path.startswith((b"/ll/hytv/", b"/live/hytv/", b"/sound/hytv/")):
            assert not isinstance(entry, HostForms)
            listed = (
                text(entry)
                if isinstance(entry, BlockingPlaylist)
                else b"".join(entry.identity.body).decode()
            )
            hint = re.findall(r'PRELOAD-HINT:TYPE=PART,URI="([^"]+)"', listed)
            for uri in re.findall(r'URI="([^"]+)"|^([^#\s]+)$', listed, re.MULTILINE):
                name = uri[0] or uri[1]
                steps = path.decode().split("/")[:-1]
                for step in name.split("/"):
                    steps = steps[:-1] if step == ".." else [*steps, step]
                there = "/".join(steps).encode() in preparation.table.entries
                assert there == (name not in hint), name


def test_the_compressed_form_is_the_same() -> None:
    preparation = prepared()
    found = preparation.table.playlist(b"/live/hytv/360p/index.m3u8")
    assert found is not None
    plain, packed = (
        found.choose(blocking=False, skip=False, gzip=accepted) for accepted in (False, True)
    )
    assert gzip.decompress(b"".join(packed.body)) == b"".join(plain.body)
    assert ("Content-Encoding", "gzip") in packed.headers
    assert ("Vary", "Accept-Encoding") in plain.headers


def test_a_part_releases_who_waits_for_it() -> None:
    preparation = prepared()
    released: list[int] = []
    hold = Hold(PartAddress(MSN + 1, 0), released.append)
    preparation.table.hold(playlist(preparation, "360p"), hold)
    tell(preparation, [TV.part("234p", MSN + 1, 0)])
    assert not released
    tell(preparation, [TV.part("360p", MSN + 1, 0)])
    assert released == [7]


def test_reports_are_fresh_once_every_rendition_has_the_part() -> None:
    preparation = prepared()
    first, *others = (TV.part(name, MSN + 1, 0) for name in TV.renditions)
    tell(preparation, [first])
    assert f"LAST-MSN={MSN},LAST-PART=5" in text(playlist(preparation, first.rendition))
    tell(preparation, others)
    reports = re.findall(r"LAST-MSN=(\d+),LAST-PART=(\d)", text(playlist(preparation, "360p")))
    assert reports == [(str(MSN + 1), "0")] * 2


def test_the_plain_playlist_is_made_again_when_a_segment_ends() -> None:
    preparation = prepared()
    path = "/live/hytv/360p/index.m3u8"
    before = body(preparation, path)
    found = preparation.table.playlist(path.encode())
    assert found is not None
    released: list[int] = []
    preparation.table.hold(found, Hold(PartAddress(MSN + 1, 5), released.append))
    tell(preparation, TV.live(MSN + 1, range(5)))
    assert body(preparation, path) == before
    assert not released
    tell(preparation, TV.live(MSN + 1, [5]))
    assert released
    listed = body(preparation, path)
    assert listed is not None
    assert listed.endswith(f"/{MSN + 1}.m4s\n".encode())


def test_a_channel_is_announced_when_every_playlist_is_there() -> None:
    preparation = Preparation(ResponseTable(max_held=10), SETTINGS.channels)
    preparation.begin_snapshot()
    tell(preparation, [SnapshotEnd(), *TV.headers()])
    assert not preparation.is_ready("hytv")
    tell(preparation, TV.live(MSN)[:-2])  # all but the last rendition's last part
    assert preparation.is_ready("hytv")  # which is in the playlist of sound only
    assert body(preparation, "/sound/hytv/index.m3u8") is None
    tell(preparation, TV.live(MSN)[-2:])
    assert body(preparation, "/sound/hytv/index.m3u8") is not None


def test_a_channel_whose_first_segment_was_never_ended_is_announced_without_it() -> None:
    preparation = Preparation(ResponseTable(max_held=10), SETTINGS.channels)
    preparation.begin_snapshot()
    tell(preparation, [SnapshotEnd(), *TV.headers(), TV.part("360p", MSN, 0)])
    tell(preparation, TV.live(MSN + 1))
    assert preparation.edge("hytv") == PartAddress(MSN, 0)
    tell(preparation, [HoleDeclared(channel="hytv", msn=MSN, reason="no 360p")])
    assert preparation.edge("hytv") == PartAddress(MSN + 1, 5)
    assert preparation.is_ready("hytv")
    assert f"{MSN + 1}.m4s" in (body(preparation, "/live/hytv/360p/index.m3u8") or b"").decode()
    assert b"#EXT-X-GAP" not in (body(preparation, "/live/hytv/360p/index.m3u8") or b"")


def test_what_expires_is_answered_no_more() -> None:
    preparation = prepared()
    old = [f"/media/hytv/360p/{MSN - 9}{part}.m4s" for part in ("", ".0", ".5")]
    assert all(body(preparation, path) for path in old)
    tell(preparation, TV.segments(MSN + 1, MSN + 15))
    assert not any(body(preparation, path) for path in old)
    assert body(preparation, f"/media/hytv/360p/{MSN - 8}.m4s")


def test_a_hole_is_listed_and_a_refill_takes_it_back() -> None:
    preparation = prepared()
    tell(preparation, [HoleDeclared(channel="hytv", msn=MSN + 1, reason="late")])
    path = "/live/hytv/360p/index.m3u8"
    assert b"#EXT-X-GAP\n" in (body(preparation, path) or b"")
    assert body(preparation, f"/media/hytv/360p/{MSN + 1}.m4s") is None
    tell(preparation, TV.segments(MSN + 1, MSN + 1))
    assert b"#EXT-X-GAP\n" not in (body(preparation, path) or b"")
    assert body(preparation, f"/media/hytv/360p/{MSN + 1}.m4s")


def test_the_edge_is_where_every_rendition_is() -> None:
    preparation = prepared()
    tell(preparation, [TV.part("360p", MSN + 1, 0)])
    assert preparation.edge("hytv") == PartAddress(MSN, 5)
    assert preparation.edge("hyfm") is None
    assert preparation.edge("nobody") is None


def test_a_reload_keeps_the_channels_that_stay() -> None:
    preparation = prepared()
    before = dict(preparation.table.entries)
    preparation.configure(SETTINGS.channels[:1])
    assert preparation.table.entries == {
        path: entry for path, entry in before.items() if b"/hyfm/" not in path
    }
    preparation.configure(SETTINGS.channels[1:])
    assert not [path for path in preparation.table.entries if b"/hytv/" in path]


def test_a_reload_with_another_ladder_keeps_the_renditions_that_stay() -> None:
    preparation = prepared()
    more = TV.channel.model_copy(update={"ladder": "480p"})
    preparation.configure([more])
    assert body(preparation, "/live/hytv/360p/index.m3u8")
    assert not preparation.is_ready("hytv")
    wider = Broadcast(more)
    tell(preparation, [*wider.headers(), wider.segment("480p", MSN)])
    assert preparation.is_ready("hytv")


def test_thumbnails_come_and_go_with_their_segments() -> None:
    preparation = prepared()
    tell(preparation, [TV.thumbnail(MSN + 1), TV.thumbnail(MSN)])
    assert body(preparation, f"/thumb/hytv/{MSN + 1}.jpg") == TV.thumbnail(MSN + 1).data
    # A late one is no newer, and a second one of a number changes nothing.
    tell(preparation, [replace(TV.thumbnail(MSN), data=b"another")])
    assert body(preparation, "/thumb/hytv/latest.jpg") == TV.thumbnail(MSN + 1).data
    assert body(preparation, f"/thumb/hytv/{MSN}.jpg") == TV.thumbnail(MSN).data
    for msn in range(MSN + 1, MSN + 25):
        tell(preparation, [*TV.live(msn)])
    assert body(preparation, f"/thumb/hytv/{MSN}.jpg") is None
    assert body(preparation, f"/thumb/hytv/{MSN + 1}.jpg") is not None
    tell(preparation, [TV.thumbnail(MSN)])
    assert body(preparation, f"/thumb/hytv/{MSN}.jpg") is None


def test_a_thumbnail_moves_no_edge_and_without_media_their_number_is_bounded() -> None:
    preparation = prepared()
    before = body(preparation, "/ll/hytv/360p/index.m3u8")
    for msn in range(MSN, MSN + 100):
        tell(preparation, [TV.thumbnail(msn)])
    assert body(preparation, "/ll/hytv/360p/index.m3u8") == before
    assert len(preparation.window.channels["hytv"].thumbnails) == 25
    assert sum(path.startswith(b"/thumb/") for path in preparation.table.entries) == 26


def test_a_channel_that_leaves_takes_its_thumbnails_along() -> None:
    preparation = prepared()
    tell(preparation, [TV.thumbnail(MSN)])
    preparation.configure(SETTINGS.channels[1:])
    assert not any(path.startswith(b"/thumb/") for path in preparation.table.entries)


def test_an_i_frame_playlist_grows_by_two_numbers_and_releases_who_waits() -> None:
    preparation = prepared()
    found = preparation.table.playlist(b"/live/hytv/360p/iframes.m3u8")
    assert found is not None
    assert found.edge == PartAddress(2 * MSN + 1, 5)
    released: list[int] = []
    preparation.table.hold(found, Hold(PartAddress(2 * MSN + 2, 5), released.append))
    tell(preparation, TV.live(MSN + 1, range(5)))
    assert not released
    tell(preparation, TV.live(MSN + 1, [5]))
    assert released == [7]
    assert f"#EXT-X-MEDIA-SEQUENCE:{2 * (MSN - 8)}\n" in text(found)


def test_a_hole_in_an_i_frame_playlist_is_refilled() -> None:
    preparation = prepared()
    path = "/live/hytv/360p/iframes.m3u8"
    tell(preparation, [HoleDeclared(channel="hytv", msn=MSN + 1, reason="late")])
    assert (body(preparation, path) or b"").count(b"#EXT-X-GAP\n") == 2
    tell(preparation, TV.segments(MSN + 1, MSN + 1))
    assert b"#EXT-X-GAP\n" not in (body(preparation, path) or b"")


def test_only_pictures_have_i_frame_playlists() -> None:
    preparation = prepared()
    assert body(preparation, "/live/hytv/a96/iframes.m3u8") is None
    for path, there in (
        ("/live/hytv/234p/iframes.m3u8", True),
        ("/live/hytv/a96/iframes.m3u8", False),
        ("/ll/hytv/234p/iframes.m3u8", False),
        ("/live/hytv/iframes.m3u8", False),
    ):
        assert preparation.announces(path) == there, path
