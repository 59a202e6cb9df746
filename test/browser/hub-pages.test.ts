import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Locator } from 'playwright-core';
import { systemClock } from '#base/clock.ts';
import { dayMs, hourMs, plus } from '#base/instant.ts';
import { makeCa, makeOriginalProof } from '#test/support/certificates.ts';
import { eventually } from '#test/support/eventually.ts';
import { type Browser, signIn, withBrowser } from '#test/support/open-browser.ts';
import { type RunningHomeport, startHomeport } from '#test/support/start-homeport.ts';

describe('the pages of one hub', () => {
  let home: RunningHomeport;
  let browser: Browser;
  let close: () => Promise<void>;
  before(async () => ({ home, browser, close } = await withBrowser(startHomeport(['--demo']))));
  after(() => close?.());

  test('its overview counts devices, draws how many events come, and shows keys only to who asks', async () => {
    const { page, complaints, requests } = await browser.open();
    await signIn(home, page);
    await page.getByRole('link', { name: 'IoT hubs' }).click();
    await page.getByRole('link', { name: 'main', exact: true }).click();
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    await page.getByText('Takes messages', { exact: true }).waitFor();
    // The demonstration's device sends all the time.
    await page.getByRole('img', { name: /^Chart\. Events a second: \d+ values?/ }).waitFor();
    const { connectionStrings = {} } = JSON.parse(await home.ok('homeport', ['status', '--json', '--secrets'])).hub;
    const owner: string = connectionStrings.iothubowner;
    assert.ok(!(await page.content()).includes(owner));
    await page.getByRole('button', { name: 'Show keys and connection strings' }).click();
    await page.getByText(owner, { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Hide keys' }).click();
    await page.getByText(owner, { exact: true }).waitFor({ state: 'detached' });
    assert.deepEqual(complaints, []);
    const origin = new URL(home.status.central.url).origin;
    assert.deepEqual(
      requests.filter((url) => new URL(url).origin !== origin),
      [],
    );
  });

  test('each access policy says what it allows, and a key that is copied is the whole key', async () => {
    const { page, context } = await browser.open();
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await signIn(home, page);
    await page.getByRole('link', { name: 'Access policies' }).click();
    const card = page.getByRole('region', { name: 'service', exact: true });
    await card.getByText('Service connect', { exact: true }).waitFor();
    await card.getByRole('button', { name: 'Show keys and connection strings' }).click();
    await card.getByRole('button', { name: 'Copy primary connection string', exact: true }).click();
    const { connectionStrings } = JSON.parse(await home.ok('homeport', ['status', '--json', '--secrets'])).hub;
    await eventually(
      async () => (await page.evaluate('navigator.clipboard.readText()')) === connectionStrings.service || undefined,
    );
  });

  test('a consumer group is made, refused twice, and deleted; the hub stays on the way from page to page', async () => {
    await home.ok('homeport', ['hub', 'create', 'plant-2']);
    const { page } = await browser.open();
    await signIn(home, page);
    await page.goto(new URL('/hub/overview?hub=plant-2', home.status.central.url).href);
    await page.getByRole('link', { name: 'Consumer groups' }).first().click();
    await page.waitForURL(/\/hub\/consumer-groups\?hub=plant-2$/);
    const open = () => page.getByRole('button', { name: '+ Create' }).click();
    const dialog = page.getByRole('dialog', { name: 'Create a consumer group' });
    await open();
    await dialog.getByRole('button', { name: 'Create' }).click();
    await dialog.getByText('Enter a name.').waitFor();
    await dialog.getByLabel('Name').fill('dashboards');
    await dialog.getByRole('button', { name: 'Create' }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.getByRole('row', { name: /dashboards/ }).waitFor();
    await open();
    await dialog.getByLabel('Name').fill('Dashboards');
    await dialog.getByRole('button', { name: 'Create' }).click();
    await dialog.getByText('There is a consumer group Dashboards already.').waitFor();
    assert.equal(await dialog.getByLabel('Name').inputValue(), 'Dashboards');
    await page.keyboard.press('Escape');
    assert.equal(await page.getByRole('button', { name: 'Delete $Default' }).count(), 0);
    await page.getByRole('button', { name: 'Delete dashboards' }).click();
    await page.getByRole('button', { name: 'Delete group' }).click();
    await page.getByRole('row', { name: /dashboards/ }).waitFor({ state: 'detached' });
  });

  test('a CA certificate is added under a name, its possession is proven with a code, and it is deleted', async () => {
    const now = systemClock.now();
    const dates = { notBefore: plus(now, -hourMs), notAfter: plus(now, dayMs) };
    const ca = makeCa({ name: 'Factory CA', ...dates });
    const { page } = await browser.open();
    await signIn(home, page);
    await page.goto(new URL('/hub/certificates', home.status.central.url).href);
    await page.getByText('No CA certificate yet').waitFor();
    await page.getByRole('button', { name: '+ Add' }).click();
    const dialog = page.getByRole('dialog', { name: 'Add a CA certificate' });
    const choose = async (button: Locator, name: string, pem: string) => {
      const chooser = page.waitForEvent('filechooser');
      await button.click();
      await (await chooser).setFiles({ name, mimeType: 'application/x-pem-file', buffer: Buffer.from(pem) });
    };
    const file = dialog.getByRole('button', { name: 'Choose file' });
    await choose(file, 'ca.pem', ca.pem);
    await dialog.getByText('Enter a name.').waitFor();
    await dialog.getByLabel('Name').fill('factory');
    await choose(file, 'ca.pem', ca.pem);
    await dialog.waitFor({ state: 'detached' });
    const card = page.getByRole('region', { name: 'factory', exact: true });
    await card.getByText('Needs verification').waitFor();
    await card.getByRole('button', { name: 'Generate verification code' }).click();
    const code = await eventually(
      async () => (await card.getByRole('textbox', { name: 'Verification code' }).inputValue()) || undefined,
    );
    const verify = card.getByRole('button', { name: 'Verify' });
    await choose(verify, 'wrong.pem', makeOriginalProof(ca, 'A'.repeat(48), dates).pem);
    await card.getByText('The proof was refused').waitFor();
    await choose(verify, 'proof.pem', makeOriginalProof(ca, code, dates).pem);
    await card.getByText('Verified', { exact: true }).waitFor();
    assert.match(await home.ok('homeport', ['hub', 'certificate', 'list']), /factory/);
    await card.getByRole('button', { name: 'Delete factory' }).click();
    await page.getByRole('button', { name: 'Delete certificate' }).click();
    await card.waitFor({ state: 'detached' });
  });
});
