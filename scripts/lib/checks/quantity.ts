const factors: Record<string, number> = {
  ...{ n: 1e-9, u: 1e-6, m: 1e-3, "": 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18 },
  ...{ Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50, Ei: 2 ** 60 },
};

/**
 * @param quantity `100m`, `1.5Gi`, `1e3`, or a number
 * @returns its value in cores, bytes or pieces; undefined for what Kubernetes can't read
 * @see https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 */
export function parseQuantity(quantity: string | number): number | undefined {
  if (typeof quantity === "number") return Number.isFinite(quantity) ? quantity : undefined;
  const [, number, exponent, suffix = ""] = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d+)|([A-Za-z]*))$/.exec(quantity) ?? [];
  const factor = factors[suffix];
  if (number === undefined || factor === undefined) return undefined;
  return exponent ? Number(number + exponent) : Number(number) * factor;
}
