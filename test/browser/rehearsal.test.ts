import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { systemClock } from '#base/clock.ts';
import { dayMs, hourMs, plus } from '#base/instant.ts';
import { makeSelfSigned } from '#test/support/certificates.ts';
import { type Browser, openBrowser, signIn } from '#test/support/open-browser.ts';
import { type RunningHomeport, startHomeport } from '#test/support/start-homeport.ts';
import { connectTestDevice } from '#test/support/test-device.ts';

describe('a server for development in the browser', () => {
  let home: RunningHomeport;
  let browser: Browser;
  before(async () => {
    home = await startHomeport(['--development']);
    browser = await openBrowser();
    for (const [deviceId, days] of [
      ['pump-1', 12],
      ['pump-2', 20],
      ['pump-3', 200],
    ] as const) {
      const now = systemClock.now();
      const identity = makeSelfSigned(deviceId, { notBefore: plus(now, -hourMs), notAfter: plus(now, days * dayMs) });
      const thumbprint = identity.certificate.sha256Thumbprint;
      const words = ['--auth-method', 'x509_thumbprint', '--primary-thumbprint', thumbprint];
      await home.ok('homeport', ['hub', 'device', 'create', '-d', deviceId, ...words]);
      (await connectTestDevice(home, deviceId, identity)).disconnect();
    }
  });
  after(async () => {
    await browser?.close();
    await home?.close();
  });

  test('a person sees which devices will drop, when, why and what mends it; and once the clock is moved, what it shows, on every page', async () => {
    const { page, complaints } = await browser.open();
    await signIn(home, page);
    await page.getByRole('link', { name: 'Administration' }).click();
    await page.getByRole('link', { name: 'Rehearsal' }).click();
    await page.getByRole('row', { name: /pump-1.*certificate-expired.*Renew the certificate/ }).waitFor();
    const names = await page.getByRole('table', { name: 'Devices that drop' }).getByRole('link').allTextContents();
    assert.deepEqual(names, ['pump-1', 'pump-2'], 'in the order in which they drop');
    assert.equal(await page.getByRole('img', { name: /^Let in until .*, then no more$/ }).count(), 2);
    await page.getByRole('combobox', { name: 'Look ahead' }).click();
    await page.getByRole('option', { name: '1 year' }).click();
    await page.getByRole('row', { name: /pump-3/ }).waitFor();
    assert.match(page.url(), /\/administration\/rehearsal\?ahead=1y$/);
    await page.reload();
    await page.getByRole('link', { name: 'pump-3' }).click();
    await page.getByRole('heading', { level: 1, name: 'pump-3' }).waitFor();
    assert.deepEqual([...complaints], []);

    // Every page says what the clock shows while it is moved, and the rehearsal begins there.
    const bar = page.getByRole('region', { name: 'Development server' });
    await bar.getByText('shows real time and can be moved').waitFor();
    await home.ok('homeport', ['clock', 'advance', '15d']);
    // The session of the first day has ended on the way.
    await page.getByRole('heading', { level: 1, name: /sign in/i }).waitFor();
    await signIn(home, page);
    for (const path of ['/devices', '/permissions', '/hub', '/refusals', '/administration/rehearsal', '/nowhere']) {
      await page.goto(new URL(path, home.status.central.url).href);
      await bar.getByText('15 days ahead of real time').waitFor();
    }
    await page.goto(new URL('/administration/rehearsal', home.status.central.url).href);
    await page.getByRole('row', { name: /pump-2/ }).waitFor();
    await page.getByText('Let in no more already').waitFor();
    assert.equal(await page.getByRole('row', { name: /pump-1/ }).count(), 0, 'it has dropped already');
    assert.deepEqual(
      complaints.filter((text) => !text.includes('401')),
      [],
    );
  });
});
