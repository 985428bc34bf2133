import { Namespace } from "kubernetes-models/v1/Namespace";
import type { Environment } from "./environment.ts";

export default (environment: Environment) => [
  new Namespace({
    metadata: {
      name: environment.namespace,
      labels: { "pod-security.kubernetes.io/enforce": "restricted" },
    },
  }),
];
