import type { Stats } from "node:fs";
import { stat } from "node:fs/promises";
import { defineConfig, type Plugin } from "vite";
import { readRuntimeConfig } from "./src/server/runtime-config.ts";

const { PORT = "8080", HOST, HMR_CLIENT_PORT, VITE_CACHE_DIR } = process.env;

/** Answers what the production server answers beside the page: see src/server/server.ts. */
function runtime(): Plugin {
  return {
    name: "runtime",
    apply: "serve",
    configureServer({ middlewares }) {
      const problems: string[] = [];
      const config = readRuntimeConfig({ BACKEND_URL: "http://localhost:3000", ...process.env }, problems);
      if (problems.length > 0) throw new Error(`the environment is wrong:\n  ${problems.join("\n  ")}`);
      const answers = { "/livez": "ok", "/readyz": "ok", "/config.json": JSON.stringify(config) };
      middlewares.use((request, response, next) => {
        const path = request.url?.split("?")[0] ?? "";
        if (!Object.hasOwn(answers, path)) return next();
        response.setHeader("Content-Type", path.endsWith(".json") ? "application/json" : "text/plain; charset=utf-8");
        response.setHeader("Cache-Control", "no-cache");
        response.end(answers[path as keyof typeof answers]);
      });
    },
  };
}

/**
 * Vite's watcher drops a save that comes within 50 ms of another (https://github.com/paulmillr/chokidar/issues/1455), as
 * a formatter's does after the editor's; the page would keep what the file no longer says. This looks once more afterwards.
 */
function quickSaves(): Plugin {
  return {
    name: "quick-saves",
    apply: "serve",
    configureServer({ watcher }) {
      const newest = new Map<string, Stats | undefined>();
      watcher.on("change", (file, told) => {
        newest.set(file, told);
        setTimeout(async () => {
          const now = await stat(file).catch(() => undefined);
          // A later event looks for itself.
          if (newest.get(file) !== told) return;
          newest.delete(file);
          if (now && told && (now.mtimeMs !== told.mtimeMs || now.size !== told.size)) watcher.emit("change", file, now);
        }, 60);
      });
    },
  };
}

export default defineConfig({
  plugins: [runtime(), quickSaves()],
  clearScreen: false,
  // A folder for each port: two servers on one machine would overwrite each other's files.
  cacheDir: VITE_CACHE_DIR ?? `.cache/vite-${PORT}`,
  server: {
    host: HOST || true,
    port: Number(PORT),
    strictPort: true,
    open: false,
    allowedHosts: [".localhost"],
    // By itself Vite's client asks at the page's own protocol, host and port, which is right behind an ingress too.
    hmr: HMR_CLIENT_PORT ? { protocol: "wss", clientPort: Number(HMR_CLIENT_PORT) } : undefined,
  },
  build: {
    outDir: "dist/public",
    // It reports sizes that the server's own compression makes meaningless.
    reportCompressedSize: false,
    // A data: address in a style sheet would need an exception in the content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
