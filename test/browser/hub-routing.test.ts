import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Browser, signIn, withBrowser } from '#test/support/open-browser.ts';
import { type RunningHomeport, startHomeport } from '#test/support/start-homeport.ts';

describe('the page of message routing', () => {
  let home: RunningHomeport;
  let browser: Browser;
  let close: () => Promise<void>;
  before(async () => ({ home, browser, close } = await withBrowser(startHomeport())));
  after(() => close?.());

  test('a destination and a route to it are added, a condition is checked at its place, and what is still used stays', async () => {
    const { page, complaints } = await browser.open();
    await signIn(home, page);
    await page.getByRole('link', { name: 'Message routing' }).click();
    const dialog = page.getByRole('dialog');
    await page.getByRole('button', { name: 'Add destination' }).click();
    await dialog.getByRole('button', { name: 'Add' }).click();
    await dialog.getByText('Enter a name.').waitFor();
    await dialog.getByLabel('Name').fill('archive');
    await dialog.getByLabel('Files of the hub').check();
    await dialog.getByRole('button', { name: 'Add' }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.getByRole('row', { name: /archive.*Files of the hub.*Nothing sent yet/ }).waitFor();

    await page.getByRole('button', { name: 'Add route' }).click();
    await dialog.getByLabel('Name').fill('hot');
    const condition = dialog.getByLabel('Condition');
    await condition.fill("level = 'high'\nAND $body.heat >");
    await dialog.getByRole('button', { name: 'Check condition' }).click();
    await dialog.getByText(/^Line 2, column \d+: /).waitFor();
    assert.equal(await page.locator(':focus').getAttribute('name'), 'condition');
    await condition.fill("level = 'high'\nAND $body.heat > 30");
    await dialog.getByRole('button', { name: 'Check condition' }).click();
    await dialog.getByText('The condition can be read.').waitFor();
    await dialog.getByLabel('archive').check();
    await dialog.getByRole('button', { name: 'Add' }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.getByRole('row', { name: /hot.*Device telemetry messages.*events, archive.*Enabled/ }).waitFor();
    assert.match(await home.ok('homeport', ['hub', 'route', 'list']), /hot/);
    assert.deepEqual(complaints, []);

    await page.getByRole('button', { name: 'Delete archive' }).click();
    await page.getByRole('button', { name: 'Delete destination' }).click();
    await page.getByText('It was not deleted').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Change hot' }).click();
    await dialog.getByLabel('Enabled').uncheck();
    await dialog.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('row', { name: /hot.*Disabled/ }).waitFor();
    await page.getByRole('button', { name: 'Delete hot' }).click();
    await page.getByRole('button', { name: 'Delete route' }).click();
    await page.getByRole('row', { name: /hot/ }).waitFor({ state: 'detached' });
  });

  test('the fallback is turned off, and an enrichment is added and refused where its value cannot be read', async () => {
    const { page } = await browser.open();
    await signIn(home, page);
    await page.goto(new URL('/hub/message-routing', home.status.central.url).href);
    const fallback = page.getByRole('switch', { name: /^Fallback/ });
    await fallback.uncheck();
    await page.reload();
    await page.getByRole('switch', { name: /^Fallback/, checked: false }).waitFor();
    const dialog = page.getByRole('dialog');
    await page.getByRole('button', { name: 'Add enrichment' }).click();
    await dialog.getByLabel('Name').fill('hall');
    await dialog.getByLabel('Value').fill('$twin.hall');
    await dialog.getByRole('button', { name: 'Add' }).click();
    await dialog.getByText('The enrichment was not added').waitFor();
    await dialog.getByLabel('Value').fill('$twin.tags.hall');
    await dialog.getByRole('button', { name: 'Add' }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.getByRole('row', { name: /hall.*\$twin\.tags\.hall.*events/ }).waitFor();
  });
});
