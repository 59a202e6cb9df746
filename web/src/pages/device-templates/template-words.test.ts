import assert from 'node:assert/strict';
import { test } from 'node:test';
import { capabilitiesOf, modelIdOf } from './template-words.ts';

const template = (capabilityModel: object) => ({
  '@id': 'dtmi:t;1',
  '@type': ['ModelDefinition'],
  displayName: 'T',
  etag: '1',
  capabilityModel: capabilityModel as never,
});

test('telemetry, properties and commands are read with their display names, units and schemas', () => {
  const found = capabilitiesOf(
    template({
      contents: [
        {
          '@type': ['Telemetry', 'Temperature'],
          name: 'temperature',
          displayName: { en: 'Temperature' },
          schema: 'double',
          unit: 'degreeCelsius',
        },
        { '@type': 'Property', name: 'on', schema: 'boolean', writable: true },
        { '@type': 'Command', name: 'go', request: { name: 'r', schema: { '@type': 'Object', fields: [] } } },
      ],
    }),
  );
  assert.deepEqual(
    found.map((item) => [item.kind, item.displayName, item.schema, item.detail]),
    [
      ['Telemetry', 'Temperature', 'double', 'degreeCelsius, Temperature'],
      ['Property', 'on', 'boolean', 'writable'],
      ['Command', 'go', 'object', ''],
    ],
  );
});

test('a template without contents or model id is shown empty, not broken', () => {
  assert.deepEqual(capabilitiesOf(template({ contents: 'nonsense' })), []);
  assert.equal(modelIdOf(template({})), '');
});
