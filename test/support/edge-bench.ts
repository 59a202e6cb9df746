import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CompatBench } from './compat-bench.ts';
import { eventually } from './eventually.ts';
import { ownPort } from './own-place.ts';
import { runCommand } from './start-homeport.ts';
import { readRunningLog } from './stored-log.ts';

/** A thin-edge device beside a server: its files, its settings, and `tedge` as a person runs it. */
export async function openEdge(t: { after(fn: () => unknown): void }, bench: CompatBench, deviceId: string) {
  const identity = bench.selfSignedOf(deviceId);
  await bench.central.ok('PUT', `/api/devices/${encodeURIComponent(deviceId)}`, { displayName: deviceId });
  await bench.createHubDevice(deviceId, { primary: identity.leaf.certificate.sha1Thumbprint });
  return placeEdge(t, bench, deviceId, identity);
}

/** The same of a device that nobody knows yet; without an identity it has no certificate. */
export function placeEdge(
  t: { after(fn: () => unknown): void },
  { home }: Pick<CompatBench, 'home'>,
  deviceId: string,
  identity?: { readonly cert: string; readonly key: string },
  settings: Readonly<Record<string, string>> = {},
) {
  const folder = mkdtempSync(join(home.folder, 'edge-'));
  const [certificate, key] = [join(folder, 'certificate.pem'), join(folder, 'key.pem')];
  if (identity) {
    writeFileSync(certificate, identity.cert);
    writeFileSync(key, identity.key, { mode: 0o600 });
  }
  const port = ownPort();
  const environment = {
    TEDGE_CONFIG_DIR: folder,
    TEDGE_AZ_URL: `${home.address}:${home.status.hub.mqttPort}`,
    TEDGE_AZ_ROOT_CERT_PATH: home.status.ca,
    TEDGE_DEVICE_CERT_PATH: certificate,
    TEDGE_DEVICE_KEY_PATH: key,
    TEDGE_DATA_PATH: join(folder, 'data'),
    TEDGE_AZ_HTTPS_PORT: String(home.status.hub.httpsPort),
    TEDGE_MQTT_BIND_PORT: String(port),
    TEDGE_MQTT_BRIDGE_RECONNECT_POLICY_INITIAL_INTERVAL: '200ms',
    TEDGE_MQTT_BRIDGE_RECONNECT_POLICY_MAXIMUM_INTERVAL: '1s',
    ...settings,
  };
  let child: ChildProcess | undefined;
  let log = '';

  const edge = {
    deviceId,
    folder,
    certificate,
    port,
    environment,
    outbox: join(folder, 'data', 'outbox'),
    log: () => log,
    /** Resolves when the log says so, after the last start. */
    says: (pattern: RegExp) =>
      eventually(() => (pattern.test(log) ? true : undefined), 30_000).catch(() => {
        throw new Error(`tedge did not say ${pattern}:\n${log}`);
      }),
    /** `tedge run all az`, or what a test runs in its place; resolves when it runs. */
    async start(
      more: Readonly<Record<string, string>> = {},
      words: readonly string[] = [join(import.meta.dirname, '../../bin/tedge'), 'run', 'all', 'az'],
    ): Promise<void> {
      log = '';
      child = spawn(process.execPath, words, {
        env: { PATH: process.env.PATH, ...environment, ...more },
        stdio: ['pipe', 'ignore', 'pipe'],
      });
      child.stderr?.on('data', (chunk: Buffer) => {
        log += chunk.toString();
      });
      await edge.says(/"event":"edge\.started"/);
    },
    /** A line on its standard input. */
    tell: (line: string) => void child?.stdin?.write(`${line}\n`),
    connected: () => edge.says(/"event":"bridge\.connected"/),
    async end(signal: NodeJS.Signals): Promise<number | null> {
      if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
      const ended = once(child, 'exit');
      child.kill(signal);
      const [code] = await ended;
      return code;
    },
    tedge: (...words: string[]) => runCommand('tedge', words, { directory: folder, environment }, folder),
    /** The bodies of its telemetry at the hub in the order of the hub's log, its own services' left out. */
    async bodies(): Promise<string[]> {
      const events = await readRunningLog(home);
      return events
        .filter((event) => event.deviceId === deviceId)
        .map(({ body }) => body.toString())
        .filter((body) => !body.includes('"pid"'));
    },
  };
  t.after(() => edge.end('SIGKILL'));
  return edge;
}

export type Edge = ReturnType<typeof placeEdge>;

/** Each body once, where it came first: what a reader makes of messages that may come twice. */
export function firsts(bodies: readonly string[]): string[] {
  return [...new Set(bodies)];
}
