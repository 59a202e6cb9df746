import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TedgeSettings } from '../settings/tedge-settings.ts';
import { isChildName, loadChildrenRule } from './child-name.ts';

const load = (environment: Record<string, string>) =>
  loadChildrenRule(new TedgeSettings('/etc/tedge', { path: 't', unknownKeys: [], read: () => undefined }, environment));

test('children speak for themselves where a setting says so, under a prefix where another does', () => {
  assert.equal(load({}), undefined);
  assert.equal(load({ TEDGE_AZ_CHILDREN: 'message', TEDGE_AZ_CHILDREN_PREFIX: 'line-7:' }), undefined);
  assert.deepEqual(load({ TEDGE_AZ_CHILDREN: 'module' }), { kind: 'module', idPrefix: '' });
  assert.deepEqual(load({ TEDGE_AZ_CHILDREN: 'device', TEDGE_AZ_CHILDREN_PREFIX: 'line-7:' }), {
    kind: 'device',
    idPrefix: 'line-7:',
  });
});

test('settings that do not fit are refused', () => {
  assert.throws(() => load({ TEDGE_AZ_CHILDREN: 'sometimes' }), /takes message or module or device, not 'sometimes'/);
  for (const prefix of ['a/b', 'a b', 'ä', '$', '+', 'x'.repeat(65)]) {
    const environment = { TEDGE_AZ_CHILDREN: 'module', TEDGE_AZ_CHILDREN_PREFIX: prefix };
    assert.throws(() => load(environment), { code: 'argument-invalid' }, prefix);
  }
  assert.throws(() => load({ TEDGE_AZ_CHILDREN: 'module', TEDGE_MQTT_BRIDGE_BUILT_IN: 'false' }), { code: 'not-supported' });
});

test('a name is one that the hub takes and that stands in topics', () => {
  for (const name of ['pump7', '..', "a'=(),-.?_*@!%:", 'x'.repeat(64)]) assert.ok(isChildName(name), name);
  for (const name of ['', 'pump 7', '$edgeHub', 'a+b', 'a#', 'a/b', 'ä', 'a;b', 'a\n', 'x'.repeat(65)]) {
    assert.ok(!isChildName(name), name);
  }
});
