/** The common name in a printed subject, or all of it when there is none. */
export function commonNameOf(subject: string | undefined): string | undefined {
  if (subject === undefined) return undefined;
  return /(?:^|,\s*)CN=((?:\\.|[^,\\])+)/.exec(subject)?.[1]?.replace(/\\(.)/g, '$1') ?? subject;
}

/** A sentence for each way a proof can fail, by the error code the server sends; it says what to do next. */
const proofFixes: Record<string, string> = {
  ProofMalformed: 'Choose the file that the download-proof command wrote: one certificate, DER or PEM.',
  ProofIsCa: 'This is a CA certificate, not the proof. Choose the file that the download-proof command wrote.',
  ProofCodeMismatch: 'The proof was made for another code. Copy the code shown here and download the proof again with it.',
  ProofIssuerMismatch: 'Another CA issued this proof. Download it from the tenant whose CA certificate was uploaded here.',
  ProofSignatureInvalid: 'The issuer has the right name but another key. Upload the current CA certificate, or use its tenant.',
  ProofExpired: 'The proof is outside its validity. Check the clock of the machine that made it, then download a new one.',
  ProofCodeStale: 'Press Refresh for a new code and download a proof with it.',
};

export function proofFix(code: string): string | undefined {
  return proofFixes[code];
}
