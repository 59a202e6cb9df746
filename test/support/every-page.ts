import type { Page } from 'playwright-core';
import type { FurnishedHome } from './furnished-home.ts';

export type Visit = { name: string; path: string; arrive: (page: Page) => Promise<unknown> };
export type Overlay = { name: string; path: string; open: (page: Page) => Promise<unknown> };

const groups = '/permissions/device-connection-groups';
const nowhere = '/nowhere';

const heading = (name: string | RegExp) => (page: Page) => page.getByRole('heading', { level: 1, name }).waitFor();
const first = (role: 'img' | 'row' | 'cell' | 'region', name: string | RegExp) => (page: Page) =>
  page.getByRole(role, { name }).first().waitFor();

/** One address for every page that there is, and for the states of it that look different. */
export function everyPage({ demoId, thermometerId, refusalId }: FurnishedHome): Visit[] {
  return [
    { name: 'devices', path: '/devices', arrive: first('row', /Provisioned/) },
    { name: 'charts', path: `/devices/${demoId}`, arrive: first('img', /^Chart\. Temperature: \d/) },
    { name: 'raw data', path: `/devices/${demoId}/raw-data`, arrive: first('row', /Telemetry/) },
    { name: 'properties', path: `/devices/${thermometerId}/properties`, arrive: first('cell', 'TEMPMON-01234') },
    { name: 'commands', path: `/devices/${thermometerId}/commands`, arrive: first('row', /Too hot/) },
    { name: 'device refusals', path: `/devices/${demoId}/refusals`, arrive: heading(demoId) },
    { name: 'registered device', path: '/devices/registered-1', arrive: heading(/^A name as long/) },
    { name: 'unknown device', path: '/devices/nobody', arrive: (page) => page.getByRole('alert').waitFor() },
    { name: 'templates', path: '/device-templates', arrive: first('row', /Environment Sensor/) },
    {
      name: 'template',
      path: '/device-templates/dtmi:homeport:template:demoEnvironment;1',
      arrive: heading('Environment Sensor (demo)'),
    },
    { name: 'groups', path: groups, arrive: first('row', /Azure Sphere.*Verified/) },
    { name: 'new group', path: `${groups}/new`, arrive: heading('New device connection group') },
    { name: 'group', path: `${groups}/azure-sphere`, arrive: heading('Azure Sphere') },
    { name: 'unverified group', path: `${groups}/harbour`, arrive: heading(/^A name as long/) },
    { name: 'hubs', path: '/hub', arrive: first('row', /plant-2\.localhost/) },
    { name: 'hub overview', path: '/hub/overview', arrive: first('img', /^Chart\. Events a second: \d/) },
    { name: 'consumer groups', path: '/hub/consumer-groups', arrive: first('row', /\$Default/) },
    { name: 'hub certificates', path: '/hub/certificates', arrive: first('region', 'factory') },
    {
      name: 'no hub certificate',
      path: '/hub/certificates?hub=plant-2',
      arrive: (page) => page.getByText('No CA certificate yet').waitFor(),
    },
    { name: 'access policies', path: '/hub/shared-access-policies', arrive: first('region', 'iothubowner') },
    { name: 'hub devices', path: '/hub/iot-devices', arrive: first('row', /keyed/) },
    { name: 'new hub device', path: '/hub/iot-devices/new', arrive: heading('Create a device') },
    { name: 'hub device by key', path: '/hub/iot-devices/id/keyed', arrive: heading('keyed') },
    { name: 'hub device by certificate', path: `/hub/iot-devices/id/${demoId}`, arrive: heading(demoId) },
    { name: 'hub device twin', path: `/hub/iot-devices/id/${demoId}?tab=twin`, arrive: first('region', 'Reported properties') },
    { name: 'direct method', path: '/hub/iot-devices/id/keyed?tab=method', arrive: first('region', 'Direct method') },
    { name: 'message to a device', path: '/hub/iot-devices/id/keyed?tab=message', arrive: first('region', 'Message to device') },
    { name: 'no module', path: '/hub/iot-devices/id/keyed?tab=modules', arrive: first('region', 'Modules') },
    { name: 'no query', path: '/hub/queries', arrive: (page) => page.getByText('Ask for devices').waitFor() },
    {
      name: 'query',
      path: `/hub/queries?query=${encodeURIComponent('SELECT * FROM devices')}`,
      arrive: first('row', /keyed/),
    },
    { name: 'message routing', path: '/hub/message-routing', arrive: first('row', /alarms/) },
    { name: 'no route', path: '/hub/message-routing?hub=plant-2', arrive: first('region', 'Routes: none') },
    { name: 'jobs', path: '/hub/jobs', arrive: first('row', /halls/) },
    { name: 'no job', path: '/hub/jobs?hub=plant-2', arrive: (page) => page.getByText('No job yet').waitFor() },
    { name: 'configurations', path: '/hub/configurations', arrive: first('row', /interval/) },
    { name: 'live messages', path: '/hub/messages', arrive: first('row', new RegExp(demoId)) },
    { name: 'no live message', path: '/hub/messages?device=keyed', arrive: (page) => page.getByText('Listening').waitFor() },
    { name: 'audit log', path: '/audit-log', arrive: first('row', /Saved.*registered-1/) },
    {
      name: 'no change',
      path: '/audit-log?actor=nobody&span=between',
      arrive: (page) => page.getByText('No change passes the filter').waitFor(),
    },
    { name: 'administration', path: '/administration', arrive: heading('Administration') },
    { name: 'rehearsal', path: '/administration/rehearsal', arrive: (page) => page.getByText('No device drops').waitFor() },
    { name: 'rehearsal of three years', path: '/administration/rehearsal?ahead=3y', arrive: first('row', /CA certificate of/) },
    { name: 'refusals', path: '/refusals', arrive: (page) => page.getByText('ProofCodeMismatch').first().waitFor() },
    { name: 'refusal', path: `/refusals/${refusalId}`, arrive: (page) => page.getByText('Failed here').first().waitFor() },
    { name: 'refusals of a hub', path: '/refusals?hub=main', arrive: (page) => page.getByText('Pump-1').first().waitFor() },
    { name: 'no refusal', path: '/refusals/0000000000000000', arrive: (page) => page.getByRole('alert').waitFor() },
    { name: 'no page', path: nowhere, arrive: heading('Not found') },
  ];
}

/** What opens on top of a page, and from where. */
export const overlays: readonly Overlay[] = [
  {
    name: 'verified certificate',
    path: `${groups}/azure-sphere`,
    open: async (page) => {
      await page.getByRole('button', { name: 'Manage primary certificate' }).click();
      await page.getByRole('dialog', { name: 'Primary Certificate' }).getByText('Verified', { exact: true }).waitFor();
    },
  },
  {
    name: 'code of an unverified certificate',
    path: `${groups}/harbour`,
    open: async (page) => {
      await page.getByRole('button', { name: 'Manage primary certificate' }).click();
      await page.getByRole('button', { name: 'Generate verification code' }).click();
      await page.getByText(/^Good until/).waitFor();
    },
  },
  {
    name: 'no certificate yet',
    path: `${groups}/empty`,
    open: async (page) => {
      await page.getByRole('button', { name: '+ Manage secondary' }).click();
      await page.getByRole('button', { name: 'Add certificate' }).waitFor();
    },
  },
  {
    name: 'confirmation',
    path: `${groups}/empty`,
    open: async (page) => {
      await page.getByRole('button', { name: 'Delete group' }).click();
      await page.getByRole('alertdialog').or(page.getByRole('dialog')).waitFor();
    },
  },
  {
    name: 'new device',
    path: '/devices',
    open: async (page) => {
      await page.getByRole('button', { name: '+ New' }).click();
      await page.getByRole('dialog').waitFor();
    },
  },
  {
    name: 'new hub',
    path: '/hub',
    open: async (page) => {
      await page.getByRole('button', { name: '+ Create' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Create' }).click();
      await page.getByText('Enter a name.').waitFor();
    },
  },
  {
    name: 'new consumer group',
    path: '/hub/consumer-groups',
    open: async (page) => {
      await page.getByRole('button', { name: '+ Create' }).click();
      await page.getByRole('dialog').waitFor();
    },
  },
  {
    name: 'new CA certificate of a hub',
    path: '/hub/certificates',
    open: async (page) => {
      await page.getByRole('button', { name: '+ Add' }).click();
      await page.getByRole('dialog').waitFor();
    },
  },
  {
    name: 'new job',
    path: '/hub/jobs',
    open: async (page) => {
      await page.getByRole('button', { name: '+ Create' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Create' }).click();
      await page.getByText('Enter an ID.').waitFor();
    },
  },
  {
    name: 'new configuration',
    path: '/hub/configurations',
    open: async (page) => {
      await page.getByRole('button', { name: '+ Create' }).click();
      await page.getByRole('dialog').waitFor();
    },
  },
  {
    name: 'change of a configuration',
    path: '/hub/configurations',
    open: async (page) => {
      await page.getByRole('button', { name: 'Change interval' }).click();
      await page.getByRole('dialog').waitFor();
    },
  },
  {
    name: 'change of a route',
    path: '/hub/message-routing',
    open: async (page) => {
      await page.getByRole('button', { name: 'Change alarms' }).click();
      await page.getByRole('dialog').waitFor();
    },
  },
  {
    name: 'new destination',
    path: '/hub/message-routing',
    open: async (page) => {
      await page.getByRole('button', { name: 'Add destination' }).click();
      await page.getByRole('dialog').getByLabel('AMQP broker').check();
    },
  },
  {
    name: 'keys of a policy',
    path: '/hub/shared-access-policies',
    open: async (page) => {
      await page.getByRole('button', { name: 'Show keys and connection strings' }).first().click();
      await page.getByText('Primary key', { exact: true }).waitFor();
    },
  },
  {
    name: 'deletion of a hub',
    path: '/hub',
    open: async (page) => {
      await page.getByRole('button', { name: 'Delete plant-2' }).click();
      await page.getByLabel('Type plant-2 to delete it').waitFor();
    },
  },
  {
    name: 'deletion of a hub device',
    path: '/hub/iot-devices',
    open: async (page) => {
      await page.getByRole('button', { name: 'Delete keyed' }).click();
      await page.getByRole('alertdialog').waitFor();
    },
  },
  {
    name: 'new key of a device',
    path: '/hub/iot-devices/id/keyed',
    open: async (page) => {
      await page.getByRole('button', { name: 'New primary key' }).click();
      await page.getByRole('alertdialog').waitFor();
    },
  },
  {
    name: 'a change, opened',
    path: '/audit-log',
    open: async (page) => {
      await page
        .getByRole('button', { name: /registered-1/ })
        .first()
        .click();
      await page.getByRole('button', { name: 'Copy tracking id' }).waitFor();
    },
  },
  {
    name: 'command palette',
    path: '/devices',
    open: async (page) => {
      await page.keyboard.press('Control+k');
      await page.getByRole('dialog').waitFor();
    },
  },
];

export async function visit(home: FurnishedHome['home'], page: Page, { path, arrive }: Visit): Promise<void> {
  await page.goto(new URL(path, home.status.central.url).href);
  await arrive(page);
}

/**
 * As a link within the app goes there: without loading the app again. By way of a page that has nothing to load, so that
 * what was there before is not taken for what is waited for.
 */
export async function goTo(page: Page, path: string): Promise<void> {
  const between = page.getByRole('heading', { level: 1, name: 'Not found', exact: true });
  await pushAddress(page, nowhere);
  await between.waitFor();
  if (path === nowhere) return;
  await pushAddress(page, path);
  await between.waitFor({ state: 'detached' });
  await page.getByRole('heading', { level: 1 }).waitFor();
}

async function pushAddress(page: Page, path: string): Promise<void> {
  await page.evaluate(`history.pushState(null, '', ${JSON.stringify(path)}); dispatchEvent(new PopStateEvent('popstate'))`);
}

export async function openOverlay(home: FurnishedHome['home'], page: Page, { path, open }: Overlay): Promise<void> {
  await page.goto(new URL(path, home.status.central.url).href);
  await page.getByRole('heading', { level: 1 }).waitFor();
  await open(page);
}
