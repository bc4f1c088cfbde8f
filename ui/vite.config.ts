import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [svelte()],
  build: {
    outDir: "../glia/server/static",
    emptyOutDir: true,
    // The content security policy allows no data: addresses, so small assets stay files.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700, // ECharts, loaded only where there is a picture
  },
  server: { proxy: { "/api": { target: "http://127.0.0.1:7007", changeOrigin: true } } },
  test: { include: ["src/**/*.test.ts"] },
});
