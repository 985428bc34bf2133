import type { KubernetesObject } from "../render.ts";
import type { Objects } from "./objects.ts";

export type Severity = "error" | "warning";

/** What a rule finds in one place of one object. */
export interface Finding {
  /** None where the environment itself is wrong. */
  readonly object?: KubernetesObject;
  readonly path: string;
  readonly message: string;
  readonly fix: string;
  /** @default what the rule's group says */
  readonly severity?: Severity;
}

/**
 * - `object` is wrong everywhere: an error.
 * - `references` are errors too; warnings where the rest of the world is unknown, in YAML of unknown destination.
 * - `environment` are wrong where users are; such rules run only when it is known where the objects go.
 * - `policy` is what production is asked for: errors there, warnings in development and for YAML of unknown destination.
 */
export type Group = "object" | "references" | "environment" | "policy";

export interface Rule {
  /** As in kube-linter or kube-score where they have the same rule. */
  readonly name: string;
  readonly group: Group;
  /** One sentence: what goes wrong otherwise. */
  readonly why: string;
  /** Names that other linters give to it, where they differ. */
  readonly others?: readonly string[];
  /** A rule that guesses is a warning everywhere. @default what the group says */
  readonly severity?: Severity;
  check(objects: Objects): Iterable<Finding>;
}

/** An exception that somebody has answered for. */
export interface Waiver {
  readonly rule: string;
  readonly reason: string;
  /** The last day that it holds, as `2027-01-31`. */
  readonly until: string;
}

export interface ObjectReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
}

/** A finding as it is reported. */
export interface Problem {
  readonly rule: string;
  readonly severity: Severity;
  readonly object?: ObjectReference;
  /** As JavaScript would write it: `spec.template.spec.containers[0].image`; empty for the object as a whole. */
  readonly path: string;
  readonly message: string;
  readonly fix: string;
  readonly file?: string;
  readonly line?: number;
  /** Set where a waiver allows it: it is listed, but stops nothing. */
  readonly waived?: { readonly reason: string; readonly until: string };
}
