/** One local message that must be refused, and what its refusal says. */
export type InvalidInput = { readonly topic: string; readonly payload: string | Buffer; readonly reason: RegExp };

const main = 'te/device/main//';
const notJson = /not valid JSON/;
const noObject = /no JSON object/;
const noText = /not valid UTF-8/;
const noTime = /"time" is no time/;
const oddTime = /"time" is neither a number nor a text/;
const noNumber = /is no number/;

const deep = (depth: number, open: string, close: string) => open.repeat(depth) + close.repeat(depth);

/** By topic and reason, the payloads to which both apply. Rules as they are by default. */
const table: readonly [topic: string, reason: RegExp, payloads: readonly (string | Buffer)[]][] = [
  // What no JSON object is, on every channel whose messages are sent.
  [
    `${main}/m/`,
    notJson,
    ['', ' ', 'not json', '{', '}', '{"a"}', '{"a":}', '{"a":1,}', "{'a':1}", '{a:1}', '{"a":1}{"b":2}', '{"a":01}'],
  ],
  [
    `${main}/m/env`,
    notJson,
    ['{"a":.5}', '{"a":+1}', '{"a":0x10}', '{"a":1e}', '{"a":NaN}', '{"a":Infinity}', '{"a":"\n"}', '{"a":"\\x"}'],
  ],
  [
    `${main}/m/bom`,
    notJson,
    ['\ufeff{"a":1}', '<a>1</a>', 'a=1', '{"a":1} // note', '{"a":"open}', '{"a":1', '{"a" 1}', '{"a":TRUE}'],
  ],
  [`${main}/m/scalar`, noObject, ['[1,2]', '3', '"x"', 'true', 'null', '[]', '[{"a":1}]', '-0.5']],
  [
    `${main}/m/bytes`,
    noText,
    [Buffer.of(0xff), Buffer.of(0x7b, 0xc0, 0x80, 0x7d), Buffer.of(0x7b, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x7d)],
  ],
  [`${main}/m/large`, /number that is too large/, ['{"a":1e999}', '{"a":[-1e400]}', '{"a":{"b":1e309}}']],
  [`${main}/m/deep`, /nests deeper/, [`{"a":${deep(128, '[', ']')}}`, deep(4_000, '[', ']'), '{"a":'.repeat(200)]],
  [`${main}/e/door`, notJson, ['', 'door open', '{"text":door}']],
  [`${main}/e/door`, noObject, ['"door open"', '["door open"]', '1']],
  [`${main}/a/overheat`, notJson, ['major', '{"severity":major}', '{']],
  [`${main}/a/overheat`, noObject, ['"major"', '[]', 'false']],
  ['te/device/main/service/plc/status/health', notJson, ['up', '00', '01', '{"status":up}']],
  ['te/device/main/service/plc/status/health', noObject, ['"up"', '2', '[1]']],
  ['te/device/pump7///m/flow', notJson, ['3.2 lpm', '{"lpm":3,2}']],
  ['te/device/pump7/service/plc/m/', noObject, ['9', 'null']],
  // Times that cannot be written as the setting wants them.
  [
    `${main}/m/time`,
    noTime,
    [
      '{"time":"yesterday"}',
      '{"time":""}',
      '{"time":"2025-03-01"}',
      '{"time":"2025-03-01T12:00:00"}',
      '{"time":"2025-02-30T12:00:00Z"}',
    ],
  ],
  [
    `${main}/m/time`,
    noTime,
    [
      '{"time":"2025-13-01T12:00:00Z"}',
      '{"time":"2025-03-01T25:00:00Z"}',
      '{"time":"1740830400"}',
      '{"time":"2025-03-01T12:00:00+0100"}',
    ],
  ],
  [`${main}/e/time`, oddTime, ['{"time":null}', '{"time":true}', '{"time":{}}', '{"time":[1740830400]}']],
  // Thin Edge JSON, which the names of the first generation insist on.
  ['tedge/measurements', notJson, ['', 'not json', '{"a":1']],
  ['tedge/measurements', noObject, ['[1,2]', '20']],
  ['tedge/measurements', /nothing is measured/, ['{}', '{"time":"2025-03-01T12:00:00Z"}']],
  ['tedge/measurements', /empty group/, ['{"a":{}}']],
  ['tedge/measurements', /nests deeper than one level/, ['{"a":{"b":{"c":1}}}', '{"x":1,"a":{"b":{}}}']],
  [
    'tedge/measurements',
    noNumber,
    ['{"a":"text"}', '{"a":true}', '{"a":null}', '{"a":[1]}', '{"a":{"b":"text"}}', '{"a":{"b":[1]}}', '{"a":{"b":null}}'],
  ],
  ['tedge/measurements', /reserved name/, ['{"type":1}', '{"a":1,"type":"x"}']],
  ['tedge/measurements', noTime, ['{"a":1,"time":"yesterday"}', '{"a":1,"time":1700000000}', '{"a":1,"time":null}']],
  ['tedge/measurements/pump7', noNumber, ['{"lpm":"3"}', '{"properties":{"a":"b"}}']],
  // Topics that name nothing.
  ['te/device////m/', /names no device/, ['{"a":1}']],
  ['te/device/main/service//m/', /names no device/, ['{"a":1}']],
  ['tedge/measurements/', /names no device/, ['{"a":1}']],
  ['tedge/events/', /names no type/, ['{"text":"a"}']],
  ['tedge/events/door/', /names no device/, ['{"text":"a"}']],
  ['tedge/alarms/dreadful/heat', /severity is none of critical/, ['{"text":"a"}', '']],
  ['tedge/alarms/major/', /names no type/, ['{"text":"a"}']],
  ['tedge/alarms/major/heat/', /names no device/, ['{"text":"a"}']],
  ['tedge/events/door', notJson, ['open']],
  ['tedge/alarms/major/heat', noObject, ['[]']],
  ['tedge/health/plc', notJson, ['up']],
  // More than the hub takes: as it is, and when its spaces are gone.
  [`${main}/m/big`, /it has 3072\d\d bytes, and at most 262144 are sent/, [`{"a":"${'x'.repeat(307_201)}"}`]],
  [`${main}/m/big`, /it has 400000 bytes/, [' '.repeat(400_000)]],
];

export const invalidInputs: readonly InvalidInput[] = table.flatMap(([topic, reason, payloads]) =>
  payloads.map((payload) => ({ topic, payload, reason })),
);
