import type { Readable } from 'node:stream';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import { runAptPlugin } from '#edge/agent/apt-plugin.ts';
import type { Terminal } from '../kit/terminal.ts';
import { stayAwake } from './stay-awake.ts';

const inputBytesMax = 1024 * 1024;

/** `tedge` under the name of a plugin for software: other words and other exit codes than those of its commands. */
export async function aptPlugin(words: readonly string[], world: { terminal: Terminal; platform: Platform }): Promise<number> {
  const { terminal, platform } = world;
  const stopping = new AbortController();
  const cancels = [terminal.onInterrupt(() => stopping.abort()), stayAwake()];
  try {
    return await runAptPlugin(platform, words, {
      ...terminal,
      lines: () => readLines(process.stdin),
      signal: stopping.signal,
    });
  } finally {
    for (const cancel of cancels) cancel();
  }
}

async function readLines(input: Readable): Promise<string[]> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of input) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > inputBytesMax) throw new Problem('payload-too-large', `At most ${inputBytesMax} bytes of input are read.`);
  }
  return Buffer.concat(chunks).toString().split('\n');
}
