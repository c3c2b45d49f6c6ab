import { fail } from '../../core/index.js';

/** Time of all nodes of one kind of ONNX operator, per run of the program. */
export interface OpTime {
  readonly kind: string;
  readonly nodes: number;
  readonly ms: number;
  /** Of the whole run. */
  readonly percent: number;
}

export interface OpTimes {
  /** Runs counted: all but the first. */
  readonly runs: number;
  /** Milliseconds of a run, mean. */
  readonly ms: number;
  /** The most expensive kind first. */
  readonly kinds: readonly OpTime[];
  /** Milliseconds of a run that no operator accounts for: the engine's own steps from node to node. */
  readonly between: number;
}

interface ProfileEvent {
  readonly cat: string;
  readonly name: string;
  /** Start and length in microseconds. */
  readonly ts: number;
  readonly dur: number;
  readonly args?: { readonly op_name?: string };
}

/**
 * Time by kind of operator from a profile that ONNX Runtime wrote (a JSON list of events). The first run, which
 * allocates, is left out.
 * @throws file: not such a profile, or one of fewer than two runs
 */
export function opTimes(profile: string): OpTimes {
  const events = parse(profile);
  const runs = events.filter((e) => e.cat === 'Session' && e.name === 'model_run').sort((a, b) => a.ts - b.ts);
  const [first, ...counted] = runs;
  if (first === undefined || counted.length === 0) {
    throw fail('file', { where: 'profile', rule: 'at least two runs of a program (events called model_run)', got: String(runs.length) });
  }
  const kinds = new Map<string, { calls: number; microseconds: number }>();
  for (const { cat, name, ts, dur, args } of events) {
    const kind = args?.op_name;
    if (cat !== 'Node' || !name.endsWith('_kernel_time') || kind === undefined || ts < first.ts + first.dur) continue;
    const { calls, microseconds } = kinds.get(kind) ?? { calls: 0, microseconds: 0 };
    kinds.set(kind, { calls: calls + 1, microseconds: microseconds + dur });
  }
  const perRun = (microseconds: number): number => microseconds / 1000 / counted.length;
  const ms = perRun(counted.reduce((sum, run) => sum + run.dur, 0));
  const table = [...kinds].map(([kind, { calls, microseconds }]) => ({
    kind,
    nodes: calls / counted.length,
    ms: perRun(microseconds),
    percent: (100 * perRun(microseconds)) / ms,
  }));
  table.sort((a, b) => b.ms - a.ms || (a.kind < b.kind ? -1 : 1));
  return { runs: counted.length, ms, kinds: table, between: ms - table.reduce((sum, k) => sum + k.ms, 0) };
}

function parse(profile: string): ProfileEvent[] {
  const refuse = (got: string, cause?: unknown): Error =>
    fail('file', { where: 'profile', rule: 'a JSON list of ONNX Runtime’s events', got, cause });
  let events: unknown;
  try {
    events = JSON.parse(profile);
  } catch (cause) {
    throw refuse(`${profile.length} characters that are not JSON`, cause);
  }
  if (!Array.isArray(events)) throw refuse(typeof events);
  return events as ProfileEvent[];
}
