import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { minuteMs, plus } from '#base/instant.ts';
import { makeCa } from '#test/support/certificates.ts';
import { type CompatBench, type Identity, openCompatBench } from '#test/support/compat-bench.ts';
import { PacketWriter } from '#wire/mqtt/encode.ts';

/*
 * What somebody's TLS is like must not change who is let in. Subject: the hub's MQTT port of a server that runs as
 * people start it. Method: node's tls, openssl s_client and mosquitto_pub, each with five kinds of certificates.
 */

/** By device id: what the hub has to say, and how its device is made. */
const kinds = {
  good: 'accepted',
  intermediate: 'accepted',
  'wrong-ca': 'issuer-unknown',
  expired: 'certificate-expired',
  'other-name': 'common-name-mismatch',
} as const;
type Kind = keyof typeof kinds;

type Way = { readonly hasServerName: boolean; readonly version: '1.2' | '1.3' };
const ways: readonly Way[] = [true, false].flatMap((hasServerName) =>
  (['1.2', '1.3'] as const).map((version) => ({ hasServerName, version })),
);

const deadlineMs = 20_000;

describe('judged alike', () => {
  let bench: CompatBench;
  let stranger: ReturnType<typeof makeCa>;
  before(async () => {
    bench = await openCompatBench();
    await bench.trustAtHub('factory', bench.root);
    stranger = makeCa({ name: 'Stranger', ...bench.dates });
  });
  after(() => bench.close());

  /** A device of its own for each test, so that its refusals are those of this test. */
  async function makeDevice(kind: Kind, client: string): Promise<{ deviceId: string; identity: Identity }> {
    const deviceId = `${kind}-${client}`;
    await bench.createHubDevice(deviceId, 'ca');
    const identities: Record<Kind, () => Identity> = {
      good: () => bench.leafOf(deviceId, { issuer: bench.root }, []),
      intermediate: () => bench.leafOf(deviceId),
      'wrong-ca': () => bench.leafOf(deviceId, { issuer: stranger }, [stranger]),
      expired: () => bench.leafOf(deviceId, { notAfter: plus(bench.now, -minuteMs) }),
      'other-name': () => bench.leafOf('somebody-else'),
    };
    return { deviceId, identity: identities[kind]() };
  }

  /** All attempts ended with the code that fits, and whoever was refused was so for this one reason. */
  async function check(kind: Kind, deviceId: string, codes: readonly number[]): Promise<void> {
    const expected = kinds[kind];
    assert.deepEqual(new Set(codes), new Set([expected === 'accepted' ? 0 : 5]), `${kind}: ${codes}`);
    const refusals = await bench.refusals(deviceId);
    const times = refusals.reduce((sum, refusal) => sum + refusal.times, 0);
    assert.deepEqual([...new Set(refusals.map(({ reason }) => reason))], expected === 'accepted' ? [] : [expected]);
    assert.equal(times, expected === 'accepted' ? 0 : codes.length);
  }

  for (const kind of Object.keys(kinds) as Kind[]) {
    test(`sphere 58, 59, hub 11: node’s tls with SNI and without, by TLS 1.2 and 1.3, fresh and with a session: ${kind} is ${kinds[kind]}`, async () => {
      const { deviceId, identity } = await makeDevice(kind, 'node');
      const codes: number[] = [];
      for (const { hasServerName, version } of ways) {
        const protocol = `TLSv${version}` as const;
        let session: Buffer | undefined;
        for (const attempt of ['fresh', 'with the session', 'again']) {
          const tls = {
            minVersion: protocol,
            maxVersion: protocol,
            ...(hasServerName && { servername: 'localhost' }),
            ...(session && { session }),
          };
          const device = await bench.dialHub(identity, deviceId, { tls });
          const socket = device.socket as TLSSocket;
          assert.equal(socket.getProtocol(), protocol, attempt);
          codes.push(device.code);
          session = socket.getSession() ?? session;
          device.disconnect();
          await device.closed();
        }
      }
      assert.equal(codes.length, 12);
      await check(kind, deviceId, codes);
    });

    test(`sphere 58, 59, hub 11: openssl s_client likewise: ${kind} is ${kinds[kind]}`, async (t) => {
      const { deviceId, identity } = await makeDevice(kind, 'openssl');
      const files = writeIdentity(identity);
      const codes: number[] = [];
      for (const { hasServerName, version } of ways) {
        const { home } = bench;
        const session = join(files.folder, `session-${hasServerName}-${version}`);
        for (const attempt of [0, 1]) {
          const words = [
            ...['s_client', '-quiet', '-connect', `${home.address}:${home.status.hub.mqttPort}`],
            ...[
              '-CAfile',
              home.status.ca,
              '-verify_return_error',
              '-cert',
              files.leaf,
              '-key',
              files.key,
              '-cert_chain',
              files.chain,
            ],
            ...(hasServerName ? ['-servername', 'localhost'] : ['-noservername']),
            version === '1.2' ? '-tls1_2' : '-tls1_3',
            ...(attempt === 1 && existsSync(session) ? ['-sess_in', session] : ['-sess_out', session]),
          ];
          codes.push(await connackOf('openssl', words, connectPacket(deviceId), t));
        }
      }
      assert.equal(codes.length, 8);
      await check(kind, deviceId, codes);
    });

    test(`sphere 59: mosquitto_pub by --tls-version 1.2 and 1.3: ${kind} is ${kinds[kind]}`, async () => {
      const { deviceId, identity } = await makeDevice(kind, 'mosquitto');
      const files = writeIdentity(identity);
      const codes: number[] = [];
      for (const version of ['tlsv1.2', 'tlsv1.3']) {
        const { home } = bench;
        const { code, output } = await ended('mosquitto_pub', [
          ...['-h', home.address, '-p', String(home.status.hub.mqttPort), '-V', 'mqttv311', '-q', '1', '--tls-version', version],
          ...['--cafile', home.status.ca, '--cert', files.whole, '--key', files.key, '-i', deviceId],
          ...['-u', userName(deviceId), '-t', `devices/${deviceId}/messages/events/`, '-m', '{"n":1}'],
        ]);
        const refused = /not authori[sz]ed/i.test(output);
        assert.ok(code === 0 || refused, output);
        codes.push(code === 0 ? 0 : 5);
      }
      await check(kind, deviceId, codes);
    });
  }

  const userName = (deviceId: string) => `${bench.home.status.hub.hostName}/${deviceId}/?api-version=2021-04-12`;

  function connectPacket(deviceId: string): Buffer {
    const writer = new PacketWriter();
    writer.connect({ clientId: deviceId, userName: userName(deviceId), keepAliveSeconds: 60, cleanSession: true });
    return writer.take() ?? Buffer.alloc(0);
  }

  function writeIdentity({ leaf, cert, key }: Identity) {
    const folder = mkdtempSync(join(bench.home.folder, 'client-'));
    const write = (name: string, text: string) => {
      const path = join(folder, name);
      writeFileSync(path, text, { mode: 0o600 });
      return path;
    };
    return {
      folder,
      leaf: write('leaf.pem', leaf.pem),
      chain: write('chain.pem', cert),
      whole: write('whole.pem', cert),
      key: write('key.pem', key),
    };
  }
});

/** Sends the packet through a program and reads the code of the CONNACK that it prints. */
async function connackOf(
  program: string,
  words: readonly string[],
  packet: Buffer,
  t: { after(fn: () => void): void },
): Promise<number> {
  const child = spawn(program, words, { stdio: ['pipe', 'pipe', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const timer = setTimeout(() => reject(new Error(`${program} printed no CONNACK\n${errors}`)), deadlineMs);
  let output = Buffer.alloc(0);
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  child.stdout.on('data', (chunk: Buffer) => {
    output = Buffer.concat([output, chunk]);
    if (output.length >= 4) resolve(output[3] ?? -1);
  });
  child.stdin.on('error', () => {});
  child.once('error', reject);
  child.once('exit', (code) => reject(new Error(`${program} ended with ${code}\n${errors}`)));
  child.stdin.write(packet);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    child.kill('SIGKILL');
  }
}

function ended(program: string, words: readonly string[]): Promise<{ code: number | null; output: string }> {
  const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'], timeout: deadlineMs });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
  });
}
