import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { serveStatic } from "@hono/node-server/serve-static";
import { Hono } from "hono";
import { compress } from "hono/compress";
import { secureHeaders } from "hono/secure-headers";

/** Swagger UI for /openapi.json, from files of this service alone: it works without the internet and tells nobody. */
export function createSwaggerUi(): Hono {
  const app = new Hono();
  app.use(
    secureHeaders({
      // Swagger UI sets style attributes and shows data: images; everything else comes from here.
      contentSecurityPolicy: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", "data:"],
        connectSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
      },
    }),
  );
  app.use(compress());
  app.get("/", (c) => c.html(page));
  app.get("/start.js", (c) => c.body(start, { headers: { "Content-Type": "text/javascript; charset=utf-8" } }));
  app.get(
    "/:file{swagger-ui\\.css|swagger-ui-bundle\\.js|favicon-32x32\\.png}",
    serveStatic({
      root: assets(),
      rewriteRequestPath: (path) => path.slice(path.lastIndexOf("/")),
      onFound: (_path, c) => c.header("Cache-Control", "public, max-age=3600"),
    }),
  );
  return app;
}

/** `npm run build` puts the files beside the bundle; in development they are where npm put them. */
function assets(): string {
  const built = fileURLToPath(new URL("./swagger-ui", import.meta.url));
  return existsSync(built) ? built : dirname(createRequire(import.meta.url).resolve(join("swagger-ui-dist", "package.json")));
}

const page = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>API</title>
    <link rel="icon" type="image/png" href="/ui/favicon-32x32.png">
    <link rel="stylesheet" href="/ui/swagger-ui.css">
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="/ui/swagger-ui-bundle.js"></script>
    <script src="/ui/start.js"></script>
  </body>
</html>
`;

// validatorUrl: by default Swagger UI sends the document's address to a public validator.
const start = `SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  displayRequestDuration: true,
  validatorUrl: null,
});
`;
