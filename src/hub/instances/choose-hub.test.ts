import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatSasToken } from '#wire/azure/sas-token.ts';
import { chooseAmqpHub, chooseHttpHub, chooseMqttHub } from './choose-hub.ts';

const hubs = {
  main: 'main',
  byHost: new Map([
    ['localhost', 'main'],
    ['plant.localhost', 'plant'],
    ['attic.localhost', 'attic'],
  ]),
};

for (const [userName, serverName, chosen] of [
  ['plant.localhost/dev1/?api-version=2021-04-12', undefined, 'plant'],
  ['plant.localhost/dev1/?api-version=2021-04-12', 'localhost', 'plant'],
  ['plant.localhost/dev1/?api-version=2021-04-12', 'attic.localhost', 'plant'],
  ['Plant.LocalHost/dev1/?api-version=2021-04-12', 'localhost', 'plant'],
  ['localhost/dev1/?api-version=2021-04-12', 'attic.localhost', 'main'],
  ['elsewhere/dev1/?api-version=2021-04-12', 'attic.localhost', 'attic'],
  ['elsewhere/dev1/?api-version=2021-04-12', 'localhost', 'main'],
  ['elsewhere/dev1/?api-version=2021-04-12', undefined, 'main'],
  ['plant.localhost.example/dev1/?api-version=2021-04-12', undefined, 'main'],
  ['plant/dev1/?api-version=2021-04-12', undefined, 'main'],
  ['', 'attic.localhost', 'attic'],
  [undefined, undefined, 'main'],
] as const) {
  test(`over MQTT, ${userName || 'no user name'} by ${serverName ?? 'no name'} is for ${chosen}`, () => {
    assert.equal(chooseMqttHub(hubs, { userName, serverName }), chosen);
  });
}

for (const [hostName, serverName, userName, chosen] of [
  ['plant.localhost', 'localhost', undefined, 'plant'],
  [undefined, 'plant.localhost', undefined, 'plant'],
  ['localhost', 'localhost', 'd1@sas.plant', 'plant'],
  ['gateway.example', undefined, 'iothubowner@sas.root.plant', 'plant'],
  ['plant.localhost', undefined, 'd1@sas.attic', 'plant'],
  ['localhost', 'plant.localhost', undefined, 'main'],
  ['localhost', 'localhost', 'd1@sas.elsewhere', 'main'],
  ['elsewhere', undefined, undefined, 'main'],
] as const) {
  test(`over AMQP, ${hostName ?? 'no host'} by ${serverName ?? 'no name'} as ${userName ?? 'nobody yet'} is for ${chosen}`, () => {
    assert.equal(chooseAmqpHub(hubs, { hostName, serverName, userName }), chosen);
  });
}

const tokenFor = (resource: string) => formatSasToken({ resource, key: Buffer.alloc(32), expirySeconds: 1 });

for (const [host, serverName, resource, chosen] of [
  ['plant.localhost', 'plant.localhost', 'plant.localhost', 'plant'],
  ['PLANT.localhost:8444', undefined, 'plant.localhost', 'plant'],
  ['localhost:8444', 'localhost', 'plant.localhost/devices/dev1', 'plant'],
  ['localhost', 'localhost', 'https://Plant.localhost:443/', 'plant'],
  ['127.0.0.1', undefined, 'plant.localhost', 'plant'],
  ['localhost', 'plant.localhost', undefined, 'plant'],
  ['plant.localhost', 'plant.localhost', 'attic.localhost', 'plant'],
  ['plant.localhost', 'plant.localhost', 'localhost', 'plant'],
  ['localhost', 'localhost', 'localhost', 'main'],
  ['localhost', 'localhost', 'elsewhere', 'main'],
  ['localhost', 'localhost', undefined, 'main'],
  [undefined, undefined, undefined, 'main'],
] as const) {
  test(`over HTTPS, ${host ?? 'no host'} by ${serverName ?? 'no name'} with a token for ${resource ?? 'nothing'} is for ${chosen}`, () => {
    const authorization = resource === undefined ? undefined : tokenFor(resource);
    assert.equal(chooseHttpHub(hubs, { host, serverName, authorization }), chosen);
  });
}

test('a bearer token names no hub', () => {
  const request = { host: 'localhost', serverName: undefined, authorization: 'Bearer plant.localhost' };
  assert.equal(chooseHttpHub(hubs, request), 'main');
});
