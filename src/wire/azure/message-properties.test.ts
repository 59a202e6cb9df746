import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { instant } from '#base/instant.ts';
import { Problem } from '#base/problem.ts';
import { seededRandom } from '#test/support/seeded-random.ts';
import {
  type CloudToDeviceProperties,
  decodeBagPairs,
  decodeDeviceBag,
  decodeHubBag,
  encodeCloudToDeviceBag,
  encodeDeviceBag,
  propertyBytes,
} from './message-properties.ts';
import { decodePercent, encodePercent } from './percent.ts';

function decoded(bag: string) {
  const { system, application } = decodeDeviceBag(bag);
  return { system: Object.fromEntries(system), application: Object.fromEntries(application) };
}

describe('bags from devices', () => {
  test('hub 39: encoded system and application properties, as Node sends them', () => {
    assert.deepEqual(decoded('%24.mid=m-1&%24.cid=c%2F1&%24.ct=application%2Fjson&%24.ce=utf-8&alert=true%20%26%20more%3D1'), {
      system: { 'message-id': 'm-1', 'correlation-id': 'c/1', 'content-type': 'application/json', 'content-encoding': 'utf-8' },
      application: { alert: 'true & more=1' },
    });
  });

  test('hub 40: raw system keys, as Java sends them', () => {
    assert.deepEqual(decoded('$.mid=m&$.uid=u&$.to=t&$.ctime=2030-01-01T00:00:00Z'), {
      system: { 'message-id': 'm', 'user-id': 'u', to: 't', 'iothub-creation-time-utc': '2030-01-01T00:00:00Z' },
      application: {},
    });
  });

  test('hub 41: application properties before system ones, as C sends them', () => {
    assert.deepEqual(decoded('a=1&b=2&%24.mid=m&%24.ct=text%2fplain'), {
      system: { 'message-id': 'm', 'content-type': 'text/plain' },
      application: { a: '1', b: '2' },
    });
  });

  test('hub 42: an expiry of any form is kept as it is', () => {
    for (const value of ['1893456000000', '2030-01-01T00:00:00.000Z', 'soon', '']) {
      assert.equal(decodeDeviceBag(`%24.exp=${value}`).system.get('absolute-expiry-time'), value);
    }
  });

  test('the component of a message is its dt-subject', () => {
    assert.equal(decodeDeviceBag('%24.sub=thermostat1').system.get('dt-subject'), 'thermostat1');
  });

  test('every key of the table becomes its system property', () => {
    const keys = ['mid', 'cid', 'uid', 'to', 'ct', 'ce', 'exp', 'ctime', 'on', 'sub', 'ifid', 'schema', 'diagid', 'diagctx'];
    const { system, application } = decodeDeviceBag(keys.map((key) => `%24.${key}=${key}`).join('&'));
    assert.deepEqual([...system.values()], keys);
    assert.equal(application.size, 0);
    assert.deepEqual(decoded('%24.unknown=1&$=2&mid=3&%24.MID=4'), {
      system: {},
      application: { '$.unknown': '1', $: '2', mid: '3', '$.MID': '4' },
    });
  });

  test('iothub-creation-time-utc is promoted to the system property of that name', () => {
    assert.deepEqual(decoded('iothub-creation-time-utc=2030-01-01T00:00:00Z'), {
      system: { 'iothub-creation-time-utc': '2030-01-01T00:00:00Z' },
      application: {},
    });
  });

  test('a device cannot say who it is', () => {
    assert.deepEqual(decoded('$.cdid=other&%24.cmid=m&a=1'), { system: {}, application: { a: '1' } });
    assert.equal(decodeHubBag('%24.cdid=d').system.get('iothub-connection-device-id'), 'd');
  });

  test('no = is null, key= is empty, the first = separates, empty pieces are nothing', () => {
    assert.deepEqual(decodeBagPairs('&&a&b=&c=d=e&=f&&'), [
      ['a', null],
      ['b', ''],
      ['c', 'd=e'],
      ['', 'f'],
    ]);
    assert.deepEqual(decodeBagPairs(''), []);
    assert.deepEqual(decodeBagPairs('&'), []);
  });

  test('one slash at the end belongs to no value', () => {
    assert.deepEqual(decodeBagPairs('%24.on=out1&a=1/'), [
      ['$.on', 'out1'],
      ['a', '1'],
    ]);
    assert.deepEqual(decodeBagPairs('a=1//'), [['a', '1/']]);
    assert.deepEqual(decodeBagPairs('/'), []);
    assert.deepEqual(decodeBagPairs('a=b/c'), [['a', 'b/c']]);
  });

  test('of duplicates the last counts, and names of every object are names', () => {
    const { application } = decodeDeviceBag('a=1&a=2&__proto__=x&constructor=y');
    assert.deepEqual(
      [...application],
      [
        ['a', '2'],
        ['__proto__', 'x'],
        ['constructor', 'y'],
      ],
    );
  });

  test('+ is literal, and malformed escapes stay while sound ones around them are decoded', () => {
    for (const [text, expected] of [
      ['a+b', 'a+b'],
      ['100%', '100%'],
      ['100%&', '100%&'],
      ['%zz%41', '%zzA'],
      ['%4', '%4'],
      ['%c3%a4', 'ä'],
      ['%C3', '%C3'],
      ['%C3%41', '%C3A'],
      ['%E2%82%AC%FF%41', '€%FFA'],
      ['%E2%82', '%E2%82'],
      ['%ED%A0%80', '%ED%A0%80'],
      ['%C0%AF', '%C0%AF'],
      ['%F0%9F%98%80%', '😀%'],
      ['%2541', '%41'],
      ['ä%C3%A4', 'ää'],
    ] as const) {
      assert.equal(decodePercent(text), expected, text);
    }
  });
});

describe('sizes', () => {
  test('names and values count decoded, separators do not', () => {
    for (const [bag, bytes] of [
      ['', 0],
      ['a=1&b=2', 4],
      ['%24.ct=application%2Fjson', 20],
      ['ä=%C3%A4', 4],
      ['x=%zz', 4],
      ['x=%', 2],
    ] as const) {
      assert.equal(propertyBytes(bag), bytes, bag);
    }
  });
});

describe('bags to devices', () => {
  const to = '/devices/d/messages/deviceBound';

  test('all fields, in the order and the letters that every SDK reads', () => {
    assert.equal(
      encodeCloudToDeviceBag({
        messageId: 'm 1',
        to,
        correlationId: 'c+1',
        userId: 'u',
        contentType: 'application/json',
        contentEncoding: 'utf-8',
        expiresAt: instant(Date.UTC(2030, 0, 1)),
        acknowledgement: 'full',
        application: [['prop', 'a=b&c']],
      }),
      '%24.mid=m%201&%24.to=%2Fdevices%2Fd%2Fmessages%2FdeviceBound&%24.cid=c%2B1&%24.uid=u&%24.ct=application%2Fjson&%24.ce=utf-8' +
        '&%24.exp=2030-01-01T00%3A00%3A00.0000000Z&iothub-ack=full&prop=a%3Db%26c',
    );
  });

  test('a message without optional fields has a bag that is not empty', () => {
    assert.equal(encodeCloudToDeviceBag({ to }), '%24.to=%2Fdevices%2Fd%2Fmessages%2FdeviceBound');
  });

  test('space, plus, slash and & survive, and nothing is left raw that a topic or a parser would misread', () => {
    const value = "a b+c/d&e=f#g%h!'()*ü😀";
    const bag = encodeCloudToDeviceBag({ to, application: [[value, value]] });
    assert.match(bag, /^[A-Za-z0-9\-._~%=&]+$/);
    assert.deepEqual([...decodeHubBag(bag).application], [[value, value]]);
  });

  test('the expiry has seven fraction digits', () => {
    const bag = encodeCloudToDeviceBag({ to, expiresAt: instant(Date.UTC(2030, 0, 1, 1, 2, 3, 45)) });
    assert.equal(decodeHubBag(bag).system.get('absolute-expiry-time'), '2030-01-01T01:02:03.0450000Z');
  });

  test('null and empty values keep their two forms', () => {
    assert.ok(
      encodeCloudToDeviceBag({
        to,
        application: [
          ['n', null],
          ['e', ''],
        ],
      }).endsWith('&n&e='),
    );
  });

  for (const [what, name, value] of [
    ['no name', '', 'x'],
    ['the name of a system property', '$.mid', 'x'],
    ['the name of the acknowledgement', 'iothub-ack', 'maybe'],
    ['half a surrogate in its name', '\uD800', 'x'],
    ['half a surrogate in its value', 'x', 'a\uDC00'],
  ] as const) {
    test(`a property with ${what} is refused`, () => {
      assert.throws(
        () => encodeCloudToDeviceBag({ to, application: [[name, value]] }),
        (error) => error instanceof Problem && error.code === 'argument-invalid',
      );
    });
  }

  test('any properties come back as they went', () => {
    const random = seededRandom('bags');
    const alphabet = [...'abcZ09-._~ +/=&#%?$!*\'()"\\\n\0\u007fäß€😀\uFEFF'];
    const text = (min: number) =>
      Array.from(
        { length: min + Math.floor(random.fraction() * 12) },
        () => alphabet[Math.floor(random.fraction() * alphabet.length)],
      ).join('');
    for (let round = 0; round < 300; round++) {
      const application = new Map<string, string | null>();
      for (let count = Math.floor(random.fraction() * 5); count > 0; count--) {
        application.set(`p${text(0)}`, random.fraction() < 0.2 ? null : text(0));
      }
      const properties: CloudToDeviceProperties = { to, messageId: text(0), contentType: text(1), application };
      const back = decodeHubBag(encodeCloudToDeviceBag(properties));
      assert.deepEqual(back.application, application);
      assert.equal(back.system.get('message-id'), properties.messageId);
      assert.equal(back.system.get('content-type'), properties.contentType);
      const telemetry = decodeDeviceBag(encodeDeviceBag({ system: { 'dt-subject': text(1) }, application }));
      assert.deepEqual(telemetry.application, application);
      const anything = text(0);
      assert.equal(decodePercent(encodePercent(anything)), anything);
    }
  });

  test('a simulated device writes its bag as the SDKs do', () => {
    assert.equal(
      encodeDeviceBag({
        system: { 'content-encoding': 'utf-8', 'content-type': 'application/json', 'dt-subject': 'c1' },
        application: [['level', '1']],
      }),
      '%24.ct=application%2Fjson&%24.ce=utf-8&%24.sub=c1&level=1',
    );
    assert.equal(encodeDeviceBag({}), '');
  });
});
