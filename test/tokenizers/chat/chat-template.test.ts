import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { ChatTemplate, chatml, loadChatTemplate, loadTokenizer, specialTokensOf, type Tokenizer } from '#dist/tokenizers/index.js';
import { shared } from '../shared.js';
import { gemma, llama2, llama3, mistral } from './templates.js';

const folder = mkdtempSync(join(tmpdir(), 'headlight-chat-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const system = { role: 'system', content: 'You are brief.' };
const user = { role: 'user', content: ' Hello ' };
const assistant = { role: 'assistant', content: 'Hi!' };
const again = { role: 'user', content: 'Who are you?' };
const llamaTokens = { bos_token: '<s>', eos_token: '</s>' };

/** What the formats' publishers document, typed here by hand. */
const cases = [
  [
    'ChatML',
    chatml,
    {},
    [system, user, assistant, again],
    '<|im_start|>system\nYou are brief.<|im_end|>\n<|im_start|>user\n Hello <|im_end|>\n<|im_start|>assistant\nHi!<|im_end|>\n' +
      '<|im_start|>user\nWho are you?<|im_end|>\n<|im_start|>assistant\n',
  ],
  [
    'Llama 2',
    llama2,
    llamaTokens,
    [system, user, assistant, again],
    '<s>[INST] <<SYS>>\nYou are brief.\n<</SYS>>\n\nHello [/INST] Hi! </s><s>[INST] Who are you? [/INST]',
  ],
  ['Llama 2 without a system', llama2, llamaTokens, [user, assistant], '<s>[INST] Hello [/INST] Hi! </s>'],
  [
    'Llama 3',
    llama3,
    { bos_token: '<|begin_of_text|>' },
    [system, user],
    '<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nYou are brief.<|eot_id|>' +
      '<|start_header_id|>user<|end_header_id|>\n\nHello<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n',
  ],
  ['Mistral', mistral, llamaTokens, [user, assistant, again], '<s>[INST]  Hello  [/INST] Hi!</s>[INST] Who are you? [/INST]'],
  [
    'Gemma',
    gemma,
    { bos_token: '<bos>' },
    [user, assistant, again],
    '<bos><start_of_turn>user\nHello<end_of_turn>\n<start_of_turn>model\nHi!<end_of_turn>\n' +
      '<start_of_turn>user\nWho are you?<end_of_turn>\n<start_of_turn>model\n',
  ],
] as const;

describe('what the formats say', () => {
  test.each(cases)('%s', (_, source, specialTokens, messages, expected) => {
    expect(new ChatTemplate(source, { specialTokens }).render(messages)).toBe(expected);
  });

  test('without the prompt of the answer', () => {
    expect(new ChatTemplate(chatml).render([again], { addGenerationPrompt: false })).toBe('<|im_start|>user\nWho are you?<|im_end|>\n');
  });

  test('a conversation with one more turn begins as it did: what a cache of the prefix rests on', () => {
    const word = fc.string({ minLength: 1 }).filter((s) => s.trim() === s && s !== '');
    fc.assert(
      fc.property(fc.array(word, { minLength: 3, maxLength: 9 }), (contents) => {
        const messages = contents.map((content, i) => ({ role: i % 2 === 0 ? 'user' : 'assistant', content }));
        for (const [, source, specialTokens] of cases) {
          const template = new ChatTemplate(source, { specialTokens });
          const odd = messages.length % 2 === 0 ? messages.slice(0, -1) : messages;
          expect(template.render(odd).startsWith(template.render(odd.slice(0, -2)))).toBe(true);
        }
      }),
      { numRuns: 30 },
    );
  });
});

describe('what templates may ask for', () => {
  test('strftime_now tells the time in English, whatever the locale', () => {
    const now = new Date(2024, 6, 5, 14, 3, 9);
    const source = "{{ strftime_now('%d %b %Y|%A %B|%y-%m-%d %H:%M:%S %I%p %%|%q') }}";
    expect(new ChatTemplate(source).render([], { now })).toBe('05 Jul 2024|Friday July|24-07-05 14:03:09 02PM %|%q');
  });

  test('tools and documents are none, and range is Python’s', () => {
    const source =
      "{{ tools is none }} {{ 'a' if documents else 'b' }} {{ range(3) | list }} {{ range(5, 1, -2) | list }} {{ range(2, 2) | length }}";
    expect(new ChatTemplate(source).render([])).toBe('true b [0, 1, 2] [5, 3] 0');
  });

  test('raise_exception and a break of the order of roles: one line with the reason', () => {
    const refuse = (source: string, messages: readonly { role: string; content: string }[]): string => {
      try {
        return `rendered ${new ChatTemplate(source, { where: 'x', specialTokens: llamaTokens }).render(messages)}`;
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect(refuse(gemma, [system, user])).toBe(
      'x: a conversation that the template accepts; got System role not supported. Change the messages, or choose another template.',
    );
    for (const source of [llama2, mistral, gemma]) expect(refuse(source, [user, again])).toContain('roles must alternate');
    expect(refuse("{{ raise_exception('a\\n\\nb') }}", [])).toContain('got a b.');
  });
});

const stories = shared('models/stories260k');
test.skipIf(stories === undefined)('a first token that the template writes is not doubled, and spelled-out ones are tokens', async () => {
  const tokenizer = (await loadTokenizer(stories as string)) as Tokenizer;
  const template = new ChatTemplate(llama2, { specialTokens: specialTokensOf(tokenizer.configJson) });
  const ids = template.encode(tokenizer, [user, assistant, again]);
  expect(ids.filter((id) => id === 1)).toHaveLength(2);
  expect(ids.filter((id) => id === 2)).toHaveLength(1);
  expect(ids[0]).toBe(1);
  expect(ids[1]).not.toBe(1);
});

describe('where templates lie', () => {
  test('a text, a list of named ones, chat_template.jinja before both, and none', async () => {
    const tokens = { bos_token: '<s>', eos_token: { content: '</s>', special: true }, add_bos_token: true, unk_token: null };
    expect(specialTokensOf(tokens)).toEqual({ bos_token: '<s>', eos_token: '</s>' });
    const source = '{{ bos_token }}{{ messages[0].content }}{{ eos_token }}';
    const one = await loadChatTemplate({ ...tokens, chat_template: source }, folder);
    expect(one?.render([again])).toBe('<s>Who are you?</s>');
    const list = [
      { name: 'tool_use', template: 'tools' },
      { name: 'default', template: source },
    ];
    expect((await loadChatTemplate({ ...tokens, chat_template: list }))?.source).toBe(source);
    expect(await loadChatTemplate(tokens, folder)).toBeUndefined();
    await expect(loadChatTemplate({ chat_template: list.slice(0, 1) })).rejects.toThrow('with "default"; got names tool_use');
    await expect(loadChatTemplate({ chat_template: 7 })).rejects.toThrow('got number');
    writeFileSync(join(folder, 'chat_template.jinja'), 'from the file');
    expect((await loadChatTemplate({ chat_template: source }, folder))?.render([])).toBe('from the file');
  });
});

/** Each would run for hours, take gigabytes, or overflow the stack. */
const hostile: readonly (readonly [what: string, source: string, says: RegExp])[] = [
  ['nested loops', `${'{% for a in range(1000) %}'.repeat(4)}x${'{% endfor %}'.repeat(4)}`, /more than 500000 steps|more than 10000 ms/],
  ['a long range', '{% for a in range(10 ** 12) %}{% endfor %}', /a range of 1000000000000 numbers/],
  [
    'a doubling text',
    "{% set ns = namespace(s='ab') %}{% for a in range(100) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
    /a text of more than 4194304/,
  ],
  [
    'a doubling list',
    '{% set ns = namespace(s=[1]) %}{% for a in range(100) %}{% set ns.s = ns.s + ns.s %}{% endfor %}',
    /a list of more than 131072/,
  ],
  ['a recursion without end', '{% macro f(n) %}{{ f(n + 1) }}{% endmacro %}{{ f(0) }}', /call stack|not a function/],
  [
    'a recursion that branches',
    '{% macro f(n) %}{% if n > 0 %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(60) }}',
    /steps|10000 ms/,
  ],
  [
    'a value of values of values',
    `{% set ns = namespace(s=[1, 1]) %}${'{% set ns.s = [ns.s, ns.s] %}'.repeat(60)}{{ ns.s | tojson }}`,
    /more than 300 ms|string length/,
  ],
  [
    'a replacement of everything by everything',
    "{% set ns = namespace(s='ab') %}{% for a in range(20) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}{{ ns.s | replace('', ns.s) | length }}",
    /more than 300 ms|string length/,
  ],
  ['a wide indentation', "{{ 'a' | indent(10 ** 12, first=true) }}", /Invalid count|string length/],
  ['brackets in brackets', `{{ ${'['.repeat(100_000)} }}`, /call stack|template that can be parsed/],
  ['a run of spaces', ' '.repeat(200_000), /a run of 1000 spaces/],
  ['a megabyte', 'a '.repeat(500_000), /1000000 characters/],
];

describe('hostile templates', () => {
  test.each(hostile)('%s: one line, soon', (_, source, says) => {
    const start = performance.now();
    expect(() => new ChatTemplate(source, { milliseconds: says.source.includes(' 300 ms') ? 300 : 10_000 }).render([user])).toThrow(says);
    expect(performance.now() - start).toBeLessThan(20_000);
  });

  test('damaged ones render or are refused in one line', () => {
    const sources = cases.map(([, source]) => source);
    const scraps = [
      '{%',
      '%}',
      '{{',
      '}}',
      '-',
      "'",
      '|',
      '[',
      '(',
      'for',
      'endfor',
      'loop',
      'range(9)',
      'namespace()',
      ' ',
      '\n',
      '\u0000',
    ];
    const place = fc.nat({ max: 2000 });
    const change = fc.record({ at: place, drop: fc.nat({ max: 30 }), put: fc.array(fc.constantFrom(...scraps), { maxLength: 3 }) });
    fc.assert(
      fc.property(fc.constantFrom(...sources), fc.array(change, { minLength: 1, maxLength: 4 }), (source, changes) => {
        let damaged: string = source;
        for (const { at, drop, put } of changes) {
          const from = at % (damaged.length + 1);
          damaged = damaged.slice(0, from) + put.join('') + damaged.slice(from + drop);
        }
        try {
          expect(typeof new ChatTemplate(damaged, { specialTokens: llamaTokens }).render([user, assistant, again])).toBe('string');
        } catch (error) {
          expect(error).toMatchObject({ name: 'HeadlightError', code: 'tokenizer' });
          expect((error as Error).message).not.toContain('\n');
        }
      }),
      { numRuns: 500 },
    );
  });

  test.each(['{% if %}', '{{ a', '{% for x in y %}', '{% bogus %}', '{{ messages | nothing }}', '{{ undefined_function() }}', "{{ '' }"])(
    'a broken one, %s',
    (source) => {
      const render = () => new ChatTemplate(source, { where: 'x.jinja' }).render([user]);
      expect(render).toThrow(/^x\.jinja: a template that can be (?:parsed|rendered); got [^\n]+\. Choose another template\.$/);
    },
  );

  test('it reaches nothing of the program that renders it', () => {
    const names = [
      'process',
      'globalThis',
      'constructor',
      'require',
      'messages.constructor',
      "''.__proto__",
      'raise_exception.constructor',
    ];
    for (const name of names) expect(new ChatTemplate(`{{ ${name} is defined }}`).render([])).toBe('false');
  });
});
