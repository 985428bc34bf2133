// What a secret looks like. Words of a name count as words: PASSWORD, dbPassword and db_password do, PASSWORDLESS not.

const secretName = /(^|[_.-])(passw(or)?d|passwd|pwd|passphrase|secret|secrets|token|credentials?|(api|private|access|signing|encryption)[-_]?key)($|[_.-])/i;
/** Names of where a secret is, or of what is about one: PASSWORD_FILE, TOKEN_URL, SECRET_NAME. */
const aboutSecret = /[_.-](file|path|dir|url|uri|endpoint|name|id|length|ttl|expiry|expires(_in)?|header|issuer|audience|algorithm|type|enabled|min|max|ref|key_?id|duration|lifetime)$/i;

// Each begins in few places and is limited there: the texts are of others, and may be long.
const secretValues: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----/, "a private key"],
  [/\b[a-z][a-z0-9+.-]{0,20}:\/\/(?:\$[({][^\s)}]{0,99}[)}]|[^\s:/@$])*:(?!\$[({])[^\s/@]+@/i, "a URL with a password"],
  [/\b(AKIA|ASIA)[0-9A-Z]{16}\b/, "an AWS key"],
  [/\bgh[pousr]_[A-Za-z0-9]{36,}\b|\bgithub_pat_\w{22,}/, "a GitHub token"],
  [/\bxox[abprs]-[A-Za-z0-9-]{10,}/, "a Slack token"],
  [/\bsk_(live|test)_[A-Za-z0-9]{16,}/, "a Stripe key"],
  [/\bnpm_[A-Za-z0-9]{36}\b/, "an npm token"],
  [/(?<![\w-])eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]+/, "a signed token (JWT)"],
  [/\bAGE-SECRET-KEY-1[0-9A-Z]{50,}/, "an age key"],
];

/** Whether something of this name is to be kept secret. */
export function isSecretName(name: string): boolean {
  const words = name.replace(/([a-z0-9])([A-Z])/g, "$1_$2");
  return secretName.test(words) && !aboutSecret.test(words);
}

/** @returns what kind of secret a text holds; never the secret */
export const secretIn = (text: string): string | undefined => secretValues.find(([format]) => format.test(text))?.[1];
