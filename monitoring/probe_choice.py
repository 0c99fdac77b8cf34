"""Choose what a synthetic player plays: rendition, place to begin, names.  Sans-I/O."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import urlsplit

from monitoring.probe_playlist import MediaPlaylist, Multivariant, Resource, Segment, Variant

__all__ = ["Role", "Watched", "choose_renditions", "first_media", "hold_back_s", "start_of"]

Role = Literal["main", "sound", "other", "text"]
"""main is watched and decoded, and so is its sound where that is apart; of the others a segment
is taken now and then; of text only the playlist."""

_MAX_RENDITIONS: Final = 16
_PLAIN_STEMS: Final = ("index", "playlist", "chunklist", "prog_index", "media", "live", "main")


@dataclass(frozen=True, slots=True)
class Watched:
    """One media playlist, and what the multivariant playlist says of it."""

    name: str
    uri: str
    role: Role
    variant: Variant | None = None
    group: str | None = None
    """GROUP-ID, of a rendition of EXT-X-MEDIA."""


def choose_renditions(listed: Multivariant) -> list[Watched]:
    """Return what is watched, the main one first.

    The main one is the variant with the least bandwidth that has a picture, or the least of
    all: it costs the network and the processor least, and a fault of the programme is in it.
    """
    by_cost = sorted(listed.variants, key=lambda one: (not one.has_picture, one.bandwidth_bps))
    main = by_cost[0]
    found = [Watched(_name(main.uri), main.uri, "main", main)]
    sounds = [one for one in listed.renditions if one.kind == "AUDIO"]
    own = [one for one in sounds if one.group == main.audio]
    own.sort(key=lambda one: not one.default)
    known = {main.uri}
    for place, one in enumerate(own + [one for one in sounds if one not in own]):
        if one.uri not in known:
            role: Role = "sound" if place == 0 and own else "other"
            found.append(Watched(_name(one.uri), one.uri, role, None, one.group))
            known.add(one.uri)
    for variant in by_cost[1:]:
        if variant.uri not in known:
            found.append(Watched(_name(variant.uri), variant.uri, "other", variant))
            known.add(variant.uri)
    for text in listed.renditions:
        if text.kind == "SUBTITLES" and text.uri not in known:
            found.append(Watched(_name(text.uri), text.uri, "text", None, text.group))
            known.add(text.uri)
    return _with_own_names(found[:_MAX_RENDITIONS])


def _name(uri: str) -> str:
    """Name a rendition after its address: ``720p/index.m3u8`` is 720p."""
    parts = [part for part in urlsplit(uri).path.split("/") if part not in ("", ".", "..")]
    stem = parts[-1].rpartition(".")[0] or parts[-1] if parts else "media"
    return (parts[-2] if stem.lower() in _PLAIN_STEMS and len(parts) > 1 else stem)[:40]


def _with_own_names(found: Iterable[Watched]) -> list[Watched]:
    names: set[str] = set()
    renamed = []
    for one in found:
        name, number = one.name, 2
        while name in names:
            name, number = f"{one.name}-{number}", number + 1
        names.add(name)
        renamed.append(Watched(name, one.uri, one.role, one.variant, one.group))
    return renamed


def hold_back_s(playlist: MediaPlaylist) -> float:
    """Return how far from the end of a live playlist a player begins, in seconds."""
    if playlist.part_target_s is not None and playlist.part_hold_back_s is not None:
        return playlist.part_hold_back_s
    return playlist.hold_back_s or 3.0 * playlist.target_duration_s


def start_of(playlist: MediaPlaylist) -> list[Segment]:
    """Return the whole segments that a player would play, from where it begins."""
    whole = list(playlist.whole)
    if playlist.ended or playlist.kind is not None:
        return whole
    behind_s, place = 0.0, len(whole)
    limit_s = max(hold_back_s(playlist), 3.0 * playlist.target_duration_s)
    while place and behind_s + whole[place - 1].duration_s <= limit_s + 0.01:
        place -= 1
        behind_s += whole[place].duration_s
    return whole[min(place, max(0, len(whole) - 1)) :]


def first_media(playlist: MediaPlaylist) -> tuple[Segment, Resource] | None:
    """Return what a player decodes first: with low latency a part that is independent."""
    if playlist.part_target_s is not None and not playlist.ended:
        behind_s = 0.0
        for segment in reversed(playlist.segments):
            for part in reversed(segment.parts):
                behind_s += part.duration_s
                far_enough = behind_s >= hold_back_s(playlist) - 0.01
                if far_enough and part.independent and not part.gap:
                    return segment, part.resource
    for segment in start_of(playlist):
        if segment.resource is not None and not segment.gap:
            return segment, segment.resource
    return None
