import { turns } from '../../../core/event-loop.js';
import type { AttentionLayer } from '../../protocol/index.js';
import type { Handlers } from '../handler.js';
import type { ModelState } from '../model-state.js';
import { generateText } from './continue.js';
import { edgesOf } from './edges.js';
import { headMatrix } from './head-matrix.js';
import { nextOf } from './next.js';
import { siteValues } from './site-values.js';
import { layerThumbnails } from './thumbnails.js';
import { lineOf, tileOf } from './tile.js';

type ReadNames =
  | 'read.run'
  | 'read.tile'
  | 'read.thumbnails'
  | 'read.edges'
  | 'read.line'
  | 'read.lines'
  | 'read.next'
  | 'read.site'
  | 'read.generate';

/** Looking at runs. */
export function readHandlers(state: ModelState): Handlers<ReadNames> {
  return {
    'read.run': async ({ beside: _, ...spec }) => {
      const run = await (await state.stateOf(spec.model)).run(spec);
      const { feeds: _feeds, ids: _ids, ...prepared } = run.prepared;
      return { run: run.key, attention: run.attention, ...prepared };
    },
    'read.tile': async (input) => {
      const matrix = await headMatrix(state.looked(input), input, input.value);
      return { values: tileOf(matrix, input.level ?? 0, input.rows, input.columns) };
    },
    'read.thumbnails': async ({ value, size, layers = state.attention.map(({ layer }) => layer), ...ref }, { signal, emit }) => {
      const turn = turns();
      for (const layer of layers) {
        await turn();
        signal.throwIfAborted();
        const { hasScores } = state.attention[layer] as AttentionLayer;
        if (value === 'scores' && !hasScores) continue;
        emit({ layer, values: await layerThumbnails(state.looked(ref), layer, value, size) });
      }
      return {};
    },
    'read.edges': async (input) => edgesOf(await headMatrix(state.looked(input), input, 'pattern'), input),
    'read.line': async (input) => ({
      values: lineOf(await headMatrix(state.looked(input), input, input.value), input.token, input.along),
    }),
    'read.lines': async ({ value, token, along, ...ref }, { signal }) => {
      const looked = state.looked(ref);
      const layers = [];
      for (const { layer, heads } of state.attention) {
        signal.throwIfAborted();
        const lines = [];
        for (let head = 0; head < heads; head++) lines.push(lineOf(await headMatrix(looked, { layer, head }, value), token, along));
        const width = lines[0]?.length ?? 0;
        const data = new Float32Array(heads * width);
        lines.forEach((line, head) => {
          data.set(line, head * width);
        });
        layers.push({ shape: [heads, width], data });
      }
      return { layers };
    },
    'read.next': ({ run, minus, ...input }) => nextOf(state.looked({ run, minus }), state.subject, input),
    'read.site': ({ site, slice, ...ref }) => siteValues(state.looked(ref), site, slice),
    'read.generate': (input, context) => generateText(state, input, context),
  };
}
