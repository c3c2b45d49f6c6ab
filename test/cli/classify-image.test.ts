import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { decodeModel } from '#dist/onnx/index.js';
import { fixture } from '../support/arrays.js';
import { contentsOf, temporaryFolder, within } from './command.js';

const folder = temporaryFolder();
const halves = { size: 12, image_mean: [0.5, 0.5, 0.5], image_std: [0.5, 0.5, 0.5], resample: 2 };

/** A fixture's folder with a preprocessor. */
function checkpoint(name: string, preprocessor: object = halves): string {
  const to = join(folder, name);
  cpSync(fixture(name), to, { recursive: true });
  writeFileSync(join(to, 'preprocessor_config.json'), JSON.stringify(preprocessor));
  return to;
}
const vit = checkpoint('vit-tiny');
const png = fixture('images/png-type2-depth8.png');
const jpeg = fixture('images/jpeg-420.jpg');

interface Labels {
  readonly image: string;
  readonly labels: readonly { readonly label: string; readonly index: number; readonly probability: number }[];
}
const resultsOf = (json: Record<string, unknown>): readonly Labels[] => json.results as readonly Labels[];

test('labels by probability, for each image its own whatever stands beside it', async () => {
  const both = await within('classify', vit, '--image', png, jpeg, '--json');
  expect([both.code, both.err]).toEqual([0, '']);
  const [first, second] = resultsOf(both.json());
  expect([first?.image, second?.image]).toEqual([png, jpeg]);
  for (const { labels } of resultsOf(both.json())) {
    expect(labels.map((l) => l.index).toSorted()).toEqual([0, 1, 2, 3, 4]);
    expect(labels.map((l) => l.probability)).toEqual(labels.map((l) => l.probability).toSorted((a, b) => b - a));
    expect(labels.reduce((sum, l) => sum + l.probability, 0)).toBeCloseTo(1, 9);
    for (const { label, index } of labels) expect(label).toBe(['tench', 'goldfish', 'great white shark', 'hen', 'ostrich'][index]);
  }
  const alone = await within('classify', vit, '--image', jpeg, '--top', '2', '--json', '--threads', '1', '--check');
  expect(resultsOf(alone.json())[0]?.labels).toEqual(second?.labels.slice(0, 2));
});

test('text names the file and its labels', async () => {
  const { code, out } = await within('classify', vit, '--image', png, '--image', jpeg, '--top', '1');
  expect(code).toBe(0);
  expect(out).toMatch(/^.*png-type2-depth8\.png\n {2}\d\.\d{4} {2}[a-z ]+\n.*jpeg-420\.jpg\n {2}\d\.\d{4} {2}[a-z ]+\n$/);
});

test('DeiT with its teacher’s head classifies, cropping as its file says', async () => {
  const deit = checkpoint('deit-teacher', { ...halves, size: 16, crop_size: 12, do_center_crop: true, resample: 3 });
  const { code, json } = await within('classify', deit, '--image', png, '--json');
  expect(code).toBe(0);
  expect(resultsOf(json())[0]?.labels).toHaveLength(5);
});

test('the program can be looked at, and no file is touched', async () => {
  const before = contentsOf(vit);
  const out = join(folder, 'program.onnx');
  expect((await within('classify', vit, '--image', png, '--dump-onnx', out)).code).toBe(0);
  expect(decodeModel(new Uint8Array(readFileSync(out))).graph.nodes.length).toBeGreaterThan(20);
  expect(contentsOf(vit)).toEqual(before);
});

const odd = checkpoint('deit-tiny', { ...halves, size: 10 });
const bare = join(folder, 'bare');
cpSync(fixture('vit-tiny'), bare, { recursive: true });
const text = join(folder, 'notes.txt');
writeFileSync(text, 'no image');

test.each<[string, readonly string[], RegExp]>([
  ['no image', ['classify', vit], /texts or images; got neither\. Give --text <text>, .* or --image <file>/],
  ['an image and a text', ['classify', vit, '--image', png, '--text', 'a'], /texts or images; got both/],
  ['a text for a model of images', ['classify', vit, '--text', 'a'], /an encoder of texts; got "vit", which takes images\. .*--image/],
  ['an image for one of texts', ['classify', fixture('bert-sequence'), '--image', png], /takes images; got "bert", an encoder\. .*fill/],
  ['a file that is none', ['classify', vit, '--image', join(folder, 'none.png')], /none\.png/],
  ['text', ['classify', vit, '--image', text], /notes\.txt: a PNG or JPEG file; got one that begins with 6e 6f/],
  ['a folder', ['classify', vit, '--image', folder], /folder/],
  ['no preprocessor', ['classify', bare, '--image', png], /preprocessor_config\.json: a file that says how images are scaled/],
  ['sides that patches do not divide', ['classify', odd, '--image', png], /\[B,3,height,width\] float32, their sides multiples of 4/],
  ['no classifier', ['classify', checkpoint('vit-body'), '--image', png], /a model with a classifier; got head pooler/],
  ['a language model', ['classify', fixture('gpt2-tiny'), '--image', png], /a model that takes images.*got "gpt2"/],
  ['no such checkpoint', ['classify', join(folder, 'nowhere'), '--image', png], /nowhere: a checkpoint folder/],
  ['zero labels', ['classify', vit, '--image', png, '--top', '0'], /whole number from 1/],
  ['an output over the image', ['classify', vit, '--image', text, '--dump-onnx', text], /an output that is not what the command reads/],
  ['generate', ['generate', vit, '--prompt', 'a'], /a language model, .*; got "vit", which takes images\. .*classify --image/],
  ['eval', ['eval', vit, text], /a language model, which predicts the next token/],
  ['attend with text', ['attend', vit, '--text', 'a', '--html', join(folder, 'a.html')], /a language model, which predicts the next token/],
])('%s: one line, exit code 2', async (_, args, message) => {
  const { code, out, err } = await within(...args);
  expect(err).toMatch(message);
  expect(err.trimEnd()).not.toContain('\n');
  expect([code, out]).toEqual([2, '']);
});
