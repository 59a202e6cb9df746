import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { dayMs, hourMs, minuteMs, plus } from '#base/instant.ts';
import { Problem } from '#base/problem.ts';
import { Outgoing, type OutgoingAnswer } from '#outgoing/outgoing.ts';
import { makeExtension } from '#pki/issue.ts';
import { makeCa, makeLeaf, testNow } from '#test/support/certificates.ts';
import { testDatabases } from '#test/support/databases.ts';
import { eventually } from '#test/support/eventually.ts';
import { type ListRequest, makeRevocationList } from '#test/support/revocation-list.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import { CaCertificates } from './ca-certificates.ts';
import { RevocationLists } from './revocation-lists.ts';
import { RevocationSources } from './revocation-sources.ts';

const ca = makeCa({ name: 'Line CA' });
const leaf = makeLeaf({ issuer: ca }).certificate;
const url = 'https://ca.example/line.crl?code=1';

for (const { name, open } of testDatabases()) {
  describe(`lists that are fetched, on ${name}`, () => {
    let opened: Awaited<ReturnType<typeof open>>;
    let platform: ReturnType<typeof testPlatform>;
    let lists: RevocationLists;
    let sources: RevocationSources;
    let answer: () => OutgoingAnswer | Promise<OutgoingAnswer>;
    let asked: string[];
    const outgoing = () => {
      const { checkUrl } = new Outgoing({ platform, allowed: [], allowHttp: false });
      const door = new Outgoing({ platform, allowed: [], allowHttp: false });
      return {
        checkUrl: checkUrl.bind(door),
        async get(secret: { reveal(): string }) {
          asked.push(secret.reveal());
          return answer();
        },
      };
    };
    const serve = (request: Partial<ListRequest> = {}) => {
      const body = makeRevocationList({ issuer: ca, thisUpdate: plus(platform.clock.now(), -minuteMs), ...request });
      answer = () => ({ status: 200, body });
    };
    /** What is due by now is asked for, also when it was put off until now only after the clock had moved. */
    const becomes = (condition: () => boolean) =>
      eventually(() => {
        platform.clock.advance(0);
        return condition() || undefined;
      });
    const times = (count: number) => becomes(() => asked.length === count);

    beforeEach(async () => {
      opened = await open();
      platform = testPlatform();
      platform.clock.setWallClock(testNow);
      asked = [];
      lists = await RevocationLists.open(platform, opened.database);
      sources = await RevocationSources.open(platform, opened.database, lists, outgoing());
      const authorities = new CaCertificates(platform, opened.database, 'dps:main', { record() {} });
      await authorities.upload({ certificateId: 'ca', file: ca.der, by: 'ann', verifiedOnUpload: true });
      sources.start();
    });
    afterEach(async () => {
      await sources.stop();
      await opened.close();
    });

    test('a list is fetched at once, every hour, and counts as soon as it is there', async () => {
      serve();
      const source = await sources.follow(ca.certificate, url, 'ann');
      assert.deepEqual([source.askedAt, source.failure], [testNow, undefined]);
      assert.deepEqual(asked, [url]);
      assert.equal(lists.list()[0]?.addedBy, 'ca.example');
      serve({ revoked: [leaf], thisUpdate: testNow });
      platform.clock.advance(hourMs - 1);
      assert.equal(asked.length, 1);
      platform.clock.advance(1);
      await becomes(() => lists.list()[0]?.crl.entries.size === 1);
    });

    test('a list that ends soon is asked for before it does', async () => {
      serve({ nextUpdate: plus(testNow, 10 * minuteMs) });
      await sources.follow(ca.certificate, url, 'ann');
      platform.clock.advance(5 * minuteMs);
      await times(2);
    });

    test('what goes wrong is kept and shown, the old list stays, and it is tried again in five minutes', async () => {
      serve();
      await sources.follow(ca.certificate, url, 'ann');
      const [before] = lists.list();
      answer = () => ({ status: 503, body: Buffer.alloc(0) });
      platform.clock.advance(hourMs);
      await becomes(() => sources.find(ca.certificate.sha256Thumbprint)?.failure !== undefined);
      assert.equal(sources.list()[0]?.failure, 'ca.example answered 503.');
      assert.equal(lists.list()[0], before);
      answer = () => {
        throw new Problem('unavailable', 'ca.example cannot be reached: ECONNREFUSED.');
      };
      platform.clock.advance(5 * minuteMs);
      await becomes(() => sources.list()[0]?.failure?.includes('ECONNREFUSED') === true);
      answer = () => ({ status: 200, body: Buffer.from('<html>') });
      platform.clock.advance(5 * minuteMs);
      await becomes(() => sources.list()[0]?.failure?.includes('revocation list') === true);
      const again = await RevocationSources.open(platform, opened.database, lists, outgoing());
      await eventually(async () => {
        const [row] = await opened.database.selectFrom('revocation_source').selectAll().execute();
        return row?.failure?.includes('revocation list') || undefined;
      });
      assert.equal(again.list()[0]?.url, url);
    });

    describe('from what a certificate says', () => {
      const pointing = (place: string, issuer = ca) =>
        makeLeaf({ issuer, extensions: [makeExtension('2.5.29.31', distributionPoint(place))] }).der;
      const learn = (der: Buffer) => sources.learn(der, ca.certificate.sha256Thumbprint);

      test('the place in a certificate is asked, once, and where somebody said another that one stays', async () => {
        serve();
        await learn(pointing('https://ca.example/from-leaf.crl'));
        await learn(pointing('https://ca.example/other.crl'));
        assert.deepEqual(asked, ['https://ca.example/from-leaf.crl']);
        await sources.follow(ca.certificate, url, 'ann');
        await learn(pointing('https://ca.example/from-leaf.crl'));
        assert.equal(sources.list()[0]?.url, url);
      });

      test('a certificate without a place, with one that may not be called, or of another CA leads nowhere', async () => {
        await learn(makeLeaf({ issuer: ca }).der);
        await learn(pointing('ldap://ca.example/cn=list'));
        await learn(pointing('https://ca.example/x.crl', makeCa({ name: 'Other CA' })));
        assert.deepEqual(asked, []);
        assert.deepEqual(sources.list(), []);
      });

      test('a place that may not be called is logged, and the device is let in all the same', async () => {
        await learn(pointing('http://ca.example/x.crl'));
        assert.deepEqual([asked, sources.list()], [[], []]);
      });
    });

    test('a list of another CA is a failure', async () => {
      const other = makeCa({ name: 'Other CA' });
      answer = () => ({ status: 200, body: makeRevocationList({ issuer: other }) });
      const { failure } = await sources.follow(ca.certificate, url, 'ann');
      assert.match(failure ?? '', /one of another CA/);
    });

    test('a URL that may not be called is refused when it is given', async () => {
      for (const bad of ['http://ca.example/', 'https://ann:secret@ca.example/', 'file:///etc/passwd', 'nothing']) {
        await assert.rejects(sources.follow(ca.certificate, bad, 'ann'), Problem, bad);
      }
      assert.deepEqual(asked, []);
      assert.deepEqual(sources.list(), []);
    });

    test('a CA that is followed no more is not asked again, and its list stays', async () => {
      serve();
      await sources.follow(ca.certificate, url, 'ann');
      await sources.unfollow(ca.certificate.sha256Thumbprint);
      await assert.rejects(sources.unfollow(ca.certificate.sha256Thumbprint), Problem);
      platform.clock.advance(dayMs);
      assert.equal(asked.length, 1);
      assert.equal(lists.list().length, 1);
    });
  });
}

/** CRLDistributionPoints with one full name. */
function distributionPoint(place: string): Buffer {
  const wrap = (tag: number, content: Buffer) => Buffer.concat([Buffer.of(tag, content.length), content]);
  const uri = wrap(0x86, Buffer.from(place));
  return wrap(0x30, wrap(0x30, wrap(0xa0, wrap(0xa0, uri))));
}
