import { setTimeout as sleep } from "node:timers/promises";
import { ApiError, type Cluster } from "../cluster.ts";
import { UserError } from "../errors.ts";
import { say } from "../progress.ts";
import type { KubernetesObject } from "../render.ts";
import { fieldManager } from "./names.ts";

// One deploy of an environment at a time: a Lease in its namespace. Whoever finds it taken watches for a while: when it
// is renewed, somebody works there; when it is not, its holder was killed. Clocks are never compared, only versions,
// so that machines may disagree about the time.

/** How long a lock lives without being renewed; and how often it is. */
const times = { expiry: 15_000, renewal: 3_000 };

export interface Lock {
  /** Aborted when the lock was lost, or the signal that it was taken with is. */
  readonly signal: AbortSignal;
  release(): Promise<void>;
}

interface LeaseSpec {
  holderIdentity?: string;
  acquireTime?: string;
  renewTime?: string;
  leaseDurationSeconds?: number;
}

/**
 * Takes the lock; waits for one that a killed deploy left behind to expire.
 * @param holder for people: who, where
 * @throws UserError that names who holds it
 */
export async function lock(cluster: Cluster, place: { namespace: string; name: string }, holder: string, signal?: AbortSignal, { expiry, renewal } = times): Promise<Lock> {
  const lease = (spec: LeaseSpec, resourceVersion?: string): KubernetesObject => ({
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { name: `deploy-${place.name}`, namespace: place.namespace, ...(resourceVersion && { resourceVersion }) },
    spec,
  });
  const now = () => new Date().toISOString().replace("Z", "000Z");
  const mine = { holderIdentity: holder, acquireTime: now(), leaseDurationSeconds: Math.ceil(expiry / 1000) };
  let held = await take();
  const lost = new AbortController();
  let last = Promise.resolve();
  const renewing = setInterval(() => (last = last.then(renew)), renewal);
  renewing.unref();

  async function take(): Promise<KubernetesObject> {
    const present = await cluster.get(lease({}));
    try {
      if (!present) return await cluster.create(lease({ ...mine, renewTime: now() }), { fieldManager });
      await expired(present);
      return await cluster.update(lease({ ...mine, renewTime: now() }, versionOf(present)), { fieldManager });
    } catch (error) {
      // Somebody else was faster.
      if (error instanceof ApiError && error.code === 409) return take();
      throw error;
    }
  }

  async function expired(present: KubernetesObject): Promise<void> {
    const { holderIdentity = "", acquireTime = "" } = present["spec"] as LeaseSpec;
    if (holderIdentity === "") return;
    const taken = new UserError(`${place.name} is being deployed by ${holderIdentity}`, {
      why: `since ${acquireTime.replace("T", " ").slice(0, 19)} UTC by the clock there`,
      next: "wait until that has ended, then look at the plan again",
    });
    for (const end = Date.now() + expiry; Date.now() < end; ) {
      await sleep(Math.min(renewal, 1000), undefined, { signal });
      const later = await cluster.get(present);
      if (!later || (later["spec"] as LeaseSpec).holderIdentity === "") return;
      if (versionOf(later) !== versionOf(present)) throw taken;
    }
    say(`   the lock of ${holderIdentity} was not renewed: that deploy was killed`);
  }

  async function renew(): Promise<void> {
    try {
      held = await cluster.update(lease({ ...mine, renewTime: now() }, versionOf(held)), { fieldManager });
    } catch (error) {
      // Without an answer the next one may come through; a conflict or a missing Lease means that it is somebody else's now.
      if (!(error instanceof ApiError) || (error.code !== 409 && error.code !== 404)) return;
      clearInterval(renewing);
      lost.abort(new UserError("the lock of this deploy is somebody else's now", { why: "it was not renewed in time: did the machine sleep?", next: "see what was done: --history" }));
    }
  }

  return {
    signal: signal ? AbortSignal.any([signal, lost.signal]) : lost.signal,
    async release() {
      clearInterval(renewing);
      await last;
      if (lost.signal.aborted) return;
      // Emptied rather than deleted: then the version tells whether it still is ours. If this fails, it expires by itself.
      await cluster.update(lease({ holderIdentity: "", leaseDurationSeconds: 1 }, versionOf(held)), { fieldManager }).catch(() => {});
    },
  };
}

const versionOf = (object: KubernetesObject) => (object.metadata as { resourceVersion?: string }).resourceVersion;
