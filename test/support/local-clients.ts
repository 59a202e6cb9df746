import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { eventually } from './eventually.ts';

/** Runs Debian's mosquitto_pub against a local broker and answers its exit code. */
export async function mosquittoPub(port: number, words: readonly string[], input?: string | Buffer): Promise<number> {
  const child = spawn('mosquitto_pub', ['-h', '127.0.0.1', '-p', String(port), '-V', 'mqttv311', ...words], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  child.stdin.end(input ?? '');
  const [code] = await once(child, 'exit');
  return Number(code);
}

/** Starts mosquitto_sub, and resolves when the broker has granted what it asked for. */
export async function mosquittoSub(t: { after(fn: () => void): void }, port: number, words: readonly string[]) {
  const lines: string[] = [];
  let noise = '';
  const child = spawn(
    'stdbuf',
    ['-oL', 'mosquitto_sub', '-d', '-h', '127.0.0.1', '-p', String(port), '-V', 'mqttv311', ...words],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  t.after(() => void child.kill('SIGKILL'));
  let rest = '';
  child.stdout.on('data', (chunk: Buffer) => {
    const all = (rest + chunk.toString()).split('\n');
    rest = all.pop() ?? '';
    // With -d it tells on the same stream what it does.
    for (const line of all) {
      if (/^(Client |Subscribed )/.test(line)) noise += `${line}\n`;
      else lines.push(line);
    }
  });
  await eventually(() => (/^Subscribed /m.test(noise) ? true : undefined));
  return {
    lines,
    /** The first `count` lines, once there are so many. */
    seen: (count: number) => eventually(() => (lines.length >= count ? lines.slice(0, count) : undefined)),
    kill: () => void child.kill('SIGKILL'),
  };
}
