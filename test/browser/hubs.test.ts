import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { eventually } from '#test/support/eventually.ts';
import { type Browser, signIn, withBrowser } from '#test/support/open-browser.ts';
import { type RunningHomeport, startHomeport } from '#test/support/start-homeport.ts';

describe('the page of IoT hubs', () => {
  let home: RunningHomeport;
  let browser: Browser;
  let close: () => Promise<void>;
  before(async () => ({ home, browser, close } = await withBrowser(startHomeport())));
  after(() => close?.());

  test('a person adds a hub, is told what is wrong with a name, copies its addresses, opens it and deletes it by its name', async () => {
    const { page, context, complaints } = await browser.open();
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await signIn(home, page);
    await page.getByRole('link', { name: 'IoT hubs' }).click();
    await page.getByRole('heading', { level: 1, name: 'IoT hubs' }).waitFor();
    await page.getByRole('button', { name: '+ Create' }).click();
    const dialog = page.getByRole('dialog', { name: 'Create an IoT hub' });
    const name = dialog.getByLabel('Name');
    const create = dialog.getByRole('button', { name: 'Create' });
    for (const [typed, words] of [
      ['ab', 'Enter at least 3 characters.'],
      ['plant 2', 'Use only letters, digits and hyphens.'],
      ['main', 'There is a hub main already. Choose another name.'],
    ] as const) {
      await name.fill(typed);
      await create.click();
      await dialog.getByText(words).waitFor();
      assert.equal(await name.inputValue(), typed, 'what was typed is still there');
      await dialog.locator('input[name=name]:focus').waitFor();
    }
    await name.fill('Plant-2');
    await create.click();
    await dialog.waitFor({ state: 'detached' });

    const row = page.getByRole('row', { name: /plant-2\.localhost/ });
    await row.waitFor();
    const { httpsPort } = home.status.hub;
    const url = `https://plant-2.localhost${httpsPort === 443 ? '' : `:${httpsPort}`}`;
    for (const [label, text] of [
      ['Copy host name of plant-2', 'plant-2.localhost'],
      ['Copy URL of plant-2', url],
    ] as const) {
      await row.getByRole('button', { name: label }).click();
      // The button of the one before may still say that it was copied.
      await eventually(async () => (await page.evaluate('navigator.clipboard.readText()')) === text || undefined);
    }
    assert.equal(await page.getByRole('button', { name: 'Delete main' }).count(), 0);

    await row.getByRole('link', { name: 'plant-2', exact: true }).click();
    await page.waitForURL(/\/hub\/overview\?hub=plant-2$/);
    await page.getByText('plant-2.localhost').first().waitFor();
    await page.goBack();

    await row.getByRole('button', { name: 'Delete plant-2' }).click();
    const confirm = page.getByRole('button', { name: 'Delete hub' });
    assert.equal(await confirm.isDisabled(), true);
    await page.getByLabel('Type plant-2 to delete it').fill('plant');
    assert.equal(await confirm.isDisabled(), true);
    await page.getByLabel('Type plant-2 to delete it').fill('plant-2');
    await confirm.click();
    await row.waitFor({ state: 'detached' });
    const left = JSON.parse(await home.ok('homeport', ['hub', 'list', '--json'])) as { name: string }[];
    assert.ok(left.every((hub) => hub.name !== 'plant-2'));
    assert.deepEqual(complaints, []);
  });

  test('what the server refuses is said in the dialog, which keeps the name', async () => {
    const { page } = await browser.open();
    await signIn(home, page);
    await page.goto(new URL('/hub', home.status.central.url).href);
    await page.getByRole('button', { name: '+ Create' }).click();
    // Somebody else was faster.
    await home.ok('homeport', ['hub', 'create', 'attic']);
    const dialog = page.getByRole('dialog', { name: 'Create an IoT hub' });
    await dialog.getByLabel('Name').fill('attic');
    await dialog.getByRole('button', { name: 'Create' }).click();
    await dialog.getByText('There is a hub attic already.').waitFor();
    assert.equal(await dialog.getByLabel('Name').inputValue(), 'attic');
  });
});
