import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { dayMs, hourMs, type Instant, plus } from '#base/instant.ts';
import type { Database } from '#storage/database.ts';
import { makeSelfSigned, testNow } from '#test/support/certificates.ts';
import { testDatabases } from '#test/support/databases.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import { authenticateDevice, type DeviceAuthentication } from '#trust/authenticate-device.ts';
import { noRevocation } from '#trust/revocation.ts';
import { formatSasToken } from '#wire/azure/sas-token.ts';
import { LastCredentials } from './last-credentials.ts';

const key = Buffer.alloc(32, 1);
const keys = { primaryKey: key.toString('base64'), secondaryKey: key.toString('base64') };
const hubHostName = 'hub.example';

for (const kind of testDatabases()) {
  describe(`last credentials on ${kind.name}`, () => {
    let database: Database;
    let close: () => Promise<void>;
    let made = 0;
    before(async () => ({ database, close } = await kind.open()));
    after(() => close());

    function open() {
      const platform = testPlatform();
      const credentials = new LastCredentials(platform, database, `hub-${++made}`);
      /** Signs in as the hub's surfaces do, and records it. */
      function signIn(deviceId: string, authentication: DeviceAuthentication, certificates: Buffer[], token?: string) {
        const evidence = { certificates, token };
        const verdict = authenticateDevice({
          device: { deviceId, isEnabled: true, generationId: '1', authentication },
          evidence,
          verifiedAnchors: [],
          uploadedUnverified: [],
          revocation: noRevocation,
          hubHostName,
          policies: [],
          at: platform.clock.now(),
        });
        assert.ok(verdict.accepted, JSON.stringify(verdict));
        credentials.record(verdict.value, evidence);
      }
      const byToken = (deviceId: string, end: Instant) => {
        const token = formatSasToken({ resource: `${hubHostName}/devices/${deviceId}`, key, expirySeconds: end / 1_000 });
        signIn(deviceId, { type: 'sas', keys: { reveal: () => keys } } as DeviceAuthentication, [], token);
      };
      const byLeaf = (deviceId: string, days: number) => {
        const leaf = makeSelfSigned(deviceId, { notAfter: plus(testNow, days * dayMs) });
        const authentication = { type: 'selfSigned', primaryThumbprint: leaf.certificate.sha256Thumbprint } as const;
        const again = () => signIn(deviceId, authentication, [leaf.der]);
        again();
        return { leaf, again };
      };
      const load = async (deviceId: string) => (await credentials.loadMany([deviceId])).get(deviceId);
      return { platform, credentials, byToken, byLeaf, load };
    }

    test('certificates are kept as they came, and a token is not: only its end', async () => {
      const { byLeaf, byToken, load } = open();
      const { leaf } = byLeaf('by-leaf', 10);
      byToken('by-token', plus(testNow, hourMs));
      assert.deepEqual(await load('by-leaf'), {
        certificates: [leaf.der],
        endsAt: leaf.certificate.notAfter,
        renewals: 0,
        seenAt: testNow,
      });
      assert.deepEqual(await load('by-token'), { certificates: [], endsAt: plus(testNow, hourMs), renewals: 0, seenAt: testNow });
      const rows = await database.selectFrom('hub_credential').selectAll().execute();
      assert.ok(!JSON.stringify(rows).includes('SharedAccessSignature'));
      assert.equal(await load('nobody'), undefined);
    });

    test('coming back with the same changes nothing; with a newer one it has renewed, also before the first was written', async () => {
      const { platform, byLeaf, byToken, load } = open();
      const { again } = byLeaf('by-leaf', 10);
      await load('by-leaf');
      platform.clock.advance(hourMs);
      again();
      const same = await load('by-leaf');
      assert.deepEqual([same?.renewals, same?.seenAt], [0, testNow]);
      byLeaf('by-leaf', 20);
      const newer = await load('by-leaf');
      assert.deepEqual([newer?.renewals, newer?.seenAt], [1, plus(testNow, hourMs)]);
      byToken('by-token', plus(testNow, 5 * hourMs));
      byToken('by-token', plus(testNow, 6 * hourMs));
      byToken('by-token', plus(testNow, 7 * hourMs));
      assert.equal((await load('by-token'))?.renewals, 2);
    });

    test('another way to sign in, or an older certificate, begins anew', async () => {
      const { byLeaf, byToken, load } = open();
      byLeaf('d', 10);
      byLeaf('d', 20);
      byLeaf('d', 15);
      assert.equal((await load('d'))?.renewals, 0);
      byToken('d', plus(testNow, hourMs));
      const now = await load('d');
      assert.deepEqual([now?.certificates, now?.renewals], [[], 0]);
    });

    test('what is deleted is forgotten, written or not', async () => {
      const { credentials, byLeaf, load } = open();
      byLeaf('written', 10);
      await credentials.flush();
      byLeaf('unwritten', 10);
      credentials.forget('written');
      credentials.forget('unwritten');
      assert.deepEqual([await load('written'), await load('unwritten')], [undefined, undefined]);
    });

    test('a fleet at once is written whole', async () => {
      const { byToken, credentials } = open();
      const names = Array.from({ length: 200 }, (_, index) => `d${index}`);
      for (const name of names) byToken(name, plus(testNow, hourMs));
      assert.equal((await credentials.loadMany(names)).size, 200);
    });
  });
}
