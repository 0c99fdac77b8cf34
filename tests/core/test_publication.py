"""core.publication: the wire form gives back what was said, however it is cut."""

from __future__ import annotations

import itertools
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import FormatError
from core.publication import (
    ChannelState,
    DiscontinuityDeclared,
    HeaderPublished,
    HoleDeclared,
    HourArchived,
    MeasuredBitrate,
    PartPublished,
    Publication,
    PublicationReader,
    SegmentArchived,
    SegmentLost,
    SegmentPublished,
    SnapshotEnd,
    SoundPublished,
    ThumbnailPublished,
    TitlePlayed,
    render_publication,
)

names = st.text(max_size=12)
numbers = st.integers(min_value=0, max_value=2**63)
flags = st.booleans()
media = st.binary(max_size=60)
track: dict[str, Any] = {"channel": names, "rendition": names}
publications: st.SearchStrategy[Publication] = st.one_of(
    st.builds(HeaderPublished, **track, hash=names, data=media),
    st.builds(
        PartPublished,
        **track,
        msn=numbers,
        part=numbers,
        header_hash=names,
        independent=flags,
        data=media,
    ),
    st.builds(
        SegmentArchived,
        **track,
        msn=numbers,
        header_hash=names,
        size_bytes=numbers,
        sha256=names,
        slate=flags,
    ),
    st.builds(SegmentLost, **track, msn=numbers, reason=names),
    st.builds(HourArchived, **track, hour=numbers, closed=flags, data=media),
    st.builds(SegmentPublished, **track, msn=numbers, header_hash=names, slate=flags, data=media),
    st.builds(ThumbnailPublished, channel=names, msn=numbers, data=media),
    st.builds(HoleDeclared, channel=names, msn=numbers, reason=names),
    st.builds(DiscontinuityDeclared, channel=names, msn=numbers, sequence=numbers),
    st.builds(MeasuredBitrate, **track, peak_bps=numbers, average_bps=numbers),
    st.builds(ChannelState, channel=names, on_air=names, title=names, since_ns=numbers),
    st.builds(TitlePlayed, channel=names, title=names, since_ns=numbers),
    st.builds(SoundPublished, channel=names, number=numbers, data=media),
    st.just(SnapshotEnd()),
)


@given(
    said=st.lists(publications, max_size=5),
    cuts=st.lists(st.integers(min_value=0, max_value=1000), max_size=6),
)
def test_any_cutting_gives_back_what_was_said(said: list[Publication], cuts: list[int]) -> None:
    data = b"".join(head + body for head, body in map(render_publication, said))
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    reader = PublicationReader()
    heard = [p for a, z in itertools.pairwise(edges) for p in reader.receive(data[a:z])]
    assert heard == said


def test_the_wire_form() -> None:
    part = HeaderPublished(channel="c", rendition="r", hash="h", data=b"\x01\x02")
    head, body = render_publication(part)
    text = b'{"kind": "HeaderPublished", "channel": "c", "rendition": "r", "hash": "h"}'
    assert head == struct.pack(">II", len(text), 2) + text
    assert body == b"\x01\x02"


@pytest.mark.parametrize(
    "text", [b"[]", b"{}", b"nonsense", b'{"kind": "Other"}', b'{"kind": "HoleDeclared"}']
)
def test_bytes_that_are_no_publication(text: bytes) -> None:
    with pytest.raises(FormatError, match="not a publication"):
        PublicationReader().receive(struct.pack(">II", len(text), 0) + text)


@pytest.mark.parametrize("lengths", [(65_537, 0), (0, 2**27)])
def test_a_length_over_the_limit_asks_for_no_memory(lengths: tuple[int, int]) -> None:
    with pytest.raises(FormatError) as caught:
        PublicationReader().receive(struct.pack(">II", *lengths))
    assert caught.value.code == "size"
