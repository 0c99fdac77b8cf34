// The demo's page: both studios, the programme as a viewer sees it, and buttons that break things.
const STATE_MS = 500, PREVIEW_MS = 200, FRAME_RATE = 25, STRIP_BITS = 32;
const MAX_BEHIND_S = 5, JUMP_PAUSE_MS = 5000;
const WORDS = {
  on: [], frozen: ["Đứng hình", "frozen"], unplugged: ["Đã rút phích", "unplugged"],
  slate: ["hình chờ", "slate"], studio: ["phòng thu chính", "main studio"], backup: ["dự phòng", "backup"],
};
const ACTIONS = {
  unplug: ["Rút phích", "unplug"], freeze: ["Làm đứng hình", "freeze"], restore: ["Cắm lại", "restore"],
};
const $ = (selector, root = document) => root.querySelector(selector);
const number = new Intl.NumberFormat("vi-VN", { minimumFractionDigits: 1, maximumFractionDigits: 1 });

function bilingual(node, [vietnamese, english]) {
  const span = document.createElement("span");
  span.lang = "en";
  span.textContent = english;
  node.replaceChildren(`${vietnamese} `, span);
}

// The strip at the bottom left of every picture: white, black, then the frame's number, 32 bits.
const canvas = document.createElement("canvas");
const pen = canvas.getContext("2d", { willReadFrequently: true });
function readFrame(source, width, height) {
  if (!width) return null;
  canvas.width = 640;
  canvas.height = 16;
  try {
    pen.drawImage(source, 0, height * (344 / 360), width, height * (16 / 360), 0, 0, 640, 16);
    const pixels = pen.getImageData(0, 8, 544, 1).data;
    let bits = 0;
    for (let place = 0; place < STRIP_BITS + 2; place += 1) {
      const lit = pixels[(place * 16 + 8) * 4] > 125;
      if (place < 2) { if (lit !== (place === 0)) return null; } else bits = bits * 2 + (lit ? 1 : 0);
    }
    // The number is modulo 2^32; put back what was cut off.
    const now = Math.floor((Date.now() / 1000) * FRAME_RATE);
    const whole = Math.floor(now / 2 ** 32) * 2 ** 32 + bits;
    return whole > now + 2 ** 31 ? whole - 2 ** 32 : whole;
  } catch { return null; }
}

// Studios
for (const card of document.querySelectorAll("[data-studio]")) {
  const buttons = $(".buttons", card);
  for (const [action, words] of Object.entries(ACTIONS)) {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.action = action;
    bilingual(button, words);
    button.addEventListener("click", () => act(card.dataset.studio, action));
    buttons.append(button);
  }
  const picture = $("img", card);
  if (picture) preview(card, picture);
}

async function act(studio, action) {
  const answer = await fetch(`/demo/studios/${studio}/${action}`, {
    method: "POST", headers: { "X-Lensong-Demo": "1" },
  });
  if (!answer.ok) complain(await answer.text());
  await refresh();
}

function preview(card, picture) {
  const load = () => { picture.src = `/demo/preview/${card.dataset.studio}.jpg?t=${Date.now()}`; };
  picture.addEventListener("load", () => {
    const frame = readFrame(picture, picture.naturalWidth, picture.naturalHeight);
    $(".frame", card).textContent = frame === null ? "–" : String(frame);
    setTimeout(load, PREVIEW_MS);
  });
  picture.addEventListener("error", () => setTimeout(load, 1000));
  load();
}

// Programme
let stalls = 0;
async function play(video, url, lowLatency, onFrame) {
  const { default: Hls } = await import("/demo/hls.mjs");
  let started = false;
  const hls = new Hls({ lowLatencyMode: lowLatency, startOnSegmentBoundary: !lowLatency, maxBufferLength: 30,
    backBufferLength: 10, maxLiveSyncPlaybackRate: lowLatency ? 1.05 : 1 });
  hls.on(Hls.Events.ERROR, (_, data) => {
    if (!data.fatal) return;
    complain(`${data.type}: ${data.details}`);
    setTimeout(() => { hls.loadSource(url); hls.startLoad(-1); }, 2000);
  });
  hls.loadSource(url);
  hls.attachMedia(video);
  video.addEventListener("playing", () => { started = true; $("#fault").hidden = true; });
  video.addEventListener("waiting", () => {
    if (started && !document.hidden) $("#stalls").textContent = String(stalls += 1);
  });
  // A machine that was busy for a while leaves the player far behind, and it never catches up alone.
  let jumped = Date.now();
  const step = () => {
    const frame = readFrame(video, video.videoWidth, video.videoHeight);
    if (frame !== null) onFrame(frame, Date.now() / 1000 - frame / FRAME_RATE);
    const behind = hls.liveSyncPosition === null ? 0 : hls.liveSyncPosition - video.currentTime;
    if (behind > MAX_BEHIND_S && Date.now() - jumped > JUMP_PAUSE_MS) {
      jumped = Date.now();
      video.currentTime = hls.liveSyncPosition;
    }
    video.requestVideoFrameCallback(step);
  };
  if (onFrame) video.requestVideoFrameCallback(step);
  video.play().catch(() => {});
}

let shownAt = 0;
function showProgramme(frame, latency) {
  $("#ll-frame").textContent = String(frame);
  if (Date.now() - shownAt < 400) return;
  shownAt = Date.now();
  $("#ll-latency").textContent = number.format(latency);
}

let plainAt = 0;
function showPlain(_, latency) {
  if (Date.now() - plainAt < 400) return;
  plainAt = Date.now();
  $("#plain-latency").textContent = number.format(latency);
}

$("#sound").addEventListener("click", () => { $("#ll").muted = !$("#ll").muted; });

// State
function complain(text) {
  const fault = $("#fault");
  fault.textContent = text;
  fault.hidden = false;
}

// The station's time, which is also burnt into the pictures.
function clock(ms) {
  return new Date(ms).toLocaleTimeString("vi-VN", { hour12: false, timeZone: "Asia/Ho_Chi_Minh" });
}

function showChannel(slug, channel) {
  const strip = $(`.strip[data-channel="${slug}"]`);
  const list = $("ol", strip);
  const cells = channel.segments.map((segment) => {
    const cell = document.createElement("li");
    cell.className = segment.state;
    const pictures = segment.pictures === null ? "" : `${segment.pictures} hình, `;
    cell.title = `${segment.msn}: ${pictures}${segment.sound ?? "–"} khung tiếng`;
    return cell;
  });
  list.replaceChildren(...cells);
  const since = channel.unbroken_since_ms;
  bilingual($(".since", strip), since === null
    ? ["Có đoạn bị thiếu", "a segment is missing"]
    : [`Không thiếu đoạn nào từ ${clock(since)}`, `no segment missing since ${clock(since)}`]);
}

function showSwitch(channel) {
  const source = $(".source");
  const onAir = channel.on_air ?? "slate";
  source.className = `source ${onAir}`;
  bilingual(source, WORDS[onAir] ?? [onAir, ""]);
  const last = channel.last_switch;
  $("#repeated").textContent = last === null ? "–" : `${last.repeated_frames} (${last.from} → ${last.to})`;
}

async function refresh() {
  const answer = await fetch("/demo/state.json");
  const state = await answer.json();
  for (const [name, { state: how }] of Object.entries(state.studios)) {
    const card = $(`[data-studio="${name}"]`);
    for (const button of card.querySelectorAll("button")) {
      button.hidden = (button.dataset.action === "restore") === (how === "on");
    }
    const veil = $(".veil", card);
    if (!veil) continue;
    veil.hidden = how === "on";
    if (how !== "on") bilingual(veil, WORDS[how]);
  }
  for (const [slug, channel] of Object.entries(state.channels)) showChannel(slug, channel);
  showSwitch(state.channels.hytv);
  return state;
}

async function songs(site) {
  try {
    const answer = await fetch(`${site}/api/v1/now.json`);
    $(".song").textContent = (await answer.json()).channels.hyfm?.title || "–";
  } catch { /* shown again at the next turn */ }
  setTimeout(() => songs(site), 5000);
}

async function start() {
  const state = await refresh();
  // The site may be open to other machines under another name; ours is on this one.
  const site = state.site;
  play($("#ll"), `${site}/ll/hytv/index.m3u8`, true, showProgramme);
  play($("#plain"), `${site}/live/hytv/index.m3u8`, false, showPlain);
  const radio = $("#radio");
  radio.addEventListener("play", () => play(radio, `${site}/live/hyfm/index.m3u8`, false, null), { once: true });
  songs(site);
  const turn = async () => {
    try { await refresh(); } catch { complain("Trạm đã dừng / the station has stopped"); }
    setTimeout(turn, STATE_MS);
  };
  setTimeout(turn, STATE_MS);
}

start().catch((error) => complain(String(error)));
