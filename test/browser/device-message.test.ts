import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Browser, signIn, withBrowser } from '#test/support/open-browser.ts';
import { type RunningHomeport, startHomeport } from '#test/support/start-homeport.ts';

describe('a message from the page of a device', () => {
  let home: RunningHomeport;
  let browser: Browser;
  let close: () => Promise<void>;
  before(async () => ({ home, browser, close } = await withBrowser(startHomeport())));
  after(() => close?.());

  test('a person sends one, is told what is wrong with a property and a message id, and sees how many wait', async () => {
    await home.ok('homeport', ['hub', 'device', 'create', '-d', 'lamp-1', '--auth-method', 'shared_private_key']);
    const { page, complaints } = await browser.open();
    await signIn(home, page);
    await page.getByRole('link', { name: 'IoT devices' }).click();
    await page.getByRole('link', { name: 'lamp-1', exact: true }).click();
    await page.getByRole('tab', { name: 'Message', exact: true }).click();
    const form = page.getByRole('region', { name: 'Message to device' });
    await form.getByLabel('Message body').fill('{"led":true}');
    const properties = form.getByLabel('Properties');
    await properties.fill('priority');
    await form.getByRole('button', { name: 'Send message' }).click();
    await form.getByText('Write a name, an equals sign and a value').waitFor();
    assert.equal(await page.locator(':focus').getAttribute('name'), 'properties');
    assert.equal(await form.getByLabel('Message body').inputValue(), '{"led":true}', 'what was typed is still there');

    await properties.fill('priority=high');
    await form.getByRole('button', { name: 'Send message' }).click();
    await form.getByText('Queued. 1 message was waiting for the device.').waitFor();
    await page.getByText('Messages waiting for it').waitFor();
    assert.equal(await form.getByLabel('Message body').inputValue(), '');
    assert.deepEqual(complaints, []);

    await form.getByLabel('Message ID').fill('a b');
    await form.getByRole('button', { name: 'Send message' }).click();
    await form.getByText('The message was not sent').waitFor();
    assert.equal(await form.getByLabel('Message ID').inputValue(), 'a b');
    const sent = await home.ok('homeport', ['hub', 'c2d', 'send', '-d', 'lamp-1', '--body', 'x']);
    assert.match(sent, / 2 waiting\.$/m);
  });
});
