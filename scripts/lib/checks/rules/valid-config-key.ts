import { isConfigKey } from "../names.ts";
import { pathOf } from "../paths.ts";
import { rule } from "../rule.ts";

export default rule({
  name: "valid-config-key",
  group: "object",
  why: "The API server refuses keys that can't be file names, a key in two fields, and more than 1 MiB.",
  *check(objects) {
    for (const kind of ["ConfigMap", "Secret"] as const)
      for (const object of objects.of(kind)) {
        const { data = {}, binaryData = {}, stringData = {} } = object as { data?: object; binaryData?: object; stringData?: object };
        for (const [field, values] of Object.entries({ data, binaryData, stringData }))
          for (const key of Object.keys(values))
            if (!isConfigKey(key)) yield { object, path: pathOf(field, [key]), message: `${JSON.stringify(key)} can't be a key`, fix: "letters, digits, -, _ and ., at most 253 characters" };
        for (const key of Object.keys(binaryData))
          if (Object.hasOwn(data, key)) yield { object, path: pathOf("binaryData", [key]), message: `${key} is in data too`, fix: "remove one of them" };
        // stringData takes the place of data.
        const texts = kind === "Secret" ? Object.values(stringData) : Object.values(data);
        const encoded = kind === "Secret" ? Object.entries(data).flatMap(([key, value]) => (Object.hasOwn(stringData, key) ? [] : [value])) : Object.values(binaryData);
        const size = sizeOf(texts, "utf8") + sizeOf(encoded, "base64");
        if (size > 2 ** 20) yield { object, path: "data", message: `holds ${size} bytes`, fix: `a ${kind} takes 1 MiB; put large files into the image or a volume` };
      }
  },
});

const sizeOf = (values: readonly unknown[], encoding: "utf8" | "base64") => values.reduce<number>((sum, value) => sum + Buffer.byteLength(String(value), encoding), 0);
