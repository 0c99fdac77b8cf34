// What the page may weigh, in bytes of Brotli: the shell, and all that is needed to play; and the TV view's own part.

export const BUDGETS = { shell: 45_000, play: 200_000, tv: 25_000 };
const HLS = "node_modules/hls.js/";

/**
 * Weigh a build.
 *
 * `manifest` is Vite's; `sizes` gives each file's bytes by its name in dist/.  The shell is the page and
 * whatever it imports at once; to play, hls.js comes on top.  What is imported when it is wanted is told
 * apart and has no limit.  `more` names what the page asks for beside what Vite knows of.
 */
export function weigh(manifest, sizes, page = "index.html", more = []) {
  const files = new Set([page, ...more]);
  const seen = new Set();
  const visit = (key) => {
    const chunk = manifest[key];
    if (!chunk || seen.has(key)) return;
    seen.add(key);
    for (const file of [chunk.file, ...(chunk.css ?? [])]) files.add(file);
    for (const more of chunk.imports ?? []) visit(more);
  };
  visit(page);
  const hls = Object.entries(manifest).filter(([key]) => key.includes(HLS)).map(([, chunk]) => chunk.file);
  const total = (names) => [...names].reduce((sum, name) => {
    if (sizes[name] === undefined) throw new Error(`${name} was not built`);
    return sum + sizes[name];
  }, 0);
  if (hls.length === 0) throw new Error("hls.js is not in the build");
  const needed = new Set([...files, ...hls]);
  const later = Object.keys(sizes).filter((name) => !needed.has(name)).sort((a, b) => sizes[b] - sizes[a]);
  return { shell: total(files), play: total(needed), later: later.map((name) => [name, sizes[name]]) };
}

/** Say what is over its budget, a sentence each. */
export function excesses(weights) {
  return Object.entries(BUDGETS).filter(([name, limit]) => weights[name] > limit).map(([name, limit]) => (
    `${name}: ${weights[name]} bytes in Brotli, ${weights[name] - limit} over the budget of ${limit}`
  ));
}
