import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Page } from 'playwright-core';
import { eventually } from './eventually.ts';
import { SimulateProcess } from './simulate-process.ts';
import type { RunningHomeport } from './start-homeport.ts';
import { typed } from './typed.ts';

/**
 * Where both walks lead: on an open Devices list a newly claimed thermometer appears by itself, and its
 * own page sets its property, charts what it measures, and runs its command.
 */
export async function meetThermometer(t: TestContext, home: RunningHomeport, page: Page): Promise<void> {
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Devices', exact: true }).click();
  await page.getByRole('heading', { level: 1, name: 'Devices' }).waitFor();
  const loadedAt = await page.evaluate(() => performance.timeOrigin);
  const board = new SimulateProcess(home, ['--app', 'd1', '--fast', '10']);
  t.after(() => board.end('SIGKILL'));
  const deviceId = await board.deviceId();
  assert.equal(await page.getByRole('link', { name: deviceId }).count(), 0);
  await typed(home, 'azsphere device claim --yes');

  const row = page.getByRole('row').filter({ has: page.getByRole('link', { name: deviceId, exact: true }) });
  await row.getByText('Provisioned').waitFor();
  const shownAt = Date.now();
  const registeredAt = await eventually(() => registrationOf(home.log(), deviceId));
  t.diagnostic(`Provisioned on the open page ${shownAt - registeredAt} ms after its registration was logged`);
  assert.equal(await page.evaluate(() => performance.timeOrigin), loadedAt, 'the page was not loaded again');
  assert.equal(await row.count(), 1);
  await row.getByText('Azure Sphere Example Thermometer').waitFor();
  await row.getByRole('link', { name: deviceId }).click();

  await page.getByRole('tab', { name: 'Properties' }).click();
  const state = page.getByRole('status', { name: 'Thermometer Telemetry Upload Enabled state' });
  await state.getByText('Never set from here').waitFor();
  await page.getByRole('cell', { name: 'TEMPMON-01234' }).waitFor();
  await page.getByRole('tab', { name: 'Overview' }).click();
  const chart = page.getByRole('region', { name: 'Temperature', exact: true });
  await chart.getByText('No value yet').waitFor();
  await page.getByRole('tab', { name: 'Properties' }).click();
  await page.getByRole('switch', { name: 'Thermometer Telemetry Upload Enabled' }).check();
  await page.getByRole('button', { name: 'Save' }).click();
  await state.getByText('Accepted').waitFor();
  await state.getByText('Device has true').waitFor();
  await page.getByRole('tab', { name: 'Overview' }).click();
  await chart.getByRole('img', { name: /^Chart\. Temperature: \d+ values from [\d.]+ °C to [\d.]+ °C/ }).waitFor();

  await page.getByRole('tab', { name: 'Commands' }).click();
  const command = page.getByRole('region', { name: 'Display Alert' });
  await command.getByText('This command was not run yet.').waitFor();
  await command.getByRole('textbox', { name: 'Alert Message' }).fill('Too hot');
  await command.getByRole('button', { name: 'Run Display Alert' }).click();
  const answer = command.getByRole('status', { name: 'Response' });
  await answer.getByText('Response code 200').waitFor();
  await answer.getByText('"Alert message displayed successfully."').waitFor();
  await board.says(/ALERT: "Too hot"/);
  const history = command.getByRole('region', { name: 'Command history' }).getByRole('row');
  await history.filter({ hasText: 'Too hot' }).filter({ hasText: 'Alert message displayed successfully.' }).waitFor();
}

/** When the server logged that the device's registration was assigned. */
function registrationOf(log: string, deviceId: string): number | undefined {
  const line = log.split('\n').find((text) => text.includes('"registration.assigned"') && text.includes(deviceId));
  return line === undefined ? undefined : Date.parse(JSON.parse(line).time);
}
