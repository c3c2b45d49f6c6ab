import { files } from '#files';
import { splitTokens, tokenize } from '../../datasets/index.js';
import { evaluateModel } from '../../train/index.js';
import { openTextCheckpoint } from '../checkpoint.js';
import { checkWindows, evaluationOnnx } from '../evaluation.js';
import type { CommandIo } from '../io.js';
import type { EngineFlags, FaultFlags } from '../options.js';
import { checkOutputs } from '../output-path.js';
import { openSource } from '../source.js';

export interface EvalFlags extends EngineFlags, FaultFlags {
  readonly split: 'validation' | 'train' | 'all';
  readonly column?: string;
  readonly json?: boolean;
}

/**
 * Mean loss over a text in windows side by side; every token but the first is predicted once.
 * JSON: `loss` in nats per token, `perplexity` = e^loss, `tokens` predicted, `split`.
 */
export async function evalCommand(folder: string, source: string, flags: EvalFlags, io: CommandIo): Promise<void> {
  const { split, check, dumpOnnx, device, threads } = flags;
  await checkOutputs([dumpOnnx], [folder, source]);
  const { model, tokenizer } = await openTextCheckpoint(folder);
  const all = await tokenize(await openSource(source, flags.column), tokenizer);
  const ids = split === 'all' ? all : splitTokens(all, { context: 1 })[split];
  const parts = {
    validation: 'its end, which training keeps for validation',
    train: 'all but its end, which training learns from',
    all: 'all of it',
  };
  io.note(`${source}: ${parts[split]}: ${ids.length.toLocaleString('en')} of ${all.length.toLocaleString('en')} tokens`);

  const tokens = ids.length - 1;
  const engine = { ...(device && { device }), ...(threads !== undefined && { threads }) };
  if (dumpOnnx !== undefined) await files.writeAtomic(dumpOnnx, await evaluationOnnx(model, ids, engine));
  const progress = io.progress(tokens);
  try {
    if (check) await checkWindows(model, ids, { ...engine, onProgress: (done) => progress.update(done, 'tokens checked') });
    const loss = await evaluateModel(model, ids, { ...engine, onProgress: (done) => progress.update(done, 'tokens') });
    const perplexity = Math.exp(loss);
    if (flags.json) io.out(`${JSON.stringify({ loss, perplexity, tokens, split })}\n`);
    else io.out(`loss ${loss.toFixed(4)} nats per token, perplexity ${perplexity.toFixed(3)}, over ${tokens} predicted tokens\n`);
  } finally {
    progress.stop();
    await all.close();
  }
}
