import type { Refusal } from '../../api/contract.ts';
import { paths } from '../../paths.ts';

export const serviceWords: Readonly<Record<string, string>> = {
  provisioning: 'Provisioning',
  hub: 'Hub',
  sphere: 'Security service',
  central: 'Central',
};

/** The instant that the rules were checked against, to the second, in UTC as certificates have it. */
export function clockWords({ at, clockMovedMs }: Pick<Refusal, 'at' | 'clockMovedMs'>): string | undefined {
  if (at === undefined) return undefined;
  const exact = `${at.slice(0, 19)}Z`;
  return clockMovedMs === undefined ? `${exact}, not moved` : `${exact}, moved ahead by ${spanWords(clockMovedMs)}`;
}

function spanWords(ms: number): string {
  const seconds = Math.round(Math.abs(ms) / 1000);
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} days`;
}

/** A hub's subjects are `{device}` or `{hub}//{device}`, and a module's `{device}/{module}`. */
function hubDeviceOf(subject: string): { hub: string; id: string } {
  const [hub, rest] = subject.includes('//') ? splitAt(subject, '//') : ['main', subject];
  return { hub, id: rest.split('/')[0] ?? rest };
}

function splitAt(text: string, mark: string): [string, string] {
  const at = text.indexOf(mark);
  return [text.slice(0, at), text.slice(at + mark.length)];
}

const aboutNobody: ReadonlySet<string> = new Set([
  'user-name-malformed',
  'device-unknown',
  'api-version-missing',
  'policy-unknown',
]);

/** Where the page of whom it is about may be. */
export function linkOfSubject({ service, subject, reason }: Refusal): { path: string; label: string } | undefined {
  if (subject === '' || reason.startsWith('Proof') || aboutNobody.has(reason)) return undefined;
  if (service === 'provisioning') return { path: paths.refusals({ subject }), label: 'All refusals of this device' };
  if (service !== 'hub') return undefined;
  const { hub, id } = hubDeviceOf(subject);
  return { path: paths.hubDevice(id, { hub }), label: 'The device at its hub' };
}

/** The page of what comes nearest, where there is one. */
export function linkOfMatch({ service, subject }: Refusal, match: { kind: string; name: string }): string | undefined {
  if (match.kind === 'group') return paths.group(match.name);
  if (service !== 'hub') return undefined;
  const { hub } = hubDeviceOf(subject);
  if (match.kind === 'device') return paths.hubDevice(match.name, { hub });
  return match.kind === 'module' ? paths.hubDevice(match.name.split('/')[0] ?? match.name, { hub }) : undefined;
}
