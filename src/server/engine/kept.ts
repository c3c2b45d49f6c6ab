/** What was used last, up to a measure of it all: the rest is let go of, longest unused first. */
export class Kept<V> {
  readonly #entries = new Map<string, { readonly value: V; readonly size: number }>();
  #size = 0;

  /** @param most of the sum of sizes @param release what becomes of those let go of */
  constructor(
    private readonly most: number,
    private readonly release: (value: V) => void = () => {},
  ) {}

  get(key: string): V | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.value;
  }

  /** Keeps a value; it stays at least until the next one comes, however large it is. */
  set(key: string, value: V, size = 1): void {
    this.delete(key);
    this.#entries.set(key, { value, size });
    this.#size += size;
    for (const old of this.#entries.keys()) {
      if (this.#size <= this.most || old === key) break;
      this.delete(old);
    }
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#size -= entry.size;
    this.release(entry.value);
  }

  clear(): void {
    for (const key of [...this.#entries.keys()]) this.delete(key);
  }

  get count(): number {
    return this.#entries.size;
  }

  /** The sum of sizes. */
  get size(): number {
    return this.#size;
  }
}
