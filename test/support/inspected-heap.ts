import assert from 'node:assert/strict';
import { eventually } from './eventually.ts';

export type MemoryUsage = {
  readonly heapUsed: number;
  readonly external: number;
  readonly arrayBuffers: number;
  readonly rss: number;
};

/**
 * The memory of another Node process, asked through its inspector, which SIGUSR1 opens: what is counted is what is left
 * when everything was collected that nobody holds. The process must have been started with `--inspect-port` of `host`.
 */
export async function inspectHeap(pid: number, host: string, port: number) {
  process.kill(pid, 'SIGUSR1');
  const url = await eventually(async () => {
    const [target] = (await (await fetch(`http://${host}:${port}/json/list`)).json()) as { webSocketDebuggerUrl?: string }[];
    return target?.webSocketDebuggerUrl;
  });
  const socket = new WebSocket(url);
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve);
    socket.addEventListener('error', reject);
  });
  const waiting = new Map<number, (result: unknown) => void>();
  let asked = 0;
  socket.addEventListener('message', ({ data }) => {
    const { id, result } = JSON.parse(String(data)) as { id?: number; result?: unknown };
    if (id !== undefined) waiting.get(id)?.(result);
  });
  const call = (method: string, params: object = {}): Promise<unknown> => {
    const id = ++asked;
    return new Promise((resolve) => {
      waiting.set(id, resolve);
      socket.send(JSON.stringify({ id, method, params }));
    });
  };
  return {
    async usage(): Promise<MemoryUsage> {
      // The second collection takes what the first one's finalizers let go.
      for (let i = 0; i < 2; i++) await call('HeapProfiler.collectGarbage');
      const expression = 'JSON.stringify(process.memoryUsage())';
      const { result } = (await call('Runtime.evaluate', { expression })) as { result: { value?: string } };
      assert.ok(result.value !== undefined, 'the process said nothing of its memory');
      return JSON.parse(result.value) as MemoryUsage;
    },
    close: () => socket.close(),
  };
}
