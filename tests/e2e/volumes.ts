import { spawn } from "node:child_process";

/**
 * Volumes of kube-controller-manager's host-path provisioner, which some rebuilt node images have, belong to root, and
 * no fsGroup applies to them. kind's own provisioner makes them writable for all: so does this, until it is stopped.
 */
export function makeVolumesWritable(cluster: string): () => void {
  const loop = "while sleep 0.3; do chmod 0777 /tmp/hostpath_pv/* 2>/dev/null; done";
  const child = spawn("docker", ["exec", `${cluster}-control-plane`, "timeout", "1800", "sh", "-c", loop], { stdio: "ignore" });
  return () => child.kill();
}
