import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fail } from '../../core/index.js';
import { StudioError, type StudioFolder, type TrainingHost } from '../../server/index.node.js';
import type { Context, Input, Output, RequestName, TrainSpec } from '../../server/protocol/index.js';
import { readMetrics } from '../../train/index.js';
import { builtInStories } from '../source.js';
import { metricsFile } from '../train/resumed-run.js';
import { curvesOf } from './curves.js';
import { formFields, settingsOf } from './training-form.js';
import type { TrainingJob } from './training-messages.js';
import { TrainingRun } from './training-run.node.js';

/** Runs at once: two cores are shared as it is. */
const mostRuns = 2;
/** How often a followed run's files are looked at, in milliseconds. */
const interval = 400;
/** Where texts that were uploaded are kept, so that a run can go on with them. */
const textsFolder = 'texts';

type TrainNames = Extract<RequestName, `train.${string}`>;
type Handlers = { readonly [N in TrainNames]: (input: Input<N>, context: Context<N>) => Promise<Output<N>> };

/** Starts and follows training runs in the opened folder. */
export function trainingHost(folder: StudioFolder): TrainingHost {
  const runs = new Map<string, TrainingRun>();

  const runOf = (model: string): TrainingRun => {
    const run = runs.get(model);
    if (run !== undefined) return run;
    throw fail('name', { where: 'train', rule: 'a run that this studio has started', got: JSON.stringify(model).slice(0, 100) });
  };

  const start = (model: string, job: TrainingJob): TrainingRun => {
    const busy = [...runs.values()].filter((run) => !run.isOver).length;
    if (busy >= mostRuns) throw new StudioError('busy', `${busy} runs are under way.`, 'Wait for one to end, or stop it.');
    const run = new TrainingRun(model, job);
    runs.set(model, run);
    return run;
  };

  const handlers: Handlers = {
    'train.form': async () => ({ ...formFields(), files: await textFiles(folder.root) }),
    'train.plan': async (spec) => {
      const run = new TrainingRun('plan', { ...(await jobOf(folder, spec)), planOnly: true });
      const { parameters, vocabulary, tokens, settings } = await run.planned.catch(badPlan);
      return { parameters, vocabulary, tokens, settings };
    },
    'train.start': async (spec) => {
      const job = await jobOf(folder, spec);
      const run = start(job.name, job);
      await run.planned.catch((error: Error) => {
        runs.delete(job.name);
        return badPlan(error);
      });
      return run.status;
    },
    'train.list': async () => ({ runs: [...runs.values()].map(({ status }) => status) }),
    'train.watch': async ({ model }, { signal, emit }) => {
      const run = runs.get(model);
      const path = await waitFor(() => folder.pathOf(model), run, signal);
      let shown = '';
      let lines = 0;
      const known = new Set<number>();
      const look = async (): Promise<void> => {
        const all = await readMetrics(join(path, metricsFile));
        // After a rollback there are fewer: then all is told anew.
        if (all.length < lines) lines = 0;
        if (all.length > lines) emit({ kind: 'curves', curves: curvesOf(all.slice(lines)) });
        lines = all.length;
        for (const step of await stepsOf(path)) if (!known.has(step)) emit({ kind: 'checkpoint', step: add(known, step) });
        const status = run?.status;
        if (status !== undefined && JSON.stringify(status) !== shown) emit({ kind: 'status', status });
        shown = JSON.stringify(status);
      };
      while (run !== undefined && !run.isOver) {
        signal.throwIfAborted();
        await look();
        await pause(interval, signal);
      }
      await look();
      return run?.status ?? { model, state: 'done', step: lines, steps: lines };
    },
    'train.pause': async ({ model }) => {
      const run = runOf(model);
      run.pause();
      return run.status;
    },
    'train.resume': async ({ model }) => {
      const run = runs.get(model);
      if (run !== undefined && !run.isOver) {
        run.resume();
        return run.status;
      }
      const again = start(model, { kind: 'resume', folder: await folder.pathOf(model) });
      await again.planned.catch(badPlan);
      return again.status;
    },
    'train.stop': async ({ model }) => {
      const run = runOf(model);
      run.stop();
      await run.ended;
      return run.status;
    },
    'train.curves': async ({ model }) => {
      const path = await folder.pathOf(model);
      return { curves: curvesOf(await readMetrics(join(path, metricsFile))), steps: await stepsOf(path) };
    },
  };

  return {
    handle: async <N extends RequestName>(name: N, input: Input<N>, context: Context<N>): Promise<Output<N>> => {
      if (!Object.hasOwn(handlers, name)) throw new StudioError('request', `There is no request "${name}".`);
      const handler = handlers[name as TrainNames] as unknown as (input: Input<N>, context: Context<N>) => Promise<Output<N>>;
      return handler(input, context);
    },
    stop: async () => {
      for (const run of runs.values()) run.stop();
      await Promise.all([...runs.values()].map(({ ended }) => ended));
    },
  };
}

/** What is trained, and where: a new folder inside the opened one. @throws value: a name that is none, or taken */
async function jobOf(
  folder: StudioFolder,
  { source, settings, name }: TrainSpec,
): Promise<Extract<TrainingJob, { kind: 'new' }> & { readonly name: string }> {
  const model = name ?? (await freeName(folder, source.kind === 'task' ? source.task : source.kind));
  if (!/^[\p{L}\p{N}_][\p{L}\p{N}_ .-]{0,79}$/u.test(model) || model.endsWith('.'))
    throw fail('value', {
      where: 'name',
      rule: 'letters, digits, spaces, _, . and -, at most 80',
      got: JSON.stringify(model).slice(0, 100),
    });
  const out = join(folder.root, model);
  if (await exists(out)) throw fail('value', { where: 'name', rule: 'a new name', got: JSON.stringify(model), fix: 'Choose another' });
  const read = settingsOf(settings);
  const task = source.kind === 'task' ? { task: source.task } : {};
  return { kind: 'new', sources: await sourcesOf(folder, source), settings: { ...read, ...task }, out, name: model };
}

async function sourcesOf(folder: StudioFolder, source: TrainSpec['source']): Promise<string[]> {
  switch (source.kind) {
    case 'stories':
      return [builtInStories];
    case 'task':
      return [];
    case 'file':
      return [await folder.pathOf(source.path)];
    case 'upload': {
      if (source.text.trim() === '') throw fail('value', { where: 'text', rule: 'a text to learn from', got: 'none' });
      const name =
        source.name
          .replace(/[^\p{L}\p{N}_.-]+/gu, '-')
          .replace(/^\.+/, '')
          .slice(-80) || 'text.txt';
      const parent = join(folder.root, textsFolder);
      await mkdir(parent, { recursive: true });
      const path = join(await folder.pathOf(textsFolder), /\.\w+$/.test(name) ? name : `${name}.txt`);
      await writeFile(path, source.text);
      return [path];
    }
  }
}

async function freeName(folder: StudioFolder, stem: string): Promise<string> {
  const clean = stem.replace(/[^\p{L}\p{N}_-]+/gu, '-') || 'run';
  for (let n = 1; ; n++) {
    const name = `${clean}-${n}`;
    if (!(await exists(join(folder.root, name)))) return name;
  }
}

/** Text files at the top of the folder, and in `texts`. */
async function textFiles(root: string): Promise<{ path: string; bytes: number }[]> {
  const found: { path: string; bytes: number }[] = [];
  for (const below of ['', textsFolder]) {
    const names = await readdir(join(root, below)).catch(() => []);
    for (const name of names.filter((n) => /\.(?:txt|jsonl|csv)$/.test(n) && n !== metricsFile).slice(0, 200)) {
      const path = below === '' ? name : `${below}/${name}`;
      found.push({ path, bytes: (await stat(join(root, path))).size });
    }
  }
  return found;
}

async function stepsOf(path: string): Promise<number[]> {
  const names = await readdir(join(path, 'checkpoints')).catch(() => []);
  return names
    .flatMap((name) => /^step-(\d+)$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

/** A run's folder is there once it has begun. */
async function waitFor(path: () => Promise<string>, run: TrainingRun | undefined, signal: AbortSignal): Promise<string> {
  for (;;) {
    try {
      return await path();
    } catch (error) {
      if (run === undefined || run.isOver) throw error;
      await pause(interval / 4, signal);
    }
  }
}

/** A while, or until the signal aborts. */
function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal.addEventListener('abort', end);
  });
}

function add(set: Set<number>, step: number): number {
  set.add(step);
  return step;
}

/** The message of the training process, which names what is wrong. */
function badPlan(error: Error): never {
  throw new StudioError('failed', error.message);
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
