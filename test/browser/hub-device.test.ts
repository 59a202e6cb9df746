import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import common from 'azure-iot-common';
import device from 'azure-iot-device';
import deviceMqtt from 'azure-iot-device-mqtt';
import type { Page } from 'playwright-core';
import { eventually } from '#test/support/eventually.ts';
import { type Browser, signIn, withBrowser } from '#test/support/open-browser.ts';
import { type RunningHomeport, startHomeport } from '#test/support/start-homeport.ts';

describe('a device of a hub in the browser', () => {
  let home: RunningHomeport;
  let browser: Browser;
  let close: () => Promise<void>;
  before(async () => {
    ({ home, browser, close } = await withBrowser(startHomeport()));
    for (const id of ['pump-1', 'pump-2', 'pump-3']) {
      await home.ok('homeport', ['hub', 'device', 'create', '-d', id, '--auth-method', 'shared_private_key']);
    }
  });
  after(() => close?.());

  const open = async (page: Page, path: string) => {
    await page.goto(new URL(path, home.status.central.url).href);
    await page.getByRole('heading', { level: 1 }).waitFor();
  };
  const tab = (page: Page, name: string) => page.getByRole('tab', { name, exact: true }).click();

  test('its twin is edited: what is no JSON is said at the field, and what somebody else changed is not overwritten', async () => {
    const { page } = await browser.open();
    await signIn(home, page);
    await open(page, '/hub/iot-devices/id/pump-1');
    await tab(page, 'Twin');
    const tags = page.getByLabel('Tags', { exact: true });
    const save = page.getByRole('button', { name: 'Save twin' });
    await tags.fill('{"hall": ');
    await save.click();
    await page.getByText(/^This is not JSON/).waitFor();
    assert.equal(await page.locator(':focus').getAttribute('name'), 'tags');
    await tags.fill('{"hall": 2}');
    await page.getByLabel('Desired properties', { exact: true }).fill('{"interval": 5}');
    await save.click();
    await page.getByText(/^Saved\. Version \d+\.$/).waitFor();

    // Another person, with the same page open, was slower.
    const other = await page.context().newPage();
    await open(other, '/hub/iot-devices/id/pump-1?tab=twin');
    await other.getByLabel('Tags', { exact: true }).fill('{"hall": 3}');
    await tags.fill('{"hall": 4}');
    await save.click();
    await page.getByText(/^Saved/).waitFor();
    await other.getByRole('button', { name: 'Save twin' }).click();
    await other.getByText('Somebody changed it since you began.', { exact: false }).waitFor();
    assert.equal(await other.getByLabel('Tags', { exact: true }).inputValue(), '{"hall": 3}');
    await other.getByRole('button', { name: 'Discard changes' }).click();
    await eventually(async () => /"hall": 4/.test(await other.getByLabel('Tags', { exact: true }).inputValue()) || undefined);
  });

  test('a method is called: its answer is shown, and of a device that is away it is said', async () => {
    const text = JSON.parse(await home.ok('homeport', ['hub', 'connection-string', '-d', 'pump-2', '--json'])).connectionString;
    const client = device.Client.fromConnectionString(text, deviceMqtt.Mqtt);
    client.setRetryPolicy(new common.NoRetry());
    await client.setOptions({ ca: home.ca });
    const { page } = await browser.open();
    await signIn(home, page);
    await open(page, '/hub/iot-devices/id/pump-2?tab=method');
    const call = page.getByRole('button', { name: 'Call method' });
    await call.click();
    await page.getByText('Enter the name of a method.').waitFor();
    await page.getByLabel('Method name').fill('flush');
    await call.click();
    await page.getByText('The method was not called').waitFor();
    await client.open();
    try {
      client.onDeviceMethod('flush', (request, response) => void response.send(200, { took: request.payload.seconds }));
      await page.getByLabel('Payload').fill('{"seconds": 7}');
      await page.getByLabel('Connection time-out').fill('5');
      await call.click();
      await page.getByText('The device answered 200').waitFor();
      await page.getByText('"took": 7').waitFor();
    } finally {
      await client.close();
    }
  });

  test('a query finds devices, opens a row, says where it goes wrong, and stays in the address', async () => {
    const { page, complaints } = await browser.open();
    await signIn(home, page);
    await open(page, '/hub/iot-devices');
    await page.getByRole('link', { name: 'Query', exact: true }).click();
    const text = page.getByLabel('Query', { exact: true });
    await text.fill("SELECT deviceId, status FROM devices WHERE deviceId IN ['pump-1', 'pump-3']");
    await text.press('Control+Enter');
    await page.getByText('2 rows', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Row 2, pump-3' }).click();
    await page.getByRole('region', { name: 'Row 2', exact: true }).getByText('"status": "enabled"').waitFor();
    assert.deepEqual(complaints, []);
    await page.reload();
    await page.getByText('2 rows', { exact: true }).waitFor();
    await text.fill('SELECT * FROM devices WHERE');
    await page.getByRole('button', { name: 'Run query' }).click();
    await page.getByText('The query was not answered').waitFor();
    assert.equal(await text.inputValue(), 'SELECT * FROM devices WHERE');
    await page.goBack();
    await page.getByRole('link', { name: 'pump-3' }).click();
    await page.getByRole('heading', { level: 1, name: 'pump-3' }).waitFor();
  });

  test('a new primary key is made on being asked twice, and modules are listed', async () => {
    await home.ok('homeport', ['hub', 'module', 'create', '-d', 'pump-3', '-m', 'filter']);
    const before = await home.ok('homeport', ['hub', 'connection-string', '-d', 'pump-3']);
    const { page } = await browser.open();
    await signIn(home, page);
    await open(page, '/hub/iot-devices/id/pump-3');
    await page.getByRole('button', { name: 'New primary key' }).click();
    await page.getByRole('button', { name: 'Make new primary key' }).click();
    await page.getByRole('alertdialog').waitFor({ state: 'detached' });
    assert.notEqual(await home.ok('homeport', ['hub', 'connection-string', '-d', 'pump-3']), before);
    await tab(page, 'Modules');
    await page.getByRole('row', { name: /filter.*Symmetric key.*Disconnected/ }).waitFor();
  });
});
