import type { Instant } from '#base/instant.ts';
import { parseSasToken } from '#wire/azure/sas-token.ts';
import { mint, type RegistrationCaller } from './caller.ts';
import { type CheckedToken, checkSasToken, type SasKey } from './check-sas-token.ts';
import { deriveDeviceKey, type RevealableKeys, type SymmetricKeys } from './symmetric-keys.ts';
import { accept, type Refusal, refuse, type TraceStep, type Verdict } from './verdict.ts';

/** An enrollment group that lets devices in by keys derived from its own. */
export type KeyGroup = { readonly groupId: string; readonly isEnabled: boolean; readonly keys: RevealableKeys };

export type TokenAttempt = {
  readonly idScope: string;
  /** As the device spells it. */
  readonly registrationId: string;
  readonly token: string;
  readonly groups: readonly KeyGroup[];
  readonly at: Instant;
};

/**
 * Decides whether a registration may use a symmetric-key enrollment group: a key derived from the
 * group's for exactly this registration must have signed the token. The group's own key lets nobody in,
 * or one device that gave it away would have given all of them away.
 */
export function attestByToken(attempt: TokenAttempt): Verdict<RegistrationCaller> {
  const { registrationId, groups } = attempt;
  if (groups.length === 0) {
    return refuse('enrollment-unknown', 'The device sent a token; no enrollment lets it in by key.', {
      fix: 'Create an enrollment group with symmetric keys, or let the device register with a certificate.',
    });
  }
  // What no key could mend is said before one is unsealed: anybody may ask, and there may be hundreds of groups.
  const unsigned = checkRegistrationToken(attempt, []);
  if (!unsigned.accepted && unsigned.refusal.reason !== 'token-signature') return unsigned;
  const matches: { group: KeyGroup; keys: RevealableKeys; trace: readonly TraceStep[] }[] = [];
  let refusal: Refusal | undefined;
  for (const group of groups) {
    const groupKeys = group.keys.reveal();
    for (const id of new Set([registrationId, registrationId.toLowerCase()])) {
      const deviceKeys = derive(groupKeys, id);
      const checked = checkRegistrationToken(attempt, registrationKeys(deviceKeys, group.groupId));
      if (checked.accepted) matches.push({ group, keys: { reveal: () => deviceKeys }, trace: checked.trace });
      // Of many refusals the most telling one: a token that was genuine, or one that would be but for the scope.
      else if (!refusal || refusal.reason === 'token-signature') refusal = checked.refusal;
    }
  }
  // Of two groups that share a key the disabled one decides: what was stopped stays stopped.
  const match = matches.find(({ group }) => !group.isEnabled) ?? matches[0];
  if (!match) return explain(attempt, refusal);
  const { groupId, isEnabled } = match.group;
  if (!isEnabled) {
    return refuse('enrollment-disabled', `The enrollment group ${groupId} is disabled.`, {
      trace: match.trace,
      fix: 'Enable the enrollment group.',
    });
  }
  return accept(
    mint<RegistrationCaller>({ kind: 'registration', registrationId, enrollmentGroupId: groupId, deviceKeys: match.keys }),
    [...match.trace, { check: 'enrollment', passed: true, detail: groupId }],
  );
}

function derive({ primaryKey, secondaryKey }: SymmetricKeys, registrationId: string): SymmetricKeys {
  return {
    primaryKey: deriveDeviceKey(primaryKey, registrationId),
    secondaryKey: deriveDeviceKey(secondaryKey, registrationId),
  };
}

/** Both keys as ones that may have signed a registration. */
export function registrationKeys({ primaryKey, secondaryKey }: SymmetricKeys, owner: string): SasKey[] {
  return [
    { name: `primary of ${owner}`, key: Buffer.from(primaryKey, 'base64') },
    { name: `secondary of ${owner}`, key: Buffer.from(secondaryKey, 'base64') },
  ];
}

/** Whether one of `keys` signed this token for this registration. */
export function checkRegistrationToken(
  { idScope, registrationId, token: text, at }: Omit<TokenAttempt, 'groups'>,
  keys: readonly SasKey[],
): Verdict<CheckedToken> {
  const token = parseSasToken(text);
  if (!token) {
    return refuse('token-malformed', 'What the device sent is no shared access signature with sr, sig and se.', {
      fix: 'Send a token, not the key itself.',
    });
  }
  // Clients name it so, or leave it out (dps-device-protocol.md 3); policies do not register devices.
  if (token.keyName !== undefined && token.keyName !== 'registration') {
    return refuse('policy-unknown', `A registration is not signed under the policy ${token.keyName}.`, {
      fix: 'Sign with the key of the device; skn is registration, or left out.',
    });
  }
  return checkSasToken({ token, keys, resource: `${idScope}/registrations/${registrationId}`, ignoresPathCase: true, at });
}

/** Says so when somebody gave a device the key of its group: the mistake of everybody's first day. */
function explain(attempt: TokenAttempt, refusal: Refusal | undefined): { accepted: false; refusal: Refusal } {
  const given = attempt.groups.find(
    ({ keys, groupId }) => checkRegistrationToken(attempt, registrationKeys(keys.reveal(), groupId)).accepted,
  );
  if (given && refusal?.reason === 'token-signature') {
    return refuse('token-signature', `The token is signed with the key of the enrollment group ${given.groupId} itself.`, {
      trace: refusal.trace.slice(0, -1),
      fix: 'Give the device the key that is derived for it: base64 of HMAC-SHA256 of its registration id under the group key.',
    });
  }
  return { accepted: false, refusal: refusal ?? refuse('token-malformed', 'No token was read.').refusal };
}
