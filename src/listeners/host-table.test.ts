import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseAmqp, chooseDeviceHttp, chooseMqtt, choosePeopleHttp, isForFiles } from './host-table.ts';

test('an MQTT user name with /registrations/ in its second segment is the provisioning service’s', () => {
  assert.equal(chooseMqtt('0ne000ABCDE/registrations/dev1/api-version=2019-03-31'), 'provisioning');
  assert.equal(chooseMqtt('0ne000ABCDE/REGISTRATIONS/dev1/api-version=2019-03-31'), 'provisioning');
});

test('every other MQTT user name, and none, is the hub’s', () => {
  for (const name of [
    'localhost/dev1/?api-version=2021-04-12',
    'localhost/dev1/registrations/?api-version=1',
    'registrations',
    '',
    undefined,
  ]) {
    assert.equal(chooseMqtt(name), 'hub', String(name));
  }
});

test('a device called registrations is taken for a registration: the hub’s user name has the same shape, and DPS says so', () => {
  assert.equal(chooseMqtt('localhost/registrations/?api-version=2021-04-12'), 'provisioning');
});

test('an AMQP address, or user name, of a registration is the provisioning service’s, and every other the hub’s', () => {
  for (const name of [
    '0ne000ABCDE/registrations/dev1',
    '/0ne000ABCDE/registrations/dev1',
    'amqps://global.example/0ne000ABCDE/Registrations/dev1/',
  ]) {
    assert.equal(chooseAmqp(name), 'provisioning', name);
  }
  for (const name of [
    '$cbs',
    '/devices/registrations/twin',
    '/devices/dev1/messages/events',
    '/devices/dev1/modules/registrations/twin',
    'dev1@sas.hub',
    '',
  ]) {
    assert.equal(chooseAmqp(name), 'hub', name);
  }
});

test('HTTP paths choose the service and their query does not', () => {
  assert.equal(chooseDeviceHttp('/0ne000ABCDE/registrations/dev1/register?api-version=2019-03-31'), 'provisioning');
  assert.equal(chooseDeviceHttp('/sphere/attest/v1/nonces'), 'sphere');
  assert.equal(chooseDeviceHttp('/x?y=/sphere/'), undefined);
  assert.equal(chooseDeviceHttp('/api/devices?api-version=2022-07-31'), 'central');
});

test('the REST of back ends is the hub’s, however its separators, its words and its end are written', () => {
  for (const url of [
    '/devices?api-version=2021-04-12',
    '/devices/?top=5',
    '/devices/dev1',
    '/devices%2Fquery?api-version=2020-09-30',
    '/DEVICES%2fdev1',
    '/twins/dev1',
    '/Twins/dev1/methods',
    '/twins%2Fdev1%2Fmethods',
    '/statistics/devices',
    '/statistics%2Fservice',
    '/jobs/v2/j1',
    '/configurations?top=5',
    '/digitaltwins/dev1',
    '/routing/routes/$testnew',
    '/messages/serviceBound/feedback',
    '/messages/serviceBound/feedback/token/abandon',
    '/devices/dev1/commands',
    '/devices%2Fdev1%2Fmessages%2FdeviceBound',
    '/messages%2FserviceBound%2Ffeedback',
  ]) {
    assert.equal(chooseDeviceHttp(url), 'hub', url);
  }
  for (const url of [
    '/devicesx',
    '/device/dev1',
    '/x/devices/dev1',
    '/statisticsx/devices',
    '/',
    '/messages/events',
    '/?x=/devices/dev1',
  ]) {
    assert.equal(chooseDeviceHttp(url), undefined, url);
  }
});

test('what devices ask for over HTTPS is the hub’s too: it tells them from back ends by path and verb', () => {
  for (const url of [
    '/devices/dev1/messages/events?api-version=2021-04-12',
    '/devices/dev1/modules/m/messages/events',
    '/devices/dev1/messages/devicebound',
    '/devices/dev1/messages/deviceBound/token?api-version=2021-04-12&reject',
    '/devices/dev1/messages/devicebound/token/abandon',
    '/devices/messages/messages/events',
  ]) {
    assert.equal(chooseDeviceHttp(url), 'hub', url);
  }
});

test('a device called registrations, sphere or api is the hub’s, and an id scope called devices is not served', () => {
  for (const word of ['devices', 'twins', 'statistics', 'jobs', 'configurations', 'digitaltwins', 'routing']) {
    for (const name of ['registrations', 'sphere', 'api']) assert.equal(chooseDeviceHttp(`/${word}/${name}/modules`), 'hub');
  }
  assert.equal(chooseDeviceHttp('/sphere/devices/dev1'), 'sphere');
  assert.equal(chooseDeviceHttp('/api/devices/dev1'), 'central');
  assert.equal(chooseDeviceHttp('/0ne000ABCDE/registrations/devices/register'), 'provisioning');
});

test('the REST of back ends for enrollments is the provisioning service’s, however its words and separators are written', () => {
  for (const url of [
    '/enrollments?api-version=2021-10-01',
    '/enrollments/?api-version=2021-10-01',
    '/enrollments/dev1',
    '/enrollments/query',
    '/Enrollments%2Fdev1',
    '/enrollmentGroups/G1',
    '/enrollmentgroups/G1/attestationmechanism',
    '/enrollmentGroups/G%2F1',
    '/registrations/dev1?api-version=2021-10-01',
    '/registrations/group-1/query',
    // What bears the names of others.
    '/enrollments/registrations/attestationmechanism',
    '/enrollmentGroups/registrations/query',
    '/registrations/registrations/query',
    '/registrations/sphere',
  ]) {
    assert.equal(chooseDeviceHttp(url), 'provisioningService', url);
  }
  for (const url of ['/enrollmentsx', '/x/enrollments/dev1', '/enrollment/dev1', '/registration/dev1']) {
    assert.equal(chooseDeviceHttp(url), undefined, url);
  }
  assert.equal(chooseDeviceHttp('/0ne000ABCDE/registrations/enrollments/register'), 'provisioning');
  assert.equal(chooseDeviceHttp('/devices/enrollments'), 'hub');
  assert.equal(chooseDeviceHttp('/api/enrollmentGroups/g'), 'central');
});

test('an id scope called sphere or api does not take the service’s paths', () => {
  assert.equal(chooseDeviceHttp('/sphere/registrations/dev1/register'), 'sphere');
});

test('on the people’s port what is no API is the web app', () => {
  assert.equal(choosePeopleHttp('/'), 'app');
  assert.equal(choosePeopleHttp('/devices/dev1'), 'app');
  assert.equal(choosePeopleHttp('/api/ui/session'), 'central');
});

test('files are for the host that is theirs alone, with any port and letter case', () => {
  for (const host of ['files.example', 'Files.Example:8444']) assert.equal(isForFiles(host, 'files.example'), true);
  for (const host of ['example', 'x.files.example', 'files.example.', '', undefined])
    assert.equal(isForFiles(host, 'files.example'), false);
  for (const host of ['', undefined, 'localhost']) assert.equal(isForFiles(host, ''), false);
});
