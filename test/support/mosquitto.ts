import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Debian keeps servers out of the path of those who are not root. */
const path = `${process.env.PATH ?? ''}:/usr/sbin:/sbin`;

const deadlineMs = 60_000;

export type Mosquitto = Awaited<ReturnType<typeof startMosquitto>>;

/** Mosquitto as a local broker on port 1883 of `address`, with `lines` added to its configuration. Resolves when it listens. */
export async function startMosquitto(options: { address: string; folder: string; lines: readonly string[] }) {
  const file = join(options.folder, 'mosquitto.conf');
  // Without `user` it would become another one, which is not possible in a namespace of one user.
  const own = ['user root', 'allow_anonymous true', 'log_dest stderr', 'log_type all', `listener 1883 ${options.address}`];
  writeFileSync(file, `${[...own, ...options.lines].join('\n')}\n`);
  const child: ChildProcess = spawn('mosquitto', ['-c', file], { stdio: ['ignore', 'ignore', 'pipe'], env: { PATH: path } });
  const seen: { line: string; atMs: number }[] = [];
  let rest = '';
  let isOver = false;
  let wake = Promise.withResolvers<void>();
  const tell = (): void => {
    wake.resolve();
    wake = Promise.withResolvers();
  };
  child.stderr?.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) seen.push({ line, atMs: performance.now() });
    tell();
  });
  for (const event of ['exit', 'error'] as const) {
    child.once(event, () => {
      isOver = true;
      tell();
    });
  }

  const mosquitto = {
    url: `mqtt://${options.address}:1883`,
    /** When each line of its log that matches was written, of this process's time. */
    times: (pattern: RegExp): number[] => seen.filter(({ line }) => pattern.test(line)).map(({ atMs }) => atMs),
    count: (pattern: RegExp): number => seen.filter(({ line }) => pattern.test(line)).length,
    /** Resolves when so many lines of its log match. */
    async logged(pattern: RegExp, times = 1): Promise<void> {
      const late = AbortSignal.timeout(deadlineMs);
      while (mosquitto.count(pattern) < times) {
        if (isOver || late.aborted) throw new Error(`Mosquitto did not log ${pattern} ${times} times:\n${mosquitto.log()}`);
        await Promise.race([wake.promise, once(late, 'abort')]);
      }
    },
    log: (): string =>
      seen
        .slice(-60)
        .map(({ line }) => line)
        .join('\n'),
    async stop(): Promise<void> {
      if (isOver) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
  try {
    await mosquitto.logged(/ mosquitto version .* running$/);
  } catch (error) {
    await mosquitto.stop();
    throw error;
  }
  return mosquitto;
}

export type BridgeTo = {
  hub: { hostName: string; mqttPort: number };
  address: string;
  deviceId: string;
  ca: string;
  certificate: string;
  key: string;
};

/** The bridge as thin-edge writes it (thin-edge.md 7): of its versions 1.x, or of the first ones. */
export function bridgeLines(era: '1.x' | 'seed', { hub, address, deviceId, ca, certificate, key }: BridgeTo): string[] {
  const own = `az/ devices/${deviceId}/`;
  const mapping = {
    '1.x': [
      `topic messages/events/# out 1 ${own}`,
      `topic messages/devicebound/# in 1 ${own}`,
      'topic methods/POST/# in 1 az/ $iothub/',
      'topic methods/res/# out 1 az/ $iothub/',
      'topic twin/res/# in 1 az/ $iothub/',
      'topic twin/GET/# out 1 az/ $iothub/',
      'topic twin/PATCH/# out 1 az/ $iothub/',
    ],
    seed: [
      `topic messages/events/ out 1 ${own}`,
      `topic messages/devicebound/# out 1 ${own}`,
      'topic twin/res/# in 1 az/ $iothub/',
      'topic twin/GET/?$rid=1 out 1 az/ $iothub/',
    ],
  };
  return [
    'connection edge_to_az',
    `address ${address}:${hub.mqttPort}`,
    `bridge_cafile ${ca}`,
    `bridge_certfile ${certificate}`,
    `bridge_keyfile ${key}`,
    `remote_clientid ${deviceId}`,
    'local_clientid Azure',
    `remote_username ${hub.hostName}/${deviceId}/?api-version=2018-06-30`,
    'try_private false',
    'start_type automatic',
    `cleansession ${era === 'seed'}`,
    ...(era === 'seed'
      ? ['notifications false']
      : [
          'notifications true',
          'notifications_local_only true',
          'notification_topic te/device/main/service/mosquitto-az-bridge/status/health',
        ]),
    'bridge_attempt_unsubscribe false',
    'keepalive_interval 60',
    'bridge_protocol_version mqttv311',
    ...mapping[era],
  ];
}
