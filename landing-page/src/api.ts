import { createTRPCClient, httpLink, TRPCClientError } from "@trpc/client";
import type { AppRouter } from "backend-trpc/router";

/** The backend's procedures, typed by its router. */
export type Api = ReturnType<typeof createApi>;

export const createApi = (backendUrl: string) =>
  createTRPCClient<AppRouter>({
    links: [
      httpLink({
        url: `${backendUrl}/trpc`,
        // Without a limit a request on a dead connection hangs for minutes, and the page with it.
        fetch: (input, init) => fetch(input, { ...init, signal: AbortSignal.any([AbortSignal.timeout(5000), ...(init?.signal ? [init.signal] : [])]) }),
      }),
    ],
  });

/** @returns the backend's own code, or undefined when it did not answer at all. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof TRPCClientError ? (error.data as { code?: string } | undefined)?.code : undefined;
}
