import type { Environment } from "../../../manifests/environment.ts";
import { renderSound } from "../checks/gate.ts";
import { render, toYaml } from "../render.ts";
import { imagesBuiltHere } from "./images.ts";
import { printJson } from "./json.ts";

// The modes of deploy.mts that ask no cluster. Tilt and editors wait for them, so nothing is loaded that only others need.

export { checkCommand } from "../checks/command.ts";

/** `--print` */
export async function print(environment: Environment, { json }: { json: boolean }): Promise<void> {
  const objects = await renderSound(environment);
  if (json) printJson(objects.filter(({ kind }) => kind !== "Secret"));
  else process.stdout.write(toYaml(objects));
}

/** `--images` */
export const listImages = (environment: Environment): void => console.log(JSON.stringify(imagesBuiltHere(environment, render(environment))));
