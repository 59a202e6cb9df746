import { Button, Field, Input, makeStyles, Radio, RadioGroup, tokens } from '@fluentui/react-components';
import { type ClipboardEvent, type FormEvent, useRef, useState } from 'react';
import { useNavigate } from 'react-router';
import type { Hub, HubAuthenticationType } from '../../api/contract.ts';
import { ApiError } from '../../api/http.ts';
import { useCreateHubDevice } from '../../api/hub-devices.ts';
import { ErrorMessage } from '../../components/error-message.tsx';
import { Page } from '../../components/page.tsx';
import { paths } from '../../paths.ts';
import { type FoundCertificate, findCertificate } from './certificate-words.ts';
import {
  bodyOf,
  checkDraft,
  type DraftErrors,
  type DraftField,
  draftFields,
  emptyDraft,
  type HubDeviceDraft,
  withCertificate,
} from './hub-device-draft.ts';
import { authenticationWords } from './hub-device-filter.ts';
import { HubStrip } from './hub-strip.tsx';
import { KeyFields } from './key-fields.tsx';
import { PasteCertificate } from './paste-certificate.tsx';
import { WithHub } from './with-hub.tsx';

const useStyles = makeStyles({
  form: { display: 'flex', flexDirection: 'column', gap: '20px', maxWidth: '600px' },
  mono: { fontFamily: tokens.fontFamilyMonospace },
  buttons: { display: 'flex', gap: '8px' },
});

const title = 'Create a device';
const types: readonly HubAuthenticationType[] = ['sas', 'selfSigned', 'certificateAuthority'];
const typeHints: Readonly<Record<HubAuthenticationType, string>> = {
  sas: 'The device signs tokens with a key that it shares with the hub.',
  selfSigned: 'The device shows a certificate whose thumbprint the hub knows: what thin-edge makes with tedge cert create.',
  certificateAuthority:
    'The device shows a certificate whose common name is its ID, below a CA that was verified for this hub: homeport hub certificate upload.',
};

export function NewHubDevicePage() {
  return <WithHub title={title}>{(hub) => <NewHubDevice hub={hub} />}</WithHub>;
}

function NewHubDevice({ hub }: { hub: Hub }) {
  const styles = useStyles();
  const navigate = useNavigate();
  const create = useCreateHubDevice(hub.name);
  const [draft, setDraft] = useState<HubDeviceDraft>(emptyDraft);
  const [errors, setErrors] = useState<DraftErrors>({});
  const [certificateOf, setCertificateOf] = useState<string>();
  const form = useRef<HTMLFormElement>(null);
  const list = paths.hubDevices({ hub: hub.name });
  const change = (next: Partial<HubDeviceDraft>) => setDraft({ ...draft, ...next });

  function show(found: DraftErrors) {
    setErrors(found);
    const first = draftFields.find((field) => found[field] !== undefined);
    form.current?.querySelector<HTMLInputElement>(`input[name="${first}"]`)?.focus();
  }

  function submit(event: FormEvent) {
    event.preventDefault();
    const found = checkDraft(draft);
    show(found);
    if (Object.keys(found).length > 0) return;
    create.mutate(
      { id: draft.id.trim(), body: bodyOf(draft) },
      {
        onSuccess: (device) => navigate(paths.hubDevice(device.id, { hub: hub.name })),
        onError: (error) => show(idErrorOf(error)),
      },
    );
  }

  function take(found: FoundCertificate) {
    setDraft(withCertificate(draft, found));
    setErrors({});
    setCertificateOf(found.deviceId);
  }

  /** A block of lines that holds a thumbprint is read; anything else goes where it was pasted. */
  function onPaste(event: ClipboardEvent) {
    const text = event.clipboardData.getData('text');
    const found = findCertificate(text);
    if (!text.trim().includes('\n') || found.thumbprint === undefined) return;
    event.preventDefault();
    take(found);
  }

  const textField = (field: DraftField, label: string, more: { hint?: string; required?: boolean; maxLength: number }) => {
    const { maxLength, hint, required = false } = more;
    const error = errors[field];
    return (
      <Field
        label={label}
        required={required}
        {...(hint === undefined ? {} : { hint })}
        {...(error === undefined ? {} : { validationMessage: error })}
      >
        <Input
          name={field}
          input={{ className: styles.mono }}
          value={draft[field]}
          maxLength={maxLength}
          autoComplete="off"
          spellCheck={false}
          onPaste={onPaste}
          onChange={(_event, data) => change({ [field]: data.value })}
        />
      </Field>
    );
  };
  const isOtherName = draft.type === 'selfSigned' && certificateOf !== undefined && draft.id.trim() !== certificateOf;
  const isShownAtField = create.isError && idErrorOf(create.error).id !== undefined;

  return (
    <Page title={title} crumbs={[{ label: 'IoT devices', to: list }]}>
      <HubStrip hub={hub} />
      <form ref={form} className={styles.form} onSubmit={submit} noValidate>
        {textField('id', 'Device ID', {
          required: true,
          maxLength: 128,
          hint: isOtherName
            ? `The pasted certificate was made for ${certificateOf}: thin-edge connects under that name.`
            : 'What the device calls itself, letter for letter.',
        })}
        <Field label="Authentication type" hint={typeHints[draft.type]}>
          <RadioGroup
            value={draft.type}
            onChange={(_event, data) => change({ type: types.find((type) => type === data.value) ?? draft.type })}
          >
            {types.map((type) => (
              <Radio key={type} value={type} label={authenticationWords[type]} />
            ))}
          </RadioGroup>
        </Field>
        {draft.type === 'selfSigned' && (
          <>
            <PasteCertificate onFound={take} />
            {textField('primaryThumbprint', 'Primary Thumbprint', {
              maxLength: 256,
              hint: 'SHA-1 or SHA-256, with or without colons.',
            })}
            {textField('secondaryThumbprint', 'Secondary Thumbprint', {
              maxLength: 256,
              hint: 'Of the next certificate, so that the device can change over. May stay empty, or be the same.',
            })}
          </>
        )}
        {draft.type === 'sas' && <KeyFields draft={draft} onChange={change} />}
        <Field label="Connect this device to an IoT hub" hint="Disabled, the device is known and kept out.">
          <RadioGroup
            layout="horizontal"
            value={draft.isEnabled ? 'enable' : 'disable'}
            onChange={(_event, data) => change({ isEnabled: data.value === 'enable' })}
          >
            <Radio value="enable" label="Enable" />
            <Radio value="disable" label="Disable" />
          </RadioGroup>
        </Field>
        {create.isError && !isShownAtField && <ErrorMessage title="The device was not created" error={create.error} />}
        <div className={styles.buttons}>
          <Button type="submit" appearance="primary" disabled={create.isPending}>
            Save
          </Button>
          <Button onClick={() => navigate(list)}>Cancel</Button>
        </div>
      </form>
    </Page>
  );
}

/** What the server says of the ID stands at the ID. */
function idErrorOf(error: unknown): DraftErrors {
  if (!(error instanceof ApiError)) return {};
  if (error.code === 'AlreadyExists') return { id: `${error.message} Take another ID, or delete that device first.` };
  return error.code === 'InvalidDeviceId' ? { id: error.message } : {};
}
