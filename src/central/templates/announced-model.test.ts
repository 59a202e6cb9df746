import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Json } from '#base/json.ts';
import { announcedModel } from './announced-model.ts';

const model = 'dtmi:com:example:T;1';

test('the model is read from the three places where devices put it, the newest first', () => {
  const payloads: Json[] = [
    { modelId: model },
    { iotcModelId: model },
    { '__iot:interfaces': { CapabilityModelId: model } },
    { modelId: model, iotcModelId: 'dtmi:other;1' },
    { modelId: 7, iotcModelId: model },
  ];
  for (const payload of payloads) assert.equal(announcedModel(payload), model, JSON.stringify(payload));
  assert.equal(announcedModel({ '__iot:interfaces': { CapabilityModelId: 'urn:example:T:1' } }), 'urn:example:T:1');
});

test('what is no model id names no model', () => {
  const payloads: (Json | undefined)[] = [
    undefined,
    null,
    'dtmi:a;1',
    [model],
    {},
    { modelId: '' },
    { modelId: 'thermometer' },
    { modelId: `dtmi:${'a'.repeat(260)};1` },
    { modelId: 'dtmi:a b;1' },
    { modelId: 'dtmi:a\u0000;1' },
    { modelId: { toString: 'dtmi:a;1' } },
    { '__iot:interfaces': model },
  ];
  for (const payload of payloads) assert.equal(announcedModel(payload), undefined, JSON.stringify(payload));
});
