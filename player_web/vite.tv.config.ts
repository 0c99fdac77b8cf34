import { defineConfig } from "vite";

/** The TV view: a build of its own, for the browsers of TV sets of 2019 (Tizen 5, webOS 5). */
export default defineConfig({
  build: {
    target: "chrome63",
    cssTarget: "chrome63",
    emptyOutDir: false,
    rolldownOptions: {
      input: "tv.html",
      // hls.js apart from our own code, it changes less often; and the texts, which are those of all pages.
      output: { codeSplitting: { groups: [
        { name: "tv-hls", test: /node_modules[\\/]hls\.js/ },
        { name: "tv-texts", test: /src[\\/]messages/ },
      ] } },
    },
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
  },
});
