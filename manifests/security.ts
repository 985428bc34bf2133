import type { ISecurityContext } from "kubernetes-models/v1/SecurityContext";
import type { IPodSecurityContext } from "kubernetes-models/v1/PodSecurityContext";
import type { Environment } from "./environment.ts";

// What the "restricted" Pod Security Standard asks for, which the namespace enforces in every environment.
// https://kubernetes.io/docs/concepts/security/pod-security-standards/

/** @param user numeric id that the image's process runs as; volumes are made writable for its group. */
export const podSecurity = (user: number, group = user): IPodSecurityContext => ({
  runAsNonRoot: true,
  runAsUser: user,
  runAsGroup: group,
  fsGroup: group,
  seccompProfile: { type: "RuntimeDefault" },
});

/** In development Tilt copies edited files into the container, so only there may it write to its own files. */
export const containerSecurity = (environment: Environment): ISecurityContext => ({
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: !environment.development,
  capabilities: { drop: ["ALL"] },
});
