import { defineConfig } from "vite";

export default defineConfig({
  server: { proxy: { "/api": "http://127.0.0.1:8080", "/live": "http://127.0.0.1:8080", "/ll": "http://127.0.0.1:8080",
    "/sound": "http://127.0.0.1:8080", "/media": "http://127.0.0.1:8080", "/dvr": "http://127.0.0.1:8080",
    "/catchup": "http://127.0.0.1:8080", "/programmes": "http://127.0.0.1:8080", "/thumb": "http://127.0.0.1:8080" } },
  build: {
    target: "es2020",
    // The page is served with `default-src 'self'`: no data: address and no inline script.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
    manifest: true, // scripts/build.mjs weighs by it, and takes it away
  },
});
