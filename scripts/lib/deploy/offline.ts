import type { Environment } from "../../../manifests/environment.ts";
import { renderSound } from "../checks/gate.ts";
import { render, toYaml } from "../render.ts";
import { imagesBuiltHere } from "./images.ts";

// The modes of deploy.mts that ask no cluster. Tilt and editors wait for them, so nothing is loaded that only others need.

export { checkCommand } from "../checks/command.ts";

/** `--print` */
export async function print(environment: Environment): Promise<void> {
  process.stdout.write(toYaml(await renderSound(environment)));
}

/** `--images` */
export const listImages = (environment: Environment): void => console.log(JSON.stringify(imagesBuiltHere(environment, render(environment))));
