import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { dayMs, hourMs, plus } from '#base/instant.ts';
import { silentLog } from '#base/log.ts';
import { Problem, type ProblemCode } from '#base/problem.ts';
import { makeExtension } from '#pki/issue.ts';
import { toPem } from '#pki/pem.ts';
import { makeCa, makeLeaf, testNow } from '#test/support/certificates.ts';
import { testDatabases } from '#test/support/databases.ts';
import { type ListRequest, makeRevocationList } from '#test/support/revocation-list.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import { CaCertificates } from './ca-certificates.ts';
import { RevocationLists } from './revocation-lists.ts';

const ca = makeCa({ name: 'Line CA' });
const leaf = makeLeaf({ issuer: ca }).certificate;
const because = (code: ProblemCode, reason: string) => (error: unknown) =>
  error instanceof Problem && error.code === code && error.reason === reason;

for (const { name, open } of testDatabases()) {
  describe(`revocation lists on ${name}`, () => {
    let opened: Awaited<ReturnType<typeof open>>;
    let platform: ReturnType<typeof testPlatform>;
    let lists: RevocationLists;

    async function trust(owner: string, authority: typeof ca, verifiedOnUpload = true): Promise<void> {
      const authorities = new CaCertificates(platform, opened.database, owner, { record() {} });
      await authorities.upload({ certificateId: owner.replace(':', '-'), file: authority.der, by: 'ann', verifiedOnUpload });
    }

    const add = (request: Partial<ListRequest> = {}) => lists.add(makeRevocationList({ issuer: ca, ...request }), { by: 'ann' });

    beforeEach(async () => {
      opened = await open();
      platform = testPlatform();
      platform.clock.setWallClock(testNow);
      lists = await RevocationLists.open(platform, opened.database);
    });
    afterEach(() => opened.close());

    test('a list of a CA that is verified at any hub or provisioning instance is taken, told of, and there after a restart', async () => {
      const told: string[] = [];
      lists.onChange(({ listKey }) => told.push(listKey));
      await trust('dps:main', ca);
      const list = await add({ revoked: [leaf] });
      assert.deepEqual(told, [list.listKey]);
      assert.equal(list.crl.entries.size, 1);
      const again = await RevocationLists.open(platform, opened.database);
      const [kept] = again.list();
      assert.deepEqual([kept?.crl.sha256, kept?.addedBy, kept?.addedAt], [list.crl.sha256, 'ann', testNow]);
      assert.deepEqual(again.evidence().lists.length, 1);
      assert.equal(again.listOf(ca.certificate).length, 1);
      assert.equal(again.listOf(makeCa({ name: 'Line CA' }).certificate).length, 0);
    });

    test('a list in a PEM file is taken, and a file with two of them is not', async () => {
      await trust('hub:main', ca);
      const pem = toPem('X509 CRL', makeRevocationList({ issuer: ca }));
      await lists.add(Buffer.from(pem), { by: 'ann' });
      await assert.rejects(
        lists.add(Buffer.from(pem + pem), { by: 'ann' }),
        because('certificate-invalid', 'certificate-malformed'),
      );
    });

    test('a list of a CA that is not there, or not verified, is refused and nothing is kept', async () => {
      await assert.rejects(add(), because('certificate-invalid', 'issuer-unknown'));
      await trust('hub:main', ca, false);
      await assert.rejects(add(), because('certificate-invalid', 'issuer-unknown'));
      assert.deepEqual(lists.list(), []);
    });

    test('a list that a namesake signed is refused', async () => {
      await trust('hub:main', ca);
      await assert.rejects(add({ signedBy: makeCa({ name: 'Line CA' }) }), because('certificate-invalid', 'signature-invalid'));
    });

    test('an issuer that is given along counts for its own list alone', async () => {
      const other = makeCa({ name: 'Policy CA' });
      const given = { by: 'security service', issuerDer: other.der };
      await lists.add(makeRevocationList({ issuer: other }), given);
      await assert.rejects(
        lists.add(makeRevocationList({ issuer: ca }), given),
        because('certificate-invalid', 'issuer-unknown'),
      );
    });

    test('a list of another CA than the one that was meant is refused', async () => {
      const other = makeCa({ name: 'Other CA' });
      await trust('hub:main', ca);
      await trust('hub:two', other);
      await assert.rejects(
        lists.add(makeRevocationList({ issuer: ca }), { by: 'ann', expected: other.certificate }),
        because('certificate-invalid', 'issuer-unknown'),
      );
    });

    const unusable: readonly [string, Partial<ListRequest>, string][] = [
      ['has ended', { thisUpdate: plus(testNow, -2 * dayMs), nextUpdate: plus(testNow, -1_000) }, 'certificate-expired'],
      ['has not begun', { thisUpdate: plus(testNow, hourMs) }, 'certificate-not-yet-valid'],
      ['has no end', { nextUpdate: 'none' }, 'certificate-malformed'],
      ['is a delta', { extensions: [makeExtension('2.5.29.27', Buffer.of(2, 1, 1), true)] }, 'certificate-malformed'],
      ['has a critical extension', { extensions: [makeExtension('1.2.3', Buffer.of(5, 0), true)] }, 'critical-extension-unknown'],
    ];
    for (const [what, request, reason] of unusable) {
      test(`a list that ${what} is refused: it would lock out every device`, async () => {
        await trust('hub:main', ca);
        await assert.rejects(add(request), because('certificate-invalid', reason));
        assert.deepEqual(lists.list(), []);
      });
    }

    test('a CA whose key usage does not name lists signs none', async () => {
      const mute = makeCa({ name: 'Mute CA', keyUsage: ['keyCertSign'] });
      await trust('hub:main', mute);
      await assert.rejects(add({ issuer: mute }), because('certificate-invalid', 'issuer-usage'));
    });

    test('the newer list takes the place of the older one: by number, and by date where one has none', async () => {
      await trust('hub:main', ca);
      await add({ number: 7 });
      await add({ number: 8, revoked: [leaf], thisUpdate: plus(testNow, -2 * hourMs) });
      assert.equal(lists.list().length, 1);
      await assert.rejects(add({ number: 7, thisUpdate: testNow }), because('conflict', 'list-older'));
      assert.equal(lists.list()[0]?.crl.number, 8n);
      await add({ thisUpdate: plus(testNow, -1_000) });
      await assert.rejects(add({ thisUpdate: plus(testNow, -2_000) }), because('conflict', 'list-older'));
    });

    test('the same list again changes nothing and tells nobody', async () => {
      await trust('hub:main', ca);
      const der = makeRevocationList({ issuer: ca });
      const first = await lists.add(der, { by: 'ann' });
      let told = 0;
      lists.onChange(() => told++);
      assert.equal(await lists.add(der, { by: 'bob' }), first);
      assert.equal(told, 0);
    });

    test('of two lists at once the newer one stays, whichever is last', async () => {
      await trust('hub:main', ca);
      const results = await Promise.allSettled([add({ number: 9 }), add({ number: 8 })]);
      assert.deepEqual(
        results.map(({ status }) => status),
        ['fulfilled', 'rejected'],
      );
      assert.equal(lists.list()[0]?.crl.number, 9n);
    });

    test('the end of a list is logged once, and not that of one that was replaced', async () => {
      const warnings: string[] = [];
      const log = { ...silentLog, warn: (event: string) => warnings.push(event) };
      lists = await RevocationLists.open({ ...platform, log }, opened.database);
      await trust('hub:main', ca);
      await add({ number: 1, nextUpdate: plus(testNow, hourMs) });
      await add({ number: 2, nextUpdate: plus(testNow, 2 * hourMs) });
      const [list] = lists.list();
      assert.ok(list);
      platform.clock.advance(hourMs + 1);
      assert.deepEqual([warnings, lists.hasEnded(list)], [[], false]);
      platform.clock.advance(hourMs);
      assert.deepEqual([warnings, lists.hasEnded(list)], [['revocation-list.ended'], true]);
    });

    test('a list that is forgotten counts no more, and is not found again', async () => {
      await trust('hub:main', ca);
      const { listKey } = await add({ revoked: [leaf] });
      await lists.delete(listKey, 'ann');
      assert.deepEqual(lists.evidence().lists, []);
      await assert.rejects(lists.delete(listKey, 'ann'), because('not-found', undefined as never));
      assert.deepEqual((await RevocationLists.open(platform, opened.database)).list(), []);
    });
  });
}
