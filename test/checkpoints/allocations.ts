/**
 * Counts what typed arrays are asked for. Import it before anything of the package: the package's tables of constructors then
 * hold the counting ones.
 */
let total = 0;
let largest = 0;

type Constructor = { new (...args: never[]): object; readonly BYTES_PER_ELEMENT?: number };

for (const name of [
  'ArrayBuffer',
  'Uint8Array',
  'Int8Array',
  'Uint16Array',
  'Int16Array',
  'Uint32Array',
  'Int32Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
]) {
  const original = (globalThis as Record<string, unknown>)[name] as Constructor;
  const counting: Constructor = new Proxy(original, {
    construct(target, args: unknown[], newTarget): object {
      const [first] = args;
      const length = typeof first === 'number' ? first : Array.isArray(first) ? first.length : 0;
      const bytes = length * (target.BYTES_PER_ELEMENT ?? 1);
      total += bytes;
      largest = Math.max(largest, bytes);
      return Reflect.construct(target, args, newTarget === counting ? target : newTarget) as object;
    },
  });
  (globalThis as Record<string, unknown>)[name] = counting;
}

/** Bytes asked for since the last call, in all and at most at once. */
export function takeAllocations(): { readonly total: number; readonly largest: number } {
  const taken = { total, largest };
  total = 0;
  largest = 0;
  return taken;
}
