import { timingSafeEqual } from 'node:crypto';
import { formatInstant, type Instant, instant, minuteMs, plus, secondMs } from '#base/instant.ts';
import { type SasToken, signatureOf } from '#wire/azure/sas-token.ts';
import { accept, refuse, type TraceStep, type Verdict } from './verdict.ts';

/** A key that may have signed, and what people call it. */
export type SasKey = { readonly name: string; readonly key: Uint8Array };

export type SasCheck = {
  readonly token: SasToken;
  readonly keys: readonly SasKey[];
  /** What the token is used for, `{host}/…` or `{scope}/…`; its scope must be this or a leading part of it. */
  readonly resource: string;
  /** Devices' tokens ignore case altogether, since some clients lower-case what they sign; services' only in the host. */
  readonly ignoresPathCase: boolean;
  readonly at: Instant;
  readonly trace?: readonly TraceStep[];
};

export type CheckedToken = {
  readonly keyName: string;
  /** Until when what was opened with it may stay open. */
  readonly expiresAt: Instant;
};

/** How far the clocks of signer and server may be apart (hub-device-protocol.md 3.2). */
export const tokenSkewMs = 5 * minuteMs;

/** The end of the year 9999: later expiries mean never. */
const instantMax = 253_402_300_799_999n;

/**
 * Decides whether one of `keys` signed this token for this resource, and whether it is still good.
 *
 * Every key is tried and every comparison takes the same time, so the answer's duration tells nothing
 * about which was right. Expiry is looked at last: that a token was refused as expired says that it was
 * genuine.
 */
export function checkSasToken(check: SasCheck): Verdict<CheckedToken> {
  const { token, keys, at } = check;
  const trace: TraceStep[] = [...(check.trace ?? [])];
  if (!covers(token.resource, check.resource, check.ignoresPathCase)) {
    return refuse('token-scope', `The token is for ${token.resource}; it is used for ${check.resource}.`, {
      trace,
      fix: 'Sign the token for this resource, or for a leading part of it that ends at a slash.',
    });
  }
  trace.push({ check: 'token-scope', passed: true, detail: token.resource });
  const matches = keys.filter(({ key }) => timingSafeEqual(signatureOf(token.stringToSign, key), token.signature));
  const [match] = matches;
  if (!match) {
    return refuse('token-signature', 'None of the keys that could have signed the token did.', {
      trace,
      fix: 'Compare the key in the connection string with the present one; keys are base64 and are decoded before they sign.',
    });
  }
  trace.push({ check: 'token-signature', passed: true, detail: match.name });
  const expiryMs = token.expirySeconds * BigInt(secondMs);
  const end = instant(Number(expiryMs < instantMax ? expiryMs : instantMax));
  // A token that is used within the grace is good until the grace ends, or its session would end at once.
  const expiresAt = end > at ? end : plus(end, tokenSkewMs);
  if (expiresAt <= at) {
    return refuse('token-expired', `The token ended at ${formatInstant(end)}.`, {
      trace,
      fix: 'Make a new token; compare the clocks of device and server.',
    });
  }
  return accept({ keyName: match.name, expiresAt }, [
    ...trace,
    { check: 'token-expiry', passed: true, detail: formatInstant(end) },
  ]);
}

/** Whether `scope` is `resource` or a leading part of it that ends at a slash: `…/abc` does not cover `…/abcd`. */
function covers(scope: string, resource: string, ignoresPathCase: boolean): boolean {
  const granted = normalize(scope, ignoresPathCase);
  const wanted = normalize(resource, ignoresPathCase);
  return granted !== '' && (wanted === granted || wanted.startsWith(`${granted}/`));
}

function normalize(resource: string, ignoresPathCase: boolean): string {
  const bare = resource.replace(/^(?:amqps|https|sb):\/\//i, '').replace(/\/$/, '');
  const slash = bare.indexOf('/');
  const host = (slash < 0 ? bare : bare.slice(0, slash)).toLowerCase().replace(/:[0-9]{1,5}$/, '');
  const path = slash < 0 ? '' : bare.slice(slash);
  return host === '' ? '' : `${host}${ignoresPathCase ? path.toLowerCase() : path}`;
}
