/** What is wrong with the process that a request was for. */
export interface Trouble {
  readonly status: 404 | 502 | 503;
  /** One sentence. */
  readonly what: string;
  readonly lines: readonly string[];
  readonly next?: string;
}

const titles = { 404: "Not Found", 502: "Bad Gateway", 503: "Service Unavailable" };

/** @returns a body in the form that the client asked for: a page that reloads itself, JSON, or text */
export function pageFor(trouble: Trouble, accept = ""): { type: string; body: string } {
  const { status, what, lines, next } = trouble;
  if (/\btext\/html\b/.test(accept)) return { type: "text/html; charset=utf-8", body: html(trouble) };
  if (/\bjson\b/.test(accept)) return { type: "application/json", body: `${JSON.stringify({ status, error: what, lines, next })}\n` };
  const parts = [`${status} ${titles[status]}: ${what}`, ...(lines.length > 0 ? ["", ...lines.map((line) => `  ${line}`)] : []), ...(next ? ["", `→ ${next}`] : [])];
  return { type: "text/plain; charset=utf-8", body: `${parts.join("\n")}\n` };
}

const html = ({ status, what, lines, next }: Trouble) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
${status === 404 ? "" : '<meta http-equiv="refresh" content="1">\n'}<title>${status} ${titles[status]}</title>
<style>
  body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 10vh auto; padding: 0 1rem }
  pre { overflow: auto; padding: 1rem; border: 1px solid color-mix(in srgb, currentcolor 25%, transparent); border-radius: .5rem; font-size: .85rem }
  small { opacity: .7 }
</style>
<h1>${escapeHtml(what)}</h1>
${lines.length > 0 ? `<pre>${escapeHtml(lines.join("\n"))}</pre>\n` : ""}${next ? `<p>${escapeHtml(next)}</p>\n` : ""}<p><small>${status} ${titles[status]} from <code>npm start</code>${status === 404 ? "" : "; this page tries again every second"}</small></p>
`;

export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (letter) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" })[letter]!);
