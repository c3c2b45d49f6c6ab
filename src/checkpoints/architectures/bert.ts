import { fail } from '../../core/index.js';
import { Bert, type BertFamily, type EncoderHead, encoderExtras, encoderNames } from '../../models/index.js';
import { type ActivationName, activations } from '../../nn/index.js';
import { type Config, type JsonObject, requireBoolean, requireInteger, requireNumber, requireString } from '../config.js';
import type { TensorSource } from '../source.js';
import type { Architecture } from './architecture.js';
import { readLabels, writeLabels } from './labels.js';

const positive = { min: 1, max: 1 << 24 };
const rate = { min: 0, max: 0.999, fallback: 0.1 };

type Kind = EncoderHead['kind'];

/** Ends of the published class names: `BertForMaskedLM`, `RobertaForMaskedLM`, … */
const classEnds: Readonly<Record<Kind, string>> = {
  none: 'Model',
  maskedLanguage: 'ForMaskedLM',
  sequence: 'ForSequenceClassification',
  token: 'ForTokenClassification',
  question: 'ForQuestionAnswering',
};
/** Values of `problem_type`; regression has no labels to say. */
const [singleLabel, severalLabels] = ['single_label_classification', 'multi_label_classification'];

const kinds = Object.keys(classEnds) as Kind[];
const families: Readonly<Record<BertFamily, string>> = { bert: 'Bert', roberta: 'Roberta', distilbert: 'DistilBert' };

/** One per family and head: the heads' names differ, and a name may mean two things. */
const table = new Map<BertFamily, ReadonlyMap<Kind, Architecture<Bert>>>(
  (Object.keys(families) as BertFamily[]).map((family) => [family, new Map(kinds.map((kind) => [kind, architectureFor(family, kind)]))]),
);

/** Every architecture of encoders that checkpoints can hold. */
export const encoderArchitectures: readonly Architecture<Bert>[] = [...table.values()].flatMap((byKind) => [...byKind.values()]);

/** The `model_type`s of encoders. */
export const encoderTypes: readonly string[] = Object.keys(families);

/**
 * The architecture that the `architectures` of an encoder's config name; the bare model where it names no class.
 * @throws unsupported: a class that is not known; known ones are listed
 */
export function encoderClassOf({ path, values }: Config): Architecture<Bert> {
  const family = values.model_type as BertFamily;
  const { architectures } = values;
  const named: unknown = Array.isArray(architectures) ? architectures[0] : undefined;
  const kind =
    named === undefined ? 'none' : kinds.find((k) => named === families[family] + classEnds[k] || isPretraining(family, k, named));
  const found = kind === undefined ? undefined : table.get(family)?.get(kind);
  if (found !== undefined) return found;
  throw fail('unsupported', {
    where: path,
    rule: `"architectures" names one of ${kinds.map((k) => families[family] + classEnds[k]).join(', ')}`,
    got: JSON.stringify(named),
  });
}

/** BERT's first files name the class that was pretrained; its masked words are the same, its next-sentence head is passed over. */
function isPretraining(family: BertFamily, kind: Kind, named: unknown): boolean {
  return family === 'bert' && kind === 'maskedLanguage' && named === 'BertForPreTraining';
}

function architectureFor(family: BertFamily, kind: Kind): Architecture<Bert> {
  const tiedNames: Readonly<Record<string, string>> = { 'head.decoder.weight': 'tokens.weight' };
  return {
    modelType: family,
    published: true,
    names: encoderNames(family, kind),
    optionalPrefix: `${family}.`,
    read: (config, file) => {
      const tied = requireBoolean(config, 'tie_word_embeddings', { fallback: true });
      const model = new Bert({ ...readSizes(config, family), family, head: readHead(config, kind, tied), pooler: hasPooler(file, family) });
      return { model, ignore: encoderExtras, tied: kind === 'maskedLanguage' && tied ? tiedNames : {} };
    },
    write: (model) => {
      if (model.config.family !== family || model.config.head.kind !== kind) return undefined;
      const { head, seed, pooler, ...sizes } = model.config;
      return {
        model_type: family,
        architectures: [families[family] + classEnds[kind]],
        ...writeSizes(sizes),
        ...('labels' in head ? writeLabels(head.labels) : {}),
        ...(head.kind === 'sequence' && head.several ? { problem_type: severalLabels } : {}),
        tie_word_embeddings: head.kind !== 'maskedLanguage' || head.tied,
        torch_dtype: 'float32',
      };
    },
    complete: () => [],
  };
}

function readHead(config: Config, kind: Kind, tied: boolean): EncoderHead {
  if (kind === 'token') return { kind, labels: readLabels(config) };
  if (kind === 'sequence') {
    const problem = requireString(config, 'problem_type', { fallback: singleLabel, oneOf: [singleLabel, severalLabels] });
    return { kind, labels: readLabels(config), ...(problem === severalLabels && { several: true }) };
  }
  return kind === 'maskedLanguage' ? { kind, tied } : { kind };
}

/** Only the file says whether the bare model was kept with its pooler. */
function hasPooler(file: Pick<TensorSource, 'has'>, family: BertFamily): boolean {
  return file.has('pooler.dense.weight') || file.has(`${family}.pooler.dense.weight`);
}

function readSizes(config: Config, family: BertFamily): Omit<ConstructorParameters<typeof Bert>[0], 'head' | 'family' | 'pooler'> {
  const padding = requireInteger(config, 'pad_token_id', { min: 0, fallback: family === 'roberta' ? 1 : 0 });
  const vocabulary = requireInteger(config, 'vocab_size', positive);
  const oneOf = Object.keys(activations) as ActivationName[];
  if (family === 'distilbert') {
    // `sinusoidal_pos_embds` says how positions began; they are stored like any.
    return {
      ...{ vocabulary, padding, types: 0, epsilon: 1e-12 },
      context: requireInteger(config, 'max_position_embeddings', { ...positive, fallback: 512 }),
      layers: requireInteger(config, 'n_layers', { min: 1, max: 1000 }),
      heads: requireInteger(config, 'n_heads', positive),
      width: requireInteger(config, 'dim', positive),
      hidden: requireInteger(config, 'hidden_dim', positive),
      activation: requireString(config, 'activation', { fallback: 'gelu', oneOf }),
      dropout: requireNumber(config, 'dropout', rate),
    };
  }
  refuseOthers(config);
  const positions = requireInteger(config, 'max_position_embeddings', { ...positive, fallback: 512 });
  return {
    ...{ vocabulary, padding },
    context: family === 'roberta' ? positions - padding - 1 : positions,
    types: requireInteger(config, 'type_vocab_size', { ...positive, fallback: 2 }),
    epsilon: requireNumber(config, 'layer_norm_eps', { min: 0, max: 1, fallback: 1e-12 }),
    layers: requireInteger(config, 'num_hidden_layers', { min: 1, max: 1000 }),
    heads: requireInteger(config, 'num_attention_heads', positive),
    width: requireInteger(config, 'hidden_size', positive),
    hidden: requireInteger(config, 'intermediate_size', positive),
    activation: requireString(config, 'hidden_act', { fallback: 'gelu', oneOf }),
    dropout: requireNumber(config, 'hidden_dropout_prob', rate),
  };
}

/** Settings of Hugging Face's that change the numbers and that this model does not have. */
function refuseOthers(config: Config): void {
  requireString(config, 'position_embedding_type', { fallback: 'absolute', oneOf: ['absolute'] });
  for (const key of ['is_decoder', 'add_cross_attention']) {
    if (!requireBoolean(config, key, { fallback: false })) continue;
    throw fail('unsupported', { where: config.path, rule: `"${key}" is false`, got: 'true', fix: 'A BERT that decodes is not supported' });
  }
}

function writeSizes({
  family,
  vocabulary,
  context,
  padding,
  types,
  layers,
  heads,
  width,
  hidden,
  ...rest
}: Omit<Bert['config'], 'head' | 'seed' | 'pooler'>): JsonObject {
  const { activation, epsilon, dropout } = rest;
  if (family === 'distilbert') {
    return {
      ...{ vocab_size: vocabulary, max_position_embeddings: context, pad_token_id: padding, sinusoidal_pos_embds: false },
      ...{ n_layers: layers, n_heads: heads, dim: width, hidden_dim: hidden },
      ...{ activation, dropout, attention_dropout: dropout, seq_classif_dropout: dropout, qa_dropout: 0 },
    };
  }
  return {
    vocab_size: vocabulary,
    max_position_embeddings: family === 'roberta' ? context + padding + 1 : context,
    pad_token_id: padding,
    type_vocab_size: types,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    hidden_size: width,
    intermediate_size: hidden,
    hidden_act: activation,
    layer_norm_eps: epsilon,
    hidden_dropout_prob: dropout,
    attention_probs_dropout_prob: dropout,
    position_embedding_type: 'absolute',
  };
}
