import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseSafetensors, writeSafetensors } from '#dist/checkpoints/index.js';
import { type HostArray, host } from '#dist/core/index.js';
import { generateStories } from '#dist/datasets/index.js';
import { contentsOf, headlight, temporaryFolder, tiny, within, withinUntil, workIn } from './command.js';

const here = temporaryFolder();
const at = (...parts: string[]) => join(here, ...parts);
workIn(here);

/** A copy of the good checkpoint with its tensors changed. */
async function withTensors(name: string, change: (tensors: Map<string, HostArray>) => void): Promise<void> {
  cpSync(at('good'), at(name), { recursive: true });
  const file = parseSafetensors(new Uint8Array(readFileSync(at('good/model.safetensors'))));
  const tensors = new Map<string, HostArray>();
  for (const tensor of file.names) tensors.set(tensor, await file.load(tensor));
  change(tensors);
  await writeSafetensors(at(name, 'model.safetensors'), tensors, { format: 'pt' });
}

function withFile(name: string, file: string, content: string | Uint8Array | undefined): void {
  cpSync(at('good'), at(name), { recursive: true });
  if (content === undefined) rmSync(at(name, file));
  else writeFileSync(at(name, file), content);
}

beforeAll(async () => {
  const text = generateStories({ seed: 3, characters: 4000 });
  writeFileSync(at('text.txt'), text);
  writeFileSync(at('other.txt'), text.replaceAll('lived', 'livid'));
  writeFileSync(at('short.txt'), 'too short');
  writeFileSync(at('empty.txt'), '');
  writeFileSync(at('accents.txt'), 'déjà vu '.repeat(100));
  writeFileSync(at('binary.bin'), new Uint8Array([0x7f, 0x45, 0x4c, 0x46, 0, 0, 1, 2]));
  writeFileSync(at('latin.txt'), new Uint8Array([0x63, 0x61, 0x66, 0xe9, 0x0a]));
  writeFileSync(at('lines.jsonl'), '{"text": "good"}\n{"words": 3}\n');
  mkdirSync(at('no-text'));
  mkdirSync(at('nothing'));
  writeFileSync(at('no-text', 'picture.png'), new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0, 0]));

  const made = await within('train', 'text.txt', ...tiny, '--steps', '4', '--out', 'good');
  expect(made.err).toContain('Next:');
  const weights = new Uint8Array(readFileSync(at('good/model.safetensors')));
  const huge = weights.slice();
  new DataView(huge.buffer).setUint32(4, 0x10000000, true);
  withFile('truncated', 'model.safetensors', weights.slice(0, weights.length - 100));
  withFile('huge-header', 'model.safetensors', huge);
  withFile('no-weights', 'model.safetensors', undefined);
  withFile('no-config', 'config.json', undefined);
  withFile('bad-config', 'config.json', '{"model_type": "gpt2", ');
  withFile('unknown-type', 'config.json', '{"model_type": "perceptron"}');
  withFile('odd-heads', 'config.json', readFileSync(at('good/config.json'), 'utf8').replace(/"n_head": \d+/, '"n_head": 3'));
  const llama = { vocab_size: 300, max_position_embeddings: 16, hidden_size: 16, intermediate_size: 32, num_hidden_layers: 2 };
  const withLlama = (name: string, settings: Readonly<Record<string, unknown>>) =>
    withFile(name, 'config.json', JSON.stringify({ model_type: 'llama', ...llama, num_attention_heads: 4, ...settings }));
  withLlama('odd-groups', { num_key_value_heads: 3 });
  withLlama('odd-rotary', { head_dim: 5 });
  withLlama('no-window', { model_type: 'mistral', sliding_window: 0 });
  withFile('no-tokenizer', 'tokenizer.json', undefined);
  withFile('bad-tokenizer', 'tokenizer.json', '[]');
  await withTensors('missing', (tensors) => tensors.delete('transformer.h.1.mlp.c_fc.weight'));
  await withTensors('extra', (tensors) => tensors.set('transformer.h.7.surplus', host([1, 2])));
  await withTensors('reshaped', (tensors) => tensors.set('transformer.ln_f.weight', host([1, 2, 3])));

  writeFileSync(at('table.csv'), 'id,story\n1,"Once, there was"\n');
  writeFileSync(at('changed.txt'), text);
  await stopped('text.txt', 'stopped');
  await stopped('changed.txt', 'of-changed');
  writeFileSync(at('changed.txt'), `${text}.`);
  for (const name of ['other-tokenizer', 'lost-tokenizer', 'lost-state']) cpSync(at('stopped'), at(name), { recursive: true });
  await within('train', 'accents.txt', ...tiny, '--steps', '1', '--out', 'accents');
  cpSync(at('accents/tokenizer.json'), at('other-tokenizer/tokenizer.json'));
  rmSync(at('lost-tokenizer/tokenizer.json'));
  const state = readFileSync(at('lost-state/optimizer.safetensors'));
  writeFileSync(at('lost-state/optimizer.safetensors'), state.subarray(0, state.length - 100));
});

/** A run that was stopped by Ctrl-C. */
async function stopped(data: string, out: string): Promise<void> {
  const { code } = await withinUntil('step 4:', 'train', data, ...tiny, '--steps', '1000000', '--eval-every', '4', '--out', out);
  expect(code).toBe(130);
}

const train = (...args: string[]) => ['train', 'text.txt', ...tiny, '--steps', '4', ...args];
const schedule = (name: string, ...args: string[]) => train('--schedule', name, ...args);
const capture = (...args: string[]) => ['capture', 'good', '--out', 'c.safetensors', ...args];
const attend = (...args: string[]) => ['attend', 'good', '--text', 'Marlow', ...args];
const generate = (...args: string[]) => ['generate', 'good', '--prompt', 'Marlow', ...args];
const long = 'Marlow lived by the mill. Marlow found a drum.';

/** What is wrong, the command line, and what its one line must say. */
const cases: readonly (readonly [what: string, args: readonly string[], says: RegExp])[] = [
  ['an unknown command', ['trian'], /unknown command 'trian'\. Nearest: train/],
  ['a command far from any', ['xyzzy'], /unknown command 'xyzzy'\. Nearest: \w+/],
  ['an unknown option', train('--layrs', '3'), /unknown option '--layrs'\. Nearest: --layers/],
  ['an option far from any', train('--xyzzyxyzzy'), /Nearest: --/],
  ['an option without its value', ['train', '--steps'], /--steps <n>.* argument missing/],
  ['too many arguments', ['sites', 'good', 'bad'], /too many arguments/],
  ['too few arguments', ['sites'], /missing required argument 'checkpoint'/],
  ['text for a number', train('--width', 'wide'), /--width.*'wide'.*whole number from 1/],
  ['an empty number', train('--width', ''), /--width.*whole number/],
  ['a fraction for a whole number', train('--heads', '1.5'), /--heads.*whole number/],
  ['a number out of range', train('--layers', '0'), /--layers.*from 1/],
  ['a negative rate', train('--lr', '-1'), /--lr.*above 0/],
  ['an infinite rate', train('--lr', 'Infinity'), /--lr.*above 0/],
  ['all dropped', train('--dropout', '1'), /--dropout.*below 1/],
  ['an unknown preset', train('--preset', 'giant'), /--preset.*nano, baby/],
  ['an unknown device', train('--device', 'abacus'), /--device.*cpu, webgpu/],
  [
    'an unknown architecture',
    train('--arch', 'perceptron'),
    /--arch: one of gpt2, attention-only, llama, rnn, gru, lstm, tcn; got "perceptron"/,
  ],
  ['an unknown activation', train('--activation', 'gellu'), /--activation.*Nearest: gelu/],
  [
    'heads that do not divide the width',
    train('--heads', '3'),
    /^headlight: self-attention at blocks\.0\.attention: .*heads that divides the width; got width 16, heads 3/,
  ],
  [
    'key heads that do not divide the heads',
    train('--arch', 'llama', '--heads', '2', '--kv-heads', '3'),
    /^headlight: multi-head attention at blocks\.0\.attention: .*that divides the query heads; got 3 for 2/,
  ],
  [
    'heads of an odd width, which cannot turn',
    train('--arch', 'llama', '--heads', '2', '--width', '10'),
    /^headlight: rotary positions at rotary: an even number of rotated dimensions; got 5/,
  ],
  ['a flag that a recurrent model has no use for', train('--arch', 'lstm', '--activation', 'relu'), /--activation: .*lstm/],
  [
    'a flag that the architecture has no use for',
    train('--arch', 'attention-only', '--activation', 'relu'),
    /--activation: .*attention-only/,
  ],
  ['a micro-batch that does not divide the batch', train('--micro-batch', '3'), /--micro-batch divides --batch; got 3 and 4/],
  ['three lanes', train('--lanes', '3'), /--lanes.*a whole number from 0 to 2/],
  ['two lanes of an odd row', train('--micro-batch', '1', '--lanes', '2'), /an even --micro-batch with --lanes 2; got 1\./],
  ['a floor above the peak', train('--min-lr', '1'), /--min-lr is at most --lr/],
  ['more warm-up than steps', train('--warmup', '5'), /--warmup is at most --steps; got 5 and 4/],
  ['warm-up and decay that do not fit', schedule('wsd', '--warmup', '2', '--decay-steps', '3'), /--warmup and --decay-steps.*2 \+ 3 and 4/],
  ['a decay of another schedule', schedule('linear', '--decay-steps', '2'), /--decay-steps with --schedule wsd; got --schedule linear/],
  ['an inverse square root of nothing', schedule('inverse-sqrt', '--warmup', '0'), /inverse-sqrt with a --warmup of at least 1; got 0/],
  ['a floor that the schedule has not', schedule('constant', '--min-lr', '1e-5'), /--min-lr with a schedule that ends at it/],
  ['an unknown schedule', schedule('cosin'), /--schedule.*one of cosine, linear.*Nearest: cosine/],
  ['label smoothing above 1', train('--label-smoothing', '1.01'), /--label-smoothing.*from 0 to 1/],
  ['label smoothing below 0', train('--label-smoothing', '-0.1'), /--label-smoothing.*from 0 to 1/],
  ['an average that never moves', train('--average', '1'), /--average.*below 1/],
  ['an unknown optimizer', train('--optimizer', 'adam'), /--optimizer.*one of adamw.*Nearest: adamw/],
  [
    'a number that the optimizer has not',
    train('--optimizer', 'sgd', '--beta1', '0.5'),
    /--beta1 with an optimizer that has it; got --optimizer sgd/,
  ],
  [
    'checkpoints between savings',
    train('--save-every', '2', '--keep-every', '3'),
    /--keep-every is a multiple of --save-every; got 3 and 2/,
  ],
  ['a number of no checkpoints', train('--keep', '2'), /--keep with --keep-every/],
  ['parameters to freeze that are not there', train('--freeze', 'token.*'), /got "token\.\*"\. Nearest: tokens\.weight/],
  ['everything frozen', train('--freeze', '*'), /at least one parameter that is not frozen/],
  ['rates without factors', train('--rates', 'tokens.*'), /--rates: globs of parameters with factors.*got "tokens\.\*"/],
  ['weights for other data', train('--weights', '1,2'), /--weights: several data to draw from; got text.txt/],
  ['a column of plain text', train('--column', 'body'), /--column: a \.jsonl or a \.csv.*got text\.txt/],
  ['a column that is not there', ['train', 'table.csv', '--column', 'storry'], /table\.csv: .*"storry"; got id, story.*nearest is "story"/],
  ['a vocabulary without a size', train('--tokenizer', 'bpe'), /--tokenizer: bpe:SIZE with a SIZE from 300 to 1000000; got bpe/],
  ['a vocabulary too small', train('--tokenizer', 'unigram:10'), /unigram:SIZE with a SIZE from 300/],
  ['an unknown task', ['train', '--task', 'srot'], /got "srot"\. Did you mean sort/],
  ['an unknown option of a task', ['train', '--task', 'sort:lenght=4'], /got "lenght"\. Did you mean length/],
  ['a task and data', train('--task', 'sort'), /--task: a task, or data to learn from; got both: text\.txt/],
  [
    'a task and flags of texts',
    ['train', '--task', 'sort', '--order', 'packed', '--tokenizer', 'bpe:400'],
    /--task.*got --order, --tokenizer/,
  ],
  ['a context too short for a task', ['train', '--task', 'sort', '--context', '4'], /at least 16 tokens/],
  ['a decay of everything', train('--weight-decay', '1000'), /--weight-decay times --lr is below 1/],
  ['more parameters than memory', train('--width', '65536', '--layers', '100'), /4 GiB/],
  ['a missing file', ['train', 'gone.txt'], /gone\.txt: .*no such file/],
  ['a folder without text', ['train', 'no-text'], /no-text: a folder with text files/],
  ['an empty folder', ['train', 'nothing'], /nothing: a folder with text files/],
  ['an empty file', ['train', 'empty.txt'], /empty\.txt: .*empty/],
  ['a text shorter than the context', ['train', 'short.txt'], /context \+ 1 = 65 tokens; got 9 for training/],
  ['a binary file', ['train', 'binary.bin'], /binary\.bin: a text file; got a NUL byte/],
  ['another encoding', ['train', 'latin.txt'], /latin\.txt: text in UTF-8; got 0xe9 at byte 3/],
  ['a bad line of a .jsonl', ['train', 'lines.jsonl'], /lines\.jsonl, line 2/],
  [
    'a tokenizer that is not there',
    train('--tokenizer', 'nothing'),
    /--tokenizer: char, bpe:SIZE.* or a folder with a tokenizer\.json; got nothing/,
  ],
  ['--out that is a file', train('--out', 'text.txt'), /--out: a new or an empty folder; got text\.txt, a file/],
  ['--out with something in it', train('--out', 'good'), /--out: .*good, which has files in it/],
  ['--out where nothing can be made', train('--out', '/proc/headlight-run'), /--out: a place that can be written; got .*\/proc/],
  ['--out below a file', train('--out', 'text.txt/run'), /text\.txt/],
  ['--dump-onnx onto a folder', train('--dump-onnx', 'nothing'), /nothing: a file to write; got a folder/],
  ['weights to start from that are not there', train('--from', 'gone'), /gone: a checkpoint folder.*no such file or folder/],
  ['another shape than the weights to start from', ['train', 'text.txt', '--from', 'good', '--width', '32'], /width 32 instead of 16/],
  ['a run to go on with that is not there', ['train', '--resume', 'gone'], /--resume gone: .*no such folder/],
  ['a folder that is no run', ['train', '--resume', 'nothing'], /--resume nothing: .*trainer\.json/],
  ['a run that is finished', ['train', '--resume', 'good'], /not finished; got step 4 of 4/],
  ['other settings than the run', ['train', '--resume', 'stopped', '--heads', '4', '--seed', '7'], /--heads 4 \(the run has 2\), --seed 7/],
  ['other data than the run', ['train', 'other.txt', '--resume', 'stopped'], /the data that the run began with, text\.txt; got other\.txt/],
  [
    'more data than the run',
    ['train', 'text.txt', 'other.txt', '--resume', 'stopped'],
    /the data that the run began with.*got 2 instead of 1/,
  ],
  [
    'data that changed since',
    ['train', '--resume', 'of-changed'],
    /the data that the run began with, changed\.txt; got changed\.txt, whose content/,
  ],
  [
    'the tokenizer of another run',
    ['train', '--resume', 'other-tokenizer'],
    /the tokenizer that the run began with; got .*of another, of \d+ tokens/,
  ],
  ['a run without its tokenizer', ['train', '--resume', 'lost-tokenizer'], /the run's tokenizer\.json; got none/],
  ['a truncated state', ['train', '--resume', 'lost-state'], /lost-state\/optimizer\.safetensors: /],
  ['a model without a run', ['train', '--resume', 'good/best'], /--resume good\/best: .*trainer\.json/],
  ['--resume with --out', ['train', '--resume', 'stopped', '--out', 'new'], /in its own folder; got --out new/],
  ['--resume of a run with --sweep', ['train', '--resume', 'stopped', '--sweep', 'lr=1e-3,1e-2'], /--sweep: a sweep of its own/],
  ['a checkpoint that is not there', ['sites', 'gone'], /gone: a checkpoint folder.*no such file or folder/],
  ['a checkpoint that is a file', ['sites', 'text.txt'], /text\.txt: a checkpoint folder.*a file/],
  ['no config.json', ['sites', 'no-config'], /no-config: a checkpoint folder, with config\.json .*; got a folder without config\.json/],
  ['a broken config.json', ['sites', 'bad-config'], /bad-config\/config\.json: a file of JSON/],
  ['an unknown model type', ['sites', 'unknown-type'], /"model_type" among: gpt2.*; got "perceptron"/],
  [
    'a config whose heads do not divide the width',
    ['sites', 'odd-heads'],
    /odd-heads\/config\.json: .*self-attention at blocks\.0\.attention: .*heads that divides the width; got width 16, heads 3\. Choose .*16\.\n/,
  ],
  [
    'a config whose key heads do not divide its heads',
    ['generate', 'odd-groups', '--prompt', 'M'],
    /odd-groups\/config\.json: .*multi-head attention at blocks\.0\.attention: .*divides the query heads; got 3 for 4/,
  ],
  [
    'a config of an odd rotary width',
    ['eval', 'odd-rotary', 'text.txt'],
    /odd-rotary\/config\.json: .*rotary positions at rotary: an even number of rotated dimensions; got 5/,
  ],
  ['a config of window 0', ['sites', 'no-window'], /no-window\/config\.json: "sliding_window" is a whole number from 1 .*; got 0/],
  ['no weights', ['sites', 'no-weights'], /no-weights\/model\.safetensors: .*no such file/],
  ['a missing tensor', ['sites', 'missing'], /1 missing \("blocks\.1\.mlp\.up\.weight"\)/],
  ['a tensor too many', ['sites', 'extra'], /1 unknown \("transformer\.h\.7\.surplus"\)/],
  ['a tensor of another shape', ['sites', 'reshaped'], /"norm\.weight" \[3\] instead of \[16\]/],
  ['truncated weights', ['generate', 'truncated', '--prompt', 'M'], /truncated\/model\.safetensors: /],
  ['a header that claims a huge size', ['sites', 'huge-header'], /huge-header\/model\.safetensors: .*a claim of \d{15,} bytes/],
  ['no tokenizer', ['generate', 'no-tokenizer', '--prompt', 'M'], /no-tokenizer: .*tokenizer\.json/],
  ['a broken tokenizer', ['generate', 'bad-tokenizer', '--prompt', 'M'], /bad-tokenizer\/tokenizer\.json: a JSON object/],
  ['text beyond the vocabulary', ['eval', 'good', 'accents.txt'], /"é" \(U\+00E9\) at position 1/],
  ['an unknown part of the data', ['eval', 'good', 'text.txt', '--split', 'half'], /--split.*validation, train, all/],
  ['data to evaluate that are not there', ['eval', 'good', 'gone.txt'], /gone\.txt: .*no such file/],
  ['no prompt', ['generate', 'good'], /a text to continue; got none\. Give --prompt <text>/],
  ['a file without prompts', ['generate', 'good', '--prompts', 'empty.txt'], /a text to continue; got no line in empty\.txt/],
  ['prompts that are not there', ['generate', 'good', '--prompts', 'gone.txt'], /gone\.txt: .*no such file/],
  ['an empty prompt', ['generate', 'good', '--prompt', ''], /at least one token/],
  ['an empty prompt among others', ['generate', 'good', '--prompt', 'a', '--prompt', ''], /at least one token/],
  ['a prompt longer than the context', ['generate', 'good', '--prompt', long], /at most 16 tokens, the model's context; got 46 tokens/],
  ['a prompt beyond the vocabulary', ['generate', 'good', '--prompt', 'é'], /"é" \(U\+00E9\)/],
  ['a negative temperature', generate('--temperature', '-0.5'), /--temperature.*from 0/],
  ['no token to choose from', generate('--top-k', '0'), /--top-k.*from 1/],
  ['no probability to choose from', generate('--top-p', '0'), /--top-p.*above 0/],
  ['a share above all', generate('--min-p', '1.5'), /--min-p.*from 0 to 1/],
  ['no typical token', generate('--typical-p', '0'), /--typical-p.*above 0/],
  ['a penalty of nothing', generate('--repetition-penalty', '0'), /--repetition-penalty.*above 0/],
  ['n-grams of nothing', generate('--no-repeat-ngram', '0'), /--no-repeat-ngram.*from 1/],
  ['an empty stop', generate('--stop', ''), /stop strings of at least one character/],
  ['a search and a draw', generate('--beams', '2', '--top-k', '3'), /'--beams <n>' cannot be used with option '--top-k <k>'/],
  ['a length penalty without a search', generate('--length-penalty', '2'), /--length-penalty: only with --beams/],
  ['a length penalty that is no number', generate('--beams', '2', '--length-penalty', 'x'), /--length-penalty.*It takes a number/],
  ['a search beyond the context', generate('--beams', '2'), /at most 16 tokens of prompt and continuation/],
  ['a search for a stop string', generate('--beams', '2', '--stop', 'x'), /--stop: with --beams only tokens without text/],
  ['alternatives in words', generate('--alternatives', '2'), /--alternatives: only with --json/],
  ['text and ids', capture('--sites', '*', '--text', 'M', '--ids', '1'), /one of --text, --ids and --image; got 2/],
  ['neither text nor ids', capture('--sites', '*'), /one of --text, --ids and --image; got none/],
  ['no sites', capture('--text', 'M'), /--sites <globs>.* not specified/],
  ['a glob that matches nothing', capture('--text', 'M', '--sites', 'blocks.0.atention.pattern'), /Nearest: blocks\.0\.attention\.pattern/],
  ['a glob whose end is mistyped', capture('--text', 'M', '--sites', '*patern'), /Nearest: blocks\.0\.attention\.pattern, /],
  ['a capture whose program goes onto a folder', capture('--text', 'M', '--sites', '*', '--dump-onnx', 'nothing'), /got a folder/],
  ['attention whose program goes onto a folder', attend('--svg', 'a.svg', '--dump-onnx', 'nothing'), /got a folder/],
  ['a text whose program goes onto a folder', generate('--dump-onnx', 'nothing'), /nothing: a file to write; got a folder/],
  ['a loss whose program goes onto a folder', ['eval', 'good', 'text.txt', '--dump-onnx', 'nothing'], /got a folder/],
  ['ids that are no numbers', capture('--ids', '1,two', '--sites', '*'), /--ids: .*got "two"/],
  ['rows of different lengths', capture('--ids', '1,2;3', '--sites', '*'), /rows of one length.*rows of 2 and 1 ids/],
  ['ids beyond the vocabulary', capture('--ids', '1,999', '--sites', '*'), /token ids from 0 to \d+; got 999/],
  ['more ids than the context', capture('--ids', Array(17).fill(1).join(','), '--sites', '*'), /at most 16 tokens.*got 17/],
  [
    'a capture into a folder',
    ['capture', 'good', '--text', 'M', '--sites', '*', '--out', 'nothing'],
    /nothing: a file to write; got a folder/,
  ],
  [
    'a capture over the weights it reads',
    ['capture', 'good', '--text', 'M', '--sites', '*', '--out', './good/model.safetensors'],
    /model\.safetensors: an output that is not what the command reads; got a file of good/,
  ],
  [
    'a picture over the config of its checkpoint',
    ['attend', 'good', '--text', 'M', '--html', 'good/config.json'],
    /config\.json: an output that is not what the command reads/,
  ],
  ['a program over the text it learns from', train('--dump-onnx', 'text.txt'), /text\.txt: an output that is not what the command reads/],
  [
    'two outputs at one place',
    ['attend', 'good', '--text', 'M', '--html', 'x.html', '--dump-onnx', './x.html'],
    /a place for each output; got the same place twice/,
  ],
  [
    'a capture below a file',
    ['capture', 'good', '--text', 'M', '--sites', '*', '--out', 'text.txt/c'],
    /text\.txt\/c: a path below a folder/,
  ],
  ['attention of nothing', ['attend', 'good', '--html', 'a.html'], /attend: either --text or --image; got neither/],
  ['attention of an empty text', ['attend', 'good', '--text', '', '--html', 'a.html'], /at least one token/],
  ['attention to nowhere', attend(), /one of --html, --svg and --json-out; got none/],
  ['attention to two places', attend('--html', 'a.html', '--svg', 'a.svg'), /got 2 of them/],
  ['attention of a layer that is not there', attend('--html', 'a.html', '--layer', '2'), /layer must be a whole number from 0 to 1; got 2/],
  ['attention of a head that is not there', attend('--svg', 'a.svg', '--head', '9'), /head must be a whole number from 0 to 1; got 9/],
  ['a head of numbers', attend('--json-out', 'a.json', '--head', '1'), /--layer and --head/],
  ['attention of a text beyond the context', ['attend', 'good', '--text', long, '--html', 'a.html'], /at most 16 tokens/],
  [
    'an unknown bench',
    ['bench', 'stop'],
    /bench: one of step, attention, length, recurrent, models, reach, lens, inference, start; got "stop"\. Nearest: step/,
  ],
  ['a demo onto a file', ['demo', '--out', 'text.txt'], /--out: .*text\.txt, a file/],
  ['a demo onto something else', ['demo', '--out', 'good'], /--out: .*good, which has files in it/],
];

/** What runs as a process of its own, the built command: the first case of each command, and every twelfth. The others run in this one. */
const asProcess = cases.filter(([, [command]], i) => i % 12 === 0 || cases.findIndex(([, args]) => args[0] === command) === i);

describe('bad input is one clear line, exit code 2, and nothing touched', () => {
  test.each(cases)('%s', async (...each) => {
    const [, args, says] = each;
    const before = contentsOf(here);
    const { code, out, err } = await (asProcess.some(([what]) => what === each[0]) ? headlight(here, ...args) : within(...args));
    expect(err).toMatch(says);
    expect(err).toMatch(/^headlight: [^\n]+\n$/);
    expect(out).toBe('');
    expect(code).toBe(2);
    expect(contentsOf(here)).toEqual(before);
  });
});

test('no arguments: the help, on standard error', async () => {
  const { code, out, err } = await headlight(here);
  expect(err).toContain('Usage: headlight');
  expect([out, code]).toEqual(['', 2]);
});
