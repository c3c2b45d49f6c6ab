// What is compared: processes that are asked in turn, each stopped while another works (threads of some spin or collect garbage on).
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const here = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url));
const peers = here('../peers');

/**
 * A peer's version; undefined where it is not installed.
 * @param {'node-llama-cpp' | '@huggingface/transformers'} name
 */
export function versionOf(name) {
  const path = `${peers}/node_modules/${name}/package.json`;
  return existsSync(path) ? String(JSON.parse(readFileSync(path, 'utf8')).version) : undefined;
}

/** @typedef {{ ids: number[], promptMs: number, tokenMs: number[], peakMiB: number }} Answer */
/** @typedef {{ ask(prompt: readonly number[], count: number): Promise<Answer>, close(): Promise<void> }} Side */

export const oursScript = here('ours.mjs');
export const llamaScript = `${peers}/llama-cpp.mjs`;
export const transformersScript = `${peers}/transformers.mjs`;
export const commandScript = here('../../dist/cli/main.node.js');

/**
 * A side as a process.
 * @param {string} script
 * @param {readonly string[]} args
 * @returns {Side}
 */
export function side(script, args) {
  const child = spawn(process.execPath, [script, ...args], { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, ...glibc } });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = new Promise((resolve) => child.once('exit', resolve));
  return {
    async ask(prompt, count) {
      child.kill('SIGCONT');
      child.stdin.write(`${JSON.stringify({ prompt, count })}\n`);
      const { value, done } = await lines.next();
      child.kill('SIGSTOP');
      if (done) throw new Error(`${script} ended without an answer`);
      return JSON.parse(value);
    },
    async close() {
      child.kill('SIGCONT');
      child.stdin.end();
      await ended;
    },
  };
}

/** What the command's first line sets; all sides get it. */
export const glibc = Object.fromEntries(
  [...(readFileSync(commandScript, 'utf8').split('\n', 1)[0] ?? '').matchAll(/(\w+)=(\S+)/g)].map(([, name, value]) => [name, value]),
);

/**
 * From a process's start to what it first says, and the most memory it held until it ended.
 * @param {readonly string[]} args
 * @param {string} [input]
 * @returns {Promise<{ firstMs: number, peakMiB: number }>}
 */
export function coldStart(args, input) {
  const start = performance.now();
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, ...glibc } });
  let firstMs = Number.NaN;
  let peakMiB = 0;
  // The mark only rises: what is read last is the highest, but for the last milliseconds of a process.
  const watch = setInterval(() => {
    const status = existsSync(`/proc/${child.pid}/status`) ? readFileSync(`/proc/${child.pid}/status`, 'utf8') : '';
    peakMiB = Math.max(peakMiB, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
  }, 10);
  child.stdout.on('data', () => {
    if (Number.isNaN(firstMs)) firstMs = performance.now() - start;
  });
  if (input !== undefined) child.stdin.write(input);
  child.stdin.end();
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => {
      clearInterval(watch);
      if (code === 0) resolve({ firstMs, peakMiB });
      else reject(new Error(`${args[0]} ended with ${code}`));
    });
  });
}
