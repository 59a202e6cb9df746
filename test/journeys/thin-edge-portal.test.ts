import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { eventually } from '#test/support/eventually.ts';
import { blocksOf } from '#test/support/guide.ts';
import { type Browser, clipboardPermissions, readClipboard, signIn, withBrowser } from '#test/support/open-browser.ts';
import { type RunningHomeport, startHomeport } from '#test/support/start-homeport.ts';

/** The thin-edge guide's work in the portal: register a device by its thumbprint, and look at what it sends. */
describe('the hub’s pages, for a device that has a certificate', () => {
  let home: RunningHomeport;
  let browser: Browser;
  let close: () => Promise<void>;
  before(async () => ({ home, browser, close } = await withBrowser(startHomeport())));
  after(() => close?.());

  async function makeCertificate(deviceId: string) {
    const configuration = mkdtempSync(join(home.folder, 'tedge-'));
    const tedge = (...words: string[]) => home.ok('tedge', ['--config-dir', configuration, ...words]);
    await tedge('cert', 'create', '--device-id', deviceId);
    const shown = await tedge('cert', 'show');
    const thumbprint = /^Thumbprint: ([0-9A-F]{40})$/m.exec(shown)?.[1] ?? '';
    const path = async (key: string) => (await tedge('config', 'get', key)).trim();
    return { deviceId, shown, thumbprint, certificate: await path('device.cert_path'), key: await path('device.key_path') };
  }
  type Made = Awaited<ReturnType<typeof makeCertificate>>;

  /** One message as thin-edge's bridge sends it, by Debian's mosquitto_pub. Answers its exit code: 5 when refused. */
  function publish({ deviceId, certificate, key }: Made, body: string, hostName = home.status.hub.hostName): Promise<number> {
    const { hub, ca } = home.status;
    const words = ['-h', home.address, '-p', String(hub.mqttPort), '-V', 'mqttv311', '-q', '1', '--cafile', ca];
    words.push('--cert', certificate, '--key', key, '-i', deviceId, '-u', `${hostName}/${deviceId}/?api-version=2018-06-30`);
    words.push('-t', `devices/${deviceId}/messages/events/`, '-m', body);
    return new Promise((resolve, reject) => {
      const child = spawn('mosquitto_pub', words, { stdio: 'ignore', timeout: 30_000 });
      child.once('error', reject);
      child.once('close', (code) => resolve(code ?? -1));
    });
  }

  async function openSignedIn(options: Parameters<Browser['open']>[0] = {}) {
    const opened = await browser.open(options);
    await signIn(home, opened.page);
    return opened;
  }

  const openForm = async (page: Page) => {
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'IoT devices', exact: true }).click();
    await page.getByRole('heading', { level: 1, name: 'IoT devices' }).waitFor();
    await page.getByRole('link', { name: '+ New' }).click();
    await page.getByRole('heading', { level: 1, name: 'Create a device' }).waitFor();
  };
  const field = (page: Page, name: string) => page.getByRole('textbox', { name });
  const save = (page: Page) => page.getByRole('button', { name: 'Save' }).click();

  /** Follows the messages in a page of its own; resolves once it listens. */
  async function listen(path = '/hub/messages') {
    const { page, complaints } = await openSignedIn();
    await page.goto(new URL(path, home.status.central.url).href);
    await page.getByText('Listening', { exact: true }).waitFor();
    return { page, complaints };
  }

  /** A block of the guide, in a shell whose home is the test's own. */
  function typeBlock(block: string, environment: Record<string, string>): Promise<string> {
    const PATH = [join(import.meta.dirname, '../../bin'), process.env.PATH].join(delimiter);
    const env = { PATH, HOME: home.folder, HOMEPORT_DATA: home.data, ...environment };
    return new Promise((resolve, reject) => {
      execFile('bash', ['-euc', block], { env, timeout: 60_000 }, (error, stdout) => (error ? reject(error) : resolve(stdout)));
    });
  }

  test('central 90, and thin-edge 59: by the guide’s commands, a device is registered by its printed thumbprint, twice, connects, and {"temperature": 20} is in the message monitor', async () => {
    const [make = '', send = ''] = blocksOf('sh', 'connect-by-certificate.md');
    const thumbprint = /^Thumbprint: ([0-9A-F]{40})$/m.exec(await typeBlock(make, {}))?.[1] ?? '';
    const { page, complaints } = await openSignedIn();
    await openForm(page);
    await field(page, 'Device ID').fill('my-device');
    await page.getByRole('radio', { name: 'X.509 Self-Signed' }).click();
    await field(page, 'Primary Thumbprint').fill(thumbprint);
    await field(page, 'Secondary Thumbprint').fill(thumbprint);
    const connect = page.getByRole('radiogroup', { name: 'Connect this device to an IoT hub' });
    assert.ok(await connect.getByRole('radio', { name: 'Enable' }).isChecked());
    await save(page);
    await page.getByRole('heading', { level: 1, name: 'my-device' }).waitFor();
    assert.equal(await page.getByText(thumbprint, { exact: true }).count(), 2);
    await page.getByRole('link', { name: 'Live messages' }).last().click();
    await page.getByText('Listening', { exact: true }).waitFor();
    await typeBlock(send, { TEDGE_CONFIG_DIR: join(home.folder, 'tedge') });
    const row = page.getByRole('row', { name: /my-device \{"temperature": 20\}/ });
    await row.waitFor();
    await row.getByRole('button', { name: /^Message of my-device at / }).click();
    await page.getByRole('region', { name: 'Message body' }).getByText('"temperature": 20').waitFor();
    await page
      .getByRole('region', { name: 'System properties' })
      .getByText('"iothub-connection-device-id": "my-device"')
      .waitFor();
    assert.deepEqual(
      complaints.filter((text) => !/401.*\/api\/ui\/session\)$/.test(text)),
      [],
    );
  });

  test('the pasted output of cert show fills in device ID and thumbprint, and is enough', async () => {
    const made = await makeCertificate('pasted');
    const { page } = await openSignedIn({ permissions: clipboardPermissions });
    await openForm(page);
    await page.getByRole('radio', { name: 'X.509 Self-Signed' }).click();
    await field(page, 'Output of tedge cert show').fill('nothing of interest');
    await page.getByText('There is no thumbprint in this text.').waitFor();
    await field(page, 'Output of tedge cert show').fill(made.shown);
    await page.getByText('The certificate was made for pasted.').waitFor();
    assert.equal(await field(page, 'Device ID').inputValue(), 'pasted');
    assert.equal(await field(page, 'Primary Thumbprint').inputValue(), made.thumbprint);
    await save(page);
    await page.getByRole('heading', { level: 1, name: 'pasted' }).waitFor();
    await page.getByRole('button', { name: 'Copy host name' }).click();
    assert.equal(await readClipboard(page), home.status.hub.hostName);
    assert.equal(await publish(made, 'x'), 0);
  });

  test('pasted into the field for the ID, the whole block chooses self-signed by itself', async () => {
    const made = await makeCertificate('by-clipboard');
    const { page } = await openSignedIn({ permissions: clipboardPermissions });
    await openForm(page);
    await page.evaluate(`navigator.clipboard.writeText(${JSON.stringify(made.shown)})`);
    await field(page, 'Device ID').focus();
    await page.keyboard.press('Control+v');
    assert.equal(await field(page, 'Primary Thumbprint').inputValue(), made.thumbprint);
    assert.equal(await field(page, 'Device ID').inputValue(), 'by-clipboard');
  });

  test('wrong input is told at its field, which gets the focus, and nothing typed is lost', async () => {
    const { page } = await openSignedIn();
    await openForm(page);
    await save(page);
    await page.getByText('A device needs an ID.').waitFor();
    await field(page, 'Device ID').and(page.locator(':focus')).waitFor();
    await page.getByRole('radio', { name: 'X.509 Self-Signed' }).click();
    await field(page, 'Device ID').fill('my device');
    await field(page, 'Primary Thumbprint').fill('27:e4:f2');
    await save(page);
    await page.getByText('A thumbprint has 40 hexadecimal digits (SHA-1) or 64 (SHA-256); this one has 6.').waitFor();
    await field(page, 'Primary Thumbprint').and(page.locator(':focus')).waitFor();
    await field(page, 'Primary Thumbprint').fill('27:e4'.repeat(10).replace(/e42/g, 'e4:2'));
    await save(page);
    await page.getByText(/^A device id has 1 to 128 characters/).waitFor();
    await field(page, 'Device ID').and(page.locator(':focus')).waitFor();
    await field(page, 'Device ID').fill('taken');
    await save(page);
    await page.getByRole('heading', { level: 1, name: 'taken' }).waitFor();
    await openForm(page);
    await field(page, 'Device ID').fill('own-key');
    await page.getByRole('checkbox', { name: 'Auto-generate keys' }).click();
    await page.getByLabel('Primary key').fill('no key');
    await save(page);
    await page.getByRole('alert').getByText('The primary key must be base64 of 16 to 64 bytes.').waitFor();
    assert.equal(await page.getByLabel('Primary key').inputValue(), 'no key');
    await page.getByLabel('Primary key').fill(Buffer.alloc(32, 1).toString('base64'));
    await field(page, 'Device ID').fill('taken');
    await save(page);
    await page.getByText('A device taken exists. Take another ID, or delete that device first.').waitFor();
    assert.equal(await field(page, 'Device ID').inputValue(), 'taken');
  });

  test('a device with a key shows its connection strings when asked, and keeps them nowhere', async () => {
    const { page, requests } = await openSignedIn({ permissions: clipboardPermissions });
    await openForm(page);
    await field(page, 'Device ID').fill('keyed');
    await save(page);
    await page.getByRole('heading', { level: 1, name: 'keyed' }).waitFor();
    const asked = () => requests.filter((address) => address.endsWith('/connection-strings')).length;
    assert.equal(asked(), 0);
    await page.getByRole('button', { name: 'Show connection strings' }).click();
    await page.getByRole('button', { name: 'Copy primary connection string' }).click();
    const text = await readClipboard(page);
    assert.match(text, new RegExp(`^HostName=${home.status.hub.hostName};DeviceId=keyed;SharedAccessKey=[A-Za-z0-9+/]{43}=$`));
    const key = /SharedAccessKey=(.*)$/.exec(text)?.[1] ?? '';
    await page.getByRole('button', { name: 'Hide connection strings' }).click();
    await page.getByRole('button', { name: 'Show connection strings' }).waitFor();
    assert.equal(await page.getByText(key).count(), 0);
    assert.ok(!home.log().includes(key));
    await page.getByRole('button', { name: 'Show connection strings' }).click();
    await page.getByText(key).first().waitFor();
    assert.equal(asked(), 2);
  });

  test('what is no JSON is shown too; paused, the page waits; filtered, it shows one device; cleared, nothing', async () => {
    const [one, two] = [await makeCertificate('one'), await makeCertificate('two')];
    for (const { deviceId, thumbprint } of [one, two]) {
      const words = ['-d', deviceId, '--auth-method', 'x509_thumbprint', '--primary-thumbprint', thumbprint];
      await home.ok('homeport', ['hub', 'device', 'create', ...words]);
    }
    const { page } = await listen();
    const row = (name: RegExp) => page.getByRole('table', { name: 'Messages' }).getByRole('row', { name });
    assert.equal(await publish(one, '21.5 °C'), 0);
    await row(/one 21\.5 °C/).waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    assert.equal(await publish(two, 'while paused'), 0);
    await page.getByRole('button', { name: 'Resume (1 new)' }).waitFor();
    assert.equal(await row(/while paused/).count(), 0);
    await page.getByRole('button', { name: 'Resume (1 new)' }).click();
    await row(/two while paused/).waitFor();
    const filter = page.getByRole('combobox', { name: 'Filter by device' });
    await filter.fill('two');
    await filter.press('Enter');
    await eventually(async () => (new URL(page.url()).searchParams.get('device') === 'two' ? true : undefined));
    await row(/21\.5/).waitFor({ state: 'detached' });
    await page.getByText('Listening', { exact: true }).waitFor();
    assert.equal(await publish(one, 'not for us'), 0);
    assert.equal(await publish(two, 'for us'), 0);
    await row(/two for us/).waitFor();
    assert.equal(await row(/not for us/).count(), 0);
    await page.getByRole('button', { name: 'Clear', exact: true }).click();
    await page.getByText('What two sends from now on appears here as it comes.').waitFor();
  });

  test('a device is made in the hub that is chosen, and its messages are in no other hub’s monitor', async () => {
    const made = await makeCertificate('in-plant');
    const { hostName } = JSON.parse(await home.ok('homeport', ['hub', 'create', 'plant', '--json'])) as { hostName: string };
    const { page } = await openSignedIn();
    await page.goto(new URL('/hub/iot-devices', home.status.central.url).href);
    await page.getByRole('combobox', { name: 'Hub' }).click();
    await page.getByRole('option', { name: 'plant' }).click();
    await page.getByText('No device yet').waitFor();
    await page.getByText(hostName, { exact: true }).waitFor();
    await page.getByRole('link', { name: '+ New' }).click();
    await page.getByRole('radio', { name: 'X.509 Self-Signed' }).click();
    await field(page, 'Output of tedge cert show').fill(made.shown);
    await save(page);
    await page.getByRole('heading', { level: 1, name: 'in-plant' }).waitFor();
    const elsewhere = await listen('/hub/messages?hub=main');
    const here = await listen('/hub/messages?hub=plant');
    assert.equal(await publish(made, 'to main'), 5);
    assert.equal(await publish(made, 'to plant', hostName), 0);
    await here.page.getByRole('row', { name: /in-plant to plant/ }).waitFor();
    const known = await makeCertificate('in-main');
    const words = ['-d', 'in-main', '--auth-method', 'x509_thumbprint', '--primary-thumbprint', known.thumbprint];
    await home.ok('homeport', ['hub', 'device', 'create', ...words]);
    assert.equal(await publish(known, 'to main'), 0);
    await elsewhere.page.getByRole('row', { name: /in-main to main/ }).waitFor();
    assert.equal(await elsewhere.page.getByRole('row', { name: /in-plant/ }).count(), 0);
    await home.ok('homeport', ['hub', 'delete', 'plant', '--yes']);
    await here.page.getByRole('heading', { name: 'There is no hub plant' }).waitFor();
  });

  test('a disabled device is kept out until it is enabled, and a deleted one is gone from the list', async () => {
    const made = await makeCertificate('gate');
    const { page } = await openSignedIn();
    await openForm(page);
    await page.getByRole('radio', { name: 'X.509 Self-Signed' }).click();
    await field(page, 'Output of tedge cert show').fill(made.shown);
    await page.getByRole('radio', { name: 'Disable' }).click();
    await save(page);
    await page.getByRole('heading', { level: 1, name: 'gate' }).waitFor();
    await page.getByText('Disabled', { exact: true }).waitFor();
    assert.equal(await publish(made, 'x'), 5);
    await page.getByRole('button', { name: 'Manage device' }).click();
    await page.getByRole('menuitem', { name: 'Enable' }).click();
    await page.getByText('Enabled', { exact: true }).waitFor();
    assert.equal(await publish(made, 'x'), 0);
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'IoT devices', exact: true }).click();
    await page.getByRole('searchbox', { name: 'Search in list' }).fill(made.thumbprint.slice(0, 12).toLowerCase());
    // The others are there or not: tests come in any order.
    await page.getByText(/^1 (?:of \d+ devices|device)$/).waitFor();
    await page.getByRole('button', { name: 'Delete gate' }).click();
    await page.getByRole('alertdialog', { name: 'Delete gate?' }).getByRole('button', { name: 'Delete device' }).click();
    // Where it was the only one, there is nothing to filter any more.
    await page.getByText('No device passes the filter').or(page.getByText('No device yet')).waitFor();
    assert.equal(await publish(made, 'x'), 5);
  });
});
