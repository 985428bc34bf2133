import { hostname, userInfo } from "node:os";
import type { Shell } from "../shell.ts";

/** What is deployed, in the words of git, and by whom. */
export interface Source {
  /** "Ann <ann@example.com>", or the login name. */
  readonly by: string;
  /** Who, and on which machine: for the lock. */
  readonly holder: string;
  readonly commit?: string;
  /** What a clone of that commit would lack, in words; empty when nothing. */
  readonly beside: readonly string[];
}

/** Asks git; without git, or outside of a repository, there is no commit. */
export async function sourceOf($: Shell, cwd?: string): Promise<Source> {
  const git = async (...words: string[]) => {
    const { stdout, exitCode } = await $({ nothrow: true, ...(cwd && { cwd }) })`git ${words}`;
    return exitCode === 0 ? stdout.trim() : undefined;
  };
  const [commit, status, unpushed, name, email] = await Promise.all([
    git("rev-parse", "--short=12", "HEAD"),
    git("status", "--porcelain"),
    // Commits that no remote branch has, as far as this clone knows.
    git("rev-list", "--count", "HEAD", "--not", "--remotes"),
    git("config", "user.name"),
    git("config", "user.email"),
  ]);
  const user = name ? `${name}${email ? ` <${email}>` : ""}` : loginName();
  const files = status ? status.split("\n").length : 0;
  return {
    by: user,
    holder: `${name || loginName()} on ${hostname()} (process ${process.pid})`,
    ...(commit && { commit }),
    beside: [
      ...(commit ? [] : ["no git commit"]),
      ...(files > 0 ? [`${files} ${files === 1 ? "file" : "files"} not committed`] : []),
      ...(commit && unpushed && unpushed !== "0" ? [`${unpushed} ${unpushed === "1" ? "commit" : "commits"} not pushed`] : []),
    ],
  };
}

function loginName(): string {
  try {
    return userInfo().username;
  } catch {
    return "somebody"; // containers run as numbers that no user has
  }
}
