/** What carries a device's messages to the hub: `tedge run all`, of the one script that a small machine gets (0054), and a Mosquitto with the bridge that `tedge connect` writes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { systemClock } from '#base/clock.ts';
import { dayMs, hourMs, plus } from '#base/instant.ts';
import { systemRandom } from '#base/random.ts';
import { answersMqtt } from '#edge/broker/await-broker.ts';
import { mosquittoFiles, saveMosquittoFiles } from '#edge/mosquitto/mosquitto-files.ts';
import { SettingsFile } from '#edge/settings/settings-file.ts';
import { TedgeSettings } from '#edge/settings/tedge-settings.ts';
import { exportPrivateKeyPem } from '#pki/key.ts';
import { makeSelfSigned } from '#test/support/certificates.ts';
import type { RunningHomeport } from '#test/support/start-homeport.ts';
import { bundleTedge } from '../bundle.ts';
import { find } from '../requirements.ts';
import { freePort } from './contenders.ts';

export type EdgeAgent = {
  readonly name: 'Homeport' | 'Mosquitto';
  readonly deviceId: string;
  /** Of its local broker. */
  readonly port: number;
  readonly pid: () => number;
  /** Resolves when its local broker answers. */
  start(): Promise<void>;
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
};

export const localAddress = '127.0.0.1';
const readyMsMax = 120_000;

/** Both, each a device of its own below `folder`, registered at the hub of `home` and not started. */
export async function makeAgents(home: RunningHomeport, folder: string): Promise<readonly [EdgeAgent, EdgeAgent]> {
  const homeport = await makeDevice(home, folder, 'edge-homeport');
  const mosquitto = await makeDevice(home, folder, 'edge-mosquitto');
  const program = find(['mosquitto'], ['/usr/sbin', '/usr/local/sbin']);
  if (!program) throw new Error('There is no mosquitto to compare with. Run: apt-get install mosquitto');
  const conf = await writeMosquittoConf(mosquitto);
  const script = join(folder, 'tedge');
  writeFileSync(script, await bundleTedge(), { mode: 0o755 });
  return [
    openAgent('Homeport', homeport, [script, 'run', 'all', 'az']),
    openAgent('Mosquitto', mosquitto, [program, '-c', conf]),
  ];
}

type EdgeDevice = {
  readonly deviceId: string;
  readonly folder: string;
  readonly port: number;
  readonly environment: Readonly<Record<string, string>>;
};

async function makeDevice(home: RunningHomeport, above: string, deviceId: string): Promise<EdgeDevice> {
  const folder = join(above, deviceId);
  mkdirSync(folder);
  const now = systemClock.now();
  const made = makeSelfSigned(deviceId, { notBefore: plus(now, -hourMs), notAfter: plus(now, 30 * dayMs) });
  const [certificate, key] = [join(folder, 'certificate.pem'), join(folder, 'key.pem')];
  writeFileSync(certificate, made.pem);
  writeFileSync(key, exportPrivateKeyPem(made.privateKey), { mode: 0o600 });
  const thumbprint = made.certificate.sha256Thumbprint;
  const register = ['-d', deviceId, '--auth-method', 'x509_thumbprint', '--primary-thumbprint', thumbprint];
  await home.ok('homeport', ['hub', 'device', 'create', ...register]);
  const port = await freePort(localAddress);
  const environment = {
    TEDGE_CONFIG_DIR: folder,
    TEDGE_AZ_URL: `${home.address}:${home.status.hub.mqttPort}`,
    TEDGE_AZ_ROOT_CERT_PATH: home.status.ca,
    TEDGE_DEVICE_CERT_PATH: certificate,
    TEDGE_DEVICE_KEY_PATH: key,
    TEDGE_DATA_PATH: join(folder, 'data'),
    TEDGE_RUN_PATH: join(folder, 'run'),
    TEDGE_MQTT_BIND_PORT: String(port),
    // Nobody waits longer than he has to for the hub that comes back.
    TEDGE_MQTT_BRIDGE_RECONNECT_POLICY_INITIAL_INTERVAL: '1s',
    TEDGE_MQTT_BRIDGE_RECONNECT_POLICY_MAXIMUM_INTERVAL: '1s',
  };
  return { deviceId, folder, port, environment };
}

/** As Debian's package configures it, with persistence, and what `tedge connect` writes. */
async function writeMosquittoConf({ folder, environment }: EdgeDevice): Promise<string> {
  const settings = new TedgeSettings(folder, await SettingsFile.load(folder), environment);
  await saveMosquittoFiles(systemRandom, settings);
  const path = join(folder, 'mosquitto.conf');
  const lines = [
    `include_dir ${mosquittoFiles(settings).directory}`,
    'persistence true',
    `persistence_location ${folder}/`,
    'log_dest stderr',
    // Started by root it would become another user, who may not read the key.
    ...(process.getuid?.() === 0 ? ['user root'] : []),
  ];
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

function openAgent(
  name: EdgeAgent['name'],
  { deviceId, folder, port, environment }: EdgeDevice,
  [program = '', ...words]: readonly string[],
): EdgeAgent {
  let child: ChildProcess | undefined;
  // Whoever interrupts a measurement must not leave it behind.
  process.once('exit', () => child?.kill('SIGKILL'));
  return {
    name,
    deviceId,
    port,
    pid: () => child?.pid ?? 0,
    async start() {
      const started = spawn(program, words, {
        cwd: folder,
        env: { ...process.env, PATH: [dirname(process.execPath), process.env.PATH].join(delimiter), ...environment },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      child = started;
      let said = '';
      started.stderr.on('data', (chunk: Buffer) => {
        said = (said + chunk.toString()).slice(-10_000);
      });
      const world = { clock: systemClock, random: systemRandom };
      for (const end = performance.now() + readyMsMax; !(await answersMqtt(world, { host: localAddress, port })); ) {
        if (started.exitCode !== null || performance.now() > end) throw new Error(`${name} did not start. ${said}`);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
    async end(signal) {
      if (!child || child.exitCode !== null || child.signalCode !== null) return;
      const ended = new Promise<void>((resolve) => child?.once('close', () => resolve()));
      child.kill(signal);
      await ended;
    },
  };
}
