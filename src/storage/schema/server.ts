/** Facts about this installation, by name (`installation-id`, `hub-host-name`). Values are plain text, never secrets. */
export type FactRow = { name: string; value: string };

/** A refused sign-in, registration, attestation or proof, repeats collapsed (storage/refusal-log.ts). */
export type RefusalRow = {
  refusal_id: string;
  /** hub, provisioning, sphere or central. */
  service: string;
  reason: string;
  detail: string;
  subject: string;
  peer: string;
  fix: string | null;
  /** JSON array of {check, passed, detail}. */
  trace: string;
  first_at: number;
  last_at: number;
  times: number;
};

/** Secrets we must read back (policy keys, nonce keys), encrypted under master.key (storage/secret-store.ts). */
export type SecretRow = { name: string; sealed: Uint8Array; created_at: number };

export type ServerTables = { fact: FactRow; refusal: RefusalRow; secret: SecretRow };
