import { existsSync, readdirSync } from 'node:fs';

/** What WebGPU runs on here, as far as the machine says: ONNX Runtime for Node does not tell its adapter. */
export interface Adapter {
  /** `unknown`: there may be a GPU, or none; no figure of it should be quoted as a GPU's. */
  readonly kind: 'software' | 'gpu' | 'unknown';
  /** From what it is concluded. */
  readonly because: string;
}

/** Drivers that compute on the CPU: Chromium's SwiftShader, Mesa's lavapipe. */
const inSoftware = /swiftshader|lvp_icd|lavapipe|llvmpipe/i;

/** Where the adapter is concluded from: a stand-in for the machine in tests. */
export interface AdapterClues {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly platform: string;
  /** Names in a folder; empty where there is none. */
  list(folder: string): readonly string[];
}

const here: AdapterClues = {
  environment: process.env,
  platform: process.platform,
  list: (folder) => (existsSync(folder) ? readdirSync(folder) : []),
};

export function adapterOf({ environment, platform, list }: AdapterClues = here): Adapter {
  for (const name of ['VK_DRIVER_FILES', 'VK_ICD_FILENAMES', 'VK_ADD_DRIVER_FILES']) {
    const value = environment[name];
    if (value !== undefined && inSoftware.test(value))
      return { kind: 'software', because: `${name} names a driver that computes on the CPU` };
  }
  if (platform !== 'linux') return { kind: 'unknown', because: `nothing says what ${platform} gives` };
  if (list('/dev').some((name) => /^nvidia\d+$/.test(name))) return { kind: 'gpu', because: '/dev/nvidia* is there' };
  if (list('/dev/dri').some((name) => name.startsWith('renderD'))) return { kind: 'gpu', because: '/dev/dri/renderD* is there' };
  return { kind: 'software', because: 'no device file of a GPU is there' };
}
