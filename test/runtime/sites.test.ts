import { describe, expect, test } from 'vitest';
import { input, type Tensor, tap, withPath } from '#dist/ops/index.js';
import { selectSites, sitesOf } from '#dist/runtime/index.js';

const x = input('x', [2]);
function model(): Tensor {
  let y = tap('embed', x);
  for (const i of [0, 1]) y = withPath(`blocks.${i}.attention`, () => tap('pattern', tap('scores', y.mul(2)).softmax()));
  return tap('logits', y.exp());
}

test('sites are listed in the order of computation, with the tensors they name', () => {
  const logits = model();
  tap('elsewhere', logits.exp());
  const sites = sitesOf([logits]);
  expect([...sites.keys()]).toEqual([
    'embed',
    'blocks.0.attention.scores',
    'blocks.0.attention.pattern',
    'blocks.1.attention.scores',
    'blocks.1.attention.pattern',
    'logits',
  ]);
  expect(sites.get('logits')).toBe(logits);
  expect(sites.get('blocks.1.attention.pattern')?.node.path).toBe('blocks.1.attention');
});

describe('selectSites', () => {
  const sites = sitesOf([model()]);
  const names = (globs: string): string[] => [...selectSites(sites, globs).keys()];

  test('by globs: * crosses dots, commas separate, the whole name counts, order is the program’s', () => {
    expect(names('blocks.*.pattern')).toEqual(['blocks.0.attention.pattern', 'blocks.1.attention.pattern']);
    expect(names('logits, embed')).toEqual(['embed', 'logits']);
    expect(names('*')).toHaveLength(6);
    expect(selectSites(sites, 'embed').get('embed')).toBe(sites.get('embed'));
  });

  test('a glob that matches nothing names the nearest, even beside one that does', () => {
    expect(() => names('blocks.0.attention.patern')).toThrow(
      /^sites: globs that each match a site; got "blocks\.0\.attention\.patern"\. Nearest: blocks\.0\.attention\.pattern, blocks\.1\.attention\.pattern/,
    );
    expect(() => names('embed,logit')).toThrow(/got "logit"\. Nearest: logits/);
    expect(() => names('attention.pattern')).toThrow('Nearest: ');
  });

  test('a mistyped part of a glob is told from what * stands for', () => {
    const patterns = 'Nearest: blocks.0.attention.pattern, blocks.1.attention.pattern,';
    for (const glob of ['*patern', '*.patern', '*patern*', 'blocks.*.atention.pattern', 'attention.patern', 'pattern']) {
      expect(() => names(glob), glob).toThrow(patterns);
    }
    expect(() => names('*.scoers')).toThrow('Nearest: blocks.0.attention.scores, blocks.1.attention.scores,');
    expect(() => names('*gits*x')).toThrow('Nearest: logits,');
  });

  test('a program without sites says so', () => {
    expect(() => selectSites(sitesOf([x.exp()]), '*')).toThrow('This program has no sites.');
  });
});
