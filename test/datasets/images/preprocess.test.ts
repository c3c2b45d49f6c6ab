import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Preprocessing, preprocess, preprocessingOf, readPreprocessing, resize, writePreprocessing } from '#dist/datasets/index.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headlight-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const of = (values: Record<string, unknown>): Preprocessing => preprocessingOf({ path: 'preprocessor_config.json', values });
const square = { height: 224, width: 224 };
const imagenet = { mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225] };
const halves = { mean: [0.5, 0.5, 0.5], deviation: [0.5, 0.5, 0.5] };

test.each<[string, Record<string, unknown>, Preprocessing]>([
  [
    'google/vit-base-patch16-224',
    {
      do_normalize: true,
      do_resize: true,
      feature_extractor_type: 'ViTFeatureExtractor',
      image_mean: [0.5, 0.5, 0.5],
      image_std: [0.5, 0.5, 0.5],
      resample: 2,
      size: 224,
    },
    { size: square, resample: 'bilinear', crop: undefined, rescale: 1 / 255, normalise: halves },
  ],
  [
    'facebook/deit-base-distilled-patch16-224',
    {
      crop_size: 224,
      do_center_crop: true,
      do_normalize: true,
      do_resize: true,
      feature_extractor_type: 'DeiTFeatureExtractor',
      image_mean: imagenet.mean,
      image_std: imagenet.deviation,
      resample: 3,
      size: 256,
    },
    { size: { height: 256, width: 256 }, resample: 'bicubic', crop: square, rescale: 1 / 255, normalise: imagenet },
  ],
  [
    'sides, and nothing else done',
    { size: { height: 10, width: 20 }, do_rescale: false, do_normalize: false, resample: 0, rescale_factor: 7 },
    { size: { height: 10, width: 20 }, resample: 'nearest', crop: undefined, rescale: 1, normalise: undefined },
  ],
  [
    'the shorter side',
    { size: { shortest_edge: 30 }, do_center_crop: true, crop_size: { height: 4, width: 5 }, image_mean: 0.1, image_std: 2 },
    {
      size: { shortestEdge: 30 },
      resample: 'bilinear',
      crop: { height: 4, width: 5 },
      rescale: 1 / 255,
      normalise: { mean: [0.1], deviation: [2] },
    },
  ],
  ['no resizing', { do_resize: false }, { size: undefined, resample: 'bilinear', crop: undefined, rescale: 1 / 255, normalise: halves }],
])('%s', (_, values, want) => {
  expect(of(values)).toEqual(want);
  expect(of(writePreprocessing(want) as Record<string, unknown>)).toEqual(want);
});

test.each<[Record<string, unknown>, RegExp]>([
  [{ size: 'large' }, /"size" is a side, \{height, width\} or \{shortest_edge\}, of 1 to 8192 pixels; got "large"/],
  [{ size: { height: 3 } }, /"size" is a side/],
  [{ size: 1e9 }, /"size" is a side/],
  [{ do_center_crop: true, crop_size: 0 }, /"crop_size" is a side.*got 0/],
  [{ resample: 9 }, /"resample" is a number from 0 to 5/],
  [{ do_resize: 'yes' }, /"do_resize" is true or false/],
  [{ image_mean: ['a'] }, /"image_mean" is a number, or one for each colour/],
  [{ image_mean: [0.1, 0.2] }, /"image_mean" is a number, or one for each colour.*got \[0\.1,0\.2\]/],
  [{ image_std: [1, 0, 1] }, /"image_std" is .*deviations above 0/],
  [{ rescale_factor: null, do_rescale: 1 }, /"do_rescale" is true or false/],
])('%o is refused in one line', (values, message) => {
  expect(() => of(values)).toThrow(message);
  expect(() => of(values)).toThrow(/^preprocessor_config\.json: [^\n]*$/);
});

test('the file is read from the folder, and asked for where it is missing', async () => {
  await expect(readPreprocessing(folder)).rejects.toThrow(/says how images are scaled for the model; got none\. Put the model's/);
  await writeFile(join(folder, 'preprocessor_config.json'), '{"size": 8}');
  expect((await readPreprocessing(folder)).size).toEqual({ height: 8, width: 8 });
});

const image = { width: 6, height: 4, data: Uint8Array.from({ length: 72 }, (_, i) => (i * 37) % 256) };

test('numbers are scaled, then normalised, colours apart', () => {
  const settings = of({ do_resize: false, image_mean: imagenet.mean, image_std: imagenet.deviation });
  const { data, shape } = preprocess(image, settings);
  expect(shape).toEqual([3, 4, 6]);
  data.forEach((value, i) => {
    const c = Math.floor(i / 24);
    const want = ((image.data[3 * (i % 24) + c] as number) / 255 - (imagenet.mean[c] as number)) / (imagenet.deviation[c] as number);
    expect(value).toBeCloseTo(want, 5);
  });
});

test('the shorter side is as asked, the longer follows, then the middle is cut out', () => {
  const settings = of({ size: { shortest_edge: 8 }, do_normalize: false, do_rescale: false });
  expect(preprocess(image, settings).shape).toEqual([3, 8, 12]);
  const tall = { width: 4, height: 6, data: image.data };
  expect(preprocess(tall, settings).shape).toEqual([3, 12, 8]);
  const cut = preprocess(image, { ...settings, crop: { height: 8, width: 4 } });
  const whole = resize(image, { width: 12, height: 8, resample: 'bilinear' });
  expect(cut.at(1, 5, 0)).toBe(whole.data[3 * (5 * 12 + 4) + 1]);
});

test('one channel is brightness', () => {
  const plain = { size: undefined, resample: 'bilinear', crop: undefined, rescale: 1, normalise: undefined } as const;
  const colours = { width: 3, height: 1, data: Uint8Array.of(255, 0, 0, 0, 255, 0, 255, 255, 255) };
  expect([...preprocess(colours, plain, 1).data].map(Number)).toEqual([76, 150, 255]);
});

test('one mean is every colour’s; for two of three colours there is none', () => {
  const settings = of({ do_resize: false, image_mean: 0.25, image_std: 0.5 });
  const same = { ...settings, normalise: { mean: [0.25, 0.25, 0.25], deviation: [0.5, 0.5, 0.5] } };
  expect(preprocess(image, settings)).toEqual(preprocess(image, same));
  const two = { ...settings, normalise: { mean: [1, 2], deviation: [1] } };
  expect(() => preprocess(image, two)).toThrow(/one mean and deviation for all colours, or one for each; got 2 numbers/);
});
