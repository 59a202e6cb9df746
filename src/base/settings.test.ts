import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveSettings, SettingsError } from './settings.ts';

const fields = {
  'listeners.address': { kind: 'text', default: '127.0.0.1', describe: 'where' },
  'listeners.mqtt.port': { kind: 'number', default: 8883, min: 0, max: 65535, describe: 'port' },
  'listeners.hostNames': { kind: 'list', default: ['localhost'], describe: 'names' },
  demo: { kind: 'flag', default: true, describe: 'demo' },
} as const;

test('a flag beats the environment, which beats the file, which beats the default', () => {
  const file = { name: 'homeport.toml', text: 'demo = false\n[listeners]\naddress = "127.0.0.2"\n[listeners.mqtt]\nport = 1' };
  const environment = { HOMEPORT_LISTENERS__MQTT__PORT: '2', HOMEPORT_DATA: '/x', HOMEPORT_LISTENERS__HOST_NAMES: 'a, b' };
  const { values, origins } = resolveSettings(fields, { file, environment, flags: { 'listeners.address': '127.0.0.3' } });
  assert.deepEqual(values, {
    'listeners.address': '127.0.0.3',
    'listeners.mqtt.port': 2,
    'listeners.hostNames': ['a', 'b'],
    demo: false,
  });
  assert.equal(origins['listeners.mqtt.port'], 'HOMEPORT_LISTENERS__MQTT__PORT');
  assert.equal(origins.demo, 'homeport.toml');
  assert.equal(origins['listeners.address'], 'flag');
});

test('an unknown key is an error that names the nearest known one and where it came from', () => {
  const file = { name: 'homeport.toml', text: '[listeners]\nadress = "x"' };
  assert.throws(() => resolveSettings(fields, { file }), {
    message: 'There is no setting listeners.adress (from homeport.toml). Did you mean listeners.address?',
  });
});

test('values that do not fit are refused with what would', () => {
  for (const [name, value] of [
    ['listeners.mqtt.port', 70000],
    ['listeners.mqtt.port', 'many'],
    ['listeners.mqtt.port', 1.5],
    ['demo', 'yes'],
    ['listeners.hostNames', [1]],
    ['listeners.address', 5],
  ] as const) {
    assert.throws(() => resolveSettings(fields, { flags: { [name]: value } }), SettingsError, `${name}=${value}`);
  }
});

test('a file that is no TOML is an error, and the result is frozen', () => {
  assert.throws(() => resolveSettings(fields, { file: { name: 'f', text: 'a = = b' } }), /f is not valid TOML/);
  assert.ok(Object.isFrozen(resolveSettings(fields, {}).values));
});
