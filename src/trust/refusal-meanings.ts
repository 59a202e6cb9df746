import { type RefusalReason, refusalReasons } from './verdict.ts';

export type RefusalMeaning = {
  /** One plain sentence for whoever has the device in hand. */
  readonly means: string;
  /** What mends it, where the verdict itself gave nothing better. */
  readonly fix: string;
};

const clocks = 'Compare the clocks of device and server; renew the certificate if the dates are what was meant.';
const newToken = 'Make a new token with the present key; SDKs do it by themselves when they have the connection string.';
const newProof =
  'Generate a verification code, sign a certificate with that common name with the CA’s key, and upload it while the code is good.';
const wait = 'Wait as long as the answer says; devices back off by themselves.';
const rightImage = 'Put the software on the device that its deployment names, or change the deployment.';

/**
 * What each reason means, and its fix: a total table, so that nobody is refused for a reason that is explained
 * nowhere. A reason without its entry does not compile.
 */
export const refusalMeanings: Readonly<Record<RefusalReason, RefusalMeaning>> = {
  'certificate-missing': {
    means: 'A certificate was asked for and the device sent none.',
    fix: 'Configure the device with its certificate and private key.',
  },
  'certificate-malformed': {
    means: 'What the device sent as its certificate cannot be read as one.',
    fix: 'Issue the certificate again as X.509 version 3, and look at it with openssl x509 -text.',
  },
  'certificate-expired': { means: 'The certificate’s last day is over.', fix: 'Renew the certificate.' },
  'certificate-not-yet-valid': { means: 'The certificate’s first day has not come.', fix: clocks },
  'certificate-too-weak': {
    means: 'A key or a signature on the chain is too weak to prove anything.',
    fix: 'Use P-256, P-384, P-521 or RSA keys of at least 2048 bits, and sign with SHA-256 or better.',
  },
  'issuer-unknown': {
    means: 'The chain of the device’s certificate does not reach a CA that somebody verified here.',
    fix: 'Let the device send its intermediate certificates, or upload and verify the CA that signed its certificate.',
  },
  'issuer-not-verified': {
    means: 'The chain leads to a CA certificate that was uploaded, but nobody proved to own it.',
    fix: 'Generate a verification code for the CA certificate and upload the proof that is signed with its key.',
  },
  'issuer-not-ca': {
    means: 'A certificate that signed another one is not that of a CA.',
    fix: 'Issue the CA certificate with basicConstraints CA:TRUE, and everything below it again.',
  },
  'issuer-usage': {
    means: 'A CA certificate on the chain may not sign certificates.',
    fix: 'Issue the CA certificate with the key usage keyCertSign.',
  },
  'issuer-expired': {
    means: 'A CA certificate on the chain has ended.',
    fix: 'Renew the CA certificate, upload and verify it, and issue new certificates below it.',
  },
  'issuer-not-yet-valid': { means: 'A CA certificate on the chain has not begun.', fix: clocks },
  'path-too-long': {
    means: 'More intermediate certificates stand between device and CA than are allowed.',
    fix: 'Upload and verify a CA nearer to the device, or issue with fewer intermediates.',
  },
  'signature-invalid': {
    means: 'A CA of the right name is known, but its key did not sign the certificate below it.',
    fix: 'Compare the thumbprints: two CAs have the same name. Upload and verify the one that signed the device’s certificate.',
  },
  'leaf-is-ca': {
    means: 'The device shows a CA certificate where its own is asked for.',
    fix: 'Issue the device a certificate of its own, with CA:FALSE.',
  },
  'leaf-usage': {
    means: 'The certificate’s key usage does not allow signing in.',
    fix: 'Issue the certificate with the key usage digitalSignature.',
  },
  'leaf-purpose': {
    means: 'The certificate was issued for another purpose than for a client to sign in.',
    fix: 'Issue the certificate with the extended key usage clientAuth, or without any.',
  },
  'critical-extension-unknown': {
    means: 'A certificate has an extension that must be understood, and it is not known here.',
    fix: 'Issue the certificate without this extension, or mark it as not critical.',
  },
  'name-not-permitted': {
    means: 'A CA on the chain is limited to certain names, and this certificate has another one.',
    fix: 'Issue the certificate under a name that the CA’s name constraints permit.',
  },
  'policy-missing': {
    means: 'A CA on the chain asks for certificate policies that the chain does not carry.',
    fix: 'Issue the certificates with the policies that the CA requires.',
  },
  'certificate-revoked': {
    means: 'The device’s certificate was revoked by who issued it.',
    fix: 'Issue the device a new certificate, if it is still trusted.',
  },
  'issuer-revoked': {
    means: 'A CA certificate on the chain was revoked.',
    fix: 'Issue certificates below a CA that is not revoked.',
  },
  'revocation-unknown': {
    means: 'Whether a certificate was revoked must be known, and the list that says so is missing, too old or not authentic.',
    fix: 'Provide a current revocation list of the CA.',
  },
  'issuer-changed': {
    means: 'The device is known below one CA and came below another, while the first is good and not about to end.',
    fix: 'If the device has a new CA, delete the old CA certificate or the device’s registration; if not, find out who holds the other CA.',
  },
  'common-name-mismatch': {
    means: 'The certificate is good, but it is another device’s: its common name is not the id.',
    fix: 'Use the id that stands in the certificate, or issue a certificate for this id.',
  },
  'common-name-ambiguous': {
    means: 'The certificate does not have exactly one common name.',
    fix: 'Issue the certificate with one common name, the id of the device.',
  },
  'thumbprint-mismatch': {
    means: 'The identity names the certificate by its thumbprint, and the device showed another one.',
    fix: 'Let the device register again, or store the thumbprint of the certificate it shows.',
  },
  'credentials-missing': {
    means: 'The device showed nothing by which it could be known.',
    fix: 'Configure the device with its connection string, or with its certificate and private key.',
  },
  'credential-type-mismatch': {
    means: 'The device proves itself in another way than its identity asks for.',
    fix: 'Connect in the way the identity was made for, or change the identity.',
  },
  'user-name-malformed': {
    means: 'The MQTT user name does not say which hub and which device are meant.',
    fix: 'Use {hub host name}/{device id}/?api-version=2021-04-12.',
  },
  'client-id-mismatch': {
    means: 'The MQTT client id is not the id in the user name.',
    fix: 'Use the device id (or {device}/{module}) as client id.',
  },
  'api-version-missing': {
    means: 'The user name names no api-version, or one that does not exist.',
    fix: 'Add ?api-version=2021-04-12 to the user name.',
  },
  'will-invalid': {
    means: 'The will of the connection may not be published by this device.',
    fix: 'Use the device’s own topic for messages, or no will.',
  },
  'device-unknown': {
    means: 'The hub has no device or module of this id.',
    fix: 'Create it, or let the device register through the provisioning service.',
  },
  'device-disabled': {
    means: 'The device proved who it is, and its owner has disabled it.',
    fix: 'Enable the device in the registry, or unblock it in Central.',
  },
  'scope-unknown': {
    means: 'The device asks for an ID scope that does not exist here.',
    fix: 'Give the device the ID scope that homeport status prints.',
  },
  'enrollment-unknown': {
    means: 'No enrollment lets this device in.',
    fix: 'Create an enrollment for it, or a group for its CA.',
  },
  'enrollment-disabled': {
    means: 'The device proved who it is, and its enrollment or group is disabled.',
    fix: 'Enable the enrollment or the enrollment group.',
  },
  'registration-id-malformed': {
    means: 'The registration id has characters that are not allowed, or too many.',
    fix: 'Use up to 128 letters, digits and - . _ : in the registration id.',
  },
  'allocation-refused': {
    means: 'The device may register, but no hub could be chosen for it, or it waits for approval.',
    fix: 'Approve the device in Central, or look at the allocation of its enrollment.',
  },
  'message-malformed': {
    means: 'The device sent bytes that are no correct packet of the protocol.',
    fix: 'Look at the client library; a proxy on the way may have changed the bytes.',
  },
  'message-too-large': {
    means: 'The device sent a message that is larger than a hub takes.',
    fix: 'Send at most 256 KiB in one message; upload more as a file.',
  },
  'protocol-violation': {
    means: 'The device did something that the protocol or the hub does not allow.',
    fix: 'Read the detail: it names the topic or the packet.',
  },
  'fault-injected': {
    means: 'Its credentials are good. Somebody asked for a fault that refuses it.',
    fix: 'Remove the rule: homeport faults list, homeport faults remove.',
  },
  'retained-full': {
    means: 'There is no room for another retained message.',
    fix: 'Clear topics that nobody needs with an empty retained message.',
  },
  'token-missing': { means: 'A token was asked for and none was sent.', fix: 'Send an Authorization header, or sign in.' },
  'token-malformed': {
    means: 'What was sent as a token is none.',
    fix: 'Send a shared access signature, not the key or the connection string itself.',
  },
  'token-expired': { means: 'The token was good once; its time is over.', fix: `${newToken} Compare the clocks.` },
  'token-unknown': {
    means: 'Nobody here issued this token, or it was taken back.',
    fix: 'Sign in again, or create a new token.',
  },
  'token-signature': {
    means: 'The token was signed with another key than those that count.',
    fix: 'Compare the key in the connection string with the present one; it may have been renewed.',
  },
  'token-scope': { means: 'The token is for another resource than it is used for.', fix: newToken },
  'policy-unknown': {
    means: 'The token names a shared access policy that does not exist.',
    fix: 'Name a policy that exists, or leave skn out to sign with the key of the device.',
  },
  'policy-right-missing': {
    means: 'The shared access policy does not hold the right that this takes.',
    fix: 'Use a policy that holds the right.',
  },
  'session-expired': { means: 'The browser’s session is over.', fix: 'Sign in again: homeport sign-in.' },
  'origin-refused': {
    means: 'A page of another site tried to act for somebody who is signed in.',
    fix: 'Open the application under its own address.',
  },
  'host-refused': {
    means: 'The request names a host that this server is not.',
    fix: 'Add the name to listeners.hostNames, or use one that is configured.',
  },
  'permission-missing': {
    means: 'Whoever asked is known, and may not do this.',
    fix: 'Ask an administrator for a role that has the permission.',
  },
  ProofMalformed: { means: 'The proof cannot be read as one certificate.', fix: 'Upload one certificate, as PEM or DER.' },
  ProofIsCa: {
    means: 'The CA certificate itself was uploaded as its proof.',
    fix: newProof,
  },
  ProofCodeMismatch: { means: 'The common name of the proof is not the present verification code.', fix: newProof },
  ProofIssuerMismatch: { means: 'Another CA than the uploaded one signed the proof.', fix: newProof },
  ProofSignatureInvalid: { means: 'A CA of the same name, but with another key, signed the proof.', fix: newProof },
  ProofExpired: { means: 'The proof has ended, or has not begun.', fix: newProof },
  ProofCodeStale: { means: 'The verification code was used, replaced or is too old.', fix: newProof },
  malformed: { means: 'The board sent a request that cannot be understood.', fix: 'Update the board’s software.' },
  'rate-limited': { means: 'The board asks too often.', fix: wait },
  'nonce-invalid': {
    means: 'The board did not use a nonce of this server.',
    fix: 'Let the board begin again: it asks for a new one.',
  },
  'nonce-expired': { means: 'The board took too long.', fix: 'Let the board try again; look at its network.' },
  'nonce-replayed': {
    means: 'The same evidence came twice: somebody may have recorded it.',
    fix: 'Let the board try again; when it happens often, look for who repeats its requests.',
  },
  'evidence-signature': {
    means: 'The evidence is not signed with the key of this board.',
    fix: 'Claim the board again if its key was replaced.',
  },
  'evidence-mismatch': { means: 'The evidence is about another request or another board.', fix: 'Let the board try again.' },
  'csr-invalid': {
    means: 'The board’s certificate request cannot be read, or is not signed.',
    fix: 'Update the board’s software.',
  },
  'csr-cn-mismatch': { means: 'The board asked for a certificate in another name.', fix: 'Update the board’s software.' },
  'csr-key-reuse': { means: 'The board asked for a certificate for a key it used before.', fix: 'Let the board make a new key.' },
  'not-claimed': { means: 'Nobody has claimed the board.', fix: 'Claim it: azsphere device claim.' },
  'wrong-tenant': { means: 'The board belongs to another tenant than it says.', fix: 'Use the tenant that claimed the board.' },
  'claimed-elsewhere': {
    means: 'Another tenant has claimed the board.',
    fix: 'Only its owner can let it go.',
  },
  'claim-code-invalid': {
    means: 'The claim code is wrong, used or too old.',
    fix: 'Claim again; azsphere device claim fetches a new code.',
  },
  'device-suspended': { means: 'The board was suspended by its owner.', fix: 'Resume it when it may come back.' },
  'device-revoked': { means: 'The board was revoked for good.', fix: 'Claim it anew if it is trusted again.' },
  'claim-epoch': {
    means: 'The board still lives in a claim that has been replaced.',
    fix: 'Claim the board again where it stands.',
  },
  'rollback-detected': {
    means: 'The board’s counters ran backwards: old flash may have been put back.',
    fix: 'Find out who had the board; then claim it again.',
  },
  'clone-suspected': {
    means: 'Two boards with the same key seem to be there.',
    fix: 'Take both out of service and find out which is the real one.',
  },
  'clock-skew': { means: 'The board’s clock is too far off.', fix: 'Set the board’s clock, or let it fetch the time.' },
  'debug-enabled': { means: 'Debugging is enabled on the board.', fix: 'Close the board’s debug ports.' },
  'measurement-unknown': { means: 'The board runs software that no deployment names.', fix: rightImage },
  'measurement-revoked': { means: 'The board runs software that was withdrawn.', fix: rightImage },
  'version-below-floor': { means: 'The board runs software that is too old.', fix: 'Update the board.' },
  'assurance-too-low': {
    means: 'The board’s key is not kept well enough for its group.',
    fix: 'Lower the group’s demand, or use another board.',
  },
  'clock-guard': {
    means: 'The server’s own clock is behind the time at which it last issued something, so nothing is issued.',
    fix: 'Set the server’s clock right.',
  },
  'ca-unavailable': {
    means: 'The security service has no CA that could sign.',
    fix: 'Look at the tenant’s CA certificates: azsphere ca-certificate list.',
  },
};

/** The meaning of a stored reason; undefined for one of another version. */
export function meaningOf(reason: string): RefusalMeaning | undefined {
  const known = refusalReasons.find((name) => name === reason);
  return known && refusalMeanings[known];
}
