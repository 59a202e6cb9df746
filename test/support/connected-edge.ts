import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '#base/clock.ts';
import { silentLog } from '#base/log.ts';
import { systemRandom } from '#base/random.ts';
import { runTedge } from '#cli/tedge/run-tedge.ts';
import type { CompatBench } from './compat-bench.ts';
import { eventually } from './eventually.ts';
import { ownPort } from './own-place.ts';
import { readRunningLog } from './stored-log.ts';
import { testTerminal } from './test-terminal.ts';

const platform = { clock: systemClock, random: systemRandom, log: silentLog };

/** A thin-edge installation beside a server, with a certificate that the hub does not know yet; its commands run here, what they start is a process. */
export async function openConnectedEdge(t: { after(fn: () => unknown): void }, bench: CompatBench, deviceId: string) {
  const { home } = bench;
  const folder = mkdtempSync(join(home.folder, 'connect-'));
  mkdirSync(join(folder, 'device-certs'));
  const port = ownPort();
  writeFileSync(
    join(folder, 'tedge.toml'),
    `[az]
url = "${home.address}:${home.status.hub.mqttPort}"
root_cert_path = "${home.status.ca}"
[mqtt.bind]
port = ${port}
[mqtt.bridge.reconnect_policy]
initial_interval = "200ms"
maximum_interval = "1s"
`,
  );
  const edge = {
    deviceId,
    folder,
    port,
    bridgeFile: join(folder, 'mosquitto-conf/az-bridge.conf'),
    certificate: join(folder, 'device-certs/tedge-certificate.pem'),
    log: () => readFileSync(join(folder, 'log/tedge-mapper-az.log'), 'utf8'),
    async tedge(...words: string[]) {
      const terminal = testTerminal({
        environment: { TEDGE_CONFIG_DIR: folder },
        workingDirectory: folder,
        program: [process.execPath, join(import.meta.dirname, '../../bin/tedge')],
      });
      const code = await runTedge(words, { terminal, platform });
      return { code, stdout: terminal.output.map((line) => `${line}\n`).join(''), stderr: terminal.errors.join('\n') };
    },
    async thumbprint(...words: string[]): Promise<string> {
      const { stdout } = await edge.tedge('cert', 'show', ...words);
      return /^Thumbprint: ([0-9A-F]{40})$/m.exec(stdout)?.[1] ?? '';
    },
    register: async (primary?: string) => bench.createHubDevice(deviceId, { primary: primary ?? (await edge.thumbprint()) }),
    publish: (body: string) => edge.tedge('mqtt', 'pub', 'az/messages/events/', body),
    /** Waits until so many of its messages, its services' own left out, are in the hub's log. */
    bodies: (count: number) =>
      eventually(async () => {
        const events = await readRunningLog(home);
        const bodies = events.filter((event) => event.deviceId === deviceId).map(({ body }) => body.toString());
        const own = [...new Set(bodies.filter((body) => !body.includes('"pid"')))];
        return own.length >= count ? own : undefined;
      }, 60_000),
  };
  t.after(() => edge.tedge('disconnect', 'az'));
  await edge.tedge('cert', 'create', '--device-id', deviceId);
  return edge;
}
