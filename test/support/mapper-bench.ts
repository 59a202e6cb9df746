import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from './eventually.ts';
import { mosquittoPub, mosquittoSub } from './local-clients.ts';
import { startMosquitto } from './mosquitto.ts';
import { ownAddress } from './own-place.ts';
import { temporaryDirectory } from './test-terminal.ts';

export type MapperBench = Awaited<ReturnType<typeof openMapperBench>>;
export type RunningMapper = Awaited<ReturnType<MapperBench['startMapper']>>;
type Test = { after(fn: () => void | Promise<void>): void };

export const mapperHealth = 'te/device/main/service/tedge-mapper-az/status/health';

const port = 1883;

/** Debian's Mosquitto as the local broker, with `lines` in its configuration, and the mapper as a person starts it. */
export async function openMapperBench(t: Test, { lines = [] }: { lines?: readonly string[] } = {}) {
  const folder = temporaryDirectory(t);
  const address = ownAddress();
  const listener = { address, folder: join(folder, 'mosquitto'), lines };
  mkdirSync(listener.folder);
  let mosquitto = await startMosquitto(listener);
  t.after(() => mosquitto.stop());
  const at = ['-h', address];

  const bench = {
    folder,
    get mosquitto() {
      return mosquitto;
    },
    async restartMosquitto(): Promise<void> {
      await mosquitto.stop();
      mosquitto = await startMosquitto(listener);
    },
    /** QoS 1 unless `words` say otherwise; the payload goes through standard input, as it is. */
    async pub(topic: string, payload: string | Buffer, ...words: string[]): Promise<void> {
      const code = await mosquittoPub(
        port,
        [...at, '-q', '1', '-t', topic, ...(payload.length === 0 ? ['-n'] : ['-s']), ...words],
        payload,
      );
      if (code !== 0) throw new Error(`mosquitto_pub ended with ${code}`);
    },
    /** One message a line. */
    pubLines: (topic: string, payloads: readonly string[]) =>
      mosquittoPub(port, [...at, '-q', '1', '-t', topic, '-l'], `${payloads.join('\n')}\n`),
    /** Lines of topic and payload. */
    sub: (topics: readonly string[], ...words: string[]) =>
      mosquittoSub(t, port, [...at, '-q', '1', ...topics.flatMap((topic) => ['-t', topic]), '-F', '%t %p', ...words]),
    /** What is retained at `topic`. */
    async retained(topic: string): Promise<string> {
      const watcher = await bench.sub([topic], '-C', '1', '--retained-only');
      const [line = ''] = await watcher.seen(1);
      return line.slice(topic.length + 1);
    },
    /** `tedge-mapper az` in a process; resolves when it says that it is up. */
    startMapper: (environment: Readonly<Record<string, string>> = {}, program = 'tedge-mapper') =>
      bench.startService(mapperHealth, program, [...(program === 'tedge' ? ['run', 'tedge-mapper'] : []), 'az'], environment),
    async startService(
      health: string,
      program: string,
      words: readonly string[],
      environment: Readonly<Record<string, string>> = {},
    ) {
      const watcher = await bench.sub([health], '-R');
      const child = spawn(process.execPath, [join(import.meta.dirname, '../../bin', program), ...words], {
        env: { PATH: process.env.PATH, TEDGE_CONFIG_DIR: folder, TEDGE_MQTT_CLIENT_HOST: address, ...environment },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      t.after(() => void child.kill('SIGKILL'));
      let log = '';
      child.stderr.on('data', (chunk: Buffer) => {
        log += chunk.toString();
      });
      await eventually(() => {
        if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}: ${log}`);
        return watcher.lines.some((line) => line.includes('"up"')) ? true : undefined;
      });
      watcher.kill();
      return {
        log: () => log,
        get isRunning() {
          return child.exitCode === null && child.signalCode === null;
        },
        async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
          const ended = once(child, 'exit');
          child.kill(signal);
          const [code] = await ended;
          return code;
        },
      };
    },
  };
  return bench;
}
