// Chromium's own network throttle, on a page and on the service workers that answer for it.
import { createServer } from "node:net";
import { startChromium } from "./chromium.mjs";

/** The networks of the targets: milliseconds a request waits, and thousands of bits a second. */
export const NETWORKS = {
  loopback: { latency_ms: 0, down_kbps: null },
  "4g": { latency_ms: 60, down_kbps: 4000 },
  fast3g: { latency_ms: 150, down_kbps: 1600 },
  slow3g: { latency_ms: 400, down_kbps: 500 },
  tunnel: { latency_ms: 300, down_kbps: 500 },
  edge: { latency_ms: 400, down_kbps: 80 },
};

/** Return a network in the terms of the debugger: milliseconds and bytes a second, -1 for no limit. */
export const conditions = ({ offline = false, latency_ms = 0, down_kbps = null, up_kbps = down_kbps }) => {
  const bytes = (kbps) => (kbps === null ? -1 : (kbps * 1000) / 8);
  return { offline, latency: latency_ms, downloadThroughput: bytes(down_kbps), uploadThroughput: bytes(up_kbps) };
};

/** Put a page's own requests on a network; call it before the page goes anywhere. */
export async function throttle(page, network) {
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  await session.send("Network.emulateNetworkConditions", conditions(network));
}

/** Return a port that is free now. */
async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/**
 * Start Chromium; the function beside it puts every service worker, present or to come, on a network,
 * a new one before its first line runs.
 *
 * Playwright's sessions do not reach them: they are targets of their own, which a second connection to the
 * browser attaches to.
 */
export async function startThrottled(...more) {
  const port = await freePort();
  const browser = await startChromium(`--remote-debugging-port=${port}`, ...more);
  const { webSocketDebuggerUrl } = await (await fetch(`http://127.0.0.1:${port}/json/version`)).json();
  const socket = new WebSocket(webSocketDebuggerUrl);
  await new Promise((resolve, reject) => { socket.onopen = resolve; socket.onerror = reject; });
  let network = NETWORKS.loopback;
  let count = 0;
  const waiting = new Map();
  const workers = new Set();
  const send = (method, params = {}, sessionId = undefined) => new Promise((resolve) => {
    waiting.set(++count, resolve);
    socket.send(JSON.stringify({ id: count, method, params, sessionId }));
  });
  const apply = (sessionId) => send("Network.emulateNetworkConditions", conditions(network), sessionId);
  socket.onmessage = async ({ data }) => {
    const { id, method, params, error } = JSON.parse(data);
    if (id !== undefined) {
      waiting.get(id)?.(error);
      waiting.delete(id);
    } else if (method === "Target.attachedToTarget") {
      workers.add(params.sessionId);
      await send("Network.enable", {}, params.sessionId);
      await apply(params.sessionId);
      await send("Runtime.runIfWaitingForDebugger", {}, params.sessionId);
    } else if (method === "Target.detachedFromTarget") workers.delete(params.sessionId);
  };
  const refused = await send("Target.setAutoAttach", {
    autoAttach: true, waitForDebuggerOnStart: true, flatten: true, filter: [{ type: "service_worker" }, { exclude: true }],
  });
  if (refused) throw new Error(refused.message);
  const throttleWorkers = async (wanted) => {
    network = wanted;
    await Promise.all([...workers].map(apply));
  };
  return { browser, throttleWorkers };
}
