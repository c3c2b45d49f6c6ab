import { fail } from '../../core/index.js';
import { deitNames, deitPrefix, ViT, type ViTHead, vitNames, vitPrefix } from '../../models/index.js';
import { type ActivationName, activations } from '../../nn/index.js';
import { type Config, type JsonObject, requireBoolean, requireInteger, requireNumber, requireString } from '../config.js';
import type { TensorSource } from '../source.js';
import type { Architecture } from './architecture.js';
import { readLabels, writeLabels } from './labels.js';

const positive = { min: 1, max: 1 << 24 };

/** What is a member of the family's own. */
interface Member {
  readonly modelType: string;
  readonly distilled: boolean;
  readonly prefix: string;
  readonly names: Architecture['names'];
  /** The published classes and their heads; of the bare model, whose head its file says, `body`. */
  readonly classes: Readonly<Record<string, ViTHead | 'body'>>;
}

const vit: Member = {
  modelType: 'vit',
  distilled: false,
  prefix: vitPrefix,
  names: vitNames,
  classes: { ViTForImageClassification: 'classifier', ViTModel: 'body' },
};

const deit: Member = {
  modelType: 'deit',
  distilled: true,
  prefix: deitPrefix,
  names: deitNames,
  classes: { DeiTForImageClassification: 'classifier', DeiTForImageClassificationWithTeacher: 'teacher', DeiTModel: 'body' },
};

/** The head by the class that a config names, else by what stands in the file. */
function headOf(config: Config, member: Member, file: Pick<TensorSource, 'has'>): ViTHead {
  const { architectures } = config.values;
  const named = Array.isArray(architectures) ? architectures[0] : undefined;
  const known = named === undefined ? undefined : Object.entries(member.classes).find(([name]) => name === named)?.[1];
  if (named !== undefined && known === undefined) {
    throw fail('unsupported', {
      where: config.path,
      rule: `"architectures" names one of ${Object.keys(member.classes).join(', ')}`,
      got: JSON.stringify(named),
    });
  }
  if (known !== undefined && known !== 'body') return known;
  const pooled = file.has('pooler.dense.weight') || file.has(`${member.prefix}pooler.dense.weight`);
  const bare = pooled ? 'pooler' : 'none';
  if (known === 'body') return bare;
  return file.has('cls_classifier.weight') ? 'teacher' : file.has('classifier.weight') ? 'classifier' : bare;
}

function readViT(config: Config, member: Member, file: Pick<TensorSource, 'has'>): ViT {
  const head = headOf(config, member, file);
  const rate = { min: 0, max: 0.999, fallback: 0 };
  if (head === 'pooler') requireString(config, 'pooler_act', { fallback: 'tanh', oneOf: ['tanh'] });
  return new ViT({
    image: requireInteger(config, 'image_size', { ...positive, fallback: 224 }),
    patch: requireInteger(config, 'patch_size', { ...positive, fallback: 16 }),
    channels: requireInteger(config, 'num_channels', { min: 1, max: 64, fallback: 3 }),
    layers: requireInteger(config, 'num_hidden_layers', { min: 1, max: 1000 }),
    heads: requireInteger(config, 'num_attention_heads', positive),
    width: requireInteger(config, 'hidden_size', positive),
    hidden: requireInteger(config, 'intermediate_size', positive),
    activation: requireString(config, 'hidden_act', { fallback: 'gelu', oneOf: Object.keys(activations) as ActivationName[] }),
    epsilon: requireNumber(config, 'layer_norm_eps', { min: 0, max: 1, fallback: 1e-12 }),
    bias: requireBoolean(config, 'qkv_bias', { fallback: true }),
    dropout: requireNumber(config, 'hidden_dropout_prob', rate),
    labels: head === 'classifier' || head === 'teacher' ? readLabels(config) : [],
    head,
    distilled: member.distilled,
  });
}

function writeViT(model: ViT, member: Member): JsonObject | undefined {
  const { image, patch, channels, layers, heads, width, hidden, labels, head, distilled, activation, epsilon, bias, dropout } =
    model.config;
  const own = head === 'pooler' || head === 'none' ? 'body' : head;
  const className = Object.entries(member.classes).find(([, kind]) => kind === own)?.[0];
  if (distilled !== member.distilled || className === undefined) return undefined;
  return {
    model_type: member.modelType,
    architectures: [className],
    image_size: image,
    patch_size: patch,
    num_channels: channels,
    hidden_size: width,
    intermediate_size: hidden,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    hidden_act: activation,
    layer_norm_eps: epsilon,
    qkv_bias: bias,
    attention_probs_dropout_prob: dropout,
    hidden_dropout_prob: dropout,
    ...(labels.length > 0 && writeLabels(labels)),
    torch_dtype: 'float32',
  };
}

function architecture(member: Member): Architecture<ViT> {
  return {
    modelType: member.modelType,
    published: true,
    names: member.names,
    optionalPrefix: member.prefix,
    read: (config, file) => {
      const model = readViT(config, member, file);
      // A classifier has no use for the pooler that some files carry, nor any model for the token of masked pre-training.
      const ignore = ['*embeddings.mask_token', ...(model.pooler ? [] : ['*pooler.dense.*'])];
      return { model, ignore, tied: {} };
    },
    write: (model) => writeViT(model, member),
    complete: () => [],
  };
}

/** ViT: `ViTForImageClassification`, and `ViTModel` with its pooler or without. DeiT's published models without distillation are of it too. */
export const vitArchitecture = architecture(vit);

/** DeiT with its distillation token: one head, the teacher's too, or none. */
export const deitArchitecture = architecture(deit);
