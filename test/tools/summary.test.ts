import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { firstStale } from '../../tools/installed.mjs';
import { summarise } from '../../tools/summary.mjs';

const folder = mkdtempSync(join(tmpdir(), 'summary-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('summary', () => {
  const suite = (status: string, ...tests: string[]) => ({
    name: 'f',
    status,
    message: 'm',
    assertionResults: tests.map((t) => ({ status: t })),
  });
  const count = (report: object, ...stages: string[]) => {
    const path = join(folder, 'report.json');
    writeFileSync(path, JSON.stringify(report));
    const { passed, failed, skipped } = summarise(path, stages);
    return { passed, failed, skipped };
  };

  test('tests are counted by what became of them', () => {
    const report = { success: true, testResults: [suite('passed', 'passed', 'skipped'), suite('passed', 'passed', 'todo', 'pending')] };
    expect(count(report)).toEqual({ passed: 2, failed: 0, skipped: 3 });
    expect(count({ success: false, testResults: [suite('failed', 'passed', 'failed', 'failed')] })).toEqual({
      passed: 1,
      failed: 2,
      skipped: 0,
    });
  });

  test('failed stages, files that do not load, stray errors and empty runs are failures', () => {
    const good = suite('passed', 'passed');
    expect(count({ success: true, testResults: [good] }, 'types', 'style').failed).toBe(2);
    expect(count({ success: false, testResults: [good, suite('failed')] }).failed).toBe(1);
    expect(count({ success: false, testResults: [good] }).failed).toBe(1);
    expect(count({ success: false, testResults: [good] }, 'types').failed).toBe(2);
    expect(count({ success: true, testResults: [] }).failed).toBe(1);
    expect(summarise(join(folder, 'missing.json'), []).failed).toBe(1);
  });
});

describe('installed', () => {
  const tree = (locked: object, installed?: object) => {
    const root = mkdtempSync(join(folder, 'tree-'));
    mkdirSync(join(root, 'node_modules'));
    writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ packages: { '': { version: '1' }, ...locked } }));
    if (installed) writeFileSync(join(root, 'node_modules/.package-lock.json'), JSON.stringify({ packages: installed }));
    return firstStale(root);
  };
  const a = { version: '1.0.0', integrity: 'x' };

  test('same versions are fresh; another version, another content or a missing package is stale', () => {
    expect(tree({ a }, { a })).toBeUndefined();
    expect(tree({ a }, { a: { ...a, version: '1.0.1' } })).toBe('a');
    expect(tree({ a }, { a: { ...a, integrity: 'y' } })).toBe('a');
    expect(tree({ a }, {})).toBe('a');
    expect(tree({ a })).toBe('node_modules');
  });

  test('a missing optional package is fresh: it is for another system', () => {
    expect(tree({ a: { ...a, optional: true } }, {})).toBeUndefined();
  });
});
