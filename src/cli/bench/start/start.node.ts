import { rmSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { generateStories } from '../../../datasets/index.js';
import { type Machine, machine } from '../machine.node.js';
import { onInterrupt } from '../on-interrupt.node.js';
import { type Summary, summarize } from '../statistics.js';
import { baselineName, type Contestant, type Missing, otherContestants, ourCommand, ourContestants, ourFiles } from './contestants.node.js';
import { forgetFiles } from './file-cache.node.js';
import { openBrowser } from './first-paint.node.js';
import { timeStart } from './process-start.node.js';
import { type InstalledSizes, installedSizes } from './sizes.node.js';

export interface StartBenchOptions {
  /** Starts of each with the files in the system's cache, and from the disk. */
  readonly rounds?: number;
  readonly coldRounds?: number;
  /** Leaves others and the browser out. */
  readonly oursOnly?: boolean;
  readonly onProgress?: (what: string) => void;
}

/** Milliseconds of one start. */
export interface StartRow {
  readonly name: string;
  readonly isOurs: boolean;
  readonly warm: Summary;
  /** With its files read from the disk; missing where the system cannot be made to forget them. */
  readonly cold?: Summary;
  /** Share of its files' pages that the system kept all the same, since other processes had them mapped; in [0, 1]. */
  readonly stayedCached?: number;
}

export interface StartBenchResult {
  readonly bench: 'start';
  readonly date: string;
  readonly machine: Machine;
  /** What all starts contain: node, and its end. */
  readonly baseline: string;
  readonly rows: readonly StartRow[];
  readonly missing: readonly Missing[];
  /** Why nothing was started from the disk. */
  readonly withoutCold?: string;
  readonly sizes: InstalledSizes;
}

/**
 * `headlight bench start`: how long it takes from a command to its first training step, its first token and the studio's
 * first paint, beside the start of node itself and of other libraries, in turn; with the files in the system's cache and from
 * the disk; and what is installed.
 */
export async function runStartBench(options: StartBenchOptions = {}): Promise<StartBenchResult> {
  const { rounds = 5, coldRounds = 2, oursOnly = false, onProgress = () => {} } = options;
  const folder = await mkdtemp(join(tmpdir(), 'headlight-bench-'));
  const forget = onInterrupt(() => rmSync(folder, { recursive: true, force: true }));
  const model = join(folder, 'model');
  onProgress('a model to start');
  const text = join(folder, 'stories.txt');
  await writeFile(text, generateStories({ characters: 20_000, seed: 0 }));
  await timeStart({ ...ourCommand(['train', text, '--preset', 'nano', '--steps', '10', '--out', model, '--json']), until: 'end' });
  const browser = oursOnly ? { missing: 'left out' } : await openBrowser();
  try {
    const all = [...otherContestants().filter((c) => !oursOnly || c.name === baselineName), ...ourContestants(model, folder)];
    const timed: Timed[] = all
      .filter((c): c is Contestant => !('missing' in c))
      .map(({ command, ...c }) => ({ ...c, names: [c.name], time: async () => [await timeStart(command)] }));
    if (!('missing' in browser)) {
      const studio = ourCommand(['studio', model, '--no-open']);
      const time = async (): Promise<number[]> => {
        const { address, paint } = await browser.timePage(studio);
        return [address, paint];
      };
      timed.push({ names: ['headlight studio: its address', 'headlight studio: first paint'], isOurs: true, files: ourFiles, time });
    }
    const warm = await inTurn(timed, rounds, { note: (round) => onProgress(`round ${round + 1} of ${rounds}`), before: remove });
    let withoutCold = coldRounds === 0 ? 'left out' : undefined;
    const stayed = new Map<Timed, number>();
    const cold = await inTurn(timed, coldRounds, {
      note: (round) => onProgress(`from the disk, round ${round + 1} of ${coldRounds}`),
      before: async (contestant) => {
        await remove();
        if (withoutCold !== undefined) return;
        const kept = forgetFiles(contestant.files());
        if (typeof kept === 'number') stayed.set(contestant, kept);
        else withoutCold = kept.missing;
      },
    });
    const rows = timed.flatMap((contestant) =>
      contestant.names.map((name) => ({
        ...{ name, isOurs: contestant.isOurs, warm: summarize(warm.get(name) ?? []) },
        ...(withoutCold === undefined && { cold: summarize(cold.get(name) ?? []), stayedCached: stayed.get(contestant) ?? 0 }),
      })),
    );
    onProgress('sizes');
    return {
      ...{ bench: 'start', date: new Date().toISOString(), machine: machine(), baseline: baselineName, rows },
      missing: [
        ...all.filter((c): c is Missing => 'missing' in c),
        ...('missing' in browser ? [{ name: 'headlight studio: first paint', missing: browser.missing }] : []),
      ],
      ...(withoutCold !== undefined && { withoutCold }),
      sizes: await installedSizes(),
    };
  } finally {
    forget();
    if (!('missing' in browser)) await browser.close();
    await rm(folder, { recursive: true, force: true });
  }

  /** The run that the last first step left behind. */
  async function remove(): Promise<void> {
    await rm(join(folder, 'run'), { recursive: true, force: true });
  }
}

/** Between a start and the next. */
const settleMs = 200;

/** Something that is timed, and what its figures are called. */
interface Timed {
  readonly names: readonly string[];
  readonly isOurs: boolean;
  files(): readonly string[];
  time(): Promise<readonly number[]>;
}

/** Each once a round, in an order that begins with another each round; of several rounds one before them is not counted. */
async function inTurn(
  all: readonly Timed[],
  rounds: number,
  { note, before }: { note(round: number): void; before(contestant: Timed): Promise<void> },
): Promise<Map<string, number[]>> {
  const found = new Map(all.flatMap(({ names }) => names.map((name) => [name, [] as number[]])));
  for (let round = rounds > 1 ? -1 : 0; round < rounds; round++) {
    note(round);
    for (const i of all.keys()) {
      const contestant = all[(i + Math.max(0, round)) % all.length] as Timed;
      await before(contestant);
      const times = await contestant.time();
      if (round >= 0) for (const [k, name] of contestant.names.entries()) found.get(name)?.push(times[k] as number);
      // What was ended has children that end after it.
      await setTimeout(settleMs);
    }
  }
  return found;
}
