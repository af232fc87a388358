import { defineConfig } from "vite";

// The server's own address while developing; the built page is served by that server itself.
const SERVER = "http://127.0.0.1:8460";

export default defineConfig({
  base: "/static/",
  build: {
    outDir: "../src/mimika/web/static",
    emptyOutDir: true,
    target: "es2022",
    // A data: address or an inline script would need a weaker Content-Security-Policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: { "/v1": { target: SERVER, ws: true }, "/healthz": SERVER },
  },
});
