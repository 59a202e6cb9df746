import { minuteMs, secondMs } from '#base/instant.ts';
import type { SettingField } from '#base/settings.ts';
import { defaultHubLimits, type HubLimits } from '#hub/hub-limits.ts';
import { listenerLimits } from '#listeners/limits.ts';
import type { ServerSettings } from './config.ts';

type NumberField = SettingField & { readonly kind: 'number' };

const { messages, cloudToDevice, methods, twins, registry } = defaultHubLimits;

/** A limit as it is by default, which is what the cloud has. */
function field(inCloud: number, min: number, max: number, what: string): NumberField {
  return { kind: 'number', default: inCloud, min, max, describe: `${what} The cloud: ${inCloud}.` };
}

/** hub-device-protocol.md 10. Where another part of a packet or a request bounds a value, no larger one can be set. */
export const hubLimitFields = {
  'hub.limits.telemetryBytesMax': field(
    messages.telemetryBytesMax,
    1_024,
    512 * 1024,
    'Bytes of a message from a device, or of a batch over HTTPS, with its properties; of any MQTT payload.',
  ),
  'hub.limits.cloudToDeviceBytesMax': field(
    cloudToDevice.messageBytesMax,
    1_024,
    256 * 1024,
    'Bytes of a message to a device, with its properties.',
  ),
  'hub.limits.cloudToDevicePendingMax': field(
    cloudToDevice.pendingMax,
    1,
    1_000,
    'Messages that wait for one device or module; a further one is refused.',
  ),
  'hub.limits.cloudToDeviceMinutesMax': field(
    cloudToDevice.timeToLiveMsMax / minuteMs,
    1,
    366 * 24 * 60,
    'The longest life in minutes that the sender of a message to a device may ask for.',
  ),
  'hub.limits.messageIdCharactersMax': field(
    cloudToDevice.idCharactersMax,
    1,
    1_024,
    'Characters of the message id of a message to a device.',
  ),
  'hub.limits.methodPayloadBytesMax': field(
    methods.payloadBytesMax,
    1_024,
    256 * 1024,
    'Bytes of a method’s payload, of request and response each.',
  ),
  'hub.limits.methodNameCharactersMax': field(methods.nameCharactersMax, 1, 1_024, 'Characters of a method’s name.'),
  'hub.limits.methodResponseSecondsMin': field(
    methods.responseSecondsMin,
    1,
    300,
    'The shortest time that a caller may give a device to answer a method.',
  ),
  'hub.limits.methodResponseSecondsMax': field(methods.responseSecondsMax, 30, 3_600, 'The longest.'),
  'hub.limits.methodConnectSecondsMax': field(
    methods.connectSecondsMax,
    0,
    3_600,
    'The longest that a caller may wait for a device to connect.',
  ),
  'hub.limits.methodsInFlightMax': {
    ...field(methods.inflightMax, 1, 10_000, ''),
    describe:
      'Calls of one device that wait for it or for its answer; a further one is refused. The cloud’s number is not published.',
  },
  'hub.limits.twinTagsSizeMax': field(
    twins.tagsSizeMax,
    1_024,
    1024 ** 2,
    'Characters of keys and values of a twin’s tags; a number counts 8, true and false 4.',
  ),
  'hub.limits.twinDesiredSizeMax': field(twins.desiredSizeMax, 1_024, 1024 ** 2, 'Of its desired properties.'),
  'hub.limits.twinReportedSizeMax': field(twins.reportedSizeMax, 1_024, 1024 ** 2, 'Of its reported properties.'),
  'hub.limits.twinKeyBytesMax': field(twins.keyBytesMax, 16, 16 * 1024, 'Bytes of a key in a twin.'),
  'hub.limits.twinStringBytesMax': field(twins.stringBytesMax, 16, 1024 ** 2, 'Bytes of a text in a twin.'),
  'hub.limits.twinDepthMax': field(twins.depthMax, 1, 30, 'Levels of objects in a section of a twin.'),
  'hub.limits.devicesMax': field(registry.devicesMax, 1, 100_000_000, 'Devices of one hub; a further one is refused.'),
  'hub.limits.modulesPerDeviceMax': field(registry.modulesPerDeviceMax, 0, 1_000, 'Modules of one device.'),
  'hub.limits.mqttKeepAliveSecondsMax': field(
    listenerLimits.mqttKeepAliveMsMax / secondMs,
    10,
    24 * 3_600,
    'Silence after which an MQTT connection ends however long its keep-alive is; and where its keep-alive is 0.',
  ),
  'hub.limits.mqttInFlightMax': {
    ...field(listenerLimits.mqttInFlightMax, 1, 1_000, ''),
    describe: 'Messages to one MQTT client that wait for its PUBACK. The cloud’s number is not published.',
  },
  'hub.limits.mqttFiltersPerPacketMax': {
    ...field(listenerLimits.mqttFiltersPerPacketMax, 1, 10_000, ''),
    describe: 'Filters in one SUBSCRIBE or UNSUBSCRIBE. The cloud’s number is not published; a device has five filters there.',
  },
} as const satisfies Readonly<Record<string, NumberField>>;

/** What hubs take, in the units that their rooms count in. */
export function hubLimitsOf(settings: ServerSettings): HubLimits {
  const of = (name: keyof LimitNames): number => settings[`hub.limits.${name}`];
  const sizes = {
    tagsSizeMax: of('twinTagsSizeMax'),
    desiredSizeMax: of('twinDesiredSizeMax'),
    reportedSizeMax: of('twinReportedSizeMax'),
  };
  return {
    messages: { ...messages, telemetryBytesMax: of('telemetryBytesMax') },
    cloudToDevice: {
      ...cloudToDevice,
      messageBytesMax: of('cloudToDeviceBytesMax'),
      pendingMax: of('cloudToDevicePendingMax'),
      timeToLiveMsMax: of('cloudToDeviceMinutesMax') * minuteMs,
      idCharactersMax: of('messageIdCharactersMax'),
    },
    methods: {
      ...methods,
      payloadBytesMax: of('methodPayloadBytesMax'),
      nameCharactersMax: of('methodNameCharactersMax'),
      responseSecondsMin: of('methodResponseSecondsMin'),
      responseSecondsMax: of('methodResponseSecondsMax'),
      connectSecondsMax: of('methodConnectSecondsMax'),
      inflightMax: of('methodsInFlightMax'),
    },
    twins: {
      ...twins,
      ...sizes,
      keyBytesMax: of('twinKeyBytesMax'),
      stringBytesMax: of('twinStringBytesMax'),
      depthMax: of('twinDepthMax'),
      patchBytesMax: patchToSection * Math.max(...Object.values(sizes)),
    },
    registry: { ...registry, devicesMax: of('devicesMax'), modulesPerDeviceMax: of('modulesPerDeviceMax') },
  };
}

/** What the MQTT sessions of every port take; none but a hub's send that much. */
export function mqttLimitsOf(settings: ServerSettings) {
  return {
    mqttPayloadBytesMax: settings['hub.limits.telemetryBytesMax'],
    mqttKeepAliveMsMax: settings['hub.limits.mqttKeepAliveSecondsMax'] * secondMs,
    mqttInFlightMax: settings['hub.limits.mqttInFlightMax'],
    mqttFiltersPerPacketMax: settings['hub.limits.mqttFiltersPerPacketMax'],
  };
}

type ShortName<Name> = Name extends `hub.limits.${infer Short}` ? Short : never;

type LimitNames = { readonly [Name in keyof typeof hubLimitFields as ShortName<Name>]: number };

/** A patch as text holds every character escaped, and names and braces around it. */
const patchToSection = twins.patchBytesMax / Math.max(twins.tagsSizeMax, twins.desiredSizeMax, twins.reportedSizeMax);
