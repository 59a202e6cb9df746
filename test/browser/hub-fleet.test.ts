import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Browser, signIn, withBrowser } from '#test/support/open-browser.ts';
import { type RunningHomeport, startHomeport } from '#test/support/start-homeport.ts';

describe('what is done to many devices, in the browser', () => {
  let home: RunningHomeport;
  let browser: Browser;
  let close: () => Promise<void>;
  before(async () => {
    ({ home, browser, close } = await withBrowser(startHomeport()));
    for (const id of ['pump-1', 'pump-2']) {
      await home.ok('homeport', ['hub', 'device', 'create', '-d', id, '--auth-method', 'shared_private_key']);
    }
  });
  after(() => close?.());

  test('a job is made, after what is wrong with it was said, and leads to what became of each device', async () => {
    const { page, complaints } = await browser.open();
    await signIn(home, page);
    await page.getByRole('link', { name: 'Jobs', exact: true }).click();
    await page.getByText('No job yet').waitFor();
    await page.getByRole('button', { name: '+ Create' }).click();
    const dialog = page.getByRole('dialog', { name: 'Create a job' });
    const create = dialog.getByRole('button', { name: 'Create' });
    await create.click();
    await dialog.getByText('Enter an ID.').waitFor();
    await dialog.locator('input[name=id]:focus').waitFor();
    await dialog.getByLabel('Job ID').fill('hall-2');
    await dialog.getByLabel('Twin', { exact: true }).fill('{"tags": {"hall": 2}');
    await create.click();
    await dialog.getByText(/^This is not JSON/).waitFor();
    assert.equal(await dialog.getByLabel('Twin', { exact: true }).inputValue(), '{"tags": {"hall": 2}');
    await dialog.getByLabel('Twin', { exact: true }).fill('{"tags": {"hall": 2}}');
    await dialog.getByLabel('Devices').fill("STARTSWITH(deviceId, 'pump-')");
    await create.click();
    await dialog.waitFor({ state: 'detached' });
    await page.getByRole('row', { name: /hall-2.*Completed.*2 of 2 done/ }).waitFor();
    await page.getByRole('button', { name: 'Job hall-2' }).click();
    await page.getByRole('link', { name: 'What became of each device' }).click();
    await page.getByText('2 rows', { exact: true }).waitFor();
    assert.deepEqual(complaints, []);
  });

  test('a configuration is made with a condition that was checked, reaches its devices, is changed and deleted', async () => {
    const { page } = await browser.open();
    await signIn(home, page);
    await page.getByRole('link', { name: 'Configurations', exact: true }).click();
    await page.getByText('No configuration yet').waitFor();
    await page.getByRole('button', { name: '+ Create' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Configuration ID').fill('interval');
    await dialog.getByLabel('Target condition').fill('deviceId = ');
    await dialog.getByRole('button', { name: 'Check condition' }).click();
    await dialog.getByRole('status').getByText(/./).waitFor();
    assert.equal(await dialog.getByText('The condition can be read.').count(), 0);
    await dialog.getByLabel('Target condition').fill("deviceId = 'pump-1'");
    await dialog.getByRole('button', { name: 'Check condition' }).click();
    await dialog.getByText('The condition can be read.').waitFor();
    await dialog.getByRole('button', { name: 'Create' }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.getByRole('row', { name: /interval.*1 of 1/ }).waitFor();
    await page.getByRole('button', { name: 'Change interval' }).click();
    await dialog.getByLabel('Priority').fill('ten');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.getByText('Enter a whole number from 0.').waitFor();
    await dialog.getByLabel('Priority').fill('10');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.getByRole('row', { name: /interval.*10.*1 of 1/ }).waitFor();
    await page.getByRole('button', { name: 'Delete interval' }).click();
    await page.getByRole('button', { name: 'Delete configuration' }).click();
    await page.getByText('No configuration yet').waitFor();
  });
});
