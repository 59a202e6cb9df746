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
  /** By what people name it; null in rows of a version that had none. */
  short_id: string | null;
  /** JSON array of the certificates that were looked at, leaf first; null when none was. */
  chain: string | null;
  /** JSON array of what comes nearest to what was asked for; null when nobody looked. */
  nearest: string | null;
  /** The instant the rules were checked against. */
  evaluated_at: number | null;
  /** How far the server's clock was moved then; null when it was not. */
  clock_moved_ms: number | null;
  first_at: number;
  last_at: number;
  times: number;
};

/** Secrets we must read back (policy keys, nonce keys), encrypted under master.key (storage/secret-store.ts). */
export type SecretRow = { name: string; sealed: Uint8Array; created_at: number };

export type ServerTables = { fact: FactRow; refusal: RefusalRow; secret: SecretRow };
