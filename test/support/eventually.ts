/**
 * Asks `probe` again and again until it returns something, and fails with what it threw last when
 * `deadlineMs` has passed: for what can be seen only by looking, such as another process's state. Where
 * an event can be awaited, await that.
 */
export async function eventually<T>(probe: () => Promise<T | undefined> | T | undefined, deadlineMs = 15_000): Promise<T> {
  const end = performance.now() + deadlineMs;
  let last: unknown = new Error(`nothing within ${deadlineMs} ms`);
  while (performance.now() < end) {
    try {
      const value = await probe();
      if (value !== undefined) return value;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw last;
}
