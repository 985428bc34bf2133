import { pathOf } from "../paths.ts";
import { containersOf, repeated, rule } from "../rule.ts";

export default rule({
  name: "duplicate-name",
  group: "object",
  why: "The API server refuses two containers, volumes, ports or mounts of one name or number.",
  *check(objects) {
    for (const { object, path, spec, containers } of objects.pods) {
      for (const { name, index } of repeated(containers, ({ container }) => container.name || undefined))
        yield { object, path: pathOf(containers[index]!.path, "name"), message: `another container is called ${name}`, fix: "rename one of them" };
      for (const { name, index, first } of repeated(spec.volumes ?? [], ({ name }) => name || undefined))
        yield { object, path: pathOf(path, "volumes", index, "name"), message: `volumes[${first}] is called ${name} too`, fix: "rename or remove one of them" };
    }
    for (const { pod, container, path } of containersOf(objects)) {
      const { object } = pod;
      const ports = container.ports ?? [];
      for (const { name, index, first } of repeated(ports, ({ name }) => name || undefined))
        yield { object, path: pathOf(path, "ports", index, "name"), message: `ports[${first}] is called ${name} too`, fix: "rename one of them" };
      for (const { index, first } of repeated(ports, ({ containerPort, protocol = "TCP", hostPort, hostIP }) => `${containerPort}/${protocol}/${hostPort}/${hostIP}`))
        yield { object, path: pathOf(path, "ports", index), message: `is the same port as ports[${first}]`, fix: "remove one of them" };
      for (const { name, index, first } of repeated(container.volumeMounts ?? [], ({ mountPath }) => mountPath))
        yield { object, path: pathOf(path, "volumeMounts", index, "mountPath"), message: `volumeMounts[${first}] is at ${name} too`, fix: "remove one of them" };
    }
    for (const object of objects.of("Service")) {
      const ports = object.spec?.ports ?? [];
      for (const { name, index, first } of repeated(ports, ({ name }) => name || undefined))
        yield { object, path: pathOf("spec.ports", index, "name"), message: `ports[${first}] is called ${name} too`, fix: "rename one of them" };
      for (const { name, index, first } of repeated(ports, ({ port, protocol = "TCP" }) => `${port}/${protocol}`))
        yield { object, path: pathOf("spec.ports", index, "port"), message: `ports[${first}] is ${name} too`, fix: "remove one of them" };
    }
  },
});
