import assert from 'node:assert/strict';
import { after, before, describe, type TestContext, test } from 'node:test';
import { exportPrivateKeyPem } from '#pki/key.ts';
import { inspectHeap, type MemoryUsage } from '#test/support/inspected-heap.ts';
import { type RunningHomeport, startHomeport } from '#test/support/start-homeport.ts';
import { createKeyDevice, createTestDevice, openTestDevice } from '#test/support/test-device.ts';
import { quiet } from '../../tools/bench/processes.ts';
import { MutationRun, type Target } from './mutation-run.ts';
import { hubName, laneDevices, type Protocol, sessionKey, sessionsOf } from './sessions.ts';

const isFullSize = process.env.HOMEPORT_FULL_SIZE === '1';
const full = 200_000;
/** Half of them packets of MQTT, half frames of AMQP. */
const count = isFullSize ? full : 2_000;
const seed = process.env.HOMEPORT_SEED ?? 'mutations';
/** `mqtt/17`: that case alone. */
const only = process.env.HOMEPORT_CASE;
const lanes = 12;
const inspectorPort = 9_471;
/** What counts as the same. What a server of any age holds beside that (compiled code, the database's pages) is there after the first share. */
const growthMax = 0.05;
const warmUpShare = isFullSize ? 0.25 : 0.5;

/**
 * Goal: whatever a device's packets turn into on the way, the server goes on, with the memory that it had.
 * Method: mutated packets of recorded conversations at the ports of a server in a process of its own, and its memory after
 * a first share of them and after all.
 */
describe('mutated packets and frames', () => {
  let home: RunningHomeport;
  let target: Target;
  before(async () => {
    home = await startHomeport(['--host-name', hubName], {
      HOMEPORT_LOG__LEVEL: 'warn',
      NODE_OPTIONS: `--inspect-port=127.0.0.1:${inspectorPort}`,
    });
    const identities = new Map<string, { cert: string; key: string }>();
    for (let lane = 0; lane < lanes; lane++) {
      const { certificate, token } = laneDevices(lane);
      const { pem, privateKey } = await createTestDevice(home, certificate);
      identities.set(certificate, { cert: pem, key: exportPrivateKeyPem(privateKey) });
      await createKeyDevice(home, token, sessionKey);
    }
    const { mqttPort: mqtt, amqpPort: amqp } = home.status.hub;
    target = { address: home.address, ca: home.ca, ports: { mqtt, amqp }, identities };
  });
  after(() => home?.close());

  /** Every line that the server wrote but those of its inspector. */
  const complaints = () =>
    home
      .log()
      .split('\n')
      .filter((line) => line !== '' && !/^(?:Debugger |For help, see)/.test(line));

  function check(t: TestContext, run: MutationRun): void {
    const again = (name: string) => `HOMEPORT_SEED=${seed} HOMEPORT_CASE=${name} npm test -- test/fuzz/mutations.test.ts`;
    for (const { name, sent, error } of run.stuck)
      t.diagnostic(`${error} ${again(name.split(':')[0] ?? '')} sent ${sent.join(' ')}`);
    assert.deepEqual(run.stuck, []);
    assert.deepEqual(complaints(), [], 'what the server complained of');
  }

  test(`${only ?? count} of them leave no fault, and no memory behind`, async (t) => {
    t.diagnostic(`scale: ${count} mutated packets and frames in ${lanes} lanes, seed ${seed}`);
    if (!isFullSize) t.diagnostic(`npm run prove -- mutations: ${full}`);
    const run = new MutationRun({ target, seed, lanes: Array.from({ length: lanes }, (_, lane) => sessionsOf(lane)) });
    if (only !== undefined) {
      const [protocol, number] = only.split('/');
      await run.run(protocol as Protocol, Number(number));
      return check(t, run);
    }
    const inspected = await inspectHeap(home.status.pid, '127.0.0.1', inspectorPort);
    // A server whose inspector is open waits for it before it ends.
    t.after(() => inspected.close());
    const settled = async (what: string): Promise<MemoryUsage> => {
      await quiet(home.status.pid);
      const usage = await inspected.usage();
      t.diagnostic(`${what}: ${describeUsage(usage)}`);
      return usage;
    };
    // The log keeps its newest part in memory: it is to be full before anything is compared.
    const filler = await openTestDevice(home, 'filler');
    for (let i = 0; i < 24; i++) assert.ok(await filler.send(Buffer.alloc(200 * 1024, 'x')));
    filler.disconnect();
    await settled('at first');
    await run.until((count * warmUpShare) / 2);
    check(t, run);
    const before = await settled(`after ${run.mutated.mqtt + run.mutated.amqp}`);
    await run.until(count / 2);
    check(t, run);
    const then = await settled(`after ${run.mutated.mqtt + run.mutated.amqp}`);
    t.diagnostic(
      `${run.mutated.mqtt} packets of MQTT on ${run.connections.mqtt} connections and ${run.mutated.amqp} frames of AMQP on ${run.connections.amqp}; ${run.borne} did not end theirs`,
    );
    for (const [name, a, b] of [
      ['heap', before.heapUsed, then.heapUsed],
      ['memory outside the heap', before.external, then.external],
      ['resident memory', before.rss, then.rss],
    ] as const) {
      assert.ok(b < a * (1 + growthMax), `${name} grew from ${inMebibytes(a)} to ${inMebibytes(b)}`);
    }
    const device = await openTestDevice(home, 'afterwards');
    assert.ok(await device.send(Buffer.from('{}')), 'a device that comes afterwards is served');
    device.disconnect();
  });
});

function describeUsage({ heapUsed, external, rss }: MemoryUsage): string {
  return `heap ${inMebibytes(heapUsed)}, outside ${inMebibytes(external)}, resident ${inMebibytes(rss)}`;
}

function inMebibytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
