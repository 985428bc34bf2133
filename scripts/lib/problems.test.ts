import { expect, it } from "vitest";
import { UserError } from "./errors.ts";
import { allOf, throwAll } from "./problems.ts";

const error = (run: () => void) => {
  try {
    run();
  } catch (thrown) {
    return thrown;
  }
  return undefined;
};

it("says one problem as it is, and several at once, each with what to type", () => {
  expect(error(() => throwAll([]))).toBeUndefined();
  expect(error(() => throwAll([{ what: "a", why: "b", next: "c" }]))).toMatchObject({ message: "a", why: "b", next: "c", exitCode: 1 });
  expect(error(() => throwAll([{ what: "a", why: "because\nof b", next: "c" }, { what: "d" }]))).toMatchObject({
    message: "2 things are in the way; nothing was changed",
    why: "a\n  because\n  of b\n  → c\nd",
  });
});

it("lets every step end before it says that one failed", async () => {
  let ended = false;
  const slow = new Promise<void>((resolve) => setTimeout(() => ((ended = true), resolve()), 20));
  await expect(allOf([Promise.reject(new UserError("first")), slow])).rejects.toThrow("first");
  expect(ended).toBe(true);
});

it("says what every failed step says; a defect hides none of it, and alone keeps its stack", async () => {
  await expect(allOf([Promise.reject(new UserError("first")), Promise.reject(new UserError("second"))])).rejects.toMatchObject({ message: "2 steps failed", why: "first\nsecond" });
  await expect(allOf([Promise.reject(new TypeError("defect")), Promise.reject(new UserError("second", { next: "b" }))])).rejects.toMatchObject({
    message: "2 steps failed",
    why: "unexpected: defect\nsecond\n  → b",
  });
  await expect(allOf([Promise.resolve(), Promise.reject(new TypeError("defect"))])).rejects.toThrow(TypeError);
});
