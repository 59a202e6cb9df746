import { type RawBuilder, sql } from 'kysely';
import { type Instant, instant } from '#base/instant.ts';

/** A thumbprint that a row held until it was given another one. */
export type PastThumbprint = { readonly thumbprint: string; readonly replacedAt: Instant };

/** The last eight, and no more: devices that renew daily would fill the table. */
const textCharactersMax = 640;

/**
 * What the column `past_thumbprints` becomes when a row's slots become these: what goes stands first. Part of
 * the same UPDATE, so it costs no statement and cannot tell another story than the slots.
 */
export function retireThumbprints(
  next: { primary_thumbprint: string | null; secondary_thumbprint: string | null },
  at: Instant,
): RawBuilder<string | null> {
  const [primary, secondary] = [next.primary_thumbprint ?? '', next.secondary_thumbprint ?? ''];
  const suffix = `@${at};`;
  const gone = (slot: 'primary_thumbprint' | 'secondary_thumbprint') =>
    sql`case when ${sql.ref(slot)} is not null and ${sql.ref(slot)} <> ${primary} and ${sql.ref(slot)} <> ${secondary}
      then ${sql.ref(slot)} || ${suffix} else '' end`;
  return sql<string | null>`substr(${gone('primary_thumbprint')} || ${gone('secondary_thumbprint')}
    || coalesce(past_thumbprints, ''), 1, ${sql.lit(textCharactersMax)})`;
}

/** Newest first; an entry that was cut off is none. */
export function parsePastThumbprints(text: string | null): PastThumbprint[] {
  return [...(text ?? '').matchAll(/([0-9A-Fa-f]{40,64})@(\d{1,15});/g)].map(([, thumbprint = '', at]) => ({
    thumbprint,
    replacedAt: instant(Number(at)),
  }));
}
