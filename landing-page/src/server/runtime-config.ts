/** What the page learns when it starts, not when it is built: one image serves every environment. */
export interface RuntimeConfig {
  /** Where the backend answers, without a slash at the end. */
  readonly backendUrl: string;
  /** STUN and TURN servers. None are needed as long as browsers reach each other directly. */
  readonly iceServers: IceServer[];
}

export interface IceServer {
  readonly urls: string | string[];
  readonly username?: string;
  readonly credential?: string;
}

/**
 * Reads BACKEND_URL and ICE_SERVERS, a JSON array as RTCPeerConnection takes it. All of it is public.
 *
 * @param problems gets a line for each variable that is wrong
 */
export function readRuntimeConfig({ BACKEND_URL = "", ICE_SERVERS = "[]" }: NodeJS.ProcessEnv, problems: string[]): RuntimeConfig {
  if (!URL.canParse(BACKEND_URL) || !["http:", "https:"].includes(new URL(BACKEND_URL).protocol))
    problems.push(`BACKEND_URL "${BACKEND_URL}" is not an address like https://backend.example.com`);
  return { backendUrl: BACKEND_URL.replace(/\/+$/, ""), iceServers: parseIceServers(ICE_SERVERS, problems) };
}

function parseIceServers(text: string, problems: string[]): IceServer[] {
  const isText = (value: unknown) => typeof value === "string";
  try {
    const servers = JSON.parse(text);
    if (Array.isArray(servers) && servers.every((server) => isText(server?.urls) || (Array.isArray(server?.urls) && server.urls.every(isText))))
      return servers;
  } catch {
    // Said below: what is wrong is the same.
  }
  problems.push('ICE_SERVERS is not a JSON array like [{"urls":"stun:stun.example.com"}]');
  return [];
}
