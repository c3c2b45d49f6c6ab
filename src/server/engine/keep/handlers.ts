import { interventionsToJson } from '../../../lens/index.js';
import type { Output } from '../../protocol/index.js';
import { lensInterventions } from '../change/interventions.js';
import type { Handlers } from '../handler.js';
import type { ModelState } from '../model-state.js';
import { headMatrix } from '../read/head-matrix.js';
import { nextOf } from '../read/next.js';
import type { Run } from '../run/run.js';
import { describeHead } from './describe.js';

/** What a kept file says of itself. */
export function keepHandlers(state: ModelState): Handlers<'keep.card'> {
  return {
    'keep.card': async ({ layer, head, value = 'pattern', token, ...ref }) => {
      const looked = state.looked(ref);
      const { run, minus } = looked;
      const description = [sentenceOf(run, minus?.run)];
      if (layer !== undefined && head !== undefined && value === 'pattern' && minus === undefined) {
        const name = state.subject.kind === 'translation' ? state.attentionAt(layer).path : `Layer ${layer}`;
        description.push(
          ...describeHead(await headMatrix(looked, { layer, head }, value), run.sides(layer), `${name}, head ${head}`, token),
        );
      }
      if (run.graph.sites.has('logits')) description.push(await predictionOf(state, run));
      return { provenance: provenanceOf(state, run), description };
    },
  };
}

function provenanceOf(state: ModelState, run: Run): Output<'keep.card'>['provenance'] {
  const { opened, place } = state;
  const changes = run.spec.changes ?? [];
  const { step } = run.spec;
  return {
    model: place.name,
    type: opened.type,
    parameters: opened.model.parameterCount,
    ...(step !== undefined && { step }),
    hash: opened.hash,
    prompt: promptText(run),
    changes: changes.map(({ name }) => name),
    changesJson: changes.length === 0 ? '' : JSON.stringify(interventionsToJson(state.lensView(), lensInterventions(changes))),
    versions: place.versions,
  };
}

function promptText({ spec: { prompt }, prepared }: Run): string {
  if (prompt.kind === 'text') return prompt.text;
  if (prompt.kind === 'image') return 'an image';
  const written = prepared.text ?? prepared.ids?.join(', ') ?? '';
  return prompt.kind === 'translation' ? `${prompt.source} → ${typeof prompt.target === 'string' ? prompt.target : written}` : written;
}

function sentenceOf(run: Run, minus: Run | undefined): string {
  const count = `${run.prepared.tokens.length} tokens`;
  const changes = run.spec.changes?.length ?? 0;
  const changed = changes === 0 ? '' : `, with ${changes} ${changes === 1 ? 'change' : 'changes'}`;
  return minus === undefined
    ? `One run on ${count}${changed}.`
    : `The difference of two runs, on ${count} and ${minus.prepared.tokens.length} tokens.`;
}

async function predictionOf(state: ModelState, run: Run): Promise<string> {
  const { candidates } = await nextOf({ run }, state.subject, { count: 3 });
  const parts = candidates.map(({ text, probability }) => `${JSON.stringify(text)} (${(100 * probability).toFixed(1)}%)`);
  const what = ['decoder', 'translation'].includes(state.subject.kind) ? 'What comes next, by the model' : 'Its likeliest answers';
  return `${what}: ${parts.join(', ')}.`;
}
