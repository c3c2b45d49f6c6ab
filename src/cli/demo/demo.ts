import { files } from '#files';
import { readJson } from '../../checkpoints/index.js';
import { attentionPicture } from '../../lens/index.js';
import { attentionMaps } from '../attention-maps.js';
import { exitCode } from '../exit-code.js';
import type { CommandIo } from '../io.js';
import { checkNewFolder } from '../output-path.js';
import { builtInStories } from '../source.js';
import { planNewRun } from '../train/plan.js';
import { runTraining, summaryOf } from '../train/training.js';
import { mentionsOf, strongestNameHead } from './repeated-name.js';
import { type SampledStories, sampleStories } from './stories.js';

export interface DemoFlags {
  readonly steps: number;
  readonly seed: number;
  readonly out: string;
  readonly open: boolean;
  readonly json?: boolean;
}

/**
 * The demo's model. Stories repeat names and things, so two layers are enough to learn to look back (an induction head
 * needs a layer below it), and training takes about a minute on two cores.
 */
const size = { layers: 2, heads: 4, width: 128, context: 128, activation: 'relu', batch: 8, microBatch: 8, lr: 6e-3, dropout: 0 };
const sampling = { count: 20, temperature: 0.5 };
/** Not a story of the corpus, but made of its words. */
const name = 'Marlow';
const prompt = `${name} lived by the mill. ${name} found a drum. He shook the drum. ${name} lost the drum`;

/**
 * Trains a small model on the built-in stories, lets it write before and after, and draws its attention.
 * On a terminal it ends in the studio on that model, until Ctrl-C; elsewhere, or without `open`, it says how to open it.
 * JSON: `out`, `picture`, `passedBefore`, `passed`, `total`, `trainLoss`, `valLoss`, `seconds`, `head` (see `NameHead`), `stopped`.
 */
export async function demo(flags: DemoFlags, io: CommandIo, studio: (folder: string) => Promise<number>): Promise<number> {
  const { out, steps, seed } = flags;
  const begun = performance.now();
  const say = (text: string): void => (flags.json ? io.note(text) : io.out(`${text}\n`));
  await clearEarlierDemo(out);
  // A checkpoint of every evaluation is kept: moments of training, for the studio to go back to.
  const evalEvery = Math.max(1, Math.ceil(steps / 6));
  const plan = await planNewRun([builtInStories], { ...size, steps, seed, evalEvery, keepEvery: evalEvery }, out);
  const { model, tokenizer } = plan;
  say(`A GPT of ${model.parameterCount.toLocaleString('en')} parameters learns made-up stories, letter by letter.`);
  const untrained = await sampleStories(model, tokenizer, { ...sampling, seed });
  say(`\nBefore training it writes:\n${shown(untrained, 1)}\n`);

  const outcome = await runTraining(plan, {}, io);
  say(`Trained: ${summaryOf(outcome)}`);
  const trained = await sampleStories(model, tokenizer, { ...sampling, seed });
  say(`\nAfter training it writes:\n${shown(trained, 3)}`);
  say(
    `${trained.passed} of ${sampling.count} such stories follow the corpus's grammar from the first word to the last; before: ${untrained.passed}.`,
  );
  say(`(Each drawn at temperature ${sampling.temperature}, and checked by a parser that knows who holds what.)`);

  const maps = await attentionMaps(model, tokenizer, prompt, { name: out });
  const head = strongestNameHead(maps, name, mentionsOf(name, prompt));
  const picture = files.join(out, 'attention.html');
  await files.writeAtomic(picture, attentionPicture(maps.data, { layer: head.layer, head: head.head }));
  const percent = (100 * head.weight).toFixed(0);
  say(
    `\nIn the picture: layer ${head.layer}, head ${head.head} looks back at names. The "${prompt[head.from]}" at position ${head.from}, of a`,
  );
  say(`repeated "${name}", gives ${percent}% of its attention to the letters of the "${name}" that begins at position ${head.to}.`);
  say(`\nOpen ${picture} in a browser (it needs no network), or look into all of it: headlight studio ${out}`);
  say(`Go on: headlight generate ${out} --prompt "Petra lived by"   headlight sites ${out}`);
  const { trainLoss, valLoss, stopped } = outcome;
  const seconds = (performance.now() - begun) / 1000;
  if (flags.json) {
    const counts = { passedBefore: untrained.passed, passed: trained.passed, total: sampling.count };
    io.out(`${JSON.stringify({ out, picture, ...counts, trainLoss, valLoss, seconds, head, stopped })}\n`);
  }
  if (stopped) {
    io.note(`Stopped early; the model is saved as it was. To go on: headlight train --resume ${out}`);
    return exitCode.interrupted;
  }
  return flags.open && io.outIsTerminal ? studio(out) : exitCode.done;
}

function shown({ stories }: SampledStories, count: number): string {
  return stories
    .slice(0, count)
    .map(({ text, follows }) => `  ${follows ? '✓' : '✗'} ${text.replaceAll('\n', ' ').slice(0, 240)}`)
    .join('\n');
}

/** Everything that a demo writes. */
const written = new Set([
  'attention.html',
  'best',
  'checkpoints',
  'config.json',
  'events',
  'generation_config.json',
  'metrics.jsonl',
  'model.safetensors',
  'optimizer.safetensors',
  'run.lock',
  'tokenizer.json',
  'tokenizer_config.json',
  'trainer.json',
]);

/** An earlier demo's folder makes way for the next one. Whatever else stands there is kept, and is an error. */
async function clearEarlierDemo(out: string): Promise<void> {
  const isFolder = (await files.stat(out)).kind === 'folder';
  const names = isFolder ? await files.list(out) : [];
  if (names.includes('trainer.json') && names.every((name) => written.has(name)) && (await isDemo(out))) await files.remove(out);
  await checkNewFolder(out);
}

async function isDemo(out: string): Promise<boolean> {
  const { settings } = await readJson(files.join(out, 'trainer.json'));
  const { data, ...kept } = (settings ?? {}) as Record<string, unknown> & { data?: { sources?: unknown } };
  return `${data?.sources}` === builtInStories && Object.entries(size).every(([key, value]) => kept[key] === value);
}
