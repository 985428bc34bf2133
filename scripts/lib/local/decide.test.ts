import { expect, it } from "vitest";
import { environments } from "../../../manifests/environments/index.ts";
import { builtImages, pulledImages } from "../../../manifests/images.ts";
import { render } from "../render.ts";
import { decider, urlsOf } from "./decide.ts";

const objects = render({ ...environments.local, httpsPort: 8443 }, { VALKEY_PASSWORD: "secret" });
const decide = (options: { only?: string[]; shown?: string[] }) => decider("/clone", "/clone/.local", { path: "", ...options })({ objects, images: { built: builtImages, pulled: pulledImages } });

it.each([
  ["--only", { only: ["bakcend"] }],
  ["--log", { shown: ["backend", "bakcend"] }],
])("%s with a name that is none is refused with the one that was meant", async (flag, options) => {
  await expect(decide(options)).rejects.toMatchObject({ message: "no process is called bakcend", next: `${flag} backend`, exitCode: 2 });
});

it("addresses are those of processes that run", async () => {
  const urls = async (only?: string[]) => urlsOf(await decide({ only }), 8443, 80).map(({ url }) => url);
  expect(await urls()).toEqual(["https://dev.localhost:8443", "https://backend.dev.localhost:8443"]);
  expect(await urls(["backend"])).toEqual(["https://backend.dev.localhost:8443"]);
});
