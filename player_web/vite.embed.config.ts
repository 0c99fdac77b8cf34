import { defineConfig } from "vite";

/** The player for frames: a build of its own, so that the page's code need not lie in pieces that both share. */
export default defineConfig({
  build: {
    target: "es2020",
    emptyOutDir: false,
    rolldownOptions: { input: "embed.html" },
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
  },
});
