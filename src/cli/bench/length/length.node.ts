import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { fail } from '../../../core/index.js';
import { machine } from '../machine.node.js';
import { contestants } from './contestants.js';
import { fittedExponent } from './fit.js';
import type { Job } from './process.node.js';

export interface LengthBenchOptions {
  readonly threads?: number;
  /** The longest sequence; 32768 by default. */
  readonly upTo?: number;
  /** Which forms, by name; all by default. */
  readonly forms?: readonly string[];
  readonly onProgress?: (what: string) => void;
}

export interface LengthPoint {
  readonly length: number;
  readonly forwardMs: number;
  readonly stepMs: number;
  /** Largest resident memory of the step's process, without what the idle process holds. */
  readonly stepMiB: number;
}

export interface LengthRow {
  readonly form: string;
  readonly points: readonly LengthPoint[];
  /** Exponents of T, fitted to the three longest lengths. */
  readonly forwardExponent: number | undefined;
  readonly stepExponent: number | undefined;
  /** Why no longer length was run. */
  readonly stopped: string | undefined;
}

/** A form is not run at a length where its step would take longer, or hold more, than this. */
const mostMs = 60_000;
const mostMiB = 12_000;
const budgetMs = 1500;

/**
 * Every form at lengths 256, 512, …: time forward, time of a step with gradients, memory. Each is measured in a process
 * of its own, so that one form's memory is not another's. JSON: `machine`, `rows`.
 * @throws name: a form that is not here
 */
export async function lengthBench({ threads = 2, upTo = 32768, forms, onProgress = () => {} }: LengthBenchOptions = {}): Promise<{
  readonly machine: ReturnType<typeof machine>;
  readonly rows: readonly LengthRow[];
}> {
  const known = contestants.map(({ name }) => name);
  const unknown = forms?.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw fail('name', { where: 'bench length', rule: `forms among ${known.join(', ')}`, got: JSON.stringify(unknown) });
  const rows: LengthRow[] = [];
  for (const { name, exponent } of contestants) {
    if (forms !== undefined && !forms.includes(name)) continue;
    const points: LengthPoint[] = [];
    let stopped: string | undefined;
    for (let length = 256; length <= upTo && stopped === undefined; length *= 2) {
      onProgress(`${name}, ${length} positions`);
      const forward = await measured({ name, length, threads, training: false, budgetMs });
      const step = await measured({ name, length, threads, training: true, budgetMs });
      const stepMiB = step.peakMiB - step.idleMiB;
      points.push({ length, forwardMs: forward.ms, stepMs: step.ms, stepMiB });
      const growth = 2 ** exponent;
      if (step.ms * growth > mostMs) stopped = `a step at ${2 * length} would take above ${mostMs / 1000} s`;
      if (stepMiB * growth > mostMiB) stopped = `a step at ${2 * length} would hold above ${mostMiB} MiB`;
    }
    const fitted = (key: 'forwardMs' | 'stepMs'): number | undefined =>
      fittedExponent(points.map((p) => ({ length: p.length, ms: p[key] })));
    rows.push({ form: name, points, forwardExponent: fitted('forwardMs'), stepExponent: fitted('stepMs'), stopped });
  }
  return { machine: machine(), rows };
}

interface ProcessResult {
  readonly ms: number;
  readonly peakMiB: number;
  readonly idleMiB: number;
}

function measured(job: Job): Promise<ProcessResult> {
  const script = fileURLToPath(new URL('./process.node.js', import.meta.url));
  const child = spawn(process.execPath, [script, JSON.stringify(job)], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      const line = out.trimEnd().split('\n').at(-1) ?? '';
      if (code === 0) resolve(JSON.parse(line) as ProcessResult);
      else
        reject(
          fail('engine', {
            where: `bench length, ${job.name} at ${job.length}`,
            rule: 'the process ends well',
            got: err.slice(-300) || `code ${code}`,
          }),
        );
    });
  });
}
