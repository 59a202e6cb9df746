import { resolve } from 'node:path';
import { Problem } from '#base/problem.ts';
import type { TedgeSettings } from '../settings/tedge-settings.ts';
import { type ConfLine, formatConf } from './conf-text.ts';

/** Whether a path that a listener is given is a directory: mosquitto has an option for each. */
export type IsDirectory = (path: string) => Promise<boolean>;

/** `tedge-mosquitto.conf`: where mosquitto listens as the local broker. Throws Problem for settings that do not fit. */
export async function formatBrokerConf(settings: TedgeSettings, isDirectory: IsDirectory): Promise<string> {
  return formatConf("Written by 'tedge connect az': what is changed here is lost.", [
    // Before any listener, or mosquitto refuses it; without it, who may come in would be one answer for all listeners.
    ['per_listener_settings', 'true'],
    ['connection_messages', 'true'],
    ...['error', 'warning', 'notice', 'information', 'subscribe', 'unsubscribe'].map((type): ConfLine => ['log_type', type]),
    ['listener', `${Number(settings.load('mqtt.bind.port'))} ${settings.text('mqtt.bind.address')}`],
    ['allow_anonymous', 'true'],
    ...(await externalLines(settings, isDirectory)),
  ]);
}

/** A listener for other machines: they come in by a certificate below the CA, and are called what it says. */
async function externalLines(settings: TedgeSettings, isDirectory: IsDirectory): Promise<ConfLine[]> {
  const port = settings.load('mqtt.external.bind.port');
  if (port === undefined) return [];
  const path = (name: 'ca_path' | 'cert_file' | 'key_file'): string => {
    const value = settings.load(`mqtt.external.${name}`);
    if (typeof value === 'string') return resolve(settings.directory, value);
    throw new Problem(
      'argument-invalid',
      `'mqtt.external.bind.port' opens the local broker to other machines, and 'mqtt.external.${name}' is not set.\nSet it, or run 'tedge config unset mqtt.external.bind.port'.`,
    );
  };
  const [ca, certificate, key] = [path('ca_path'), path('cert_file'), path('key_file')];
  const address = settings.load('mqtt.external.bind.address');
  const device = settings.load('mqtt.external.bind.interface');
  return [
    ['listener', typeof address === 'string' ? `${Number(port)} ${address}` : String(Number(port))],
    ...(typeof device === 'string' ? [['bind_interface', device] as const] : []),
    ['allow_anonymous', 'false'],
    ['require_certificate', 'true'],
    ['use_identity_as_username', 'true'],
    [(await isDirectory(ca)) ? 'capath' : 'cafile', ca],
    ['certfile', certificate],
    ['keyfile', key],
  ];
}
