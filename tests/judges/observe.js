// Runs inside the page: watches one media element and notes what a viewer would notice.
(() => {
  const SAMPLE_MS = 50;
  const STALL_AFTER_MS = 300;

  /** The strip: guards white, black, then 32 squares of 16 x 16 source pixels, MSB first. */
  const SQUARE_PX = 16;
  const SQUARES = 34;
  const SOURCE_HEIGHTS = [720, 1080, 540, 480, 360];
  const PLAUSIBLE_S = 120;

  const median = (values) => quantile(values, 0.5);
  function quantile(values, q) {
    if (values.length === 0) return null;
    const sorted = [...values].sort((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
  }

  /** Read the burnt-in number as if the source had `height` lines; null when it is no strip. */
  function readAs(pixels, width, lines, video, height) {
    const perPixelY = video.videoHeight / height;
    const perPixelX = video.videoWidth / ((height * 16) / 9);
    const y = Math.floor(lines - (SQUARE_PX / 2) * perPixelY);
    const lumas = [];
    for (let square = 0; square < SQUARES; square += 1) {
      const middle = (square + 0.5) * SQUARE_PX * perPixelX;
      let sum = 0;
      let count = 0;
      for (let dy = -1; dy <= 1; dy += 1) {
        for (let dx = -1; dx <= 1; dx += 1) {
          const at = (Math.max(0, y + dy) * width + Math.min(width - 1, Math.floor(middle) + dx)) * 4;
          sum += pixels[at + 1];
          count += 1;
        }
      }
      lumas.push(sum / count);
    }
    const [white, black, ...bits] = lumas;
    if (white - black < 100) return null;
    const threshold = (white + black) / 2;
    return bits.reduce((number, luma) => number * 2 + (luma > threshold ? 1 : 0), 0);
  }

  const canvas = document.createElement("canvas");

  /** Return seconds between the studio's frame on screen and now; null when no strip is seen. */
  function glassToGlass(video) {
    if (!video.videoWidth) return null;
    const lines = Math.ceil((SQUARE_PX / Math.min(...SOURCE_HEIGHTS)) * video.videoHeight) + 2;
    canvas.width = video.videoWidth;
    canvas.height = lines;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(
      video, 0, video.videoHeight - lines, video.videoWidth, lines, 0, 0, video.videoWidth, lines,
    );
    const now = Date.now();
    const { data } = context.getImageData(0, 0, canvas.width, lines);
    for (const height of SOURCE_HEIGHTS) {
      const number = readAs(data, canvas.width, lines, video, height);
      if (number === null) continue;
      const frames = (((Math.floor(now / 40) - number) % 2 ** 32) + 2 ** 32) % 2 ** 32;
      const seconds = (frames + (now % 40) / 40) * 0.04;
      if (seconds < PLAUSIBLE_S) return seconds;
    }
    return null;
  }

  function observe(media) {
    const born = performance.now();
    const since = () => Math.round(performance.now() - born);
    const report = {
      started: false, start_ms: null, start_position_s: null, stalls: [], waiting_events: 0,
      media_error: null, most_buffered_ranges: 0, seeks: 0, samples: 0,
    };
    const latencies = { playlist: [], glass: [] };
    let position = -1;
    let movedAt = born;
    let stall = null;

    media.addEventListener("waiting", () => { if (report.started) report.waiting_events += 1; });
    media.addEventListener("seeking", () => { if (report.started) report.seeks += 1; });
    media.addEventListener("error", () => {
      report.media_error = { code: media.error?.code ?? 0, message: media.error?.message ?? "" };
    });

    function sample() {
      const now = performance.now();
      report.samples += 1;
      report.most_buffered_ranges = Math.max(report.most_buffered_ranges, media.buffered.length);
      if (media.currentTime !== position) {
        const first = position < 0 || media.readyState < 2;
        position = media.currentTime;
        movedAt = now;
        if (!report.started && !first && !media.paused && !media.seeking) {
          report.started = true;
          report.start_ms = since();
          report.start_position_s = position;
        }
        if (stall) {
          stall.ms = Math.round(now - stall.from);
          delete stall.from;
          stall = null;
        }
      } else if (report.started && !stall && now - movedAt > STALL_AFTER_MS) {
        stall = { at_ms: Math.round(movedAt - born), ms: null, from: movedAt,
          position_s: position, ready_state: media.readyState };
        report.stalls.push(stall);
      }
    }
    const timer = setInterval(sample, SAMPLE_MS);
    const slow = setInterval(() => {
      if (!report.started) return;
      const hls = window.judgedHls;
      const date = hls?.playingDate;
      if (date) latencies.playlist.push((Date.now() - date.getTime()) / 1000);
      if (media instanceof HTMLVideoElement) {
        const seconds = glassToGlass(media);
        if (seconds !== null) latencies.glass.push(seconds);
      }
    }, 1000);

    const summary = (values) => values.length === 0 ? null : {
      first: values[0], median: median(values), p95: quantile(values, 0.95),
      last: values.at(-1), max: Math.max(...values), samples: values.length,
    };

    return {
      latencyNow: () => ({ glass_s: media instanceof HTMLVideoElement ? glassToGlass(media) : null,
        playlist_s: window.judgedHls?.playingDate
          ? (Date.now() - window.judgedHls.playingDate.getTime()) / 1000 : null }),
      finish() {
        clearInterval(timer);
        clearInterval(slow);
        sample();
        if (stall) {
          stall.ms = Math.round(performance.now() - stall.from);
          stall.unfinished = true;
          delete stall.from;
        }
        const quality = media.getVideoPlaybackQuality?.();
        return {
          ...report,
          stall_ms: report.stalls.reduce((sum, one) => sum + one.ms, 0),
          position_s: media.currentTime,
          advanced_s: report.started ? media.currentTime - report.start_position_s : 0,
          played_for_ms: report.started ? since() - report.start_ms : 0,
          paused: media.paused,
          dropped_frames: quality?.droppedVideoFrames ?? 0,
          shown_frames: quality?.totalVideoFrames ?? 0,
          size: media.videoWidth ? `${media.videoWidth}x${media.videoHeight}` : null,
          decoded_audio_bytes: media.webkitAudioDecodedByteCount ?? null,
          latency_s: summary(latencies.playlist),
          glass_latency_s: summary(latencies.glass),
        };
      },
    };
  }

  window.judge = { observe, glassToGlass };
})();
