import { readFileSync } from 'node:fs';
import { contestants } from './contestants.js';
import { type MeasureOptions, measure } from './measure.js';

/** What the bench's own process is told: one form, one length. */
export interface Job extends MeasureOptions {
  readonly name: string;
}

/** The process's largest resident memory, MiB (Linux: VmHWM). */
function peakMiB(): number {
  const line = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return Number(line) / 1024;
}

const job = JSON.parse(process.argv[2] as string) as Job;
const contestant = contestants.find(({ name }) => name === job.name);
if (contestant === undefined) throw new Error(`no form ${job.name}`);
const idleMiB = peakMiB();
const measured = await measure(contestant, job);
process.stdout.write(`${JSON.stringify({ ...measured, peakMiB: peakMiB(), idleMiB })}\n`);
