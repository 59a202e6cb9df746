import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flattenModel } from './flatten-model.ts';

test('a model is flattened: kinds, labels in any form, complex schemas by their kind', () => {
  const model = flattenModel(
    {
      '@id': 'dtmi:x;1',
      '@type': 'Interface',
      displayName: { de: 'Gerät' },
      contents: [
        {
          '@type': ['Telemetry', 'State'],
          name: 'mode',
          displayName: 'Mode',
          schema: { '@type': 'Enum', valueSchema: 'integer' },
        },
        { '@type': 'Telemetry', name: 'place', schema: 'geopoint' },
        { '@type': 'Telemetry', name: 'deep', schema: { '@type': 'Object', fields: [] } },
        { '@type': ['Property', 'Temperature'], name: 'limit', schema: 'double', unit: 'degreeCelsius', writable: true },
        { '@type': 'Command', name: 'go' },
        { '@type': 'Component', name: 'inner', schema: 'dtmi:y;1' },
        'not a content',
      ],
    },
    new Set(['limit']),
  );
  assert.deepEqual(model, {
    id: 'dtmi:x;1',
    displayName: 'Gerät',
    telemetry: [
      { name: 'mode', displayName: 'Mode', schema: 'enum', semanticType: 'State' },
      { name: 'place', displayName: 'place', schema: 'geopoint' },
      { name: 'deep', displayName: 'deep', schema: 'object' },
    ],
    properties: [
      { name: 'limit', displayName: 'limit', schema: 'double', writable: true, unit: 'degreeCelsius', desiredIsWrapped: true },
    ],
    commands: [{ name: 'go', displayName: 'go' }],
  });
});

test('an interface without contents says nothing', () => {
  assert.deepEqual(flattenModel({ '@id': 'dtmi:x;1' }), {
    id: 'dtmi:x;1',
    displayName: 'dtmi:x;1',
    telemetry: [],
    properties: [],
    commands: [],
  });
});
