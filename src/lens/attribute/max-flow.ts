/** A network of arcs with capacities, and the most that can flow through it (Dinic 1970: blocking flows along shortest paths). */
export class FlowNetwork {
  readonly #first: Int32Array;
  readonly #next: number[] = [];
  readonly #to: number[] = [];
  readonly #capacity: number[] = [];
  /** Capacities as they were given: a network is asked about many pairs. */
  #given: readonly number[] | undefined;

  constructor(readonly nodes: number) {
    this.#first = new Int32Array(nodes).fill(-1);
  }

  /** An arc; capacities that are not above 0 make none. */
  arc(from: number, to: number, capacity: number): void {
    if (!(capacity > 0)) return;
    this.#add(from, to, capacity);
    this.#add(to, from, 0);
  }

  /** The most that flows from one node to another. */
  most(source: number, sink: number): number {
    this.#given ??= [...this.#capacity];
    this.#given.forEach((c, i) => {
      this.#capacity[i] = c;
    });
    let total = 0;
    for (;;) {
      const level = this.#levels(source, sink);
      if (level === undefined) return total;
      const at = Int32Array.from(this.#first);
      for (let sent = this.#send(source, sink, Number.POSITIVE_INFINITY, level, at); sent > 0; ) {
        total += sent;
        sent = this.#send(source, sink, Number.POSITIVE_INFINITY, level, at);
      }
    }
  }

  #add(from: number, to: number, capacity: number): void {
    this.#next.push(this.#first[from] as number);
    this.#first[from] = this.#to.length;
    this.#to.push(to);
    this.#capacity.push(capacity);
  }

  /** How many arcs with room lead from the source to each node; undefined where the sink is cut off. */
  #levels(source: number, sink: number): Int32Array | undefined {
    const level = new Int32Array(this.nodes).fill(-1);
    level[source] = 0;
    const queue = [source];
    for (const node of queue) {
      for (let a = this.#first[node] as number; a >= 0; a = this.#next[a] as number) {
        const to = this.#to[a] as number;
        if (level[to] !== -1 || !((this.#capacity[a] as number) > least)) continue;
        level[to] = (level[node] as number) + 1;
        queue.push(to);
      }
    }
    return level[sink] === -1 ? undefined : level;
  }

  /** Along arcs that lead one level on. Paths are as long as the network is deep: layers, not tokens. */
  #send(node: number, sink: number, room: number, level: Int32Array, at: Int32Array): number {
    if (node === sink) return room;
    for (; (at[node] as number) >= 0; at[node] = this.#next[at[node] as number] as number) {
      const a = at[node] as number;
      const to = this.#to[a] as number;
      if (level[to] !== (level[node] as number) + 1 || !((this.#capacity[a] as number) > least)) continue;
      const sent = this.#send(to, sink, Math.min(room, this.#capacity[a] as number), level, at);
      if (sent === 0) continue;
      this.#capacity[a] = (this.#capacity[a] as number) - sent;
      this.#capacity[a ^ 1] = (this.#capacity[a ^ 1] as number) + sent;
      return sent;
    }
    return 0;
  }
}

/** Room below this is rounding's. */
const least = 1e-12;
