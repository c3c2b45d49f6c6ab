import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { generateStories } from '#dist/datasets/index.js';
import { contentsOf, metricsOf, temporaryFolder, tiny, within } from './command.js';

const here = temporaryFolder();
const at = (...parts: string[]) => join(here, ...parts);
const config = at('config.json');

beforeAll(() => writeFileSync(at('text.txt'), generateStories({ seed: 3, characters: 4000 })));

function settingsOf(run: string): Record<string, unknown> {
  return (JSON.parse(readFileSync(at(run, 'trainer.json'), 'utf8')) as { settings: Record<string, unknown> }).settings;
}

test('a file stands for all flags: the same run, to the bit', async () => {
  const flags = ['--steps', '4', '--eval-every', '2', '--no-bias', '--untied', '--optimizer', 'lion', '--no-watch', '--sample', '3'];
  await within('train', at('text.txt'), ...tiny, ...flags, '--out', at('by-flags'), '--threads', '1');
  const values = {
    data: [at('text.txt')],
    ...{ layers: 2, heads: 2, width: 16, context: 16, batch: 4, lr: 1e-2 },
    ...{ steps: 4, evalEvery: 2, bias: false, untied: true, optimizer: 'lion', watch: false, sample: 3 },
    ...{ out: at('by-file'), threads: 1, device: 'cpu', json: true, dumpOnnx: at('step.onnx') },
  };
  writeFileSync(config, JSON.stringify(values));
  const { code, err, json } = await within('train', '--config', config);
  expect(code, err).toBe(0);
  expect(json()).toMatchObject({ step: 4, out: at('by-file') });
  expect(readFileSync(at('by-file/optimizer.safetensors')).equals(readFileSync(at('by-flags/optimizer.safetensors')))).toBe(true);
  expect(metricsOf(at('by-file'))).toEqual(metricsOf(at('by-flags')));
  expect(readFileSync(at('step.onnx')).length).toBeGreaterThan(1000);
});

test('what the command line says stands above the file', async () => {
  writeFileSync(at('other.txt'), generateStories({ seed: 4, characters: 4000 }));
  const values = { data: at('gone.txt'), layers: 3, heads: 2, width: 16, context: 16, steps: 1, evalEvery: 7, out: at('wrong') };
  writeFileSync(config, JSON.stringify(values));
  const { code, err } = await within('train', at('other.txt'), '--config', config, '--layers', '1', '--out', at('above'));
  expect(code, err).toBe(0);
  expect(settingsOf('above')).toMatchObject({ layers: 1, heads: 2, evalEvery: 7, data: { sources: [at('other.txt')] } });
});

test.each([
  ['attention-only', 'adamw', 'cosine'],
  ['gpt2', 'sgd', 'constant'],
  ['gpt2', 'muon', 'wsd'],
])('the settings of a run (%s, %s, %s) are a config file, and the file that began a run may stand beside --resume', async (...names) => {
  const [arch = '', optimizer = '', schedule = ''] = names;
  const [first, again] = [at(`first-${optimizer}`), at(`again-${optimizer}`)];
  const flags = ['--arch', arch, '--optimizer', optimizer, '--schedule', schedule, '--steps', '2', '--width', '16', '--context', '16'];
  expect((await within('train', at('text.txt'), ...flags, '--out', first)).code).toBe(0);
  const { data: _, ...values } = settingsOf(`first-${optimizer}`);
  writeFileSync(config, JSON.stringify(values));
  const { code, err } = await within('train', at('text.txt'), '--config', config, '--out', again);
  expect(code, err).toBe(0);
  for (const name of ['optimizer.safetensors', 'trainer.json'])
    expect(readFileSync(join(again, name)).equals(readFileSync(join(first, name))), name).toBe(true);
  const resumed = await within('train', '--config', config, '--resume', again);
  expect(resumed.err).toMatch(/not finished; got step 2 of 2/);
});

describe('bad files are one clear line, exit code 2, and nothing written', () => {
  const cases: readonly (readonly [what: string, content: string, says: RegExp])[] = [
    ['an unknown key', '{"layrs": 2}', /keys that are settings.*got "layrs"\. Nearest: layers\./],
    ['a flag for a key', '{"eval-every": 2}', /got "eval-every"\. Nearest: evalEvery\./],
    ['a flag with its dashes', '{"--label-smoothing": 0.1}', /Nearest: labelSmoothing\./],
    ['a switch as its flag', '{"no-bias": true}', /got "no-bias"\. Nearest: bias\./],
    ['a key of every object', '{"constructor": 1}', /got "constructor"/],
    ['text for a number', '{"layers": "2"}', /"layers" is a number; got "2"/],
    ['a number for text', '{"optimizer": 2}', /"optimizer" is a string; got 2/],
    ['text for a switch', '{"bias": "no"}', /"bias" is a boolean; got "no"/],
    ['nothing for a number', '{"lr": null}', /"lr" is a number; got null/],
    ['out of range', '{"layers": 0}', /"layers" is a whole number from 1 to 1000; got 0/],
    ['a fraction', '{"heads": 1.5}', /"heads" is a whole number.*got 1\.5/],
    ['too large for a number', '{"lr": 1e999}', /"lr" is a number above 0; got Infinity/],
    ['a word that is none of them', '{"optimizer": "adm"}', /"optimizer" is one of adamw, .*; got "adm"\. Nearest: adamw\./],
    ['an unknown device', '{"device": "tpu"}', /"device" is one of cpu, webgpu/],
    ['settings that contradict each other', '{"warmup": 9, "steps": 4}', /--warmup is at most --steps; got 9 and 4/],
    ['broken JSON', '{"layers": 2', /config\.json: a JSON file; got/],
    ['broken JSON over lines', '{\n"layers": 2,\n}\n', /config\.json: a JSON file; got/],
    ['an empty file', '', /config\.json: a JSON file/],
    ['a list', '[1]', /a JSON object of settings.*got a list/],
    ['a number', '3', /a JSON object of settings.*got 3/],
    ['null', 'null', /a JSON object of settings.*got null/],
    ['no data', '{"data": []}', /"data" is a path or a list of paths; got \[\]/],
    ['data that are no paths', '{"data": 3}', /"data" is a path or a list of paths; got 3/],
    ['a sweep without lists', '{"sweep": {"lr": 1}}', /"sweep" is an object of lists/],
    ['a sweep of nothing', '{"sweep": {"lr": []}}', /values to try.*got none for lr/],
    ['a sweep of no setting', '{"sweep": {"lrr": [1]}}', /got "lrr"\. Nearest: lr\./],
    ['a sweep of text for numbers', '{"sweep": {"lr": ["1"]}}', /"lr" is a number; got "1"/],
    ['a sweep out of range', '{"sweep": {"lr": [1, -1]}}', /"lr" is a number above 0; got -1/],
  ];
  test.each(cases)('%s', async (_, content, says) => {
    writeFileSync(config, content);
    const before = contentsOf(here);
    const { code, out, err } = await within('train', at('text.txt'), '--config', config, '--out', at('new'));
    expect(err).toMatch(says);
    expect(err).toMatch(/^headlight: [^\n]+\n$/);
    expect([code, out]).toEqual([2, '']);
    expect(contentsOf(here)).toEqual(before);
  });

  test('no such file', async () => {
    const { code, err } = await within('train', '--config', at('gone.json'));
    expect([code, err]).toEqual([2, expect.stringMatching(/gone\.json: .*no such file/)]);
  });
});
