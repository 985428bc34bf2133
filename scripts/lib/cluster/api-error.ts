/** One of the reasons that an API server gives with a refusal. */
export interface Cause {
  /** FieldValueInvalid, FieldManagerConflict, … */
  readonly reason?: string;
  readonly message?: string;
  /** As the server writes it: `.spec.replicas`, `spec.template.spec.containers[0].image`. */
  readonly field?: string;
}

/** What an API server answered instead of doing as asked. */
export class ApiError extends Error {
  override name = "ApiError";
  /** The HTTP status; 0 when no answer came. */
  readonly code: number;
  /** NotFound, Conflict, Invalid, Forbidden, … */
  readonly reason: string;
  readonly causes: readonly Cause[];
  readonly retryAfterSeconds: number | undefined;

  constructor(code: number, reason: string, message: string, details: { causes?: readonly Cause[]; retryAfterSeconds?: number; cause?: unknown } = {}) {
    super(message, { cause: details.cause });
    this.code = code;
    this.reason = reason;
    this.causes = details.causes ?? [];
    this.retryAfterSeconds = details.retryAfterSeconds;
  }

  /** @param body what the server sent: a Status object as a rule, plain text from proxies in between */
  static from(code: number, body: string): ApiError {
    try {
      const status = JSON.parse(body) as { kind?: string; message?: string; reason?: string; code?: number; details?: { causes?: Cause[]; retryAfterSeconds?: number } };
      if (status.kind === "Status")
        return new ApiError(status.code ?? code, status.reason ?? "", status.message ?? `status ${code}`, status.details);
    } catch {
      // not JSON
    }
    // What kubectl proxy says, as plain text, when it does not reach the server.
    if (code === 500 || code === 502) return new ApiError(0, "NoAnswer", `no answer: ${body.trim().slice(0, 500)}`);
    return new ApiError(code, "", body.trim().slice(0, 500) || `status ${code}`);
  }
}
