import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import common from 'azure-iot-common';
import device from 'azure-iot-device';
import deviceMqtt from 'azure-iot-device-mqtt';
import { type Browser, signIn, withBrowser } from '#test/support/open-browser.ts';
import { type RunningHomeport, startHomeport } from '#test/support/start-homeport.ts';

describe('the page of message routing', () => {
  let home: RunningHomeport;
  let browser: Browser;
  let close: () => Promise<void>;
  const isToInside = { HOMEPORT_OUTGOING__ALLOWED: '127.0.0.1', HOMEPORT_OUTGOING__ALLOW_HTTP: 'true' };
  before(async () => ({ home, browser, close } = await withBrowser(startHomeport([], isToInside))));
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
    // It moves when the hub has taken the change, which `uncheck` does not wait for.
    await fallback.click();
    const off = page.getByRole('switch', { name: /^Fallback/, checked: false });
    await off.waitFor();
    await page.reload();
    await off.waitFor();
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

  test('what a webhook would not take is told on the overview, looked at, sent again, and discarded', async () => {
    let status = 400;
    const hook = await startHook(() => status);
    try {
      const { port } = hook.address() as AddressInfo;
      await home.ok('homeport', [
        'hub',
        'destination',
        'create',
        'alarm',
        '--type',
        'webhook',
        '--url',
        `http://127.0.0.1:${port}/`,
      ]);
      await home.ok('homeport', ['hub', 'route', 'create', 'alarm', '--source', 'DeviceMessages', '--to', 'alarm']);
      await home.ok('homeport', ['hub', 'device', 'create', '-d', 'pump', '--auth-method', 'shared_private_key']);
      const { page, complaints } = await browser.open();
      await signIn(home, page);
      await page.goto(new URL('/hub/overview', home.status.central.url).href);
      const health = page.getByRole('region', { name: 'Health' });
      await send(['{"heat":81}', '{"heat":82}']);
      await health.getByText('2 events were not taken by the destination alarm.').waitFor();
      await health.getByRole('link', { name: /^Look at them/ }).click();

      await page.getByRole('button', { name: 'Destination alarm' }).click();
      const letters = page.getByRole('region', { name: 'Dead letters of alarm' });
      await letters
        .getByRole('row', { name: /pump.*It answered 400\./ })
        .first()
        .waitFor();
      await letters
        .getByRole('button', { name: /^Dead letter of pump/ })
        .first()
        .click();
      await letters.getByText('"heat": 81').waitFor();
      await page.getByRole('button', { name: 'Send all again' }).click();
      await page.getByText('None was taken, 2 are left: It answered 400.').waitFor();
      status = 200;
      await page.getByRole('button', { name: 'Send all again' }).click();
      await page.getByText('2 were taken, none is left.').waitFor();
      await letters.waitFor({ state: 'detached' });

      status = 400;
      await send(['{"heat":83}']);
      await page.getByRole('button', { name: 'Discard all' }).click();
      await page.getByRole('alertdialog', { name: 'Discard the dead letter of alarm?' }).waitFor();
      await page.getByRole('button', { name: 'Discard dead letters' }).click();
      await page.getByRole('button', { name: 'Discard all' }).waitFor({ state: 'detached' });
      assert.match(await home.ok('homeport', ['hub', 'route', 'dead-letters', 'alarm', '--json']), /^\[\]/);
      assert.deepEqual(complaints, []);
    } finally {
      hook.closeAllConnections();
      hook.close();
    }
  });

  async function send(bodies: readonly string[]): Promise<void> {
    const text = JSON.parse(await home.ok('homeport', ['hub', 'connection-string', '-d', 'pump', '--json'])).connectionString;
    const client = device.Client.fromConnectionString(text, deviceMqtt.Mqtt);
    client.setRetryPolicy(new common.NoRetry());
    await client.setOptions({ ca: home.ca });
    await client.open();
    for (const body of bodies) {
      const message = new device.Message(body);
      message.contentType = 'application/json';
      message.contentEncoding = 'utf-8';
      await client.sendEvent(message);
    }
    await client.close();
  }
});

/** A back end that answers each call with what `status` says. */
async function startHook(status: () => number): Promise<Server> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(status()).end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
