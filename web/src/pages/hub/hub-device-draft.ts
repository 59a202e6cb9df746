import type { HubAuthenticationType, HubDevicePut } from '../../api/contract.ts';
import { type FoundCertificate, isThumbprint, plainThumbprint } from './certificate-words.ts';

/** The form *Create a device* as it is filled in. */
export type HubDeviceDraft = {
  id: string;
  type: HubAuthenticationType;
  primaryThumbprint: string;
  secondaryThumbprint: string;
  isKeyMade: boolean;
  primaryKey: string;
  secondaryKey: string;
  isEnabled: boolean;
};

export const emptyDraft: HubDeviceDraft = {
  id: '',
  type: 'sas',
  primaryThumbprint: '',
  secondaryThumbprint: '',
  isKeyMade: true,
  primaryKey: '',
  secondaryKey: '',
  isEnabled: true,
};

/** Fields that can be wrong, in their order on the page. */
export const draftFields = ['id', 'primaryThumbprint', 'secondaryThumbprint'] as const;
export type DraftField = (typeof draftFields)[number];
export type DraftErrors = Partial<Record<DraftField, string>>;

/** What has to be mended before it makes sense to ask the server. */
export function checkDraft(draft: HubDeviceDraft): DraftErrors {
  const errors: DraftErrors = {};
  if (draft.id.trim() === '') errors.id = 'A device needs an ID.';
  if (draft.type !== 'selfSigned') return errors;
  return { ...errors, ...checkThumbprints(draft) };
}

export type Thumbprints = Pick<HubDeviceDraft, 'primaryThumbprint' | 'secondaryThumbprint'>;

/** At least one, and each of them whole. */
export function checkThumbprints(thumbprints: Thumbprints): DraftErrors {
  const errors: DraftErrors = {};
  for (const slot of ['primaryThumbprint', 'secondaryThumbprint'] as const) {
    const text = thumbprints[slot];
    if (text.trim() !== '' && !isThumbprint(text)) errors[slot] = thumbprintWords(text);
  }
  if (thumbprints.primaryThumbprint.trim() === '' && thumbprints.secondaryThumbprint.trim() === '') {
    errors.primaryThumbprint = 'Enter the thumbprint of the device’s certificate.';
  }
  return errors;
}

function thumbprintWords(text: string): string {
  const plain = plainThumbprint(text);
  const wanted = 'A thumbprint has 40 hexadecimal digits (SHA-1) or 64 (SHA-256)';
  const other = /[^0-9A-F]/.exec(plain)?.[0];
  return other === undefined ? `${wanted}; this one has ${plain.length}.` : `${wanted}; “${other}” is none.`;
}

export function bodyOf(draft: HubDeviceDraft): HubDevicePut {
  return { authentication: authenticationOf(draft), enabled: draft.isEnabled };
}

function authenticationOf(draft: HubDeviceDraft): HubDevicePut['authentication'] {
  switch (draft.type) {
    case 'certificateAuthority':
      return { type: 'certificateAuthority' };
    case 'selfSigned':
      return { type: 'selfSigned', ...givenThumbprints(draft) };
    case 'sas':
      if (draft.isKeyMade) return { type: 'sas' };
      return { type: 'sas', ...given('primaryKey', draft.primaryKey), ...given('secondaryKey', draft.secondaryKey) };
  }
}

export function givenThumbprints({ primaryThumbprint, secondaryThumbprint }: Thumbprints) {
  return { ...given('primaryThumbprint', primaryThumbprint), ...given('secondaryThumbprint', secondaryThumbprint) };
}

function given<Name extends string>(name: Name, text: string): Partial<Record<Name, string>> {
  return text.trim() === '' ? {} : ({ [name]: text.trim() } as Record<Name, string>);
}

/** The draft with what a pasted text said. An id that was typed stays: the form says when they differ. */
export function withCertificate(draft: HubDeviceDraft, found: FoundCertificate): HubDeviceDraft {
  return {
    ...draft,
    ...(found.thumbprint === undefined ? {} : { type: 'selfSigned', primaryThumbprint: found.thumbprint }),
    ...(found.deviceId === undefined || draft.id.trim() !== '' ? {} : { id: found.deviceId }),
  };
}
