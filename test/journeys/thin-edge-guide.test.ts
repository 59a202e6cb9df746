import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import { openEventBench } from '#test/support/event-bench.ts';
import { eventually } from '#test/support/eventually.ts';
import { blocksOf } from '#test/support/guide.ts';
import { openBrowser, signIn } from '#test/support/open-browser.ts';
import { ownAddress } from '#test/support/own-place.ts';

const repository = join(import.meta.dirname, '../..');

/**
 * Goal: the published way of connecting a thin-edge device, command for command, works against our hub.
 * Method: the blocks of the guide in a shell, as root of a machine of their own would type them: `sudo` is a stand-in that only runs its words,
 * the configuration is elsewhere, and the hub's name is known to the processes of this test alone. In between, a person registers the device.
 */
test('thin-edge 28: the guide’s commands, as written and in order, connect a device by its printed thumbprint, and its message is in the portal and read by @azure/event-hubs', async (t) => {
  const bench = await openEventBench();
  // The last that was begun is ended first.
  const ends = [() => bench.close()];
  t.after(async () => {
    for (const end of ends.reverse()) await end();
  });
  const { home, hostName } = bench;
  const browser = await openBrowser({ [hostName]: home.address });
  ends.push(() => browser.close());
  const programs = join(home.folder, 'programs');
  mkdirSync(programs);
  writeFileSync(join(programs, 'sudo'), '#!/bin/sh\nexec "$@"\n', { mode: 0o755 });
  const known = join(home.folder, 'known.mjs');
  const support = join(repository, 'test/support/known-names.ts');
  writeFileSync(known, `import { makeKnown } from ${JSON.stringify(support)};\nmakeKnown('${hostName}', '${home.address}');\n`);
  // A broker of its own beside those of other tests.
  const local = ownAddress();
  const env = {
    PATH: [programs, join(repository, 'bin'), process.env.PATH].join(delimiter),
    HOME: home.folder,
    HOMEPORT_DATA: home.data,
    NODE_OPTIONS: `--import=${known}`,
    TEDGE_CONFIG_DIR: join(home.folder, 'etc'),
    TEDGE_MQTT_BIND_ADDRESS: local,
    TEDGE_MQTT_CLIENT_HOST: local,
  };
  const type = (block: string) =>
    new Promise<string>((resolve, reject) => {
      execFile('bash', ['-euc', block], { env }, (error, stdout, stderr) =>
        error ? reject(new Error(`${block}\n${stdout}${stderr}`, { cause: error })) : resolve(stdout),
      );
    });
  ends.push(async () => void (await type('tedge disconnect az')));

  const [make = '', connect = '', send = '', renew = '', adopt = ''] = blocksOf('sh', 'connect-thin-edge.md');
  const shown = await type(make);
  const lines = shown.trim().split('\n');
  assert.deepEqual(
    lines.map((line) => line.split(':')[0]),
    ['Device certificate', 'Subject', 'Issuer', 'Valid from', 'Valid up to', 'Thumbprint'],
  );
  const thumbprint = /^Thumbprint: ([0-9A-F]{40})$/m.exec(shown)?.[1] ?? '';

  const { page } = await browser.open();
  await signIn(home, page);
  await page.goto(new URL('/hub/iot-devices/new', home.status.central.url).href);
  await page.getByRole('heading', { level: 1, name: 'Create a device' }).waitFor();
  await page.getByRole('textbox', { name: 'Device ID' }).fill('my-device');
  await page.getByRole('radio', { name: 'X.509 Self-Signed' }).click();
  for (const name of ['Primary Thumbprint', 'Secondary Thumbprint']) await page.getByRole('textbox', { name }).fill(thumbprint);
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('heading', { level: 1, name: 'my-device' }).waitFor();
  assert.equal(await page.getByText(thumbprint, { exact: true }).count(), 2);
  const devicePage = page.url();
  await page.getByRole('link', { name: 'Live messages' }).last().click();
  await page.getByText('Listening', { exact: true }).waitFor();
  const reader = bench.read();
  ends.push(async () => void (await reader.close()));

  assert.match(await type(connect), /\nReceived expected response message, connection check is successful\.\n$/);
  assert.equal(await type(send), '');
  await page.getByRole('row', { name: /my-device \{"temperature": 20\}/ }).waitFor();
  const isRead = (body: unknown) => (body as { temperature?: number }).temperature === 20;
  await eventually(() => reader.bodiesOf('my-device').some(isRead) || undefined, 60_000);

  const renewed = /^Thumbprint: +([0-9A-F]{40})$/m.exec(await type(renew))?.[1] ?? '';
  assert.match(renewed, /^[0-9A-F]{40}$/);
  assert.notEqual(renewed, thumbprint);
  await page.goto(devicePage);
  await page.getByRole('button', { name: 'Change thumbprints' }).click();
  await page.getByRole('textbox', { name: 'Secondary Thumbprint' }).fill(renewed);
  await page.getByRole('button', { name: 'Save thumbprints' }).click();
  await page.getByText(renewed, { exact: true }).waitFor();
  assert.match(await type(adopt), /\nReceived expected response message, connection check is successful\.\n$/);
  assert.match(await type('tedge cert show'), new RegExp(`^Thumbprint: ${renewed}$`, 'm'));
});
