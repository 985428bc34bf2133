/** Whether a certificate's or Ingress's name, which may begin with `*.`, stands for a host. */
export const covers = (name: string, host: string): boolean =>
  name === host || (name.startsWith("*.") && host.includes(".") && host.slice(host.indexOf(".")) === name.slice(1) && !host.startsWith("*"));

/** Names that mean this machine, a private network or nothing at all outside of it (RFC 2606, 6761, 6762, 8375). */
export const isLocalHost = (host: string): boolean =>
  /^(localhost|127(\.\d+){1,3}|0\.0\.0\.0|\[?::1\]?|host\.docker\.internal)$/i.test(host) || /(?<!\.cluster)\.local$|\.(localhost|test|invalid|lan|home\.arpa|nip\.io|sslip\.io)$/i.test(host);
