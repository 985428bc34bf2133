import type { IncomingMessage, ServerResponse } from "node:http";
import { constants, Http2ServerRequest, Http2ServerResponse } from "node:http2";
import { PassThrough, type Readable } from "node:stream";
import type { Dispatcher } from "undici";

/** About one connection, not about what is sent over it; HTTP/2 refuses a response that has one of them. */
const ofTheConnection = new Set(["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade", "http2-settings", "expect"]);

/**
 * Asks a process what a client asked, and gives the client the answer as it comes. Half an answer ends as half an answer.
 * @param failed told why there is no answer, while the client has seen nothing of one; not when the client went away
 */
export function pass(request: IncomingMessage, response: ServerResponse, process: Dispatcher, failed: (error: NodeJS.ErrnoException) => void): void {
  const body = hasBody(request) ? bodyOf(request) : undefined;
  process.dispatch({ path: request.url!, method: request.method as Dispatcher.HttpMethod, headers: headersOf(request), body }, new Answer(response, body, failed));
}

/** Whether a client sends more than headers. */
export const hasBody = (request: IncomingMessage): boolean =>
  request instanceof Http2ServerRequest ? !request.stream.endAfterHeaders : request.headers["transfer-encoding"] !== undefined || Number(request.headers["content-length"] ?? 0) > 0;

/** What is not sent to the end is destroyed, but the client's connection is to stay for the answer. */
function bodyOf(request: IncomingMessage): Readable {
  const body = request.pipe(new PassThrough());
  return body.once("close", () => request.resume());
}

function headersOf({ headers }: IncomingMessage): string[] {
  const kept: string[] = [];
  const host = headers[":authority"] ?? headers.host;
  if (host !== undefined) kept.push("host", host as string);
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined && name !== "host" && !ofTheConnection.has(name) && name[0] !== ":") kept.push(name, value as string);
  }
  return kept;
}

/** What the library tells of one request. */
class Answer implements Dispatcher.DispatchHandler {
  readonly #response: ServerResponse;
  readonly #body: Readable | undefined;
  readonly #failed: (error: NodeJS.ErrnoException) => void;
  #controller: Dispatcher.DispatchController | undefined;
  #begun = false;
  #left = false;

  constructor(response: ServerResponse, body: Readable | undefined, failed: (error: NodeJS.ErrnoException) => void) {
    this.#response = response;
    this.#body = body;
    this.#failed = failed;
    response.once("close", () => {
      this.#left = true;
      this.#controller?.abort(gone);
    });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // While the request waited for a connection.
    if (this.#left) controller.abort(gone);
  }

  onResponseStart({ rawHeaders }: Dispatcher.DispatchController, status: number, _headers: unknown, statusMessage?: string): void {
    // Of 103 and the like an ingress controller tells clients nothing either.
    if (status < 200) return;
    const response = this.#response;
    if (response instanceof Http2ServerResponse) return void response.writeHead(status, fieldsOf(rawHeaders as Buffer[]));
    response.writeHead(status, statusMessage, linesOf(rawHeaders as Buffer[]));
    // Written with the body's first bytes; but a stream may be open for long before its first word.
    process.nextTick(() => this.#begun || response.flushHeaders());
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#begun = true;
    if (this.#left || this.#response.destroyed) return controller.abort(gone);
    if (this.#response.write(chunk)) return;
    controller.pause();
    this.#response.once("drain", () => controller.resume());
  }

  onResponseEnd(): void {
    this.#begun = true;
    this.#response.end();
  }

  onResponseError(_controller: unknown, error: Error): void {
    this.#begun = true;
    this.#body?.destroy();
    const response = this.#response;
    if (this.#left || response.destroyed) return;
    if (!response.headersSent) return this.#failed(error);
    // HTTP/2 would end half an answer as if it were a whole one.
    if (response instanceof Http2ServerResponse) response.stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    else response.destroy();
  }
}

const gone = new Error("the client went away");

/** As they came, in HTTP/1.1's own form: names and values by turns. */
function linesOf(raw: readonly Buffer[]): string[] {
  const lines: string[] = [];
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index]!.toString("latin1");
    if (!ofTheConnection.has(name.toLowerCase())) lines.push(name, raw[index + 1]!.toString("latin1"));
  }
  return lines;
}

/** HTTP/2 takes each name once, except of cookies. https://www.rfc-editor.org/rfc/rfc9110#section-5.3 */
function fieldsOf(raw: readonly Buffer[]): Record<string, string | string[]> {
  const fields: Record<string, string | string[]> = {};
  const lines = linesOf(raw);
  for (let index = 0; index < lines.length; index += 2) {
    const name = lines[index]!.toLowerCase();
    const before = fields[name];
    const value = lines[index + 1]!;
    fields[name] = before === undefined ? value : name === "set-cookie" ? [before, value].flat() : `${String(before)}, ${value}`;
  }
  return fields;
}
