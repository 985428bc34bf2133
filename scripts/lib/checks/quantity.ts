// As exponents, so that 700m is read as 700e-3, which is the same number as 0.7; 700 * 0.001 is not.
const decimals: Record<string, string> = { n: "e-9", u: "e-6", m: "e-3", "": "", k: "e3", M: "e6", G: "e9", T: "e12", P: "e15", E: "e18" };
const binaries: Record<string, number> = { Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50, Ei: 2 ** 60 };

/**
 * @param quantity `100m`, `1.5Gi`, `1e3`, or a number
 * @returns its value in cores, bytes or pieces; undefined for what Kubernetes can't read
 * @see https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 */
export function parseQuantity(quantity: string | number): number | undefined {
  if (typeof quantity === "number") return Number.isFinite(quantity) ? quantity : undefined;
  const [, number, written, suffix = ""] = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d+)|([A-Za-z]*))$/.exec(quantity) ?? [];
  if (number === undefined) return undefined;
  const binary = binaries[suffix];
  if (binary !== undefined) return Number(number) * binary;
  const exponent = written ?? decimals[suffix];
  return exponent === undefined ? undefined : Number(number + exponent);
}
