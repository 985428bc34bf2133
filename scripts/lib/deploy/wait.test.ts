import { expect, it } from "vitest";
import { fakeCluster } from "../../../tests/fake-cluster.ts";
import { ApiError, type Cluster } from "../cluster.ts";
import { UserError } from "../errors.ts";
import { waitForRollouts } from "./wait.ts";

const deployment = { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web", namespace: "prod" }, spec: {} };

/** What comes of a wait on a server that answers every list of pods so. */
async function rejection(error: ApiError): Promise<UserError> {
  const fake = fakeCluster();
  const cluster: Cluster = { ...fake, list: async (kind, options) => (kind.kind === "Pod" ? Promise.reject(error) : fake.list(kind, options)) };
  return waitForRollouts(cluster, [deployment], [deployment], new AbortController().signal).then(() => expect.fail("it did not reject"), (reason: UserError) => reason);
}

it("without the right to watch pods, it says which right is missing", async () => {
  const reason = await rejection(new ApiError(403, "Forbidden", 'pods is forbidden: User "anna" cannot list resource "pods" in API group "" in the namespace "prod"'));
  expect(reason).toBeInstanceOf(UserError);
  expect(reason.message).toMatch(/pods of namespace prod can't be watched/);
  expect(reason.why).toContain('User "anna"');
  expect(reason.next).toMatch(/list and watch pods; .*kubectl --context kind-dev auth can-i list pods -n prod/);
});

it("another refusal is an error for people, too", async () => {
  const reason = await rejection(new ApiError(401, "Unauthorized", "Unauthorized"));
  expect(reason).toBeInstanceOf(UserError);
  expect(reason).toMatchObject({ message: expect.stringContaining("can't be watched"), why: "Unauthorized" });
});
