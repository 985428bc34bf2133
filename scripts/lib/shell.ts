// Without what else zx brings along (chalk, YAML, globs): that takes 40 ms of every start.
import { $ as zx, type Shell as ZxShell } from "zx/core";

/** zx's `$`. Modules run commands through the one they are given, so that tests need neither tools nor a cluster. */
export type Shell = ZxShell;

/** Quiet: output is shown when it explains a failure, not as it comes. Read `.stdout`; `.text()` mixes stderr in. */
export const $: Shell = zx({ quiet: true, verbose: false });
