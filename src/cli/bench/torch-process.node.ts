import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { fail, HeadlightError } from '../../core/index.js';

/** Debian's python: the one that apt's python3-torch is installed for. */
const python = '/usr/bin/python3';
const folder = fileURLToPath(new URL('../../../bench/torch/', import.meta.url));
const install = 'Debian: apt-get install python3-torch libopenblas0-openmp';

/** What PyTorch says of itself. */
export interface TorchInfo {
  readonly torch: string;
  readonly python: string;
  readonly threads: number;
  /** The BLAS library in use and the kernels it chose. */
  readonly blas: string;
  /** The variables that were set for it. */
  readonly env: Readonly<Record<string, string>>;
}

interface Waiting {
  readonly resolve: (reply: Record<string, unknown>) => void;
  readonly reject: (error: Error) => void;
}

/** The environment PyTorch measured fastest in (bench/torch/README.md). */
function environment(threads: number): Record<string, string | undefined> {
  const kernels = hasAvx512() ? { OPENBLAS_CORETYPE: 'SkylakeX' } : {};
  // glibc's settings that our command runs with are ours: PyTorch chooses its own (bench/torch/step.py calls mallopt).
  const ours = {
    MALLOC_ARENA_MAX: undefined,
    MALLOC_MMAP_THRESHOLD_: undefined,
    MALLOC_TRIM_THRESHOLD_: undefined,
    MALLOC_TOP_PAD_: undefined,
    GLIBC_TUNABLES: undefined,
  };
  return { ...process.env, ...ours, ...kernels, OMP_NUM_THREADS: String(threads), OPENBLAS_NUM_THREADS: undefined };
}

/** Whether OpenBLAS's kernels for Skylake-X can run here. Debian's OpenBLAS knows no newer processors and falls back to older kernels. */
function hasAvx512(): boolean {
  if (!existsSync('/proc/cpuinfo')) return false;
  const flags = new Set(/^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]?.split(' '));
  return ['avx512f', 'avx512cd', 'avx512bw', 'avx512dq', 'avx512vl'].every((flag) => flags.has(flag));
}

/**
 * A Python process of bench/torch that answers each line of JSON with one. It is stopped (SIGSTOP) whenever it has nothing to
 * do: OpenMP's threads would else spin on our cores for a while after each step.
 */
export class TorchProcess {
  readonly #bench: string;
  readonly #child: ChildProcess;
  #waiting: Waiting | undefined;
  #said = '';
  #ended: Error | undefined;

  private constructor(bench: string, script: string, threads: number) {
    this.#bench = bench;
    const server = folder + script;
    const missing = this.#missing.bind(this);
    if (process.platform !== 'linux') throw missing('Linux: the bench stops and continues PyTorch by signals', process.platform);
    if (!existsSync(server))
      throw missing("the repository's folder bench/torch, which the npm package leaves out", 'none', 'Run it from a checkout');
    const child = spawn(python, [server], { env: environment(threads), stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child = child;
    child.stderr.on('data', (text: Buffer) => {
      this.#said = (this.#said + text.toString()).slice(-4000);
    });
    child.stdin.on('error', () => {}); // the process is gone; its end says why
    createInterface({ input: child.stdout }).on('line', (line) => this.#hear(line));
    child.once('error', () => this.#end(missing(`PyTorch at ${python}`, 'no such program', install)));
    child.once('close', (code, signal) => this.#end(this.#reason(code ?? signal)));
  }

  /**
   * @param bench whose errors these are: `bench step` @param script in bench/torch @param threads within an operator
   * @throws unsupported: no PyTorch, or not the folder bench/torch, with what to do about it
   */
  static async start(bench: string, script: string, threads: number): Promise<{ child: TorchProcess; info: TorchInfo }> {
    const child = new TorchProcess(bench, script, threads);
    try {
      return { child, info: (await child.ask({ cmd: 'info' })) as unknown as TorchInfo };
    } catch (error) {
      child.kill();
      throw error;
    }
  }

  /** The same; where there is no PyTorch, why. */
  static async startIfThere(
    bench: string,
    script: string,
    threads: number,
  ): Promise<{ child: TorchProcess; info: TorchInfo } | { reason: string }> {
    try {
      return await TorchProcess.start(bench, script, threads);
    } catch (error) {
      if (error instanceof HeadlightError && error.code === 'unsupported') return { reason: error.message };
      throw error;
    }
  }

  async ask(command: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>> {
    if (this.#ended !== undefined) throw this.#ended;
    this.#child.kill('SIGCONT');
    try {
      const reply = await new Promise<Record<string, unknown>>((resolve, reject) => {
        this.#waiting = { resolve, reject };
        this.#child.stdin?.write(`${JSON.stringify(command)}\n`);
      });
      if ('error' in reply) throw fail('engine', { where: this.#bench, rule: `PyTorch does ${command.cmd}`, got: String(reply.error) });
      return reply;
    } finally {
      this.#child.kill('SIGSTOP');
    }
  }

  processorTime(): number {
    // After the name, which stands in brackets: user and system time are the 12th and 13th fields, in hundredths of a second.
    const fields = readFileSync(`/proc/${this.#child.pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return 10 * (Number(fields[11]) + Number(fields[12]));
  }

  kill(): void {
    this.#ended ??= fail('disposed', { where: this.#bench, rule: 'a PyTorch process that was not ended' });
    this.#child.kill('SIGKILL');
  }

  #hear(line: string): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    try {
      waiting?.resolve(JSON.parse(line) as Record<string, unknown>);
    } catch (cause) {
      waiting?.reject(fail('engine', { where: this.#bench, rule: 'PyTorch answers in JSON', got: line.slice(0, 200), cause }));
    }
  }

  #end(reason: Error): void {
    this.#ended ??= reason;
    this.#waiting?.reject(this.#ended);
    this.#waiting = undefined;
  }

  #reason(code: number | string | null): Error {
    const last = this.#said.trim().split('\n').at(-1) ?? '';
    if (/No module named '(torch|numpy)'/.test(last)) return this.#missing(`PyTorch for ${python}`, last, install);
    return fail('engine', { where: this.#bench, rule: 'a PyTorch process that lives', got: `its end (${code}): ${last}` });
  }

  #missing(rule: string, got: string, fix?: string): Error {
    return fail('unsupported', { where: this.#bench, rule, got, ...(fix === undefined ? {} : { fix }) });
  }
}
