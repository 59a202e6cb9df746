import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openCentralClient } from '#test/support/central-client.ts';
import { eventually } from '#test/support/eventually.ts';
import { typedFromGuide } from '#test/support/guide.ts';
import { meetThermometer } from '#test/support/meet-thermometer.ts';
import { type Browser, chooseFile, signIn, withBrowser } from '#test/support/open-browser.ts';
import { type RunningHomeport, startHomeport } from '#test/support/start-homeport.ts';

describe('the older tutorial', () => {
  let home: RunningHomeport;
  let browser: Browser;
  let close: () => Promise<void>;
  before(async () => ({ home, browser, close } = await withBrowser(startHomeport())));
  after(() => close?.());

  test('sphere 36, 42, 87, 97 and central 9, 13, 16, 23, 44, 46: the older walk, from azsphere login to the answer of a command', async (t) => {
    // The tutorial finds the group already there.
    const attestation = { type: 'x509' };
    await (await openCentralClient(home)).ok('PUT', '/api/enrollmentGroups/azure-sphere', {
      displayName: 'Azure Sphere',
      type: 'iot',
      attestation,
    });
    const { page, complaints } = await browser.open();
    await typedFromGuide(home, 'azsphere login');
    await typedFromGuide(home, 'azsphere ca-certificate download --output CAcertificate.cer');

    await signIn(home, page);
    await page.getByRole('link', { name: 'Administration' }).click();
    await page.getByRole('link', { name: 'Device connection', exact: true }).click();
    await page.getByRole('heading', { level: 1, name: 'Device connection groups' }).waitFor();
    assert.equal(new URL(page.url()).pathname, '/permissions/device-connection-groups');
    await page.getByRole('link', { name: 'Azure Sphere', exact: true }).click();

    const folder = page.getByRole('button', { name: 'Choose file for the primary certificate' });
    await chooseFile(page, join(home.folder, 'CAcertificate.cer'), () => folder.click());
    // Ours opened the dialog already; the tutorial presses the gear, which must do no harm.
    await page.getByRole('button', { name: 'Manage primary certificate' }).click();
    const dialog = page.getByRole('dialog', { name: 'Primary Certificate' });
    await dialog.getByText('Needs verification').waitFor();
    const ca = new X509Certificate(readFileSync(join(home.folder, 'CAcertificate.cer')));
    await dialog.getByText(ca.fingerprint.replaceAll(':', ''), { exact: true }).waitFor();
    await dialog
      .getByText(`CN=${/^CN=(.*)$/m.exec(ca.subject)?.[1]}`)
      .first()
      .waitFor();

    await dialog.getByRole('button', { name: 'Refresh' }).click();
    const box = dialog.getByRole('textbox', { name: 'Verification code' });
    const code = await eventually(async () => (await box.inputValue()) || undefined);
    await typedFromGuide(
      home,
      'azsphere ca-certificate download-proof --output ValidationCertification.cer --verificationcode CODE',
      code,
    );
    await chooseFile(page, join(home.folder, 'ValidationCertification.cer'), () =>
      dialog.getByRole('button', { name: 'Verify', exact: true }).click(),
    );
    await dialog.getByText('Verified', { exact: true }).waitFor();
    await dialog.getByRole('button', { name: 'Close', exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
    const row = page.getByRole('group', { name: 'Primary' });
    await row.getByText('Verified', { exact: true }).waitFor();
    await page.reload();
    await row.getByText('Verified', { exact: true }).waitFor();

    await meetThermometer(t, home, page);
    assert.deepEqual(
      complaints.filter((text) => !/401.*\/api\/ui\/session\)$/.test(text)),
      [],
    );
  });
});
