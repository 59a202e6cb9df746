import type { Json, JsonObject } from '#base/json.ts';
import { Problem } from '#base/problem.ts';
import { enrichmentValueLengthMax } from './limits.ts';

/** A property that is added to events on their way to some endpoints (hub-service-protocol.md 10.4). */
export type Enrichment = { readonly key: string; readonly value: string; readonly endpointNames: readonly string[] };

/** The value for an event of a sender with this twin. */
export type EnrichmentValue = { readonly needsTwin: boolean; of(twin: JsonObject | undefined): string };

const keyPattern = /^[a-z0-9\-_.:]{1,64}$/i;
const twinPattern = /^\$twin\.(tags|properties\.(?:desired|reported))((?:\.[^.]+)+)$/;

/** Throws Problem `argument-invalid`. */
export function compileEnrichment({ key, value }: Pick<Enrichment, 'key' | 'value'>, hubName: string): EnrichmentValue {
  if (!keyPattern.test(key)) {
    throw new Problem('argument-invalid', 'The key has 1 to 64 letters, digits, hyphens, underscores, dots and colons.');
  }
  if (value === '' || value.length > enrichmentValueLengthMax) {
    throw new Problem('argument-invalid', `The value has 1 to ${enrichmentValueLengthMax} characters.`);
  }
  if (value.toLowerCase() === '$iothubname') return { needsTwin: false, of: () => hubName };
  if (!value.startsWith('$')) return { needsTwin: false, of: () => value };
  const [, section = '', rest = ''] = twinPattern.exec(value) ?? [];
  if (section === '') {
    throw new Problem(
      'argument-invalid',
      'A value that begins with $ is $iothubname, $twin.tags.…, $twin.properties.desired.… or $twin.properties.reported.….',
    );
  }
  const path = [...section.split('.'), ...rest.slice(1).split('.')];
  // What is not there is added as it was written: the owner sees what is missing.
  return { needsTwin: true, of: (twin) => textOf(find(twin, path)) ?? value };
}

function find(twin: JsonObject | undefined, path: readonly string[]): Json | undefined {
  let at: Json | undefined = twin;
  for (const step of path) {
    if (typeof at !== 'object' || at === null || Array.isArray(at) || !Object.hasOwn(at, step)) return undefined;
    at = at[step];
  }
  return at;
}

function textOf(value: Json | undefined): string | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
