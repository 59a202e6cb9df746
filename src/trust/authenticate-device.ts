import { formatInstant, type Instant, instant } from '#base/instant.ts';
import type { Certificate } from '#pki/certificate.ts';
import { buildChain } from '#pki/chain.ts';
import { parseSasToken, type SasToken } from '#wire/azure/sas-token.ts';
import { type AccessPolicy, policyKeys } from './access-policy.ts';
import { type DeviceCaller, mint } from './caller.ts';
import { checkSasToken, type SasKey } from './check-sas-token.ts';
import { judgedAt } from './judged-at.ts';
import { readShown, type ShownCertificates, singleCommonName } from './leaf.ts';
import { buildUnrevokedChain, type RevocationEvidence, revocationFix, revocationKey, revocationOf } from './revocation.ts';
import type { RevealableKeys } from './symmetric-keys.ts';
import { normalizeThumbprint } from './thumbprint.ts';
import { accept, type Refusal, refuse, type TraceStep, type Verdict } from './verdict.ts';

export type DeviceAuthentication =
  | { readonly type: 'selfSigned'; readonly primaryThumbprint?: string; readonly secondaryThumbprint?: string }
  | { readonly type: 'certificateAuthority' }
  | { readonly type: 'sas'; readonly keys: RevealableKeys }
  /** Of modules alone: nothing lets it in. */
  | { readonly type: 'none' };

/** What the registry knows of the identity that somebody wants to be. */
export type DeviceIdentity = {
  readonly deviceId: string;
  /** Undefined for the device itself. */
  readonly moduleId?: string;
  /** For a module: whether its device is. */
  readonly isEnabled: boolean;
  /** Why it is enabled or disabled, in somebody's words. */
  readonly statusReason?: string;
  /** There when provisioning keeps the device out, whatever its owner says. */
  readonly ownStatus?: object;
  readonly generationId: string;
  readonly authentication: DeviceAuthentication;
};

export type DeviceEvidence = {
  /** As the TLS handshake brought them, DER, leaf first; the peer proved that it holds the leaf's key. */
  readonly certificates: readonly Buffer[];
  /** The password, or what stands for it on other protocols; undefined when it is empty or missing. */
  readonly token: string | undefined;
};

export type DeviceAttempt = {
  /** Undefined when there is no identity of that name. */
  readonly device: DeviceIdentity | undefined;
  readonly evidence: DeviceEvidence;
  /** CAs of this hub whose possession was proven. */
  readonly verifiedAnchors: readonly Certificate[];
  /** CAs that were uploaded and never proven: they let nobody in, and explain why. */
  readonly uploadedUnverified: readonly Certificate[];
  readonly revocation: RevocationEvidence;
  /** The hub's name: what the scope of a token begins with. */
  readonly hubHostName: string;
  /** A policy with DeviceConnect signs in for any device that signs in by key. */
  readonly policies: readonly AccessPolicy[];
  readonly at: Instant;
};

/**
 * Decides whether a connection may act as a device of a hub, or as a module of one, whose credentials
 * are its own: those of its device do not open its door.
 *
 * The kind of the identity chooses the rule: for `selfSigned` only the thumbprint and the dates of
 * the leaf count, for `certificateAuthority` a chain to a verified CA and the exact device id as
 * common name (`{device}/{module}` for a module), for `sas` a token that its own key or a policy's
 * signed. A password is an attempt by key, also when a certificate came with it (hub-device-protocol.md
 * 2.3). Whether the device is enabled is looked at last: only who proved to be it is told apart as disabled.
 */
export function authenticateDevice(attempt: DeviceAttempt): Verdict<DeviceCaller> {
  const { device, evidence } = attempt;
  if (evidence.certificates.length === 0 && evidence.token === undefined) {
    return refuse('credentials-missing', 'Neither a client certificate nor a password was presented.', {
      fix: 'Configure the device with its connection string, or with its certificate and private key.',
    });
  }
  if (!device)
    return refuse('device-unknown', 'There is no device or module of this id.', {
      fix: 'Create it, or let the device register through the provisioning service.',
    });
  const { authentication } = device;
  if (authentication.type === 'none') {
    return refuse('credential-type-mismatch', 'The module has no way to sign in.', {
      fix: 'Give the module keys or thumbprints in the registry.',
    });
  }
  const isByKey = authentication.type === 'sas';
  if (isByKey !== (evidence.token !== undefined)) return refuseKind(authentication.type, evidence);
  const proof =
    authentication.type === 'sas'
      ? checkToken(device, authentication.keys, attempt)
      : checkCertificate(device, authentication, attempt);
  if (!proof.accepted) return proof;
  if (!device.isEnabled) {
    const { statusReason } = device;
    return refuse('device-disabled', statusReason ? `The device is disabled: ${statusReason}` : 'The device is disabled.', {
      trace: proof.trace,
      fix: device.ownStatus
        ? 'Enable the enrollment or the group again, or give it a verified CA; the device is let in as before.'
        : 'Enable the device in the registry, or unblock it in Central.',
    });
  }
  const { deviceId, moduleId, generationId } = device;
  const module = moduleId === undefined ? {} : { moduleId };
  return accept(mint<DeviceCaller>({ kind: 'device', deviceId, ...module, generationId, ...proof.value }), proof.trace);
}

/** The ways that let somebody in. */
type LettingIn = Exclude<DeviceAuthentication, { type: 'none' }>;
type Proof = Pick<DeviceCaller, 'authMethod' | 'expiresAt' | 'leafSha256' | 'anchorSha256' | 'revocationKeys'>;
/** What the rules for certificates find out beside the leaf. */
type Lasting = Pick<DeviceCaller, 'expiresAt' | 'anchorSha256' | 'revocationKeys'>;

function refuseKind(type: LettingIn['type'], { token }: DeviceEvidence): { accepted: false; refusal: Refusal } {
  const shown = token !== undefined ? 'A password was presented' : 'A certificate was presented';
  const wanted = {
    selfSigned: 'a certificate of a known thumbprint',
    certificateAuthority: 'a certificate signed by a verified CA',
    sas: 'a shared access signature',
  };
  return refuse('credential-type-mismatch', `${shown}; the device is registered for ${wanted[type]}.`, {
    fix:
      type === 'sas'
        ? 'Connect with the device’s connection string, or register the device for its certificate.'
        : 'Connect with the certificate alone, without a password.',
  });
}

/** Without `skn` a key of the identity signed; with it, that policy's (hub-device-protocol.md 3.2). */
function checkToken({ deviceId, moduleId }: DeviceIdentity, keys: RevealableKeys, attempt: DeviceAttempt): Verdict<Proof> {
  const token = parseSasToken(attempt.evidence.token ?? '');
  if (!token) {
    return refuse('token-malformed', 'The password is no shared access signature with sr, sig and se.', {
      fix: 'Send a token, not the key or the connection string itself.',
    });
  }
  const signers = token.keyName === undefined ? accept(deviceKeys(keys)) : connectingPolicy(token, attempt.policies);
  if (!signers.accepted) return signers;
  const checked = checkSasToken({
    token,
    keys: signers.value,
    resource: `${attempt.hubHostName}/devices/${deviceId}${moduleId === undefined ? '' : `/modules/${moduleId}`}`,
    ignoresPathCase: true,
    at: attempt.at,
    trace: [{ check: 'authentication-type', passed: true, detail: 'sas' }, ...signers.trace],
  });
  if (!checked.accepted) return checked;
  return accept(
    {
      authMethod: { scope: token.keyName === undefined ? ownScope(moduleId) : 'hub', type: 'sas' },
      expiresAt: checked.value.expiresAt,
      leafSha256: undefined,
      anchorSha256: undefined,
      revocationKeys: [],
    },
    checked.trace,
  );
}

function ownScope(moduleId: string | undefined): 'device' | 'module' {
  return moduleId === undefined ? 'device' : 'module';
}

function deviceKeys(keys: RevealableKeys): SasKey[] {
  const { primaryKey, secondaryKey } = keys.reveal();
  return [
    { name: 'primary', key: Buffer.from(primaryKey, 'base64') },
    { name: 'secondary', key: Buffer.from(secondaryKey, 'base64') },
  ];
}

function connectingPolicy({ keyName = '' }: SasToken, policies: readonly AccessPolicy[]): Verdict<SasKey[]> {
  const policy = policies.find(({ name }) => name === keyName);
  const fix = 'Leave skn out to sign with the key of the device, or name a policy that holds DeviceConnect.';
  if (!policy) return refuse('policy-unknown', `There is no access policy ${keyName}.`, { fix });
  if (!policy.rights.has('DeviceConnect')) {
    return refuse('policy-right-missing', `The access policy ${keyName} does not hold DeviceConnect.`, { fix });
  }
  return accept(policyKeys(policy), [{ check: 'policy', passed: true, detail: keyName }]);
}

function checkCertificate(
  device: DeviceIdentity,
  authentication: Exclude<LettingIn, { type: 'sas' }>,
  attempt: DeviceAttempt,
): Verdict<Proof> {
  const shown = readShown(attempt.evidence.certificates);
  if (!shown.accepted) return shown;
  const { leaf } = shown.value;
  const trace = [...shown.trace, { check: 'authentication-type', passed: true, detail: authentication.type }];
  const judged = { ...attempt, at: judgedAt(leaf, attempt) };
  const lasting =
    authentication.type === 'selfSigned'
      ? checkThumbprint(authentication, leaf, judged, trace)
      : checkChain(device, shown.value, judged, trace);
  if (!lasting.accepted) return lasting;
  const authMethod = { scope: ownScope(device.moduleId), type: 'x509' } as const;
  return accept({ authMethod, leafSha256: leaf.sha256Thumbprint, ...lasting.value }, lasting.trace);
}

/**
 * No chain is built and no usage is looked at: the original's hub does neither (sphere.md 2.8). A list that names the
 * leaf counts all the same (row 8); one that has ended and does not keeps nobody out, since no CA vouches here.
 */
function checkThumbprint(
  slots: { primaryThumbprint?: string; secondaryThumbprint?: string },
  leaf: Certificate,
  { at, revocation }: Pick<DeviceAttempt, 'at' | 'revocation'>,
  trace: readonly TraceStep[],
): Verdict<Lasting> {
  const known = [slots.primaryThumbprint, slots.secondaryThumbprint].map((text) => normalizeThumbprint(text ?? ''));
  const own = [leaf.sha1Thumbprint.toLowerCase(), leaf.sha256Thumbprint];
  const slot = known.findIndex((thumbprint) => thumbprint !== undefined && own.includes(thumbprint));
  if (slot < 0) {
    return refuse('thumbprint-mismatch', `The certificate's thumbprint ${leaf.sha1Thumbprint} is not the device's.`, {
      trace,
      fix: 'After a certificate was renewed: let the device register through the provisioning service again, or store the new thumbprint as its secondary one.',
    });
  }
  const matched = [...trace, { check: 'thumbprint', passed: true, detail: slot === 0 ? 'primary' : 'secondary' }];
  if (at > leaf.notAfter)
    return refuse('certificate-expired', `The certificate ended at ${formatInstant(leaf.notAfter)}.`, {
      trace: matched,
      fix: 'Renew the certificate.',
    });
  if (at < leaf.notBefore) {
    return refuse('certificate-not-yet-valid', `The certificate begins at ${formatInstant(leaf.notBefore)}.`, {
      trace: matched,
      fix: 'Compare the clocks of device and server.',
    });
  }
  const revoked = revocationOf(leaf, revocation.lists);
  if (revoked !== undefined) {
    return refuse('certificate-revoked', revoked, { trace: matched, ...revocationFix('certificate-revoked') });
  }
  return accept({ expiresAt: leaf.notAfter, anchorSha256: undefined, revocationKeys: [revocationKey(leaf)] }, matched);
}

function checkChain(
  { deviceId, moduleId }: DeviceIdentity,
  shown: ShownCertificates,
  attempt: DeviceAttempt,
  before: readonly TraceStep[],
): Verdict<Lasting> {
  const { leaf, presented } = shown;
  const result = buildUnrevokedChain({ leaf, presented, anchors: attempt.verifiedAnchors, at: attempt.at }, attempt.revocation);
  const trace = [...before, ...result.trace];
  if (!result.ok) {
    const unverified = result.reason === 'issuer-unknown' && findUnverified(shown, attempt.uploadedUnverified, attempt.at);
    if (unverified) return refuseUnverified(unverified, trace);
    return refuse(result.reason, result.detail, { trace: trace.slice(0, -1), ...revocationFix(result.reason) });
  }
  const name = singleCommonName(leaf, trace);
  if (!name.accepted) return name;
  const wanted = moduleId === undefined ? deviceId : `${deviceId}/${moduleId}`;
  if (name.value !== wanted) {
    return refuse('common-name-mismatch', `The certificate is for ${name.value}, not for ${wanted}.`, {
      trace,
      fix:
        name.value.toLowerCase() === wanted.toLowerCase()
          ? 'Device ids are case-sensitive: register the device under the name in its certificate.'
          : 'Connect under the name in the certificate.',
    });
  }
  const end = Math.min(...result.chain.map(({ notAfter }) => notAfter));
  const revocationKeys = result.chain.map(revocationKey);
  return accept({ expiresAt: instant(end), anchorSha256: result.anchor.sha256Thumbprint, revocationKeys }, [
    ...trace,
    { check: 'common-name', passed: true, detail: name.value },
  ]);
}

/** The uploaded CA to which the chain would lead if somebody had proven its possession. */
export function findUnverified(shown: ShownCertificates, uploaded: readonly Certificate[], at: Instant): Certificate | undefined {
  if (uploaded.length === 0) return undefined;
  // What else is wrong with the leaf comes after where its chain ends (sphere.md 2.8, rows 2 and 5).
  return buildChain({ ...shown, anchors: uploaded, at }).anchor;
}

export function refuseUnverified(ca: Certificate, trace: readonly TraceStep[]): { accepted: false; refusal: Refusal } {
  return refuse('issuer-not-verified', `The chain leads to ${ca.subject}, which was uploaded and not verified.`, {
    trace,
    fix: 'Generate a verification code for the CA certificate and upload the proof that is signed with its key.',
  });
}
