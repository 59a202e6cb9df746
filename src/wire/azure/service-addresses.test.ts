import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseServiceAddress } from './service-addresses.ts';

const rows: readonly [address: string, kind: string, written: string, entity?: string, path?: string][] = [
  ['/messages/devicebound', 'devicebound', 'messages/devicebound'],
  ['amqps://home.example/messages/deviceBound', 'devicebound', 'messages/deviceBound'],
  ['amqps://home.example:5671/messages/devicebound/', 'devicebound', 'messages/devicebound'],
  ['/messages/serviceBound/feedback', 'feedback', 'messages/serviceBound/feedback'],
  ['messages/servicebound/FEEDBACK', 'feedback', 'messages/servicebound/FEEDBACK'],
  ['/messages/serviceBound/filenotifications', 'file-notifications', 'messages/serviceBound/filenotifications'],
  ['$management', 'events', '$management', 'none', '$management'],
  ['sb://home.example/Home/$management', 'events', 'Home/$management', 'hub', '$management'],
  ['amqps://home.example/messages/events/$management', 'events', 'messages/events/$management', 'messages/events', '$management'],
  ['Messages/Events', 'events', 'Messages/Events', 'messages/events', ''],
  [
    'HOME/ConsumerGroups/$Default/Partitions/0',
    'events',
    'HOME/ConsumerGroups/$Default/Partitions/0',
    'hub',
    'ConsumerGroups/$Default/Partitions/0',
  ],
];

test('the addresses of back ends are read bare and absolute, in any case', () => {
  for (const [address, kind, written, entity, path] of rows) {
    const expected = entity === undefined ? { kind, written } : { kind, written, entity, path };
    assert.deepEqual(parseServiceAddress(address, 'home'), expected, address);
  }
});

test('what is no address of a back end is none', () => {
  const others = [
    '',
    '/',
    '/messages',
    '/messages/devicebound/d1',
    '/messages/serviceBound',
    'homely/$management',
    'elsewhere',
    '$cbs',
  ];
  for (const address of others) assert.equal(parseServiceAddress(address, 'home'), undefined, address);
});
