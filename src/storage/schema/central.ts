/** The one application of this installation. */
export type CentralAppRow = { app_id: string; display_name: string; created_at: number };

/** A code that stands in a sign-in link; kept as SHA-256, spent by deleting the row. */
export type CentralSignInRow = { code_hash: string; expires_at: number };

/** A browser's session; the cookie's value is kept as SHA-256. */
export type CentralSessionRow = {
  session_hash: string;
  user_id: string;
  display_name: string;
  role_id: string;
  created_at: number;
  last_used_at: number;
};

/** An API token; its signature is kept as SHA-256. */
export type CentralApiTokenRow = {
  token_id: string;
  signature_hash: string;
  role_id: string;
  expires_at: number;
  created_at: number;
  created_by: string;
};

/** What Central adds to an enrollment group of the provisioning service. */
export type CentralGroupSettingRow = { group_id: string; automatically_connect: number };

export type CentralTemplateRow = {
  template_id: string;
  /** The DTMI that devices announce. */
  model_id: string;
  display_name: string;
  /** The template document of central.md 3.1 without its etag, as JSON. */
  document: string;
  etag: string;
  created_at: number;
};

export type CentralDeviceRow = {
  device_id: string;
  /** Registration ids are compared without regard to case: this is what two spellings share. */
  folded_id: string;
  display_name: string;
  template_id: string | null;
  /** What the device said it is, whether or not a template knows it. */
  model_id: string | null;
  is_blocked: number;
  is_approved: number;
  is_provisioned: number;
  is_simulated: number;
  enrollment_group_id: string | null;
  assurance: string | null;
  last_seen_at: number | null;
  etag: string;
  created_at: number;
  updated_at: number;
};

/** A command that was asked for and what became of it. */
export type CentralCommandRow = {
  command_id: string;
  device_id: string;
  name: string;
  /** JSON, absent when the command takes no request. */
  request: string | null;
  connection_timeout: number;
  response_timeout: number;
  response_code: number | null;
  response: string | null;
  failure_code: string | null;
  failure_message: string | null;
  requested_at: number;
  requested_by: string;
};

export type CentralTables = {
  central_app: CentralAppRow;
  central_sign_in: CentralSignInRow;
  central_session: CentralSessionRow;
  central_api_token: CentralApiTokenRow;
  central_group_setting: CentralGroupSettingRow;
  central_template: CentralTemplateRow;
  central_device: CentralDeviceRow;
  central_command: CentralCommandRow;
};
