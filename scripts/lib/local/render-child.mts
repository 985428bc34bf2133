import { writeSync } from "node:fs";
import { builtImages, pulledImages } from "../../../manifests/images.ts";
import { renderSound } from "../checks/gate.ts";
import { environmentNamed } from "../environments.ts";
import { main } from "../main.ts";
import { render } from "../render.ts";
import { secretValues } from "../secrets.ts";
import { $ } from "../shell.ts";
import type { Rendered } from "./rendered.ts";

// A process of its own: modules can't be loaded a second time after an edit, and the runner need not hold
// kubernetes-models in its memory. The result goes to descriptor 3, so that a manifest may print what it likes.

await main(async () => {
  const [, , name, httpsPort] = process.argv;
  const environment = { ...environmentNamed(name), httpsPort: Number(httpsPort) };
  // What is thrown is shown, and what runs goes on running.
  await renderSound(environment);
  const objects = render(environment, await secretValues($, environment));
  const rendered: Rendered = { objects, images: { built: builtImages, pulled: pulledImages } };
  const text = Buffer.from(JSON.stringify(rendered));
  for (let written = 0; written < text.length; ) written += writeSync(3, text, written);
});
