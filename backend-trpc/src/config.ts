import { z } from "zod";

/** A bare origin, as browsers send it: what an `Origin` header can never equal must not sit in a list of allowed ones. */
const origin = z
  .string()
  .refine((text) => text === "*" || (URL.canParse(text) && new URL(text).origin === text), "holds an entry that is no origin like https://example.com");

const address = (...protocols: string[]) =>
  z
    .string()
    .refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol) && new URL(text).host !== "", `is not an address like ${protocols[0]}//host:port`);

const Environment = z.object({
  VALKEY_URL: address("redis:", "rediss:", "valkey:", "valkeys:").optional(),
  VALKEY_PASSWORD: z.string().optional(),
  SIGNALING_URL: address("ws:", "wss:").optional(),
  ALLOWED_ORIGINS: z
    .string()
    .default("")
    .transform((text) => text.split(",").map((entry) => entry.trim()).filter(Boolean))
    .pipe(z.array(origin)),
  ROOM_TTL_SECONDS: z
    .string()
    .regex(/^[1-9]\d{0,6}$/, "is not a number of seconds from 1 to 9999999")
    .transform(Number)
    .default(3600),
});

export interface Config {
  /** May carry a password: never log it. State is kept in memory when left out. */
  readonly valkeyUrl?: string;
  /** For when the URL carries none: any letters, as they are. Never log it. */
  readonly valkeyPassword?: string;
  readonly signalingUrl?: string;
  /** Origins whose pages may call; `*` stands for all. */
  readonly allowedOrigins: readonly string[];
  readonly roomTtlMs: number;
}

/** Reads the configuration; the values of what is wrong are left out, since VALKEY_URL may hold a password. */
export function readConfig(env: NodeJS.ProcessEnv, problems: string[]): Config {
  const { data, error } = Environment.safeParse(env);
  problems.push(...new Set(error?.issues.map(({ path, message }) => `${String(path[0])} ${message}`)));
  return {
    valkeyUrl: data?.VALKEY_URL,
    valkeyPassword: data?.VALKEY_PASSWORD || undefined,
    signalingUrl: data?.SIGNALING_URL,
    allowedOrigins: data?.ALLOWED_ORIGINS ?? [],
    roomTtlMs: (data?.ROOM_TTL_SECONDS ?? 0) * 1000,
  };
}
