import { type AttentionData, checkAttention, type PictureOptions } from './attention-data.js';
import { sceneToHtml } from './html.js';
import { attentionScene } from './scene.js';
import { sceneToSvg } from './svg.js';

/**
 * One self-contained picture of attention patterns: a page to explore (`html`) or a still vector picture (`svg`).
 *
 * The page holds every weight bit for bit, asks nothing of any network, and works from the keyboard and with a screen reader.
 *
 * @param data the tokens, and per layer a pattern [H,T,T] (head, query, key), float32
 * @param options `format`: 'html' (default) or 'svg'; `layer`, `head`: which head is drawn large (default 0, 0)
 * @returns the text of the file
 * @throws `value` for a weight that is not finite, a layer or head out of range, more weights than one file can hold; `shape` for
 * lengths that do not fit together
 *
 * @example
 * const page = attentionPicture({ tokens: ['a', 'b'], layers: 1, heads: 1, patterns: [new Float32Array([1, 0, 0.5, 0.5])],
 *   title: 'ab', model: 'one head', sites: ['blocks.0.attention.pattern'] });
 */
export function attentionPicture(data: AttentionData, options: PictureOptions = {}): string {
  const checked = checkAttention(data, options);
  const scene = attentionScene(data, checked.layer, checked.head);
  return checked.format === 'svg' ? sceneToSvg(scene) : sceneToHtml(scene);
}
