import { expect, it, describe } from "vitest";
import { createFacts, type Live } from "./facts.ts";
import { status } from "./status.ts";

const live = (kind: string, spec: object, state: object, metadata: object = {}): Live => ({ apiVersion: "v1", kind, metadata: { name: "web", namespace: "prod", uid: "1", generation: 2, ...metadata }, spec, status: state });
const look = (object: Live, ...others: Live[]) => {
  const facts = createFacts();
  for (const one of [object, ...others]) facts.put(one);
  return status(object, facts);
};

describe("Deployment", () => {
  const deployment = (state: object, spec: object = {}) => live("Deployment", { replicas: 3, ...spec }, { observedGeneration: 2, ...state });
  const ready = { replicas: 3, updatedReplicas: 3, readyReplicas: 3, availableReplicas: 3 };

  it("is not done by the old generation's numbers", () => expect(look(deployment({ ...ready, observedGeneration: 1 }))).toMatchObject({ done: false }));
  it("is done when all pods are new and available", () => expect(look(deployment(ready))).toEqual({ done: true, message: "3 pods ready" }));
  it("is not done while an old pod is left", () => expect(look(deployment({ ...ready, replicas: 4 })).done).toBe(false));
  it("is not done while a new pod is not available", () => expect(look(deployment({ ...ready, availableReplicas: 2 })).done).toBe(false));
  it("with no replicas is done", () => expect(look(deployment({}, { replicas: 0 })).done).toBe(true));
  it("says that it only waits for minReadySeconds", () => {
    const set = live("ReplicaSet", {}, {}, { name: "web-1", uid: "2", annotations: { "deployment.kubernetes.io/revision": "1" }, ownerReferences: [{ uid: "1", kind: "Deployment", name: "web" }] });
    const pods = [1, 2, 3].map((n) => live("Pod", { containers: [] }, { conditions: [{ type: "Ready", status: "True" }] }, { name: `web-1-${n}`, uid: `p${n}`, ownerReferences: [{ uid: "2", kind: "ReplicaSet", name: "web-1" }] }));
    const object = deployment({ ...ready, availableReplicas: 0 }, { minReadySeconds: 30 });
    object.metadata.annotations = { "deployment.kubernetes.io/revision": "1" };
    expect(look(object, set, ...pods).message).toBe("all 3 pods ready; they must stay so for 30 s");
  });
  it("has failed when its own deadline is over", () => expect(look(deployment({ conditions: [{ type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded", message: "timed out" }] })).failed).toBe("progress-deadline"));
  it("has failed when it is paused: nothing would ever happen", () => expect(look(deployment({ updatedReplicas: 0 }, { paused: true })).failed).toBe("paused"));
  it("has failed when somebody deletes it meanwhile", () => expect(look({ ...deployment(ready), metadata: { name: "web", namespace: "prod", deletionTimestamp: "2026-01-01T00:00:00Z" } }).failed).toBe("deleted"));
});

describe("StatefulSet", () => {
  const set = (state: object, spec: object = {}) => live("StatefulSet", { replicas: 3, ...spec }, { observedGeneration: 2, ...state });
  const ready = { replicas: 3, updatedReplicas: 3, readyReplicas: 3, currentRevision: "b", updateRevision: "b" };

  it("is done when all pods are new and ready", () => expect(look(set(ready)).done).toBe(true));
  it("is not done while old pods are ready in place of new ones", () => expect(look(set({ ...ready, updatedReplicas: 1, currentRevision: "a" })).done).toBe(false));
  it("does not wait for the pods that a partition keeps", () => expect(look(set({ ...ready, updatedReplicas: 1, currentRevision: "a" }, { updateStrategy: { rollingUpdate: { partition: 2 } } })).done).toBe(true));
  it("does not wait for pods that change only when they are deleted", () => expect(look(set({ ...ready, updatedReplicas: 0 }, { updateStrategy: { type: "OnDelete" } })).done).toBe(true));
});

describe("other kinds", () => {
  it("a DaemonSet is done when every node has a new pod that is available", () => {
    expect(look(live("DaemonSet", {}, { observedGeneration: 2, desiredNumberScheduled: 2, updatedNumberScheduled: 2, numberAvailable: 2 })).done).toBe(true);
    expect(look(live("DaemonSet", {}, { observedGeneration: 2, desiredNumberScheduled: 2, updatedNumberScheduled: 1, numberAvailable: 2 })).done).toBe(false);
  });
  it("a Job has failed as soon as Kubernetes has decided so, before its pods are gone", () =>
    expect(look(live("Job", {}, { conditions: [{ type: "FailureTarget", status: "True", reason: "BackoffLimitExceeded", message: "limit" }] })).failed).toBe("job-failed"));
  it("a Job that was completed is done although it is being deleted: its ttlSecondsAfterFinished does that", () => {
    const deleted = { deletionTimestamp: "2026-01-01T00:00:00Z" };
    expect(look(live("Job", {}, { conditions: [{ type: "Complete", status: "True" }] }, deleted)).done).toBe(true);
    expect(look(live("Job", {}, { conditions: [{ type: "Failed", status: "True" }] }, deleted)).failed).toBe("job-failed");
    expect(look(live("Job", {}, {}, deleted)).failed).toBe("deleted");
  });
  it("a Job that is suspended is not waited for", () => expect(look(live("Job", { suspend: true }, {})).done).toBe(true));
  it("a claim that waits for its first pod does not hold the rollout up", () => {
    const claim = live("PersistentVolumeClaim", {}, { phase: "Pending" });
    expect(look(claim).done).toBe(false);
    const event = { ...live("Event", {}, {}, { uid: "e" }), type: "Normal", reason: "WaitForFirstConsumer", message: "", involvedObject: { kind: "PersistentVolumeClaim", name: "web", uid: "1" } };
    expect(look(claim, event).done).toBe(true);
  });
  it("a Certificate is not done by what was issued for its former names", () => {
    const certificate = (observedGeneration: number) => live("Certificate", {}, { conditions: [{ type: "Ready", status: "True", observedGeneration }] });
    expect([look(certificate(1)).done, look(certificate(2)).done]).toEqual([false, true]);
  });
  it("what no controller works on is done when it is applied", () => expect(look(live("ConfigMap", {}, {})).done).toBe(true));
});
