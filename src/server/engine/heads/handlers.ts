import { turns } from '../../../core/event-loop.js';
import { type HeadScoreOptions, headScores, type LabelledArray, type LensModel, scoreHeads } from '../../../lens/index.js';
import type { Output } from '../../protocol/index.js';
import { lensInterventions } from '../change/interventions.js';
import type { Handlers } from '../handler.js';
import type { ModelState } from '../model-state.js';
import { lensPromptOf } from '../run/lens-prompt.js';

/** Scores of every head. */
export function headsHandlers(state: ModelState): Handlers<'heads.scores' | 'heads.overTime'> {
  const scored = (step: number | undefined, model: LensModel, options: HeadScoreOptions): Promise<LabelledArray> =>
    state.programs.inTurn(async () => {
      await state.useWeights(step);
      return scoreHeads(model, options);
    });
  return {
    'heads.scores': async ({ step, run: key }) => {
      const run = key === undefined ? undefined : state.runOf(key);
      const changes = run?.spec.changes ?? [];
      const model = changes.length === 0 ? state.opened.model : state.lensView().with(lensInterventions(changes)).model;
      const prompt = run && lensPromptOf(run);
      const scores = await scored(run?.spec.step ?? step, model as LensModel, prompt === undefined ? {} : { prompt });
      return { ...tableOf(state, scores), on: run === undefined ? 'random tokens, repeated' : 'the prompt' };
    },
    'heads.overTime': async ({ columns }, { signal, emit }) => {
      const { steps, now } = await state.place.steps();
      const moments = [
        ...steps.map((step) => ({ step, of: step as number | undefined })),
        ...(now === undefined || steps.includes(now) ? [] : [{ step: now, of: undefined }]),
      ];
      const turn = turns();
      let table: Output<'heads.scores'>['heads'] = [];
      let names: readonly string[] = columns ?? [];
      for (const { step, of } of moments) {
        await turn();
        signal.throwIfAborted();
        const found = await scored(of, state.opened.model as LensModel, columns === undefined ? {} : { scores: columns });
        const { columns: told, heads } = tableOf(state, found);
        table = heads;
        names = told.map(({ name }) => name);
        const data = Float32Array.from(names.flatMap((_, column) => heads.map(({ scores }) => scores[column] ?? Number.NaN)));
        emit({ step, scores: { shape: [names.length, heads.length], data } });
      }
      return { columns: names, heads: table.map(({ layer, head }) => ({ layer, head })), steps: moments.map(({ step }) => step) };
    },
  };
}

/** The lens's labelled array as a table: layers by their number among the attentions, heads that there are. */
function tableOf(state: ModelState, scores: LabelledArray): Pick<Output<'heads.scores'>, 'columns' | 'heads'> {
  const [layers, , names] = scores.axes.map(({ labels }) => labels) as [readonly string[], readonly number[], readonly string[]];
  const columns = names.map((name) => ({ name, doc: headScores.find((score) => score.name === name)?.doc ?? '' }));
  const { data, shape } = scores.values;
  const [, most, width] = shape as [number, number, number];
  const heads = state.attention.flatMap(({ layer, path, heads: count }) => {
    const row = layers.indexOf(path);
    return Array.from({ length: row < 0 ? 0 : count }, (_, head) => ({
      layer,
      head,
      scores: names.map((_, column) => {
        const score = data[(row * most + head) * width + column] as number;
        return Number.isNaN(score) ? null : score;
      }),
    }));
  });
  return { columns, heads };
}
