import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { systemClock } from '#base/clock.ts';
import { dayMs, hourMs, plus } from '#base/instant.ts';
import { MovableClock } from '#base/movable-clock.ts';
import { makeCa, type TestCertificate } from '#test/support/certificates.ts';
import { openConnectProxy } from '#test/support/connect-proxy.ts';
import type { EdgeHere } from '#test/support/edge-here.ts';
import { eventually } from '#test/support/eventually.ts';
import { mosquittoSub } from '#test/support/local-clients.ts';
import {
  arrived,
  bridgeHealthTopic,
  groupKey,
  numbered,
  openRegistrationBench,
  publish,
  type RegistrationBench,
  replaceIdentity,
} from '#test/support/registration-bench.ts';

const weeks = 21 * dayMs;

/**
 * Goal: a device comes back by itself, with all that was published meanwhile, after weeks without its hub, with a clock that starts in 1970,
 * and when the CAs on either side were replaced. Where only a person can help, it says what is to be done.
 * Method: the agent in this process on a clock that is moved, a real server for development whose clock is moved likewise, and a proxy
 * between the two that is the network.
 */
describe('a thin-edge device that was away, or knows no time', () => {
  let bench: RegistrationBench;
  before(async () => {
    bench = await openRegistrationBench();
  });
  after(() => bench?.close());

  for (const kind of ['key', 'certificate'] as const) {
    test(`a clock that starts in 1970, with a ${kind}, and again after a restart`, async (t) => {
      const name = `epoch-${kind}`;
      const edge = bench.place(
        t,
        name,
        kind === 'certificate' ? bench.leafOf(name) : undefined,
        kind === 'key' ? { TEDGE_AZ_DPS_GROUP_KEY_PATH: bench.keyFile(name, groupKey) } : {},
        clockThatIs(-systemClock.now()),
      );
      for (const n of [1, 2]) {
        await edge.start();
        await edge.connected();
        await publish(edge, `{"n":${n}}`);
        if (kind === 'key') assert.match(edge.log(), /"event":"time\.told"/);
        await edge.stop();
      }
      await arrived(edge, ['{"n":1}', '{"n":2}']);
    });
  }

  test('with the service away, messages wait; it is asked again and again, and they arrive when it is back', async (t) => {
    const edge = bench.place(t, 'reg-away', undefined, { TEDGE_AZ_DPS_GROUP_KEY_PATH: bench.keyFile('away', groupKey) });
    await bench.home.stop();
    await edge.start();
    const errors = await mosquittoSub(t, edge.port, ['-q', '1', '-t', 'te/errors']);
    const bodies = numbered(20);
    await publish(edge, ...bodies);
    await edge.says(/"event":"bridge\.connect-failed".*ECONNREFUSED|ECONNREFUSED.*"event":"bridge\.connect-failed"/);
    await bench.home.restart();
    await arrived(edge, bodies);
    assert.deepEqual(errors.lines, [], 'nobody has to do anything about a service that is away');
  });
});

test('three weeks without a network, through the end of its certificate and of the CA above it', async (t) => {
  const bench = await openRegistrationBench(['--development']);
  t.after(() => bench.close());
  const now = systemClock.now();
  const rootFor = (name: string, lifeMs: number) => makeCa({ name, notBefore: plus(now, -hourMs), notAfter: plus(now, lifeMs) });
  const [oldRoot, newRoot] = [rootFor('Plant Root 1', 9 * dayMs), rootFor('Plant Root 2', 3_650 * dayMs)];
  /** A device's certificate that begins at `from` and lasts for `lifeMs`, below `issuer`. */
  const below = (issuer: TestCertificate, from: number, lifeMs: number) =>
    bench.leafOf('away', { issuer, notBefore: plus(now, from - hourMs), notAfter: plus(now, from + lifeMs) }, []);
  await bench.enroll('plant', oldRoot);
  await enrollSecond(bench, 'plant', newRoot);
  const proxy = await openConnectProxy(t, 'plant', 'let me out');
  const clock = clockThatIs(0);
  const settings = {
    TEDGE_PROXY_ADDRESS: `127.0.0.1:${proxy.port}`,
    TEDGE_PROXY_USERNAME: 'plant',
    TEDGE_PROXY_PASSWORD: 'let me out',
  };
  const edge = bench.place(t, 'away', below(oldRoot, 0, 8 * dayMs), settings, clock);
  await edge.start();
  await edge.connected();
  proxy.cut();
  const health = await healthOf(t, edge);
  const bodies = numbered(40);
  await publish(edge, ...bodies.slice(0, 20));
  await clock.moveTo(plus(clock.now(), weeks));
  await publish(edge, ...bodies.slice(20));
  await bench.home.ok('homeport', ['clock', 'advance', '21d']);
  await health(({ status, certificate }) => status === 'down' && certificate?.status === 'expired');
  proxy.mend();
  await edge.says(/refuses away, whose certificate ended at .*Let its CA sign the request of 'tedge cert create-csr'/);
  replaceIdentity(edge, below(newRoot, weeks, 90 * dayMs));
  await arrived(edge, bodies);
  await health(({ status, certificate }) => status === 'up' && certificate === undefined);
});

test('the CA of the hub was replaced: it is told whom to trust by a file, and goes on without a restart', async (t) => {
  const bench = await openRegistrationBench();
  t.after(() => bench.close());
  const roots = join(bench.home.folder, 'roots');
  mkdirSync(roots);
  copyFileSync(bench.home.status.ca, join(roots, 'old.pem'));
  const edge = bench.place(t, 'rolled', bench.leafOf('rolled'), { TEDGE_AZ_ROOT_CERT_PATH: roots });
  await edge.start();
  await edge.connected();
  await bench.home.stop();
  for (const name of ['homeport-ca.key', 'homeport-ca.pem', 'server-rsa.pem', 'server-ec.pem']) {
    rmSync(join(bench.home.data, 'ca', name));
  }
  await bench.home.restart();
  const health = await healthOf(t, edge);
  const bodies = numbered(20);
  await publish(edge, ...bodies);
  const refused = /The certificate of [\d.]+ is refused: .*What is trusted for .* lies in .*roots \(az\.root_cert_path\)/;
  await edge.says(refused);
  await health(({ reason = '' }) => refused.test(reason));
  copyFileSync(bench.home.status.ca, join(roots, 'new.pem'));
  await arrived(edge, bodies);
});

/** Into the slot for the CA that follows. */
async function enrollSecond({ central, proofOf }: RegistrationBench, groupId: string, root: TestCertificate): Promise<void> {
  const slot = `/api/enrollmentGroups/${groupId}/certificates/secondary`;
  await central.ok('PUT', slot, { certificate: root.der.toString('base64') });
  const { verificationCode } = await central.ok('POST', `${slot}/generateVerificationCode`);
  const proof = proofOf(root, String(verificationCode));
  await central.ok('POST', `${slot}/verify`, { certificate: proof.der.toString('base64') });
}

const clockThatIs = (offsetMs: number) => new MovableClock(systemClock, { offsetMs, keep: async () => {} });

/** The next that the bridge's health says of which `isIt` holds, from what is retained on. */
async function healthOf(t: TestContext, edge: EdgeHere) {
  const { lines } = await mosquittoSub(t, edge.port, ['-q', '1', '-t', bridgeHealthTopic]);
  let from = 0;
  return (isIt: (health: { status: string; reason?: string; certificate?: { status: string } }) => boolean) =>
    eventually(() => {
      const found = lines.findIndex((line, index) => index >= from && isIt(JSON.parse(line)));
      if (found < 0) return undefined;
      from = found + 1;
      return JSON.parse(lines[found] ?? '');
    }, 60_000);
}
