import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { eventually } from '#test/support/eventually.ts';
import { typedFromGuide } from '#test/support/guide.ts';
import { meetThermometer } from '#test/support/meet-thermometer.ts';
import { type Browser, chooseFile, signIn, withBrowser } from '#test/support/open-browser.ts';
import { type RunningHomeport, startHomeport } from '#test/support/start-homeport.ts';

describe('the newer tutorial', () => {
  let home: RunningHomeport;
  let browser: Browser;
  let close: () => Promise<void>;
  before(async () => ({ home, browser, close } = await withBrowser(startHomeport())));
  after(() => close?.());

  test('sphere 36, 42, 87, 97 and central 9, 12, 15, 16, 23, 44, 46: the newer walk, from azsphere login to the answer of a command', async (t) => {
    const { page, complaints } = await browser.open();
    await typedFromGuide(home, 'azsphere login');
    await typedFromGuide(home, 'azsphere ca-certificate download --destination CAcertificate.cer');

    await signIn(home, page);
    // The reader presses the three-line button first, whether the pane is open or not; names are there either way.
    await page.getByRole('button', { name: 'Toggle navigation' }).click();
    await page.getByRole('link', { name: 'Administration' }).click();
    await page.getByRole('link', { name: 'Device connection', exact: true }).click();
    await page.getByRole('link', { name: '+ New' }).click();
    await page.getByRole('textbox', { name: 'Name' }).fill('Azure Sphere');
    assert.ok(await page.getByRole('radio', { name: 'IoT devices' }).isChecked());
    await page.getByRole('radio', { name: 'IoT devices' }).check();
    await page.getByRole('radio', { name: 'Certificates (X.509)' }).check();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('heading', { level: 1, name: 'Azure Sphere' }).waitFor();
    await page.getByRole('button', { name: '+ Manage secondary' }).waitFor();
    await page.getByRole('button', { name: '+ Manage primary' }).click();

    const dialog = page.getByRole('dialog', { name: 'Primary Certificate' });
    await chooseFile(page, join(home.folder, 'CAcertificate.cer'), () =>
      dialog.getByRole('button', { name: 'Add certificate' }).click(),
    );
    await dialog.getByText('Needs verification').waitFor();
    await dialog.getByRole('button', { name: 'Generate verification code' }).click();
    const box = dialog.getByRole('textbox', { name: 'Verification code' });
    const code = await eventually(async () => (await box.inputValue()) || undefined);
    assert.equal(await box.isEditable(), false);
    await typedFromGuide(
      home,
      'azsphere ca-certificate download-proof --destination ValidationCertification.cer --verification-code CODE',
      code,
    );
    await chooseFile(page, join(home.folder, 'ValidationCertification.cer'), () =>
      dialog.getByRole('button', { name: 'Verify', exact: true }).click(),
    );
    await dialog.getByText('Verified', { exact: true }).waitFor();
    await dialog.getByRole('button', { name: 'Close', exact: true }).click();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('status').getByText('Saved').waitFor();
    await page.getByRole('group', { name: 'Primary' }).getByText('Verified', { exact: true }).waitFor();
    await page.goto(new URL('/permissions/device-connection-groups', home.status.central.url).href);
    await page.getByRole('row', { name: /Azure Sphere.*Verified/ }).waitFor();

    await meetThermometer(t, home, page);
    assert.deepEqual(
      complaints.filter((text) => !/401.*\/api\/ui\/session\)$/.test(text)),
      [],
    );
  });
});
