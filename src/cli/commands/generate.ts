import { files } from '#files';
import { endTokenIds, samplingDefaults } from '../../checkpoints/index.js';
import {
  type Beam,
  beamSearch,
  type GeneratedToken,
  type GenerateOptions,
  generate,
  generateBatch,
  nextTokensOnnx,
} from '../../generate/index.js';
import type { LanguageModel } from '../../models/index.js';
import type { Tokenizer } from '../../tokenizers/index.js';
import { openTextCheckpoint } from '../checkpoint.js';
import { type GenerationFlags, generateOptionsOf, refuseFlag } from '../generation-options.js';
import type { CommandIo } from '../io.js';
import type { FaultFlags } from '../options.js';
import { checkOutputs } from '../output-path.js';
import { type PromptFlags, promptTexts } from '../prompts.js';

export interface GenerateFlags extends GenerationFlags, FaultFlags, PromptFlags {
  readonly beams?: number;
  readonly lengthPenalty?: number;
  readonly alternatives?: number;
  readonly ignoreEos?: boolean;
  readonly json?: boolean;
}

/** What a text came to. */
type Result = Readonly<Record<string, unknown>> & { readonly text: string; readonly newIds: readonly number[] };

/** A checkpoint and its prompts, ready to go on. */
interface Work {
  readonly model: LanguageModel;
  readonly tokenizer: Tokenizer;
  readonly prompts: readonly number[][];
  readonly options: GenerateOptions;
}

/**
 * Continues prompts, up to the end tokens that the checkpoint names; a single one on a terminal as its tokens come. JSON, of a single prompt: `text` and `ids` of prompt
 * and continuation, `newIds` and their `logprobs` (log p under the model itself), `finish`, under `--alternatives` those
 * of each token, under `--beams` every beam; and `tokensPerSecond`, the reading of prompts included. Of several: the same
 * of each in `results`, and `tokensPerSecond` of all together.
 */
export async function generateCommand(folder: string, flags: GenerateFlags, io: CommandIo): Promise<void> {
  const { beams, lengthPenalty, alternatives, json, dumpOnnx } = flags;
  if (lengthPenalty !== undefined && beams === undefined) refuseFlag('--length-penalty', 'only with --beams', 'Add --beams <n>');
  if (alternatives !== undefined && !json) refuseFlag('--alternatives', 'only with --json', 'Add --json');
  const texts = await promptTexts(flags);
  await checkOutputs([dumpOnnx], [folder, ...(flags.prompts === undefined ? [] : [flags.prompts])]);
  const { model, tokenizer, path, config } = await openTextCheckpoint(folder, { inPlace: true });
  const prompts = texts.map((text) => tokenizer.encode(text));
  const endIds = flags.ignoreEos ? [] : await endTokenIds(path, config);
  const options = {
    ...generateOptionsOf(flags, tokenizer, await samplingDefaults(path)),
    endIds,
    ...(alternatives !== undefined && { alternatives }),
  };
  if (options.stop?.length && beams !== undefined) {
    refuseFlag('--stop', 'with --beams only tokens without text', 'Leave one of them out');
  }
  const work = { model, tokenizer, prompts, options };
  if (dumpOnnx !== undefined) {
    const longest = Math.max(...prompts.map((prompt) => prompt.length));
    await files.writeAtomic(dumpOnnx, nextTokensOnnx(model, longest, work.options));
  }
  const shown = !json && io.outIsTerminal && prompts.length === 1 && beams === undefined ? io : undefined;
  const begun = performance.now();
  const results = beams === undefined ? await drawn(work, shown) : await searched(work, beams, lengthPenalty);
  const count = results.reduce((sum, { newIds }) => sum + newIds.length, 0);
  const tokensPerSecond = count / Math.max(1e-3, (performance.now() - begun) / 1000);
  if (json) io.out(`${JSON.stringify(results.length === 1 ? { ...results[0], tokensPerSecond } : { results, tokensPerSecond })}\n`);
  else {
    if (shown === undefined) io.out(`${results.map(({ text }) => text).join('\n---\n')}\n`);
    io.note(`${count} tokens, ${tokensPerSecond.toFixed(0)} per second`);
  }
}

/** Draws the texts, side by side where they are several. */
async function drawn({ model, tokenizer, prompts, options }: Work, shown: CommandIo | undefined): Promise<Result[]> {
  const tokens: GeneratedToken[][] = prompts.map(() => []);
  const [first = []] = prompts;
  if (prompts.length > 1) for await (const { row, ...token } of generateBatch(model, prompts, options)) tokens[row]?.push(token);
  else {
    for await (const token of generate(model, first, options)) {
      shown?.out((token.index === 0 ? tokenizer.decode(first) : '') + (token.text ?? ''));
      tokens[0]?.push(token);
    }
    shown?.out(tokens[0]?.length === 0 ? `${tokenizer.decode(first)}\n` : '\n');
  }
  return prompts.map((prompt, row) => resultOf(prompt, tokens[row] ?? [], tokenizer));
}

function resultOf(prompt: readonly number[], tokens: readonly GeneratedToken[], tokenizer: Tokenizer): Result {
  const newIds = tokens.map(({ id }) => id);
  const named = tokens.flatMap(({ alternatives }) => (alternatives === undefined ? [] : [alternatives]));
  return {
    text: tokenizer.decode(prompt) + tokens.map(({ text = '' }) => text).join(''),
    ids: [...prompt, ...newIds],
    newIds,
    logprobs: tokens.map(({ logprob }) => logprob),
    ...(tokens.at(-1)?.finish !== undefined && { finish: tokens.at(-1)?.finish }),
    ...(named.length > 0 && {
      alternatives: named.map((list) => list.map((a) => ({ ...a, token: tokenizer.tokens([a.id])[0] ?? '' }))),
    }),
  };
}

/** Searches the likeliest texts, one prompt after another. */
async function searched({ model, tokenizer, prompts, options }: Work, beams: number, lengthPenalty = 1): Promise<Result[]> {
  const results: Result[] = [];
  for (const prompt of prompts) {
    const found = await beamSearch(model, prompt, { ...options, beams, lengthPenalty });
    const all = found.map((beam: Beam) => ({ text: tokenizer.decode(beam.finish === 'end' ? beam.ids.slice(0, -1) : beam.ids), ...beam }));
    const [best] = all;
    if (best !== undefined) results.push({ ...best, beams: all });
  }
  return results;
}
