import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { openCentralClient } from '#test/support/central-client.ts';
import { eventually } from '#test/support/eventually.ts';
import { type Browser, clipboardPermissions, readClipboard, signIn, withBrowser } from '#test/support/open-browser.ts';
import { type RunningHomeport, startHomeport } from '#test/support/start-homeport.ts';

describe('the page of the audit log', () => {
  let home: RunningHomeport;
  let browser: Browser;
  let close: () => Promise<void>;
  before(async () => {
    ({ home, browser, close } = await withBrowser(startHomeport()));
    await home.ok('homeport', ['hub', 'device', 'create', '-d', 'pump-1', '--auth-method', 'shared_private_key']);
    await home.ok('homeport', ['hub', 'create', 'plant-2']);
    const central = await openCentralClient(home);
    const consumers = '/api/ui/hubs/plant-2/consumer-groups';
    // More than one page holds.
    for (let n = 0; n < 105; n++)
      await central.ok(
        n % 2 === 0 ? 'POST' : 'DELETE',
        n % 2 === 0 ? consumers : `${consumers}/g${n - 1}`,
        n % 2 === 0 ? { name: `g${n}` } : undefined,
      );
  });
  after(() => close?.());

  const open = async (search = '') => {
    const opened = await browser.open({ permissions: clipboardPermissions });
    await signIn(home, opened.page);
    await opened.page.goto(new URL(`/audit-log${search}`, home.status.central.url).href);
    return opened;
  };

  test('a change is found by its path, opened, and leads to everything that its author did', async () => {
    const { page, complaints } = await open();
    await page.getByLabel('Path', { exact: true }).fill('/hub/devices');
    await page.getByRole('row', { name: /administrator.*Saved.*\/hub\/devices.*Commands/ }).waitFor();
    await page.getByRole('button', { name: /^(Saved|Called) \/hub\/devices/ }).click();
    await page.getByText('administration socket', { exact: true }).first().waitFor();
    await page.getByRole('button', { name: 'Copy tracking id' }).click();
    assert.match(await readClipboard(page), /^[0-9a-f-]{36}$/);
    await page.getByRole('link', { name: /^All changes by / }).click();
    await page.waitForURL(/[?&]actor=/);
    await eventually(async () => {
      assert.notEqual(await page.getByRole('combobox', { name: 'Who' }).inputValue(), '');
      return true;
    });
    await page.reload();
    await page.getByRole('button', { name: 'Clear filter' }).click();
    await page.waitForURL(/audit-log$/);
    assert.deepEqual(complaints, []);
  });

  test('older changes are on pages of their own, and who is nobody has none', async () => {
    const { page } = await open('?hub=plant-2');
    await page.getByRole('link', { name: 'Older' }).click();
    await page.waitForURL(/hub=plant-2&before=\d+/);
    await page
      .getByRole('row', { name: /consumer-groups/ })
      .first()
      .waitFor();
    await page.getByRole('link', { name: 'Older' }).waitFor({ state: 'detached' });
    await page.getByRole('link', { name: 'Newest' }).click();
    await page.getByRole('link', { name: 'Older' }).waitFor();
    await page.getByRole('combobox', { name: 'Who' }).fill('nobody');
    await page.keyboard.press('Enter');
    await page.getByText('No change passes the filter').waitFor();
    await page.getByRole('link', { name: 'Show all changes' }).click();
    await page
      .getByRole('row', { name: /consumer-groups/ })
      .first()
      .waitFor();
  });

  test('times in the wrong order are said to be so at the field, and stay', async () => {
    const { page } = await open();
    await page.getByRole('combobox', { name: 'Time' }).click();
    await page.getByRole('option', { name: 'Between two times' }).click();
    await page.getByLabel('From', { exact: true }).fill('2026-05-02T10:00');
    await page.getByLabel('Until', { exact: true }).fill('2026-05-01T10:00');
    await page.getByText('Choose a time after the first.').waitFor();
    assert.equal(await page.getByLabel('Until', { exact: true }).inputValue(), '2026-05-01T10:00');
    await page.getByLabel('Until', { exact: true }).fill('2126-05-01T10:00');
    await page.getByText('Choose a time after the first.').waitFor({ state: 'detached' });
    await page
      .getByRole('row', { name: /consumer-groups/ })
      .first()
      .waitFor();
  });
});
