import type { KubernetesObject } from "../render.ts";
import { owned } from "./objects.ts";
import { pinned, type Images } from "./images.ts";
import { versioned, withoutStringData } from "./versioned.ts";

/** @returns rendered objects as they are applied: whose they are, configuration named by content, images by digest */
export const prepare = (objects: readonly KubernetesObject[], owner: string, images: Images): KubernetesObject[] =>
  pinned(versioned(owned(objects.map(withoutStringData), owner)), images);
