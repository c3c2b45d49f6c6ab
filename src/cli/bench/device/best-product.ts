import { encodeModel } from '../../../onnx/index.js';
import { input } from '../../../ops/index.js';
import { type EngineTensor, lowerProgram, Session } from '../../../runtime/index.js';
import { Transfer } from '../../../train/device/transfer.js';

/** Products in a row, so that starting the program and waiting for it do not count. */
const chain = 8;
const sizes = [512, 1024, 2048, 4096];
/** Once a run takes so long (milliseconds), it is not repeated, and larger products are not tried. */
const enough = 1000;

export interface DeviceProduct {
  /** Rows and columns of the best. */
  readonly size: number;
  /** 10⁹ floating-point operations per second. */
  readonly gflops: number;
}

/**
 * The device's best float32 matrix product through ONNX Runtime, by the quickest run: what a training step's rate is
 * measured against. Matrices stay on the device; one number comes back, for then the device is done.
 */
export async function bestDeviceProduct(): Promise<DeviceProduct> {
  let best: DeviceProduct = { size: 0, gflops: 0 };
  for (const size of sizes) {
    const { gflops, ms } = await product(size);
    if (gflops > best.gflops) best = { size, gflops };
    if (ms > enough) break;
  }
  return best;
}

async function product(size: number): Promise<{ readonly gflops: number; readonly ms: number }> {
  const shape = [size, size];
  const [a, b] = [input('a', shape), input('b', shape)];
  let y = a;
  for (let i = 0; i < chain; i++) y = y.matmul(b);
  const inputs = [
    { name: 'a', spec: a },
    { name: 'b', spec: b },
  ];
  const { model } = lowerProgram({ sum: y.sum() }, inputs, { device: 'webgpu' });
  const session = await Session.create(encodeModel(model), { device: 'webgpu', threads: 0, optimize: false, wholly: true });
  const transfer = new Transfer({ a: shape, b: shape }, 'webgpu');
  // Rows that sum to 1 keep the chain's values as they are.
  const values = new Float32Array(size * size).fill(1 / size);
  const feeds = (await transfer.upload({ a: values, b: values })) as Record<string, EngineTensor>;
  try {
    let ms = Number.POSITIVE_INFINITY;
    for (let run = 0; run < 4 && (run < 2 || ms < enough); run++) {
      const begun = performance.now();
      await session.run(feeds, { sum: null });
      // The first compiles.
      if (run > 0) ms = Math.min(ms, performance.now() - begun);
    }
    return { gflops: (2 * chain * size ** 3) / ms / 1e6, ms };
  } finally {
    for (const tensor of Object.values(feeds)) tensor.dispose();
    await session.dispose();
    await transfer.dispose();
  }
}
