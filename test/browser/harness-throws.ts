/** Runs in Chromium and fails, after saying something. */
export default function page(): never {
  console.warn('about to fail');
  throw new RangeError('by design');
}
