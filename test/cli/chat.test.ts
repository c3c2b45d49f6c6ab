import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { convertToGguf, loadModel } from '#dist/checkpoints/index.js';
import type { CommandIo, LineInput } from '#dist/cli/io.js';
import { runCommand } from '#dist/cli/run.js';
import { generateStories } from '#dist/datasets/index.js';
import { generateAll } from '#dist/generate/index.js';
import type { LanguageModel } from '#dist/models/index.js';
import { ChatTemplate, chatml, loadTokenizer, type Tokenizer } from '#dist/tokenizers/index.js';
import { headlight, start, temporaryFolder, tiny, within, workIn } from './command.js';

const here = temporaryFolder();
workIn(here);
const at = (...parts: string[]): string => join(here, ...parts);
let model: LanguageModel;
let tokenizer: Tokenizer;

interface ChatJson {
  readonly replies: readonly { text: string; newIds: number[]; finish: string; promptTokens: number; reusedTokens: number }[];
  readonly messages: readonly { role: string; content: string }[];
  readonly tokensPerSecond: number;
}

function variant(name: string, changes: Readonly<Record<string, unknown>>, file = 'tokenizer_config.json'): void {
  cpSync(at('run'), at(name), { recursive: true });
  const json = JSON.parse(readFileSync(at(name, file), 'utf8')) as object;
  writeFileSync(at(name, file), JSON.stringify({ ...json, ...changes }));
}

beforeAll(async () => {
  writeFileSync(at('text.txt'), generateStories({ seed: 3, characters: 20_000 }));
  const { code, err } = await within(
    'train',
    'text.txt',
    ...tiny,
    '--context',
    '256',
    '--tokenizer',
    'bpe:300',
    '--steps',
    '30',
    '--out',
    'run',
  );
  expect(code, err).toBe(0);
  model = await loadModel(at('run'));
  tokenizer = (await loadTokenizer(at('run'))) as Tokenizer;
  const alternating =
    "{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Roles must alternate') }}{% endif %}{{ m.content }}\n{% endfor %}";
  variant('alternating', { chat_template: alternating });
  variant('broken', { chat_template: '{% for m in messages %}' });
  variant('endless', { chat_template: `${'{% for a in range(9999) %}'.repeat(4)}${'{% endfor %}'.repeat(4)}` });
});

const greedy = ['--temperature', '0', '--max-new-tokens', '8', '--template', 'chatml'];

async function jsonOf(...args: string[]): Promise<ChatJson> {
  const finished = await within('chat', ...args, '--json');
  expect(finished.code, finished.err).toBe(0);
  return finished.json() as unknown as ChatJson;
}

describe('--prompt', () => {
  test('turns see the turns before them, and read only what is new', async () => {
    const { replies, messages } = await jsonOf('run', '--system', 'Be brief.', '--prompt', 'Marlow?', '--prompt', 'Who?', ...greedy);
    const template = new ChatTemplate(chatml);
    const said: { role: string; content: string }[] = [{ role: 'system', content: 'Be brief.' }];
    for (const [turn, content] of ['Marlow?', 'Who?'].entries()) {
      said.push({ role: 'user', content });
      const prompt = template.encode(tokenizer, said);
      const { newIds, text = '' } = await generateAll(model, prompt, { maxNewTokens: 8, temperature: 0, tokenizer });
      expect(replies[turn]).toMatchObject({ newIds, text, finish: 'length', promptTokens: prompt.length });
      said.push({ role: 'assistant', content: text });
    }
    expect(messages).toEqual(said);
    expect(replies[0]?.reusedTokens).toBe(0);
    expect(replies[1]?.reusedTokens).toBeGreaterThanOrEqual(replies[0]?.promptTokens as number);
  });

  test('without --json: an answer on each line', async () => {
    const { replies } = await jsonOf('run', '--prompt', 'Marlow?', '--prompt', 'Who?', ...greedy);
    const { out, err } = await headlight(here, 'chat', 'run', '--prompt', 'Marlow?', '--prompt', 'Who?', ...greedy);
    expect(out).toBe(replies.map(({ text }) => `${text}\n`).join(''));
    expect(err).toMatch(/^16 tokens, \d+ per second\n$/);
  });
});

describe('where an answer ends', () => {
  test('at any of the ids of generation_config.json, else at those of config.json, and at the eos_token', async () => {
    const drawn = ['--prompt', 'Marlow?', '--template', 'chatml', '--temperature', '1.5', '--max-new-tokens', '20'];
    const free = (await jsonOf('run', ...drawn)).replies[0]?.newIds as number[];
    const until = free.findIndex((id, i) => i > 1 && free.indexOf(id) === i && tokenizer.idOf(tokenizer.tokens([id])[0] ?? '') === id);
    const end = free[until] as number;
    const ended = { newIds: free.slice(0, until + 1), finish: 'end' };
    variant('ends', { eos_token_id: [299, end] }, 'generation_config.json');
    const { replies, messages } = await jsonOf('ends', ...drawn);
    expect(replies[0]).toMatchObject(ended);
    expect(`${messages.at(-1)?.content}${tokenizer.decode([end])}`).toBe(tokenizer.decode(ended.newIds));
    variant('ends-by-config', { eos_token_id: end }, 'config.json');
    rmSync(at('ends-by-config', 'generation_config.json')); // which would come first
    expect((await jsonOf('ends-by-config', ...drawn)).replies[0]).toMatchObject(ended);
    variant('ends-by-name', { eos_token: { content: tokenizer.tokens([end])[0] } });
    expect((await jsonOf('ends-by-name', ...drawn)).replies[0]).toMatchObject(ended);
  });
});

test('a GGUF file brings its template and its end of a turn', async () => {
  const drawn = ['--prompt', 'Marlow?', '--prompt', 'Who?', '--temperature', '0', '--max-new-tokens', '8'];
  variant('templated', { chat_template: `{{ '' }}${chatml}`, bos_token: '!', eos_token: '?' });
  await convertToGguf(at('templated'), at('templated.gguf'), { type: 'F32' });
  const { replies, messages } = await jsonOf('templated', ...drawn);
  const packed = await jsonOf('templated.gguf', ...drawn);
  expect(packed.replies.map(({ newIds }) => newIds)).toEqual(replies.map(({ newIds }) => newIds));
  expect(packed.messages).toEqual(messages);
});

/** Standard input as tests give it. */
async function session(lines: readonly string[], options: { readonly interruptAt?: number; readonly args?: readonly string[] } = {}) {
  let out = '';
  const notes: string[] = [];
  const rest = [...lines];
  let stop: AbortController | undefined;
  let pieces = 0;
  const input: LineInput = {
    isTerminal: true,
    next: async () => rest.shift(),
    answering: () => {
      stop = new AbortController();
      return stop.signal;
    },
    close: () => {},
  };
  const io: CommandIo = {
    out: (text) => {
      out += text;
      pieces++;
      if (pieces === options.interruptAt) stop?.abort();
    },
    note: (line) => notes.push(line),
    outIsTerminal: true,
    columns: 80,
    unicode: true,
    progress: () => ({ update: () => {}, stop: () => {} }),
    interrupted: () => new AbortController().signal,
    input: () => input,
  };
  const code = await runCommand(['chat', at('run'), ...greedy, ...(options.args ?? [])], { io, version: '0', explain: false });
  return { code, out, notes, pieces };
}

describe('on a terminal', () => {
  test('answers come as they grow; /reset begins anew; unknown commands and errors are told, and it goes on', async () => {
    const expected = (await jsonOf('run', '--prompt', 'Marlow?', ...greedy)).replies[0]?.text;
    const long = 'Marlow '.repeat(200);
    const { code, out, notes, pieces } = await session(['Marlow?', '', '/quit', long, '/reset', 'Marlow?', '/exit', 'Never']);
    expect(code).toBe(0);
    expect(out).toBe(`${expected}\n${expected}\n`);
    expect(pieces).toBeGreaterThan(4);
    expect(notes.slice(1, 3)).toEqual([
      '/quit: no command; there are /reset and /exit',
      expect.stringMatching(/^headlight: chat: a conversation of at most 256 tokens, the model's context; got \d+\. Shorten/),
    ]);
  });

  test('Ctrl-C stops an answer, which stays as far as it came', async () => {
    const whole = (await jsonOf('run', '--prompt', 'Marlow?', ...greedy)).replies[0]?.text as string;
    const { code, out } = await session(['Marlow?'], { interruptAt: 2 });
    expect(code).toBe(0);
    const [answer = ''] = out.split('\n');
    expect(whole.startsWith(answer)).toBe(true);
    expect(answer.length).toBeLessThan(whole.length);
  });
});

test('standard input that is no terminal: each line is a turn', async () => {
  const { replies } = await jsonOf('run', '--prompt', 'Marlow?', '--prompt', 'Who?', ...greedy);
  const started = start(here, ['chat', 'run', ...greedy], {}, 'Marlow?\n\nWho?\n/exit\nNever\n');
  expect(await started.finished).toMatchObject({ code: 0, out: replies.map(({ text }) => `${text}\n`).join('') });
});

const ask = (name: string, ...args: string[]): string[] => ['chat', name, '--prompt', 'Marlow?', ...args];

describe('bad input is one line, exit code 2', () => {
  const cases: readonly (readonly [what: string, args: readonly string[], says: RegExp])[] = [
    ['no template', ask('run'), /run: a checkpoint with a chat template.*; got none\. Give --template chatml, or --template <file>/],
    ['a template that is not there', ask('run', '--template', 'gone.jinja'), /gone\.jinja: .*no such file/],
    ['a template that does not parse', ask('broken'), /broken: chat_template: a template that can be parsed; got /],
    ['a template without end', ask('endless'), /endless: chat_template: a template that can be rendered within its limits; got more than/],
    [
      'roles that the template refuses',
      ask('alternating', '--system', 'a'),
      /a conversation that the template accepts; got Roles must alternate/,
    ],
    ['an empty prompt', ['chat', 'run', '--prompt', '', '--template', 'chatml'], /chat: a message of at least one character/],
    [
      'a prompt beyond the context',
      ['chat', 'run', '--prompt', 'Marlow '.repeat(200), '--template', 'chatml'],
      /chat: a conversation of at most 256 tokens, the model's context; got \d+\. Shorten the message, or begin anew \(\/reset\)/,
    ],
    [
      'a number of ends that is none',
      ask('bad-ends', '--template', 'chatml'),
      /bad-ends\/generation_config\.json: "eos_token_id" is a token id/,
    ],
    ['no tokenizer', ask('no-tokenizer'), /no-tokenizer: .*tokenizer\.json/],
    ['a checkpoint that is not there', ask('gone'), /gone: a checkpoint folder.*no such file/],
  ];
  beforeAll(() => {
    variant('bad-ends', { eos_token_id: ['</s>'] }, 'generation_config.json');
    cpSync(at('run'), at('no-tokenizer'), { recursive: true });
    rmSync(at('no-tokenizer', 'tokenizer.json'));
  });
  test.each(cases)('%s', async (what, args, says) => {
    // What might not end is a process of its own.
    const { code, out, err } = await (what === 'a template without end' ? headlight(here, ...args) : within(...args));
    expect(err).toMatch(says);
    expect(err).toMatch(/^headlight: [^\n]+\n$/);
    expect([out, code]).toEqual(['', 2]);
  });
});
