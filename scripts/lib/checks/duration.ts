const seconds: Record<string, number> = { ns: 1e-9, us: 1e-6, µs: 1e-6, μs: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600 };

/**
 * @param duration as Go writes it: `2160h`, `1h30m`; it has no days
 * @returns seconds; undefined for what Go can't read
 */
export function parseDuration(duration: string): number | undefined {
  const [, sign, rest = ""] = /^([+-]?)(.*)$/.exec(duration) ?? [];
  if (rest === "0") return 0;
  if (!/^((\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h))+$/.test(rest)) return undefined;
  let sum = 0;
  for (const [, number, unit] of rest.matchAll(/(\d+\.?\d*|\.\d+)([a-zµμ]+)/g)) sum += Number(number) * seconds[unit!]!;
  return sign === "-" ? -sum : sum;
}
