import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchRoutes } from 'react-router';
import { deviceTabs, paths, patterns } from './paths.ts';

const oddId = 'a/b ?#%;é';

/** The pattern of the site map that serves `link`, with what the router reads out of it. */
function served(link: string) {
  const { pathname } = new URL(link, 'https://localhost');
  const hit = matchRoutes(
    Object.values(patterns).map((path) => ({ path })),
    pathname,
  )?.at(-1);
  return hit && { pattern: hit.route.path, params: hit.params };
}

test('every link the app can make has a page', () => {
  const links = [
    paths.devices({ template: 'dtmi:x;1' }),
    paths.device(oddId),
    ...deviceTabs.map((tab) => paths.device(oddId, tab)),
    paths.deviceTemplates(),
    paths.deviceTemplate('dtmi:x;1'),
    paths.groups(),
    paths.newGroup(),
    paths.group('azure-sphere'),
    paths.hubs(),
    paths.hubOverview({ hub: 'main' }),
    paths.hubDevices({ hub: 'main' }),
    paths.newHubDevice(),
    paths.hubDevice(oddId, { hub: 'main' }),
    paths.hubMessages({ hub: 'main', device: oddId }),
    paths.hubQueries({ hub: 'main', query: 'SELECT * FROM devices' }),
    paths.hubJobs(),
    paths.hubConfigurations(),
    paths.hubRouting(),
    paths.consumerGroups(),
    paths.hubCertificates(),
    paths.hubPolicies(),
    paths.refusals({ service: 'hub' }),
    paths.refusal('9f86d081884c7d65'),
    paths.administration(),
    paths.administrationDeviceConnection(),
    paths.rehearsal({ ahead: '90d' }),
    paths.audit({ hub: 'main', actor: 'iothubowner' }),
    paths.signIn(),
  ];
  for (const link of links) assert.ok(served(link), link);
});

test('an id survives the way into a link and out again, whatever its characters', () => {
  assert.equal(served(paths.device(oddId, 'raw-data'))?.params.deviceId, oddId);
  assert.equal(served(paths.hubDevice(oddId))?.params.deviceId, oddId);
  assert.equal(served(paths.deviceTemplate('dtmi:com:example;1'))?.params.templateId, 'dtmi:com:example;1');
});

test('a search that holds nothing leaves no question mark', () => {
  assert.equal(paths.devices({ search: '' }), '/devices');
});

test('a device of a hub may be called new', () => {
  assert.equal(served(paths.newHubDevice())?.pattern, patterns.newHubDevice);
  assert.equal(served(paths.hubDevice('new'))?.pattern, patterns.hubDevice);
});

test('the new-group form is not taken for a group called new', () => {
  assert.equal(served(paths.newGroup())?.pattern, patterns.newGroup);
});
