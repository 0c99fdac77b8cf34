// Players of somebody else's, hls.js as it comes, which tell with their requests how they do; behind hls.js in one script.
// Each keeps in `window.players` what its picture did: the truth that counts are compared with.
window.players = {};
window.addPlayer = (name, source, cmcd) => {
  const video = document.createElement("video");
  const player = { video, states: [], source };
  video.muted = true;
  document.body.append(video);
  for (const state of ["playing", "waiting", "pause"]) {
    video.addEventListener(state, () => player.states.push([state, performance.now()]));
  }
  player.playedS = () => [...Array(video.played.length).keys()].reduce((sum, at) => sum + video.played.end(at) - video.played.start(at), 0);
  player.askedMs = performance.now();
  player.hls = new Hls({ cmcd: { sessionId: name, ...cmcd }, liveSyncDurationCount: 2, maxBufferLength: 6 });
  player.hls.loadSource(source);
  player.hls.attachMedia(video);
  void video.play().catch(() => undefined);
  window.players[name] = player;
};
