import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { systemClock } from '#base/clock.ts';
import { dayMs, hourMs, minuteMs, plus } from '#base/instant.ts';
import type { JsonObject } from '#base/json.ts';
import { toPem } from '#pki/pem.ts';
import { makeCa, type TestCertificate } from '#test/support/certificates.ts';
import { type CompatBench, openCompatBench } from '#test/support/compat-bench.ts';
import { type ListRequest, makeRevocationList } from '#test/support/revocation-list.ts';
import { listenFor } from '#test/support/sphere-installation.ts';
import { mistyped, typed } from '#test/support/typed.ts';

describe('homeport crl, as it is typed', () => {
  let bench: CompatBench;
  before(async () => {
    bench = await openCompatBench({ HOMEPORT_OUTGOING__ALLOWED: '127.0.0.1', HOMEPORT_OUTGOING__ALLOW_HTTP: 'true' });
  });
  after(() => bench?.close());

  async function trust(name: string): Promise<TestCertificate> {
    const ca = makeCa({ name, ...bench.dates });
    await bench.trustAtHub(name.toLowerCase(), ca);
    return ca;
  }

  const listOf = (issuer: TestCertificate, request: Partial<ListRequest> = {}) => {
    const now = systemClock.now();
    return makeRevocationList({ issuer, thisUpdate: plus(now, -minuteMs), nextUpdate: plus(now, dayMs), ...request });
  };
  const file = (name: string, bytes: Buffer | string) => writeFileSync(join(bench.home.folder, name), bytes);
  const listsOf = async (issuer: string) =>
    (JSON.parse(await typed(bench.home, 'homeport crl list --json')) as JsonObject[]).filter((list) => list.issuer === issuer);

  async function refused(line: string, code: number, says: RegExp): Promise<void> {
    const result = await mistyped(bench.home, line);
    const words = result.stderr + result.stdout;
    assert.equal(result.code, code, `${line}\n${words}`);
    assert.match(words, says);
    assert.doesNotMatch(words, /^\s+at |node:internal/m);
  }

  test('a list is uploaded, as DER and as PEM, listed, replaced by the newer one, and forgotten', async () => {
    const ca = await trust('Plant');
    const leaf = bench.leafOf('somebody', { issuer: ca }, []).leaf.certificate;
    file('one.crl', listOf(ca, { number: 1 }));
    file('two.pem', toPem('X509 CRL', listOf(ca, { number: 2, revoked: [leaf] })));
    assert.match(await typed(bench.home, 'homeport crl upload --path one.crl'), /^The list of CN=Plant .* 0 certificates/);
    assert.match(await typed(bench.home, 'homeport crl upload --path two.pem'), /^The list of CN=Plant .* 1 certificate /);
    await refused('homeport crl upload --path one.crl', 6, /older than the present one/);
    const [list] = await listsOf('CN=Plant');
    assert.deepEqual([list?.entries, list?.hasEnded, list?.sha256Thumbprint], [1, false, ca.certificate.sha256Thumbprint]);
    assert.match(await typed(bench.home, `homeport crl delete --id ${String(list?.id)}`), /may come in again/);
    assert.deepEqual(await listsOf('CN=Plant'), []);
    await refused(`homeport crl delete --id ${String(list?.id)}`, 5, /no such revocation list/);
  });

  test('what is no list, of no CA here, or over is refused with what to do', async () => {
    const now = systemClock.now();
    const ca = await trust('Yard');
    file('noise.crl', 'nothing');
    file('strange.crl', listOf(makeCa({ name: 'Nobody', ...bench.dates })));
    file('old.crl', listOf(ca, { thisUpdate: plus(now, -dayMs), nextUpdate: plus(now, -hourMs) }));
    file('large.crl', Buffer.alloc(1.6 * 1024 * 1024));
    await refused('homeport crl upload --path noise.crl', 1, /revocation list is malformed/);
    await refused('homeport crl upload --path strange.crl', 1, /No verified CA has the name .* Upload and verify the CA/);
    await refused('homeport crl upload --path old.crl', 1, /The list ended at .* Give the present one/);
    await refused('homeport crl upload --path large.crl', 1, /at most 1 MiB/);
    await refused('homeport crl upload --path missing.crl', 1, /could not be read/);
    await refused('homeport crl upload', 2, /--path/);
  });

  test('a list is fetched from where its CA puts it, and an attempt that fails is shown', async (t) => {
    const ca = await trust('Mill');
    let isUp = false;
    const server = createServer((_request, response) => {
      if (isUp) response.end(listOf(ca));
      else response.writeHead(404).end();
    });
    const port = await listenFor(t, server, 0);
    const thumbprint = ca.certificate.sha1Thumbprint;
    const follow = `homeport crl follow --ca ${thumbprint} --url http://127.0.0.1:${port}/plant.crl`;
    await refused(follow, 1, /could not be fetched.*\n.*127\.0\.0\.1:\d+ answered 404/);
    assert.match(await typed(bench.home, 'homeport crl list'), /not fetched at .*answered 404/);
    isUp = true;
    assert.match(await typed(bench.home, follow), /Fetched, and every hour from now on/);
    const [list] = await listsOf('CN=Mill');
    assert.deepEqual(
      [list?.url, list?.failure, list?.addedBy],
      [`http://127.0.0.1:${port}/plant.crl`, undefined, `127.0.0.1:${port}`],
    );
    await typed(bench.home, `homeport crl unfollow --ca ${thumbprint}`);
    await refused(`homeport crl unfollow --ca ${thumbprint}`, 5, /No list is fetched/);
    await refused(
      'homeport crl follow --ca ABCD --url https://ca.example/x.crl',
      5,
      /No verified CA certificate has this thumbprint/,
    );
    await refused(`homeport crl follow --ca ${thumbprint} --url ftp://ca.example/x.crl`, 1, /must be one of https/);
  });
});
