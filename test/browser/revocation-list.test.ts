import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { dayMs, minuteMs, plus } from '#base/instant.ts';
import { makeCa } from '#test/support/certificates.ts';
import { type CompatBench, openCompatBench } from '#test/support/compat-bench.ts';
import { type Browser, chooseFile, openBrowser, signIn } from '#test/support/open-browser.ts';
import { makeRevocationList } from '#test/support/revocation-list.ts';

describe('the revocation list in the certificate dialog', () => {
  let bench: CompatBench;
  let browser: Browser;
  before(async () => {
    bench = await openCompatBench();
    browser = await openBrowser();
  });
  after(async () => {
    await browser?.close();
    await bench?.close();
  });

  test('a person uploads the list of a verified CA, sees what it says, and is told why another is not taken', async () => {
    const { page, complaints } = await browser.open();
    const dates = { thisUpdate: plus(bench.now, -minuteMs), nextUpdate: plus(bench.now, dayMs) };
    const file = (name: string, bytes: Buffer) => {
      const path = join(bench.home.folder, name);
      writeFileSync(path, bytes);
      return path;
    };
    const revoked = [bench.leafOf('lost-1', { issuer: bench.root }, []).leaf.certificate];
    const good = file('factory.crl', makeRevocationList({ issuer: bench.root, revoked, ...dates }));
    const other = file('other.crl', makeRevocationList({ issuer: makeCa({ name: 'Other' }), ...dates }));

    await signIn(bench.home, page);
    await page.goto(new URL('/permissions/device-connection-groups/factory', page.url()).href);
    await page.getByRole('button', { name: 'Manage primary certificate' }).click();
    const section = page.getByRole('dialog', { name: 'Primary Certificate' }).getByRole('region', { name: 'Revocation list' });
    await section.getByText(/^None\. Devices whose certificates stand on the list/).waitFor();
    const button = section.getByRole('button', { name: 'Upload revocation list' });
    await chooseFile(page, other, () => button.click());
    await section.getByText(/one of another CA, not of CN=Factory Root/).waitFor();
    await chooseFile(page, good, () => button.click());
    await section.getByText('Revoked certificates').waitFor();
    assert.match((await section.textContent()) ?? '', /Revoked certificates1Issued.+Next list.+From\S/);
    assert.equal(await section.getByRole('alert').count(), 0);
    assert.deepEqual(
      complaints.filter((line) => !line.includes('400')),
      [],
    );
  });
});
