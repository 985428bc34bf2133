import type { KubernetesObject } from "../render.ts";

/** Shorter values would take ordinary words with them; one that is so short is no secret anyway. */
const shortest = 3;
/** Up to here only whole words are masked: "dev" as a password must not turn "device" into stars. */
const wholeWordUpTo = 7;

/**
 * What programs and Kubernetes write ends on screens and in build logs: the values of Secrets must not. Also takes out what
 * could steer a terminal.
 * @param objects those of Secrets count
 * @returns a function that replaces every value, plain, as base64 and as in addresses, by its place
 */
export function createMask(objects: readonly KubernetesObject[]): (text: string) => string {
  const places = new Map<string, string>();
  for (const secret of objects.filter(({ kind }) => kind === "Secret")) {
    const values = {
      ...Object.fromEntries(Object.entries((secret["data"] as Record<string, string>) ?? {}).map(([key, value]) => [key, Buffer.from(value, "base64").toString("utf8")])),
      ...((secret["stringData"] as Record<string, string>) ?? {}),
    };
    for (const [key, value] of Object.entries(values)) {
      // Keys and certificates are written line by line.
      for (const part of new Set([value, ...value.split("\n")])) {
        const plain = part.trim();
        if (plain.length < shortest || /^-----(BEGIN|END) [A-Z ]+-----$/.test(plain)) continue;
        for (const form of [harmless(plain), Buffer.from(part).toString("base64"), Buffer.from(plain).toString("base64"), Buffer.from(`${plain}\n`).toString("base64"), Buffer.from(plain).toString("base64url"), encodeURIComponent(plain), JSON.stringify(plain).slice(1, -1)])
          if (form.length >= shortest && !places.has(form)) places.set(form, `<Secret ${secret.metadata.name}: ${key}>`);
      }
    }
  }
  const forms = [...places.keys()].sort((a, b) => b.length - a.length);
  const pattern =
    forms.length > 0
      ? new RegExp(forms.map((form) => (form.length <= wholeWordUpTo ? `(?<![\\w-])${escape(form)}(?![\\w-])` : escape(form))).join("|"), "g")
      : undefined;
  return (text) => {
    // Orders to the terminal first: one inside a value would split it.
    const plain = harmless(text);
    const masked = pattern ? plain.replace(pattern, (value) => places.get(value)!) : plain;
    return masked.replace(/(\w+:\/\/[^\s:/@]*:)[^\s@/]+(@)/g, "$1***$2").replace(credentials, "$1 ***");
  };
}

/** What a request logs in with. Not the words that follow where people write of it. */
const credentials = /\b(Basic|Bearer)\s+(?!(?:auth\w*|tokens?|realm|scheme|credentials?)\b)[\w+/=.~-]+/gi;

const escape = (text: string) => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");

/** Without colours, carriage returns and other orders to a terminal. */
// oxlint-disable-next-line no-control-regex
const harmless = (text: string) => text.replace(/\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07]*(?:\x07|\x1b\\)/g, "").replace(/[\x00-\x08\x0b-\x1f\x7f\x80-\x9f]/g, "");
