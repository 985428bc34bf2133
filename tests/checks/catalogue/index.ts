import type { Fault } from "../fault.ts";
import { environmentFaults } from "./environment.ts";
import { objectFaults } from "./object.ts";
import { policyFaults } from "./policy.ts";
import { referenceFaults } from "./references.ts";

/** One fault each, in an application that is otherwise sound. */
export const catalogue: readonly Fault[] = [...objectFaults, ...referenceFaults, ...environmentFaults, ...policyFaults];
