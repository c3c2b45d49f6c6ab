/**
 * Does jobs in their order, so many at once; the first failure is the result, and no job begins after it.
 * @returns results in the order of the jobs
 */
export async function sideBySide<T>(jobs: readonly (() => Promise<T>)[], atOnce: number): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < jobs.length) {
      const at = next++;
      try {
        results[at] = await (jobs[at] as () => Promise<T>)();
      } catch (error) {
        next = jobs.length;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return results;
}
