import type { Reporter, TestCase, TestModule } from "vitest/node";

/** Names each skipped test, for a skip that nobody sees hides a gap, and closes with one line that machines count. */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests: TestCase[] = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (state: string) => tests.filter((test) => test.result().state === state).length;
    const broken = modules.filter((module) => module.errors().length > 0).length;
    const skipped = tests.filter((test) => test.result().state === "skipped");
    const groups = new Map<string, TestCase[]>();
    for (const test of skipped) {
      const group = `${test.module.relativeModuleId} ${test.parent.type === "suite" ? test.parent.fullName : ""}`;
      groups.set(group, [...(groups.get(group) ?? []), test]);
    }
    console.log();
    for (const [group, tests] of groups)
      console.log(tests.length > 1 ? `skipped: ${group} (${tests.length} tests)` : `skipped: ${tests[0]!.module.relativeModuleId} ${tests[0]!.fullName}`);
    console.log(`${count("passed")} passed, ${count("failed") + broken} failed, ${skipped.length} skipped`);
  }
}
