/**
 * The captions of a media element in a track of our own.
 *
 * Player: hls.js's own tracks are elements with a `data:` address, which the page's policy forbids.
 */

/** Captions that are this far behind what plays are thrown away. */
const KEPT_S = 600;

/** A track cannot be taken away again, so each element has one. */
const tracks = new WeakMap<HTMLMediaElement, TextTrack>();

function trackOf(media: HTMLMediaElement): TextTrack {
  const track = tracks.get(media) ?? media.addTextTrack("subtitles");
  tracks.set(media, track);
  return track;
}

/** Add captions that are not there yet. */
export function addCaptions(media: HTMLMediaElement, cues: Iterable<VTTCue>): void {
  const track = trackOf(media);
  // A disabled track tells nothing of its cues.
  if (track.mode === "disabled") track.mode = "hidden";
  for (const cue of cues) if (!track.cues?.getCueById(cue.id)) track.addCue(cue);
  for (const cue of [...(track.cues ?? [])]) {
    if (cue.endTime < media.currentTime - KEPT_S) track.removeCue(cue);
  }
}

export function showCaptionTrack(media: HTMLMediaElement, isShown: boolean): void {
  if (isShown || tracks.has(media)) trackOf(media).mode = isShown ? "showing" : "hidden";
}

/** Throw every caption away: what follows has another timeline. */
export function clearCaptions(media: HTMLMediaElement): void {
  const track = tracks.get(media);
  if (!track) return;
  track.mode = "hidden";
  for (const cue of [...(track.cues ?? [])]) track.removeCue(cue);
}
