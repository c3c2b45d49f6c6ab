import { describe, expect, test } from 'vitest';
import { Attention } from '#dist/attention/index.js';
import { type BlockOptions, DecoderBlock, EncoderBlock, TransformerDecoder, TransformerEncoder } from '#dist/models/index.js';
import { Module } from '#dist/nn/index.js';
import type { Tensor } from '#dist/ops/index.js';
import { referenceOf } from '../checkpoint.js';
import { type Case, expectPyTorch, loadParameters } from './pytorch.js';

type Named = Readonly<Record<string, Tensor | undefined>>;

const reference = await referenceOf('transformer.safetensors');
const sizes = { width: 8, heads: 2, hidden: 10 };
const layers = [false, true].flatMap((pre) => (['relu', 'gelu'] as const).map((activation) => [pre ? 'pre' : 'post', activation] as const));

/** A mask of PyTorch's as ours: what forbids, or what is added. PyTorch's masks by head lie as [B·H,T,S]. */
function maskAndBias(given: Tensor | undefined): { mask?: Tensor | undefined; bias?: Tensor | undefined } {
  const perHead = given?.rank === 3 ? given.reshape([-1, sizes.heads, ...given.shape.slice(1)]) : given;
  return perHead?.dtype === 'bool' ? { mask: perHead } : { bias: perHead };
}

/** Masks of a decoder block from PyTorch's. */
function decoderInputs(m: Named) {
  const [own, memory] = [maskAndBias(m.tgt_mask), maskAndBias(m.memory_mask)];
  const padding = { padding: m.tgt_key_padding_mask, memoryPadding: m.memory_key_padding_mask };
  return { ...own, memoryMask: memory.mask, memoryBias: memory.bias, ...padding };
}

/** The arrays given for the masks of these kinds; none where there is none. */
const chosen = (kinds: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(Object.entries(kinds).flatMap(([n, kind]) => (kind === undefined ? [] : [[n, kind === '' ? n : `${n}.${kind}`]])));

describe.each(layers)("nn.TransformerEncoderLayer's outputs and gradients, norm %s, %s", (norm, activation) => {
  const block = new EncoderBlock({ ...sizes, norm, activation });
  const name = `encoder layer ${norm} ${activation}`;
  loadParameters(block, name, reference);

  test.each([undefined, 'bool', 'float'])('mask %s, with and without padding', async (mask) => {
    await expectPyTorch(
      [false, true].map((padded): Case => {
        return {
          name: `${name}/${mask ?? 'None'} ${padded ? 'True' : 'False'}`,
          module: block,
          inputs: ['src'],
          masks: chosen({ src_mask: mask, src_key_padding_mask: padded ? '' : undefined }),
          forward: ({ src }, m) => block.forward(src as Tensor, { ...maskAndBias(m.src_mask), padding: m.src_key_padding_mask }),
        };
      }),
      reference,
    );
  });
});

describe.each(layers)("nn.TransformerDecoderLayer's outputs and gradients, norm %s, %s", (norm, activation) => {
  const options: BlockOptions = { ...sizes, norm, activation };
  const open = new DecoderBlock({ ...options, attention: new Attention() });
  const causal = new DecoderBlock(options);
  const name = `decoder layer ${norm} ${activation}`;
  for (const block of [open, causal]) loadParameters(block, name, reference);

  const cases: readonly (readonly [own?: string, memory?: string])[] = [
    [],
    ['causal'],
    ['causal', 'heads'],
    ['bool', 'float'],
    ['float', 'bool'],
  ];
  test.each(cases)('target mask %s, memory mask %s', async (own, memory) => {
    const masks = chosen({
      tgt_mask: own,
      memory_mask: memory,
      tgt_key_padding_mask: own === 'bool' ? '' : undefined,
      memory_key_padding_mask: memory === undefined ? undefined : '',
    });
    const of = (block: DecoderBlock, given: Record<string, string>): Promise<void> =>
      expectPyTorch(
        [
          {
            name: `${name}/${own ?? 'None'} ${memory ?? 'None'}`,
            module: block,
            inputs: ['src', 'tgt'],
            masks: given,
            forward: ({ src, tgt }, m) => block.forward(tgt as Tensor, src as Tensor, decoderInputs(m)),
          },
        ],
        reference,
      );
    await of(open, masks);
    // Ours is causal of itself.
    if (own === 'causal') await of(causal, Object.fromEntries(Object.entries(masks).filter(([n]) => n !== 'tgt_mask')));
  });
});

class Whole extends Module {
  readonly encoder = new TransformerEncoder({ ...sizes, layers: 2, finalNorm: true });
  readonly decoder = new TransformerDecoder({ ...sizes, layers: 1, finalNorm: true, attention: () => new Attention() });
  forward(src: Tensor, tgt: Tensor, m: Named): Tensor {
    const memory = this.encoder.forward(src, { ...maskAndBias(m.src_mask), padding: m.src_key_padding_mask });
    return this.decoder.forward(tgt, memory, decoderInputs(m));
  }
}

describe("nn.Transformer's outputs and gradients, with every combination of masks", () => {
  const whole = new Whole();
  loadParameters(whole, 'transformer', reference);
  const kinds = [undefined, 'bool', 'float'];
  const combinations = kinds.flatMap((src) => kinds.flatMap((tgt) => kinds.map((memory) => [src, tgt, memory] as const)));

  test('are all in the fixture', () => {
    expect([...reference.keys()].filter((n) => /^transformer\/[^/]*\/out$/.test(n))).toHaveLength(27 * 8);
  });

  test.each(combinations)('source %s, target %s, memory %s; eight of padding each', async (src, tgt, memory) => {
    const cases = Array.from({ length: 8 }, (_, bits): Case => {
      const padded = [bits & 4, bits & 2, bits & 1].map(Boolean);
      const [s, t, m] = padded.map((is) => (is ? '' : undefined));
      const key = [src, tgt, memory].map((kind) => kind ?? 'None').join(' ');
      return {
        name: `transformer/${key} ${padded.map(Number).join('')}`,
        module: whole,
        inputs: ['src', 'tgt'],
        masks: chosen({
          src_mask: src,
          tgt_mask: tgt,
          memory_mask: memory,
          src_key_padding_mask: s,
          tgt_key_padding_mask: t,
          memory_key_padding_mask: m,
        }),
        forward: (x, masks) => whole.forward(x.src as Tensor, x.tgt as Tensor, masks),
      };
    });
    await expectPyTorch(cases, reference);
  });
});
